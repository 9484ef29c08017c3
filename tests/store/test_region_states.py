from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ses_monitor.core.model import Memory, Severity
from ses_monitor.core.region_state import HourlyFacts, Unseen
from ses_monitor.core.verdict import Cause, Verdict
from ses_monitor.store import keys
from ses_monitor.store.state_codec import run_item
from ses_monitor.store.table import Table
from tests.store.examples import ACCOUNT, HISTORY_DAYS, MUTE, NOW, RUN, STATE, TABLE, Clock, raw

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATER = NOW + timedelta(minutes=5)


def test_a_states_first_version_is_stored_with_revision_one(table: Table) -> None:
    assert table.save_region_state(STATE, None)
    assert table.region_states() == {"eu-west-1": replace(STATE, revision=1)}


def test_each_version_follows_the_one_it_was_based_on(table: Table) -> None:
    table.save_region_state(STATE, None)
    stored = table.region_states()["eu-west-1"]
    assert table.save_region_state(replace(stored, verdict=Verdict.DELIVERS, causes=()), stored)
    assert table.region_states()["eu-west-1"].revision == 2
    assert table.region_states()["eu-west-1"].verdict is Verdict.DELIVERS


def test_of_two_runs_based_on_the_same_version_the_second_writes_nothing(table: Table) -> None:
    table.save_region_state(STATE, None)
    stored = table.region_states()["eu-west-1"]
    assert table.save_region_state(replace(stored, verdict=Verdict.DELIVERS), stored)
    assert not table.save_region_state(replace(stored, verdict=Verdict.UNKNOWN), stored)
    assert not table.save_region_state(replace(stored, verdict=Verdict.UNKNOWN), replace(stored, revision=3))
    assert table.region_states()["eu-west-1"].verdict is Verdict.DELIVERS


def test_of_two_runs_that_saw_no_state_the_second_writes_nothing(table: Table) -> None:
    assert table.save_region_state(STATE, None)
    assert not table.save_region_state(replace(STATE, verdict=Verdict.IDLE), None)
    assert not table.save_region_state(replace(STATE, verdict=Verdict.IDLE), STATE), "revision 0: never stored"
    assert table.region_states()["eu-west-1"].verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": Verdict.AT_RISK},
        {"verdict_since": LATER},
        {"causes": ()},
        {"causes": (replace(STATE.causes[0], severity=Severity.ERROR),)},
        {"causes": (*STATE.causes, Cause("", Severity.WARNING, "eu-west-1", "timed out"))},
        {"identity_causes": (Cause("DKIM_FAILED", Severity.ERROR, "shop.example.com", "DKIM failed."),)},
        {"account": None},
        {"account": replace(ACCOUNT, sending_enabled=None)},
        {"account": replace(ACCOUNT, max_24_hours=100_000.0)},
        {"account": replace(ACCOUNT, sent_last_24_hours=12_500.0)},
        {"account": replace(ACCOUNT, sent_last_24_hours=None)},
        {"account": replace(ACCOUNT, seen_at=NOW + timedelta(hours=1))},
        {"memory": Memory(production_access_seen=NOW)},
        {"hourly": HourlyFacts(read_at=LATER)},
        {"baselined": frozenset()},
    ],
    ids=str,
)
def test_what_people_would_see_is_written(table: Table, changed: dict[str, Any]) -> None:
    table.save_region_state(STATE, None)
    stored = table.region_states()["eu-west-1"]
    new = replace(stored, **changed)
    assert table.save_region_state(new, stored)
    assert table.region_states()["eu-west-1"] == replace(new, revision=2)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"account": replace(ACCOUNT, seen_at=NOW + timedelta(minutes=59))},
        {"account": replace(ACCOUNT, sent_last_24_hours=12_499.0)},
        {"causes": (replace(STATE.causes[0], text="Sending is paused; 81.3 % of the quota was used."),)},
    ],
    ids=str,
)
def test_volatile_detail_alone_is_not_written(table: Table, changed: dict[str, Any]) -> None:
    table.save_region_state(STATE, None)
    stored = table.region_states()["eu-west-1"]
    assert table.save_region_state(replace(stored, **changed), stored)
    assert table.region_states()["eu-west-1"] == stored


