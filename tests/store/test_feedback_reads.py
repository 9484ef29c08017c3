from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.event import (
    Bounce,
    Complaint,
    Delay,
    Delivery,
    Engagement,
    Event,
    Format,
    Kind,
    Outcome,
    Recipient,
    Reject,
    Rendering,
    Subscription,
)
from ses_monitor.core.kept import Kept, Unparsed
from ses_monitor.core.mailbox import HashedRecipients, PlainRecipients, normal
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.traffic import CountedBy, FailingTemplate, Noticed, Refusals, RefusedSender, Tally
from ses_monitor.store.deliveries import ATTEMPTS, TableBusyError
from ses_monitor.store.feedback_codec import RecordWriter, read_record
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.identity_table import IdentityTable
from ses_monitor.store.item import UnreadableItemError
from tests.store import strategies
from tests.store.examples import (
    HISTORY_DAYS,
    IDENTITY,
    TABLE,
    Clock,
    Fault,
    FaultyClient,
    HalfDone,
    raw,
    refused,
)
from tests.store.feedback_examples import (
    BOUNCE,
    COMPLAINT,
    DELAY,
    NOTICE,
    NOW,
    REFUSAL,
    REFUSED,
    REJECT,
    RENDERING,
    SEND,
    ledger_on,
    outcome_of,
    outcomes_of,
    sends,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "eu-west-1"
SHOP = "shop.example.com"
HOUR = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def reads(client: DynamoDBClient, clock: Clock) -> FeedbackReads:
    return FeedbackReads(client, TABLE, clock=clock)


def at(hours: float, **other: Any) -> Outcome:
    when = NOW - timedelta(hours=hours)
    return outcome_of(BOUNCE, occurred_at=when, sent_at=when, feedback_id=f"f{hours}{other}", **other)


# --- counters -------------------------------------------------------------------------------------------------------


def test_a_sender_has_its_hours_and_nobody_elses(client: DynamoDBClient, reads: FeedbackReads) -> None:
    told = [at(0), at(0.1), at(24), at(26), at(0, identity="example.com"), at(0, region="us-east-1"), *sends(5)]
    ledger_on(client).record(told)
    sender = reads.sender(REGION, SHOP, NOW)
    assert sender.name == SHOP
    assert sender.hours == {
        HOUR: {Tally.HARD_BOUNCES: 2, Tally.SENDS: 5},
        HOUR - timedelta(hours=24): {Tally.HARD_BOUNCES: 1},
    }
    assert sender.last_day(NOW)[Tally.HARD_BOUNCES] == 3
    assert sender.last_hour(NOW)[Tally.SENDS] == 5
    assert len(reads.sender(REGION, SHOP, NOW, since=NOW - timedelta(hours=26)).hours) == 3
    assert reads.sender(REGION, "nobody.example.com", NOW).hours == {}


def test_the_traffic_of_a_region_is_that_of_all_its_senders_for_fifteen_days(
    client: DynamoDBClient, reads: FeedbackReads
) -> None:
    ledger_on(client).record(
        [at(0), at(0, identity="example.com"), at(14 * 24), at(16 * 24), at(0, region="us-east-1")]
    )
    traffic = reads.traffic(REGION, NOW)
    assert traffic.name == "account"
    assert sum(counts[Tally.HARD_BOUNCES] for counts in traffic.hours.values()) == 3


def test_an_event_from_the_future_counts_when_its_hour_has_come(client: DynamoDBClient, reads: FeedbackReads) -> None:
    """A clock a little ahead is nothing strange; a year ahead it must not count today, and every day until then."""
    ledger_on(client).record([at(-0.5), at(-24 * 365)])
    assert reads.sender(REGION, SHOP, NOW).window(NOW - timedelta(hours=2))[Tally.HARD_BOUNCES] == 1


def test_counters_from_an_hour_until_before_another(client: DynamoDBClient, reads: FeedbackReads) -> None:
    ledger_on(client).record([at(hours) for hours in range(4)])

    def hours(start: datetime, end: datetime) -> list[int]:
        found = reads.counters(REGION, CountedBy.CONFIGURATION_SET, "transactional", start, end)
        assert all(counts == {Tally.HARD_BOUNCES: 1} for _, counts in found)
        return [hour.hour for hour, _ in found]

    assert hours(HOUR - timedelta(hours=2), HOUR) == [7, 8]
    assert hours(HOUR - timedelta(minutes=90), NOW) == [7, 8, 9]
    assert hours(HOUR, HOUR) == []
    assert hours(HOUR, HOUR - timedelta(days=1)) == []


def test_counters_are_over_after_the_history(client: DynamoDBClient, reads: FeedbackReads, clock: Clock) -> None:
    ledger_on(client).record([at(0)])
    clock.now = HOUR + timedelta(days=HISTORY_DAYS)
    assert reads.sender(REGION, SHOP, NOW).hours
    clock.pass_(seconds=1)
    assert reads.sender(REGION, SHOP, NOW).hours == {}


def test_a_counter_that_only_a_newer_version_knows_is_left_out(client: DynamoDBClient, reads: FeedbackReads) -> None:
    ledger_on(client).record([at(0)])
    [item] = raw(client, f"COUNTS#{REGION}#identity")
    client.put_item(TableName=TABLE, Item={**item, "teleports": {"N": "7"}})
    assert reads.sender(REGION, SHOP, NOW).hours == {HOUR: {Tally.HARD_BOUNCES: 1}}


def test_a_failing_template_has_its_hours_and_its_last_failure(client: DynamoDBClient, reads: FeedbackReads) -> None:
    def failure(number: int, hours: int) -> Outcome:
        detail = Rendering("welcome", f"error {number}", f"attribute {number}")
        return outcome_of(RENDERING, message_id=f"m{number}", occurred_at=NOW - timedelta(hours=hours), detail=detail)

    ledger_on(client).record([failure(1, 0), failure(2, 3), failure(3, 3), failure(4, 30)])
    assert reads.template(REGION, "welcome", NOW) == FailingTemplate(
        "welcome",
        {HOUR: 1, HOUR - timedelta(hours=3): 2},
        error="error 1",
        attribute="attribute 1",
        identity=SHOP,
        configuration_set="transactional",
    )
    assert reads.template(REGION, "welcome", NOW, since=NOW - timedelta(hours=40)).failures_since(HOUR) == 1
    assert reads.template(REGION, "goodbye", NOW) == FailingTemplate("goodbye", {})


# --- refused sends --------------------------------------------------------------------------------------------------


def refused_send(number: int, hours: float = 0, **detail: str) -> Outcome:
    when = NOW - timedelta(hours=hours)
    refusal = replace(REFUSAL, **({"text": f"text {number}"} | detail))
    return outcome_of(REFUSED, message_id=f"r{number}", occurred_at=when, sent_at=when, detail=refusal)


def test_what_was_refused_of_a_sender_is_told_by_cause_with_its_hours_and_the_last(
    client: DynamoDBClient, reads: FeedbackReads
) -> None:
    told = [
        refused_send(1),
        refused_send(2, 0.1),
        refused_send(3, 24),
        refused_send(4, 27),
        refused_send(5, 3, tag="CONFIGURATION_SET_PAUSED", resource="transactional"),
        refused_send(6, tag="SEND_RATE_EXCEEDED", subject="account"),
        refused_send(7, subject=f"x.{SHOP}"),
        *sends(3),
    ]
    for batch in (told[::-1], told):
        ledger_on(client).record(batch)
    yesterday = HOUR - timedelta(hours=24)
    paused = Refusals(
        "CONFIGURATION_SET_PAUSED",
        {HOUR - timedelta(hours=3): 1},
        replace(REFUSAL, tag="CONFIGURATION_SET_PAUSED", text="text 5", resource="transactional"),
    )
    elsewhere = Refusals(REFUSAL.tag, {HOUR: 2, yesterday: 1}, replace(REFUSAL, text="text 1"))
    assert reads.rejected(REGION, SHOP, NOW) == RefusedSender(SHOP, (paused, elsewhere))
    [rate] = reads.rejected(REGION, "account", NOW).refusals
    assert (rate.tag, rate.hours, rate.last.text) == ("SEND_RATE_EXCEEDED", {HOUR: 1}, "text 6")
    assert reads.rejected("us-east-1", SHOP, NOW) == RefusedSender(SHOP, ())
    assert reads.rejected(REGION, "shop", NOW) == RefusedSender("shop", ())


def test_causes_of_the_first_and_the_last_hour_are_counted_and_those_of_other_hours_are_not(
    client: DynamoDBClient, reads: FeedbackReads
) -> None:
    """As those of a sender are: an hour or two ahead is a clock that is fast."""
    ledger_on(client).record([refused_send(number, hours) for number, hours in enumerate((-24, -1.5, -1, 0, 25, 26))])
    [refusals] = reads.rejected(REGION, SHOP, NOW).refusals
    sender = reads.sender(REGION, SHOP, NOW)
    assert refusals.hours == {hour: counts[Tally.REJECTIONS] for hour, counts in sender.hours.items()}
    assert len(refusals.hours) == 4
    assert refusals.last.text == "text 1"


def test_refused_sends_are_over_after_the_history(client: DynamoDBClient, reads: FeedbackReads, clock: Clock) -> None:
    ledger_on(client).record([refused_send(1)])
    clock.now = HOUR + timedelta(days=HISTORY_DAYS, seconds=1)
    assert reads.rejected(REGION, SHOP, NOW) == RefusedSender(SHOP, ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, None) for name in ("rejections", "hour", "last", "detail")],
        *[(name, {"S": "many"}) for name in ("rejections", "hour", "detail")],
        ("last", {"N": "1"}),
        ("detail", {"M": {}}),
        ("detail", {"M": {"of": {"S": "teleport"}}}),
        ("detail", {"M": {"of": {"S": "refusal"}}}),
        ("detail", {"M": {"of": {"S": "refusal"}, "tag": {"N": "1"}}}),
    ],
    ids=str,
)
def test_refused_sends_that_cannot_be_read_are_said_and_not_none(
    client: DynamoDBClient, reads: FeedbackReads, name: str, value: Any
) -> None:
    ledger_on(client).record([refused_send(1), refused_send(2, tag="SENDER_PENDING")])
    item = raw(client, f"COUNTS#{REGION}#rejection")[0]
    rest = {key: each for key, each in item.items() if key != name}
    client.put_item(TableName=TABLE, Item=rest if value is None else {**rest, name: value})
    with pytest.raises(UnreadableItemError, match=f"{SHOP}.*{'detail|has no of' if name == 'detail' else name}"):
        reads.rejected(REGION, SHOP, NOW)


