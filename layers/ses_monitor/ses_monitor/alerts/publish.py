"""Publish alerts on the SNS alert topic: mail for people, JSON for machines, attributes for filters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ses_monitor.alerts import document, mail
from ses_monitor.alerts.alert import Alert
from ses_monitor.core.check import bounded

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

CHANNEL = "sns"
"""The alert topic's name in the record of what each channel was told."""


class Memory(Protocol):
    """What publishing needs of `store.deliveries.Deliveries`."""

    def told_versions(self, channel: str, finding_ids: Iterable[str]) -> dict[str, int]:
        """Return the version of each finding that the channel was told last."""

    def delivered(self, alert_id: str, channel: str, versions: Mapping[str, int], now: datetime) -> None:
        """Note that the channel was told these versions."""


class PublishError(Exception):
    """Some alerts of a batch could not be published; the batch must be tried again, whole."""


@dataclass(frozen=True, slots=True)
class Topic:
    """The alert topic."""

    client: SNSClient
    arn: str

    def publish(self, alert: Alert) -> None:
        """Publish one alert; whatever botocore raises is raised.

        Subscribers by mail get text, all others (queues, functions, HTTPS) the JSON document.
        """
        subject = mail.subject(alert)
        message = {"default": document.encode(alert), "email": mail.body(alert), "sms": subject}
        self.client.publish(
            TopicArn=self.arn,
            Subject=subject,
            MessageStructure="json",
            Message=json.dumps(message, ensure_ascii=False),
            MessageAttributes=attributes(alert),
        )


def attributes(alert: Alert) -> dict[str, MessageAttributeValueTypeDef]:
    """Return what subscriptions can filter on. `region` is a list when there are several."""
    regions = alert.regions
    region: MessageAttributeValueTypeDef = (
        {"DataType": "String", "StringValue": regions[0]}
        if len(regions) == 1
        else {"DataType": "String.Array", "StringValue": json.dumps(regions[:100])}
    )
    return {
        "severity": {"DataType": "String", "StringValue": alert.severity.name},
        "region": region,
        "check": {"DataType": "String", "StringValue": alert.check_id},
        "tag": {"DataType": "String", "StringValue": alert.tag},
        "transition": {"DataType": "String", "StringValue": alert.transition.value},
    }


def publish_all(alerts: Iterable[Alert], topic: Topic, memory: Memory, now: Callable[[], datetime]) -> list[Alert]:
    """Publish what the topic was not told yet, and return that.

    One alert that fails does not keep the others back. A batch that is tried again, whole or in other pieces,
    tells mail subscribers nothing twice, but for an alert whose publishing was not noted in time.

    Raises:
        PublishError: at least one was not published; the first failure is its cause.
    """
    published: list[Alert] = []
    failures: list[Exception] = []
    for alert in alerts:
        try:
            told = memory.told_versions(CHANNEL, alert.versions())
            news = alert.without_told(told)
            if news is None:
                continue
            topic.publish(news)
            memory.delivered(news.alert_id, CHANNEL, news.versions(), now())
        except Exception as error:  # noqa: BLE001 - whatever stops one alert, the others are tried before it is raised
            failures.append(error)
        else:
            published.append(news)
    if failures:
        msg = (
            f"{len(failures)} alerts could not be published, {len(published)} were; first: {bounded(str(failures[0]))}"
        )
        raise PublishError(msg) from failures[0]
    return published
