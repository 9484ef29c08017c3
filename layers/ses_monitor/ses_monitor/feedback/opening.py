"""What a batch of events makes of the senders, templates and notices it names: opened or worsened at once.

Nothing is resolved or eased here: events are signals, and only an audit looks whether a trouble is over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

from ses_monitor import checks
from ses_monitor.core.check import Check, Diagnosis
from ses_monitor.core.engine import run
from ses_monitor.core.event import Event, Kind, Rendering
from ses_monitor.core.model import NOT_ASKED, Account, Quota, Scope, Snapshot
from ses_monitor.core.observed import Blindness, Known, Observed
from ses_monitor.core.policy import Mute
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.region_state import AccountFacts, RegionState
from ses_monitor.core.settle import Rules, Settlement, settle
from ses_monitor.core.stored import Change, Stored
from ses_monitor.core.traffic import FailingTemplate, Notice, Noticed, RefusedSender, Sender
from ses_monitor.feedback.signals import only_open

SCOPES = (Scope.SENDER, Scope.TEMPLATE, Scope.NOTICE, Scope.REJECTION)
"""What the checks that events can open findings of look at."""
BAD = frozenset({Kind.BOUNCE, Kind.COMPLAINT, Kind.REJECT, Kind.RENDERING_FAILURE, Kind.DELIVERY_DELAY, Kind.REJECTION})
"""Kinds that may make a finding true. Sends and deliveries cannot, and there are a hundred times as many of them."""
QUOTA_GOOD_FOR = timedelta(hours=2)
"""The account audit stores what was sent in 24 hours at least hourly, if it runs."""
SENT_STEP = 0.05
"""Fraction of the daily quota that what was sent may have risen by, since it was stored (`store.sameness`)."""


class SubjectReads(Protocol):
    """What was counted and noted of a subject."""

    def sender(self, region: str, name: str, now: datetime, *, since: datetime | None = None) -> Sender:
        """Return an identity's counters."""

    def template(self, region: str, name: str, now: datetime) -> FailingTemplate:
        """Return a template's failures."""

    def noticed(self, region: str, name: str) -> Noticed:
        """Return what AWS said of a resource last."""

    def rejected(self, region: str, name: str, now: datetime) -> RefusedSender:
        """Return what SES refused of a sender, or of the account, in the last 25 hours."""


class Saved(Protocol):
    """What became of a settlement that was saved."""

    @property
    def recorded(self) -> Sequence[Change]:
        """The changes this run recorded."""

    @property
    def conflicts(self) -> int:
        """How many states another run had written in between."""


class FindingStore(Protocol):
    """The part of the table that findings are opened in."""

    def findings_about(self, check_id: str, region: str, subject: str) -> Sequence[Stored]:
        """Return what one check left stored of one subject."""

    def mutes(self, now: datetime) -> Sequence[Mute]:
        """Return the mutes in force."""

    def region_states(self) -> Mapping[str, RegionState]:
        """Return every region's state."""

    def save(self, settlement: Settlement) -> Saved:
        """Store a settlement, each change with its states in one transaction."""


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """A subject that an event names."""

    region: str
    scope: Scope
    name: str


@dataclass(frozen=True, slots=True)
class Background:
    """What is not read anew for each batch: whose account it is, its regions' states, and the mutes in force."""

    account_id: str
    now: datetime
    states: Mapping[str, RegionState]
    mutes: Sequence[Mute]


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of it. `crashes` counts checks that crashed on a subject."""

    changes: tuple[Change, ...] = ()
    conflicts: int = 0
    crashes: int = 0


def subject_of(told: Event | Notice) -> Named | None:
    """Return whose checks may come to another conclusion because of it."""
    if isinstance(told, Notice):
        return Named(told.region, Scope.NOTICE, told.name)
    if told.kind not in BAD:
        return None
    if isinstance(told.detail, Rendering):
        return Named(told.region, Scope.TEMPLATE, told.detail.template) if told.detail.template else None
    if isinstance(told.detail, RefusedSend):
        return Named(told.region, Scope.REJECTION, told.detail.subject)
    return Named(told.region, Scope.SENDER, told.identity) if told.identity else None


def open_findings(
    subjects: Collection[Named], reads: SubjectReads, store: FindingStore, background: Background
) -> Opened:
    """Check subjects of one region over all that was counted of them, and store what opens or worsens.

    A change that another run was faster with is not ours to repeat: it is stored and told.
    Raises what reading and writing the table raise.
    """
    snapshot = _snapshot(subjects, reads, background)
    running, diagnoses = _checks()
    evaluations = list(run(running, snapshot))
    crashes = sum(each.unknown is not None and each.unknown.why is Blindness.CHECK_CRASHED for each in evaluations)
    telling = [each for each in evaluations if each.findings]
    if not telling:
        return Opened(crashes=crashes)
    stored = [was for each in telling for was in store.findings_about(each.check_id, snapshot.region, each.subject)]
    rules = Rules(frozenset(each.check_id for each in telling), diagnoses, background.mutes)
    saved = store.save(settle(snapshot, stored, only_open(stored, telling, diagnoses), rules))
    return Opened(tuple(saved.recorded), saved.conflicts, crashes)


@cache
def _checks() -> tuple[tuple[Check[Any], ...], Mapping[str, Diagnosis]]:
    running = checks.of_scopes(*SCOPES)
    return running, checks.diagnoses(running)


def _snapshot(subjects: Collection[Named], reads: SubjectReads, background: Background) -> Snapshot:
    now = background.now
    (region,) = {subject.region for subject in subjects}
    names: dict[Scope, list[str]] = {scope: [] for scope in SCOPES}
    for subject in sorted(subjects):
        names[subject.scope].append(subject.name)
    state = background.states.get(region)
    return Snapshot(
        background.account_id,
        region,
        now,
        account=_account(state.account if state else None, now),
        senders=Known(tuple(reads.sender(region, name, now) for name in names[Scope.SENDER])),
        templates=Known(tuple(reads.template(region, name, now) for name in names[Scope.TEMPLATE])),
        noticed=Known(tuple(reads.noticed(region, name) for name in names[Scope.NOTICE])),
        refused=Known(tuple(reads.rejected(region, name, now) for name in names[Scope.REJECTION])),
    )


def _account(facts: AccountFacts | None, now: datetime) -> Observed[Account]:
    """Return how much was sent, as the account audit saw it last; everything else was not asked."""
    if facts is None or now - facts.seen_at >= QUOTA_GOOD_FOR:
        return NOT_ASKED
    most, rate, sent = facts.max_24_hours, facts.max_per_second, facts.sent_last_24_hours
    if most is None or rate is None or sent is None:
        return NOT_ASKED
    # What is asked of it is how much was sent at most: a rate of less would be told higher than it is.
    risen = min(SENT_STEP * (most if most > 0 else sent), rate * max(0.0, (now - facts.seen_at).total_seconds()))
    quota = Known(Quota(most, rate, sent + risen))
    return Known(Account(NOT_ASKED, NOT_ASKED, NOT_ASKED, quota, NOT_ASKED, NOT_ASKED))
