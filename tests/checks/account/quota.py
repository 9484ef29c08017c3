"""Cases of account.quota."""

from dataclasses import replace
from datetime import timedelta

from ses_monitor.core.model import SendPoint, Severity
from ses_monitor.core.observed import Known
from tests.build import (
    BLIND,
    EVENLY_SENT,
    HEALTHY,
    NOT_ASKED,
    NOT_SAID,
    NOW,
    THROTTLED,
    Case,
    with_account,
    with_quota,
)

QUARTER = timedelta(minutes=15)
BURST = Known(tuple(SendPoint(NOW - n * QUARTER, attempts=2_500) for n in (4, 3, 2, 1)))
"""Ten thousand mails in the last hour, none before."""
OVER = Known(tuple(SendPoint(NOW - n * QUARTER, attempts=5_000) for n in (9, 8, 7, 6)))
"""A mailing that ended more than an hour ago."""
OLD = Known(tuple(SendPoint(NOW - n * QUARTER, attempts=100) for n in range(400, 96, -1)))
"""Nothing in the last 24 hours."""

WARNING = {"QUOTA_NEARLY_EXHAUSTED": Severity.WARNING}
ERROR = {"QUOTA_NEARLY_EXHAUSTED": Severity.ERROR}
NEARLY = ("QUOTA_NEARLY_EXHAUSTED",)
RUNS_OUT = ("QUOTA_WILL_RUN_OUT",)

CASES = [
    Case("healthy", HEALTHY),
    Case("nothing sent", with_quota(0, statistics=NOT_ASKED)),
    Case("below a tenth nobody asks for statistics", with_quota(4_999, statistics=NOT_ASKED)),
    Case("from a tenth on they are missed", with_quota(5_000, statistics=NOT_ASKED), undecided=RUNS_OUT),
    Case("no daily limit", with_quota(5_000_000, limit=-1)),
    Case("just below 75 %", with_quota(37_499)),
    Case("exactly 75 %: holds only", with_quota(37_500), holding=NEARLY, severities=WARNING),
    Case("just below 80 %: holds only", with_quota(39_999), holding=NEARLY, severities=WARNING),
    Case("exactly 80 %", with_quota(40_000), NEARLY, severities=WARNING, says=("80 %", "40,000 of 50,000")),
    Case("just below 92 %", with_quota(45_999), NEARLY, severities=WARNING),
    Case("exactly 92 %: a warning that holds an error", with_quota(46_000), NEARLY, holding=NEARLY, severities=WARNING),
    Case(
        "just below 95 %: a warning that holds an error", with_quota(47_499), NEARLY, holding=NEARLY, severities=WARNING
    ),
    Case("exactly 95 %", with_quota(47_500), NEARLY, severities=ERROR),
    Case("just below 99 %", with_quota(49_499), NEARLY, severities=ERROR),
    Case(
        "one recipient left: nearly, and still exhausted if it was",
        with_quota(49_999),
        NEARLY,
        holding=("QUOTA_EXHAUSTED",),
        severities=ERROR,
    ),
    Case("exactly 100 %", with_quota(50_000), ("QUOTA_EXHAUSTED",), says=("50,000 of 50,000",)),
    Case("more than the quota", with_quota(50_250), ("QUOTA_EXHAUSTED",)),
    Case("a quota of zero", with_quota(0, limit=0), ("QUOTA_EXHAUSTED",)),
    Case("exhausted, whatever the statistics say", with_quota(50_000, statistics=THROTTLED), ("QUOTA_EXHAUSTED",)),
    Case("a sandbox's 200 a day, exactly 80 % of it", with_quota(160, limit=200), NEARLY, severities=WARNING),
    Case(
        "a mailing that will not fit",
        with_quota(10_000, limit=20_000, statistics=BURST),
        RUNS_OUT,
        says=("2026-05-12 11:00 UTC", "10,000 an hour"),
    ),
    Case(
        "a mailing that will not fit, and the quota nearly used",
        with_quota(16_000, limit=20_000, statistics=BURST),
        NEARLY,
        severities=WARNING,
        says=("is used up at 10:15 UTC",),
    ),
    Case(
        "a mailing that will not fit, after a warning",
        with_quota(15_000, limit=20_000, statistics=BURST),
        RUNS_OUT,
        holding=NEARLY,
        severities=WARNING,
    ),
    Case("a mailing that is over", with_quota(20_000, statistics=OVER)),
    Case("an even day at half the quota never runs out", with_quota(25_000)),
    Case(
        "an even day at 90 % never runs out",
        with_quota(45_000),
        NEARLY,
        severities=WARNING,
        says=("lasts for the next 24 hours",),
    ),
    Case("the forecast cannot be made", with_quota(9_600, statistics=THROTTLED), undecided=RUNS_OUT),
    Case(
        "nearly used, and the forecast cannot be made",
        with_quota(40_000, statistics=THROTTLED),
        NEARLY,
        severities=WARNING,
        says=("could not be worked out",),
    ),
    Case(
        "held, and the forecast cannot be made",
        with_quota(38_000, statistics=THROTTLED),
        holding=NEARLY,
        severities=WARNING,
        undecided=RUNS_OUT,
    ),
    Case("statistics that lag behind the quota prove nothing", with_quota(9_600, statistics=OLD), undecided=RUNS_OUT),
    Case("no statistics at all though mail was sent", with_quota(9_600, statistics=Known(())), undecided=RUNS_OUT),
    Case(
        "points in the future are not of the present rate",
        with_quota(9_600, statistics=Known((*EVENLY_SENT, SendPoint(NOW, 10**6)))),
    ),
    Case("the account cannot be read", BLIND, unknown=True),
    Case("the quota was left out", with_account(quota=NOT_SAID), unknown=True),
    Case("the reputation is no matter here", replace(HEALTHY, reputation=THROTTLED)),
]
