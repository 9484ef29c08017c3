from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from ses_monitor.alerts import mail
from ses_monitor.alerts.alert import Alert
from ses_monitor.core.check import Step
from ses_monitor.core.stored import Transition
from tests.alerts.examples import HOSTILE, alert_of, alerts, anything, dkim, paused, resolved


def allowed_by_sns(subject: str) -> bool:
    printable = all(32 <= ord(char) < 127 for char in subject)
    return printable and 0 < len(subject) < 100 and not subject.startswith(" ")


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(alerts)
def test_any_alert_has_a_subject_that_sns_takes(alert: Alert) -> None:
    assert allowed_by_sns(mail.subject(alert))


@given(anything)
def test_no_text_can_end_the_subject_line(text: str) -> None:
    line = mail.ascii_line(f"x{text}")
    assert allowed_by_sns(line)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(alerts)
def test_any_body_is_bounded_and_free_of_control_characters(alert: Alert) -> None:
    body = mail.body(alert)
    assert len(body) <= mail.LONGEST_BODY + 2000
    assert all(char == "\n" or char.isprintable() or ord(char) > 0x9F for char in body)
    body.encode()


def test_the_first_line_says_what_happened_where_and_since_when() -> None:
    first = mail.body(alert_of(dkim())).splitlines()[0]
    assert first == "ERROR: DKIM failed for example.com in eu-west-1, since 20 Nov 2026, 21:30 UTC."


def test_commands_stand_on_lines_of_their_own() -> None:
    assert "aws sesv2 put-account-sending-attributes --region eu-west-1 --sending-enabled" in mail.body(
        alert_of(paused())
    ).split("\n")


def test_what_is_over_says_how_long_it_lasted_and_asks_for_nothing() -> None:
    body = mail.body(alert_of(resolved(paused())))
    assert body.startswith("Over: Sending paused in eu-west-1, after 2 h 10 min (")
    assert "WHAT TO DO" not in body


def test_what_is_gone_is_not_called_mended() -> None:
    assert "Nobody mended it" in mail.body(alert_of(resolved(dkim(), transition=Transition.GONE)))


def test_a_long_body_is_cut_between_paragraphs_and_says_so() -> None:
    step = Step("x" * 800, "aws " + "y" * 1800)
    body = mail.body(alert_of(paused(steps=(step,) * 8)))
    assert len(body) <= mail.LONGEST_BODY + 500
    assert "(The rest is left out: too long for a mail.)" in body
    assert body.rstrip().endswith("ses-monitor audit --region eu-west-1")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_on_its_line(text: str) -> None:
    plain = mail.body(alert_of(paused(text="quiet")))
    hostile = mail.body(alert_of(paused(text=text or "quiet")))
    assert abs(len(hostile.splitlines()) - len(plain.splitlines())) <= 2
