"""What AWS says through EventBridge of an identity, a tenant or the whole of SES, to Notices. Pure.

Virtual Deliverability Manager's recommendations, the sending status of tenants, and AWS Health.
"""

from __future__ import annotations

import json
from datetime import datetime

from ses_monitor.core.traffic import Notice, NoticeKind
from ses_monitor.feedback.arns import arn_of, is_region
from ses_monitor.feedback.parsed import (
    Json,
    Skipped,
    UnreadableEventError,
    Where,
    clean,
    kind_of,
    note,
    note_beyond,
    text_of,
    wrong,
)
from ses_monitor.feedback.times import is_absurd, moment, moment_of_parts, time_of

ADVISOR = "Advisor Recommendation Status "
SENDING = "Sending Status "

_MOST_RESOURCES = 100
_LONGEST_TEXT = 1000
_ADVISOR_HOLDS = {"Open": True, "Resolved": False, "Closed": False}
_SENDING_HOLDS = {"DISABLED": True, "ENABLED": False, "REINSTATED": False}
_HEALTH_HOLDS = {"open": True, "closed": False}
_TOPICS = {
    # In the sentence of a recommendation: its type as `ListRecommendations` names it.
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "spf": "SPF",
    "bimi": "BIMI",
    "mail from": "SPF",
    "complaint": "COMPLAINT",
    "bounce": "BOUNCE",
    "feedback": "FEEDBACK_3P",
    "block list": "IP_LISTING",
    "blocklist": "IP_LISTING",
}

_ENVELOPE_KEYS = frozenset(
    {"account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version"}
)
_DATA_KEYS = frozenset({"data", "metadata", "version"})
_HEALTH_KEYS = frozenset(
    {
        "actionability",
        "affectedAccount",
        "affectedEntities",
        "communicationId",
        "endTime",
        "eventArn",
        "eventDescription",
        "eventMetadata",
        "eventRegion",
        "eventScopeCode",
        "eventTypeCategory",
        "eventTypeCode",
        "lastUpdatedTime",
        "page",
        "personas",
        "service",
        "startTime",
        "statusCode",
        "totalPages",
    }
)


def advisor_notices(envelope: Json, detail: Json, where: Where) -> list[Notice]:
    """Read a recommendation that opened or resolved: one notice for each resource it names.

    Raises:
        UnreadableEventError: nothing says what it is about, or when.
    """
    unknown = _unknown_of(envelope, detail)
    metadata = _object(detail, "metadata", "detail.", unknown)
    note_beyond(unknown, metadata, frozenset({"impact", "type"}), "detail.metadata.")
    data = detail.get("data")
    text = clean(data if isinstance(data, str) else _as_text(data), _LONGEST_TEXT)
    word = _word(envelope, ADVISOR)
    if word not in _ADVISOR_HOLDS:
        note(unknown, "detail-type", envelope.get("detail-type"))
    at = _at(envelope, where)
    topic = text_of(metadata, "type", "detail.metadata.", unknown) or _topic_of(text)
    impact = text_of(metadata, "impact", "detail.metadata.", unknown)
    return [
        Notice(
            name=name,
            kind=NoticeKind.ADVISOR,
            topic=topic,
            holds=_ADVISOR_HOLDS.get(word),
            at=at,
            region=region,
            text=text,
            impact=impact,
            id=text_of(envelope, "id", "", unknown),
            resource=resource,
            unknown=unknown,
        )
        for name, region, resource in _resources(envelope, where)
    ]


def sending_notices(envelope: Json, detail: Json, where: Where) -> list[Notice]:
    """Read that sending was enabled or disabled: one notice for each resource (a tenant, so far) it names.

    Raises:
        UnreadableEventError: nothing says of whom, or when.
    """
    unknown = _unknown_of(envelope, detail)
    data = _maybe_object(detail.get("data"))
    record: Json = {}
    text = origin = ""
    if isinstance(data, dict):
        note_beyond(unknown, data, frozenset({"origin", "record"}), "detail.data.")
        record = _object(data, "record", "detail.data.", unknown)
        note_beyond(unknown, record, frozenset({"cause", "lastUpdatedTimestamp", "status"}), "detail.data.record.")
        text = text_of(record, "cause", "detail.data.record.", unknown, _LONGEST_TEXT)
        origin = text_of(data, "origin", "detail.data.", unknown)
    elif data is not None:
        text = clean(data if isinstance(data, str) else _as_text(data), _LONGEST_TEXT)
    word = _word(envelope, SENDING)
    status = text_of(record, "status", "detail.data.record.", unknown) or word
    holds = _SENDING_HOLDS.get(status.upper())
    if holds is None:
        holds = _SENDING_HOLDS.get(word.upper())
        note(unknown, "detail.data.record.status", status)
    at = _at(envelope, where, record.get("lastUpdatedTimestamp"), "detail.data.record.lastUpdatedTimestamp", unknown)
    return [
        Notice(
            name=name,
            kind=NoticeKind.SENDING_STATUS,
            topic="sending",
            holds=holds,
            at=at,
            region=region,
            text=text or f"Sending status {status}.",
            origin=origin,
            id=text_of(envelope, "id", "", unknown),
            resource=resource,
            unknown=unknown,
        )
        for name, region, resource in _resources(envelope, where)
    ]


