"""What a region's sends add up to, minute by minute, so that the quota, the send statistics and CloudWatch agree."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulator.world import Account, Region, Sends

DAY_MINUTES = 24 * 60
STATISTICS_MINUTES = 14 * DAY_MINUTES  # GetSendStatistics: the last two weeks
POINT_MINUTES = 15  # in points of 15 minutes

SANDBOX_PER_DAY, SANDBOX_RATE = 200.0, 1.0  # https://docs.aws.amazon.com/ses/latest/dg/quotas.html
PRODUCTION_PER_DAY, PRODUCTION_RATE = 50_000.0, 14.0  # what a new production account commonly gets


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened in a stretch of time."""

    attempts: int = 0
    bounces: int = 0
    complaints: int = 0
    rejects: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.attempts + other.attempts,
            self.bounces + other.bounces,
            self.complaints + other.complaints,
            self.rejects + other.rejects,
        )


def minute_of(moment: datetime) -> int:
    """The whole minute of a moment, counted from 1970 in UTC."""
    return math.floor(moment.timestamp() / 60)


def moment_of(minute: int) -> datetime:
    """The beginning of a minute, in UTC."""
    return datetime.fromtimestamp(minute * 60, UTC)


def sent(spans: Sequence[Sends], now: datetime, begin: int, end: int) -> Counts:
    """What was sent from minute `begin` up to, but not in, minute `end`."""
    total = Counts()
    for span in spans:
        total += _sent(span, minute_of(now), begin, end)
    return total


def _sent(span: Sends, now: int, begin: int, end: int) -> Counts:
    first = now - round(span.from_hours_ago * 60)
    last = now - round(span.to_hours_ago * 60)
    begin, end = max(begin, first), min(end, last)
    if begin >= end:
        return Counts()

    def between(per_minute: float) -> int:
        # Differences of one running total: stretches laid end to end lose and double nothing.
        return math.floor(per_minute * (end - first)) - math.floor(per_minute * (begin - first))

    rate = span.per_hour / 60
    return Counts(
        between(rate),
        between(rate * span.bounce_share),
        between(rate * span.complaint_share),
        between(rate * span.reject_share),
    )


def statistics(spans: Sequence[Sends], now: datetime) -> Iterator[tuple[datetime, Counts]]:
    """The 15-minute points of the last two weeks in which anything was sent, oldest first."""
    end = minute_of(now)
    begin = end - STATISTICS_MINUTES
    for minute in range(begin - begin % POINT_MINUTES, end, POINT_MINUTES):
        counts = sent(spans, now, minute, minute + POINT_MINUTES)
        if counts.attempts:
            yield moment_of(minute), counts


def last_send(spans: Sequence[Sends], now: datetime) -> datetime | None:
    """About when anything was sent last; None if nothing was."""
    ends = [span.to_hours_ago for span in spans if span.per_hour > 0]
    return now - timedelta(hours=min(ends)) if ends else None


@dataclass(frozen=True, slots=True)
class QuotaFigures:
    """The three figures of a sending quota, all known."""

    max_24_hour: float
    max_rate: float
    sent_last_24_hours: float


def quota_figures(region: Region, now: datetime) -> QuotaFigures:
    """The region's quota with what the world leaves open filled in as SES would."""
    account: Account = region.account
    quota = account.quota
    per_day, rate = (
        (PRODUCTION_PER_DAY, PRODUCTION_RATE) if account.production_access else (SANDBOX_PER_DAY, SANDBOX_RATE)
    )
    minute = minute_of(now)
    return QuotaFigures(
        max_24_hour=per_day if quota.max_24_hour is None else quota.max_24_hour,
        max_rate=rate if quota.max_rate is None else quota.max_rate,
        sent_last_24_hours=(
            float(sent(region.send_statistics, now, minute - DAY_MINUTES, minute).attempts)
            if quota.sent_last_24_hours is None
            else quota.sent_last_24_hours
        ),
    )
