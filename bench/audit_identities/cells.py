"""One cell of the measurement, in a process of its own: `python -m bench.audit_identities.cells WHAT …`.

`prepare N FILE` has one region of N identities audited until every one was looked at, and keeps the table;
`settled FILE N HOURS REGION …` audits regions that were left like that, one after the other;
`waiting FILE N` audits one in which a twentieth of the identities has begun to wait for verification.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.audit_identities.simulated import World, peak_mb
from ses_monitor.audit.identities import run as identities

SEED_REGION = "xx-seed-1"
LATER = datetime(2026, 11, 21, tzinfo=UTC)
"""A day after the table was kept."""
TURNED_BAD = 20


def names_of(number: int) -> list[str]:
    """Name so many domains, none below another."""
    return [f"d{each:05}.example" for each in range(number)]


def prepare(number: int, file: Path) -> dict[str, Any]:
    """Audit one region until nothing is new any more, and write the table to `file`; return what the first took."""
    first = World(names_of(number)).audit(SEED_REGION)
    world = World(names_of(number), seconds=1e6)
    # New ones are looked at as far as there is room, all within a day; here in one run, without the day.
    with patch.object(identities, "MOST_EXTRA", number):
        world.audit(SEED_REGION)
    world.audit(SEED_REGION)
    file.write_text(json.dumps(list(world.dynamodb.items.values())), encoding="utf-8")
    return first.document()


def settled(file: Path, number: int, hours: int, regions: Sequence[str]) -> dict[str, Any]:
    """Audit each region for some hours."""
    world = World(names_of(number), now=LATER)
    text = file.read_text(encoding="utf-8")
    before = 0.0
    audits = []
    for region in regions:
        _lay_out(world, text, region)
        before = before or peak_mb()
        audits.append([world.audit(region).document() for _ in range(hours)])
        world.forget(region)
    return {"audits": audits, "peak_mb": peak_mb(), "peak_before_mb": before}


def waiting(file: Path, number: int) -> dict[str, Any]:
    """Audit one region in which every twentieth identity has begun to wait for verification: two hours of it."""
    world = World(names_of(number), now=LATER)
    _lay_out(world, file.read_text(encoding="utf-8"), "xx-bench-0")
    world.ses("xx-bench-0").pending = set(world.names[::TURNED_BAD])
    return {"audits": [[world.audit("xx-bench-0").document() for _ in range(2)]]}


def _lay_out(world: World, text: str, region: str) -> None:
    for item in json.loads(text.replace(SEED_REGION, region)):
        world.dynamodb.items[item["pk"]["S"], item["sk"]["S"]] = item


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say and print the outcome as JSON."""
    what, *rest = arguments
    if what == "prepare":
        done = prepare(int(rest[0]), Path(rest[1]))
    elif what == "waiting":
        done = waiting(Path(rest[0]), int(rest[1]))
    else:
        done = settled(Path(rest[0]), int(rest[1]), int(rest[2]), rest[3:])
    sys.stdout.write(json.dumps(done))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
