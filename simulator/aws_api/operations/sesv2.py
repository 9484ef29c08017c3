"""SES v2: the account and the listing of identities."""

from collections.abc import Mapping
from typing import Any

from simulator.aws_api.errors import bad_request
from simulator.aws_api.operations.question import Operation, Question
from simulator.aws_api.pages import BadTokenError, page
from simulator.sending import quota_figures
from simulator.world import Account, Details, Identity, Vdm

LARGEST_PAGE = 1000  # SES v2 API, ListEmailIdentities
USUAL_PAGE = 100  # not documented; small, so that callers must follow NextToken


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


def list_email_identities(question: Question) -> Mapping[str, Any]:
    """A page of the region's identities, by name."""
    params = question.params
    size = params.get("PageSize") or USUAL_PAGE
    if not 0 < size <= LARGEST_PAGE:
        raise bad_request("sesv2", f"PageSize must be between 0 and {LARGEST_PAGE}")
    wanted: Mapping[str, str] = params.get("Filter") or {}
    identities = sorted(
        (identity for identity in question.region.identities if _fits(identity, wanted)), key=lambda i: i.name
    )
    try:
        shown, following = page(identities, size, params.get("NextToken"), wanted)
    except BadTokenError as error:
        raise bad_request("sesv2", "The NextToken is invalid") from error
    answer: dict[str, Any] = {"EmailIdentities": [_identity_info(identity) for identity in shown]}
    return answer if following is None else answer | {"NextToken": following}


def _fits(identity: Identity, wanted: Mapping[str, str]) -> bool:
    for key, value in wanted.items():
        match key:
            case "IDENTITY_NAME_CONTAINS":
                fits = value in identity.name
            case "IDENTITY_TYPE":
                fits = value == identity.kind
            case "VERIFICATION_STATUS":
                fits = value == identity.verification
            case _:
                raise bad_request("sesv2", f"Invalid filter: {key}")
        if not fits:
            return False
    return True


def _identity_info(identity: Identity) -> dict[str, Any]:
    verified = identity.verification in {"SUCCESS", "TEMPORARY_FAILURE"}
    return {
        "IdentityType": identity.kind,
        "IdentityName": identity.name,
        "SendingEnabled": verified if identity.sending_enabled is None else identity.sending_enabled,
        "VerificationStatus": identity.verification,
    }


OPERATIONS: Mapping[str, Operation] = {
    "GetAccount": get_account,
    "ListEmailIdentities": list_email_identities,
}
