from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Phase, Transition
from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.queries import Queries, Told
from ses_monitor.store.table import Table
from tests.store.examples import (
    ACCOUNT,
    HISTORY_DAYS,
    NOW,
    OPEN,
    RUN,
    STATE,
    WATCHED,
    Clock,
    milliseconds,
    opening,
    replacing,
    resolving,
    settlement,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from ses_monitor.core.stored import Stored


def finding(tag: str, severity: Severity = Severity.ERROR, *, hours: float = 0, region: str = "eu-west-1") -> Stored:
    at = NOW - timedelta(hours=hours)
    return replace(
        OPEN,
        tag=tag,
        severity=severity,
        region=region,
        opened_at=at,
        first_seen=at,
        written_at=at,
        version=milliseconds(at),
    )


@pytest.fixture
def many(table: Table) -> None:
    table.save(
        settlement(
            opening(finding("NEW_ERROR", hours=1)),
            opening(finding("NOTE", Severity.NOTICE, hours=90)),
            opening(finding("STOPPED", Severity.CRITICAL, region="us-east-1")),
            opening(finding("OLD_ERROR", hours=30, region="us-east-1")),
            opening(finding("WARNING", Severity.WARNING)),
        )
    )
    table.save(settlement(resolving(finding("WARNING", Severity.WARNING), NOW + timedelta(minutes=5))))


@pytest.mark.usefixtures("many")
class TestOpenFindings:
    def test_the_worst_comes_first_and_then_the_oldest(self, queries: Queries) -> None:
        assert [each.tag for each in queries.open_findings()] == ["STOPPED", "OLD_ERROR", "NEW_ERROR", "NOTE"]

    @pytest.mark.parametrize(
        ("at_least", "expected"),
        [(Severity.INFO, 4), (Severity.NOTICE, 4), (Severity.WARNING, 3), (Severity.ERROR, 3), (Severity.CRITICAL, 1)],
    )
    def test_at_least_a_severity(self, queries: Queries, at_least: Severity, expected: int) -> None:
        assert len(queries.open_findings(at_least=at_least)) == expected

    def test_of_one_region(self, queries: Queries) -> None:
        assert [each.tag for each in queries.open_findings(region="us-east-1")] == ["STOPPED", "OLD_ERROR"]
        assert [each.tag for each in queries.open_findings(region="eu-west-1", at_least=Severity.ERROR)] == [
            "NEW_ERROR"
        ]

    def test_no_more_than_asked_for(self, queries: Queries) -> None:
        assert [each.tag for each in queries.open_findings(limit=2)] == ["STOPPED", "OLD_ERROR"]
        assert [each.tag for each in queries.open_findings(region="eu-west-1", limit=1)] == ["NEW_ERROR"]
        assert queries.open_findings(limit=0) == []

    def test_on_a_subject_in_any_region(self, queries: Queries) -> None:
        found = queries.findings_of("account")
        assert [(each.region, each.tag) for each in found] == [
            ("eu-west-1", "NEW_ERROR"),
            ("eu-west-1", "NOTE"),
            ("us-east-1", "OLD_ERROR"),
            ("us-east-1", "STOPPED"),
        ]
        assert len(queries.findings_of("account", limit=3)) == 3


def test_a_family_is_read_in_every_phase(table: Table, queries: Queries, clock: Clock) -> None:
    over, still = finding("OVER"), finding("STILL", region="us-east-1")
    table.save(settlement(opening(over), opening(still), opening(replace(WATCHED, tag="WATCHED"))))
    table.save(settlement(opening(replace(OPEN, check_id="dns.dmarc", tag="OTHER_FAMILY"))))
    table.save(settlement(resolving(over, NOW + timedelta(minutes=5))))
    assert [(each.tag, each.phase) for each in queries.findings("account")] == [
        ("OVER", Phase.RESOLVED),
        ("WATCHED", Phase.WATCHED),
        ("STILL", Phase.OPEN),
    ]
    assert len(queries.findings("account", limit=1)) == 1
    clock.pass_(days=HISTORY_DAYS + 1)
    assert [each.tag for each in queries.findings("account")] == ["STILL"], "the others are kept no more"


@pytest.mark.parametrize("subject", ["example.com", "a#b", "x" * 3000])
def test_one_finding_is_read_by_all_that_names_it(table: Table, queries: Queries, subject: str) -> None:
    stored = replace(OPEN, subject=subject)
    table.save(settlement(opening(stored), opening(replace(stored, tag=f"{stored.tag}_TOO"))))
    found = queries.finding(stored.region, stored.check_id, subject, stored.tag)
    assert found is not None
    assert (found.finding_id, found.phase) == (stored.finding_id, Phase.OPEN)
    assert queries.finding(stored.region, stored.check_id, subject + "x", stored.tag) is None


def test_what_a_channel_was_told_last(deliveries: Deliveries, queries: Queries) -> None:
    assert queries.told("slack", OPEN.finding_id) is None
    for number in (1, 2):
        at = NOW + timedelta(minutes=number)
        deliveries.delivered(f"alert-{number}", "slack", {OPEN.finding_id: OPEN.version + number}, at)
    assert queries.told("slack", OPEN.finding_id) == Told("slack", OPEN.version + 2, NOW + timedelta(minutes=2))
    assert queries.told("sns", OPEN.finding_id) is None
    assert queries.told("slack", OPEN.finding_id[:5]) is None


def test_what_is_watched_is_not_told_as_open(table: Table, queries: Queries) -> None:
    table.save(settlement(opening(replace(WATCHED, tag="OTHER"))))
    assert queries.open_findings() == []
    assert queries.findings_of("account") == []


@pytest.mark.parametrize("subject", ["example.com", "a#b", "", "x" * 3000, "bücher.example", "💣" * 800])
def test_a_subject_is_found_whatever_it_is_called(table: Table, queries: Queries, subject: str) -> None:
    table.save(settlement(opening(replace(OPEN, subject=subject)), opening(replace(OPEN, subject=subject + "x"))))
    assert [each.subject for each in queries.findings_of(subject)] == [subject]


def test_changes_of_a_region_from_a_time_until_before_another(table: Table, queries: Queries) -> None:
    for number in range(4):
        at = NOW + timedelta(days=number)
        table.save(settlement(opening(replace(finding(f"T{number}"), written_at=at))))
    table.save(settlement(opening(finding("ELSEWHERE", region="eu-west-10"))))
    week = queries.changes("eu-west-1", NOW, NOW + timedelta(days=3))
    assert [change.tag for change in week] == ["T2", "T1", "T0"]
    assert [change.tag for change in queries.changes("eu-west-1", NOW, NOW + timedelta(days=9), limit=1)] == ["T3"]


def test_changes_are_over_after_the_history(table: Table, queries: Queries, clock: Clock) -> None:
    table.save(settlement(opening(OPEN)))
    clock.pass_(days=HISTORY_DAYS, seconds=1)
    assert queries.changes("eu-west-1", NOW, clock.now) == []
    assert queries.history(OPEN.finding_id) == []
    assert [each.tag for each in queries.open_findings()] == ["SENDING_PAUSED"], "what is open is never over"


def test_the_history_of_a_finding_that_was_replaced_ends_with_what_replaced_it(table: Table, queries: Queries) -> None:
    near = finding("QUOTA_NEARLY_EXHAUSTED", Severity.WARNING)
    at = NOW + timedelta(hours=2)
    full = replace(near, tag="QUOTA_EXHAUSTED", severity=Severity.CRITICAL, written_at=at, version=milliseconds(at))
    table.save(settlement(opening(near)))
    table.save(settlement(replacing(near, full)))
    table.save(settlement(resolving(full, at + timedelta(hours=1))))

    assert [(change.transition, change.tag) for change in queries.history(near.finding_id)] == [
        (Transition.OPENED, "QUOTA_NEARLY_EXHAUSTED"),
        (Transition.WORSENED, "QUOTA_EXHAUSTED"),
    ]
    story = queries.history(full.finding_id)
    assert [(change.transition, change.was_tag) for change in story] == [
        (Transition.WORSENED, "QUOTA_NEARLY_EXHAUSTED"),
        (Transition.RESOLVED, ""),
    ]
    assert len(queries.changes("eu-west-1", NOW, at + timedelta(days=1))) == 3, "the copy is no second change"
    assert len(queries.history(full.finding_id, limit=1)) == 1


def test_a_finding_that_opens_again_has_one_history(table: Table, queries: Queries) -> None:
    table.save(settlement(opening(OPEN)))
    table.save(settlement(resolving(OPEN, NOW + timedelta(hours=1))))
    (closed,) = table.findings("account")
    at = NOW + timedelta(hours=2)
    table.save(settlement(opening(replace(OPEN, version=milliseconds(at), written_at=at, opened_at=at), closed)))
    assert [change.transition.value for change in queries.history(OPEN.finding_id)] == ["opened", "resolved", "opened"]
    assert [each.phase for each in table.findings("account")] == [Phase.OPEN]


def test_the_matrix_runs_and_accounts_of_the_past(table: Table, queries: Queries) -> None:
    for region in ("us-east-1", "eu-west-1"):
        table.save_region_state(replace(STATE, region=region), None)
    assert [state.region for state in queries.regions()] == ["eu-west-1", "us-east-1"]
    table.save_run(RUN)
    assert queries.runs("audit_accounts") == [RUN]
    paused = replace(ACCOUNT, sending_enabled=False, seen_at=NOW + timedelta(hours=1))
    for facts in (ACCOUNT, paused):
        table.save_account_snapshot("eu-west-1", facts)
    assert queries.account_history("eu-west-1") == [paused, ACCOUNT]
    assert queries.account_history("eu-west-1", limit=1) == [paused]


@pytest.mark.usefixtures("many")
def test_nothing_is_ever_scanned(client: DynamoDBClient, table: Table, queries: Queries) -> None:
    asked: list[str] = []
    client.meta.events.register("provide-client-params.dynamodb", lambda model, **_: asked.append(model.name))
    queries.open_findings(at_least=Severity.ERROR, region="eu-west-1")
    queries.findings_of("account")
    queries.changes("eu-west-1", NOW, NOW + timedelta(days=1))
    queries.history(OPEN.finding_id)
    queries.runs("audit_accounts")
    queries.regions()
    queries.account_history("eu-west-1")
    queries.findings("account")
    queries.finding("eu-west-1", "account.quota", "account", "QUOTA_EXHAUSTED")
    queries.told("slack", OPEN.finding_id)
    table.findings("account")
    table.mutes(NOW)
    assert set(asked) == {"Query"}
