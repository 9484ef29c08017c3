"""What happened to mail for one person: by mail, in the order of time, with what it means and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    Event,
    Kind,
    Recipient,
    Reject,
    Rendering,
    Subscription,
)
from ses_monitor.core.kept import Kept
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.feedback.meaning import Meaning, meaning_of
from ses_monitor.rejections.catalogue import entry
from ses_monitor_cli.prose import print_paragraph, print_step

MOST_MAILS = 20
"""Mails printed, the last first; --json has all that were read."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event for this person, and what it means."""

    kept: Kept
    recipient: Recipient
    meaning: Meaning

    @property
    def event(self) -> Event:
        """What SES told."""
        return self.kept.event


@dataclass(frozen=True, slots=True)
class MailStory:
    """One mail and what became of it, in the order of time."""

    happened: tuple[Happened, ...]

    @property
    def mail(self) -> Event:
        """An event to read the mail's own facts from: of all that tell of it the one that knows the most."""
        events = [each.event for each in self.happened]
        return max(events, key=lambda each: (bool(each.subject), bool(each.configuration_set), bool(each.source)))

    @property
    def decisive(self) -> Happened:
        """What became of it in the end: a delay is nothing once it has bounced."""
        return max(self.happened, key=lambda each: (_WEIGHTS.get(each.event.kind, 0), each.event.occurred_at))


_WEIGHTS = {
    Kind.BOUNCE: 3,
    Kind.COMPLAINT: 3,
    Kind.REJECT: 3,
    Kind.REJECTION: 3,
    Kind.RENDERING_FAILURE: 3,
    Kind.DELIVERY_DELAY: 2,
    Kind.SUBSCRIPTION: 1,
}


def stories(kept: Iterable[Kept], address: str) -> tuple[MailStory, ...]:
    """Group what was kept of a person's mail by mail, the last first. `address` fills in what was not kept plain."""
    mails: dict[str, list[Happened]] = {}
    for each in {each.id: each for each in kept}.values():
        recipient = replace(each.recipient or Recipient(""), address=address)
        happened = Happened(each, recipient, meaning_of(each.event, recipient))
        mails.setdefault(each.event.message_id or each.id, []).append(happened)
    told = [MailStory(tuple(sorted(each, key=lambda one: one.event.occurred_at))) for each in mails.values()]
    return tuple(sorted(told, key=lambda story: story.mail.sent_at, reverse=True))


def answer(told: Sequence[MailStory], now: datetime, kept_for: str) -> str:
    """Say in a sentence what became of the last mail. `kept_for` says how long events are kept ("90 days")."""
    if not told:
        return f"No trouble is recorded for this address in the last {kept_for}."
    story = told[0]
    last = story.decisive
    what = _ended(last, now)
    return f"The last mail that anything is recorded of, sent {moment(story.mail.sent_at)}, {what}"


def _ended(last: Happened, now: datetime) -> str:
    match last.event.detail:
        case Bounce() as bounce:
            return _bounced(bounce, last)
        case Complaint() as complaint:
            return _complained(complaint)
        case Reject(reason):
            return f"was not sent: SES refused it ({line(reason, 60)})."
        case RefusedSend() as refused:
            return f"was not sent: SES refused it. {entry(refused.tag, refused.code).title}."
        case Rendering(template):
            return f"was not sent: SES could not fill in the template {line(template, 100)}."
        case Delay(_, expires_at) if expires_at is not None and expires_at > now:
            return f"is late: SES tries until {moment(expires_at)}."
        case Subscription(unsubscribed_from_all=True):
            return "arrived, and the person unsubscribed from everything."
        case _:
            return _PLAIN.get(last.event.kind) or f"met something this version does not know: {_word(last.event)}."


_PLAIN = {
    Kind.BOUNCE: "did not arrive.",
    Kind.COMPLAINT: "arrived, and was called spam.",
    Kind.REJECT: "was not sent: SES refused it.",
    Kind.REJECTION: "was not sent: SES refused it.",
    Kind.RENDERING_FAILURE: "was not sent: SES could not fill in its template.",
    Kind.DELIVERY_DELAY: "was late. No bounce is recorded.",
    Kind.SUBSCRIPTION: "arrived, and the person changed what they are subscribed to.",
}


