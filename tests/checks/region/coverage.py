"""Cases of region.coverage, whose subject is blindness: it is never blind itself."""

from dataclasses import replace

from ses_monitor.core.observed import Blindness, Missing
from tests.build import BLIND, HEALTHY, HOSTILE, NO_DATA, NOT_SAID, Case, unused, with_account, with_reputation

NOT_READABLE = ("REGION_NOT_READABLE",)
DENIED_BY_SCP = Missing(
    Blindness.DENIED,
    "ses:GetAccount in eu-west-1 is denied (AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/ses-monitor"
    " is not authorized to perform: ses:GetAccount on resource: * with an explicit deny in a service control policy)",
    "ses:GetAccount",
)


def cannot(why: Blindness, reason: str = "because", action: str = "ses:GetAccount") -> Missing:
    return Missing(why, reason, action)


CASES = [
    Case("healthy", HEALTHY),
    Case("an unused region", unused(HEALTHY)),
    Case("throttled", BLIND, NOT_READABLE, says=("throttled", "one control request a second")),
    Case(
        "denied by a service control policy",
        replace(HEALTHY, account=DENIED_BY_SCP),
        NOT_READABLE,
        says=("Allow ses:GetAccount", "service control policy", "explicit deny"),
    ),
    *(
        Case(f"blind: {why}", replace(HEALTHY, account=cannot(why)), NOT_READABLE if why.is_failure else ())
        for why in Blindness
    ),
    Case(
        "only the statistics are denied",
        replace(HEALTHY, statistics=cannot(Blindness.DENIED, action="ses:GetSendStatistics")),
        NOT_READABLE,
        says=("Allow ses:GetSendStatistics",),
    ),
    Case(
        "only the identities are denied",
        replace(HEALTHY, has_verified_identity=cannot(Blindness.DENIED, action="ses:ListEmailIdentities")),
        NOT_READABLE,
        says=("Allow ses:ListEmailIdentities",),
    ),
    Case("only CloudWatch times out", replace(HEALTHY, reputation=cannot(Blindness.TIMED_OUT)), NOT_READABLE),
    Case(
        "the account's regions cannot be listed",
        replace(HEALTHY, enabled_regions=cannot(Blindness.DENIED, action="account:ListRegions")),
        NOT_READABLE,
        says=("Allow account:ListRegions",),
    ),
    Case(
        "a reason without an action",
        replace(HEALTHY, account=cannot(Blindness.DENIED, action="")),
        NOT_READABLE,
        says=("Allow the reading action",),
    ),
    Case("a hostile reason", replace(HEALTHY, account=cannot(Blindness.DENIED, HOSTILE)), NOT_READABLE),
    Case("a part that SES left out is an answer", with_account(enforcement=NOT_SAID)),
    Case("a metric without data is an answer", with_reputation(bounce_rate=NO_DATA)),
]
