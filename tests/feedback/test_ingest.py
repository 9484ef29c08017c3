"""A batch of the feedback queue, worked over the real table code on a mocked DynamoDB: what is counted, opened, failed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from ses_monitor import checks
from ses_monitor.core.event import Outcome
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.mailbox import HashedRecipients, PlainRecipients, RecipientNames
from ses_monitor.core.model import NOT_ASKED
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RegionState
from ses_monitor.core.rejection import Facts
from ses_monitor.core.stored import Phase
from ses_monitor.core.traffic import Tally
from ses_monitor.core.verdict import Verdict
from ses_monitor.feedback import classify, opening
from ses_monitor.feedback import ingest as ingesting
from ses_monitor.feedback.ingest import Ingested, Message, Sources, Step, ingest
from ses_monitor.feedback.parse import Where
from ses_monitor.feedback.remembered import OwnDomains, Remembered
from ses_monitor.store.feedback_ledger import FeedbackLedger
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.identity_table import IdentityTable
from ses_monitor.store.rejection_facts import RejectionFacts
from simulator import feedback
from simulator.feedback import Body, Mail
from tests.store.examples import IDENTITY, TABLE, Clock, connect, create_table, refused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
WHERE = Where("eu-west-1", "111122223333", NOW)
THROTTLED = refused("ThrottlingException")
TIMED_OUT = ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")


def mail(number: int = 1, *recipients: str, region: str = "eu-west-1", identity: str = "shop.example.com") -> Mail:
    sent_at = NOW - timedelta(minutes=5)
    return Mail(
        message_id=feedback.make_id(region, sent_at, number),
        region=region,
        identity=identity,
        source=f"Shop <orders@{identity}>",
        recipients=recipients or (f"ana{number}@example.org",),
        sent_at=sent_at,
        configuration_set="transactional",
    )


def bounce(number: int = 1, *recipients: str, **of_mail: Any) -> Body:
    sent = mail(number, *recipients, **of_mail)
    return feedback.bounce(sent, sent.recipients, NOW - timedelta(minutes=1))


def reject(number: int = 1, **of_mail: Any) -> Body:
    return feedback.reject(mail(number, **of_mail))


def message(number: int, body: Body | str, *, receives: int = 1) -> Message:
    region = body["mail"]["sourceArn"].split(":")[3] if isinstance(body, dict) and "mail" in body else "eu-west-1"
    text = body if isinstance(body, str) else feedback.sns(body, feedback.topic_arn(region), NOW)
    return Message(f"m{number}", text, WHERE, receives, f"receipt-{number}")


class Killed(BaseException):
    """The function died."""


@dataclass
class Faults:
    """What goes wrong with the operations of a client, by the operation's name."""

    client: DynamoDBClient
    errors: dict[str, BaseException] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append((name, request))
            if name in self.errors:
                raise self.errors[name]
            return getattr(self.client, name)(**request)

        return call


@dataclass
class World:
    """One table and what is worked with it; each batch may be worked by another process."""

    client: DynamoDBClient
    names: RecipientNames = field(default_factory=PlainRecipients)
    clock: Clock = field(default_factory=lambda: Clock(NOW))

    def __post_init__(self) -> None:
        self.faults = Faults(self.client)
        self.restart()

    def restart(self) -> None:
        client: Any = self.faults
        ledger = FeedbackLedger(
            client, TABLE, self.names, event_days=90, history_days=400, clock=self.clock, sleep=lambda _: None
        )
        self.reads = FeedbackReads(client, TABLE, clock=self.clock, sleep=lambda _: None)
        self.table = IdentityTable(client, TABLE, 400, clock=self.clock, sleep=lambda _: None)
        facts = RejectionFacts(client, TABLE, clock=self.clock, sleep=lambda _: None)
        self.sources = Sources(ledger, self.reads, self.table, facts, clock=self.clock)

    def ingest(self, *bodies: Body | str | Message) -> Ingested:
        made = [each if isinstance(each, Message) else message(n, each) for n, each in enumerate(bodies, 1)]
        return ingest(made, self.sources)

    def count(self, tally: Tally, region: str = "eu-west-1") -> int:
        return self.reads.traffic(region, self.clock()).last_day(self.clock())[tally]

    def open(self) -> set[tuple[str, str, str]]:
        found = self.table.findings("feedback")
        return {(each.region, each.subject, each.tag) for each in found if each.phase is Phase.OPEN}

    def told(self) -> int:
        return sum(item["pk"]["S"].startswith("CHANGE#") for item in self.client.scan(TableName=TABLE)["Items"])


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        client = connect()
        create_table(client)
        yield World(client)


