"""Cases of rejection.limits."""

from dataclasses import replace

from tests.build import HOSTILE, LISTENING, THROTTLED, Case, refusals, with_refusals

TAGS = (
    "DAILY_QUOTA_EXCEEDED",
    "SEND_RATE_EXCEEDED",
    "API_RATE_EXCEEDED",
    "TOO_MANY_CONNECTIONS",
)
HARD = TAGS[:1]
SOFT = TAGS[1:]

CASES = [
    Case("healthy", LISTENING),
    Case("what was refused cannot be read", replace(LISTENING, refused=THROTTLED), unknown=True),
    Case(
        "the daily quota, once",
        with_refusals(refusals("DAILY_QUOTA_EXCEEDED", {1: 1}, known="50,000 of 50,000 were sent.")),
        HARD,
        says=("50,000 of 50,000 were sent.",),
    ),
    Case("the daily quota, two hours ago", with_refusals(refusals("DAILY_QUOTA_EXCEEDED", {2: 1})), holding=HARD),
    Case(
        "ten in two hours",
        with_refusals(*(refusals(tag, {0: 4, 1: 6}) for tag in TAGS)),
        TAGS,
        says=("shop.example.com 10 times since 2026-05-12 07:00 UTC",),
    ),
    Case("nine in two hours", with_refusals(*(refusals(tag, {0: 4, 1: 5}) for tag in TAGS)), HARD, holding=SOFT),
    Case("many, three hours ago", with_refusals(*(refusals(tag, {3: 5_000}) for tag in TAGS)), holding=TAGS),
    Case("many, four hours ago", with_refusals(*(refusals(tag, {4: 5_000}) for tag in TAGS))),
    Case(
        "hostile",
        with_refusals(
            *(
                refusals(
                    tag,
                    {0: 100},
                    text=HOSTILE,
                    code=HOSTILE,
                    identity=HOSTILE,
                    resource=HOSTILE,
                    user=HOSTILE,
                    action=HOSTILE,
                    elsewhere=HOSTILE,
                    known=HOSTILE,
                    origin=HOSTILE,
                )
                for tag in TAGS
            ),
            name=HOSTILE,
        ),
        TAGS,
    ),
]
