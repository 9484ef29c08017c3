from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ses_monitor.alerts import document
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.group import group, roll_up
from ses_monitor.alerts.publish import (
    AmazonQTopic,
    Ceiling,
    PublishError,
    Target,
    Topic,
    attributes,
    publish_all,
    publish_everywhere,
)
from tests.alerts.examples import (
    NOW,
    FakeLedger,
    FakeSlots,
    alert_of,
    alerts,
    paused,
    quota,
    resolved,
    reviewed,
    suppression,
)

REGIONS = ("ap-south-1", "eu-west-1", "us-east-1")
BATCH = [paused(), *(reviewed(region) for region in REGIONS), suppression(), quota()]


@dataclass
class FakeSns:
    """SNS that takes what it has room for; `down_after` is how many it takes before it is down."""

    down_after: int = 1000
    published: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, **request: Any) -> None:
        if len(self.published) >= self.down_after:
            raise ConnectionError
        self.published.append(request)

    @property
    def ids(self) -> list[str]:
        return [json.loads(json.loads(request["Message"])["default"])["alert_id"] for request in self.published]


def topic(sns: Any) -> Topic:
    return Topic(sns, "arn:aws:sns:eu-west-1:111122223333:alerts")


def ceiling(per_minute: int = 60) -> Ceiling:
    return Ceiling(FakeSlots(), per_minute)


def test_people_get_text_and_machines_get_json() -> None:
    sns = FakeSns()
    alert = alert_of(paused())
    topic(sns).publish(alert)
    (request,) = sns.published
    message = json.loads(request["Message"])
    assert request["Subject"] == message["sms"] == "CRITICAL: Sending paused in eu-west-1"
    assert document.decode(message["default"]) == alert
    assert message["email"].startswith("CRITICAL: Sending paused in eu-west-1, since")


def test_subscriptions_can_filter_on_what_an_alert_is() -> None:
    assert {name: each["StringValue"] for name, each in attributes(alert_of(paused())).items()} == {
        "severity": "CRITICAL",
        "region": "eu-west-1",
        "check": "account.sending_enabled",
        "tag": "SENDING_PAUSED",
        "transition": "opened",
        "reopened": "false",
    }


def test_a_pager_can_leave_out_what_only_came_back() -> None:
    assert attributes(alert_of(paused(flaps=1)))["reopened"]["StringValue"] == "true"
    over = alert_of(resolved(paused(flaps=1)))
    mixed = alert_of(*(reviewed(each, flaps=flaps) for flaps, each in enumerate(REGIONS)))
    assert {attributes(each)["reopened"]["StringValue"] for each in (over, mixed)} == {"false"}


def test_no_filter_misses_what_is_rolled_up() -> None:
    rolled_up = roll_up(group([paused(), resolved(reviewed()), suppression()]))
    shown = attributes(rolled_up)
    assert {each["DataType"] for name, each in shown.items() if name not in {"region", "reopened"}} == {"String.Array"}
    assert json.loads(shown["severity"]["StringValue"]) == ["CRITICAL", "ERROR", "NOTICE"]
    assert json.loads(shown["transition"]["StringValue"]) == ["opened", "resolved"]
    assert json.loads(shown["tag"]["StringValue"])[0] == "ROLL_UP"
    assert "SENDING_PAUSED" in json.loads(shown["tag"]["StringValue"])


def test_several_regions_are_an_array_that_filters_understand() -> None:
    region = attributes(alert_of(*(reviewed(each) for each in REGIONS)))["region"]
    assert region["DataType"] == "String.Array"
    assert json.loads(region["StringValue"]) == list(REGIONS)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(alerts)
def test_any_alert_fits_in_an_sns_message(alert: Alert) -> None:
    sns = FakeSns()
    topic(sns).publish(alert)
    (request,) = sns.published
    size = len(request["Message"].encode()) + len(json.dumps(request["MessageAttributes"]).encode())
    assert size <= 262_144


