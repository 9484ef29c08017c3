"""Outcomes to record, a table in memory that is quick enough for thousands of them, and the ways in which one fails."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ReadTimeoutError

from ses_monitor.core.event import (
    Bounce,
    Complaint,
    Delay,
    Event,
    Format,
    Kind,
    Outcome,
    Recipient,
    Reject,
    Rendering,
    event_id,
)
from ses_monitor.core.mailbox import PlainRecipients, RecipientNames, normal
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.traffic import Notice, NoticeKind, Tally
from ses_monitor.store.feedback_ledger import FeedbackLedger
from tests.store.examples import HISTORY_DAYS, TABLE, Clock, refused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
EVENT_DAYS = 90
TIMED_OUT = ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")
CANCELLED = "TransactionCanceledException"

_TALLIES = {
    Kind.SEND: (Tally.SENDS,),
    Kind.DELIVERY: (Tally.DELIVERIES,),
    Kind.BOUNCE: (Tally.HARD_BOUNCES,),
    Kind.COMPLAINT: (Tally.COMPLAINTS,),
    Kind.REJECT: (Tally.REJECTS,),
    Kind.OPEN: (Tally.OPENS,),
    Kind.CLICK: (Tally.CLICKS,),
    Kind.RENDERING_FAILURE: (Tally.RENDERING_FAILURES,),
    Kind.DELIVERY_DELAY: (Tally.DELAYS_OTHER,),
    Kind.SUBSCRIPTION: (Tally.SUBSCRIPTIONS,),
    Kind.REJECTION: (Tally.REJECTIONS,),
    Kind.OTHER: (Tally.OTHERS,),
}

SEND = Event(
    kind=Kind.SEND,
    type="Send",
    format=Format.EVENT_PUBLISHING,
    message_id="0102019a-1111",
    occurred_at=NOW,
    sent_at=NOW,
    region="eu-west-1",
    identity="shop.example.com",
    account_id="111122223333",
    configuration_set="transactional",
    source="Shop <orders@shop.example.com>",
    subject="Your order",
    recipients=(Recipient("ana@example.org"),),
)
BOUNCE = replace(
    SEND,
    kind=Kind.BOUNCE,
    type="Bounce",
    feedback_id="0102019a-2222",
    occurred_at=NOW + timedelta(seconds=3),
    recipients=(Recipient("Ana@example.org", "5.1.1", "failed", "smtp; 550 5.1.1 no such user"),),
    detail=Bounce("Permanent", "General", "dns; mx.example.org", "192.0.2.7"),
    tags={"campaign": ("spring",)},
    unknown={"bounce.newField": '{"a":1}'},
)
COMPLAINT = replace(
    BOUNCE, kind=Kind.COMPLAINT, type="Complaint", feedback_id="f-c", detail=Complaint("abuse", arrived_at=NOW)
)
DELAY = replace(
    BOUNCE,
    kind=Kind.DELIVERY_DELAY,
    type="DeliveryDelay",
    feedback_id="",
    detail=Delay("MailboxFull", NOW + timedelta(hours=12)),
)
REJECT = replace(
    SEND, kind=Kind.REJECT, type="Reject", recipients=(), detail=Reject("Bad content"), tags={"campaign": ("spring",)}
)
RENDERING = replace(
    SEND,
    kind=Kind.RENDERING_FAILURE,
    type="Rendering Failure",
    detail=Rendering("welcome", "Attribute 'name' is not present in the rendering data.", "name"),
)
REFUSAL = RefusedSend(
    tag="SENDER_VERIFIED_IN_OTHER_REGION",
    subject="shop.example.com",
    text="Email address is not verified. The following identities failed the check in region EU-WEST-1: "
    "orders@shop.example.com",
    code="MessageRejected",
    identity="orders@shop.example.com",
    elsewhere="us-east-1",
    known="shop.example.com is verified in us-east-1.",
    told_by="log",
    origin="/aws/lambda/checkout",
    confidence="high",
)
REFUSED = replace(
    SEND,
    kind=Kind.REJECTION,
    type="Rejection",
    format=Format.TOLD,
    message_id="log-event-1",
    occurred_at=NOW,
    subject="",
    detail=REFUSAL,
)
NOTICE = Notice(
    name="shop.example.com",
    kind=NoticeKind.ADVISOR,
    topic="BOUNCE",
    holds=True,
    at=NOW,
    region="eu-west-1",
    text="The bounce rate of shop.example.com is high.",
    impact="HIGH",
    origin="AWS_MANAGED",
    id="e-1",
    resource="arn:aws:ses:eu-west-1:111122223333:identity/shop.example.com",
    unknown={"detail.newField": "1"},
)


def outcomes_of(event: Event, tallies: tuple[Tally, ...] = (), *, counted: bool = True) -> list[Outcome]:
    """One outcome for each recipient, or one for nobody."""
    recipients: Sequence[Recipient | None] = event.recipients or (None,)
    return [
        Outcome(
            event_id(event, "" if each is None else normal(each.address)),
            event,
            each,
            tallies or _TALLIES[event.kind],
            counted and event.kind in {Kind.BOUNCE, Kind.COMPLAINT},
        )
        for each in recipients
    ]


def outcome_of(event: Event, **other: Any) -> Outcome:
    [outcome] = outcomes_of(replace(event, **other))
    return outcome


def sends(count: int, *, start: datetime = NOW, within: float = 0, kind: Kind = Kind.SEND) -> list[Outcome]:
    """`count` mails, sent evenly within so many seconds."""
    base = replace(SEND, kind=kind, type=kind.value)
    times = [start + timedelta(seconds=within * number / count) for number in range(count)]
    return [outcome_of(base, message_id=f"m-{kind}-{n}", sent_at=at, occurred_at=at) for n, at in enumerate(times)]


def ledger_on(
    client: DynamoDBClient | Any,
    names: RecipientNames | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
    sleep: Callable[[float], None] = lambda _: None,
) -> FeedbackLedger:
    return FeedbackLedger(
        client,
        TABLE,
        names or PlainRecipients(),
        event_days=EVENT_DAYS,
        history_days=HISTORY_DAYS,
        clock=clock or Clock(NOW),
        sleep=sleep,
    )


Item = Mapping[str, Any]
Content = dict[tuple[str, str], Any]


def content(items: Sequence[Item]) -> Content:
    """What a table holds, packs as their marks: how marks lie in a chain depends on the order of batches.

    No mark may be in a chain twice. Of the one record an hour of refused sends only what all alike have is told: which
    of them it shows may depend on who was last.
    """
    found: Content = {}
    for item in items:
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        if not pk.startswith("SEEN#"):
            found[pk, sk] = {name: value for name, value in item.items() if name not in {"pk", "sk"}}
            if item.get("kind") == {"S": "Rejection"}:
                detail = item["detail"]["M"]
                found[pk, sk] = {"id": item["id"], "tag": detail["tag"], "subject": detail["subject"]}
            continue
        marks = item["marks"]["B"]
        seen = found.setdefault((pk, ""), set())
        its = {marks[at : at + 12] for at in range(0, len(marks), 12)}
        assert len(its) * 12 == len(marks) <= 12_000
        assert not its & seen
        seen |= its
    for key, marks in found.items():
        if key[0].startswith("SEEN#"):
            # Told without its configuration set first, an event has both of its marks, else one: which is no matter.
            found[key] = {min(mark, bytes([mark[0] ^ 0xFF]) + mark[1:]) for mark in marks}
    return found


def counted(table: Content) -> dict[tuple[str, str], dict[str, int]]:
    """The counters of a table, by key."""
    tallies = {tally.value for tally in Tally}
    return {
        key: {name: int(value["N"]) for name, value in values.items() if name in tallies}
        for key, values in table.items()
        if key[0].startswith("COUNTS#")
    }


def expected_counts(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], dict[str, int]]:
    """What the counters are by the words of the design, worked out another way."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for outcome in {each.id: each for each in outcomes}.values():
        event = outcome.event
        hour = event.occurred_at.strftime("%Y-%m-%dT%H:00Z")
        owners = ["account#account", f"identity#{event.identity}", f"configuration_set#{event.configuration_set}"]
        for tally in outcome.tallies:
            for owner in owners:
                if not owner.endswith("#"):
                    sums[f"COUNTS#{event.region}#{owner}", hour, tally.value] += 1
            if tally is Tally.RENDERING_FAILURES and isinstance(event.detail, Rendering):
                sums[f"COUNTS#{event.region}#template#{event.detail.template}", hour, tally.value] += 1
            if tally is Tally.REJECTIONS and isinstance(event.detail, RefusedSend):
                owner = f"COUNTS#{event.region}#rejection#{event.detail.subject}"
                sums[owner, f"{hour}#{event.detail.tag}", tally.value] += 1
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (pk, sk, tally_name), count in sums.items():
        found.setdefault((pk, sk), {})[tally_name] = count
    return found


