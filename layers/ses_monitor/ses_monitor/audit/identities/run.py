"""The audit of one region's identities and configuration sets: breadth first, depth and DNS where they matter.

A run works chunk by chunk, each settled by itself, and goes on through the queue when its time is nearly over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from ses_monitor import checks
from ses_monitor.audit.dns_once import Prover
from ses_monitor.audit.identities.chunk import MOST_EXTRA, Chunks, Span
from ses_monitor.audit.identities.facts import Crashed, DepthReader, DnsReader, Elsewheres
from ses_monitor.audit.identities.finish import first_is_over, is_first, judge_region, tell_first, told_before
from ses_monitor.audit.identities.ledger import Ledger
from ses_monitor.audit.identities.notes import Notes
from ses_monitor.audit.identities.sets import FAMILY as OF_SETS
from ses_monitor.audit.identities.sets import KnownOf, SetsRead, defaults, read_sets
from ses_monitor.audit.identities.snapshot import AccountReads, is_sandboxed, region_snapshot
from ses_monitor.audit.identities.store import IdentityStore
from ses_monitor.collect.identities import BATCH, IdentityReader, Listed
from ses_monitor.core.engine import run
from ses_monitor.core.identity import Identity
from ses_monitor.core.identity_run import IdentityRun, Stage, Task, claim, place
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Known, Missing, Observed
from ses_monitor.core.region_state import RunRecord
from ses_monitor.core.stored import Change

FUNCTION = "audit_identities"


class NoProgressError(Exception):
    """A run's time was over before it had done anything: going on through the queue would never end."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a run reads, and where it puts what is left when its time is over."""

    identities: IdentityReader
    accounts: AccountReads
    prover: Prover
    go_on: Callable[[Task], None]


