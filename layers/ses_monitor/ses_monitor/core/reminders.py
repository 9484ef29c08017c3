"""What is open for so long since it was told last that it is told again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute, muted_by
from ses_monitor.core.settle import Recorded, Settlement, Write, next_version
from ses_monitor.core.stored import Change, Phase, Stored, Transition

INTERVALS: Mapping[Severity, timedelta] = {
    Severity.CRITICAL: timedelta(hours=4),
    Severity.ERROR: timedelta(hours=24),
    Severity.WARNING: timedelta(days=7),
}
"""How long each severity stays quiet after it was told. What is not here is never told again."""
EARLY = timedelta(minutes=5)
"""Reminders are looked for once an hour: what is seconds too early would wait for another hour."""


def intervals_of(hours: Mapping[str, int]) -> dict[Severity, timedelta]:
    """Return intervals by severity, given hours by its name."""
    return {Severity[name]: timedelta(hours=number) for name, number in hours.items()}


def due(
    stored: Iterable[Stored], now: datetime, mutes: Sequence[Mute], intervals: Mapping[Severity, timedelta]
) -> list[Stored]:
    """Return the open findings to tell again at `now` (UTC), the worst first and then the longest open.

    A muted one never is. One that opened or worsened under a mute that is over by now is due at once, whatever its
    severity: nobody has heard of it.
    """
    found = [each for each in stored if each.phase is Phase.OPEN and _is_due(each, now, intervals)]
    unmuted = [each for each in found if not _muted(each, now, mutes)]
    return sorted(unmuted, key=lambda each: (-each.severity, _began(each), each.finding_id))


def _is_due(each: Stored, now: datetime, intervals: Mapping[Severity, timedelta]) -> bool:
    if each.unheard:
        return True
    after = intervals.get(each.severity)
    return after is not None and now - (each.told_at or _began(each)) >= after - EARLY


def _muted(each: Stored, now: datetime, mutes: Sequence[Mute]) -> bool:
    return bool(
        muted_by(
            mutes,
            tag=each.tag,
            check_id=each.check_id,
            region=each.region,
            subject=each.subject,
            at=now,
            severity=each.severity,
        )
    )


def _began(each: Stored) -> datetime:
    return each.opened_at or each.first_seen


def remind(account_id: str, again: Iterable[Stored], now: datetime) -> Settlement:
    """Return what to store so that these are told again: nothing of them changes but when they were told."""
    return Settlement(tuple(_reminded(account_id, each, now) for each in again), (), ())


def _reminded(account_id: str, was: Stored, now: datetime) -> Recorded:
    # `written_at` stays: it says how old the figures in the text are.
    after = replace(was, version=next_version(was, now), told_at=now, unheard=False)
    change = Change(
        account_id=account_id,
        region=after.region,
        check_id=after.check_id,
        subject=after.subject,
        tag=after.tag,
        severity=after.severity,
        transition=Transition.REMINDED,
        version=after.version,
        at=now,
        since=_began(after),
        text=after.text,
        cause=after.cause,
        steps=after.steps,
        evidence=after.evidence,
        flaps=after.flaps,
    )
    return Recorded(change, (Write(was, after),))