def test_a_refused_send_is_among_what_happened_to_its_recipient_and_in_its_region(
    client: DynamoDBClient, reads: FeedbackReads
) -> None:
    first, last = refused_send(1, 0.5), refused_send(2)
    ledger_on(client).record([first])
    ledger_on(client).record([last])
    [kept] = reads.of_recipient("ana@example.org", 10)
    assert (kept.event, kept.recipient, kept.counted) == (last.event, last.recipient, False)
    assert reads.recent(REGION, NOW - timedelta(hours=3), 10) == [kept]


# --- records --------------------------------------------------------------------------------------------------------


def test_what_happened_to_mail_for_a_recipient_the_newest_mail_first(
    client: DynamoDBClient, reads: FeedbackReads
) -> None:
    old = outcome_of(COMPLAINT, sent_at=NOW - timedelta(days=2), occurred_at=NOW + timedelta(days=1))
    new, other = outcome_of(BOUNCE), outcome_of(DELAY, recipients=(Recipient("ben@example.org"),))
    ledger_on(client).record([old, other, new])
    assert reads.of_recipient("ana@example.org", 10) == [
        Kept(each.id, each.event, each.recipient, "ana@example.org", counted=True) for each in (new, old)
    ]
    assert [each.id for each in reads.of_recipient("ana@example.org", 1)] == [new.id]
    assert reads.of_recipient("ana@example.org", 0) == []
    assert reads.of_recipient("an", 10) == []


