"""What fuzzing found, in words: each was once otherwise."""

import json
from typing import Any

import pytest

from ses_monitor import settings
from ses_monitor.core.event import Event
from ses_monitor.core.rejection import Facts, Report
from ses_monitor.feedback.logs import reports_of_logs
from ses_monitor.feedback.parse import UnreadableEventError, parse
from ses_monitor.feedback.refusing import Senders, event_of
from ses_monitor.feedback.reports import bodies_of
from ses_monitor.rejections.identities import identity
from ses_monitor.rejections.reading import find
from ses_monitor.settings import SettingsError
from ses_monitor.store.feedback_codec import read_refusal
from ses_monitor.store.item import UnreadableItemError
from tests.fuzz.targets import NOW, WHERE, packed

REFUSED = (
    "MessageRejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: "
)


def log_of(id_: str) -> Any:
    entry = {"id": id_, "timestamp": 1795209245000, "message": f"{REFUSED}a@example.com"}
    payload = {"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "g", "logEvents": [entry]}
    return packed(json.dumps(payload).encode())


@pytest.mark.parametrize("id_", ["\u200b\n", " ", "x" * 126, "x" * 5000])
def test_a_log_event_whose_id_could_not_be_handed_over_is_refused_at_once(id_: str) -> None:
    with pytest.raises(UnreadableEventError, match=r"logEvents\[0\]\.id"):
        reports_of_logs(log_of(id_), "eu-west-1")


def test_a_log_event_with_the_longest_id_is_handed_over_as_it_is() -> None:
    [report] = reports_of_logs(log_of("7" * 125), "eu-west-1")
    [body] = bodies_of([report])
    [again] = parse(body)
    assert isinstance(again, Report)
    assert again.id == report.id == "7" * 125


def event_told(body: dict[str, Any]) -> Event:
    [report] = parse(json.dumps(body), WHERE)
    assert isinstance(report, Report)
    event = event_of(report, lambda _, asked: Facts(asked=frozenset(asked)), Senders(), NOW)
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize(
    ("id_", "name"), [("r\u200b\n-1", "r -1"), ("\u202edcba", "dcba"), ("a\ud800b", "a b"), ("r-1", "r-1")]
)
def test_the_name_of_a_refused_send_is_one_safe_line_whatever_an_application_calls_it(id_: str, name: str) -> None:
    for body in (
        {"rejection": REFUSED, "id": id_},
        {"Type": "Notification", "MessageId": id_, "Message": json.dumps({"rejection": REFUSED})},
    ):
        assert event_told(body).message_id == name


def test_a_name_of_nothing_but_what_nobody_sees_is_told_from_the_next_one() -> None:
    one, two = (event_told({"rejection": REFUSED, "id": id_}).message_id for id_ in ("\u200b", "\u202e"))
    assert one != two
    assert len(one) == len(two) == 32


@pytest.mark.parametrize("address", ["ord\x15ers@shop.example.com", "ord\udcb3rs@shop.example", "a\u202eb@example.com"])
def test_what_no_line_may_have_is_in_no_identity(address: str) -> None:
    assert identity(address) == ""
    rejection = find(f"{REFUSED}{address}, jane@example.org")
    assert rejection is not None
    assert rejection.identities == ("jane@example.org",)


@pytest.mark.parametrize("days", ["9" * 5000, "1" * 10, "\u0663" * 5000])
def test_days_of_thousands_of_digits_are_a_wrong_setting_and_no_crash(days: str) -> None:
    with pytest.raises(SettingsError, match="HISTORY_DAYS"):
        settings.publish_alerts(
            {
                "TABLE_NAME": "ses-monitor",
                "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:ses-monitor-alerts",
                "HISTORY_DAYS": days,
            }
        )


def test_the_error_of_a_damaged_count_of_refusals_is_one_bounded_line() -> None:
    with pytest.raises(UnreadableItemError, match="has no detail of a refused send") as raised:
        read_refusal({"pk": {"S": "COUNTS\n\u200b" + "x" * 3000}, "sk": {"S": "y" * 3000}})
    assert len(str(raised.value)) < 600
    assert str(raised.value).isprintable()
