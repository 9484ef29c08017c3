"""How one finding evolved: what the table has of it, and which channel was told what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from ses_monitor.core.stored import Change, Phase, Stored, finding_id
from ses_monitor.store.queries import Queries, Told
from ses_monitor_cli.listing import Listed

CHANNELS = ("slack", "sns")
"""The channels that keep which version of a finding they were told."""
LENGTH = 12
"""Characters of a finding's id."""
SEARCHED = timedelta(days=90)
"""How far back findings that are over are looked for by a part of their id."""


@dataclass(frozen=True, slots=True)
class Story:
    """One finding: as it is stored now, its changes from the first on, and what each channel was told last."""

    finding_id: str
    present: Listed | None
    changes: tuple[Change, ...]
    told: tuple[Told, ...]
    now: datetime

    def lasted(self, change: Change) -> timedelta:
        """Return for how long it was as that change left it: until the next, or until now."""
        following = next((after.at for before, after in pairwise(self.changes) if before is change), self.now)
        return following - change.at

    def told_of(self, change: Change) -> tuple[str, ...]:
        """Return the channels that were told this change, or a later one that overtook it."""
        if change.muted_by:
            return ()
        return tuple(each.channel for each in self.told if each.version >= change.version)

    @property
    def went_on_as(self) -> str:
        """The id of the finding that replaced this one, where its last change is that; else empty."""
        last = self.changes[-1] if self.changes else None
        return last.finding_id if last is not None and last.finding_id != self.finding_id else ""


def read(queries: Queries, whole_id: str) -> tuple[Stored | None, tuple[Change, ...], tuple[Told, ...]]:
    """Read what there is of a finding, by its whole id."""
    changes = tuple(queries.history(whole_id))
    stored = _stored(queries, whole_id, changes)
    told = (queries.told(channel, whole_id) for channel in CHANNELS)
    return stored, changes, tuple(each for each in told if each is not None)


def _stored(queries: Queries, whole_id: str, changes: Iterable[Change]) -> Stored | None:
    for change in changes:
        for tag in {change.tag, change.was_tag} - {""}:
            if finding_id(change.region, change.check_id, change.subject, tag) == whole_id:
                return queries.finding(change.region, change.check_id, change.subject, tag)
    # Open for longer than changes are kept: it is in the index of what is open.
    return next((each for each in queries.open_findings(limit=20_000) if each.finding_id == whole_id), None)


def beginning_with(queries: Queries, start: str, now: datetime) -> Mapping[str, str]:
    """Return what is known under ids that begin so, each with what it is, in words; what is open comes first."""
    found = {
        each.finding_id: f"{each.tag} in {each.region}, open"
        for each in queries.open_findings(limit=20_000)
        if each.finding_id.startswith(start)
    }
    for state in queries.regions():
        for change in queries.changes(state.region, now - SEARCHED, now + timedelta(minutes=1)):
            for tag in (change.tag, change.was_tag):
                name = finding_id(change.region, change.check_id, change.subject, tag) if tag else ""
                if name.startswith(start) and name:
                    found.setdefault(name, f"{tag} in {change.region}")
    return found


def is_open(stored: Stored | None) -> bool:
    """Tell whether it is open now."""
    return stored is not None and stored.phase is Phase.OPEN
