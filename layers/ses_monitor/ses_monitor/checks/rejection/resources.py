"""SES refuses mail that needs what is not there, or is switched off: configuration set, template, MAIL FROM domain."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS
from ses_monitor.checks.rejection import findings, until_mended
from ses_monitor.core.check import Check, Conclusion
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import RefusedSender

# `configuration_set.sending` and `identity.mail_from` wake somebody where all mail of an identity is refused.
CAUSES = (
    until_mended("CONFIGURATION_SET_PAUSED", Severity.ERROR),
    until_mended("CONFIGURATION_SET_MISSING", Severity.ERROR),
    until_mended("MAIL_FROM_UNVERIFIED", Severity.ERROR),
    until_mended("TEMPLATE_MISSING", Severity.ERROR),
)


def evaluate(sender: RefusedSender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of each cause for which mail was refused lately."""
    return findings(CAUSES, sender, snapshot)


CHECK = Check(
    id="rejection.resources",
    scope=Scope.REJECTION,
    title="What mail names exists and is switched on",
    needs=READS,
    diagnoses=tuple(cause.diagnosis for cause in CAUSES),
    evaluate=evaluate,
)
