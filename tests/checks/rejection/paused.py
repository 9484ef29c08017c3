"""Cases of rejection.paused."""

from dataclasses import replace

from tests.build import HOSTILE, LISTENING, THROTTLED, Case, refusals, with_refusals

TAGS = (
    "ACCOUNT_PAUSED_BY_AWS",
    "ACCOUNT_PAUSED_BY_OWNER",
    "ACCOUNT_SUSPENDED",
)

CASES = [
    Case("healthy", LISTENING),
    Case("what was refused cannot be read", replace(LISTENING, refused=THROTTLED), unknown=True),
    Case(
        "its own tag alone",
        with_refusals(
            refusals("ACCOUNT_PAUSED_BY_OWNER", code="SendingPausedException", text="", origin=""), name="account"
        ),
        ("ACCOUNT_PAUSED_BY_OWNER",),
        says=(
            "A log says: SendingPausedException",
            "put-account-sending-attributes --region eu-west-1 --sending-enabled",
        ),
    ),
    Case(
        "told by nobody that is known, without words",
        with_refusals(refusals("ACCOUNT_SUSPENDED", told_by="", text="")),
        ("ACCOUNT_SUSPENDED",),
        says=("It was told: no words of SES.",),
    ),
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
