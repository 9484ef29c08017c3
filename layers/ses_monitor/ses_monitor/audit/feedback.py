"""What events opened, looked at again: the audit of feedback, after each audit of the accounts. Only it closes.

It reads our own table: what was counted of a sender since. Of SES it needs only what the account audit has just seen.
So it looks at every region that something is open in, whether its account is audited or not: what events may open
there, this must be able to close. Only that no feedback arrives cannot be told of a region whose account nobody reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ses_monitor import checks
from ses_monitor.checks.feedback import arrival
from ses_monitor.collect.regions import Regions
from ses_monitor.core.check import Check
from ses_monitor.core.engine import run
from ses_monitor.core.model import ACCOUNT, NOT_ASKED, Scope, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.policy import Mute
from ses_monitor.core.settle import Rules, Settlement, settle
from ses_monitor.core.stored import Change, Phase, Stored
from ses_monitor.core.traffic import Sender
from ses_monitor.feedback.opening import SCOPES, Saved, SubjectReads

FAMILIES = ("feedback", "rejection")
"""The first parts of the ids of the checks that this audit runs."""
TOGETHER = 50
"""Subjects that are read, checked and settled together."""
PERIOD_S = 300
"""Each run begins elsewhere, so that what one had no time for is looked at by the next."""


class FeedbackReads(SubjectReads, Protocol):
    """What was counted and noted."""

    def traffic(self, region: str, now: datetime) -> Sender:
        """Return the counters of a region as a whole."""


class FeedbackStore(Protocol):
    """The part of the table that this audit reads and writes."""

    def findings(self, family: str, region: str | None = None) -> list[Stored]:
        """Return the stored findings of a family of checks."""

    def mutes(self, now: datetime) -> Sequence[Mute]:
        """Return the mutes in force."""

    def save(self, settlement: Settlement) -> Saved:
        """Store a settlement, each change with its states in one transaction."""


class FeedbackAuditError(Exception):
    """Some regions' feedback could not be audited; the others' was. The next run looks again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the account audit that went before had to do with, and saw. `now` (UTC) is its time."""

    account_id: str
    regions: Regions
    now: datetime
    snapshots: tuple[Snapshot, ...]


@dataclass(frozen=True, slots=True)
class FeedbackOutcome:
    """What one run came to. `left` counts the subjects there was no time for.

    `refused` counts the sends that SES refused in the last 25 hours, of the senders with an open finding about it.
    """

    subjects: int = 0
    left: int = 0
    changes: tuple[Change, ...] = ()
    conflicts: int = 0
    crashes: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """Subjects of one region that are looked at together: their names by scope, and what is stored of them."""

    region: str
    names: Mapping[Scope, tuple[str, ...]]
    stored: tuple[Stored, ...] = ()

    @property
    def size(self) -> int:
        return sum(len(names) for names in self.names.values())


@dataclass(slots=True)
class _Total:
    outcomes: list[FeedbackOutcome] = field(default_factory=list)
    failed: dict[str, Exception] = field(default_factory=dict)


def audit_feedback(
    reads: FeedbackReads,
    store: FeedbackStore,
    seen: Seen,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> FeedbackOutcome:
    """Look again at everything that is open or watched of feedback, and at whether feedback arrives at all.

    Raises:
        FeedbackAuditError: regions could not be read or written; what is open there stays as it is.
        Exception: the findings or the mutes could not be read; nothing was done.
    """
    began = clock()
    found = (each for family in FAMILIES for each in store.findings(family))
    stored = [each for each in found if each.phase is not Phase.RESOLVED]
    parts = list(_turned(list(_parts(stored, seen)), seen.now))
    mutes = store.mutes(seen.now) if parts else ()
    accounts = {snapshot.region: snapshot for snapshot in seen.snapshots}
    total = _Total()
    left = 0
    for part in parts:
        if clock() - began >= seconds:
            left += part.size
            continue
        try:
            snapshot = _snapshot(part, reads, seen, accounts.get(part.region))
            total.outcomes.append(_settled(part, snapshot, store, mutes))
        except Exception as error:  # noqa: BLE001 - one region's trouble must not keep the others open; raised below
            total.failed.setdefault(part.region, error)
    if total.failed:
        region, first = next(iter(total.failed.items()))
        msg = f"the feedback of {', '.join(sorted(total.failed))} could not be audited; {region}: {first!r}"
        raise FeedbackAuditError(msg) from first
    return FeedbackOutcome(
        subjects=sum(outcome.subjects for outcome in total.outcomes),
        left=left,
        changes=tuple(change for outcome in total.outcomes for change in outcome.changes),
        conflicts=sum(outcome.conflicts for outcome in total.outcomes),
        crashes=sum(outcome.crashes for outcome in total.outcomes),
        refused=sum(outcome.refused for outcome in total.outcomes),
    )


def feedback_checks() -> tuple[Check[Any], ...]:
    """Return the checks of this audit."""
    return checks.of_scopes(*SCOPES, Scope.TRAFFIC)


def _parts(stored: Iterable[Stored], seen: Seen) -> Iterator[_Part]:
    """Sort what is stored by region and subject, and add the regions that feedback ought to arrive from."""
    scopes = {check.id: check.scope for check in feedback_checks()}
    by_region: dict[str, dict[tuple[Scope | None, str], list[Stored]]] = {}
    for each in stored:
        by_region.setdefault(each.region, {}).setdefault((scopes.get(each.check_id), each.subject), []).append(each)
    for region in _sending(seen.snapshots):
        by_region.setdefault(region, {}).setdefault((Scope.TRAFFIC, ACCOUNT), [])
    for region, subjects in by_region.items():
        # `None` is the scope of checks that were retired: what they left open is closed as gone.
        ordered = sorted(subjects, key=lambda subject: (subject[0] or "", subject[1]))
        for start in range(0, len(ordered), TOGETHER):
            chosen = ordered[start : start + TOGETHER]
            names: dict[Scope, tuple[str, ...]] = {}
            for scope, name in chosen:
                if scope is not None and not (scope is Scope.TRAFFIC and _left_out(region, seen.regions)):
                    names[scope] = (*names.get(scope, ()), name)
            yield _Part(region, names, tuple(each for subject in chosen for each in subjects[subject]))


def _sending(snapshots: Iterable[Snapshot]) -> Iterator[str]:
    for snapshot in snapshots:
        if isinstance(snapshot.account, Known):
            quota = snapshot.account.value.quota
            if isinstance(quota, Known) and quota.value.sent_last_24_hours >= arrival.SENT:
                yield snapshot.region


def _left_out(region: str, regions: Regions) -> bool:
    """Tell whether a region's account is audited no more, by choice: there is nothing to compare feedback with."""
    return not isinstance(regions.listing, Missing) and region not in regions.audited


