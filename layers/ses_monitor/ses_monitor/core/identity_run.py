"""How far the audit of a region's identities has come, so that no two runs work on one region at once. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LEASE = timedelta(minutes=50)
"""How long a run has its region to itself after it last began or went on. Shorter than the hour between two plans, so
that a run that died costs one of them at most; longer than a run works before it goes on through the queue."""


class Stage(StrEnum):
    """The parts of a run, in their order."""

    IDENTITIES = "identities"
    """All of them in breadth; in depth and in the DNS those that need it at once."""
    DAILY = "daily"
    """In depth and in the DNS those whose turn it is today."""


@dataclass(frozen=True, slots=True)
class Task:
    """One message of the queue: audit this region's identities, from the one after `after` on (None: from the first).

    `leave` says instead that the region is audited no more: close what is open there.
    """

    region: str
    run: str
    stage: Stage = Stage.IDENTITIES
    after: str | None = None
    leave: bool = False

    @property
    def begins(self) -> bool:
        """Whether it begins a run, and does not go on with one."""
        return self.stage is Stage.IDENTITIES and self.after is None


@dataclass(frozen=True, slots=True)
class IdentityRun:
    """The last run in a region.

    `turn` counts the runs that ended: the rotation's place. `unlooked` is how many identities nobody had looked at
    closely when the last run ended; None before that. `told_at` is when a first audit's summary was stored last.
    `revision` guards writes; 0 was never stored.
    """

    region: str
    run: str
    went_on_at: datetime
    stage: Stage = Stage.IDENTITIES
    after: str | None = None
    ended: bool = False
    turn: int = 0
    unlooked: int | None = None
    told_at: datetime | None = None
    revision: int = 0


Place = tuple[tuple[str, ...], bool, str]


def place(name: str) -> Place:
    """Return where an identity comes in a run: after the domains above its own, a domain before its addresses.

    So what a check wants to know of the domain is known when its turn has come.
    """
    domain = name.rpartition("@")[2].lower().rstrip(".")
    return tuple(reversed(domain.split("."))), "@" in name, name


def claim(before: IdentityRun | None, task: Task, now: datetime) -> IdentityRun | str:
    """Return the run that `task` begins or goes on with at `now` (UTC), or in words why it is not to be worked."""
    if before is None:
        return IdentityRun(task.region, task.run, now, task.stage, task.after)
    if before.run == task.run:
        if before.ended:
            return "the run has ended: this message came twice"
        if _progress(task.stage, task.after) < _progress(before.stage, before.after):
            return "the run has passed this place: this message came twice"
    elif not task.begins:
        return "a newer run has begun"
    elif not before.ended and now - before.went_on_at < LEASE:
        return "the run before is still at work"
    return replace(before, run=task.run, went_on_at=now, stage=task.stage, after=task.after, ended=False)


def _progress(stage: Stage, after: str | None) -> tuple[int, int, Place]:
    at = ((), False, "") if after is None else place(after)
    return list(Stage).index(stage), int(after is not None), at
