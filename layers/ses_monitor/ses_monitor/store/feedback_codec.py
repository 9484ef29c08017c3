"""What feedback looks like as items: records of outcomes, counters, notices, and what could not be read.

Records are written in a hot path: their attribute values are made by hand.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ses_monitor.core.check import bounded
from ses_monitor.core.event import (
    Bounce,
    Complaint,
    Delay,
    Delivery,
    Detail,
    Engagement,
    Event,
    Format,
    Kind,
    Outcome,
    Recipient,
    Reject,
    Rendering,
    Subscription,
)
from ses_monitor.core.kept import Kept, Unparsed
from ses_monitor.core.mailbox import RecipientNames, normal, without_addresses
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.traffic import Counts, Notice, NoticeKind, Tally, hour_of
from ses_monitor.store import item as items
from ses_monitor.store import keys
from ses_monitor.store.codec import epoch, known
from ses_monitor.store.item import Fields, UnreadableItemError, clip, instant, to_item, whole_or_nothing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

NOTICE_DAYS = 90
UNPARSED_DAYS = 14
"""As long as the dead letters have the message itself; SQS keeps none longer."""


class Longest:
    """Bytes kept of each part. A record stays below 32 KB, so that a hundred of them fit in a transaction (4 MB)."""

    WORD = 256
    ADDRESS = 1280
    """320 characters of up to four bytes."""
    LINE = 1024
    DIAGNOSTIC = 2048
    MAP = 6 * 1024
    """All tags together, and all that was unknown."""
    VALUES = 20
    """Of one tag."""
    EXCERPT = 500
    READ_OF_EXCERPT = 4000


_DETAILS: dict[str, type[Detail]] = {
    "bounce": Bounce,
    "complaint": Complaint,
    "delivery": Delivery,
    "reject": Reject,
    "rendering": Rendering,
    "delay": Delay,
    "engagement": Engagement,
    "subscription": Subscription,
    "refusal": RefusedSend,
}
_NAMES = {detail: name for name, detail in _DETAILS.items()}
_PARTS = {detail: tuple(each.name for each in fields_of(detail)) for detail in _DETAILS.values()}
_OF = "of"
_NOT_OUTSIDE = frozenset({"tag", "subject", "told_by", "confidence"})
"""Of a refused send: this program's own words, which no recipient called sender@ may mask, and the sender's identity,
which is ours and stays, as it does in the keys."""
_WORDS = frozenset({"tag", "code", "action", "told_by", "confidence"})
"""Of a refused send: what is short."""


class RecordWriter:
    """Makes the items of outcomes. One for each batch: it remembers what the outcomes of one event have in common."""

    def __init__(self, names: RecipientNames, expires_at: int) -> None:
        self._names = names
        self._plain = bool(names.shown("someone@example.com"))
        self._expires_at: AttributeValueTypeDef = {"N": str(expires_at)}
        self._event: Event | None = None
        self._common: Item = {}
        self._hide: Callable[[str], str] = str

    def item(self, outcome: Outcome) -> Item:
        """Return the record of an outcome, at the key that is the same however often it is told.

        Of those that are kept hourly the key, and so the id, is the same for all alike: each replaces the one before.
        """
        event, recipient = outcome.event, outcome.recipient
        if event is not self._event:
            self._begin(event)
        if not self._common:
            self._common = self._of_event(event)
        address = "" if recipient is None else recipient.address
        recipient_key = self._names.key(address) if address else ""
        if event.kind.kept_hourly:
            record_id = _hourly_id(event, recipient_key)
            key = keys.outcome(recipient_key, hour_of(event.occurred_at), record_id)
        else:
            record_id = outcome.id
            key = keys.outcome(recipient_key, event.sent_at, record_id)
        record: Item = {
            **self._common,
            "pk": {"S": key.pk},
            "sk": {"S": key.sk},
            "id": {"S": record_id},
            "counted": {"BOOL": outcome.counted},
            "gsi2sk": {"S": f"{keys.moment(event.occurred_at)}#{record_id}"},
        }
        if recipient is not None:
            shown = self._names.shown(address) if address else ""
            _put(record, "recipient", shown, Longest.ADDRESS)
            if not shown or normal(shown) != recipient_key:
                _put(record, "recipient_key", recipient_key, Longest.ADDRESS)
            _put(record, "status", self._hide(recipient.status), Longest.WORD)
            _put(record, "action", self._hide(recipient.action), Longest.WORD)
            _put(record, "diagnostic", self._hide(recipient.diagnostic), Longest.DIAGNOSTIC)
        return record

    def text(self, event: Event, text: str) -> str:
        """Return a text of an event as it may be stored."""
        if event is not self._event:
            self._begin(event)
        return self._hide(text)

    def detail(self, event: Event, detail: Detail) -> Item:
        """Return the detail of an event as it may be stored."""
        if event is not self._event:
            self._begin(event)
        return self._detail(detail)

    def _begin(self, event: Event) -> None:
        self._event, self._common = event, {}
        self._hide = self._names.text if self._plain else _hiding(event, self._names.text)

    def _of_event(self, event: Event) -> Item:
        hide = self._hide
        common: Item = {
            "kind": {"S": event.kind.value},
            "format": {"S": event.format.value},
            "occurred_at": {"S": instant(event.occurred_at)},
            "sent_at": {"S": instant(event.sent_at)},
            "gsi2pk": {"S": keys.events(event.region)},
            "expires_at": self._expires_at,
        }
        _put(common, "type", hide(event.type), Longest.WORD)
        _put(common, "message_id", event.message_id, Longest.WORD)
        _put(common, "feedback_id", event.feedback_id, Longest.WORD)
        _put(common, "region", event.region, Longest.WORD)
        _put(common, "identity", event.identity, Longest.ADDRESS)
        _put(common, "account_id", event.account_id, Longest.WORD)
        _put(common, "configuration_set", event.configuration_set, Longest.WORD)
        _put(common, "source", event.source, Longest.ADDRESS)
        if self._plain:
            _put(common, "subject", event.subject, Longest.LINE)
        if event.detail is not None:
            common["detail"] = {"M": self._detail(event.detail)}
        if tags := self._map(event.tags):
            common["tags"] = {"M": tags}
        if unknown := self._map(event.unknown):
            common["unknown"] = {"M": unknown}
        return common

    def _map(self, values: Mapping[str, str | tuple[str, ...]]) -> Item:
        """Return as much of a map as there is room for; an outside name may come from the mail, as its value may."""
        kept: Item = {}
        room = Longest.MAP
        for name, value in values.items():
            short = clip(self._hide(name), Longest.WORD)
            if isinstance(value, str):
                texts = [clip(self._hide(value), Longest.LINE)]
            else:
                texts = [clip(self._hide(each), Longest.WORD) for each in value[: Longest.VALUES]]
            room -= len(short.encode()) + sum(len(text.encode()) + 4 for text in texts) + 8
            if room < 0:
                break
            if short:
                kept[short] = {"S": texts[0]} if isinstance(value, str) else {"L": [{"S": text} for text in texts]}
        return kept

    def _detail(self, detail: Detail) -> Item:
        kind = type(detail)
        values: Item = {_OF: {"S": _NAMES[kind]}}
        for name in _PARTS[kind]:
            value = getattr(detail, name)
            if isinstance(value, str):
                of_refusal = kind is RefusedSend
                stored = value if of_refusal and name in _NOT_OUTSIDE else self._hide(value)
                _put(values, name, stored, Longest.WORD if of_refusal and name in _WORDS else Longest.LINE)
            elif isinstance(value, bool):
                values[name] = {"BOOL": value}
            elif isinstance(value, datetime):
                values[name] = {"S": instant(value)}
            elif value is not None and math.isfinite(value) and abs(value) < 1e9:
                values[name] = {"N": f"{value:.6f}"}
        return values


def _hourly_id(event: Event, recipient_key: str) -> str:
    """Name all refused sends of an hour that are alike. A hash of the recipient's key, so that it tells no address."""
    refused = event.detail if isinstance(event.detail, RefusedSend) else RefusedSend("", "")
    alike = (refused.tag, event.region, refused.subject, recipient_key, keys.hour(event.occurred_at))
    return hashlib.sha256("\x1f".join(alike).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _put(item: Item, name: str, text: str, limit: int) -> None:
    """Add a text, cut to `limit` bytes, unless it is empty."""
    if text:
        # Whether ASCII fits is known without encoding it; nearly all is.
        item[name] = {"S": text if text.isascii() and len(text) <= limit else clip(text, limit)}


def _hiding(event: Event, otherwise: Callable[[str], str]) -> Callable[[str], str]:
    """Return what takes the recipients of `event` out of a text, also where an address is none that a pattern knows.

    Servers quote the address as they please: percent-encoded, or its first part alone ("no such user jane.doe").
    """
    written = {each.address.rpartition("<")[2].partition(">")[0].lower() for each in event.recipients}
    parts = {each.rpartition("@")[::2] for each in written | {normal(each.address) for each in event.recipients}}
    parts = {(local, domain) for local, domain in parts if local}
    longest_first = sorted(parts, key=lambda part: len(part[0]), reverse=True)

    def hide(text: str) -> str:
        lowered = text.lower()
        for local, domain in longest_first:
            if local in lowered:
                text = _masking(local, domain)(text)
        return otherwise(without_addresses(text))

    return hide


@lru_cache(maxsize=256)
def _masking(local: str, domain: str) -> Callable[[str], str]:
    mask, quoted = f"{local[:1]}…", re.escape(local)
    whole = re.compile(rf"{quoted}(@|%40)({re.escape(domain)})", re.IGNORECASE)
    # A first part of two letters alone is any word.
    alone = re.compile(rf"(?<![^\W_]){quoted}(?![^\W_])", re.IGNORECASE) if len(local) > 2 else None

    def mask_in(text: str) -> str:
        text = whole.sub(lambda found: mask + found[1] + found[2], text)
        return text if alone is None else alone.sub(mask, text)

    return mask_in


def read_record(item: Mapping[str, Any]) -> Kept:
    """Read the record of an outcome. A kind this version does not know is OTHER, with SES's word in `type`."""
    fields = Fields.of(item)
    recipient = _read_recipient(fields)
    kind = known(Kind, fields.need("kind", items.text), Kind.OTHER)
    event = Event(
        kind=kind,
        type=fields.have("type", items.text, kind.value),
        format=known(Format, fields.need("format", items.text), Format.EVENT_PUBLISHING),
        message_id=fields.have("message_id", items.text, ""),
        occurred_at=fields.need("occurred_at", items.time),
        sent_at=fields.need("sent_at", items.time),
        region=fields.have("region", items.text, ""),
        identity=fields.have("identity", items.text, ""),
        account_id=fields.have("account_id", items.text, ""),
        feedback_id=fields.have("feedback_id", items.text, ""),
        configuration_set=fields.have("configuration_set", items.text, ""),
        source=fields.have("source", items.text, ""),
        subject=fields.have("subject", items.text, ""),
        recipients=() if recipient is None else (recipient,),
        detail=_read_detail(fields.inside("detail")),
        tags=fields.have("tags", _tags, {}),
        unknown=fields.have("unknown", _texts, {}),
    )
    address = "" if recipient is None else recipient.address
    return Kept(
        id=fields.need("id", items.text),
        event=event,
        recipient=recipient,
        recipient_key=fields.have("recipient_key", items.text, normal(address)),
        counted=fields.need("counted", items.flag),
    )


def _read_recipient(fields: Fields) -> Recipient | None:
    if not any(name in fields for name in ("recipient", "recipient_key", "status", "action", "diagnostic")):
        return None
    return Recipient(
        address=fields.have("recipient", items.text, ""),
        status=fields.have("status", items.text, ""),
        action=fields.have("action", items.text, ""),
        diagnostic=fields.have("diagnostic", items.text, ""),
    )


_READERS: dict[str, tuple[Callable[[object], object], object]] = {
    "str": (items.text, ""),
    "float | None": (items.number, None),
    "bool | None": (items.flag, None),
    "datetime | None": (items.time, None),
}


def _read_detail(fields: Fields | None) -> Detail | None:
    """Read a detail; None for one of a kind that only a newer version knows."""
    kind = None if fields is None else _DETAILS.get(fields.need(_OF, items.text))
    if fields is None or kind is None:
        return None
    values: dict[str, Any] = {}
    for each in fields_of(kind):
        parse, otherwise = _READERS[str(each.type)]
        values[each.name] = fields.have(each.name, parse, otherwise)
    return kind(**values)


def read_counts(item: Mapping[str, Any]) -> tuple[datetime, Counts]:
    """Read the counters of one hour; those this version does not know are left out."""
    fields = Fields.of(item)
    counts = {tally: fields.need(tally.value, items.whole) for tally in Tally if tally.value in fields}
    return fields.need("hour", items.time), counts


def read_refusal(item: Mapping[str, Any]) -> tuple[datetime, int, str, RefusedSend]:
    """Read what one cause did to a sender in an hour: the hour, how often, and the order and details of the last.

    A detail of a kind that only a newer version knows cannot be left out here: it has the cause.
    """
    fields = Fields.of(item)
    detail = _read_detail(fields.inside("detail"))
    if not isinstance(detail, RefusedSend) or not detail.tag:
        where = " / ".join(bounded(str(item.get(name)), 200) for name in ("pk", "sk"))
        msg = f"item {where} has no detail of a refused send"
        raise UnreadableItemError(msg)
    count = fields.need(Tally.REJECTIONS.value, items.whole)
    return fields.need("hour", items.time), count, fields.need("last", items.text), detail


def notice_item(notice: Notice, now: datetime) -> Item:
    """Return the item of a notice; `at` is of fixed width, so that the newer is the greater text."""
    values = {
        "name": clip(notice.name, Longest.ADDRESS),
        "kind": notice.kind.value,
        "topic": clip(notice.topic, Longest.WORD),
        "holds": notice.holds,
        "at": keys.moment(notice.at),
        "region": clip(notice.region, Longest.WORD),
        "text": clip(notice.text, Longest.DIAGNOSTIC),
        "impact": clip(notice.impact, Longest.WORD) or None,
        "origin": clip(notice.origin, Longest.WORD) or None,
        "id": clip(notice.id, Longest.WORD) or None,
        "resource": clip(notice.resource, Longest.LINE) or None,
        "url": whole_or_nothing(notice.url, Longest.DIAGNOSTIC) or None,
        "unknown": _bounded(notice.unknown) or None,
        "expires_at": epoch(now + timedelta(days=NOTICE_DAYS)),
    }
    return to_item(keys.notice(notice.region, notice.name, notice.kind.value, notice.topic), values)


def read_notice(item: Mapping[str, Any]) -> Notice:
    """Read a notice; one of a kind this version does not know is as one of Health."""
    fields = Fields.of(item)
    return Notice(
        name=fields.need("name", items.text),
        kind=known(NoticeKind, fields.need("kind", items.text), NoticeKind.HEALTH),
        topic=fields.need("topic", items.text),
        holds=fields.have("holds", items.flag, None),
        at=fields.need("at", items.time),
        region=fields.need("region", items.text),
        text=fields.need("text", items.text),
        impact=fields.have("impact", items.text, ""),
        origin=fields.have("origin", items.text, ""),
        id=fields.have("id", items.text, ""),
        resource=fields.have("resource", items.text, ""),
        url=fields.have("url", items.text, ""),
        unknown=fields.have("unknown", _texts, {}),
    )


def unparsed_item(unparsed: Unparsed, now: datetime) -> Item:
    """Return the item of a message that could not be read; addresses in it are masked in any case."""
    read = unparsed.excerpt[: Longest.READ_OF_EXCERPT]
    shown = without_addresses(read)
    if len(read) < len(unparsed.excerpt):
        shown = shown[:-64]  # the first part of an address that was cut before its @; RFC 5321: at most 64 characters
    values = {
        "message_id": clip(unparsed.message_id, Longest.WORD),
        "received_at": instant(unparsed.received_at),
        "reason": clip(without_addresses(unparsed.reason[: Longest.LINE]), Longest.LINE),
        "excerpt": clip(shown, Longest.EXCERPT),
        "expires_at": epoch(now + timedelta(days=UNPARSED_DAYS)),
    }
    return to_item(keys.unparsed(unparsed.received_at, unparsed.message_id), values)


def read_unparsed(item: Mapping[str, Any]) -> Unparsed:
    """Read what is kept of a message that could not be read."""
    fields = Fields.of(item)
    return Unparsed(
        message_id=fields.need("message_id", items.text),
        received_at=fields.need("received_at", items.time),
        reason=fields.need("reason", items.text),
        excerpt=fields.need("excerpt", items.text),
    )


def _bounded(texts: Mapping[str, str]) -> dict[str, str]:
    pairs = ((clip(name, Longest.WORD), clip(text, Longest.LINE)) for name, text in list(texts.items())[:20])
    return {name: text for name, text in pairs if name}


def _texts(value: object) -> dict[str, str]:
    return {name: items.text(each) for name, each in items.mapping(value).items()}


def _tags(value: object) -> dict[str, tuple[str, ...]]:
    return {name: items.texts(each) for name, each in items.mapping(value).items()}
