"""A paused configuration set refuses every mail that names it, or that falls to it by default."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.identity import named
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.identity import ConfigurationSet
from ses_monitor.core.model import Scope, Severity, Snapshot

CONFIGURATION_SET_PAUSED = Diagnosis(
    tag="CONFIGURATION_SET_PAUSED",
    severities=(Severity.WARNING, Severity.CRITICAL),
    message="The configuration set {subject} in {region} is paused: every mail that uses it is refused. {used_by}",
    cause="Somebody, or an automatic rule, in your own account switched sending off for it; AWS does not do that.",
    steps=(
        Step(
            "See who switched it off, and why:",
            command="aws cloudtrail lookup-events --region {region} --lookup-attributes"
            " AttributeKey=EventName,AttributeValue=PutConfigurationSetSendingOptions",
        ),
        Step(
            "Look under UpdateConfigurationSetSendingEnabled too: it is the same switch in the older API.",
            command="aws cloudtrail lookup-events --region {region} --lookup-attributes"
            " AttributeKey=EventName,AttributeValue=UpdateConfigurationSetSendingEnabled",
        ),
        Step(
            "When the reason is gone, switch it on:",
            command="aws sesv2 put-configuration-set-sending-options --region {region}"
            " --configuration-set-name {subject} --sending-enabled",
        ),
    ),
    references=("https://docs.aws.amazon.com/ses/latest/dg/monitoring-sender-reputation-pausing.html",),
)


def evaluate(each: ConfigurationSet, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude a pause; it stops mail for certain where an identity uses the set by default."""
    if each.sending_enabled.get():
        return
    users = sorted(each.default_of)
    yield CONFIGURATION_SET_PAUSED.on(
        snapshot,
        each.name,
        severity=Severity.CRITICAL if users else Severity.WARNING,
        used_by=f"By default that is all mail from {named(users)}."
        if users
        else "No identity is known to use it by default.",
    )


CHECK = Check(
    id="configuration_set.sending",
    scope=Scope.CONFIGURATION_SET,
    title="The configuration set lets mail through",
    needs=frozenset({"ses:ListConfigurationSets", "ses:GetConfigurationSet", "ses:GetEmailIdentity"}),
    diagnoses=(CONFIGURATION_SET_PAUSED,),
    evaluate=evaluate,
)
