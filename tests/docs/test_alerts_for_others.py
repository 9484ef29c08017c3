"""The code that docs/alerts.md shows for other tools gives what these take, for every alert."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ses_monitor.alerts import document
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.group import group, roll_up
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Transition
from tests.alerts.examples import NOW, alert_of, alerts, dkim, paused, quota, resolved, suppression

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
KEY = "0123456789abcdef0123456789abcdef"
Json = dict[str, Any]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def code(title: str) -> Json:
    names: Json = {}
    exec(compile(section(title).split("```python\n")[1].split("```")[0], title, "exec"), names)  # noqa: S102 - our own page
    return names


pagerduty: Callable[[Json, str], list[Json]] = code("PagerDuty")["pagerduty_events"]
teams: Callable[[Json], Json] = code("Microsoft Teams")["teams_message"]


def published(alert: Alert) -> Json:
    written: Json = json.loads(document.encode(alert))
    return written


def check_pagerduty(event: Json) -> None:
    """https://developer.pagerduty.com/docs/events-api-v2/trigger-events/"""
    assert event["event_action"] in {"trigger", "resolve"}
    assert len(event["routing_key"]) == 32
    assert 0 < len(event["dedup_key"]) <= 255
    if event["event_action"] == "resolve":
        assert set(event) == {"routing_key", "event_action", "dedup_key"}
        return
    payload = event["payload"]
    assert {"summary", "source", "severity"} <= set(payload)
    assert set(payload) <= {
        *("summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"),
    }
    assert len(payload["summary"]) <= 1024
    assert payload["severity"] in {"critical", "error", "warning", "info"}
    assert re.fullmatch(r"[0-9-]{10}T[0-9:.]{8,15}Z", payload["timestamp"])
    assert len(json.dumps(event)) < 512 * 1024


STYLES: dict[str, set[object]] = {
    "weight": {"bolder"},
    "size": {"medium", "small"},
    "color": {"attention", "warning", "good", "default"},
    "fontType": {"monospace"},
    "isSubtle": {True},
}


def check_teams(message: Json) -> None:
    """https://adaptivecards.io/explorer/TextRun.html, and 28 KB for a message."""
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    for block in card["body"]:
        assert block["type"] == "RichTextBlock", "a TextBlock would read markdown from outside text"
        for run in block["inlines"]:
            assert run["type"] == "TextRun"
            assert run["text"]
            assert all(value in STYLES[name] for name, value in run.items() if name not in {"type", "text"})


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(alerts)
def test_any_alert_becomes_a_card_that_fits(alert: Alert) -> None:
    card = teams(published(alert))
    check_teams(card)
    assert len(json.dumps(card)) < 28_000


EXAMPLES = [
    alert_of(paused()),
    alert_of(*(dkim(f"shop{i}.example.com") for i in range(300))),
    alert_of(resolved(paused())),
    alert_of(paused(transition=Transition.REMINDED, since=NOW - timedelta(days=2))),
    alert_of(quota(Severity.CRITICAL, 100, transition=Transition.WORSENED, was_tag="QUOTA_NEARLY_EXHAUSTED")),
    roll_up(group([suppression(), resolved(paused()), dkim(), quota()])),
]


@pytest.mark.parametrize("alert", EXAMPLES, ids=lambda alert: f"{alert.tag}-{alert.transition}")
def test_every_kind_of_alert_becomes_events_and_a_card_that_fit(alert: Alert) -> None:
    for event in pagerduty(published(alert), KEY):
        check_pagerduty(event)
    card = teams(published(alert))
    check_teams(card)
    assert len(json.dumps(card)) < 28_000


def test_pagerduty_hears_of_one_finding_under_one_key_from_opened_to_over() -> None:
    story = [alert_of(paused()), alert_of(paused(transition=Transition.REMINDED)), alert_of(resolved(paused()))]
    events = [event for alert in story for event in pagerduty(published(alert), KEY)]
    assert [event["event_action"] for event in events] == ["trigger", "trigger", "resolve"]
    assert {event["dedup_key"] for event in events} == {paused().finding_id}


def test_pagerduty_resolves_the_tag_that_was_replaced() -> None:
    low = quota()
    high = quota(Severity.CRITICAL, 100, transition=Transition.WORSENED, was_tag=low.tag, was_severity=low.severity)
    events = pagerduty(published(alert_of(high)), KEY)
    assert [(event["event_action"], event["dedup_key"]) for event in events] == [
        ("resolve", low.finding_id),
        ("trigger", high.finding_id),
    ]


def test_pagerduty_hears_each_finding_of_a_roll_up_by_its_own_transition() -> None:
    events = pagerduty(published(roll_up(group([resolved(paused()), dkim(), quota()]))), KEY)
    assert {event["dedup_key"]: event["event_action"] for event in events} == {
        paused().finding_id: "resolve",
        dkim().finding_id: "trigger",
        quota().finding_id: "trigger",
    }


def test_the_notification_shown_for_amazon_q_is_the_one_that_is_published() -> None:
    shown = section("Amazon Q Developer in chat").split("```json\n")[1].split("```")[0]
    golden = (ROOT / "tests/golden/alerts/opened.amazon-q.json").read_text(encoding="utf-8")
    assert json.loads(shown) == json.loads(golden)
