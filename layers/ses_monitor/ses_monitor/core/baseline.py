"""The first audit of an account says what it found in one summary, not in hundreds of alerts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute, muted_by
from ses_monitor.core.settle import Settlement
from ses_monitor.core.stored import Baseline, Change, Phase, Stored, Transition

MOST_FINDINGS = 150
"""Findings named in a summary; with their texts they stay far below the 400 KB of a DynamoDB item."""


def open_after(stored: Iterable[Stored], settlement: Settlement) -> list[Stored]:
    """Return what is open once `settlement` is stored, given what was stored before it."""
    states = {each.finding_id: each for each in stored}
    writes = [write for recorded in settlement.changes for write in recorded.writes]
    for write in (*writes, *settlement.quiet):
        states[write.after.finding_id] = write.after
    return [each for each in states.values() if each.phase is Phase.OPEN]


def baseline_of(account_id: str, found: Iterable[Stored], mutes: Sequence[Mute]) -> Baseline | None:
    """Summarise open findings, or return None when there is nothing to say.

    CRITICAL findings are not in it: they never wait in a summary. Those of an earlier first audit that was cut
    off before it could tell them are.
    """
    quiet = [each for each in found if each.severity < Severity.CRITICAL and not _muted(each, mutes)]
    quiet.sort(key=lambda each: (-each.severity, each.tag, each.region, each.subject))
    if not quiet:
        return None
    changes = tuple(_opened(account_id, each) for each in quiet[:MOST_FINDINGS])
    return Baseline(account_id, max(each.written_at for each in quiet), changes, len(quiet) - len(changes))


def _muted(each: Stored, mutes: Sequence[Mute]) -> bool:
    return bool(
        muted_by(
            mutes,
            tag=each.tag,
            check_id=each.check_id,
            region=each.region,
            subject=each.subject,
            at=each.written_at,
        )
    )


def _opened(account_id: str, each: Stored) -> Change:
    return Change(
        account_id=account_id,
        region=each.region,
        check_id=each.check_id,
        subject=each.subject,
        tag=each.tag,
        severity=each.severity,
        transition=Transition.OPENED,
        version=each.version,
        at=each.written_at,
        since=each.opened_at or each.written_at,
        text=each.text,
        cause="",
        steps=(),
        evidence={},
        baseline=True,
    )
