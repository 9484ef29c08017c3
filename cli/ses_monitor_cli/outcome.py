"""What the command's exit status says, and how a failure to look becomes one sentence instead of a traceback."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable
from enum import IntEnum, StrEnum

import typer
from typer.core import TyperGroup

from ses_monitor.core.model import Severity
from ses_monitor.core.verdict import Verdict
from ses_monitor_cli.terminal import say
from ses_monitor_cli.view import View


class ExitStatus(IntEnum):
    """docs/cli.md explains them to people."""

    NOTHING_WRONG = 0
    FINDINGS = 1
    BAD_USAGE = 2
    COULD_NOT_LOOK = 3


class Level(StrEnum):
    """The severities as `--fail-on` takes them."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def severity(self) -> Severity:
        """The severity of this name."""
        return Severity[self.name]


class CannotLookError(Exception):
    """Nothing could be learned. The message is one sentence that says why, and what to do."""


def status_of(view: View, fail_on: Level) -> ExitStatus:
    """Return the exit status for what was seen. Findings weigh more than regions that could not be seen."""
    if any(finding.severity >= fail_on.severity for finding in view.findings):
        return ExitStatus.FINDINGS
    return ExitStatus.NOTHING_WRONG if saw_anything(view.regions_verdicts) else ExitStatus.COULD_NOT_LOOK


def saw_anything(verdicts: Iterable[Verdict]) -> bool:
    """Tell whether at least one region could be judged."""
    return any(verdict is not Verdict.UNKNOWN for verdict in verdicts)


class AnsweringGroup(TyperGroup):
    """Makes sure that status 1 means findings and nothing else, whatever goes wrong in a verb."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override] # typer's own base names a private class
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except CannotLookError as error:
            say(f"ses-monitor: {error}")
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception:  # noqa: BLE001 - a bug; Python's own exit status for it would claim findings
            traceback.print_exc(file=sys.stderr)
            say("ses-monitor: this is a bug of the command, not a state of your account.")
        raise typer.Exit(ExitStatus.COULD_NOT_LOOK)
