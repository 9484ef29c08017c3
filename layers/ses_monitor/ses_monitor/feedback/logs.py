"""What SES refused, out of the log lines that CloudWatch Logs hands to a function. Pure.

Nearly no line matters, and the function is small: so the whole payload is searched as it was packed, and only the log
events in which something may be found are taken out of their JSON. What is not packed as CloudWatch Logs packs it is
read in full.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ses_monitor.core.rejection import Rejection, Report, Source, Told
from ses_monitor.feedback.parsed import UnreadableEventError, clean, wrong
from ses_monitor.feedback.reports import LONGEST_ID
from ses_monitor.feedback.times import EARLIEST
from ses_monitor.rejections.reading import find, find_all
from ses_monitor.rejections.scan import SUCCESSES, TRIGGERS

FILTER_NAME = "ses-monitor"
"""The name of the subscription filter that hands a log group's lines over."""
FILTER_TERMS = (
    "not verified",
    "MailFromDomainNotVerifiedException",
    "Message rejected",
    "MessageRejected",
    "Sending paused",
    "Sending is paused",
    "SendingPausedException",
    "AccountSendingPausedException",
    "ConfigurationSetSendingPausedException",
    "sending is disabled",
    "ability to send",
    "AccountSuspendedException",
    "does not exist",
    "ConfigurationSetDoesNotExist",
    "TemplateDoesNotExist",
    "quota exceeded",
    "rate exceeded",
    "Rate exceeded",
    "Too many requests",
    "TooManyRequestsException",
    "LimitExceededException",
    "Throttling",
    "SMTP connections",
    "Temporary service",
    "Temporary authentication",
    "Timeout waiting",
    "Authentication required",
    "Credentials Invalid",
    "subscribed to SES",
    "AccessDenied",
    "authorized to perform",
    "Message is too long",
    "Message length",
    "Invalid email",
    "address unknown",
    "address provided",
    "InvalidParameterValue",
    "BadRequestException",
    "no recipients",
    "Transaction failed",
    "ServiceUnavailable",
    "InternalFailure",
    "InternalServiceError",
    "needs a subscription",
    "said: 4",
    "said: 5",
)
"""Words of which each refusal of SES has one, whole words: nothing is said of parts of them, and capitals count.

Hosts are not among them: a relay names its host in every line.
"""
FILTER_PATTERN = " ".join(f'?"{term}"' for term in FILTER_TERMS)
"""What CloudWatch Logs lets through: lines with any of the words, capitals as here; at most 1024 characters."""

LARGEST = 64 * 1024 * 1024
"""Bytes of a payload, unpacked. CloudWatch Logs packs about 10 MB of log into one."""
LONGEST_TEXT = 8192
"""Bytes of the text of a report."""
MOST_OF_EVENT = 20
"""Reports of one log event."""

_LONGEST_WHOLE = LONGEST_TEXT // 4
"""Characters of a log event whose text is told whole: no more bytes than a text may have."""
_LONGEST_READ = 16 * 1024
"""Characters of a log event that are read whole; of a longer one, what is around words that SES uses."""
_BEFORE, _AFTER = 1500, 5000
"""Characters read before and after such a word."""
_BEGIN = b'{"id":"'
"""How CloudWatch Logs begins a log event. No text within JSON has this: its quotes would be escaped."""
_EVENTS = b'"logEvents":['
_TAKEN = "status=sent (250 "
"""A relay's word for mail that was taken; nothing else in such a line is of interest."""
_WORDS = re.compile(TRIGGERS.pattern.decode())
_SURE = re.compile(
    "Email address is not verified\\. The following identities failed the check in region"
    "|Sending paused for this account"
    "|Daily message quota exceeded"
    "|Maximum sending rate exceeded"
    "|Authentication Credentials Invalid"
)
"""What refuses in nobody's words but SES's, whatever stands around it; what is met most often."""
_BESIDE = frozenset({"jected", "Throttling", "zonaws", "zonses", "SES"})
"""Words of SES's that are no second refusal beside such a one."""
_DIGITS = str.maketrans("123456789", "0" * 9)
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{5,}")
_CODES = re.compile(r"(?<![\d.:])[245](?:\d\d|\.\d{1,3}\.\d{1,3})(?=[ '\",-])")
_MOST_REMEMBERED = 5000
_LONGEST_KEY = LONGEST_ID - len(f"#{MOST_OF_EVENT}")
"""Characters of a log event's id, to which the number of a refusal is added; CloudWatch Logs writes 56."""
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class _Group:
    """What all log events of a payload share."""

    name: str
    account_id: str
    region: str


