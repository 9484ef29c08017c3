"""How long the account audit of all 33 regions takes, and how much memory, when every answer takes 200 ms.

Beside a function that makes the same calls and nothing else (bench/bare_calls.py): as many regions at once, no table,
no checks. Both are deployed to the embedded AWS and run under AWS's own runtime client; what is measured is the time
from the call of the function to its answer. SES is the simulator in a process of its own, as the functions and their
measurements must not share an interpreter with it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench import bare_calls
from bench.measuring import ROUNDS, Goal, Line, Result, in_turns, median, show
from bench.simulator_process import simulator_of
from ses_monitor.audit.collecting import AT_ONCE
from ses_monitor.store import keys
from simulator.demo.stack import BUILD
from simulator.embedded_aws import EmbeddedAws, sam_build, sam_deploy
from simulator.embedded_aws.process import REPOSITORY, ROOT_KEY
from simulator.server import ENDPOINT_VARIABLES

DELAY_MS = 200
MEMORY_MB = 512
BARE = "ses-monitor-bench-bare"
ALL_ENABLED: Mapping[str, Any] = {"opt_status": "ENABLED", "faults": [{"operation": "*", "delay_ms": DELAY_MS}]}
WORLDS: Mapping[str, Mapping[str, Any]] = {
    "none in use": {
        "default_region": {
            **ALL_ENABLED,
            "account": {"production_access": False},
            "identities": [],
            "send_statistics": [],
        }
    },
    "all sending": {"default_region": ALL_ENABLED},
}
USUAL, HOURLY, COLD = "as every five minutes", "as once an hour", "as once an hour, cold start included"
Calls = dict[tuple[str, str, str], int]
"""How often which service was asked which operation in which region."""


@dataclass
class Rig:
    """Both functions, deployed, and the simulator that answers them."""

    aws: EmbeddedAws
    simulator_url: str
    audit: str
    table: str
    peaks_mb: dict[str, float]

    def client(self, service: str) -> Any:  # noqa: ANN401 - the service is a variable here
        """Return a client of the embedded AWS; one call is one call."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.aws.endpoint_url,
            region_name=self.aws.region,
            aws_access_key_id=ROOT_KEY,
            aws_secret_access_key=ROOT_KEY,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=120, proxies={}),
        )

    def __post_init__(self) -> None:
        self.functions = self.client("lambda")
        self.dynamodb = self.client("dynamodb")

    def deploy_bare(self) -> None:
        """Deploy the yardstick, with the audit's role, memory and runtime."""
        like = self.functions.get_function_configuration(FunctionName=self.audit)
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.write(bare_calls.__file__, "bare_calls.py")
        self.functions.create_function(
            FunctionName=BARE,
            Runtime=like["Runtime"],
            Role=like["Role"],
            Handler="bare_calls.handler",
            Code={"ZipFile": package.getvalue()},
            Timeout=60,
            MemorySize=MEMORY_MB,
        )
        self.functions.get_waiter("function_active_v2").wait(FunctionName=BARE)

    def timed(self, function: str, event: Mapping[str, Any]) -> float:
        """Run a function and return the seconds from the call to the answer.

        Raises:
            RuntimeError: it failed.
        """
        payload = json.dumps(event).encode()
        started = time.perf_counter()
        answer = self.functions.invoke(FunctionName=function, Payload=payload)
        said = answer["Payload"].read()
        seconds = time.perf_counter() - started
        if answer.get("FunctionError"):
            raise RuntimeError(said.decode("utf-8", "replace"))
        self.peaks_mb[function] = max(self.peaks_mb.get(function, 0.0), peak_mb(self.aws.process_group, function))
        return seconds

    def make_cold(self, function: str) -> None:
        """Let the next run begin with a new process."""
        self.functions.update_function_configuration(FunctionName=function, MemorySize=MEMORY_MB)
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=function)

    def make_due(self) -> None:
        """Forget what the audit reads only once an hour."""
        found = self.dynamodb.query(
            TableName=self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.REGIONS}},
        )
        for item in found["Items"]:
            key = {name: item[name] for name in ("pk", "sk")}
            self.dynamodb.update_item(TableName=self.table, Key=key, UpdateExpression="REMOVE hourly")

    def asked(self) -> Calls:
        """Return what the simulator was asked since the last time."""
        request = urllib.request.Request(f"{self.simulator_url}/control/calls", method="DELETE")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            rows = json.load(answer)["calls"]
        return {(row["service"], row["operation"], row["region"]): row["count"] for row in rows}


