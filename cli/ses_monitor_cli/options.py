"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Annotated

import typer

from ses_monitor.audit.dns_once import Prover
from ses_monitor.collect.dns import DnsSettings, DnsSettingsError, prove_now
from ses_monitor_cli.outcome import Level

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document (docs/cli.md) and nothing else.")]
FailOn = Annotated[
    Level,
    typer.Option(
        "--fail-on",
        metavar="LEVEL",
        case_sensitive=False,
        help="Exit with 1 when a finding is at least this bad: info, notice, warning, error, critical.",
    ),
]

Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="With this tag, such as DKIM_FAILED.")]
CheckName = Annotated[
    str | None, typer.Option("--check", metavar="CHECK", help="Of this check (identity.dkim) or family (identity).")
]
Subject = Annotated[
    str | None,
    typer.Option("--subject", metavar="PATTERN", help="On this subject; a shell pattern: 'shop.example.com', '*.com'."),
]

DnsPort = Annotated[
    int | None,
    typer.Option(metavar="PORT", min=1, max=65535, help="The port of authoritative servers. Default: 53."),
]
Resolvers = Annotated[
    list[str] | None,
    typer.Option(metavar="HOST[:PORT]", help="Ask this resolver; repeat for more. Default: the system's."),
]


def dns_settings(resolvers: Sequence[str], port: int | None) -> DnsSettings:
    """Return how to ask the DNS: as the environment says, and as the options say where they say it.

    Raises:
        typer.BadParameter: a resolver or a port cannot be one; it names what is accepted.
    """
    environment = dict(os.environ)
    if resolvers:
        environment["SES_MONITOR_RESOLVERS"] = ",".join(resolvers)
    if port is not None:
        environment["SES_MONITOR_DNS_PORT"] = str(port)
    try:
        return DnsSettings.from_environment(environment)
    except DnsSettingsError as error:
        hint = "--resolver" if resolvers else "the environment"
        raise typer.BadParameter(str(error), param_hint=hint) from error


def prover(settings: DnsSettings) -> Prover:
    """Return who asks the DNS as `settings` say."""
    return lambda asking, known: prove_now(asking, settings, known=known)


def check_regions(given: Sequence[str], known: Collection[str], option: str) -> tuple[str, ...]:
    """Return the regions given, each once.

    Raises:
        typer.BadParameter: one is not a region with SES; it names those that are.
    """
    for name in given:
        if name not in known:
            msg = f"{name[:60]!r} is not a region with SES. Regions with SES: {', '.join(sorted(known))}"
            raise typer.BadParameter(msg, param_hint=option)
    return tuple(dict.fromkeys(given))
