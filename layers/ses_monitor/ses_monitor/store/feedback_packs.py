"""Packs of marks: which frequent events were counted already, a dozen bytes each, many in one item.

The marks of half a minute lie in a chain of packs. Only the last is ever written, and only as the successor of what
was read, so that two who count at once see each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ses_monitor.store import item as items
from ses_monitor.store import keys
from ses_monitor.store.item import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, QueryInputTypeDef, TransactWriteItemTypeDef

MARK = 12
"""Bytes of a mark: 96 bits of SHA-256. Among a million events two share one with a chance of 1 in 10^17."""
LEFT_ALONE = 150
"""Marks of a pack that is not written again. A write costs by the kilobyte, and writes the whole pack."""
MOST = 1000
"""Marks of a pack: about 12 KB."""
MOST_AT_ONCE = MOST - LEFT_ALONE
"""Marks that one write adds: they go into one pack."""
PACK_DAYS = 45
"""Longer than a queue and its dead letters keep a message (14 days each)."""


def marks_of(outcome_id: str) -> tuple[bytes, bytes]:
    """Return the marks of an outcome told with its configuration set and without, by its id in hexadecimal digits.

    An identity's notification does not name the set, and when the event that does comes later, the set's counters are
    still to be added to.
    """
    mark = bytes.fromhex(outcome_id)[:MARK]
    return mark, bytes([mark[0] ^ 0xFF]) + mark[1:]


@dataclass(slots=True)
class Chain:
    """The packs of a bucket as they were read: every mark, and the pack to write next (revision 0: a new one)."""

    bucket: str
    seen: set[bytes]
    number: int = 0
    marks: bytes = b""
    revision: int = 0

    @classmethod
    def of(cls, bucket: str, packs: Sequence[Mapping[str, Any]]) -> Chain:
        """Make a chain of its items, in order.

        Raises UnreadableItemError: to leave out a pack would count again what it marks.
        """
        seen: set[bytes] = set()
        chain = cls(bucket, seen)
        for pack in packs:
            values = {name: next(iter(value.values())) for name, value in pack.items()}
            fields = Fields(values, f"{keys.seen(bucket)} / {values.get('sk')}")
            marks = fields.need("marks", _marks)
            seen.update(marks[at : at + MARK] for at in range(0, len(marks), MARK))
            chain.number = fields.need("sk", _whole)
            chain.revision = fields.need("revision", _whole)
            chain.marks = marks
        chain._pass_on()
        return chain

    def put(self, table: str, marks: Sequence[bytes], expires_at: int) -> TransactWriteItemTypeDef:
        """Return the write that adds `marks` (at most `MOST_AT_ONCE`), guarded by what was read."""
        key = keys.pack(self.bucket, self.number)
        item: dict[str, Any] = {
            "pk": {"S": key.pk},
            "sk": {"S": key.sk},
            "marks": {"B": self.marks + b"".join(marks)},
            "revision": {"N": str(self.revision + 1)},
            "expires_at": {"N": str(expires_at)},
        }
        put: PutTypeDef = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        if self.revision:
            put["ConditionExpression"] = "revision = :revision"
            put["ExpressionAttributeValues"] = {":revision": {"N": str(self.revision)}}
        return {"Put": put}

    def was_put(self, marks: Sequence[bytes]) -> None:
        """Note that `put` was done. `seen` stays as it was read: one batch writes no mark twice."""
        self.marks += b"".join(marks)
        self.revision += 1
        self._pass_on()

    def _pass_on(self) -> None:
        if len(self.marks) >= LEFT_ALONE * MARK:
            self.number, self.marks, self.revision = self.number + 1, b"", 0


def read_chain(client: DynamoDBClient, table: str, bucket: str) -> Chain:
    """Read a bucket's packs, strongly consistent, those that have expired too: they are still true.

    Raises UnreadableItemError, and what the client raises.
    """
    request: QueryInputTypeDef = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": keys.seen(bucket)}},
        "ConsistentRead": True,
    }
    packs: list[Mapping[str, Any]] = []
    while True:
        page = client.query(**request)
        packs += page["Items"]
        if "LastEvaluatedKey" not in page:
            return Chain.of(bucket, packs)
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _marks(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) % MARK:
        msg = "no marks"
        raise TypeError(msg)
    return value


def _whole(value: object) -> int:
    return int(items.text(value))
