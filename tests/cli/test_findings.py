"""`findings` lists what is open, the worst first, and says what is muted."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor.core.stored import finding_id
from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.table import Table
from tests.build import HEALTHY, NOW, sandbox, with_account, with_quota
from tests.cli import stack
from tests.cli.conftest import Run, is_to_paste
from tests.store.examples import OPEN, opening, settlement

Golden = Callable[[str, str], None]
PAUSED = finding_id("ap-southeast-2", "account.sending_enabled", "account", "SENDING_PAUSED")
SANDBOX = finding_id("eu-central-1", "account.production_access", "account", "SANDBOX")
WORLDS = {
    "ap-southeast-2": with_account(sending_enabled=False),
    "eu-central-1": sandbox(),
    "us-east-1": with_quota(42_480),
    "eu-west-1": HEALTHY,
}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with stack.CloudFormation({"ses-monitor": {"TableName": stack.TABLE}}) as url, mock_aws():
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        stack.make_table()
        yield


def audited(minutes_ago: float, **worlds: Any) -> None:
    at = NOW - timedelta(minutes=minutes_ago)
    named = {name.replace("_", "-"): world for name, world in worlds.items()}
    stack.audit([replace(world, region=name, taken_at=at) for name, world in ({**WORLDS, **named}).items()], at)


@pytest.fixture
def troubled(deployed: None) -> None:  # noqa: ARG001 - the stack has to be there
    """A region paused, mended, and paused again; one that was near its quota and is not; one in the sandbox."""
    audited(3 * 24 * 60, ap_southeast_2=HEALTHY, us_east_1=HEALTHY)
    audited(1500)
    audited(1400, ap_southeast_2=HEALTHY)
    audited(200)
    audited(2, us_east_1=HEALTHY)
    audited(1, us_east_1=HEALTHY)
    client = boto3.client("dynamodb", region_name=stack.HOME)
    told = Deliveries(client, stack.TABLE, 30, clock=lambda: NOW)
    at = NOW - timedelta(minutes=200)
    told.delivered("a1", "sns", {PAUSED: int(at.timestamp() * 1000)}, at + timedelta(seconds=9))


def mute(run: Run, *options: str) -> str:
    result = run("mute", "--reason", "we know", "--owner", "ana", "--json", *options)
    assert result.exit_code == 0, result.stderr
    return str(json.loads(result.stdout)["mute"]["id"])


@pytest.mark.usefixtures("troubled")
def test_what_is_open_looks_like_this(run: Run, golden: Golden) -> None:
    mute(run, "--tag", "SANDBOX")
    result = run("findings")
    assert (result.exit_code, result.stderr) == (1, "")
    golden("findings.txt", result.stdout)


@pytest.mark.usefixtures("troubled")
def test_what_is_over_is_listed_after_it(run: Run, golden: Golden) -> None:
    golden("findings_all.txt", run("findings", "--all").stdout)


@pytest.mark.usefixtures("troubled")
def test_on_a_narrow_terminal_each_gets_a_line_more(run: Run, golden: Golden) -> None:
    golden("findings_narrow.txt", run("findings", columns=40).stdout)


@pytest.mark.parametrize(
    ("options", "tags"),
    [
        pytest.param((), ["SENDING_PAUSED", "SANDBOX"], id="all that is open"),
        pytest.param(("--open",), ["SENDING_PAUSED", "SANDBOX"], id="said so"),
        pytest.param(("--region", "eu-central-1"), ["SANDBOX"], id="a region"),
        pytest.param(("--region", "eu-central-1", "--region", "eu-west-1"), ["SANDBOX"], id="two regions"),
        pytest.param(("--region", "eu-west-1"), [], id="a region without any"),
        pytest.param(("--severity", "critical"), ["SENDING_PAUSED"], id="a severity"),
        pytest.param(("--severity", "notice"), ["SENDING_PAUSED", "SANDBOX"], id="at least a severity"),
        pytest.param(("--tag", "SANDBOX"), ["SANDBOX"], id="a tag"),
        pytest.param(("--tag", "sandbox"), ["SANDBOX"], id="a tag in small letters"),
        pytest.param(("--check", "account.sending_enabled"), ["SENDING_PAUSED"], id="a check"),
        pytest.param(("--check", "account"), ["SENDING_PAUSED", "SANDBOX"], id="a family of checks"),
        pytest.param(("--check", "identity"), [], id="another family"),
        pytest.param(("--subject", "account"), ["SENDING_PAUSED", "SANDBOX"], id="a subject"),
        pytest.param(("--subject", "acc*"), ["SENDING_PAUSED", "SANDBOX"], id="a pattern"),
        pytest.param(("--subject", "*.example.com"), [], id="another pattern"),
        pytest.param(("--since", "4h"), ["SENDING_PAUSED"], id="opened lately"),
        pytest.param(("--since", "1h"), [], id="opened just now"),
        pytest.param(("--since", "7d"), ["SENDING_PAUSED", "SANDBOX"], id="opened this week"),
        pytest.param(("--limit", "1"), ["SENDING_PAUSED"], id="a few"),
        pytest.param(("--all", "--since", "1h"), ["QUOTA_NEARLY_EXHAUSTED"], id="over lately"),
        pytest.param(("--all", "--tag", "QUOTA_NEARLY_EXHAUSTED"), ["QUOTA_NEARLY_EXHAUSTED"], id="over"),
    ],
)
@pytest.mark.usefixtures("troubled")
def test_what_is_asked_for_is_listed_and_nothing_else(run: Run, options: tuple[str, ...], tags: list[str]) -> None:
    result = run("findings", *options, "--json")
    found = json.loads(result.stdout)
    assert [each["tag"] for each in found["findings"]] == tags
    opened = [each for each in found["findings"] if each["phase"] == "open"]
    assert result.exit_code == bool(opened)


@pytest.mark.usefixtures("troubled")
def test_the_document_has_exactly_the_fields_that_were_promised(run: Run) -> None:
    muting = mute(run, "--tag", "SANDBOX", "--for", "2h")
    found = json.loads(run("findings", "--all", "--limit", "3", "--json").stdout)
    assert list(found) == ["schema", "findings", "count", "mutes"]
    fields = ("check", "tag", "severity", "region", "subject", "text", "cause", "remediation", "evidence")
    more = ("finding_id", "since", "id", "phase", "opened_at", "over_at", "muted_by")
    assert {tuple(each) for each in found["findings"]} == {(*fields, *more)}
    paused, sandboxed, over = found["findings"]
    assert (paused["id"], paused["muted_by"], paused["over_at"]) == (PAUSED, None, None)
    assert (sandboxed["id"], sandboxed["muted_by"]) == (SANDBOX, muting)
    assert (over["phase"], over["over_at"]) == ("resolved", "2026-05-12T09:58:00Z")
    assert found["count"] == 5
    assert found["mutes"] == [
        {
            "id": muting,
            "owner": "ana",
            "reason": "we know",
            "created_at": "2026-05-12T10:00:00Z",
            "until": "2026-05-12T12:00:00Z",
            "tag": "SANDBOX",
            "check": None,
            "region": None,
            "subject": None,
            "silences_critical": True,
        }
    ]


@pytest.mark.usefixtures("troubled")
def test_what_is_left_out_is_counted_and_counts(run: Run) -> None:
    result = run("findings", "--limit", "1", "--fail-on", "error")
    assert "and 1 more: --limit 2" in result.stdout
    assert "Open: 1 CRITICAL, 1 ERROR." in result.stdout


@pytest.mark.usefixtures("troubled")
def test_muted_findings_are_findings_still(run: Run) -> None:
    mute(run, "--tag", "SENDING_PAUSED")
    assert run("findings", "--severity", "critical").exit_code == 1
    assert run("findings", "--region", "eu-central-1", "--fail-on", "critical").exit_code == 0


@pytest.mark.usefixtures("deployed")
def test_where_nobody_looks_nothing_is_known_to_be_right(run: Run) -> None:
    result = run("findings")
    assert result.exit_code == 3
    assert "no audit yet" in result.stderr
    audited(90, ap_southeast_2=HEALTHY, eu_central_1=HEALTHY, us_east_1=HEALTHY)
    result = run("findings")
    assert result.exit_code == 3
    assert "Nothing is open." in result.stdout
    assert "no audit for 1 h 30 min" in result.stderr
    audited(1, eu_central_1=HEALTHY, us_east_1=HEALTHY)
    assert run("findings", "--region", "eu-west-1").exit_code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--tag", "SANDBOXX"), "SANDBOX"),
        (("--check", "identity.dkm"), "identity.dkim"),
        (("--region", "mars"), "eu-west-1"),
        (("--severity", "fatal"), "critical"),
        (("--since", "yesterday"), "7d"),
        (("--since", "0d"), "7d"),
        (("--limit", "0"), "--limit"),
        (("--stack-region", "mars"), "eu-west-1"),
    ],
)
@pytest.mark.usefixtures("troubled")
def test_a_name_that_is_not_known_is_refused_with_one_that_is(run: Run, options: tuple[str, ...], says: str) -> None:
    result = run("findings", *options)
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.usefixtures("deployed")
def test_a_storm_is_listed_whole_also_where_its_region_is_not_known_to_this_version(run: Run) -> None:
    audited(1, ap_southeast_2=HEALTHY, eu_central_1=HEALTHY, us_east_1=HEALTHY)
    table = Table(boto3.client("dynamodb", region_name=stack.HOME), stack.TABLE, 400, clock=lambda: NOW)
    many = [
        replace(OPEN, region="eu-new-1", subject=f"d{n}.example", written_at=NOW, opened_at=NOW) for n in range(150)
    ]
    table.save(settlement(*map(opening, many)))
    shown = run("findings", "--all", "--since", "1d", "--region", "eu-new-1").stdout
    assert all(each.finding_id in shown for each in many)
    assert "more: --limit" not in shown
    assert mute(run, "--tag", OPEN.tag, "--region", "eu-new-1")
    assert "150 of them muted" in run("findings").stdout


@pytest.mark.parametrize("columns", [40, 60, 80, 110])
@pytest.mark.usefixtures("troubled")
def test_nothing_is_wider_than_the_terminal_but_what_is_pasted(run: Run, columns: int) -> None:
    mute(run, "--check", "account.production_access", "--region", "eu-central-1", "--subject", "a" * 60 + "*")
    mute(run, "--subject", "acc*")
    for verb in (("status",), ("findings",), ("findings", "--all"), ("history", PAUSED), ("mute", "--list")):
        shown = run(*verb, columns=columns).stdout
        assert shown
        for row in shown.splitlines():
            assert is_to_paste(row) or len(row) <= columns
        assert "\x1b" not in shown


@pytest.mark.usefixtures("troubled")
def test_colour_is_for_terminals_that_want_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    verbs = (("findings", "--all"), ("history", PAUSED), ("mute", "--list"), ("status",))
    mute(run, "--tag", "SANDBOX")
    colours = re.compile(r"\x1b\[[0-9;]*[34][0-9]")
    for verb in verbs:
        assert "\x1b" not in run(*verb).stdout
    monkeypatch.setenv("FORCE_COLOR", "1")  # how rich is told that it writes to a terminal
    monkeypatch.setenv("TERM", "xterm-256color")
    for verb in verbs:
        assert colours.search(run(*verb).stdout)
    monkeypatch.setenv("NO_COLOR", "1")
    for verb in verbs:
        assert not colours.search(run(*verb).stdout)
