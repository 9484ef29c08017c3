"""What a seed comes to: step by step what happens in the world, which faults stand meanwhile, and what is sent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulator.feedback_traffic import Traffic, traffic
from tests.chaos.weather import Kind, drawn
from tests.chaos.world import SENDERS, Turn, turns

STEPS_A_DAY = 2
STEP = timedelta(hours=24 / STEPS_A_DAY)
CALM_EVERY = 13
"""Steps from one calm point to the next."""
MAILS = 36
"""Of all senders in a step."""
HOURS = 3.0
"""In which the mails of a step are sent, from its beginning on. What follows a mail comes within the step too."""
SLOWNESS = 0.3


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `calm`: its faults are lifted and its queues worked before it is over."""

    number: int
    at: datetime
    turns: tuple[Turn, ...]
    weather: tuple[Kind, ...]
    traffic: Traffic
    refused: bool
    calm: bool

    def line(self, late: Sequence[Kind] = (), notes: Sequence[str] = ()) -> str:
        """Say in one line what it is; `late` are faults of earlier steps that met nobody yet."""
        weather = ", ".join(kind.name for kind in (*late, *self.weather)) or "fair"
        weather = "calm" if self.calm else weather
        world = "; ".join(turn.what for turn in self.turns) or "-"
        about = f" ({', '.join(notes)})" if notes else ""
        return f"{self.number:3d} {self.at:%a %d %H:%M}  {weather}{about}  |  {world}"


@dataclass(frozen=True, slots=True)
class Script:
    """All of a seed. `seed` and `days` repeat it, but for the date it begins at."""

    seed: int
    days: int
    steps: tuple[Step, ...]


def written(seed: int, days: int, kinds: Sequence[Kind], start: datetime | None = None) -> Script:
    """Draw the script of a seed: the same for the same arguments."""
    chance = random.Random(seed)  # noqa: S311 - chance that can be repeated, no secret
    first = start or tomorrow()
    count = max(days * STEPS_A_DAY, 8)
    calm = {*range(CALM_EVERY, count - CALM_EVERY // 2, CALM_EVERY), count - 1}
    # The first one is fair: what is wrong from the beginning on is one summary, and nobody has been blind before.
    stormy = [step for step in range(1, count) if step not in calm]
    happenings = turns(chance, count)
    weather = drawn(chance, stormy, kinds)
    refused_at = chance.choice(stormy[: len(stormy) // 2])
    steps = []
    for number in range(count):
        at = first + number * STEP
        made = traffic(
            seed * 1000 + number,
            MAILS,
            senders=SENDERS,
            start=at,
            hours=HOURS,
            duplicates=0.25,
            slowness=SLOWNESS,
        )
        steps.append(
            Step(
                number,
                at,
                tuple(happenings.get(number, ())),
                tuple(weather.get(number, ())),
                made,
                number == refused_at,
                number in calm,
            )
        )
    return Script(seed, days, tuple(steps))


def tomorrow() -> datetime:
    """Return the next midnight (UTC) and seven minutes."""
    today = datetime.now(UTC).replace(hour=0, minute=7, second=0, microsecond=0)
    return today + timedelta(days=1)
