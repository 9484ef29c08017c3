"""A script, lived through twice: in its weather by one monitor, without it by another, and both compared."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos import invariants
from tests.chaos.observed import Look
from tests.chaos.script import Script, written
from tests.chaos.side import Side
from tests.chaos.weather import KINDS
from tests.security.function_logs import check_function_logs


@dataclass
class Outcome:
    """What a seed came to."""

    script: Script
    violations: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    messages: int = 0
    alerts: int = 0
    events: int = 0
    dead: int = 0
    redriven: int = 0
    log_lines: int = 0
    seconds: float = 0.0

    def figures(self) -> str:
        """Say in one line how much there was of it."""
        failed = ", ".join(f"{count} of {name}" for name, count in sorted(self.errors.items())) or "none"
        return (
            f"seed {self.script.seed}, {self.script.days} days in {len(self.script.steps)} steps:"
            f" {sum(self.met.values())} faults of {len(self.met)} kinds, {self.changes} changes, {self.alerts} alerts,"
            f" {self.messages} messages in the channel, {self.events} events counted, {self.redriven + self.dead} dead"
            f" letters ({self.redriven} brought back), {self.log_lines} log lines; invocations that failed: {failed}; {self.seconds:.0f} s"
        )


class _Twin(threading.Thread):
    """Lives through a script without weather, beside the other one."""

    def __init__(self, side: Side, script: Script) -> None:
        super().__init__(name="twin")
        self._side = side
        self._script = script
        self.looks: dict[int, Look] = {}
        self.wrong: list[str] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for step in self._script.steps:
                self._side.begin(step)
                self._side.live(step, stormy=False)
                if step.calm:
                    look = self._side.look(step, deep=True)
                    self.looks[step.number] = look
                    wrong = invariants.when_calm(look, self._side.published, self._side.excused)
                    self.wrong += [f"step {step.number}, without faults: {each}" for each in wrong]
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            self.error = error


def run(seed: int, days: int, say: Callable[[str], None] = lambda _: None, start: datetime | None = None) -> Outcome:
    """Live through a seed's weeks and return what did not hold."""
    began = time.monotonic()
    script = written(seed, days, KINDS, start)
    outcome = Outcome(script)
    twin_side, side = Side("twin", seed), Side("chaos", seed)
    with twin_side.monitor:
        twin_side.prepare()
        twin = _Twin(twin_side, script)
        twin.start()
        try:
            with side.monitor:
                side.prepare()
                looks = _lived(side, script, outcome, say)
                outcome.log_lines = _read_logs(side, outcome)
        finally:
            twin.join()
        if twin.error is not None:
            raise twin.error
    outcome.violations += twin.wrong
    for number, look in looks.items():
        outcome.violations += [
            f"step {number}, beside the twin: {e}" for e in invariants.like_twin(look, twin.looks[number])
        ]
    outcome.violations += [f"never happened: {kind.name}" for kind in KINDS if not side.met[kind.name]]
    outcome.violations += [] if outcome.redriven else ["never happened: a dead letter that was brought back"]
    outcome.seconds = time.monotonic() - began
    return outcome


def _lived(side: Side, script: Script, outcome: Outcome, say: Callable[[str], None]) -> Mapping[int, Look]:
    looks: dict[int, Look] = {}
    for step in script.steps:
        began = time.monotonic()
        late = side.late
        side.begin(step)
        before = side.look(step, deep=False)
        blind = side.live(step, stormy=True)
        look = side.look(step, deep=step.calm)
        side.lift(step)
        wrong = invariants.after_step(before, look, blind, side.published, side.excused)
        if step.calm:
            wrong += invariants.when_calm(look, side.published, side.excused)
            looks[step.number] = look
        say(f"{step.line(late, side.notes)}  [{time.monotonic() - began:.1f} s]")
        for each in wrong:
            say(f"      ! {each}")
        outcome.violations += [f"step {step.number}: {each}" for each in wrong]
        outcome.changes = len(look.changes)
    outcome.violations[:0] = side.wrong
    outcome.met, outcome.errors = side.met, side.errors
    outcome.alerts, outcome.messages = len(side.told), len(side.simulator.chat.messages)
    outcome.events = sum(sum(counts.values()) for key, counts in side.published.items() if key[1] == "account")
    outcome.dead, outcome.redriven = len(side.dead), side.redriven
    return looks


def _read_logs(side: Side, outcome: Outcome) -> int:
    try:
        return check_function_logs(side.monitor.aws, side.simulator.webhook_url)
    except AssertionError as error:
        outcome.violations.append(str(error))
        return 0
