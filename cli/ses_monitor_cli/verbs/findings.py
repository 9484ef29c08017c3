"""`ses-monitor findings`: what is open, or with --all was, as the deployed monitor's table has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ses_monitor import checks
from ses_monitor.alerts.words import counted, line, moment
from ses_monitor.audit.accounts import FUNCTION
from ses_monitor.audit.overdue import is_overdue
from ses_monitor.core.policy import Mute
from ses_monitor.core.regions import KNOWN
from ses_monitor.core.stored import Phase, Stored
from ses_monitor.store.keys import family_of
from ses_monitor.store.mutes import Mutes
from ses_monitor_cli import clock, document, spans
from ses_monitor_cli.choosing import Chosen, known_check, known_tag, muting
from ses_monitor_cli.deployed import Deployed, ElsewhereRegion, StackName, TableName, find_table, reading
from ses_monitor_cli.details import summary
from ses_monitor_cli.lateness import RUNS, how_late
from ses_monitor_cli.listing import Listed, print_list
from ses_monitor_cli.options import AsJson, CheckName, FailOn, Subject, Tag, check_regions
from ses_monitor_cli.outcome import ExitStatus, Level
from ses_monitor_cli.terminal import answer_console, say, write
from ses_monitor_cli.view import of_stored

READ = 20_000
"""Findings read of the table, of each family with --all."""
SHOWN = 1000
"""All that an alert about a storm leaves to this list."""

Regions = Annotated[
    list[str] | None, typer.Option("--region", metavar="REGION", help="Of this region only; repeat for more.")
]
AtLeast = Annotated[
    Level,
    typer.Option("--severity", metavar="LEVEL", case_sensitive=False, help="At least this bad: info to critical."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="SPAN", help="Opened, or over, in this time: 30m, 8h, 7d. Default: whenever."),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show at most so many.")]


@dataclass(frozen=True, slots=True)
class Found:
    """What was chosen, in order; `listed` is as much of it as is shown."""

    chosen: tuple[Stored, ...]
    listed: tuple[Listed, ...]
    with_over: bool

    @property
    def open(self) -> tuple[Stored, ...]:
        """Those that are open."""
        return tuple(each for each in self.chosen if each.phase is Phase.OPEN)


def findings(  # noqa: PLR0913, PLR0917 - each is an option of the command
    everything: Annotated[
        bool, typer.Option("--all/--open", help="What is watched and what is over, too; not only what is open.")
    ] = False,
    regions: Regions = None,
    severity: AtLeast = Level.INFO,
    tag: Tag = None,
    check: CheckName = None,
    subject: Subject = None,
    since: Since = None,
    limit: Limit = SHOWN,
    stack_name: StackName = None,
    table: TableName = None,
    stack_region: ElsewhereRegion = None,
    fail_on: FailOn = Level.ERROR,
    as_json: AsJson = False,
) -> None:
    """What is open: the worst first, since when, and which of it is muted?

    Reads the deployed monitor's table; --region chooses among its findings, --stack-region says where it is. Exit
    status: 0 nothing wrong among what was asked for, 1 findings that are open at or above --fail-on, muted or not,
    2 bad usage, 3 could not look: the table cannot be read, or nothing is wrong in an audit that is overdue.
    """
    now = clock.utc_now()
    start = None if since is None else now - span_or_refused(since, "--since")
    deployed = find_table(stack_name, table, stack_region)
    with reading(deployed):
        runs = deployed.queries.runs(FUNCTION, limit=RUNS)
        stored = _read(deployed, everything=everything)
        mutes = Mutes(deployed.client, deployed.table, clock=clock.utc_now).in_force(now)
    wanted = Chosen(
        regions=check_regions(regions or (), {*KNOWN, *(each.region for each in stored)}, "--region"),
        at_least=severity.severity,
        tag=known_tag(tag, stored),
        check=known_check(check, stored),
        subject=(subject or "").strip(),
        since=start,
    )
    chosen = tuple(sorted(filter(wanted.has, stored), key=_urgency))
    listed = tuple(Listed(each, _muted(each, mutes, now)) for each in chosen[:limit])
    found = Found(chosen, listed, everything)
    late = is_overdue(runs, now)
    if as_json:
        write(document.to_text(document.of_findings(found.listed, len(found.chosen), mutes)))
    else:
        _print(found, deployed, mutes, now)
    if late:
        say(f"ses-monitor: {how_late(runs, now)}")
    raise typer.Exit(_status(found, fail_on, late=late))


def span_or_refused(given: str, option: str) -> timedelta:
    """Return how long an option says.

    Raises:
        typer.BadParameter: it says no such thing.
    """
    try:
        return spans.span(given)
    except spans.NotATimeError as error:
        msg = f"{given[:60]!r} {error}"
        raise typer.BadParameter(msg, param_hint=option) from error


def _read(deployed: Deployed, *, everything: bool) -> list[Stored]:
    if not everything:
        return deployed.queries.open_findings(limit=READ)
    families = sorted({family_of(check.id) for check in checks.registered()})
    kept = [each for family in families for each in deployed.queries.findings(family, limit=READ)]
    # What a newer version opened in a family that this one does not have is found in the index of what is open.
    names = {each.finding_id for each in kept}
    return kept + [each for each in deployed.queries.open_findings(limit=READ) if each.finding_id not in names]


def _urgency(each: Stored) -> tuple[object, ...]:
    """Order what is open by severity and age, then what is watched, then what is over, the last first."""
    began = each.opened_at or each.first_seen
    place = (each.region, each.check_id, each.tag, each.subject)
    match each.phase:
        case Phase.OPEN:
            return (0, -each.severity, began.timestamp(), *place)
        case Phase.WATCHED:
            return (1, -each.severity, began.timestamp(), *place)
        case _:
            return (2, 0, -each.written_at.timestamp(), *place)


def _muted(each: Stored, mutes: Sequence[Mute], now: datetime) -> Mute | None:
    return None if each.phase is Phase.RESOLVED else muting(mutes, each, now)


def _status(found: Found, fail_on: Level, *, late: bool) -> ExitStatus:
    if any(each.severity >= fail_on.severity for each in found.open):
        return ExitStatus.FINDINGS
    return ExitStatus.COULD_NOT_LOOK if late else ExitStatus.NOTHING_WRONG


def _print(found: Found, deployed: Deployed, mutes: Sequence[Mute], now: datetime) -> None:
    console = answer_console()
    with console.capture() as printed:
        console.print(Text.assemble(("Findings", "bold"), f" · {line(deployed.named, 200)} · {moment(now)}"))
        console.print()
        print_list(console, found.listed, now)
        if left_out := len(found.chosen) - len(found.listed):
            console.print(Text(f"and {counted(left_out, 'more', 'more')}: --limit {len(found.chosen)}", "dim"))
        if found.listed:
            console.print()
            console.print(Text("ses-monitor history ID tells how one evolved, and what to do.", "dim"))
        _print_summary(console, found, mutes, now)
    write(printed.get())


def _print_summary(console: Console, found: Found, mutes: Sequence[Mute], now: datetime) -> None:
    of_severity = summary(map(of_stored, found.open))
    muted = sum(_muted(each, mutes, now) is not None for each in found.open)
    said = f"Open: {of_severity}{f', {muted} of them muted' if muted else ''}." if of_severity else "Nothing is open."
    if found.with_over:
        over = sum(each.phase is Phase.RESOLVED for each in found.chosen)
        said += f" Over: {over}."
    console.print(Text(said, "bold"))
