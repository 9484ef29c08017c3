"""What a dead letter is, why it is one, and whether moving it back makes sense: told from the message alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ses_monitor.alerts import digest_document, document, foreign, words
from ses_monitor.alerts.words import counted, line
from ses_monitor.audit.identities.task import UnreadableTaskError, read_task
from ses_monitor.core.check import bounded
from ses_monitor.core.event import Event
from ses_monitor.core.mailbox import masked, without_addresses
from ses_monitor.core.rejection import Report, Source
from ses_monitor.core.traffic import Notice
from ses_monitor.feedback.arns import is_region
from ses_monitor.feedback.parse import Parsed, Skipped, UnreadableEventError, Where, parse

LONGEST = 300
"""Characters told of one dead letter."""
_LOOKED_AT = 20_000
MOST_PARTS = 3
"""Kinds of event named of one message; more are counted."""


class Queue(StrEnum):
    """A dead-letter queue of the stack, as `--queue` names it."""

    FEEDBACK = "feedback"
    IDENTITIES = "identities"
    SLACK = "slack"
    UNPUBLISHED = "unpublished"


class Kind(StrEnum):
    """What a dead letter is."""

    EVENT = "event"
    REFUSED_SEND = "refused_send"
    """Reports of refused sends, of an application, of CloudTrail or of our reader of logs."""
    LOG_LINES = "log_lines"
    """A delivery of CloudWatch Logs that the function ingest-logs failed on."""
    NOTICE = "notice"
    NOTHING = "nothing"
    """It belongs here and tells of no mail: nothing is counted of it."""
    TASK = "identity_task"
    ALERT = "alert"
    DIGEST = "digest"
    ALARM = "alarm"
    POSITION = "stream_position"
    """Where in the table's stream there were changes that could not be published."""
    RUN = "digest_run"
    """A run of the function digest, which reminds and sends the daily digest."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `what` and `why` are single lines, bounded, addresses masked.

    `comes_back`: moved, it would fail in the same way at once. `first` and `last` are when the changes of a stream
    position were written.
    """

    message_id: str
    sent_at: datetime | None
    kind: Kind
    what: str
    why: str
    regions: tuple[str, ...] = ()
    comes_back: bool = False
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Message:
    """One message as SQS gives it; everything in it is somebody else's."""

    id: str
    body: str
    sent_at: datetime | None
    through_queue: bool
    """SQS itself put it aside, after the queue had shown it as often as it may."""
    error: str
    """Why EventBridge says that it could not deliver it."""


