from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ses_monitor.settings import SettingsError

EVENTS = Path(__file__).parents[2] / "events"
APP = "functions.publish_alerts.app"
CONTEXT = SimpleNamespace(
    function_name="publish-alerts",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-central-1:111122223333:function:publish-alerts",
    aws_request_id="request-1",
)


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
        "POWERTOOLS_SERVICE_NAME": "publish_alerts",
        "TABLE_NAME": "ses-monitor",
        "ALERT_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:alerts",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def aws(environment: None) -> Iterator[None]:  # noqa: ARG001 - the environment must be set before the mock starts
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="ses-monitor",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        topic = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
        sqs = boto3.client("sqs")
        sqs.create_queue(QueueName="listener")
        boto3.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-central-1:123456789012:listener"
        )
        yield


@pytest.fixture
def app(aws: None) -> Iterator[ModuleType]:  # noqa: ARG001 - its clients must be made within the mock
    sys.modules.pop(APP, None)
    yield importlib.import_module(APP)
    sys.modules.pop(APP, None)


def heard() -> list[dict[str, Any]]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="listener")["QueueUrl"]
    bodies = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("opened", ["SENDING_PAUSED"]),
        ("resolved", ["SENDING_PAUSED"]),
        ("worsened", ["QUOTA_EXHAUSTED"]),
        ("reminded", ["SENDING_PAUSED"]),
        ("many-regions", ["UNDER_REVIEW"]),
        ("first-audit", ["FIRST_AUDIT", "SENDING_PAUSED"]),
        ("unreadable", ["CHANGE_UNREADABLE", "SENDING_PAUSED"]),
    ],
)
def test_each_kind_of_change_reaches_the_topic(app: ModuleType, name: str, tags: list[str]) -> None:
    assert app.handler(event(f"stream-change-{name}"), CONTEXT) == {"batchItemFailures": []}
    told = heard()
    assert sorted(json.loads(each["Message"])["tag"] for each in told) == tags
    assert {"severity", "region", "check", "tag", "transition", "reopened"} == set(told[0]["MessageAttributes"])


def test_a_batch_that_comes_twice_is_told_once(app: ModuleType) -> None:
    for _ in range(2):
        app.handler(event("stream-change-many-regions"), CONTEXT)
    assert len(heard()) == 1


def test_an_outage_of_sns_raises_and_everything_is_told_when_it_is_over(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = app.TOPIC.client.publish
    calls = []

    def down_after_one(**request: Any) -> Any:
        calls.append(request)
        if len(calls) > 1:
            raise ClientError({"Error": {"Code": "InternalError"}}, "Publish")
        return real(**request)

    monkeypatch.setattr(app.TOPIC.client, "publish", down_after_one)
    with pytest.raises(Exception, match="could not be published"):
        app.handler(event("stream-change-first-audit"), CONTEXT)
    monkeypatch.setattr(app.TOPIC.client, "publish", real)
    app.handler(event("stream-change-first-audit"), CONTEXT)
    ids = [json.loads(each["Message"])["alert_id"] for each in heard()]
    assert len(ids) == len(set(ids)) == 2


def test_nothing_of_an_alert_is_logged_but_names(app: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    before = app.logger.registered_handler.setStream(log := io.StringIO())
    app.handler(event("stream-change-opened"), CONTEXT)
    app.logger.registered_handler.setStream(before)
    assert "_aws" not in capsys.readouterr().out, "a metric, which costs"
    assert "SENDING_PAUSED" in log.getvalue()
    assert "every send is refused" not in log.getvalue()


def test_a_batch_without_changes_publishes_nothing(app: ModuleType) -> None:
    app.handler({"Records": []}, CONTEXT)
    assert heard() == []


@pytest.mark.parametrize("variable", ["ALERT_TOPIC_ARN", "TABLE_NAME"])
@pytest.mark.usefixtures("environment")
def test_a_missing_variable_fails_the_cold_start_by_name(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable)
    sys.modules.pop(APP, None)
    with pytest.raises(SettingsError, match=variable):
        importlib.import_module(APP)
