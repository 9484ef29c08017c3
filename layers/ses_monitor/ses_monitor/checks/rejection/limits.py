"""SES refuses what is more than the account may send or ask: a day, a second, at once.

Rates are reached in ones every day, and whoever tries again succeeds: ten refusals in two hours are a finding. Of the
daily quota one is enough, because what is refused must wait for hours.
"""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS
from ses_monitor.checks.rejection import findings, passing
from ses_monitor.core.check import Check, Conclusion
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import RefusedSender

# That the quota is used up is CRITICAL of `account.quota`; this tells that mail was refused for it.
CAUSES = (
    passing("DAILY_QUOTA_EXCEEDED", Severity.ERROR, opens=1),
    passing("SEND_RATE_EXCEEDED", Severity.WARNING),
    passing("API_RATE_EXCEEDED", Severity.WARNING),
    passing("TOO_MANY_CONNECTIONS", Severity.WARNING),
)


def evaluate(sender: RefusedSender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of each cause for which mail was refused lately."""
    return findings(CAUSES, sender, snapshot)


CHECK = Check(
    id="rejection.limits",
    scope=Scope.REJECTION,
    title="Mail stays within the account's limits",
    needs=READS,
    diagnoses=tuple(cause.diagnosis for cause in CAUSES),
    evaluate=evaluate,
)
