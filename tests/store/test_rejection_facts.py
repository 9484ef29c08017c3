from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from ses_monitor.core.identity_run import IdentityRun, Stage
from ses_monitor.core.rejection import Facts, KnownIdentity
from ses_monitor.store.deliveries import TableBusyError
from ses_monitor.store.identity_table import IdentityTable
from ses_monitor.store.item import UnreadableItemError
from ses_monitor.store.rejection_facts import RejectionFacts
from tests.store.examples import (
    ACCOUNT,
    HISTORY_DAYS,
    IDENTITY,
    NOW,
    STATE,
    TABLE,
    Clock,
    Fault,
    FaultyClient,
    HalfDone,
    connect,
    create_table,
    raw,
    refused,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "eu-west-1"
SHOP = "shop.example.com"
KNOWN = KnownIdentity(SHOP, REGION, "SUCCESS", "bounce.shop.example.com", "SUCCESS")


def run_of(region: str, **other: Any) -> IdentityRun:
    return replace(IdentityRun(region, "run-1", NOW, ended=True, turn=1), **other)


@pytest.fixture
def facts(client: DynamoDBClient) -> RejectionFacts:
    return RejectionFacts(client, TABLE, clock=Clock())


@pytest.fixture
def audited(table: IdentityTable) -> IdentityTable:
    """Two regions whose audits are through: verified in one, waiting in the other."""
    for region, status in ((REGION, "SUCCESS"), ("us-east-1", "PENDING")):
        table.save_region_state(replace(STATE, region=region), None)
        table.save_identity_run(run_of(region), None)
        table.save_identity_state(replace(IDENTITY, region=region, verification_status=status), None)
    return table


@pytest.mark.usefixtures("audited")
def test_the_account_of_the_region_and_those_of_the_names_that_exist_in_every_region(facts: RejectionFacts) -> None:
    found = facts.facts(REGION, ["orders@shop.example.com", SHOP, "example.com", ""])
    assert found.account == ACCOUNT
    assert found.asked == {"orders@shop.example.com", SHOP, "example.com"}
    assert set(found.identities) == {KNOWN, replace(KNOWN, region="us-east-1", verification_status="PENDING")}
    assert found.listed == {REGION, "us-east-1"}


def test_a_table_that_no_audit_wrote_to_knows_nothing_and_has_listed_nowhere(facts: RejectionFacts) -> None:
    assert facts.facts(REGION, [SHOP]) == Facts(None, frozenset({SHOP}), (), frozenset())


@pytest.mark.usefixtures("audited")
@pytest.mark.parametrize("region", ["", "ap-south-1", "eu-west-10", "eu-west"])
def test_of_a_region_without_a_state_the_account_is_unknown(facts: RejectionFacts, region: str) -> None:
    found = facts.facts(region, [SHOP])
    assert found.account is None
    assert len(found.identities) == 2, "that it is unknown where it was refused hides no identity"


def test_a_region_whose_account_was_never_seen_has_none(table: IdentityTable, facts: RejectionFacts) -> None:
    table.save_region_state(replace(STATE, account=None), None)
    assert facts.facts(REGION, []).account is None


@pytest.mark.parametrize(
    ("run", "listed"),
    [
        (run_of(REGION), True),
        (run_of(REGION, ended=False, turn=3), True),
        (run_of(REGION, ended=False, turn=0, stage=Stage.DAILY), True),
        (run_of(REGION, ended=False, turn=0), False),
        (run_of(REGION, ended=False, turn=0, after="a.example.com"), False),
        (run_of(REGION, ended=True, turn=0), False),
    ],
    ids=["ended", "the next at work", "its second part", "just begun", "half-way", "ended without a listing"],
)
def test_a_region_is_listed_once_a_run_has_been_through_all_its_identities(
    table: IdentityTable, facts: RejectionFacts, run: IdentityRun, listed: bool
) -> None:
    """A run that SES refused the listing ends too: that it found nobody says nothing."""
    table.save_identity_run(run, None)
    assert facts.facts(REGION, [SHOP]).listed == (frozenset({REGION}) if listed else frozenset())


def test_an_identity_of_a_region_that_is_not_listed_yet_is_known_all_the_same(
    table: IdentityTable, facts: RejectionFacts
) -> None:
    table.save_identity_run(run_of(REGION, ended=False, turn=0), None)
    table.save_identity_state(IDENTITY, None)
    found = facts.facts(REGION, [SHOP])
    assert (found.identities, found.listed) == ((KNOWN,), frozenset())


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        (SHOP, "Shop.Example.COM"),
        ("Orders@shop.example.com", "Orders@shop.example.com"),
        ("orders@shop.example.com", "Orders@Shop.Example.com"),
        ("bücher.example", "BÜCHER.example"),
        (f"{'x' * 3000}.example.com", f"{'x' * 3000}.example.com"),
    ],
)
def test_names_are_compared_in_lower_case(table: IdentityTable, facts: RejectionFacts, stored: str, asked: str) -> None:
    table.save_identity_run(run_of(REGION), None)
    table.save_identity_state(replace(IDENTITY, name=stored), None)
    found = facts.facts(REGION, [asked])
    assert found.asked == {asked.lower()}
    [known] = found.identities
    assert known.name[:1000] == stored.lower()[:1000]


