"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

import typer

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
