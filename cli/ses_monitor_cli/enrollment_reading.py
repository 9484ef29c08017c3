"""Read what enrolling needs to know: the stack's outputs, the topics, and where feedback goes now. Paced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore import exceptions as boto

from ses_monitor.audit.deadlines import begin
from ses_monitor.checks.identity import CAN_SEND
from ses_monitor.collect.clients import READING, Clients
from ses_monitor.collect.faults import ask
from ses_monitor.collect.identities import BATCH, GET_NOTIFICATIONS, AwsIdentityReader
from ses_monitor.collect.pacing import Pacer
from ses_monitor.collect.pages import BrokenListError, listed, pages
from ses_monitor.core.check import bounded
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor_cli import aws
from ses_monitor_cli.enrollment import Ours, Publisher, RegionFacts, Sender, Topics, other_topics
from ses_monitor_cli.outcome import CannotLookError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

T = TypeVar("T")

GET_TOPIC = "sns:GetTopicAttributes"
LIST_SUBSCRIPTIONS = "sns:ListSubscriptionsByTopic"

MOST_PAGES = 200
"""Pages of a topic's subscriptions, of 100 each; our queue is not looked for in a longer list."""


class EnrollmentReader:
    """Reads at SES where feedback goes."""

    def __init__(self, clients: Clients, pacer: Pacer) -> None:
        """Read through `clients`, never faster than `pacer` allows."""
        self._clients = clients
        self._pacer = pacer
        self._identities = AwsIdentityReader(clients, pacer)

    def senders(self, region: str) -> Observed[tuple[Sender, ...]]:
        """Read the verified identities and their topics; of others SES takes no mail."""
        listing = self._identities.list_identities(region)
        if isinstance(listing, Missing):
            return listing
        names = [each.name for each in listing.value if each.verification_status in CAN_SEND]
        found: list[Sender] = []
        for start in range(0, len(names), BATCH):
            topics = self.topics(region, names[start : start + BATCH])
            found += [Sender(name, known) for name, known in topics.items()]
        return Known(tuple(found))

    def topics(self, region: str, names: Sequence[str]) -> Mapping[str, Observed[Topics]]:
        """Read the topics of up to `BATCH` identities."""

        def read() -> Mapping[str, Any]:
            client = self._clients.unretried_ses(region)
            answer = self._pacer.call(
                GET_NOTIFICATIONS, region, lambda: client.get_identity_notification_attributes(Identities=list(names))
            )
            entries: object = answer.get("NotificationAttributes")
            if not isinstance(entries, Mapping):
                msg = "the answer has no NotificationAttributes"
                raise BrokenListError(msg)
            return entries

        answer = ask(GET_NOTIFICATIONS, region, read)
        if isinstance(answer, Missing):
            return dict.fromkeys(names, answer)
        return {name: _topics(answer.value.get(name), region, name) for name in names}

    def publishers(self, region: str) -> Observed[tuple[Publisher, ...]]:
        """Read the configuration sets and where they publish; those deleted meanwhile are left out."""
        names = self._identities.list_configuration_sets(region)
        if isinstance(names, Missing):
            return names
        found = (self.publisher(region, name) for name in names.value)
        return Known(tuple(each for each in found if each is not None))

    def publisher(self, region: str, name: str) -> Publisher | None:
        """Read one configuration set; None if it is gone."""
        one = self._identities.configuration_set(region, name)
        if isinstance(one, Known):
            return Publisher(name, one.value.destinations)
        return None if one.why is Blindness.NOT_APPLICABLE else Publisher(name, one)


def _topics(entry: object, region: str, name: str) -> Observed[Topics]:
    # A topic that is not set is left out, but forwarding is always told: without it nothing was said.
    if not isinstance(entry, Mapping) or not isinstance(entry.get("ForwardingEnabled"), bool):
        reason = bounded(f"SES in {region} did not say anything of {name}")
        return Missing(Blindness.NOT_IN_ANSWER, reason, GET_NOTIFICATIONS)
    bounce, complaint, delivery = (
        value if isinstance(value, str) else ""
        for value in (entry.get(f"{kind}Topic") for kind in ("Bounce", "Complaint", "Delivery"))
    )
    return Known(Topics(bounce, complaint, delivery))


