"""SES refuses mail because an address in it is not verified: the sender's, the Return-Path's, or a recipient's.

Which it is, and where it is verified instead, was looked up in what the audits know when the refusal was told. One
refusal is enough: the next mail is refused likewise.
"""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS
from ses_monitor.checks.rejection import findings, until_mended
from ses_monitor.core.check import Check, Conclusion
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import RefusedSender

CAUSES = (
    until_mended("RECIPIENT_UNVERIFIED_SANDBOX", Severity.ERROR),
    until_mended("SENDER_UNVERIFIED", Severity.ERROR),
    until_mended("SENDER_VERIFIED_IN_OTHER_REGION", Severity.ERROR),
    until_mended("SENDER_PENDING", Severity.ERROR),
    until_mended("RETURN_PATH_UNVERIFIED", Severity.ERROR),
    until_mended("IDENTITY_UNVERIFIED", Severity.ERROR),
)


def evaluate(sender: RefusedSender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of each cause for which mail was refused lately."""
    return findings(CAUSES, sender, snapshot)


CHECK = Check(
    id="rejection.identities",
    scope=Scope.REJECTION,
    title="Addresses are verified where the mail is sent",
    needs=READS,
    diagnoses=tuple(cause.diagnosis for cause in CAUSES),
    evaluate=evaluate,
)
