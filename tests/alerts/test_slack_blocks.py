from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from ses_monitor.alerts import foreign, slack_blocks
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.alerts.slack_text import code_block, escaped, length, link, mrkdwn, plain
from ses_monitor.core.check import Step
from simulator.chat.limits import check_message
from tests.alerts.examples import HOSTILE, alert_of, alerts, anything, dkim, paused

OURS = re.compile(r"<https://[A-Za-z0-9%/:=&?#+!$,;@~._-]+\|[^<>|]+>")


def texts(message: Message) -> list[str]:
    found: list[str] = []
    for block in message.blocks:
        as_json: Any = block
        found += [each["text"] for each in [as_json.get("text"), *as_json.get("elements", [])] if each]
    return found


def slack_takes(message: Message) -> None:
    """Hold a message against Slack's SDK, the simulator, and the limits that neither checks."""
    check_message(message.payload())
    check_message(message.plain_payload())
    for block in message.blocks:
        parsed = Block.parse(json.loads(json.dumps(block)))
        assert parsed is not None
        parsed.validate_json()
    assert len(message.blocks) <= 50
    assert all(0 < length(text) <= 3000 and text.strip() for text in texts(message))
    assert sum(length(text) for text in texts(message)) <= 13_000
    assert 0 < length(message.text) <= 600
    assert 0 < length(message.plain) <= 4000
    json.dumps(message.payload(), ensure_ascii=False).encode()


def nothing_smuggled(text: str) -> None:
    """Everything in angle brackets is a link of ours, and no character that Slack wants escaped is bare."""
    rest = OURS.sub("", text)
    assert "<" not in rest
    assert ">" not in rest
    assert not re.search(r"&(?!amp;|lt;|gt;)", rest)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=80, deadline=None)
@given(alerts)
def test_any_alert_is_a_message_that_slack_takes_and_nothing_is_smuggled(alert: Alert) -> None:
    message = slack_blocks.render(alert)
    slack_takes(message)
    for text in (*texts(message), message.text, message.plain):
        nothing_smuggled(text)
    for text in texts(message)[1:]:
        assert text.count("```") % 2 == 0


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "AlarmName",
                "NewStateValue",
                "OldStateValue",
                "NewStateReason",
                "AlarmDescription",
                "AlarmArn",
                "AWSAccountId",
                "StateChangeTime",
            ]
        ),
        anything,
    )
)
def test_any_alarm_is_a_message_that_slack_takes(document: dict[str, str]) -> None:
    alarm = foreign.read_alarm({"AlarmName": "a", "NewStateValue": "ALARM"} | document)
    assert alarm is not None
    message = foreign.render_alarm(alarm)
    slack_takes(message)
    for text in (*texts(message), message.text, message.plain):
        nothing_smuggled(text)


@settings(max_examples=60, deadline=None)
@given(anything, anything, anything)
def test_anything_else_is_shown_bounded_and_escaped(text: str, subject: str, reason: str) -> None:
    message = foreign.render_unknown(text, subject, reason)
    slack_takes(message)
    for each in (*texts(message), message.text, message.plain):
        nothing_smuggled(each)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("<!channel> now", "&lt;!channel&gt; now"),
        ("<@U012AB3CD>", "&lt;@U012AB3CD&gt;"),
        ("<https://evil.example|SES console>", "&lt;https://evil.example|SES console&gt;"),
        ("AT&T &lt;b&gt;", "AT&amp;T &amp;lt;b&amp;gt;"),
        ("*bold* _italic_ ~gone~", "*bold\u2217 _italic\u02cd ~gone\u223c"),
        ("_dmarc.example.com and *.example.com", "_dmarc.example.com and *.example.com"),
        ("snake_case_name", "snake_case_name"),
        ("`code` ```block```", "'code' '''block'''"),
        (":rotating_light: 12:30", ":\u200brotating_light: 12:30"),
        ("arn:aws:ses:eu-west-1:1:identity/x", "arn:aws:ses:eu-west-1:1:identity/x"),
        ("two\nlines\r\nof it", "two lines of it"),
        ("left\u202eright", "left right"),
    ],
)
def test_outside_text_shows_as_it_is_and_does_nothing(hostile: str, shown: str) -> None:
    assert mrkdwn(hostile) == shown


@given(st.text(), st.integers(1, 200))
def test_escaping_keeps_the_limit_and_never_half_an_entity(text: str, limit: int) -> None:
    result = escaped(text, limit)
    assert length(result) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)", result)


@given(anything, st.integers(1, 200))
def test_plain_text_keeps_its_limit_and_holds_no_markup(text: str, limit: int) -> None:
    result = plain(text, limit)
    assert length(result) <= limit
    assert not set(result) & set("<>&")


def test_a_command_is_shown_whole_or_not_at_all() -> None:
    assert code_block("aws x && aws y", 100) == "```\naws x &amp;&amp; aws y\n```"
    assert code_block("x" * 100, 50) == ""


def test_a_command_cannot_leave_its_code_block() -> None:
    assert code_block("```\n<!channel>\n```", 200).count("```") == 2
    assert "`eu-west-1`" in code_block("--query 'Regions[?Name==`eu-west-1`]'", 200)


@pytest.mark.parametrize(
    "url", ["http://a.example", "javascript:alert(1)", "https://", "", "https://[", "ftp://x", "https://" + "a" * 2000]
)
def test_an_address_that_is_not_plain_https_is_no_link(url: str) -> None:
    assert link(url, "page") == ""


def test_an_address_cannot_leave_its_link() -> None:
    nothing_smuggled(link("https://a.example/x|y><!channel> \"'<", "page"))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_subject_and_text_disturb_nothing(hostile: str) -> None:
    subject = hostile.replace("\ud800", "") or "x"
    message = slack_blocks.render(alert_of(dkim(subject, text=hostile, cause=hostile)))
    slack_takes(message)
    for text in texts(message):
        nothing_smuggled(text)


def test_every_formatted_text_is_taken_literally_by_slack() -> None:
    for block in slack_blocks.render(alert_of(paused())).blocks:
        found: Any = block
        for each in [found.get("text"), *found.get("elements", [])]:
            assert each is None or each.get("verbatim") is True or each["type"] == "plain_text"


def test_steps_that_do_not_fit_in_a_message_are_not_cut_but_pointed_to() -> None:
    step = Step("Publish this record:", "aws " + "x" * 1900)
    message = slack_blocks.render(alert_of(paused(steps=(step,) * 8)))
    slack_takes(message)
    shown = [text for text in texts(message) if "```" in text]
    assert len(shown) == 3
    assert all(f"\n{step.command}\n" in text for text in shown)
    assert "There is more to do than a message holds" in texts(message)[-2]


def test_a_list_of_long_lines_is_cut_and_the_rest_is_counted() -> None:
    changes = [dkim(f"shop{number}.example.com", text=f"{number} " + "&" * 500) for number in range(30)]
    message = slack_blocks.render(alert_of(*changes))
    slack_takes(message)
    assert any("more; this lists them: `ses-monitor audit --region eu-west-1`" in text for text in texts(message))
