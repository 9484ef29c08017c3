"""`ses-monitor status`: what the deployed monitor knows, read from its table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line, moment
from ses_monitor.audit.accounts import FUNCTION
from ses_monitor.audit.overdue import is_overdue, period_of
from ses_monitor.core.region_state import RunRecord
from ses_monitor_cli import clock, document
from ses_monitor_cli.answer import answer
from ses_monitor_cli.deployed import StackName, StackRegion, TableName, find_table, reading
from ses_monitor_cli.details import print_findings, print_unseen, summary
from ses_monitor_cli.matrix import print_matrix
from ses_monitor_cli.options import AsJson, FailOn
from ses_monitor_cli.outcome import ExitStatus, Level, status_of
from ses_monitor_cli.terminal import answer_console, say, write
from ses_monitor_cli.view import View, of_table

RUNS = 10
"""Enough of the last runs to tell how often they start."""


def status(
    stack_name: StackName = None,
    table: TableName = None,
    region: StackRegion = None,
    fail_on: FailOn = Level.ERROR,
    as_json: AsJson = False,
) -> None:
    """What does the deployed monitor know: verdicts, since when, open findings, and when it last looked?

    Exit status: 0 nothing wrong, 1 findings at or above --fail-on, 2 bad usage, 3 could not look: the table cannot be
    read, no region could be judged, or nothing is wrong in an audit that is overdue.
    """
    deployed = find_table(stack_name, table, region)
    with reading(deployed):
        runs = deployed.queries.runs(FUNCTION, limit=RUNS)
        last = runs[0] if runs else None
        states, stored = deployed.queries.regions(), deployed.queries.open_findings()
    view = of_table(states, stored, last.unseen if last else (), last.skipped if last else ())
    now = clock.utc_now()
    late = is_overdue(runs, now)
    if as_json:
        write(document.to_text(document.of_status(view, {FUNCTION: last}, now)))
    else:
        _print(view, runs, deployed.named, now)
    if late:
        say(f"ses-monitor: {_how_late(runs, now)}")
    outcome = status_of(view, fail_on)
    if late and outcome is ExitStatus.NOTHING_WRONG:
        outcome = ExitStatus.COULD_NOT_LOOK
    raise typer.Exit(outcome)


def _print(view: View, runs: Sequence[RunRecord], of_what: str, now: datetime) -> None:
    console = answer_console()
    with console.capture() as printed:
        console.print(Text.assemble(("Amazon SES", "bold"), f" · {line(of_what, 200)} · {moment(now)}"))
        _print_audits(console, runs, now)
        if view.regions:
            console.print()
            print_matrix(console, view, now)
        print_findings(console, view.findings, now)
        print_unseen(console, view.unseen)
        console.print()
        found = summary(view.findings)
        console.print(Text(f"{answer(view)} {f'Open: {found}.' if found else 'Nothing is open.'}", "bold"))
    write(printed.get())


def _print_audits(console: Console, runs: Sequence[RunRecord], now: datetime) -> None:
    if is_overdue(runs, now):
        console.print(Text(_sentence_case(_how_late(runs, now)), "bold yellow"))
    if not runs:
        return
    last = runs[0]
    facts = [counted(len(last.regions), "region"), f"{last.duration_ms / 1000:.1f} s"]
    if last.skipped:
        facts.append(f"{len(last.skipped)} skipped")
    blind = len({each.region for each in last.unseen})
    facts.append(f"{counted(blind, 'region')} not seen whole" if blind else "everything seen")
    if not last.complete:
        facts.append("cut off before its end")
    console.print(Padding(Text(f"Last audit {duration(now - last.started_at)} ago: {', '.join(facts)}."), 0))


def _how_late(runs: Sequence[RunRecord], now: datetime) -> str:
    if not runs:
        return "no audit yet: the table holds no run of audit_accounts. Look at the function's log and its schedule."
    age, period = duration(now - runs[0].started_at), duration(period_of(runs))
    return f"no audit for {age}, though one is due every {period}. Look at audit_accounts' log and its schedule."


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
