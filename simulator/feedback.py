"""What SES tells of mails, as it sends it: bodies in both formats, and the envelopes around them.

A `Mail` is what was sent; each function tells one thing that happened to it and returns SES's JSON as a dictionary.
`wire` writes it as SES does; `sns`, `sqs_record`, `lambda_event` and `eventbridge` put it into the envelopes it comes
in; `simulator.feedback_traffic` makes whole streams. Everything is the same for the same arguments; nothing asks the
clock.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

Body = dict[str, Any]

ACCOUNT = "111122223333"
HEADER_BYTES = 10 * 1024
"""Event publishing cuts the headers of a mail here and says so (`headersTruncated`)."""
SUBJECT = "Amazon SES Email Event Notification"
"""The Subject line of what event publishing sends to a topic; identity notifications have none."""
SIMULATOR = "simulator.amazonses.com"

_ID_PREFIXES = {"us-east-1": "0100", "us-west-2": "0101", "eu-west-1": "0102", "eu-central-1": "0107"}
"""How ids begin; what SES uses elsewhere does not matter, only that the form is the same."""


class Mechanism(StrEnum):
    """By which of its two ways SES tells; the value is the key that names the kind."""

    EVENT_PUBLISHING = "eventType"
    IDENTITY_NOTIFICATION = "notificationType"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that SES took. `identity` is the one it was sent with; `source` may have a display name.

    `has_source_arn`, `has_headers`: real payloads lack these now and then.
    """

    message_id: str
    region: str
    identity: str
    source: str
    recipients: tuple[str, ...]
    sent_at: datetime
    configuration_set: str = ""
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    subject: str | None = "Your order is on its way"
    account: str = ACCOUNT
    operation: str = "SendEmail"
    has_source_arn: bool = True
    has_headers: bool = True
    more_headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BounceKind:
    """One way to bounce, with what the receiving server says; texts that are empty are left out of the payload."""

    type: str
    subtype: str
    status: str = ""
    diagnostic: str = ""
    action: str = "failed"
    by_ses: bool = False
    """SES did not even try: the mail never left."""


NO_SUCH_USER = BounceKind("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown")
NO_EMAIL = BounceKind("Permanent", "NoEmail", "5.1.1", "smtp; 550 no mailbox by that name")
SUPPRESSED_GLOBALLY = BounceKind(
    "Permanent",
    "Suppressed",
    "5.1.1",
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing.",
    by_ses=True,
)
ON_ACCOUNT_LIST = BounceKind(
    "Permanent",
    "OnAccountSuppressionList",
    "5.1.1",
    "Amazon SES did not send the message to this address because it is on the suppression list for your account.",
    by_ses=True,
)
MAILBOX_FULL = BounceKind("Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 mailbox is over its quota")
TOO_LARGE = BounceKind("Transient", "MessageTooLarge", "5.3.4", "smtp; 552 5.3.4 message exceeds the size limit")
CONTENT_REJECTED = BounceKind("Transient", "ContentRejected", "5.7.1", "smtp; 554 5.7.1 refused for its content")
GENERAL_TRANSIENT = BounceKind("Transient", "General", "5.4.7", "smtp; 554 4.4.7 message expired")
UNDETERMINED = BounceKind("Undetermined", "Undetermined", action="")
BOUNCES = (
    NO_SUCH_USER,
    NO_EMAIL,
    SUPPRESSED_GLOBALLY,
    ON_ACCOUNT_LIST,
    MAILBOX_FULL,
    TOO_LARGE,
    CONTENT_REJECTED,
    GENERAL_TRANSIENT,
    UNDETERMINED,
)


def make_id(region: str, at: datetime, *parts: object) -> str:
    """Return an id shaped as SES's are: region, milliseconds, a UUID made of `parts`, -000000."""
    name = uuid.UUID(bytes=_digest(region, at.isoformat(), *map(str, parts))[:16], version=4)
    return f"{_ID_PREFIXES.get(region, '0102')}{int(at.timestamp() * 1000):012x}-{name}-000000"


