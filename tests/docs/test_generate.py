"""The page of checks is written from the checks, reads well, and is current."""

import re
from pathlib import Path

import pytest

from docs import generate
from ses_monitor import checks
from ses_monitor.core.model import Scope

PAGE = generate.page(checks.registered())


def test_every_check_and_tag_is_there_with_all_that_it_says() -> None:
    for check in checks.registered():
        assert f"### {check.id}" in PAGE
        assert check.title in PAGE
        assert all(f"`{action}`" in PAGE for action in check.needs)
        for diagnosis in check.diagnoses:
            assert f"#### {diagnosis.tag}\n" in PAGE
            assert all(severity.name in PAGE for severity in diagnosis.severities)
            assert all(url in PAGE for url in diagnosis.references)


def test_templates_are_shown_as_people_read_them() -> None:
    assert "«percent» % of the daily quota of SES in «region» is used: «sent» of «quota» recipients" in PAGE
    assert "Told after 3 observations in a row." in PAGE
    assert "The region's verdict becomes `BLOCKED`." in PAGE
    assert not re.search(r"\{\w", PAGE)


def test_each_link_of_the_overview_leads_to_a_heading() -> None:
    links = re.findall(r"\]\(#([^)]+)\)", PAGE)
    headings: list[str] = []
    for heading in re.findall(r"^#### (\S+)$", PAGE, re.MULTILINE):
        anchor = heading.lower()
        headings.append(f"{anchor}-{n}" if (n := sum(each.split("-")[0] == anchor for each in headings)) else anchor)
    assert links
    assert links == headings
    assert "configuration_set_paused-1" in links, "two families have this tag"


def test_the_order_does_not_depend_on_the_order_of_the_registry() -> None:
    assert generate.page(reversed(checks.registered())) == PAGE


def test_the_page_says_not_to_edit_it() -> None:
    assert "Do not edit" in PAGE.splitlines()[0]


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_page_is_named_and_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "docs" / "checks.md"
    page.parent.mkdir()
    monkeypatch.setattr(generate, "PAGE", page)
    assert generate.main(["--check"]) == 1
    assert "docs/checks.md is not current" in capsys.readouterr().err
    page.write_text("something else", encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert page.read_text(encoding="utf-8") == "something else", "--check writes nothing"
    assert generate.main([]) == 0
    assert page.read_text(encoding="utf-8") == PAGE
    assert generate.main(["--check"]) == 0


def test_the_page_of_severities_explains_every_level() -> None:
    text = (Path(generate.__file__).parent / "severity.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\w+)", text, re.MULTILINE)[:5] == ["CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO"]
    levels: dict[str, set[str]] = {}
    for check in checks.registered():
        for diagnosis in check.diagnoses:
            levels.setdefault(diagnosis.tag, set()).update(severity.name for severity in diagnosis.severities)
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:6]
    for section in sections:
        level = section.split()[0]
        for tag in re.findall(r"`([A-Z][A-Z_]{5,})`", section):
            if tag in levels:
                assert level in levels[tag], f"{tag} is not {level}"


def test_the_page_of_severities_has_every_cause_of_a_refused_send() -> None:
    text = (Path(generate.__file__).parent / "severity.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Z_]{5,})`", text))
    refused = checks.of_scopes(Scope.REJECTION)
    assert {diagnosis.tag for check in refused for diagnosis in check.diagnoses} - named == set()
