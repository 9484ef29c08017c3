"""Turn one audit of one region into the changes to record and the states to store. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ses_monitor.core.check import Diagnosis, Finding
from ses_monitor.core.diff import Difference, diff
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.model import Snapshot
from ses_monitor.core.policy import Count, Mute, belongs_to_baseline, damp, muted_by
from ses_monitor.core.stored import Change, Phase, Stored, Transition

REFRESH_AFTER = timedelta(hours=1)
"""How old the figures in an open finding's text may get where its diagnosis is a measurement."""
FLAPS_WITHIN = timedelta(hours=24)
"""A finding that opens again so soon after it was over is the old trouble once more, not a new one."""


@dataclass(frozen=True, slots=True)
class Write:
    """One state to store, and the state it is based on: nothing else may have been written in between."""

    before: Stored | None
    after: Stored


@dataclass(frozen=True, slots=True)
class Recorded:
    """One change with the states that must be stored in the same transaction."""

    change: Change
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one audit of one region comes to: changes that are told, states noted silently, states to delete."""

    changes: tuple[Recorded, ...]
    quiet: tuple[Write, ...]
    forget: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is the same for every subject of one audit.

    `ran` names the checks that ran, and those that were retired since: what only other checks found is left
    alone. `first_audit` says that nothing was ever told of this region by this audit.
    """

    ran: frozenset[str]
    diagnoses: Mapping[str, Diagnosis]
    mutes: Sequence[Mute] = ()
    first_audit: bool = False


def settle(snapshot: Snapshot, stored: Iterable[Stored], evaluations: Sequence[Evaluation], rules: Rules) -> Settlement:
    """Damp, compare, and work out what to store.

    `stored` holds the region's stored findings in any phase. The same evaluations settled again over the
    resulting states give no further change, once no streak is left to count.
    """
    known = [each for each in stored if each.check_id in rules.ran]
    by_key = {(each.check_id, each.subject, each.tag): each for each in known}
    damped = damp(known, evaluations, rules.diagnoses)
    differences = diff(known, damped.confirmed, ran=rules.ran, diagnoses=rules.diagnoses)

    changes = tuple(each for difference in differences for each in _record_heard(difference, by_key, snapshot, rules))
    touched = {write.after.finding_id for recorded in changes for write in recorded.writes}
    quiet = [_count(count, snapshot) for count in damped.counts]
    quiet = [write for write in quiet if write.after.finding_id not in touched]
    touched |= {write.after.finding_id for write in quiet}
    quiet += [
        write for write in _refreshed(damped.confirmed, by_key, snapshot) if write.after.finding_id not in touched
    ]
    # What was just over before it was watched goes back to being over: forgotten, it would not be known again.
    now = snapshot.taken_at
    quiet += [Write(was, _closed(was, now)) for was in damped.forget if _over_lately(was, now)]
    return Settlement(changes, tuple(quiet), tuple(was for was in damped.forget if not _over_lately(was, now)))


def _record_heard(
    difference: Difference, by_key: Mapping[tuple[str, str, str], Stored], snapshot: Snapshot, rules: Rules
) -> tuple[Recorded, ...]:
    """Record a difference so that nobody is left with the message of a tag that another replaced under a mute.

    The replacement is told by nobody, so it cannot be what ends the old tag: that is over for itself, and told.
    """
    whole = _record(difference, by_key, snapshot, rules)
    was, finding = difference.was, difference.finding
    if was is None or finding is None or was.tag == finding.tag or not was.heard or not whole.change.muted_by:
        return (whole,)
    over = _record(replace(difference, transition=Transition.RESOLVED, finding=None), by_key, snapshot, rules)
    text = f"{over.change.text} Now it is {finding.tag}, which is muted."
    opened = _record(replace(difference, transition=Transition.OPENED, was=None), by_key, snapshot, rules)
    return (replace(over, change=replace(over.change, text=text)), opened)


def _record(
    difference: Difference, by_key: Mapping[tuple[str, str, str], Stored], snapshot: Snapshot, rules: Rules
) -> Recorded:
    now = snapshot.taken_at
    was, finding = difference.was, difference.finding
    if finding is not None:
        before = by_key.get((difference.check_id, difference.subject, finding.tag))
        after = _opened(difference, finding, before, snapshot)
        writes: tuple[Write, ...] = (Write(before, after),)
        if was is not None and was.tag != after.tag:
            writes += (Write(was, _closed(was, now)),)
    elif was is not None:
        after = _closed(was, now)
        writes = (Write(was, after),)
    else:
        msg = f"a change of {difference.check_id} that is about no finding"
        raise ValueError(msg)
    replaced = was if finding is not None else None
    mute_id = muted_by(
        rules.mutes,
        tag=after.tag,
        check_id=after.check_id,
        region=after.region,
        subject=after.subject,
        at=now,
        severity=after.severity,
    )
    if difference.transition.closes and was is not None and was.heard:
        # People heard of it before: a message, or a page, that nobody ever closes is worse than one in a mute.
        mute_id = ""
    unheard = _unheard(difference, muted=bool(mute_id))
    heard_before = unheard and was is not None and was.tag == after.tag and was.heard
    writes = tuple(
        replace(
            write,
            after=replace(
                write.after,
                told_at=now,
                unheard=unheard and write.after.phase is Phase.OPEN,
                heard_before=heard_before and write.after.phase is Phase.OPEN,
            ),
        )
        for write in writes
    )
    change = Change(
        account_id=snapshot.account_id,
        region=after.region,
        check_id=after.check_id,
        subject=after.subject,
        tag=after.tag,
        severity=after.severity,
        transition=difference.transition,
        version=after.version,
        at=now,
        since=after.opened_at or now,
        text=after.text,
        cause=after.cause,
        steps=after.steps,
        evidence=after.evidence,
        was_tag=replaced.tag if replaced is not None else "",
        was_severity=replaced.severity if replaced is not None else None,
        # A first audit may take several runs: what changes in it an earlier summary may have told.
        baseline=difference.transition is Transition.OPENED
        and belongs_to_baseline(after.severity, first_audit=rules.first_audit),
        muted_by=mute_id,
        flaps=after.flaps,
    )
    return Recorded(change, writes)


