"""Cases of account.enforcement."""

from tests.build import BLIND, HEALTHY, HOSTILE, NOT_SAID, Case, with_account

CASES = [
    Case("healthy", HEALTHY),
    Case("under review", with_account(enforcement="PROBATION"), ("UNDER_REVIEW",), says=("PROBATION", "eu-west-1")),
    Case("paused by AWS", with_account(enforcement="SHUTDOWN"), ("SHUT_DOWN",), says=("not yours",)),
    Case("a status nobody knows", with_account(enforcement="LIMBO"), ("ENFORCEMENT_UNRECOGNISED",), says=('"LIMBO"',)),
    Case(
        "a known status in other letters is not a known status",
        with_account(enforcement="Healthy"),
        ("ENFORCEMENT_UNRECOGNISED",),
    ),
    Case("an empty status", with_account(enforcement=""), ("ENFORCEMENT_UNRECOGNISED",)),
    Case("a hostile status", with_account(enforcement=HOSTILE), ("ENFORCEMENT_UNRECOGNISED",)),
    Case("the account cannot be read", BLIND, unknown=True),
    Case("the status was left out", with_account(enforcement=NOT_SAID), unknown=True),
]
