"""What the audit of identities costs: calls to SES, SES's time at one request a second, writes to the table, memory.

SES, the table and the clock are simulated in the process, so that an hour of pacing takes seconds; the layer's own
readers, pacer, codec and audit are the real ones. The DNS answers nothing here: bench/dns_proof.py measures it.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest.mock import patch

from rich.console import Console
from rich.table import Table as Shown

from ses_monitor.audit.identities import run as identities
from ses_monitor.audit.identities.run import Assignment, Outcome, Sources, audit_identities
from ses_monitor.audit.identities.worker import KEPT_FOR_FINISHING
from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import Clients
from ses_monitor.collect.identities import BATCH, AwsIdentityReader
from ses_monitor.collect.pacing import Pacer
from ses_monitor.core.dns import Answer, DomainProof, Question
from ses_monitor.core.dns import Outcome as Said
from ses_monitor.core.identity_run import Task
from ses_monitor.core.observed import Blindness, Missing
from ses_monitor.store.identity_table import IdentityTable

PER_SECOND = 1.0
FUNCTION_SECONDS = 900.0
NOT_ASKED = Missing(Blindness.NOT_APPLICABLE, "the DNS is not part of this benchmark")
TOKENS = ["4mzhkyyrqyhjzaivkgprnjwtd7dyxjvv", "gnf2kuntzavlsrlvdlzrzhm5lkfyl2cr", "xplhsxkwqyyv6ylhngkymimfkzzjyqzt"]
TOPIC = "arn:aws:sns:eu-west-1:111122223333:feedback"


class SimulatedTime:
    """Passes only by sleeping; threads that sleep side by side from the same moment wake at the same moment."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()
        self._thread = threading.local()

    def clock(self) -> float:
        """Return the seconds so far."""
        with self._lock:
            self._thread.read = self._now
            return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass, counted from this thread's last look at the clock."""
        with self._lock:
            until = getattr(self._thread, "read", self._now) + seconds
            self._thread.read = until
            self._now = max(self._now, until)


@dataclass
class Ses:
    """One region of SES; `pending` of its identities wait to be verified."""

    names: list[str]
    time: SimulatedTime
    pending: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    breadth_done_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = "".join(part.title() for part in method.split("_"))

        def call(**request: Any) -> dict[str, Any]:  # noqa: ANN401 - as botocore's own
            with self.lock:
                self.calls[operation] += 1
                # A leg that goes on reads some of them again; what counts is when all were read once.
                if "Attributes" in operation and self.calls[operation] * BATCH < len(self.names) + BATCH:
                    self.breadth_done_at = self.time.clock()
            return self._answer(operation, request)

        return call

    def _answer(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        match operation:
            case "GetAccount":
                quota = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 9_600.0}
                flags = {"ProductionAccessEnabled": True, "SendingEnabled": True, "EnforcementStatus": "HEALTHY"}
                return {**flags, "SendQuota": quota}
            case "ListEmailIdentities":
                first = int(request.get("NextToken", 0))
                size = request["PageSize"]
                page = [
                    {"IdentityName": name, "IdentityType": "DOMAIN", "VerificationStatus": self._status(name)}
                    for name in self.names[first : first + size]
                ]
                more = {"NextToken": str(first + size)} if first + size < len(self.names) else {}
                return {"EmailIdentities": page, **more}
            case "GetEmailIdentity":
                dkim = {"SigningAttributesOrigin": "AWS_SES", "SigningHostedZone": "dkim.amazonses.com"}
                return {"IdentityType": "DOMAIN", "Policies": {}, "DkimAttributes": dkim}
            case "ListConfigurationSets":
                return {"ConfigurationSets": []}
        return self._batch(operation, request["Identities"])

    def _status(self, name: str) -> str:
        return "PENDING" if name in self.pending else "SUCCESS"

    @staticmethod
    def _batch(operation: str, names: Sequence[str]) -> dict[str, Any]:
        entries: dict[str, tuple[str, dict[str, Any]]] = {
            "GetIdentityVerificationAttributes": ("VerificationAttributes", {"VerificationStatus": "Success"}),
            "GetIdentityDkimAttributes": (
                "DkimAttributes",
                {"DkimEnabled": True, "DkimVerificationStatus": "Success", "DkimTokens": TOKENS},
            ),
            "GetIdentityMailFromDomainAttributes": (
                "MailFromDomainAttributes",
                {
                    "MailFromDomain": "bounce.example.com",
                    "MailFromDomainStatus": "Success",
                    "BehaviorOnMXFailure": "UseDefaultValue",
                },
            ),
            "GetIdentityNotificationAttributes": (
                "NotificationAttributes",
                {"BounceTopic": TOPIC, "ComplaintTopic": TOPIC, "ForwardingEnabled": False},
            ),
        }
        member, entry = entries[operation]
        return {member: {name: dict(entry) for name in names}}


class SimulatedClients(Clients):
    """Gives each region its SES."""

    def __init__(self, regions: Mapping[str, Ses]) -> None:
        self._regions: Mapping[str, Any] = regions

    def sesv2(self, region: str) -> Any:  # noqa: ANN401 - it stands in for a client
        """Return the region."""
        return self._regions[region]

    ses = unretried_ses = unretried_sesv2 = sesv2