def test_a_batch_is_counted_and_says_so(world: World) -> None:
    sent = mail(2)
    done = world.ingest(feedback.send(sent), feedback.delivery(sent, sent.recipients, NOW), bounce(3))
    assert (done.failed, done.counted, done.repeated) == ([], 3, 0)
    assert [world.count(each) for each in (Tally.SENDS, Tally.DELIVERIES, Tally.HARD_BOUNCES)] == [1, 1, 1]


def test_a_bad_event_opens_its_finding_at_once_and_once(world: World) -> None:
    done = world.ingest(reject())
    assert [change.tag for change in done.changes] == ["MESSAGE_REJECTED_VIRUS"]
    assert world.open() == {("eu-west-1", "shop.example.com", "MESSAGE_REJECTED_VIRUS")}
    assert world.ingest(reject(), reject(2)).changes == ()
    assert world.told() == 1


def test_each_region_is_its_own(world: World) -> None:
    done = world.ingest(reject(1), reject(2, region="eu-central-1"), bounce(3, region="eu-central-1"))
    assert sorted(change.region for change in done.changes) == ["eu-central-1", "eu-west-1"]
    assert world.count(Tally.HARD_BOUNCES, "eu-central-1") == 1
    assert world.count(Tally.HARD_BOUNCES) == 0


def test_a_template_that_cannot_be_filled_in_is_told_by_its_name(world: World) -> None:
    done = world.ingest(feedback.rendering_failure(mail(), "welcome", "first_name"))
    [change] = done.changes
    assert (change.tag, change.subject) == ("RENDERING_FAILURE", "welcome")
    assert "first_name" in change.text


def test_what_aws_says_of_a_resource_is_kept_and_told_until_it_is_over(world: World) -> None:
    advice = {
        "version": "0",
        "id": "1",
        "detail-type": "Advisor Recommendation Status Open",
        "source": "aws.ses",
        "account": "111122223333",
        "time": "2026-11-21T09:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:ses:eu-central-1:111122223333:identity/shop.example.com"],
        "detail": {"version": "1.0.0", "data": "SPF record was not found for shop.example.com."},
    }
    done = world.ingest(json.dumps(advice))
    assert (done.notices, [change.tag for change in done.changes]) == (1, ["ADVISOR_RECOMMENDATION"])
    over = {**advice, "detail-type": "Advisor Recommendation Status Resolved", "time": "2026-11-21T09:10:00Z"}
    assert world.ingest(json.dumps(over)).changes == (), "only an audit closes"
    assert world.ingest(json.dumps(advice)).failed == [], "and an old one that comes late is no news"
    assert len(world.open()) == 1


@pytest.mark.parametrize(
    "poison",
    ["", "{", "null", '{"eventType": "Bounce"}', "[" * 100_000, '{"Message": 7}', "\x00", '{"a": "b"}', "x" * 300_000],
)
def test_a_poisoned_message_is_failed_and_kept_with_its_reason_and_the_others_go_on(world: World, poison: str) -> None:
    done = world.ingest(bounce(1), poison, bounce(3))
    assert done.failed == ["m2"]
    assert [(each.step, bool(each.reason)) for each in done.failures] == [(Step.READ, True)]
    assert (done.unparsed, world.count(Tally.HARD_BOUNCES)) == (1, 2)
    [kept] = world.reads.unparsed(10)
    assert (kept.message_id, kept.reason) == ("m2", done.failures[0].reason)
    assert len(kept.excerpt) <= 500


