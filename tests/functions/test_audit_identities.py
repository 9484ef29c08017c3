from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from botocore.exceptions import ClientError
from moto import mock_aws

from ses_monitor.audit.identities.worker import Sources, Worker
from ses_monitor.collect.regions import Regions
from ses_monitor.core.observed import Known
from ses_monitor.settings import SettingsError
from tests.audit.identity_world import REJECTING, IdentityWorld, domain
from tests.store.examples import create_table

EVENTS = Path(__file__).parents[2] / "events"
APP = "functions.audit_identities.app"
REGIONS = Regions(("eu-west-1", "us-east-1"), (), Known(frozenset({"eu-west-1", "us-east-1"})))


class Context(SimpleNamespace):
    function_name = "audit-identities"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:audit-identities"
    aws_request_id = "request-1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 900_000


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
        "POWERTOOLS_SERVICE_NAME": "audit_identities",
        "TABLE_NAME": "ses-monitor",
        "IDENTITY_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/regions",
        "SES_MONITOR_RESOLVERS": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def aws(environment: None) -> Iterator[None]:  # noqa: ARG001 - the environment must be set before the mock starts
    with mock_aws():
        create_table(boto3.client("dynamodb"), "ses-monitor")
        boto3.client("sqs").create_queue(QueueName="regions")
        yield


@pytest.fixture
def world() -> IdentityWorld:
    made = IdentityWorld()
    made.put(domain("a.example.com"), domain("z.example.com", mail_from=REJECTING))
    return made


