"""Regions that answer as told, and a table kept in memory, for audits from end to end."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from threading import Event
from typing import Any

from ses_monitor.audit.accounts import Outcome, Plan, audit_accounts
from ses_monitor.collect.regions import Regions
from ses_monitor.core.model import Account, Quota, Reputation, SendPoint
from ses_monitor.core.observed import Known, Missing, Observed
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RegionState, RunRecord
from ses_monitor.core.settle import Settlement, Write
from ses_monitor.core.stored import Baseline, Change, Phase, Stored
from ses_monitor.core.verdict import Verdict
from tests.build import ACCOUNT_ID, HEALTHY_ACCOUNT, HEALTHY_REPUTATION, NOW, SENT_EVENLY

AUDIT = timedelta(minutes=5)
REGIONS = ("eu-west-1", "us-east-1", "us-west-2")
Key = tuple[str, str, str, str]


class TableDownError(Exception):
    """The table cannot be written."""


@dataclass(frozen=True)
class SavedInMemory:
    recorded: Sequence[Change]
    conflicts: int


@dataclass
class MemoryStore:
    """Keeps what the table keeps, with its guards: a write must be based on what is stored."""

    table: dict[Key, Stored] = field(default_factory=dict)
    states: dict[str, RegionState] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    runs: list[RunRecord] = field(default_factory=list)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    snapshots: list[tuple[str, AccountFacts]] = field(default_factory=list)
    mutes_in_force: list[Mute] = field(default_factory=list)
    down_for: set[str] = field(default_factory=set)

    def findings(self, family: str, region: str | None = None) -> list[Stored]:
        return [
            each
            for each in self.table.values()
            if each.check_id.startswith(f"{family}.") and region in {None, each.region}
        ]

    def region_states(self) -> Mapping[str, RegionState]:
        return dict(self.states)

    def mutes(self, now: datetime) -> Sequence[Mute]:
        return [mute for mute in self.mutes_in_force if now < mute.expires_at]

    def save(self, settlement: Settlement) -> SavedInMemory:
        recorded, conflicts = [], 0
        for one in settlement.changes:
            if one.change.region in self.down_for:
                raise TableDownError
            if all(self._is_current(write) for write in one.writes):
                self._write(one.writes)
                recorded.append(one.change)
            else:
                conflicts += 1
        for write in settlement.quiet:
            if self._is_current(write):
                self._write([write])
            else:
                conflicts += 1
        for gone in settlement.forget:
            self.table.pop(_key(gone), None)
        self.changes += recorded
        return SavedInMemory(recorded, conflicts)

    def save_baseline(self, baseline: Baseline) -> bool:
        if baseline.baseline_id in self.baselines:
            return False
        self.baselines[baseline.baseline_id] = baseline
        return True

    def save_region_state(self, state: RegionState, before: RegionState | None) -> bool:
        if state == before:
            return False
        self.states[state.region] = replace(state, revision=state.revision + 1)
        return True

    def delete_region_state(self, region: str) -> None:
        self.states.pop(region, None)

    def save_account_snapshot(self, region: str, facts: AccountFacts, before: AccountFacts | None) -> bool:
        if before is not None and replace(facts, seen_at=before.seen_at) == before:
            return False
        self.snapshots.append((region, facts))
        return True

    def save_run(self, run: RunRecord) -> None:
        self.runs.append(run)

    def open(self) -> set[tuple[str, str]]:
        return {(each.region, each.tag) for each in self.table.values() if each.phase is Phase.OPEN}

    def verdict(self, region: str) -> Verdict:
        return self.states[region].verdict

    def _is_current(self, write: Write) -> bool:
        stored = self.table.get(_key(write.after))
        return (stored.version if stored else None) == (write.before.version if write.before else None)

    def _write(self, writes: Sequence[Write]) -> None:
        for write in writes:
            self.table[_key(write.after)] = write.after


def _key(stored: Stored) -> Key:
    return stored.region, stored.check_id, stored.subject, stored.tag


@dataclass
class World:
    """What SES would answer in each region; a region may hang until it is let go, or crash its reader."""

    accounts: dict[str, Observed[Account]] = field(default_factory=dict)
    rates: dict[str, Observed[Reputation]] = field(default_factory=dict)
    verified: dict[str, Observed[bool]] = field(default_factory=dict)
    sent: Observed[tuple[SendPoint, ...]] = SENT_EVENLY
    hanging: set[str] = field(default_factory=set)
    crashing: set[str] = field(default_factory=set)
    released: Event = field(default_factory=Event)

    def account(self, region: str) -> Observed[Account]:
        if region in self.hanging:
            self.released.wait()
        if region in self.crashing:
            raise ZeroDivisionError(region)
        return self.accounts.get(region, Known(HEALTHY_ACCOUNT))

    def statistics(self, region: str) -> Observed[tuple[SendPoint, ...]]:
        del region
        return self.sent

    def has_verified_identity(self, region: str) -> Observed[bool]:
        return self.verified.get(region, Known(value=True))

    def reputation(self, region: str, now: datetime) -> Observed[Reputation]:
        del now
        return self.rates.get(region, Known(HEALTHY_REPUTATION))


@dataclass
class Monitor:
    """Audits `world` into `store`, one audit after the other."""

    world: World = field(default_factory=World)
    store: MemoryStore = field(default_factory=MemoryStore)
    regions: Regions = field(default_factory=lambda: Regions(REGIONS, (), Known(frozenset(REGIONS))))
    sending: frozenset[str] = frozenset()
    now: datetime = NOW
    crashed: list[tuple[str, BaseException]] = field(default_factory=list)

    def plan(self, seconds: float = 30) -> Plan:
        return Plan(ACCOUNT_ID, "eu-west-1", self.regions, self.sending, self.now, seconds)

    def audit(self, *, after: timedelta = AUDIT, seconds: float = 30) -> Outcome:
        self.now += after

        def note(region: str, error: BaseException) -> None:
            self.crashed.append((region, error))

        return audit_accounts(self.world, self.store, self.plan(seconds), note)


def patience(world: World, given: int | None = None) -> Callable[..., Iterator[Future[Any]]]:
    """Stand in for `as_completed`, without a clock: time is up once all regions that do not hang are read.

    Until then it gives out `given` of them, as if the caller had been busy with those all the time.
    """

    def until_time_is_up(futures: Collection[Future[Any]], timeout: float) -> Iterator[Future[Any]]:
        assert timeout > 0
        read = as_completed(futures)
        quick = len(futures) - len(world.hanging)
        yield from islice(read, quick if given is None else given)
        for _ in islice(read, 0 if given is None else quick - given):
            pass
        raise TimeoutError

    return until_time_is_up


def account(**facts: object) -> Known[Account]:
    known = {key: value if isinstance(value, (Known, Missing)) else Known(value) for key, value in facts.items()}
    return Known(replace(HEALTHY_ACCOUNT, **known))  # type: ignore[arg-type]  # each fact is of its own type


IN_SANDBOX = account(production_access=False, review=None, quota=Quota(200, 1, 0))


def words(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    return sorted((change.region, change.transition.value, change.tag) for change in changes)
