"""What a batch of outcomes writes, cut into transactions: each outcome lies in one, with its record or mark and counts.

So a death between two transactions leaves every outcome either wholly counted or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ses_monitor.core.event import Event, Kind, Outcome
from ses_monitor.core.mailbox import RecipientNames
from ses_monitor.store import keys
from ses_monitor.store.codec import epoch
from ses_monitor.store.feedback_codec import RecordWriter
from ses_monitor.store.feedback_counters import Adds, Counting, Last, Place, Sum
from ses_monitor.store.feedback_packs import MOST_AT_ONCE, PACK_DAYS, Chain, marks_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

MOST_ACTIONS = 100
"""Of one TransactWriteItems."""

_ONLY_COUNTS = frozenset(kind for kind in Kind if kind.only_counts)
_KEPT_HOURLY = frozenset(kind for kind in Kind if kind.kept_hourly)
_UNNAMED = "attribute_exists(pk) AND attribute_not_exists(configuration_set)"
_BY_MAIL = frozenset({Kind.SEND, Kind.DELIVERY})


class Entry(NamedTuple):
    """What one outcome writes: a record, or a mark in a bucket; and what it adds to which counters."""

    id: str
    adds: Adds
    record: Mapping[str, AttributeValueTypeDef] | None = None
    bucket: str = ""
    mark: bytes = b""
    unnamed: bytes = b""
    named_mark: bytes = b""
    """The marks that it has where it was told without its configuration set, and with it; `mark` is one of them."""
    adds_of_set: Adds = ()
    last: Last | None = None
    """Its details, for the counter that shows those of the last."""
    hourly: Mapping[str, AttributeValueTypeDef] | None = None
    """The record of it and all alike of its hour: it has a mark too, and this is put over whatever is there."""
    told_unnamed: bool = False
    """Told before without its set: only the set's counters are left to add to."""

    @property
    def named(self) -> bool:
        """Whether it names a configuration set."""
        return bool(self.adds_of_set)

    def for_its_set(self) -> Entry:
        """Return what is left of it where it was told before without its configuration set."""
        return self._replace(adds=self.adds_of_set, last=None, told_unnamed=True)

    def places(self) -> list[Place]:
        """Return a name of each item that it writes to."""
        its_own = (self.bucket, "") if self.record is None else (self.id, "")
        places = [its_own, *(counter.place for counter, _ in self.adds)]
        return places if self.hourly is None else [*places, _place(self.hourly)]


def entries_of(
    outcomes: Iterable[Outcome], names: RecipientNames, now: datetime, *, event_days: int, history_days: int
) -> list[Entry]:
    """Return what the outcomes write, each id once: the first of it, or the first that names its configuration set.

    A record's end is counted from `now`, not from the event's time: it has to be there as long as somebody may tell it
    again.
    """
    counting = Counting(now, history_days)
    writer = RecordWriter(names, epoch(now + timedelta(days=event_days)))
    buckets = _Buckets()
    entries: dict[str, Entry] = {}
    for outcome in outcomes:
        before = entries.get(outcome.id)
        if before is not None and (before.named or not outcome.event.configuration_set):
            continue
        adds, of_set = counting.adds_of(outcome)
        if outcome.event.kind in _ONLY_COUNTS:
            entry = _marked(outcome, adds, of_set, buckets)
        else:
            shown, last = counting.shown_of(outcome, writer)
            record = writer.item(outcome)
            if outcome.event.kind in _KEPT_HOURLY:
                entry = _marked(outcome, adds + shown, of_set, buckets)._replace(last=last, hourly=record)
            else:
                entry = Entry(outcome.id, adds + shown, record=record, adds_of_set=of_set, last=last)
        entries[outcome.id] = entry
    return list(entries.values())


def _marked(outcome: Outcome, adds: Adds, of_set: Adds, buckets: _Buckets) -> Entry:
    named, unnamed = marks_of(outcome.id)
    mark = named if of_set else unnamed
    return Entry(outcome.id, adds, None, buckets.of(outcome.event), mark, unnamed, named, of_set)


def _place(record: Mapping[str, AttributeValueTypeDef]) -> Place:
    return record["pk"]["S"], record["sk"]["S"]


