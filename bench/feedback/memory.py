"""What the process holds after so many events: a function that lives for hours must not grow."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from bench.feedback.function import Function
from bench.feedback.stream import Stream
from bench.feedback.table import Answering

AT = (10_000, 50_000, 100_000)
BATCH = 100


def memory(function: Function) -> dict[int, float]:
    """Return the process's resident megabytes after so many events; the table forgets, as it is not measured."""
    stream = Stream(5000)
    done = 0
    resident: dict[int, float] = {}
    for wanted in AT:
        while done < wanted:
            function.ingest(stream.batch(BATCH))
            done += BATCH
            if done % 2000 == 0:
                function.table = Answering()
        gc.collect()
        resident[wanted] = round(_resident_mb(), 1)
    return resident


def _resident_mb() -> float:
    """Linux only, 0 elsewhere."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return 0.0
    return int(status.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
