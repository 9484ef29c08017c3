"""The world while it runs: changed by the demo and the tests, read by many server threads at once."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from simulator.strict_yaml import parse
from simulator.world import Fault, WorldFacts, ses_regions

Clock = Callable[[], datetime]

EVERY_REGION = "*"


def utc_now() -> datetime:
    """The time, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Running:
    fault: Fault
    left: int | None  # requests until it heals; None: it does not


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the faults of a region make of one request."""

    delay_s: float = 0.0
    fault: Fault | None = None


class LiveWorld:
    """A WorldFacts that changes. Every method may be called from any thread."""

    def __init__(self, facts: WorldFacts, clock: Clock = utc_now) -> None:
        self._lock = threading.RLock()
        self._facts = facts
        self._clock = clock
        self._running: dict[str, list[_Running]] = {}

    def now(self) -> datetime:
        """The world's time, which the relative facts (hours ago) count from."""
        return self._clock()

    @property
    def facts(self) -> WorldFacts:
        """What is true at this moment; an unchanging value."""
        with self._lock:
            return self._facts

    def change(self, region: str, **change: object) -> None:
        """Lay facts, as they would stand in YAML, over a region's: `change("eu-west-1", account={"enforcement": …})`.

        Lists replace the old ones; new `faults` start afresh. Raises WorldError and changes nothing if they are wrong.
        """
        with self._lock:
            self._facts = self._facts.changed(region, change)
            if "faults" in change:
                self._running.pop(region, None)

    def rewrite(self, region: str, edit: Callable[[WorldFacts], Mapping[str, object]]) -> None:
        """Change a region by what `edit` makes of the facts as they are; no other change comes between.

        What `edit` raises is raised, and nothing is changed.
        """
        with self._lock:
            self.change(region, **edit(self._facts))

    def change_dns(self, change: Mapping[str, object]) -> None:
        """Lay facts over the world's DNS. Raises WorldError and changes nothing if they are wrong."""
        with self._lock:
            self._facts = self._facts.with_dns(change)

    def fault(self, region: str, operation: str = "*", **fault: object) -> None:
        """Add a fault to a region (`*`: to every SES region), e.g. `fault("eu-west-1", kind="deny", times=3)`."""
        added = parse(Fault, {"operation": operation, **fault}, "fault")
        with self._lock:
            for name in self._names(region):
                self._of(name).append(_Running(added, added.times))

    def heal(self, region: str = EVERY_REGION, operation: str | None = None) -> None:
        """Remove a region's faults (`*`: of every region), or only those of one operation."""
        with self._lock:
            for name in self._names(region):
                kept = [] if operation is None else [r for r in self._of(name) if r.fault.operation != operation]
                self._running[name] = kept

    def trouble(self, region: str, operation: str, *, general: bool) -> Trouble:
        """What goes wrong with this request; uses up one of each `times`.

        `general` says whether faults of `*` concern the operation.
        """
        with self._lock:
            met = [
                running
                for running in self._of(region)
                if running.fault.operation == operation or (general and running.fault.operation == "*")
            ]
            delays = [running for running in met if running.fault.kind is None]
            kinds = [running for running in met if running.fault.kind is not None][:1]
            for running in (*delays, *kinds):
                if running.left is not None:
                    running.left -= 1
            self._running[region] = [r for r in self._of(region) if r.left is None or r.left > 0]
        delay_ms = sum(running.fault.delay_ms for running in (*delays, *kinds))
        return Trouble(delay_ms / 1000, kinds[0].fault if kinds else None)

    def faults(self, region: str) -> tuple[Fault, ...]:
        """The faults that still stand in a region, `times` counted down."""
        with self._lock:
            return tuple(replace(running.fault, times=running.left) for running in self._of(region))

    def _of(self, region: str) -> list[_Running]:
        if region not in self._running:
            self._running[region] = [_Running(f, f.times) for f in self._facts.region(region).faults]
        return self._running[region]

    def _names(self, region: str) -> Iterable[str]:
        return ses_regions() if region == EVERY_REGION else (region,)
