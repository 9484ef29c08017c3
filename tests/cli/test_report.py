"""`report` writes one page that says all the table knows, and into which nothing from outside can break."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from ses_monitor.core.check import Step
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.region_state import Unseen
from ses_monitor.core.traffic import HOUR, Sender, Tally, hour_of
from ses_monitor_cli.report.model import MOST_FINDINGS, MOST_IDENTITIES, Read, build
from ses_monitor_cli.report.page import MARK, rendered
from tests.build import HEALTHY, NOW, sandbox
from tests.cli import reporting, stack
from tests.cli.conftest import Run

VOID = {"meta", "br", "input"}


class Parsed(HTMLParser):
    """A page as a browser takes it: its elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open) and data.strip():
            self.text.append(data.strip())

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements with the names of their attributes."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


def page_of(read: Read) -> Parsed:
    return Parsed(rendered(build(read)))


@pytest.mark.parametrize(("name", "read"), [("report", reporting.table()), ("report_empty", reporting.EMPTY)])
def test_a_page_says_this(golden: Callable[[str, str], None], name: str, read: Read) -> None:
    golden(f"{name}.txt", "\n".join(page_of(read).text) + "\n")


def hostile(words: str) -> Read:
    """A table in which everything that comes from outside is `words`."""
    read = reporting.table()
    found = reporting.finding(
        "eu-west-1", f"s{words}", tag=f"T{words}", text=f"t{words}", cause=f"c{words}",
        steps=(Step(f"s{words}", f"run{words}", "https://example.com/"),),
    )  # fmt: skip
    return replace(
        read,
        account=words,
        named=f"n{words}",
        stored=(found,),
        mutes=(reporting.mute(owner=words, reason=words, subject=words),),
        runs=(reporting.run(2, (Unseen(words, "eu-west-1", f"u{words}", "denied", words),)),),
        identities={
            "eu-west-1": (
                reporting.state("eu-west-1", f"i{words}", verification_status=f"V{words}", dkim_status=f"D{words}"),
            )
        },
    )


OUTSIDE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "</script><script>alert(1)</script>",
            '" onmouseover="alert(1)',
            "<img src=x onerror=alert(1)>",
            "</style></title></textarea><svg/onload=alert(1)>",
            "<!-- ",
            "]]>&lt;&#60;",
            "' style='x",
            "\u2028<b>\x00\ud800",
        ]
    ),
)


@given(OUTSIDE)
def test_nothing_from_outside_becomes_an_element_or_an_attribute(words: str) -> None:
    plain, attacked = page_of(hostile("x")), page_of(hostile(words))
    assert set(attacked.shape) <= set(plain.shape)
    for tag, attributes in attacked.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "src"}]
        assert tag not in {"img", "iframe", "object", "link", "base", "form", "b"}
        assert tag != "a" or str(attributes["href"]).startswith(("#", "https://"))
    assert [tag for tag, _ in attacked.elements].count("script") == 1


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://example.com/", "data:text/html,x", "https://"])
def test_an_address_that_is_no_https_is_no_link(url: str) -> None:
    read = replace(reporting.EMPTY, stored=(reporting.finding(steps=(Step("Open it.", url=url),)),))
    assert all(str(each.get("href", "#")).startswith("#") for tag, each in page_of(read).elements if tag == "a")