def test_what_names_nobody_is_found_by_no_name(client: DynamoDBClient, reads: FeedbackReads) -> None:
    rejected = outcome_of(REJECT)
    ledger_on(client).record([rejected])
    assert reads.of_recipient("", 10) == [Kept(rejected.id, rejected.event, None, "", counted=False)]


def test_a_hashed_recipient_is_found_by_who_has_the_key(client: DynamoDBClient, reads: FeedbackReads) -> None:
    names = HashedRecipients(b"0123456789abcdef")
    ledger_on(client, names).record([outcome_of(BOUNCE)])
    [kept] = reads.of_recipient(names.key("ANA@example.org"), 10)
    assert kept.recipient == Recipient("", "5.1.1", "failed", "smtp; 550 5.1.1 no such user")
    assert kept.recipient_key == names.key("ana@example.org")
    assert kept.event.subject == ""
    assert reads.of_recipient("ana@example.org", 10) == []


def test_what_happened_lately_in_a_region_the_last_first(client: DynamoDBClient, reads: FeedbackReads) -> None:
    told = [at(hours) for hours in range(5)]
    ledger_on(client).record([*told, at(0, region="us-east-1"), *sends(3)])
    assert [each.id for each in reads.recent(REGION, NOW - timedelta(hours=3), 10)] == [each.id for each in told[:4]]
    assert [each.id for each in reads.recent(REGION, NOW - timedelta(hours=9), 2)] == [each.id for each in told[:2]]
    assert reads.recent("eu-west-10", NOW - timedelta(hours=9), 2) == []


