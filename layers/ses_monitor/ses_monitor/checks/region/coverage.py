"""Blindness that lasts is itself a finding: a region nobody can see is a region nobody watches."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Missing

REGION_NOT_READABLE = Diagnosis(
    tag="REGION_NOT_READABLE",
    severities=(Severity.WARNING,),
    message="SES in {region} cannot be read, or not all of it: {reason}",
    cause="{explanation} Whatever else is known of this region is as old as that.",
    steps=(
        Step("{advice}"),
        Step("Try the same read yourself:", command="aws sesv2 get-account --region {region}"),
        Step("Or, if nobody is meant to use this region, leave it out with the stack's Regions parameter."),
    ),
    open_after=3,
    measures=True,
)

_WORDS: dict[Blindness, tuple[str, str]] = {
    Blindness.DENIED: (
        "The monitor's role is not allowed to do it, or a service control policy of the organisation denies it.",
        "Allow {action} to the monitor's role; if the message names a service control policy, that must admit it too.",
    ),
    Blindness.CREDENTIALS: (
        "AWS did not accept the credentials in this region: expired, or not valid here yet.",
        "If the region was enabled only now, wait: IAM needs minutes to hours. Otherwise look at the role's session.",
    ),
    Blindness.THROTTLED: (
        "SES allows about one control request a second per region, and other tools of the account use it up.",
        "Find what calls the SES API so often (CloudTrail, event source ses.amazonaws.com) and slow it down.",
    ),
    Blindness.TIMED_OUT: (
        "SES in this region does not answer in time.",
        "Look at the AWS Health Dashboard for this region; in a VPC, look at routes and endpoints.",
    ),
    Blindness.UNREACHABLE: (
        "No connection to SES in this region could be made.",
        "Look at the AWS Health Dashboard for this region; in a VPC, look at routes, endpoints and DNS.",
    ),
}
_OTHERWISE = (
    "SES in this region answers with errors.",
    "Look at the AWS Health Dashboard for this region, and at the monitor's log for the whole error.",
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude that something here cannot be read; three audits in a row make it a finding."""
    blind = next(snapshot.blind_spots(), None)
    if blind is not None:
        yield _not_readable(snapshot, blind)


def _not_readable(snapshot: Snapshot, blind: Missing) -> Conclusion:
    explanation, advice = _WORDS.get(blind.why, _OTHERWISE)
    action = blind.action or "the reading action"
    return REGION_NOT_READABLE.on(
        snapshot,
        reason=blind.reason,
        explanation=explanation,
        advice=advice.format(action=action),
        action=action,
        why=blind.why.value,
    )


CHECK = Check(
    id="region.coverage",
    scope=Scope.REGION,
    title="The region can be read",
    needs=frozenset({"ses:GetAccount", "account:ListRegions"}),
    diagnoses=(REGION_NOT_READABLE,),
    evaluate=evaluate,
)
