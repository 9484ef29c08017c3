"""What the hourly audit of identities costs SES, beside one `GetEmailIdentity` each and beside what cannot be avoided.

SES with its throttle, the table and the clock are simulated in the process, so that hours of pacing take seconds; the
layer's own readers, pacer (at its default of 0.8 requests a second), codec and audit are the real ones. One hour is
also run over HTTP, in real time, against the simulator. All identities are well, were looked at before, and nothing
has changed: the hour that comes again and again.

Unavoidable, in one region and hour, are these calls (`unavoidable`):

- ListEmailIdentities: a page holds 1,000 identities at most ("PageSize", API reference of the operation);
- GetIdentityVerificationAttributes, -Dkim-, -MailFromDomain- and -NotificationAttributes: 100 identities a call at most
  (API reference of each). Nothing else but `GetEmailIdentity`, which takes one, tells these facts;
- GetAccount once: whether the region is in the sandbox decides what an unverified identity means;
- ListConfigurationSets once: a set that is gone or new shows nowhere else.

These are the breadth. The depth is counted apart: one `GetEmailIdentity` for each identity whose turn it is in the
daily rotation; a day of 24 hours must look at each of them once, and should not do so twice.

Calls are counts, and the same in every run. Seconds of the processor include the simulation's own work. The cells with
33 regions audit them one after the other in one process (10,000 identities: in two, side by side), and the simulated
table forgets the identities of a region whose audit is over.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.audit_identities.simulated import SES_PER_SECOND
from bench.measuring import Goal, Line, Result, median, show
from simulator.embedded_aws.process import REPOSITORY

SIZES = (100, 1_000, 10_000)
REGIONS = 33
DAY = 24
HOURS: Mapping[int, int] = {100: DAY, 1_000: DAY, 10_000: 5}
"""How many hours the one region is audited for; counts are those of the first, processor time is their median."""
PAGE = 1000
BATCH = 100
BATCHES = (
    "GetIdentityVerificationAttributes",
    "GetIdentityDkimAttributes",
    "GetIdentityMailFromDomainAttributes",
    "GetIdentityNotificationAttributes",
)
DEPTH = "GetEmailIdentity"
GOAL = Goal(at_most=1.1)
SHOWN = 10_000
OVER_HTTP = (100, REGIONS)
SIDE_BY_SIDE = 2
FUNCTIONS = 5
"""Regions that the deployed stack audits at once (template.yaml, `MaximumConcurrency`)."""

Audit = Mapping[str, Any]
"""One region's hour, as `Audited.document` gives it."""


@dataclass(slots=True)
class Cell:
    """So many identities in each of some regions, and what its processes found. `audits`: by region, then hour."""

    number: int
    audits: list[Sequence[Audit]] = field(default_factory=list)
    peak_mb: float = 0.0
    peak_before_mb: float = 0.0

    def add(self, done: Mapping[str, Any]) -> None:
        """Add what one process found."""
        self.audits += done["audits"]
        self.peak_mb = max(self.peak_mb, done["peak_mb"])
        self.peak_before_mb = max(self.peak_before_mb, done["peak_before_mb"])

    @property
    def first(self) -> Sequence[Audit]:
        """The first hour of each region."""
        return [hours[0] for hours in self.audits]

    def document(self) -> dict[str, Any]:
        """Return what it took, as plain data."""
        each = [audit for hours in self.audits for audit in hours]
        calls = _summed(self.first)
        return {
            "identities": self.number,
            "regions": len(self.audits),
            "hours_audited": len(each),
            "an_hour": {
                "calls": dict(sorted(calls.items())),
                "unavoidable": unavoidable(self.number, len(self.audits)),
                "depth_due": sum(one["due"] for one in self.first),
                "throttled": sum(one["throttled"] for one in self.first),
                "a_get_email_identity_each": naive_calls(self.number, len(self.audits)),
                "legs": sum(one["legs"] for one in self.first),
                "writes": sum(sum(one["writes"].values()) for one in self.first),
                "simulated_s_of_a_region": max(one["all_s"] for one in self.first),
                "simulated_s_of_all_regions": _makespan([one["all_s"] for one in self.first]),
                "simulated_s_of_a_get_email_identity_each": self.number / SES_PER_SECOND,
            },
            "processor_s_a_region": median([one["cpu_s"] for one in each]),
            "peak_mb": self.peak_mb,
            "peak_mb_before_the_first_audit": self.peak_before_mb,
        }


