"""The digest from end to end, over a real (embedded) table; and what it says when parts of the table do not answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ses_monitor.alerts.digest_document import digest_id
from ses_monitor.audit.digest import Sources, ends_at, read_day, tell_day
from ses_monitor.core.digest import Digest
from ses_monitor.core.model import Severity
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.queries import Queries
from ses_monitor.store.table import Table
from tests.store.examples import (
    MUTE,
    NOW,
    OPEN,
    RUN,
    STATE,
    TABLE,
    Clock,
    opening,
    resolving,
    settlement,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNT_ID = "123456789012"


@pytest.fixture
def sources(client: DynamoDBClient, table: Table) -> Sources:
    reads = FeedbackReads(client, TABLE, clock=Clock())
    return Sources(Queries(client, TABLE, clock=Clock()), table, reads)


@dataclass
class Published:
    digests: list[Digest] = field(default_factory=list)

    def publish(self, digest: Digest, now: Any) -> bool:  # noqa: ARG002 - as the real one
        self.digests.append(digest)
        return True


class Broken:
    """A part of the table that answers nothing; `but` is what it does answer."""

    def __init__(self, whole: object, *failing: str) -> None:
        self._whole = whole
        self._failing = failing

    def __getattr__(self, name: str) -> Any:
        if name in self._failing:
            return self._fail
        return getattr(self._whole, name)

    def _fail(self, *_: object, **__: object) -> None:
        raise ConnectionError


def a_day(table: Table) -> None:
    table.save_region_state(STATE, None)
    table.save_run(RUN)
    table.save_mute(MUTE)
    table.save(settlement(opening(OPEN)))
    mended = replace(OPEN, check_id="account.quota", tag="QUOTA_NEARLY_EXHAUSTED", severity=Severity.WARNING)
    table.save(settlement(opening(mended)))
    assert table.save(settlement(resolving(mended, NOW + timedelta(minutes=1)))).conflicts == 0


def test_what_the_table_knows_of_a_day_is_told(table: Table, sources: Sources) -> None:
    a_day(table)
    published = Published()
    told = tell_day(ACCOUNT_ID, sources, published, NOW + timedelta(minutes=6))
    (digest,) = published.digests
    assert told.published
    assert told.errors == ()
    assert digest.unseen == ()
    assert [(each.region, each.verdict, each.tag) for each in digest.answers] == [
        ("eu-west-1", "BLOCKED", "SENDING_PAUSED")
    ]
    assert [each.tag for each in digest.open.first] == ["SENDING_PAUSED"]
    assert [each.tag for each in digest.opened.first] == ["SENDING_PAUSED"]
    assert [each.tag for each in digest.closed.first] == ["QUOTA_NEARLY_EXHAUSTED"]
    assert [(each.region, each.quota_used) for each in digest.figures] == [("eu-west-1", 0.2)]
    assert [each.mute_id for each in digest.mutes] == ["m-1"]
    assert (digest.audits, digest.regions_audited) == (1, 2)


def test_an_empty_table_is_not_a_quiet_day(sources: Sources) -> None:
    digest, errors = read_day(ACCOUNT_ID, sources, NOW)
    assert "No audit of the accounts is on record" in digest.unseen[0]
    assert errors == ()


def test_audits_that_stopped_hours_ago_are_told(table: Table, sources: Sources) -> None:
    a_day(table)
    digest, _ = read_day(ACCOUNT_ID, sources, NOW + timedelta(hours=5))
    assert digest.unseen[0].startswith("No audit of the accounts since 2026-11-18 09:05 UTC")


@pytest.mark.parametrize(
    ("source", "method", "part"),
    [
        ("reading", "regions", "the regions"),
        ("reading", "runs", "the audits"),
        ("reading", "open_findings", "the open findings"),
        ("reading", "changes", "what opened and closed"),
        ("reading", "identity_runs", "the audits of identities"),
        ("muting", "mutes", "the mutes"),
        ("counting", "counters", "the feedback of eu-west-1"),
    ],
)
def test_a_part_that_cannot_be_read_is_named_first_and_the_rest_is_told(
    source: str, method: str, part: str, table: Table, sources: Sources
) -> None:
    a_day(table)
    broken: Any = Broken(getattr(sources, source), method)
    now = NOW + timedelta(minutes=6)
    digest, errors = read_day(ACCOUNT_ID, replace(sources, **{source: broken}), now)
    assert digest.unseen[0] == f"The table could not be asked for {part}: that is missing below."
    assert digest.weight >= Severity.ERROR
    assert len(errors) == 1


def test_what_cannot_be_published_is_raised(table: Table, sources: Sources) -> None:
    a_day(table)
    broken: Any = Broken(Published(), "publish")
    with pytest.raises(ConnectionError):
        tell_day(ACCOUNT_ID, sources, broken, NOW)


@pytest.mark.parametrize(
    ("scheduled", "ends"),
    [
        ("2026-11-17T23:58:00Z", datetime(2026, 11, 17, 23, 58, tzinfo=UTC)),
        ("2026-11-18T01:01:00+01:00", datetime(2026, 11, 18, 0, 1, tzinfo=UTC)),
        ("2026-11-18T00:12:00Z", datetime(2026, 11, 18, 0, 12, tzinfo=UTC)),
        ("2026-11-18T00:30:00Z", None),
        ("2026-11-17T06:00:00Z", None),
        ("2026-11-17T23:58:00", None),
        ("<aws.scheduler.scheduled-time>", None),
        ("", None),
        (1763423880, None),
        (None, None),
    ],
)
def test_a_day_ends_when_its_schedule_says_unless_that_cannot_be(scheduled: object, ends: datetime | None) -> None:
    now = datetime(2026, 11, 18, 0, 10, tzinfo=UTC)
    assert ends_at(scheduled, now) == (ends or now)


def test_what_changes_after_a_day_has_ended_is_told_the_day_after(table: Table, sources: Sources) -> None:
    a_day(table)
    published = Published()
    for ends in (NOW - timedelta(minutes=2), NOW + timedelta(days=1, minutes=-2)):
        tell_day(ACCOUNT_ID, sources, published, ends + timedelta(minutes=9), ends)
    first, second = published.digests
    assert [(each.opened.count, each.closed.count) for each in (first, second)] == [(0, 0), (1, 1)]
    assert digest_id(first) != digest_id(second)
