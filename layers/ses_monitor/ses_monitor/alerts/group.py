"""Turn one stream batch of changes into as few alerts as stay understandable. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from ses_monitor.alerts.alert import Alert, Entry, stable_id
from ses_monitor.core.check import Step, bounded
from ses_monitor.core.domains import registrable
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.stored import Baseline, Change, Transition, finding_id

MANY_REGIONS = 3
"""From this many regions with the same trouble on, one message names them; below, each has its own."""

UNREADABLE = "CHANGE_UNREADABLE"
"""Tag of the alert about a change that is stored but cannot be decoded."""

UNREADABLE_CHECK = "ses_monitor.change_record"


@dataclass(frozen=True, slots=True)
class _Story:
    """What became of one trouble within the batch: the changes of it, in order; never empty."""

    changes: tuple[Change, ...]

    def told(self) -> Change:
        """Return the one change that says where it stands now, seen from before the batch."""
        last = self.changes[-1]
        if last.transition.closes:
            return last
        closed = [i for i, change in enumerate(self.changes) if change.transition.closes]
        first = self.changes[closed[-1] + 1 if closed else 0]
        if first.transition is Transition.OPENED:
            return replace(last, transition=Transition.OPENED, was_tag="", was_severity=None, baseline=first.baseline)
        if first.was_severity is None or (first.was_tag, first.was_severity) == (last.tag, last.severity):
            return last
        transition = Transition.EASED if last.severity < first.was_severity else Transition.WORSENED
        return replace(last, transition=transition, was_tag=first.was_tag, was_severity=first.was_severity)


def group(changes: Iterable[Change]) -> list[Alert]:
    """Return the alerts for the changes of one batch, given in the order they happened; worst first.

    A trouble that changed more than once is told once, as it stands at the end: opened and resolved in one
    batch is one "over" with how long it lasted. What is muted is dropped, unless something that is told goes on from
    it: then it is part of that. What was to be told before a mute is told as it stood then. What belongs to a first
    audit is dropped: its `summary` tells it. Findings that share account, check, tag, transition and severities
    are one alert; while they are in few regions, one for each region, or for each domain where that is fewer.
    """
    shared: dict[tuple[object, ...], list[_Story]] = defaultdict(list)
    for story in _stories(_spoken([change for change in changes if not change.baseline])):
        change = story.told()
        shared[
            change.account_id,
            change.check_id,
            change.tag,
            change.transition,
            change.severity,
            change.was_tag,
            change.was_severity,
        ].append(story)
    alerts = [_alert(stories) for together in shared.values() for stories in _by_place(together)]
    return sorted(alerts, key=lambda alert: -alert.severity)


def roll_up(alerts: Sequence[Alert]) -> Alert:
    """Return one alert that stands for all of these, the worst first; one alone stays what it is.

    A finding that is in several of them is in it as it was last.
    """
    if len(alerts) == 1:
        return alerts[0]
    last: dict[str, int] = {}
    for alert in alerts:
        for name, version in alert.versions().items():
            last[name] = max(version, last.get(name, version))
    entries = {
        entry.finding_id: replace(entry, transition=entry.transition or alert.transition)
        for alert in alerts
        for entry in alert.entries
        if entry.version == last[entry.finding_id]
    }
    ordered = sorted(entries.values(), key=_worst_first)
    still = [entry.transition for entry in ordered if entry.transition is not None and not entry.transition.closes]
    return Alert(
        alert_id=stable_id(["rollup", *(f"{entry.finding_id}@{entry.version}" for entry in ordered)]),
        account_id=alerts[0].account_id,
        transition=still[0] if still else Transition.RESOLVED,
        entries=tuple(ordered),
        more=sum(alert.more for alert in alerts),
        rollup=True,
    )


def _worst_first(entry: Entry) -> tuple[object, ...]:
    """Sort what is wrong before what is over; then by weight, and like beside like."""
    over = entry.transition is not None and entry.transition.closes
    return (over, -entry.severity, entry.tag, str(entry.transition), entry.region, entry.subject)


def summary(baseline: Baseline) -> Alert | None:
    """Return the one alert of a first audit; None when it found nothing to tell."""
    if not baseline.changes:
        return None
    alert = _alert([_Story((change,)) for change in baseline.changes])
    return replace(alert, baseline=True, more=baseline.more)


def unreadable(key: str, *, account_id: str, region: str, at: datetime, reason: str, command: str) -> Alert:
    """Stand in for a stored change that cannot be decoded, so that neither it nor what follows it is lost.

    `key` names the record; `command` shows it raw; `at` is when it was written (UTC), the same in every attempt.
    """
    name = bounded(key)
    entry = Entry(
        finding_id=finding_id(region, UNREADABLE_CHECK, key, UNREADABLE),
        region=region,
        check_id=UNREADABLE_CHECK,
        subject=ACCOUNT,
        tag=UNREADABLE,
        severity=Severity.ERROR,
        version=int(at.timestamp() * 1000),
        text=f"Something changed, but its record {name} cannot be read: {bounded(reason, 200)}",
        cause="The record was written by another version of ses-monitor, or by hand.",
        steps=(
            Step("Read the raw record: its tag, region and text say what changed.", command),
            Step("Deploy one version of ses-monitor to all functions of the stack."),
        ),
        since=at,
        at=at,
    )
    return Alert(stable_id([entry.finding_id]), account_id, Transition.OPENED, (entry,))


def _spoken(changes: Sequence[Change]) -> list[Change]:
    """Leave out what is muted and nothing that is told goes on from; and what ended without a word right after it.

    It would be told as open, and nobody would be told that it is over.
    """
    spoken: list[Change] = []
    goes_on: set[str] = set()
    over: set[str] = set()
    for change in reversed(changes):
        name, before = change.finding_id, _replaced(change)
        if change.muted_by and name not in goes_on and change.transition.closes:
            over.add(name)
        elif (change.muted_by and name not in goes_on) or (name in over and not change.transition.closes):
            if before != name:
                over.add(before)
            if before != name or change.transition is Transition.OPENED:
                over.discard(name)
        else:
            spoken.append(change)
            goes_on |= {name, before}
            over -= {name, before}
    return spoken[::-1]


def _stories(changes: Iterable[Change]) -> list[_Story]:
    stories: dict[str, _Story] = {}
    for change in changes:
        before: tuple[Change, ...] = ()
        for each in dict.fromkeys((_replaced(change), change.finding_id)):
            if each in stories:
                before += stories.pop(each).changes
        stories[change.finding_id] = _Story((*before, change))
    return list(stories.values())


def _replaced(change: Change) -> str:
    """Name the finding that this change goes on from: under WORSENED and EASED it may have had another tag."""
    return finding_id(change.region, change.check_id, change.subject, change.was_tag or change.tag)


def _by_place(stories: Iterable[_Story]) -> list[list[_Story]]:
    regions: dict[str, list[_Story]] = defaultdict(list)
    domains: dict[str, list[_Story]] = defaultdict(list)
    for story in sorted(stories, key=lambda story: (story.told().region, story.told().subject)):
        change = story.told()
        regions[change.region].append(story)
        # An account is no domain: each region's is a thing of its own.
        domains[_domain(change.subject) if change.subject != ACCOUNT else f" {change.region}"].append(story)
    if len(regions) >= MANY_REGIONS:
        return [list(chain.from_iterable(regions.values()))]
    return list(domains.values() if len(domains) < len(regions) else regions.values())


def _domain(subject: str) -> str:
    return registrable(subject.rpartition("@")[2].lower().rstrip("."))


def _alert(stories: Sequence[_Story]) -> Alert:
    first = stories[0].told()
    return Alert(
        alert_id=stable_id(change.change_id for story in stories for change in story.changes),
        account_id=first.account_id,
        transition=first.transition,
        entries=tuple(_entry(story) for story in stories),
    )


def _entry(story: _Story) -> Entry:
    change = story.told()
    ended = {each.finding_id for each in story.changes} | {_replaced(each) for each in story.changes}
    return Entry(
        finding_id=change.finding_id,
        region=change.region,
        check_id=change.check_id,
        subject=change.subject,
        tag=change.tag,
        severity=change.severity,
        version=change.version,
        text=change.text,
        cause=change.cause,
        steps=change.steps,
        since=change.since,
        at=change.at,
        evidence=change.evidence,
        was_tag=change.was_tag,
        was_severity=change.was_severity,
        supersedes=tuple(sorted(ended - {change.finding_id})),
        flaps=change.flaps,
    )
