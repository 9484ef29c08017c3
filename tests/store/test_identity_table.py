from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.identity import IdentityKind, IdentityMemory
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.identity_run import IdentityRun, Stage
from ses_monitor.store import identity_codec
from ses_monitor.store.identity_table import IdentityTable
from ses_monitor.store.item import UnreadableItemError
from ses_monitor.store.queries import Queries
from tests.store import strategies
from tests.store.examples import HISTORY_DAYS, IDENTITY, NOW, TABLE, Clock, raw

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RUN = IdentityRun("eu-west-1", "20261118T090500.000000Z", NOW)


@pytest.fixture
def identities(client: DynamoDBClient, clock: Clock) -> IdentityTable:
    return IdentityTable(client, TABLE, HISTORY_DAYS, clock=clock)


memories = st.builds(IdentityMemory, *[st.none() | strategies.instants] * 5)
states = st.builds(
    IdentityState,
    region=strategies.names,
    name=strategies.lines.filter(bool),
    kind=st.sampled_from(IdentityKind),
    verification_status=strategies.names,
    dkim_status=strategies.names | st.just(""),
    dkim_signing=st.none() | st.booleans(),
    mail_from_domain=strategies.names | st.just(""),
    mail_from_status=strategies.names | st.just(""),
    forwarding=st.none() | st.booleans(),
    configuration_set=strategies.names | st.just(""),
    memory=memories,
    prints=st.dictionaries(strategies.names, strategies.names, max_size=5),
    looked_at=st.booleans(),
    revision=st.integers(0, 1000),
)
runs = st.builds(
    IdentityRun,
    region=strategies.names,
    run=strategies.names,
    went_on_at=strategies.instants,
    stage=st.sampled_from(Stage),
    after=st.none() | strategies.lines.filter(bool),
    ended=st.booleans(),
    turn=st.integers(0, 10**6),
    unlooked=st.none() | st.integers(0, 10**5),
    told_at=st.none() | strategies.instants,
    revision=st.integers(0, 1000),
)


@given(states)
def test_an_identity_comes_back_as_it_was_stored(state: IdentityState) -> None:
    assert identity_codec.read_identity(identity_codec.identity_item(state)) == state


@given(runs)
def test_a_run_comes_back_as_it_was_stored(run: IdentityRun) -> None:
    assert identity_codec.read_run(identity_codec.run_item(run)) == run


@pytest.mark.parametrize("attribute", ["region", "name", "kind", "verification_status", "revision"])
def test_an_identity_without_what_it_must_have_is_refused_by_name(attribute: str) -> None:
    item = identity_codec.identity_item(IDENTITY)
    del item[attribute]
    with pytest.raises(UnreadableItemError, match=f"has no {attribute}"):
        identity_codec.read_identity(item)


@pytest.mark.parametrize(("attribute", "value"), [("looked_at", {"S": "yes"}), ("prints", {"L": []})])
def test_an_identity_with_something_else_in_it_is_refused_by_name(attribute: str, value: Any) -> None:
    item = identity_codec.identity_item(IDENTITY) | {attribute: value}
    with pytest.raises(UnreadableItemError, match=f"{attribute} cannot be read"):
        identity_codec.read_identity(item)


@pytest.mark.parametrize(("name", "kind"), [("a@example.com", "EMAIL_ADDRESS"), ("example.com", "DOMAIN")])
def test_a_kind_that_a_newer_version_wrote_is_told_by_the_name(name: str, kind: str) -> None:
    item = identity_codec.identity_item(replace(IDENTITY, name=name)) | {"kind": {"S": "TENANT"}}
    assert identity_codec.read_identity(item).kind.value == kind


def test_one_query_gives_an_identity_in_all_regions_and_one_a_region(
    identities: IdentityTable, queries: Queries
) -> None:
    for region in ("us-east-1", "eu-west-1"):
        for name in ("b.example.com", "a.example.com"):
            identities.save_identity_state(replace(IDENTITY, region=region, name=name), None)
    everywhere = [(state.region, state.name) for state in identities.identity_everywhere("a.example.com")]
    assert everywhere == [("eu-west-1", "a.example.com"), ("us-east-1", "a.example.com")]
    assert [state.name for state in identities.identity_states("us-east-1")] == ["a.example.com", "b.example.com"]
    assert queries.identity("a.example.com") == identities.identity_everywhere("a.example.com")
    assert queries.identities("us-east-1") == identities.identity_states("us-east-1")
    assert queries.identity("c.example.com") == []


def test_what_is_the_same_to_people_and_to_the_next_audit_is_not_written(
    client: DynamoDBClient, identities: IdentityTable
) -> None:
    identities.save_identity_state(IDENTITY, None)
    [stored] = identities.identity_states("eu-west-1")
    written: list[str] = []
    client.meta.events.register("provide-client-params.dynamodb", lambda model, **_: written.append(model.name))
    assert identities.save_identity_state(replace(stored), stored)
    assert written == []
    assert identities.save_identity_state(replace(stored, dkim_status="FAILED"), stored)
    assert written == ["PutItem"]


def test_a_text_that_is_cut_on_its_way_into_the_table_is_not_written_again_and_again(
    client: DynamoDBClient, identities: IdentityTable
) -> None:
    long = replace(IDENTITY, mail_from_domain="x" * 1000)
    identities.save_identity_state(long, None)
    [stored] = identities.identity_states("eu-west-1")
    assert identities.save_identity_state(replace(long, revision=stored.revision), stored)
    assert raw(client, "IDENTITY#")[0]["revision"]["N"] == "1"


def test_of_two_runs_based_on_the_same_state_the_second_writes_nothing(identities: IdentityTable) -> None:
    identities.save_identity_state(IDENTITY, None)
    assert not identities.save_identity_state(replace(IDENTITY, dkim_status="FAILED"), None)
    [stored] = identities.identity_states("eu-west-1")
    assert identities.save_identity_state(replace(stored, dkim_status="FAILED"), stored)
    assert not identities.save_identity_state(replace(stored, dkim_status="PENDING"), stored)
    assert not identities.delete_identity_state(stored)
    [now] = identities.identity_states("eu-west-1")
    assert (now.dkim_status, now.revision) == ("FAILED", 2)
    assert identities.delete_identity_state(now)
    assert identities.identity_states("eu-west-1") == []


@pytest.mark.parametrize("name", ["a" * 253, "ü" * 2000, "\ud800@example.com".encode("utf-8", "replace").decode()])
def test_a_name_of_any_length_has_its_place(identities: IdentityTable, name: str) -> None:
    assert identities.save_identity_state(replace(IDENTITY, name=name), None)
    [stored] = identities.identity_everywhere(name)
    assert stored.name.startswith(name[:50])


def test_of_two_claims_of_a_region_one_holds(identities: IdentityTable, queries: Queries) -> None:
    assert identities.identity_run("eu-west-1") is None
    first = identities.save_identity_run(RUN, None)
    assert first == replace(RUN, revision=1)
    assert identities.save_identity_run(replace(RUN, run="another"), None) is None
    later = replace(RUN, went_on_at=NOW + timedelta(minutes=15), after="m.example.com", stage=Stage.DAILY)
    assert identities.save_identity_run(later, first) == replace(later, revision=2)
    assert identities.save_identity_run(later, first) is None
    assert identities.identity_run("eu-west-1") == replace(later, revision=2)
    assert identities.identity_run("eu-west") is None
    assert identities.identity_runs() == {"eu-west-1": replace(later, revision=2)}
    assert queries.identity_runs() == [replace(later, revision=2)]
    identities.delete_identity_run("eu-west-1")
    assert identities.identity_runs() == {}