class _Buckets:
    """The names of a batch's buckets, each written once."""

    def __init__(self) -> None:
        self._names: dict[float, str] = {}

    def of(self, event: Event) -> str:
        """Return where an event's mark is: by the time that is the same however it is told."""
        at = event.sent_at if event.kind in _BY_MAIL else event.occurred_at
        second = at.timestamp() // 1  # no bucket ends within one
        name = self._names.get(second)
        if name is None:
            name = self._names[second] = keys.bucket(at)
        return name


def in_transactions(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in groups, each of which fits into one transaction."""
    group: list[Entry] = []
    places: set[Place] = set()
    for entry in entries:
        its = entry.places()
        if group and (len(group) == MOST_AT_ONCE or len(places.union(its)) > MOST_ACTIONS):
            yield group
            group, places = [], set()
        group.append(entry)
        places.update(its)
    if group:
        yield group


class Plan:
    """One transaction: `actions`, and what is behind each, by its place in them, for when one of them is refused."""

    def __init__(
        self, table: str, entries: Sequence[Entry], chains: Mapping[str, Chain], now: datetime, later: set[Place]
    ) -> None:
        """Plan to write `entries`, none of whose marks is in its chain.

        `later` has the counters that show later details than ours.
        """
        self.entries = entries
        self.marks: dict[str, list[bytes]] = {}
        self._later = later
        sums: dict[Place, Sum] = {}
        records: list[Entry] = []
        hourly: list[Entry] = []
        alike: dict[int, list[Entry]] = {}
        for entry in entries:
            if entry.record is None:
                self.marks.setdefault(entry.bucket, []).append(entry.mark)
                if entry.hourly is not None:
                    hourly.append(entry)
            else:
                records.append(entry)
            alike.setdefault(id(entry.adds), []).append(entry)
        for same in alike.values():
            _add(same[0].adds, len(same), sums)
        for entry in (*records, *hourly):
            self._show(entry, sums)
        newest = _newest(hourly)
        pack_end = epoch(now + timedelta(days=PACK_DAYS))
        self.records = records
        self.buckets = list(self.marks)
        self.others = [*sums, *newest]
        self.actions: list[TransactWriteItemTypeDef] = [
            {
                "Put": {
                    "TableName": table,
                    "Item": entry.record or {},
                    "ConditionExpression": _UNNAMED if entry.told_unnamed else "attribute_not_exists(pk)",
                    # Whether it was told without its configuration set shows in what is there.
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            }
            for entry in records
        ]
        self.actions += [chains[bucket].put(table, marks, pack_end) for bucket, marks in self.marks.items()]
        self.actions += [each.update(table) for each in sums.values()]
        self.actions += [{"Put": {"TableName": table, "Item": record}} for record in newest.values()]

    def _show(self, entry: Entry, sums: dict[Place, Sum]) -> None:
        if entry.last is not None and entry.last.place not in self._later:
            sums[entry.last.place].show(entry.last)

    def behind(self, index: int) -> Entry | str | Place:
        """Return what an action is for: the entry of a record, the bucket of a pack, the place of anything else."""
        if index < len(self.records):
            return self.records[index]
        index -= len(self.records)
        return self.buckets[index] if index < len(self.buckets) else self.others[index - len(self.buckets)]


def _newest(entries: Iterable[Entry]) -> dict[Place, Mapping[str, AttributeValueTypeDef]]:
    """Return the hourly records to put, of those alike the newest.

    Newest of one transaction: what a later one tells late is put over it. It is one of many alike, and no count hangs
    on it; the counter, whose details are guarded, has the last.
    """
    newest: dict[Place, Mapping[str, AttributeValueTypeDef]] = {}
    for entry in entries:
        if (record := entry.hourly) is None:
            continue
        place = _place(record)
        if place not in newest or newest[place]["gsi2sk"]["S"] <= record["gsi2sk"]["S"]:
            newest[place] = record
    return newest


def _add(adds: Adds, times: int, sums: dict[Place, Sum]) -> None:
    """Add what so many entries alike add."""
    for counter, tallies in adds:
        added = sums.get(counter.place)
        if added is None:
            added = sums[counter.place] = Sum(counter)
        added.add(tallies, times)
