"""As much of SPF (RFC 7208) as it takes to tell whether a record lets somebody send. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ses_monitor.core.check import bounded
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

Texts = Callable[[str], Observed[tuple[str, ...]]]
"""Gives the TXT values of a name."""

MOST_LOOKUPS = 10
"""Receivers follow no more includes than this (RFC 7208, 4.6.4)."""
_WORD = re.compile(r"([+?~-]?)(include:|redirect=|all$)(.*)", re.IGNORECASE)
_NETWORK = re.compile(r"[+]?ip4:[^/]+/.+", re.IGNORECASE)
_FLATTENED = 4
"""So many networks in a row are probably what somebody else's records were resolved into."""


def records_in(values: Iterable[str]) -> list[str]:
    """Return those TXT values that are SPF records."""
    return [value for value in values if re.match(r"v=spf1(?: |$)", value, re.IGNORECASE)]


def names(record: str, provider: str, texts: Texts) -> Observed[bool]:
    """Tell whether `record` includes `provider`, itself or through what it includes.

    Missing where that cannot be told: an include could not be read, or the record may let the provider send in
    another way.
    """
    unsure: Missing | None = None
    pending = [record]
    followed: set[str] = set()
    while pending:
        one = pending.pop(0)
        if _lists_others(one):
            unsure = unsure or _unsure(one)
        for target in _allowed(one):
            if target in {"", provider}:
                return Known(value=True)
            if target in followed:
                continue
            if "%" in target or len(followed) >= MOST_LOOKUPS:
                unsure = unsure or _unsure(one)
                continue
            followed.add(target)
            told = texts(target)
            if isinstance(told, Missing):
                unsure = unsure or told
            else:
                pending += records_in(told.value)[:1]
    return unsure or Known(value=False)


def _allowed(record: str) -> list[str]:
    """Return what the record takes in from others, up to its `all`; an empty name where everybody may send."""
    found: list[str] = []
    for word in record.split()[1:]:
        term = _WORD.fullmatch(word)
        if term is None:
            continue
        passes = term[1] in {"", "+"}
        if term[2].lower() == "all":
            return [*found, ""] if passes else found
        if passes:
            found.append(term[3].lower().rstrip("."))
    return found


def _lists_others(record: str) -> bool:
    words = record.split()
    return sum(_NETWORK.fullmatch(word) is not None for word in words) >= _FLATTENED or any(
        word.lower().lstrip("+").startswith("exists:") for word in words
    )


def _unsure(record: str) -> Missing:
    reason = f"the SPF record {bounded(record, 200)} may let SES send in a way that only a receiver works out"
    return Missing(Blindness.NOT_APPLICABLE, reason)
