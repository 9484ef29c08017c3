"""CloudTrail's records of sends that SES refused, and the many others that tell of none."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from ses_monitor.core.rejection import Report, Source, Told
from ses_monitor.feedback.parse import Skipped, UnreadableEventError, Where, parse
from simulator.feedback import refused_call

NOW = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
WHERE = Where("eu-central-1", "999988887777", NOW)
CODE, MESSAGE = "MessageRejected", "Email address is not verified."
RECORD = refused_call("eu-west-1", "orders@shop.example.com", CODE, MESSAGE, NOW)


def changed(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**deepcopy(RECORD), **changes}.items() if value is not ...}


def from_bus(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "1b2c",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ses",
        "account": "111122223333",
        "time": "2026-11-21T09:40:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": record,
    }


def one(body: Any) -> Report:
    [report] = parse(body, WHERE)
    assert isinstance(report, Report)
    return report


@pytest.mark.parametrize("body", [RECORD, from_bus(RECORD), {"Records": [RECORD]}], ids=["bare", "bus", "file"])
def test_a_refused_send_is_a_report_however_it_comes(body: dict[str, Any]) -> None:
    report = one(body)
    assert (report.source, report.text, report.at) == (Source.CLOUDTRAIL, f"{CODE}: {MESSAGE}", NOW)
    assert report.id == RECORD["eventID"]
    assert report.told.sender == "orders@shop.example.com"
    assert (report.told.region, report.told.recipients) == ("eu-west-1", ())
    assert report.told.configuration_set == "transactional"
    assert report.origin == RECORD["userIdentity"]["arn"]
    assert report.account_id == "111122223333"


NONE: Any = {"errorCode": ..., "errorMessage": ...}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"errorMessage": ...}, CODE),
        ({"errorCode": ...}, MESSAGE),
        ({**NONE, "responseElements": {"errorCode": CODE, "errorMessage": MESSAGE}}, f"{CODE}: {MESSAGE}"),
        ({**NONE, "responseElements": {"code": CODE, "message": MESSAGE}}, f"{CODE}: {MESSAGE}"),
        ({**NONE, "responseElements": {"Error": {"Code": CODE, "Message": MESSAGE}}}, f"{CODE}: {MESSAGE}"),
        (
            {**NONE, "responseElements": {"__type": f"com.amazonaws.ses#{CODE}", "message": MESSAGE}},
            f"{CODE}: {MESSAGE}",
        ),
        ({"responseElements": {"errorCode": "Other", "message": "other"}}, f"{CODE}: {MESSAGE}"),
        ({"responseElements": "null"}, f"{CODE}: {MESSAGE}"),
    ],
)
def test_the_error_is_found_at_the_top_and_in_the_response(changes: dict[str, Any], text: str) -> None:
    assert one(changed(**changes)).text == text


@pytest.mark.parametrize(
    ("changes", "sender"),
    [
        ({"requestParameters": {"source": "Shop <a@example.com>"}}, "Shop <a@example.com>"),
        ({"requestParameters": {"fromEmailAddress": "b@example.com"}}, "b@example.com"),
        ({"requestParameters": None}, "shop.example.com"),
        ({"requestParameters": {"source": "HIDDEN_DUE_TO_SECURITY_REASONS"}}, "shop.example.com"),
        ({"requestParameters": [], "resources": None}, ""),
        ({"requestParameters": {}, "resources": [1, {"ARN": 2}, {"ARN": "arn:aws:ses:::template/x"}]}, ""),
    ],
)
def test_the_sender_is_that_of_the_call_or_the_identity_it_used(changes: dict[str, Any], sender: str) -> None:
    assert one(changed(**changes)).told == Told(sender, (), "eu-west-1", "eu-central-1")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (NONE, "a send that SES took"),
        ({**NONE, "responseElements": {"messageId": "0102"}}, "a send that SES took"),
        ({**NONE, "errorCode": " "}, "a send that SES took"),
        ({"eventName": "DeleteIdentity"}, "a call to SES that sends no mail"),
        ({"eventName": "GetAccount"}, "a call to SES that sends no mail"),
        ({"eventSource": "s3.amazonaws.com"}, "another service"),
    ],
)
def test_what_tells_of_no_refused_send_is_passed_over_with_a_reason(changes: dict[str, Any], reason: str) -> None:
    for body in (changed(**changes), from_bus(changed(**changes))):
        [skipped] = parse(body, WHERE)
        assert isinstance(skipped, Skipped)
        assert reason in skipped.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eventSource": 1}, "detail.eventSource is a number"),
        ({"eventSource": ...}, "detail.eventSource is missing"),
        ({"eventName": ...}, "detail.eventName is missing"),
        ({"eventTime": 5}, "detail.eventTime is a number, not a time"),
        ({"eventTime": "yesterday"}, "detail.eventTime is 'yesterday', which is no time"),
        ({"eventTime": "2031-01-01T00:00:00Z"}, "detail.eventTime is 2031-01-01T00:00:00Z, more than a day after"),
        ({"eventID": 5}, "detail.eventID is a number"),
        ({"eventID": "x" * 200}, "detail.eventID has more than 128 characters"),
    ],
)
def test_what_is_damaged_is_refused_with_its_place(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnreadableEventError) as raised:
        parse(from_bus(changed(**changes)), WHERE)
    assert raised.value.reason.startswith(reason)


def test_a_record_without_a_name_is_known_again_by_what_it_says() -> None:
    nameless = changed(eventID=...)
    assert one(nameless).id == one(from_bus(nameless)).id
    assert one(nameless).id != one(changed(eventID=..., requestID="other")).id
