"""A made-up family of tags, and a table kept in a dictionary, to follow findings through many audits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ses_monitor.core.check import Diagnosis, Finding, Step
from ses_monitor.core.engine import ALL, Evaluation
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Missing
from ses_monitor.core.policy import Mute
from ses_monitor.core.settle import Rules, Settlement, settle
from ses_monitor.core.stored import Change, Phase, Stored, Transition
from tests.build import HEALTHY, NOW, THROTTLED

Key = tuple[str, str, str]

STEP = (Step("Mend it."),)
MILD = Diagnosis("MILD", (Severity.WARNING, Severity.ERROR), "mild", "c", STEP, aspect="a")
BAD = Diagnosis("BAD", (Severity.CRITICAL,), "bad", "c", STEP, aspect="a")
PLAIN = Diagnosis("PLAIN", (Severity.ERROR,), "plain", "c", STEP, aspect="a")
SLOW = Diagnosis("SLOW", (Severity.ERROR,), "slow", "c", STEP, aspect="a", open_after=3, resolve_after=2)
FIGURE = Diagnosis("FIGURE", (Severity.NOTICE,), "{percent:.0f} %", "c", STEP, aspect="b", measures=True)
STICKY = Diagnosis("STICKY", (Severity.ERROR,), "sticky", "c", STEP, aspect="c", open_after=2, resolve_after=3)
FIXED = Diagnosis("FIXED", (Severity.NOTICE,), "{percent:.0f} %", "c", STEP, aspect="d")
DIAGNOSES: Mapping[str, Diagnosis] = {each.tag: each for each in (MILD, BAD, PLAIN, SLOW, FIGURE, STICKY, FIXED)}
LONGEST_STREAK = 3

ONE, TWO = "x.one", "y.two"
CHECKS = frozenset({ONE, TWO})
AUDIT = timedelta(minutes=5)


def found(
    diagnosis: Diagnosis,
    subject: str = "s",
    *,
    severity: Severity | None = None,
    holds_only: bool = False,
    percent: float = 1.0,
) -> Finding:
    return diagnosis.on(HEALTHY, subject, severity=severity, holds_only=holds_only, percent=percent)


def saw(*findings: Finding, check: str = ONE, subject: str = "s", undecided: Iterable[str] = ()) -> Evaluation:
    return Evaluation(check, subject, findings, undecided=dict.fromkeys(undecided, THROTTLED))


def blind(check: str = ONE, subject: str = "s", missing: Missing = THROTTLED) -> Evaluation:
    return Evaluation(check, subject, unknown=missing)


HEALTHY_AGAIN = saw()
NOTHING_LISTED = blind(subject=ALL)


@dataclass
class Life:
    """The states between audits, kept as a table would: each write is guarded by what it is based on."""

    table: dict[Key, Stored] = field(default_factory=dict)
    told: list[Change] = field(default_factory=list)
    now: datetime = NOW
    versions: dict[Key, int] = field(default_factory=dict)

    def audit(
        self,
        *evaluations: Evaluation,
        after: timedelta = AUDIT,
        ran: Iterable[str] = CHECKS,
        mutes: tuple[Mute, ...] = (),
        first: bool = False,
    ) -> list[Change]:
        self.now += after
        rules = Rules(frozenset(ran), DIAGNOSES, mutes, first)
        snapshot = replace(HEALTHY, taken_at=self.now)
        settlement = settle(snapshot, tuple(self.table.values()), evaluations, rules)
        self.store(settlement)
        changes = [recorded.change for recorded in settlement.changes]
        self.told += changes
        return changes

    def store(self, settlement: Settlement) -> None:
        writes = [write for recorded in settlement.changes for write in recorded.writes] + list(settlement.quiet)
        keys = [key_of(write.after) for write in writes] + [key_of(gone) for gone in settlement.forget]
        assert len(set(keys)) == len(keys), "a state is written twice in one settlement"
        for write in writes:
            key = key_of(write.after)
            assert self.table.get(key) == write.before, "a write is not based on what is stored"
            assert write.after.version > self.versions.get(key, 0), "a version did not grow"
            self.table[key] = write.after
            self.versions[key] = write.after.version
        for gone in settlement.forget:
            assert self.table.pop(key_of(gone)) == gone
            del self.versions[key_of(gone)]

    def phase(self, diagnosis: Diagnosis, subject: str = "s", check: str = ONE) -> Phase | None:
        stored = self.table.get((check, subject, diagnosis.tag))
        return stored.phase if stored else None

    def stored(self, diagnosis: Diagnosis, subject: str = "s", check: str = ONE) -> Stored:
        return self.table[check, subject, diagnosis.tag]

    @property
    def open(self) -> set[Key]:
        return {key for key, stored in self.table.items() if stored.phase is Phase.OPEN}


def key_of(stored: Stored) -> Key:
    return stored.check_id, stored.subject, stored.tag


def retold(changes: Iterable[Change]) -> set[Key]:
    """What is open according to somebody who only ever heard the changes."""
    heard: set[Key] = set()
    for change in changes:
        key = (change.check_id, change.subject, change.tag)
        match change.transition:
            case Transition.OPENED:
                assert key not in heard
                heard.add(key)
            case Transition.WORSENED | Transition.EASED:
                heard.remove((change.check_id, change.subject, change.was_tag))
                heard.add(key)
            case Transition.RESOLVED | Transition.GONE:
                heard.remove(key)
    return heard


def words(changes: Iterable[Change]) -> list[tuple[str, str]]:
    return [(change.transition.value, change.tag) for change in changes]
