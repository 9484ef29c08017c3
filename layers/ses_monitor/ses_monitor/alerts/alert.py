"""An alert: changes that are told together, whole, whatever channel tells them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ses_monitor.core.check import Evidence, Step
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.stored import Transition

FIRST_AUDIT = "FIRST_AUDIT"
"""Stands for the tag of an alert that sums up what was found the first time anybody looked."""
ROLL_UP = "ROLL_UP"
"""Stands for the tag of an alert that names the rest of a storm."""

LONGEST_COMMANDS = 2000
MOST_COMMANDS = 6
"""Characters and number of the commands shown for one step: as much as a person pastes and a phone shows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding in an alert, at one version.

    `since` is when the trouble began, `at` when the change was seen (UTC). `supersedes` names other findings
    whose stories end in this one (the tag it replaced), so that no channel tells of them afterwards. `flaps` counts
    how often in a row it opened again within a day: above 0 it is told with less weight.
    """

    finding_id: str
    region: str
    check_id: str
    subject: str
    tag: str
    severity: Severity
    version: int
    text: str
    cause: str
    steps: tuple[Step, ...]
    since: datetime
    at: datetime
    evidence: Evidence = field(default_factory=dict)
    was_tag: str = ""
    was_severity: Severity | None = None
    supersedes: tuple[str, ...] = ()
    flaps: int = 0
    transition: Transition | None = None
    """Its own, in a roll-up; elsewhere the alert's."""

    @property
    def lasted(self) -> timedelta:
        """How long the trouble had lasted at this change; never negative."""
        return max(self.at - self.since, timedelta(0))