class MemoryTable:
    """The few operations of DynamoDB that a ledger uses, in memory: all of a transaction or nothing of it."""

    def __init__(self, page_size: int = 100) -> None:
        self.table: dict[tuple[str, str], dict[str, Any]] = {}
        self.transactions: list[Sequence[Mapping[str, Any]]] = []
        self._page_size = page_size
        self._lock = threading.Lock()

    def items(self) -> list[Item]:
        return list(self.table.values())

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        actions = [next(iter(each.items())) for each in TransactItems]
        places = [_place(action["Item"] if verb == "Put" else action["Key"]) for verb, action in actions]
        assert 1 <= len(set(places)) == len(places) <= 100, "DynamoDB takes no more, and none twice"
        with self._lock:
            held = [_holds(action, self.table.get(at)) for (_, action), at in zip(actions, places, strict=True)]
            if not all(held):
                error = refused(CANCELLED, *(None if each else "ConditionalCheckFailed" for each in held))
                reasons: Any = error.response["CancellationReasons"]
                for reason, (_, action), at, holds in zip(reasons, actions, places, held, strict=True):
                    if not holds and "ReturnValuesOnConditionCheckFailure" in action and at in self.table:
                        reason["Item"] = self.table[at]
                raise error
            for (verb, action), at in zip(actions, places, strict=True):
                self.table[at] = dict(action["Item"]) if verb == "Put" else _updated(action, self.table.get(at))
            self.transactions.append(TransactItems)
        return {}

    def query(self, **request: Any) -> dict[str, Any]:
        assert request["KeyConditionExpression"] == "pk = :pk"
        assert request["ConsistentRead"]
        pk = request["ExpressionAttributeValues"][":pk"]["S"]
        after = request.get("ExclusiveStartKey", {"sk": {"S": ""}})["sk"]["S"]
        with self._lock:
            places = sorted(at for at in self.table if at[0] == pk and at[1] > after)
            page = [dict(self.table[at]) for at in places[: self._page_size]]
        more = {"LastEvaluatedKey": {"pk": {"S": pk}, "sk": page[-1]["sk"]}} if len(places) > self._page_size else {}
        return {"Items": page, **more}


