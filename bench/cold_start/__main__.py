"""How long each function takes to start, and the memory it has then, beside one that only makes the same clients.

Each start is a fresh process in AWS's own Lambda runtime interface emulator, under AWS's own runtime client, with code
and layer as `sam build` makes them. The yardstick is a function that imports botocore, makes the clients that ours was
seen to make while it was imported, and nothing else. What is not measured: fetching and unpacking the code and starting
the machine, which AWS does before; and it gives a function of little memory less than a whole core.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.cold_start.code import clients_of, unpacked, yardstick
from bench.cold_start.emulator import RUNTIME_PYTHON, Started, binary, environment_of, start
from bench.cold_start.functions import functions_of, layer_of
from bench.measuring import Goal, Line, Result, in_turns, median, show
from simulator.demo.stack import BUILD, BY_BOT
from simulator.embedded_aws import sam_build
from simulator.embedded_aws.process import REPOSITORY

ABOUT = "Cold start of each function under AWS's runtime interface emulator"
ROUNDS = 15
GOAL = Goal(at_most=1.25)
BESIDE = "botocore and the same clients, nothing else"


def measure() -> Result:
    """Start every function of the template, ours and the yardstick in turns."""
    emulator = binary()
    if emulator is None:
        why = "AWS's emulator is there for Linux on x86_64 and arm64 only: nothing was measured"
        return Result("cold_start", f"{ABOUT}: {why}", (), {"skipped": why})
    template = sam_build(REPOSITORY, BUILD)
    times: list[Line] = []
    memory: list[Line] = []
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="ses-monitor-cold-") as name:
        folder = Path(name)
        layer, bytecode = unpacked(layer_of(template), folder / "layer")
        for function in functions_of(template, BY_BOT):
            code = folder / function.name / "ours"
            shutil.copytree(function.code, code, ignore=shutil.ignore_patterns("__pycache__"))
            ours = environment_of(function, code, [layer / "python"], folder)
            clients = clients_of(function, ours)
            bare = yardstick(function, clients, folder / function.name / "yardstick")
            theirs = environment_of(function, bare, [], folder)
            ways = {
                "ours": partial(start, emulator, function.handler, code, ours),
                "yardstick": partial(start, emulator, function.handler, bare, theirs),
            }
            for way in ways.values():  # so that every file is in memory for all of them
                way()
            starts = in_turns(ways, ROUNDS)
            times.append(_line(f"cold start of {function.name}", "ms", starts, "init_ms", GOAL))
            memory.append(_line(f"peak memory of {function.name} at its start", "MB", starts, "peak_mb"))
            details[function.name] = {
                "clients": [each["service"] for each in clients],
                "configured_mb": function.memory_mb,
                **{way: _spread(each) for way, each in starts.items()},
            }
    about = {"rounds": ROUNDS, "python": _version(), "bytecode": bytecode}
    return Result("cold_start", ABOUT, (*times, *memory), about | {"functions": details})


def _line(what: str, unit: str, starts: Mapping[str, Sequence[Started]], figure: str, goal: Goal | None = None) -> Line:
    ours, bare = (median([getattr(each, figure) for each in starts[way]]) for way in ("ours", "yardstick"))
    return Line(what, unit, ours, bare, BESIDE, goal, shown=goal is not None)


def _spread(starts: Sequence[Started]) -> dict[str, dict[str, float]]:
    """Return least, median and most of each figure."""
    given = {
        "init_ms": [round(each.init_ms, 1) for each in starts],
        "peak_mb": [round(each.peak_mb, 1) for each in starts],
    }
    return {
        name: {
            "min": round(min(figures), 1),
            "median": round(statistics.median(figures), 1),
            "max": round(max(figures), 1),
        }
        for name, figures in given.items()
    }


def _version() -> str:
    return subprocess.run([RUNTIME_PYTHON, "--version"], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(show(measure()))
