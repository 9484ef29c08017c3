"""A batch of messages from the feedback queue: read, counted exactly once, and what it makes of senders opened.

One message that is broken, or that the table did not take, costs the others nothing: it alone is reported as failed.
Whatever is done here may be done again: what was recorded is recognised, and what was told is not told twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Protocol

from ses_monitor.core.check import bounded
from ses_monitor.core.event import Event, Outcome
from ses_monitor.core.mailbox import without_addresses
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import RegionState
from ses_monitor.core.rejection import Report
from ses_monitor.core.stored import Change
from ses_monitor.core.traffic import Notice
from ses_monitor.feedback.classify import domains_to_know, outcomes
from ses_monitor.feedback.opening import (
    Background,
    FindingStore,
    Named,
    Opened,
    SubjectReads,
    open_findings,
    subject_of,
)
from ses_monitor.feedback.parse import Skipped, UnreadableEventError, Where, parse
from ses_monitor.feedback.refusing import FactsReader, Senders, event_of
from ses_monitor.feedback.remembered import FactsOfABatch, OwnDomains, Remembered

LONGEST_REASON = 300
LONGEST_EXCERPT = 500
"""Characters kept of a message that cannot be read: enough to see what it is. The whole is in the dead letters."""
BACKGROUND_LASTS = timedelta(minutes=1)
"""How late a new mute, or the sends of the last account audit, may be heeded."""


class Recorded(Protocol):
    """What became of outcomes that were recorded; each id is in one of the three."""

    @property
    def new(self) -> frozenset[str]:
        """Counted now."""

    @property
    def duplicates(self) -> frozenset[str]:
        """Counted before."""

    @property
    def failed(self) -> Mapping[str, Exception]:
        """Not counted, and why."""


class Ledger(Protocol):
    """Where outcomes are counted exactly once."""

    def record(self, outcomes: Sequence[Outcome]) -> Recorded:
        """Record and count what is new among `outcomes`."""

    def note(self, notice: Notice) -> bool:
        """Keep a notice if it is newer than what is kept; tell whether it was."""

    def unparsed(self, message_id: str, reason: str, excerpt: str, received_at: datetime) -> None:
        """Keep why a message could not be read."""


class Reads(SubjectReads, Protocol):
    """What is read of the table beside findings."""

    def own_domains(self, region: str, domains: Collection[str]) -> Collection[str]:
        """Return those of `domains` that are verified identities of the region."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `where` says what its body may lack; `receives` counts its deliveries, this one included.

    `receipt` is what the queue knows this delivery by; empty: it came past the queue.
    """

    id: str
    body: str | bytes | Mapping[str, Any]
    where: Where
    receives: int = 1
    receipt: str = ""


class Step(StrEnum):
    """What a message failed at."""

    READ = "read"
    RESOLVE = "resolve"
    CLASSIFY = "classify"
    RECORD = "record"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that is to be tried again, at what it failed, and why in one bounded line without addresses."""

    message: Message
    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a batch came to. `counted` and `repeated` are outcomes: one recipient of one event each."""

    failures: tuple[Failure, ...]
    counted: int
    repeated: int
    notices: int
    skipped: Mapping[str, int]
    """How many parts of messages were passed over, by reason."""
    changes: tuple[Change, ...]
    crashes: int

    @property
    def failed(self) -> list[str]:
        """The ids of the messages that must come again."""
        return [failure.message.id for failure in self.failures]

    @property
    def unparsed(self) -> int:
        """How many messages could not be read, those counted in an earlier delivery left out."""
        return sum(each.step is Step.READ and each.message.receives <= 1 for each in self.failures)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Sources:
    """What a batch is worked with; lives as long as the process, and remembers what need not be read each time."""

    def __init__(
        self,
        ledger: Ledger,
        reads: Reads,
        store: FindingStore,
        facts: FactsReader,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.ledger = ledger
        self.reads = reads
        self.store = store
        self.clock = clock
        self.own_domains = OwnDomains(reads.own_domains)
        self.facts = facts
        self._states: Remembered[Mapping[str, RegionState]] = Remembered(
            lambda _: store.region_states(), BACKGROUND_LASTS
        )
        self._mutes: Remembered[Sequence[Mute]] = Remembered(store.mutes, BACKGROUND_LASTS)

    def background(self, account_id: str, now: datetime) -> Background:
        """Return what all regions of a batch are checked with. Raises what reading the table raises."""
        return Background(account_id, now, self._states.at(now), self._mutes.at(now))


def ingest(messages: Sequence[Message], sources: Sources) -> Ingested:
    """Work a batch. Raises nothing that one message, or the table, may cause."""
    batch = _Batch(sources, sources.clock())
    for message in messages:
        batch.read(message)
    batch.resolve()
    batch.classify()
    batch.record()
    batch.note()
    batch.open()
    return batch.result()


@dataclass(slots=True)
class _Work:
    """One message on its way."""

    message: Message
    events: list[Event] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failure: Failure | None = None

    def fail(self, step: Step, reason: str) -> None:
        if self.failure is None:
            self.failure = Failure(self.message, step, reason)


class _Batch:
    def __init__(self, sources: Sources, now: datetime) -> None:
        self._sources = sources
        self._now = now
        self._works: list[_Work] = []
        self._skipped: Counter[str] = Counter()
        self._new: set[str] = set()
        self._told = 0
        self._notices = 0
        self._opened: list[Opened] = []
        self._facts = FactsOfABatch(sources.facts.facts)

    def read(self, message: Message) -> None:
        """Read one message; one that cannot be is kept as unparsed, and comes back until it is a dead letter."""
        work = _Work(message)
        self._works.append(work)
        try:
            parts = parse(message.body, message.where)
        except UnreadableEventError as error:
            reason = _line(error.reason)
            work.fail(Step.READ, reason + self._keep(message, reason))
            return
        for part in parts:
            if isinstance(part, Event):
                work.events.append(part)
            elif isinstance(part, Skipped):
                self._skipped[_line(part.reason)] += 1
            elif isinstance(part, Report):
                work.reports.append(part)
            else:
                work.notices.append(part)

    def _keep(self, message: Message, reason: str) -> str:
        """Keep why a message cannot be read; return what is to be added to that reason."""
        received_at = message.where.received_at or self._now
        try:
            self._sources.ledger.unparsed(message.id, reason, _excerpt(message.body), received_at)
        except Exception as error:  # noqa: BLE001 - it is said, and the message itself comes back and is kept then
            return f"; that could not be kept ({_why(error)})"
        return ""

    def resolve(self) -> None:
        """Work out what each refused send was refused for, which the account decides as the audits know it."""
        for work in self._works:
            if work.reports:
                self._resolve(work)

    def _resolve(self, work: _Work) -> None:
        senders, skipped, where = Senders(), Counter[str](), work.message.where
        came_at = where.received_at or self._now
        try:
            for report in work.reports:
                told = event_of(report, self._facts, senders, came_at, where.region)
                if isinstance(told, Skipped):
                    skipped[_line(told.reason)] += 1
                else:
                    work.events.append(told)
        except Exception as error:  # noqa: BLE001 - what could not be looked up is not decided: the message comes again
            work.fail(Step.RESOLVE, _why(error))
        else:
            self._skipped += skipped

    def classify(self) -> None:
        """Work out what each event counts as, which for bounces and complaints depends on our own domains."""
        known, unknown = self._own_domains()
        for work in self._works:
            try:
                for event in work.events:
                    if event.region in unknown and domains_to_know(event):
                        work.fail(Step.CLASSIFY, unknown[event.region])
                    work.outcomes += outcomes(event, known.get(event.region, frozenset()))
            except Exception as error:  # noqa: BLE001 - an event that nobody foresaw must not hold up the batch
                work.fail(Step.CLASSIFY, _why(error))
        self._told = sum(len(work.outcomes) for work in self._left())

    def _own_domains(self) -> tuple[Mapping[str, frozenset[str]], Mapping[str, str]]:
        """Return our own domains among the recipients' by region, and why they are unknown in other regions."""
        asked: dict[str, set[str]] = {}
        for work in self._works:
            for event in work.events:
                if domains := domains_to_know(event):
                    asked.setdefault(event.region, set()).update(domains)
        known: dict[str, frozenset[str]] = {}
        unknown: dict[str, str] = {}
        for region, domains in asked.items():
            try:
                known[region] = self._sources.own_domains.among(region, domains, self._now)
            except Exception as error:  # noqa: BLE001 - unknown is not "not ours": who needs to know waits, others go on
                unknown[region] = f"which domains are our own in {region} is unknown: {_why(error)}"
        return known, unknown

    def record(self) -> None:
        """Record all outcomes of the batch at once; a message fails with any outcome that was not recorded."""
        # The same outcome may be in two messages of a batch, when two of SES's mechanisms are set up. The ledger gets
        # both: it knows that only one of them may name the configuration set.
        failed = self._recorded([outcome for work in self._left() for outcome in work.outcomes])
        for work in self._left():
            for outcome in work.outcomes:
                if outcome.id in failed:
                    work.fail(Step.RECORD, _why(failed[outcome.id]))

    def _recorded(self, wanted: Sequence[Outcome]) -> Mapping[str, Exception]:
        """Record; return what was not, and why."""
        if not wanted:
            return {}
        try:
            recorded = self._sources.ledger.record(wanted)
        except Exception as error:  # noqa: BLE001 - the ledger reports AWS's errors: this is one outcome it chokes on
            if len(wanted) == 1:
                return {wanted[0].id: error}
            return {each.id: why for each in wanted for why in self._recorded([each]).values()}
        self._new |= recorded.new
        return recorded.failed

    def note(self) -> None:
        """Keep what AWS said of a resource, where it is newer than what is kept."""
        for work in self._left():
            try:
                for notice in work.notices:
                    self._sources.ledger.note(notice)
                    self._notices += 1
            except Exception as error:  # noqa: BLE001 - the message comes again, the others go on
                work.fail(Step.RECORD, _why(error))

    def open(self) -> None:
        """Open what the subjects of this batch now deserve, those of repeated events included.

        The run that recorded an event may have died right here. And where it fails, the messages that named the
        subjects fail too, so that this is repeated: nothing is counted twice by that, and a bounce that nobody
        heard of would otherwise wait for the next one.
        """
        naming: dict[Named, list[_Work]] = {}
        for work in self._left():
            told: list[Event | Notice] = [*work.events, *work.notices]
            for each in told:
                if (subject := subject_of(each)) is not None:
                    naming.setdefault(subject, []).append(work)
        for region in sorted({subject.region for subject in naming}):
            subjects = [subject for subject in naming if subject.region == region]
            works = [work for subject in subjects for work in naming[subject]]
            try:
                background = self._sources.background(works[0].message.where.account_id, self._now)
                self._opened.append(open_findings(subjects, self._sources.reads, self._sources.store, background))
            except Exception as error:  # noqa: BLE001 - another region's findings need not wait for this one's
                for work in works:
                    work.fail(Step.OPEN, _why(error))

    def _left(self) -> Iterable[_Work]:
        return [work for work in self._works if work.failure is None]

    def result(self) -> Ingested:
        """Return what it all came to."""
        return Ingested(
            failures=tuple(work.failure for work in self._works if work.failure is not None),
            counted=len(self._new),
            repeated=max(0, self._told - len(self._new)),
            notices=self._notices,
            skipped=dict(self._skipped),
            changes=tuple(change for opened in self._opened for change in opened.changes),
            crashes=sum(opened.crashes for opened in self._opened),
        )


def _why(error: BaseException) -> str:
    """Return an error as one line that may be logged: where it comes from, and no address of anybody."""
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return _line(f"{type(error).__name__}: {error}") + (f" ({place})" if place else "")


def _line(text: str) -> str:
    return bounded(without_addresses(text[: LONGEST_REASON * 4]), LONGEST_REASON)


def _excerpt(body: str | bytes | Mapping[str, Any]) -> str:
    if isinstance(body, bytes):
        text = body[: LONGEST_EXCERPT * 4].decode(errors="replace")
    elif isinstance(body, str):
        text = body
    else:
        try:
            text = json.dumps(body, default=str)
        except (TypeError, ValueError, RecursionError):
            text = "an event that is no JSON"
    # Cut before and after: an address cut in two at the end would not be recognised, so more is masked than is kept.
    return bounded(without_addresses(text[: LONGEST_EXCERPT * 4]), LONGEST_EXCERPT)
