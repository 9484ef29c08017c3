"""Turn one stream batch of changes into as few alerts as stay understandable. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ses_monitor.alerts.alert import Alert, Entry, stable_id
from ses_monitor.core.check import Step
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.stored import Change, Transition, finding_id

MANY_REGIONS = 3
"""From this many regions with the same trouble on, one message names them; below, each has its own."""

UNREADABLE = "CHANGE_UNREADABLE"
"""Tag of the alert about a change that is stored but cannot be decoded."""


@dataclass(frozen=True, slots=True)
class _Story:
    """What became of one trouble within the batch: its last state, and every change that led there."""

    last: Change
    change_ids: tuple[str, ...]
    finding_ids: tuple[str, ...]


def group(changes: Iterable[Change]) -> list[Alert]:
    """Return the alerts for the changes of one batch, given in the order they happened; worst first.

    A trouble that changed more than once is told once, as it stands at the end: opened and resolved in one
    batch is one "over" with how long it lasted. What is muted at the end is dropped. Findings that share
    account, check, tag, transition and severities are one alert, per region while there are few. The first
    audit's findings are one summary; what is CRITICAL always stands alone.
    """
    baseline: dict[str, list[_Story]] = defaultdict(list)
    shared: dict[tuple[object, ...], list[_Story]] = defaultdict(list)
    for story in _stories(changes):
        change = story.last
        if change.muted_by:
            continue
        if change.baseline and change.severity is not Severity.CRITICAL:
            baseline[change.account_id].append(story)
            continue
        shared[
            change.account_id,
            change.check_id,
            change.tag,
            change.transition,
            change.severity,
            change.was_tag,
            change.was_severity,
        ].append(story)

    alerts = [_alert(stories) for together in shared.values() for stories in _by_region(together)]
    alerts.sort(key=lambda alert: -alert.severity)
    summaries = [
        _alert(sorted(stories, key=lambda story: -story.last.severity), baseline=True)
        for stories in baseline.values()
    ]
    return alerts + summaries


def unreadable(key: str, *, account_id: str, region: str, table_name: str, change: Change) -> Alert:
    """Stand in for a stored change that cannot be decoded, so that neither it nor what follows it is lost.

    `key` is the record's key in words; `change` is a placeholder that carries when it was seen and how to read
    the raw record.
    """
    raise NotImplementedError((key, account_id, region, table_name, change))
