"""SES does not let the caller in: no login, wrong or old credentials, no permission."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS
from ses_monitor.checks.rejection import findings, until_mended
from ses_monitor.core.check import Check, Conclusion
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import RefusedSender

CAUSES = (
    until_mended("SMTP_AUTHENTICATION_REQUIRED", Severity.ERROR),
    until_mended("SMTP_CREDENTIALS_INVALID", Severity.ERROR),
    until_mended("SMTP_CREDENTIALS_OLD", Severity.ERROR),
    until_mended("NOT_SUBSCRIBED", Severity.ERROR),
    until_mended("ACCESS_DENIED", Severity.ERROR),
)


def evaluate(sender: RefusedSender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of each cause for which mail was refused lately."""
    return findings(CAUSES, sender, snapshot)


CHECK = Check(
    id="rejection.access",
    scope=Scope.REJECTION,
    title="Whoever sends is allowed to",
    needs=READS,
    diagnoses=tuple(cause.diagnosis for cause in CAUSES),
    evaluate=evaluate,
)
