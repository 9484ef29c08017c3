from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor.settings import SettingsError
from simulator.chat.receiver import API_PATH, BOT_TOKEN, CHANNEL, WEBHOOK_PATH, Chat, Scripted
from simulator.loopback import LoopbackServer

EVENTS = Path(__file__).parents[2] / "events"
APP = "functions.deliver_slack.app"
CONTEXT = SimpleNamespace(
    function_name="deliver-slack",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-central-1:111122223333:function:deliver-slack",
    aws_request_id="request-1",
)


def record(name: str, number: int = 1, receives: int = 1) -> dict[str, Any]:
    (found,) = json.loads((EVENTS / f"sqs-alert-{name}.json").read_text())["Records"]
    found["messageId"] = f"{found['messageId']}-{number}"
    found["receiptHandle"] = f"{name}-{number}"
    found["attributes"]["ApproximateReceiveCount"] = str(receives)
    loaded: dict[str, Any] = found
    return loaded


def batch(*records: dict[str, Any]) -> dict[str, Any]:
    return {"Records": list(records)}


def failed(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
        "POWERTOOLS_SERVICE_NAME": "deliver_slack",
        "TABLE_NAME": "ses-monitor",
        "SLACK_WEBHOOK_PARAMETER": "/ses-monitor/slack-webhook",
        "SLACK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/slack",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def webhook(chat: Chat) -> Iterator[str]:
    server = LoopbackServer(chat, name="chat")
    yield server.url + WEBHOOK_PATH
    server.close()


def put_webhook(url: str) -> None:
    boto3.client("ssm").put_parameter(Name="/ses-monitor/slack-webhook", Value=url, Type="SecureString", Overwrite=True)


@pytest.fixture
def app(environment: None, webhook: str) -> Iterator[ModuleType]:  # noqa: ARG001 - read when the module is imported
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="ses-monitor",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        put_webhook(webhook)
        sys.modules.pop(APP, None)
        yield importlib.import_module(APP)
        sys.modules.pop(APP, None)


@pytest.fixture
def hidden(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """For how many seconds each message was hidden, by receipt handle."""
    waits: dict[str, int] = {}

    def change(*, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803 - boto3's names
        assert QueueUrl.endswith("/123456789012/slack")
        waits[ReceiptHandle] = VisibilityTimeout

    monkeypatch.setattr(app.SQS, "change_message_visibility", change)
    return waits


@pytest.fixture
def log(app: ModuleType) -> Iterator[io.StringIO]:
    """Everything the function writes to its log."""
    handler = app.logger.registered_handler
    before = handler.setStream(stream := io.StringIO())
    yield stream
    handler.setStream(before)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("opened", "🚨 CRITICAL: Sending paused in eu-west-1"),
        ("resolved", "✅ Over: Sending paused in eu-west-1"),
        ("many-regions", "🔴 ERROR: Under review in 4 regions"),
        ("cloudwatch-alarm", "🚨 ses-monitor itself needs help: ses-monitor-no-audit"),
        ("not-ours", "📨 Test"),
    ],
)
def test_each_kind_of_message_reaches_the_channel_once(app: ModuleType, chat: Chat, name: str, title: str) -> None:
    assert failed(app.handler(batch(record(name), record(name)), CONTEXT)) == []
    assert [message.payload["blocks"][0]["text"]["text"] for message in chat.messages] == [title]


def test_a_trouble_reported_after_its_end_is_not_told(app: ModuleType, chat: Chat) -> None:
    app.handler(batch(record("resolved"), record("opened")), CONTEXT)
    assert len(chat.messages) == 1
    assert "Over" in chat.transcript()


def test_a_rate_limit_puts_the_whole_rest_off_for_as_long_as_slack_says(
    app: ModuleType, chat: Chat, hidden: dict[str, int]
) -> None:
    chat.script(Scripted(429, retry_after=77))
    event = batch(record("opened"), record("many-regions"), record("not-ours"))
    assert failed(app.handler(event, CONTEXT)) == [each["messageId"] for each in event["Records"]]
    assert hidden == {"opened-1": 77, "many-regions-1": 77, "not-ours-1": 77}
    assert len(chat.refusals) == 1
    assert failed(app.handler(event, CONTEXT)) == []
    assert len(chat.messages) == 3


@pytest.mark.parametrize(("receives", "seconds"), [(1, 15), (4, 120), (50, 900)])
def test_an_outage_is_waited_out_longer_each_time(
    app: ModuleType, chat: Chat, hidden: dict[str, int], receives: int, seconds: int
) -> None:
    chat.set_state("outage")
    app.handler(batch(record("opened", receives=receives)), CONTEXT)
    assert hidden == {"opened-1": seconds}
    chat.set_state("open")
    assert failed(app.handler(batch(record("opened", receives=receives + 1)), CONTEXT)) == []


def test_only_what_failed_is_kept_of_a_batch(app: ModuleType, chat: Chat, hidden: dict[str, int]) -> None:
    chat.script(Scripted("ok"), Scripted("reset"))
    event = batch(record("opened"), record("many-regions"))
    assert failed(app.handler(event, CONTEXT)) == [event["Records"][1]["messageId"]]
    assert list(hidden) == ["many-regions-1"]


@pytest.mark.parametrize("state", ["revoked", "archived", "prohibited"])
def test_a_broken_webhook_loses_nothing_and_a_mended_parameter_is_picked_up_at_once(
    app: ModuleType, chat: Chat, hidden: dict[str, int], state: Any, log: io.StringIO
) -> None:
    chat.set_state(state)
    app.handler(batch(record("opened")), CONTEXT)
    assert hidden == {"opened-1": 300}
    assert "webhook" in log.getvalue()
    mended = Chat()
    server = LoopbackServer(mended, name="mended")
    try:
        put_webhook(server.url + WEBHOOK_PATH)
        assert failed(app.handler(batch(record("opened", receives=2)), CONTEXT)) == []
    finally:
        server.close()
    assert len(mended.messages) == 1


@pytest.mark.parametrize("value", ["REPLACE ME", "http://hooks.slack.com/services/T0/B0/x"])
def test_a_parameter_that_holds_no_webhook_keeps_the_message_and_says_so(
    app: ModuleType, hidden: dict[str, int], value: str, log: io.StringIO
) -> None:
    put_webhook(value)
    assert len(failed(app.handler(batch(record("opened")), CONTEXT))) == 1
    logged = log.getvalue()
    assert "the SSM parameter /ses-monitor/slack-webhook is no use" in logged
    assert value not in logged
    assert hidden == {"opened-1": 300}


def test_a_parameter_that_is_not_there_keeps_the_message_and_says_so(
    app: ModuleType, hidden: dict[str, int], log: io.StringIO
) -> None:
    boto3.client("ssm").delete_parameter(Name="/ses-monitor/slack-webhook")
    assert len(failed(app.handler(batch(record("opened")), CONTEXT))) == 1
    assert "/ses-monitor/slack-webhook cannot be read (ParameterNotFound)" in log.getvalue()
    assert hidden == {"opened-1": 300}


def test_a_queue_that_cannot_be_told_to_wait_keeps_the_message_all_the_same(app: ModuleType, chat: Chat) -> None:
    chat.set_state("outage")
    assert len(failed(app.handler(batch(record("opened")), CONTEXT))) == 1


def test_dying_after_the_post_posts_again_once_the_lease_is_over(
    app: ModuleType, chat: Chat, hidden: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(app.DELIVERIES, "delivered", die)
        dying.setattr(app.DELIVERIES, "release", die)
        with pytest.raises(SystemExit):
            app.handler(batch(record("opened")), CONTEXT)
    assert len(failed(app.handler(batch(record("opened")), CONTEXT))) == 1
    assert hidden["opened-1"] == 120
    later = datetime.now(UTC) + timedelta(seconds=121)
    monkeypatch.setattr(app, "_now", lambda: later)
    for _ in range(2):
        assert failed(app.handler(batch(record("opened")), CONTEXT)) == []
    assert len(chat.messages) == 2


def test_neither_the_webhook_nor_the_text_of_an_alert_is_logged(
    app: ModuleType, chat: Chat, log: io.StringIO, webhook: str
) -> None:
    chat.script(Scripted("ok"), Scripted("reset"), Scripted(404))
    for name in ("opened", "many-regions", "not-ours"):
        app.handler(batch(record(name)), CONTEXT)
    logged = log.getvalue()
    assert logged.count("not delivered") == 2
    assert webhook not in logged
    assert "simulated" not in logged
    assert "every send is refused" not in logged
    assert "is this thing on" not in logged


@pytest.mark.parametrize("variable", ["TABLE_NAME", "SLACK_WEBHOOK_PARAMETER", "SLACK_QUEUE_URL"])
@pytest.mark.usefixtures("environment")
def test_a_missing_variable_fails_the_cold_start_by_name(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable)
    sys.modules.pop(APP, None)
    with pytest.raises(SettingsError, match=variable):
        importlib.import_module(APP)


# --- with a bot -----------------------------------------------------------------------------------------------------


@pytest.fixture
def bot_app(
    environment: None,  # noqa: ARG001 - read when the module is imported
    webhook: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ModuleType]:
    monkeypatch.setenv("SLACK_BOT_TOKEN_PARAMETER", "/ses-monitor/slack-bot-token")
    monkeypatch.setenv("SLACK_CHANNEL", CHANNEL)
    monkeypatch.setenv("SLACK_API_URL", webhook.removesuffix(WEBHOOK_PATH) + API_PATH)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="ses-monitor",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        put_webhook(webhook)
        put_token(BOT_TOKEN)
        sys.modules.pop(APP, None)
        yield importlib.import_module(APP)
        sys.modules.pop(APP, None)


def put_token(token: str) -> None:
    boto3.client("ssm").put_parameter(
        Name="/ses-monitor/slack-bot-token", Value=token, Type="SecureString", Overwrite=True
    )


def test_a_bot_follows_its_message_in_the_thread_and_wins_over_a_webhook(bot_app: ModuleType, chat: Chat) -> None:
    assert failed(bot_app.handler(batch(record("opened"), record("not-ours")), CONTEXT)) == []
    assert failed(bot_app.handler(batch(record("resolved"), record("cloudwatch-alarm")), CONTEXT)) == []
    root, other, reply, alarm = chat.messages
    assert root.by_app
    assert root.edits == 1
    assert "✅ Over: Sending paused in eu-west-1" in root.shown()
    assert (reply.thread, other.thread, alarm.thread) == (root.ts, "", "")


def test_a_new_token_is_picked_up_at_once_and_no_token_is_logged(bot_app: ModuleType, chat: Chat) -> None:
    handler = bot_app.logger.registered_handler
    before = handler.setStream(stream := io.StringIO())
    try:
        put_token("xoxb-wrong-one")
        assert len(failed(bot_app.handler(batch(record("opened")), CONTEXT))) == 1
        put_token("not a token")
        assert len(failed(bot_app.handler(batch(record("opened")), CONTEXT))) == 1
        put_token(BOT_TOKEN)
        assert failed(bot_app.handler(batch(record("opened")), CONTEXT)) == []
    finally:
        handler.setStream(before)
    assert len(chat.messages) == 1
    logged = stream.getvalue()
    assert "invalid_auth" in logged
    assert "the SSM parameter /ses-monitor/slack-bot-token is no use" in logged
    for secret in ("xoxb-wrong", "not a token", BOT_TOKEN):
        assert secret not in logged


def test_a_rate_limit_on_a_bot_puts_the_whole_rest_off(
    bot_app: ModuleType, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []
    monkeypatch.setattr(
        bot_app.SQS, "change_message_visibility", lambda **given: waits.append(given["VisibilityTimeout"])
    )
    chat.script(Scripted(429, retry_after=77))
    event = batch(record("opened"), record("many-regions"))
    assert len(failed(bot_app.handler(event, CONTEXT))) == 2
    assert waits == [77, 77]
    assert failed(bot_app.handler(event, CONTEXT)) == []
