"""What Amazon Q takes: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ses_monitor.alerts import amazon_q
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.group import group, roll_up
from ses_monitor.core.stored import Transition
from tests.alerts.examples import HOSTILE, NOW, alert_of, alerts, dkim, paused, quota, resolved, reviewed, suppression

CONTENT = {"textType", "title", "description", "nextSteps", "keywords"}
METADATA = {"threadId", "summary", "eventType", "relatedResources", "additionalContext"}


def shown(alert: Alert) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(amazon_q.render(alert))
    return message


def check(message: dict[str, Any]) -> None:
    """Hold a message against the documented schema: what must be there, and of which kind everything is."""
    assert (message["version"], message["source"]) == ("1.0", "custom")
    assert set(message) <= {"version", "source", "id", "content", "metadata"}
    content, metadata = message["content"], message["metadata"]
    assert set(content) <= CONTENT
    assert set(metadata) <= METADATA
    assert content["textType"] == "client-markdown"
    assert content["description"]
    assert all(isinstance(content[key], str) for key in ("title", "description"))
    assert all(isinstance(each, str) for key in ("nextSteps", "keywords") for each in content[key])
    assert all(isinstance(metadata[key], str) for key in ("threadId", "summary", "eventType"))
    assert all(isinstance(each, str) for each in metadata["relatedResources"])
    assert all(isinstance(each, str) for pair in metadata["additionalContext"].items() for each in pair)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(alerts)
def test_any_alert_is_such_a_notification_and_small(alert: Alert) -> None:
    text = amazon_q.render(alert)
    check(json.loads(text))
    assert len(text.encode()) < 60_000


EXAMPLES = {
    "opened": alert_of(dkim()),
    "reminded": alert_of(paused(transition=Transition.REMINDED, since=NOW - timedelta(days=2, hours=3))),
    "resolved": alert_of(resolved(paused())),
    "rolled-up": roll_up(group([suppression(), resolved(paused()), dkim(), quota()])),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_looks_like_this(name: str, golden: Callable[[str, str], None]) -> None:
    check(shown(EXAMPLES[name]))
    golden(f"{name}.amazon-q.json", json.dumps(shown(EXAMPLES[name]), indent=1, ensure_ascii=False) + "\n")


def test_all_there_is_to_say_of_one_finding_is_one_thread() -> None:
    opened = alert_of(paused())
    story = [opened, alert_of(paused(transition=Transition.REMINDED)), alert_of(resolved(paused()))]
    assert len({shown(alert)["metadata"]["threadId"] for alert in story}) == 1
    assert shown(alert_of(paused("us-east-1")))["metadata"]["threadId"] != shown(opened)["metadata"]["threadId"]


@pytest.mark.parametrize("text", [*HOSTILE, "@here @channel @SRE-Team cc: @ana", "[x](https://evil.example) ![x](y)"])
def test_hostile_text_neither_mentions_nor_links(text: str) -> None:
    alert = alert_of(*(reviewed(region, text=text, cause=text) for region in ("eu-west-1",)))
    content = shown(alert)["content"]
    for part in (content["title"], content["description"], *content["nextSteps"]):
        assert not re.search(r"<[!@#h]", part)
        assert not re.search(r"(?<![\w.+-])@\w", part)
        assert "](" not in part


def test_a_command_stays_code_or_is_left_out() -> None:
    alert = alert_of(dkim(steps=tuple(replace(dkim().steps[0], command=each) for each in ("aws x '<!here>'", "a `b`"))))
    steps = shown(alert)["content"]["nextSteps"]
    assert "`aws x '&lt;!here&gt;'`" in steps[0]
    assert "`b`" not in steps[1]
