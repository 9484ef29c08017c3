"""The mutes: what people asked to hear nothing of, who asked, why, and until when."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from ses_monitor.core.policy import Mute
from ses_monitor.store import keys, state_codec
from ses_monitor.store.item import UnreadableItemError, to_attribute
from ses_monitor.store.reading import Partition, Reader, utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOG = logging.getLogger(__name__)


class Mutes:
    """Reads, writes and deletes mutes. Raises what the client raises."""

    def __init__(self, client: DynamoDBClient, name: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._client = client
        self._name = name
        self._reader = Reader(client, name, clock)

    def in_force(self, now: datetime) -> list[Mute]:
        """Return the mutes in force at `now`, by id; strongly consistent.

        One that cannot be read (edited by hand, say) is left out and logged: told too much beats no audit at all.
        """
        found: list[Mute] = []
        for item in self._reader.items(Partition(keys.MUTES)):
            try:
                found.append(state_codec.read_mute(item))
            except UnreadableItemError as error:
                _LOG.warning("a mute is ignored: %s", error)
        return [mute for mute in found if now < mute.expires_at]

    def save(self, mute: Mute) -> None:
        """Store a mute, or replace the one of the same id. Raises UnstorableError for a pattern beyond 2 KB."""
        self._client.put_item(TableName=self._name, Item=state_codec.mute_item(mute))

    def delete(self, mute_id: str) -> bool:
        """Delete a mute; tell whether there was one."""
        key = keys.mute(mute_id)
        answer = self._client.delete_item(
            TableName=self._name,
            Key={"pk": to_attribute(key.pk), "sk": to_attribute(key.sk)},
            ReturnValues="ALL_OLD",
        )
        return "Attributes" in answer
