"""What is asked of feedback: by the checks that judge it, by what classifies it, and by people."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from ses_monitor.core.kept import Kept, Unparsed
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.traffic import HOUR, CountedBy, Counts, FailingTemplate, Noticed, Sender, Tally
from ses_monitor.store import codec, keys
from ses_monitor.store import item as items
from ses_monitor.store.deliveries import ATTEMPTS, MOST_KEYS, TableBusyError
from ses_monitor.store.feedback_codec import read_counts, read_notice, read_record, read_unparsed
from ses_monitor.store.item import Fields, to_attribute
from ses_monitor.store.reading import Item, Partition, Reader, utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        KeysAndAttributesOutputTypeDef,
        KeysAndAttributesTypeDef,
    )

LAST_DAY = timedelta(hours=25)
"""Clock hours are counted: the one that is not over yet, and 24 before it."""
LAST_DAYS = timedelta(days=15)
VERIFIED = frozenset({"SUCCESS", "TEMPORARY_FAILURE"})
"""What SES says of an identity that it sends with; TEMPORARY_FAILURE is one about to be revoked."""


class FeedbackReads:
    """Reads feedback. An item that cannot be read is an UnreadableItemError, never left out; expired ones are.

    Everything raises what the client raises. Times are UTC.
    """

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
        self._reader = Reader(client, table_name, clock)

    def sender(self, region: str, name: str, now: datetime, *, since: datetime | None = None) -> Sender:
        """Return what was counted of an identity's mail in the last 25 hours, or since the hour of `since`."""
        start = now - LAST_DAY if since is None else since
        return Sender(name, dict(self.counters(region, CountedBy.IDENTITY, name, start, now + 2 * HOUR)))

    def traffic(self, region: str, now: datetime, *, since: datetime | None = None) -> Sender:
        """Return what was counted of all mail of a region in the last 15 days, or since the hour of `since`."""
        start = now - LAST_DAYS if since is None else since
        return Sender(ACCOUNT, dict(self.counters(region, CountedBy.ACCOUNT, ACCOUNT, start, now + 2 * HOUR)))

    def template(self, region: str, name: str, now: datetime, *, since: datetime | None = None) -> FailingTemplate:
        """Return how often a template could not be rendered in the last 25 hours, with the last failure's details."""
        start = now - LAST_DAY if since is None else since
        hours: dict[datetime, int] = {}
        last: Fields | None = None
        for item in self._hours(region, CountedBy.TEMPLATE, name, start, now + 2 * HOUR):
            hour, counts = read_counts(item)
            hours[hour] = counts.get(Tally.RENDERING_FAILURES, 0)
            last = Fields.of(item)
        if last is None:
            return FailingTemplate(name, hours)
        return FailingTemplate(
            name,
            hours,
            error=last.have("error", items.text, ""),
            attribute=last.have("attribute", items.text, ""),
            identity=last.have("identity", items.text, ""),
            configuration_set=last.have("configuration_set", items.text, ""),
        )

    def noticed(self, region: str, name: str) -> Noticed:
        """Return everything AWS said last of a resource."""
        partition = Partition(keys.notices(region), "begins_with(sk, :a)", keys.notices_of(name))
        notices = (read_notice(item) for item in self._reader.items(partition))
        return Noticed(name, tuple(each for each in notices if keys.name(each.name) == keys.name(name)))

    def own_domains(self, region: str, domains: Collection[str]) -> frozenset[str]:
        """Return those of `domains` that are verified identities of `region`, as its last audit saw them.

        Raises TableBusyError rather than leave out one that could not be read.
        """
        wanted = {keys.identity(domain, region): domain for domain in domains if domain}
        ordered = list(wanted)
        own: set[str] = set()
        for start in range(0, len(ordered), MOST_KEYS):
            for found in self._get([_key(key) for key in ordered[start : start + MOST_KEYS]]):
                fields = Fields.of(found)
                if fields.need("verification_status", items.text) in VERIFIED:
                    own.add(wanted[keys.Key(fields.need("pk", items.text), fields.need("sk", items.text))])
        return frozenset(own)

    def of_recipient(self, key: str, limit: int) -> list[Kept]:
        """Return what happened to mail for a recipient, by `RecipientNames.key`; the newest mail first."""
        found = self._reader.items(Partition(keys.recipient(key), newest_first=True), page_size=limit)
        return [read_record(item) for item in islice(found, limit)]

    def recent(self, region: str, since: datetime, limit: int) -> list[Kept]:
        """Return what happened in a region since then, the last first. From an index: it may lag by a moment."""
        condition = f"{keys.ENTITY_INDEX}sk >= :a"
        partition = Partition(
            keys.events(region), condition, keys.moment(since), index=keys.ENTITY_INDEX, newest_first=True
        )
        found = self._reader.items(partition, page_size=limit)
        return [read_record(item) for item in islice(found, limit)]

    def counters(
        self, region: str, counted_by: CountedBy, name: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Counts]]:
        """Return what was counted in each hour from that of `start` until before `end`; hours without any are left out.

        The account's `name` is `account`.
        """
        return [read_counts(item) for item in self._hours(region, counted_by, name, start, end)]

    def unparsed(self, limit: int) -> list[Unparsed]:
        """Return what could not be read, the last first."""
        found = self._reader.items(Partition(keys.UNPARSED, newest_first=True), page_size=limit)
        return [read_unparsed(item) for item in islice(found, limit)]

    def _hours(self, region: str, counted_by: CountedBy, name: str, start: datetime, end: datetime) -> list[Item]:
        """Return the items of the hours, the first first. BETWEEN has both its ends: no hour begins just before one."""
        last = keys.hour(end - timedelta(microseconds=1))
        partition = Partition(
            keys.counts(region, counted_by.value, name), "sk BETWEEN :a AND :b", keys.hour(start), last
        )
        return list(self._reader.items(partition)) if keys.hour(start) <= last else []

    def _get(self, wanted: Sequence[Mapping[str, AttributeValueTypeDef]]) -> list[Item]:
        now = self._clock()
        found: list[Item] = []
        request: Mapping[str, KeysAndAttributesTypeDef | KeysAndAttributesOutputTypeDef]
        request = {
            self._name: {
                "Keys": wanted,
                "ProjectionExpression": "pk, sk, verification_status, expires_at",
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
