"""The daily digest: one message a day, short when nothing is wrong, and never "all is well" where nobody looked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ses_monitor.alerts import deliver, digest, digest_document, digest_topic
from ses_monitor.alerts.deliver import Delivery, Result
from ses_monitor.alerts.digest_topic import BusyError, DigestTopic
from ses_monitor.alerts.document import DocumentError
from ses_monitor.alerts.slack import Delivered
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.core.digest import Digest, Figures, digest_of
from ses_monitor.core.model import Severity
from simulator.chat.limits import check_message
from simulator.chat.rendering import render
from tests.alerts.digest_examples import BAD, BLIND, DIGESTS, HOUR, QUIET, digests
from tests.alerts.examples import HOSTILE, NOW, FakeLedger

MOST_OF_SNS = 262_144
PHONE = 44
slow = settings(max_examples=40, suppress_health_check=list(HealthCheck))


@dataclass
class FakeSns:
    sent: list[dict[str, Any]] = field(default_factory=list)
    failures: int = 0

    def publish(self, **request: Any) -> dict[str, str]:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.sent.append(request)
        return {"MessageId": "1"}


def topic(ledger: FakeLedger, sns: FakeSns | None = None) -> tuple[DigestTopic, FakeSns]:
    client = sns or FakeSns()
    return DigestTopic(client, "arn:aws:sns:eu-west-1:111122223333:alerts", ledger), client  # type: ignore[arg-type]


def document_of(day: Digest) -> str:
    return digest_document.encode(day, digest.headline(day))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"sends": 900, "bounces": 3}, "counted 900 sends, 3 bounces, 0 complaints"),
        ({"bounces": 3, "complaints": 1}, "counted 3 bounces, 1 complaint"),
        ({"sends": 1}, "counted 1 send, 0 bounces, 0 complaints"),
        ({}, "no feedback was counted"),
    ],
)
def test_sends_that_nothing_tells_of_are_not_called_none(counts: dict[str, int], said: str) -> None:
    figures = Figures("eu-west-1", None, None, None, counted=True, **counts)
    day = replace(digest_of(QUIET), figures=(figures,))
    shown = render(digest.render(day).payload(), NOW, width=300)
    assert f"eu-west-1: {said}\n" in shown


@pytest.mark.parametrize("name", DIGESTS)
def test_a_day_looks_like_this_in_slack(name: str, golden: Callable[[str, str], None]) -> None:
    message = digest.render(DIGESTS[name])
    check_message(message.payload())
    check_message(message.plain_payload())
    shown = f"--- the notification\n{message.text}\n\n--- the message\n{render(message.payload(), NOW, width=PHONE)}"
    golden(f"digest-{name}.slack.txt", shown)
    golden(f"digest-{name}.slack.json", json.dumps(message.payload(), indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("name", DIGESTS)
def test_a_day_looks_like_this_as_mail(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"digest-{name}.mail.txt", f"Subject: {digest.subject(DIGESTS[name])}\n\n{digest.body(DIGESTS[name])}")


def test_a_day_looks_like_this_to_machines(golden: Callable[[str, str], None]) -> None:
    shown = json.dumps(json.loads(document_of(DIGESTS["bad"])), indent=1, ensure_ascii=False)
    golden("digest-bad.document.json", shown + "\n")


def test_a_quiet_day_is_a_short_message() -> None:
    assert "Nothing is open." in digest.body(DIGESTS["quiet"])
    assert len(digest.body(DIGESTS["quiet"]).splitlines()) < 20


@pytest.mark.parametrize("name", ["blind", "nobody-looked", "never-looked"])
def test_where_nobody_could_look_that_comes_first_and_nothing_is_said_to_be_well(name: str) -> None:
    day = DIGESTS[name]
    assert digest.parts(day)[0].title == "Not everything could be seen"
    shown = json.dumps(digest.render(day).payload(), ensure_ascii=False) + digest.body(day) + digest.subject(day)
    assert "Nothing is open" not in shown
    assert ": nothing is open" not in shown
    assert day.weight >= Severity.ERROR


def test_a_mute_that_ends_within_two_days_is_announced() -> None:
    text = digest.body(DIGESTS["bad"])
    assert "tag SUPPRESSION_OFF, region us-east-1: ENDS SOON, 21 Nov, 17:30 (in 20 h); ana" in text
    assert "subject old.example.com: ends 29 Nov, 21:30; bo" in text


@slow
@given(day=digests)
def test_whatever_is_in_the_table_fits_slack_and_sns_and_is_read_back(day: Digest) -> None:
    message = digest.render(day)
    check_message(message.payload())
    check_message(message.plain_payload())
    assert sum(len(json.dumps(block, ensure_ascii=False)) for block in message.blocks) < 13_000
    whole = digest_topic.message(day)
    attributes = json.dumps(digest_topic.attributes())
    assert len(whole.encode()) + len(attributes) + 200 < MOST_OF_SNS
    subject = digest.subject(day)
    assert subject.isascii()
    assert subject.isprintable()
    assert 0 < len(subject) < 100
    alert_id, read = digest_document.read(json.loads(json.loads(whole)["default"]))
    assert alert_id == digest_document.digest_id(day)
    check_message(digest.render(read).payload())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_mentions_and_links_nobody(name: str) -> None:
    day = DIGESTS["bad"]
    told = tuple(replace(each, subject=name, tag=name) for each in day.open.first)
    answers = tuple(replace(each, region=name, tag="", text=name) for each in day.answers)
    mutes = tuple(replace(each, owner=name, reason=name, what=name) for each in day.mutes)
    hostile = replace(day, unseen=(name,), answers=answers, open=replace(day.open, first=told), mutes=mutes)
    shown = json.dumps(digest.render(hostile).payload(), ensure_ascii=False)
    assert not any(mark in shown for mark in ("<!", "<@", "<#", "<http"))
    assert not any(line.startswith("Bcc:") for line in digest.body(hostile).splitlines())


@pytest.mark.parametrize("name", DIGESTS)
def test_a_digest_that_went_through_the_queue_looks_the_same(name: str) -> None:
    body = json.dumps({"Type": "Notification", "Message": document_of(DIGESTS[name]), "MessageId": "m"})
    news = deliver.understand(body, "m")
    assert news.alert is None
    shown = news.render({})
    assert shown is not None
    assert shown.payload() == digest.render(DIGESTS[name]).payload()


def test_slack_gets_a_day_once_however_often_it_is_published(ledger: FakeLedger) -> None:
    posted: list[Message] = []

    def post(message: Message) -> Delivered:
        posted.append(message)
        return Delivered()

    delivery = Delivery(ledger, post, lambda: NOW)
    later = digest_of(replace(QUIET, at=NOW + HOUR))
    results = [delivery.deliver(document_of(day), id_) for day, id_ in ((DIGESTS["bad"], "1"), (later, "2"))]
    assert results == [Result.POSTED, Result.REPEATED]
    assert len(posted) == 1


def test_a_digest_of_another_version_is_shown_as_it_came_with_the_reason() -> None:
    values = json.loads(document_of(DIGESTS["quiet"]))
    for wrong in (
        {**values, "schema": 2},
        {**values, "open": "much"},
        {**values, "at": "2026"},
        {**values, "idle": True},
    ):
        with pytest.raises(DocumentError):
            digest_document.read(wrong)
        message = deliver.understand(json.dumps(wrong), "m").render({})
        assert message is not None
        assert "digest of ses-monitor that this version cannot read" in message.plain


def test_the_topic_gets_a_day_once_and_the_next_day_again(ledger: FakeLedger) -> None:
    target, sns = topic(ledger)
    days = [DIGESTS["bad"], digest_of(replace(QUIET, at=NOW + HOUR)), replace(DIGESTS["quiet"], at=NOW + 5 * HOUR)]
    assert [target.publish(day, day.at) for day in days] == [True, False, True]
    assert [request["MessageAttributes"]["kind"]["StringValue"] for request in sns.sent] == ["digest", "digest"]
    assert [request["MessageAttributes"]["severity"]["StringValue"] for request in sns.sent] == ["INFO", "INFO"]


def test_what_could_not_be_published_is_published_by_the_next_attempt(ledger: FakeLedger) -> None:
    target, sns = topic(ledger, FakeSns(failures=1))
    with pytest.raises(ConnectionError):
        target.publish(DIGESTS["bad"], NOW)
    assert target.publish(DIGESTS["bad"], NOW)
    assert len(sns.sent) == 1


def test_two_runs_at_once_publish_one(ledger: FakeLedger) -> None:
    target, sns = topic(ledger)
    ledger.claim(digest_document.digest_id(DIGESTS["bad"]), digest_topic.CHANNEL, NOW, 300)
    with pytest.raises(BusyError):
        target.publish(DIGESTS["bad"], NOW)
    assert not sns.sent


def test_another_account_or_day_is_another_digest() -> None:
    days = [BAD, replace(BAD, account_id="222233334444"), replace(BAD, at=NOW + 3 * HOUR), BLIND]
    assert len({digest_document.digest_id(digest_of(day)) for day in days}) == 3
