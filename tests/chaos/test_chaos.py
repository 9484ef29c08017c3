"""Weeks of faults, deployed: nothing is lost, counted twice, told wrongly or concluded from not having looked.

Two monitors live through the same world, one in all weather (weather.py has its kinds), the other in none; at calm
points they must be alike. What holds all the time stands in invariants.py, and `python -m tests.chaos --seed 7 --days
14` lives through other weeks: a seed and a number of days are always the same script, but for the date it begins at.
The threads of the functions are not drawn: a run that failed may need to be repeated more than once.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from simulator.feedback_traffic import Traffic, traffic
from tests.chaos import invariants
from tests.chaos.observed import Blind
from tests.chaos.run import run
from tests.chaos.script import HOURS, SLOWNESS, STEP, Step, tomorrow
from tests.chaos.side import Side
from tests.chaos.weather import OF_AUDITS, Kind, Laid
from tests.chaos.world import SECOND, SENDERS, Turn

pytestmark = pytest.mark.e2e

SEEDS = (1,)
DAYS = 7


@pytest.mark.parametrize("seed", SEEDS)
def test_weeks_of_faults_leave_the_monitor_as_weeks_without_them(seed: int, request: pytest.FixtureRequest) -> None:
    outcome = run(seed, DAYS)
    _say(request.config, f"chaos: {outcome.figures()}")
    again = f"python -m tests.chaos --seed {seed} --days {DAYS}"
    assert not outcome.violations, f"again: {again}\n" + "\n".join(outcome.violations[:40])


def _say(config: pytest.Config, line: str) -> None:
    """Write to the log of the whole run, which a seed belongs to whether it passed or not."""
    terminal, capture = (config.pluginmanager.get_plugin(name) for name in ("terminalreporter", "capturemanager"))
    if terminal is not None and capture is not None:  # a worker of xdist has none
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"\n{line}")


BREAKS = {
    # What could not be observed is taken for healthy.
    "core/engine.py": (
        "Evaluation(check.id, subject.name, unknown=blind.missing)",
        "Evaluation(check.id, subject.name)",
    ),
    # What was counted already is counted again.
    "store/feedback_ledger.py": (
        "if entry.mark in chain.seen or (not entry.named and entry.named_mark in chain.seen):",
        "if not entry.mark:",
    ),
}


def break_it(package: Path) -> None:
    for name, (rule, broken) in BREAKS.items():
        code = (package / name).read_text(encoding="utf-8")
        assert code.count(rule) == 1, f"{name} is another than this test knows"
        (package / name).write_text(code.replace(rule, broken), encoding="utf-8")


def test_a_monitor_that_is_broken_is_found_to_be() -> None:
    """Deployed with two bugs, each of which people would make; the steps after it are as of any script."""
    start = tomorrow()
    throttled = Kind("SES throttles", _throttled)
    again = Kind("old feedback", lambda _side, _chance: Laid(needs=frozenset({"old feedback"})))
    paused = Turn("sending paused", lambda world: world.account(SECOND, sending_enabled=False))
    steps = [
        _step(0, start, turns=(paused,)),
        _step(1, start),
        _step(2, start, weather=(throttled, again)),
    ]
    side = Side("broken", 1)
    with side.monitor:
        side.prepare()
        found: list[list[str]] = []
        for step in steps:
            if step.number == 2:
                side.monitor.deploy_new_version(break_it)
            side.begin(step)
            before = side.look(step, deep=False)
            blind = side.live(step, stormy=True)
            look = side.look(step, deep=False)
            side.lift(step)
            found.append(invariants.after_step(before, look, blind, side.published, side.excused))
    assert found[:2] == [[], []]
    assert "SENDING_PAUSED of account in us-east-1 resolved, and nobody could see it" in found[2]
    assert [each for each in found[2] if "were counted" in each]


def _throttled(side: Side, _: object) -> Laid:
    side.simulator.fault(SECOND, kind="throttle")
    return Laid((Blind(OF_AUDITS, SECOND, account=True),), lambda: side.simulator.heal(SECOND))


def _step(number: int, start: datetime, turns: tuple[Turn, ...] = (), weather: tuple[Kind, ...] = ()) -> Step:
    at = start + number * STEP
    return Step(number, at, turns, weather, _mails(number, at), refused=False, calm=False)


def _mails(number: int, at: datetime) -> Traffic:
    return traffic(number, 12, senders=SENDERS, start=at, hours=HOURS, duplicates=0.0, slowness=SLOWNESS)
