from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ses_monitor.collect.secret import RecipientKeyError
from ses_monitor.core.mailbox import HashedRecipients
from ses_monitor.feedback.queue import NotIngestedError, wait_before
from ses_monitor.settings import SettingsError
from simulator import feedback
from simulator.feedback import Mechanism
from tests.store.examples import create_table, refused

EVENTS = Path(__file__).parents[2] / "events"
APP = "functions.ingest_feedback.app"
KEY = "/ses-monitor/recipient-key"
CONTEXT = SimpleNamespace(
    function_name="ingest-feedback",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:111122223333:function:ingest-feedback",
    aws_request_id="request-1",
)
BATCHES = sorted(path.stem for name in ("feedback", "rejection") for path in EVENTS.glob(f"sqs-{name}-*.json"))
DIRECT = sorted(path.stem for path in (*EVENTS.glob("eventbridge-*.json"), *EVENTS.glob("sns-feedback-*.json")))


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
        "POWERTOOLS_SERVICE_NAME": "ingest_feedback",
        "TABLE_NAME": "ses-monitor",
        "FEEDBACK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/feedback",
        "RECIPIENT_KEY_PARAMETER": "",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def aws(environment: None) -> Iterator[None]:  # noqa: ARG001 - the environment must be set before the mock starts
    with mock_aws():
        create_table(boto3.client("dynamodb"), "ses-monitor")
        yield


@pytest.fixture
def app(aws: None) -> Iterator[ModuleType]:  # noqa: ARG001 - its clients must be made within the mock
    sys.modules.pop(APP, None)
    yield importlib.import_module(APP)
    sys.modules.pop(APP, None)