def send(mail: Mail) -> Body:
    """SES took the mail."""
    return _event(mail, "Send", "send", {})


def delivery(
    mail: Mail, recipients: Sequence[str] | str, at: datetime, *, by: Mechanism = Mechanism.EVENT_PUBLISHING
) -> Body:
    """The receiving server took it for these recipients."""
    told = {
        "timestamp": stamp(at),
        "processingTimeMillis": int((at - mail.sent_at).total_seconds() * 1000),
        "recipients": list(_several(recipients)),
        "smtpResponse": f"250 2.0.0 Ok: queued as {mail.message_id[-14:-7].upper()}",
        "remoteMtaIp": "192.0.2.25",
        "reportingMTA": "a7-12.smtp-out.amazonses.com",
    }
    return _event(mail, "Delivery", "delivery", told, by)


def bounce(
    mail: Mail,
    recipients: Sequence[str] | str,
    at: datetime,
    kind: BounceKind = NO_SUCH_USER,
    *,
    feedback_id: str = "",
    by: Mechanism = Mechanism.EVENT_PUBLISHING,
) -> Body:
    """The mail came back from these recipients. Without a `feedback_id` it is one of mail, time and kind."""
    given = {"action": kind.action, "status": kind.status, "diagnosticCode": kind.diagnostic}
    said = {name: value for name, value in given.items() if value}
    told: Body = {
        "feedbackId": feedback_id or make_id(mail.region, at, mail.message_id, kind.type, kind.subtype),
        "bounceType": kind.type,
        "bounceSubType": kind.subtype,
        "bouncedRecipients": [{"emailAddress": each, **said} for each in _several(recipients)],
        "timestamp": stamp(at),
    }
    if kind.by_ses:
        told["reportingMTA"] = "dns; amazonses.com"
    elif kind.diagnostic:
        prefix = "dns" if by is Mechanism.IDENTITY_NOTIFICATION else "dsn"
        told |= {"remoteMtaIp": "192.0.2.25", "reportingMTA": f"{prefix}; mx.example.org"}
    return _event(mail, "Bounce", "bounce", told, by)


def complaint(
    mail: Mail,
    recipients: Sequence[str] | str,
    at: datetime,
    type: str | None = "abuse",  # noqa: A002 - SES's word
    *,
    subtype: str | None = None,
    by: Mechanism = Mechanism.EVENT_PUBLISHING,
) -> Body:
    """A recipient called it spam (or, with `type` not-spam, took that back); `subtype` names a suppression list."""
    told: Body = {
        "feedbackId": make_id(mail.region, at, mail.message_id, "complaint"),
        "complaintSubType": subtype,
        "complainedRecipients": [{"emailAddress": each} for each in _several(recipients)],
        "timestamp": stamp(at),
    }
    if type is not None:
        told |= {
            "userAgent": "Example Feedback Loop 1.0",
            "complaintFeedbackType": type,
            "arrivalDate": stamp(at - timedelta(minutes=2)),
        }
    return _event(mail, "Complaint", "complaint", told, by)


def reject(mail: Mail, reason: str = "Bad content") -> Body:
    """SES took the mail, found a virus, and did not send it."""
    return _event(mail, "Reject", "reject", {"reason": reason})


def rendering_failure(mail: Mail, template: str, attribute: str = "name") -> Body:
    """SES could not fill in the template: `attribute` was not among the data. The send call had succeeded."""
    said = f"Attribute '{attribute}' is not present in the rendering data."
    return _event(mail, "Rendering Failure", "failure", {"errorMessage": said, "templateName": template})


def delay(
    mail: Mail,
    recipients: Sequence[str] | str,
    at: datetime,
    type: str = "TransientCommunicationFailure",  # noqa: A002 - SES's word
    *,
    expires: datetime | None = None,
) -> Body:
    """The receiving server did not take it yet; SES tries until `expires` (14 hours after the mail, by default)."""
    status, said = _DELAYS.get(type, ("4.0.0", "smtp; 451 try again later"))
    told = {
        "timestamp": stamp(at),
        "delayType": type,
        "expirationTime": stamp(expires or mail.sent_at + timedelta(hours=14)),
        "delayedRecipients": [
            {"emailAddress": each, "status": status, "diagnosticCode": said} for each in _several(recipients)
        ],
    }
    return _event(mail, "DeliveryDelay", "deliveryDelay", told)