class DynamoDb:
    """The operations that the audit uses, over a dictionary; conditions hold, because nobody else writes."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.writes: Counter[str] = Counter()

    def put_item(self, *, Item: dict[str, Any], **_: object) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Store an item."""
        self.writes[Item["pk"]["S"].partition("#")[0]] += 1
        self.items[Item["pk"]["S"], Item["sk"]["S"]] = Item
        return {}

    def delete_item(self, *, Key: dict[str, Any], **_: object) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Delete an item."""
        self.writes[Key["pk"]["S"].partition("#")[0]] += 1
        self.items.pop((Key["pk"]["S"], Key["sk"]["S"]), None)
        return {}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Store items."""
        for each in TransactItems:
            self.put_item(**each["Put"])
        return {}

    def query(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as botocore's own
        """Answer on one page."""
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        index = request.get("IndexName", "")
        pk, sk = f"{index}pk", f"{index}sk"
        found = [
            item
            for item in self.items.values()
            if item.get(pk, {}).get("S") == values[":pk"] and item[sk]["S"].startswith(values.get(":a", ""))
        ]
        return {"Items": sorted(found, key=lambda item: item[sk]["S"])}


@dataclass
class World:
    """The regions, their time, the table and the queue."""

    regions: dict[str, list[str]]
    time: SimulatedTime = field(default_factory=SimulatedTime)
    dynamodb: DynamoDb = field(default_factory=DynamoDb)
    queue: list[Task] = field(default_factory=list)
    now: datetime = datetime(2026, 11, 20, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.ses = {region: Ses(names, self.time) for region, names in self.regions.items()}

    def hour(self) -> list[Outcome]:
        """Plan every region and work the queue until it is empty."""
        self.now += timedelta(hours=1)
        for ses in self.ses.values():
            ses.calls.clear()
        self.dynamodb.writes.clear()
        self.queue += [Task(region, f"{self.now:%Y%m%dT%H%M%S}") for region in self.regions]
        return list(self._work())

    def _work(self) -> Iterator[Outcome]:
        pacer = Pacer(PER_SECOND, clock=self.time.clock, sleep=self.time.sleep)
        clients = SimulatedClients(self.ses)
        accounts = AwsAccountReader(clients)
        sources = Sources(AwsIdentityReader(clients, pacer), accounts, _no_dns, self.queue.append)
        table = IdentityTable(cast("Any", self.dynamodb), "table", history_days=400)
        seconds = FUNCTION_SECONDS - KEPT_FOR_FINISHING - pacer.longest_wait
        while self.queue:
            task = self.queue.pop(0)
            assignment = Assignment(task, "111122223333", self.now, seconds, clock=self.time.clock)
            yield audit_identities(sources, table, assignment, _crashed)


def _no_dns(domains: Mapping[str, Sequence[Question]], known: Mapping[str, DomainProof]) -> Mapping[str, DomainProof]:
    return {**known, **{name: DomainProof(name, Answer(Said.FOUND), NOT_ASKED) for name in domains}}


def _crashed(region: str, error: BaseException) -> None:
    raise RuntimeError(region) from error


def main() -> int:
    """Measure, and print a table and one JSON document."""
    full = _full_region()
    many = _many_regions()
    shown = Shown(title=f"audit_identities, SES at {PER_SECOND:g} request/s per operation", title_justify="left")
    for column in ("run", "calls", "in depth", "breadth done (s)", "all done (s)", "legs", "writes"):
        shown.add_column(column)
    for name, each in full["runs"].items():
        shown.add_row(name, *(str(each[key]) for key in ("calls", "depth", "breadth_s", "all_s", "legs", "writes")))
    console = Console(stderr=True)
    console.print(shown)
    console.print(
        f"10,000 identities in one region: peak memory {full['peak_mb']} MB, simulated SES and table included"
    )
    console.print(f"33 regions x 300 identities: {many['calls']} calls, {many['regions_done']} regions to their end")
    sys.stdout.write(json.dumps({"schema": 1, "full_region": full, "many_regions": many}, indent=2) + "\n")
    return 0


def _full_region() -> dict[str, Any]:
    names = [f"d{number:05}.example" for number in range(10_000)]
    world = World({"eu-west-1": names})
    ses = world.ses["eu-west-1"]
    runs = {"the first": _measured(world)}
    # New ones are looked at as far as there is room, all within a day; here in one run, without the day.
    with patch.object(identities, "MOST_EXTRA", len(names)):
        world.hour()
    world.hour()
    runs["nothing has changed"] = _measured(world)
    ses.pending = set(names[::1000])
    runs["10 have begun to wait"] = _measured(world)
    runs["10 wait, as before"] = _measured(world)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"runs": runs, "peak_mb": round(peak)}


def _measured(world: World) -> dict[str, Any]:
    began = world.time.clock()
    outcomes = world.hour()
    [ses] = world.ses.values()
    return {
        "calls": sum(ses.calls.values()),
        "by_operation": dict(sorted(ses.calls.items())),
        "depth": ses.calls["GetEmailIdentity"],
        "breadth_s": round(ses.breadth_done_at - began),
        "all_s": round(world.time.clock() - began),
        "legs": len(outcomes),
        "writes": sum(world.dynamodb.writes.values()),
        "writes_by_kind": dict(sorted(world.dynamodb.writes.items())),
        "changes": sum(len(outcome.changes) for outcome in outcomes),
    }


def _many_regions() -> dict[str, Any]:
    world = World({f"xx-bench-{n}": [f"r{n}-{number:03}.example" for number in range(300)] for n in range(33)})
    world.hour()
    outcomes = world.hour()
    calls = Counter[str]()
    for ses in world.ses.values():
        calls.update(ses.calls)
    breadth = [
        sum(ses.calls[operation] for operation in ses.calls if "Attributes" in operation) for ses in world.ses.values()
    ]
    return {
        "calls": sum(calls.values()),
        "by_operation": dict(sorted(calls.items())),
        "breadth_calls_of_each": sorted(set(breadth)),
        "regions_done": sum(outcome.goes_on is None and outcome.run is not None for outcome in outcomes),
        "writes": sum(world.dynamodb.writes.values()),
    }


if __name__ == "__main__":
    sys.exit(main())
