"""SES, the table, the queue and the time, simulated in the process, so that an hour of pacing takes seconds.

The layer's own readers, pacer, codec and audit work on them. The DNS answers nothing here: bench/dns_proof measures it.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from botocore.exceptions import ClientError

from bench.simulated_time import SimulatedTime
from ses_monitor.audit.identities.run import Assignment, Outcome, Sources, audit_identities
from ses_monitor.audit.identities.worker import KEPT_FOR_FINISHING
from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import Clients
from ses_monitor.collect.identities import BATCH, AwsIdentityReader
from ses_monitor.collect.pacing import Pacer
from ses_monitor.core.dns import Answer, DomainProof, Question
from ses_monitor.core.dns import Outcome as Said
from ses_monitor.core.identity_memory import TURNS, turn_of
from ses_monitor.core.identity_run import Task
from ses_monitor.core.observed import Blindness, Missing
from ses_monitor.store.identity_table import IdentityTable

SES_PER_SECOND = 1.0
"""Of one operation in one region: "no more than once per second" (API reference of each operation)."""
FUNCTION_SECONDS = 900.0
"""What the function has (template.yaml)."""
ACCOUNT_ID = "111122223333"
IDENTITY = "IDENTITY#"
NOT_ASKED = Missing(Blindness.NOT_APPLICABLE, "the DNS is not part of this benchmark")
TOKENS = ["4mzhkyyrqyhjzaivkgprnjwtd7dyxjvv", "gnf2kuntzavlsrlvdlzrzhm5lkfyl2cr", "xplhsxkwqyyv6ylhngkymimfkzzjyqzt"]
TOPIC = "arn:aws:sns:eu-west-1:111122223333:feedback"


@dataclass
class Ses:
    """One region of SES, with its throttle; `pending` of its identities wait to be verified."""

    names: Sequence[str]
    time: SimulatedTime
    pending: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    breadth_done_at: float = 0.0
    last: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = "".join(part.title() for part in method.split("_"))

        def call(**request: Any) -> dict[str, Any]:  # noqa: ANN401 - as botocore's own
            with self.lock:
                self.calls[operation] += 1
                self._throttle(operation)
                # A leg that goes on reads some of them again; what counts is when all were read once.
                if "Attributes" in operation and self.calls[operation] * BATCH < len(self.names) + BATCH:
                    self.breadth_done_at = self.time.clock()
            return self._answer(operation, request)

        return call

    def _throttle(self, operation: str) -> None:
        here, last = self.time.here(), self.last.get(operation)
        if last is not None and 0 <= here - last < 1 / SES_PER_SECOND:
            self.throttled[operation] += 1
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "Rate exceeded"}}, operation)
        self.last[operation] = here

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
            for item in list(self.items.values())  # at once: another region's audit may write meanwhile
            if item.get(pk, {}).get("S") == values[":pk"] and item[sk]["S"].startswith(values.get(":a", ""))
        ]
        return {"Items": sorted(found, key=lambda item: item[sk]["S"])}


@dataclass
class World:
    """One region's SES at a time, the table, the queue, the time, and one process of the function."""

    names: Sequence[str]
    time: SimulatedTime = field(default_factory=SimulatedTime)
    dynamodb: DynamoDb = field(default_factory=DynamoDb)
    now: datetime = datetime(2026, 11, 20, tzinfo=UTC)
    seconds: float = FUNCTION_SECONDS
    regions: dict[str, Ses] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.table = table_of(self.dynamodb)
        self._pacer = Pacer(clock=self.time.clock, sleep=self.time.sleep)
        clients = SimulatedClients(self.regions)
        self._queue: list[Task] = []
        self._sources = Sources(
            AwsIdentityReader(clients, self._pacer), AwsAccountReader(clients), no_dns, self._queue.append
        )

    def ses(self, region: str) -> Ses:
        """Return a region's SES."""
        return self.regions.setdefault(region, Ses(self.names, self.time))

    def audit(self, region: str) -> Audited:
        """Plan one region, work the queue until it is empty, and let an hour pass.

        Raises:
            RuntimeError: the region was skipped or not audited to its end, and the measurement would be of nothing.
        """
        ses = self.ses(region)
        ses.calls.clear()
        ses.throttled.clear()
        self.dynamodb.writes.clear()
        task = Task(region, f"{self.now:%Y%m%dT%H%M%S}")
        before = self.table.identity_run(region)
        began, busy, started = self.time.clock(), time.process_time(), time.perf_counter()
        outcomes = self._worked(task)
        seconds, cpu = self.time.clock() - began, time.process_time() - busy
        self.now += timedelta(hours=1)
        if outcomes[-1].run is None or not outcomes[-1].run.complete:
            raise RuntimeError(outcomes[-1])
        return Audited(
            calls=dict(sorted(ses.calls.items())),
            throttled=ses.throttled.total(),
            due=due_in_turn(self.names, before.turn if before else 0),
            breadth_s=round(ses.breadth_done_at - began, 2),
            all_s=round(seconds, 2),
            cpu_s=round(cpu, 4),
            wall_s=round(time.perf_counter() - started, 4),
            legs=len(outcomes),
            writes=dict(sorted(self.dynamodb.writes.items())),
            changes=sum(len(outcome.changes) for outcome in outcomes),
        )

    def forget(self, region: str) -> None:
        """Drop a region whose audit is over: its SES, and the identities that the table has of it."""
        del self.regions[region]
        for key in [key for key in self.dynamodb.items if key[0].startswith(IDENTITY) and region in key]:
            del self.dynamodb.items[key]

    def _worked(self, task: Task) -> list[Outcome]:
        seconds = self.seconds - KEPT_FOR_FINISHING - self._pacer.longest_wait
        outcomes, queue = [], self._queue
        queue.append(task)
        while queue:
            assignment = Assignment(queue.pop(0), ACCOUNT_ID, self.now, seconds, clock=self.time.clock)
            outcomes.append(audit_identities(self._sources, self.table, assignment, crashed))
        return outcomes


@dataclass(frozen=True, slots=True)
class Audited:
    """What one hour's audit of one region took. `due` is how many identities the rotation had for this hour.

    `breadth_s` and `all_s` are simulated seconds; `cpu_s` and `wall_s` are real ones, the simulation's work included.
    """

    calls: Mapping[str, int]
    throttled: int
    due: int
    breadth_s: float
    all_s: float
    cpu_s: float
    wall_s: float
    legs: int
    writes: Mapping[str, int]
    changes: int

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def table_of(dynamodb: DynamoDb) -> IdentityTable:
    """Return the layer's table on the simulated one."""
    return IdentityTable(cast("Any", dynamodb), "table", history_days=400)


def due_in_turn(names: Sequence[str], turn: int) -> int:
    """Count the identities whose turn it is in the daily rotation."""
    return sum(turn_of(name) == turn % TURNS for name in names)


def no_dns(domains: Mapping[str, Sequence[Question]], known: Mapping[str, DomainProof]) -> Mapping[str, DomainProof]:
    """Answer that the zones could not be asked."""
    return {**known, **{name: DomainProof(name, Answer(Said.FOUND), NOT_ASKED) for name in domains}}


def crashed(region: str, error: BaseException) -> None:
    """End the benchmark: it would measure something else.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(region) from error


def peak_mb() -> float:
    """Return the most memory that this process has had resident, in MB."""
    unit = 1024 if sys.platform == "darwin" else 1
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024, 1)