_DELAYS = {
    "TransientCommunicationFailure": ("4.4.1", "smtp; 421 4.4.1 cannot connect to the remote host"),
    "MailboxFull": ("4.2.2", "smtp; 452 4.2.2 mailbox is over its quota"),
    "SpamDetected": ("4.7.1", "smtp; 421 4.7.1 too much unwanted mail from this sender"),
    "IPFailure": ("4.7.0", "smtp; 421 4.7.0 the address 192.0.2.77 has a poor reputation"),
}


def open(mail: Mail, at: datetime, *, agent: str = "Mozilla/5.0") -> Body:  # noqa: A001 - SES's word
    """Somebody opened it. It does not say who."""
    told = {"timestamp": stamp(at), "userAgent": agent, "ipAddress": "192.0.2.200", "isBotEvent": "Unlikely"}
    return _event(mail, "Open", "open", told)


def click(mail: Mail, at: datetime, *, link: str = "https://shop.example.com/orders/17") -> Body:
    """Somebody followed a link in it."""
    told = {
        "timestamp": stamp(at),
        "userAgent": "Mozilla/5.0",
        "ipAddress": "192.0.2.200",
        "link": link,
        "linkTags": {"place": ["footer"]},
    }
    return _event(mail, "Click", "click", told)


def subscription(mail: Mail, at: datetime, *, contact_list: str = "newsletter") -> Body:
    """The recipient unsubscribed by the header that SES put into the mail."""

    def preferences(*, none: bool, topic: str) -> Body:
        topics = [{"topicName": "offers", "subscriptionStatus": topic}]
        return {"unsubscribeAll": none, "topicSubscriptionStatus": topics, "topicDefaultSubscriptionStatus": []}

    told = {
        "contactList": contact_list,
        "timestamp": stamp(at),
        "source": "UnsubscribeHeader",
        "newTopicPreferences": preferences(none=True, topic="OptOut"),
        "oldTopicPreferences": preferences(none=False, topic="OptIn"),
    }
    return _event(mail, "Subscription", "subscription", told)


def wire(body: Body) -> str:
    """Write a body as SES does: compact, and by event publishing with a line end behind it."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return f"{text}\n" if Mechanism.EVENT_PUBLISHING in body else text


def topic_arn(region: str, name: str = "ses-monitor-feedback", account: str = ACCOUNT) -> str:
    """Return the ARN of a topic; SES publishes only to those of its own region."""
    return f"arn:aws:sns:{region}:{account}:{name}"


def sns(body: Body | str, topic: str, at: datetime, *, copy: int = 0) -> str:
    """Return the JSON in which a topic delivers a body (or any text) to a queue, without raw delivery.

    The MessageId is one of text, topic, time and `copy`.
    """
    text = body if isinstance(body, str) else wire(body)
    region = topic.split(":")[3]
    published = isinstance(body, dict) and Mechanism.EVENT_PUBLISHING in body
    host = f"https://sns.{region}.amazonaws.com"
    message = {
        "Type": "Notification",
        "MessageId": str(uuid.UUID(bytes=_digest(text, topic, at.isoformat(), str(copy))[:16], version=4)),
        "TopicArn": topic,
        **({"Subject": SUBJECT} if published else {}),
        "Message": text,
        "Timestamp": stamp(at),
        "SignatureVersion": "1",
        "Signature": "c2lnbmVkIGJ5IG5vYm9keQ==" * 14,
        "SigningCertURL": f"{host}/SimpleNotificationService-00000000000000000000000000000000.pem",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={topic}:00000000-0000-4000-8000-000000000000",
    }
    return json.dumps(message, indent=2, separators=(",", " : "), ensure_ascii=False)


def sns_lambda_event(*messages: str) -> Body:
    """Return the event in which topics call a function with what `sns` wrote (other names for the addresses)."""
    renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    records = []
    for text in messages:
        message = json.loads(text)
        inner = {"Subject": None, **{renamed.get(name, name): value for name, value in message.items()}}
        subscription_arn = f"{message['TopicArn']}:00000000-0000-4000-8000-000000000000"
        records.append(
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription_arn,
                "Sns": {**inner, "MessageAttributes": {}},
            }
        )
    return {"Records": records}


def sqs_record(body: str, n: int, *, at: datetime | None = None, region: str = "eu-west-1", receives: int = 1) -> Body:
    """Return the `n`th record of a queue's batch. With `at` None its times are of the year it was written in."""
    sent = str(int((at or datetime(2026, 11, 21, 9, tzinfo=UTC)).timestamp() * 1000))
    return {
        "messageId": str(uuid.UUID(bytes=_digest(str(n), sent)[:16], version=4)),
        "receiptHandle": f"AQEB{n:08d}" + "x" * 180,
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": sent,
            "SenderId": "AIDAEXAMPLEEXAMPLEEXA",
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{region}:{ACCOUNT}:ses-monitor-feedback",
        "awsRegion": region,
    }


