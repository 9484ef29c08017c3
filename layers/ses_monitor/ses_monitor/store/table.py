"""What the audits write, each write guarded by what it is based on, so that two runs at once record one change."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RegionState, RunRecord
from ses_monitor.core.settle import Recorded, Settlement, Write
from ses_monitor.core.stored import Baseline, Change, Stored
from ses_monitor.store import codec, keys, reading, state_codec
from ses_monitor.store.item import to_attribute
from ses_monitor.store.mutes import Mutes
from ses_monitor.store.reading import Partition, Reader, utc_now
from ses_monitor.store.sameness import same_account, same_to_people

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        DeleteTypeDef,
        PutTypeDef,
        TransactWriteItemTypeDef,
    )

ATTEMPTS = 4
"""For a transaction that ran into another one. Standard retries do not cover that: the other one is over in
milliseconds, and then either our guard fails (it recorded the same) or we get through."""

_ABSENT = "attribute_not_exists(pk) OR expires_at < :now"
_UNCHANGED = "#version = :version"


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of saving a settlement: the changes recorded by us, and the writes another run was before us with."""

    recorded: tuple[Change, ...]
    conflicts: int


class Table:
    """The table as the audits use it.

    The client should retry throttling and server errors itself (`Config(retries={"mode": "standard"})`): what it
    then still raises is raised from here as it is. `history_days` is how long what is over is kept.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        history_days: int,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._name = name
        self._history_days = history_days
        self._clock = clock
        self._sleep = sleep
        self._reader = Reader(client, name, clock)
        self._mutes = Mutes(client, name, clock=clock)

    def findings(self, family: str, region: str | None = None) -> list[Stored]:
        """Return a family's findings in every phase, of one region or of all; strongly consistent.

        Raises UnreadableItemError for an item that cannot be read: left out it would pass for resolved.
        """
        pk = keys.findings(family)
        partition = Partition(pk) if region is None else Partition(pk, "begins_with(sk, :a)", f"{region}#")
        return [codec.read_finding(item) for item in self._reader.items(partition)]

    def findings_about(self, check_id: str, region: str, subject: str) -> list[Stored]:
        """Return what one check left stored of one subject, in every phase; strongly consistent.

        Raises UnreadableItemError for an item that cannot be read.
        """
        # The key of a subject is the beginning of that of another, whose name goes on with a #.
        place = Partition(
            keys.findings(keys.family_of(check_id)), "begins_with(sk, :a)", f"{region}#{check_id}#{keys.name(subject)}#"
        )
        found = [codec.read_finding(item) for item in self._reader.items(place)]
        return [stored for stored in found if stored.subject == subject]

    def save(self, settlement: Settlement) -> Saved:
        """Record each change with its states in one transaction, then the quiet writes, then the deletions.

        A write whose guard fails was recorded by another run: it is counted, and neither raised nor repeated.
        Raises UnstorableError for a subject longer than any SES knows, and what the client raises; what was
        recorded before that stays, and settling again records the rest.
        """
        recorded: list[Change] = []
        conflicts = 0
        for each in settlement.changes:
            if self._record(each):
                recorded.append(each.change)
            else:
                conflicts += 1
        for write in settlement.quiet:
            conflicts += not self._guarded(partial(self._client.put_item, **self._put(write)))
        for stored in settlement.forget:
            conflicts += not self._guarded(partial(self._client.delete_item, **self._delete(stored)))
        return Saved(tuple(recorded), conflicts)

    def save_baseline(self, baseline: Baseline) -> bool:
        """Store the summary of a first audit; tell whether it was not there yet. The same is never told twice."""
        item = codec.baseline_item(baseline, self._history_days)
        guard = "attribute_not_exists(pk)"
        put = partial(self._client.put_item, TableName=self._name, Item=item, ConditionExpression=guard)
        return self._guarded(put)

    def region_states(self) -> dict[str, RegionState]:
        """Return every region's state by its name; strongly consistent."""
        states = (state_codec.read_region(item) for item in self._reader.items(reading.regions()))
        return {state.region: state for state in states}

    def save_region_state(self, state: RegionState, before: RegionState | None) -> bool:
        """Store a region's state as the successor of `before`; the revision is counted here.

        Return False where another run has stored one since `before` was read; then nothing is written. Nothing
        is written either, but True returned, where people would see no difference: the verdict, its `since`,
        its causes (tag, severity, subject; the text too where the cause is blindness), each account fact (the
        count sent today in steps of 5 % of the quota), the memory, the hourly facts and the baselined audits
        are the same, and the stored facts were seen less than an hour before the new ones.
        """
        revision = 0 if before is None else before.revision
        if before is not None and revision and same_to_people(state, before):
            return True
        item = state_codec.region_item(replace(state, revision=revision + 1))
        return self._guarded(partial(self._client.put_item, **self._guard_revision(item, revision)))

    def delete_region_state(self, region: str) -> None:
        """Forget the state of a region that is audited no more; its changes and its account's history stay."""
        self._client.delete_item(TableName=self._name, Key=_key(keys.region(region)))

    def save_account_snapshot(self, region: str, facts: AccountFacts, before: AccountFacts | None = None) -> bool:
        """Add to the history of a region's account if it differs from the last look there; tell whether it did.

        The count sent today differs from 5 % of the quota on: a slow rise is added in steps, hovering around one
        is not. `before` is what the region's state had: the same again was compared when it was new, and costs
        no read.
        """
        if before is not None and replace(facts, seen_at=before.seen_at) == before:
            return False
        last = next(self._reader.items(reading.accounts(region), page_size=1), None)
        if last is not None and same_account(facts, state_codec.read_account(last)):
            return False
        item = state_codec.account_item(region, facts, self._history_days)
        self._client.put_item(TableName=self._name, Item=item)
        return True

    def mutes(self, now: datetime) -> list[Mute]:
        """Return the mutes in force at `now`.

        One that cannot be read (edited by hand, say) is left out and logged: told too much beats no audit at all.
        """
        return self._mutes.in_force(now)

    def save_mute(self, mute: Mute) -> None:
        """Store a mute, or replace the one of the same id. Raises UnstorableError for a pattern beyond 2 KB."""
        self._mutes.save(mute)

    def delete_mute(self, mute_id: str) -> bool:
        """Delete a mute; tell whether there was one."""
        return self._mutes.delete(mute_id)

    def save_run(self, run: RunRecord) -> None:
        """Store the record of a run; saved again (started, then done) it replaces itself."""
        self._client.put_item(TableName=self._name, Item=state_codec.run_item(run))

    def runs(self, function: str, limit: int) -> list[RunRecord]:
        """Return a function's last runs, the last first."""
        found = self._reader.items(reading.runs(function), page_size=limit)
        return [state_codec.read_run(item) for item in islice(found, limit)]

    def _record(self, recorded: Recorded) -> bool:
        puts: list[TransactWriteItemTypeDef] = [{"Put": self._put(write)} for write in recorded.writes]
        for item in codec.change_items(recorded.change, self._history_days):
            guard = "attribute_not_exists(pk)"
            puts.append({"Put": {"TableName": self._name, "Item": item, "ConditionExpression": guard}})
        return self._guarded(partial(self._client.transact_write_items, TransactItems=puts))

    def _put(self, write: Write) -> PutTypeDef:
        item = codec.finding_item(write.after, self._history_days)
        if write.before is None:
            return {
                "TableName": self._name,
                "Item": item,
                "ConditionExpression": _ABSENT,
                "ExpressionAttributeValues": {":now": to_attribute(codec.epoch(self._clock()))},
            }
        return {
            "TableName": self._name,
            "Item": item,
            "ConditionExpression": _UNCHANGED,
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": to_attribute(write.before.version)},
        }

    def _delete(self, stored: Stored) -> DeleteTypeDef:
        return {
            "TableName": self._name,
            "Key": _key(keys.finding(stored.region, stored.check_id, stored.subject, stored.tag)),
            "ConditionExpression": _UNCHANGED,
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": to_attribute(stored.version)},
        }

    def _guard_revision(self, item: state_codec.Item, revision: int) -> PutTypeDef:
        if not revision:
            return {"TableName": self._name, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        return {
            "TableName": self._name,
            "Item": item,
            "ConditionExpression": "revision = :revision",
            "ExpressionAttributeValues": {":revision": to_attribute(revision)},
        }

    def _guarded(self, write: Callable[[], object]) -> bool:
        """Write, and tell whether the guards held. What ran into another transaction is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                write()
            except ClientError as error:
                reasons = _reasons(error)
                if "ConditionalCheckFailed" in reasons:
                    return False
                if attempt == ATTEMPTS or not reasons or not reasons <= _PASSING:
                    raise
                self._sleep(0.05 * 2**attempt * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
            else:
                return True
        return False


_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


def _reasons(error: ClientError) -> set[str]:
    """Return why DynamoDB refused a guarded write, in the words of a cancelled transaction; empty: other reasons."""
    code = error.response.get("Error", {}).get("Code", "")
    if code == "TransactionCanceledException":
        reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment] # a member of this error alone
        return {reason.get("Code", "None") for reason in reasons} - {"None"}
    single = {"ConditionalCheckFailedException", "TransactionConflictException"}
    return {code.removesuffix("Exception")} if code in single else set()


def _key(key: keys.Key) -> dict[str, AttributeValueTypeDef]:
    return {"pk": to_attribute(key.pk), "sk": to_attribute(key.sk)}