@pytest.mark.usefixtures("audited")
def test_hostile_names_are_nobody(facts: RejectionFacts) -> None:
    names = ["a\ud800", "a?", "\x00", "💣" * 5000, "#", f"{SHOP}#", "REGION"]
    assert facts.facts(REGION, names).identities == ()


@pytest.mark.usefixtures("audited")
def test_few_requests_are_made_and_none_without_need(client: DynamoDBClient, table: IdentityTable) -> None:
    wrapped: Any = FaultyClient(client)
    reading = RejectionFacts(wrapped, TABLE)
    reading.facts(REGION, [f"d{number}.example.com" for number in range(8)])
    assert sorted(wrapped.calls) == ["batch_get_item", "query", "query"]
    wrapped.calls.clear()
    reading.facts("", [])
    assert wrapped.calls == ["query"]
    wrapped.calls.clear()
    for number in range(15):
        table.save_identity_run(run_of(f"region-{number}"), None)
    assert reading.facts(REGION, [SHOP, *(f"d{number}.example.com" for number in range(59))]).identities
    assert wrapped.calls.count("batch_get_item") == 11, "60 names in 17 regions"


@pytest.mark.usefixtures("audited")
@pytest.mark.parametrize(
    "error",
    [
        refused("ThrottlingException"),
        refused("AccessDeniedException"),
        EndpointConnectionError(endpoint_url="https://x"),
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", ["query", "query again", "batch_get_item"])
def test_what_could_not_be_asked_is_raised_and_not_unknown(
    client: DynamoDBClient, operation: str, error: Exception
) -> None:
    name, _, again = operation.partition(" ")
    wrapped: Any = FaultyClient(client, **{name: [*([None] if again else []), Fault(error)]})
    with pytest.raises(type(error)):
        RejectionFacts(wrapped, TABLE).facts(REGION, [SHOP])


@pytest.mark.usefixtures("audited")
def test_an_identity_left_unread_is_asked_for_again_and_never_taken_for_a_strangers(client: DynamoDBClient) -> None:
    naps: list[float] = []
    names = [SHOP, "a.example.com", "z.example.com"]
    patient: Any = HalfDone(client, times=3)
    assert len(RejectionFacts(patient, TABLE, sleep=naps.append).facts(REGION, names).identities) == 2
    assert len(naps) == 3
    never: Any = HalfDone(client, times=99)
    with pytest.raises(TableBusyError, match="identities"):
        RejectionFacts(never, TABLE, sleep=naps.append).facts(REGION, names)


@pytest.mark.usefixtures("audited")
@pytest.mark.parametrize("value", [None, {"N": "1"}, {"L": []}], ids=str)
@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("IDENTITY#", "verification_status"),
        ("IDENTITY#", "name"),
        ("IDENTITY#", "region"),
        ("IDENTITY_RUN", "region"),
        ("IDENTITY_RUN", "ended"),
        ("REGION", "verdict"),
    ],
)
def test_what_cannot_be_read_is_said_and_not_left_out(
    client: DynamoDBClient, facts: RejectionFacts, prefix: str, name: str, value: Any
) -> None:
    item = raw(client, prefix)[0]
    rest = {key: each for key, each in item.items() if key != name}
    client.put_item(TableName=TABLE, Item=rest if value is None else {**rest, name: value})
    with pytest.raises(UnreadableItemError, match=name):
        facts.facts(REGION, [SHOP])


@pytest.mark.usefixtures("audited")
def test_an_identity_that_has_expired_is_gone(client: DynamoDBClient, facts: RejectionFacts) -> None:
    [item] = [each for each in raw(client, "IDENTITY#") if each["sk"] == {"S": REGION}]
    client.put_item(TableName=TABLE, Item={**item, "expires_at": {"N": str(int(NOW.timestamp()) - 1)}})
    assert [each.region for each in facts.facts(REGION, [SHOP]).identities] == ["us-east-1"]


@pytest.mark.usefixtures("audited")
def test_nothing_is_scanned_or_written(client: DynamoDBClient, facts: RejectionFacts) -> None:
    asked: list[str] = []
    client.meta.events.register("provide-client-params.dynamodb", lambda model, **_: asked.append(model.name))
    facts.facts(REGION, [SHOP])
    assert set(asked) == {"Query", "BatchGetItem"}


NAMES = ["example.com", SHOP, "orders@shop.example.com", "other.example"]
REGIONS = [REGION, "us-east-1", "ap-south-1"]


@settings(max_examples=25)
@given(
    stored=st.dictionaries(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(REGIONS)), st.sampled_from(["SUCCESS", "PENDING"])
    ),
    asked=st.sets(st.sampled_from(NAMES)),
)
def test_exactly_those_are_known_that_are_stored_and_asked_for(
    stored: dict[tuple[str, str], str], asked: set[str]
) -> None:
    with mock_aws():
        client = connect()
        create_table(client)
        table = IdentityTable(client, TABLE, HISTORY_DAYS)
        for region in {region for _, region in stored}:
            table.save_identity_run(run_of(region), None)
        for (name, region), status in stored.items():
            table.save_identity_state(replace(IDENTITY, name=name, region=region, verification_status=status), None)
        found = RejectionFacts(client, TABLE).facts("", asked)
    assert {(each.name, each.region): each.verification_status for each in found.identities} == {
        key: status for key, status in stored.items() if key[0] in asked
    }
