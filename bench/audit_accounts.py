"""How long the account audit of all 33 regions takes, and how much memory, when every answer takes 200 ms.

The deployed function runs under AWS's own runtime client on the embedded AWS; SES is the simulator in a process of
its own, as the functions and their measurements must not share an interpreter with it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from simulator.demo.stack import BUILD
from simulator.embedded_aws import EmbeddedAws, invoke, sam_build, sam_deploy
from simulator.embedded_aws.process import REPOSITORY
from simulator.server import ENDPOINT_VARIABLES

DELAY_MS = 200
WARM_RUNS = 5
ALL_ENABLED: Mapping[str, Any] = {"opt_status": "ENABLED", "faults": [{"operation": "*", "delay_ms": DELAY_MS}]}
WORLDS: Mapping[str, Mapping[str, Any]] = {
    "33 regions, none in use": {
        "default_region": {
            **ALL_ENABLED,
            "account": {"production_access": False},
            "identities": [],
            "send_statistics": [],
        }
    },
    "33 regions, all sending": {"default_region": ALL_ENABLED},
}


def main() -> int:
    """Measure each world and print a table and one JSON document."""
    console = Console(stderr=True)
    sam_build(REPOSITORY, BUILD)
    results = {name: _measured(world) for name, world in WORLDS.items()}
    table = Table(title=f"audit_accounts, every SES answer after {DELAY_MS} ms", title_justify="left")
    for column in ("world", "first run (s)", "next runs, median (s)", "peak memory (MB)"):
        table.add_column(column)
    for name, each in results.items():
        table.add_row(name, f"{each['first_s']:.2f}", f"{each['warm_median_s']:.2f}", f"{each['peak_mb']:.0f}")
    console.print(table)
    sys.stdout.write(json.dumps({"schema": 1, "delay_ms": DELAY_MS, "audit_accounts": results}, indent=2) + "\n")
    return 0


def _measured(world: Mapping[str, Any]) -> dict[str, float]:
    with _simulated(world) as api_url, EmbeddedAws(dict.fromkeys(ENDPOINT_VARIABLES, api_url)) as aws:
        name = sam_deploy(aws, BUILD, "ses-monitor-bench", {})["AuditAccountsFunctionName"]
        seconds = [invoke(aws, name, {"from": "bench"})["duration_ms"] / 1000 for _ in range(1 + WARM_RUNS)]
        return {
            "first_s": seconds[0],
            "warm_median_s": statistics.median(seconds[1:]),
            "peak_mb": _peak_mb(aws.process_group),
        }


@contextmanager
def _simulated(world: Mapping[str, Any]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "world.yaml"
        file.write_text(yaml.safe_dump(dict(world)), encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, "-m", "simulator", "--world", str(file)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process:
            try:
                yield _api_url(process)
            finally:
                process.terminate()


def _api_url(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        if "AWS_ENDPOINT_URL_SESV2=" in line:
            return line.split("=", 1)[1].strip().strip("'\"")
    msg = "the simulator ended without naming its address"
    raise RuntimeError(msg)


def _peak_mb(process_group: int) -> float:
    """Peak resident memory (VmHWM) of the largest function worker; Linux only, 0 elsewhere."""
    peaks = [0.0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = status.with_name("cmdline").read_bytes()
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            same_group = os.getpgid(int(status.parent.name)) == process_group
        except (OSError, ValueError):  # gone in between
            continue
        if b"awslambdaric" in command and same_group and "VmHWM" in fields:
            peaks.append(int(fields["VmHWM"].split()[0]) / 1024)
    return max(peaks)


if __name__ == "__main__":
    sys.exit(main())
