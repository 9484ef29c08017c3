"""What SES refused is taken out of a log group's lines, quickly, and whatever else they hold."""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.rejection import Report, Source
from ses_monitor.feedback import logs
from ses_monitor.feedback.logs import FILTER_PATTERN, reports_of_logs
from ses_monitor.feedback.parsed import UnreadableEventError
from ses_monitor.rejections.catalogue import ENTRIES
from ses_monitor.rejections.reading import find
from ses_monitor.rejections.scan import SUCCESSES
from tests.rejections.test_reading import BOTO, FAILED, MESSAGE_ID, NOT_SES, PAUSED, TEXTS
from tests.rejections.test_scan import EVERY_TEXT

AT = datetime(2026, 11, 3, 9, 12, 44, 125000, UTC)
REFUSED = f"554 Message rejected: {FAILED}"
ORDINARY = [
    "START RequestId: 8f5c1d0e Version: $LATEST",
    "REPORT RequestId: 8f5c1d0e Duration: 12.61 ms Billed Duration: 13 ms Memory Size: 128 MB Max Memory Used: 67 MB",
    '{"level":"info","msg":"order 4711 paid, mail queued","latency_ms":4}',
    '192.0.2.7 - - [21/Nov/2026:02:11:05 +0000] "GET /p/4711 HTTP/1.1" 200 5123 "-" "Mozilla/5.0"',
    "Nov 21 02:11:05 mail postfix/smtp[1]: A1: to=<r@example.org>, relay=email-smtp.eu-west-1.amazonaws.com[192.0.2.7]"
    f":587, delay=0.4, dsn=2.0.0, status=sent (250 Ok {MESSAGE_ID})",
]


def payload(messages: Sequence[str], **changes: Any) -> dict[str, Any]:
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": "/shop/app",
        "logStream": "app/1",
        "subscriptionFilters": ["ses-monitor"],
        "logEvents": [
            {"id": f"e{number}", "timestamp": int(AT.timestamp() * 1000), "message": message}
            for number, message in enumerate(messages)
        ],
        **changes,
    }


def packed(content: object, separators: tuple[str, str] = (",", ":")) -> dict[str, Any]:
    """Pack it as CloudWatch Logs does; with other `separators`, as nobody does."""
    text = content if isinstance(content, bytes) else json.dumps(content, separators=separators).encode()
    return {"awslogs": {"data": base64.b64encode(gzip.compress(text)).decode()}}


def reports(*messages: str) -> list[Report]:
    found = reports_of_logs(packed(payload(messages)), "eu-west-1")
    assert found == reports_of_logs(packed(payload(messages), (", ", ": ")), "eu-west-1"), "packed otherwise"
    return found


def test_a_refusal_is_reported_with_what_its_log_event_tells() -> None:
    (report,) = reports("all is well", REFUSED, *ORDINARY)
    assert (report.id, report.source, report.text, report.at) == ("e1", Source.LOG, REFUSED, AT)
    assert (report.origin, report.account_id, report.told.nearby) == ("/shop/app", "111122223333", "eu-west-1")


@pytest.mark.parametrize(("tag", "text"), TEXTS)
def test_every_text_is_reported_so_that_it_is_found_again_and_success_is_not(tag: str, text: str) -> None:
    found = reports(text)
    if tag in SUCCESSES:
        assert found == []
    else:
        again = find(found[0].text)
        assert again is not None
        assert again.tag == tag


@pytest.mark.parametrize("text", [*NOT_SES, *ORDINARY])
def test_what_others_say_is_not_reported(text: str) -> None:
    assert reports(text) == []


def test_several_in_one_log_event_are_told_apart_and_each_once() -> None:
    several = reports(f"535 Authentication Credentials Invalid\n{FAILED}\n{FAILED}\nDaily message quota exceeded.")
    assert [each.id for each in several] == ["e0#1", "e0#2", "e0#3"]
    tags = [found.tag for each in several if (found := find(each.text))]
    assert tags == ["SMTP_CREDENTIALS_INVALID", "IDENTITY_UNVERIFIED", "DAILY_QUOTA_EXCEEDED"]


