"""Above the maximum send rate SES refuses with "Maximum sending rate exceeded", mail by mail."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.core.bands import Band, bands_of
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.model import Scope, Severity, Snapshot

NEAR = (Band(opens=0.80, closes=0.70, label=Severity.WARNING),)

SEND_RATE_NEAR_LIMIT = Diagnosis(
    tag="SEND_RATE_NEAR_LIMIT",
    severities=(Severity.WARNING,),
    message="The busiest minute of the last hour in {region} averaged at least {rate:.1f} mails a second,"
    " {percent:.0f} % of the limit of {limit:g}.",
    cause="Sending comes in bursts near the maximum rate. The average of a minute is a lower bound: single seconds"
    " were busier, and some mail may have been refused already with a throttling error.",
    steps=(
        Step("Let the sender pace itself below {limit:g} recipients a second, and retry throttled mail with back-off."),
        Step(
            "Ask for a higher sending rate in this region:",
            url="https://{region}.console.aws.amazon.com/servicequotas/home/services/ses/quotas?region={region}",
        ),
    ),
    measures=True,
    references=("https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html",),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Compare the busiest minute with the maximum send rate."""
    limit = snapshot.account.get().quota.get().max_per_second
    if limit <= 0:
        return
    busiest = snapshot.reputation.get().busiest_minute.get()
    # One division: of 672 mails at 14 a second, 672 / 60 / 14 is less than 0.8.
    used = busiest / (60 * limit)
    for severity, holds_only in bands_of(used, NEAR):
        yield SEND_RATE_NEAR_LIMIT.on(
            snapshot,
            severity=severity,
            holds_only=holds_only,
            rate=busiest / 60,
            limit=limit,
            percent=used * 100,
        )


CHECK = Check(
    id="account.send_rate",
    scope=Scope.ACCOUNT,
    title="The send rate stays below its limit",
    needs=frozenset({"ses:GetAccount", "cloudwatch:GetMetricData"}),
    diagnoses=(SEND_RATE_NEAR_LIMIT,),
    evaluate=evaluate,
)
