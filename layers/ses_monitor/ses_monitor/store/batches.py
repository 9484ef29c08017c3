"""Items by their keys, a hundred a request: each that is there, or an error; never some of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ses_monitor.store import codec, keys
from ses_monitor.store import item as items
from ses_monitor.store.deliveries import ATTEMPTS, MOST_KEYS, TableBusyError
from ses_monitor.store.item import Fields, to_attribute
from ses_monitor.store.reading import Item, utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        KeysAndAttributesOutputTypeDef,
        KeysAndAttributesTypeDef,
    )


class BatchReader:
    """Reads identities' states, eventually consistent: an audit writes them long before anybody asks."""

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._name = table_name
        self._clock = clock
        self._sleep = sleep

    def items(self, wanted: Iterable[keys.Key], *attributes: str) -> dict[keys.Key, Fields]:
        """Return these attributes of each item that is there and has not expired.

        Raises TableBusyError rather than leave out one that could not be read, and what the client raises.
        """
        ordered = list(dict.fromkeys(wanted))
        found: dict[keys.Key, Fields] = {}
        for start in range(0, len(ordered), MOST_KEYS):
            for item in self._get([_key(key) for key in ordered[start : start + MOST_KEYS]], attributes):
                fields = Fields.of(item)
                found[keys.Key(fields.need("pk", items.text), fields.need("sk", items.text))] = fields
        return found

    def _get(self, wanted: Sequence[Mapping[str, AttributeValueTypeDef]], attributes: Sequence[str]) -> list[Item]:
        now = self._clock()
        found: list[Item] = []
        # By placeholders: `name` and `region` are words that DynamoDB keeps for itself.
        names = {f"#{name}": name for name in ("pk", "sk", "expires_at", *attributes)}
        request: Mapping[str, KeysAndAttributesTypeDef | KeysAndAttributesOutputTypeDef]
        request = {
            self._name: {
                "Keys": wanted,
                "ProjectionExpression": ", ".join(names),
                "ExpressionAttributeNames": names,
            }
        }
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._client.batch_get_item(RequestItems=request)
            found += answer["Responses"].get(self._name, [])
            request = answer["UnprocessedKeys"]
            if not request:
                return [each for each in found if not codec.is_expired(each, now)]
            if attempt < ATTEMPTS:
                self._sleep(0.05 * 2**attempt * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
        msg = f"some identities stayed unread after {ATTEMPTS} attempts"
        raise TableBusyError(msg)


def _key(key: keys.Key) -> dict[str, AttributeValueTypeDef]:
    return {"pk": to_attribute(key.pk), "sk": to_attribute(key.sk)}