@pytest.mark.parametrize(
    "second", ["Daily message quota exceeded.", "454 Temporary service failure", "Configuration set x does not exist."]
)
def test_two_on_one_line_are_told_apart(second: str) -> None:
    tags = [found.tag for each in reports(f"{REFUSED}; {second}") if (found := find(each.text))]
    assert tags == ["IDENTITY_UNVERIFIED", *(found.tag for found in [find(second)] if found)]


def test_what_surely_refuses_is_found_by_reading_too() -> None:
    for said in logs._SURE.pattern.replace("\\", "").split("|"):
        found = find(f"host mx.client.example[192.0.2.9] said: 550 5.7.1 {said} EU-WEST-1: a@shop.example")
        assert found is not None
        assert found.tag not in {*SUCCESSES, "UNRECOGNISED"}


def test_a_log_event_does_not_make_more_than_twenty_reports() -> None:
    many = "\n".join(REFUSED.replace("ann@", f"ann{number}@") for number in range(40))
    assert len(reports(many)) == logs.MOST_OF_EVENT


def test_of_a_long_log_event_the_part_around_is_told_with_the_region() -> None:
    (report,) = reports(f"{'x ' * 250_000}\n{REFUSED}\n{'y ' * 250_000}")
    assert REFUSED in report.text
    assert len(report.text.encode()) <= logs.LONGEST_TEXT
    assert report.told.region == "eu-west-1"


def test_alike_messages_are_each_reported_and_codes_are_told_apart() -> None:
    one = "Nov 21 02:11:{:02} app[4711]: order 8{:04}: 454 Temporary service failure"
    found = reports(*(one.format(number, number) for number in range(50)))
    assert [each.id for each in found] == [f"e{number}" for number in range(50)]
    other = [text.replace("454", "454 4.7.0") for text in (one.format(1, 1), one.format(2, 2))]
    assert [each.id for each in reports(one.format(1, 1), *other)] == ["e0"]


def test_a_control_message_has_nothing() -> None:
    control = payload(["CWL CONTROL MESSAGE: Checking health of destination"], messageType="CONTROL_MESSAGE")
    assert reports_of_logs(packed(control), "eu-west-1") == []


def test_what_lambda_keeps_of_a_failed_event_is_read_too() -> None:
    kept = {
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": packed(payload([REFUSED])),
    }
    assert len(reports_of_logs(kept, "eu-west-1")) == 1


GOOD = base64.b64decode(packed(payload([REFUSED]))["awslogs"]["data"])


def raw(data: bytes) -> dict[str, Any]:
    return {"awslogs": {"data": base64.b64encode(data).decode()}}


def bomb() -> bytes:
    compressor = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    return b"".join(compressor.compress(block) for _ in range(70)) + compressor.flush()


EVENT = {"id": "e", "timestamp": int(AT.timestamp() * 1000), "message": REFUSED}
UNREADABLE = [
    ({}, "awslogs is missing"),
    ({"requestPayload": 7}, "requestPayload is a number"),
    ({"awslogs": []}, "awslogs is a list"),
    ({"awslogs": {}}, "awslogs.data is missing"),
    ({"awslogs": {"data": 7}}, "awslogs.data is a number"),
    ({"awslogs": {"data": "not base64!"}}, "awslogs.data is no base64"),
    ({"awslogs": {"data": "é"}}, "awslogs.data is no base64"),
    (raw(b""), "awslogs.data is cut off"),
    (raw(b"plain"), "awslogs.data is not packed by gzip"),
    (raw(GOOD[:-9]), "awslogs.data is cut off"),
    (raw(GOOD[:40] + b"\0\0\0\0" + GOOD[44:]), "awslogs.data is not packed by gzip, or damaged"),
    (raw(bomb()), "awslogs.data unpacks to more than 64 MiB"),
    (packed(b"{"), "awslogs.data is no JSON once it is unpacked"),
    (packed(b"[" * 100_000), "awslogs.data is no JSON once it is unpacked"),
    (packed([]), "awslogs.data is a list"),
    (packed({}), "messageType is missing"),
    (packed(payload([], messageType="NEWS")), "messageType is 'NEWS', not DATA_MESSAGE"),
    (packed(payload([], logEvents=7)), "logEvents is a number"),
    (packed(payload([REFUSED], logGroup=None)), "logGroup is missing"),
    (packed(payload([], logEvents=[EVENT, 7])), "logEvents[1] is a number"),
    (packed(payload([], logEvents=[EVENT | {"id": ""}])), "logEvents[0].id is missing"),
    (packed(payload([], logEvents=[EVENT | {"timestamp": "now"}])), "logEvents[0].timestamp is a text"),
    (packed(payload([], logEvents=[EVENT | {"timestamp": 10**18}])), "logEvents[0].timestamp is 1000000000000000000"),
    (packed(payload([], logEvents=[EVENT | {"message": [REFUSED]}])), "logEvents[0].message is a list"),
]


