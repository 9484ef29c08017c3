"""Whether a text that others may write too comes from SES, by what stands around it. Pure."""

from __future__ import annotations

import re

_SEND = r"(?:Send(?:Raw|Templated|BulkTemplated|Bulk|CustomVerification)?Email|SendBounce)"
_OPERATION = (
    rf"(?:{_SEND}|\w{{0,40}}(?:EmailIdentit|EmailTemplate|ConfigurationSet|SendQuota|SendStatistics"
    r"|SuppressedDestination|VerifyDomain|VerifyEmail|IdentityVerification|IdentityDkim|IdentityMailFrom"
    r"|IdentityNotification)\w{0,40})"
)
_OURS = re.compile(
    rf"calling the {_OPERATION} operation|operation error SES(?:v2)?\b|Service: (?:Amazon)?S(?:es|ES|impleEmail)"
    r"|Aws::SES|Aws\\{1,4}Ses|Amazon\.SimpleEmail|simpleemail|client-ses|@aws-sdk/ses"
    r"|[\"']?eventSource[\"']?\s{0,4}:\s{0,4}[\"']ses\.amazonaws"
    rf'|executing "{_SEND}" on'
)
_THEIRS = re.compile(
    r"calling the \w{1,80} operation|operation error \w{1,40}|Service: \w{1,60}|Aws::\w{1,40}::Errors"
    r"|executing \"\w{1,80}\" on|[\"']?eventSource[\"']?\s{0,4}:\s{0,4}[\"']\w{1,40}\.amazonaws"
)
_OF_SES = re.compile(
    r"(?i:sesv2|simple email service|email-smtp|\bemail(?:-fips)?\.[a-z0-9-]{6,24}\.(?:amazonaws|api\.aws)"
    rf"|ses\.amazonaws|/ses/|\bses:Send)|\b{_SEND}\b|\bSES\b"
)
_OF_OTHERS = re.compile(
    r"(?i)\b(?:dynamodb|lambda|sqs|s3|ec2|kinesis|cloudwatch|logs|sts|iam|kms|route53|cloudformation|cognito"
    r"|secretsmanager|ssm|ecs|eks|rds|athena|glue|bedrock|sns|sendgrid|mailgun|gmail|outlook|office365)\b"
)
_SMTP_HOST = re.compile(
    r"(?i)(?:relay=|\bhost[\"']?[ =:]{1,3}|\bH=|\bserver[ :]{1,2}|relaying to |connect(?:ed|ing)? to )"
    r"[\"']?([\w.-]{1,253})"
)
_MAIL_SERVER = re.compile(r"\bsmtp[\w-]{0,40}(?:\.[a-z0-9-]{1,63}){2,8}")
_SES_HOST = re.compile(r"(?i)email-smtp|\.amazonaws\.com(?:\.cn)?\b")
_SMTP_ENDPOINT = re.compile(r"(?i)email-smtp(?:-fips)?\.")
_REGION = r"[a-z]{2,4}(?:-[a-z]{2,10}){1,3}-\d{1,2}"
_REGION_OF_HOST = re.compile(
    rf"(?i)(?:email(?:-smtp)?(?:-fips)?\.|arn:aws[a-z-]{{0,12}}:ses:|\bregion[\"']?[ :=]{{1,3}}[\"']?)({_REGION})\b"
)
REGION = re.compile(rf"(?i){_REGION}")
BEFORE, AFTER = 600, 600
"""Characters around a text that are looked at."""


def window(text: str, start: int, end: int) -> str:
    """Return what stands around a place."""
    return text[max(0, start - BEFORE) : end + AFTER]


def line(text: str, start: int, end: int) -> str:
    """Return the line around a place, as far as it is near."""
    first = text.rfind("\n", max(0, start - 2 * BEFORE), start) + 1 or max(0, start - 2 * BEFORE)
    last = text.find("\n", end, end + AFTER)
    return text[first : end + AFTER if last < 0 else last]


def api_of_ses(text: str, start: int, end: int) -> bool:
    """Tell whether an API's code or words are SES's: what is nearest decides."""
    for near in (line(text, start, end), window(text, start, end)):
        if _OURS.search(near):
            return True
        if _THEIRS.search(near):
            return False
        if _OF_SES.search(near):
            return True
        if _OF_OTHERS.search(near):
            return False
    return False


def api_of_others(text: str, start: int, end: int) -> bool:
    """Tell whether another service is named nearest to an API's code or words."""
    if api_of_ses(text, start, end):
        return False
    near = window(text, start, end)
    return bool(_THEIRS.search(near) or _OF_OTHERS.search(near))


def smtp_of_ses(near: str) -> bool:
    """Tell whether this line is about SES's SMTP endpoint."""
    return any(_SES_HOST.search(host[1]) for host in _SMTP_HOST.finditer(near)) or bool(_SMTP_ENDPOINT.search(near))


def of_another_host(near: str) -> bool:
    """Tell whether this line names a mail server, and none of SES."""
    return not smtp_of_ses(near) and bool(_SMTP_HOST.search(near) or _MAIL_SERVER.search(near))


def region_near(text: str, start: int, end: int) -> str:
    """Return the region that the line, or else what is around, names."""
    for near in (line(text, start, end), window(text, start, end)):
        if found := _REGION_OF_HOST.search(near):
            return found[1].lower()
    return ""