class TopicReader:
    """Asks SNS about topics. The clients are made at once: two threads must not make them from one session."""

    def __init__(self, session: boto3.Session, regions: Iterable[str]) -> None:
        """Make the clients of these regions.

        Raises:
            CannotLookError: an endpoint of the environment is none.
        """
        try:
            self._clients: dict[str, SNSClient] = {
                region: session.client("sns", region_name=region, config=READING) for region in regions
            }
        except (ValueError, boto.BotoCoreError) as error:
            raise CannotLookError(aws.sentence(error)) from error

    def is_there(self, region: str, topic: str) -> Observed[bool]:
        """Find out whether a topic is there."""
        return ask(
            GET_TOPIC,
            region,
            lambda: _unless_gone(lambda: self._clients[region].get_topic_attributes(TopicArn=topic)) is not None,
        )

    def hears(self, region: str, topic: str, queue: str) -> Observed[bool]:
        """Find out whether a queue is subscribed to a topic; `Missing` (NOT_APPLICABLE) if there is no such topic."""

        def read() -> bool | None:
            return _unless_gone(lambda: self._is_subscribed(region, topic, queue))

        answer = ask(LIST_SUBSCRIPTIONS, region, read)
        if isinstance(answer, Missing):
            return answer
        if answer.value is None:
            return Missing(Blindness.NOT_APPLICABLE, bounded(f"there is no topic {topic}"), LIST_SUBSCRIPTIONS)
        return Known(answer.value)

    def _is_subscribed(self, region: str, topic: str, queue: str) -> bool:
        call = self._clients[region].list_subscriptions_by_topic
        for count, page in enumerate(pages(call, TopicArn=topic), start=1):
            if count > MOST_PAGES:
                msg = f"the list does not end after {MOST_PAGES} pages"
                raise BrokenListError(msg)
            for each in listed(page, "Subscriptions"):
                # What is not confirmed yet has no ARN, and gets nothing.
                if each.get("Endpoint") == queue and str(each.get("SubscriptionArn", "")).startswith("arn:"):
                    return True
        return False


def _unless_gone(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except boto.ClientError as error:
        if error.response.get("Error", {}).get("Code") in {"NotFound", "NotFoundException"}:
            return None
        raise


def begin_reading(
    reader: EnrollmentReader, regions: Iterable[str], whole: Iterable[str]
) -> dict[str, Future[tuple[Observed[tuple[Sender, ...]], Observed[tuple[Publisher, ...]]]]]:
    """Begin to read the regions side by side. Where nothing is verified, the sets are read only in `whole`."""
    asked_for = frozenset(whole)

    def read(region: str) -> tuple[Observed[tuple[Sender, ...]], Observed[tuple[Publisher, ...]]]:
        senders = reader.senders(region)
        if isinstance(senders, Known) and not senders.value and region not in asked_for:
            return senders, Known(())
        return senders, reader.publishers(region)

    return {region: begin(partial(read, region)) for region in regions}


def begin_asking(
    topics: TopicReader,
    ours: Ours,
    read: Mapping[str, tuple[Observed[tuple[Sender, ...]], Observed[tuple[Publisher, ...]]]],
) -> dict[str, Future[RegionFacts]]:
    """Begin to ask SNS in each region what was read whether our topic is there, and whether our queue hears others."""

    def look(region: str) -> RegionFacts:
        senders, publishers = read[region]
        topic = ours.topic(region)
        others = other_topics(senders, publishers, topic, ours)
        hears = {other: topics.hears(region, other, ours.queue) for other in others}
        return RegionFacts(region, topics.is_there(region, topic), senders, publishers, hears)

    return {region: begin(partial(look, region)) for region in read}


def find_ours(session: boto3.Session, region: str, stack_name: str) -> Ours:
    """Return the topic and the queue of a deployed stack.

    Raises:
        CannotLookError: there is no such stack, it is no monitor that takes feedback, or it cannot be asked.
    """
    outputs = aws.describe_stack(session, region, stack_name, "--stack-name NAME, --stack-region REGION").outputs
    topic, queue = outputs.get("FeedbackTopicArn", ""), outputs.get("FeedbackQueueArn", "")
    if len(topic.split(":")) != 6 or not queue:
        msg = (
            f"the stack {stack_name} in {region} has no output FeedbackTopicArn or FeedbackQueueArn: it is no"
            " ses-monitor, or older than this command. Deploy it anew: make deploy"
        )
        raise CannotLookError(msg)
    return Ours(topic, queue)
