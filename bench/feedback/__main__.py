"""What it costs to ingest feedback, beside one conditional put per event: the naive way to count each event once.

AWS is answered in the process, below the SDK: what is measured is the handler, the SDK's own work included, on both
sides, in seconds of one core. Then the whole path: the deployed stack, whose counters must be exactly right.

With `--profile`, where the handler's time goes instead.
"""

from __future__ import annotations

import cProfile
import io
import json
import pstats
import sys
from collections.abc import Iterator, Mapping, Sequence

from bench.feedback.deployed import deployed
from bench.feedback.function import Function
from bench.feedback.memory import AT, memory
from bench.feedback.rounds import BATCH, HANDLER, ITEM_EACH, ONE_WRITE, PUT_EACH, ROUNDS, SIZES, compare, writes
from bench.feedback.stream import ONLY_COUNT, Stream
from bench.measuring import Goal, Line, Result, show
from simulator.feedback_traffic import SENDERS

SHOWN = (1, BATCH)
Figures = Mapping[str, Mapping[str, float]]


def measure() -> Result:
    """Measure the handler in this process, then the deployed stack."""
    function = Function()
    grown = memory(function)  # first, while the process has held nothing else
    sizes = {size: compare(function, size) for size in SIZES}
    streams = {
        "one sender": writes(function, Stream(1100, senders=SENDERS[:1])),
        "events of 24 hours": writes(function, Stream(1100, spread=True)),
        "Send, Delivery, Open and Click of one sender": writes(
            function, Stream(1100, senders=SENDERS[:1], kinds=ONLY_COUNT)
        ),
        "Send, Delivery, Open and Click of four senders in two regions": writes(
            function, Stream(1100, kinds=ONLY_COUNT)
        ),
    }
    counted = deployed()
    first, *_, last = AT
    lines = [
        *(line for size, ways in sizes.items() for line in _of_size(size, ways)),
        *_of_hundred(sizes[BATCH]),
        *(_of_stream(name, figures) for name, figures in streams.items()),
        Line(
            f"feedback: memory after {last:,} events",
            "MB",
            grown[last],
            grown[first],
            f"after {first:,}",
            Goal(at_most=1.1),
        ),
        Line(
            f"feedback: counters that differ after {counted['messages']:,} messages to the deployed stack",
            "counters",
            len(counted["differences"]),
            goal=Goal(at_most=0),
        ),
    ]
    details = {
        "rounds": ROUNDS,
        "batches": {str(size): dict(ways) for size, ways in sizes.items()},
        "batches_of_100": streams,
        "memory_mb": {str(at): mb for at, mb in grown.items()},
        "deployed": counted,
    }
    about = "ingest_feedback: a core's events a second, and its writes to the table, AWS answered in the process"
    return Result("feedback", about, lines, details)


def _of_size(size: int, ways: Figures) -> Iterator[Line]:
    ours, put = ways[HANDLER], ways[PUT_EACH]
    batches = f"feedback in batches of {size:,}"
    shown = size in SHOWN
    yield Line(
        f"{batches}: speed of a core",
        "events/s",
        ours["per_second"],
        put["per_second"],
        PUT_EACH,
        Goal(at_least=1),
        shown,
    )
    yield Line(
        f"{batches}: writes to the table",
        "an event",
        ours["writes"],
        put["writes"],
        PUT_EACH,
        Goal(at_most=1),
        shown,
    )


def _of_hundred(ways: Figures) -> Iterator[Line]:
    """Yield what else a batch of 100 is compared with: loops that keep no promise at all."""
    ours = ways[HANDLER]
    batches = f"feedback in batches of {BATCH}"
    speed = (f"{batches}: speed of a core", "events/s", ours["per_second"])
    yield Line(*speed, ways[ONE_WRITE]["per_second"], f"A: reading, and {ONE_WRITE}", Goal(at_least=0.5), shown=False)
    yield Line(*speed, ways[ITEM_EACH]["per_second"], f"B: reading, and {ITEM_EACH}", shown=False)
    units = (ours["units"], ways[PUT_EACH]["units"], PUT_EACH)
    yield Line(f"{batches}: write units (a write in a transaction takes two)", "an event", *units, shown=False)


def _of_stream(name: str, figures: Mapping[str, float]) -> Line:
    goal = Goal(at_most=0.1, of_ours=True) if name.startswith("Send") else None
    what = f"{name}, in batches of {BATCH}: writes to the table"
    return Line(what, "an event", figures["writes"], 1.0, PUT_EACH, goal, shown=False)


def profile() -> str:
    """Return where the time of 40 batches goes."""
    function, stream = Function(), Stream(100)
    for _ in range(10):
        function.ingest(stream.batch(BATCH))
    texts = [json.dumps(stream.batch(BATCH)) for _ in range(40)]
    profiled = cProfile.Profile()
    for text in texts:
        with profiled:
            function.ingest(json.loads(text))
    out = io.StringIO()
    shown = pstats.Stats(profiled, stream=out).strip_dirs()
    shown.sort_stats("cumulative").print_stats(60)
    shown.sort_stats("tottime").print_stats(45)
    return out.getvalue()


def main(arguments: Sequence[str]) -> int:
    """Measure and show it; with `--profile` write that to standard error."""
    if "--profile" in arguments:
        sys.stderr.write(profile())
        return 0
    return show(measure())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
