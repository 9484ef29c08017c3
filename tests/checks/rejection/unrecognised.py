"""Cases of rejection.unrecognised."""

from dataclasses import replace

from tests.build import HOSTILE, LISTENING, THROTTLED, Case, refusals, with_refusals

TAGS = ("UNRECOGNISED",)

CASES = [
    Case("healthy", LISTENING),
    Case("what was refused cannot be read", replace(LISTENING, refused=THROTTLED), unknown=True),
    Case(
        "once, a day ago",
        with_refusals(*(refusals(tag, {24: 1}) for tag in TAGS)),
        TAGS,
        says=(
            "Mail of shop.example.com in eu-west-1 was refused, in words that are not known here, once since 2026-05-11 10:00 UTC",
        ),
    ),
    Case("before that", with_refusals(*(refusals(tag, {25: 1_000}) for tag in TAGS))),
    Case(
        "of the account",
        with_refusals(*(refusals(tag, {0: 2}) for tag in TAGS), name="account"),
        TAGS,
        says=("Mail of the account in eu-west-1",),
    ),
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
