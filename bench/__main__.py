"""Runs the benchmarks, each in a process of its own, and shows one table: `python -m bench [NAME …] [--keep]`.

`--keep` also writes bench/measured.json, from which the README's table is made (`make docs`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.measuring import table
from simulator.embedded_aws.process import REPOSITORY

BENCHMARKS = ("cold_start", "audit_accounts", "audit_identities", "dns_proof", "feedback", "rejections", "cost")
KEPT = Path(__file__).with_name("measured.json")


def main(arguments: Sequence[str]) -> int:
    """Measure; the status is 1 where a benchmark failed. The document goes to standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all when absent")
    parser.add_argument("--keep", action="store_true", help=f"write {KEPT.name}, for the README")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    if asked.keep and asked.names:
        parser.error("--keep needs all benchmarks: the README shows one run of one machine")
    console = Console(stderr=True, width=160)
    documents = []
    failed = []
    for name in asked.names or BENCHMARKS:
        console.print(f"[dim]bench.{name} …[/dim]")
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", f"bench.{name}"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=None if asked.names else subprocess.PIPE,  # of all of them there is one table, in the end
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.stderr.write(done.stderr or "")
            console.print(f"bench.{name} failed with status {done.returncode}")
            failed.append(name)
            continue
        seconds = round(time.monotonic() - began)
        console.print(f"[dim]bench.{name} took {seconds} s[/dim]")
        documents.append(json.loads(done.stdout) | {"seconds": seconds})
    measured: dict[str, Any] = {"schema": 3, "machine": machine(), "benchmarks": documents}
    if not asked.names:
        console.print(table(documents, f"Measured on {measured['machine']['is']}"))
    text = json.dumps(measured, indent=2, ensure_ascii=False) + "\n"
    sys.stdout.write(text)
    if failed:
        console.print(f"failed: {', '.join(failed)}{'; nothing was kept' if asked.keep else ''}")
        return 1
    if asked.keep:
        KEPT.write_text(text, encoding="utf-8")
    return 0


def machine() -> dict[str, Any]:
    """Say what the figures were measured on, and when (UTC)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"Python {platform.python_version()}"
    return {
        "is": f"{cores} cores of {_processor()}, {platform.system()} {platform.machine()}, {python}",
        "on": datetime.now(UTC).date().isoformat(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or "an unknown processor"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "an unknown CPU")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
