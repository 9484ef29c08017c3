"""Times as SES and AWS write them, and which of them cannot be. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ses_monitor.core.check import bounded
from ses_monitor.feedback.parsed import Json, UnreadableEventError, kind_of

EARLIEST = datetime(2011, 1, 1, tzinfo=UTC)
"""SES began in January 2011."""
TOO_LATE = timedelta(days=1)
"""A time may be this much after the message came: clocks of receiving servers are wrong, but not by more."""


def moment(text: str) -> datetime | None:
    """Return a moment in UTC; None where `text` is none. Without an offset it is taken for UTC.

    SES writes `2017-08-05T00:41:02.669Z`, with an offset, or `2018-10-08T14:05:45 +0000`; AWS Health writes
    `Wed, 27 Jan 2027 09:01:22 GMT`.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        other = _otherwise(text.strip()) if len(text) <= 64 else None
        if other is None:
            return None
        at = other
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None


def _otherwise(text: str) -> datetime | None:
    head, _, offset = text.rpartition(" ")
    try:
        if offset[:1] in {"+", "-"} and "," not in head:
            return datetime.fromisoformat(head.rstrip() + offset)
        # It does not check all that it takes apart: hostile text has it fail in all these ways.
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def hint(text: object) -> datetime | None:
    """Return a moment that an envelope tells; None where it is none, or cannot be."""
    at = moment(text) if isinstance(text, str) else None
    return at if at is not None and at >= EARLIEST else None


def moment_of_parts(parts: object) -> datetime | None:
    """Return a moment from year, month, day and so on down to nanoseconds, as Java writes it: last zeros left out."""
    if not isinstance(parts, list) or not 3 <= len(parts) <= 7:
        return None
    if not all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        return None
    year, month, day, hour, minute, second, nanoseconds = (*parts, 0, 0, 0, 0)[:7]
    try:
        return datetime(year, month, day, hour, minute, second, nanoseconds // 1000, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def is_absurd(at: datetime, received_at: datetime | None) -> bool:
    """Tell whether SES cannot have said this at that time."""
    return at < EARLIEST or (received_at is not None and at > received_at + TOO_LATE)


def time_of(holder: Json, key: str, place: str, received_at: datetime | None) -> datetime | None:
    """Return when an event was, None where `holder` has no such key.

    Raises:
        UnreadableEventError: it is no time, or one that cannot be.
    """
    value = holder.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnreadableEventError(f"{place}{key} is {kind_of(value)}, not a time")
    at = moment(value)
    if at is None:
        raise UnreadableEventError(f"{place}{key} is '{bounded(value, 60)}', which is no time")
    if at < EARLIEST:
        raise UnreadableEventError(f"{place}{key} is {bounded(value, 60)}, before there was an SES (2011)")
    if received_at is not None and at > received_at + TOO_LATE:
        raise UnreadableEventError(f"{place}{key} is {bounded(value, 60)}, more than a day after the message came")
    return at
