"""Any message that carries feedback, in whatever it was wrapped on its way, to what it says. Pure.

SES writes JSON, as do CloudTrail and whoever reports a refused send; SNS wraps it as text into JSON of its own, SQS
wraps that, and Lambda wraps records of SQS or SNS; EventBridge wraps it as an object, and SQS wraps that. Each layer
may be there or not (raw delivery, a message copied from dead letters), so each is told by its own keys, and taken off
until the inside shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ses_monitor.core.event import Format
from ses_monitor.feedback import cloudtrail, reports
from ses_monitor.feedback.arns import arn_of, is_account_id, is_region
from ses_monitor.feedback.aws_notice import ADVISOR, SENDING, advisor_notices, health_notices, sending_notices
from ses_monitor.feedback.mail import event_of
from ses_monitor.feedback.parsed import (
    NOWHERE,
    Json,
    Parsed,
    Skipped,
    UnreadableEventError,
    Where,
    clean,
    kind_of,
    wrong,
)
from ses_monitor.feedback.times import EARLIEST, hint

__all__ = ["Parsed", "Skipped", "UnreadableEventError", "Where", "parse", "parse_file"]

LARGEST_BODY = 1024 * 1024
"""Characters of one message; SNS and SQS carry 256 KiB, EventBridge and newer queues up to 1 MiB."""
LARGEST_FILE = 64 * 1024 * 1024
MOST_LAYERS = 12
"""Lambda, its records, SQS, SNS, EventBridge are five; a forwarding or two more is still sensible."""

LONGEST_WORD = 256
"""Characters of an id or an ARN that an envelope tells."""

_TOO_DEEP = "it is nested too deeply"
_LISTS = ("Records", "Messages")
CLOUDTRAIL = "AWS API Call via CloudTrail"
_LOGS = "awslogs"
_FAILED = "requestPayload"
_VALIDATED = "Successfully validated SNS topic for Amazon SES"
_CONFIRMATIONS = frozenset({"SubscriptionConfirmation", "UnsubscribeConfirmation"})
_BLANK = re.compile(r"[ \t\r\n]*")


def parse(body: str | bytes | Mapping[str, Any], where: Where = NOWHERE) -> list[Parsed]:
    """Return what a message says: an Event, Notice, Report or Skipped for each SES message in it, usually one.

    Raises:
        UnreadableEventError: on anything that is not feedback, or is damaged; nothing else is ever raised.
    """
    try:
        return _read(body if isinstance(body, str | bytes) else dict(body), where, 0)
    except RecursionError:
        raise UnreadableEventError(_TOO_DEEP) from None


def parse_file(content: str | bytes, where: Where = NOWHERE) -> tuple[list[Parsed], list[str]]:
    """Return what a file says, and of what in it cannot be read, where and why.

    As `parse`, for one body or several, one after the other: so Firehose writes them to S3, and so are lines of JSON.
    Of several, and of several records, one that is unreadable costs nothing else.
    """
    found: list[Parsed] = []
    unreadable: list[str] = []
    try:
        for place, value in _parts_of_file(content):
            try:
                found += _read(value, where, 0)
            except UnreadableEventError as error:
                unreadable.append(f"{place}{error.reason}")
            except RecursionError:
                unreadable.append(f"{place}{_TOO_DEEP}")
    except UnreadableEventError as error:
        unreadable.append(error.reason)
    except RecursionError:
        unreadable.append(_TOO_DEEP)
    return found, unreadable


def _parts_of_file(content: str | bytes) -> Iterator[tuple[str, object]]:
    """Yield each value of a file, and each record in one, with its place where there are several."""
    if len(content) > LARGEST_FILE:
        raise UnreadableEventError(f"it has more than {LARGEST_FILE} characters")
    for line, value in _documents(_text(content)):
        key = next((key for key in _LISTS if key in value), "") if isinstance(value, dict) else ""
        entries = value[key] if isinstance(value, dict) and key else value
        if not isinstance(entries, list) or not entries:
            yield line, value
            continue
        for index, entry in enumerate(entries):
            yield f"{line}{key}[{index}]: " if len(entries) > 1 else line, entry


def _documents(text: str) -> Iterator[tuple[str, object]]:
    """Yield each JSON value of a text, with the line it begins on where it is one of several."""
    start = _blank_to(text, 0)
    if start == len(text):
        raise UnreadableEventError("it is empty")
    if text.startswith(_VALIDATED, start):
        yield "", text
        return
    line, counted_to, several = 1, 0, False
    while start < len(text):
        line += text.count("\n", counted_to, start)
        counted_to = start
        try:
            value, end = _DECODER.raw_decode(text, start)
        except ValueError as error:
            raise _no_json(error) from None
        start = _blank_to(text, end)
        several = several or start < len(text)
        yield f"line {line}: " if several else "", value


def _blank_to(text: str, start: int) -> int:
    found = _BLANK.match(text, start)
    return start if found is None else found.end()


def _text(content: str | bytes) -> str:
    if isinstance(content, str):
        return content
    try:
        # With the mark that Windows' tools write at the beginning, or without.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableEventError("it is not UTF-8 text") from None


def _no_constant(name: str) -> object:
    msg = f"{name} is no number of JSON"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _no_json(error: ValueError) -> UnreadableEventError:
    if isinstance(error, json.JSONDecodeError):
        return UnreadableEventError(f"it is no JSON: {error.msg} (line {error.lineno}, column {error.colno})")
    # Python refuses numbers of thousands of digits, and `_no_constant` the ones that are none.
    return UnreadableEventError(f"it is no JSON: {error}")


def _read(value: object, where: Where, layers: int) -> list[Parsed]:
    """Take off one layer, and whatever is inside."""
    if layers > MOST_LAYERS:
        raise UnreadableEventError(f"it is wrapped more than {MOST_LAYERS} times")
    if isinstance(value, str | bytes):
        if len(value) > LARGEST_BODY:
            raise UnreadableEventError(f"it has {len(value)} characters; at most {LARGEST_BODY} are read")
        text = _text(value)
        try:
            value = _DECODER.decode(text)
        except ValueError as error:
            if text.lstrip().startswith(_VALIDATED):
                return [Skipped("SES tried whether it may publish to the topic.", "validation")]
            raise _no_json(error) from None
    if isinstance(value, dict):
        return _read_object(value, where, layers)
    if isinstance(value, list):
        return _read_each(value, "", where, layers)
    if isinstance(value, str):
        return _read(value, where, layers + 1)
    raise UnreadableEventError(f"it is {'null' if value is None else kind_of(value)}, and no SES event")


def _read_object(it: Json, where: Where, layers: int) -> list[Parsed]:
    if "eventType" in it or "notificationType" in it:
        return [_read_ses(it, where)]
    if "Message" in it:
        return _read_sns(it, where, layers)
    if "detail-type" in it:
        return _read_event_bridge(it, where)
    if reports.is_report(it):
        return list(reports.reports_of(it, where))
    if _LOGS in it or _FAILED in it:
        return _read_logs(it, where)
    for key in _LISTS:
        if key in it:
            return _read_each(it[key], key, where, layers)
    return _read_record(it, where, layers)


def _read_ses(it: Json, where: Where) -> Parsed:
    key = "eventType" if it.get("eventType") is not None else "notificationType"
    type_ = it.get(key)
    if not isinstance(type_, str) or not type_.strip():
        raise wrong(key, type_) if not isinstance(type_, str) else UnreadableEventError(f"{key} is empty")
    if type_ == "AmazonSnsSubscriptionSucceeded":
        return Skipped("SES says that an identity's feedback comes to the topic from now on.", type_)
    if type_ == "Received":
        return Skipped("It is about mail that came in; only mail that was sent is looked at.", type_)
    if "mail" not in it and "eventSource" in it:
        return cloudtrail.report_of(it, where)
    told_by = Format.EVENT_PUBLISHING if key == "eventType" else Format.IDENTITY_NOTIFICATION
    return event_of(it, type_, told_by, where)


def _read_sns(it: Json, where: Where, layers: int) -> list[Parsed]:
    type_ = it.get("Type")
    if isinstance(type_, str) and type_ in _CONFIRMATIONS:
        return [Skipped("SNS asks about a subscription.", type_)]
    topic = arn_of(it.get("TopicArn"))
    inner = Where(
        topic.region or where.region,
        topic.account_id or where.account_id,
        where.received_at or hint(it.get("Timestamp")),
        where.untold,
        where.brief,
        _word(it.get("MessageId")) or where.message_id,
        _word(it.get("TopicArn")) or where.topic,
        _word(it.get("Timestamp")) or where.published,
    )
    message = it["Message"]
    if not isinstance(message, str | dict):
        raise wrong("Message", message)
    return _read(message, inner, layers + 1)


def _read_event_bridge(it: Json, where: Where) -> list[Parsed]:
    type_, source, detail = it["detail-type"], it.get("source"), it.get("detail")
    if not isinstance(type_, str):
        raise wrong("detail-type", type_)
    if not isinstance(source, str):
        raise wrong("source", source)
    if source not in {"aws.ses", "aws.health"}:
        return [Skipped(f"It is from {clean(source, 60)}, not from SES.", clean(type_))]
    if not isinstance(detail, dict):
        raise wrong("detail", detail)
    return _of_detail(it, type_, detail, where)


def _of_detail(it: Json, type_: str, detail: Json, where: Where) -> list[Parsed]:
    if type_ == CLOUDTRAIL:
        return [cloudtrail.report_of(detail, _of_event_bridge(it, where), "detail.")]
    if it["source"] == "aws.health":
        return list(health_notices(it, detail, where))
    if type_.startswith(ADVISOR):
        return list(advisor_notices(it, detail, where))
    if type_.startswith(SENDING):
        return list(sending_notices(it, detail, where))
    if "eventType" in detail or type_.startswith("Email "):
        return [_read_ses(detail, _of_event_bridge(it, where))]
    return [Skipped("This version does not know what it is about.", clean(type_))]


def _of_event_bridge(it: Json, where: Where) -> Where:
    region, account_id = it.get("region"), it.get("account")
    return Where(
        str(region) if is_region(region) else where.region,
        str(account_id) if is_account_id(account_id) else where.account_id,
        where.received_at or hint(it.get("time")),
        where.untold,
        where.brief,
        _word(it.get("id")) or where.message_id,
    )


def _read_logs(it: Json, where: Where) -> list[Parsed]:
    """Read an event of CloudWatch Logs, or one with which Lambda failed, as its destination for failures gets it."""
    # Hardly ever: what logs tell is read, and handed over, by a function of its own.
    from ses_monitor.feedback.logs import reports_of_logs  # noqa: PLC0415

    payload = it if _LOGS in it else it[_FAILED]
    if not isinstance(payload, dict):
        raise wrong(_FAILED, payload)
    if _LOGS not in payload:
        raise UnreadableEventError(f"{_FAILED} is no event of CloudWatch Logs")
    context = it.get("requestContext")
    function = arn_of(context.get("functionArn")) if isinstance(context, dict) else arn_of(None)
    found = reports_of_logs(payload, function.region or where.region)
    return list(found) or [Skipped("It is a piece of a log in which SES refuses nothing.", _LOGS)]


def _read_each(entries: object, key: str, where: Where, layers: int) -> list[Parsed]:
    if not isinstance(entries, list):
        raise wrong(key, entries)
    if not entries:
        raise UnreadableEventError(f"{key or 'it'} is an empty list")
    found: list[Parsed] = []
    for index, entry in enumerate(entries):
        # The name is that of all of them together.
        named = where.message_id and len(entries) > 1
        inner = where._replace(message_id=f"{where.message_id}[{index}]") if named else where
        try:
            found += _read(entry, inner, layers + 1)
        except UnreadableEventError as error:
            place = f"{key}[{index}]: " if len(entries) > 1 else ""
            raise UnreadableEventError(place + error.reason) from None
    return found


def _read_record(it: Json, where: Where, layers: int) -> list[Parsed]:
    """Read one record of a Lambda event, or of what `aws sqs receive-message` prints."""
    source = it.get("eventSource") or it.get("EventSource")
    if source == "aws:ses":
        return [Skipped("It is about mail that came in; only mail that was sent is looked at.", "Received")]
    if cloudtrail.is_record(it):
        return [cloudtrail.report_of(it, where)]
    for key in ("Sns", "body", "Body"):
        if key in it:
            wrapped = it[key]
            if not isinstance(wrapped, str | dict):
                raise wrong(key, wrapped)
            return _read(wrapped, _of_record(it, where), layers + 1)
    raise UnreadableEventError("it is no SES event: it has neither eventType nor notificationType")


def _of_record(it: Json, where: Where) -> Where:
    """Return what a record adds. Its region is the queue's, which need not be SES's: it counts for the least."""
    attributes = it.get("attributes") or it.get("Attributes")
    sent = attributes.get("SentTimestamp") if isinstance(attributes, dict) else None
    queue = arn_of(it.get("eventSourceARN"))
    return Where(
        where.region or queue.region,
        where.account_id or queue.account_id,
        where.received_at or _hint_of_milliseconds(sent),
        where.untold,
        where.brief,
        _word(it.get("messageId")) or _word(it.get("MessageId")) or where.message_id,
    )


def _word(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_WORD else ""


def _hint_of_milliseconds(text: object) -> datetime | None:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 14:
        return None
    at = datetime.fromtimestamp(int(text) / 1000, UTC)
    return at if at >= EARLIEST else None
