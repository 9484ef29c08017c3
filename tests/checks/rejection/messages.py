"""Cases of rejection.messages."""

from dataclasses import replace

from tests.build import HOSTILE, LISTENING, THROTTLED, Case, refusals, with_refusals

TAGS = (
    "MESSAGE_TOO_LONG",
    "ADDRESS_INVALID",
    "ADDRESS_UNKNOWN",
    "NO_RECIPIENTS",
    "INVALID_PARAMETER",
)

CASES = [
    Case("healthy", LISTENING),
    Case("what was refused cannot be read", replace(LISTENING, refused=THROTTLED), unknown=True),
    Case(
        "once, a day ago",
        with_refusals(*(refusals(tag, {24: 1}) for tag in TAGS)),
        TAGS,
        says=("SES in eu-west-1 refused mail of shop.example.com once since 2026-05-11 10:00 UTC",),
    ),
    Case("before that", with_refusals(*(refusals(tag, {25: 1_000}) for tag in TAGS))),
    Case(
        "of the account",
        with_refusals(*(refusals(tag, {0: 2}) for tag in TAGS), name="account"),
        TAGS,
        says=("mail of the account twice",),
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
