"""Whatever comes, reading raises its own error or gives something bounded: never anything else."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ses_monitor.core.event import Event
from ses_monitor.feedback.classify import domains_to_know, outcomes
from ses_monitor.feedback.parse import Parsed, UnreadableEventError, Where, parse, parse_file

PAYLOADS = [
    json.loads(path.read_text(encoding="utf-8")) for path in (Path(__file__).parent / "payloads").glob("*.json")
]
WHERE = Where("eu-central-1", "999988887777", datetime(2026, 11, 20, 21, 55, tzinfo=UTC))

TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=3),
    st.sampled_from(["Bounce", "Send", "Received", "ada@example.org", "2026-11-20T21:14:05Z", "-1", "9999-12-31T23:59:59-23:59", "arn:aws:ses:::", "arn:aws:ses:eu-west-1:111122223333:tenant/", "{", "[]", "1e999", "A" * 3000]),
)  # fmt: skip
WORDS = """
eventType notificationType mail bounce complaint delivery send reject open click failure deliveryDelay subscription
messageId timestamp destination bouncedRecipients complainedRecipients delayedRecipients recipients emailAddress
feedbackId tags commonHeaders sourceArn source Message Type TopicArn Timestamp Records body Sns Messages attributes
SentTimestamp detail-type detail data record lastUpdatedTimestamp resources metadata region time eventSource service
eventTypeCode eventDescription latestDescription affectedEntities rejection rejections sender recipient recipients at
id text nearby origin eventName errorCode errorMessage responseElements requestParameters awsRegion eventID eventTime
userIdentity awslogs requestPayload requestContext configuration_set MessageId messageId
"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-(10**40), 10**40), st.floats(), TEXTS)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, TEXTS), inner, max_size=6)),
    max_leaves=25,
)


def tried(body: Any, where: Where = WHERE) -> list[Parsed]:
    """Read, and look at all that comes out."""
    found, reason = [], None
    try:
        found = parse(body, where)
    except UnreadableEventError as error:
        reason = error.reason
    if reason is not None:
        assert 0 < len(reason) <= 300
        assert reason.isprintable()
    for each in found:
        if isinstance(each, Event):
            assert each.message_id
            assert all(recipient.address for recipient in each.recipients)
            assert each.occurred_at.tzinfo is UTC
            assert each.sent_at.year >= 2011
            assert len(each.unknown) <= 20
        repr(each).encode()
    assert read_in_brief(body, where) == (reason, [repr(recorded(each)) for each in found])
    return found


def read_in_brief(body: Any, where: Where) -> tuple[str | None, list[str]]:
    try:
        return None, [repr(recorded(each)) for each in parse(body, where._replace(brief=True))]
    except UnreadableEventError as error:
        return error.reason, []


def recorded(told: Parsed) -> object:
    """What is kept of it: all, but of what only counts the counters that it adds to and how it is known again."""
    if not isinstance(told, Event) or not told.kind.only_counts:
        return told
    meant = [(outcome.id, outcome.tallies, outcome.recipient) for outcome in outcomes(told)]
    at = (told.occurred_at, told.sent_at)
    return told.kind, told.region, told.identity, told.configuration_set, at, domains_to_know(told), meant


@given(JSON)
def test_any_json(value: object) -> None:
    tried(json.dumps(value))
    if isinstance(value, dict):
        tried(value)


@given(st.dictionaries(KEYS, JSON, min_size=1, max_size=5))
def test_any_object_with_keys_that_are_known(value: dict[str, object]) -> None:
    tried(value)
    tried(json.dumps({"eventType": "Bounce", "mail": {"messageId": "m", **value}, "bounce": value}))


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_any_text_and_any_bytes(body: str | bytes) -> None:
    tried(body)
    found, unreadable = parse_file(body, WHERE)
    assert found or unreadable


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value, the value itself first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, at in inner for each in places(at, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: object) -> Any:
    if not path:
        return by
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = replaced(value[key], tuple(rest), by)
    return copy


@settings(max_examples=300)
@given(st.data())
def test_any_change_to_a_real_payload(data: st.DataObject) -> None:
    payload = data.draw(st.sampled_from(PAYLOADS))
    for _ in range(data.draw(st.integers(1, 3))):
        payload = replaced(payload, data.draw(st.sampled_from(places(payload))), data.draw(JSON))
    tried(json.dumps(payload))


@given(st.data())
def test_any_cut_and_any_spoilt_byte_of_a_real_payload(data: st.DataObject) -> None:
    body = json.dumps(data.draw(st.sampled_from(PAYLOADS))).encode()
    place = data.draw(st.integers(0, len(body) - 1))
    tried(body[:place])
    tried(body[:place] + bytes([data.draw(st.integers(0, 255))]) + body[place + 1 :])


ENVELOPES = st.sampled_from([
    lambda body: {"Type": "Notification", "Message": body if isinstance(body, dict) else json.dumps(body)},
    lambda body: {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(body)}]},
    lambda body: {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(body)}}]},
    lambda body: {"messageId": "m", "body": json.dumps(body)},
    lambda body: {"detail-type": "Email Bounced", "source": "aws.ses", "detail": body},
    lambda body: [body],
    json.dumps,
])  # fmt: skip


@given(st.sampled_from(PAYLOADS), st.lists(ENVELOPES, max_size=2))
def test_envelopes_in_envelopes(payload: Any, envelopes: list[Any]) -> None:
    alone, body = tried(json.dumps(payload)), payload
    for wrap in envelopes:
        body = wrap(body)
    found = tried(json.dumps(body))
    # EventBridge carries SES's JSON as an object; around another envelope it makes no sense, and what it does carry
    # has its region.
    if not any(isinstance(wrap(1), dict) and "detail" in wrap(1) for wrap in envelopes):
        assert len(found) == len(alone)
