"""The configuration sets of one region: as many as a run has time for, each of them every so often."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ses_monitor.collect.identities import IdentityReader
from ses_monitor.core.identity import ConfigurationSet
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.stored import Stored

FAMILY = "configuration_set"
MOST_SETS = 100
"""Sets read in one run: two calls each, on two budgets side by side, at 0.8 a second 125 s. SES allows 10,000 sets."""


@dataclass(frozen=True, slots=True)
class SetsRead:
    """The sets that were read in this run, and the names of those that were not although they exist."""

    sets: Observed[tuple[ConfigurationSet, ...]]
    unread: frozenset[str] = frozenset()

    def concerns(self, each: Stored) -> bool:
        """Tell whether this run can say anything of a stored finding: its set was read, or is gone."""
        return each.subject not in self.unread


def defaults(states: Iterable[IdentityState]) -> dict[str, tuple[str, ...]]:
    """Map each configuration set to the identities that use it without being told to."""
    found: dict[str, list[str]] = {}
    for state in states:
        if state.configuration_set:
            found.setdefault(state.configuration_set, []).append(state.name)
    return {name: tuple(sorted(users)) for name, users in found.items()}


@dataclass(frozen=True, slots=True)
class KnownOf:
    """What the table knows of a region's sets: who uses each by default, which have findings, and the run's turn."""

    default_of: Mapping[str, tuple[str, ...]]
    broken: Collection[str]
    turn: int


def read_sets(reader: IdentityReader, region: str, known: KnownOf, is_over: Callable[[], bool]) -> SetsRead:
    """Read a region's configuration sets, at most `MOST_SETS`, until time is over."""
    listing = reader.list_configuration_sets(region)
    if isinstance(listing, Missing):
        return SetsRead(listing)
    read: list[ConfigurationSet] = []
    unread = set(listing.value)
    for name in _chosen(listing.value, known):
        if is_over():
            break
        one = reader.configuration_set(region, name, known.default_of.get(name, ()))
        if isinstance(one, Known):
            read.append(one.value)
        if isinstance(one, Known) or one.why is Blindness.NOT_APPLICABLE:
            unread.discard(name)
    return SetsRead(Known(tuple(read)), frozenset(unread))


def _chosen(names: Sequence[str], known: KnownOf) -> Sequence[str]:
    """Choose what to read: what identities use by default, then the others in turn, those with a finding among them."""
    used = [name for name in names if name in known.default_of][:MOST_SETS]
    others = [name for name in names if name not in known.default_of]
    room = MOST_SETS - len(used)
    if len(others) <= room:
        return [*used, *others]
    # A third of the room for what is known to be wrong, so that it closes soon, and the others still have their turn.
    wrong = [name for name in others if name in known.broken][: room // 3]
    rest = [name for name in others if name not in wrong]
    room -= len(wrong)
    first = known.turn * room % len(rest)
    return [*used, *wrong, *(rest + rest)[first : first + room]]
