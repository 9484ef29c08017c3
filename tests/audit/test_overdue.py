"""When an audit counts as missing."""

from datetime import datetime, timedelta

import pytest

from ses_monitor.audit.overdue import PERIOD, is_overdue, period_of
from ses_monitor.core.region_state import RunRecord
from tests.build import NOW


def run(started_at: datetime) -> RunRecord:
    return RunRecord("audit_accounts", started_at, 900, ("eu-west-1",), (), (), 0, 0, complete=True)


def runs(*minutes_ago: float) -> list[RunRecord]:
    return [run(NOW - timedelta(minutes=each)) for each in minutes_ago]


@pytest.mark.parametrize(
    ("minutes_ago", "overdue"),
    [
        ((), True),
        ((0,), False),
        ((10,), False),
        ((10.1,), True),
        ((4, 9, 14, 19), False),
        ((11, 16, 21, 26), True),
        ((29, 44, 59, 74), False),
        ((31, 46, 61, 76), True),
    ],
)
def test_an_audit_is_overdue_after_two_periods(minutes_ago: tuple[float, ...], overdue: bool) -> None:
    assert is_overdue(runs(*minutes_ago), NOW) is overdue


def test_runs_by_hand_do_not_make_the_period_shorter() -> None:
    assert period_of(runs(0, 0.1, 0.2, 5)) == PERIOD


def test_one_gap_does_not_make_the_period_longer() -> None:
    assert period_of(runs(0, 5, 10, 400, 405)) == PERIOD
