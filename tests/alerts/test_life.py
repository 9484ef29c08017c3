"""The life of a finding in words and mail: told, told again, back again, over."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_monitor.alerts import mail, words
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.group import group, roll_up
from ses_monitor.alerts.stream import read_batch
from ses_monitor.core.check import Diagnosis, Step
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Transition
from tests.alerts.examples import (
    HOSTILE,
    NOW,
    alert_of,
    alerts,
    anything,
    dkim,
    paused,
    quota,
    resolved,
    reviewed,
    suppression,
)
from tests.build import HEALTHY

TWO_DAYS = timedelta(days=2, hours=3)
REMINDED = Transition.REMINDED
MIXED = (
    paused(),
    *(dkim(f"shop{i}.example{i}.com") for i in range(40)),
    resolved(reviewed("us-east-1")),
    quota(Severity.CRITICAL, 100, transition=Transition.WORSENED, was_tag="QUOTA_NEARLY_EXHAUSTED"),
    suppression("us-east-1", transition=REMINDED, since=NOW - TWO_DAYS),
    replace(dkim("old.example.org"), transition=Transition.GONE),
)
ALERTS = {
    "reminded": alert_of(paused(transition=REMINDED, since=NOW - TWO_DAYS)),
    "reminded-many": alert_of(
        *(dkim(f"shop{i}.example.com", transition=REMINDED, since=NOW - timedelta(days=i + 2)) for i in range(5))
    ),
    "opened-again": alert_of(paused(flaps=1)),
    "opened-again-often": alert_of(*(reviewed(region, flaps=i) for i, region in enumerate(("eu-west-1",), 3))),
    "rolled-up": roll_up(group(MIXED)),
    "rolled-up-over": roll_up(group([resolved(paused()), resolved(dkim())])),
}


@pytest.mark.parametrize("name", ALERTS)
def test_it_looks_like_this_as_mail(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.mail.txt", f"Subject: {mail.subject(ALERTS[name])}\n\n{mail.body(ALERTS[name])}")


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("reminded", "CRITICAL, still open after 2 days: Sending paused in eu-west-1"),
        ("reminded-many", "ERROR, still open: DKIM failed for 5 identities in eu-west-1"),
        ("opened-again", "CRITICAL again: Sending paused in eu-west-1"),
        ("rolled-up", "CRITICAL: 45 findings at once in eu-west-1 and us-east-1, first of all Quota exhausted"),
        ("rolled-up-over", "Over: 2 findings at once in eu-west-1"),
    ],
)
def test_the_subject_says_what_kind_of_news_it_is(name: str, subject: str) -> None:
    assert mail.subject(ALERTS[name]) == subject


def test_what_is_new_and_what_came_back_in_one_message_is_told_at_full_weight() -> None:
    alert = alert_of(reviewed(), reviewed(subject="x", flaps=2))
    assert mail.subject(alert).startswith("ERROR: ")
    assert "It is not new" not in mail.body(alert)


def test_reminded_and_resolved_in_one_batch_is_told_as_over() -> None:
    reminded = paused(transition=REMINDED, since=NOW - TWO_DAYS, version=2000)
    alert = alert_of(reminded, resolved(paused(since=NOW - TWO_DAYS), version=3000))
    assert (alert.transition, alert.entries[0].version) == (Transition.RESOLVED, 3000)


def test_opened_and_reminded_in_one_batch_is_told_as_opened() -> None:
    assert alert_of(paused(), paused(transition=REMINDED, version=2000)).transition is Transition.OPENED


def test_reminders_of_one_tag_in_many_regions_are_one_alert() -> None:
    changes = [reviewed(region, transition=REMINDED) for region in ("ap-south-1", "eu-west-1", "us-east-1")]
    assert len(group(changes)) == 1


@pytest.mark.parametrize(
    ("subjects", "alerts_made"),
    [
        ([("eu-west-1", "example.com"), ("us-east-1", "shop.example.com")], 1),
        ([("eu-west-1", "ana@example.co.uk"), ("us-east-1", "Shop.Example.co.uk.")], 1),
        ([("eu-west-1", "example.com"), ("us-east-1", "example.org")], 2),
        ([("eu-west-1", "a.com"), ("eu-west-1", "b.com"), ("us-east-1", "a.com"), ("us-east-1", "c.com")], 2),
        ([("eu-west-1", "account"), ("us-east-1", "account")], 2),
    ],
)
def test_a_trouble_of_one_domain_in_two_regions_is_one_message(
    subjects: list[tuple[str, str]], alerts_made: int
) -> None:
    told = group([dkim(subject, region) for region, subject in subjects])
    assert len(told) == alerts_made
    assert sum(len(alert.entries) for alert in told) == len(subjects)


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 minutes"), (1, "1 minute"), (61, "1 hour"), (47 * 60, "47 hours"), (2880, "2 days")]
)
def test_how_long_in_words(minutes: int, said: str) -> None:
    assert words.in_words(timedelta(minutes=minutes)) == said


def test_a_roll_up_in_words_names_like_with_like() -> None:
    lines = words.by_kind(ALERTS["rolled-up"], 3)
    assert "CRITICAL: Sending paused in eu-west-1" in lines
    assert (
        "ERROR: DKIM failed in eu-west-1: shop0.example0.com, shop1.example1.com, shop10.example10.com and 37 more"
        in lines
    )
    assert lines[-1].startswith(("Over: ", "Gone: "))


# --- Nothing from outside can end a header or a command ---------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(alerts)
def test_any_subject_is_one_sns_takes_and_no_second_header(alert: Alert) -> None:
    """Letters, digits or punctuation first, ASCII, no control characters, fewer than 100 characters."""
    subject = mail.subject(alert)
    assert 0 < len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
    assert not subject[0].isspace()


@given(anything)
def test_any_text_at_all_is_made_such_a_line(text: str) -> None:
    line = mail.ascii_line(text)
    assert 0 < len(line) < 100
    assert line.isascii()
    assert line.isprintable()
    assert not line[0].isspace()


LOOK = Diagnosis("X", (Severity.ERROR,), "x", "c", (Step("Look:", "aws look --name {subject} --also {other} --end"),))
shell_text = st.one_of(
    anything, st.text(alphabet="'\"\\$`;|&<>(){}*?!#~ \n\tab-", max_size=40), st.sampled_from(HOSTILE)
)


@given(shell_text, shell_text)
def test_a_hostile_name_is_one_word_of_the_command_shown(subject: str, other: str) -> None:
    (step,) = LOOK.on(HEALTHY, subject, other=other).steps
    assert shlex.split(step.command)[:3] == ["aws", "look", "--name"]
    assert [len(shlex.split(step.command)), shlex.split(step.command)[4]] == [7, "--also"]
    shown = words.shown_command(step.command)
    if shown:
        assert [len(shlex.split(shown)), shlex.split(shown)[-1]] == [7, "--end"]


@given(st.lists(st.one_of(anything, st.sampled_from(["eu-west-1", "us-east-1"])), min_size=2, max_size=4), shell_text)
def test_the_queries_of_a_roll_up_are_commands_whatever_the_findings_are_called(names: list[str], text: str) -> None:
    changes = [dkim(text, region, text=text) for region in names] + [paused()]
    alert = roll_up(group(changes))
    first, *others = words.queries(alert) if alert.rollup else ["ses-monitor"]
    assert shlex.split(first)[0] == "ses-monitor"
    for each in others:
        parts = shlex.split(each)
        assert parts[:3] == ["aws", "dynamodb", "query"]
        assert len(parts) == 9


@given(shell_text, shell_text)
def test_the_command_that_shows_an_unreadable_record_names_that_record(pk: str, sk: str) -> None:
    record = {
        "eventName": "INSERT",
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/x",
        "dynamodb": {"Keys": {"pk": {"S": f"CHANGE#{pk}"}, "sk": {"S": sk}}, "NewImage": {}},
    }
    (alert,) = read_batch({"Records": [record]}, NOW).unreadable
    parts = shlex.split(alert.steps[0].command)
    assert parts[:3] == ["aws", "dynamodb", "get-item"]
    assert len(parts) == 9
