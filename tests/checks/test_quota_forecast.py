"""When the daily quota runs out at the present rate: the arithmetic behind QUOTA_WILL_RUN_OUT."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.checks.account.quota import POINT, WINDOW, runs_out_at
from ses_monitor.core.model import Quota, SendPoint
from tests.build import NOW

ATTEMPTS = st.lists(st.integers(0, 500), min_size=96, max_size=96)


def a_day(attempts: list[int]) -> tuple[SendPoint, ...]:
    """The last 24 hours, the oldest quarter first."""
    return tuple(SendPoint(NOW - POINT * (len(attempts) - n), each) for n, each in enumerate(attempts))


@given(ATTEMPTS, st.integers(1, 60_000))
def test_it_runs_out_within_a_day_or_not_at_all(attempts: list[int], limit: int) -> None:
    found = runs_out_at(a_day(attempts), Quota(limit, 14, min(sum(attempts), limit - 1)), NOW)
    if found is not None:
        at, rate = found
        assert NOW < at <= NOW + WINDOW
        assert rate > 0


@given(ATTEMPTS, st.integers(1_000, 60_000), st.integers(1, 60_000))
def test_a_larger_quota_never_runs_out_sooner(attempts: list[int], limit: int, more: int) -> None:
    sent = min(sum(attempts), limit)
    smaller, larger = (runs_out_at(a_day(attempts), Quota(each, 14, sent), NOW) for each in (limit, limit + more))
    if larger is not None:
        assert smaller is not None
        assert smaller[0] <= larger[0]


@given(st.integers(1, 500), st.integers(1, 10_000))
def test_an_even_day_never_runs_out(each_quarter: int, room: int) -> None:
    sent = each_quarter * 96
    assert runs_out_at(a_day([each_quarter] * 96), Quota(sent + each_quarter + room, 14, sent), NOW) is None


def test_recipients_count_and_not_mails() -> None:
    """SES counts 20,000 recipients where the statistics show 10,000 mails: the rate is doubled too."""
    burst = a_day([0] * 92 + [2_500] * 4)
    found = runs_out_at(burst, Quota(40_000, 14, 20_000), NOW)
    assert found == (NOW + timedelta(hours=1), 20_000)


def test_where_nothing_was_counted_there_is_no_rate() -> None:
    assert runs_out_at((), Quota(200, 1, 100), NOW) is None
    assert runs_out_at(a_day([0] * 96), Quota(200, 1, 100), NOW) is None