@pytest.fixture
def app(aws: None, world: IdentityWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:  # noqa: ARG001 - its clients must be made within the mock
    sys.modules.pop(APP, None)
    made = importlib.import_module(APP)
    sources = Sources(world, world, world.prove, made.queue.put)
    monkeypatch.setattr(made, "worker", replace(made.worker, sources=sources))
    monkeypatch.setattr(made, "find_regions", lambda *_: REGIONS)
    yield made
    sys.modules.pop(APP, None)


def queued() -> list[dict[str, Any]]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="regions")["QueueUrl"]
    bodies: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def received(body: str) -> dict[str, Any]:
    """Put a message on the queue and receive it, as the event source does."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="regions")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body)
    [message] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=1080)["Messages"]
    made = event("sqs-identities-region")
    made["Records"][0] |= {"body": message["Body"], "receiptHandle": message["ReceiptHandle"]}
    return made


def test_plan_queues_every_region_once(app: ModuleType) -> None:
    assert app.plan(event("plan-identities-schedule"), Context()) == {"regions": 2, "left": 0}
    tasks = queued()
    assert sorted(task["region"] for task in tasks) == ["eu-west-1", "us-east-1"]
    assert {(task["stage"], task["after"]) for task in tasks} == {("identities", None)}
    assert len({task["run"] for task in tasks}) == 1


def test_plan_queues_as_many_regions_as_there_are(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(f"xx-test-{number}" for number in range(33))
    monkeypatch.setattr(app, "find_regions", lambda *_: Regions(many, (), Known(frozenset(many))))
    app.plan(event("plan-identities-schedule"), Context())
    assert sorted(task["region"] for task in queued()) == sorted(many)


def test_plan_fails_loudly_when_the_queue_refuses_a_region(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "InternalError"}}, "SendMessage")

    monkeypatch.setattr(app.queue._client, "send_message", refuse)
    with pytest.raises(ClientError, match="InternalError"):
        app.plan(event("plan-identities-schedule"), Context())


def test_a_message_is_worked_and_what_it_finds_is_in_the_table(app: ModuleType) -> None:
    assert app.audit(event("sqs-identities-region"), Context()) == {"batchItemFailures": []}
    assert [each.tag for each in app.table.findings("identity", "eu-west-1")] == ["MAIL_FROM_REJECTING"]
    assert [state.name for state in app.table.identity_states("eu-west-1")] == ["a.example.com", "z.example.com"]
    assert app.table.identity_runs()["eu-west-1"].ended
    assert queued() == []


def test_a_run_goes_on_through_the_queue_and_comes_to_its_end(
    app: ModuleType, world: IdentityWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(*(domain(f"d{number:03}.example.com", verification_status="PENDING") for number in range(90)))
    spent = 0.0

    def work(what: str) -> None:
        nonlocal spent
        spent += 20 * (what == "details")

    world.on_call = work
    monkeypatch.setattr(app, "worker", replace(app.worker, clock=lambda: spent))
    app.audit(event("sqs-identities-region"), Context())
    after: list[str | None] = []
    while tasks := queued():
        [task] = tasks
        after.append(task["after"])
        app.audit(received(json.dumps(task)), Context())
    assert len(after) > 1
    assert len(app.table.identity_states("eu-west-1")) == 92
    assert app.table.identity_runs()["eu-west-1"].ended


def test_a_message_that_goes_on_with_a_run_nobody_knows_is_worked(app: ModuleType) -> None:
    app.audit(event("sqs-identities-continued"), Context())
    assert [each.subject for each in app.table.findings("identity", "eu-west-1")] == ["z.example.com"]


def test_a_region_that_is_audited_no_more_is_closed_and_forgotten(app: ModuleType, world: IdentityWorld) -> None:
    world.regions["eu-west-3"] = {"z.example.com": domain("z.example.com", mail_from=REJECTING)}
    task = json.dumps({"region": "eu-west-3", "run": "run-1"})
    app.audit(received(task), Context())
    app.plan(event("plan-identities-schedule"), Context())
    assert [task["region"] for task in queued() if task.get("leave")] == ["eu-west-3"]
    app.audit(event("sqs-identities-left"), Context())
    assert [each.phase.value for each in app.table.findings("identity", "eu-west-3")] == ["resolved"]
    assert app.table.identity_states("eu-west-3") == []
    assert "eu-west-3" not in app.table.identity_runs()


def test_a_message_that_is_none_of_ours_is_refused_with_its_place_and_shown_again_at_once(
    app: ModuleType, world: IdentityWorld
) -> None:
    before = app.logger.registered_handler.setStream(log := io.StringIO())
    body = json.loads(event("sqs-identities-not-ours")["Records"][0]["body"])
    with pytest.raises(BatchProcessingError):
        app.audit(received(json.dumps(body)), Context())
    app.logger.registered_handler.setStream(before)
    assert "region is 'Atlantis'; it must be an AWS region" in log.getvalue()
    assert queued() == [body], "it is visible again, on its way to the dead letters"
    assert world.calls == []


def test_a_failure_is_tried_again_after_a_minute(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    client = app.queue._client
    monkeypatch.setattr(
        client, "change_message_visibility", lambda **request: seen.append(request["VisibilityTimeout"])
    )

    def down(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "InternalServerError"}}, "Query")

    monkeypatch.setattr(app.table._client, "query", down)
    with pytest.raises(BatchProcessingError):
        app.audit(event("sqs-identities-region"), Context())
    assert seen == [60]


def test_it_says_what_it_did_in_figures_and_no_more(app: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    before = app.logger.registered_handler.setStream(log := io.StringIO())
    app.audit(event("sqs-identities-region"), Context())
    app.logger.registered_handler.setStream(before)
    assert '"RegionsAudited":[0.0,1.0]' in capsys.readouterr().out
    assert '"changes":1' in log.getvalue()
    assert "z.example.com" not in log.getvalue()


def test_the_time_kept_for_finishing_is_left(app: ModuleType) -> None:
    worker: Worker = app.worker
    assert worker.longest_call == pytest.approx(33.75)


@pytest.mark.parametrize("variable", ["IDENTITY_QUEUE_URL", "TABLE_NAME"])
@pytest.mark.usefixtures("environment")
def test_a_missing_variable_fails_the_cold_start_by_name(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable)
    sys.modules.pop(APP, None)
    with pytest.raises(SettingsError, match=variable):
        importlib.import_module(APP)
