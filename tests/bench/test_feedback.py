"""The table below the SDK counts what AWS would charge, and the yardstick keys each event as itself."""

import json
from types import SimpleNamespace
from typing import Any

from bench.feedback.function import read_bare
from bench.feedback.rounds import an_event
from bench.feedback.stream import Stream
from bench.feedback.table import Answering

ITEM = {"pk": {"S": "BARE#1"}, "sk": {"S": "Send"}}
PUT = {"TableName": "t", "Item": ITEM, "ConditionExpression": "attribute_not_exists(pk)"}


def ask(table: Answering, operation: str, **request: Any) -> tuple[int, dict[str, Any]]:
    target = f"DynamoDB_20120810.{operation}".encode()
    sent = SimpleNamespace(headers={"X-Amz-Target": target}, body=json.dumps(request), url="http://127.0.0.1")
    answer = table(sent)
    return answer.status_code, json.loads(answer.content)


def test_a_put_that_is_refused_is_a_write_and_changes_nothing() -> None:
    table = Answering()
    assert ask(table, "PutItem", **PUT) == (200, {})
    status, answer = ask(table, "PutItem", **PUT | {"Item": ITEM | {"kind": {"S": "Open"}}})
    assert status == 400
    assert answer["__type"].endswith("ConditionalCheckFailedException")
    assert ask(table, "GetItem", TableName="t", Key=ITEM) == (200, {"Item": ITEM})
    assert an_event(table, 2) | {"writes": 1.0, "units": 1.0, "reads": 0.5, "requests": 1.5} == an_event(table, 2)


def test_a_write_in_a_transaction_takes_two_units_also_where_it_is_refused() -> None:
    table = Answering()
    assert ask(table, "TransactWriteItems", TransactItems=[{"Put": PUT}])[0] == 200
    assert (table.writes.total(), table.refused, table.units) == (1, 0, 2)
    assert ask(table, "TransactWriteItems", TransactItems=[{"Put": PUT}])[0] == 400
    assert (table.writes.total(), table.refused, table.units) == (1, 1, 4)
    table.forget_figures()
    assert (table.writes.total(), table.refused, table.units) == (0, 0, 0)
    assert ask(table, "GetItem", TableName="t", Key=ITEM)[1] == {"Item": ITEM}, "what is stored stays"


def test_events_of_one_key_are_one_event_told_again_or_told_in_the_older_form_too() -> None:
    batch = Stream(7).batch(400)
    texts = [json.loads(record["body"])["Message"] for record in batch["Records"]]
    told: dict[tuple[str, str], set[str]] = {}
    for text, item in zip(texts, read_bare(batch), strict=True):
        told.setdefault((item["pk"]["S"], item["sk"]["S"]), set()).add(text)
    assert len(set(texts)) < len(texts), "some are told twice"
    for same in told.values():
        forms = [frozenset(json.loads(text)) & {"eventType", "notificationType"} for text in same]
        assert len(forms) == len(set(forms))
