"""With metrics of its own a configuration set shows which mail spoils the reputation of the whole region."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.identity import ConfigurationSet
from ses_monitor.core.model import Scope, Severity, Snapshot

REPUTATION_METRICS_OFF = Diagnosis(
    tag="REPUTATION_METRICS_OFF",
    severities=(Severity.NOTICE,),
    message="The configuration set {subject} in {region} has no bounce and complaint rates of its own.",
    cause="Reputation metrics are switched off for it. When the rates of the region rise, nothing tells whether mail"
    " with this set is the reason.",
    steps=(
        Step(
            "Switch them on (CloudWatch charges them as custom metrics):",
            command="aws sesv2 put-configuration-set-reputation-options --region {region}"
            " --configuration-set-name {subject} --reputation-metrics-enabled",
        ),
    ),
    references=("https://docs.aws.amazon.com/ses/latest/dg/monitor-sender-reputation.html",),
)


def evaluate(each: ConfigurationSet, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude that the metrics are off."""
    if not each.reputation_metrics.get():
        yield REPUTATION_METRICS_OFF.on(snapshot, each.name)


CHECK = Check(
    id="configuration_set.reputation_metrics",
    scope=Scope.CONFIGURATION_SET,
    title="The configuration set has reputation metrics",
    needs=frozenset({"ses:ListConfigurationSets", "ses:GetConfigurationSet"}),
    diagnoses=(REPUTATION_METRICS_OFF,),
    evaluate=evaluate,
)
