"""Counters of an hour, added to: what many outcomes add to one of them is one write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ses_monitor.core.event import Event, Outcome, Rendering
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.traffic import CountedBy, Tally, hour_of
from ses_monitor.store import keys
from ses_monitor.store.feedback_codec import Longest, RecordWriter
from ses_monitor.store.item import clip

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

Place = tuple[str, str]
"""Partition key and sort key: by these, and not by names, two are told apart, as DynamoDB does."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One item of counters, of an hour."""

    place: Place
    hour: str
    region: str
    counted_by: CountedBy
    name: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Last:
    """What the counter at `place` shows of the last that it counted, by attribute, if none is later than `order`."""

    place: Place
    order: str
    shown: Mapping[str, AttributeValueTypeDef]


Adds = tuple[tuple[Counter, tuple[Tally, ...]], ...]


class Counting:
    """Says which counters an outcome adds to. One for each batch: it remembers them."""

    def __init__(self, now: datetime, history_days: int) -> None:
        self._now = now
        self._history = timedelta(days=history_days)
        self._counters: dict[tuple[str, str, CountedBy, str, str], Counter] = {}
        self._adds: dict[tuple[str, str, str, float, tuple[Tally, ...]], tuple[Adds, Adds]] = {}

    def adds_of(self, outcome: Outcome) -> tuple[Adds, Adds]:
        """Return what an outcome adds to: region, identity and configuration set in its hour; and the set alone."""
        event, tallies = outcome.event, outcome.tallies
        hour = event.occurred_at.timestamp() // 3600
        alike = (event.region, event.identity, event.configuration_set, hour, tallies)
        found = self._adds.get(alike)
        if found is None:
            found = self._adds[alike] = self._adds_of(event, tallies)
        return found

    def _adds_of(self, event: Event, tallies: tuple[Tally, ...]) -> tuple[Adds, Adds]:
        if not tallies:
            return (), ()
        counted = [(CountedBy.ACCOUNT, ACCOUNT)]
        if event.identity:
            counted.append((CountedBy.IDENTITY, event.identity))
        adds = tuple((self._counter(event, by, name), tallies) for by, name in counted)
        if not event.configuration_set:
            return adds, ()
        of_set = ((self._counter(event, CountedBy.CONFIGURATION_SET, event.configuration_set), tallies),)
        return adds + of_set, of_set

    def shown_of(self, outcome: Outcome, writer: RecordWriter) -> tuple[Adds, Last | None]:
        """Return what it adds to beside that, where its details are shown: of its template, or of its sender and cause.

        Not that of what counts otherwise, such as mail to the simulator.
        """
        event, detail = outcome.event, outcome.event.detail
        shown: dict[str, AttributeValueTypeDef]
        if isinstance(detail, Rendering) and detail.template:
            counter, tally = self._counter(event, CountedBy.TEMPLATE, detail.template), Tally.RENDERING_FAILURES
            shown = {
                "error": {"S": clip(writer.text(event, detail.error), Longest.LINE)},
                "attribute": {"S": clip(writer.text(event, detail.attribute), Longest.WORD)},
                "identity": {"S": clip(event.identity, Longest.ADDRESS)},
                "configuration_set": {"S": clip(event.configuration_set, Longest.WORD)},
            }
        elif isinstance(detail, RefusedSend) and detail.tag and detail.subject:
            counter, tally = self._counter(event, CountedBy.REJECTION, detail.subject, detail.tag), Tally.REJECTIONS
            shown = {"detail": {"M": writer.detail(event, detail)}}
        else:
            return (), None
        if tally not in outcome.tallies:
            return (), None
        order = f"{keys.moment(event.occurred_at)}#{outcome.id}"
        return ((counter, (tally,)),), Last(counter.place, order, shown)

    def _counter(self, event: Event, counted_by: CountedBy, name: str, cause: str = "") -> Counter:
        hour = keys.hour(event.occurred_at)
        counter = self._counters.get((event.region, hour, counted_by, name, cause))
        if counter is None:
            sort_key = keys.hour_of_cause(hour, cause) if cause else hour
            place = (keys.counts(event.region, counted_by.value, name), sort_key)
            # Of an hour to come the end would be as far away as a forger likes.
            until = hour_of(min(event.occurred_at, self._now))
            expires_at = int(until.timestamp() + self._history.total_seconds())
            counter = Counter(place, hour, event.region, counted_by, name, expires_at)
            self._counters[event.region, hour, counted_by, name, cause] = counter
        return counter


@dataclass(slots=True)
class Sum:
    """What one transaction adds to one counter."""

    counter: Counter
    counts: dict[Tally, int] = field(default_factory=dict)
    last: Last | None = None

    def add(self, tallies: Iterable[Tally], times: int) -> None:
        """Add so many to each."""
        for tally in tallies:
            self.counts[tally] = self.counts.get(tally, 0) + times

    def show(self, last: Last) -> None:
        """Show these details unless later ones are shown."""
        if self.last is None or self.last.order < last.order:
            self.last = last

    def update(self, table: str) -> TransactWriteItemTypeDef:
        """Return the write; guarded where it shows details, as later ones may be there."""
        counter = self.counter
        expression, names = _expression(tuple(sorted(self.counts)))
        values: dict[str, Any] = {f":{tally.value}": {"N": str(count)} for tally, count in self.counts.items()}
        values |= {
            ":region": {"S": clip(counter.region, Longest.WORD)},
            ":counted_by": {"S": counter.counted_by.value},
            ":name": {"S": clip(counter.name, Longest.ADDRESS)},
            ":hour": {"S": counter.hour},
            ":expires_at": {"N": str(counter.expires_at)},
        }
        update: dict[str, Any] = {}
        if self.last is not None:
            shown = {"last": {"S": self.last.order}, **self.last.shown}
            expression += "".join(f", #{name} = :{name}" for name in shown)
            names = names | {f"#{name}": name for name in shown}
            values |= {f":{name}": value for name, value in shown.items()}
            update = {"ConditionExpression": "attribute_not_exists(#last) OR #last <= :last"}
        update |= {
            "TableName": table,
            "Key": {"pk": {"S": counter.place[0]}, "sk": {"S": counter.place[1]}},
            "UpdateExpression": expression,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        return {"Update": update}  # type: ignore[typeddict-item] # made of parts


_ALWAYS = ("region", "counted_by", "name", "hour", "expires_at")


@lru_cache(maxsize=256)
def _expression(tallies: tuple[Tally, ...]) -> tuple[str, dict[str, str]]:
    """Return an update expression, what it sets at its end, and its names."""
    added = ", ".join(f"#{tally.value} :{tally.value}" for tally in tallies)
    always = ", ".join(f"#{name} = :{name}" for name in _ALWAYS)
    names = {f"#{name}": str(name) for name in (*_ALWAYS, *(tally.value for tally in tallies))}
    return f"ADD {added} SET {always}", names