def test_records_are_over_after_their_days(client: DynamoDBClient, reads: FeedbackReads, clock: Clock) -> None:
    ledger_on(client).record([outcome_of(BOUNCE)])
    clock.pass_(days=90)
    assert len(reads.of_recipient("ana@example.org", 10)) == len(reads.recent(REGION, NOW, 10)) == 1
    clock.pass_(seconds=1)
    assert reads.of_recipient("ana@example.org", 10) == reads.recent(REGION, NOW, 10) == []


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
times = strategies.instants
details = st.one_of(
    st.builds(Bounce, words, words, words, words),
    st.builds(Complaint, words, words, words, st.none() | times),
    st.builds(Delivery, words, st.none() | st.integers(0, 10**6).map(lambda ms: ms / 1000), words, words),
    st.builds(Reject, words),
    st.builds(Rendering, words, words, words),
    st.builds(Delay, words, st.none() | times, words),
    st.builds(Engagement, words, words, words, words),
    st.builds(Subscription, words, words, st.none() | st.booleans()),
    st.builds(RefusedSend, *[words] * 13),
)
named = st.text(min_size=1, max_size=30, alphabet="abcXYZ.-_ü ")
recorded_events = st.builds(
    Event,
    kind=st.sampled_from([kind for kind in Kind if not kind.only_counts]),
    type=named,
    format=st.sampled_from(Format),
    message_id=words,
    occurred_at=times,
    sent_at=times,
    region=strategies.names,
    identity=words,
    account_id=words,
    feedback_id=words,
    configuration_set=words,
    source=words,
    subject=words,
    recipients=st.lists(st.builds(Recipient, named.map("{}@example.org".format), words, words, words), max_size=1).map(
        tuple
    ),
    detail=st.none() | details,
    tags=st.dictionaries(named, st.lists(words, max_size=3).map(tuple), max_size=4),
    unknown=st.dictionaries(named, words, max_size=4),
)


