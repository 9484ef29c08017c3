"""Spans and moments as people type them: `8h`, `1d12h`, `2026-11-20`, `2026-11-20T09:00`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_PART = re.compile(r"([0-9]{1,5})([mhdw])")
_SPAN = re.compile(r"(?:[0-9]{1,5}[mhdw]){1,4}")


class NotATimeError(ValueError):
    """The text is no such time. The message says what is accepted, and starts in the middle of a sentence."""


def span(text: str) -> timedelta:
    """Return how long `text` says.

    Raises:
        NotATimeError: it says no such thing, or nothing at all.
    """
    given = text.strip().lower()
    length = timedelta()
    if _SPAN.fullmatch(given):
        length = sum((int(number) * _UNITS[unit] for number, unit in _PART.findall(given)), timedelta())
    if not length:
        raise NotATimeError("is no length of time; give one such as 30m, 8h, 7d, 2w or 1d12h")
    return length


def moment(text: str) -> datetime:
    """Return the moment that `text` says: a date is its first moment, and without a time zone it is UTC.

    Raises:
        NotATimeError: it says no such thing.
    """
    try:
        read = datetime.fromisoformat(text.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotATimeError("is no moment; give one such as 2026-11-20 or 2026-11-20T09:00, in UTC") from error
