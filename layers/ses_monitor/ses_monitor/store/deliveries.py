"""What each channel was told, so that it is told once, and nothing older than what it knows.

Whatever stops a delivery half-way, the alert is delivered again rather than lost.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ses_monitor.store import codec, item, keys
from ses_monitor.store.item import Fields, clip, instant, to_attribute, to_item
from ses_monitor.store.reading import utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        KeysAndAttributesOutputTypeDef,
        KeysAndAttributesTypeDef,
    )

    Item = dict[str, AttributeValueTypeDef]

CLAIM_DAYS = 30
"""How long a delivered alert is recognised; a queue keeps a message for 14 days at most."""
MOST_KEYS = 100
"""Of one BatchGetItem."""
ATTEMPTS = 5

_CLAIMED = "claimed"
_DELIVERED = "delivered"


class Claim(Enum):
    """May this alert be delivered now, by the one who asks."""

    CLAIMED = "claimed"
    ALREADY_DELIVERED = "already_delivered"
    IN_PROGRESS = "in_progress"
    """Somebody else is at it, or died at it: ask again after the lease."""


@dataclass(frozen=True, slots=True)
class RootId:
    """Where a message is that others follow in its thread: the conversation's id, and the message's in it."""

    conversation: str
    message: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel was told last of a finding: which version, when (UTC), under which title, in which thread."""

    version: int
    at: datetime
    title: str = ""
    root: RootId | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A message that others follow in its thread. `content` is what it shows, in the words of `alerts.threads`.

    `revision` is 0 until it is saved, and grows by 1 with each save.
    """

    id: RootId
    content: str
    posted_at: datetime
    revision: int = 0


class TableBusyError(Exception):
    """DynamoDB left a part of a read unprocessed, again and again. What was told is unknown, not nothing."""


class Deliveries:
    """Claims on alerts, and the versions told. Claim, post, then `delivered`; where posting failed, `release`."""

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        history_days: int,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._name = name
        self._history_days = history_days
        self._clock = clock
        self._sleep = sleep
        self._owned: dict[tuple[str, str], str] = {}

    def claim(self, alert_id: str, channel: str, now: datetime, lease_seconds: int) -> Claim:
        """Claim an alert for one channel until `now` + `lease_seconds`; after that anybody may claim it again.

        The lease must outlast the post and the writes of `delivered`.
        """
        owner = uuid.uuid4().hex
        key = keys.alert(alert_id, channel)
        values = _alert_values(alert_id, channel, now) | {
            "state": _CLAIMED,
            "owner": owner,
            "claimed_at": instant(now),
            "leased_until": keys.moment(now + timedelta(seconds=lease_seconds)),
        }
        free = "attribute_not_exists(pk) OR (#state = :claimed AND leased_until <= :now) OR expires_at < :today"
        try:
            self._client.put_item(
                TableName=self._name,
                Item=to_item(key, values),
                ConditionExpression=free,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":claimed": to_attribute(_CLAIMED),
                    ":now": to_attribute(keys.moment(now)),
                    ":today": to_attribute(codec.epoch(now)),
                },
            )
        except ClientError as error:
            if not _is_refusal(error):
                raise
            outcome = self._who_has(key, owner)
        else:
            outcome = Claim.CLAIMED
        if outcome is Claim.CLAIMED:
            self._owned[alert_id, channel] = owner
        return outcome

    def delivered(
        self, alert_id: str, channel: str, versions: Mapping[str, int], now: datetime, *, title: str = ""
    ) -> None:
        """Note that the channel was told these versions of findings, and that the alert is done.

        The versions first, the alert last: after a crash in between the alert is claimed and looked at again. A
        version never replaces a higher one.
        """
        self.note(channel, versions, now, title=title)
        values = _alert_values(alert_id, channel, now) | {"state": _DELIVERED, "delivered_at": instant(now)}
        self._client.put_item(TableName=self._name, Item=to_item(keys.alert(alert_id, channel), values))
        self._owned.pop((alert_id, channel), None)

    def note(
        self, channel: str, versions: Mapping[str, int], now: datetime, *, title: str = "", root: RootId | None = None
    ) -> None:
        """Note that the channel was told these versions of findings: under which title, in which thread."""
        for finding_id, version in versions.items():
            self._note_version(channel, finding_id, Told(version, now, title, root))

    def release(self, alert_id: str, channel: str) -> None:
        """Give back a claim made here, so that the next attempt need not wait for the lease; others' stay."""
        owner = self._owned.pop((alert_id, channel), None)
        if owner is None:
            return
        try:
            self._client.delete_item(
                TableName=self._name,
                Key=_key(keys.alert(alert_id, channel)),
                ConditionExpression="#owner = :owner",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": to_attribute(owner)},
            )
        except ClientError as error:
            if not _is_refusal(error):
                raise

    def told_versions(self, channel: str, finding_ids: Iterable[str]) -> dict[str, int]:
        """Return the version of each finding that the channel was told last; see `told`."""
        return {finding_id: told.version for finding_id, told in self.told(channel, finding_ids).items()}

    def told(self, channel: str, finding_ids: Iterable[str]) -> dict[str, Told]:
        """Return what the channel was told last of each finding; strongly consistent.

        A finding it was never told of is left out. Raises TableBusyError rather than leave out one that could
        not be read.
        """
        wanted = {keys.told(channel, finding_id): finding_id for finding_id in finding_ids}
        ordered = list(wanted)
        told: dict[str, Told] = {}
        for start in range(0, len(ordered), MOST_KEYS):
            for found in self._get([_key(key) for key in ordered[start : start + MOST_KEYS]]):
                fields = Fields.of(found)
                told[fields.need("finding_id", item.text)] = _read_told(fields)
        return told

    def root(self, channel: str, root_id: RootId) -> Root | None:
        """Return a message that others follow, strongly consistent; None once it is too old to be followed."""
        key = keys.thread(channel, root_id.conversation, root_id.message)
        answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        if "Item" not in answer or codec.is_expired(answer["Item"], self._clock()):
            return None
        fields = Fields.of(answer["Item"])
        return Root(
            root_id,
            fields.need("content", item.text),
            fields.need("posted_at", item.time),
            fields.need("revision", item.whole),
        )

    def save_root(self, channel: str, root: Root) -> Root | None:
        """Save what a message shows, and return it with its next revision; None if it changed since it was read."""
        saved = replace(root, revision=root.revision + 1)
        values = {
            "channel": clip(channel, codec.Longest.NAME),
            "conversation": clip(root.id.conversation, codec.Longest.NAME),
            "message": clip(root.id.message, codec.Longest.NAME),
            "content": root.content,
            "posted_at": instant(root.posted_at),
            "revision": saved.revision,
            "expires_at": codec.epoch(root.posted_at + timedelta(days=self._history_days)),
        }
        try:
            self._client.put_item(
                TableName=self._name,
                Item=to_item(keys.thread(channel, root.id.conversation, root.id.message), values),
                # An item that is there has a revision of 1 at least: the first save, of 0, never replaces one.
                ConditionExpression="attribute_not_exists(pk) OR #revision = :before",
                ExpressionAttributeNames={"#revision": "revision"},
                ExpressionAttributeValues={":before": to_attribute(root.revision)},
            )
        except ClientError as error:
            if not _is_refusal(error):
                raise
            return None
        return saved

    def _note_version(self, channel: str, finding_id: str, told: Told) -> None:
        values = {
            "channel": clip(channel, codec.Longest.NAME),
            "finding_id": finding_id,
            "version": told.version,
            "told_at": instant(told.at),
            "title": clip(told.title, codec.Longest.TEXT) or None,
            "conversation": clip(told.root.conversation, codec.Longest.NAME) if told.root else None,
            "message": clip(told.root.message, codec.Longest.NAME) if told.root else None,
            "expires_at": codec.epoch(told.at + timedelta(days=self._history_days)),
        }
        try:
            self._client.put_item(
                TableName=self._name,
                Item=to_item(keys.told(channel, finding_id), values),
                ConditionExpression="attribute_not_exists(pk) OR #version <= :version",
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues={":version": to_attribute(told.version)},
            )
        except ClientError as error:
            if not _is_refusal(error):
                raise

    def _who_has(self, key: keys.Key, owner: str) -> Claim:
        """Tell who holds a claim that was refused: it may be ours, its answer lost and the write sent again."""
        answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        if "Item" not in answer:
            return Claim.IN_PROGRESS
        fields = Fields.of(answer["Item"])
        if fields.need("state", item.text) == _DELIVERED:
            return Claim.ALREADY_DELIVERED
        return Claim.CLAIMED if fields.have("owner", item.text, "") == owner else Claim.IN_PROGRESS

    def _get(self, wanted: Sequence[Item]) -> list[Item]:
        now = self._clock()
        found: list[Item] = []
        request: Mapping[str, KeysAndAttributesTypeDef | KeysAndAttributesOutputTypeDef]
        request = {self._name: {"Keys": wanted, "ConsistentRead": True}}
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._client.batch_get_item(RequestItems=request)
            found += answer["Responses"].get(self._name, [])
            request = answer["UnprocessedKeys"]
            if not request:
                return [each for each in found if not codec.is_expired(each, now)]
            if attempt < ATTEMPTS:
                self._sleep(0.05 * 2**attempt * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
        msg = f"some versions told stayed unread after {ATTEMPTS} attempts"
        raise TableBusyError(msg)


def _read_told(fields: Fields) -> Told:
    conversation, message = fields.have("conversation", item.text, ""), fields.have("message", item.text, "")
    return Told(
        fields.need("version", item.whole),
        fields.need("told_at", item.time),
        fields.have("title", item.text, ""),
        RootId(conversation, message) if conversation and message else None,
    )


def _alert_values(alert_id: str, channel: str, now: datetime) -> dict[str, object]:
    return {
        "alert_id": clip(alert_id, codec.Longest.NAME),
        "channel": clip(channel, codec.Longest.NAME),
        "expires_at": codec.epoch(now + timedelta(days=CLAIM_DAYS)),
    }


def _is_refusal(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"


def _key(key: keys.Key) -> dict[str, AttributeValueTypeDef]:
    return {"pk": to_attribute(key.pk), "sk": to_attribute(key.sk)}
