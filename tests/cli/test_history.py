"""`history` tells how one finding evolved and who was told."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from ses_monitor.core.model import Severity
from ses_monitor.core.stored import finding_id
from ses_monitor.store.table import Table
from tests.build import HEALTHY, NOW
from tests.cli import stack
from tests.cli.conftest import Run
from tests.cli.test_findings import PAUSED, SANDBOX, audited, deployed, mute, troubled
from tests.store.examples import OPEN, change_of, milliseconds, opening, replacing, resolving, settlement

__all__ = ("deployed", "troubled")


def table() -> Table:
    return Table(boto3.client("dynamodb", region_name=stack.HOME), stack.TABLE, 400, clock=lambda: NOW)


@pytest.mark.usefixtures("troubled")
def test_the_life_of_a_finding_looks_like_this(run: Run, golden: Callable[[str, str], None]) -> None:
    result = run("history", PAUSED)
    assert (result.exit_code, result.stderr) == (1, "")
    golden("history.txt", result.stdout)


@pytest.mark.usefixtures("troubled")
def test_the_beginning_of_an_id_is_enough(run: Run) -> None:
    whole = json.loads(run("history", PAUSED, "--json").stdout)
    assert json.loads(run("history", f" {PAUSED[:5].upper()} ", "--json").stdout) == whole


@pytest.mark.usefixtures("troubled")
def test_a_finding_that_is_over_is_found_by_its_beginning_too(run: Run) -> None:
    over = finding_id("us-east-1", "account.quota", "account", "QUOTA_NEARLY_EXHAUSTED")
    result = run("history", over[:6])
    assert result.exit_code == 0
    assert "It is over since 12 May 2026, 09:58 UTC." in result.stdout
    assert "resolved" in result.stdout


@pytest.mark.usefixtures("troubled")
def test_findings_that_begin_alike_are_listed(run: Run) -> None:
    begun: dict[str, list[str]] = {}
    for number in range(300):
        stored = replace(OPEN, subject=f"d{number}.example", written_at=NOW, opened_at=NOW)
        begun.setdefault(stored.finding_id[:2], []).append(stored.subject)
    start, subjects = next((start, names) for start, names in begun.items() if len(names) > 1)
    table().save(settlement(*(opening(replace(OPEN, subject=name)) for name in subjects)))
    result = run("history", start)
    assert result.exit_code == 2
    told = " ".join(result.stderr.split())
    assert "is the beginning of" in told
    for name in subjects:
        assert replace(OPEN, subject=name).finding_id in told


@pytest.mark.usefixtures("troubled")
def test_the_document_has_exactly_the_fields_that_were_promised(run: Run) -> None:
    muting = mute(run, "--tag", "SENDING_PAUSED", "--for", "1h")
    found = json.loads(run("history", PAUSED, "--json").stdout)
    assert list(found) == ["schema", "finding_id", "finding", "changes", "told"]
    assert found["finding"]["id"] == found["finding_id"] == PAUSED
    assert found["finding"]["muted_by"] == muting
    assert found["finding"]["remediation"]
    first, second, third = found["changes"]
    assert {"region", "lasted_seconds", "muted_by", "in_first_audit", "told_to"} < set(first)
    assert [each["transition"] for each in found["changes"]] == ["opened", "resolved", "opened"]
    assert [each["lasted_seconds"] for each in found["changes"]] == [100 * 60, 20 * 3600, 200 * 60]
    assert second["told_to"] == third["told_to"] == ["sns"]
    assert [(each["channel"], each["at"], each["is_up_to_date"]) for each in found["told"]] == [
        ("sns", "2026-05-12T06:40:09Z", True)
    ]


@pytest.mark.usefixtures("troubled")
def test_what_was_muted_was_told_to_nobody(run: Run) -> None:
    stored = replace(OPEN, region="eu-west-1", written_at=NOW, opened_at=NOW, version=milliseconds(NOW))
    recorded = opening(stored)
    quiet = replace(recorded, change=change_of(stored, muted_by="m-1"))
    table().save(settlement(quiet))
    shown = run("history", stored.finding_id).stdout
    assert "muted: m-1" in shown
    (change,) = json.loads(run("history", stored.finding_id, "--json").stdout)["changes"]
    assert (change["muted_by"], change["told_to"]) == ("m-1", [])


@pytest.mark.usefixtures("troubled")
def test_a_finding_that_went_on_under_another_tag_says_which(run: Run) -> None:
    near = replace(
        OPEN, tag="QUOTA_NEARLY_EXHAUSTED", check_id="account.quota", severity=Severity.WARNING, region="eu-west-2"
    )
    at = OPEN.written_at + timedelta(hours=2)
    full = replace(near, tag="QUOTA_EXHAUSTED", severity=Severity.CRITICAL, written_at=at, version=milliseconds(at))
    table().save(settlement(opening(near)))
    table().save(settlement(replacing(near, full)))
    shown = run("history", near.finding_id).stdout
    assert f"It went on as QUOTA_EXHAUSTED: ses-monitor history {full.finding_id}" in shown
    assert "QUOTA_NEARLY_EXHAUSTED became QUOTA_EXHAUSTED" in shown
    assert "worsened" in run("history", full.finding_id).stdout


@pytest.mark.usefixtures("troubled")
def test_what_is_open_for_longer_than_changes_are_kept_is_told_of_all_the_same(run: Run) -> None:
    client = boto3.client("dynamodb", region_name=stack.HOME)
    pages = client.get_paginator("query").paginate(
        TableName=stack.TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "CHANGE#eu-central-1"}},
    )
    for item in (each for page in pages for each in page["Items"]):
        client.delete_item(TableName=stack.TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    result = run("history", SANDBOX)
    assert result.exit_code == 1
    assert "No change of it is kept any more." in result.stdout
    assert "nothing of it" in result.stdout


@pytest.mark.usefixtures("deployed")
def test_a_finding_that_was_resolved_long_ago_is_told_by_its_changes_alone(run: Run) -> None:
    audited(10, ap_southeast_2=HEALTHY)
    table().save(settlement(opening(OPEN)))
    table().save(settlement(resolving(OPEN, OPEN.written_at + timedelta(hours=1))))
    client = boto3.client("dynamodb", region_name=stack.HOME)
    key = {"pk": {"S": "FINDING#account"}, "sk": {"S": "eu-west-1#account.sending_enabled#account#SENDING_PAUSED"}}
    client.delete_item(TableName=stack.TABLE, Key=key)
    result = run("history", OPEN.finding_id)
    assert result.exit_code == 0
    assert "not kept any more" in result.stdout


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ("0123456789ab", 3, "knows no finding 0123456789ab"),
        ("000", 3, "knows no finding 000"),
        ("", 2, "no id"),
        ("xyz", 2, "no id"),
        ("0123456789abc", 2, "no id"),
        ("d6\x1b[31m", 2, "no id"),
    ],
)
@pytest.mark.usefixtures("troubled")
def test_an_id_that_is_not_known_is_said_to_be_none(run: Run, given: str, status: int, says: str) -> None:
    result = run("history", given)
    assert result.exit_code == status
    assert says in " ".join(result.stderr.split())
    assert "\x1b" not in result.stderr