def test_a_poisoned_message_that_comes_again_is_kept_once_and_counted_once(world: World) -> None:
    world.ingest(message(1, "{"))
    again = world.ingest(message(1, "{", receives=2))
    assert (again.failed, again.unparsed) == (["m1"], 0)
    assert len(world.reads.unparsed(10)) == 1


def test_what_is_kept_of_a_poisoned_message_names_nobody(world: World) -> None:
    world.ingest('{"to": "ana.b@example.org", "eventType": 7}')
    [kept] = world.reads.unparsed(10)
    assert "ana.b" not in kept.excerpt
    assert "a…@example.org" in kept.excerpt


def test_that_it_could_not_be_kept_spoils_nothing_else(world: World) -> None:
    world.faults.errors["put_item"] = THROTTLED
    done = world.ingest("{", bounce(2))
    assert done.failed == ["m1"]
    assert "could not be kept" in done.failures[0].reason
    assert world.count(Tally.HARD_BOUNCES) == 1


def test_control_messages_succeed_and_are_counted_by_reason(world: World) -> None:
    validated = "Successfully validated SNS topic for Amazon SES event publishing."
    subscribed = json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "hello"})
    done = world.ingest(validated, validated, subscribed, bounce(4))
    assert (done.failed, done.counted, sorted(done.skipped.values())) == ([], 1, [1, 2])


def test_one_message_may_tell_of_several_recipients(world: World) -> None:
    done = world.ingest(bounce(1, "ana@example.org", "ben@example.org", "Ana <ANA@example.org>"))
    assert (done.counted, world.count(Tally.HARD_BOUNCES)) == (2, 2)


def test_the_same_bounce_by_two_mechanisms_counts_once_in_a_batch_and_across(world: World) -> None:
    sent, at = mail(1), NOW - timedelta(minutes=1)
    by_event = feedback.bounce(sent, sent.recipients, at, feedback_id="f-1")
    by_identity = feedback.bounce(
        sent, sent.recipients, at, feedback_id="f-1", by=feedback.Mechanism.IDENTITY_NOTIFICATION
    )
    done = world.ingest(by_event, by_identity)
    assert (done.counted, done.repeated, done.failed) == (1, 1, [])
    again = world.ingest(by_identity, by_event)
    assert (again.counted, again.repeated) == (0, 2)
    assert world.count(Tally.HARD_BOUNCES) == 1


@pytest.mark.parametrize("name", ["example.org", "ORG.example.org"])
def test_a_bounce_at_a_domain_of_ours_is_no_bounce_of_a_stranger(world: World, name: str) -> None:
    own = replace(IDENTITY, name="example.org")
    world.table.save_identity_state(own, None)
    world.ingest(bounce(1, f"ana@{name}"), bounce(2, "ben@example.net"))
    assert (world.count(Tally.HARD_BOUNCES), world.count(Tally.OTHER_BOUNCES)) == (1, 1)


def test_where_our_own_domains_are_unknown_only_who_needs_them_waits(world: World) -> None:
    world.faults.errors["batch_get_item"] = THROTTLED
    sent = mail(2)
    done = world.ingest(
        bounce(1), feedback.send(sent), feedback.bounce(sent, sent.recipients, NOW, feedback.MAILBOX_FULL)
    )
    assert done.failed == ["m1"]
    assert done.failures[0].step is Step.CLASSIFY
    assert "our own" in done.failures[0].reason
    assert [world.count(each) for each in (Tally.SENDS, Tally.HARD_BOUNCES, Tally.OTHER_BOUNCES)] == [1, 0, 1]
    world.faults.errors.clear()
    assert world.ingest(bounce(1)).failed == []
    assert world.count(Tally.HARD_BOUNCES) == 1


