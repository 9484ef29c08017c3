"""An SES whose bytes are given by the test, for the readers of identities and configuration sets."""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from ses_monitor.collect.identities import AwsIdentityReader
from ses_monitor.collect.pacing import Pacer
from tests.collect.simulated_time import SimulatedTime
from tests.collect.wire import Body, FakeClients, client_of

REGION = "eu-west-1"
NAME = "shop.example.com"

Answer = tuple[int, bytes] | Exception


def json_body(**members: Any) -> Answer:
    return (200, json.dumps(members).encode())


def batch_body(operation: str, member: str, entries: dict[str, dict[str, Any]]) -> Answer:
    """An answer of the first API: XML, entries of a map by name."""
    inside = "".join(
        f"<entry><key>{escape(name)}</key><value>{_xml(entry)}</value></entry>" for name, entry in entries.items()
    )
    result = f"<{member}>{inside}</{member}>"
    text = (
        f'<{operation}Response xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><{operation}Result>{result}'
        f"</{operation}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{operation}Response>"
    )
    return (200, text.encode())


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(inner)}</{key}>" for key, inner in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(inner)}</member>" for inner in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def refusal(operation: str, code: str, status: int) -> Answer:
    """A refusal as the API of the operation words it."""
    if operation in BATCHES:
        said = f"<Code>{escape(code)}</Code><Message>said AWS</Message>"
        text = f"<ErrorResponse><Error><Type>Sender</Type>{said}</Error><RequestId>1</RequestId></ErrorResponse>"
        return (status, text.encode(errors="replace"))
    return (status, json.dumps({"__type": code, "message": "said AWS"}).encode())


VERIFICATION, DKIM, MAIL_FROM, NOTIFICATIONS = (
    "GetIdentityVerificationAttributes",
    "GetIdentityDkimAttributes",
    "GetIdentityMailFromDomainAttributes",
    "GetIdentityNotificationAttributes",
)
BATCHES = {
    VERIFICATION: "VerificationAttributes",
    DKIM: "DkimAttributes",
    MAIL_FROM: "MailFromDomainAttributes",
    NOTIFICATIONS: "NotificationAttributes",
}
PART_OF = {VERIFICATION: "txt_token", DKIM: "dkim", MAIL_FROM: "mail_from", NOTIFICATIONS: "feedback"}
"""The facts of `Breadth` by the operation that tells them."""

ENTRIES: dict[str, dict[str, Any]] = {
    VERIFICATION: {"VerificationStatus": "Success", "VerificationToken": "dG9rZW4="},
    DKIM: {"DkimEnabled": True, "DkimVerificationStatus": "Success", "DkimTokens": ["a", "b", "c"]},
    MAIL_FROM: {
        "MailFromDomain": f"bounce.{NAME}",
        "MailFromDomainStatus": "TemporaryFailure",
        "BehaviorOnMXFailure": "RejectMessage",
    },
    NOTIFICATIONS: {
        "BounceTopic": "arn:aws:sns:eu-west-1:111122223333:bounces",
        "ComplaintTopic": "arn:aws:sns:eu-west-1:111122223333:complaints",
        "ForwardingEnabled": False,
    },
}
IDENTITY: dict[str, Any] = {
    "IdentityType": "DOMAIN",
    "FeedbackForwardingStatus": True,
    "VerifiedForSendingStatus": True,
    "VerificationStatus": "SUCCESS",
    "VerificationInfo": {
        "LastCheckedTimestamp": 1_778_580_000,
        "LastSuccessTimestamp": 1_778_493_600.5,
        "ErrorType": "HOST_NOT_FOUND",
    },
    "DkimAttributes": {
        "SigningEnabled": True,
        "Status": "SUCCESS",
        "Tokens": ["a", "b", "c"],
        "SigningHostedZone": "dkim.eu-west-1.amazonses.com",
        "SigningAttributesOrigin": "AWS_SES_EU_CENTRAL_1",
        "CurrentSigningKeyLength": "RSA_1024_BIT",
        "NextSigningKeyLength": "RSA_2048_BIT",
    },
    "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
    "Policies": {"partner": '{"Version":"2012-10-17"}'},
    "Tags": [],
    "ConfigurationSetName": "marketing",
}
SNS_DESTINATION: dict[str, Any] = {
    "Name": "to-sns",
    "Enabled": True,
    "MatchingEventTypes": ["BOUNCE", "COMPLAINT"],
    "SnsDestination": {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:events"},
}
HEALTHY: dict[str, Answer] = {
    "ListEmailIdentities": json_body(
        EmailIdentities=[
            {"IdentityType": "DOMAIN", "IdentityName": NAME, "SendingEnabled": True, "VerificationStatus": "SUCCESS"}
        ]
    ),
    "GetEmailIdentity": json_body(**IDENTITY),
    "ListConfigurationSets": json_body(ConfigurationSets=["marketing"]),
    "GetConfigurationSet": json_body(
        ConfigurationSetName="marketing",
        SendingOptions={"SendingEnabled": True},
        ReputationOptions={"ReputationMetricsEnabled": False},
    ),
    "GetConfigurationSetEventDestinations": json_body(EventDestinations=[SNS_DESTINATION]),
    **{operation: batch_body(operation, member, {NAME: ENTRIES[operation]}) for operation, member in BATCHES.items()},
}


def listed_identity(name: Any, kind: Any = "DOMAIN", status: Any = "SUCCESS") -> dict[str, Any]:
    return {"IdentityName": name, "IdentityType": kind, "VerificationStatus": status, "SendingEnabled": True}


@dataclass
class Ses:
    """What SES answers to each operation; a list is given out one answer after the other."""

    answers: dict[str, Answer | list[Answer]] = field(default_factory=lambda: dict[str, Answer | list[Answer]](HEALTHY))
    asked: Counter[str] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    time: SimulatedTime = field(default_factory=SimulatedTime)

    def __post_init__(self) -> None:
        self.pacer = Pacer(clock=self.time.clock, sleep=self.time.sleep)
        _CURRENT[:] = [self]

    def reader(self) -> AwsIdentityReader:
        return AwsIdentityReader(_clients(), self.pacer)

    def answer(self, operation: str, request: Any) -> AWSResponse:
        self.asked[operation] += 1
        body = request.body or b""
        self.bodies.append(body.encode() if isinstance(body, str) else body)
        self.urls.append(request.url)
        given = self.answers[operation]
        answer = given.pop(0) if isinstance(given, list) else given
        if isinstance(answer, Exception):
            raise answer
        return AWSResponse(request.url, answer[0], HTTPHeaders(), Body(answer[1]))


_CURRENT: list[Ses] = []


def _answer(request: Any, event_name: str, **_: Any) -> AWSResponse:
    return _CURRENT[0].answer(event_name.rpartition(".")[2], request)


@cache
def _clients() -> FakeClients:
    """Clients are dear to make: one pair asks whichever SES was made last."""
    made = {service: client_of(service) for service in ("ses", "sesv2")}
    for client in made.values():
        client.meta.events.register("before-send", _answer)
    return FakeClients(made=made)
