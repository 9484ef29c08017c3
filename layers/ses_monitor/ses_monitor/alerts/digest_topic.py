"""Publish the digest on the alert topic, once a day, however often its schedule or a retry asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ses_monitor.alerts import digest as rendering
from ses_monitor.alerts import digest_document, mail
from ses_monitor.core.digest import Digest
from ses_monitor.core.model import Severity
from ses_monitor.store.deliveries import Claim

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

CHANNEL = "sns"
"""The alert topic's name in the record of what each channel was told."""
LEASE_SECONDS = 120
"""As long as the function may run, and over before Lambda tries a run that died for the second time (3 minutes)."""


class Ledger(Protocol):
    """What publishing needs of `store.deliveries.Deliveries`."""

    def claim(self, alert_id: str, channel: str, now: datetime, lease_seconds: int) -> Claim:
        """Claim an alert for one channel."""

    def delivered(self, alert_id: str, channel: str, versions: Mapping[str, int], now: datetime) -> None:
        """Note that it is done."""

    def release(self, alert_id: str, channel: str) -> None:
        """Give back a claim."""


class BusyError(Exception):
    """Another run is publishing this day's digest, or died at it: try again after the lease."""


class NoTopicError(Exception):
    """Nobody said which topic digests go to."""

    def __init__(self) -> None:
        super().__init__("ALERT_TOPIC_ARN is not set; it must be the ARN of the SNS alert topic")


@dataclass(frozen=True, slots=True)
class DigestTopic:
    """The alert topic, and who knows which days it was told."""

    client: SNSClient
    arn: str
    ledger: Ledger

    def publish(self, digest: Digest, now: datetime) -> bool:
        """Publish the digest unless that day's was published before; tell whether it was now.

        Dying between the publishing and its note tells it again after the lease; channels know it by its id.

        Raises:
            NoTopicError: there is nowhere to publish it.
            BusyError: another run is at it.
            Exception: what botocore raises; nothing was published, and the claim is given back.
        """
        if not self.arn:
            raise NoTopicError
        alert_id = digest_document.digest_id(digest)
        claim = self.ledger.claim(alert_id, CHANNEL, now, LEASE_SECONDS)
        if claim is Claim.ALREADY_DELIVERED:
            return False
        if claim is Claim.IN_PROGRESS:
            msg = f"another run is publishing this day's digest, or died at it; try again in {LEASE_SECONDS} s"
            raise BusyError(msg)
        published = False
        try:
            self.client.publish(
                TopicArn=self.arn,
                Subject=rendering.subject(digest),
                MessageStructure="json",
                Message=message(digest),
                MessageAttributes=attributes(),
            )
            published = True
        finally:
            if not published:
                self.ledger.release(alert_id, CHANNEL)
        self.ledger.delivered(alert_id, CHANNEL, {}, now)
        return True


def message(digest: Digest) -> str:
    """Return the message for each kind of subscriber: text for mail, a line for SMS, the document for all others."""
    document = digest_document.encode(digest, rendering.headline(digest))
    forms = {"default": document, "email": rendering.body(digest), "sms": mail.ascii_line(rendering.headline(digest))}
    return json.dumps(forms, ensure_ascii=False)


def attributes() -> dict[str, MessageAttributeValueTypeDef]:
    """Return what subscriptions can filter on. Alerts have no `kind`: a filter can ask that there is none.

    The severity is INFO whatever is open: who wants to be woken by what is CRITICAL has been, and not by a list of it.
    https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
    """
    values = {"kind": digest_document.KIND, "severity": Severity.INFO.name}
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}