@dataclass
class Kind:
    """One kind of run: what the audit asks in it, and both sides of it."""

    rig: Rig
    due: bool
    cold: bool

    def __post_init__(self) -> None:
        self.prepare(self.rig.audit)
        self.rig.asked()
        self.rig.timed(self.rig.audit, {"from": "bench"})
        self.calls = self.rig.asked()

    def ours(self) -> float:
        """Run the audit; return its seconds."""
        return self._run(self.rig.audit, {"from": "bench"})

    def bare(self) -> float:
        """Run the yardstick; return its seconds."""
        return self._run(BARE, bare_event(self.calls))

    def prepare(self, function: str) -> None:
        """Make the next run one of this kind."""
        if self.due:
            self.rig.make_due()
        if self.cold:
            self.rig.make_cold(function)

    def _run(self, function: str, event: Mapping[str, Any]) -> float:
        self.prepare(function)
        self.rig.asked()
        seconds = self.rig.timed(function, event)
        if (asked := self.rig.asked()) != self.calls:
            msg = f"{function} asked {sum(asked.values())} times instead of {sum(self.calls.values())}"
            raise RuntimeError(msg)
        return seconds


def bare_event(calls: Calls) -> dict[str, Any]:
    """Return the event that makes the yardstick ask the same: the account's regions first, then each region."""
    first, regions = [], dict[str, list[tuple[str, str]]]()
    signed_for = ""
    for (service, operation, region), count in sorted(calls.items()):
        if service == "account":
            first += [(service, operation)] * count
            signed_for = region
        else:
            regions.setdefault(region, []).extend([(service, operation)] * count)
    return {"first": first, "in": signed_for, "regions": regions, "at_once": AT_ONCE}


def measure() -> Result:
    """Measure each world."""
    sam_build(REPOSITORY, BUILD)
    lines: list[Line] = []
    details: dict[str, Any] = {"delay_ms": DELAY_MS, "rounds": ROUNDS}
    for name, world in WORLDS.items():
        with simulator_of(world) as variables:
            endpoints = {name: variables[name] for name in ENDPOINT_VARIABLES}
            with EmbeddedAws(endpoints) as aws:
                outputs = sam_deploy(aws, BUILD, "ses-monitor-bench", {})
                url = variables["AWS_ENDPOINT_URL_SESV2"]
                rig = Rig(aws, url, outputs["AuditAccountsFunctionName"], outputs["TableName"], {})
                figures = _measured(rig)
        details[name] = figures
        lines += _lines(name, figures)
    about = f"audit_accounts: 33 regions, every answer of SES after {DELAY_MS} ms"
    return Result("audit_accounts", about, lines, details)


def _measured(rig: Rig) -> dict[str, Any]:
    rig.timed(rig.audit, {"from": "bench"})  # the first of all, which also tells what it found
    rig.deploy_bare()
    kinds = {
        USUAL: Kind(rig, due=False, cold=False),
        HOURLY: Kind(rig, due=True, cold=False),
        COLD: Kind(rig, due=True, cold=True),
    }
    rig.timed(BARE, bare_event(kinds[HOURLY].calls))  # warm
    ways: dict[str, Callable[[], float]] = {}
    for name, kind in kinds.items():
        ways |= {f"{name}: audit": kind.ours, f"{name}: bare": kind.bare}
    seconds = in_turns(ways)
    return {
        "runs": {
            name: {
                "calls": sum(kind.calls.values()),
                "audit_s": [round(each, 3) for each in seconds[f"{name}: audit"]],
                "bare_s": [round(each, 3) for each in seconds[f"{name}: bare"]],
            }
            for name, kind in kinds.items()
        },
        "peak_mb": {"audit": rig.peaks_mb[rig.audit], "bare": rig.peaks_mb[BARE]},
    }


def _lines(name: str, figures: Mapping[str, Any]) -> Iterator[Line]:
    shown = name == "all sending"
    beside = "the same calls by bare boto3"
    for kind, run in figures["runs"].items():
        what = f"account audit of 33 regions, {name}: {kind}"
        ours, bare = median(run["audit_s"]), median(run["bare_s"])
        yield Line(what, "s", ours, bare, beside, Goal(at_most=1.5), shown)
    peaks = figures["peak_mb"]
    yield Line(
        f"account audit of 33 regions, {name}: peak memory", "MB", peaks["audit"], peaks["bare"], beside, shown=shown
    )


def peak_mb(process_group: int, function: str) -> float:
    """Return the peak resident memory (VmHWM) of a function's worker; Linux only, 0 elsewhere."""
    peaks = [0.0]
    marked = f"AWS_LAMBDA_FUNCTION_NAME={function}\0".encode()
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            ours = os.getpgid(int(status.parent.name)) == process_group
            if not ours or marked not in status.with_name("environ").read_bytes() + b"\0":
                continue
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:  # gone in between
            continue
        if "VmHWM" in fields:
            peaks.append(int(fields["VmHWM"].split()[0]) / 1024)
    return round(max(peaks), 1)


if __name__ == "__main__":
    sys.exit(show(measure()))