@pytest.fixture
def hidden(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For how many seconds each message was hidden."""
    waits: list[int] = []

    def change(*, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803 - boto3's names
        assert QueueUrl.endswith("/123456789012/feedback")
        assert ReceiptHandle
        waits.append(VisibilityTimeout)

    monkeypatch.setattr(app.queue._client, "change_message_visibility", change)
    return waits


@pytest.fixture
def log(app: ModuleType) -> Iterator[io.StringIO]:
    """Everything the function writes to its log."""
    handler = app.logger.registered_handler
    before = handler.setStream(stream := io.StringIO())
    yield stream
    handler.setStream(before)


def items(prefix: str) -> list[dict[str, Any]]:
    found = boto3.client("dynamodb").scan(TableName="ses-monitor")["Items"]
    return [item for item in found if item["pk"]["S"].startswith(prefix)]


def failed(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.mark.parametrize("name", BATCHES)
def test_every_batch_under_events_is_worked_and_again_without_a_trace(
    app: ModuleType, hidden: list[int], name: str
) -> None:
    first = failed(app.handler(event(name), CONTEXT))
    assert bool(first) == (name == "sqs-feedback-unreadable")
    before = items("")
    assert failed(app.handler(event(name), CONTEXT)) == first
    assert items("") == before
    assert set(hidden) == ({0} if first else set())


@pytest.mark.parametrize("name", DIRECT)
def test_every_event_that_comes_past_the_queue_is_worked(app: ModuleType, name: str) -> None:
    summary = app.handler(event(name), CONTEXT)
    assert summary["counted"] + summary["notices"] == 1
    assert summary["failed"] == 0
    again = app.handler(event(name), CONTEXT)
    assert (again["counted"], again["changes"]) == (0, 0)


def test_ses_json_alone_is_worked_too(app: ModuleType) -> None:
    inner = json.loads(json.loads(event("sqs-feedback-bounce")["Records"][0]["body"])["Message"])
    assert app.handler(inner, CONTEXT)["counted"] == 1


@pytest.mark.parametrize(
    "direct", [{}, {"Records": []}, {"eventType": "Bounce"}, {"Records": [{"eventSource": "aws:s3"}]}]
)
def test_an_event_past_the_queue_that_cannot_be_read_raises_and_is_kept(
    app: ModuleType, direct: dict[str, Any]
) -> None:
    with pytest.raises(NotIngestedError, match=r"^read: "):
        app.handler(direct, CONTEXT)
    assert len(items("UNPARSED")) == 1


def test_an_event_past_the_queue_that_could_not_be_recorded_raises(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_: Any) -> Any:
        raise refused("InternalServerError")

    monkeypatch.setattr(app.DYNAMODB, "transact_write_items", down)
    with pytest.raises(NotIngestedError, match="InternalServerError"):
        app.handler(event("sns-feedback-bounce"), CONTEXT)


def poisoned(*, receives: int = 1) -> dict[str, Any]:
    batch = event("sqs-feedback-bounce")
    poison = deepcopy(batch["Records"][0]) | {"messageId": "poison", "body": "{", "receiptHandle": "poison"}
    poison["attributes"]["ApproximateReceiveCount"] = str(receives)
    return {"Records": [poison, *batch["Records"]]}


def test_a_poisoned_message_alone_is_failed_and_shown_again_at_once(app: ModuleType, hidden: list[int]) -> None:
    assert failed(app.handler(poisoned(), CONTEXT)) == ["poison"]
    assert hidden == [0]
    assert len(items("RECIPIENT#")) == 1


def test_when_all_of_a_batch_fails_all_are_reported_and_nothing_raises(
    app: ModuleType, hidden: list[int], log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_: Any) -> Any:
        raise refused("InternalServerError")

    batch = event("sqs-feedback-bounce")
    batch["Records"] = [
        record
        | {"messageId": f"{number}", "attributes": record["attributes"] | {"ApproximateReceiveCount": str(number)}}
        for number, record in enumerate(batch["Records"] * 12, 1)
    ]
    with monkeypatch.context() as broken:
        broken.setattr(app.DYNAMODB, "transact_write_items", down)
        assert failed(app.handler(batch, CONTEXT)) == [record["messageId"] for record in batch["Records"]]
    assert hidden[:8] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert len(hidden) == 12
    assert log.getvalue().count("Messages failed") == 1
    assert '"count":12' in log.getvalue()
    assert failed(app.handler(batch, CONTEXT)) == []
    assert len(items("RECIPIENT#")) == 1


def test_a_queue_that_will_not_hide_a_message_decides_itself_when_it_comes_again(
    app: ModuleType, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ChangeMessageVisibility")

    monkeypatch.setattr(app.queue._client, "change_message_visibility", denied)
    assert failed(app.handler(poisoned(), CONTEXT)) == ["poison"]
    assert "queue's own timeout" in log.getvalue()


def test_without_its_url_the_queue_is_left_alone(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.queue, "_url", "")
    assert failed(app.handler(poisoned(), CONTEXT)) == ["poison"]


def test_a_message_is_tried_for_hours_before_it_is_a_dead_letter() -> None:
    def failure(receives: int) -> Any:
        return SimpleNamespace(step="record", message=SimpleNamespace(receives=receives))

    assert 2.5 < sum(wait_before(failure(receives)) for receives in range(1, 9)) / 3600 < 4
    assert wait_before(failure(10_000)) == 3600


def test_it_says_what_it_did_in_figures_and_names_nobody(
    app: ModuleType, hidden: list[int], log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in BATCHES:
        app.handler(event(name), CONTEXT)
    app.handler(poisoned(), CONTEXT)
    out = capsys.readouterr().out
    assert hidden
    said = log.getvalue() + out
    assert '"counted":' in said
    assert '"unparsed":1,' in said
    assert "_aws" not in out, "a metric, which costs"
    assert '"message_ids":["poison"]' in said
    for secret in ("@example", "Your order", "smtp; 550"):
        assert secret not in said


def test_a_poisoned_message_counts_as_one_however_often_it_comes(
    app: ModuleType, hidden: list[int], log: io.StringIO
) -> None:
    app.handler(poisoned(receives=2), CONTEXT)
    assert '"unparsed":0,' in log.getvalue()
    assert hidden == [0]


@pytest.mark.parametrize("named_first", [True, False])
def test_a_bounce_told_in_one_batch_with_and_without_its_configuration_set_counts_for_the_set(
    app: ModuleType, *, named_first: bool
) -> None:
    sent_at = datetime.now(UTC) - timedelta(minutes=5)
    mail = feedback.Mail(
        message_id=feedback.make_id("eu-west-1", sent_at, "both"),
        region="eu-west-1",
        identity="shop.example.com",
        source="orders@shop.example.com",
        recipients=("ada@example.org",),
        sent_at=sent_at,
        configuration_set="transactional",
    )
    at = sent_at + timedelta(minutes=1)
    named = feedback.bounce(mail, mail.recipients, at, feedback_id="f-1")
    unnamed = feedback.bounce(mail, mail.recipients, at, feedback_id="f-1", by=Mechanism.IDENTITY_NOTIFICATION)
    told = [named, unnamed] if named_first else [unnamed, named]
    batch = feedback.lambda_event([feedback.sqs_record(json.dumps(body), n, at=at) for n, body in enumerate(told)])
    assert failed(app.handler(batch, CONTEXT)) == []
    for owner in ("account#account", "identity#shop.example.com", "configuration_set#transactional"):
        [counter] = items(f"COUNTS#eu-west-1#{owner}")
        assert counter["hard_bounces"] == {"N": "1"}


def test_recipients_are_kept_plain_where_no_key_is_named(app: ModuleType) -> None:
    app.handler(event("sqs-feedback-bounce"), CONTEXT)
    [record] = items("RECIPIENT#")
    assert "@" in record["pk"]["S"]


@pytest.mark.usefixtures("aws")
def test_recipients_are_hashed_where_a_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPIENT_KEY_PARAMETER", KEY)
    boto3.client("ssm").put_parameter(Name=KEY, Value="sixteen bytes at least", Type="SecureString")
    sys.modules.pop(APP, None)
    app = importlib.import_module(APP)
    assert isinstance(app.NAMES, HashedRecipients)
    app.handler(event("sqs-feedback-bounce"), CONTEXT)
    [record] = items("RECIPIENT#")
    assert record["pk"]["S"].startswith("RECIPIENT#hmac-")
    assert "@example.org" not in record["pk"]["S"]
    sys.modules.pop(APP, None)


@pytest.mark.usefixtures("aws")
def test_without_the_key_that_is_named_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPIENT_KEY_PARAMETER", KEY)
    sys.modules.pop(APP, None)
    with pytest.raises(RecipientKeyError, match=KEY):
        importlib.import_module(APP)


@pytest.mark.usefixtures("environment")
def test_a_wrong_variable_fails_the_cold_start_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_DAYS", "14")
    sys.modules.pop(APP, None)
    with pytest.raises(SettingsError, match="EVENT_DAYS"):
        importlib.import_module(APP)


def test_its_role_grants_what_it_asks_of_the_table_and_no_more(app: ModuleType, hidden: list[int]) -> None:
    from tests.test_template import actions, statements

    asked: set[str] = set()

    def note(model: Any, params: dict[str, Any], **_: Any) -> None:
        body = json.loads(params["body"])
        if model.name == "TransactWriteItems":
            asked.update(f"dynamodb:{verb}Item" for each in body["TransactItems"] for verb in each)
        else:
            asked.add(f"dynamodb:{model.name}")

    app.DYNAMODB.meta.events.register("before-call.dynamodb.*", note)
    for name in BATCHES:
        app.handler(event(name), CONTEXT)
    for name in DIRECT:
        app.handler(event(name), CONTEXT)
    granted = {action for each in statements("IngestFeedbackRole") for action in actions(each)}
    assert asked == {action for action in granted if action.startswith("dynamodb:")}
    assert "sqs:ChangeMessageVisibility" in granted
    assert hidden
