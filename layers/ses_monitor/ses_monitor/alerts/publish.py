"""Publish alerts on SNS: mail for people, JSON for machines, attributes for filters; and never a flood of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ses_monitor.alerts import amazon_q, document, mail
from ses_monitor.alerts.alert import Alert, stable_id
from ses_monitor.alerts.group import roll_up
from ses_monitor.core.check import bounded
from ses_monitor.core.model import Severity

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

CHANNEL = "sns"
"""The alert topic's name in the record of what each channel was told."""
AMAZON_Q_CHANNEL = "amazon_q"
MOST_VALUES = 100
"""Of one attribute; keeps the attributes far below the size of a message."""


class Memory(Protocol):
    """What publishing needs of `store.deliveries.Deliveries`."""

    def told_versions(self, channel: str, finding_ids: Iterable[str]) -> dict[str, int]:
        """Return the version of each finding that the channel was told last."""

    def delivered(self, alert_id: str, channel: str, versions: Mapping[str, int], now: datetime) -> None:
        """Note that the channel was told these versions."""


class Slots(Protocol):
    """What publishing needs of `store.slots.Slots`."""

    def take(self, channel: str, wanted: Sequence[str], now: datetime, most: Callable[[str], int]) -> Collection[str]:
        """Give slots to alerts while fewer than `most(alert_id)` are taken; return those that have one."""

    def give_back(self, channel: str, alert_ids: Collection[str], now: datetime) -> None:
        """Free slots that were not used after all."""


class Target(Protocol):
    """A topic with a form of its own."""

    @property
    def channel(self) -> str:
        """Its name in the record of what each channel was told."""

    def publish(self, alert: Alert) -> None:
        """Publish one alert; whatever botocore raises is raised."""


class PublishError(Exception):
    """Some alerts of a batch could not be published; the batch must be tried again, whole."""


@dataclass(frozen=True, slots=True)
class Topic:
    """The alert topic."""

    client: SNSClient
    arn: str
    channel: str = CHANNEL

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


@dataclass(frozen=True, slots=True)
class AmazonQTopic:
    """The topic that Amazon Q Developer in chat reads: it takes nothing but its own form."""

    client: SNSClient
    arn: str
    channel: str = AMAZON_Q_CHANNEL

    def publish(self, alert: Alert) -> None:
        """Publish one alert; whatever botocore raises is raised."""
        self.client.publish(TopicArn=self.arn, Message=amazon_q.render(alert), MessageAttributes=attributes(alert))


def attributes(alert: Alert) -> dict[str, MessageAttributeValueTypeDef]:
    """Return what subscriptions can filter on. What there are several of is a list: any of them matches a filter.

    A roll-up has the severities, checks, tags and transitions of all that is in it, so that no filter misses it.
    """
    entries = alert.entries if alert.rollup else ()
    severities = [each.name for each in sorted({alert.severity, *(e.severity for e in entries)}, reverse=True)]
    transitions = sorted({alert.transition.value, *((e.transition or alert.transition).value for e in entries)})
    return {
        "severity": _attribute(severities),
        "region": _attribute(alert.regions),
        "check": _attribute([alert.check_id, *sorted({entry.check_id for entry in entries})]),
        "tag": _attribute([alert.tag, *sorted({entry.tag for entry in entries})]),
        "transition": _attribute(transitions),
        "reopened": _attribute(["true" if alert.reopened else "false"]),
    }