def test_a_table_that_is_throttled_fails_the_batch_and_counts_it_once_when_it_is_well_again(world: World) -> None:
    batch = [bounce(1), reject(2), feedback.send(mail(3))]
    world.faults.errors["transact_write_items"] = THROTTLED
    failed = world.ingest(*batch)
    assert failed.failed == ["m1", "m2", "m3"]
    assert {each.step for each in failed.failures} == {Step.RECORD}
    assert "ThrottlingException" in failed.failures[0].reason
    assert failed.changes == ()
    world.faults.errors.clear()
    assert world.ingest(*batch).failed == []
    assert [world.count(each) for each in (Tally.HARD_BOUNCES, Tally.REJECTS, Tally.SENDS)] == [1, 1, 1]


@pytest.mark.parametrize("operation", ["query", "transact_write_items"])
def test_killed_between_the_ledger_and_the_findings_the_finding_opens_when_the_batch_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    recorded = world.sources.ledger.record

    def then_die(outcomes: Sequence[Outcome]) -> Any:
        done = recorded(outcomes)
        world.faults.errors[operation] = Killed()
        return done

    monkeypatch.setattr(world.sources.ledger, "record", then_die)
    with pytest.raises(Killed):
        world.ingest(reject())
    world.faults.errors.clear()
    world.restart()
    assert world.open() == set()
    done = world.ingest(message(1, reject(), receives=2))
    assert (done.counted, done.repeated) == (0, 1)
    assert world.open() == {("eu-west-1", "shop.example.com", "MESSAGE_REJECTED_VIRUS")}
    assert world.count(Tally.REJECTS) == 1


def test_findings_that_cannot_be_opened_fail_the_messages_that_name_them_and_no_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = world.table.findings_about

    def throttled_in_ireland(check_id: str, region: str, subject: str) -> Any:
        if region == "eu-west-1":
            raise THROTTLED
        return about(check_id, region, subject)

    monkeypatch.setattr(world.table, "findings_about", throttled_in_ireland)
    sent = mail(3)
    done = world.ingest(reject(1), reject(2, region="eu-central-1"), feedback.send(sent))
    assert [(each.message.id, each.step) for each in done.failures] == [("m1", Step.OPEN)]
    assert [change.region for change in done.changes] == ["eu-central-1"]
    assert world.count(Tally.REJECTS) == 1, "it is counted all the same"
    monkeypatch.undo()
    again = world.ingest(reject(1))
    assert (again.failed, again.counted, [change.region for change in again.changes]) == ([], 0, ["eu-west-1"])


def test_another_run_that_was_faster_is_no_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.table, "findings_about", lambda *_: [])
    world.ingest(reject(1))
    done = world.ingest(reject(2))
    assert (done.failed, done.changes) == ([], ())
    assert world.told() == 1


def test_a_crash_of_one_check_is_counted_and_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from ses_monitor.checks.feedback import rejects

    def crash(*_: object) -> Any:
        raise ZeroDivisionError

    opening._checks.cache_clear()
    monkeypatch.setattr(checks, "of_scopes", _replaced(rejects.CHECK.id, crash))
    try:
        done = world.ingest(reject(1), feedback.complaint(mail(2), mail(2).recipients, NOW))
    finally:
        opening._checks.cache_clear()
    assert (done.crashes, done.failed) == (1, [])
    assert [change.tag for change in done.changes] == ["COMPLAINT_RECEIVED"]


def _replaced(check_id: str, evaluate: Any) -> Any:
    def of_scopes(*scopes: Any) -> Any:
        registered = [check for check in checks.registered() if check.scope in scopes]
        return tuple(replace(check, evaluate=evaluate) if check.id == check_id else check for check in registered)

    return of_scopes


def test_good_news_reads_no_findings_and_no_subjects(world: World) -> None:
    sent = mail(1)
    done = world.ingest(feedback.send(sent), feedback.delivery(sent, sent.recipients, NOW), feedback.open(sent, NOW))
    assert done.counted == 3
    asked = [
        request["ExpressionAttributeValues"][":pk"]["S"] for name, request in world.faults.calls if name == "query"
    ]
    assert asked
    assert all(pk.startswith("SEEN#") for pk in asked)


