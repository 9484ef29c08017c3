"""What a dead letter is and why it is there, told from the message alone, whatever is in it."""

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.alerts import document
from ses_monitor_cli.dead_letters import LONGEST, Kind, Letter, Queue, read_letter
from simulator import feedback
from tests.alerts import examples
from tests.build import HOSTILE
from tests.cli.test_recipient import mail
from tests.cli.test_redrive import TASK, bounce, position
from tests.feedback.test_logs import packed, payload

HOME = "eu-west-1"
THROUGH = {"DeadLetterQueueSourceArn": "arn:aws:sqs:eu-west-1:123456789012:source", "SentTimestamp": "1779000000000"}
PAST = {"SentTimestamp": "1779000000000"}
BY_EVENT_BRIDGE = {
    "ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"},
    "ERROR_MESSAGE": {"DataType": "String", "StringValue": "the policy"},
}
ALARM = {"AlarmName": "ses-monitor-NoAudit", "NewStateValue": "ALARM"}
FAILED_LOG_LINES = {
    "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:ingest-logs"},
    "requestPayload": {"awslogs": {"data": "bm8="}},
    "responsePayload": {"errorMessage": "SQS is down", "errorType": "ClientError"},
}
REFUSAL = (
    "An error occurred (MessageRejected) when calling the SendEmail operation: Email address is not verified. The"
    " following identities failed the check in region EU-WEST-1: ada@example.org"
)
REPORT = {"rejection": "554 Message rejected: Email address is not verified: ada@example.org", "region": "eu-west-1"}


KEYS = (
    *("Type", "Message", "schema", "alert_id", "kind", "region", "run", "after", "requestPayload", "do", "rejection"),
    *("DDBStreamBatchInfo", "approximateArrivalOfFirstRecord", "batchSize", "awslogs", "eventType", "findings"),
)


def sns(body: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    topic = "arn:aws:sns:us-east-1:123456789012:ses-monitor-feedback"
    return {"Type": "Notification", "MessageId": "m", "TopicArn": topic, "Message": text}


def read(queue: Queue, body: Any, attributes: Any = None, own: Any = None) -> Letter:
    text = body if isinstance(body, str) else json.dumps(body)
    message = {"MessageId": "m-1", "Body": text, "Attributes": attributes or THROUGH, "MessageAttributes": own or {}}
    return read_letter(queue, message, HOME)


@pytest.mark.parametrize(
    ("queue", "body", "kind", "what", "why", "comes_back"),
    [
        (Queue.FEEDBACK, bounce(), Kind.EVENT, "Bounce of shop.example.com in eu-west-1", "the table did not", False),
        (Queue.FEEDBACK, REPORT, Kind.REFUSED_SEND, "refused send told by an application", "the table did not", False),
        (Queue.FEEDBACK, {"notificationType": "AmazonSnsSubscriptionSucceeded"}, Kind.NOTHING, "comes to the topic", "", False),
        (Queue.FEEDBACK, "Dear ada@example.org", Kind.UNREADABLE, "Dear a…@example.org", "no JSON", True),
        (Queue.FEEDBACK, sns("Dear ada@example.org"), Kind.UNREADABLE, "begins with 'Dear a…@", "no JSON", True),
        (Queue.FEEDBACK, "", Kind.UNREADABLE, "empty", "cannot be read", True),
        (Queue.FEEDBACK, FAILED_LOG_LINES, Kind.UNREADABLE, "begins with", "cannot be read", True),
        (Queue.IDENTITIES, TASK, Kind.TASK, "eu-central-1, from the one after shop.example.com", "next hour", False),
        (Queue.IDENTITIES, TASK | {"after": "ada@example.org"}, Kind.TASK, "after a…@example.org", "next hour", False),
        (Queue.IDENTITIES, TASK | {"leave": True}, Kind.TASK, "close what is open", "next hour", False),
        (Queue.IDENTITIES, {"region": "moon"}, Kind.UNREADABLE, "begins with", "an AWS region", True),
        (Queue.SLACK, sns(document.encode(examples.alert_of(examples.dkim()))), Kind.ALERT, "DKIM_FAILED", "Slack did", False),
        (Queue.SLACK, sns(ALARM), Kind.ALARM, "ses-monitor-NoAudit: ALARM", "Slack did", False),
        (Queue.SLACK, {"schema": 99, "alert_id": "x", "title": "New"}, Kind.ALERT, "another version: New", "", False),
        (Queue.SLACK, {"schema": 99, "alert_id": "x", "kind": "digest"}, Kind.DIGEST, "another version", "", False),
        (Queue.SLACK, "hello", Kind.UNREADABLE, "hello", "as it came", False),
        (Queue.UNPUBLISHED, position(2), Kind.POSITION, "2 records of the table's stream", "RetryAttempts", True),
        (Queue.UNPUBLISHED, {"DDBStreamBatchInfo": {"batchSize": "x"}}, Kind.POSITION, "a part of", "", True),
        (Queue.UNPUBLISHED, {"requestPayload": {"do": "digest"}}, Kind.RUN, "the daily digest", "its log group", True),
        (Queue.UNPUBLISHED, "?", Kind.UNREADABLE, "begins with", "neither", True),
    ],
)  # fmt: skip
def test_each_kind_is_told_apart(queue: Queue, body: Any, kind: Kind, what: str, why: str, comes_back: bool) -> None:
    letter = read(queue, body)
    assert (letter.kind, letter.comes_back) == (kind, comes_back)
    assert what in letter.what
    assert why in letter.why
    assert letter.sent_at == datetime.fromtimestamp(1779000000, UTC)


def test_who_put_it_aside_is_told() -> None:
    assert "SNS could not put it" in read(Queue.FEEDBACK, sns(bounce()), PAST).why
    assert "NO_PERMISSIONS: the policy" in read(Queue.FEEDBACK, bounce(), PAST, BY_EVENT_BRIDGE).why
    assert "the table did not take it" in read(Queue.FEEDBACK, bounce(), THROUGH, BY_EVENT_BRIDGE).why
    assert "past the queue" in read(Queue.FEEDBACK, bounce(), PAST).why
    assert "SNS could not put it" in read(Queue.SLACK, sns(ALARM), PAST).why


def test_log_lines_that_a_function_failed_on_are_told_with_its_error() -> None:
    letter = read(Queue.FEEDBACK, FAILED_LOG_LINES | {"requestPayload": packed(payload([REFUSAL]))}, PAST)
    assert (letter.kind, letter.comes_back) == (Kind.LOG_LINES, False)
    assert "SQS is down" in letter.why


def test_several_events_of_one_message_are_counted_by_kind() -> None:
    each = mail(3)
    sends = [feedback.send(each), feedback.send(each), bounce()]
    assert read(Queue.FEEDBACK, sends).what == "Send (2), Bounce (1)"


@pytest.mark.parametrize("queue", Queue)
@given(
    body=st.one_of(
        st.text(),
        st.just(HOSTILE),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(KEYS),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=10,
        ).map(json.dumps),
    )
)
def test_whatever_lies_there_becomes_one_bounded_line(queue: Queue, body: str) -> None:
    letter = read(queue, body)
    assert len(letter.what) <= LONGEST
    assert len(letter.why) <= LONGEST
    # A letter that no version of Unicode knows yet is no harm; what hides, moves or ends a line is.
    assert {unicodedata.category(each) for each in letter.what + letter.why} & {"Cc", "Cs", "Zl", "Zp"} == set()
    assert not set(letter.what + letter.why) & set("\u200b\u200e\u200f\u202a\u202e\u2066\u2069")
