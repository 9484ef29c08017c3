"""Every kind of message, as it is: look at these files as a tired person on a phone would."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ses_monitor.alerts import document, foreign, mail, slack_blocks
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.group import group, summary, unreadable
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Baseline, Change, Transition
from simulator.chat.limits import check_message
from simulator.chat.rendering import render
from tests.alerts.examples import (
    ACCOUNT_ID,
    NOW,
    alert_of,
    dkim,
    paused,
    pending,
    quota,
    refused,
    resolved,
    reviewed,
    suppression,
)

REGIONS = ("ap-south-1", "eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
EARLIER = NOW - timedelta(hours=2, minutes=10)


def first_audit(*changes: Change) -> Alert:
    found = tuple(replace(change, baseline=True, cause="", steps=(), evidence={}) for change in changes)
    alert = summary(Baseline(ACCOUNT_ID, NOW, found))
    assert alert is not None
    return alert


ALERTS = {
    "opened-critical": alert_of(paused()),
    "opened-error": alert_of(reviewed()),
    "opened-warning": alert_of(quota()),
    "opened-notice": alert_of(suppression()),
    "opened-info": alert_of(pending()),
    "opened-identity": alert_of(dkim()),
    "opened-refused-sends": alert_of(refused()),
    "worsened": alert_of(
        quota(
            Severity.CRITICAL,
            100,
            transition=Transition.WORSENED,
            was_tag="QUOTA_NEARLY_EXHAUSTED",
            was_severity=Severity.WARNING,
            since=EARLIER,
        )
    ),
    "eased": alert_of(
        quota(transition=Transition.EASED, was_tag="QUOTA_EXHAUSTED", was_severity=Severity.CRITICAL, since=EARLIER)
    ),
    "resolved": alert_of(resolved(paused())),
    "gone": alert_of(replace(dkim(), transition=Transition.GONE, since=NOW - timedelta(days=3, hours=4))),
    "many-regions": alert_of(*(reviewed(region) for region in REGIONS)),
    "many-regions-with-commands": alert_of(*(suppression(region) for region in REGIONS)),
    "many-regions-resolved": alert_of(
        *(resolved(reviewed(region), timedelta(hours=i)) for i, region in enumerate(REGIONS, 1))
    ),
    "many-identities": alert_of(*(dkim(f"shop{number}.example.com") for number in range(34))),
    "first-audit": first_audit(
        *(reviewed(region) for region in REGIONS[:2]),
        *(suppression(region) for region in REGIONS),
        pending("us-east-1"),
    ),
    "opened-and-over-in-one-batch": alert_of(paused(), resolved(paused(), timedelta(minutes=5))),
    "change-unreadable": unreadable(
        "CHANGE#eu-west-1 / 2026-11-20T21:30:00.000000Z#ab12cd34ef56",
        account_id=ACCOUNT_ID,
        region="eu-west-1",
        at=NOW,
        reason="item CHANGE#eu-west-1 has no tag",
        command="aws dynamodb get-item --region eu-west-1 --table-name ses-monitor --key '{\"pk\": …}'",
    ),
}

ALARM = {
    "AlarmName": "ses-monitor-no-audit",
    "AlarmDescription": "No audit has run for 10 minutes: nobody is watching SES.",
    "AWSAccountId": ACCOUNT_ID,
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
    "StateChangeTime": "2026-11-20T21:30:00.000+0000",
    "Region": "EU (Ireland)",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:ses-monitor-no-audit",
    "OldStateValue": "OK",
}


def alarm_message(**changed: str) -> Message:
    alarm = foreign.read_alarm(ALARM | changed)
    assert alarm is not None
    return foreign.render_alarm(alarm)


MESSAGES = {
    "alarm": alarm_message(),
    "alarm-over": alarm_message(
        NewStateValue="OK",
        OldStateValue="ALARM",
        NewStateReason="Threshold Crossed: 1 datapoint [1.0] was not less than 1.",
    ),
    "alarm-without-data": alarm_message(
        NewStateValue="INSUFFICIENT_DATA", NewStateReason="Unchecked: Initial alarm creation"
    ),
    "something-else": foreign.render_unknown("Hello from the operator: is this thing on?", "Test"),
}


def looks(message: Message) -> str:
    check_message(message.payload())
    check_message(message.plain_payload())
    return (
        f"--- the notification\n{message.text}\n\n--- the message\n{render(message.payload(), NOW)}"
        f"\n--- where blocks are refused\n{render(message.plain_payload(), NOW)}"
    )


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_looks_like_this_in_slack(name: str, golden: Callable[[str, str], None]) -> None:
    message = slack_blocks.render(ALERTS[name])
    golden(f"{name}.slack.txt", looks(message))
    golden(f"{name}.slack.json", json.dumps(message.payload(), indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_looks_like_this_as_mail(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.mail.txt", f"Subject: {mail.subject(ALERTS[name])}\n\n{mail.body(ALERTS[name])}")


@pytest.mark.parametrize("name", ["opened-critical", "worsened", "many-regions", "first-audit"])
def test_an_alert_looks_like_this_to_machines(name: str, golden: Callable[[str, str], None]) -> None:
    shown = json.dumps(json.loads(document.encode(ALERTS[name])), indent=1, ensure_ascii=False)
    golden(f"{name}.document.json", shown + "\n")


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_not_an_alert_of_ours_looks_like_this_in_slack(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.slack.txt", looks(MESSAGES[name]))
    golden(f"{name}.slack.json", json.dumps(MESSAGES[name].payload(), indent=1, ensure_ascii=False) + "\n")


def test_a_message_that_goes_to_several_regions_names_each_of_them_once() -> None:
    alerts: list[Alert] = group([reviewed(region) for region in REGIONS])
    assert [alert.regions for alert in alerts] == [REGIONS]