def health_notices(envelope: Json, detail: Json, where: Where) -> list[Notice | Skipped]:
    """Read an event of AWS Health; the name and the topic are its code, such as AWS_SES_CMF_PENDING_TO_SUCCESS.

    Raises:
        UnreadableEventError: it has no code, or nothing says when it was.
    """
    service = detail.get("service")
    if not isinstance(service, str):
        raise wrong("detail.service", service)
    if service.upper() != "SES":
        return [Skipped(f"It is about {clean(service, 60)}, not about SES.", "AWS Health Event")]
    code = detail.get("eventTypeCode")
    if not isinstance(code, str) or not clean(code):
        raise wrong("detail.eventTypeCode", code)
    unknown: dict[str, str] = {}
    note_beyond(unknown, envelope, _ENVELOPE_KEYS)
    note_beyond(unknown, detail, _HEALTH_KEYS, "detail.")
    region = detail.get("eventRegion")
    return [
        Notice(
            name=clean(code),
            kind=NoticeKind.HEALTH,
            topic=clean(code),
            holds=_health_holds(detail),
            at=_at(envelope, where, detail.get("lastUpdatedTime"), "detail.lastUpdatedTime", unknown),
            region=str(region) if is_region(region) else _region(envelope, where),
            text=_description(detail, unknown),
            impact=text_of(detail, "eventTypeCategory", "detail.", unknown),
            id=text_of(detail, "communicationId", "detail.", unknown, 512)
            or text_of(detail, "eventArn", "detail.", unknown, 512),
            resource=_affected(detail, unknown),
            unknown=unknown,
        )
    ]


def _health_holds(detail: Json) -> bool | None:
    if detail.get("eventTypeCategory") != "issue":
        return None
    status = detail.get("statusCode")
    if isinstance(status, str) and status.lower() in _HEALTH_HOLDS:
        return _HEALTH_HOLDS[status.lower()]
    return False if detail.get("endTime") else None


def _description(detail: Json, unknown: dict[str, str]) -> str:
    """Return the newest text of the event, in English where there is one."""
    descriptions = detail.get("eventDescription")
    texts: dict[str, str] = {}
    for each in descriptions if isinstance(descriptions, list) else ():
        text = each.get("latestDescription") if isinstance(each, dict) else None
        if isinstance(text, str):
            texts.setdefault(str(each.get("language")).lower()[:2], text)
    if descriptions is not None and not texts:
        note(unknown, "detail.eventDescription", descriptions)
    # Line breaks come as a backslash and an n, also within JSON.
    return clean((texts.get("en") or next(iter(texts.values()), "")).replace("\\n", " "), _LONGEST_TEXT)


def _affected(detail: Json, unknown: dict[str, str]) -> str:
    entities = detail.get("affectedEntities")
    if entities is None:
        return ""
    if not isinstance(entities, list):
        note(unknown, "detail.affectedEntities", entities)
        return ""
    values = [
        each["entityValue"] for each in entities if isinstance(each, dict) and isinstance(each.get("entityValue"), str)
    ]
    return clean(", ".join(values[:10]), 512)


def _unknown_of(envelope: Json, detail: Json) -> dict[str, str]:
    unknown: dict[str, str] = {}
    note_beyond(unknown, envelope, _ENVELOPE_KEYS)
    note_beyond(unknown, detail, _DATA_KEYS, "detail.")
    return unknown


def _word(envelope: Json, before: str) -> str:
    return str(envelope.get("detail-type")).removeprefix(before).strip()


def _object(holder: Json, key: str, place: str, unknown: dict[str, str]) -> Json:
    value = holder.get(key)
    if isinstance(value, dict):
        return value
    if value is not None:
        note(unknown, place + key, value)
    return {}


def _maybe_object(data: object) -> object:
    """Return what is written in a text where that is an object."""
    if isinstance(data, str) and data.startswith("{"):
        try:
            return json.loads(data)
        except ValueError:
            return data
    return data


def _as_text(data: object) -> str:
    return "" if data is None else json.dumps(data, default=str)


def _topic_of(text: str) -> str:
    lower = text.lower()
    found = [(lower.find(word), topic) for word, topic in _TOPICS.items() if word in lower]
    return min(found)[1] if found else "recommendation"


def _region(envelope: Json, where: Where) -> str:
    region = envelope.get("region")
    return str(region) if is_region(region) else where.region


def _at(
    envelope: Json, where: Where, better: object = None, place: str = "", unknown: dict[str, str] | None = None
) -> datetime:
    """Return when it was: as `better` says, if that is a time that can be; else the envelope; else when it came."""
    if better is not None:
        at = moment(better) if isinstance(better, str) else moment_of_parts(better)
        if at is not None and not is_absurd(at, where.received_at):
            return at
        if unknown is not None:
            note(unknown, place, better)
    told = time_of(envelope, "time", "", where.received_at) or where.received_at or where.untold
    if told is None:
        raise UnreadableEventError("time is missing, and nothing else says when it was")
    return told


def _resources(envelope: Json, where: Where) -> list[tuple[str, str, str]]:
    """Return name, region and ARN of each resource; tenants and configuration sets have their type before the name."""
    resources = envelope.get("resources")
    if not isinstance(resources, list):
        raise wrong("resources", resources)
    found = []
    for index, resource in enumerate(resources[:_MOST_RESOURCES]):
        arn = arn_of(resource)
        kind, _, rest = arn.resource.partition("/")
        name = rest if kind == "identity" else f"{kind}/{rest.partition('/')[0]}"
        if not rest or not name:
            what = "no ARN" if isinstance(resource, str) else kind_of(resource)
            raise UnreadableEventError(f"resources[{index}] is {what} of an identity or a tenant")
        found.append((name, arn.region or _region(envelope, where), clean(str(resource), 512)))
    if not found:
        raise UnreadableEventError("resources names nothing")
    return found
