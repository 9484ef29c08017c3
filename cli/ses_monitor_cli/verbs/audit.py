"""`ses-monitor audit`: look at SES now, with the caller's own credentials. Nothing needs to be deployed."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from ses_monitor.alerts.words import counted, moment
from ses_monitor.audit.once import Deadlines, ImpatientReader, Look, Report, find_regions_soon, look
from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import Clients
from ses_monitor.core.verdict import Verdict
from ses_monitor_cli import aws, clock, document
from ses_monitor_cli.answer import answer
from ses_monitor_cli.details import print_findings, print_unseen
from ses_monitor_cli.matrix import print_matrix
from ses_monitor_cli.options import AsJson, FailOn, check_regions
from ses_monitor_cli.outcome import CannotLookError, Level, saw_anything, status_of
from ses_monitor_cli.terminal import answer_console, progress, say, write
from ses_monitor_cli.view import View, of_reports


def audit(
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="REGION", help="Only this region; repeat for more. Default: all enabled for the account."),
    ] = None,
    sending_region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGION", help="A region meant for sending, though nothing was sent from it yet; repeat for more."
        ),
    ] = None,
    no_dns: Annotated[  # noqa: ARG001 - accepted so that scripts need no change when the DNS proof comes
        bool,
        typer.Option("--no-dns", help="Ask no DNS. So far no audit does: the DNS proof comes with the identities."),
    ] = False,
    fail_on: FailOn = Level.ERROR,
    as_json: AsJson = False,
) -> None:
    """Can SES deliver a stranger's mail now, and if not, why? Reads SES in every region with your own credentials.

    Needs no deployment and changes nothing. Exit status: 0 nothing wrong, 1 findings at or above --fail-on, 2 bad
    usage, 3 could not look.
    """
    session = aws.open_session()
    known = aws.known_regions(session, "sesv2")
    wanted = check_regions(region or (), known, "--region")
    sending = check_regions(sending_region or (), known, "--sending-region")
    aws.check_credentials(session)
    home = aws.home_region(session, wanted, known)
    clients = aws.make_clients(session, home)
    account = aws.AccountNumber(session, home)

    view = _look(clients, home, wanted, frozenset(sending))
    if as_json:
        write(document.to_text(document.of_audit(view)))
    elif view.findings or saw_anything(view.regions_verdicts) or len(_reasons(view)) > 1:
        _print(view, account.known)
    _say_what_is_missing(view)
    raise typer.Exit(status_of(view, fail_on))


def _look(clients: Clients, home: str, wanted: tuple[str, ...], sending: frozenset[str]) -> View:
    deadlines = Deadlines()
    reader = ImpatientReader(AwsAccountReader(clients), deadlines)
    reports: list[Report] = []
    try:
        with progress() as line:
            regions = find_regions_soon(clients, home, wanted, deadlines)
            line.expect("Reading SES", regions.audited)
            skipped = list(regions.skipped)
            asked = Look(regions, home, sending, clock.utc_now())
            for name, report in look(reader, asked, _crashed):
                line.done(name)
                if report is None:
                    skipped.append(name)
                else:
                    reports.append(report)
    finally:
        deadlines.give_up()
    if not reports:
        raise CannotLookError(f"there is no region to look at: {counted(len(skipped), 'region')} not enabled.")
    return of_reports(reports, skipped)


def _crashed(region: str, error: BaseException) -> None:
    say(f"ses-monitor: reading {region} failed in a way that was not foreseen: {error!r}")


def _print(view: View, account: str) -> None:
    console = answer_console()
    now = clock.utc_now()
    whose = f"account {account} · " if account else ""
    with console.capture() as printed:
        regions = counted(len(view.regions), "region")
        console.print(Text.assemble(("Amazon SES", "bold"), f" · {whose}{regions} · {moment(now)}"))
        console.print()
        print_matrix(console, view, now)
        print_findings(console, view.findings, now)
        print_unseen(console, view.unseen)
        console.print()
        console.print(Text(answer(view), "bold"))
    write(printed.get())


def _say_what_is_missing(view: View) -> None:
    unknown = sum(verdict is Verdict.UNKNOWN for verdict in view.regions_verdicts)
    if unknown and unknown < len(view.regions):
        say(f"ses-monitor: {counted(unknown, 'region')} could not be judged.")
    elif unknown:
        why, reason = next(iter(_reasons(view).items()), ("", "no reason given"))
        say(f"ses-monitor: {aws.explained(why, reason)}")


def _reasons(view: View) -> dict[str, str]:
    """Return each kind of blindness that comes first in some region, with what was said there."""
    first = {each.region: each for each in reversed(view.unseen)}
    return {each.why: each.reason for each in reversed(first.values())}
