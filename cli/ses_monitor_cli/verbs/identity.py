"""`ses-monitor identity`: one identity in every region, as the deployed monitor's table has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from ses_monitor.alerts.words import counted, line, moment
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.model import Severity
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor_cli import clock, document, names
from ses_monitor_cli.deployed import Deployed, StackName, StackRegion, TableName, find_table, reading
from ses_monitor_cli.details import print_findings, summary
from ses_monitor_cli.feedback import Day, print_days
from ses_monitor_cli.identities import is_in_order, print_row
from ses_monitor_cli.options import AsJson, FailOn
from ses_monitor_cli.outcome import CannotLookError, ExitStatus, Level
from ses_monitor_cli.terminal import answer_console, write
from ses_monitor_cli.view import FindingView, by_urgency, of_stored


def identity(  # noqa: PLR0917 - each is an option of the command
    name: Annotated[str, typer.Argument(metavar="NAME", help="A domain or a mail address.")],
    stack_name: StackName = None,
    table: TableName = None,
    region: StackRegion = None,
    fail_on: FailOn = Level.ERROR,
    as_json: AsJson = False,
) -> None:
    """How does this identity stand in each region: verification, DKIM, MAIL FROM, DNS, feedback, and what is open?

    Reads the deployed monitor's table. Exit status: 0 nothing wrong, 1 findings at or above --fail-on, 2 bad usage,
    3 could not look: the table cannot be read, or knows no such identity.
    """
    try:
        wanted = names.identity_name(name)
    except names.NotANameError as error:
        msg = f"{name[:80]!r} {error}"
        raise typer.BadParameter(msg, param_hint="NAME") from error
    deployed = find_table(stack_name, table, region)
    now = clock.utc_now()
    states, findings, days = _read(deployed, dict.fromkeys((wanted, name.strip())), now)
    if not states and not findings:
        msg = f"{deployed.named} knows no identity {line(wanted, 200)}. Say it as SES does, or wait for the next audit."
        raise CannotLookError(msg)
    if as_json:
        write(document.to_text(document.of_identity(wanted, states, findings, days)))
    else:
        _print(wanted, deployed, states, findings, days, now)
    worst = max((finding.severity for finding in findings), default=Severity(Severity.INFO))
    found = bool(findings) and worst >= fail_on.severity
    raise typer.Exit(ExitStatus.FINDINGS if found else ExitStatus.NOTHING_WRONG)


def _read(
    deployed: Deployed, spellings: dict[str, None], now: datetime
) -> tuple[list[IdentityState], tuple[FindingView, ...], dict[str, Day]]:
    """Read what is stored under the first of these spellings that the table knows, and its last day in each region."""
    reads = FeedbackReads(deployed.client, deployed.table, clock=clock.utc_now)
    with reading(deployed):
        for spelling in spellings:
            states = deployed.queries.identity(spelling)
            stored = deployed.queries.findings_of(spelling)
            if states or stored:
                days = {each.region: Day(reads.sender(each.region, each.name, now).last_day(now)) for each in states}
                return states, by_urgency(map(of_stored, stored)), days
    return [], (), {}


def _print(  # noqa: PLR0917 - each is a part of what is printed
    name: str,
    deployed: Deployed,
    states: Sequence[IdentityState],
    findings: Sequence[FindingView],
    days: Mapping[str, Day],
    now: datetime,
) -> None:
    console = answer_console()
    with console.capture() as printed:
        console.print(Text.assemble((line(name, 320), "bold"), f" · {deployed.named} · {moment(now)}"))
        if states:
            console.print()
            print_row(console, states, now)
        print_days(console, days)
        print_findings(console, findings, now)
        console.print()
        console.print(Text(f"{_answer(states)} {_open(findings)}".strip(), "bold"))
    write(printed.get())


def _answer(states: Sequence[IdentityState]) -> str:
    if not states:
        return "It is in no region any more."
    fine = sum(map(is_in_order, states))
    regions = counted(len(states), "region")
    if fine == len(states):
        return f"In order in its {regions}." if len(states) > 1 else "In order in its one region."
    return f"In order in {fine} of {regions}."


def _open(findings: Sequence[FindingView]) -> str:
    found = summary(findings)
    return f"Open: {found}." if found else "Nothing is open."
