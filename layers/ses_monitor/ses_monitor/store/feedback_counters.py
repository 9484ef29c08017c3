"""Counters of an hour, added to: what many outcomes add to one of them is one write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ses_monitor.core.event import Event, Outcome, Rendering
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.traffic import CountedBy, Tally, hour_of
from ses_monitor.store import keys
from ses_monitor.store.feedback_codec import Longest
from ses_monitor.store.item import clip

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Place = tuple[str, str]
"""Partition key and sort key: by these, and not by names, two are told apart, as DynamoDB does."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One item of counters."""

    place: Place
    region: str
    counted_by: CountedBy
    name: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Failure:
    """The details of a rendering failure that its template's counter shows, if none is later than `order`."""

    template: str
    order: str
    error: str
    attribute: str
    identity: str
    configuration_set: str


Adds = tuple[tuple[Counter, tuple[Tally, ...]], ...]


class Counting:
    """Says which counters an outcome adds to. One for each batch: it remembers them."""

    def __init__(self, now: datetime, history_days: int) -> None:
        self._now = now
        self._history = timedelta(days=history_days)
        self._counters: dict[tuple[str, str, CountedBy, str], Counter] = {}
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

    def adds_of_template(self, event: Event, template: str) -> Adds:
        """Return what a rendering failure adds to beside that."""
        return ((self._counter(event, CountedBy.TEMPLATE, template), (Tally.RENDERING_FAILURES,)),)

    def _counter(self, event: Event, counted_by: CountedBy, name: str) -> Counter:
        hour = keys.hour(event.occurred_at)
        counter = self._counters.get((event.region, hour, counted_by, name))
        if counter is None:
            place = (keys.counts(event.region, counted_by.value, name), hour)
            # Of an hour to come the end would be as far away as a forger likes.
            until = hour_of(min(event.occurred_at, self._now))
            expires_at = int(until.timestamp() + self._history.total_seconds())
            counter = Counter(place, event.region, counted_by, name, expires_at)
            self._counters[event.region, hour, counted_by, name] = counter
        return counter


def failure_of(outcome: Outcome, storable: Callable[[Event, str], str]) -> Failure | None:
    """Return the rendering failure that an outcome is counted as, where it names its template."""
    event, detail = outcome.event, outcome.event.detail
    if Tally.RENDERING_FAILURES not in outcome.tallies or not isinstance(detail, Rendering) or not detail.template:
        return None
    return Failure(
        template=detail.template,
        order=f"{keys.moment(event.occurred_at)}#{outcome.id}",
        error=clip(storable(event, detail.error), Longest.LINE),
        attribute=clip(storable(event, detail.attribute), Longest.WORD),
        identity=clip(event.identity, Longest.ADDRESS),
        configuration_set=clip(event.configuration_set, Longest.WORD),
    )


@dataclass(slots=True)
class Sum:
    """What one transaction adds to one counter."""

    counter: Counter
    counts: dict[Tally, int] = field(default_factory=dict)
    failure: Failure | None = None

    def add(self, tallies: Iterable[Tally], times: int) -> None:
        """Add so many to each."""
        for tally in tallies:
            self.counts[tally] = self.counts.get(tally, 0) + times

    def show(self, failure: Failure | None) -> None:
        """Show the details of a failure unless those of a later one are shown."""
        if failure is not None and (self.failure is None or self.failure.order < failure.order):
            self.failure = failure

    def update(self, table: str) -> TransactWriteItemTypeDef:
        """Return the write; guarded where it shows details, as those of a later failure may be there."""
        counter = self.counter
        expression, names = _expression(tuple(sorted(self.counts)))
        values: dict[str, Any] = {f":{tally.value}": {"N": str(count)} for tally, count in self.counts.items()}
        values |= {
            ":region": {"S": clip(counter.region, Longest.WORD)},
            ":counted_by": {"S": counter.counted_by.value},
            ":name": {"S": clip(counter.name, Longest.ADDRESS)},
            ":hour": {"S": counter.place[1]},
            ":expires_at": {"N": str(counter.expires_at)},
        }
        update: dict[str, Any] = {}
        if self.failure is not None:
            expression, names = expression + _SHOWN, names | _SHOWN_NAMES
            values |= {f":{name}": {"S": getattr(self.failure, attribute)} for name, attribute in _DETAILS.items()}
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
_DETAILS = {"last": "order"} | {name: name for name in ("error", "attribute", "identity", "configuration_set")}
_SHOWN = "".join(f", #{name} = :{name}" for name in _DETAILS)
_SHOWN_NAMES = {f"#{name}": name for name in _DETAILS}


@lru_cache(maxsize=256)
def _expression(tallies: tuple[Tally, ...]) -> tuple[str, dict[str, str]]:
    """Return an update expression, what it sets at its end, and its names."""
    added = ", ".join(f"#{tally.value} :{tally.value}" for tally in tallies)
    always = ", ".join(f"#{name} = :{name}" for name in _ALWAYS)
    names = {f"#{name}": str(name) for name in (*_ALWAYS, *(tally.value for tally in tallies))}
    return f"ADD {added} SET {always}", names