def test_a_new_reason_for_blindness_is_written(table: Table) -> None:
    blind = replace(STATE, verdict=Verdict.UNKNOWN, causes=(Cause("", Severity.WARNING, "eu-west-1", "throttled"),))
    table.save_region_state(blind, None)
    stored = table.region_states()["eu-west-1"]
    new = replace(stored, causes=(Cause("", Severity.WARNING, "eu-west-1", "access denied"),))
    table.save_region_state(new, stored)
    assert table.region_states()["eu-west-1"].causes[0].text == "access denied"


def test_more_causes_than_are_kept_are_not_written_again_and_again(table: Table) -> None:
    causes = tuple(Cause(f"TAG_{number}", Severity.ERROR, "x" * 3000, "text") for number in range(80))
    crowded = replace(STATE, causes=causes)
    table.save_region_state(crowded, None)
    stored = table.region_states()["eu-west-1"]
    assert table.save_region_state(replace(crowded, revision=1), stored)
    assert table.region_states()["eu-west-1"].revision == 1


# --- the history of an account --------------------------------------------------------------------------------------


def sent(table: Table, client: DynamoDBClient, figure: float, minutes: int, quota: float | None = 50_000.0) -> bool:
    seen_at = NOW + timedelta(minutes=minutes)
    facts = replace(ACCOUNT, sent_last_24_hours=figure, max_24_hours=quota, seen_at=seen_at)
    before = len(raw(client, "ACCOUNT#eu-west-1"))
    added = table.save_account_snapshot("eu-west-1", facts)
    assert len(raw(client, "ACCOUNT#eu-west-1")) == before + added
    return added


def test_an_account_is_added_to_its_history_when_it_differs(table: Table, client: DynamoDBClient) -> None:
    assert table.save_account_snapshot("eu-west-1", ACCOUNT)
    assert not table.save_account_snapshot("eu-west-1", replace(ACCOUNT, seen_at=LATER))
    assert table.save_account_snapshot("eu-west-1", replace(ACCOUNT, seen_at=LATER, enforcement="PROBATION"))
    assert table.save_account_snapshot("us-east-1", ACCOUNT)
    assert len(raw(client, "ACCOUNT#")) == 3
    assert {item["expires_at"]["N"] for item in raw(client, "ACCOUNT#us-east-1")} == {
        str(int((NOW + timedelta(days=HISTORY_DAYS)).timestamp()))
    }


def test_a_slow_rise_is_added_in_steps_and_hovering_at_one_is_not(table: Table, client: DynamoDBClient) -> None:
    figures = [0, 1000, 2000, 2499, 2500, 2499, 2501, 2400, 4999, 5000]
    added = [sent(table, client, figure, minutes) for minutes, figure in enumerate(figures)]
    assert added == [True, False, False, False, True, False, False, False, False, True]


def test_a_look_that_is_the_same_as_the_one_before_costs_no_read(table: Table, client: DynamoDBClient) -> None:
    asked: list[str] = []
    client.meta.events.register("provide-client-params.dynamodb", lambda model, **_: asked.append(model.name))
    assert table.save_account_snapshot("eu-west-1", ACCOUNT, None)
    assert not table.save_account_snapshot("eu-west-1", replace(ACCOUNT, seen_at=LATER), ACCOUNT)
    assert asked == ["Query", "PutItem"]
    more = replace(ACCOUNT, sent_last_24_hours=12_500.0, seen_at=LATER)
    nearly = replace(ACCOUNT, sent_last_24_hours=12_499.0)
    assert table.save_account_snapshot("eu-west-1", more, nearly), "compared with the history, not with the last look"


@pytest.mark.parametrize("quota", [-1.0, None, 0.0])
def test_without_a_daily_limit_the_steps_are_of_the_figure_itself(
    table: Table, client: DynamoDBClient, quota: float | None
) -> None:
    figures = [0, 0, 1000, 1050, 1060, 1060]
    added = [sent(table, client, figure, minutes, quota) for minutes, figure in enumerate(figures)]
    assert added == [True, False, True, False, True, False]


