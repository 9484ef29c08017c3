"""The handler and the yardsticks over the same batches, in turns, by the processor's time; and what each writes."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.feedback.function import MOST_ITEMS, Function
from bench.feedback.stream import Stream
from bench.feedback.table import Answering
from bench.measuring import in_turns, median
from simulator.feedback import Body

SIZES: Mapping[int, int] = {1: 400, 10: 1000, 100: 2000, 1000: 4000}
"""Events a batch, and events a round."""
BATCH = 100
"""The most that the deployed function takes at once."""
ROUNDS = 7
HANDLER = "the handler"
PUT_EACH = "one conditional put per event"
ONE_WRITE = "one BatchWriteItem a batch"
"""Of as many small items as the handler writes, read from the same JSON."""
ITEM_EACH = "an item an event, 25 a BatchWriteItem"


@dataclass
class Way:
    """One way to take batches, with a table of its own, and what it did so far."""

    function: Function
    take: Callable[[Body], None]
    rounds: Iterator[Sequence[str]]
    table: Answering = field(default_factory=Answering)

    def round(self) -> float:
        """Take the next round's batches from the text on, as Lambda has it, and return the seconds of one core."""
        texts = next(self.rounds)
        self.function.table = self.table
        with frozen():
            started = time.process_time()
            for text in texts:
                self.take(json.loads(text))
            return time.process_time() - started


@contextmanager
def frozen() -> Iterator[None]:
    """Keep the collector from walking over all that was prepared, and the table, again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def compare(function: Function, size: int) -> dict[str, dict[str, float]]:
    """Return of each way the events a second of one core, and its writes and the like an event."""
    stream = Stream(1000 + size)
    handler = Answering()
    writes = _warm(function, handler, stream, size)
    told = SIZES[size]
    rounds = [[json.dumps(stream.batch(size)) for _ in range(told // size)] for _ in range(ROUNDS)]
    takes: dict[str, Callable[[Body], None]] = {HANDLER: function.ingest, PUT_EACH: function.put_each}
    if size == BATCH:
        takes[ONE_WRITE] = lambda event: function.put_together(event, writes)
        takes[ITEM_EACH] = lambda event: function.put_together(event, size)
    ways = {name: Way(function, take, iter(rounds)) for name, take in takes.items()}
    ways[HANDLER].table = handler
    seconds = in_turns({name: way.round for name, way in ways.items()}, ROUNDS)
    return {
        name: {"per_second": median([told / each for each in seconds[name]]), **an_event(way.table, told * ROUNDS)}
        for name, way in ways.items()
    }


def _warm(function: Function, table: Answering, stream: Stream, size: int) -> int:
    """Let the handler take some batches; return how many items it writes for one, as far as one write takes them."""
    function.table = table
    batches = max(3, 1000 // size)
    for _ in range(batches):
        function.ingest(stream.batch(size))
    written = table.writes.total() / batches
    table.forget_figures()
    return max(1, min(MOST_ITEMS, round(written)))


def writes(function: Function, stream: Stream) -> dict[str, float]:
    """Return what batches of 100 of another stream write and read, an event, and how many go through in a second."""
    batches = 60
    function.table = Answering()
    events = [stream.batch(BATCH) for _ in range(batches)]
    gc.collect()
    with frozen():
        started = time.process_time()
        for event in events:
            function.ingest(event)
        seconds = time.process_time() - started
    return {"per_second": median([batches * BATCH / seconds]), **an_event(function.table, batches * BATCH)}


def an_event(table: Answering, told: int) -> dict[str, float]:
    """Return what was asked of the table for each of the events told."""
    figures = {
        "writes": table.writes.total() + table.refused,
        "packs": table.writes["SEEN"],
        "records": table.writes["RECIPIENT"],
        "counters": table.writes["COUNTS"],
        "units": table.units,
        "reads": table.reads,
        "requests": table.calls.total(),
    }
    return {name: round(figure / told, 4) for name, figure in figures.items()}
