"""A healthy world, to be changed one fact at a time, and the table of cases of a check."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ses_monitor.core.identity import (
    ConfigurationSet,
    Details,
    Dkim,
    EventDestination,
    Feedback,
    Identity,
    IdentityKind,
    IdentityMemory,
    MailFrom,
)
from ses_monitor.core.model import Account, Memory, Quota, Reputation, Review, SendPoint, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.traffic import (
    FailingTemplate,
    Notice,
    Noticed,
    NoticeKind,
    Refusals,
    RefusedSender,
    Sender,
    Tally,
    hour_of,
)

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


DOMAIN = "shop.example.com"
ADDRESS = "orders@shop.example.com"
DEFAULT_SET = "transactional"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:ses-feedback"
TOKENS = (
    "4mzhkyyrqyhjzaivkgprnjwtd7dyxjvv",
    "gnf2kuntzavlsrlvdlzrzhm5lkfyl2cr",
    "xplhsxkwqyyv6ylhngkymimfkzzjyqzt",
)
"""What SES gave the domain for Easy DKIM."""

HEALTHY_DKIM = Dkim("SUCCESS", signing_enabled=True, tokens=TOKENS)
HEALTHY_MAIL_FROM = MailFrom("bounce.shop.example.com", "SUCCESS", "REJECT_MESSAGE")
HEALTHY_FEEDBACK = Feedback(TOPIC, TOPIC, forwarding=False)
HEALTHY_DETAILS = Details(
    last_checked=NOW - timedelta(hours=2),
    last_success=NOW - timedelta(hours=2),
    dkim_origin="AWS_SES",
    hosted_zone="dkim.amazonses.com",
    key_length="RSA_2048_BIT",
    configuration_set=DEFAULT_SET,
)
HEALTHY_DOMAIN = Identity(
    name=DOMAIN,
    kind=IdentityKind.DOMAIN,
    verification_status="SUCCESS",
    txt_token=Known(""),
    dkim=Known(HEALTHY_DKIM),
    mail_from=Known(HEALTHY_MAIL_FROM),
    feedback=Known(HEALTHY_FEEDBACK),
    details=Known(HEALTHY_DETAILS),
    elsewhere=Known(()),
    memory=IdentityMemory(first_seen=NOW - timedelta(days=90), verification_since=NOW - timedelta(days=90)),
)
HEALTHY_ADDRESS = replace(
    HEALTHY_DOMAIN,
    name=ADDRESS,
    kind=IdentityKind.EMAIL_ADDRESS,
    dkim=Known(replace(HEALTHY_DKIM, tokens=())),
    mail_from=Known(None),
)
HEALTHY_SET = ConfigurationSet(
    name=DEFAULT_SET,
    sending_enabled=Known(value=True),
    reputation_metrics=Known(value=True),
    destinations=Known(
        (EventDestination("feedback", enabled=True, event_types=frozenset({"BOUNCE", "COMPLAINT"}), target=TOPIC),)
    ),
    default_of=(DOMAIN, ADDRESS),
)
SENDER = replace(
    HEALTHY,
    identities=Known((HEALTHY_DOMAIN, HEALTHY_ADDRESS)),
    configuration_sets=Known((HEALTHY_SET,)),
    production_elsewhere=Known(()),
)
"""A region with a verified domain, a verified address of it, and a configuration set, all of them healthy."""

IDENTITIES_UNREADABLE = replace(SENDER, identities=THROTTLED)
SETS_UNREADABLE = replace(SENDER, configuration_sets=THROTTLED)


def dkim(**facts: Any) -> Known[Dkim]:
    return Known(replace(HEALTHY_DKIM, **facts))


def mail_from(**facts: Any) -> Known[MailFrom | None]:
    return Known(replace(HEALTHY_MAIL_FROM, **facts))


def feedback(**facts: Any) -> Known[Feedback]:
    return Known(replace(HEALTHY_FEEDBACK, **facts))


def details(*, policies: Mapping[str, str] | None = None, **facts: Any) -> Known[Details]:
    changed = replace(HEALTHY_DETAILS, **facts)
    return Known(changed if policies is None else replace(changed, policies=Known(policies)))


def since(hours: float, *, of: str = "verification") -> IdentityMemory:
    """The status stands as it is for this many hours, as far as the audits saw."""
    return IdentityMemory(first_seen=NOW - timedelta(days=90), **{f"{of}_since": NOW - timedelta(hours=hours)})


def with_identity(
    like: Identity = HEALTHY_DOMAIN, *, base: Snapshot = SENDER, others: Iterable[Identity] = (), **facts: Any
) -> Snapshot:
    """The region has this one identity, changed, and the `others`."""
    return replace(base, identities=Known((replace(like, **facts), *others)))


def with_address(*, base: Snapshot = SENDER, others: Iterable[Identity] = (), **facts: Any) -> Snapshot:
    return with_identity(HEALTHY_ADDRESS, base=base, others=others, **facts)


def with_set(*, base: Snapshot = SENDER, **facts: Any) -> Snapshot:
    """The region has this one configuration set, changed."""
    return replace(base, configuration_sets=Known((replace(HEALTHY_SET, **facts),)))


def destination(*event_types: str, name: str = "feedback", enabled: bool = True) -> EventDestination:
    return EventDestination(name, enabled, frozenset(event_types), TOPIC)


TEMPLATE = "order-confirmation"
TENANT_ARN = "arn:aws:ses:eu-west-1:111122223333:tenant/acme/tn-0a1b2c"
HEALTHY_DAY = {Tally.SENDS: 100, Tally.DELIVERIES: 99, Tally.HARD_BOUNCES: 1}
"""What is counted of the domain in each hour."""


def hour(ago: int = 0) -> datetime:
    """The beginning of the present hour, or of one before it."""
    return hour_of(NOW) - timedelta(hours=ago)


HEALTHY_SENDER = Sender(DOMAIN, {hour(ago): HEALTHY_DAY for ago in range(25)})
LISTENING = replace(
    HEALTHY,
    traffic=Known(Sender("account", {hour(ago): HEALTHY_DAY for ago in range(15 * 24)})),
    senders=Known((HEALTHY_SENDER,)),
    templates=Known((FailingTemplate(TEMPLATE, {}),)),
    noticed=Known((Noticed(DOMAIN, ()),)),
    refused=Known((RefusedSender(DOMAIN, ()),)),
)
"""A region whose events are counted, all of them healthy."""


def counted(ago: int = 0, /, **counts: int) -> dict[datetime, dict[Tally, int]]:
    """What was counted in one hour, by the names of the counters: `counted(2, sends=100)`."""
    return {hour(ago): {Tally(name): count for name, count in counts.items()}}


def with_sender(
    *hours: Mapping[datetime, Mapping[Tally, int]], name: str = DOMAIN, base: Snapshot = LISTENING
) -> Snapshot:
    """The region has this one sender, of which nothing else was counted; each hour is given once."""
    together = {start: counts for each in hours for start, counts in each.items()}
    return replace(base, senders=Known((Sender(name, together),)))


def with_template(*failed: int, name: str = TEMPLATE, base: Snapshot = LISTENING, **facts: str) -> Snapshot:
    """The region has this one template, of which three mails failed in each of the hours so long ago."""
    return replace(base, templates=Known((FailingTemplate(name, {hour(ago): 3 for ago in failed}, **facts),)))


def notice(kind: NoticeKind, topic: str, *, holds: bool | None = True, days: float = 1, **facts: Any) -> Notice:
    at = NOW - timedelta(days=days)
    return Notice(
        **{"name": DOMAIN, "region": REGION, "text": "SPF record was not found.", **facts},
        kind=kind,
        topic=topic,
        holds=holds,
        at=at,
    )


def with_notices(*notices: Notice, name: str = DOMAIN, base: Snapshot = LISTENING) -> Snapshot:
    return replace(base, noticed=Known((Noticed(name, notices),)))


def refusals(tag: str, counts: Mapping[int, int] | None = None, **facts: Any) -> Refusals:
    """What SES refused for one cause: how often, by how many hours ago; once in this hour unless said."""
    told: dict[str, Any] = {"told_by": "log", "origin": "/app/mail", "text": "SES's words.", **facts}
    hours = {hour(ago): count for ago, count in (counts or {0: 1}).items()}
    return Refusals(tag, hours, RefusedSend(tag, told.pop("subject", DOMAIN), **told))


def with_refusals(*causes: Refusals, name: str = DOMAIN, base: Snapshot = LISTENING) -> Snapshot:
    """Of this one sender SES refused mail, for these causes."""
    return replace(base, refused=Known((RefusedSender(name, causes),)))


def with_traffic(*hours: Mapping[datetime, Mapping[Tally, int]], base: Snapshot = LISTENING) -> Snapshot:
    """What events told of the whole region; each hour is given once."""
    together = {start: counts for each in hours for start, counts in each.items()}
    return replace(base, traffic=Known(Sender("account", together)))


@dataclass(frozen=True, slots=True)
class Case:
    """One situation and all that a check has to say of it.

    `holding` are the tags that only keep an open finding open. `severities` names those that are not the usual
    ones. `says` are words that must be found somewhere in the findings. `subject` is the identity or configuration
    set that is looked at; the first one when it is left out.
    """

    name: str
    snapshot: Snapshot
    tags: tuple[str, ...] = ()
    unknown: bool = False
    undecided: tuple[str, ...] = ()
    holding: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    subject: str = ""
