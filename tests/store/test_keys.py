from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.model import Severity
from ses_monitor.store import keys
from tests.store import strategies

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=3000)


@given(TEXT)
def test_no_subject_makes_a_key_dynamodb_refuses(subject: str) -> None:
    key = keys.finding("ap-southeast-7", "configuration_set.event_destination", subject, "T" * 64)
    assert len(key.sk.encode()) <= 1024
    assert 1 <= len(keys.subject(subject).encode()) <= 2048


@given(TEXT, TEXT)
def test_two_subjects_never_share_a_key(one: str, other: str) -> None:
    assert (keys.name(one) == keys.name(other)) == (one == other)


def test_a_subject_that_looks_like_a_shortened_one_does_not_take_its_place() -> None:
    long = "x" * 2100
    assert keys.name(long) != long
    assert keys.name(keys.name(long)) != keys.name(long)


TAGS = st.text("ABC_", min_size=1, max_size=4)
HOSTILE = st.text("#AB", max_size=8)


@given(HOSTILE, TAGS, HOSTILE, TAGS)
def test_a_subject_with_separators_takes_no_other_findings_place(
    one: str, tag: str, other: str, other_tag: str
) -> None:
    key = keys.finding("eu-west-1", "identity.dkim", one, tag)
    rival = keys.finding("eu-west-1", "identity.dkim", other, other_tag)
    assert (key == rival) == ((one, tag) == (other, other_tag))


@given(strategies.instants, strategies.instants)
def test_the_order_of_keys_is_the_order_of_time(one: datetime, other: datetime) -> None:
    assert (keys.moment(one) < keys.moment(other)) == (one < other)


def test_an_instant_in_another_time_zone_is_the_same_key() -> None:
    at = datetime(2026, 11, 18, 10, 5, tzinfo=timezone(timedelta(hours=1)))
    assert keys.moment(at) == "2026-11-18T09:05:00.000000Z"


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        keys.moment(datetime(2026, 11, 18))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("severity", Severity)
def test_everything_at_least_as_bad_sorts_before_the_bound(severity: Severity) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for other in Severity:
        place = keys.in_order_of_urgency(other, at, "0123456789ab")
        assert (place < keys.just_below(severity)) == (other >= severity)


def test_only_changes_are_where_the_stream_looks() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    others = [
        keys.finding("r", "c.d", "s", "t").pk,
        keys.replacement("f", at, "c").pk,
        keys.region("r").pk,
        keys.mute("m").pk,
        keys.run("f", at).pk,
        keys.account("r", at).pk,
        keys.told("slack", "f").pk,
        keys.alert("a", "slack").pk,
        keys.pack(keys.bucket(at), 0).pk,
        keys.outcome("ana@example.org", at, "0").pk,
        keys.counts("r", "identity", "n"),
        keys.notice("r", "n", "k", "t").pk,
        keys.unparsed(at, "m").pk,
    ]
    assert keys.change("r", at, "c").pk.startswith("CHANGE#")
    assert not [pk for pk in others if pk.startswith("CHANGE#")]


def test_runs_of_one_region_share_no_key_and_all_runs_are_in_order_of_time() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    later = at + timedelta(microseconds=1)
    runs = [keys.run("f", at), keys.run("f", at, ("eu-west-1",)), keys.run("f", at, ("us-east-1",))]
    runs += [keys.run("f", later), keys.run("f", later, ("af-south-1",))]
    assert len(set(runs)) == len(runs)
    assert [each.sk for each in runs] == sorted(each.sk for each in runs)
    assert keys.run("f", at, ("eu-west-1", "us-east-1")) == keys.run("f", at), "a run of several is one run"


def test_a_key_that_cannot_be_shortened_is_refused_by_us_and_not_by_dynamodb() -> None:
    with pytest.raises(ValueError, match="sort key"):
        keys.finding("eu-west-1", "identity." + "x" * 400, "y" * 700, "T")


ANYTHING = st.text(max_size=3000)


@given(ANYTHING, ANYTHING)
def test_nothing_that_feedback_names_makes_a_key_dynamodb_refuses(one: str, other: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = [
        keys.outcome(one, at, "0" * 24),
        keys.notice(one, one, "sending_status", other),
        keys.unparsed(at, one),
        keys.Key(keys.counts(one, "configuration_set", other), keys.hour(at)),
        keys.Key(keys.events(one), keys.moment(at)),
    ]
    for key in made:
        assert 1 <= len(key.pk.encode()) <= 2048
        assert 1 <= len(key.sk.encode()) <= 1024


@given(TEXT, TEXT, TEXT, TEXT)
def test_two_topics_of_notices_never_share_a_key(one: str, topic: str, other: str, other_topic: str) -> None:
    key = keys.notice("r", one.replace("#", ""), "k", topic)
    rival = keys.notice("r", other.replace("#", ""), "k", other_topic)
    assert (key == rival) == ((one.replace("#", ""), topic) == (other.replace("#", ""), other_topic))


@given(strategies.instants)
def test_buckets_and_hours_begin_no_later_than_what_is_in_them(at: datetime) -> None:
    start = datetime.fromisoformat(keys.bucket(at))
    assert timedelta(0) <= at - start < timedelta(seconds=30)
    assert start.second in {0, 30}
    hour = datetime.fromisoformat(keys.hour(at))
    assert timedelta(0) <= at - hour < timedelta(hours=1)
    assert hour.minute == 0
    elsewhere = at.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert (keys.bucket(elsewhere), keys.hour(elsewhere)) == (keys.bucket(at), keys.hour(at))
