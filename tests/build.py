"""A healthy world, to be changed one fact at a time, and the table of cases of a check."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ses_monitor.core.model import Account, Memory, Quota, Reputation, Review, SendPoint, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
REGION = "eu-west-1"
ACCOUNT_ID = "111122223333"

HEALTHY_ACCOUNT = Account(
    production_access=Known(value=True),
    sending_enabled=Known(value=True),
    enforcement=Known("HEALTHY"),
    quota=Known(Quota(max_24_hours=50_000, max_per_second=14, sent_last_24_hours=9_600)),
    suppressed_reasons=Known(frozenset({"BOUNCE", "COMPLAINT"})),
    review=Known(Review("GRANTED", "172000000000001")),
    mail_type="TRANSACTIONAL",
    website_url="https://shop.example.com/",
)
HEALTHY_REPUTATION = Reputation(bounce_rate=Known(0.004), complaint_rate=Known(0.0001), busiest_minute=Known(60.0))
EVENLY_SENT = tuple(SendPoint(NOW - timedelta(minutes=15) * n, attempts=100) for n in range(96, 0, -1))
"""A hundred mails in each quarter of an hour of the last day."""
SENT_EVENLY = Known(EVENLY_SENT)

HEALTHY = Snapshot(
    account_id=ACCOUNT_ID,
    region=REGION,
    taken_at=NOW,
    account=Known(HEALTHY_ACCOUNT),
    statistics=SENT_EVENLY,
    sent_recently=Known(value=True),
    has_verified_identity=Known(value=True),
    reputation=Known(HEALTHY_REPUTATION),
    enabled_regions=Known(frozenset({REGION, "us-east-1"})),
)

THROTTLED = Missing(
    Blindness.THROTTLED, "ses:GetAccount in eu-west-1 was throttled (TooManyRequestsException: slow)", "ses:GetAccount"
)
NOT_SAID = Missing(Blindness.NOT_IN_ANSWER, "SES in eu-west-1 did not say it", "ses:GetAccount")
NO_DATA = Missing(Blindness.NO_DATA, "CloudWatch has no such metric", "cloudwatch:GetMetricData")
NOT_ASKED = Missing(Blindness.NOT_APPLICABLE, "not asked")

HOSTILE = "<!channel>\n…{subject}\u202e'; rm -rf ~ #\ud800" * 1000
"""What an attacker, or a bug, might put where a short word belongs."""

BLIND = replace(HEALTHY, account=THROTTLED)


NEVER_MISSING = {"mail_type", "website_url"}


def observed(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: fact if name in NEVER_MISSING or isinstance(fact, (Known, Missing)) else Known(fact)
        for name, fact in facts.items()
    }


def with_account(base: Snapshot = HEALTHY, **facts: Any) -> Snapshot:
    return replace(base, account=Known(replace(base.account.get(), **observed(facts))))


def with_quota(
    sent: float,
    limit: float = 50_000,
    *,
    per_second: float = 14,
    statistics: Observed[tuple[SendPoint, ...]] = SENT_EVENLY,
) -> Snapshot:
    return replace(with_account(quota=Quota(limit, per_second, sent)), statistics=statistics)


def with_reputation(base: Snapshot = HEALTHY, **facts: Any) -> Snapshot:
    return replace(base, reputation=Known(replace(HEALTHY_REPUTATION, **observed(facts))))


def unused(base: Snapshot) -> Snapshot:
    """Nothing of the region says that it is used."""
    quota = replace(base.account.get().quota.get(), sent_last_24_hours=0)
    return replace(
        with_account(base, quota=quota),
        statistics=Missing(Blindness.NOT_APPLICABLE, "not asked"),
        reputation=Missing(Blindness.NOT_APPLICABLE, "not asked"),
        sent_recently=Known(value=False),
        has_verified_identity=Known(value=False),
    )


def sandbox(**facts: Any) -> Snapshot:
    """In the sandbox and in use: an identity is verified."""
    facts = {"production_access": False, "review": Known(None), **facts}
    return replace(unused(with_account(**facts)), has_verified_identity=Known(value=True))


def remembering(base: Snapshot, **facts: Any) -> Snapshot:
    return replace(base, memory=Memory(**facts))


@dataclass(frozen=True, slots=True)
class Case:
    """One situation and all that a check has to say of it.

    `holding` are the tags that only keep an open finding open. `severities` names those that are not the usual
    ones. `says` are words that must be found somewhere in the findings.
    """

    name: str
    snapshot: Snapshot
    tags: tuple[str, ...] = ()
    unknown: bool = False
    undecided: tuple[str, ...] = ()
    holding: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    says: tuple[str, ...] = ()
