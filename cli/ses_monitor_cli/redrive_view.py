"""Show dead letters, or what became of them: queue by queue with what to do next, or as one JSON document."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line, moment
from ses_monitor.core.stored import Change
from ses_monitor_cli.dead_letter_queues import Seen
from ses_monitor_cli.dead_letters import Letter, Queue
from ses_monitor_cli.document import SCHEMA, Document
from ses_monitor_cli.prose import print_paragraph, print_step

MOST_GROUPS = 6
MOST_ROWS = 5
"""Reasons shown of a queue, and letters of one reason; more are counted."""
MOST_UNTOLD = 20


@dataclass(frozen=True, slots=True)
class Told:
    """All that was learned. `untold` are changes that nobody was told of; None where nobody looked.

    `stack` has the options that name the stack, ready to paste; `unasked` why the table could not be asked.
    """

    seen: Sequence[Seen]
    untold: Sequence[Change] | None
    outputs: Mapping[str, str]
    region: str
    stack: Sequence[str]
    now: datetime
    applied: bool
    unasked: str = ""


def document_of(told: Told) -> Document:
    """Return the document of `redrive`."""
    return {
        "schema": SCHEMA,
        "queues": [_queue(each) for each in told.seen],
        "untold": None if told.untold is None else [_change(each) for each in told.untold],
        "unknown": [
            *({"queue": each.place.queue.value, "reason": each.reason} for each in told.seen if each.reason),
            *([{"queue": Queue.UNPUBLISHED.value, "reason": told.unasked}] if told.unasked else []),
        ],
    }


def _queue(seen: Seen) -> Document:
    return {
        "queue": seen.place.queue.value,
        "url": seen.place.url,
        "source": seen.place.source or None,
        "messages": seen.messages,
        "in_flight": seen.in_flight,
        "oldest_sent_at": _instant(seen.oldest),
        "moved": seen.moved,
        "left": seen.left,
        "letters": [
            {
                "message_id": each.message_id,
                "sent_at": _instant(each.sent_at),
                "kind": each.kind.value,
                "regions": list(each.regions),
                "what": each.what,
                "why": each.why,
                "comes_back": each.comes_back,
            }
            for each in seen.letters
        ],
    }


def _change(change: Change) -> Document:
    return {
        "at": _instant(change.at),
        "transition": change.transition.value,
        "tag": change.tag,
        "severity": change.severity.name,
        "region": change.region,
        "subject": change.subject,
        "finding_id": change.finding_id,
    }


def print_told(console: Console, told: Told) -> None:
    """Print each queue that has something to tell."""
    for seen in told.seen:
        if seen.messages or seen.in_flight or seen.reason:
            console.print()
            _print_queue(console, seen, told)


def answer_of(told: Told) -> str:
    """Say in a sentence or two how it stands."""
    there = sum(each.messages or 0 for each in told.seen)
    moved, left = sum(each.moved for each in told.seen), sum(each.left for each in told.seen)
    hidden = sum(each.in_flight for each in told.seen)
    blind = [each.place.queue.value for each in told.seen if each.reason and each.messages is None]
    failed = [each.place.queue.value for each in told.seen if each.reason and each.messages is not None]
    words = [
        f"{counted(moved, 'message')} moved back." if moved else "",
        _left(told, left) if told.applied else _there(there),
        f"{counted(hidden, 'message')} hidden: somebody works on them, or has just looked." if hidden else "",
        f"{' and '.join(failed)}: not all could be looked at or done; what was not moved is still there."
        if failed
        else "",
        f"{' and '.join(blind)} could not be looked at." if blind else "",
    ]
    said = " ".join(word for word in words if word)
    return said or "No dead letters."


def _there(number: int) -> str:
    return f"{counted(number, 'dead letter')}." if number else ""


def _left(told: Told, left: int) -> str:
    if not left:
        return ""
    return f"{left} left." if any(each.moved for each in told.seen) else f"Nothing moved, {left} left."


def _print_queue(console: Console, seen: Seen, told: Told) -> None:
    head = Text.assemble((seen.place.queue.value, "bold"))
    if seen.messages is not None:
        head.append(f"  {_how_many(seen, told.now, applied=told.applied)}")
    print_paragraph(console, head, 0, hanging=2)
    if seen.reason:
        what = "could not look" if seen.messages is None else "stopped"
        text = Text.assemble((f"{what}  ", "bold magenta"), line(seen.reason, 600))
        print_paragraph(console, text, 2, hanging=2)
    _print_letters(console, seen, told.now)
    looked_at = len(seen.letters)
    if not told.applied and seen.messages and looked_at and seen.messages > looked_at:
        print_paragraph(console, Text(f"{looked_at} of {seen.messages} were looked at", "dim"), 2, hanging=2)
    if seen.place.queue is Queue.UNPUBLISHED:
        _print_untold(console, told)
    for number, step in enumerate(_steps(seen, told), 1):
        print_step(console, number, step, 2)


def _how_many(seen: Seen, now: datetime, *, applied: bool) -> str:
    parts = [counted(seen.messages or 0, "message")]
    if applied and seen.place.source:
        parts.append(f"{seen.moved} moved back, {seen.left} left")
    elif seen.oldest is not None:
        parts.append(f"the oldest from {moment(seen.oldest)} ({duration(now - seen.oldest)} ago)")
    if seen.in_flight:
        parts.append(f"{seen.in_flight} more hidden")
    return ", ".join(parts)


def _print_letters(console: Console, seen: Seen, now: datetime) -> None:
    groups: dict[tuple[bool, str], list[Letter]] = {}
    for each in seen.letters:
        groups.setdefault((each.comes_back, each.why), []).append(each)
    for (comes_back, why), letters in list(groups.items())[:MOST_GROUPS]:
        style = "yellow" if comes_back else "green"
        print_paragraph(console, Text.assemble((f"{len(letters)}  ", f"bold {style}"), line(why, 400)), 2, hanging=3)
        for letter in letters[:MOST_ROWS]:
            age = f"{duration(now - letter.sent_at)} ago" if letter.sent_at is not None else "some time ago"
            print_paragraph(console, Text(f"{age}: {line(letter.what, 400)}", "dim"), 5, hanging=2)
        if len(letters) > MOST_ROWS:
            print_paragraph(console, Text(f"and {len(letters) - MOST_ROWS} more", "dim"), 5)
    if len(groups) > MOST_GROUPS:
        more = sum(map(len, list(groups.values())[MOST_GROUPS:]))
        print_paragraph(console, Text(f"and {more} more, for other reasons (--json has them)", "dim"), 2)


def _print_untold(console: Console, told: Told) -> None:
    if told.unasked:
        said = f"What was in it could not be found out: {line(told.unasked, 600)}"
        print_paragraph(console, Text(said, "magenta"), 2, hanging=2)
        return
    if told.untold is None:
        return
    if not told.untold:
        said = "The table has no change of that time that nobody was told of."
        print_paragraph(console, Text(said), 2, hanging=2)
        return
    print_paragraph(console, Text("Nobody was told that:", "bold"), 2)
    for each in told.untold[:MOST_UNTOLD]:
        what = f"{each.severity.name} {line(each.tag, 100)} {each.transition.value} in {line(each.region, 40)}"
        text = Text.assemble(
            f"{moment(each.at)}: {what}, {line(each.subject, 200)}  ",
            (f"ses-monitor history {each.finding_id}", "cyan"),
        )
        print_paragraph(console, text, 4, hanging=2)
    if len(told.untold) > MOST_UNTOLD:
        print_paragraph(console, Text(f"and {len(told.untold) - MOST_UNTOLD} more (--json has them)", "dim"), 4)


def _steps(seen: Seen, told: Told) -> list[str]:
    queue = seen.place.queue
    if seen.messages is None or not (seen.letters or seen.left):
        return []
    steps = []
    goes = any(not each.comes_back for each in seen.letters)
    if not told.applied and goes and seen.place.source:
        apply = shlex.join(["ses-monitor", "redrive", "--queue", queue.value, "--apply", *told.stack])
        steps.append(f"{_BEFORE[queue].format(**_logs(told.outputs))}: {apply}")
    if not told.applied and goes and not seen.place.source:
        steps.append(
            "The stack names no queue to move them to: it is older than this command. Deploy it anew: make deploy"
        )
    purge = ["aws", "sqs", "purge-queue", "--region", told.region, "--queue-url", seen.place.url]
    if any(each.comes_back for each in seen.letters):
        steps.append(f"{_DELETE[queue]}: {shlex.join(purge)}")
    return steps


_BEFORE: Mapping[Queue, str] = {
    Queue.FEEDBACK: "When what stopped them is mended (log group {ingest_feedback}), move them back",
    Queue.IDENTITIES: "To try them now (what failed is in the log group {audit_identities}), move them back",
    Queue.SLACK: "When Slack takes messages again (log group {deliver_slack}), move them back",
    Queue.UNPUBLISHED: "",
}
_DELETE: Mapping[Queue, str] = {
    Queue.FEEDBACK: "What cannot be read stays, unless --all: it would come straight back. If it is no feedback, and"
    " nothing else is left here, delete it",
    Queue.IDENTITIES: "What is no task stays, unless --all: it would come straight back. When nothing else is left"
    " here, delete it",
    Queue.SLACK: "",
    Queue.UNPUBLISHED: "None of it can be moved back, and all that happened is in the table (ses-monitor findings"
    " shows what is open). When you have read this, delete it",
}


def _logs(outputs: Mapping[str, str]) -> dict[str, str]:
    return {
        name: f"/aws/lambda/{line(outputs[output], 100)}" if outputs.get(output) else "of the function"
        for name, output in _FUNCTIONS.items()
    }


_FUNCTIONS = {
    "ingest_feedback": "IngestFeedbackFunctionName",
    "audit_identities": "AuditIdentitiesFunctionName",
    "deliver_slack": "DeliverSlackFunctionName",
}


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
