"""What a message of SES says, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, line, moment
from ses_monitor.core.event import (
    Bounce,
    Complaint,
    Delay,
    Delivery,
    Detail,
    Engagement,
    Event,
    Kind,
    Recipient,
    Reject,
    Rendering,
    Subscription,
)
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.rejection import Facts, Report
from ses_monitor.core.traffic import Notice, NoticeKind
from ses_monitor.feedback.classify import counts_toward_bounce_rate
from ses_monitor.feedback.meaning import Meaning, meaning_of
from ses_monitor.feedback.parse import Parsed, Skipped
from ses_monitor.feedback.refusing import Senders, event_of
from ses_monitor_cli.document import SCHEMA, Document
from ses_monitor_cli.prose import print_paragraph, print_step

UNTOLD = datetime(9000, 1, 1, tzinfo=UTC)
"""Stands for a time that a message does not tell; shown as none."""
MOST_SHOWN = 50
MOST_RECIPIENTS = 10
"""Events, and recipients of one, printed; --json has all."""


def document_of(found: Sequence[Parsed], unreadable: Sequence[str] = ()) -> Document:
    """Return the document of `event`."""
    found = _told(found)
    return {
        "schema": SCHEMA,
        "events": [
            _event(each) if isinstance(each, Event) else _notice(each)
            for each in found
            if isinstance(each, (Event, Notice))
        ],
        "skipped": [{"reason": each.reason, "type": each.type or None} for each in found if isinstance(each, Skipped)],
        "unreadable": [{"reason": reason} for reason in unreadable],
    }


def _told(found: Sequence[Parsed]) -> list[Event | Notice | Skipped]:
    """Return what was found, reports of refused sends as the events they tell of; of the account nothing is known."""
    senders = Senders(len(found))
    return [
        event_of(each, lambda _region, _names: Facts(), senders, UNTOLD) if isinstance(each, Report) else each
        for each in found
    ]


def _event(event: Event) -> Document:
    return {
        "kind": event.kind.value,
        "type": event.type,
        "format": event.format.value,
        "message_id": event.message_id,
        "feedback_id": event.feedback_id or None,
        "region": event.region or None,
        "account_id": event.account_id or None,
        "identity": event.identity or None,
        "configuration_set": event.configuration_set or None,
        "source": event.source or None,
        "subject": event.subject or None,
        "recipients": [each.address for each in event.recipients],
        "bounce_type": None,
        "bounce_subtype": None,
        "counts_toward_bounce_rate": counts_toward_bounce_rate(event),
        "occurred_at": _instant(event.occurred_at),
        "sent_at": _instant(event.sent_at),
        **(_refused(event.detail) if isinstance(event.detail, RefusedSend) else _detail(event.detail)),
        "outcomes": [_outcome(each) for each in event.recipients],
        "tags": {name: list(values) for name, values in event.tags.items()},
        "unknown": dict(event.unknown),
    }


def _outcome(recipient: Recipient) -> Document:
    return {
        "recipient": recipient.address,
        "status": recipient.status or None,
        "action": recipient.action or None,
        "diagnostic": recipient.diagnostic or None,
    }


def _detail(detail: Detail | None) -> dict[str, Any]:
    fields: dict[str, Any]
    match detail:
        case Bounce(type_, subtype, reporting_mta, remote_mta_ip):
            fields = {"bounce_type": type_, "bounce_subtype": subtype}
            fields |= {"reporting_mta": reporting_mta, "remote_mta_ip": remote_mta_ip}
        case Complaint(type_, subtype, user_agent, arrived_at):
            fields = {"complaint_type": type_, "complaint_subtype": subtype, "user_agent": user_agent}
            fields |= {"arrived_at": _instant(arrived_at)}
        case Delivery(response, seconds, reporting_mta, remote_mta_ip):
            fields = {"smtp_response": response, "seconds": seconds}
            fields |= {"reporting_mta": reporting_mta, "remote_mta_ip": remote_mta_ip}
        case Reject(reason):
            fields = {"reject_reason": reason}
        case Rendering(template, error, attribute):
            fields = {"template": template, "error": error, "attribute": attribute}
        case Delay(type_, expires_at, reporting_mta):
            fields = {"delay_type": type_, "tried_until": _instant(expires_at), "reporting_mta": reporting_mta}
        case Engagement(ip_address, user_agent, link, bot):
            fields = {"ip_address": ip_address, "user_agent": user_agent, "link": link, "bot": bot}
        case Subscription(contact_list, source, from_all):
            fields = {"contact_list": contact_list, "preference_source": source, "unsubscribed_from_all": from_all}
        case _:
            fields = {}
    return _without_empty(fields)


def _refused(detail: RefusedSend) -> dict[str, Any]:
    return _without_empty(
        {
            "rejection_tag": detail.tag,
            "error": detail.text,
            "error_code": detail.code,
            "rejected_identity": detail.identity,
            "resource": detail.resource,
            "user": detail.user,
            "action": detail.action,
            "told_by": detail.told_by,
            "origin": detail.origin,
            "confidence": detail.confidence,
        }
    )


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, str) and not value else value for name, value in fields.items()}


_NOTICED = {
    NoticeKind.ADVISOR: "Advisor Recommendation",
    NoticeKind.SENDING_STATUS: "Sending Status",
    NoticeKind.HEALTH: "AWS Health",
}


def _notice(notice: Notice) -> Document:
    return {
        "kind": _NOTICED[notice.kind],
        "type": notice.topic,
        "format": "eventbridge",
        "message_id": None,
        "feedback_id": None,
        "region": notice.region or None,
        "identity": notice.name if ":identity/" in notice.resource else None,
        "configuration_set": notice.name if ":configuration-set/" in notice.resource else None,
        "recipients": [],
        "bounce_type": None,
        "bounce_subtype": None,
        "counts_toward_bounce_rate": False,
        "occurred_at": _instant(notice.at),
        "name": notice.name,
        "holds": notice.holds,
        "text": notice.text or None,
        "impact": notice.impact or None,
        "origin": notice.origin or None,
        "id": notice.id or None,
        "resource": notice.resource or None,
        "unknown": dict(notice.unknown),
    }


def _instant(at: datetime | None) -> str | None:
    """Write a time as SES does, to the millisecond."""
    if at is None or at == UNTOLD:
        return None
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def print_found(console: Console, found: Sequence[Parsed]) -> None:
    """Print what each message says and what it means; what to do is said once where several mean the same."""
    said: set[Meaning] = set()
    for number, each in enumerate(_told(found[:MOST_SHOWN])):
        if number:
            console.print()
        match each:
            case Event():
                meaning = meaning_of(each)
                _print_event(console, each, meaning, again=meaning in said)
                said.add(meaning)
            case Notice():
                _print_notice(console, each)
            case Skipped():
                print_paragraph(console, Text(f"Skipped: {line(each.type, 60)}", "bold"), 0)
                print_paragraph(console, Text(line(each.reason)), 2)
    if len(found) > MOST_SHOWN:
        console.print()
        console.print(Text(f"and {counted(len(found) - MOST_SHOWN, 'more', 'more')} (--json has them)", "dim"))


_STYLES = {
    Kind.BOUNCE: "bold red",
    Kind.REJECT: "bold red",
    Kind.REJECTION: "bold red",
    Kind.RENDERING_FAILURE: "bold red",
    Kind.COMPLAINT: "bold yellow",
    Kind.DELIVERY_DELAY: "bold cyan",
}


def _print_event(console: Console, event: Event, meaning: Meaning, *, again: bool) -> None:
    words = " ".join(line(each, 60) for each in (event.type, *_specifics(event.detail)) if each)
    when = "" if event.occurred_at == UNTOLD else f"  {moment(event.occurred_at)}"
    print_paragraph(console, Text.assemble((words, _STYLES.get(event.kind, "bold")), when), 0, hanging=2)
    for recipient in event.recipients[:MOST_RECIPIENTS]:
        status = f" ({line(recipient.status, 60)})" if recipient.status else ""
        print_paragraph(console, Text(f"to {line(recipient.address, 320)}{status}"), 2, hanging=2)
        if recipient.diagnostic:
            print_paragraph(console, Text.assemble(("They answered: ", "dim"), line(recipient.diagnostic, 300)), 4)
    if len(event.recipients) > MOST_RECIPIENTS:
        more = counted(len(event.recipients) - MOST_RECIPIENTS, "more", "more")
        print_paragraph(console, Text(f"and {more} (--json has them)", "dim"), 2)
    print_paragraph(console, Text(_mail_of(event), "dim"), 2)
    console.print(Text(f"  message {line(event.message_id, 300)}", "dim"), soft_wrap=True)
    if event.kind is Kind.BOUNCE:
        print_paragraph(console, Text(_whether_counted(event)), 2)
    if isinstance(event.detail, RefusedSend) and event.detail.text:
        print_paragraph(console, Text.assemble(("SES says: ", "dim"), line(event.detail.text, 300)), 2)
    print_paragraph(console, Text(line(meaning.text)), 2)
    if again and meaning.steps:
        print_paragraph(console, Text("What to do: as above.", "dim"), 2)
    else:
        for number, step in enumerate(meaning.steps, 1):
            print_step(console, number, step, 2)
    _print_unknown(console, event.unknown)


def _specifics(detail: Detail | None) -> tuple[str, ...]:
    match detail:
        case Bounce(type_, subtype) | Complaint(type_, subtype):
            return type_, subtype
        case Delay(type_):
            return (type_,)
        case Reject(reason):
            return (reason,)
        case RefusedSend(tag):
            return (tag,)
        case Rendering(template):
            return (template,)
        case Engagement(link=link):
            return (link,)
        case _:
            return ()


def _mail_of(event: Event) -> str:
    sender = line(event.source or event.identity, 200) or "an unnamed sender"
    where = f" in {line(event.region, 40)}" if event.region else ""
    through = f", configuration set {line(event.configuration_set, 100)}" if event.configuration_set else ""
    subject = f': "{line(event.subject, 200)}"' if event.subject else ""
    sent = f", sent {moment(event.sent_at)}" if event.sent_at != UNTOLD else ""
    return f"from {sender}{where}{through}{sent}{subject}"


def _whether_counted(event: Event) -> str:
    if counts_toward_bounce_rate(event):
        return "It counts in the bounce rate, unless the recipient's domain is verified in the account."
    return "It does not count in the bounce rate."


_KINDS = {
    NoticeKind.ADVISOR: "Recommendation",
    NoticeKind.SENDING_STATUS: "Sending status",
    NoticeKind.HEALTH: "AWS Health",
}
_HOLDS = {
    NoticeKind.ADVISOR: {True: "open", False: "resolved", None: "changed"},
    NoticeKind.SENDING_STATUS: {True: "disabled", False: "enabled", None: "changed"},
    NoticeKind.HEALTH: {True: "open", False: "closed", None: "for information"},
}


def _print_notice(console: Console, notice: Notice) -> None:
    when = "" if notice.at == UNTOLD else f"  {moment(notice.at)}"
    topic = f" {line(notice.topic, 60)}" if notice.kind is NoticeKind.ADVISOR else ""
    head = f"{_KINDS[notice.kind]}{topic}: {_HOLDS[notice.kind][notice.holds]}"
    print_paragraph(console, Text.assemble((head, "bold red" if notice.holds else "bold"), when), 0, hanging=2)
    where = f" in {line(notice.region, 40)}" if notice.region else ""
    more = "".join(f", {line(each, 60)}" for each in (notice.impact, notice.origin) if each)
    print_paragraph(console, Text(f"on {line(notice.name, 200)}{where}{more}", "dim"), 2)
    if notice.text:
        print_paragraph(console, Text(line(notice.text)), 2)
    _print_unknown(console, notice.unknown)


def _print_unknown(console: Console, unknown: Mapping[str, str]) -> None:
    for path, value in unknown.items():
        text = Text.assemble(("New to this version: ", "dim"), f"{line(path, 200)} = {line(value, 200)}")
        print_paragraph(console, text, 2, hanging=2)
