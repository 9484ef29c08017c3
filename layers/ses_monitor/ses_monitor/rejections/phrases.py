"""SES's phrases and codes as patterns, each with its tag. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Owner(Enum):
    """Who else says this."""

    SES = auto()
    """Nobody."""
    SMTP = auto()
    """Other mail servers."""
    API = auto()
    """Other services."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern and what it means. `resource`, `user`, `action`, `identity`, `message_id`: names of its groups."""

    tag: str
    pattern: re.Pattern[str]
    owner: Owner = Owner.SES
    listing: bool = False
    """A list of identities follows."""


_NAME = r"[<`'\"]{0,2}(?P<resource>[\w.-]{1,256}?)[>`'\"]{0,2}"
_ARN = r"arn:aws[a-z-]{0,12}:[^\s<>`'\",;)]{1,600}"


def _phrase(tag: str, words: str, owner: Owner = Owner.SES, *, listing: bool = False) -> Phrase:
    return Phrase(tag, re.compile(words.replace(" ", r"\s{1,8}"), re.IGNORECASE), owner, listing)


_FAILED = r"The following identities failed the check in region (?P<region>[\w-]{4,30})\s{0,4}:"
PHRASES: tuple[Phrase, ...] = (
    _phrase("IDENTITY_UNVERIFIED", rf"Email address is not verified\. {_FAILED}", listing=True),
    _phrase("IDENTITY_UNVERIFIED", _FAILED, listing=True),
    _phrase(
        "IDENTITY_UNVERIFIED",
        r"(?:Message rejected|MessageRejected\w{0,9})\s{0,4}:? Email address is not verified\.?",
    ),
    _phrase("IDENTITY_UNVERIFIED", r"Email address is not verified\.?", Owner.API),
    _phrase("IDENTITY_UNVERIFIED", r"Identity <?(?P<identity>[^\s<>]{1,330})>? is not verified or does not exist\.?"),
    _phrase(
        "ACCOUNT_PAUSED_BY_AWS",
        r"Sending paused for this account\.?(?: For more information, please check the inbox[^\n\"<(]{0,100})?",
    ),
    _phrase(
        "CONFIGURATION_SET_PAUSED", rf"Sending is paused for configuration set {_NAME}(?=[.,;)\]}}]?(?:\s|$|[\"'<(]))"
    ),
    _phrase("CONFIGURATION_SET_MISSING", rf"Configuration set (?:{_NAME} )?does not exist\.?"),
    _phrase("TEMPLATE_MISSING", rf"Template {_NAME} does not exist\.?", Owner.API),
    _phrase(
        "MAIL_FROM_UNVERIFIED",
        r"(?:Custom )?Mail[\s-]?FROM domain (?:<?(?P<identity>[\w.-]{1,253})>? )?is not verified\.?",
    ),
    _phrase("ACCOUNT_SUSPENDED", r"ability to send (?:e-?mail|mail) has been permanently restricted\.?"),
    _phrase("ACCOUNT_PAUSED_BY_OWNER", r"ability to send (?:e-?mail|mail) is currently paused\.?"),
    _phrase("ACCOUNT_PAUSED_BY_OWNER", r"Email sending is disabled for your entire (?:Amazon )?SES account\.?"),
    _phrase("SMTP_CREDENTIALS_OLD", r"Maximum SigV2 SMTP sending rate exceeded\.?"),
    _phrase("DAILY_QUOTA_EXCEEDED", r"Daily message quota exceeded\.?"),
    _phrase("SEND_RATE_EXCEEDED", r"Maximum sending rate exceeded\.?"),
    _phrase("API_RATE_EXCEEDED", r"(?<![\w])(?:Rate exceeded|Too many requests)\.?", Owner.API),
    _phrase("TOO_MANY_CONNECTIONS", r"Too many concurrent SMTP connections\.?", Owner.SMTP),
    _phrase("CLIENT_TIMEOUT", r"Timeout waiting for data from client\.?", Owner.SMTP),
    _phrase("AUTHENTICATION_TEMPORARY_FAILURE", r"Temporary authentication failure\.?", Owner.SMTP),
    _phrase("SES_TEMPORARY_FAILURE", r"Temporary service failure\.?", Owner.SMTP),
    _phrase("SMTP_AUTHENTICATION_REQUIRED", r"Authentication required\.?", Owner.SMTP),
    _phrase("SMTP_CREDENTIALS_INVALID", r"Authentication Credentials Invalid\.?"),
    _phrase("NOT_SUBSCRIBED", r"Account not subscribed to SES\.?"),
    _phrase(
        "ACCESS_DENIED",
        rf"(?:User:? )?[<`'\"]{{0,2}}(?P<user>{_ARN}|anonymous)[>`'\"]{{0,2}} is not authorized to perform:? "
        rf"[<`'\"]{{0,2}}(?P<action>ses:\w{{1,60}})[>`'\"]{{0,2}}"
        rf"(?: on resource:? [<`'\"]{{0,2}}(?P<resource>{_ARN}|\*))?",
    ),
    _phrase("MESSAGE_TOO_LONG", r"Message is too long\.?", Owner.SMTP),
    _phrase("MESSAGE_TOO_LONG", r"Message length is more than \d{1,12} bytes long[^\n\"<(]{0,40}"),
    _phrase("ADDRESS_INVALID", r"<(?P<identity>[^<>\n]{0,330})> Invalid email address\.?", Owner.SMTP),
    _phrase("ADDRESS_UNKNOWN", r"<(?P<identity>[^<>\n]{1,330})> address unknown\.?", Owner.SMTP),
    _phrase("ADDRESS_INVALID", r"Invalid (?:MAIL FROM|RCPT TO) address provided\.?", Owner.SMTP),
    _phrase(
        "ADDRESS_INVALID",
        r"(?:Missing final '@domain'|Local address contains (?:control or whitespace|illegal character)"
        r"|Domain contains (?:illegal character|control or whitespace|dot-dot)|Illegal address)",
        Owner.API,
    ),
    _phrase("NO_RECIPIENTS", r"There are no recipients specified\.?", Owner.API),
    _phrase(
        "INVALID_PARAMETER",
        r"(?:Invalid tag (?:name|value) <?(?P<resource>[^\n<>:]{0,256})>?: only alphanumeric ASCII"
        r" characters[^\n\"<(]{0,40}"
        r"|Tag (?:name|value) cannot exceed \d{1,4} characters\.?)",
    ),
    _phrase("INVALID_PARAMETER", r"Transaction failed: (?:Duplicate|Empty) header[^\n\"<(]{0,80}", Owner.SMTP),
    _phrase(
        "DELIVERED", r"250 Ok:? <?(?P<message_id>[0-9a-f]{16}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9]{6})>?"
    ),
    _phrase("AUTHENTICATED", r"(?<![\w])235 Authentication successful\.?", Owner.SMTP),
)
"""Own words first: of two at one place, the earlier wins."""