def read_letter(queue: Queue, message: Mapping[str, Any], home: str) -> Letter:
    """Read a message of SQS (`ReceiveMessage`, with all attributes); `home` is the stack's region."""
    attributes = message.get("Attributes") or {}
    sent_at = _milliseconds(attributes.get("SentTimestamp"))
    told = _Message(
        id=line(str(message.get("MessageId", "")), 100),
        body=str(message.get("Body") or ""),
        sent_at=sent_at,
        through_queue="DeadLetterQueueSourceArn" in attributes,
        error=_error_of_event_bridge(message.get("MessageAttributes") or {}),
    )
    found = _READERS[queue](told, home)
    return Letter(
        message_id=told.id,
        sent_at=sent_at,
        kind=found.kind,
        what=_line(found.what),
        why=_line(found.why),
        regions=tuple(region for region in found.regions if is_region(region)),
        comes_back=found.comes_back,
        first=found.first,
        last=found.last,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    kind: Kind
    what: str
    why: str
    regions: Sequence[str] = ()
    comes_back: bool = False
    first: datetime | None = None
    last: datetime | None = None


def _feedback(message: _Message, home: str) -> _Found:
    try:
        # As the function ingest-feedback reads it: what is readable here is readable there.
        parts = parse(message.body, Where(home, "", message.sent_at, brief=True, message_id=message.id))
    except UnreadableEventError as error:
        return _Found(Kind.UNREADABLE, _beginning(message.body), f"it cannot be read: {error.reason}", comes_back=True)
    failed = _failed_log_lines(message.body)
    regions = sorted({region for part in parts if (region := _region(part))})
    if failed is not None:
        return _Found(Kind.LOG_LINES, f"log lines: {_told_of(parts)}", failed, regions)
    return _Found(_kind(parts), _told_of(parts), _why_not_ingested(message), regions)


def _why_not_ingested(message: _Message) -> str:
    if message.through_queue:
        return "it can be read: the table did not take it, or the function ingest-feedback failed on it"
    if message.error:
        return f"EventBridge could not put it on the queue ({message.error})"
    it = foreign.parse_json(message.body)
    if isinstance(it, dict) and "TopicArn" in it:
        return "it can be read: SNS could not put it on the queue"
    return "it can be read, and was put here past the queue"


def _kind(parts: Sequence[Parsed]) -> Kind:
    for type_, kind in ((Event, Kind.EVENT), (Report, Kind.REFUSED_SEND), (Notice, Kind.NOTICE)):
        if any(isinstance(part, type_) for part in parts):
            return kind
    return Kind.NOTHING


def _region(part: Parsed) -> str:
    match part:
        case Event() | Notice():
            return part.region
        case Report():
            return part.told.region or part.told.nearby
    return ""


def _told_of(parts: Sequence[Parsed]) -> str:
    if len(parts) == 1:
        return _part(parts[0])
    kinds = Counter(_name(part) for part in parts).most_common()
    named = [f"{name} ({number})" for name, number in kinds[:MOST_PARTS]]
    more = sum(number for _, number in kinds[MOST_PARTS:])
    return ", ".join([*named, *([f"{more} more"] if more else [])])


def _name(part: Parsed) -> str:
    match part:
        case Event():
            return part.type or part.kind.value
        case Notice():
            return f"notice of {part.kind.value}"
        case Report():
            return f"refused send told by {_SOURCES[part.source]}"
    return "nothing to count"


def _part(part: Parsed) -> str:
    where = f" in {region}" if (region := _region(part)) else ""
    match part:
        case Event():
            recipients = [masked(each.address) for each in part.recipients]
            more = f" and {len(recipients) - 1} more" if len(recipients) > 1 else ""
            whom = f", for {recipients[0]}{more}" if recipients else ""
            return f"{_name(part)} of {part.identity or 'an unnamed sender'}{where}{whom}"
        case Notice():
            return f"{_name(part)} on {part.name}{where}: {part.text}"
        case Report():
            return f"{_name(part)}{where}: {part.text}"
        case Skipped():
            return part.reason


_SOURCES = {Source.LOG: "a log", Source.CLOUDTRAIL: "CloudTrail", Source.REPORT: "an application"}


def _failed_log_lines(body: str) -> str | None:
    """Say why the function ingest-logs failed on log lines; None where it is nothing that Lambda put aside.

    The record of a failed asynchronous invocation:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    it = foreign.parse_json(body)
    if not isinstance(it, dict) or "requestPayload" not in it:
        return None
    return f"the function ingest-logs failed on them: {_error_of_lambda(it)}"


def _error_of_lambda(it: Mapping[str, Any]) -> str:
    said = it.get("responsePayload")
    said = said.get("errorMessage") if isinstance(said, dict) else None
    return said if isinstance(said, str) and said else "its log group says why"


def _identities(message: _Message, home: str) -> _Found:
    del home
    try:
        task = read_task(message.body)
    except UnreadableTaskError as error:
        why = f"it is no task of the identity audit: {error}"
        return _Found(Kind.UNREADABLE, _beginning(message.body), why, comes_back=True)
    what = f"close what is open on identities in {task.region}" if task.leave else f"audit identities in {task.region}"
    after = f", from the one after {masked(task.after) if '@' in task.after else task.after} on" if task.after else ""
    why = "its audit failed several times; the next hour tries the region anew by itself"
    return _Found(Kind.TASK, f"{what}{after}", why, (task.region,))


def _slack(message: _Message, home: str) -> _Found:
    del home
    # As `alerts.deliver.understand` reads it, which makes something to post of everything.
    it = foreign.parse_json(message.body)
    text = message.body
    if isinstance(it, dict) and it.get("Type") == "Notification" and isinstance(it.get("Message"), str):
        text = it["Message"]
        it = foreign.parse_json(text)
    why = (
        "Slack did not take it: the log group of the function deliver-slack says what it answered"
        if message.through_queue
        else "SNS could not put it on the queue before Slack"
    )
    if digest_document.is_digest(it):
        try:
            _, day = digest_document.read(it)
        except document.DocumentError:
            return _Found(Kind.DIGEST, "daily digest of another version", why)
        return _Found(Kind.DIGEST, f"daily digest of {words.moment(day.at)}", why)
    if isinstance(it, dict) and "schema" in it and "alert_id" in it:
        try:
            alert = document.read(it)
        except document.DocumentError:
            return _Found(Kind.ALERT, f"alert of another version: {it.get('title', '')}", why)
        return _Found(Kind.ALERT, f"{words.headline(alert)} ({alert.tag})", why, alert.regions)
    if (alarm := foreign.read_alarm(it)) is not None:
        return _Found(Kind.ALARM, f"CloudWatch alarm {alarm.name}: {alarm.state}", why)
    return _Found(Kind.UNREADABLE, _beginning(text), f"{why}. It is posted as it came")


def _unpublished(message: _Message, home: str) -> _Found:
    """Read what Lambda keeps of a batch of the table's stream: where it was, not what was in it; or of a failed run.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html (Discarded records)
    """
    del home
    it = foreign.parse_json(message.body)
    batch = it.get("DDBStreamBatchInfo") if isinstance(it, dict) else None
    if isinstance(it, dict) and isinstance(asked := it.get("requestPayload"), dict):
        what = _DOING.get(str(asked.get("do")), "a run")
        why = f"the function digest failed on it three times: {_error_of_lambda(it)}. The next run tells what is due"
        return _Found(Kind.RUN, what, why, comes_back=True)
    if not isinstance(it, dict) or not isinstance(batch, dict):
        why = "it is neither a place in the table's stream nor a run of the function digest"
        return _Found(Kind.UNREADABLE, _beginning(message.body), why, comes_back=True)
    first, last = (
        _moment(batch.get("approximateArrivalOfFirstRecord")),
        _moment(batch.get("approximateArrivalOfLastRecord")),
    )
    size = batch.get("batchSize")
    number = size if isinstance(size, int) and not isinstance(size, bool) and 0 < size <= 10_000 else 0
    what = f"{counted(number, 'record')} of the table's stream" if number else "a part of the table's stream"
    if first is not None:
        until = f" to {words.moment(last)}" if last is not None and words.moment(last) != words.moment(first) else ""
        what += f", written {words.moment(first)}{until}"
    context = it.get("requestContext")
    condition = context.get("condition") if isinstance(context, dict) else None
    said = f" ({condition})" if isinstance(condition, str) else ""
    why = f"the function publish-alerts failed on them for as long as the stream keeps them{said}"
    return _Found(Kind.POSITION, what, why, comes_back=True, first=first, last=last)


_DOING = {"digest": "the daily digest", "remind": "reminders of what is still open"}

_READERS: Mapping[Queue, Callable[[_Message, str], _Found]] = {
    Queue.FEEDBACK: _feedback,
    Queue.IDENTITIES: _identities,
    Queue.SLACK: _slack,
    Queue.UNPUBLISHED: _unpublished,
}


def _error_of_event_bridge(attributes: Mapping[str, Any]) -> str:
    """Return why EventBridge put a message aside.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    said = (attributes.get(name) or {} for name in ("ERROR_CODE", "ERROR_MESSAGE"))
    return ": ".join(value for each in said if isinstance(value := each.get("StringValue"), str) and value)


def _beginning(body: str) -> str:
    it = foreign.parse_json(body)
    if isinstance(it, dict) and it.get("Type") == "Notification" and isinstance(it.get("Message"), str):
        body = it["Message"]
    # Masked before it is cut: half an address is one that nothing masks any more.
    return f"begins with {without_addresses(body[:_LOOKED_AT])[:80]!r}" if body else "empty"


def _line(text: str) -> str:
    return bounded(without_addresses(text[:_LOOKED_AT]), LONGEST)


def _milliseconds(value: object) -> datetime | None:
    text = str(value)
    # 15 digits reach beyond the year 9999, which no datetime does.
    return datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() and len(text) < 15 else None


def _moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at is not None and at.tzinfo is not None and 1971 < at.year < 9000 else None