def _bounced(bounce: Bounce, last: Happened) -> str:
    did = "was not sent" if bounce.subtype in _NEVER_LEFT else "did not arrive"
    status = _status_of(last.recipient)
    general = bounce.subtype in {"General", "NoEmail", "Undetermined"}
    why = _WHY_BY_CODE.get(status[2:], "") if general and bounce.type == "Permanent" else ""
    why = why or _WHY.get((bounce.type, bounce.subtype), "").replace("{region}", line(last.event.region, 40))
    if not why:
        why = f"SES calls it {line(bounce.type, 60)}, {line(bounce.subtype, 60)}"
    said = f" ({status})" if status and bounce.subtype not in _NEVER_LEFT else ""
    return f"{did}: {why}{said}."


_NEVER_LEFT = {
    "Suppressed",
    "OnAccountSuppressionList",
    "OnTenantSuppressionList",
    "EmailValidationSuppressed",
    "UnsubscribedRecipient",
}
_WHY = {
    ("Permanent", "General"): "the receiving server refused it for good",
    ("Permanent", "NoEmail"): "the receiving server refused it for good",
    ("Permanent", "Suppressed"): "the address is on SES's global suppression list",
    ("Permanent", "OnAccountSuppressionList"): "the address is on the account's suppression list in {region}",
    ("Permanent", "OnTenantSuppressionList"): "the address is on the tenant's suppression list in {region}",
    ("Permanent", "EmailValidationSuppressed"): "SES's address validation held it back",
    ("Permanent", "UnsubscribedRecipient"): "the person had unsubscribed",
    ("Transient", "General"): "the receiving server did not take it while SES tried, or answered by itself",
    ("Transient", "MailboxFull"): "the mailbox is full",
    ("Transient", "MessageTooLarge"): "the mail is too large for the receiving server",
    ("Transient", "ContentRejected"): "the receiving server refused what is in it",
    ("Transient", "AttachmentRejected"): "the receiving server refused its attachment",
    ("Transient", "CustomTimeoutExceeded"): "it took longer than its configuration set allows",
    ("Undetermined", "Undetermined"): "SES could not make out why",
}
_WHY_BY_CODE = {
    "1.1": "the mailbox does not exist",
    "1.2": "the domain does not exist, or takes no mail",
    "2.1": "the mailbox is switched off",
    "7.1": "the receiving server does not allow it",
}
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def _status_of(recipient: Recipient) -> str:
    return recipient.status if _STATUS.fullmatch(recipient.status) else ""


def _complained(complaint: Complaint) -> str:
    if complaint.subtype.endswith("SuppressionList"):
        return "was not sent: an earlier complaint put the address on a suppression list."
    if complaint.type == "not-spam":
        return "arrived; the person took it out of the spam folder."
    if complaint.type == "auth-failure":
        return "arrived; the provider reports that it failed authentication."
    called = {"fraud": "fraud", "virus": "a virus"}.get(complaint.type, "spam")
    return f"arrived, and the person or their provider called it {called}."


def print_stories(console: Console, told: Sequence[MailStory]) -> None:
    """Print the mails, the last first. What to do is said once where several ended alike."""
    said: set[Meaning] = set()
    for story in told[:MOST_MAILS]:
        console.print()
        _print_mail(console, story.mail)
        for each in story.happened:
            _print_event(console, each, story.mail.sent_at, again=each.meaning in said)
            said.add(each.meaning)
    if len(told) > MOST_MAILS:
        console.print()
        console.print(Text(f"and {counted(len(told) - MOST_MAILS, 'earlier mail')} (--json has them)", "dim"))


def _print_mail(console: Console, mail: Event) -> None:
    subject = f'  "{line(mail.subject, 200)}"' if mail.subject else ""
    print_paragraph(console, Text.assemble((moment(mail.sent_at), "bold"), subject), 0, hanging=2)
    sender = line(mail.source or mail.identity, 200)
    via = f", configuration set {line(mail.configuration_set, 100)}" if mail.configuration_set else ""
    print_paragraph(console, Text(f"from {sender} in {line(mail.region, 40)}{via}", "dim"), 2)
    if mail.message_id:
        console.print(Text(f"  message {line(mail.message_id, 100)}", "dim"), soft_wrap=True)