def lambda_event(records: Iterable[Body]) -> Body:
    """Return the event in which Lambda hands over a batch."""
    return {"Records": list(records)}


def eventbridge(body: Body, region: str, account: str = ACCOUNT, *, at: datetime | None = None) -> Body:
    """Return the event in which EventBridge brings what event publishing says."""
    kind = str(body[Mechanism.EVENT_PUBLISHING])
    told_at = stamp(at)[:19] + "Z" if at else str(body["mail"]["timestamp"])[:19] + "Z"
    return {
        "version": "0",
        "id": str(uuid.UUID(bytes=_digest(wire(body))[:16], version=4)),
        "detail-type": _DETAIL_TYPES[kind],
        "source": "aws.ses",
        "account": account,
        "time": told_at,
        "region": region,
        "resources": [body["mail"]["sourceArn"]] if "sourceArn" in body["mail"] else [],
        "detail": body,
    }


_DETAIL_TYPES = {
    "Send": "Email Sent",
    "Delivery": "Email Delivered",
    "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received",
    "Reject": "Email Rejected",
    "Open": "Email Opened",
    "Click": "Email Clicked",
    "Rendering Failure": "Email Rendering Failed",
    "DeliveryDelay": "Email Delivery Delayed",
    "Subscription": "Email Subscribed",
}


def report(
    text: str, *, region: str = "", sender: str = "", recipient: str = "", at: datetime | None = None, name: str = ""
) -> Body:
    """Return what an application publishes of a send that SES refused."""
    told = {"region": region, "sender": sender, "recipient": recipient, "at": at.isoformat() if at else "", "id": name}
    return {"rejection": text} | {key: value for key, value in told.items() if value}


def refused_call(region: str, sender: str, code: str, message: str, at: datetime, *, n: int = 1) -> Body:
    """Return CloudTrail's record of a `SendEmail` (API v2) that was refused: nobody has published a real one."""
    domain = sender.rpartition("@")[2]
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/shop-backend/i-0abc",
            "accountId": ACCOUNT,
        },
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ses.amazonaws.com",
        "eventName": "SendEmail",
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.17",
        "userAgent": "Boto3/1.43",
        "requestParameters": {
            "fromEmailAddress": sender,
            "destination": {"toAddresses": ["HIDDEN_DUE_TO_SECURITY_REASONS"]},
            "content": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "configurationSetName": "transactional",
        },
        "responseElements": None,
        "requestID": str(uuid.UUID(bytes=_digest("request", sender, str(n))[:16], version=4)),
        "eventID": str(uuid.UUID(bytes=_digest("event", sender, code, str(n))[:16], version=4)),
        "readOnly": True,
        "resources": [
            {
                "accountId": ACCOUNT,
                "type": "AWS::SES::EmailIdentity",
                "ARN": f"arn:aws:ses:{region}:{ACCOUNT}:identity/{domain}",
            }
        ],
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data",
        "errorCode": code,
        "errorMessage": message,
    }