# --- mutes and runs -------------------------------------------------------------------------------------------------


def test_a_mute_holds_to_the_second_it_ends(table: Table) -> None:
    table.save_mute(MUTE)
    assert table.mutes(NOW) == [MUTE]
    assert table.mutes(MUTE.expires_at - timedelta(microseconds=1)) == [MUTE]
    assert table.mutes(MUTE.expires_at) == []


def test_a_mute_that_ended_is_not_read_although_ttl_has_not_deleted_it(
    table: Table, client: DynamoDBClient, clock: Clock
) -> None:
    table.save_mute(MUTE)
    clock.pass_(days=2, seconds=1)
    assert table.mutes(NOW) == []
    assert len(raw(client, "MUTE")) == 1


def test_a_mute_that_ends_within_a_second_is_not_over_before(table: Table, clock: Clock) -> None:
    ending = replace(MUTE, expires_at=NOW + timedelta(seconds=0.5))
    table.save_mute(ending)
    clock.pass_(seconds=0.4)
    assert table.mutes(clock.now) == [ending]


def test_a_mute_is_replaced_by_its_id_and_deleted_once(table: Table) -> None:
    table.save_mute(MUTE)
    table.save_mute(replace(MUTE, reason="longer"))
    assert [mute.reason for mute in table.mutes(NOW)] == ["longer"]
    assert table.delete_mute("m-1")
    assert not table.delete_mute("m-1")
    assert table.mutes(NOW) == []


def test_the_last_runs_of_a_function_come_first(table: Table) -> None:
    runs = [replace(RUN, started_at=NOW + timedelta(minutes=5 * number)) for number in range(5)]
    for run in [*runs, replace(RUN, function="publish_alerts")]:
        table.save_run(run)
    assert table.runs("audit_accounts", 2) == [runs[4], runs[3]]
    assert len(table.runs("audit_accounts", 100)) == 5
    assert table.runs("digest", 3) == []


def test_a_run_saved_again_replaces_itself(table: Table) -> None:
    table.save_run(replace(RUN, complete=False))
    table.save_run(RUN)
    assert table.runs("audit_accounts", 9) == [RUN]


def test_runs_of_two_regions_that_start_in_the_same_microsecond_are_both_kept(table: Table) -> None:
    runs = [replace(RUN, regions=(region,)) for region in ("eu-west-1", "us-east-1")]
    for run in [*runs, runs[0]]:
        table.save_run(run)
    assert table.runs("audit_accounts", 9) == [*reversed(runs)]


def test_a_run_of_one_region_that_was_saved_under_its_time_alone_is_read_in_its_place(
    table: Table, client: DynamoDBClient
) -> None:
    old = replace(RUN, regions=("eu-west-1",))
    newer = replace(old, started_at=NOW + timedelta(minutes=5))
    item = run_item(old)
    client.put_item(TableName=TABLE, Item={**item, "sk": {"S": keys.moment(old.started_at)}})
    table.save_run(newer)
    assert table.runs("audit_accounts", 9) == [newer, old]


def test_runs_are_over_after_thirty_days(table: Table, client: DynamoDBClient, clock: Clock) -> None:
    table.save_run(RUN)
    clock.pass_(days=30, seconds=1)
    assert table.runs("audit_accounts", 9) == []
    assert len(raw(client, "RUN#audit_accounts")) == 1


def test_what_a_run_could_not_see_comes_back_with_its_reason(table: Table) -> None:
    hostile = Unseen("account.quota", "us-east-1", "<!channel>\n", "denied", "not authorised to\u202e perform")
    table.save_run(replace(RUN, unseen=(hostile,)))
    assert table.runs("audit_accounts", 1)[0].unseen == (hostile,)


def test_the_table_is_named_once(client: DynamoDBClient, table: Table) -> None:
    asked: list[str] = []
    client.meta.events.register("provide-client-params.dynamodb", lambda params, **_: asked.append(params["TableName"]))
    table.save_run(RUN)
    table.region_states()
    assert set(asked) == {TABLE}
