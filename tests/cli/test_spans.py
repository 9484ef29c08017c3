from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor_cli.spans import NotATimeError, moment, span


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("8h", timedelta(hours=8)),
        (" 7D ", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("1d12h", timedelta(hours=36)),
        ("99999w", timedelta(weeks=99999)),
    ],
)
def test_a_span_is_numbers_with_units(text: str, length: timedelta) -> None:
    assert span(text) == length


@pytest.mark.parametrize("text", ["", "8", "h", "8x", "-8h", "0h", "8 h", "1h1h1h1h1h", "999999h", "8h\n8h", "٣h"])
def test_what_is_no_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotATimeError, match="8h"):
        span(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T09:00", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20 09:00:30", datetime(2026, 11, 20, 9, 0, 30, tzinfo=UTC)),
        ("2026-11-20T09:00Z", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20T09:00+02:00", datetime(2026, 11, 20, 7, tzinfo=UTC)),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(text: str, at: datetime) -> None:
    assert moment(text) == at


@pytest.mark.parametrize("text", ["", "tomorrow", "20.11.2026", "2026-13-01", "0001-01-01T00:00+23:00"])
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotATimeError, match="2026-11-20"):
        moment(text)


@given(st.text())
def test_any_text_is_a_time_or_refused(text: str) -> None:
    for read in (span, moment):
        try:
            read(text)
        except NotATimeError:
            continue