def reports_of_logs(event: Mapping[str, Any], region: str) -> list[Report]:
    """Return what SES refused in the log lines of a subscription's event; `region` is the log group's.

    It also takes the document that Lambda keeps of an event at which a function failed.

    Raises:
        UnreadableEventError: it is no such event, or a damaged one; the place is told.
    """
    raw = _unpacked(_data(event))
    found = _quickly(raw, region)
    if found is None:
        found = _in_full(raw, region)
    if found is None:
        return []
    group, entries = found
    remembered: dict[object, bool] = {}
    return [report for entry in entries for report in _reports(*entry, group, remembered)]


def _data(event: Mapping[str, Any]) -> str:
    inner: object = event.get("requestPayload", event)
    if not isinstance(inner, Mapping):
        raise wrong("requestPayload", inner)
    logs = inner.get("awslogs")
    if not isinstance(logs, Mapping):
        raise wrong("awslogs", logs)
    data = logs.get("data")
    if not isinstance(data, str):
        raise wrong("awslogs.data", data)
    return data


def _unpacked(data: str) -> bytes:
    try:
        packed = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableEventError("awslogs.data is no base64") from error
    gunzip = zlib.decompressobj(wbits=31)
    try:
        raw = gunzip.decompress(packed, LARGEST)
    except zlib.error as error:
        raise UnreadableEventError("awslogs.data is not packed by gzip, or damaged") from error
    if gunzip.unconsumed_tail or len(raw) >= LARGEST:
        raise UnreadableEventError(f"awslogs.data unpacks to more than {LARGEST >> 20} MiB")
    if not gunzip.eof:
        raise UnreadableEventError("awslogs.data is cut off")
    return raw


def _quickly(raw: bytes, region: str) -> tuple[_Group, list[tuple[str, datetime, str]]] | None:
    """Return the log events that have a word of SES's; None where it is not packed as CloudWatch Logs does."""
    first = raw.find(_BEGIN)
    if first < 0 or not raw[:first].endswith(_EVENTS) or not raw.endswith(b"}]}"):
        return None
    entries: list[tuple[str, datetime, str]] = []
    try:
        head = json.loads(raw[:first] + b"]}")
        if not isinstance(head, dict) or head.get("messageType") != "DATA_MESSAGE":
            return None
        at = first
        while hit := TRIGGERS.search(raw, at):
            start = raw.rfind(_BEGIN, at, hit.start())
            end = raw.find(b"," + _BEGIN, hit.end())
            piece = raw[start : end if end >= 0 else -2]
            # One long log event's words are searched again when it is read; here any of them is enough.
            entries.append(_entry(json.loads(piece), "logEvents[?]"))
            if end < 0:
                break
            at = end + 1
        return _group(head, region), entries
    except (ValueError, UnreadableEventError, RecursionError):
        return None