SES_CODES = {
    "MessageRejected": "UNRECOGNISED",
    "MailFromDomainNotVerified": "MAIL_FROM_UNVERIFIED",
    "ConfigurationSetDoesNotExist": "CONFIGURATION_SET_MISSING",
    "ConfigurationSetSendingPaused": "CONFIGURATION_SET_PAUSED",
    "AccountSendingPaused": "ACCOUNT_PAUSED_BY_OWNER",
    "SendingPaused": "ACCOUNT_PAUSED_BY_OWNER",
    "AccountSuspended": "ACCOUNT_SUSPENDED",
    "TemplateDoesNotExist": "TEMPLATE_MISSING",
}
CREDENTIALS_REFUSED = (
    "InvalidClientTokenId",
    "UnrecognizedClient",
    "SignatureDoesNotMatch",
    "InvalidSignature",
    "IncompleteSignature",
    "ExpiredToken",
    "MissingAuthenticationToken",
    "RequestExpired",
)
"""Codes of IAM's and STS's, which every service of AWS answers with: it does not accept the caller's credentials."""
SHARED_CODES = {
    "Throttling": "API_RATE_EXCEEDED",
    "TooManyRequests": "API_RATE_EXCEEDED",
    "LimitExceeded": "DAILY_QUOTA_EXCEEDED",
    "AccessDenied": "ACCESS_DENIED",
    "ServiceUnavailable": "SES_TEMPORARY_FAILURE",
    "InternalFailure": "SES_TEMPORARY_FAILURE",
    "InternalServiceError": "SES_TEMPORARY_FAILURE",
    "InvalidParameterValue": "INVALID_PARAMETER",
    "BadRequest": "INVALID_PARAMETER",
    "NotFound": "UNRECOGNISED",
    "OptInRequired": "NOT_SUBSCRIBED",
    "SubscriptionRequired": "NOT_SUBSCRIBED",
    **dict.fromkeys(CREDENTIALS_REFUSED, "ACCESS_DENIED"),
}
# The shared ones that are also plain words count with their ending only.
CODE = re.compile(
    rf"\b(?P<code>(?P<own>{'|'.join(SES_CODES)})(?:Exception|Error)?"
    r"|(?P<shared>Throttling|AccessDenied|ServiceUnavailable|InternalFailure|InvalidParameterValue|OptInRequired"
    rf"|{'|'.join(CREDENTIALS_REFUSED)})(?:Exception)?"
    r"|(?P<ended>TooManyRequests|LimitExceeded|InternalServiceError|BadRequest|NotFound|SubscriptionRequired)"
    r"Exception)\b"
)
TRIGGERS = (
    "verified",
    "rejected",
    "paused",
    "configuration set",
    "configurationset",
    "template",
    "restricted",
    "disabled",
    "exceeded",
    "requests",
    "concurrent",
    "timeout waiting",
    "temporary",
    "authentication",
    "not subscribed",
    "not authorized",
    "too long",
    "bytes long",
    "email address",
    "address unknown",
    "address provided",
    "final",
    "local address",
    "domain contains",
    "illegal address",
    "no recipients",
    "tag ",
    "transaction failed",
    "250 ok",
    "identities failed",
    "throttling",
    "limitexceeded",
    "accessdenied",
    "unavailable",
    "internal",
    "invalidclienttokenid",
    "unrecognizedclient",
    "signature",
    "expired",
    "authenticationtoken",
    "optinrequired",
    "subscriptionrequired",
    "invalidparam",
    "notfound",
    "badrequest",
    "suspended",
    "email-smtp",
    "amazonaws",
    "mailfrom",
    "message length",
)
"""In lower case; a text without any of these has nothing of SES."""