def _turned(parts: Sequence[_Part], now: datetime) -> Iterator[_Part]:
    if parts:
        first = int(now.timestamp() // PERIOD_S) % len(parts)
        yield from parts[first:]
        yield from parts[:first]


def _snapshot(part: _Part, reads: FeedbackReads, seen: Seen, account: Snapshot | None) -> Snapshot:
    now, region = seen.now, part.region
    names = {scope: part.names.get(scope, ()) for scope in (*SCOPES, Scope.TRAFFIC)}
    return Snapshot(
        seen.account_id,
        region,
        now,
        account=account.account if account is not None else NOT_ASKED,
        traffic=Known(reads.traffic(region, now)) if names[Scope.TRAFFIC] else NOT_ASKED,
        senders=Known(tuple(reads.sender(region, name, now) for name in names[Scope.SENDER])),
        templates=Known(tuple(reads.template(region, name, now) for name in names[Scope.TEMPLATE])),
        noticed=Known(tuple(reads.noticed(region, name) for name in names[Scope.NOTICE])),
        refused=Known(tuple(reads.rejected(region, name, now) for name in names[Scope.REJECTION])),
    )


def _settled(part: _Part, snapshot: Snapshot, store: FeedbackStore, mutes: Sequence[Mute]) -> FeedbackOutcome:
    running = [check for check in feedback_checks() if check.scope in part.names]
    evaluations = list(run(running, snapshot))
    # Each subject with something stored is evaluated, but for retired checks and regions left out: those are gone.
    ran = {check.id for check in running} | {each.check_id for each in part.stored}
    rules = Rules(frozenset(ran), checks.diagnoses(feedback_checks()), mutes)
    saved = store.save(settle(snapshot, part.stored, evaluations, rules))
    crashed = [each for each in evaluations if each.unknown and each.unknown.why is Blindness.CHECK_CRASHED]
    senders = snapshot.refused.value if isinstance(snapshot.refused, Known) else ()
    refused = sum(sum(cause.hours.values()) for sender in senders for cause in sender.refusals)
    return FeedbackOutcome(part.size, 0, tuple(saved.recorded), saved.conflicts, len(crashed), refused)
