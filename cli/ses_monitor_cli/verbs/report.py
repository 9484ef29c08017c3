"""`ses-monitor report`: what the deployed monitor knows as one page, to keep, to print or to hand on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ses_monitor.core.regions import KNOWN
from ses_monitor_cli import clock, document
from ses_monitor_cli.deployed import ElsewhereRegion, StackName, TableName, find_table
from ses_monitor_cli.options import AsJson, FailOn, check_regions
from ses_monitor_cli.outcome import ExitStatus, Level, status_of
from ses_monitor_cli.report.as_json import of_report
from ses_monitor_cli.report.model import build
from ses_monitor_cli.report.page import rendered
from ses_monitor_cli.report.reading import read
from ses_monitor_cli.report.writing import may_write, write_page
from ses_monitor_cli.terminal import say, write

STDOUT = "-"

Html = Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write the page there; - is standard output.")]
Regions = Annotated[
    list[str] | None, typer.Option("--region", metavar="REGION", help="This region only; repeat for more.")
]
Days = Annotated[int, typer.Option("--days", metavar="N", min=1, max=90, help="How far back the plots go.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite FILE even if it is no report.")]


def report(  # noqa: PLR0913, PLR0917 - each is an option of the command
    html: Html = None,
    region: Regions = None,
    days: Days = 14,
    force: Force = False,
    stack_name: StackName = None,
    table: TableName = None,
    stack_region: ElsewhereRegion = None,
    fail_on: FailOn = Level.ERROR,
    as_json: AsJson = False,
) -> None:
    """Write all that the deployed monitor knows as one page that needs nothing else: no network, no script.

    Exit status: 0 nothing wrong, 1 findings at or above --fail-on, 2 bad usage, 3 could not look, could not write, or
    nothing is wrong in an audit that is overdue.
    """
    if html is None and not as_json:
        msg = "say where the page goes: --html FILE (- for standard output), or --json for a document"
        raise typer.BadParameter(msg, param_hint="--html")
    if html == STDOUT and as_json:
        msg = "standard output takes the page or the document, not both"
        raise typer.BadParameter(msg, param_hint="--json")
    path = None if html in {None, STDOUT} else Path(str(html))
    if path is not None and not force and not may_write(path):
        msg = f"{str(path)[:200]!r} is there and is no report; another name, or --force to overwrite it"
        raise typer.BadParameter(msg, param_hint="--html")
    chosen = check_regions(region or (), KNOWN, "--region")
    built = build(
        read(find_table(stack_name, table, stack_region, option="--stack-region"), chosen, days, clock.utc_now())
    )
    if path is not None:
        write_page(path, rendered(built))
        say(f"ses-monitor: the report is in {os.fspath(path)}")
    elif html == STDOUT:
        write(rendered(built))
    if as_json:
        write(document.to_text(of_report(built)))
    outcome = status_of(built.view, fail_on)
    late = bool(built.late) and outcome is ExitStatus.NOTHING_WRONG
    raise typer.Exit(ExitStatus.COULD_NOT_LOOK if late else outcome)
