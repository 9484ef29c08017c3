"""Identities of many regions that answer as told, a DNS that does too, and a table kept in memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from ses_monitor.audit.identities.run import Assignment, Declared, Outcome, Sources, audit_identities
from ses_monitor.collect.identities import Breadth, Listed
from ses_monitor.core.dns import Answer, DomainProof, Question
from ses_monitor.core.dns import Outcome as Said
from ses_monitor.core.identity import ConfigurationSet, Details, Identity, IdentityKind
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.identity_run import IdentityRun, Task
from ses_monitor.core.model import Account, SendPoint
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.stored import Phase
from tests.audit.world import MemoryStore
from tests.build import (
    ACCOUNT_ID,
    HEALTHY_ACCOUNT,
    HEALTHY_DETAILS,
    HEALTHY_DOMAIN,
    HEALTHY_FEEDBACK,
    HEALTHY_MAIL_FROM,
    HEALTHY_SET,
    NOW,
)

HOUR = timedelta(hours=1)
HERE = "eu-west-1"
FAILED = Missing(Blindness.THROTTLED, "it was throttled")
NO_ZONE = Missing(Blindness.TIMED_OUT, "the zone could not be found out")


def domain(name: str, **facts: Any) -> Identity:
    """A healthy domain, but for these facts; its bounces and complaints go to a topic."""
    known: dict[str, Any] = {
        key: each if isinstance(each, (Known, Missing, str)) else Known(each) for key, each in facts.items()
    }
    return replace(HEALTHY_DOMAIN, name=name, **known)


def address(name: str, **facts: Any) -> Identity:
    return replace(
        domain(name, **facts), kind=IdentityKind.EMAIL_ADDRESS, mail_from=Known(None), feedback=Known(HEALTHY_FEEDBACK)
    )


REJECTING = replace(HEALTHY_MAIL_FROM, status="FAILED", on_mx_failure="REJECT_MESSAGE")
OPEN_POLICY = replace(
    HEALTHY_DETAILS,
    policies=Known(
        {"p": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": "*"}]}'}
    ),
)


@dataclass
class MemoryIdentityStore(MemoryStore):
    """Keeps what `IdentityTable` keeps, with its guards; `fails_at` makes one write fail, counted from now."""

    identities: dict[tuple[str, str], IdentityState] = field(default_factory=dict)
    identity_runs_: dict[str, IdentityRun] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    asked_everywhere: list[str] = field(default_factory=list)
    fails_at: int | None = None

    def identity_states(self, region: str) -> list[IdentityState]:
        return [state for (where, _), state in sorted(self.identities.items()) if where == region]

    def identity_everywhere(self, name: str) -> list[IdentityState]:
        self.asked_everywhere.append(name)
        return [state for (_, which), state in sorted(self.identities.items()) if which == name]

    def save_identity_state(self, state: IdentityState, before: IdentityState | None) -> bool:
        key, stored = (state.region, state.name), self.identities.get((state.region, state.name))
        if before is not None and replace(state, revision=before.revision) == before:
            return True
        if (stored.revision if stored else 0) != (before.revision if before else 0):
            return False
        self._note("identity")
        self.identities[key] = replace(state, revision=(before.revision if before else 0) + 1)
        return True

    def delete_identity_state(self, state: IdentityState) -> bool:
        self._note("identity")
        return self.identities.pop((state.region, state.name), None) is not None

    def identity_runs(self) -> Mapping[str, IdentityRun]:
        return dict(self.identity_runs_)

    def identity_run(self, region: str) -> IdentityRun | None:
        return self.identity_runs_.get(region)

    def save_identity_run(self, run: IdentityRun, before: IdentityRun | None) -> IdentityRun | None:
        stored = self.identity_runs_.get(run.region)
        if (stored.revision if stored else 0) != (before.revision if before else 0):
            return None
        self._note("run")
        self.identity_runs_[run.region] = replace(run, revision=(before.revision if before else 0) + 1)
        return self.identity_runs_[run.region]

    def delete_identity_run(self, region: str) -> None:
        self._note("run")
        self.identity_runs_.pop(region, None)

    def save_region_state(self, state: Any, before: Any) -> bool:
        stored = self.states.get(state.region)
        if (stored.revision if stored else 0) != (before.revision if before else 0):
            return False
        if before is None or replace(state, revision=before.revision) != before:
            self._note("region")
            super().save_region_state(state, before)
        return True

    def save(self, settlement: Any) -> Any:
        for _ in (*settlement.changes, *settlement.quiet, *settlement.forget):
            self._note("finding")
        return super().save(settlement)

    def tags(self, region: str = HERE) -> dict[str, set[str]]:
        """What is open, by subject."""
        found: dict[str, set[str]] = {}
        for each in self.table.values():
            if each.phase is Phase.OPEN and each.region == region:
                found.setdefault(each.subject, set()).add(each.tag)
        return found

    def _note(self, what: str) -> None:
        self.written.append(what)
        if self.fails_at is not None:
            self.fails_at -= 1
            if self.fails_at < 0:
                raise ConnectionError("the table is down")


@dataclass
class IdentityWorld:
    """What SES and the DNS would answer. `failing` names reads that fail; every call is counted."""

    regions: dict[str, dict[str, Identity]] = field(default_factory=lambda: {HERE: {}})
    sets: dict[str, dict[str, ConfigurationSet]] = field(default_factory=dict)
    accounts: dict[str, Observed[Account]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    vanished: set[str] = field(default_factory=set)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    on_call: Callable[[str], None] = lambda _: None

    def put(self, *identities: Identity, region: str = HERE) -> None:
        self.regions.setdefault(region, {}).update({each.name: each for each in identities})

    def count(self, *whats: str) -> int:
        return sum(what in whats for what, _ in self.calls)

    def looked_at(self) -> list[str]:
        return [name for what, name in self.calls if what == "details"]

    def list_identities(self, region: str) -> Observed[tuple[Listed, ...]]:
        self._call("list", region)
        if "list" in self.failing:
            return FAILED
        found = sorted(self.regions.get(region, {}).values(), key=lambda each: each.name)
        return Known(tuple(Listed(each.name, each.kind, each.verification_status) for each in found))

    def breadth(self, region: str, names: Sequence[str]) -> Mapping[str, Breadth]:
        assert len(names) <= 100
        if not names:
            return {}
        self._call("breadth", tuple(names))
        found = {name: self.regions[region][name] for name in names}
        return {
            name: Breadth(
                FAILED if "txt_token" in self.failing else each.txt_token,
                FAILED if "dkim" in self.failing else each.dkim,
                FAILED if "mail_from" in self.failing else each.mail_from,
                FAILED if "feedback" in self.failing else each.feedback,
            )
            for name, each in found.items()
        }

    def details(self, region: str, name: str) -> Observed[Details]:
        self._call("details", name)
        return FAILED if {"details", name} & self.failing else self.regions[region][name].details

    def list_configuration_sets(self, region: str) -> Observed[tuple[str, ...]]:
        self._call("sets", region)
        return FAILED if "sets" in self.failing else Known(tuple(sorted(self.sets.get(region, {}))))

    def configuration_set(self, region: str, name: str, default_of: tuple[str, ...] = ()) -> Observed[ConfigurationSet]:
        self._call("set", name)
        if "set" in self.failing:
            return FAILED
        return Known(replace(self.sets[region][name], default_of=default_of))

    def account(self, region: str) -> Observed[Account]:
        self._call("account", region)
        return FAILED if "account" in self.failing else self.accounts.get(region, Known(HEALTHY_ACCOUNT))

    def statistics(self, region: str) -> Observed[tuple[SendPoint, ...]]:
        self._call("statistics", region)
        return Known(())

    def prove(
        self, domains: Mapping[str, Sequence[Question]], known: Mapping[str, DomainProof]
    ) -> Mapping[str, DomainProof]:
        """A domain that vanished does not exist; of any other nothing can be found out."""
        for name, questions in domains.items():
            self._call("prove", (name, tuple(questions)))
        if "dns" in self.failing:
            raise OSError("no network")
        proofs = dict(known)
        for name in domains:
            said = Said.NO_SUCH_NAME if name in self.vanished else Said.FOUND
            proofs[name] = DomainProof(name, Answer(said), NO_ZONE)
        return proofs

    def _call(self, what: str, about: Any) -> None:
        self.on_call(what)
        self.calls.append((what, about))


@dataclass
class IdentityMonitor:
    """Audits `world` into `store`, one hour after the other, through a queue."""

    world: IdentityWorld = field(default_factory=IdentityWorld)
    store: MemoryIdentityStore = field(default_factory=MemoryIdentityStore)
    queue: list[Task] = field(default_factory=list)
    now: Any = NOW
    seconds: float = 600.0
    run: int = 0
    clock: Callable[[], float] = lambda: 0.0
    crashed: list[tuple[str, BaseException]] = field(default_factory=list)
    sending: frozenset[str] = frozenset()

    def audit(self, *regions: str, after: timedelta = HOUR, legs: int = 100) -> list[Outcome]:
        """One hour: plan the regions, and work the queue until it is empty, or so many messages of it."""
        self.now += after
        self.run += 1
        self.queue += [Task(region, f"run-{self.run}") for region in regions or (HERE,)]
        return self.work_queue(legs)

    def work_queue(self, legs: int = 100) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while self.queue and len(outcomes) < legs:
            self.now += timedelta(seconds=1)
            outcomes.append(self.work(self.queue[0]))
            self.queue.pop(0)
        return outcomes

    def work(self, task: Task) -> Outcome:
        def note(region: str, error: BaseException) -> None:
            self.crashed.append((region, error))

        sources = Sources(self.world, self.world, self.world.prove, self.queue.append)
        assignment = Assignment(task, ACCOUNT_ID, self.now, self.seconds, Declared(self.sending), self.clock)
        return audit_identities(sources, self.store, assignment, note)

    def settled(self) -> "IdentityMonitor":
        """Let the first audit pass: what it finds is told in its summary."""
        self.audit()
        self.audit()
        self.world.calls.clear()
        return self


def told(outcomes: Iterable[Outcome]) -> list[tuple[str, str, str]]:
    changes = [change for outcome in outcomes for change in outcome.changes]
    return sorted((change.subject, change.transition.value, change.tag) for change in changes)


SET = HEALTHY_SET
