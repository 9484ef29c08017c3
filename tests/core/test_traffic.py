"""Windows over hourly counters: which hours they hold, and that they add up."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.traffic import HOUR, FailingTemplate, Sender, Tally, hour_of

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
IN_INDIA = timezone(timedelta(hours=5, minutes=30))


def sender(*hours_ago: int) -> Sender:
    """Make a sender with one send in each of these clock hours."""
    return Sender("shop.example.com", {NINE - ago * HOUR: {Tally.SENDS: 1} for ago in hours_ago})


@pytest.mark.parametrize(
    ("at", "hour"),
    [
        (NOW, NINE),
        (NINE, NINE),
        (NINE - timedelta(microseconds=1), NINE - HOUR),
        (NOW.astimezone(IN_INDIA), NINE),
    ],
)
def test_an_hour_begins_on_the_full_hour_of_utc(at: datetime, hour: datetime) -> None:
    assert hour_of(at) == hour
    assert hour_of(at).tzinfo is UTC


@pytest.mark.parametrize(
    ("hours_ago", "in_hour", "in_day"),
    [
        ((0,), 1, 1),
        ((1,), 1, 1),
        ((2,), 0, 1),
        ((24,), 0, 1),
        ((25,), 0, 0),
        ((0, 1, 2, 24, 25, 300), 2, 4),
        ((), 0, 0),
    ],
)
def test_a_window_holds_the_hour_that_is_now_and_those_before(
    hours_ago: tuple[int, ...], in_hour: int, in_day: int
) -> None:
    who = sender(*hours_ago)
    assert who.last_hour(NOW)[Tally.SENDS] == in_hour
    assert who.last_day(NOW)[Tally.SENDS] == in_day
    assert who.last_hour(NOW).start == NINE - HOUR
    assert who.last_day(NOW).start == NINE - 24 * HOUR


def test_an_hour_that_came_early_counts_too() -> None:
    assert sender(-1).last_hour(NOW)[Tally.SENDS] == 1


def test_what_was_not_counted_is_nought() -> None:
    assert sender(0).last_hour(NOW)[Tally.COMPLAINTS] == 0


counts = st.dictionaries(st.sampled_from(Tally), st.integers(0, 10_000), max_size=5)
hours = st.dictionaries(st.integers(-2, 400).map(lambda ago: NINE - ago * HOUR), counts, max_size=40)


@given(hours, st.integers(0, 400))
def test_a_window_is_the_sum_of_its_hours(made: dict[datetime, dict[Tally, int]], ago: int) -> None:
    start = NINE - ago * HOUR
    window = Sender("account", made).window(start)
    for tally in Tally:
        assert window[tally] == sum(each.get(tally, 0) for hour, each in made.items() if hour >= start)


def test_a_template_counts_its_failures_from_an_hour_on() -> None:
    template = FailingTemplate("order", {NINE: 2, NINE - HOUR: 3, NINE - 30 * HOUR: 100})
    assert template.failures_since(NINE) == 2
    assert template.failures_since(NINE - HOUR) == 5
    assert template.failures_since(NINE + HOUR) == 0
