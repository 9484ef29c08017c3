"""What SES told of a day's mail: counted, with the monitor's own rates, and the last events of which it was bad."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, line, moment
from ses_monitor.checks.feedback import sends_of
from ses_monitor.core.event import Bounce, Complaint, Delay, Kind, Reject, Rendering
from ses_monitor.core.kept import Kept
from ses_monitor.core.mailbox import masked
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.traffic import Tally, Window
from ses_monitor_cli.prose import print_paragraph

MOST_RECENT = 10
"""Events told, the last first."""
READ = 100
"""Events read for them: changed subscriptions are no trouble, and left out."""
DELAYS = (Tally.DELAYS_SPAM, Tally.DELAYS_IP, Tally.DELAYS_OTHER)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """What was counted from a full hour on, 24 to 25 hours ago. Recipients, not mails."""

    window: Window

    @property
    def is_empty(self) -> bool:
        """Whether SES told nothing at all."""
        return not any(self.window.counts.values())

    @property
    def sent(self) -> int | None:
        """How many were sent to, as far as events tell."""
        return sends_of(self.window) or None

    def rate(self, tally: Tally) -> float | None:
        """Return the share of what was sent; None where it is not known how much that was."""
        return None if self.sent is None else self.window[tally] / self.sent

    @property
    def delays(self) -> int:
        """Delays of every kind."""
        return sum(self.window[each] for each in DELAYS)

    def in_words(self) -> str:
        """Say it in a line or two. What there may be none of is left out where there is none."""
        window = self.window
        if not any(count for tally, count in window.counts.items() if tally is not Tally.SIMULATED):
            return "only mail to SES's mailbox simulator, which counts in no rate"
        sent = "sends not known" if self.sent is None else f"{self.sent:,} sent"
        rare = (
            (window[Tally.OTHER_BOUNCES], "other bounce"),
            (window[Tally.REJECTS], "reject"),
            (window[Tally.RENDERING_FAILURES], "rendering failure"),
            (window[Tally.REJECTIONS], "refused send"),
            (self.delays, "delay"),
        )
        words = [
            sent,
            f"{window[Tally.DELIVERIES]:,} delivered" if window[Tally.DELIVERIES] else "",
            self._with_rate(Tally.HARD_BOUNCES, "hard bounce", 2),
            self._with_rate(Tally.COMPLAINTS, "complaint", 3),
            *(_many(number, noun) for number, noun in rare if number),
        ]
        return ", ".join(filter(None, words))

    def _with_rate(self, tally: Tally, noun: str, decimals: int) -> str:
        rate = self.rate(tally)
        share = f" ({100 * rate:.{decimals}f} %)" if rate and self.window[tally] else ""
        return _many(self.window[tally], noun) + share


def _many(number: int, noun: str) -> str:
    return counted(number, noun).replace(str(number), f"{number:,}", 1)


def bad_ones(recent: Sequence[Kept]) -> tuple[Kept, ...]:
    """Return of what happened the last that was trouble."""
    return tuple(each for each in recent if each.event.kind is not Kind.SUBSCRIPTION)[:MOST_RECENT]


def print_feedback(console: Console, region: str, day: Day, recent: Sequence[Kept]) -> None:
    """Print a region's day, and the last bad events."""
    console.print()
    if day.is_empty and not recent:
        text = f"No feedback in 24 h. Mail was sent? ses-monitor enroll --region {line(region, 40)}"
        print_paragraph(console, Text(text, "dim"), 0)
        return
    console.print(Text.assemble(("FEEDBACK", "bold"), f" since {moment(day.window.start)}"))
    print_paragraph(console, Text(f"{day.in_words()}."), 2)
    if recent:
        print_paragraph(console, Text("The last bad events (ses-monitor recipient ADDRESS explains them):", "dim"), 2)
    for kept in recent:
        event = kept.event
        words = " ".join(line(each, 60) for each in (event.type or event.kind.value, *_specifics(kept)) if each)
        person = line(masked(kept.recipient.address), 120) if kept.recipient and kept.recipient.address else ""
        row = Text.assemble(
            f"  {event.occurred_at.astimezone(UTC):%d %b %H:%M}  ",
            (words, "bold"),
            f"  {person}" if person else "",
            (f"  {line(event.identity, 120)}", "dim"),
        )
        console.print(row, no_wrap=True, overflow="ellipsis")


def print_days(console: Console, days: Mapping[str, Day]) -> None:
    """Print an identity's day in each region where SES told anything of its mail."""
    told = {region: day for region, day in days.items() if not day.is_empty}
    if not told:
        return
    console.print()
    start = min(day.window.start for day in told.values())
    console.print(Text.assemble(("FEEDBACK", "bold"), f" since {moment(start)}"))
    for region, day in told.items():
        print_paragraph(console, Text(f"{line(region, 40)}: {day.in_words()}"), 2, hanging=2)


def _specifics(kept: Kept) -> tuple[str, ...]:
    status = kept.recipient.status if kept.recipient else ""
    match kept.event.detail:
        case Bounce(type_, subtype):
            return (type_, subtype, status)
        case Complaint(type_, subtype):
            return (type_, subtype)
        case Delay(type_):
            return (type_,)
        case Reject(reason):
            return (reason,)
        case RefusedSend(tag):
            return (tag,)
        case Rendering(template):
            return (template,)
        case _:
            return ()


def day_document(day: Day, instant: Callable[[datetime | None], str | None]) -> Document | None:
    """Return a day for `--json`, null where SES told nothing; `instant` writes a time."""
    if day.is_empty:
        return None
    window = day.window
    return {
        "since": instant(window.start),
        "sends": day.sent,
        "deliveries": window[Tally.DELIVERIES],
        "hard_bounces": window[Tally.HARD_BOUNCES],
        "hard_bounce_rate": _rounded(day.rate(Tally.HARD_BOUNCES)),
        "other_bounces": window[Tally.OTHER_BOUNCES],
        "complaints": window[Tally.COMPLAINTS],
        "complaint_rate": _rounded(day.rate(Tally.COMPLAINTS)),
        "rejects": window[Tally.REJECTS],
        "rendering_failures": window[Tally.RENDERING_FAILURES],
        "rejections": window[Tally.REJECTIONS],
        "delays": day.delays,
        "simulated": window[Tally.SIMULATED],
    }


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 6)


def event_document(kept: Kept, instant: Callable[[datetime | None], str | None]) -> Document:
    """Return one event for `--json`, its recipient masked."""
    event, recipient = kept.event, kept.recipient
    return {
        "occurred_at": instant(event.occurred_at),
        "kind": event.kind.value,
        "type": event.type,
        "specifics": [each for each in _specifics(kept) if each],
        "recipient": masked(recipient.address) if recipient and recipient.address else None,
        "identity": event.identity or None,
        "configuration_set": event.configuration_set or None,
        "message_id": event.message_id or None,
        "counted": kept.counted,
    }