def _in_full(raw: bytes, region: str) -> tuple[_Group, list[tuple[str, datetime, str]]] | None:
    try:
        payload = json.loads(raw.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise UnreadableEventError("awslogs.data is no JSON once it is unpacked") from error
    if not isinstance(payload, dict):
        raise wrong("awslogs.data", payload)
    kind = payload.get("messageType")
    if kind == "CONTROL_MESSAGE":
        return None
    if kind != "DATA_MESSAGE":
        if isinstance(kind, str):
            raise UnreadableEventError(f"messageType is '{clean(kind, 60)}', not DATA_MESSAGE")
        raise wrong("messageType", kind)
    events = payload.get("logEvents")
    if not isinstance(events, list):
        raise wrong("logEvents", events)
    return _group(payload, region), [_entry(each, f"logEvents[{number}]") for number, each in enumerate(events)]


def _group(payload: Mapping[str, Any], region: str) -> _Group:
    name, owner = payload.get("logGroup"), payload.get("owner")
    if not isinstance(name, str):
        raise wrong("logGroup", name)
    account_id = owner if isinstance(owner, str) and _ACCOUNT.fullmatch(owner) else ""
    return _Group(clean(name, 512), account_id, region)


def _entry(entry: object, place: str) -> tuple[str, datetime, str]:
    """Return id, time and text of a log event."""
    if not isinstance(entry, dict):
        raise wrong(place, entry)
    key, milliseconds, message = entry.get("id"), entry.get("timestamp"), entry.get("message")
    if not isinstance(key, str) or not key:
        raise wrong(f"{place}.id", key or None)
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        raise wrong(f"{place}.timestamp", milliseconds)
    if not isinstance(message, str):
        raise wrong(f"{place}.message", message)
    try:
        at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        at = None
    if at is None or at < EARLIEST:
        raise UnreadableEventError(f"{place}.timestamp is {str(milliseconds)[:20]}, no time that can be")
    if len(key) > _LONGEST_KEY:
        # A shortened one might be another's.
        raise UnreadableEventError(f"{place}.id has more than {_LONGEST_KEY} characters")
    name = clean(key)
    if not name:
        raise UnreadableEventError(f"{place}.id is empty")
    return name, at, message


def _reports(key: str, at: datetime, message: str, group: _Group, remembered: dict[object, bool]) -> Iterator[Report]:
    """Yield a report for each refusal in one log event."""

    def report(text: str, number: str = "", told: str = "") -> Report:
        where = Told(region=told, nearby=group.region)
        return Report(key + number, Source.LOG, _cut(text), at, where, group.account_id, group.name)

    if not _WORDS.search(message) or (_TAKEN in message and "\n" not in message.rstrip()):
        return
    if len(message) <= _LONGEST_WHOLE and _is_surely_one(message):
        yield report(message)
        return
    alike = _alike(message) if len(message) <= _LONGEST_WHOLE else None
    single = remembered.get(alike)
    if single is not None:
        if single:
            yield report(message)
        return
    refused = _refused(message)
    if alike is not None and len(refused) < 2:
        if len(remembered) < _MOST_REMEMBERED:
            remembered[alike] = bool(refused)
        if refused:
            yield report(message)
        return
    for number, each in enumerate(refused, start=1):
        yield report(_around(each, message), f"#{number}" if len(refused) > 1 else "", each.region)


def _is_surely_one(message: str) -> bool:
    """Tell, in a hundredth of the time that reading takes, messages with one refusal from such as have to be read."""
    said = _SURE.findall(message)
    return len(said) == 1 and _BESIDE.issuperset(_WORDS.findall(message.replace(said[0], " ", 1)))


def _alike(message: str) -> object:
    """Return what messages have in common that say the same: numbers and ids decide nothing, but in codes of SMTP."""
    return _HEXADECIMAL.sub("0", message).translate(_DIGITS), *_CODES.findall(message)


def _refused(message: str) -> list[Rejection]:
    found: dict[Rejection, None] = {}
    for part in _parts(message):
        found.update(dict.fromkeys(each for each in find_all(part) if each.tag not in SUCCESSES))
        if len(found) >= MOST_OF_EVENT:
            break
    return list(found)[:MOST_OF_EVENT]


def _parts(message: str) -> Iterator[str]:
    """Yield a message, of a long one the parts around the words that SES uses."""
    if len(message) <= _LONGEST_READ:
        yield message
        return
    at = 0
    for _ in range(MOST_OF_EVENT):
        hit = _WORDS.search(message, at)
        if hit is None:
            return
        yield message[max(at, hit.start() - _BEFORE) : hit.end() + _AFTER]
        at = hit.end() + _AFTER


def _around(rejection: Rejection, message: str) -> str:
    """Return a text of which a reader finds this rejection first: of the message what is around, or else its words."""
    at = message.find(rejection.text[:40])
    if at >= 0:
        first = message.rfind("\n", 0, at) + 1
        for begin, end in ((max(first, at - 300), message.find("\n", at)), (max(0, at - 300), at + 1000)):
            text = message[begin : end if 0 <= end < at + 4000 else at + 4000]
            again = find(text)
            if again is not None and (again.tag, again.identities) == (rejection.tag, rejection.identities):
                return text
    code = rejection.code
    if not code or code in rejection.text:
        return rejection.text
    return f"{code} {rejection.text}" if rejection.reply else f"{code}: {rejection.text}"


def _cut(text: str) -> str:
    return text.encode("utf-8", errors="replace")[:LONGEST_TEXT].decode("utf-8", errors="ignore")
