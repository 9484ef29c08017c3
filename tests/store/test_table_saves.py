from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from ses_monitor.core.check import Diagnosis
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.model import Severity, Snapshot
from ses_monitor.core.observed import Blindness, Missing
from ses_monitor.core.settle import Rules, Write, settle
from ses_monitor.core.stored import Baseline, Phase, Stored
from ses_monitor.store.table import Saved, Table
from tests.store.examples import (
    HISTORY_DAYS,
    NOW,
    OPEN,
    RESOLVED,
    TABLE,
    WATCHED,
    Clock,
    FaultyClient,
    change_of,
    connect,
    create_table,
    milliseconds,
    opening,
    raw,
    replacing,
    resolving,
    settlement,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OTHER = replace(OPEN, check_id="account.quota", tag="QUOTA_EXHAUSTED")


def test_an_opened_finding_is_stored_with_its_change(client: DynamoDBClient, table: Table) -> None:
    saved = table.save(settlement(opening(OPEN)))
    assert [change.tag for change in saved.recorded] == ["SENDING_PAUSED"]
    assert saved.conflicts == 0
    assert table.findings("account") == [OPEN]
    assert [item["transition"]["S"] for item in raw(client, "CHANGE#eu-west-1")] == ["opened"]


def test_findings_are_those_of_one_family_and_one_region(table: Table) -> None:
    elsewhere = replace(OPEN, region="us-east-1")
    neighbour = replace(OPEN, region="eu-west-10")
    region = replace(OPEN, check_id="region.coverage", tag="REGION_NOT_READABLE")
    table.save(settlement(*map(opening, (OPEN, elsewhere, neighbour, region))))
    assert table.findings("account", "eu-west-1") == [OPEN]
    assert table.findings("account") == [OPEN, neighbour, elsewhere]
    assert table.findings("region") == [region]
    assert table.findings("identity") == []


def test_findings_are_read_to_the_last_page(client: DynamoDBClient, table: Table) -> None:
    many = [replace(OPEN, subject=f"{number}.example.com", text="x" * 4000, cause="y" * 4000) for number in range(150)]
    table.save(settlement(quiet=tuple(Write(None, each) for each in many)))
    pages = []
    client.meta.events.register("after-call.dynamodb.Query", lambda parsed, **_: pages.append(len(parsed["Items"])))
    assert {each.subject for each in table.findings("account")} == {each.subject for each in many}
    assert len(pages) == 2, "150 items of 9 KB do not fit the 1 MB of one page"


def test_findings_are_read_strongly_consistent(client: DynamoDBClient, table: Table) -> None:
    asked = []
    client.meta.events.register("provide-client-params.dynamodb.Query", lambda params, **_: asked.append(params))
    table.findings("account", "eu-west-1")
    assert [each["ConsistentRead"] for each in asked] == [True]


def test_a_resolved_finding_leaves_the_indexes(client: DynamoDBClient, table: Table) -> None:
    table.save(settlement(opening(OPEN)))
    table.save(settlement(resolving(OPEN, NOW + timedelta(minutes=5))))
    (item,) = raw(client, "FINDING#")
    assert item["phase"] == {"S": "resolved"}
    assert not [name for name in item if name.startswith("gsi")]
    for index, pk in (("gsi1", "OPEN"), ("gsi2", "SUBJECT#account")):
        answer = client.query(
            TableName=TABLE,
            IndexName=index,
            KeyConditionExpression=f"{index}pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
        )
        assert answer["Count"] == 0


def test_a_tag_that_replaces_another_is_one_transaction_of_both(client: DynamoDBClient, table: Table) -> None:
    table.save(settlement(opening(OPEN)))
    at = NOW + timedelta(minutes=5)
    worse = replace(OPEN, tag="SHUT_DOWN", version=milliseconds(at), written_at=at)
    saved = table.save(settlement(replacing(OPEN, worse)))
    assert (len(saved.recorded), saved.conflicts) == (1, 0)
    assert {each.tag: each.phase for each in table.findings("account")} == {
        "SENDING_PAUSED": Phase.RESOLVED,
        "SHUT_DOWN": Phase.OPEN,
    }
    assert len(raw(client, "CHANGE#")) == 2, "what opened, and what replaced it: the stream tells each once"
    assert len(raw(client, "REPLACED#")) == 1


def test_a_tag_that_only_changes_severity_needs_no_copy_of_its_change(client: DynamoDBClient, table: Table) -> None:
    table.save(settlement(opening(OPEN)))
    at = NOW + timedelta(minutes=5)
    milder = replace(OPEN, severity=Severity.ERROR, version=milliseconds(at), written_at=at)
    recorded = replacing(OPEN, milder, OPEN)
    table.save(settlement(replace(recorded, writes=recorded.writes[:1])))
    assert raw(client, "REPLACED#") == []
    assert table.findings("account") == [milder]


def test_a_streak_is_noted_and_forgotten_without_a_change(client: DynamoDBClient, table: Table) -> None:
    assert table.save(settlement(quiet=(Write(None, WATCHED),))) == Saved((), 0)
    assert table.findings("account") == [WATCHED]
    assert table.save(settlement(forget=(WATCHED,))) == Saved((), 0)
    assert raw(client) == []


def test_an_expired_finding_is_not_read_and_may_be_written_anew(
    client: DynamoDBClient, table: Table, clock: Clock
) -> None:
    table.save(settlement(quiet=(Write(None, RESOLVED),)))
    clock.pass_(days=HISTORY_DAYS, seconds=1)
    assert raw(client, "FINDING#"), "TTL deletes days later"
    assert table.findings("account") == []
    anew = replace(OPEN, version=milliseconds(clock.now), written_at=clock.now, opened_at=clock.now)
    saved = table.save(settlement(opening(anew)))
    assert saved.conflicts == 0
    assert table.findings("account") == [anew]
    assert anew.version > RESOLVED.version


@pytest.mark.parametrize("there", [OPEN, WATCHED, RESOLVED], ids=lambda stored: str(stored.phase))
def test_what_is_there_and_not_over_is_never_written_as_new(table: Table, there: Stored) -> None:
    table.save(settlement(quiet=(Write(None, there),)))
    assert table.save(settlement(opening(replace(OPEN, version=9)))) == Saved((), 1)
    assert table.findings("account") == [there]


def test_a_change_that_is_recorded_is_never_written_over(client: DynamoDBClient, table: Table) -> None:
    table.save(settlement(opening(OPEN)))
    (stored,) = raw(client, "FINDING#")
    client.delete_item(TableName=TABLE, Key={"pk": stored["pk"], "sk": stored["sk"]})
    assert table.save(settlement(opening(OPEN))) == Saved((), 1)
    assert table.findings("account") == [], "the state goes with its change, or not at all"


@pytest.mark.parametrize("off_by", [-1, 1])
def test_a_stale_write_or_deletion_is_a_conflict_and_changes_nothing(
    client: DynamoDBClient, table: Table, off_by: int
) -> None:
    table.save(settlement(opening(OPEN)))
    stale = replace(OPEN, version=OPEN.version + off_by)
    later = replace(OPEN, version=OPEN.version + 2, absent=1)
    for outdated in (
        settlement(quiet=(Write(stale, later),)),
        settlement(forget=(stale,)),
        settlement(resolving(stale, NOW + timedelta(minutes=5))),
    ):
        assert table.save(outdated) == Saved((), 1)
    assert table.findings("account") == [OPEN]
    assert len(raw(client, "CHANGE#")) == 1


def test_two_runs_that_settle_the_same_record_one_change(client: DynamoDBClient, table: Table, clock: Clock) -> None:
    rival = Table(client, TABLE, HISTORY_DAYS, clock=clock)
    both = settlement(opening(OPEN), opening(OTHER), quiet=(Write(None, replace(WATCHED, tag="THIRD")),))
    first, second = table.save(both), rival.save(both)
    assert (len(first.recorded), first.conflicts) == (2, 0)
    assert second == Saved((), 3)
    assert len(raw(client, "CHANGE#")) == 2


def test_two_runs_that_overtake_each_other_record_each_change_once(client: DynamoDBClient, clock: Clock) -> None:
    """The second run saves everything between the first run's first and second transaction."""
    both = settlement(opening(OPEN), opening(OTHER))
    rival = Table(client, TABLE, HISTORY_DAYS, clock=clock)
    overtaken: list[Saved] = []

    class Overtaken(FaultyClient):
        def __getattr__(self, name: str) -> object:
            if name == "transact_write_items" and self.calls and not overtaken:
                overtaken.append(rival.save(both))
            return super().__getattr__(name)

    first = Table(Overtaken(client), TABLE, HISTORY_DAYS, clock=clock).save(both)  # type: ignore[arg-type] # stands in for the client
    assert [change.tag for change in first.recorded] == ["SENDING_PAUSED"]
    assert [change.tag for change in overtaken[0].recorded] == ["QUOTA_EXHAUSTED"]
    assert first.conflicts == overtaken[0].conflicts == 1
    assert len(raw(client, "CHANGE#")) == 2


def test_hostile_subjects_are_kept_apart_and_read_back_whole(table: Table) -> None:
    subjects = ["", "#", "a#b", "a#b#SENDING_PAUSED", "ü\u202e\x00\n", "x" * 2100, "x" * 2101, "💣" * 700, "💣" * 701]
    table.save(settlement(*(opening(replace(OPEN, subject=subject)) for subject in subjects)))
    assert {each.subject for each in table.findings("account")} == set(subjects)


# --- settling and saving, again and again ---------------------------------------------------------------------------

SEVERITIES = (Severity.WARNING, Severity.ERROR, Severity.CRITICAL)
DIAGNOSES = {
    tag: Diagnosis(
        tag, SEVERITIES, "{subject} is at {level}", "", (), open_after=opens, resolve_after=resolves, aspect=aspect
    )
    for tag, aspect, opens, resolves in (
        ("HIGH", "load", 1, 1),
        ("FULL", "load", 2, 1),
        ("OFF", "", 1, 2),
        ("ODD", "", 2, 2),
    )
}
CHECKS = ("account.one", "account.two")
BLIND = Missing(Blindness.THROTTLED, "throttled")
conclusions = st.dictionaries(st.sampled_from(sorted(DIAGNOSES)), st.sampled_from(SEVERITIES), max_size=3)
looks = st.lists(
    st.fixed_dictionaries({check: st.one_of(st.none(), conclusions) for check in CHECKS}), min_size=1, max_size=4
)
numbers = count()


@pytest.fixture(scope="module")
def shared() -> Iterator[DynamoDBClient]:
    with mock_aws():
        yield connect()


def evaluations(look: dict[str, dict[str, Severity] | None], snapshot: Snapshot) -> list[Evaluation]:
    return [
        Evaluation(check, "account", unknown=BLIND)
        if found is None
        else Evaluation(
            check,
            "account",
            tuple(
                DIAGNOSES[tag].on(snapshot, severity=severity, level=severity.name) for tag, severity in found.items()
            ),
        )
        for check, found in look.items()
    ]


@settings(max_examples=12, deadline=None)
@given(looks)
def test_the_table_is_what_was_settled_and_the_same_look_again_is_no_second_change(
    shared: DynamoDBClient, history: list[dict[str, dict[str, Severity] | None]]
) -> None:
    name = f"table-{next(numbers)}"
    create_table(shared, name)
    clock = Clock()
    table = Table(shared, name, HISTORY_DAYS, clock=clock)
    rules = Rules(frozenset(CHECKS), DIAGNOSES)
    told = 0
    for look in [*history, *[history[-1]] * 3]:
        clock.pass_(minutes=5)
        snapshot = Snapshot("123456789012", "eu-west-1", clock.now)
        before = table.findings("account", "eu-west-1")
        settled = settle(snapshot, before, evaluations(look, snapshot), rules)
        saved = table.save(settled)

        expected = {each.finding_id: each for each in before}
        for write in [*settled.quiet, *(write for recorded in settled.changes for write in recorded.writes)]:
            expected[write.after.finding_id] = write.after
        for forgotten in settled.forget:
            del expected[forgotten.finding_id]
        assert saved.conflicts == 0
        assert {each.finding_id: each for each in table.findings("account", "eu-west-1")} == expected
        assert table.save(settled).recorded == (), "the same settlement saved twice tells nothing twice"
        told += len(saved.recorded)

    clock.pass_(minutes=5)
    snapshot = Snapshot("123456789012", "eu-west-1", clock.now)
    again = settle(snapshot, table.findings("account", "eu-west-1"), evaluations(history[-1], snapshot), rules)
    assert (again.changes, again.quiet, again.forget) == ((), (), ())
    assert len(raw(shared, "CHANGE#", name)) == told
    shared.delete_table(TableName=name)


def test_the_summary_of_a_first_audit_is_stored_once_however_often_it_begins_anew(
    client: DynamoDBClient, table: Table
) -> None:
    baseline = Baseline("1", NOW, (change_of(OPEN),))
    assert table.save_baseline(baseline)
    assert not table.save_baseline(baseline)
    assert len(raw(client, "CHANGE#baseline")) == 1
