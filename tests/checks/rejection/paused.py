"""Cases of rejection.paused."""

from tests.build import Case, refusals, with_refusals
from tests.refusal_cases import UNTOLD, hostile, told_for_a_day

TAGS = (
    "ACCOUNT_PAUSED_BY_AWS",
    "ACCOUNT_PAUSED_BY_OWNER",
    "ACCOUNT_SUSPENDED",
)

CASES = [
    *UNTOLD,
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
    *told_for_a_day(TAGS),
    hostile(TAGS),
]