def _print_event(console: Console, happened: Happened, sent_at: datetime, *, again: bool) -> None:
    event = happened.event
    day = "" if event.occurred_at.date() == sent_at.date() else f"{event.occurred_at:%d %b} "
    status = _status_of(happened.recipient)
    words = " ".join(filter(None, (_word(event), *_specifics(event.detail), status)))
    console.print()
    head = Text.assemble(
        f"{day}{event.occurred_at.astimezone(UTC):%H:%M:%S}  ", (words, _STYLES.get(event.kind, "bold"))
    )
    print_paragraph(console, head, 2, hanging=2)
    print_paragraph(console, Text(line(happened.meaning.text)), 4)
    quoted = _quoted_answer(happened)
    if quoted:
        detail = event.detail
        by_ses = isinstance(detail, Rendering | RefusedSend) or getattr(detail, "subtype", "") in _NEVER_LEFT
        print_paragraph(console, Text.assemble(("SES says: " if by_ses else "Their server says: ", "dim"), quoted), 4)
    if again and happened.meaning.steps:
        print_paragraph(console, Text("What to do: as above.", "dim"), 4)
        return
    for number, step in enumerate(happened.meaning.steps, 1):
        print_step(console, number, step, 4)


_STYLES: Mapping[Kind, str] = {
    Kind.BOUNCE: "bold red",
    Kind.REJECT: "bold red",
    Kind.REJECTION: "bold red",
    Kind.RENDERING_FAILURE: "bold red",
    Kind.COMPLAINT: "bold yellow",
    Kind.DELIVERY_DELAY: "bold cyan",
}


def _quoted_answer(happened: Happened) -> str:
    detail = happened.event.detail
    said = happened.recipient.diagnostic
    if not said and isinstance(detail, Rendering):
        said = detail.error
    if not said and isinstance(detail, RefusedSend):
        said = detail.text
    return line(said, 300)


def _word(event: Event) -> str:
    return line(event.type or event.kind.value, 60)


def _specifics(detail: Detail | None) -> tuple[str, ...]:
    match detail:
        case Bounce(type_, subtype):
            return (line(type_, 60), line(subtype, 60))
        case Complaint(type_, subtype):
            return (line(type_, 60), line(subtype, 60))
        case Delay(type_):
            return (line(type_, 60),)
        case Reject(reason):
            return (line(reason, 60),)
        case RefusedSend(tag):
            return (line(tag, 60),)
        case _:
            return ()


def to_document(story: MailStory, instant: Callable[[datetime | None], str | None]) -> dict[str, Any]:
    """Return one mail for `--json`; `instant` writes a time."""
    mail = story.mail
    return {
        "message_id": mail.message_id,
        "sent_at": instant(mail.sent_at),
        "region": mail.region,
        "identity": mail.identity,
        "configuration_set": mail.configuration_set or None,
        "source": mail.source or None,
        "subject": mail.subject or None,
        "events": [_event(each, instant) for each in story.happened],
    }


def _event(happened: Happened, instant: Callable[[datetime | None], str | None]) -> dict[str, Any]:
    event, recipient = happened.event, happened.recipient
    return {
        "kind": event.kind.value,
        "type": event.type,
        "format": event.format.value,
        "occurred_at": instant(event.occurred_at),
        "feedback_id": event.feedback_id or None,
        **dict.fromkeys(_DETAIL_FIELDS),
        **_detail(event.detail, instant),
        "status": recipient.status or None,
        "action": recipient.action or None,
        "diagnostic": recipient.diagnostic or None,
        "counted": happened.kept.counted,
        "unknown": dict(event.unknown),
        "meaning": happened.meaning.text,
        "steps": list(happened.meaning.steps),
    }


_DETAIL_FIELDS = (
    "bounce_type",
    "bounce_subtype",
    "complaint_type",
    "complaint_subtype",
    "delay_type",
    "tried_until",
    "reject_reason",
    "template",
    "attribute",
    "error",
    "contact_list",
    "unsubscribed_from_all",
)


def _detail(detail: Detail | None, instant: Callable[[datetime | None], str | None]) -> dict[str, Any]:
    match detail:
        case Bounce():
            return {"bounce_type": detail.type, "bounce_subtype": detail.subtype}
        case Complaint():
            return {"complaint_type": detail.type or None, "complaint_subtype": detail.subtype or None}
        case Delay():
            return {"delay_type": detail.type, "tried_until": instant(detail.expires_at)}
        case Reject():
            return {"reject_reason": detail.reason}
        case RefusedSend():
            return {
                "rejection_tag": detail.tag,
                "rejected_identity": detail.identity or None,
                "error": detail.text or None,
            }
        case Rendering():
            return {"template": detail.template, "attribute": detail.attribute or None, "error": detail.error}
        case Subscription():
            return {
                "contact_list": detail.contact_list or None,
                "unsubscribed_from_all": detail.unsubscribed_from_all,
            }
        case Delivery() | _:
            return {}
