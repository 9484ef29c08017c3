"""Reports of refused sends in JSON: as an application publishes one, and as our reader of logs hands many over. Pure.

An application's is public: `{"rejection": "...", "region": "eu-west-1", "sender": "orders@example.com"}`, the first
required; with `recipient` (one or a list), `at` (ISO 8601) and `id` where it likes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from ses_monitor.core.check import bounded
from ses_monitor.core.rejection import Report, Source, Told
from ses_monitor.feedback.arns import is_account_id, is_region
from ses_monitor.feedback.parsed import Json, UnreadableEventError, Where, clean, kind_of, wrong
from ses_monitor.feedback.times import hint, moment, time_of

LONGEST_TEXT = 8 * 1024
"""Bytes of UTF-8 kept of one text: a traceback and more. An answer of SES is a line."""
LONGEST_ADDRESS = 320
LONGEST_ORIGIN = 512
"""A log group's name may have as many; roles and topics have ARNs of less."""
LONGEST_ID = 128
MOST_RECIPIENTS = 50
"""SES takes no mail with more."""
LARGEST_BODY = 200_000
"""Bytes; a queue takes 256 KiB with its attributes."""

_KEY, _LIST = "rejection", "rejections"


def is_report(it: Json) -> bool:
    """Tell whether `it` is in one of the two forms."""
    return _KEY in it or _LIST in it


def reports_of(it: Json, where: Where) -> list[Report]:
    """Return the reports in `it`, which is in one of the two forms.

    Raises:
        UnreadableEventError: something is missing, or not of its kind.
    """
    if _KEY in it:
        return [_of_application(it, where)]
    entries = it.get(_LIST)
    if not isinstance(entries, list):
        raise wrong(_LIST, entries)
    if not entries:
        raise UnreadableEventError(f"{_LIST} is an empty list")
    return [_handed_over(entry, f"{_LIST}[{index}]", where) for index, entry in enumerate(entries)]


def bodies_of(reports: Iterable[Report], *, largest: int = LARGEST_BODY) -> Iterator[str]:
    """Write reports as messages of at most `largest` bytes each; what is longer in one than is read is cut."""
    head, tail = f'{{"{_LIST}":[', "]}"
    room = largest - len(head) - len(tail)
    parts: list[str] = []
    for report in reports:
        # ASCII throughout: a byte is a character, and half a surrogate pair in somebody's log is text like any other.
        part = json.dumps(_written(report), separators=(",", ":"))
        if parts and sum(map(len, parts)) + len(parts) + len(part) > room:
            yield head + ",".join(parts) + tail
            parts = []
        parts.append(part)
    if parts:
        yield head + ",".join(parts) + tail


def cut(text: str, most: int = LONGEST_TEXT) -> str:
    """Return the beginning of `text`, at most `most` bytes of UTF-8."""
    if len(text) * 4 <= most:
        return text
    # Half a surrogate pair has three bytes, so that none is lost at the end for being half.
    whole = text[:most].encode("utf-8", "surrogatepass")
    return text[:most] if len(whole) <= most else whole[:most].decode("utf-8", "ignore")


def _of_application(it: Json, where: Where) -> Report:
    text = _text(it, _KEY, "", LONGEST_TEXT)
    if not text.strip():
        raise UnreadableEventError(f"{_KEY} is {'missing' if it[_KEY] is None else 'empty'}")
    at = time_of(it, "at", "", where.received_at) or hint(where.published) or where.received_at or where.untold
    if at is None:
        raise wrong("at", None)
    return Report(
        id=_id(it, "") or where.message_id or _made(it, where),
        source=Source.REPORT,
        text=text,
        at=at,
        told=Told(
            sender=_text(it, "sender", "", LONGEST_ADDRESS),
            recipients=_recipients(it, "recipient", ""),
            region=_region(it, "region", ""),
            nearby=where.region,
        ),
        account_id=where.account_id,
        origin=where.topic,
    )


def _made(it: Json, where: Where) -> str:
    """Name a report that came without a name: whoever tells it again tells it at another time."""
    parts = (json.dumps(it, sort_keys=True, default=str), where.received_at.isoformat() if where.received_at else "")
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _handed_over(it: object, place: str, where: Where) -> Report:
    if not isinstance(it, dict):
        raise wrong(place, it)
    inside = f"{place}."
    id_, text, account = _id(it, inside), _text(it, "text", inside, LONGEST_TEXT), it.get("account")
    for key, value in (("id", id_), ("text", text)):
        if not value:
            raise UnreadableEventError(f"{inside}{key} is {'empty' if key in it else 'missing'}")
    return Report(
        id=id_,
        source=_source(it, inside),
        text=text,
        at=_at(it, inside),
        told=Told(
            sender=_text(it, "sender", inside, LONGEST_ADDRESS),
            recipients=_recipients(it, "recipients", inside),
            region=_region(it, "region", inside),
            nearby=_region(it, "nearby", inside),
            configuration_set=_text(it, "configuration_set", inside, LONGEST_ID),
        ),
        account_id=str(account) if is_account_id(account) else where.account_id,
        origin=_text(it, "origin", inside, LONGEST_ORIGIN),
    )


def _written(report: Report) -> Json:
    told = report.told
    return {
        "id": report.id[:LONGEST_ID],
        "source": report.source.value,
        "text": cut(report.text),
        "at": report.at.isoformat(),
        "region": told.region,
        "sender": cut(told.sender, LONGEST_ADDRESS),
        "recipients": [cut(recipient, LONGEST_ADDRESS) for recipient in told.recipients[:MOST_RECIPIENTS]],
        "nearby": told.nearby,
        "configuration_set": cut(told.configuration_set, LONGEST_ID),
        "origin": cut(report.origin, LONGEST_ORIGIN),
        "account": report.account_id,
    }


def _text(it: Json, key: str, place: str, most: int) -> str:
    value = it.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(place + key, value)
    return cut(value, most)


def _id(it: Json, place: str) -> str:
    value = it.get("id")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64:
        return str(value)
    text = _text(it, "id", place, 4 * LONGEST_ID + 4)
    if len(text) > LONGEST_ID:
        raise UnreadableEventError(f"{place}id has more than {LONGEST_ID} characters")
    return text


def _source(it: Json, place: str) -> Source:
    value = it.get("source")
    if not isinstance(value, str):
        raise wrong(f"{place}source", value)
    try:
        return Source(value)
    except ValueError:
        raise UnreadableEventError(f"{place}source is '{bounded(value, 60)}', which is none we know") from None


def _at(it: Json, place: str) -> datetime:
    value = it.get("at")
    if not isinstance(value, str):
        raise UnreadableEventError(f"{place}at is {kind_of(value)}, not a time")
    at = moment(value)
    if at is None:
        raise UnreadableEventError(f"{place}at is '{bounded(value, 60)}', which is no time")
    return at


def _region(it: Json, key: str, place: str) -> str:
    text = _text(it, key, place, LONGEST_ADDRESS).strip().lower()
    if text and not is_region(text):
        raise UnreadableEventError(f"{place}{key} is '{clean(text, 60)}', which is no region")
    return text


def _recipients(it: Json, key: str, place: str) -> tuple[str, ...]:
    value = it.get(key)
    if isinstance(value, list):
        for index, each in enumerate(value):
            if not isinstance(each, str):
                raise wrong(f"{place}{key}[{index}]", each)
        return tuple(cut(each, LONGEST_ADDRESS) for each in value[:MOST_RECIPIENTS] if each)
    one = _text(it, key, place, LONGEST_ADDRESS)
    return (one,) if one else ()
