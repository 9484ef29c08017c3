"""Cases of feedback.aws_notices. It is the twelfth of May; a notice is a day old unless its case says otherwise."""

from dataclasses import replace
from typing import Any

from ses_monitor.core.model import Severity, Snapshot
from ses_monitor.core.traffic import Notice, NoticeKind
from tests.build import HOSTILE, LISTENING, TENANT_ARN, THROTTLED, Case, notice, with_notices

ADVISOR = ("ADVISOR_RECOMMENDATION",)
DISABLED = ("TENANT_SENDING_DISABLED",)
HEALTH = ("AWS_HEALTH_NOTICE",)
ISSUE = "AWS_SES_OPERATIONAL_ISSUE"
STATUS = "update-reputation-entity-customer-managed-status"


def advice(topic: str = "SPF", **facts: Any) -> Notice:
    return notice(NoticeKind.ADVISOR, topic, **facts)


def tenant(**facts: Any) -> Snapshot:
    facts = {"text": "Status manually updated.", "resource": TENANT_ARN, **facts}
    return with_notices(notice(NoticeKind.SENDING_STATUS, "sending", **facts), name="tenant/acme")


def health(code: str = ISSUE, **facts: Any) -> Snapshot:
    facts = {"text": "Sends take longer than usual.", **facts}
    return with_notices(notice(NoticeKind.HEALTH, code, **facts), name=code)


CASES = [
    Case("healthy", LISTENING),
    Case("what was told cannot be read", replace(LISTENING, noticed=THROTTLED), unknown=True),
    Case(
        "advice",
        with_notices(advice()),
        ADVISOR,
        says=(
            "a finding on shop.example.com in eu-west-1, since 2026-05-11 10:00 UTC: SPF record was not found.",
            "(SPF)",
            "list-recommendations --region eu-west-1",
        ),
    ),
    Case("advice that was followed", with_notices(advice(holds=False))),
    Case("advice that nobody knows to hold", with_notices(advice(holds=None)), undecided=ADVISOR),
    Case("advice that holds beside other", with_notices(advice("DKIM", holds=None), advice()), ADVISOR),
    Case("a tenant in a state nobody knows", tenant(holds=None), undecided=DISABLED),
    Case(
        "weighty advice among others",
        with_notices(
            advice("SPF", days=0.1), advice("BOUNCE", impact="HIGH"), advice("DKIM", holds=False), advice("DMARC")
        ),
        ADVISOR,
        severities={ADVISOR[0]: Severity.WARNING},
        says=("(BOUNCE)", "Open on it as well: SPF, DMARC."),
    ),
    Case(
        "a great deal of advice",
        with_notices(*(advice(f"TOPIC_{n}", days=n) for n in range(9))),
        ADVISOR,
        says=("(TOPIC_0)", "TOPIC_1, TOPIC_2, TOPIC_3, TOPIC_4, TOPIC_5 and 3 more."),
    ),
    Case("advice without a type", with_notices(advice("")), ADVISOR, says=("no type given",)),
    Case(
        "a tenant disabled by SES",
        tenant(origin="AWS_MANAGED", text="Reputation policy."),
        DISABLED,
        says=(
            "The tenant acme in eu-west-1 cannot send since 2026-05-11 10:00 UTC: SES disabled it for its reputation.",
            "get-tenant --region eu-west-1 --tenant-name acme",
            f"{STATUS} --region eu-west-1 --reputation-entity-type RESOURCE --reputation-entity-reference {TENANT_ARN}",
            "--sending-status REINSTATED",
        ),
    ),
    Case(
        "a tenant disabled by hand",
        tenant(origin="CUSTOMER_MANAGED"),
        DISABLED,
        says=("somebody in this account disabled it", "Status manually updated.", "--sending-status ENABLED"),
    ),
    Case("a tenant disabled by nobody knows whom", tenant(resource=""), DISABLED, says=("by whom was not said",)),
    Case("a tenant disabled by somebody new", tenant(origin="ROBOT_MANAGED"), DISABLED, says=("by ROBOT_MANAGED",)),
    Case("a tenant enabled again", tenant(holds=False, origin="AWS_MANAGED")),
    Case(
        "an issue of AWS's",
        health(),
        HEALTH,
        severities={HEALTH[0]: Severity.WARNING},
        says=(
            "AWS_SES_OPERATIONAL_ISSUE, at 2026-05-11",
            "Sends take longer than usual.",
            "not said yet that it is over",
        ),
    ),
    Case("an issue that lasts", health(days=30), HEALTH, severities={HEALTH[0]: Severity.WARNING}),
    Case("an issue that is over", health(holds=False)),
    Case("AWS informs", health("AWS_SES_CMF_SUCCESS_TO_FAILED", holds=None, days=6.9), HEALTH, says=("AWS informs",)),
    Case("AWS informed a week ago", health("AWS_SES_CMF_SUCCESS_TO_FAILED", holds=None, days=7)),
    Case("good news", health("AWS_SES_CMF_PENDING_TO_SUCCESS", holds=None)),
    Case("more good news", health("AWS_SES_DKIM_PENDING_TO_VERIFIED", holds=True)),
    Case(
        "of two kinds",
        with_notices(advice(), notice(NoticeKind.SENDING_STATUS, "sending", origin="AWS_MANAGED"), name="tenant/acme"),
        ADVISOR + DISABLED,
    ),
    Case(
        "an address in the text", with_notices(advice(text="Ask j.doe@example.org.")), ADVISOR, says=("j…@example.org",)
    ),
    Case("no text", with_notices(advice(text="")), ADVISOR, says=("no text was given",)),
    Case(
        "hostile",
        with_notices(
            *(
                notice(kind, HOSTILE, text=HOSTILE, origin=HOSTILE, resource=HOSTILE, impact=HOSTILE, url=HOSTILE)
                for kind in NoticeKind
            ),
            advice(HOSTILE),
            name=HOSTILE,
        ),
        ADVISOR + DISABLED + HEALTH,
        severities={HEALTH[0]: Severity.WARNING},
    ),
]
