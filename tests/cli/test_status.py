"""`status` shows what the table holds, and says when nobody has looked for a while."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Known
from tests.build import BLIND, HEALTHY, NOW, sandbox, unused, with_account, with_quota
from tests.cli import stack
from tests.cli.conftest import Run

TROUBLED = {
    "ap-southeast-2": with_account(sending_enabled=False),
    "eu-central-1": sandbox(),
    "us-east-1": with_quota(42_480),
    "eu-west-1": HEALTHY,
    "eu-west-2": unused(sandbox()),
    "eu-west-3": unused(sandbox()),
    "sa-east-1": stack.UNREADABLE,
}
UNUSED = {"has_verified_identity": Known(value=False)}


def at(region: str, snapshot: Snapshot, minutes_ago: float) -> Snapshot:
    changes: dict[str, Any] = {"region": region, "taken_at": NOW - timedelta(minutes=minutes_ago)}
    if region in {"eu-west-2", "eu-west-3"}:
        changes |= UNUSED
    return replace(snapshot, **changes)


def audited(worlds: dict[str, Snapshot], minutes_ago: float, **more: Any) -> None:
    snapshots = [at(region, snapshot, minutes_ago) for region, snapshot in worlds.items()]
    stack.audit(snapshots, NOW - timedelta(minutes=minutes_ago), **more)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    outputs = {"ses-monitor": {"TableName": stack.TABLE}, "shop": {"Website": "https://shop.example.com/?a&b"}}
    with stack.CloudFormation(outputs) as url, mock_aws():
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        stack.make_table()
        yield


@pytest.fixture
def troubled(deployed: None) -> None:  # noqa: ARG001 - the stack has to be there
    healthy = dict.fromkeys(TROUBLED, HEALTHY)
    audited(healthy, 3 * 24 * 60)
    audited({**healthy, "ap-southeast-2": TROUBLED["ap-southeast-2"]}, 200)
    audited(TROUBLED, 7)
    audited(TROUBLED, 2, skipped=("me-south-1", "af-south-1"))


@pytest.mark.usefixtures("troubled")
def test_what_the_table_holds_looks_like_this(run: Run, golden: Callable[[str, str], None]) -> None:
    result = run("status")
    assert result.exit_code == 1
    assert result.stderr == ""
    golden("status.txt", result.stdout)


@pytest.mark.usefixtures("deployed")
def test_nothing_wrong_is_said_in_a_few_lines(run: Run, golden: Callable[[str, str], None]) -> None:
    audited({"eu-west-1": HEALTHY, "us-east-1": HEALTHY}, 4)
    result = run("status")
    assert result.exit_code == 0
    golden("status_healthy.txt", result.stdout)


@pytest.mark.usefixtures("deployed")
def test_audits_that_stopped_are_said_first(run: Run, golden: Callable[[str, str], None]) -> None:
    audited({"eu-west-1": HEALTHY}, 25)
    result = run("status")
    assert result.exit_code == 3, "nobody has looked: that nothing is wrong is not known"
    assert "no audit for 25 min" in result.stderr
    golden("status_overdue.txt", result.stdout)


@pytest.mark.usefixtures("deployed")
def test_findings_of_audits_that_stopped_are_findings_still(run: Run) -> None:
    audited({"eu-west-1": with_account(sending_enabled=False)}, 25)
    assert run("status").exit_code == 1


@pytest.mark.usefixtures("deployed")
def test_a_slower_schedule_is_not_overdue(run: Run) -> None:
    audited({"eu-west-1": HEALTHY}, 14)
    stack.runs_only(NOW - timedelta(minutes=14), every=timedelta(minutes=15), number=5)
    result = run("status")
    assert result.exit_code == 0
    assert result.stderr == ""


@pytest.mark.usefixtures("troubled")
def test_the_document_has_exactly_the_fields_that_were_promised(run: Run) -> None:
    found = json.loads(run("status", "--json").stdout)
    assert list(found) == ["schema", "verdicts", "findings", "runs"]
    assert {tuple(each) for each in found["verdicts"]} == {("region", "verdict", "causes", "since")}
    fields = ("check", "tag", "severity", "region", "subject", "text", "cause", "remediation", "evidence")
    assert {tuple(each) for each in found["findings"]} == {(*fields, "finding_id", "since")}
    assert list(found["runs"]) == ["audit_accounts"]
    last = found["runs"]["audit_accounts"]
    assert list(last) == ["started_at", "age_seconds", "regions", "skipped", "unseen", "complete"]
    assert last["age_seconds"] == 120
    assert last["skipped"] == ["af-south-1", "me-south-1"]
    assert {each["region"] for each in last["unseen"]} == {"sa-east-1"}


@pytest.mark.usefixtures("troubled")
def test_a_verdict_keeps_the_time_it_was_first_given(run: Run) -> None:
    found = json.loads(run("status", "--json").stdout)
    since = {each["region"]: each["since"] for each in found["verdicts"]}
    assert since["eu-west-1"] == "2026-05-09T10:00:00Z"
    assert since["ap-southeast-2"] == "2026-05-12T06:40:00Z"
    assert since["eu-central-1"] == "2026-05-12T09:53:00Z"
    paused = next(each for each in found["findings"] if each["tag"] == "SENDING_PAUSED")
    assert paused["since"] == since["ap-southeast-2"]
    assert len(paused["finding_id"]) == 12


@pytest.mark.usefixtures("deployed")
def test_a_table_without_any_audit_is_no_clean_bill(run: Run) -> None:
    result = run("status", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout) == {"schema": 1, "verdicts": [], "findings": [], "runs": {"audit_accounts": None}}
    assert "no audit yet" in result.stderr
    assert "No audit yet" in run("status").stdout


@pytest.mark.usefixtures("deployed")
def test_where_no_region_could_be_judged_nothing_is_known(run: Run) -> None:
    audited({"eu-west-1": BLIND}, 1)
    result = run("status")
    assert result.exit_code == 3
    assert "throttled" in result.stdout


@pytest.mark.usefixtures("deployed")
def test_an_audit_that_was_cut_off_says_so(run: Run) -> None:
    audited({"eu-west-1": HEALTHY}, 1, complete=False)
    assert "cut off" in run("status").stdout


@pytest.mark.usefixtures("troubled")
def test_the_table_can_be_named_itself(run: Run) -> None:
    assert run("status", "--table", stack.TABLE, "--region", stack.HOME).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--stack-name", "other"), ("no stack other", "eu-west-1", "--stack-name")),
        (("--stack-name", "shop"), ("shop", "no output TableName")),
        (("--region", "us-east-1"), ("no stack ses-monitor", "us-east-1")),
        (("--table", "other"), ("no table other", "eu-west-1")),
        (("--table", "bad name!"), ("bad name!",)),
    ],
)
@pytest.mark.usefixtures("deployed")
def test_what_is_not_there_is_named(run: Run, arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    result = run("status", *arguments)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for words in says:
        assert words in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--stack-name", "a", "--table", "b"), "--table"),
        (("--region", "mars"), "eu-west-1"),
        (("--fail-on", "fatal"), "critical"),
    ],
)
def test_bad_usage_is_named(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run("status", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_without_a_region_it_asks_for_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    result = run("status")
    assert result.exit_code == 2
    assert "--region" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("--table", "ses-monitor-Table")])
def test_an_aws_that_cannot_be_reached_is_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, nowhere: str, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)
    result = run("status", *arguments)
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert "no connection" in result.stderr


@pytest.mark.usefixtures("deployed")
def test_an_item_that_cannot_be_read_is_not_passed_over(run: Run) -> None:
    audited({"eu-west-1": HEALTHY}, 1)
    item = {"pk": {"S": "REGION"}, "sk": {"S": "xx"}, "region": {"N": "7"}}
    boto3.client("dynamodb", region_name=stack.HOME).put_item(TableName=stack.TABLE, Item=item)
    result = run("status")
    assert result.exit_code == 3
    assert "cannot read" in result.stderr
