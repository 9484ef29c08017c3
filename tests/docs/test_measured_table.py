"""The README's table says what was measured, on what and when, and `make docs-check` tells when it does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.measuring import Goal, Line, Result
from docs import generate

LINES = (
    Line("log of a million lines", "lines/s", 1_900_000.0, 950_000.0, "grep -E", Goal(at_least=1.5)),
    Line("left | out", "s", 1.0, shown=False),
    Line("an <idle> account | a month", "$", 0.6, goal=Goal(at_most=0.5)),
)
MEASURED: dict[str, Any] = {
    "schema": 3,
    "machine": {"is": "2 cores of a processor, Linux x86_64, Python 3.11.2", "on": "2026-11-02"},
    "benchmarks": [Result("one", "", LINES[:2]).document(), Result("two", "", LINES[2:]).document()],
}
TABLE = """\
Measured on 2 cores of a processor, Linux x86_64, Python 3.11.2, 2 November 2026:

| | ours | beside, in the same run | ratio | goal |
|---|---|---|---|---|
| log of a million lines | 1,900,000 lines/s | grep -E: 950,000 lines/s | 2.00 | ≥ 1.5 met |
| an &lt;idle> account \\| a month | 0.6 $ |  |  | ≤ 0.5 $ missed |"""
README = f"# ses-monitor\n\nWords.\n\n{generate.FROM}\nsomething old\n{generate.TO}\n\nMore words.\n"


def test_the_table_has_the_shown_lines_of_all_benchmarks_the_machine_and_the_day() -> None:
    assert generate.measured_table(MEASURED) == TABLE


def test_only_what_is_between_the_marks_is_replaced() -> None:
    assert generate.with_table(README, TABLE) == README.replace("something old", TABLE)
    assert generate.with_table(generate.with_table(README, TABLE), TABLE) == generate.with_table(README, TABLE)


@pytest.mark.parametrize(
    "readme",
    [
        "# nothing",
        f"{generate.FROM}\n",
        f"{generate.TO}\n{generate.FROM}\n",
        f"{README}{generate.FROM}\n",
        f"{README}{generate.TO}\n",
    ],
)
def test_a_readme_without_the_marks_is_left_alone_and_says_what_it_needs(readme: str) -> None:
    with pytest.raises(ValueError, match="needs one line <!-- measured -->"):
        generate.with_table(readme, TABLE)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that is generated; the pages are current."""
    for name in ("docs", "bench"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(generate, "PAGE", tmp_path / "docs" / "checks.md")
    monkeypatch.setattr(generate, "REJECTIONS", tmp_path / "docs" / "rejections.md")
    monkeypatch.setattr(generate, "README", tmp_path / "README.md")
    monkeypatch.setattr(generate, "MEASURED", tmp_path / "bench" / "measured.json")
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    (tmp_path / "bench" / "measured.json").write_text(json.dumps(MEASURED), encoding="utf-8")
    assert generate.main([]) == 0
    return tmp_path


def test_a_table_of_another_run_is_stale_and_renewed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert TABLE in (repository / "README.md").read_text(encoding="utf-8")
    assert generate.main(["--check"]) == 0
    again = MEASURED | {"machine": MEASURED["machine"] | {"on": "2026-11-03"}}
    (repository / "bench" / "measured.json").write_text(json.dumps(again), encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert "README.md is not current: run `make docs`" in capsys.readouterr().err
    assert TABLE in (repository / "README.md").read_text(encoding="utf-8"), "--check writes nothing"
    assert generate.main([]) == 0
    assert "3 November 2026" in (repository / "README.md").read_text(encoding="utf-8")
    assert generate.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("README.md", "# nothing", "README.md needs one line"),
        ("bench/measured.json", None, "bench/measured.json is not there"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(
    repository: Path, capsys: pytest.CaptureFixture[str], path: str, content: str | None, told: str
) -> None:
    if content is None:
        (repository / path).unlink()
    else:
        (repository / path).write_text(content, encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert told in capsys.readouterr().err
