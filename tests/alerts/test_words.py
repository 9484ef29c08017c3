from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ses_monitor.alerts import words
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Transition
from tests.alerts.examples import NOW, alert_of, dkim, paused, quota, resolved


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("SENDING_PAUSED", "Sending paused"),
        ("DKIM_FAILED", "DKIM failed"),
        ("MAIL_FROM_MX_MISSING", "MAIL FROM MX missing"),
        ("VERIFICATION_FAILED", "Verification failed"),
        ("NOT_DELEGATED", "Not delegated"),
        ("", "Something"),
        ("___", "Something"),
    ],
)
def test_tags_are_said_in_words(tag: str, said: str) -> None:
    assert words.tag_in_words(tag) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (86400, "1 d"),
        (93600, "1 d 2 h"),
        (86400 * 40 + 59, "40 d"),
    ],
)
def test_durations_have_at_most_two_units(seconds: int, said: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == said


def test_moments_are_said_in_utc() -> None:
    assert words.moment(datetime(2026, 1, 2, 0, 30, tzinfo=timezone(timedelta(hours=2)))) == "1 Jan 2026, 22:30 UTC"


def test_what_ends_on_the_day_it_began_names_the_day_once() -> None:
    assert (
        words.since(alert_of(resolved(paused(), timedelta(minutes=9))))
        == "after 9 min (20 Nov 2026, 21:30 to 21:39 UTC)"
    )


def test_what_ends_another_day_names_both() -> None:
    assert words.since(alert_of(resolved(paused(), timedelta(days=1)))).endswith("21:30 UTC to 21 Nov 2026, 21:30 UTC)")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (paused(), "CRITICAL: Sending paused in eu-west-1"),
        (dkim(), "ERROR: DKIM failed for example.com in eu-west-1"),
        (resolved(paused()), "Over: Sending paused in eu-west-1"),
        (replace(dkim(), transition=Transition.GONE), "Gone: DKIM failed for example.com in eu-west-1"),
        (
            quota(transition=Transition.EASED, was_severity=Severity.CRITICAL),
            "Better, WARNING now: Quota nearly exhausted in eu-west-1",
        ),
        (
            quota(Severity.CRITICAL, transition=Transition.WORSENED, was_severity=Severity.WARNING),
            "CRITICAL, was WARNING: Quota exhausted in eu-west-1",
        ),
        (
            quota(transition=Transition.WORSENED, was_tag="OTHER", was_severity=Severity.WARNING),
            "Changed, still WARNING: Quota nearly exhausted in eu-west-1",
        ),
    ],
)
def test_the_headline_says_the_news_first(change: object, said: str) -> None:
    assert words.headline(alert_of(change)) == said  # type: ignore[arg-type] # pytest's table is of objects


def test_two_regions_are_named_and_three_are_counted() -> None:
    assert words.where(["a-1", "b-1"]) == "in a-1 and b-1"
    assert words.where(["a-1", "b-1", "c-1"]) == "in 3 regions"


def test_a_command_too_long_to_be_whole_is_not_shown() -> None:
    assert words.shown_command("aws " + "x" * 5000) == ""
    assert words.shown_command("aws a \\\n  --b\x00\u202e") == "aws a \\\n  --b"


def test_a_region_that_is_no_region_is_in_no_command_and_no_address() -> None:
    alert = alert_of(paused("; rm -rf /"))
    assert words.look_again(alert) == "ses-monitor audit"
    assert words.console_page(alert) == ""


@pytest.mark.parametrize("check_id", ["feedback.bounces", "rejection.identities"])
def test_what_events_and_refused_sends_told_is_looked_at_in_the_table(check_id: str) -> None:
    spike = replace(paused("us-east-1"), check_id=check_id, tag="BOUNCE_SPIKE")
    assert words.look_again(alert_of(spike)) == "ses-monitor region us-east-1"
    assert words.look_again(alert_of(replace(spike, region="; rm"))) == "ses-monitor status"


def test_a_trouble_that_seems_to_begin_after_it_was_seen_lasted_no_time() -> None:
    assert alert_of(paused(since=NOW + timedelta(hours=1))).entries[0].lasted == timedelta(0)


def test_the_day_is_the_day_in_utc_too() -> None:
    assert words.moment(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == "31 Dec 2026, 23:59 UTC"