def _unheard(difference: Difference, *, muted: bool) -> bool:
    """Tell whether nobody has heard of it as it is now. What eases or ends under a mute is no news to wait for."""
    if not muted or difference.transition.closes:
        return False
    was_unheard = difference.was is not None and difference.was.unheard
    return was_unheard or difference.transition in {Transition.OPENED, Transition.WORSENED}


def _opened(difference: Difference, finding: Finding, before: Stored | None, snapshot: Snapshot) -> Stored:
    began = snapshot.taken_at
    if difference.was is not None and difference.was.opened_at is not None:
        began = difference.was.opened_at
    elif before is not None and before.phase is Phase.WATCHED:
        began = before.first_seen
    flaps = difference.was.flaps if difference.was is not None else _flaps(before, snapshot.taken_at)
    present = _present(finding, difference.check_id, before, snapshot)
    return replace(present, first_seen=began, opened_at=began, flaps=flaps)


def _flaps(before: Stored | None, now: datetime) -> int:
    """Count how often in a row it has opened within a day of being over, this time included."""
    return before.flaps + 1 if before is not None and _over_lately(before, now) else 0


def _over_lately(was: Stored, now: datetime) -> bool:
    if was.phase is Phase.OPEN:
        return False
    # States from before `told_at` was kept were written last when they were over, unless they are watched since.
    over_at = was.told_at or (was.written_at if was.phase is Phase.RESOLVED else None)
    return over_at is not None and now - over_at <= FLAPS_WITHIN


def _closed(was: Stored, now: datetime) -> Stored:
    return replace(was, phase=Phase.RESOLVED, version=next_version(was, now), written_at=now, seen=0, absent=0)


def _count(count: Count, snapshot: Snapshot) -> Write:
    now, before = snapshot.taken_at, count.before
    if count.phase is Phase.OPEN and before is not None:
        return Write(before, replace(before, version=next_version(before, now), written_at=now, absent=count.absent))
    if count.finding is None:
        msg = f"a streak of {count.check_id} that is about no finding"
        raise ValueError(msg)
    watched = before is not None and before.phase is Phase.WATCHED
    after = replace(
        _present(count.finding, count.check_id, before, snapshot),
        phase=Phase.WATCHED,
        first_seen=before.first_seen if before is not None and watched else now,
        opened_at=None,
        seen=count.seen,
    )
    return Write(before, after)


def _refreshed(
    confirmed: Iterable[Evaluation], by_key: Mapping[tuple[str, str, str], Stored], snapshot: Snapshot
) -> Iterable[Write]:
    now = snapshot.taken_at
    for evaluation in confirmed:
        for finding in evaluation.findings:
            before = by_key.get((evaluation.check_id, evaluation.subject, finding.tag))
            if (
                before is not None
                and finding.diagnosis.measures
                and finding.text != before.text
                and before.phase is Phase.OPEN
                and now - before.written_at >= REFRESH_AFTER
            ):
                after = _present(finding, evaluation.check_id, before, snapshot)
                yield Write(before, replace(after, first_seen=before.first_seen, opened_at=before.opened_at))


def _present(finding: Finding, check_id: str, before: Stored | None, snapshot: Snapshot) -> Stored:
    """Return `finding` as an open one that began now, to be stored over `before`."""
    now = snapshot.taken_at
    return Stored(
        region=snapshot.region,
        check_id=check_id,
        subject=finding.subject,
        tag=finding.tag,
        severity=finding.severity,
        phase=Phase.OPEN,
        version=next_version(before, now),
        seen=0,
        absent=0,
        first_seen=now,
        opened_at=now,
        written_at=now,
        text=finding.text,
        cause=finding.cause,
        steps=finding.steps,
        evidence=finding.evidence,
        flaps=before.flaps if before is not None else 0,
        told_at=before.told_at if before is not None else None,
        unheard=before is not None and before.unheard,
        heard_before=before is not None and before.heard_before,
    )


def next_version(before: Stored | None, now: datetime) -> int:
    """Number the next write, from the clock: so it still grows after an expired item is written anew."""
    milliseconds = int(now.timestamp() * 1000)
    return milliseconds if before is None else max(before.version + 1, milliseconds)
