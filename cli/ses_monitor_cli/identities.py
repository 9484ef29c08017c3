"""Identities at a glance: one in all its regions, or all of one region, as the last audits left them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line
from ses_monitor.core.identity_memory import SETTLED, SETTLED_DKIM, IdentityState

MOST_SHOWN = 20
"""Identities of a region that get a line; more are counted."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "SUCCESS": ("ok", "green"),
    "PENDING": ("pending", "yellow"),
    "FAILED": ("failed", "bold red"),
    "TEMPORARY_FAILURE": ("failing", "red"),
    "NOT_STARTED": ("not set up", "dim"),
    "": ("-", "dim"),
}


def print_row(console: Console, states: Sequence[IdentityState], now: datetime) -> None:
    """Print one identity: a line for each region it is in."""
    table = _table("REGION", "VERIFIED", "DKIM", "MAIL FROM", "DNS", "KNOWN FOR")
    for state in states:
        first_seen = state.memory.first_seen
        known = "-" if first_seen is None else duration(now - first_seen)
        table.add_row(Text(line(state.region, 40)), *_cells(state, now), Text(known, "dim"))
    console.print(table)


def print_column(console: Console, states: Sequence[IdentityState], now: datetime) -> None:
    """Print a region's identities: a line for each that is not in order, and the number of the others."""
    troubled = [state for state in states if not is_in_order(state)]
    if troubled:
        table = _table("IDENTITY", "VERIFIED", "DKIM", "MAIL FROM", "DNS")
        table.columns[0].overflow = "ellipsis"
        for state in troubled[:MOST_SHOWN]:
            table.add_row(Text(line(state.name, 320)), *_cells(state, now))
        console.print(table)
    if len(troubled) > MOST_SHOWN:
        console.print(Text(f"and {counted(len(troubled) - MOST_SHOWN, 'more', 'more')} (--json has them all)", "dim"))
    fine = [state for state in states if is_in_order(state)]
    if fine:
        _print_folded(console, f"In order: {counted(len(fine), 'identity', 'identities')}", fine)


def is_in_order(state: IdentityState) -> bool:
    """Tell whether SES and the DNS are content with it, as far as they were asked."""
    return (
        state.verification_status in SETTLED
        and state.dkim_status in SETTLED_DKIM | {""}
        and state.mail_from_status in SETTLED | {""}
        and state.memory.unproven_since is None
    )


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0), show_edge=False)
    for head in heads:
        table.add_column(head, no_wrap=True)
    return table


def _cells(state: IdentityState, now: datetime) -> list[Text]:
    memory = state.memory
    return [
        _status(state.verification_status, memory.verification_since, now),
        _status(state.dkim_status, memory.dkim_since, now),
        _status(state.mail_from_status, memory.mail_from_since, now),
        _dns(state, now),
    ]


def _status(status: str, since: datetime | None, now: datetime) -> Text:
    """Say a status in a word or two, and for how long where it is not settled."""
    word, style = _WORDS.get(status, (line(status, 20).lower(), "yellow"))
    lasted = f" {_about(now, since)}" if since is not None and status not in SETTLED_DKIM | {""} else ""
    return Text(word + lasted, style)


def _dns(state: IdentityState, now: datetime) -> Text:
    since = state.memory.unproven_since
    if since is None:
        # Proven, or never asked, or nobody answered: the state does not tell these apart, so it claims nothing.
        return Text("-", "dim")
    return Text(f"unproven {_about(now, since)}", "bold red")


def _about(now: datetime, since: datetime) -> str:
    return " ".join(duration(now - since).split()[:2])


def _print_folded(console: Console, what: str, states: Iterable[IdentityState]) -> None:
    names = [line(state.name, 80) for state in states]
    shown: list[str] = []
    room = console.width - len(what) - 6
    for name in names:
        if len(", ".join([*shown, name])) > room:
            break
        shown.append(name)
    listed = ", ".join([*shown, "…"] if len(shown) < len(names) else shown)
    console.print(Text(f"{what} ({listed})", "dim"), no_wrap=True, overflow="ellipsis")
