"""`ses-monitor history`: how one finding evolved, who was told, and what is to be done now."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line, moment
from ses_monitor.core.stored import Change, Phase
from ses_monitor.store.mutes import Mutes
from ses_monitor_cli import clock, document, evolution
from ses_monitor_cli.choosing import muting
from ses_monitor_cli.deployed import Deployed, StackName, StackRegion, TableName, find_table, reading
from ses_monitor_cli.details import STYLES, print_findings
from ses_monitor_cli.evolution import Story
from ses_monitor_cli.listing import Listed
from ses_monitor_cli.options import AsJson, FailOn
from ses_monitor_cli.outcome import CannotLookError, ExitStatus, Level
from ses_monitor_cli.prose import print_paragraph
from ses_monitor_cli.terminal import answer_console, write
from ses_monitor_cli.view import of_stored

NAMED = 8
"""Findings named where a beginning is that of several."""


def history(  # noqa: PLR0917 - each is an option of the command
    name: Annotated[
        str, typer.Argument(metavar="FINDING_ID", help="As alerts and `findings` show it; its beginning is enough.")
    ],
    stack_name: StackName = None,
    table: TableName = None,
    region: StackRegion = None,
    fail_on: FailOn = Level.ERROR,
    as_json: AsJson = False,
) -> None:
    """How did this finding evolve, who was told of it, and what is to be done?

    Reads the deployed monitor's table. Exit status: 0 it is not open, or less bad than --fail-on, 1 it is open and at
    least that bad, 2 bad usage, 3 could not look: the table cannot be read, or knows no such finding.
    """
    wanted = name.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{1,{evolution.LENGTH}}}", wanted):
        msg = f"{name[:60]!r} is no id of a finding: up to {evolution.LENGTH} of 0 to 9 and a to f, as alerts show it"
        raise typer.BadParameter(msg, param_hint="FINDING_ID")
    deployed = find_table(stack_name, table, region)
    with reading(deployed):
        story = _read(deployed, wanted)
    if as_json:
        write(document.to_text(document.of_history(story)))
    else:
        _print(story, deployed)
    stored = story.present.stored if story.present else None
    found = stored is not None and evolution.is_open(stored) and stored.severity >= fail_on.severity
    raise typer.Exit(ExitStatus.FINDINGS if found else ExitStatus.NOTHING_WRONG)


def _read(deployed: Deployed, wanted: str) -> Story:
    now = clock.utc_now()
    queries = deployed.queries
    if len(wanted) < evolution.LENGTH:
        found = evolution.beginning_with(queries, wanted, now)
        if len(found) > 1:
            named = [f"{each} ({line(what, 120)})" for each, what in list(found.items())[:NAMED]]
            more = f", and {counted(len(found) - NAMED, 'more', 'more')}" if len(found) > NAMED else ""
            msg = f"{wanted!r} is the beginning of {len(found)}: {', '.join(named)}{more}"
            raise typer.BadParameter(msg, param_hint="FINDING_ID")
        wanted = next(iter(found), wanted)
    stored, changes, told = evolution.read(queries, wanted)
    if stored is None and not changes:
        msg = (
            f"{deployed.named} knows no finding {wanted}. What is open: ses-monitor findings. A finding that is over"
            " is forgotten after the stack's HistoryDays; one over for long is found by its whole id only."
        )
        raise CannotLookError(msg)
    mute = None
    if stored is not None and stored.phase is not Phase.RESOLVED:
        mutes = Mutes(deployed.client, deployed.table, clock=clock.utc_now).in_force(now)
        mute = muting(mutes, stored, now)
    return Story(wanted, None if stored is None else Listed(stored, mute), changes, told, now)


def _print(story: Story, deployed: Deployed) -> None:
    console = answer_console()
    with console.capture() as printed:
        where = f" · {line(deployed.named, 200)} · {moment(story.now)}"
        console.print(Text.assemble((f"Finding {story.finding_id}", "bold"), where))
        _print_present(console, story)
        _print_changes(console, story)
        _print_told(console, story)
    write(printed.get())


def _print_present(console: Console, story: Story) -> None:
    if story.present is None:
        console.print()
        print_paragraph(console, Text("It is over, and how it last stood is not kept any more.", "bold"), 0)
        return
    stored, mute = story.present.stored, story.present.mute
    if evolution.is_open(stored):
        print_findings(console, (of_stored(stored),), story.now)
        if mute is not None:
            said = f"Muted until {moment(mute.expires_at)} by {line(mute.owner, 120)}: {line(mute.reason, 500)}"
            print_paragraph(console, Text(said, "magenta"), 2)
            print_paragraph(console, Text(f"ses-monitor unmute {line(mute.mute_id, 40)}", "cyan"), 2)
        return
    console.print()
    console.print(Text.assemble((line(stored.tag, 100), "bold"), f"  {line(stored.region, 40)}"))
    print_paragraph(console, Text(f"It was: {line(stored.text)}"), 2)
    if story.went_on_as:
        last = story.changes[-1]
        said = f"It went on as {line(last.tag, 100)}: ses-monitor history {story.went_on_as}"
    elif stored.phase is Phase.WATCHED:
        said = f"It is watched since {moment(stored.first_seen)}: not seen often enough yet to be told."
    else:
        said = f"It is over since {moment(stored.written_at)}."
    print_paragraph(console, Text(said, "bold"), 2)


def _print_changes(console: Console, story: Story) -> None:
    console.print()
    if not story.changes:
        console.print(Text("No change of it is kept any more.", "dim"))
        return
    console.print(Text("HISTORY", "bold"))
    for change in story.changes:
        row = Text.assemble(
            f"  {change.at:%d %b %Y %H:%M}  ",
            f"{change.transition.value:<8}  ",
            (f"{change.severity.name:<8}", STYLES[change.severity]),
            f"  for {duration(story.lasted(change)):<12}  ",
            (_who(change, story), "dim"),
        )
        console.print(row, no_wrap=True, overflow="ellipsis")
        if change.was_tag and change.was_tag != change.tag:
            said = f"{line(change.was_tag, 100)} became {line(change.tag, 100)}"
            console.print(Text(f"{' ' * 21}{said}", "dim"), no_wrap=True, overflow="ellipsis")


def _who(change: Change, story: Story) -> str:
    if change.muted_by:
        return f"muted: {line(change.muted_by, 40)}"
    if change.baseline:
        return "in the first audit's summary"
    told = story.told_of(change)
    return f"told: {', '.join(told)}" if told else "not told yet"


def _print_told(console: Console, story: Story) -> None:
    console.print()
    console.print(Text("TOLD", "bold"))
    known = {each.channel: each for each in story.told}
    for channel in evolution.CHANNELS:
        told = known.get(channel)
        if told is None:
            console.print(Text(f"  {channel:<6}  nothing of it", "dim"))
            continue
        last = next((each for each in reversed(story.changes) if each.version <= told.version), None)
        what = f": {last.transition.value}" if last is not None else ""
        when = "at a time that is not kept" if told.at is None else moment(told.at)
        console.print(Text(f"  {channel:<6}  last {when}{what}"))
