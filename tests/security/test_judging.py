"""`make security`: what is new fails, what is accepted passes by place and number, and who could not look says so."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from security import __main__ as program
from security import tools
from security.findings import Acceptance, AcceptedError, Finding, judge, read_accepted
from security.tools import KNOWN_TO_BE_BAD, CouldNotLookError

REASON = "It is only a test, and nobody is harmed by it at all."


def found(rule: str = "B1", place: str = "a.py", line: int = 1) -> Finding:
    return Finding("bandit", rule, place, "text", line)


def accepted(rule: str = "B1", place: str = "a.py", count: int = 1) -> Acceptance:
    return Acceptance("bandit", rule, place, REASON, count)


@pytest.mark.parametrize(
    ("findings", "acceptances", "new", "stale"),
    [
        ([], [], 0, 0),
        ([found()], [], 1, 0),
        ([found()], [accepted()], 0, 0),
        ([found(), found(line=9)], [accepted()], 2, 0),
        ([found(), found(line=9)], [accepted(count=0)], 0, 0),
        ([found(), found("B2")], [accepted()], 1, 0),
        ([found(), found(place="b.py")], [accepted()], 1, 0),
        ([found(place="x/b.py")], [accepted(place="x/*")], 0, 0),
        ([], [accepted()], 0, 1),
        ([], [accepted(count=0)], 0, 1),
        ([found()], [accepted(count=2)], 0, 1),
    ],
)
def test_findings_are_accepted_by_rule_place_and_number(
    findings: list[Finding], acceptances: list[Acceptance], new: int, stale: int
) -> None:
    verdict = judge(findings, acceptances)
    assert (len(verdict.new), len(verdict.stale)) == (new, stale)


def test_each_acceptance_of_this_repository_has_a_reason_and_a_tool() -> None:
    listed = read_accepted()
    assert {each.tool for each in listed} <= set(program.TOOLS)
    assert len({(each.tool, each.rule, each.place) for each in listed}) == len(listed)


@pytest.mark.parametrize(
    "entry",
    [
        'rule = "B1"\nplace = "a.py"\n',
        'rule = "B1"\nplace = "a.py"\nreason = "fine"\n',
        f'rule = "B1"\nplace = "a.py"\nreason = "{REASON}"\nline = 3\n',
    ],
)
def test_an_acceptance_without_a_reason_is_refused(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(f"[[bandit]]\n{entry}")
    with pytest.raises(AcceptedError):
        read_accepted(path)


def test_docs_explain_each_rule_that_is_accepted() -> None:
    page = (tools.ROOT / "docs/security.md").read_text(encoding="utf-8")
    assert [each.rule for each in read_accepted() if each.rule not in page] == []


# --- The tools --------------------------------------------------------------------------------------------------------


class Tool:
    """Answers as a tool would, and notes what it was asked."""

    def __init__(self, *answers: Any, status: int = 0) -> None:
        self.answers, self.status = list(answers), status
        self.asked: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str], _environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        self.asked.append(arguments)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return subprocess.CompletedProcess(list(arguments), self.status, text, "first\nlast words")


NOTHING = {"dependencies": [{"name": "urllib3", "version": "2.8.0", "vulns": []}]}
BAD = {
    "dependencies": [
        {"name": "urllib3", "version": "1.24.1", "vulns": [{"id": "PYSEC-2019-133", "fix_versions": ["1.24.3"]}]}
    ]
}
SKIPPED = {"dependencies": [{"name": "urllib3", "skip_reason": "Dependency not found on PyPI"}]}


@pytest.mark.parametrize("answer", [NOTHING, SKIPPED, {"dependencies": []}])
def test_data_that_know_no_harm_of_what_is_known_to_be_bad_are_no_data(answer: Any) -> None:
    tool = Tool(answer)
    with pytest.raises(CouldNotLookError, match=r"out of reach: of urllib3==1\.24\.1"):
        tools.pip_audit(tool)
    assert len(tool.asked) == 1, "nothing else is asked then"


def test_a_distribution_that_nothing_is_known_of_was_not_looked_at() -> None:
    with pytest.raises(CouldNotLookError, match=r"of 1 distributions of layers/ses_monitor/requirements\.txt"):
        tools.pip_audit(Tool(BAD, SKIPPED))


def test_a_vulnerable_pin_is_a_finding_in_each_list_it_is_in() -> None:
    tool = Tool(BAD)
    listed = tools.pip_audit(tool)
    assert len(listed) == len(tool.asked) - 1 == len(tools.REQUIREMENTS) + 1
    assert listed[0].rule == "PYSEC-2019-133"
    assert "1.24.3" in listed[0].text
    assert KNOWN_TO_BE_BAD.replace("==", "==1") not in str(listed)


def test_every_list_of_requirements_is_audited() -> None:
    names = {path.stem for path in tools.REQUIREMENTS}
    assert names == {path.stem for path in (tools.ROOT / "requirements").glob("*.in")}
    assert (tools.ROOT / tools.SHIPPED).is_file()


@pytest.mark.parametrize("ask", [tools.bandit, tools.checkov, tools.pip_audit])
@pytest.mark.parametrize(("answer", "status"), [("", 0), ("no JSON", 1), ({"results": []}, 2)])
def test_a_tool_that_ends_otherwise_than_it_should_has_not_looked(ask: Any, answer: Any, status: int) -> None:
    with pytest.raises(CouldNotLookError, match=r"last words|no JSON"):
        ask(Tool(answer, status=status))


def test_a_file_that_bandit_cannot_read_was_not_looked_at() -> None:
    with pytest.raises(CouldNotLookError, match="could not read"):
        tools.bandit(Tool({"errors": [{"filename": "a.py"}], "results": []}))


@pytest.mark.parametrize(
    "report",
    [
        {"passed": 0, "failed": 0, "resource_count": 0},
        {"summary": {"passed": 3, "parsing_errors": 1}, "results": {"failed_checks": []}},
        {"summary": {"passed": 3, "parsing_errors": 0}, "results": {"failed_checks": [], "skipped_checks": [{}]}},
    ],
)
def test_templates_that_checkov_did_not_read_or_was_told_to_skip_were_not_looked_at(report: Any) -> None:
    with pytest.raises(CouldNotLookError):
        tools.checkov(Tool(report))


# --- The exit status ---------------------------------------------------------------------------------------------------


def fails() -> list[Finding]:
    raise CouldNotLookError("no network")


@pytest.mark.parametrize(
    ("asked", "arguments", "status", "said"),
    [
        ({"bandit": list, "pip-audit": list}, [], 0, "bandit"),
        ({"bandit": lambda: [found()]}, [], 1, "new: B1 a.py:1 text"),
        ({"bandit": list, "pip-audit": fails}, [], 3, "pip-audit could not look: no network"),
        ({"bandit": list, "pip-audit": fails}, ["--offline"], 0, "pip-audit could not look: no network"),
        ({"bandit": fails, "pip-audit": list}, ["--offline"], 3, "bandit could not look"),
        ({"bandit": lambda: [found()], "pip-audit": fails}, ["--offline"], 1, "new: B1"),
    ],
)
def test_the_exit_status_says_what_came_of_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: Any,
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr(program, "TOOLS", asked)
    monkeypatch.setattr(program, "read_accepted", list)
    assert program.main(arguments) == status
    out = capsys.readouterr().out
    assert said in out
    assert ("could not look" in out) is (fails in asked.values())
