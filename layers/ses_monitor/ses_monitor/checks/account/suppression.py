"""Without the account's suppression list, SES sends again and again to addresses that bounced or complained."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.model import Scope, Severity, Snapshot

REASONS = ("BOUNCE", "COMPLAINT")

SUPPRESSION_OFF = Diagnosis(
    tag="SUPPRESSION_OFF",
    severities=(Severity.NOTICE,),
    message="The account's suppression list in {region} is off for {missing}: SES keeps sending to such addresses.",
    cause="Accounts that used SES before 2019-11-25 start without it, and anyone may have switched it off.",
    steps=(
        Step(
            "Switch it on for both reasons:",
            command="aws sesv2 put-account-suppression-attributes --region {region}"
            " --suppressed-reasons BOUNCE COMPLAINT",
        ),
        Step("Leave it off only if every configuration set brings suppression options of its own."),
    ),
    references=("https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html",),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Name the reasons that are not suppressed, where SES is used."""
    reasons = snapshot.account.get().suppressed_reasons.get()
    missing = [reason for reason in REASONS if reason not in reasons]
    if missing and snapshot.in_use().get():
        yield SUPPRESSION_OFF.on(snapshot, missing=" and ".join(missing))


CHECK = Check(
    id="account.suppression",
    scope=Scope.ACCOUNT,
    title="Bounced and complaining addresses are suppressed",
    needs=frozenset({"ses:GetAccount", "ses:GetSendStatistics", "ses:ListEmailIdentities"}),
    diagnoses=(SUPPRESSION_OFF,),
    evaluate=evaluate,
)
