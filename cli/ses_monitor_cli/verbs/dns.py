"""`ses-monitor dns`: the DNS proof of one domain, from what SES expects; no AWS is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import moment
from ses_monitor.audit.dns_once import Claim, Proven, prove_claim
from ses_monitor.collect.dns import DnsSettings
from ses_monitor.core import regions
from ses_monitor.core.observed import Missing
from ses_monitor_cli import clock, document, names
from ses_monitor_cli.details import print_findings, print_unseen, summary
from ses_monitor_cli.options import AsJson, DnsPort, FailOn, Resolvers, check_regions, dns_settings, prover
from ses_monitor_cli.outcome import ExitStatus, Level
from ses_monitor_cli.proof import print_proof
from ses_monitor_cli.terminal import answer_console, progress, say, write
from ses_monitor_cli.view import ProofView, of_proof


def dns(  # noqa: PLR0913, PLR0917 - each is an option of the command
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain that is, or shall be, an SES identity.")],
    dkim_token: Annotated[
        list[str] | None,
        typer.Option(metavar="TOKEN", help="A DKIM token that SES gave for the domain; repeat for each (three)."),
    ] = None,
    dkim_zone: Annotated[
        str,
        typer.Option(metavar="ZONE", help="Where the DKIM records point: SigningHostedZone. Default: the region's."),
    ] = "",
    txt_token: Annotated[
        str, typer.Option(metavar="TOKEN", help="The token of the older verification by a TXT record at _amazonses.")
    ] = "",
    mail_from: Annotated[
        str, typer.Option(metavar="HOST", help="The custom MAIL FROM domain, such as bounce.example.com.")
    ] = "",
    region: Annotated[str, typer.Option(metavar="REGION", help="The region of the identity.")] = "",
    resolver: Resolvers = None,
    dns_port: DnsPort = None,
    fail_on: FailOn = Level.ERROR,
    as_json: AsJson = False,
) -> None:
    """Does the DNS prove this domain to SES? Asks its own name servers, then the resolver; no AWS and no credentials.

    Without a --dkim-token it checks the name servers, DMARC, and what else is given. Exit status: 0 nothing wrong,
    1 findings at or above --fail-on, 2 bad usage, 3 could not look.
    """
    if region:
        check_regions((region,), regions.KNOWN, "--region")
    tokens = tuple(_name(names.dkim_token, each, "--dkim-token") for each in dkim_token or ())
    claim = Claim(
        domain=_name(names.domain_name, domain, "DOMAIN"),
        dkim_tokens=tuple(dict.fromkeys(tokens)),
        dkim_zone=_name(names.domain_name, dkim_zone, "--dkim-zone") if dkim_zone else "",
        txt_token=_name(names.txt_token, txt_token, "--txt-token") if txt_token else "",
        mail_from=_name(names.domain_name, mail_from, "--mail-from") if mail_from else "",
        region=region,
    )
    settings = dns_settings(resolver or (), dns_port)

    proven = _prove(claim, settings)
    view = of_proof(proven)
    if as_json:
        write(document.to_text(document.of_dns(view)))
    else:
        _print(proven, view)
    outcome = _status(proven, view, fail_on)
    if outcome is ExitStatus.COULD_NOT_LOOK:
        say(f"ses-monitor: {_why_nothing(proven, view)}")
    raise typer.Exit(outcome)


def _name(parse: Callable[[str], str], text: str, option: str) -> str:
    try:
        return parse(text)
    except names.NotANameError as error:
        msg = f"{text[:80]!r} {error}"
        raise typer.BadParameter(msg, param_hint=option) from error


def _prove(claim: Claim, settings: DnsSettings) -> Proven:
    with progress("Asking the DNS"):
        return prove_claim(claim, clock.utc_now(), prover(settings))


def _status(proven: Proven, view: ProofView, fail_on: Level) -> ExitStatus:
    if any(finding.severity >= fail_on.severity for finding in view.findings):
        return ExitStatus.FINDINGS
    return ExitStatus.NOTHING_WRONG if proven.saw_anything else ExitStatus.COULD_NOT_LOOK


def _why_nothing(proven: Proven, view: ProofView) -> str:
    reasons = [each.reason for each in view.unseen]
    if proven.proof is not None and isinstance(proven.proof.zone, Missing):
        reasons.insert(0, proven.proof.zone.reason)
    why = reasons[0] if reasons else "nothing answered"
    return f"nothing could be asked: {why}. Check the network, --resolver and --dns-port."


def _print(proven: Proven, view: ProofView) -> None:
    console = answer_console()
    now = clock.utc_now()
    with console.capture() as printed:
        where = f" · {proven.claim.region}" if proven.claim.region else ""
        console.print(Text.assemble(("DNS", "bold"), f" · {proven.claim.domain}{where} · {moment(now)}"))
        print_findings(console, view.findings, now)
        print_unseen(console, view.unseen)
        if proven.proof is not None:
            console.print()
            console.print(Text("ASKED", "bold"))
            print_proof(console, proven.proof)
        console.print()
        _print_sum(console, proven, view)
    write(printed.get())


def _print_sum(console: Console, proven: Proven, view: ProofView) -> None:
    found = summary(view.findings)
    if found:
        told = f"Found: {found}."
    elif view.unseen or not proven.saw_anything:
        told = "Nothing wrong was seen, but not everything could be decided."
    else:
        told = "The DNS proves all that was asked."
    console.print(Text(told, "bold"))
    left_out = _left_out(proven.claim)
    if left_out:
        console.print(Text(f"Not checked, because not given: {', '.join(left_out)}.", "dim"))


def _left_out(claim: Claim) -> list[str]:
    given = {
        "DKIM (--dkim-token)": claim.dkim_tokens,
        "MAIL FROM (--mail-from)": claim.mail_from,
    }
    return [what for what, value in given.items() if not value]
