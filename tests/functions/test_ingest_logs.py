"""The function that takes a log group's lines: what SES refused goes to the queue, and nothing is lost in silence."""

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

from ses_monitor.feedback.parsed import UnreadableEventError
from ses_monitor.settings import SettingsError

EVENTS = Path(__file__).parents[2] / "events"
APP = "functions.ingest_logs.app"
CONTEXT = SimpleNamespace(
    function_name="ingest-logs",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-central-1:111122223333:function:ingest-logs",
    aws_request_id="request-1",
)


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
        "POWERTOOLS_SERVICE_NAME": "ingest_logs",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def queue(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: ARG001 - set before the mock starts
    with mock_aws():
        url = boto3.client("sqs").create_queue(QueueName="feedback")["QueueUrl"]
        monkeypatch.setenv("FEEDBACK_QUEUE_URL", url)
        yield url


@pytest.fixture
def app(queue: str) -> Iterator[ModuleType]:  # noqa: ARG001 - its client must be made within the mock
    sys.modules.pop(APP, None)
    yield importlib.import_module(APP)
    sys.modules.pop(APP, None)


@pytest.fixture
def log(app: ModuleType) -> Iterator[io.StringIO]:
    """Everything the function writes to its log."""
    handler = app.logger.registered_handler
    before = handler.setStream(stream := io.StringIO())
    yield stream
    handler.setStream(before)


def bodies(url: str) -> list[Any]:
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(each["Body"]) for each in found.get("Messages", [])]


def test_refusals_go_to_the_queue_and_the_log_says_how_many_and_no_message(
    app: ModuleType, queue: str, log: io.StringIO
) -> None:
    assert app.handler(event("logs-refused"), CONTEXT) == {"reports": 2, "messages": 1}
    (body,) = bodies(queue)
    assert "Email address is not verified" in json.dumps(body)
    assert "/shop/checkout" in json.dumps(body)
    (line,) = [json.loads(each) for each in log.getvalue().splitlines()]
    assert (line["log_group"], line["reports"], line["messages"]) == ("/shop/checkout", 2, 1)
    assert "@" not in log.getvalue()
    assert "not verified" not in log.getvalue()


@pytest.mark.parametrize("name", ["logs-ordinary", "logs-control-message"])
def test_where_nothing_was_refused_nothing_is_sent(app: ModuleType, queue: str, name: str) -> None:
    assert app.handler(event(name), CONTEXT) == {"reports": 0, "messages": 0}
    assert bodies(queue) == []


def test_what_cannot_be_read_raises_so_that_lambda_keeps_it(app: ModuleType, queue: str, log: io.StringIO) -> None:
    with pytest.raises(UnreadableEventError, match="cut off"):
        app.handler(event("logs-truncated"), CONTEXT)
    assert bodies(queue) == []
    assert "awslogs.data is cut off" in log.getvalue()


def test_a_queue_that_refuses_raises(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "SendMessage")

    monkeypatch.setattr(app.SQS, "send_message", refuse)
    with pytest.raises(ClientError):
        app.handler(event("logs-refused"), CONTEXT)


@pytest.mark.usefixtures("environment")
def test_without_a_queue_it_says_what_is_missing() -> None:
    sys.modules.pop(APP, None)
    with pytest.raises(SettingsError, match="FEEDBACK_QUEUE_URL"):
        importlib.import_module(APP)
