"""Feedback, recorded exactly once: however often, in whichever order and by how many at once it is told."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from ses_monitor.core.event import Outcome
from ses_monitor.core.kept import Recorded, Unparsed
from ses_monitor.core.mailbox import RecipientNames
from ses_monitor.core.traffic import Notice
from ses_monitor.store import keys
from ses_monitor.store.feedback_codec import notice_item, unparsed_item
from ses_monitor.store.feedback_counters import Place
from ses_monitor.store.feedback_packs import Chain, read_chain
from ses_monitor.store.feedback_plan import Entry, Plan, entries_of, in_transactions
from ses_monitor.store.item import UnreadableItemError
from ses_monitor.store.reading import utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 8
"""For a transaction that met others, or a table that is busy, beyond what the client itself tried."""
LONGEST_PAUSE = 1.0
MOST_TROUBLES = 2
"""After so many transactions that failed for no fault of theirs, the rest of a batch is not tried: the queue has it."""
MOST_REFUSALS = 40
"""After so many transactions refused as invalid, no more are halved to find what is wrong in them."""


class FeedbackLedger:
    """Writes what SES told. The client should retry throttling and server errors itself, a few times.

    `event_days` is how long a record is kept, `history_days` how long counters are.
    """

    def __init__(  # noqa: PLR0913 - two lives and two seams for tests, all by name
        self,
        client: DynamoDBClient,
        table_name: str,
        names: RecipientNames,
        *,
        event_days: int,
        history_days: int,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._name = table_name
        self._names = names
        self._event_days = event_days
        self._history_days = history_days
        self._clock = clock
        self._sleep = sleep

    def record(self, outcomes: Sequence[Outcome]) -> Recorded:
        """Record each outcome with what it counts, unless it was recorded before.

        What DynamoDB, or the way to it, refuses is not raised: it is in `failed`, and may be recorded again later.
        """
        now = self._clock()
        entries = entries_of(outcomes, self._names, now, event_days=self._event_days, history_days=self._history_days)
        recording = _Recording(self._client, self._name, now, self._sleep)
        for group in in_transactions(entries):
            recording.write(group)
        return Recorded(frozenset(recording.new), frozenset(recording.duplicates), recording.failed)

    def note(self, notice: Notice) -> bool:
        """Store what AWS said, unless something as new is there on that topic; tell whether it was news.

        Raises what the client raises.
        """
        item = notice_item(notice, self._clock())
        try:
            self._client.put_item(
                TableName=self._name,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #at < :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"S": keys.moment(notice.at)}},
            )
        except ClientError as error:
            if _code(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def unparsed(self, message_id: str, reason: str, excerpt: str, received_at: datetime) -> None:
        """Store that a message could not be read; told again it replaces itself. Raises what the client raises."""
        item = unparsed_item(Unparsed(message_id, received_at, reason, excerpt), self._clock())
        self._client.put_item(TableName=self._name, Item=item)


_TROUBLES = (ClientError, BotoCoreError, ResponseParserError)


@dataclass(slots=True)
class _Recording:
    """One call of `record`."""

    client: DynamoDBClient
    table: str
    now: datetime
    sleep: Callable[[float], None]
    new: set[str] = field(default_factory=set)
    duplicates: set[str] = field(default_factory=set)
    failed: dict[str, Exception] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    troubles: int = 0
    refusals: int = 0
    last_trouble: Exception | None = None

    def write(self, group: Sequence[Entry]) -> None:
        """Write what fits into one transaction; whatever comes of it, each entry is new, a duplicate, or failed."""
        later: set[Place] = set()
        attempt = 0
        while group := self._unseen(group):
            plan = Plan(self.table, group, self.chains, self.now, later)
            try:
                self.client.transact_write_items(TransactItems=plan.actions)
            except _TROUBLES as error:
                refusal = _Refusal.of(error)
                self._forget(plan, refusal)
                attempt += refusal.is_busy(plan)
                if refusal.invalid:
                    self._halve(group, error)
                    return
                group = self._without_duplicates(plan, refusal, later)
                if refusal.unexplained or attempt == ATTEMPTS:
                    self._give_up(group, error)
                    return
                if refusal.is_busy(plan):
                    self._pause(attempt)
            else:
                self._done(plan)
                return

    def _unseen(self, group: Sequence[Entry]) -> list[Entry]:
        """Return those whose marks are not there yet; note the others, and those that nobody can tell it of."""
        kept: list[Entry] = []
        unreadable: dict[str, Exception] = {}
        for entry in group:
            if self.last_trouble is not None and self.troubles >= MOST_TROUBLES:
                self.failed[entry.id] = self.last_trouble
                continue
            if entry.record is None:
                chain = self._chain(entry.bucket, unreadable)
                if chain is None:
                    self.failed[entry.id] = unreadable[entry.bucket]
                    continue
                if entry.mark in chain.seen or (not entry.named and entry.named_mark in chain.seen):
                    self.duplicates.add(entry.id)
                    continue
                if entry.unnamed in chain.seen:
                    kept.append(entry.for_its_set())
                    continue
            kept.append(entry)
        return kept

    def _chain(self, bucket: str, unreadable: dict[str, Exception]) -> Chain | None:
        if bucket in self.chains or bucket in unreadable:
            return self.chains.get(bucket)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.chains[bucket] = read_chain(self.client, self.table, bucket)
            except UnreadableItemError as error:
                unreadable[bucket] = error
                return None
            except _TROUBLES as error:
                unreadable[bucket] = error
                if attempt == ATTEMPTS or _code(error) not in _BUSY:
                    self._note_trouble(error)
                    return None
                self._pause(attempt)
            else:
                return self.chains[bucket]
        return None

    def _done(self, plan: Plan) -> None:
        for entry in plan.entries:
            (self.duplicates if entry.told_unnamed else self.new).add(entry.id)
        for bucket, marks in plan.marks.items():
            self.chains[bucket].was_put(marks)

    def _forget(self, plan: Plan, refusal: _Refusal) -> None:
        """Have the packs read again that another was before us with, or that we have written for all we know."""
        lost = plan.buckets if not refusal.cancelled else [plan.behind(index) for index in refusal.guards]
        for bucket in lost:
            if isinstance(bucket, str):
                self.chains.pop(bucket, None)

    def _without_duplicates(self, plan: Plan, refusal: _Refusal, later: set[Place]) -> list[Entry]:
        """Return the entries whose record was not there; note the others, and which counters show `later` details."""
        there: dict[str, Entry | None] = {}
        for index in refusal.guards:
            behind = plan.behind(index)
            if isinstance(behind, Entry):
                lacks_set = behind.named and not behind.told_unnamed and not refusal.has(index, "configuration_set")
                there[behind.id] = behind.for_its_set() if lacks_set else None
            elif isinstance(behind, tuple):
                later.add(behind)
        self.duplicates.update(name for name, left in there.items() if left is None)
        remaining = (there.get(entry.id, entry) for entry in plan.entries)
        return [entry for entry in remaining if entry is not None]

    def _halve(self, group: Sequence[Entry], error: Exception) -> None:
        """Find what is invalid, so that it costs itself alone."""
        self.refusals += 1
        if len(group) == 1 or self.refusals > MOST_REFUSALS:
            self.failed.update((entry.id, error) for entry in group)
            return
        half = len(group) // 2
        self.write(group[:half])
        self.write(group[half:])

    def _give_up(self, group: Iterable[Entry], error: Exception) -> None:
        self._note_trouble(error)
        self.failed.update((entry.id, error) for entry in group)

    def _note_trouble(self, error: Exception) -> None:
        self.troubles += 1
        self.last_trouble = error

    def _pause(self, attempt: int) -> None:
        self.sleep(min(LONGEST_PAUSE, 0.025 * 2**attempt) * (0.5 + random.random()))  # noqa: S311 - jitter, no secret


_BUSY = {
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
    "TransactionConflictException",
    # As reasons of a cancelled transaction:
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
}
_INVALID = {"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded", "SerializationException"}
_GUARD = "ConditionalCheckFailed"


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a transaction was not done, or (not `cancelled`) why nobody may know whether it was."""

    cancelled: bool = False
    guards: tuple[int, ...] = ()
    """The actions whose conditions did not hold."""
    busy: bool = False
    invalid: bool = False
    there: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """What was there where a guard did not hold, as far as DynamoDB said it."""

    def has(self, index: int, attribute: str) -> bool:
        """Tell whether what is there has an attribute; False also where DynamoDB did not say what is there."""
        return attribute in self.there.get(index, {})

    @property
    def unexplained(self) -> bool:
        """Whether it is for none of the reasons that we know how to live with."""
        return not (self.guards or self.busy or self.invalid)

    def is_busy(self, plan: Plan) -> bool:
        """Tell whether to wait: for others, or because one was before us with a pack."""
        return self.busy or any(isinstance(plan.behind(index), str) for index in self.guards)

    @classmethod
    def of(cls, error: Exception) -> _Refusal:
        code = _code(error)
        if code != "TransactionCanceledException":
            return cls(busy=code in _BUSY, invalid=code in _INVALID or isinstance(error, ParamValidationError))
        answer: dict[str, Any] = getattr(error, "response", {})
        reasons: list[dict[str, Any]] = answer.get("CancellationReasons", [])
        codes = [reason.get("Code") or "None" for reason in reasons]
        return cls(
            cancelled=True,
            guards=tuple(index for index, each in enumerate(codes) if each == _GUARD),
            busy=not _BUSY.isdisjoint(codes),
            invalid=not _INVALID.isdisjoint(codes),
            there={index: reason["Item"] for index, reason in enumerate(reasons) if reason.get("Item")},
        )


def _code(error: Exception) -> str:
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
