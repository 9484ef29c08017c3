"""SES refuses single mails for what is in them: too big, an address that is none, nobody to send to."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS
from ses_monitor.checks.rejection import findings, until_mended
from ses_monitor.core.check import Check, Conclusion
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import RefusedSender

CAUSES = (
    until_mended("MESSAGE_TOO_LONG", Severity.NOTICE),
    until_mended("ADDRESS_INVALID", Severity.NOTICE),
    until_mended("ADDRESS_UNKNOWN", Severity.NOTICE),
    until_mended("NO_RECIPIENTS", Severity.NOTICE),
    until_mended("INVALID_PARAMETER", Severity.NOTICE),
)


def evaluate(sender: RefusedSender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of each cause for which mail was refused lately."""
    return findings(CAUSES, sender, snapshot)


CHECK = Check(
    id="rejection.messages",
    scope=Scope.REJECTION,
    title="Mails are made as SES takes them",
    needs=READS,
    diagnoses=tuple(cause.diagnosis for cause in CAUSES),
    evaluate=evaluate,
)
