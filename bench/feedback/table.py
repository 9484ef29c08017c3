"""DynamoDB below the SDK, in this process: operations over dictionaries, as far as the function uses them."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

UNIT = 1024
"""Bytes of a write unit; a write within a transaction takes two."""
Item = dict[str, Any]


@dataclass
class Answering:
    """A table that keeps what is written to it, and counts."""

    items: dict[str, dict[str, Item]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    written: list[tuple[int, Item]] = field(default_factory=list)
    refused: int = 0
    """Writes whose condition did not hold: they are paid for all the same:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html."""

    def forget_figures(self) -> None:
        """Count anew; what is stored stays."""
        self.calls.clear()
        self.writes.clear()
        self.written.clear()
        self.refused = 0

    @property
    def reads(self) -> int:
        """Requests that read, so far."""
        return sum(self.calls[name] for name in ("Query", "GetItem", "BatchGetItem"))

    @property
    def units(self) -> int:
        """Write units so far; reckoned here, so that it is in nobody's time."""
        return sum(factor * math.ceil(max(1, len(str(item))) / UNIT) for factor, item in self.written)

    def __call__(self, request: Any, **_: object) -> AWSResponse:  # noqa: ANN401 - botocore's prepared request
        """Answer a request instead of the network."""
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        self.calls[operation] += 1
        status, answer = getattr(self, f"_{operation}")(json.loads(request.body))
        body = json.dumps(answer).encode()
        headers = HTTPHeaders()
        headers["Content-Type"] = "application/x-amz-json-1.0"
        return AWSResponse(request.url, status, headers, _Raw(body))

    def _TransactWriteItems(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        refused = [not self._holds(action) for action in request["TransactItems"]]
        if any(refused):
            self._refuse(len(refused), factor=2)
            reasons = [{"Code": "ConditionalCheckFailed" if each else "None"} for each in refused]
            kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
            return 400, {"__type": kind, "Message": "Transaction cancelled", "CancellationReasons": reasons}
        for action in request["TransactItems"]:
            self._write(action, factor=2)
        return 200, {}

    def _PutItem(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        if not self._holds({"Put": request}):
            self._refuse(1, factor=1)
            return 400, {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": ""}
        self._write({"Put": request}, factor=1)
        return 200, {}

    def _BatchWriteItem(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        for writes in request["RequestItems"].values():
            for each in writes:
                self._write({"Put": each["PutRequest"]}, factor=1)
        return 200, {"UnprocessedItems": {}}

    def _Query(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        if "IndexName" in request:
            return 200, {"Items": [], "Count": 0}  # nothing that the handler asks an index for is there
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        low, high = values.get(":a", ""), values.get(":b", "￿")
        condition = request["KeyConditionExpression"]
        partition = self.items.get(values[":pk"], {})
        if "begins_with" in condition:
            high = low + "￿"
        found = [item for sk, item in sorted(partition.items()) if low <= sk <= high]
        return 200, {"Items": found, "Count": len(found)}

    def _GetItem(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        item = self.items.get(request["Key"]["pk"]["S"], {}).get(request["Key"]["sk"]["S"])
        return 200, {} if item is None else {"Item": item}

    def _BatchGetItem(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        [(table, wanted)] = request["RequestItems"].items()
        found = [self.items.get(key["pk"]["S"], {}).get(key["sk"]["S"]) for key in wanted["Keys"]]
        return 200, {"Responses": {table: [each for each in found if each]}, "UnprocessedKeys": {}}

    def _refuse(self, writes: int, *, factor: int) -> None:
        self.refused += writes
        self.written += [(factor, {})] * writes

    def _holds(self, action: Item) -> bool:
        [(kind, parts)] = action.items()
        condition = parts.get("ConditionExpression", "")
        key = parts["Item"] if kind == "Put" else parts["Key"]
        there = self.items.get(key["pk"]["S"], {}).get(key["sk"]["S"])
        if "revision = :revision" in condition:
            return there is not None and there["revision"] == parts["ExpressionAttributeValues"][":revision"]
        return there is None or condition != "attribute_not_exists(pk)"

    def _write(self, action: Item, *, factor: int) -> None:
        [(kind, parts)] = action.items()
        key = parts.get("Item") or parts.get("Key", {})
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        self.writes[pk.partition("#")[0]] += 1
        if kind == "Update":
            item = self.items.setdefault(pk, {}).setdefault(sk, {**parts["Key"]})
            self._update(item, parts)
        elif kind == "Put":
            item = self.items.setdefault(pk, {})[sk] = parts["Item"]
        else:
            item = {}
        self.written.append((factor, item))

    @staticmethod
    def _update(item: Item, parts: Item) -> None:
        names, values = parts.get("ExpressionAttributeNames", {}), parts["ExpressionAttributeValues"]
        added, _, rest = parts["UpdateExpression"].partition(" SET ")
        for each in added.removeprefix("ADD ").split(", "):
            name, value = each.split(" ")
            before = int(item.get(names[name], {"N": "0"})["N"])
            item[names[name]] = {"N": str(before + int(values[value]["N"]))}
        for each in rest.split(", "):
            name, _, value = each.partition(" = ")
            item[names[name]] = values[value]


class _Raw:
    """What botocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._body