def measure() -> Result:
    """Measure each cell in processes of its own."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        files = {number: Path(folder) / f"{number}.json" for number in SIZES}
        prepared = {
            number: pool.submit(_run, "cells", "prepare", number, file)
            for number, file in sorted(files.items(), reverse=True)
        }
        firsts = {number: prepared[number].result() for number in SIZES}
        # One at a time: these tell how much processor time an audit takes.
        single = {number: Cell(number) for number in SIZES}
        for number, file in files.items():
            single[number].add(_run("cells", "settled", file, number, HOURS[number], "xx-bench-0"))
        many, over_http, waiting = _many(pool, files)
    lines = [
        *(_breadth(cell) for cells in (single, many) for cell in cells.values()),
        _day(single[1_000]),
        *(line for cell in single.values() for line in _beside_one_each(cell)),
        _http(over_http),
        *(line for cell in single.values() for line in _own(cell)),
    ]
    details = {
        "ses_requests_a_second": SES_PER_SECOND,
        "cells": [cell.document() for cells in (single, many) for cell in cells.values()],
        "the_very_first_hour": {str(number): first for number, first in firsts.items()},
        "a_twentieth_has_begun_to_wait_of_10000": waiting["audits"][0],
        "over_http": over_http,
    }
    return Result("audit_identities", "The hourly audit of identities", lines, details)


def unavoidable(number: int, regions: int = 1) -> dict[str, int]:
    """Return the breadth that cannot be avoided in an hour, by operation; the docstring of this module says why."""
    batches = math.ceil(number / BATCH)
    pages = max(1, math.ceil(number / PAGE))
    one = {"ListEmailIdentities": pages, **dict.fromkeys(BATCHES, batches), "GetAccount": 1, "ListConfigurationSets": 1}
    return {operation: calls * regions for operation, calls in one.items()}


def naive_calls(number: int, regions: int = 1) -> int:
    """Return the calls of somebody who lists the identities and asks for each of them."""
    return (number + max(1, math.ceil(number / PAGE))) * regions


def _many(
    pool: ThreadPoolExecutor, files: Mapping[int, Path]
) -> tuple[dict[int, Cell], dict[str, Any], dict[str, Any]]:
    """Audit 33 regions of each size, the hour over HTTP and the hour in which much is wrong, two at a time."""
    names = [f"xx-bench-{number}" for number in range(1, REGIONS + 1)]
    cells = {number: Cell(number) for number in SIZES}
    running = [
        (number, pool.submit(_run, "cells", "settled", files[number], number, 1, *regions))
        for number in sorted(files, reverse=True)
        for regions in ([names[::2], names[1::2]] if number == max(SIZES) else [names])
    ]
    waiting = pool.submit(_run, "cells", "waiting", files[max(SIZES)], max(SIZES))
    over_http = pool.submit(_run, "over_http", *OVER_HTTP)
    for number, done in running:
        cells[number].add(done.result())
    return cells, over_http.result(), waiting.result()


def _run(module: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", f"bench.audit_identities.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def _breadth(cell: Cell) -> Line:
    calls = _summed(cell.first)
    regions = len(cell.audits)
    return Line(
        f"identities: {_where(cell.number, regions)}: breadth, an hour",
        "calls",
        calls.total() - calls[DEPTH],
        sum(unavoidable(cell.number, regions).values()),
        "what pages of 1,000 and batches of 100 leave",
        GOAL,
        shown=cell.number == SHOWN,
    )


def _day(cell: Cell) -> Line:
    [hours] = cell.audits
    return Line(
        f"identities: {_where(cell.number, 1)}: depth, a day",
        "calls",
        _summed(hours)[DEPTH],
        cell.number,
        "each of them once",
        GOAL,
    )


def _beside_one_each(cell: Cell) -> Iterable[Line]:
    [first] = cell.first
    shown = cell.number == SHOWN
    where = _where(cell.number, 1)
    yield Line(
        f"identities: {where}: all calls, an hour",
        "calls",
        sum(first["calls"].values()),
        naive_calls(cell.number),
        "a GetEmailIdentity each, and the list",
        shown=shown,
    )
    yield Line(
        f"identities: {where}: SES's time, an hour",
        "s",
        first["all_s"],
        cell.number / SES_PER_SECOND,
        "a GetEmailIdentity each, at 1/s",
        shown=shown,
    )


def _http(done: Mapping[str, Any]) -> Line:
    number, regions = OVER_HTTP
    return Line(
        f"identities: {_where(number, regions)}: all calls, an hour, over HTTP",
        "calls",
        sum(done["calls"].values()),
        sum(unavoidable(number, regions).values()) + done["due"],
        "breadth, and the depth that is due",
        GOAL,
        shown=False,
    )


def _own(cell: Cell) -> Iterable[Line]:
    shown = cell.number == SHOWN
    where = _where(cell.number, 1)
    yield Line(
        f"identities: {where}: processor, an hour",
        "s",
        median([audit["cpu_s"] for audit in cell.audits[0]]),
        shown=shown,
    )
    yield Line(
        f"identities: {where}: peak memory, the simulated SES and table in it",
        "MB",
        cell.peak_mb,
        cell.peak_before_mb,
        "before the first audit",
        shown=shown,
    )


def _where(number: int, regions: int) -> str:
    return f"{number:,} in {'one region' if regions == 1 else f'each of {regions} regions'}"


def _summed(audits: Iterable[Audit]) -> Counter[str]:
    calls = Counter[str]()
    for audit in audits:
        calls.update(audit["calls"])
    return calls


def _makespan(seconds: Sequence[float]) -> float:
    """Return when the last region is done if as many functions as are deployed take one after the other."""
    free = [0.0] * FUNCTIONS
    for each in seconds:
        free.sort()
        free[0] += each
    return round(max(free), 1)


if __name__ == "__main__":
    sys.exit(show(measure()))