def told_otherwise(body: Body, address: str, name: str) -> Body:
    """Return a bounce or complaint in which `address` is told with a display name and in capitals, as SES may."""
    key = {"Bounce": ("bounce", "bouncedRecipients"), "Complaint": ("complaint", "complainedRecipients")}
    part, listed = key[body.get(Mechanism.EVENT_PUBLISHING) or body[Mechanism.IDENTITY_NOTIFICATION]]
    spelt = f"{name} <{address.upper()}>"
    recipients = [
        {**each, "emailAddress": spelt if each["emailAddress"] == address else each["emailAddress"]}
        for each in body[part][listed]
    ]
    return {**body, part: {**body[part], listed: recipients}}


def stamp(at: datetime) -> str:
    """Write a time as SES does: UTC, milliseconds, Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _event(mail: Mail, kind: str, key: str, told: Body, by: Mechanism = Mechanism.EVENT_PUBLISHING) -> Body:
    if by is Mechanism.IDENTITY_NOTIFICATION:
        return {by.value: kind, key: told, "mail": _mail_of_notification(mail)}
    return {by.value: kind, "mail": _mail_of_event(mail, kind), key: told}


def _mail(mail: Mail) -> Body:
    arn = f"arn:aws:ses:{mail.region}:{mail.account}:identity/{mail.identity}"
    return {
        "timestamp": stamp(mail.sent_at),
        "source": mail.source,
        **({"sourceArn": arn} if mail.has_source_arn else {}),
        "sendingAccountId": mail.account,
        "messageId": mail.message_id,
        "destination": list(mail.recipients),
    }


def _mail_of_notification(mail: Mail) -> Body:
    """Without tags, and so without the configuration set; headers are as good as never switched on."""
    source = {"sourceIp": "192.0.2.10", "callerIdentity": "shop"}
    before = _mail(mail)
    return {**before, **source} if mail.has_source_arn else before


def _mail_of_event(mail: Mail, kind: str) -> Body:
    headers, truncated = _headers(mail) if mail.has_headers else ([], False)
    common: Body = {"messageId": mail.message_id}
    if mail.has_headers:
        common = {"from": [mail.source], "to": list(mail.recipients), **common, "subject": mail.subject}
    domain = mail.identity.rpartition("@")[2]
    outgoing = {"ses:outgoing-ip": ["192.0.2.77"]} if kind == "Delivery" else {}
    tags = {
        "ses:operation": [mail.operation],
        **({"ses:configuration-set": [mail.configuration_set]} if mail.configuration_set else {}),
        "ses:source-ip": ["192.0.2.10"],
        "ses:from-domain": [domain],
        "ses:caller-identity": ["shop"],
        **outgoing,
        **{name: list(values) for name, values in mail.tags.items()},
    }
    return {
        **_mail(mail),
        "headersTruncated": truncated,
        "headers": headers,
        "commonHeaders": common,
        "tags": tags,
    }


def _headers(mail: Mail) -> tuple[list[Body], bool]:
    named = (
        ("From", mail.source),
        ("To", ", ".join(mail.recipients)),
        ("Subject", mail.subject),
        ("Date", format_datetime(mail.sent_at)),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'multipart/alternative; boundary="----=_Part_1_1"'),
        *mail.more_headers,
    )
    kept: list[Body] = []
    room = HEADER_BYTES
    for name, value in named:
        if value is None:
            continue
        room -= len(name) + len(value.encode("utf-8", "surrogatepass"))
        if room < 0:
            return kept, True
        kept.append({"name": name, "value": value})
    return kept, False


def _several(recipients: Sequence[str] | str) -> Sequence[str]:
    return (recipients,) if isinstance(recipients, str) else recipients


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()
