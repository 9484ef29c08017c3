"""Findings one after the other, two lines each, and mutes: what fits 80 columns and still says what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line, moment
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.policy import Mute
from ses_monitor.core.stored import Phase, Stored
from ses_monitor_cli.details import STYLES
from ses_monitor_cli.matrix import NARROW
from ses_monitor_cli.prose import print_paragraph

_SEVERITY = len("CRITICAL")
_FOR = len("59 min")
_ID = 12
_GAP = 2
_INDENT = _SEVERITY + _GAP


@dataclass(frozen=True, slots=True)
class Listed:
    """A finding in whatever phase it is, and the mute that silences it now."""

    stored: Stored
    mute: Mute | None = None


def print_list(console: Console, listed: Sequence[Listed], now: datetime) -> None:
    """Print findings in the order given."""
    if not listed:
        return
    regions = max(len("REGION"), *(min(len(each.stored.region), 20) for each in listed))
    room = console.width - sum((_SEVERITY, regions, _FOR, _ID)) - 4 * _GAP
    tags = min(room, max(len("TAG"), *(len(each.stored.tag) for each in listed)))
    narrow = console.width < NARROW
    if not narrow:
        _print_row(console, _SEVERITY, tags, regions, Text("SEVERITY"), "TAG", "REGION", "FOR", "ID", style="dim")
    for each in listed:
        found = each.stored
        severity = Text(found.severity.name, STYLES[found.severity] if found.phase is Phase.OPEN else "dim")
        lasted = _about(found, now)
        if narrow:
            _print(console, Text.assemble(severity, "  ", line(found.tag, 100)))
            _print(console, Text(f"  {line(found.region, 40)}  {lasted}  {found.finding_id}"))
        else:
            _print_row(
                console, _SEVERITY, tags, regions, severity, found.tag, found.region, lasted, found.finding_id, style=""
            )
        for note in _notes(each):
            _print(console, Text.assemble(" " * (2 if narrow else _INDENT), note))


def _print_row(  # noqa: PLR0913, PLR0917 - the widths, and the cells
    console: Console,
    first: int,
    tags: int,
    regions: int,
    severity: Text,
    tag: str,
    region: str,
    lasted: str,
    name: str,
    *,
    style: str,
) -> None:
    named = Text(name, "" if style else "cyan")
    cells = (severity, Text(line(tag, 100)), Text(line(region, 40)), Text(lasted), named)
    row = Text(style=style)
    for cell, width in zip(cells, (first, tags, regions, _FOR, _ID), strict=True):
        cell.truncate(width, overflow="ellipsis", pad=True)
        row = row.append_text(cell).append(" " * _GAP)
    row.rstrip()
    _print(console, row)


def _print(console: Console, text: Text) -> None:
    console.print(text, no_wrap=True, overflow="ellipsis", crop=True)


def _about(found: Stored, now: datetime) -> str:
    """Say in one unit how long it has been open, or was."""
    end = found.written_at if found.phase is Phase.RESOLVED else now
    return " ".join(duration(end - (found.opened_at or found.first_seen)).split()[:2])


def _notes(each: Listed) -> Iterable[Text]:
    found = each.stored
    subject = "" if found.subject == ACCOUNT or found.subject in found.text else f"{line(found.subject, 200)}: "
    yield Text(f"{subject}{line(found.text)}")
    if found.phase is Phase.RESOLVED:
        yield Text(f"over since {moment(found.written_at)}", "green")
    elif found.phase is Phase.WATCHED:
        yield Text(f"watched: seen {counted(found.seen, 'time')}, not often enough yet to be told", "dim")
    if each.mute is not None:
        mute = each.mute
        said = f"muted until {moment(mute.expires_at)} by {line(mute.owner, 60)} ({line(mute.mute_id, 20)})"
        yield Text(said, "magenta")


def print_mute(console: Console, mute: Mute, now: datetime, silenced: int | None = None) -> None:
    """Print one mute: when it ends, who made it, what it silences, and why."""
    left = duration(mute.expires_at - now)
    print_paragraph(
        console,
        Text.assemble(
            (line(mute.mute_id, 40), "cyan"),
            f"  ends in {left}, {moment(mute.expires_at)}; by {line(mute.owner, 120)}",
        ),
        0,
        hanging=_GAP,
    )
    counts = "" if silenced is None else f": {counted(silenced, 'open finding')}"
    print_paragraph(console, Text(f"silences {what_it_silences(mute)}{counts}"), _GAP)
    print_paragraph(console, Text(f"because: {line(mute.reason, 500)}", "dim"), _GAP)


def what_it_silences(mute: Mute) -> str:
    """Say what a mute is meant for, as in "tag DKIM_FAILED in us-east-1 on *.example.com"."""
    parts = [
        f"tag {line(mute.tag, 100)}" if mute.tag else "",
        f"check {line(mute.check_id, 100)}" if mute.check_id else "",
    ]
    what = " of ".join(part for part in parts if part) or "everything"
    place = f" in {line(mute.region, 40)}" if mute.region else ""
    subject = f" on {line(mute.subject, 300)}" if mute.subject else ""
    return f"{what}{place}{subject}{'' if mute.silences_critical else ', except what is CRITICAL'}"
