"""An account can pause itself, by hand or by an alarm, and be forgotten in that state."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Impact, Step
from ses_monitor.core.model import Scope, Severity, Snapshot

SENDING_PAUSED = Diagnosis(
    tag="SENDING_PAUSED",
    severities=(Severity.CRITICAL,),
    message="Sending is switched off for SES in {region}: every send is refused.",
    cause="Somebody, or an automatic rule, in your own account paused it. AWS's enforcement status is {enforcement},"
    " so this is not AWS's pause.",
    steps=(
        Step(
            "See who switched it off, and why:",
            command="aws cloudtrail lookup-events --region {region} --lookup-attributes"
            " AttributeKey=EventName,AttributeValue=PutAccountSendingAttributes",
        ),
        Step(
            "Look under UpdateAccountSendingEnabled too: it is the same switch in the older API.",
            command="aws cloudtrail lookup-events --region {region} --lookup-attributes"
            " AttributeKey=EventName,AttributeValue=UpdateAccountSendingEnabled",
        ),
        Step(
            "When the reason is gone, switch it on:",
            command="aws sesv2 put-account-sending-attributes --region {region} --sending-enabled",
        ),
    ),
    impact=Impact.REGION_STOPPED,
    references=("https://docs.aws.amazon.com/ses/latest/dg/monitoring-sender-reputation-pausing.html",),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude a pause only when it is the owner's; AWS's own switches sending off as well."""
    account = snapshot.account.get()
    if account.sending_enabled.get():
        return
    enforcement = account.enforcement.get()
    if enforcement != "SHUTDOWN":
        yield SENDING_PAUSED.on(snapshot, enforcement=enforcement)


CHECK = Check(
    id="account.sending_enabled",
    scope=Scope.ACCOUNT,
    title="Sending is switched on",
    needs=frozenset({"ses:GetAccount"}),
    diagnoses=(SENDING_PAUSED,),
    evaluate=evaluate,
)