@dataclass(frozen=True, slots=True)
class Declared:
    """What the operator says of the account: where it is meant to send, and which other accounts may send for it."""

    sending_regions: frozenset[str] = frozenset()
    trusted_accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Assignment:
    """One message to work. `now` (UTC) is the time of all snapshots; after `seconds` no read is begun any more."""

    task: Task
    account_id: str
    now: datetime
    seconds: float
    declared: Declared = field(default_factory=Declared)
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one message came to. `skipped` says why it was not worked; `goes_on` is what was put on the queue."""

    skipped: str = ""
    run: RunRecord | None = None
    changes: tuple[Change, ...] = ()
    crashes: int = 0
    goes_on: Task | None = None


def audit_identities(sources: Sources, store: IdentityStore, assignment: Assignment, crashed: Crashed) -> Outcome:
    """Work one message: from its place on until the region's end or until time is nearly over.

    Raises:
        NoProgressError: time was over before anything was done.
        botocore.exceptions.ClientError: the table or the queue failed; the message, tried again, does the rest.
    """
    began = assignment.clock()
    task = assignment.task
    before = store.identity_run(task.region)
    claimed = claim(before, task, assignment.now)
    if isinstance(claimed, str):
        return Outcome(skipped=claimed)
    going = store.save_identity_run(claimed, before)
    if going is None:
        return Outcome(skipped="another run has begun at the same moment")
    leg = _Leg(sources, store, assignment, going, lambda: assignment.clock() - began >= assignment.seconds, crashed)
    return leg.work()


class _Leg:
    """One message's part of a run."""

    def __init__(  # noqa: PLR0917 - made in one place, above
        self,
        sources: Sources,
        store: IdentityStore,
        assignment: Assignment,
        going: IdentityRun,
        is_over: Callable[[], bool],
        crashed: Crashed,
    ) -> None:
        self._sources = sources
        self._store = store
        self._assignment = assignment
        self._run = going
        self._is_over = is_over
        self._crashed = crashed
        self._region = going.region
        self._states = store.region_states()
        self._first = is_first(self._states.get(going.region))
        self._mutes = store.mutes(assignment.now)
        self._ledger = Ledger(store, going.region, self._mutes)
        self._told = told_before(going, self._ledger.open())
        self._elsewheres = Elsewheres(store, going.region, self._states)
        self._notes = Notes()
        self._progress = False

    def work(self) -> Outcome:
        """Read, check and store until the end or until time is over; then say so, and put the rest on the queue."""
        began = time.monotonic()
        task = self._assignment.task
        rest: Task | None = None
        with ThreadPoolExecutor(max_workers=2, thread_name_prefix=f"identities {self._region}") as pool:
            sets = pool.submit(self._read_sets)
            listing = self._sources.identities.list_identities(self._region)
            base = self._base(listing)
            if isinstance(listing, Missing):
                self._notes.add(self._region, run(checks.of_scopes(Scope.IDENTITY), base))
                seen: Observed[tuple[Identity, ...]] = listing
            else:
                chunks = self._chunks(base, listing.value, sets)
                rest = self._work_through(chunks, pool)
                seen = Known(chunks.as_seen())
            if task.stage is Stage.IDENTITIES and (rest is None or rest.stage is Stage.DAILY):
                self._settle_sets(replace(base, identities=seen), sets.result())
        if rest is not None and not self._progress:
            raise NoProgressError(f"the audit of {self._region} did nothing within {self._assignment.seconds:.0f} s")
        complete = rest is None and isinstance(listing, Known)
        self._tell(complete=complete)
        if rest is None:
            self._end(len(self._unlooked(listing)), complete=complete)
        record = self._record(time.monotonic() - began, complete=complete)
        self._store.save_run(record)
        if rest is not None:
            self._sources.go_on(rest)
        return Outcome("", record, tuple(self._ledger.changes), self._notes.crashes, rest)

    def _base(self, listing: Observed[tuple[Listed, ...]]) -> Snapshot:
        region, assignment = self._region, self._assignment
        blank = Snapshot(
            assignment.account_id,
            region,
            assignment.now,
            listed_as_sending=region in assignment.declared.sending_regions,
            trusted_accounts=assignment.declared.trusted_accounts,
        )
        production = self._elsewheres.production()
        base = region_snapshot(self._sources.accounts, self._states.get(region), blank, listing, production)
        return replace(base, identities=listing) if isinstance(listing, Missing) else base

    def _chunks(self, base: Snapshot, listing: Sequence[Listed], sets: Future[SetsRead]) -> Chunks:
        in_order = sorted(listing, key=lambda listed: place(listed.name))
        return Chunks(
            reader=self._sources.identities,
            base=base,
            sets=sets,
            listed={listed.name: listed for listed in in_order},
            ledger=self._ledger,
            depth=DepthReader(self._sources.identities, self._region),
            dns=DnsReader(self._sources.prover, self._region, self._crashed),
            elsewheres=self._elsewheres,
            turn=self._run.turn,
            first_audit=self._first,
            sandboxed=is_sandboxed(base),
            is_over=self._is_over,
            notes=self._notes,
            extra=MOST_EXTRA,
        )

    def _work_through(self, chunks: Chunks, pool: ThreadPoolExecutor) -> Task | None:
        """Work both stages from the task's place on; return where to go on when time was over."""
        task = self._assignment.task
        if task.stage is Stage.DAILY:
            waiting = chunks.waiting(_after(chunks.listed, task.after))
            return self._work_daily(chunks, waiting, task.after)
        names = _after(chunks.listed, task.after)
        ahead = set(names)
        earlier = [name for name in chunks.listed if name not in ahead]
        room = chunks.extra
        if earlier:
            # The room is for those whom the run's first leg has put off; it is theirs again below.
            chunks.extra = 0
        rest = self._work_identities(chunks, pool, names, task.after)
        if rest is not None:
            return rest
        chunks.extra = room if earlier else chunks.extra
        return self._work_daily(chunks, [*chunks.waiting(earlier), *chunks.deferred], None)

    def _work_identities(
        self, chunks: Chunks, pool: ThreadPoolExecutor, names: Sequence[str], after: str | None
    ) -> Task | None:
        task = self._assignment.task
        groups = _groups(names)
        ahead = pool.submit(chunks.read, groups[0]) if groups else None
        for number, group in enumerate(groups):
            if self._is_over() or ahead is None:
                return replace(task, after=after)
            breadth = ahead
            is_last = number + 1 == len(groups)
            # While this chunk is looked at closely, the next is read in breadth: they are different budgets.
            ahead = None if is_last else pool.submit(chunks.read, groups[number + 1])
            last = chunks.work(group, breadth, Span(after, group[-1]))
            if last is None:
                return replace(task, after=after)
            self._progress, after = True, last
            if last != group[-1]:
                return replace(task, after=after)
        chunks.close(Span(after, None))
        return None

    def _work_daily(self, chunks: Chunks, names: Sequence[str], after: str | None) -> Task | None:
        here = replace(self._assignment.task, stage=Stage.DAILY, after=after)
        for group in _groups(names):
            last = None if self._is_over() else chunks.look(group)
            if last is None:
                return here
            self._progress, here = True, replace(here, after=last)
            if last != group[-1]:
                return here
        return None

    def _read_sets(self) -> SetsRead:
        broken = {each.subject for each in self._ledger.open() if each.check_id.startswith(f"{OF_SETS}.")}
        known = KnownOf(defaults(self._ledger.identities.values()), broken, self._run.turn)
        return read_sets(self._sources.identities, self._region, known, self._is_over)

    def _settle_sets(self, base: Snapshot, read: SetsRead) -> None:
        default_of = defaults(self._ledger.identities.values())
        sets = read.sets
        if isinstance(sets, Known):
            sets = Known(tuple(replace(each, default_of=default_of.get(each.name, ())) for each in sets.value))
        snapshot = replace(base, configuration_sets=sets)
        evaluations = tuple(run(checks.of_scopes(Scope.CONFIGURATION_SET), snapshot))
        self._ledger.settle(
            snapshot,
            evaluations,
            scope=Scope.CONFIGURATION_SET,
            concerns=read.concerns,
            first_audit=self._first,
        )
        self._notes.add(self._region, evaluations)

    def _unlooked(self, listing: Observed[tuple[Listed, ...]]) -> list[str]:
        states = self._ledger.identities
        listed = listing.value if isinstance(listing, Known) else ()
        return [each.name for each in listed if each.name not in states or not states[each.name].looked_at]

    def _tell(self, *, complete: bool) -> None:
        """Let people know: the summary of a first audit, and the region's verdict."""
        over = False
        if complete and self._first:
            tell_first(self._store, self._assignment.account_id, self._ledger.open(), self._told, self._mutes)
            over = first_is_over(self._run)
        causes = self._ledger.causes()
        if not judge_region(self._store, self._region, causes, self._assignment.now, first_is_over=over):
            self._ledger.conflicts += 1

    def _end(self, unlooked: int, *, complete: bool) -> None:
        ended = replace(self._run, ended=True)
        if complete:
            told_at = self._assignment.now if self._first else self._run.told_at
            ended = replace(ended, turn=self._run.turn + 1, unlooked=unlooked, told_at=told_at)
        self._store.save_identity_run(ended, self._run)

    def _record(self, seconds: float, *, complete: bool) -> RunRecord:
        return RunRecord(
            function=FUNCTION,
            started_at=self._assignment.now,
            duration_ms=int(seconds * 1000),
            regions=(self._region,),
            skipped=(),
            unseen=self._notes.all(self._region),
            changes=len(self._ledger.changes),
            conflicts=self._ledger.conflicts,
            complete=complete,
        )


def _after(listed: Mapping[str, Listed], after: str | None) -> list[str]:
    names = list(listed)
    return names if after is None else [name for name in names if place(name) > place(after)]


def _groups(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[first : first + BATCH] for first in range(0, len(names), BATCH)]