@given(recorded_events, st.booleans())
def test_whatever_is_recorded_is_read_back_the_same(event: Event, counted: bool) -> None:
    [outcome] = outcomes_of(event)
    outcome = replace(outcome, counted=counted)
    item = RecordWriter(PlainRecipients(), 1).item(outcome)
    key = normal(outcome.recipient.address) if outcome.recipient else ""
    kept = read_record(item)
    assert kept == Kept(kept.id, event, outcome.recipient, key, counted)
    assert event.kind.kept_hourly or kept.id == outcome.id
    assert re.fullmatch("[0-9a-f]{24}", kept.id)


def test_words_of_a_newer_version_do_not_hide_a_record(client: DynamoDBClient, reads: FeedbackReads) -> None:
    ledger_on(client).record([outcome_of(BOUNCE)])
    [item] = raw(client, "RECIPIENT#")
    newer: Any = {"kind": {"S": "Teleport"}, "type": {"S": "Teleport"}, "detail": {"M": {"of": {"S": "teleport"}}}}
    client.put_item(TableName=TABLE, Item={**item, **newer})
    [kept] = reads.of_recipient("ana@example.org", 1)
    assert (kept.event.kind, kept.event.type, kept.event.detail) == (Kind.OTHER, "Teleport", None)


@pytest.mark.parametrize("name", ["id", "kind", "occurred_at", "counted"])
def test_a_record_that_cannot_be_read_is_said_and_not_left_out(
    client: DynamoDBClient, reads: FeedbackReads, name: str
) -> None:
    ledger_on(client).record([outcome_of(BOUNCE)])
    [item] = raw(client, "RECIPIENT#")
    client.put_item(TableName=TABLE, Item={key: value for key, value in item.items() if key != name})
    with pytest.raises(UnreadableItemError, match=f"has no {name}"):
        reads.of_recipient("ana@example.org", 1)
    with pytest.raises(UnreadableItemError, match=f"has no {name}"):
        reads.recent(REGION, NOW - timedelta(hours=1), 1)


@pytest.mark.parametrize("name", ["hard_bounces", "hour"])
def test_counters_that_cannot_be_read_are_said_and_not_zero(
    client: DynamoDBClient, reads: FeedbackReads, name: str
) -> None:
    ledger_on(client).record([outcome_of(BOUNCE)])
    for item in raw(client, "COUNTS#"):
        client.put_item(TableName=TABLE, Item={**item, name: {"S": "many"}})
    with pytest.raises(UnreadableItemError, match=name):
        reads.sender(REGION, SHOP, NOW)
    with pytest.raises(UnreadableItemError, match=name):
        reads.traffic(REGION, NOW)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_what_could_not_be_asked_is_raised_and_not_nothing(client: DynamoDBClient, code: str) -> None:
    def broken() -> FeedbackReads:
        faults = [Fault(refused(code))]
        wrapped: Any = FaultyClient(client, query=list(faults), batch_get_item=list(faults))
        return FeedbackReads(wrapped, TABLE)

    asks: list[Callable[[FeedbackReads], object]] = [
        lambda reads: reads.sender(REGION, SHOP, NOW),
        lambda reads: reads.traffic(REGION, NOW),
        lambda reads: reads.template(REGION, "welcome", NOW),
        lambda reads: reads.rejected(REGION, SHOP, NOW),
        lambda reads: reads.noticed(REGION, SHOP),
        lambda reads: reads.own_domains(REGION, [SHOP]),
        lambda reads: reads.of_recipient("a", 1),
        lambda reads: reads.recent(REGION, NOW, 1),
        lambda reads: reads.unparsed(1),
    ]
    for ask in asks:
        with pytest.raises(ClientError, match=code):
            ask(broken())


# --- notices, unparsed ----------------------------------------------------------------------------------------------


