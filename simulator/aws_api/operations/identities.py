"""What SES v2 and v1 say of identities: the same facts in two vocabularies, each with its gaps."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from simulator.aws_api.errors import bad_request, not_found
from simulator.aws_api.operations.question import Operation, Question
from simulator.aws_api.pages import BadTokenError, page
from simulator.identities import Identity, arn

LARGEST_PAGE = 1000  # SES v2 API, ListEmailIdentities
USUAL_PAGE = 100  # not documented; small, so that callers must follow NextToken
LARGEST_BATCH = 100  # SES v1 API, every Get…Attributes

V1_STATUS = {
    "PENDING": "Pending",
    "SUCCESS": "Success",
    "FAILED": "Failed",
    "TEMPORARY_FAILURE": "TemporaryFailure",
    "NOT_STARTED": "NotStarted",
}
V1_ON_MX_FAILURE = {"USE_DEFAULT_VALUE": "UseDefaultValue", "REJECT_MESSAGE": "RejectMessage"}


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
                fits = value == identity.verification.status
            case _:
                raise bad_request("sesv2", f"Invalid filter: {key}")
        if not fits:
            return False
    return True


def _identity_info(identity: Identity) -> dict[str, Any]:
    return {
        "IdentityType": identity.kind,
        "IdentityName": identity.name,
        "SendingEnabled": identity.may_send,
        "VerificationStatus": identity.verification.status,
    }


def get_email_identity(question: Question) -> Mapping[str, Any]:
    """Everything of one identity that v2 tells: all but the topics."""
    name = question.params["EmailIdentity"]
    identity = question.facts.identity(question.region_name, name)
    if identity is None:
        raise not_found(f"Email identity <{name}> does not exist.")
    answer: dict[str, Any] = {
        "IdentityType": identity.kind,
        "FeedbackForwardingStatus": identity.feedback.forwarding,
        "VerifiedForSendingStatus": identity.may_send,
        "VerificationStatus": identity.verification.status,
        "VerificationInfo": _verification_info(question, identity),
        "DkimAttributes": _dkim(question, identity),
        "MailFromAttributes": _mail_from(question, identity),
        "Policies": {key: _policy(document) for key, document in (identity.policies or {}).items()},
        "Tags": [{"Key": key, "Value": value} for key, value in (identity.tags or {}).items()],
    }
    if identity.configuration_set is not None:
        answer["ConfigurationSetName"] = identity.configuration_set
    return answer


def _policy(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _verification_info(question: Question, identity: Identity) -> dict[str, Any]:
    verification = identity.verification
    checked, success = verification.last_checked_hours_ago, verification.last_success_hours_ago
    if success is None and verification.status == "SUCCESS":
        success = checked
    info: dict[str, Any] = {}
    if checked is not None:
        info["LastCheckedTimestamp"] = question.now - timedelta(hours=checked)
    if success is not None:
        info["LastSuccessTimestamp"] = question.now - timedelta(hours=success)
    if verification.error_type is not None:
        info["ErrorType"] = verification.error_type
    if identity.kind == "DOMAIN" and checked is not None:
        info["SOARecord"] = {
            "PrimaryNameServer": "ns1.dns.example",
            "AdminEmail": f"hostmaster.{identity.domain}",
            "SerialNumber": 1,
        }
    return info


def _dkim(question: Question, identity: Identity) -> dict[str, Any]:
    region = question.region_name
    answer: dict[str, Any] = {
        "SigningEnabled": identity.signing,
        "Status": identity.dkim_status,
        "SigningAttributesOrigin": identity.dkim.origin,
    }
    tokens = question.facts.dkim_tokens(region, identity)
    if not tokens:
        return answer
    answer["Tokens"] = list(tokens)
    zone = identity.dkim_hosted_zone(region)
    if zone:
        answer["SigningHostedZone"] = zone
    if identity.dkim.origin != "EXTERNAL":
        if identity.dkim.key_length is not None:
            answer["CurrentSigningKeyLength"] = answer["NextSigningKeyLength"] = identity.dkim.key_length
        answer["LastKeyGenerationTimestamp"] = question.now - timedelta(days=30)
    return answer


def _mail_from(question: Question, identity: Identity) -> dict[str, Any]:
    # Without a custom MAIL FROM domain the answer has the behaviour alone, although the model wants all three.
    domain = identity.mail_from_domain(question.region_name)
    if identity.mail_from is None or domain is None:
        return {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    return {
        "MailFromDomain": domain,
        "MailFromDomainStatus": identity.mail_from.status,
        "BehaviorOnMxFailure": identity.mail_from.on_mx_failure,
    }


def _batch(question: Question) -> list[Identity]:
    """The identities asked for that exist; SES leaves out the others."""
    names = question.params["Identities"]
    if len(names) > LARGEST_BATCH:
        raise bad_request("ses", f"At most {LARGEST_BATCH} identities may be asked for at once")
    found = (question.facts.identity(question.region_name, name) for name in dict.fromkeys(names))
    return [identity for identity in found if identity is not None]


def get_identity_verification_attributes(question: Question) -> Mapping[str, Any]:
    """Verification by name, with the legacy token where there is one."""
    attributes: dict[str, dict[str, Any]] = {}
    for identity in _batch(question):
        attributes[identity.name] = {"VerificationStatus": V1_STATUS[identity.verification.status]}
        if identity.txt_token is not None:
            attributes[identity.name]["VerificationToken"] = identity.txt_token
    return {"VerificationAttributes": attributes}


def get_identity_dkim_attributes(question: Question) -> Mapping[str, Any]:
    """DKIM by name, without its origin and zone."""
    attributes: dict[str, dict[str, Any]] = {}
    for identity in _batch(question):
        attributes[identity.name] = {
            "DkimEnabled": identity.signing,
            "DkimVerificationStatus": V1_STATUS[identity.dkim_status],
        }
        tokens = question.facts.dkim_tokens(question.region_name, identity)
        if tokens:
            attributes[identity.name]["DkimTokens"] = list(tokens)
    return {"DkimAttributes": attributes}


def get_identity_mail_from_domain_attributes(question: Question) -> Mapping[str, Any]:
    """MAIL FROM domains by name."""
    attributes: dict[str, dict[str, Any]] = {}
    for identity in _batch(question):
        v2 = _mail_from(question, identity)
        attributes[identity.name] = {"BehaviorOnMXFailure": V1_ON_MX_FAILURE[v2["BehaviorOnMxFailure"]]}
        if "MailFromDomain" in v2:
            attributes[identity.name]["MailFromDomain"] = v2["MailFromDomain"]
            attributes[identity.name]["MailFromDomainStatus"] = V1_STATUS[v2["MailFromDomainStatus"]]
    return {"MailFromDomainAttributes": attributes}


def get_identity_notification_attributes(question: Question) -> Mapping[str, Any]:
    """Feedback topics by name; only v1 tells them."""
    account = question.facts.world.account_id
    attributes: dict[str, dict[str, Any]] = {}
    for identity in _batch(question):
        feedback = identity.feedback
        topics = {
            "BounceTopic": feedback.bounce_topic,
            "ComplaintTopic": feedback.complaint_topic,
            "DeliveryTopic": feedback.delivery_topic,
        }
        attributes[identity.name] = {
            # A topic that is not set is left out, although the model wants all three.
            **{key: arn("sns", question.region_name, account, name) for key, name in topics.items() if name},
            "ForwardingEnabled": feedback.forwarding,
            "HeadersInBounceNotificationsEnabled": feedback.headers,
            "HeadersInComplaintNotificationsEnabled": feedback.headers,
            "HeadersInDeliveryNotificationsEnabled": feedback.headers,
        }
    return {"NotificationAttributes": attributes}


V2: Mapping[str, Operation] = {
    "GetEmailIdentity": get_email_identity,
    "ListEmailIdentities": list_email_identities,
}
V1: Mapping[str, Operation] = {
    "GetIdentityDkimAttributes": get_identity_dkim_attributes,
    "GetIdentityMailFromDomainAttributes": get_identity_mail_from_domain_attributes,
    "GetIdentityNotificationAttributes": get_identity_notification_attributes,
    "GetIdentityVerificationAttributes": get_identity_verification_attributes,
}
