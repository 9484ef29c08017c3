from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.sns.models import sns_backends

from ses_monitor.alerts.digest_topic import NoTopicError
from ses_monitor.core.model import Severity
from ses_monitor.settings import SettingsError
from tests.store.examples import OPEN, TABLE, connect, create_table, opening, settlement

APP = "functions.digest.app"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
CONTEXT: Any = SimpleNamespace(
    function_name="digest",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:digest",
    aws_request_id="request-1",
)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
        "POWERTOOLS_SERVICE_NAME": "digest",
        "TABLE_NAME": TABLE,
        "REMINDER_HOURS": "CRITICAL=1",
        "ALERT_TOPIC_ARN": TOPIC,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def app(environment: None) -> Iterator[ModuleType]:  # noqa: ARG001 - the environment must be set before the mock starts
    with mock_aws():
        create_table(connect())
        boto3.client("sns", region_name="eu-west-1").create_topic(Name="alerts")
        sys.modules.pop(APP, None)
        yield importlib.import_module(APP)
        sys.modules.pop(APP, None)


def test_what_is_open_for_longer_than_its_time_is_reminded_once(app: ModuleType) -> None:
    ago = datetime.now(UTC) - timedelta(hours=2)
    stored = replace(OPEN, severity=Severity.CRITICAL, opened_at=ago, written_at=ago, told_at=ago)
    app.table.save(settlement(opening(stored)))
    told = [app.handler({"do": "remind"}, CONTEXT) for _ in range(2)]
    assert [each["reminded"] for each in told] == [1, 0]
    assert told[0] == {"open": 1, "reminded": 1, "conflicts": 0, "left": 0}


def test_a_digest_is_published_once_a_day_however_often_it_is_asked_for(app: ModuleType) -> None:
    app.table.save(settlement(opening(replace(OPEN, severity=Severity.CRITICAL))))
    told = [app.handler({"do": "digest"}, CONTEXT) for _ in range(2)]
    assert [each["published"] for each in told] == [1, 0]
    (sent,) = sns_backends["123456789012"]["eu-west-1"].topics[TOPIC].sent_notifications
    assert json.loads(json.loads(sent[1])["default"])["kind"] == "digest"


def test_a_digest_that_is_tried_again_after_midnight_leaves_the_next_day_its_own(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def ask(at: datetime, scheduled: datetime) -> int:
        monkeypatch.setattr(app, "datetime", SimpleNamespace(now=lambda _: at))
        event = {"do": "digest", "scheduled": f"{scheduled:%Y-%m-%dT%H:%M:%SZ}"}
        published: int = app.handler(event, CONTEXT)["published"]
        return published

    evening, next_evening = (midnight + timedelta(days=days, minutes=-2) for days in (0, 1))
    topic = app.topic
    monkeypatch.setattr(app, "topic", replace(topic, arn=TOPIC + "-gone"))
    with pytest.raises(ClientError, match="NotFound"):
        ask(evening + timedelta(seconds=1), evening)
    monkeypatch.setattr(app, "topic", topic)
    assert ask(midnight + timedelta(minutes=3), evening) == 1
    assert ask(midnight + timedelta(minutes=5), evening) == 0
    assert ask(next_evening + timedelta(seconds=1), next_evening) == 1
    sent = sns_backends["123456789012"]["eu-west-1"].topics[TOPIC].sent_notifications
    ends = [datetime.fromisoformat(json.loads(json.loads(each[1])["default"])["at"]) for each in sent]
    assert ends == [evening, next_evening]


def test_without_a_topic_it_reminds_and_names_the_variable_when_a_digest_is_wanted(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "topic", replace(app.topic, arn=""))
    assert app.handler({"do": "remind"}, CONTEXT)["open"] == 0
    with pytest.raises(NoTopicError, match="ALERT_TOPIC_ARN is not set"):
        app.handler({"do": "digest"}, CONTEXT)


@pytest.mark.parametrize("event", [{}, {"do": "dance"}, {"do": None}])
def test_what_nobody_asked_for_is_an_error_and_not_a_reminder(app: ModuleType, event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="remind"):
        app.handler(event, CONTEXT)


@pytest.mark.parametrize(
    ("variable", "value"), [("TABLE_NAME", ""), ("REMINDER_HOURS", "CRITICAL=0"), ("ALERT_TOPIC_ARN", "alerts")]
)
@pytest.mark.usefixtures("environment")
def test_a_wrong_variable_fails_the_cold_start_by_name(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    sys.modules.pop(APP, None)
    with pytest.raises(SettingsError, match=variable):
        importlib.import_module(APP)
