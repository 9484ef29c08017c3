"""SES refuses all mail of the account in a region: AWS or the owner paused it."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS
from ses_monitor.checks.rejection import findings, until_mended
from ses_monitor.core.check import Check, Conclusion
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import RefusedSender

# Not CRITICAL, although nothing leaves: `account.enforcement` and `account.sending_enabled` wake somebody for the very
# same pause within minutes, and nobody is to be woken twice. These tell whose mail it cost.
CAUSES = (
    until_mended("ACCOUNT_PAUSED_BY_AWS", Severity.ERROR),
    until_mended("ACCOUNT_PAUSED_BY_OWNER", Severity.ERROR),
    until_mended("ACCOUNT_SUSPENDED", Severity.ERROR),
)


def evaluate(sender: RefusedSender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of each cause for which mail was refused lately."""
    return findings(CAUSES, sender, snapshot)


CHECK = Check(
    id="rejection.paused",
    scope=Scope.REJECTION,
    title="SES refuses no mail because the account is paused",
    needs=READS,
    diagnoses=tuple(cause.diagnosis for cause in CAUSES),
    evaluate=evaluate,
)
