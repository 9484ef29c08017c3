"""What all benchmarks share: turns, medians, goals, and how a result is shown and kept."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench import __main__ as every
from bench.measuring import Goal, Line, Result, cells, figure, in_turns, median, show, table

LINE = Line("log of a million lines", "lines/s", 1_900_000.0, 950_000.0, "a loop", Goal(at_least=1.5))


@pytest.mark.parametrize(
    ("goal", "reached", "missed", "text"),
    [
        (Goal(at_most=1.25), 1.25, 1.26, "≤ 1.25"),
        (Goal(at_least=1), 1.0, 0.99, "≥ 1"),
        (Goal(at_most=0), 0.0, 1.0, "≤ 0"),
        (Goal(at_least=1_000_000), 1_000_000.0, 999_999.0, "≥ 1,000,000"),
    ],
)
def test_a_goal_has_one_side_which_belongs_to_it(goal: Goal, reached: float, missed: float, text: str) -> None:
    assert goal.is_met_by(reached)
    assert not goal.is_met_by(missed)
    assert str(goal) == text


@pytest.mark.parametrize("sides", [{}, {"at_most": 1.0, "at_least": 1.0}])
def test_a_goal_without_a_side_or_with_two_is_refused(sides: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one side"):
        Goal(**sides)


@pytest.mark.parametrize(
    ("line", "ratio", "met", "goal"),
    [
        (LINE, 2.0, True, "≥ 1.5"),
        (Line("a", "s", 3.0, 2.0, "b", Goal(at_most=1.1)), 1.5, False, "≤ 1.1"),
        (Line("a", "s", 3.0, 2.0, "b", Goal(at_most=4, of_ours=True)), 1.5, True, "≤ 4 s"),
        (Line("a", "$", 0.6, goal=Goal(at_most=0.5)), None, False, "≤ 0.5 $"),
        (Line("a", "$", 0.6, 0.0, "nothing", Goal(at_most=0.5)), None, False, "≤ 0.5 $"),
        (Line("a", "MB", 90.0, 60.0, "b"), 1.5, None, None),
    ],
)
def test_a_goal_is_of_the_ratio_unless_there_is_none_or_it_says_otherwise(
    line: Line, ratio: float | None, met: bool | None, goal: str | None
) -> None:
    assert (line.ratio, line.met) == (ratio, met)
    assert line.document() | {"ratio": ratio, "met": met, "goal": goal} == line.document()


def test_a_result_is_plain_data_with_all_that_the_table_needs() -> None:
    document = Result("rejections", "about logs", [LINE], {"rounds": 7}).document()
    assert json.loads(json.dumps(document)) == document
    assert document == {
        "schema": 3,
        "name": "rejections",
        "about": "about logs",
        "lines": [
            {
                "what": "log of a million lines",
                "unit": "lines/s",
                "ours": 1_900_000.0,
                "yardstick": 950_000.0,
                "beside": "a loop",
                "goal": "≥ 1.5",
                "shown": True,
                "ratio": 2.0,
                "met": True,
            }
        ],
        "details": {"rounds": 7},
    }


def test_every_way_has_its_turn_in_every_round_first_and_last_alternately() -> None:
    order: list[str] = []

    def way(name: str) -> Callable[[], int]:
        def run() -> int:
            order.append(name)
            return len(order)

        return run

    given = in_turns({"a": way("a"), "b": way("b"), "c": way("c")}, 3)
    assert "".join(order) == "abc" + "cba" + "abc"
    assert given == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def test_a_median_has_no_more_digits_than_a_measurement_is_good_for() -> None:
    assert median([3.0, 1.23456, 1.0]) == 1.235
    assert median([17_654.3, 17_654.3]) == 17_650.0


@pytest.mark.parametrize(
    ("value", "text"),
    [(412.4, "412"), (17_600.0, "17,600"), (0.104, "0.104"), (1.2345, "1.23"), (3.0, "3"), (0, "0"), (-250.0, "-250")],
)
def test_a_figure_reads_as_a_person_would_write_it(value: float, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            LINE,
            ("log of a million lines", "1,900,000 lines/s", "950,000 lines/s", "a loop", "2.00", "≥ 1.5 met"),
        ),
        (Line("a", "$", 0.6, goal=Goal(at_most=0.5)), ("a", "0.6 $", "", "", "", "≤ 0.5 $ missed")),
        (Line("b", "MB", 90), ("b", "90 MB", "", "", "", "")),
    ],
)
def test_a_line_is_shown_with_what_there_is_of_it(line: Line, shown: tuple[str, ...]) -> None:
    assert cells(line.document()) == shown


def test_the_table_has_the_lines_of_every_benchmark_also_those_that_the_readme_leaves_out() -> None:
    left_out = Line("in detail", "s", 1.0, shown=False)
    documents = [Result("one", "", [LINE]).document(), Result("two", "", [left_out]).document()]
    out = io.StringIO()
    Console(file=out, width=160).print(table(documents, "Measured"))
    assert "Measured" in out.getvalue()
    assert "log of a million lines" in out.getvalue()
    assert "in detail" in out.getvalue()


def test_a_benchmark_alone_prints_its_table_for_people_and_its_document_for_machines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = Result("rejections", "about logs", [LINE])
    assert show(result) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == result.document()
    assert "about logs" in printed.err


class Running:
    """Instead of the processes of the benchmarks: what each prints, and its status."""

    def __init__(self, statuses: dict[str, int]) -> None:
        self.asked: list[list[str]] = []
        self._statuses = statuses

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.asked.append(command)
        name = command[-1].removeprefix("bench.")
        said = json.dumps(Result(name, f"about {name}", [LINE]).document())
        return subprocess.CompletedProcess(command, self._statuses.get(name, 0), said, f"{name} says why\n")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "measured.json"
    monkeypatch.setattr(every, "KEPT", path)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, **statuses: int) -> tuple[int, Running]:
    running = Running(statuses)
    monkeypatch.setattr(subprocess, "run", running)
    return every.main(arguments), running


def test_all_benchmarks_run_each_in_a_process_of_its_own_and_become_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: Path
) -> None:
    status, running = run(monkeypatch)
    assert status == 0
    assert running.asked == [[sys.executable, "-m", f"bench.{name}"] for name in every.BENCHMARKS]
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert [each["name"] for each in document["benchmarks"]] == list(every.BENCHMARKS)
    assert all(each["seconds"] >= 0 for each in document["benchmarks"])
    assert document["machine"]["is"] in printed.err
    assert not kept.exists(), "only --keep writes"


def test_what_is_kept_is_what_was_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: Path
) -> None:
    status, _ = run(monkeypatch, "--keep")
    assert status == 0
    assert kept.read_text(encoding="utf-8") == capsys.readouterr().out


def test_only_those_that_are_named_run(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    status, running = run(monkeypatch, "rejections", "feedback")
    assert status == 0
    assert [command[-1] for command in running.asked] == ["bench.rejections", "bench.feedback"]
    assert not kept.exists()


def test_a_benchmark_that_fails_is_named_the_others_run_and_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: Path
) -> None:
    status, running = run(monkeypatch, "--keep", audit_accounts=3)
    assert status == 1
    assert running.asked[-1][-1] == "bench.cost", "a quarter of an hour of the others is not thrown away"
    printed = capsys.readouterr()
    assert "audit_accounts says why" in printed.err
    assert "bench.audit_accounts failed with status 3" in printed.err
    assert "failed: audit_accounts; nothing was kept" in printed.err
    assert "audit_accounts" not in {each["name"] for each in json.loads(printed.out)["benchmarks"]}
    assert not kept.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["speed"], "no benchmark is called speed; there are cold_start"),
        (["--keep", "feedback"], "--keep needs all benchmarks"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, *arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_the_machine_is_named_by_what_figures_depend_on() -> None:
    machine: dict[str, Any] = every.machine()
    assert "cores of" in machine["is"]
    assert "Python 3." in machine["is"]
    assert len(machine["on"]) == len("2026-11-21")
