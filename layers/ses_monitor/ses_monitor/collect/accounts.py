"""Read all that the account checks need of one region, and no more: what is dear is read once an hour."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.cloudwatch import GET_METRIC_DATA, read_reputation
from ses_monitor.collect.faults import ask
from ses_monitor.collect.ses import (
    GET_ACCOUNT,
    GET_SEND_STATISTICS,
    LIST_IDENTITIES,
    read_account,
    read_has_verified_identity,
    read_statistics,
)
from ses_monitor.core.model import IN_USE_WINDOW, NOT_ASKED, Account, Memory, Reputation, SendPoint, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.region_state import HourlyFacts


class AccountReader(Protocol):
    """The reads of one region's account; each answers with the fact or with why there is none."""

    def account(self, region: str) -> Observed[Account]:
        """Read the account's state."""

    def statistics(self, region: str) -> Observed[tuple[SendPoint, ...]]:
        """Read the sends of two weeks."""

    def has_verified_identity(self, region: str) -> Observed[bool]:
        """Find out whether any identity is verified."""

    def reputation(self, region: str, now: datetime) -> Observed[Reputation]:
        """Read SES's rates."""


class AwsAccountReader:
    """Reads from AWS. Making a client is part of the read: it may ask for credentials and not get them."""

    def __init__(self, clients: Clients) -> None:
        """Read through `clients`."""
        self._clients = clients

    def account(self, region: str) -> Observed[Account]:
        """Read the account's state."""
        client = ask(GET_ACCOUNT, region, lambda: self._clients.sesv2(region))
        return client if isinstance(client, Missing) else read_account(client.value, region)

    def statistics(self, region: str) -> Observed[tuple[SendPoint, ...]]:
        """Read the sends of two weeks."""
        client = ask(GET_SEND_STATISTICS, region, lambda: self._clients.ses(region))
        return client if isinstance(client, Missing) else read_statistics(client.value, region)

    def has_verified_identity(self, region: str) -> Observed[bool]:
        """Find out whether any identity is verified."""
        client = ask(LIST_IDENTITIES, region, lambda: self._clients.sesv2(region))
        return client if isinstance(client, Missing) else read_has_verified_identity(client.value, region)

    def reputation(self, region: str, now: datetime) -> Observed[Reputation]:
        """Read SES's rates."""
        client = ask(GET_METRIC_DATA, region, lambda: self._clients.cloudwatch(region))
        return client if isinstance(client, Missing) else read_reputation(client.value, region, now)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to collect, and what is known already."""

    account_id: str
    region: str
    now: datetime
    listed_as_sending: bool = False
    enabled_regions: Observed[frozenset[str]] = NOT_ASKED
    memory: Memory = field(default_factory=Memory)
    hourly: HourlyFacts | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """A snapshot, and the hourly facts to keep; None where a dear read failed and is due again at once."""

    snapshot: Snapshot
    hourly: HourlyFacts | None


def collect_account(reader: AccountReader, asked: Asked) -> Collected:
    """Read one region.

    Where mail went out today: its rates, and its statistics if they may matter. Where none did: whether the region
    is used at all.
    """
    account = reader.account(asked.region)
    kept = asked.hourly if asked.hourly and asked.hourly.is_fresh(asked.now) else None
    if isinstance(account, Missing):
        return Collected(_snapshot(asked, account, _used_as_of(kept)), asked.hourly)
    quota = account.value.quota
    if isinstance(quota, Missing) or quota.value.sent_last_24_hours <= 0:
        return _of_quiet(reader, asked, account, kept)
    statistics = reader.statistics(asked.region) if quota.value.worth_forecasting else NOT_ASKED
    return _of_sending(reader, asked, account, statistics, kept)


def _of_sending(
    reader: AccountReader,
    asked: Asked,
    account: Observed[Account],
    statistics: Observed[tuple[SendPoint, ...]],
    kept: HourlyFacts | None,
) -> Collected:
    if kept is not None and kept.reputation_read:
        reputation: Observed[Reputation] = Known(_reputation_as_of(kept))
        hourly: HourlyFacts | None = kept
    else:
        reputation = reader.reputation(asked.region, asked.now)
        hourly = _keep_reputation(reputation, asked.now)
    used = Usage(sent_recently=Known(value=True))
    return Collected(_snapshot(asked, account, used, statistics, reputation), hourly)


def _of_quiet(reader: AccountReader, asked: Asked, account: Observed[Account], kept: HourlyFacts | None) -> Collected:
    if asked.listed_as_sending:
        return Collected(_snapshot(asked, account, Usage()), asked.hourly)
    if kept is not None and not kept.reputation_read:
        return Collected(_snapshot(asked, account, _used_as_of(kept)), kept)
    used = _read_usage(reader, asked)
    complete = used.is_decided
    hourly = (
        HourlyFacts(
            asked.now,
            sent_recently=_or_none(used.sent_recently),
            has_verified_identity=_or_none(used.has_verified_identity),
        )
        if complete
        else None
    )
    return Collected(_snapshot(asked, account, used), hourly)


@dataclass(frozen=True, slots=True)
class Usage:
    """The signs that SES is used in a region where nothing was sent today."""

    sent_recently: Observed[bool] = NOT_ASKED
    has_verified_identity: Observed[bool] = NOT_ASKED

    @property
    def is_decided(self) -> bool:
        """Whether the signs settle it: one yes, or both no."""
        signs = (self.sent_recently, self.has_verified_identity)
        return any(isinstance(sign, Known) and sign.value for sign in signs) or all(
            isinstance(sign, Known) for sign in signs
        )


def _read_usage(reader: AccountReader, asked: Asked) -> Usage:
    verified = reader.has_verified_identity(asked.region)
    if isinstance(verified, Known) and verified.value:
        return Usage(has_verified_identity=verified)
    points = reader.statistics(asked.region)
    if isinstance(points, Missing):
        return Usage(points, verified)
    oldest = asked.now - IN_USE_WINDOW
    sent = any(point.attempts and point.start >= oldest for point in points.value)
    return Usage(Known(sent), verified)


def _used_as_of(kept: HourlyFacts | None) -> Usage:
    if kept is None:
        return Usage()
    return Usage(_or_not_asked(kept.sent_recently), _or_not_asked(kept.has_verified_identity))


def _or_not_asked(value: bool | None) -> Observed[bool]:
    return NOT_ASKED if value is None else Known(value)


def _or_none(fact: Observed[bool]) -> bool | None:
    return fact.value if isinstance(fact, Known) else None


def _keep_reputation(reputation: Observed[Reputation], now: datetime) -> HourlyFacts | None:
    if isinstance(reputation, Missing):
        return None
    busiest = reputation.value.busiest_minute
    if isinstance(busiest, Missing) and busiest.why.is_failure:
        return None
    return HourlyFacts(
        now,
        sent_recently=True,
        bounce_rate=_number(reputation.value.bounce_rate),
        complaint_rate=_number(reputation.value.complaint_rate),
        busiest_minute=_number(busiest),
        reputation_read=True,
    )


def _number(fact: Observed[float]) -> float | None:
    return fact.value if isinstance(fact, Known) else None


def _reputation_as_of(kept: HourlyFacts) -> Reputation:
    def fact(value: float | None, metric: str) -> Observed[float]:
        if value is None:
            return Missing(Blindness.NO_DATA, f"CloudWatch had no {metric} at {kept.read_at:%H:%M} UTC")
        return Known(value)

    return Reputation(
        fact(kept.bounce_rate, "bounce rate"),
        fact(kept.complaint_rate, "complaint rate"),
        fact(kept.busiest_minute, "sends"),
    )


def _snapshot(
    asked: Asked,
    account: Observed[Account],
    used: Usage,
    statistics: Observed[tuple[SendPoint, ...]] = NOT_ASKED,
    reputation: Observed[Reputation] = NOT_ASKED,
) -> Snapshot:
    return Snapshot(
        account_id=asked.account_id,
        region=asked.region,
        taken_at=asked.now,
        account=account,
        statistics=statistics,
        sent_recently=used.sent_recently,
        has_verified_identity=used.has_verified_identity,
        reputation=reputation,
        enabled_regions=asked.enabled_regions,
        listed_as_sending=asked.listed_as_sending,
        memory=asked.memory,
    )
