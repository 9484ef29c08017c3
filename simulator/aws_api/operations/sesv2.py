"""SES v2: the account."""

from collections.abc import Mapping
from typing import Any

from simulator.aws_api.operations.question import Operation, Question
from simulator.sending import quota_figures
from simulator.world import Account, Details, Vdm


def get_account(question: Question) -> Mapping[str, Any]:
    """The account in this region. What the world leaves out is absent, as it is for accounts that never set it."""
    account = question.region.account
    quota = quota_figures(question.region, question.now)
    answer: dict[str, Any] = {
        "DedicatedIpAutoWarmupEnabled": account.dedicated_ip_auto_warmup,
        "EnforcementStatus": account.enforcement,
        "ProductionAccessEnabled": account.production_access,
        "SendingEnabled": account.sending_enabled,
        "SendQuota": {
            "Max24HourSend": quota.max_24_hour,
            "MaxSendRate": quota.max_rate,
            "SentLast24Hours": quota.sent_last_24_hours,
        },
        "SuppressionAttributes": {"SuppressedReasons": list(account.suppressed_reasons)},
    }
    return answer | _extras(account)


def _extras(account: Account) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if account.details is not None:
        extras["Details"] = _details(account.details)
    if account.vdm is not None:
        extras["VdmAttributes"] = _vdm(account.vdm)
    if account.pricing_plan is not None:
        extras["PricingAttributes"] = {"CurrentPlan": account.pricing_plan}
    return extras


def _details(details: Details) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "MailType": details.mail_type,
        "WebsiteURL": details.website_url,
        "ContactLanguage": details.contact_language,
        "UseCaseDescription": details.use_case_description,
    }
    if details.additional_contacts:
        answer["AdditionalContactEmailAddresses"] = list(details.additional_contacts)
    if details.review is not None:
        answer["ReviewDetails"] = {"Status": details.review.status}
        if details.review.case_id is not None:
            answer["ReviewDetails"]["CaseId"] = details.review.case_id
    return answer


def _vdm(vdm: Vdm) -> dict[str, Any]:
    def switch(on: bool) -> str:
        return "ENABLED" if on else "DISABLED"

    return {
        "VdmEnabled": switch(vdm.enabled),
        "DashboardAttributes": {"EngagementMetrics": switch(vdm.engagement_metrics)},
        "GuardianAttributes": {"OptimizedSharedDelivery": switch(vdm.optimized_shared_delivery)},
    }


OPERATIONS: Mapping[str, Operation] = {"GetAccount": get_account}
