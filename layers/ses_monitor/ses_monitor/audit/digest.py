"""The daily digest: read from the table alone what the day came to, and have it published once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from ses_monitor.audit.overdue import is_overdue
from ses_monitor.core.digest import AUDITS, DAY, Day, Digest, digest_of
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import RegionState, RunRecord
from ses_monitor.core.stored import Change, Stored
from ses_monitor.core.traffic import HOUR, CountedBy, Counts, Tally
from ses_monitor.core.verdict import Verdict

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

FUNCTION = "audit_accounts"
MOST_READ = 20_000
"""Open findings, and changes in a region: beyond it the digest counts too few, and names the worst all the same."""
MOST_RUNS = 300
"""A day of audits every five minutes is 288."""
RECENT_RUNS = 10
"""Runs that say how often audits start at present."""
LATEST = timedelta(hours=12)
"""How late a digest may be: its schedule tries for 1 h, and Lambda keeps an event for at most 6 h.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
"""
EARLIEST = timedelta(minutes=5)
"""How far our clock may be behind the schedule's."""

T = TypeVar("T")


class Reading(Protocol):
    """What a digest asks of the table; `store.queries.Queries`."""

    def open_findings(self, *, limit: int) -> list[Stored]:
        """Return what is open, the worst first."""

    def changes(self, region: str, start: datetime, end: datetime, *, limit: int) -> list[Change]:
        """Return what changed in a region, the last first."""

    def runs(self, function: str, *, limit: int) -> list[RunRecord]:
        """Return a function's last runs, the last first."""

    def regions(self) -> list[RegionState]:
        """Return the verdict matrix."""

    def identity_runs(self) -> list[IdentityRun]:
        """Return how far the last audit of identities has come in each region."""


class Muting(Protocol):
    """Who knows the mutes; `store.table.Table`."""

    def mutes(self, now: datetime) -> Sequence[Mute]:
        """Return the mutes in force."""


class Counting(Protocol):
    """Who knows the counters; `store.feedback_reads.FeedbackReads`."""

    def counters(
        self, region: str, counted_by: CountedBy, name: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Counts]]:
        """Return what was counted in each hour."""


class Publishing(Protocol):
    """Where a digest goes; `alerts.digest_topic.DigestTopic`."""

    def publish(self, digest: Digest, now: datetime) -> bool:
        """Publish it unless that day's was published before; tell whether it was now."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who answers for each part of the table."""

    reading: Reading
    muting: Muting
    counting: Counting


@dataclass(slots=True)
class _Asked:
    """Answers of the table, and the parts it gave none for: a digest without them beats none at all."""

    not_read: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def ask(self, part: str, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - whatever it is, the digest says first that this could not be read
            self.not_read.append(part)
            self.errors.append(f"{part}: {error!r}"[:300])
            return None

    def rows(self, part: str, call: Callable[[], Sequence[T]]) -> Sequence[T]:
        return self.ask(part, call) or ()


@dataclass(frozen=True, slots=True)
class Told:
    """What one run of the digest came to. `errors` say what of the table could not be read, and why."""

    digest: Digest
    published: bool
    errors: tuple[str, ...]


def ends_at(scheduled: object, now: datetime) -> datetime:
    """Return when the day of a digest ends (UTC), given what its schedule says: the same in every attempt.

    An attempt after midnight is still about the day before. Where the schedule says nothing that can be true (asked for
    by hand, or by a schedule of an earlier version), it is `now`.
    """
    try:
        at = datetime.fromisoformat(scheduled) if isinstance(scheduled, str) else now
    except ValueError:
        return now
    return at.astimezone(UTC) if at.tzinfo is not None and -EARLIEST <= now - at <= LATEST else now


def tell_day(
    account_id: str, sources: Sources, publishing: Publishing, now: datetime, ends: datetime | None = None
) -> Told:
    """Sum up the day before `ends` (UTC, usually `now`) and publish it.

    A part that cannot be read is named first in what is told.

    Raises:
        Exception: it could not be published; whoever tries again with the same `ends` publishes it once.
    """
    digest, errors = read_day(account_id, sources, ends or now)
    return Told(digest, publishing.publish(digest, now), errors)


def report(told: Told, logger: Logger) -> dict[str, int]:
    """Log what came of a digest, and return it."""
    for error in told.errors:
        logger.error("a part of the table could not be read", reason=error)
    summary = {"published": int(told.published), "open": told.digest.open.count, "unseen": len(told.digest.unseen)}
    logger.info("Digest", extra=summary)
    return summary


def read_day(account_id: str, sources: Sources, now: datetime) -> tuple[Digest, tuple[str, ...]]:
    """Sum up the day before `now` (UTC)."""
    reading, asked = sources.reading, _Asked()
    regions = asked.rows("the regions", reading.regions)
    runs = asked.rows(AUDITS, lambda: reading.runs(FUNCTION, limit=MOST_RUNS))
    found = asked.rows("the open findings", lambda: reading.open_findings(limit=MOST_READ))
    names = sorted({state.region for state in regions} | {each.region for each in found} | _audited(runs))
    day = Day(
        account_id=account_id,
        at=now,
        regions=regions,
        runs=runs,
        overdue=is_overdue(runs[:RECENT_RUNS], now),
        identity_runs=asked.rows("the audits of identities", reading.identity_runs),
        open=found,
        changes=asked.rows("what opened and closed", lambda: _changes(reading, names, now)),
        mutes=asked.rows("the mutes", lambda: sources.muting.mutes(now)),
        counted=_counted(sources.counting, [s.region for s in regions if s.verdict is not Verdict.IDLE], now, asked),
        not_read=tuple(asked.not_read),
    )
    return digest_of(day), tuple(asked.errors)


def _audited(runs: Sequence[RunRecord]) -> set[str]:
    return {region for run in runs for region in run.regions}


def _changes(reading: Reading, regions: Sequence[str], now: datetime) -> list[Change]:
    end = now + timedelta(seconds=1)
    return [each for region in regions for each in reading.changes(region, now - DAY, end, limit=MOST_READ)]


def _counted(counting: Counting, regions: Sequence[str], now: datetime, asked: _Asked) -> Mapping[str, Counts | None]:
    """Add up the last 24 clock hours, the one that is not over among them; None where they cannot be read."""

    def of_region(region: str) -> Counts:
        total: Counter[Tally] = Counter()
        for _, counts in counting.counters(region, CountedBy.ACCOUNT, ACCOUNT, now - 23 * HOUR, now + HOUR):
            total.update(counts)
        return total

    return {region: asked.ask(f"the feedback of {region}", partial(of_region, region)) for region in regions}
