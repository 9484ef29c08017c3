"""The table in a dictionary, and what AWS would charge for what is asked of it.

Sizes and units are those of
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html and of
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html (what an index takes).
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.month.memory_table import Item, MemoryTable

WRITTEN = 1024
READ = 4096
"""Bytes of a unit."""
INDEXES = ("gsi1", "gsi2")
_THERE = "attribute_exists(pk) AND "
_BETWEEN = re.compile(r"(\w+) BETWEEN (:\w+) AND (:\w+)")
NOTHING: Mapping[str, Any] = {}


class PricedTable(MemoryTable):
    """Answers operations by their names and counts `write_units` and `read_units`; `told` are new CHANGE items."""

    def __init__(self) -> None:
        super().__init__()
        self.write_units = self.read_units = 0.0
        self.told: list[Item] = []

    def ask(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a request and count it. Raises what the table answers with instead."""
        answer: dict[str, Any] = getattr(self, f"_{operation}")(request)
        return answer

    @property
    def bytes_kept(self) -> int:
        """The size of all items, with what the indexes hold of them and what an item takes besides (100 bytes)."""
        items = [item for partition in self._items.values() for item in partition.values()]
        return sum((size(each) + 100) * (1 + sum(f"{index}pk" in each for index in INDEXES)) for each in items)

    def _PutItem(self, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return self._write([{"Put": request}], factor=1, write=lambda: self.put_item(**request))

    def _DeleteItem(self, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        return self._write([{"Delete": request}], factor=1, write=lambda: self.delete_item(**request))

    def _TransactWriteItems(self, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        actions = request["TransactItems"]
        return self._write(actions, factor=2, write=lambda: self._transact(actions))

    def _GetItem(self, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        found = self.get_item(**request)
        self._read([found.get("Item", NOTHING)], request)
        return found

    def _BatchGetItem(self, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        [asked] = request["RequestItems"].values()
        for key in asked["Keys"]:  # each is rounded up by itself
            self._read([self._at(key) or NOTHING], asked)
        return self.batch_get_item(**request)

    def _Query(self, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        condition = _BETWEEN.sub(r"\2 <= \1 AND \1 <= \3", request["KeyConditionExpression"])
        found = self.query(**{**request, "KeyConditionExpression": condition})
        items = found["Items"][: request.get("Limit")]
        self._read(items, request)
        return {"Items": items, "Count": len(items)}

    def _meets(self, request: Mapping[str, Any], key: Item) -> bool:
        expression = str(request.get("ConditionExpression", ""))
        if expression.startswith(_THERE):
            if self._at(key) is None:
                return False
            request = {**request, "ConditionExpression": expression.removeprefix(_THERE)}
        return super()._meets(request, key)

    def _transact(self, actions: list[Mapping[str, Any]]) -> dict[str, Any]:
        held = [self._meets(parts, parts.get("Item") or parts["Key"]) for [parts] in map(_parts, actions)]
        if not all(held):
            codes = [{"Code": "None" if each else "ConditionalCheckFailed"} for each in held]
            response: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": "made up"},
                "CancellationReasons": codes,
            }
            raise ClientError(response, "TransactWriteItems")
        for action in actions:
            [(kind, parts)] = action.items()
            match kind:
                case "Put":
                    self._put(parts["Item"])
                case "Delete":
                    self._remove(parts["Key"])
                case "Update":
                    self._put(_updated(self._at(parts["Key"]) or parts["Key"], parts))
        return {}

    def _write(self, actions: list[Mapping[str, Any]], *, factor: int, write: Any) -> dict[str, Any]:  # noqa: ANN401 - a call
        keys = [parts.get("Item") or parts["Key"] for [parts] in map(_parts, actions)]
        before = [self._at(key) or NOTHING for key in keys]
        try:
            answer: dict[str, Any] = write()
        except ClientError:  # what is refused is paid for
            self.write_units += sum(factor * _units(each) for each in before)
            raise
        for was, key in zip(before, keys, strict=True):
            is_now = self._at(key) or NOTHING
            self.write_units += factor * max(_units(was), _units(is_now)) + _of_indexes(was, is_now)
            if not was and str(key["pk"]["S"]).startswith("CHANGE#"):
                self.told.append(is_now)
        return answer

    def _read(self, items: Iterable[Item], request: Mapping[str, Any]) -> None:
        units = max(1, math.ceil(sum(size(each) for each in items) / READ))
        self.read_units += units if request.get("ConsistentRead") else units / 2


def _parts(action: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(action.values())


def _updated(item: Item, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Apply `ADD … SET …`, the one form that is used."""
    names, values = parts.get("ExpressionAttributeNames", {}), parts["ExpressionAttributeValues"]
    changed = dict(item)
    added, _, rest = parts["UpdateExpression"].partition(" SET ")
    for each in added.removeprefix("ADD ").split(", "):
        name, value = each.split(" ")
        before = int(changed.get(names[name], {"N": "0"})["N"])
        changed[names[name]] = {"N": str(before + int(values[value]["N"]))}
    for each in filter(None, rest.split(", ")):
        name, _, value = each.partition(" = ")
        changed[names.get(name, name)] = values[value]
    return changed


def _units(item: Item) -> int:
    return max(1, math.ceil(size(item) / WRITTEN))


def _of_indexes(was: Item, is_now: Item) -> int:
    """Return the units that both indexes take: of an item that moves within one, a deletion and a put."""
    units = 0
    for index in INDEXES:
        here, there = ((each.get(f"{index}pk"), each.get(f"{index}sk")) for each in (was, is_now))
        if here == there:
            units += max(_units(was), _units(is_now)) if here != (None, None) and was != is_now else 0
        else:
            units += _units(was) if here != (None, None) else 0
            units += _units(is_now) if there != (None, None) else 0
    return units


def size(item: Item) -> int:
    """Return an item's size in bytes as DynamoDB counts it."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return math.ceil(len(content.strip("-").replace(".", "")) / 2) + 1
        case "B":
            return len(base64.b64decode(content))
        case "M":
            return 3 + sum(len(name.encode()) + 1 + _size(each) for name, each in content.items())
        case "L":
            return 3 + sum(1 + _size(each) for each in content)
        case "SS" | "NS":
            return sum(len(each.encode()) for each in content)
    return 1
