"""Queries to the end or to a limit, without what has expired. There is no Scan here, and none elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ses_monitor.store import codec, keys
from ses_monitor.store.item import to_attribute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

Item = Mapping[str, Any]
"""An item as DynamoDB returns it."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Partition:
    """What to query: a partition of the table or of an index, and which of its sort keys.

    `sort` is a condition on :a and :b (`begins_with(sk, :a)`); `index` is empty for the table itself.
    """

    pk: str
    sort: str = ""
    a: str = ""
    b: str = ""
    index: str = ""
    newest_first: bool = False

    def request(self, table: str) -> QueryInputTypeDef:
        """Return the parameters of `Query`; strongly consistent on the table, which an index cannot be."""
        pk = f"{self.index}pk" if self.index else "pk"
        condition = f"{pk} = :pk AND {self.sort}" if self.sort else f"{pk} = :pk"
        values = {":pk": self.pk} | {f":{name}": value for name, value in (("a", self.a), ("b", self.b)) if value}
        request: QueryInputTypeDef = {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {name: to_attribute(value) for name, value in values.items()},
            "ScanIndexForward": not self.newest_first,
        }
        if self.index:
            request["IndexName"] = self.index
        else:
            request["ConsistentRead"] = True
        return request


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one table through an injected client."""

    client: DynamoDBClient
    name: str
    clock: Callable[[], datetime] = utc_now

    def items(self, partition: Partition, *, page_size: int = 0) -> Iterator[Item]:
        """Yield the partition's items, page after page, as long as somebody asks for more.

        Raises what the client raises.
        """
        request = partition.request(self.name)
        if page_size:
            request["Limit"] = page_size
        now = self.clock()
        while True:
            page = self.client.query(**request)
            yield from (item for item in page["Items"] if not codec.is_expired(item, now))
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def regions() -> Partition:
    """Return where the states of all regions are."""
    return Partition(keys.REGIONS)


def runs(function: str) -> Partition:
    """Return where a function's runs are, the last first."""
    return Partition(keys.runs(function), newest_first=True)


def accounts(region: str) -> Partition:
    """Return where the looks of a region's account are, the last first."""
    return Partition(keys.accounts(region), newest_first=True)


def identities(region: str) -> Partition:
    """Return where a region's identities are, by name."""
    return Partition(keys.identities(region), index=keys.ENTITY_INDEX)


def identity_everywhere(name: str) -> Partition:
    """Return where an identity's states are, by region."""
    return Partition(keys.identity_regions(name))
