"""Findings, changes and states to store, each healthy by default and changed one field at a time by the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from ses_monitor.core.check import Step
from ses_monitor.core.identity import IdentityKind, IdentityMemory
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RegionState, RunRecord, Unseen
from ses_monitor.core.settle import Recorded, Settlement, Write
from ses_monitor.core.stored import Change, Phase, Stored, Transition
from ses_monitor.core.verdict import Cause, Verdict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 18, 9, 5, tzinfo=UTC)
TABLE = "table-under-test"
HISTORY_DAYS = 400


SESSION = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")
"""One for all: it keeps the service's model, which is slow to load."""


def connect(config: Config | None = None) -> DynamoDBClient:
    return SESSION.client("dynamodb", config=config)


class Clock:
    """A clock that only moves when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


def create_table(client: DynamoDBClient, name: str = TABLE) -> None:
    strings = ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in strings],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": f"{index}pk", "KeyType": "HASH"},
                    {"AttributeName": f"{index}sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index in ("gsi1", "gsi2")
        ],
    )


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


STEPS = (
    Step("Find out who paused it", command="aws sesv2 get-account --region eu-west-1", url="https://example.com/a"),
    Step("Then switch sending on again."),
)

OPEN = Stored(
    region="eu-west-1",
    check_id="account.sending_enabled",
    subject="account",
    tag="SENDING_PAUSED",
    severity=Severity.CRITICAL,
    phase=Phase.OPEN,
    version=milliseconds(NOW),
    seen=0,
    absent=0,
    first_seen=NOW,
    opened_at=NOW,
    written_at=NOW,
    text="Sending is paused in eu-west-1.",
    cause="Somebody switched it off.",
    steps=STEPS,
    evidence={"status": "PAUSED", "rate": 0.05, "count": 3, "seen_before": True},
)
WATCHED = replace(OPEN, phase=Phase.WATCHED, opened_at=None, seen=1)
RESOLVED = replace(OPEN, phase=Phase.RESOLVED)

ACCOUNT = AccountFacts(
    seen_at=NOW,
    production_access=True,
    sending_enabled=True,
    enforcement="HEALTHY",
    review_status="GRANTED",
    max_24_hours=50_000.0,
    max_per_second=14.0,
    sent_last_24_hours=10_000.0,
    suppressed_reasons=("BOUNCE", "COMPLAINT"),
)
STATE = RegionState(
    region="eu-west-1",
    verdict=Verdict.BLOCKED,
    verdict_since=NOW,
    causes=(Cause("SENDING_PAUSED", Severity.CRITICAL, "account", "Sending is paused in eu-west-1."),),
    account=ACCOUNT,
    baselined=frozenset({"audit_accounts"}),
)
IDENTITY = IdentityState(
    region="eu-west-1",
    name="shop.example.com",
    kind=IdentityKind.DOMAIN,
    verification_status="SUCCESS",
    dkim_status="SUCCESS",
    dkim_signing=True,
    mail_from_domain="bounce.shop.example.com",
    mail_from_status="SUCCESS",
    forwarding=False,
    dkim_origin="AWS_SES",
    hosted_zone="dkim.amazonses.com",
    configuration_set="transactional",
    memory=IdentityMemory(first_seen=NOW, verification_since=NOW),
    prints={"dkim": "0123456789ab"},
    looked_at=True,
)
MUTE = Mute(
    mute_id="m-1",
    owner="ana",
    reason="migration",
    expires_at=NOW + timedelta(days=2),
    tag="SUPPRESSION_OFF",
    region="us-east-1",
    subject="*.example.com",
)
RUN = RunRecord(
    function="audit_accounts",
    started_at=NOW,
    duration_ms=2140,
    regions=("eu-west-1", "us-east-1"),
    skipped=(),
    unseen=(Unseen("account.quota", "us-east-1", "account", "throttled", "ThrottlingException: Rate exceeded"),),
    changes=1,
    conflicts=0,
    complete=True,
)


def change_of(stored: Stored, transition: Transition = Transition.OPENED, **other: Any) -> Change:
    values: dict[str, Any] = {
        "account_id": "123456789012",
        "region": stored.region,
        "check_id": stored.check_id,
        "subject": stored.subject,
        "tag": stored.tag,
        "severity": stored.severity,
        "transition": transition,
        "version": stored.version,
        "at": stored.written_at,
        "since": stored.opened_at or stored.first_seen,
        "text": stored.text,
        "cause": stored.cause,
        "steps": stored.steps,
        "evidence": stored.evidence,
    }
    return Change(**(values | other))


def opening(stored: Stored, before: Stored | None = None) -> Recorded:
    return Recorded(change_of(stored), (Write(before, stored),))


def resolving(stored: Stored, at: datetime) -> Recorded:
    after = replace(stored, phase=Phase.RESOLVED, version=milliseconds(at), written_at=at)
    return Recorded(change_of(after, Transition.RESOLVED), (Write(stored, after),))


def replacing(was: Stored, now: Stored, before: Stored | None = None) -> Recorded:
    at = now.written_at
    closed = replace(was, phase=Phase.RESOLVED, version=milliseconds(at), written_at=at)
    transition = Transition.EASED if now.severity < was.severity else Transition.WORSENED
    change = change_of(now, transition, was_tag=was.tag, was_severity=was.severity)
    return Recorded(change, (Write(before, now), Write(was, closed)))


def settlement(*changes: Recorded, quiet: tuple[Write, ...] = (), forget: tuple[Stored, ...] = ()) -> Settlement:
    return Settlement(changes, quiet, forget)


def raw(client: DynamoDBClient, prefix: str = "", table: str = TABLE) -> list[Mapping[str, Any]]:
    """Everything under partitions that begin with `prefix`. A scan: tests may."""
    pages = client.get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"] if item["pk"]["S"].startswith(prefix)]


def refused(code: str, *reasons: str | None) -> ClientError:
    """What boto3 raises for `code`; `reasons` are those of a cancelled transaction."""
    response: dict[str, Any] = {"Error": {"Code": code, "Message": "made up"}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason or "None"} for reason in reasons]
    return ClientError(response, "made up")  # type: ignore[arg-type] # CancellationReasons is a member of this error alone


@dataclass
class Fault:
    """One thing that goes wrong, before the request or (`after`) once it is done and its answer is lost."""

    error: Exception | None
    after: bool = False


class FaultyClient:
    """The real client, but each operation first takes its next fault, if there is one."""

    def __init__(self, client: DynamoDBClient, **faults: list[Fault | None]) -> None:
        self._client = client
        self._faults: dict[str, Iterator[Fault | None]] = {name: iter(each) for name, each in faults.items()}
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def call(**request: Any) -> Any:
            self.calls.append(name)
            fault = next(self._faults.get(name, iter(())), None)
            if fault is not None and fault.error is not None and not fault.after:
                raise fault.error
            answer = operation(**request)
            if fault is not None and fault.error is not None:
                raise fault.error
            return answer

        return call


class HalfDone:
    """Leaves all keys but the first of each batch undone, `times` times."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        whole = RequestItems[TABLE]
        if self._times == 0 or len(whole["Keys"]) == 1:
            return self._client.batch_get_item(RequestItems=RequestItems)
        self._times -= 1
        first = self._client.batch_get_item(RequestItems={TABLE: {**whole, "Keys": whole["Keys"][:1]}})
        return {**first, "UnprocessedKeys": {TABLE: {**whole, "Keys": whole["Keys"][1:]}}}