@dataclass(frozen=True, slots=True)
class Alert:
    """Findings that went through the same transition, told as one message; there is always at least one.

    `alert_id` is the same for the same changes however often they are grouped and published. `more` counts
    findings left out because a message has a size. A `rollup` stands for all that was too much to tell one by one: its
    findings are of any kind and may have gone through any transition, each entry says its own (`Entry.transition`).
    """

    alert_id: str
    account_id: str
    transition: Transition
    entries: tuple[Entry, ...]
    baseline: bool = False
    more: int = 0
    rollup: bool = False

    def __post_init__(self) -> None:
        if not self.entries:
            msg = "an alert is about at least one finding"
            raise ValueError(msg)

    @property
    def severity(self) -> Severity:
        """The worst severity in it; of a roll-up, the worst that is not over."""
        wrong = [each for each in self.entries if self.rollup and not (each.transition or self.transition).closes]
        return max(entry.severity for entry in wrong or self.entries)

    @property
    def tag(self) -> str:
        """The tag its findings share."""
        if self.rollup:
            return ROLL_UP
        return FIRST_AUDIT if self.is_summary else self.entries[0].tag

    @property
    def check_id(self) -> str:
        """The check its findings share."""
        if self.rollup:
            return ROLL_UP.lower()
        return FIRST_AUDIT.lower() if self.is_summary else self.entries[0].check_id

    @property
    def regions(self) -> tuple[str, ...]:
        """Its regions, each once, sorted."""
        return tuple(sorted({entry.region for entry in self.entries}))

    @property
    def subjects(self) -> tuple[str, ...]:
        """Its subjects, each once, sorted."""
        return tuple(sorted({entry.subject for entry in self.entries}))

    @property
    def since(self) -> datetime:
        """When the oldest of these troubles began (UTC)."""
        return min(entry.since for entry in self.entries)

    @property
    def at(self) -> datetime:
        """When the latest of these changes was seen (UTC)."""
        return max(entry.at for entry in self.entries)

    @property
    def is_summary(self) -> bool:
        """Whether its findings are of different kinds, so that no cause or step is theirs in common."""
        return self.baseline or self.rollup or len({(entry.check_id, entry.tag) for entry in self.entries}) > 1

    @property
    def reopened(self) -> bool:
        """Whether all of it has opened again within a day of being over: an old acquaintance, told with less weight."""
        return self.transition is Transition.OPENED and all(entry.flaps for entry in self.entries)

    @property
    def text(self) -> str:
        """What its findings have in common to say; empty when each says something of its own."""
        return self._in_common([entry.text for entry in self.entries])

    @property
    def cause(self) -> str:
        """Why; where they differ, the first finding's words stand for the group. Empty in a summary."""
        causes = [entry.cause for entry in self.entries]
        return "" if self.is_summary else self._in_common(causes) or causes[0]

    @property
    def steps(self) -> tuple[Step, ...]:
        """What to do: the steps of the first finding, each with every finding's own command. Empty in a summary."""
        if self.is_summary:
            return ()
        first = self.entries[0].steps
        alike = [entry.steps for entry in self.entries if len(entry.steps) == len(first)]
        return tuple(self._merged([steps[i] for steps in alike]) for i in range(len(first)))

    def _merged(self, steps: list[Step]) -> Step:
        commands = list(dict.fromkeys(step.command for step in steps if step.command))
        shown = commands[:1]
        for command in commands[1:MOST_COMMANDS]:
            if sum(len(each) + 1 for each in shown) + len(command) > LONGEST_COMMANDS - 50:
                break
            shown.append(command)
        if rest := len(commands) - len(shown):
            shown.append(f"# and {rest} more of the same kind")
        text = self._in_common([step.text for step in steps]) or steps[0].text
        return Step(text, "\n".join(shown), steps[0].url)

    def _in_common(self, texts: list[str]) -> str:
        """Return what the texts say of each, if they differ in nothing but their own region and subject."""
        if len(set(texts)) == 1:
            return texts[0]
        said = {_of_each(text, entry) for entry, text in zip(self.entries, texts, strict=False)}
        return said.pop() if len(said) == 1 else ""

    def versions(self) -> dict[str, int]:
        """Say up to which version of each finding a channel has been told once it told this alert."""
        told: dict[str, int] = {}
        for entry in self.entries:
            for finding_id in (entry.finding_id, *entry.supersedes):
                told[finding_id] = max(entry.version, told.get(finding_id, 0))
        return told

    def without_told(self, told: Mapping[str, int]) -> Alert | None:
        """Leave out findings whose told version is as new as theirs; None when nothing is left to tell."""
        left = tuple(entry for entry in self.entries if told.get(entry.finding_id, -1) < entry.version)
        return replace(self, entries=left) if left else None

    def ends_untold(self, told: Mapping[str, int]) -> list[Alert]:
        """Return the ends of findings that this alert replaced, where it is overtaken itself and they are not.

        What overtook it names its own tag, and may know nothing of the one before: that would stay open for good.
        """
        ends: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.entries:
            if told.get(entry.finding_id, -1) < entry.version:
                continue
            for name in entry.supersedes:
                if name in told and told[name] < entry.version:
                    end = _end_of(name, entry)
                    ends.setdefault((end.check_id, end.tag), []).append(end)
        return [self._ended(each) for each in ends.values()]

    def end_of(self, name: str, entry: Entry) -> Alert:
        """Return the end of one finding that `entry` replaced, or that was over before `entry` opened it anew."""
        return self._ended([_end_of(name, entry)])

    def _ended(self, entries: Iterable[Entry]) -> Alert:
        return replace(
            self, transition=Transition.RESOLVED, entries=tuple(entries), baseline=False, more=0, rollup=False
        )


def _end_of(name: str, entry: Entry) -> Entry:
    replaced = name != entry.finding_id
    return replace(
        entry,
        finding_id=name,
        tag=(replaced and entry.was_tag) or entry.tag,
        severity=(replaced and entry.was_severity) or entry.severity,
        text="",
        cause="",
        steps=(),
        evidence={},
        was_tag="",
        was_severity=None,
        supersedes=(),
        transition=None,
    )


def _of_each(text: str, entry: Entry) -> str:
    for name, called in ((entry.subject, "each of them"), (entry.region, "each region")):
        if name and name != ACCOUNT:
            text = re.sub(rf"(?<![\w.@-]){re.escape(name)}(?![\w@-])", called, text)
    return text


def stable_id(parts: Iterable[str]) -> str:
    """Name a set of things in 24 characters, the same in whatever order they come."""
    return hashlib.sha256("\x1f".join(sorted(parts)).encode("utf-8", "replace")).hexdigest()[:24]
