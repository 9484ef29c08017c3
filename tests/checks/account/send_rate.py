"""Cases of account.send_rate. The limit is 14 a second: 840 a minute."""

from dataclasses import replace

from ses_monitor.core.model import Quota
from tests.build import BLIND, HEALTHY, NO_DATA, NOT_ASKED, NOT_SAID, THROTTLED, Case, with_account, with_reputation

NEAR = ("SEND_RATE_NEAR_LIMIT",)

CASES = [
    Case("healthy", HEALTHY),
    Case("nothing sent in the last hour", with_reputation(busiest_minute=0.0)),
    Case("just below 70 %", with_reputation(busiest_minute=587.0)),
    Case("exactly 70 %: holds only", with_reputation(busiest_minute=588.0), holding=NEAR),
    Case("just below 80 %: holds only", with_reputation(busiest_minute=671.0), holding=NEAR),
    Case(
        "exactly 80 %",
        with_reputation(busiest_minute=672.0),
        NEAR,
        says=("11.2 mails a second", "80 %", "limit of 14", "lower bound"),
    ),
    Case("at the limit", with_reputation(busiest_minute=840.0), NEAR, says=("100 %",)),
    Case("over the limit, several recipients a mail", with_reputation(busiest_minute=2_000.0), NEAR),
    Case("a limit of zero is the quota's matter", with_account(quota=Quota(200, 0, 1))),
    Case("no limit", with_account(quota=Quota(200, -1, 1))),
    Case("the account cannot be read", BLIND, unknown=True),
    Case("the quota was left out", with_account(quota=NOT_SAID), unknown=True),
    Case("the rate cannot be read", replace(HEALTHY, reputation=THROTTLED), unknown=True),
    Case("the rate was not asked, for nothing is sent", replace(HEALTHY, reputation=NOT_ASKED), unknown=True),
    Case("no data on sends", with_reputation(busiest_minute=NO_DATA), unknown=True),
]
