"""An application reports a refused send in words that are not among SES's known ones."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS
from ses_monitor.checks.rejection import findings, until_mended
from ses_monitor.core.check import Check, Conclusion
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import RefusedSender

# Nothing proves that it was SES: the message says only what was told.
CAUSES = (
    until_mended(
        "UNRECOGNISED",
        Severity.NOTICE,
        "Mail of {sender} in {region} was refused, in words that are not known here, {times} since {since}. {told}",
    ),
)


def evaluate(sender: RefusedSender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of it: a text that nobody knows is looked at by nobody otherwise."""
    return findings(CAUSES, sender, snapshot)


CHECK = Check(
    id="rejection.unrecognised",
    scope=Scope.REJECTION,
    title="What SES says is known here",
    needs=READS,
    diagnoses=tuple(cause.diagnosis for cause in CAUSES),
    evaluate=evaluate,
)
