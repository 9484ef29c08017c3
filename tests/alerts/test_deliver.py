from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses_monitor.alerts import deliver, document
from ses_monitor.alerts.deliver import Delivery, NotDeliveredError, Result, understand, wait_before
from ses_monitor.alerts.slack import Delivered, Outcome, Refused, RetryLater, Trouble
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Change, Transition
from simulator.chat.limits import check_message
from simulator.chat.receiver import Chat
from tests.alerts.examples import HOSTILE, NOW, FakeLedger, alert_of, anything, dkim, paused, quota, resolved, reviewed
from tests.alerts.test_golden import ALARM

DOWN = RetryLater(15, "Slack answered 503", Trouble.FAILING)
SLOW_DOWN = RetryLater(40, "Slack answered 429", Trouble.RATE_LIMITED)
REVOKED = RetryLater(300, "Slack answered 404 (no_service): make a new webhook", Trouble.WEBHOOK)


class Slack:
    """A channel that answers as told, and then takes everything."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.taken: list[Message] = []
        self.tries = 0

    def post(self, message: Message) -> Outcome:
        self.tries += 1
        outcome = self.outcomes.pop(0) if self.outcomes else Delivered()
        if isinstance(outcome, Delivered):
            self.taken.append(message)
        return outcome

    @property
    def titles(self) -> list[str]:
        shown: list[Any] = [message.blocks[0] for message in self.taken]
        return [block["text"]["text"] for block in shown]


def body_of(*changes: Change) -> str:
    return document.encode(alert_of(*changes))


def batch(ledger: FakeLedger, slack: Slack) -> Delivery:
    return Delivery(ledger, slack.post, lambda: NOW)


def test_an_alert_is_posted_and_noted(ledger: FakeLedger) -> None:
    slack = Slack()
    assert batch(ledger, slack).deliver(body_of(paused()), "m1") is Result.POSTED
    assert slack.titles == ["\U0001f6a8 CRITICAL: Sending paused in eu-west-1"]
    assert ledger.versions == {("slack", paused().finding_id): 1000}


@pytest.mark.parametrize("again", ["m1", "m2"])
def test_an_alert_that_the_queue_delivers_twice_is_posted_once(ledger: FakeLedger, again: str) -> None:
    slack = Slack()
    delivery = batch(ledger, slack)
    delivery.deliver(body_of(paused()), "m1")
    assert delivery.deliver(body_of(paused()), again) is Result.REPEATED
    assert slack.tries == 1


def test_news_that_newer_news_has_overtaken_is_not_told(ledger: FakeLedger) -> None:
    slack = Slack()
    delivery = batch(ledger, slack)
    assert delivery.deliver(body_of(resolved(paused())), "m2") is Result.POSTED
    assert delivery.deliver(body_of(paused()), "m1") is Result.OVERTAKEN
    assert slack.titles == ["\u2705 Over: Sending paused in eu-west-1"]
    assert delivery.deliver(body_of(paused()), "m1") is Result.REPEATED


def test_the_end_of_what_was_replaced_is_told_even_where_the_replacement_is_overtaken(ledger: FakeLedger) -> None:
    slack = Slack()
    delivery = batch(ledger, slack)
    worse = quota(Severity.CRITICAL, 100, version=2000, transition=Transition.WORSENED)
    worse = replace(worse, was_tag="QUOTA_NEARLY_EXHAUSTED", was_severity=Severity.WARNING)
    over = replace(worse, was_tag="", was_severity=None, transition=Transition.RESOLVED, version=3000)
    delivery.deliver(body_of(quota()), "m1")
    delivery.deliver(body_of(over), "m3")
    slack.outcomes = [SLOW_DOWN]
    with pytest.raises(NotDeliveredError):
        delivery.deliver(body_of(worse), "m2")
    assert batch(ledger, slack).deliver(body_of(worse), "m2") is Result.POSTED
    assert [title.partition(" in ")[0] for title in slack.titles[1:]] == [
        "\u2705 Over: Quota exhausted",
        "\u2705 Over: Quota nearly exhausted",
    ]


def test_only_what_is_not_overtaken_of_a_group_is_told(ledger: FakeLedger) -> None:
    slack = Slack()
    delivery = batch(ledger, slack)
    delivery.deliver(body_of(resolved(reviewed("us-east-1"))), "m2")
    delivery.deliver(body_of(*(reviewed(region) for region in ("ap-south-1", "eu-west-1", "us-east-1"))), "m1")
    assert slack.titles[1] == "\U0001f534 ERROR: Under review in ap-south-1 and eu-west-1"


@pytest.mark.parametrize("trouble", [DOWN, SLOW_DOWN, REVOKED], ids=["down", "rate limit", "revoked"])
def test_what_slack_does_not_take_now_is_told_when_it_is_back(ledger: FakeLedger, trouble: RetryLater) -> None:
    slack = Slack(trouble)
    with pytest.raises(NotDeliveredError) as put_off:
        batch(ledger, slack).deliver(body_of(paused()), "m1")
    assert put_off.value.after_seconds == trouble.after_seconds
    assert put_off.value.needs_a_person is (trouble is REVOKED)
    assert batch(ledger, slack).deliver(body_of(paused()), "m1") is Result.POSTED
    assert len(slack.taken) == 1


@pytest.mark.parametrize("trouble", [DOWN, SLOW_DOWN, REVOKED], ids=["down", "rate limit", "revoked"])
def test_the_rest_of_a_batch_is_put_off_unposted_for_as_long(ledger: FakeLedger, trouble: RetryLater) -> None:
    slack = Slack(trouble)
    delivery = batch(ledger, slack)
    waits = []
    for region in ("eu-west-1", "us-east-1", "us-west-2"):
        with pytest.raises(NotDeliveredError) as put_off:
            delivery.deliver(body_of(paused(region)), region)
        waits.append(put_off.value.after_seconds)
    assert slack.tries == 1
    assert waits == [trouble.after_seconds] * 3
    assert ledger.states == {}


def test_what_slack_refuses_in_any_form_is_kept_and_does_not_hold_the_rest_back(ledger: FakeLedger) -> None:
    slack = Slack(Refused("Slack answered 400 (invalid_payload)"))
    delivery = batch(ledger, slack)
    with pytest.raises(NotDeliveredError) as refused:
        delivery.deliver(body_of(paused()), "m1")
    assert refused.value.refused
    assert delivery.deliver(body_of(reviewed()), "m2") is Result.POSTED


def test_dying_between_post_and_note_posts_again_once(ledger: FakeLedger) -> None:
    slack = Slack()
    ledger.failing = {"delivered", "release"}
    with pytest.raises(ConnectionError):
        batch(ledger, slack).deliver(body_of(paused()), "m1")
    ledger.failing = set()
    with pytest.raises(NotDeliveredError) as waiting:
        batch(ledger, slack).deliver(body_of(paused()), "m1")
    assert waiting.value.after_seconds == deliver.LEASE_SECONDS
    ledger.lease_runs_out()
    assert batch(ledger, slack).deliver(body_of(paused()), "m1") is Result.POSTED
    assert batch(ledger, slack).deliver(body_of(paused()), "m1") is Result.REPEATED
    assert len(slack.taken) == 2


@pytest.mark.parametrize("method", ["claim", "told"])
def test_a_table_that_cannot_be_asked_posts_nothing_and_keeps_the_message(ledger: FakeLedger, method: str) -> None:
    slack = Slack()
    ledger.failing = {method}
    with pytest.raises(ConnectionError):
        batch(ledger, slack).deliver(body_of(paused()), "m1")
    assert slack.tries == 0
    ledger.failing = set()
    assert batch(ledger, slack).deliver(body_of(paused()), "m1") is Result.POSTED


def test_a_claim_that_cannot_be_given_back_does_not_hide_what_slack_said(ledger: FakeLedger) -> None:
    ledger.failing = {"release"}
    delivery = batch(ledger, Slack(SLOW_DOWN))
    with pytest.raises(NotDeliveredError, match="429"):
        delivery.deliver(body_of(paused()), "m1")
    assert delivery.take_notes() == ["the claim could not be given back (ConnectionError)"]
    assert delivery.take_notes() == []


def envelope(message: str, **changed: Any) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "n1", "Message": message} | changed)


@pytest.mark.parametrize("wrap", [str, envelope], ids=["raw", "in SNS's envelope"])
@pytest.mark.parametrize(
    ("message", "title"),
    [
        (body_of(paused()), "CRITICAL: Sending paused"),
        (json.dumps(ALARM), "ses-monitor itself needs help: ses-monitor-no-audit"),
        ("Hello?", "A message on the alert topic"),
        (json.dumps({"schema": 2, "alert_id": "x"}), "A message on the alert topic"),
        ("", "A message on the alert topic"),
    ],
)
def test_everything_on_the_topic_is_understood_as_something(
    wrap: Any, message: str, title: str, ledger: FakeLedger
) -> None:
    slack = Slack()
    assert batch(ledger, slack).deliver(wrap(message), "m1") is Result.POSTED
    assert title in slack.titles[0]


def test_an_alert_of_a_newer_format_is_shown_with_the_reason() -> None:
    message = understand(json.dumps({"schema": 2, "alert_id": "x", "title": "news"}), "m1").render({})
    assert message is not None
    assert "its schema is 2, this version reads 1" in message.plain


def test_an_alarm_that_is_over_overtakes_its_beginning(ledger: FakeLedger) -> None:
    slack = Slack()
    delivery = batch(ledger, slack)
    over = ALARM | {"NewStateValue": "OK", "StateChangeTime": "2026-11-20T21:45:00.000+0000"}
    assert delivery.deliver(json.dumps(over), "m2") is Result.POSTED
    assert delivery.deliver(json.dumps(ALARM), "m1") is Result.OVERTAKEN
    again = ALARM | {"StateChangeTime": "2026-11-20T22:00:00.000+0000"}
    assert delivery.deliver(json.dumps(again), "m3") is Result.POSTED


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_messages_are_told_apart_and_told(text: str, ledger: FakeLedger) -> None:
    slack = Slack()
    delivery = batch(ledger, slack)
    assert delivery.deliver(text, "m1") is Result.POSTED
    assert delivery.deliver(text, "m1") is Result.REPEATED
    assert delivery.deliver(text, "m2") is Result.POSTED


@settings(max_examples=60)
@given(
    st.one_of(
        anything,
        st.recursive(
            st.one_of(st.none(), anything, st.integers(), st.floats()),
            lambda inner: st.dictionaries(
                st.sampled_from(
                    [
                        "Type",
                        "Message",
                        "Subject",
                        "schema",
                        "alert_id",
                        "AlarmName",
                        "NewStateValue",
                        "AlarmArn",
                        "StateChangeTime",
                        "findings",
                    ]
                ),
                inner,
            ),
        ).map(json.dumps),
    )
)
def test_no_message_is_too_strange_to_be_shown(body: str) -> None:
    assert understand(body, "m1").render({}) is not None


@pytest.mark.parametrize(
    ("receives", "at_least", "seconds"),
    [
        (1, 0, 15),
        (2, 0, 30),
        (5, 0, 240),
        (7, 0, 900),
        (1000, 0, 900),
        (1, 40, 40),
        (3, 40, 60),
        (1, 4000, 900),
        (0, 0, 15),
    ],
)
def test_waits_double_up_to_a_quarter_of_an_hour(receives: int, at_least: int, seconds: int) -> None:
    assert wait_before(receives, at_least) == seconds


def test_a_version_is_only_ever_told_once_whatever_the_order(ledger: FakeLedger) -> None:
    slack = Slack()
    delivery = batch(ledger, slack)
    versions = [3000, 1000, 4000, 2000]
    results = [delivery.deliver(body_of(replace(paused(), version=each)), str(each)) for each in versions]
    assert results == [Result.POSTED, Result.OVERTAKEN, Result.POSTED, Result.OVERTAKEN]


# --- a webhook alone: messages name the one they follow -------------------------------------------------------------


def webhook_life(ledger: FakeLedger, *changes: Change) -> str:
    clock = [NOW]
    chat = Chat(clock=lambda: clock[0])
    slack = Slack()
    for change in changes:
        clock[0] = max(NOW, change.at)
        delivery = Delivery(ledger, slack.post, lambda: clock[0])
        assert delivery.deliver(body_of(change), change.change_id) is Result.POSTED
        message = slack.taken[-1]
        check_message(message.payload())
        chat._add(message.payload())
    return chat.transcript()


def after(change: Change, hours: float, transition: Transition) -> Change:
    at = NOW + timedelta(hours=hours)
    return replace(change, transition=transition, at=at, version=1000 + int(hours * 100))


def test_a_life_told_by_a_webhook_reads_like_this(ledger: FakeLedger, golden: Callable[[str, str], None]) -> None:
    again = paused(since=NOW + timedelta(hours=31), flaps=1)
    told = webhook_life(
        ledger,
        paused(),
        after(paused(), 5, Transition.REMINDED),
        after(paused(), 30, Transition.RESOLVED),
        after(again, 31, Transition.OPENED),
        after(again, 32, Transition.RESOLVED),
        after(paused(since=NOW + timedelta(hours=33), flaps=2), 33, Transition.OPENED),
    )
    golden("webhook-life.txt", told)


def test_what_was_told_under_several_messages_names_three_of_them(ledger: FakeLedger) -> None:
    shops = [dkim(f"shop{number}.example.com") for number in range(5)]
    webhook_life(ledger, *shops)
    slack = Slack()
    over = body_of(*(after(shop, 2, Transition.RESOLVED) for shop in shops))
    batch(ledger, slack).deliver(over, "over")
    shown = slack.taken[0].plain
    assert "follows the message of 21:30 UTC: DKIM failed for shop0.example.com in eu-west-1" in shown
    assert shown.count("follows the message") == 3
    assert "and 2 more" in shown


def test_a_finding_that_opens_anew_follows_nothing(ledger: FakeLedger) -> None:
    told = webhook_life(
        ledger, paused(), after(paused(), 1, Transition.RESOLVED), after(paused(), 60, Transition.OPENED)
    )
    assert told.count("follows the message") == 1