def _place(key: Item) -> tuple[str, str]:
    assert key["pk"]["S"]
    assert key["sk"]["S"]
    return key["pk"]["S"], key["sk"]["S"]


def _holds(action: Mapping[str, Any], item: Mapping[str, Any] | None) -> bool:
    values = action.get("ExpressionAttributeValues", {})
    match action.get("ConditionExpression"):
        case None:
            return True
        case "attribute_not_exists(pk)":
            return item is None
        case "attribute_exists(pk) AND attribute_not_exists(configuration_set)":
            return item is not None and "configuration_set" not in item
        case "revision = :revision":
            return item is not None and item["revision"] == values[":revision"]
        case "attribute_not_exists(#last) OR #last <= :last":
            return item is None or "last" not in item or item["last"]["S"] <= values[":last"]["S"]
        case other:
            raise AssertionError(other)


def _updated(action: Mapping[str, Any], item: Mapping[str, Any] | None) -> dict[str, Any]:
    names, values = action["ExpressionAttributeNames"], action["ExpressionAttributeValues"]
    match = re.fullmatch(r"ADD (.+) SET (.+)", action["UpdateExpression"])
    assert match
    after = dict(item or action["Key"])
    for each in match[1].split(", "):
        name, value = each.split(" ")
        before = int(after.get(names[name], {"N": "0"})["N"])
        after[names[name]] = {"N": str(before + int(values[value]["N"]))}
    for each in match[2].split(", "):
        name, value = each.split(" = ")
        after[names[name]] = values[value]
    assert names.keys() == set(re.findall(r"#\w+", action["UpdateExpression"])), "DynamoDB refuses names nobody uses"
    assert values.keys() >= set(re.findall(r":\w+", action["UpdateExpression"]))
    return after


class KilledError(BaseException):
    """The function is gone in the midst of its work, as nothing in it could tell."""


class Weather:
    """A client of a table far away: before or after each operation something may go wrong, so many times in all."""

    def __init__(
        self, client: Any, random: Random, *, faults: int, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """`meanwhile` is what others do between two operations of ours."""
        self._client = client
        self._random = random
        self._faults = faults
        self._meanwhile = meanwhile

    def _spoiled(self, operation: Callable[..., Any], request: Mapping[str, Any], busy: Sequence[Exception]) -> Any:
        self._meanwhile()
        fault = self._random.choice(["busy", "before", "after", "killed before", "killed after", "", ""])
        if not fault or self._faults <= 0:
            return operation(**request)
        self._faults -= 1
        if fault == "busy":
            raise self._random.choice(busy)
        if "after" in fault:
            operation(**request)
        if "killed" in fault:
            raise KilledError
        raise TIMED_OUT

    def transact_write_items(self, **request: Any) -> Any:
        count = len(request["TransactItems"])
        reasons: list[str | None] = [None] * count
        reasons[self._random.randrange(count)] = self._random.choice(["TransactionConflict", "ThrottlingError"])
        busy = [refused(CANCELLED, *reasons), refused("ThrottlingException"), refused("TransactionInProgressException")]
        return self._spoiled(self._client.transact_write_items, request, busy)

    def query(self, **request: Any) -> Any:
        return self._spoiled(self._client.query, request, [refused("ProvisionedThroughputExceededException")])


def size_of(item: Item) -> int:
    """Bytes of an item, nearly as DynamoDB counts them."""
    size = 0
    pending: list[Any] = [item]
    while pending:
        each = pending.pop()
        if isinstance(each, Mapping):
            size += sum(len(name.encode()) + 3 for name in each)
            pending += each.values()
        elif isinstance(each, list):
            pending += each
        else:
            size += len(each.encode()) if isinstance(each, str) else len(each) if isinstance(each, bytes) else 1
    return size
