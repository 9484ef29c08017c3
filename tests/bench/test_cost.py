"""What is counted and priced for the cost of a month: sizes, units and bills as AWS has them."""

from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bench.cost import prices, stack
from bench.cost.__main__ import FREE, LISTED, lines_of
from bench.cost.accounts import ACCOUNTS
from bench.cost.table import PricedTable, size
from simulator.world import WorldFacts

KEY = {"pk": {"S": "P"}, "sk": {"S": "S"}}


def item(length: int, **more: str) -> dict[str, Any]:
    """An item of so many bytes, the attributes `more` besides."""
    filling = length - size(KEY) - len("filling")
    return {**KEY, "filling": {"S": "x" * filling}, **{name: {"S": text} for name, text in more.items()}}


def written(operation: str, request: dict[str, Any], *before: dict[str, Any]) -> float:
    table = PricedTable()
    for each in before:
        table.ask("PutItem", {"Item": each})
    was = table.write_units
    table.ask(operation, request)
    return table.write_units - was


# --- Prices -----------------------------------------------------------------------------------------------------------


def test_every_price_has_a_page_of_aws_and_the_file_has_a_date() -> None:
    assert date.fromisoformat(prices.document()["date"]) <= date(2030, 1, 1)
    for name, each in prices.prices().items():
        assert each.source.startswith("https://aws.amazon.com/"), name
        assert (each.price > 0, each.amount > 0, each.free >= 0) == (True, True, True), name


@pytest.mark.parametrize(
    ("name", "used", "listed", "with_free"),
    [
        ("sqs_requests", 2_000_000, 0.80, 0.40),
        ("sqs_requests", 900_000, 0.36, 0.0),
        ("alarms", 12, 1.20, 0.20),
        ("metrics", 2, 0.60, 0.0),
        ("dynamodb_write_units", 1_000_000, 0.625, 0.625),
        ("lambda_gb_s", 500_000, 6.6667, 1.33334),
        ("mails", 1_000_000, 100.0, 100.0),
    ],
)
def test_what_is_free_is_taken_off_one_sum_and_not_off_the_other(
    name: str, used: float, listed: float, with_free: float
) -> None:
    [charge] = prices.bill({name: used})
    assert charge.listed == pytest.approx(listed)
    assert charge.with_free == pytest.approx(with_free)


def test_a_use_without_a_price_is_no_free_use() -> None:
    with pytest.raises(KeyError, match="nat_gateways"):
        prices.bill({"nat_gateways": 1})


def test_a_share_is_of_what_ses_charges() -> None:
    large = next(each for each in ACCOUNTS if each.goal_is_share)
    line, listed = lines_of(large, prices.bill({"sqs_requests": 501_000_000}), FREE, LISTED)
    assert (line.ours, line.yardstick, listed.ours) == (200.0, 10_000.0, 200.4)
    assert line.ratio == 0.02
    assert line.met is False
    assert (line.shown, listed.shown) == (True, False)


# --- Units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"S": "äb"}, 3),
        ({"N": "12345"}, 4),
        ({"BOOL": True}, 1),
        ({"B": "AAAAAAAAAAAAAAAA"}, 12),
        ({"L": [{"S": "ab"}]}, 6),
        ({"M": {"a": {"S": "b"}}}, 6),
    ],
)
def test_a_size_is_the_one_that_dynamodb_counts(value: dict[str, Any], expected: int) -> None:
    assert size({"n": value}) == 1 + expected


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        ([], item(1000), 1),
        ([], item(1025), 2),
        ([item(3000)], item(1000), 3),
        ([], item(1000, gsi1pk="A", gsi1sk="1"), 1 + 1),
        ([], item(900, gsi1pk="A", gsi1sk="1", gsi2pk="B", gsi2sk="1"), 1 + 2),
        ([item(1000, gsi1pk="A", gsi1sk="1")], item(1000, gsi1pk="A", gsi1sk="2"), 1 + 2),
        ([item(1000, gsi1pk="A", gsi1sk="1")], item(1000, gsi1pk="A", gsi1sk="1"), 1),
        ([item(1000, gsi1pk="A", gsi1sk="1")], item(999, gsi1pk="A", gsi1sk="1"), 1 + 1),
        ([item(1000, gsi1pk="A", gsi1sk="1")], item(1000), 1 + 1),
    ],
)
def test_a_put_takes_units_by_the_larger_item_and_more_for_each_index_that_it_changes(
    before: list[dict[str, Any]], after: dict[str, Any], units: int
) -> None:
    assert written("PutItem", {"Item": after}, *before) == units
    if not before and "gsi1pk" not in after:
        assert written("TransactWriteItems", {"TransactItems": [{"Put": {"Item": after}}]}) == 2 * units


def test_a_counter_is_an_update_in_a_transaction() -> None:
    update = {
        "Key": KEY,
        "UpdateExpression": "ADD #sends :sends SET #hour = :hour",
        "ExpressionAttributeNames": {"#sends": "sends", "#hour": "hour"},
        "ExpressionAttributeValues": {":sends": {"N": "2"}, ":hour": {"S": "09"}},
    }
    table = PricedTable()
    for _ in range(2):
        table.ask("TransactWriteItems", {"TransactItems": [{"Update": update}]})
    assert table.ask("GetItem", {"Key": KEY})["Item"] == {**KEY, "sends": {"N": "4"}, "hour": {"S": "09"}}
    assert table.write_units == 4


def test_a_refused_write_is_paid_for() -> None:
    table = PricedTable()
    request = {"Item": item(100), "ConditionExpression": "attribute_not_exists(pk)"}
    table.ask("PutItem", request)
    with pytest.raises(ClientError):
        table.ask("PutItem", request)
    assert table.write_units == 2


@pytest.mark.parametrize(("consistent", "units"), [(False, 1.0), (True, 2.0)])
def test_a_query_is_rounded_up_as_a_whole_and_a_batch_item_by_item(consistent: bool, units: float) -> None:
    table = PricedTable()
    for n in range(3):
        table.ask("PutItem", {"Item": item(2000) | {"sk": {"S": f"S{n}"}}})
    values = {":pk": {"S": "P"}, ":a": {"S": "S0"}, ":b": {"S": "S2"}}
    query = {"KeyConditionExpression": "pk = :pk AND sk BETWEEN :a AND :b", "ExpressionAttributeValues": values}
    assert table.ask("Query", {**query, "ConsistentRead": consistent})["Count"] == 3
    assert table.read_units == units
    table.read_units = 0
    keys = [{"pk": {"S": "P"}, "sk": {"S": f"S{n}"}} for n in range(3)]
    table.ask("BatchGetItem", {"RequestItems": {"t": {"Keys": keys, "ConsistentRead": consistent}}})
    assert table.read_units == 3 * units / 2


# --- The stack and the accounts ---------------------------------------------------------------------------------------


def test_of_the_template_alarms_dashboards_and_pollers_are_counted() -> None:
    assert stack.alarms() == 10
    assert stack.dashboards() == 1
    assert stack.pollers(at_best=False) == 15
    assert stack.pollers() == 12
    assert stack.audit_seconds() == 300
    assert stack.entry("AuditAccountsFunction") == "handler"


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda each: each.name)
def test_an_account_is_a_world_that_the_simulator_takes(account: Any) -> None:
    world = WorldFacts(account.world())
    assert [len(world.region(name).identities) for name in account.watched] == [
        account.simulated or account.identities
    ] * len(account.watched)
    assert account.factor * len(account.watched) * (account.simulated or account.identities) == (
        account.identities * len(account.regions)
    )
    assert world.enabled("af-south-1")
