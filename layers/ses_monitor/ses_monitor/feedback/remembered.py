"""What one process keeps between batches, so that not each batch asks the table the same again. Bounded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ses_monitor.core.rejection import Facts

T = TypeVar("T")

OWN_DOMAINS_LAST = timedelta(minutes=15)
"""How long a domain that was verified, or deleted, meanwhile may go unnoticed."""
MOST_DOMAINS = 20_000
"""Domains kept at most, some 3 MB; beyond that all are asked for anew."""
MOST_FACTS = 1000
"""Answers kept at most, some 2 MB."""


class Remembered(Generic[T]):
    """A value that is read when it is needed and older than `lasts`. What `read` raises is raised, and not kept."""

    def __init__(self, read: Callable[[datetime], T], lasts: timedelta) -> None:
        self._read = read
        self._lasts = lasts
        self._kept: tuple[datetime, T] | None = None

    def at(self, now: datetime) -> T:
        """Return the value as it is, or was not long before `now` (UTC)."""
        if self._kept is None or not timedelta(0) <= now - self._kept[0] < self._lasts:
            self._kept = (now, self._read(now))
        return self._kept[1]


class OwnDomains:
    """Which domains are verified identities of a region; "no" is remembered like "yes"."""

    def __init__(self, read: Callable[[str, Collection[str]], Collection[str]], *, most: int = MOST_DOMAINS) -> None:
        """`read` returns those of some domains that are verified in a region, and raises where it cannot tell."""
        self._read = read
        self._most = most
        self._kept: dict[tuple[str, str], tuple[datetime, bool]] = {}

    def among(self, region: str, domains: Collection[str], now: datetime) -> frozenset[str]:
        """Return those of `domains` that are verified in `region`, as it was at most 15 minutes before `now` (UTC).

        Raises what the reader raises: a domain nobody could ask about is not "not ours".
        """
        unknown = {domain for domain in domains if not self._is_fresh((region, domain), now)}
        if unknown:
            if len(self._kept) + len(unknown) > self._most:
                # What is fresh is asked for again too: rare, and simpler than to know what is used most.
                self._kept.clear()
                unknown = set(domains)
            verified = self._read(region, unknown)
            self._kept |= {(region, domain): (now, domain in verified) for domain in unknown}
        return frozenset(domain for domain in domains if self._kept[region, domain][1])

    def _is_fresh(self, key: tuple[str, str], now: datetime) -> bool:
        kept = self._kept.get(key)
        return kept is not None and timedelta(0) <= now - kept[0] < OWN_DOMAINS_LAST


class FactsOfABatch:
    """What the audits know of an account, as far as each refusal of one batch asks; what is alike is asked once.

    No longer: people verify an identity and try again at once. A program that is refused repeats itself within a batch.
    """

    def __init__(self, read: Callable[[str, Collection[str]], Facts], *, most: int = MOST_FACTS) -> None:
        """`read` returns what is known in a region, and raises where it cannot tell."""
        self._read = read
        self._most = most
        self._kept: dict[tuple[str, frozenset[str]], Facts] = {}

    def __call__(self, region: str, names: Collection[str]) -> Facts:
        """Return what is known. What the reader raises is raised, and not kept."""
        key = (region, frozenset(names))
        facts = self._kept.get(key)
        if facts is None:
            if len(self._kept) >= self._most:
                self._kept.clear()
            facts = self._kept[key] = self._read(region, names)
        return facts
