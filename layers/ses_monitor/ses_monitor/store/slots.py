"""How many messages a channel got within the last minute, so that a storm does not become a flood of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ses_monitor.store import codec, item, keys
from ses_monitor.store.deliveries import TableBusyError
from ses_monitor.store.item import Fields, to_attribute, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

MINUTE = timedelta(seconds=60)
ATTEMPTS = 8
"""A storm's batches come from a few shards at once; whoever loses a race reads again."""


@dataclass(frozen=True, slots=True)
class _Taken:
    alert_id: str
    at: datetime


class Slots:
    """One item a channel: the alerts that have a slot, and since when. A slot is free again after a minute.

    By alert, not by number: a batch that is tried again finds its slots taken by itself. The minute slides, because two
    calendar minutes side by side would let twice as much through.
    """

    def __init__(self, client: DynamoDBClient, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def take(self, channel: str, wanted: Sequence[str], now: datetime, most: Callable[[str], int]) -> frozenset[str]:
        """Give slots to the alerts of these ids, the first first, and return those that have one.

        An alert gets one while fewer than `most(alert_id)` are taken. Raises TableBusyError when others are faster
        again and again, and what the client raises; then nobody has a slot that was not noted.
        """
        granted: frozenset[str] = frozenset()

        def add(taken: list[_Taken]) -> list[_Taken]:
            nonlocal granted
            held = {each.alert_id: each for each in taken}
            for alert_id in wanted:
                if alert_id not in held and len(held) < most(alert_id):
                    held[alert_id] = _Taken(alert_id, now)
            granted = frozenset(wanted) & held.keys()
            return list(held.values())

        self._change(channel, now, add)
        return granted

    def give_back(self, channel: str, alert_ids: Collection[str], now: datetime) -> None:
        """Free the slots of alerts that could not be published after all."""
        self._change(channel, now, lambda taken: [each for each in taken if each.alert_id not in alert_ids])

    def _change(self, channel: str, now: datetime, change: Callable[[list[_Taken]], list[_Taken]]) -> None:
        key = keys.slots(channel)
        for attempt in range(1, ATTEMPTS + 1):
            revision, before = self._read(key)
            fresh = [each for each in before if abs(now - each.at) < MINUTE]
            after = change(fresh)
            if after == before or self._write(key, channel, revision, after, now):
                return
            if attempt < ATTEMPTS:
                self._sleep(0.02 * 2**attempt * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
        msg = f"the slots of {channel} were taken by others {ATTEMPTS} times"
        raise TableBusyError(msg)

    def _read(self, key: keys.Key) -> tuple[int, list[_Taken]]:
        answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        if "Item" not in answer:
            return 0, []
        fields = Fields.of(answer["Item"])
        rows = [_Taken(row.need("alert_id", item.text), row.need("at", item.time)) for row in fields.rows("taken")]
        return fields.need("revision", item.whole), rows

    def _write(self, key: keys.Key, channel: str, revision: int, taken: Sequence[_Taken], now: datetime) -> bool:
        values = {
            "channel": item.clip(channel, codec.Longest.NAME),
            "revision": revision + 1,
            "taken": [{"alert_id": each.alert_id, "at": item.instant(each.at)} for each in taken],
            "expires_at": codec.epoch(now + timedelta(days=1)),
        }
        try:
            self._client.put_item(
                TableName=self._name,
                Item=to_item(key, values),
                ConditionExpression="attribute_not_exists(pk) OR revision = :revision",
                ExpressionAttributeValues={":revision": to_attribute(revision)},
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _key(key: keys.Key) -> dict[str, AttributeValueTypeDef]:
    return {"pk": to_attribute(key.pk), "sk": to_attribute(key.sk)}