def test_everything_aws_said_last_of_a_resource(client: DynamoDBClient, reads: FeedbackReads, clock: Clock) -> None:
    ledger = ledger_on(client)
    spf = replace(NOTICE, topic="SPF", holds=None)
    over = replace(NOTICE, holds=False, at=NOW + timedelta(hours=1))
    near = [replace(NOTICE, name=name) for name in (f"{SHOP}#advisor", f"x.{SHOP}", "shop")]
    for notice in (NOTICE, spf, over, *near, replace(NOTICE, region="us-east-1")):
        assert ledger.note(notice)
    assert reads.noticed(REGION, SHOP) == Noticed(SHOP, (over, spf))
    assert reads.noticed(REGION, near[0].name) == Noticed(near[0].name, (near[0],))
    assert reads.noticed(REGION, "nobody") == Noticed("nobody", ())
    clock.pass_(days=91)
    assert reads.noticed(REGION, SHOP) == Noticed(SHOP, ())


def test_what_could_not_be_read_the_last_first(client: DynamoDBClient, reads: FeedbackReads, clock: Clock) -> None:
    ledger = ledger_on(client)
    for number in range(3):
        ledger.unparsed(f"m-{number}", "not JSON", "{", NOW + timedelta(seconds=number))
    assert reads.unparsed(2) == [
        Unparsed(f"m-{number}", NOW + timedelta(seconds=number), "not JSON", "{") for number in (2, 1)
    ]
    clock.pass_(days=15)
    assert reads.unparsed(2) == []


# --- own domains ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "own"),
    [("SUCCESS", True), ("TEMPORARY_FAILURE", True), ("PENDING", False), ("FAILED", False), ("NOT_STARTED", False)],
)
def test_a_domain_is_ours_while_ses_sends_with_it(
    table: IdentityTable, reads: FeedbackReads, status: str, own: bool
) -> None:
    table.save_identity_state(replace(IDENTITY, verification_status=status), None)
    assert reads.own_domains(REGION, [SHOP, "example.org", ""]) == (frozenset({SHOP}) if own else frozenset())
    assert reads.own_domains("us-east-1", [SHOP]) == frozenset()


def test_no_domains_are_no_question(client: DynamoDBClient) -> None:
    wrapped: Any = FaultyClient(client)
    assert FeedbackReads(wrapped, TABLE).own_domains(REGION, []) == frozenset()
    assert wrapped.calls == []


def test_any_number_of_domains_is_read_a_hundred_at_a_time(
    table: IdentityTable, client: DynamoDBClient, reads: FeedbackReads
) -> None:
    domains = [f"d{number}.example.com" for number in range(205)]
    for domain in domains:
        table.save_identity_state(replace(IDENTITY, name=domain), None)
    asked: list[int] = []
    client.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem",
        lambda params, **_: asked.append(len(params["RequestItems"][TABLE]["Keys"])),
    )
    assert reads.own_domains(REGION, [*domains, *domains]) == frozenset(domains)
    assert asked == [100, 100, 5]


def test_domains_left_unread_are_asked_for_again_and_never_taken_for_strangers(
    table: IdentityTable, client: DynamoDBClient
) -> None:
    domains = [f"d{number}.example.com" for number in range(9)]
    for domain in domains:
        table.save_identity_state(replace(IDENTITY, name=domain), None)
    naps: list[float] = []
    patient: Any = HalfDone(client, times=3)
    assert FeedbackReads(patient, TABLE, sleep=naps.append).own_domains(REGION, domains) == frozenset(domains)
    assert len(naps) == 3
    never: Any = HalfDone(client, times=99)
    with pytest.raises(TableBusyError, match="identities"):
        FeedbackReads(never, TABLE, sleep=naps.append).own_domains(REGION, domains)
    assert len(naps) == 3 + ATTEMPTS - 1


@pytest.mark.parametrize("domain", ["ü" * 2000, "a\ud800", "#", "x" * 5000])
def test_a_hostile_domain_is_nobodys(reads: FeedbackReads, domain: str) -> None:
    assert reads.own_domains(REGION, [domain]) == frozenset()


def test_what_only_counts_is_not_found_by_its_recipient(client: DynamoDBClient, reads: FeedbackReads) -> None:
    ledger_on(client).record([outcome_of(SEND)])
    assert reads.of_recipient("ana@example.org", 10) == []
