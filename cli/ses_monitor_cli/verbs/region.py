"""`ses-monitor region`: all that the deployed monitor's table has of one region, and what happened there this week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, line, moment
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.kept import Kept
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.regions import KNOWN
from ses_monitor.core.stored import Change
from ses_monitor.core.verdict import Verdict
from ses_monitor.store.feedback_reads import LAST_DAY, FeedbackReads
from ses_monitor_cli import clock, document
from ses_monitor_cli.answer import answer
from ses_monitor_cli.deployed import Deployed, StackName, StackRegion, TableName, find_table, reading
from ses_monitor_cli.details import STYLES, print_findings, summary
from ses_monitor_cli.feedback import READ, Day, bad_ones, print_feedback
from ses_monitor_cli.identities import print_column
from ses_monitor_cli.matrix import print_matrix
from ses_monitor_cli.options import AsJson, FailOn, check_regions
from ses_monitor_cli.outcome import CannotLookError, Level, status_of
from ses_monitor_cli.terminal import answer_console, write
from ses_monitor_cli.view import View, of_table

PERIOD = timedelta(days=7)
MOST_CHANGES = 20
"""Changes printed, the last first; --json has up to a thousand."""


@dataclass(frozen=True, slots=True)
class Found:
    """One region as the table has it; `view` holds it alone."""

    view: View
    identities: tuple[IdentityState, ...]
    changes: tuple[Change, ...]
    day: Day
    recent: tuple[Kept, ...]


def region(  # noqa: PLR0917 - each is an option of the command
    name: Annotated[str, typer.Argument(metavar="NAME", help="The region, such as eu-west-1.")],
    stack_name: StackName = None,
    table: TableName = None,
    stack_region: StackRegion = None,
    fail_on: FailOn = Level.ERROR,
    as_json: AsJson = False,
) -> None:
    """What is known of this region: verdict, account, identities, what is open, feedback, and what changed?

    Reads the deployed monitor's table; --region is where that is. Exit status: 0 nothing wrong, 1 findings at or above
    --fail-on, 2 bad usage, 3 could not look: the table cannot be read, or the region is not audited or not known.
    """
    check_regions((name,), KNOWN, "NAME")
    deployed = find_table(stack_name, table, stack_region)
    now = clock.utc_now()
    found = _read(deployed, name, now)
    if as_json:
        write(
            document.to_text(document.of_region(found.view, found.identities, found.changes, found.day, found.recent))
        )
    else:
        _print(found, deployed, now)
    raise typer.Exit(status_of(found.view, fail_on))


def _read(deployed: Deployed, name: str, now: datetime) -> Found:
    with reading(deployed):
        states = {state.region: state for state in deployed.queries.regions()}
        if name not in states:
            audited = ", ".join(sorted(states)) or "none yet"
            msg = f"{deployed.named} has not audited {name}. Audited: {audited}."
            raise CannotLookError(msg)
        stored = deployed.queries.open_findings(region=name)
        identities = deployed.queries.identities(name)
        changes = deployed.queries.changes(name, now - PERIOD, now + timedelta(minutes=1))
        reads = FeedbackReads(deployed.client, deployed.table, clock=clock.utc_now)
        day = Day(reads.traffic(name, now, since=now - LAST_DAY).last_day(now))
        recent = bad_ones(reads.recent(name, day.window.start, READ))
    return Found(of_table([states[name]], stored, (), ()), tuple(identities), tuple(changes), day, recent)


def _print(found: Found, deployed: Deployed, now: datetime) -> None:
    console = answer_console()
    (region,) = found.view.regions
    with console.capture() as printed:
        console.print(Text.assemble((region.region, "bold"), f" · {deployed.named} · {moment(now)}"))
        console.print()
        print_matrix(console, found.view, now)
        _print_account(console, region.account)
        if found.identities:
            console.print()
            print_column(console, found.identities, now)
        print_findings(console, found.view.findings, now)
        print_feedback(console, region.region, found.day, found.recent)
        _print_changes(console, found.changes)
        console.print()
        said = answer(found.view) if region.verdict is not Verdict.IDLE else "SES is not used here."
        of_severity = summary(found.view.findings)
        console.print(Text(f"{said} {f'Open: {of_severity}.' if of_severity else 'Nothing is open.'}", "bold"))
    write(printed.get())


def _print_account(console: Console, account: AccountFacts | None) -> None:
    if account is None:
        return
    reasons = account.suppressed_reasons
    facts = [
        f"review {line(account.review_status, 40)}" if account.review_status else "",
        "" if account.sending_enabled is None else f"sending {'on' if account.sending_enabled else 'off'}",
        "" if reasons is None else f"suppression list {' and '.join(line(each, 20) for each in reasons) or 'off'}",
        f"as of {moment(account.seen_at)}",
    ]
    console.print()
    console.print(Text(f"Account: {', '.join(filter(None, facts))}.", "dim"))


def _print_changes(console: Console, changes: Sequence[Change]) -> None:
    console.print()
    if not changes:
        console.print(Text(f"Nothing changed in the last {PERIOD.days} days.", "dim"))
        return
    console.print(Text(f"CHANGES in the last {PERIOD.days} days", "bold"))
    for change in changes[:MOST_CHANGES]:
        subject = "" if change.subject == ACCOUNT else f"  {line(change.subject, 120)}"
        row = Text.assemble(
            f"  {change.at:%d %b %H:%M}  ",
            f"{change.transition.value:<8}  ",
            (change.severity.name, STYLES[change.severity]),
            f"  {line(change.tag, 60)}",
            (subject, "dim"),
        )
        console.print(row, no_wrap=True, overflow="ellipsis")
    if len(changes) > MOST_CHANGES:
        console.print(Text(f"  and {counted(len(changes) - MOST_CHANGES, 'more', 'more')} (--json has them)", "dim"))
