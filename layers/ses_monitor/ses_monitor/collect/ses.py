"""Read what SES says of one region's account."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ses_monitor.collect.faults import ask
from ses_monitor.collect.pages import listed, pages
from ses_monitor.core.model import Account, Quota, Review, SendPoint
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sesv2 import SESV2Client

GET_ACCOUNT = "ses:GetAccount"
GET_SEND_STATISTICS = "ses:GetSendStatistics"
LIST_IDENTITIES = "ses:ListEmailIdentities"

_SAID = frozenset({"ProductionAccessEnabled", "SendingEnabled", "EnforcementStatus", "SendQuota"})


def read_account(client: SESV2Client, region: str) -> Observed[Account]:
    """Ask `GetAccount`."""
    answer = ask(GET_ACCOUNT, region, client.get_account)
    if isinstance(answer, Missing):
        return answer
    if not _SAID.intersection(answer.value):
        # botocore reads a body that is no JSON at all as an answer without members.
        return Missing(Blindness.UNREADABLE, f"{GET_ACCOUNT} in {region} was answered with nothing of it", GET_ACCOUNT)
    return Known(parse_account(answer.value, region))


def parse_account(answer: Mapping[str, Any], region: str) -> Account:
    """Take the facts out of a `GetAccount` answer; one that is not there, or not of its type, is `Missing`."""
    details = answer.get("Details") or {}
    return Account(
        production_access=_typed(answer, "ProductionAccessEnabled", bool, region),
        sending_enabled=_typed(answer, "SendingEnabled", bool, region),
        enforcement=_typed(answer, "EnforcementStatus", str, region),
        quota=_quota(answer.get("SendQuota"), region),
        suppressed_reasons=_suppressed(answer.get("SuppressionAttributes"), region),
        review=Known(_review(details.get("ReviewDetails"))),
        mail_type=str(details.get("MailType") or ""),
        website_url=str(details.get("WebsiteURL") or ""),
    )


def read_statistics(client: SESClient, region: str) -> Observed[tuple[SendPoint, ...]]:
    """Ask `GetSendStatistics`: 15-minute points of the last two weeks, here sorted by time."""
    answer = ask(GET_SEND_STATISTICS, region, client.get_send_statistics)
    if isinstance(answer, Missing):
        return answer
    points = [
        SendPoint(point["Timestamp"].astimezone(UTC), int(point.get("DeliveryAttempts", 0)))
        for point in answer.value.get("SendDataPoints", [])
        if isinstance(point.get("Timestamp"), datetime)
    ]
    return Known(tuple(sorted(points, key=lambda point: point.start)))


def read_has_verified_identity(client: SESV2Client, region: str) -> Observed[bool]:
    """List identities only until one is verified: the question is whether the region is in use."""

    def any_verified() -> bool:
        # The request's Filter is newer than the SDK that Lambda brings along; so look at the answers.
        found = pages(client.list_email_identities, PageSize=1000)
        return any(
            identity.get("VerificationStatus") == "SUCCESS"
            for page in found
            for identity in listed(page, "EmailIdentities")
        )

    return ask(LIST_IDENTITIES, region, any_verified)


def _typed(answer: Mapping[str, Any], key: str, kind: type, region: str) -> Observed[Any]:
    value = answer.get(key)
    return Known(value) if isinstance(value, kind) else _left_out(key, region)


def _quota(quota: Mapping[str, Any] | None, region: str) -> Observed[Quota]:
    names = ("Max24HourSend", "MaxSendRate", "SentLast24Hours")
    values = [(quota or {}).get(name) for name in names]
    numbers = [float(value) for value in values if isinstance(value, (int, float)) and math.isfinite(value)]
    return Known(Quota(*numbers)) if len(numbers) == len(names) else _left_out("SendQuota", region)


def _suppressed(attributes: Mapping[str, Any] | None, region: str) -> Observed[frozenset[str]]:
    reasons = (attributes or {}).get("SuppressedReasons")
    return Known(frozenset(map(str, reasons))) if isinstance(reasons, list) else _left_out("SuppressedReasons", region)


def _review(details: Mapping[str, Any] | None) -> Review | None:
    if not details or not details.get("Status"):
        return None
    return Review(str(details["Status"]), str(details.get("CaseId") or ""))


def _left_out(what: str, region: str) -> Missing:
    return Missing(Blindness.NOT_IN_ANSWER, f"SES in {region} did not say {what}", GET_ACCOUNT)
