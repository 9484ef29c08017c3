"""Reminding from end to end, over a real (embedded) table: told once an interval, and never over a newer state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ses_monitor.audit import reminders
from ses_monitor.audit.reminders import Reminded, remind_all
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.reminders import INTERVALS
from ses_monitor.core.stored import Stored, Transition
from ses_monitor.store.queries import Queries
from ses_monitor.store.table import Table
from tests.store.examples import (
    NOW,
    OPEN,
    TABLE,
    Clock,
    opening,
    resolving,
    settlement,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNT_ID = "123456789012"
HOUR = timedelta(hours=1)


@pytest.fixture
def queries(client: DynamoDBClient) -> Queries:
    return Queries(client, TABLE, clock=Clock())


def opened(table: Table, **changed: object) -> Stored:
    given = {"severity": Severity.CRITICAL, "told_at": NOW, "opened_at": NOW, "unheard": False} | changed
    stored = replace(OPEN, **given)  # type: ignore[arg-type]
    assert table.save(settlement(opening(stored))).conflicts == 0
    return stored


def run(queries: Queries, table: Table, after: timedelta) -> Reminded:
    return remind_all(ACCOUNT_ID, queries, table, INTERVALS, NOW + after)


def test_an_hourly_run_reminds_once_an_interval(queries: Queries, table: Table) -> None:
    opened(table)
    told = [hour for hour in range(1, 13) if run(queries, table, hour * HOUR).changes]
    assert told == [4, 8, 12]


def test_a_reminder_is_recorded_in_the_history_of_the_finding(queries: Queries, table: Table) -> None:
    stored = opened(table)
    (change,) = run(queries, table, 4 * HOUR).changes
    history = queries.history(stored.finding_id)
    assert [each.transition for each in history] == [Transition.OPENED, Transition.REMINDED]
    assert (history[-1], change.since) == (change, NOW)


def test_what_is_muted_is_told_in_the_first_run_after_the_mute(queries: Queries, table: Table) -> None:
    opened(table, severity=Severity.NOTICE, unheard=True)
    table.save_mute(Mute("m-1", "ana", "migration", NOW + 2 * HOUR))
    told = [hour for hour in range(1, 6) if run(queries, table, hour * HOUR).changes]
    assert told == [2]


def test_an_audit_in_between_wins(queries: Queries, table: Table) -> None:
    stored = opened(table)

    class Lagging:
        """The index as it was before the audit resolved the finding."""

        def open_findings(self, *, limit: int) -> list[Stored]:
            assert limit > 0
            return [stored]

    table.save(settlement(resolving(stored, NOW + 4 * HOUR)))
    outcome = remind_all(ACCOUNT_ID, Lagging(), table, INTERVALS, NOW + 4 * HOUR)
    assert (outcome.changes, outcome.conflicts) == ((), 1)
    assert queries.open_findings() == []


def test_two_runs_at_once_record_one_reminder(queries: Queries, table: Table) -> None:
    opened(table)
    before = queries.open_findings()

    class Both:
        def open_findings(self, *, limit: int) -> list[Stored]:
            return before[:limit]

    outcomes = [remind_all(ACCOUNT_ID, Both(), table, INTERVALS, NOW + 4 * HOUR) for _ in range(2)]
    assert [(len(each.changes), each.conflicts) for each in outcomes] == [(1, 0), (0, 1)]


def test_more_than_one_run_can_take_are_left_for_the_next_the_worst_first(
    queries: Queries, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "MOST_AT_ONCE", 2)
    for i, severity in enumerate((Severity.ERROR, Severity.CRITICAL, Severity.CRITICAL)):
        opened(table, subject=f"s{i}", severity=severity)
    first = run(queries, table, 48 * HOUR)
    assert ([each.severity for each in first.changes], first.left) == ([Severity.CRITICAL] * 2, 1)
    assert [each.subject for each in run(queries, table, 49 * HOUR).changes] == ["s0"]


def test_nothing_open_is_nothing_to_do(queries: Queries, table: Table) -> None:
    assert run(queries, table, HOUR) == Reminded(0, (), 0, 0)
