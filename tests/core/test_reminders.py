"""What is open is told again after its severity's time, and at once when nobody has heard of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.reminders import EARLY, INTERVALS, due, intervals_of, remind
from ses_monitor.core.stored import Phase, Stored, Transition
from tests.store import strategies
from tests.store.examples import NOW, OPEN, RESOLVED, WATCHED

ACCOUNT_ID = "111122223333"
LONG_AGO = NOW - timedelta(days=30)
MUTE = Mute("m-1", "ana", "migration", NOW + timedelta(days=1), check_id=OPEN.check_id)


def told(ago: timedelta, severity: Severity = Severity.CRITICAL, **changed: object) -> Stored:
    given = {"opened_at": LONG_AGO, "told_at": NOW - ago, "severity": severity} | changed
    return replace(OPEN, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("severity", INTERVALS)
def test_it_is_due_when_its_time_is_over_and_not_before(severity: Severity) -> None:
    time = INTERVALS[severity]
    for ago, is_due in ((time, True), (time - EARLY, True), (time - EARLY - timedelta(seconds=1), False)):
        assert bool(due([told(ago, severity)], NOW, (), INTERVALS)) is is_due


@pytest.mark.parametrize("severity", [Severity.NOTICE, Severity.INFO])
def test_what_has_no_time_is_never_told_again(severity: Severity) -> None:
    assert due([told(timedelta(days=900), severity)], NOW, (), INTERVALS) == []


def test_older_items_count_from_when_they_opened() -> None:
    assert due([told(timedelta(), told_at=None)], NOW, (), INTERVALS)
    assert not due([told(timedelta(), told_at=None, opened_at=NOW)], NOW, (), INTERVALS)


@pytest.mark.parametrize("stored", [WATCHED, RESOLVED])
def test_what_is_not_open_is_not_told(stored: Stored) -> None:
    assert due([replace(stored, told_at=LONG_AGO, unheard=True)], NOW, (), INTERVALS) == []


def test_what_is_muted_waits_and_is_due_at_once_when_the_mute_is_over() -> None:
    unheard = told(timedelta(), Severity.NOTICE, unheard=True)
    assert due([unheard, told(timedelta(days=9))], NOW, [MUTE], INTERVALS) == []
    assert due([unheard], MUTE.expires_at, [MUTE], INTERVALS) == [unheard]


def test_a_mute_over_everything_keeps_no_critical_reminder_back() -> None:
    everything = replace(MUTE, check_id="")
    critical, error = told(timedelta(days=9)), told(timedelta(days=9), Severity.ERROR)
    assert due([critical, error], NOW, [everything], INTERVALS) == [critical]


def test_the_worst_comes_first_and_then_the_longest_open() -> None:
    new = told(timedelta(days=9), opened_at=NOW - timedelta(days=10), subject="b")
    bad, error = told(timedelta(days=9)), told(timedelta(days=9), Severity.ERROR)
    assert due([error, new, bad], NOW, (), INTERVALS) == [bad, new, error]


def test_a_reminder_says_what_is_open_and_since_when_and_changes_nothing_else() -> None:
    was = told(timedelta(days=1), unheard=True, flaps=2)
    (recorded,) = remind(ACCOUNT_ID, [was], NOW).changes
    change, (write,) = recorded.change, recorded.writes
    assert (change.transition, change.since, change.flaps) == (Transition.REMINDED, LONG_AGO, 2)
    assert (change.version, change.muted_by, change.baseline) == (write.after.version, "", False)
    assert write.before == was
    assert write.after.version > was.version
    assert write.after == replace(was, version=write.after.version, told_at=NOW, unheard=False)


@given(st.lists(strategies.stored_findings, max_size=8), strategies.instants)
def test_whoever_was_reminded_is_not_due_again_at_once(found: list[Stored], now: object) -> None:
    again = remind(ACCOUNT_ID, due(found, now, (), INTERVALS), now).changes  # type: ignore[arg-type]
    after = [write.after for recorded in again for write in recorded.writes]
    assert all(each.phase is Phase.OPEN for each in after)
    assert due(after, now, (), INTERVALS) == []  # type: ignore[arg-type]


def test_intervals_are_given_in_hours_by_name() -> None:
    assert intervals_of({"CRITICAL": 4, "INFO": 1}) == {
        Severity.CRITICAL: timedelta(hours=4),
        Severity.INFO: timedelta(hours=1),
    }
