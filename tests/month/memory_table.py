"""DynamoDB in a dictionary: a month has tens of thousands of calls, of which moto makes minutes.

It knows the operations and conditions that the store uses, and refuses all others. `test_month` holds it against moto.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

Item = Mapping[str, Any]
Names = Mapping[str, str]
Test = Callable[[Item, Names, Item], bool]
Operand = Callable[[Item, Names, Item], str | int | None]

_TOKEN = re.compile(r"\s*(<=|<|=|\(|\)|[:#]?\w+)")
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


class MemoryTable:
    """One table with the indexes gsi1 and gsi2, in the words of boto3's client."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, Item]] = defaultdict(dict)
        self._indexed: dict[tuple[str, str], dict[tuple[str, str], Item]] = defaultdict(dict)
        self.calls = 0

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        _hold(self._meets(request, request["Item"]))
        self._put(request["Item"])
        return {}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        _hold(self._meets(request, request["Key"]))
        before = self._at(request["Key"])
        self._remove(request["Key"])
        return {"Attributes": before} if before else {}

    def get_item(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        found = self._at(request["Key"])
        return {"Item": found} if found else {}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        ((name, asked),) = request["RequestItems"].items()
        return {
            "Responses": {name: [found for key in asked["Keys"] if (found := self._at(key))]},
            "UnprocessedKeys": {},
        }

    def query(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        index, values = request.get("IndexName", ""), request["ExpressionAttributeValues"]
        pk = values[":pk"]["S"]
        found = list(self._indexed[index, pk].values()) if index else list(self._items[pk].values())
        _, _, sort = request["KeyConditionExpression"].partition(" AND ")
        if begins := re.fullmatch(r"begins_with\((\w+), :a\)", sort):
            found = [each for each in found if each[begins[1]]["S"].startswith(values[":a"]["S"])]
        elif sort:
            found = [each for each in found if _compiled(sort)(each, {}, values)]
        found.sort(key=lambda each: each[f"{index}sk"]["S"], reverse=not request.get("ScanIndexForward", True))
        return {"Items": found}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        puts = [action["Put"] for action in request["TransactItems"]]
        held = [self._meets(put, put["Item"]) for put in puts]
        if not all(held):
            reasons = [{"Code": "None" if each else "ConditionalCheckFailed"} for each in held]
            response: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": "made up"},
                "CancellationReasons": reasons,
            }
            raise ClientError(response, "TransactWriteItems")
        for put in puts:
            self._put(put["Item"])
        return {}

    def _meets(self, request: Mapping[str, Any], key: Item) -> bool:
        expression = request.get("ConditionExpression")
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        return not expression or _compiled(expression)(self._at(key) or {}, names, values)

    def _at(self, key: Item) -> Item | None:
        return self._items[key["pk"]["S"]].get(key["sk"]["S"])

    def _put(self, item: Item) -> None:
        self._remove(item)
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        self._items[pk][sk] = item
        for index in ("gsi1", "gsi2"):
            if f"{index}pk" in item:
                self._indexed[index, item[f"{index}pk"]["S"]][pk, sk] = item

    def _remove(self, key: Item) -> None:
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        before = self._items[pk].pop(sk, {})
        for index in ("gsi1", "gsi2"):
            if f"{index}pk" in before:
                del self._indexed[index, before[f"{index}pk"]["S"]][pk, sk]


def _hold(held: bool) -> None:
    if not held:
        raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": "made up"}}, "made up")


@cache
def _compiled(expression: str) -> Test:
    tokens = _TOKEN.findall(expression)
    test = _either(tokens)
    if tokens or _TOKEN.sub("", expression).strip():
        msg = f"a condition that this table does not know: {expression}"
        raise NotImplementedError(msg)
    return test


def _either(tokens: list[str]) -> Test:
    tests = [_all(tokens)]
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        tests.append(_all(tokens))
    return lambda item, names, values: any(test(item, names, values) for test in tests)


def _all(tokens: list[str]) -> Test:
    tests = [_one(tokens)]
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        tests.append(_one(tokens))
    return lambda item, names, values: all(test(item, names, values) for test in tests)


def _one(tokens: list[str]) -> Test:
    first = tokens.pop(0)
    if first == "(":
        test = _either(tokens)
        tokens.pop(0)
        return test
    if first == "attribute_not_exists":
        _, name, _ = (tokens.pop(0) for _ in range(3))
        return lambda item, names, _values: names.get(name, name) not in item
    compare = _COMPARED[tokens.pop(0)]
    left, right = _operand(first), _operand(tokens.pop(0))

    def compared(item: Item, names: Names, values: Item) -> bool:
        a, b = left(item, names, values), right(item, names, values)
        return a is not None and b is not None and compare(a, b)

    return compared


def _operand(token: str) -> Operand:
    if token.startswith(":"):
        return lambda _item, _names, values: _plain(values[token])
    return lambda item, names, _values: _plain(item.get(names.get(token, token)))


def _plain(value: Item | None) -> str | int | None:
    if value is None:
        return None
    ((kind, content),) = value.items()
    return int(content) if kind == "N" else str(content)


class Streamed:
    """A client whose new items under CHANGE# become records of a stream, as the event source filters them."""

    def __init__(self, client: Any, written: Callable[[Item], None]) -> None:
        self._client = client
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **request: Any) -> Any:
        answer = self._client.put_item(**request)
        self._tell([request["Item"]])
        return answer

    def transact_write_items(self, **request: Any) -> Any:
        answer = self._client.transact_write_items(**request)
        self._tell([action["Put"]["Item"] for action in request["TransactItems"]])
        return answer

    def _tell(self, items: Sequence[Item]) -> None:
        for item in items:
            if item["pk"]["S"].startswith("CHANGE#"):
                self._written(item)