def test_mutes_and_states_are_read_once_a_minute_at_most(world: World) -> None:
    def asked() -> list[str]:
        return [
            request["ExpressionAttributeValues"][":pk"]["S"] for name, request in world.faults.calls if name == "query"
        ]

    for number in range(5):
        world.ingest(reject(number))
    assert (asked().count("MUTE"), asked().count("REGION")) == (1, 1)
    world.clock.pass_(seconds=61)
    world.ingest(reject(9))
    assert (asked().count("MUTE"), asked().count("REGION")) == (2, 2)


def test_a_muted_finding_is_recorded_as_muted(world: World) -> None:
    world.table.save_mute(Mute("quiet", "ops", "known", NOW + timedelta(days=1), tag="MESSAGE_REJECTED_VIRUS"))
    [change] = world.ingest(reject()).changes
    assert change.muted_by == "quiet"
    assert not change.baseline


def test_hashed_recipients_leave_no_address_in_the_table(world: World) -> None:
    world.names = HashedRecipients(b"sixteen bytes or more")
    world.restart()
    done = world.ingest(
        bounce(1, "ana.b@example.org"),
        feedback.complaint(mail(2, "ana.b@example.org"), ["ana.b@example.org"], NOW),
        feedback.delay(mail(3, "ana.b@example.org"), ["ana.b@example.org"], NOW),
        '{"eventType": "ana.b@example.org"}',
    )
    assert done.counted == 3
    assert "ana.b" not in str(world.client.scan(TableName=TABLE)["Items"])
    assert [each.event.kind.value for each in world.reads.of_recipient(world.names.key("Ana.B@example.org"), 9)]


def test_an_outcome_that_the_ledger_chokes_on_costs_only_its_own_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = world.sources.ledger.record

    def choke(outcomes: Sequence[Outcome]) -> Any:
        if any(outcome.recipient and outcome.recipient.address == "bad@example.org" for outcome in outcomes):
            msg = "bad@example.org is too much for me"
            raise ValueError(msg)
        return record(outcomes)

    monkeypatch.setattr(world.sources.ledger, "record", choke)
    done = world.ingest(bounce(1), bounce(2, "bad@example.org"), bounce(3))
    assert done.failed == ["m2"]
    assert world.count(Tally.HARD_BOUNCES) == 2
    assert "b…@example.org is too much" in done.failures[0].reason


def test_an_event_that_cannot_be_classified_costs_only_its_own_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = classify.outcomes

    def crash(event: Any, own: Collection[str]) -> Any:
        if event.recipients[0].address.startswith("odd"):
            raise ZeroDivisionError
        return outcomes(event, own)

    monkeypatch.setattr(ingesting, "outcomes", crash)
    done = world.ingest(bounce(1), bounce(2, "odd@example.org"))
    assert [(each.message.id, each.step) for each in done.failures] == [("m2", Step.CLASSIFY)]
    assert world.count(Tally.HARD_BOUNCES) == 1


def test_a_message_half_of_which_was_recorded_fails_and_is_whole_when_it_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = world.sources.ledger.record

    def half(outcomes: Sequence[Outcome]) -> Any:
        done = record(outcomes[:1])
        return SimpleNamespace(new=done.new, duplicates=done.duplicates, failed={outcomes[1].id: THROTTLED})

    monkeypatch.setattr(world.sources.ledger, "record", half)
    body = bounce(1, "ana@example.org", "ben@example.org")
    assert world.ingest(body).failed == ["m1"]
    assert world.count(Tally.HARD_BOUNCES) == 1
    monkeypatch.undo()
    done = world.ingest(body)
    assert (done.failed, done.counted, done.repeated) == ([], 1, 1)
    assert world.count(Tally.HARD_BOUNCES) == 2