def test_an_outage_in_mid_batch_loses_nothing_and_tells_nothing_twice(ledger: FakeLedger) -> None:
    sns = FakeSns(down_after=2)
    with pytest.raises(PublishError, match="2 alerts could not be published, 2 were"):
        publish_all(group(BATCH), topic(sns), ledger, ceiling(), lambda: NOW)
    sns.down_after = 1000
    publish_all(group(BATCH), topic(sns), ledger, ceiling(), lambda: NOW)
    assert sorted(sns.ids) == sorted(alert.alert_id for alert in group(BATCH))


def test_a_batch_tried_again_in_halves_tells_nothing_twice(ledger: FakeLedger) -> None:
    sns = FakeSns(down_after=2)
    with pytest.raises(PublishError):
        publish_all(group(BATCH), topic(sns), ledger, ceiling(), lambda: NOW)
    sns.down_after = 1000
    for half in (BATCH[:3], BATCH[3:]):
        publish_all(group(half), topic(sns), ledger, ceiling(), lambda: NOW)
    told = [
        entry.finding_id
        for request in sns.published
        for entry in document.decode(json.loads(request["Message"])["default"]).entries
    ]
    assert sorted(told) == sorted(change.finding_id for change in BATCH)


def test_what_is_left_of_an_alert_is_told_under_an_id_of_its_own(ledger: FakeLedger) -> None:
    """The table failed in mid-note: subscribers get both, in any order, and must not take one for the other."""
    whole, sns = alert_of(*(reviewed(region) for region in REGIONS)), FakeSns()
    publish_all([whole], topic(sns), ledger, ceiling(), lambda: NOW)
    del ledger.last_told["sns", whole.entries[2].finding_id]
    for _ in range(2):
        publish_all([whole], topic(sns), ledger, ceiling(), lambda: NOW)
    first, second = sns.published
    told = document.decode(json.loads(second["Message"])["default"])
    assert told.entries == whole.entries[2:]
    assert (sns.ids[0], len(set(sns.ids))) == (whole.alert_id, 2)
    assert first != second


def test_one_alert_that_fails_does_not_keep_the_others_back(ledger: FakeLedger) -> None:
    class Picky(FakeSns):
        def publish(self, **request: Any) -> None:
            if "Sending paused" in request["Subject"]:
                raise ValueError
            super().publish(**request)

    sns = Picky()
    with pytest.raises(PublishError) as failed:
        publish_all(group(BATCH), topic(sns), ledger, ceiling(), lambda: NOW)
    assert isinstance(failed.value.__cause__, ValueError)
    assert len(sns.published) == 3


@pytest.mark.parametrize(("method", "times"), [("told_versions", 1), ("delivered", 2)])
def test_a_table_that_fails_raises_so_that_the_batch_comes_again(ledger: FakeLedger, method: str, times: int) -> None:
    sns = FakeSns()
    ledger.failing = {method}
    with pytest.raises(PublishError):
        publish_all(group([paused()]), topic(sns), ledger, ceiling(), lambda: NOW)
    ledger.failing = set()
    publish_all(group([paused()]), topic(sns), ledger, ceiling(), lambda: NOW)
    assert sns.ids == [alert_of(paused()).alert_id] * times


def test_two_channels_are_told_each_for_itself_and_one_that_is_down_does_not_keep_the_other_back(
    ledger: FakeLedger,
) -> None:
    up, down = FakeSns(), FakeSns(down_after=0)
    q: Any = up
    targets: list[Target] = [topic(down), AmazonQTopic(q, "arn:aws:sns:eu-west-1:111122223333:q")]
    limit = ceiling()
    with pytest.raises(PublishError):
        publish_everywhere(group(BATCH), targets, ledger, limit, lambda: NOW)
    assert len(up.published) == 4
    down.down_after = 1000
    told = publish_everywhere(group(BATCH), targets, ledger, limit, lambda: NOW)
    assert (len(up.published), len(down.published)) == (4, 4)
    assert {channel for channel, _ in told} == {"sns"}
    assert json.loads(up.published[0]["Message"])["source"] == "custom"
