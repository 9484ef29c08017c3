"""What people ask of the table, one query each. docs/queries.md has the same questions for the AWS CLI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.model import Severity
from ses_monitor.core.region_state import AccountFacts, RegionState, RunRecord
from ses_monitor.core.stored import Change, Stored
from ses_monitor.store import codec, identity_codec, keys, reading, state_codec
from ses_monitor.store import item as items
from ses_monitor.store.item import Fields
from ses_monitor.store.reading import Partition, Reader, utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """The version of a finding that a channel was told last, and when."""

    channel: str
    version: int
    at: datetime | None


class Queries:
    """Reads the table for people. At most `limit` answers each; an index may lag a write by a moment."""

    def __init__(self, client: DynamoDBClient, name: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._reader = Reader(client, name, clock)

    def open_findings(
        self, *, at_least: Severity | None = None, region: str | None = None, limit: int = LIMIT
    ) -> list[Stored]:
        """Return what is open, the worst first and within a severity the longest open first."""
        partition = Partition(keys.OPEN, index=keys.OPEN_INDEX)
        if at_least is not None:
            condition = f"{keys.OPEN_INDEX}sk < :a"
            partition = Partition(keys.OPEN, condition, keys.just_below(at_least), index=keys.OPEN_INDEX)
        found = map(codec.read_finding, self._reader.items(partition))
        return list(islice((each for each in found if region in {None, each.region}), limit))

    def findings(self, family: str, *, limit: int = LIMIT) -> list[Stored]:
        """Return a family's findings in every phase, those that are over as long as they are kept; by region."""
        partition = Partition(keys.findings(family))
        return [codec.read_finding(item) for item in islice(self._reader.items(partition), limit)]

    def finding(self, region: str, check_id: str, subject: str, tag: str) -> Stored | None:
        """Return one finding in whatever phase it is; None where it is not kept any more."""
        key = keys.finding(region, check_id, subject, tag)
        found = next(self._reader.items(Partition(key.pk, "sk = :a", key.sk)), None)
        return None if found is None else codec.read_finding(found)

    def told(self, channel: str, finding_id: str) -> Told | None:
        """Return what a channel was told last of a finding; None where it was told nothing."""
        key = keys.told(channel, finding_id)
        found = next(self._reader.items(Partition(key.pk, "sk = :a", key.sk)), None)
        if found is None:
            return None
        fields = Fields.of(found)
        return Told(channel, fields.need("version", items.whole), fields.have("told_at", items.time, None))

    def findings_of(self, subject: str, *, limit: int = LIMIT) -> list[Stored]:
        """Return what is open on a subject in any region, by region and check."""
        partition = Partition(keys.subject(subject), index=keys.ENTITY_INDEX)
        return [codec.read_finding(item) for item in islice(self._reader.items(partition), limit)]

    def changes(self, region: str, start: datetime, end: datetime, *, limit: int = LIMIT) -> list[Change]:
        """Return what changed in a region from `start` until before `end`, the last first."""
        between = Partition(
            keys.changes(region),
            "sk BETWEEN :a AND :b",
            keys.moment(start),
            keys.moment(end),
            newest_first=True,
        )
        return [codec.read_change(item) for item in islice(self._reader.items(between), limit)]

    def history(self, finding_id: str, *, limit: int = LIMIT) -> list[Change]:
        """Return how a finding evolved, from its beginning, including the change that replaced it by another tag.

        A change that replaced another (`was_tag`) is the last in the history of that one too.
        """
        partition = Partition(keys.history(finding_id), index=keys.ENTITY_INDEX)
        return [codec.read_change(item) for item in islice(self._reader.items(partition), limit)]

    def runs(self, function: str, *, limit: int = 10) -> list[RunRecord]:
        """Return a function's last runs, the last first: did they run, and what could they not see."""
        found = self._reader.items(reading.runs(function), page_size=limit)
        return [state_codec.read_run(item) for item in islice(found, limit)]

    def regions(self) -> list[RegionState]:
        """Return the verdict matrix: every region's state, by name."""
        return [state_codec.read_region(item) for item in self._reader.items(reading.regions())]

    def account_history(self, region: str, *, limit: int = LIMIT) -> list[AccountFacts]:
        """Return what a region's account looked like each time it changed, the last first."""
        found = self._reader.items(reading.accounts(region))
        return [state_codec.read_account(item) for item in islice(found, limit)]

    def identity(self, name: str, *, limit: int = LIMIT) -> list[IdentityState]:
        """Return an identity's row of the matrix: its state in each region it is in, by region."""
        found = self._reader.items(reading.identity_everywhere(name))
        return [identity_codec.read_identity(item) for item in islice(found, limit)]

    def identities(self, region: str, *, limit: int = LIMIT) -> list[IdentityState]:
        """Return a region's column of the matrix: its identities, by name."""
        found = self._reader.items(reading.identities(region))
        return [identity_codec.read_identity(item) for item in islice(found, limit)]

    def identity_runs(self) -> list[IdentityRun]:
        """Return how far the last audit of identities has come in each region, by region."""
        return [identity_codec.read_run(item) for item in self._reader.items(Partition(keys.IDENTITY_RUNS))]