@pytest.mark.parametrize("read", [reporting.table(), reporting.EMPTY], ids=["usual", "empty"])
def test_the_page_is_well_built_and_needs_nothing_else(read: Read) -> None:
    page = rendered(build(read))
    found = Parsed(page)
    assert page.startswith(MARK)
    levels = [int(tag[1]) for tag, _ in found.elements if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("scope" in attributes for tag, attributes in found.elements if tag == "th")
    assert ("html", {"lang": "en"}) in found.elements
    policy = next(each["content"] for tag, each in found.elements if each.get("http-equiv"))
    assert str(policy).startswith("default-src 'none'; style-src 'sha256-")
    names = [str(each["id"]) for _, each in found.elements if "id" in each]
    assert len(names) == len(set(names))
    assert all(each.get("role") == "img" and each["aria-labelledby"] for tag, each in found.elements if tag == "svg")


def test_a_large_account_is_bounded_and_says_what_is_left_out() -> None:
    built = build(reporting.large())
    assert (len(built.rows), built.more_rows) == (MOST_IDENTITIES, 10)
    assert (len(built.findings), built.more_findings) == (MOST_FINDINGS, 400)
    page = rendered(built)
    assert len(page) < 3_000_000
    text = Parsed(page).text
    assert "And 10 more identities:" in text
    assert "And 400 more findings:" in text
    assert "ses-monitor findings" in text


def test_what_is_not_in_order_comes_first() -> None:
    assert build(reporting.table()).rows[0].name == "shop.example.com"


def course(hours: dict[int, dict[Tally, int]], days: int = 14) -> Any:
    counted = {hour_of(NOW) - number * HOUR: counts for number, counts in hours.items()}
    read = replace(reporting.table(), days=days, traffic={"us-east-1": Sender(ACCOUNT, counted)}, accounts={})
    return next((each for each in build(read).courses if each.region == "us-east-1"), None)


@pytest.mark.parametrize(("days", "points"), [(1, 25), (2, 49), (3, 3), (14, 14), (90, 90)])
def test_a_course_has_no_gaps(days: int, points: int) -> None:
    found = course({0: {Tally.SENDS: 10}}, days)
    assert len(found.points) == points
    steps = {after.start - before.start for before, after in pairwise(found.points)}
    assert steps == {HOUR if days <= 2 else timedelta(days=1)}


def test_a_rate_without_sends_is_not_known_rather_than_zero() -> None:
    found = course({0: {Tally.COMPLAINTS: 1}, 48: {Tally.SENDS: 200, Tally.HARD_BOUNCES: 3}})
    assert [each.bounce_rate for each in found.points[-3:]] == [0.015, None, None]
    assert course({}) is None


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    outputs = {"TableName": stack.TABLE, "AlertTopicArn": "arn:aws:sns:eu-west-1:123456789012:alerts"}
    with stack.CloudFormation({"ses-monitor": outputs}) as url, mock_aws():
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        stack.make_table()
        regions = {"eu-central-1": sandbox(), "eu-west-1": HEALTHY}
        for minutes_ago in (182, 2):
            at = NOW - timedelta(minutes=minutes_ago)
            stack.audit([replace(each, region=name, taken_at=at) for name, each in regions.items()], at)
        yield


@pytest.mark.usefixtures("deployed")
def test_the_page_is_written_and_written_again(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    for _ in range(2):
        result = run("report", "--html", str(path))
        assert (result.exit_code, result.stdout) == (1, "")
        assert path.read_text(encoding="utf-8").startswith(MARK)
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    assert "Amazon SES, account 123456789012" in Parsed(path.read_text(encoding="utf-8")).text
    assert run("report", "--html", "-").stdout == path.read_text(encoding="utf-8")


@pytest.mark.usefixtures("deployed")
def test_a_file_that_is_no_report_is_left_alone(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "letter.html"
    path.write_text("Dear Ada", encoding="utf-8")
    result = run("report", "--html", str(path))
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert path.read_text(encoding="utf-8") == "Dear Ada"
    assert run("report", "--html", str(path), "--force").exit_code == 1
    assert path.read_text(encoding="utf-8").startswith(MARK)


@pytest.mark.usefixtures("deployed")
def test_where_it_cannot_be_written_nothing_is_left(run: Run, tmp_path: Path) -> None:
    result = run("report", "--html", str(tmp_path / "missing" / "report.html"))
    assert result.exit_code == 3
    assert "cannot be written" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--html"),
        (("--html", "-", "--json"), "not both"),
        (("--html", "-", "--region", "mars"), "eu-west-1"),
        (("--html", "-", "--days", "0"), "--days"),
    ],
)
def test_bad_usage_is_named(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run("report", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.usefixtures("deployed")
def test_the_document_holds_what_the_page_shows_of_the_regions_chosen(run: Run) -> None:
    found = json.loads(run("report", "--json", "--region", "eu-central-1", "--days", "3").stdout)
    assert (found["schema"], found["account"], found["days"]) == (1, "123456789012", 3)
    assert [each["region"] for each in found["verdicts"]] == ["eu-central-1"]
    assert [each["tag"] for each in found["findings"]] == ["SANDBOX"]
    assert {"answer", "identities", "courses", "mutes", "runs", "at"} <= set(found)
