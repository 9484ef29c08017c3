"""AWS tells some troubles of its own accord through EventBridge: advice, paused tenants, its own incidents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from ses_monitor.checks.feedback import LONGEST_NAME, READS, moment
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.mailbox import without_addresses
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Missing
from ses_monitor.core.traffic import Notice, Noticed, NoticeKind

LONGEST_NOTICE = 400
"""Characters shown of what AWS wrote."""
SHOWN = 5
"""Other notices of the same kind that are named; more are counted."""
INFORMS_FOR = timedelta(days=7)
"""A Health event that merely informs is never closed by AWS; after a week it is no news."""
GOOD_NEWS = ("_TO_SUCCESS", "_TO_VERIFIED")
"""How the codes of Health events end that tell of something found right (AWS_SES_CMF_PENDING_TO_SUCCESS)."""
_HEALTH = "https://health.aws.amazon.com/health/home"

ADVISOR_RECOMMENDATION = Diagnosis(
    tag="ADVISOR_RECOMMENDATION",
    severities=(Severity.NOTICE, Severity.WARNING),
    message="SES's advisor has a finding on {subject} in {region}, since {since}: {said}",
    cause="The Virtual Deliverability Manager found it ({topic}). {others}",
    steps=(
        Step(
            "See everything that the advisor finds in this region:",
            command="aws sesv2 list-recommendations --region {region} --filter STATUS=OPEN",
        ),
        Step("Once it is mended, the advisor notices within about six hours, and this closes."),
    ),
    aspect="advisor",
    references=("https://docs.aws.amazon.com/ses/latest/dg/vdm-advisor.html",),
)
TENANT_SENDING_DISABLED = Diagnosis(
    tag="TENANT_SENDING_DISABLED",
    severities=(Severity.ERROR,),
    message="The tenant {tenant} in {region} cannot send since {since}: {by}. The reason given: {said}",
    cause="A tenant is disabled by hand, or by SES when a reputation finding on it meets its policy. {others}",
    steps=(
        Step(
            "See its state:",
            command="aws sesv2 get-tenant --region {region} --tenant-name {tenant}",
        ),
        Step(
            "See the finding behind it, if SES disabled it:",
            command="aws sesv2 list-recommendations --region {region} --filter STATUS=OPEN",
        ),
        Step(
            "When the reason is mended, let it send again:",
            command="aws sesv2 update-reputation-entity-customer-managed-status --region {region}"
            " --reputation-entity-type RESOURCE --reputation-entity-reference {resource} --sending-status {status}",
        ),
    ),
    aspect="sending_status",
    references=("https://docs.aws.amazon.com/ses/latest/dg/tenants.html",),
)
AWS_HEALTH_NOTICE = Diagnosis(
    tag="AWS_HEALTH_NOTICE",
    severities=(Severity.NOTICE, Severity.WARNING),
    message="AWS Health tells of SES in {region}, {subject}, at {since}: {said}",
    cause="{state} {others}",
    steps=(
        Step("Read it whole, with what is affected:", url=_HEALTH),
        Step("Look at what it names in {region}; the other findings of this region tell whether it shows."),
    ),
    aspect="health",
    references=("https://docs.aws.amazon.com/health/latest/ug/what-is-aws-health.html",),
)


def evaluate(noticed: Noticed, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude at most one of each kind: the worst, or else the latest; the others are named beside it."""
    for kind, (diagnosis, conclude) in _KINDS.items():
        of_kind = [each for each in noticed.notices if each.kind is kind]
        notices = [each for each in of_kind if _stands(each, snapshot)]
        if notices:
            notices.sort(key=lambda each: (_weight(each), each.at, each.topic), reverse=True)
            yield conclude(notices[0], _others(notices[1:]), noticed.name, snapshot)
        elif kind is not NoticeKind.HEALTH and (unclear := [each for each in of_kind if each.holds is None]):
            reason = f"AWS's last word on {_name(unclear[0].topic) or 'it'} does not say whether it still holds"
            yield Undecided(frozenset({diagnosis.tag}), Missing(Blindness.UNREADABLE, reason))


def _stands(notice: Notice, snapshot: Snapshot) -> bool:
    if notice.kind is not NoticeKind.HEALTH:
        return notice.holds is True
    if notice.topic.endswith(GOOD_NEWS):
        return False
    if notice.holds is None:
        return snapshot.taken_at - notice.at < INFORMS_FOR
    return notice.holds


def _weight(notice: Notice) -> int:
    return 2 * (notice.impact == "HIGH") + (notice.holds is True)


def _advisor(notice: Notice, others: str, subject: str, snapshot: Snapshot) -> Conclusion:
    return ADVISOR_RECOMMENDATION.on(
        snapshot,
        subject,
        severity=Severity.WARNING if notice.impact == "HIGH" else Severity.NOTICE,
        since=moment(notice.at),
        said=_said(notice),
        topic=_name(notice.topic) or "no type given",
        others=others,
    )


def _sending_status(notice: Notice, others: str, subject: str, snapshot: Snapshot) -> Conclusion:
    by = _ORIGINS.get(notice.origin)
    if by is None:
        by = f"by {_name(notice.origin)}" if notice.origin else "by whom was not said"
    tenant = _name(subject.removeprefix("tenant/"))
    return TENANT_SENDING_DISABLED.on(
        snapshot,
        subject,
        since=moment(notice.at),
        by=by,
        said=_said(notice),
        tenant=tenant,
        resource=notice.resource or "ARN-OF-THE-TENANT",
        # With REINSTATED the findings that disabled it do not disable it again at once.
        status="REINSTATED" if notice.origin == "AWS_MANAGED" else "ENABLED",
        others=others,
    )


_ORIGINS = {
    "CUSTOMER_MANAGED": "somebody in this account disabled it",
    "AWS_MANAGED": "SES disabled it for its reputation",
}


def _health(notice: Notice, others: str, subject: str, snapshot: Snapshot) -> Conclusion:
    return AWS_HEALTH_NOTICE.on(
        snapshot,
        subject,
        severity=Severity.WARNING if notice.holds else Severity.NOTICE,
        since=moment(notice.at),
        said=_said(notice),
        state="AWS has not said yet that it is over." if notice.holds else "AWS informs; it does not say of an end.",
        others=others,
    )


_KINDS: dict[NoticeKind, tuple[Diagnosis, Callable[[Notice, str, str, Snapshot], Conclusion]]] = {
    NoticeKind.ADVISOR: (ADVISOR_RECOMMENDATION, _advisor),
    NoticeKind.SENDING_STATUS: (TENANT_SENDING_DISABLED, _sending_status),
    NoticeKind.HEALTH: (AWS_HEALTH_NOTICE, _health),
}


def _said(notice: Notice) -> str:
    return bounded(without_addresses(notice.text[: 2 * LONGEST_NOTICE]), LONGEST_NOTICE) or "no text was given"


def _others(notices: Sequence[Notice]) -> str:
    if not notices:
        return "Nothing else of the kind is open on it."
    names = ", ".join(bounded(each.topic, 64) or "one without a type" for each in notices[:SHOWN])
    more = f" and {len(notices) - SHOWN} more" if len(notices) > SHOWN else ""
    return f"Open on it as well: {names}{more}."


def _name(word: str) -> str:
    return bounded(word, LONGEST_NAME)


CHECK = Check(
    id="feedback.aws_notices",
    scope=Scope.NOTICE,
    title="AWS itself reports no trouble",
    needs=READS,
    diagnoses=(ADVISOR_RECOMMENDATION, TENANT_SENDING_DISABLED, AWS_HEALTH_NOTICE),
    evaluate=evaluate,
)
