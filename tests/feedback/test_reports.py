"""Reports of refused sends: what an application publishes, and what our reader of logs hands over."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.rejection import Report, Source, Told
from ses_monitor.feedback.parse import UnreadableEventError, Where, parse
from ses_monitor.feedback.reports import LARGEST_BODY, LONGEST_TEXT, bodies_of, cut, reports_of
from simulator import feedback
from simulator.logs import subscription_event

NOW = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
WHERE = Where("eu-central-1", "111122223333", NOW)
TOPIC = feedback.topic_arn("eu-west-1")
TEXT = "An error occurred (MessageRejected) when calling the SendEmail operation: Email address is not verified."
THREE = {"rejection": TEXT, "region": "us-east-1", "sender": "Shop <orders@shop.example.com>"}


def published(body: dict[str, Any], *, copy: int = 0) -> str:
    return feedback.sns(json.dumps(body), TOPIC, NOW - timedelta(minutes=1), copy=copy)


def one(body: Any, where: Where = WHERE) -> Report:
    [report] = parse(body, where)
    assert isinstance(report, Report)
    return report


def test_an_application_tells_with_three_fields() -> None:
    report = one(published(THREE))
    assert report.told == Told("Shop <orders@shop.example.com>", (), "us-east-1", "eu-west-1")
    assert (report.source, report.text, report.origin) == (Source.REPORT, TEXT, TOPIC)
    assert report.at == NOW - timedelta(minutes=1), "when the topic took it"
    assert report.account_id == "111122223333"


def test_one_field_is_enough_and_more_are_heeded() -> None:
    assert one({"rejection": TEXT}).told == Told(nearby="eu-central-1")
    more = {**THREE, "recipient": "ana@example.org", "at": "2026-11-21T10:00:00+01:00", "id": 4711}
    report = one(published(more))
    assert (report.told.recipients, report.id) == (("ana@example.org",), "4711")
    assert report.at == NOW.replace(hour=9, minute=0)
    assert one({**THREE, "recipient": ["a@example.org", "b@example.org"]}).told.recipients == (
        "a@example.org",
        "b@example.org",
    )


@pytest.mark.parametrize("wrapped", ["raw", "sns", "sqs", "sqs raw", "lambda of sns", "bytes", "list"])
def test_it_is_read_in_any_wrapping(wrapped: str) -> None:
    message = published(THREE)
    body: Any = {
        "raw": THREE,
        "sns": message,
        "sqs": feedback.lambda_event([feedback.sqs_record(message, 1)]),
        "sqs raw": feedback.lambda_event([feedback.sqs_record(json.dumps(THREE), 1)]),
        "lambda of sns": feedback.sns_lambda_event(message),
        "bytes": json.dumps(THREE).encode(),
        "list": json.dumps([THREE]),
    }[wrapped]
    report = one(body)
    assert (report.text, report.told.sender, report.told.region) == (TEXT, THREE["sender"], "us-east-1")


def test_what_is_told_again_has_the_same_name_and_what_is_told_anew_another() -> None:
    twice = [one(feedback.lambda_event([feedback.sqs_record(published(THREE), n)])) for n in (1, 2)]
    assert twice[0] == twice[1], "the topic's message in two copies"
    assert one(published(THREE, copy=1)).id != twice[0].id
    raw = feedback.sqs_record(json.dumps(THREE), 7, at=NOW)
    again = {**raw, "attributes": {**raw["attributes"], "ApproximateReceiveCount": "2"}}
    assert one(feedback.lambda_event([raw])) == one(feedback.lambda_event([again]))
    assert one(feedback.lambda_event([raw])).id == raw["messageId"]
    bare = one(THREE)
    assert bare == one(dict(reversed(THREE.items())))
    assert bare.id != one({**THREE, "sender": "b@example.com"}).id
    assert bare.id != one(THREE, WHERE._replace(received_at=NOW + timedelta(seconds=1))).id


def test_several_in_one_message_have_names_of_their_own() -> None:
    message = feedback.sns(json.dumps([THREE, THREE]), TOPIC, NOW)
    assert len({report.id for report in parse(message, WHERE) if isinstance(report, Report)}) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"rejection": None}, "rejection is missing"),
        ({"rejection": ""}, "rejection is empty"),
        ({"rejection": " \n"}, "rejection is empty"),
        ({"rejection": {"Error": "x"}}, "rejection is an object"),
        ({"rejection": 7}, "rejection is a number"),
        ({**THREE, "region": ["eu-west-1"]}, "region is a list"),
        ({**THREE, "region": "Ireland #1"}, "region is 'ireland #1', which is no region"),
        ({**THREE, "sender": {}}, "sender is an object"),
        ({**THREE, "recipient": 1}, "recipient is a number"),
        ({**THREE, "recipient": ["a@example.org", None]}, "recipient[1] is missing"),
        ({**THREE, "at": 1}, "at is a number, not a time"),
        ({**THREE, "at": "noon"}, "at is 'noon', which is no time"),
        ({**THREE, "at": "2031-01-01T00:00:00Z"}, "at is 2031-01-01T00:00:00Z, more than a day after the message came"),
        ({**THREE, "id": True}, "id is true or false"),
        ({**THREE, "id": "x" * 129}, "id has more than 128 characters"),
        ({"rejections": {}}, "rejections is an object"),
        ({"rejections": []}, "rejections is an empty list"),
        ({"rejections": ["x"]}, "rejections[0] is a text"),
        ({"rejections": [{"text": "x"}]}, "rejections[0].id is missing"),
        ({"rejections": [{"id": "1", "text": ""}]}, "rejections[0].text is empty"),
        ({"rejections": [{"id": "1", "text": "x"}]}, "rejections[0].source is missing"),
        ({"rejections": [{"id": "1", "text": "x", "source": "fax"}]}, "rejections[0].source is 'fax', which is none"),
        ({"rejections": [{"id": "1", "text": "x", "source": "log"}]}, "rejections[0].at is missing, not a time"),
        (
            {"rejections": [{"id": "1", "text": "x", "source": "log", "at": "2026-11-21T09:00:00Z", "recipients": 1}]},
            "rejections[0].recipients is a number",
        ),
    ],
)
def test_what_is_damaged_is_refused_with_its_place(body: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnreadableEventError) as raised:
        parse(json.dumps(body), WHERE)
    assert raised.value.reason.startswith(reason)


def test_without_any_time_it_cannot_be_counted() -> None:
    with pytest.raises(UnreadableEventError, match="at is missing"):
        parse(THREE, Where())
    assert one(THREE, Where(untold=NOW)).at == NOW


TEXTS = st.text(st.characters(), min_size=1, max_size=60) | st.sampled_from(
    ["\ud800", "\x00" * 9, "ü" * 300, "😀" * 99]
)
REGIONS = st.sampled_from(["", "eu-west-1", "us-gov-west-1"])
REPORTS = st.builds(
    Report,
    id=TEXTS,
    source=st.sampled_from(Source),
    text=st.builds(lambda text, times: cut(text * times), TEXTS, st.sampled_from([1, 9000])),
    at=st.datetimes(datetime(2011, 1, 2), datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - zone is given
    told=st.builds(
        Told,
        sender=TEXTS.map(lambda text: cut(text, 320)),
        recipients=st.lists(TEXTS.map(lambda text: cut(text, 320)), max_size=3).map(tuple),
        region=REGIONS,
        nearby=REGIONS,
        configuration_set=st.sampled_from(["", "transactional"]),
    ),
    account_id=st.just("111122223333"),
    origin=st.sampled_from(["", "/aws/lambda/shop", "arn:aws:iam::111122223333:role/shop"]),
).filter(lambda report: len(report.id) <= 128 and report.text != "")


@given(st.lists(REPORTS, max_size=3), st.sampled_from([2_000, LARGEST_BODY]))
def test_what_is_handed_over_comes_out_the_same(reports: list[Report], largest: int) -> None:
    bodies = list(bodies_of(reports, largest=largest))
    assert [report for body in bodies for report in parse(body, WHERE)] == reports
    for body in bodies:
        assert len(body.encode()) <= largest or len(reports_of(json.loads(body), WHERE)) == 1


def test_the_largest_report_there_is_fits_into_one_body() -> None:
    worst = "\x00" * 400
    told = Told(worst, (worst,) * 60, "eu-west-1", "eu-west-1", worst)
    report = Report("\x00" * 128, Source.LOG, worst * 100, NOW, told, "111122223333", worst * 3)
    for body in bodies_of([report] * 3):
        assert len(body) <= LARGEST_BODY
        [found] = reports_of(json.loads(body), WHERE)
        assert len(found.text.encode()) == LONGEST_TEXT
    assert not list(bodies_of([]))


@given(st.text(max_size=100), st.integers(0, 100))
def test_a_cut_text_has_no_more_bytes_and_is_its_beginning(text: str, most: int) -> None:
    assert len(cut(text, most).encode("utf-8", "surrogatepass")) <= most
    assert text.startswith(cut(text, most))


LINE = "smtp: 554 Message rejected: Email address is not verified. The following identities failed the check in region"


@pytest.mark.parametrize("failed_at", [False, True], ids=["itself", "as a failure of our function"])
def test_an_event_of_a_log_is_read_where_the_function_that_reads_logs_failed(failed_at: bool) -> None:
    event: dict[str, Any] = subscription_event([f"{LINE} EU-WEST-1: orders@shop.example.com"], "/ecs/shop", at=NOW)
    if failed_at:
        function = "arn:aws:lambda:eu-west-1:111122223333:function:ingest-logs"
        event = {"version": "1.0", "requestContext": {"functionArn": function}, "requestPayload": event}
    report = one(json.dumps(event))
    assert (report.source, report.origin, report.at) == (Source.LOG, "/ecs/shop", NOW)
    assert report.told.nearby == ("eu-west-1" if failed_at else "eu-central-1")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"requestPayload": []}, "requestPayload is a list"),
        ({"requestPayload": {"a": 1}}, "requestPayload is no event of CloudWatch Logs"),
        ({"requestPayload": {"awslogs": {"data": "!"}}}, ""),
        ({"awslogs": 1}, ""),
    ],
)
def test_a_damaged_event_of_a_log_is_unreadable(body: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnreadableEventError) as raised:
        parse(body, WHERE)
    assert raised.value.reason.startswith(reason)
