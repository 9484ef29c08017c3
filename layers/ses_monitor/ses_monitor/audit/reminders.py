"""Tell again what is still open: once an hour, from the table alone, without asking AWS anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.reminders import due, remind
from ses_monitor.core.settle import Settlement
from ses_monitor.core.stored import Change, Stored

MOST_READ = 20_000
"""Open findings looked at; twice as many as the most identities an account may have in a region."""
MOST_AT_ONCE = 500
"""Reminders recorded in one run, the worst first: each is a transaction. The rest is due in the next run as well."""


class Reading(Protocol):
    """What reminding asks of the table; `store.queries.Queries`."""

    def open_findings(self, *, limit: int) -> list[Stored]:
        """Return what is open, the worst first. It may lag: the writes are guarded."""


class Saved(Protocol):
    """What came of saving."""

    @property
    def recorded(self) -> Sequence[Change]:
        """The changes recorded by us."""

    @property
    def conflicts(self) -> int:
        """The writes another run was before us with."""


class Writing(Protocol):
    """What reminding writes with; `store.table.Table`."""

    def mutes(self, now: datetime) -> Sequence[Mute]:
        """Return the mutes in force."""

    def save(self, settlement: Settlement) -> Saved:
        """Record the changes, each with its state, guarded by the version it is based on."""


@dataclass(frozen=True, slots=True)
class Reminded:
    """What one run of reminding came to. `left` were due too, and are told in the next run."""

    open: int
    changes: tuple[Change, ...]
    conflicts: int
    left: int
    severities: Mapping[Severity, int] = field(default_factory=dict)
    """How many are open of each severity, the muted ones too."""

    @property
    def figures(self) -> dict[str, int]:
        """Return how many are open of each severity, named for the log; the dashboard draws it."""
        return {f"open_{severity.name.lower()}": self.severities.get(severity, 0) for severity in Severity}


def remind_all(
    account_id: str, reading: Reading, writing: Writing, intervals: Mapping[Severity, timedelta], now: datetime
) -> Reminded:
    """Record a reminder of each finding that is due. What changed meanwhile is a conflict: it was just told anyway."""
    found = reading.open_findings(limit=MOST_READ)
    again = due(found, now, writing.mutes(now), intervals)
    saved = writing.save(remind(account_id, again[:MOST_AT_ONCE], now))
    left = max(0, len(again) - MOST_AT_ONCE)
    return Reminded(len(found), tuple(saved.recorded), saved.conflicts, left, Counter(each.severity for each in found))
