"""What is read of one region in which state, how often, and what is kept for the next audit."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ses_monitor.collect.accounts import Asked, AwsAccountReader, Collected, collect_account
from ses_monitor.core.model import Account, Memory, Reputation, SendPoint
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.region_state import READ_AGAIN_AFTER, HourlyFacts
from tests.build import (
    ACCOUNT_ID,
    EVENLY_SENT,
    HEALTHY,
    HEALTHY_ACCOUNT,
    HEALTHY_REPUTATION,
    NO_DATA,
    NOT_SAID,
    NOW,
    REGION,
    THROTTLED,
    with_quota,
)
from tests.collect.wire import FakeClients, stubbed

QUIET_ACCOUNT = with_quota(0).account.get()
NO, YES = Known(value=False), Known(value=True)


@dataclass
class FakeReader:
    """Answers what it is told to, and counts what it is asked."""

    account_fact: Observed[Account] = HEALTHY.account
    statistics_fact: Observed[tuple[SendPoint, ...]] = HEALTHY.statistics
    verified: Observed[bool] = YES
    reputation_fact: Observed[Reputation] = HEALTHY.reputation
    asked: Counter[str] = field(default_factory=Counter)

    def account(self, region: str) -> Observed[Account]:
        self.asked[f"account {region}"] += 1
        return self.account_fact

    def statistics(self, region: str) -> Observed[tuple[SendPoint, ...]]:
        self.asked[f"statistics {region}"] += 1
        return self.statistics_fact

    def has_verified_identity(self, region: str) -> Observed[bool]:
        self.asked[f"identities {region}"] += 1
        return self.verified

    def reputation(self, region: str, now: datetime) -> Observed[Reputation]:
        assert now.tzinfo is not None
        self.asked[f"reputation {region}"] += 1
        return self.reputation_fact


def quiet(**facts: Any) -> FakeReader:
    return FakeReader(**{"account_fact": Known(QUIET_ACCOUNT), "statistics_fact": Known(()), "verified": NO, **facts})


def collect(reader: FakeReader, **asked: Any) -> Collected:
    return collect_account(reader, Asked(**{"account_id": ACCOUNT_ID, "region": REGION, "now": NOW, **asked}))


def reads(reader: FakeReader) -> list[str]:
    return sorted(each.removesuffix(f" {REGION}") for each in reader.asked.elements())


def test_where_mail_is_sent_the_rates_and_statistics_are_read() -> None:
    reader = FakeReader()
    snapshot = collect(reader).snapshot
    assert reads(reader) == ["account", "reputation", "statistics"]
    assert snapshot.account == Known(HEALTHY_ACCOUNT)
    assert snapshot.statistics == Known(EVENLY_SENT)
    assert snapshot.reputation == Known(HEALTHY_REPUTATION)
    assert snapshot.in_use() == YES
    assert not list(snapshot.blind_spots())


@pytest.mark.parametrize("sent", [1, 4_999, 50_000])
def test_statistics_are_read_only_where_a_forecast_may_matter(sent: float) -> None:
    reader = FakeReader(account_fact=with_quota(sent).account)
    collect(reader)
    assert reads(reader) == ["account", "reputation"]


def test_where_the_quota_has_no_limit_there_is_nothing_to_forecast() -> None:
    reader = FakeReader(account_fact=with_quota(10**6, limit=-1).account)
    collect(reader)
    assert reads(reader) == ["account", "reputation"]


def test_where_nothing_was_sent_today_only_signs_of_use_are_read() -> None:
    reader = quiet()
    snapshot = collect(reader).snapshot
    assert reads(reader) == ["account", "identities", "statistics"]
    assert snapshot.in_use() == NO
    assert isinstance(snapshot.reputation, Missing)
    assert not snapshot.reputation.why.is_failure


def test_one_verified_identity_is_sign_enough() -> None:
    reader = quiet(verified=YES)
    assert collect(reader).snapshot.in_use() == YES
    assert reads(reader) == ["account", "identities"]


@pytest.mark.parametrize(
    ("age", "attempts", "in_use"),
    [
        (timedelta(days=1), 5, YES),
        (timedelta(days=14), 5, YES),
        (timedelta(days=14, seconds=1), 5, NO),
        (timedelta(days=1), 0, NO),
    ],
)
def test_mail_of_the_last_14_days_is_a_sign_of_use(age: timedelta, attempts: int, in_use: Known[bool]) -> None:
    reader = quiet(statistics_fact=Known((SendPoint(NOW - age, attempts),)))
    assert collect(reader).snapshot.in_use() == in_use


def test_a_region_listed_as_sending_needs_no_sign() -> None:
    reader = quiet()
    assert collect(reader, listed_as_sending=True).snapshot.in_use() == YES
    assert reads(reader) == ["account"]


def test_an_account_that_cannot_be_read_is_asked_nothing_else() -> None:
    hourly = HourlyFacts(NOW, has_verified_identity=True)
    reader = FakeReader(account_fact=THROTTLED)
    collected = collect(reader, hourly=hourly)
    assert reads(reader) == ["account"]
    assert collected.snapshot.account == THROTTLED
    assert collected.snapshot.in_use() == YES, "what was read within the hour still holds"
    assert collected.hourly == hourly


def test_a_quota_left_out_reads_the_signs_of_use() -> None:
    reader = quiet(account_fact=Known(replace(QUIET_ACCOUNT, quota=NOT_SAID)), verified=YES)
    assert collect(reader).snapshot.in_use() == YES
    assert reads(reader) == ["account", "identities"]


@pytest.mark.parametrize(
    ("verified", "statistics", "in_use"),
    [
        pytest.param(THROTTLED, Known(()), THROTTLED, id="identities blind, nothing sent"),
        pytest.param(NO, THROTTLED, THROTTLED, id="none verified, statistics blind"),
        pytest.param(THROTTLED, THROTTLED, THROTTLED, id="both blind"),
        pytest.param(THROTTLED, Known((SendPoint(NOW, 1),)), YES, id="identities blind, but mail was sent"),
    ],
)
def test_a_sign_that_cannot_be_read_is_no_sign_of_disuse(verified: Any, statistics: Any, in_use: Any) -> None:
    snapshot = collect(quiet(verified=verified, statistics_fact=statistics)).snapshot
    assert snapshot.in_use() == in_use
    assert list(snapshot.blind_spots())


# What is dear is read once an hour.


def after(minutes: float, reader: FakeReader, first: Collected, **asked: Any) -> Collected:
    reader.asked.clear()
    return collect(reader, now=NOW + timedelta(minutes=minutes), hourly=first.hourly, **asked)


def test_rates_are_read_again_only_after_an_hour() -> None:
    reader = FakeReader(account_fact=with_quota(100).account)
    first = collect(reader)
    assert first.hourly is not None
    again = after(59, reader, first)
    assert reads(reader) == ["account"]
    assert again.snapshot.reputation == Known(HEALTHY_REPUTATION)
    assert again.hourly == first.hourly
    after(60, reader, first)
    assert reads(reader) == ["account", "reputation"]


def test_kept_rates_without_data_are_still_no_data() -> None:
    reader = FakeReader(reputation_fact=Known(replace(HEALTHY_REPUTATION, complaint_rate=NO_DATA)))
    reputation = after(5, reader, collect(reader)).snapshot.reputation.get()
    assert reputation.bounce_rate == HEALTHY_REPUTATION.bounce_rate
    assert isinstance(reputation.complaint_rate, Missing)
    assert reputation.complaint_rate.why is Blindness.NO_DATA
    assert "10:00 UTC" in reputation.complaint_rate.reason


@pytest.mark.parametrize(
    "failed",
    [THROTTLED, Known(replace(HEALTHY_REPUTATION, busiest_minute=THROTTLED))],
    ids=["all of it", "the sends"],
)
def test_rates_that_could_not_be_read_are_due_again_at_once(failed: Any) -> None:
    reader = FakeReader(reputation_fact=failed)
    first = collect(reader)
    assert first.hourly is None
    reader.reputation_fact = Known(HEALTHY_REPUTATION)
    assert after(5, reader, first).snapshot.reputation == Known(HEALTHY_REPUTATION)
    assert "reputation" in reads(reader)


def test_signs_of_use_are_read_again_only_after_an_hour() -> None:
    reader = quiet()
    first = collect(reader)
    assert after(59, reader, first).snapshot.in_use() == NO
    assert reads(reader) == ["account"]
    after(60, reader, first)
    assert reads(reader) == ["account", "identities", "statistics"]


def test_a_sign_of_use_is_kept_for_an_hour_too() -> None:
    reader = quiet(verified=YES)
    first = collect(reader)
    assert after(5, reader, first).snapshot.in_use() == YES
    assert reads(reader) == ["account"]


def test_signs_that_do_not_settle_it_are_due_again_at_once() -> None:
    reader = quiet(verified=THROTTLED)
    first = collect(reader)
    assert first.hourly is None
    after(5, reader, first)
    assert reads(reader) == ["account", "identities", "statistics"]


def test_hourly_facts_from_the_future_are_read_anew() -> None:
    reader = FakeReader()
    collect(reader, hourly=HourlyFacts(NOW + timedelta(minutes=1), reputation_read=True))
    assert "reputation" in reads(reader)


def test_a_region_that_falls_silent_is_asked_for_signs_of_use_and_the_other_way_round() -> None:
    busy = FakeReader()
    first = collect(busy)
    silent = quiet()
    second = after(5, silent, first)
    assert reads(silent) == ["account", "identities", "statistics"]
    after(10, busy, second)
    assert "reputation" in reads(busy)


def test_the_dear_reads_of_a_day_are_two_dozen() -> None:
    reader, hourly = FakeReader(), None
    for audit in range(24 * 12):
        hourly = collect(reader, now=NOW + audit * timedelta(minutes=5), hourly=hourly).hourly
    assert reader.asked[f"reputation {REGION}"] == 24
    assert reader.asked[f"account {REGION}"] == 24 * 12
    assert timedelta(hours=1) == READ_AGAIN_AFTER


def test_what_is_known_already_goes_into_the_snapshot() -> None:
    memory = Memory(production_access_seen=NOW)
    listing = Known(frozenset({REGION}))
    snapshot = collect(FakeReader(), memory=memory, enabled_regions=listing, listed_as_sending=True).snapshot
    assert (snapshot.memory, snapshot.enabled_regions, snapshot.listed_as_sending) == (memory, listing, True)
    assert (snapshot.account_id, snapshot.region, snapshot.taken_at) == (ACCOUNT_ID, REGION, NOW)


def test_the_reader_of_aws_asks_each_service_of_the_region() -> None:
    sesv2, v2 = stubbed("sesv2")
    ses, v1 = stubbed("ses")
    cloudwatch, metrics = stubbed("cloudwatch")
    v2.add_response("get_account", {"SendingEnabled": True})
    v1.add_response("get_send_statistics", {"SendDataPoints": []})
    v2.add_response("list_email_identities", {"EmailIdentities": []})
    for _ in range(2):
        metrics.add_response("get_metric_data", {"MetricDataResults": [{"Id": "sent"}]})
    reader = AwsAccountReader(FakeClients(made={"sesv2": sesv2, "ses": ses, "cloudwatch": cloudwatch}))
    with v2, v1, metrics:
        assert reader.account(REGION).get().sending_enabled == YES
        assert reader.statistics(REGION) == Known(())
        assert reader.has_verified_identity(REGION) == NO
        assert isinstance(reader.reputation(REGION, NOW), Known)
    for stub in (v2, v1, metrics):
        stub.assert_no_pending_responses()


def test_a_region_never_seen_and_not_readable_is_not_known_to_be_unused() -> None:
    assert collect(FakeReader(account_fact=THROTTLED)).snapshot.in_use() == THROTTLED