@pytest.mark.parametrize(("event", "reason"), UNREADABLE)
def test_a_damaged_event_is_unreadable_and_the_place_is_told(event: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnreadableEventError) as caught:
        reports_of_logs(event, "eu-west-1")
    assert caught.value.reason.startswith(reason)


def test_binary_lines_and_colours_do_no_harm() -> None:
    broken = json.dumps(payload(["@@", f"\x1b[31mERROR\x1b[0m {REFUSED}\ud800"]), separators=(",", ":")).encode()
    (report,) = reports_of_logs(packed(broken.replace(b"@@", b"\xff\xfe rejected \xff")), "eu-west-1")
    assert report.id == "e1"
    report.text.encode()


@given(st.lists(st.text() | st.sampled_from([REFUSED, PAUSED, '{"id":"', '},{"id":"x"', "SES", *ORDINARY]), max_size=6))
def test_the_quick_way_finds_what_reading_all_finds(messages: list[str]) -> None:
    found = reports(*messages)
    assert {each.id.partition("#")[0] for each in found} == {
        f"e{number}"
        for number, message in enumerate(messages)
        if (each := find(message)) is not None and each.tag not in SUCCESSES
    }


@given(
    st.dictionaries(
        st.sampled_from(["awslogs", "requestPayload"]), st.text() | st.dictionaries(st.just("data"), st.text())
    )
)
def test_whatever_comes_is_unreadable_or_has_nothing(event: dict[str, Any]) -> None:
    with pytest.raises(UnreadableEventError):
        reports_of_logs(event, "eu-west-1")


# --- The filter pattern ------------------------------------------------------------------------------------------------


def passes(message: str) -> bool:
    """Tell as CloudWatch Logs does whether a message has one of the optional terms: `?"a b" ?"c"`."""
    terms = re.findall(r'\?"([^"]+)"(?: |$)', FILTER_PATTERN)
    assert " ".join(f'?"{term}"' for term in terms) == FILTER_PATTERN, "nothing else is in it"
    return any(term in message for term in terms)


def test_the_filter_pattern_is_no_longer_than_cloudwatch_takes() -> None:
    assert len(FILTER_PATTERN) <= 1024
    assert FILTER_PATTERN.isascii()


SAID = [
    (entry.tag, BOTO % (each.code, "SendEmail", each.text) if each.code else each.text)
    for entry in ENTRIES
    for each in entry.says
]


@pytest.mark.parametrize(("tag", "text"), [*TEXTS, *SAID, *(("", text) for text in EVERY_TEXT)])
def test_every_refusal_passes_the_filter(tag: str, text: str) -> None:
    assert passes(text) or tag in SUCCESSES


@pytest.mark.parametrize("line", ORDINARY)
def test_an_ordinary_line_does_not_pass_the_filter(line: str) -> None:
    assert not passes(line)


def test_the_page_on_refused_sends_shows_the_filter_and_a_report_that_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs/refused-sends.md").read_text(encoding="utf-8")
    shown = page.split("```\n")[1].split("\n```")[0]
    assert " ".join(shown.split("\n")).strip() == FILTER_PATTERN
    compile(page.split("```python\n")[1].split("```")[0], "refused-sends.md", "exec")
    (said,) = re.findall(r"'(\{\"rejection\".*?\})'", page)
    found = find(json.loads(said)["rejection"])
    assert found is not None
    assert found.tag == "SMTP_CREDENTIALS_INVALID"
