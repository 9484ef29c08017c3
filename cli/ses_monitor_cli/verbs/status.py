"""`ses-monitor status`: what the deployed monitor knows, read from its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line, moment
from ses_monitor.audit.accounts import FUNCTION
from ses_monitor.audit.overdue import is_overdue
from ses_monitor.core.region_state import RunRecord
from ses_monitor_cli import clock, document, watching
from ses_monitor_cli.answer import answer
from ses_monitor_cli.deployed import Deployed, StackName, StackRegion, TableName, find_table, reading
from ses_monitor_cli.details import print_findings, print_unseen, summary
from ses_monitor_cli.lateness import RUNS, how_late
from ses_monitor_cli.matrix import print_matrix
from ses_monitor_cli.options import AsJson, FailOn
from ses_monitor_cli.outcome import ExitStatus, Level, status_of
from ses_monitor_cli.terminal import answer_console, say, write
from ses_monitor_cli.view import View, of_table

Watch = Annotated[
    bool,
    typer.Option("--watch", help="Look again every SECONDS (10), until Ctrl-C."),
]
Seconds = Annotated[
    int | None,
    typer.Argument(
        metavar="[SECONDS]",
        min=watching.SHORTEST,
        max=watching.LONGEST,
        help="With --watch: from one look to the next.",
        show_default=False,
    ),
]


def status(  # noqa: PLR0913, PLR0917 - each is an option of the command
    seconds: Seconds = None,
    watch: Watch = False,
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
    if seconds is not None and not watch:
        msg = "it goes with --watch"
        raise typer.BadParameter(msg, param_hint="SECONDS")
    deployed = find_table(stack_name, table, region)
    if watch:
        raise typer.Exit(_watch(deployed, fail_on, seconds or watching.EVERY, as_json=as_json))
    looked = _look(deployed)
    write(looked.as_document() if as_json else looked.as_text())
    if looked.late:
        say(f"ses-monitor: {how_late(looked.runs, looked.at)}")
    raise typer.Exit(looked.status(fail_on))


@dataclass(frozen=True, slots=True)
class Looked:
    """What the table held at one time."""

    view: View
    runs: tuple[RunRecord, ...]
    of_what: str
    at: datetime

    @property
    def late(self) -> bool:
        """Whether nobody has audited for too long."""
        return is_overdue(self.runs, self.at)

    @property
    def sentence(self) -> str:
        """The answer."""
        found = summary(self.view.findings)
        return f"{answer(self.view)} {f'Open: {found}.' if found else 'Nothing is open.'}"

    def as_document(self) -> str:
        """Return the JSON document."""
        return document.to_text(document.of_status(self.view, self._by_function(), self.at))

    def as_line(self) -> str:
        """Return the JSON document in one line."""
        return document.to_line(document.of_status(self.view, self._by_function(), self.at))

    def as_text(self) -> str:
        """Return what people read, with the control codes of a terminal where it goes to one."""
        return _printed(self)

    def status(self, fail_on: Level) -> ExitStatus:
        """Return the exit status."""
        outcome = status_of(self.view, fail_on)
        return ExitStatus.COULD_NOT_LOOK if self.late and outcome is ExitStatus.NOTHING_WRONG else outcome

    def _by_function(self) -> dict[str, RunRecord | None]:
        return {FUNCTION: self.runs[0] if self.runs else None}


def _look(deployed: Deployed) -> Looked:
    with reading(deployed):
        runs = deployed.queries.runs(FUNCTION, limit=RUNS)
        last = runs[0] if runs else None
        states, stored = deployed.queries.regions(), deployed.queries.open_findings()
    view = of_table(states, stored, last.unseen if last else (), last.skipped if last else ())
    return Looked(view, tuple(runs), deployed.named, clock.utc_now())


def _watch(deployed: Deployed, fail_on: Level, every: int, *, as_json: bool) -> ExitStatus:
    def look() -> watching.Seen:
        looked = _look(deployed)
        text = looked.as_line() if as_json else looked.as_text()
        return watching.Seen(text, looked.sentence, looked.status(fail_on), looked.at)

    if as_json:
        return watching.watch(look, watching.Lines(), every)
    return watching.watch_on(answer_console(), look, every)


def _printed(looked: Looked) -> str:
    view, runs, now = looked.view, looked.runs, looked.at
    console = answer_console()
    with console.capture() as printed:
        console.print(Text.assemble(("Amazon SES", "bold"), f" · {line(looked.of_what, 200)} · {moment(now)}"))
        _print_audits(console, runs, now)
        if view.regions:
            console.print()
            print_matrix(console, view, now)
        print_findings(console, view.findings, now)
        print_unseen(console, view.unseen)
        console.print()
        console.print(Text(looked.sentence, "bold"))
    return printed.get()


def _print_audits(console: Console, runs: Sequence[RunRecord], now: datetime) -> None:
    if is_overdue(runs, now):
        console.print(Text(_sentence_case(how_late(runs, now)), "bold yellow"))
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


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