def _attribute(values: Sequence[str]) -> MessageAttributeValueTypeDef:
    if len(values) == 1:
        return {"DataType": "String", "StringValue": values[0]}
    return {"DataType": "String.Array", "StringValue": json.dumps(values[:MOST_VALUES])}


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How many messages a channel gets a minute, and who counts them."""

    slots: Slots
    per_minute: int

    def share_out(self, channel: str, alerts: Sequence[Alert], now: datetime) -> tuple[list[Alert], list[Alert]]:
        """Return the alerts that are told one by one, and those that are too many.

        What is CRITICAL comes first, and has the last slot of a minute to itself: no storm of lesser things takes it.
        """
        ordered = sorted(alerts, key=_first_come)
        critical = {alert.alert_id for alert in ordered if _is_critical(alert)}
        granted = self.slots.take(
            channel,
            [alert.alert_id for alert in ordered],
            now,
            lambda alert_id: self.per_minute if alert_id in critical else self.per_minute - 1,
        )
        rest = [alert for alert in ordered if alert.alert_id not in granted]
        return [alert for alert in ordered if alert.alert_id in granted], rest


def _first_come(alert: Alert) -> tuple[object, ...]:
    """Sort what is CRITICAL first; then the summary of a first audit, which stands for many messages already."""
    return (not _is_critical(alert), not alert.baseline, alert.transition.closes, -alert.severity)


def _is_critical(alert: Alert) -> bool:
    """Tell whether mail is not leaving now; that it leaves again can wait."""
    return alert.severity is Severity.CRITICAL and not alert.transition.closes


def publish_all(
    alerts: Iterable[Alert], target: Target, memory: Memory, ceiling: Ceiling, now: Callable[[], datetime]
) -> list[Alert]:
    """Publish what the channel was not told yet, and return the messages that this made.

    At most so many as the ceiling allows; what is left of the batch is one roll-up more. One that fails does not keep
    the others back. A batch that is tried again, whole or in other pieces, tells nothing twice, but for a message whose
    publishing was not noted in time, and takes no slot twice.

    Raises:
        PublishError: at least one was not published; the first failure is its cause.
    """
    channel = target.channel
    try:
        news = _news(list(alerts), memory, channel)
        single, rest = ceiling.share_out(channel, news, now()) if news else ([], [])
    except Exception as error:
        msg = f"nobody knows what was told already: {bounded(str(error))}"
        raise PublishError(msg) from error
    published: list[Alert] = []
    failures: list[Exception] = []
    unused: list[str] = []
    for alert in [*single, *([roll_up(rest)] if rest else [])]:
        try:
            target.publish(alert)
        except Exception as error:  # noqa: BLE001 - whatever stops one alert, the others are tried before it is raised
            failures.append(error)
            unused.append(alert.alert_id)
            continue
        try:
            memory.delivered(alert.alert_id, channel, alert.versions(), now())
        except Exception as error:  # noqa: BLE001 - see above
            failures.append(error)
        else:
            published.append(alert)
    if failures:
        _give_back(ceiling, channel, unused, now(), failures)
        msg = (
            f"{len(failures)} alerts could not be published, {len(published)} were; first: {bounded(str(failures[0]))}"
        )
        raise PublishError(msg) from failures[0]
    return published


def _news(alerts: Sequence[Alert], memory: Memory, channel: str) -> list[Alert]:
    """Leave out what the channel was told, and what another of these alerts tells in a newer state.

    What is left of an alert is another one: subscribers know an alert by its id, and whoever saw the rest of it first
    would take the whole for a repetition.
    """
    told = dict(memory.told_versions(channel, {each for alert in alerts for each in alert.versions()}))
    news: list[Alert] = []
    for alert in alerts:
        left = alert.without_told(told)
        if left is None:
            continue
        if len(left.entries) < len(alert.entries):
            ids = (f"{entry.finding_id}@{entry.version}" for entry in left.entries)
            left = replace(left, alert_id=stable_id([alert.alert_id, *ids]))
        news.append(left)
        for finding_id, version in left.versions().items():
            told[finding_id] = max(version, told.get(finding_id, version))
    return news


def _give_back(
    ceiling: Ceiling, channel: str, unused: Collection[str], now: datetime, failures: list[Exception]
) -> None:
    if not unused:
        return
    try:
        ceiling.slots.give_back(channel, unused, now)
    except Exception as error:  # noqa: BLE001 - a slot that stays taken is free again within a minute
        failures.append(error)


def publish_everywhere(
    alerts: Sequence[Alert],
    targets: Iterable[Target],
    memory: Memory,
    ceiling: Ceiling,
    now: Callable[[], datetime],
) -> list[tuple[str, Alert]]:
    """Publish to each channel what it was not told yet; one that fails does not keep the others back.

    Raises:
        PublishError: the first that failed; every channel was tried.
    """
    published: list[tuple[str, Alert]] = []
    failed: PublishError | None = None
    for target in targets:
        try:
            published += [(target.channel, each) for each in publish_all(alerts, target, memory, ceiling, now)]
        except PublishError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return published
