"""A finding as the table keeps it between audits, and the record of each change people are told of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ses_monitor.core.check import Evidence, Step
from ses_monitor.core.model import Severity


class Phase(StrEnum):
    """Where a stored finding is in its life."""

    WATCHED = "watched"
    """Seen, but not yet often enough in a row to be told."""
    OPEN = "open"
    RESOLVED = "resolved"


class Transition(StrEnum):
    """What happened to a finding."""

    OPENED = "opened"
    WORSENED = "worsened"
    EASED = "eased"
    REMINDED = "reminded"
    """Nothing changed: it has been open for so long since it was told last that it is told again."""
    RESOLVED = "resolved"
    GONE = "gone"
    """Its subject was deleted, or its check retired: nobody mended it, it is simply not there any more."""

    @property
    def closes(self) -> bool:
        """Whether nothing is wrong any more after it."""
        return self in {Transition.RESOLVED, Transition.GONE}


@dataclass(frozen=True, slots=True)
class Stored:
    """One tag of one check on one subject in one region.

    `version` grows with every write and never repeats (milliseconds since the epoch, or the last one plus 1);
    it guards writes and lets a channel recognise what it was told already. `seen` counts bad observations in a
    row while watched, `absent` good ones in a row while open. `flaps` counts how often in a row it opened again within
    a day of being over; `told_at` is when a change of it was recorded last (UTC), `unheard` that it opened or worsened
    under a mute and no change since was told, `heard_before` that it is `unheard` only as it is now: it was told as it
    was before it worsened.
    """

    region: str
    check_id: str
    subject: str
    tag: str
    severity: Severity
    phase: Phase
    version: int
    seen: int
    absent: int
    first_seen: datetime
    opened_at: datetime | None
    written_at: datetime
    text: str
    cause: str
    steps: tuple[Step, ...]
    evidence: Evidence
    flaps: int = 0
    told_at: datetime | None = None
    unheard: bool = False
    heard_before: bool = False

    @property
    def heard(self) -> bool:
        """Whether people were told of it since it opened, so that they must hear of its end."""
        return not self.unheard or self.heard_before

    @property
    def finding_id(self) -> str:
        """A short name that stays the same each time this finding opens."""
        return finding_id(self.region, self.check_id, self.subject, self.tag)


@dataclass(frozen=True, slots=True)
class Change:
    """One transition of one finding, whole: whoever reads it needs nothing else.

    For `RESOLVED` and `GONE` the tag, severity and texts are those of the finding that closed; for `WORSENED`
    and `EASED` the new ones, with `was_tag` and `was_severity` for the old. `since` is when the trouble began. `flaps`
    as in `Stored`: above 0 it is an old acquaintance, told with less weight.
    """

    account_id: str
    region: str
    check_id: str
    subject: str
    tag: str
    severity: Severity
    transition: Transition
    version: int
    at: datetime
    since: datetime
    text: str
    cause: str
    steps: tuple[Step, ...]
    evidence: Evidence
    was_tag: str = ""
    was_severity: Severity | None = None
    baseline: bool = False
    muted_by: str = ""
    flaps: int = 0

    @property
    def finding_id(self) -> str:
        """The short name of the finding that changed."""
        return finding_id(self.region, self.check_id, self.subject, self.tag)

    @property
    def change_id(self) -> str:
        """The same for the same change however often it is recorded, published or delivered."""
        return _digest(self.finding_id, self.transition.value, str(self.version))

    @property
    def lasted(self) -> timedelta:
        """How long it had been open at this change."""
        return self.at - self.since


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the first audit of an account's regions found: told as one summary instead of one by one.

    `changes` are OPENED, the worst first, without causes and steps; `more` counts those left out.
    """

    account_id: str
    at: datetime
    changes: tuple[Change, ...]
    more: int = 0

    @property
    def baseline_id(self) -> str:
        """The same for the same findings, however often the first audit has to begin anew."""
        return _digest(*sorted(change.change_id for change in self.changes))


def finding_id(region: str, check_id: str, subject: str, tag: str) -> str:
    """Name a finding in 12 characters, the same in every audit."""
    return _digest(region, check_id, subject, tag)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