def test_an_event_past_the_queue_is_read_like_any_other(world: World) -> None:
    wrapped = feedback.sns_lambda_event(feedback.sns(reject(), feedback.topic_arn("eu-west-1"), NOW))
    done = ingest([Message("direct", wrapped, WHERE)], world.sources)
    assert (done.counted, len(done.changes)) == (1, 1)
    assert ingest([Message("direct", reject(), WHERE)], world.sources).repeated == 1


def test_an_empty_batch_is_nothing(world: World) -> None:
    assert ingest([], world.sources) == Ingested((), 0, 0, 0, {}, (), 0)
    assert world.faults.calls == []


# --- Any order, any batches, any faults -------------------------------------------------------------------------------


def stream() -> list[Body]:
    """Events of eight mails in two regions; some are bad."""
    told: list[Body] = []
    for number in range(8):
        sent = mail(number, f"a{number}@example.org", f"b{number}@example.net", region=REGIONS[number % 2])
        told += [feedback.send(sent), feedback.delivery(sent, sent.recipients[0], NOW - timedelta(minutes=number))]
        told.append(feedback.bounce(sent, sent.recipients[1], NOW - timedelta(minutes=number * 7)))
        told += [feedback.open(sent, NOW), feedback.delay(sent, sent.recipients, NOW - timedelta(hours=2))]
    template = feedback.rendering_failure(mail(50), "welcome")
    return [
        *told,
        reject(40),
        reject(41, region=REGIONS[1]),
        template,
        feedback.complaint(mail(51), ["c@example.org"], NOW),
    ]


def final(world: World) -> tuple[list[Any], list[Any]]:
    """What is counted and kept, and what is open; not how the marks lie, nor when it was written."""
    kept = [
        item
        for item in world.client.scan(TableName=TABLE)["Items"]
        if item["pk"]["S"].startswith(("COUNTS#", "RECIPIENT#"))
    ]
    return sorted(kept, key=str), sorted(world.open())


REGIONS = ("eu-west-1", "eu-central-1")


class Weather:
    """Sometimes refuses a call, sometimes loses its answer, sometimes kills the function; each also after the call."""

    def __init__(self, client: Any, chance: Random) -> None:
        self._client = client
        self._chance = chance
        self.storms = 0

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            drawn = self._chance.random()
            if drawn < 0.08:
                self._strike()
            answer = getattr(self._client, name)(**request)
            if drawn > 0.92:
                self._strike()
            return answer

        return call

    def _strike(self) -> None:
        self.storms += 1
        raise self._chance.choice([refused("InternalServerError"), Killed(), TIMED_OUT])


