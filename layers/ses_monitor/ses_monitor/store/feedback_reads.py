"""What is asked of feedback: by the checks that judge it, by what classifies it, and by people."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from ses_monitor.core.kept import Kept, Unparsed
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.traffic import (
    HOUR,
    CountedBy,
    Counts,
    FailingTemplate,
    Noticed,
    Refusals,
    RefusedSender,
    Sender,
    Tally,
)
from ses_monitor.store import item as items
from ses_monitor.store import keys
from ses_monitor.store.batches import BatchReader
from ses_monitor.store.feedback_codec import read_counts, read_notice, read_record, read_refusal, read_unparsed
from ses_monitor.store.item import Fields
from ses_monitor.store.reading import Item, Partition, Reader, utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from ses_monitor.core.refusal import RefusedSend

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
        self._reader = Reader(client, table_name, clock)
        self._batches = BatchReader(client, table_name, clock=clock, sleep=sleep)

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

    def rejected(self, region: str, name: str, now: datetime) -> RefusedSender:
        """Return what SES refused of an identity, or of `account`, in the last 25 hours: the causes by their tags."""
        hours: dict[str, dict[datetime, int]] = {}
        last: dict[str, tuple[str, RefusedSend]] = {}
        for item in self._hours(region, CountedBy.REJECTION, name, now - LAST_DAY, now + 2 * HOUR):
            hour, count, order, detail = read_refusal(item)
            hours.setdefault(detail.tag, {})[hour] = count
            if detail.tag not in last or last[detail.tag][0] < order:
                last[detail.tag] = order, detail
        return RefusedSender(name, tuple(Refusals(tag, hours[tag], last[tag][1]) for tag in sorted(hours)))

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
        found = self._batches.items(wanted, "verification_status")
        return frozenset(
            wanted[key] for key, fields in found.items() if fields.need("verification_status", items.text) in VERIFIED
        )

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
        first, last = keys.hour(start), keys.hour(end - timedelta(microseconds=1))
        partition = Partition(
            keys.counts(region, counted_by.value, name), "sk BETWEEN :a AND :b", first, keys.through(last)
        )
        return list(self._reader.items(partition)) if first <= last else []
