"""Cases of account.sending_enabled."""

from tests.build import BLIND, HEALTHY, HOSTILE, NOT_SAID, Case, with_account

CASES = [
    Case("healthy", HEALTHY),
    Case(
        "paused by the owner",
        with_account(sending_enabled=False),
        ("SENDING_PAUSED",),
        says=("not AWS's pause", "PutAccountSendingAttributes", "UpdateAccountSendingEnabled"),
    ),
    Case(
        "paused by the owner while under review",
        with_account(sending_enabled=False, enforcement="PROBATION"),
        ("SENDING_PAUSED",),
        says=("PROBATION",),
    ),
    Case(
        "paused under a hostile enforcement status",
        with_account(sending_enabled=False, enforcement=HOSTILE),
        ("SENDING_PAUSED",),
    ),
    Case(
        "AWS's own pause is account.enforcement's to tell", with_account(sending_enabled=False, enforcement="SHUTDOWN")
    ),
    Case("the account cannot be read", BLIND, unknown=True),
    Case("the switch was left out", with_account(sending_enabled=NOT_SAID), unknown=True),
    Case(
        "off, but whose pause it is was left out",
        with_account(sending_enabled=False, enforcement=NOT_SAID),
        unknown=True,
    ),
    Case("on: whose pause it might be does not matter", with_account(enforcement=NOT_SAID)),
]
