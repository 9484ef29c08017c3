"""What all benchmarks share: rounds in turns, medians, and the form of a result.

A benchmark is a module of this package with a function `measure() -> Result` and the words
`if __name__ == "__main__": sys.exit(show(measure()))`. `python -m bench` runs all of them, each in a process of its
own.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

ROUNDS = 5
"""The fewest; a benchmark whose rounds are short makes more."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Goal:
    """What is aimed at, of the ratio; `of_ours` and where there is no yardstick, of our own figure. No test asks it."""

    at_most: float | None = None
    at_least: float | None = None
    of_ours: bool = False

    def __post_init__(self) -> None:
        if (self.at_most is None) == (self.at_least is None):
            msg = "a goal has one side: at_most or at_least"
            raise ValueError(msg)

    def is_met_by(self, figure: float) -> bool:
        """Tell whether a figure is on the right side."""
        if self.at_most is not None:
            return figure <= self.at_most
        return self.at_least is not None and figure >= self.at_least

    def __str__(self) -> str:
        return f"≤ {figure(self.at_most)}" if self.at_most is not None else f"≥ {figure(self.at_least or 0)}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what is measured, ours, and the yardstick's figure in the same run and unit.

    `beside` says what the yardstick is. Figures are medians unless the unit is a count. What is not `shown` is left
    out of the README.
    """

    what: str
    unit: str
    ours: float
    yardstick: float | None = None
    beside: str = ""
    goal: Goal | None = None
    shown: bool = True

    @property
    def ratio(self) -> float | None:
        """Ours by the yardstick's."""
        return self.ours / self.yardstick if self.yardstick else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None: there is none."""
        if self.goal is None:
            return None
        return self.goal.is_met_by(self.ours if self.ratio is None or self.goal.of_ours else self.ratio)

    def document(self) -> dict[str, Any]:
        """Return it as plain data, the ratio worked out; a goal of our own figure has its unit."""
        goal = None
        if self.goal is not None:
            goal = f"{self.goal} {self.unit}" if self.ratio is None or self.goal.of_ours else str(self.goal)
        return asdict(self) | {"goal": goal, "ratio": self.ratio, "met": self.met}


@dataclass(frozen=True, slots=True)
class Result:
    """What a benchmark found: lines for the table, and in `details` whatever else is worth keeping (plain data)."""

    name: str
    about: str
    lines: Sequence[Line]
    details: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as plain data, the ratios worked out."""
        lines = [line.document() for line in self.lines]
        return {"schema": 3, "name": self.name, "about": self.about, "lines": lines, "details": dict(self.details)}


def in_turns(ways: Mapping[str, Callable[[], T]], rounds: int = ROUNDS) -> dict[str, list[T]]:
    """Run each way once a round, every other round in reverse order, and return what each gave, round by round.

    So that what the machine does meanwhile, and what one way leaves behind, falls on all of them alike.
    """
    given: dict[str, list[T]] = {name: [] for name in ways}
    for number in range(rounds):
        names = list(ways)
        for name in names if number % 2 == 0 else reversed(names):
            gc.collect()
            given[name].append(ways[name]())
    return given


def median(values: Sequence[float]) -> float:
    """Return the median, to four significant digits: no measurement here is better than that."""
    return float(f"{statistics.median(values):.4g}")


def table(documents: Sequence[Mapping[str, Any]], title: str) -> Table:
    """Show the lines of results (`Result.document`)."""
    shown = Table(title=title, title_justify="left")
    for column in ("", "ours", "beside", "", "ratio", "goal"):
        shown.add_column(column, justify="right" if column in ("ours", "beside", "ratio", "goal") else "left")
    for document in documents:
        shown.add_section()
        for line in document["lines"]:
            shown.add_row(*cells(line))
    return shown


def cells(line: Mapping[str, Any]) -> tuple[str, str, str, str, str, str]:
    """Return a line of a document as text: what, ours, the yardstick's, what that is, the ratio, the goal."""
    unit = line["unit"]
    yardstick = "" if line["yardstick"] is None else f"{figure(line['yardstick'])} {unit}"
    ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}" if line["ratio"] >= 0.1 else f"{line['ratio']:.2g}"
    goal = "" if line["goal"] is None else f"{line['goal']} {'met' if line['met'] else 'missed'}"
    return line["what"], f"{figure(line['ours'])} {unit}", yardstick, line["beside"], ratio, goal


def figure(value: float) -> str:
    """Return a figure as a person reads it: 412, 17,600, 0.104, 1.23."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def show(result: Result) -> int:
    """Print the table to standard error and the document, as one JSON object, to standard output; return 0."""
    Console(stderr=True, width=160).print(table([result.document()], result.about))
    sys.stdout.write(json.dumps(result.document(), indent=2) + "\n")
    return 0
