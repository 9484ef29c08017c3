"""SES itself fails for a moment, or waits for the client in vain: everyday in ones, a finding from ten in two hours."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS
from ses_monitor.checks.rejection import findings, passing
from ses_monitor.core.check import Check, Conclusion
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import RefusedSender

CAUSES = (
    passing("SES_TEMPORARY_FAILURE", Severity.WARNING),
    passing("CLIENT_TIMEOUT", Severity.NOTICE),
    passing("AUTHENTICATION_TEMPORARY_FAILURE", Severity.WARNING),
)


def evaluate(sender: RefusedSender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of each cause for which mail was refused lately."""
    return findings(CAUSES, sender, snapshot)


CHECK = Check(
    id="rejection.service",
    scope=Scope.REJECTION,
    title="SES takes the mail at the first try",
    needs=READS,
    diagnoses=tuple(cause.diagnosis for cause in CAUSES),
    evaluate=evaluate,
)