@pytest.mark.parametrize("seed", range(3))
def test_any_order_batches_duplicates_and_faults_end_with_what_the_plain_stream_gives(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a story that can be told again, no secret
    with mock_aws():
        create_table(connect())
        plain = World(connect())
        plain.ingest(*stream())
        expected = final(plain)
    with mock_aws():
        create_table(connect())
        world = World(connect())
        weather = Weather(world.client, chance)
        world.faults = weather  # type: ignore[assignment] # stands in for it
        world.restart()
        once = stream()
        waiting = [message(n, body) for n, body in enumerate([*once, *chance.sample(once, len(once) // 4)])]
        while waiting:
            chance.shuffle(waiting)
            batch = waiting[: chance.randint(1, 30)]
            try:
                failed = set(world.ingest(*batch).failed)
            except Killed:
                world.restart()
                continue
            done = {each.id for each in batch} - failed
            waiting = [each for each in waiting if each.id not in done]
        world.faults = Faults(world.client)
        world.restart()
        assert final(world) == expected
        assert weather.storms > 2
        assert world.told() == len(expected[1]), "each was told once, when it opened: none worsens here"


# --- What was sent, where events do not tell ------------------------------------------------------------------------


def state(**facts: Any) -> Mapping[str, RegionState]:
    account = AccountFacts(
        **{"seen_at": NOW, "max_24_hours": 50_000.0, "max_per_second": 14.0, "sent_last_24_hours": 9_600.0, **facts}
    )
    return {"eu-west-1": RegionState("eu-west-1", Verdict.DELIVERS, NOW, account=account)}


@pytest.mark.parametrize(
    ("facts", "at_most"),
    [
        ({}, 9_600),
        ({"seen_at": NOW - timedelta(seconds=100)}, 11_000),
        ({"seen_at": NOW - timedelta(hours=1)}, 12_100),
        ({"seen_at": NOW - timedelta(hours=1), "max_24_hours": -1.0}, 10_080),
        ({"seen_at": NOW + timedelta(seconds=1)}, 9_600),
        ({"seen_at": NOW - timedelta(hours=2)}, None),
        ({"sent_last_24_hours": None}, None),
        ({"max_24_hours": None}, None),
    ],
)
def test_what_was_sent_is_taken_from_the_last_audit_as_a_bound(facts: dict[str, Any], at_most: float | None) -> None:
    account = opening._account(state(**facts)["eu-west-1"].account, NOW)
    if at_most is None:
        assert account is NOT_ASKED
    else:
        assert account.get().quota.get().sent_last_24_hours == at_most


# --- What a process remembers ------------------------------------------------------------------------------------------


def test_own_domains_are_asked_for_once_in_a_quarter_of_an_hour_also_those_that_are_not_ours() -> None:
    asked: list[set[str]] = []

    def read(region: str, domains: Collection[str]) -> Collection[str]:
        asked.append(set(domains))
        return {"ours.example"} & set(domains) if region == "eu-west-1" else set()

    own = OwnDomains(read)
    assert own.among("eu-west-1", {"ours.example", "theirs.example"}, NOW) == {"ours.example"}
    assert own.among("eu-west-1", {"ours.example", "more.example"}, NOW + timedelta(minutes=14)) == {"ours.example"}
    assert own.among("eu-central-1", {"ours.example"}, NOW) == frozenset()
    own.among("eu-west-1", {"theirs.example"}, NOW + timedelta(minutes=15))
    assert asked == [{"ours.example", "theirs.example"}, {"more.example"}, {"ours.example"}, {"theirs.example"}]


def test_own_domains_take_no_more_room_than_they_may() -> None:
    own = OwnDomains(lambda _, domains: domains, most=10)
    for number in range(100):
        wanted = {f"{number}.example", f"{number}.example.org", "always.example"}
        assert own.among("eu-west-1", wanted, NOW) == wanted
        assert len(own._kept) <= 10


def test_more_domains_at_once_than_may_be_kept_are_answered_all_the_same() -> None:
    own = OwnDomains(lambda _, domains: domains, most=2)
    wanted = {f"{number}.example" for number in range(5)}
    assert own.among("eu-west-1", wanted, NOW) == wanted


def test_a_failure_is_not_remembered() -> None:
    answers: list[Any] = [THROTTLED, {"a": 1}]

    def read(_: datetime) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, ClientError):
            raise answer
        return answer

    kept = Remembered(read, timedelta(minutes=1))
    with pytest.raises(ClientError):
        kept.at(NOW)
    assert kept.at(NOW) == {"a": 1}
    assert kept.at(NOW + timedelta(seconds=59)) == {"a": 1}


def told(text: str, number: int = 1, **more: Any) -> Message:
    return message(
        number, feedback.sns(json.dumps(feedback.report(text, **more)), feedback.topic_arn("eu-west-1"), NOW)
    )


def unverified(*names: str) -> str:
    return (
        "554 Message rejected: Email address is not verified. The following identities failed the check in region"
        f" EU-WEST-1: {', '.join(names)}"
    )


def audited(world: World, *statuses: tuple[str, str], sandbox: bool = False) -> None:
    """Leave what audits leave: `statuses` of shop.example.com by region, and the account of eu-west-1."""
    facts = AccountFacts(
        NOW, production_access=not sandbox, max_24_hours=50_000, max_per_second=14, sent_last_24_hours=9
    )
    world.table.save_region_state(
        RegionState("eu-west-1", Verdict.DELIVERS, NOW - timedelta(days=1), account=facts), None
    )
    for region in ("eu-west-1", "us-east-1"):
        world.table.save_identity_run(IdentityRun(region, "run-1", NOW, ended=True, turn=1), None)
    for region, status in statuses:
        world.table.save_identity_state(replace(IDENTITY, region=region, verification_status=status), None)


ORDERS = "orders@shop.example.com"


@pytest.mark.parametrize(
    ("statuses", "sandbox", "failed", "tag"),
    [
        ([("eu-west-1", "SUCCESS")], True, "ana@example.org", "RECIPIENT_UNVERIFIED_SANDBOX"),
        ([("us-east-1", "SUCCESS")], False, ORDERS, "SENDER_VERIFIED_IN_OTHER_REGION"),
        ([("eu-west-1", "PENDING")], False, ORDERS, "SENDER_PENDING"),
        ([("eu-west-1", "SUCCESS")], False, "root@ip-10-0-0-1.ec2.internal", "RETURN_PATH_UNVERIFIED"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_refused_send_opens_the_answer_of_this_account_once(
    world: World, statuses: list[tuple[str, str]], sandbox: bool, failed: str, tag: str
) -> None:
    audited(world, *statuses, sandbox=sandbox)
    done = world.ingest(told(unverified(failed), sender=ORDERS))
    assert (done.failures, done.counted) == ((), 1)
    assert {(change.tag, change.subject) for change in done.changes} == {(tag, "shop.example.com")}
    again = world.ingest(told(unverified(failed), sender=ORDERS), told(unverified(failed), 2, sender=ORDERS, name="n2"))
    assert (again.counted, again.repeated, again.changes) == (1, 1, ())
    [refusals] = world.reads.rejected("eu-west-1", "shop.example.com", NOW).refusals
    assert (refusals.tag, refusals.since(NOW - timedelta(hours=2))) == (tag, 2)
    assert world.count(Tally.REJECTIONS) == 2
    assert "ana@example.org" not in repr(world.client.scan(TableName=TABLE)["Items"])


def test_a_success_that_is_reported_is_passed_over(world: World) -> None:
    done = world.ingest(told("250 Ok 0102019a9f3c7e10-5b7d2c4e-8f61-4a0b-9c3d-2e1f0a9b8c7d-000000"))
    assert (done.failures, done.counted, sum(done.skipped.values())) == ((), 0, 1)


def test_where_the_audits_cannot_be_read_only_who_needs_them_waits_and_nothing_is_guessed(world: World) -> None:
    audited(world, ("eu-west-1", "PENDING"))

    class Broken:
        def facts(self, region: str, names: Collection[str]) -> Facts:
            raise (TIMED_OUT if region and names else AssertionError)

    asked, world.sources.facts = world.sources.facts, Broken()
    batch = (told(unverified(ORDERS), 1, sender=ORDERS), message(2, bounce()), told("552 Message is too long.", 3))
    done = world.ingest(*batch)
    assert [(each.message.id, each.step) for each in done.failures] == [("m1", Step.RESOLVE)]
    assert done.counted == 2
    world.sources.facts = asked
    done = world.ingest(*batch)
    assert (done.failures, done.counted) == ((), 1)
    assert ("eu-west-1", "shop.example.com", "SENDER_PENDING") in {
        (each.region, each.subject, each.tag) for each in world.table.findings("rejection")
    }


def test_without_any_audit_it_is_told_as_undecided(world: World) -> None:
    done = world.ingest(told(unverified("ana@example.org")))
    assert [(change.tag, change.subject) for change in done.changes] == [("IDENTITY_UNVERIFIED", "account")]


def test_a_refused_send_that_the_ledger_did_not_take_comes_again_and_counts_once(world: World) -> None:
    world.faults.errors = {"transact_write_items": THROTTLED}
    done = world.ingest(told(unverified(ORDERS), sender=ORDERS))
    assert [each.step for each in done.failures] == [Step.RECORD]
    world.faults.errors = {}
    assert world.ingest(told(unverified(ORDERS), sender=ORDERS)).counted == 1
