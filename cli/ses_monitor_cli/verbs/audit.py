"""`ses-monitor audit`: look at SES now, with the caller's own credentials. Nothing needs to be deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, moment
from ses_monitor.audit.deadlines import Deadlines, ImpatientReader, find_regions_soon
from ses_monitor.audit.once import HEALTHY_IN_DEPTH, Look, Readers, look
from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import Clients
from ses_monitor.collect.dns import DnsSettings
from ses_monitor.collect.identities import AwsIdentityReader
from ses_monitor.collect.pacing import RATE, Pacer
from ses_monitor.core.verdict import Verdict
from ses_monitor_cli import aws, clock, document
from ses_monitor_cli.answer import answer
from ses_monitor_cli.details import print_findings, print_unseen
from ses_monitor_cli.matrix import print_matrix
from ses_monitor_cli.options import AsJson, DnsPort, FailOn, Resolvers, check_regions, dns_settings, prover
from ses_monitor_cli.outcome import CannotLookError, Level, saw_anything, status_of
from ses_monitor_cli.terminal import answer_console, progress, say, write
from ses_monitor_cli.view import View, of_reports


def audit(  # noqa: PLR0913, PLR0917 - each is an option of the command
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
    no_dns: Annotated[bool, typer.Option("--no-dns", help="Ask no DNS: SES alone.")] = False,
    resolver: Resolvers = None,
    dns_port: DnsPort = None,
    in_depth: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help=f"Healthy identities read in depth in each region, a second each; unhealthy ones always are."
            f" Default: {HEALTHY_IN_DEPTH}.",
            show_default=False,
        ),
    ] = HEALTHY_IN_DEPTH,
    pace: Annotated[
        float,
        typer.Option(
            metavar="RATE",
            min=0.05,
            max=1000,
            help=f"Requests a second of each operation in each region; SES allows 1. Default: {RATE}.",
            show_default=False,
        ),
    ] = RATE,
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
    settings = None if no_dns else dns_settings(resolver or (), dns_port)

    view = _look(clients, _Asked(home, wanted, frozenset(sending), in_depth, pace, settings))
    if as_json:
        write(document.to_text(document.of_audit(view)))
    elif view.findings or saw_anything(view.regions_verdicts) or len(_reasons(view)) > 1:
        _print(view, account.known)
    _say_what_is_missing(view)
    raise typer.Exit(status_of(view, fail_on))


@dataclass(frozen=True, slots=True)
class _Asked:
    home: str
    wanted: tuple[str, ...]
    sending: frozenset[str]
    in_depth: int
    pace: float
    dns: DnsSettings | None


def _look(clients: Clients, asked: _Asked) -> View:
    deadlines = Deadlines()
    readers = Readers(
        accounts=ImpatientReader(AwsAccountReader(clients), deadlines),
        identities=AwsIdentityReader(clients, Pacer(asked.pace, sleep=deadlines.sleep)),
        prover=None if asked.dns is None else prover(asked.dns),
    )
    try:
        with progress() as line:
            regions = find_regions_soon(clients, asked.home, asked.wanted, deadlines)
            what = Look(regions, asked.home, asked.sending, clock.utc_now(), healthy_in_depth=asked.in_depth)
            seen = look(readers, what, line, _crashed)
    finally:
        deadlines.give_up()
    skipped = [*regions.skipped, *seen.disabled]
    if not seen.reports:
        raise CannotLookError(f"there is no region to look at: {counted(len(skipped), 'region')} not enabled.")
    return of_reports(seen.reports, skipped)


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
        _print_coverage(console, view)
        print_findings(console, view.findings, now)
        print_unseen(console, view.unseen)
        console.print()
        console.print(Text(answer(view), "bold"))
    write(printed.get())


def _print_coverage(console: Console, view: View) -> None:
    """Say how much was looked at: what was not read in depth may hide something."""
    seen = [each for each in view.coverage if each.identities or each.configuration_sets]
    if not seen:
        return
    identities, in_depth = sum(each.identities for each in seen), sum(each.in_depth for each in seen)
    proven = sum(each.proven for each in seen)
    sets, sets_read = sum(each.configuration_sets for each in seen), sum(each.sets_read for each in seen)
    in_dns = f"{_share(proven, identities)} asked about in the DNS" if proven else "the DNS was not asked"
    rows = [
        f"Identities: {identities} in {counted(len(seen), 'region')}, {_share(in_depth, identities)} read in depth;"
        f" {in_dns}."
    ]
    if sets:
        rows.append(f"Configuration sets: {sets}, {_share(sets_read, sets)} read.")
    console.print()
    for row in rows:
        console.print(Text(row, "dim"))


def _share(part: int, whole: int) -> str:
    return "all" if part == whole else str(part)


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
