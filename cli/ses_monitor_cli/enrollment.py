"""What identities and configuration sets still need so that their feedback reaches the deployed monitor. Pure.

A plan only adds: a topic where there is none, an event destination beside those that are there. What is set to
something else stays, and the plan says what a person can do instead.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ses_monitor.checks.identity import LONGEST_NAME, named
from ses_monitor.core.check import bounded
from ses_monitor.core.identity import EventDestination
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

T = TypeVar("T")

DESTINATION = "ses-monitor"
"""The name of the event destination that `enroll` creates."""

MOST_DESTINATIONS = 10
"""Event destinations of one configuration set, the most SES allows (developer guide, "Service quotas")."""

NEEDED = ("SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY")
"""Event types without which a configuration set is not enrolled."""

EACH_MAIL = ("SEND", "DELIVERY")
"""Of these: what SES tells of each mail, and what only counts (`core.event.Kind.only_counts`)."""

WANTED = (*NEEDED, "SUBSCRIPTION")
"""Event types of a new destination. Opens and clicks are not among them: they would have SES change the mail."""


class Kind(StrEnum):
    """What a step is about; a topic's subject is its ARN."""

    IDENTITY = "identity"
    CONFIGURATION_SET = "configuration_set"
    TOPIC = "topic"


class Action(StrEnum):
    """What a step does. Only the first four are ever done by the command, and only to what has nothing set."""

    SET_BOUNCE_TOPIC = "set_bounce_topic"
    SET_COMPLAINT_TOPIC = "set_complaint_topic"
    SET_DELIVERY_TOPIC = "set_delivery_topic"
    CREATE_DESTINATION = "create_event_destination"
    UPDATE_DESTINATION = "update_event_destination"
    STOP_EACH_MAIL = "stop_telling_each_mail"
    SUBSCRIBE_QUEUE = "subscribe_queue"
    DEPLOY_TOPIC = "deploy_topic"


class State(StrEnum):
    """How far a step has come. `kept`: something else is set there, which the command leaves alone."""

    PLANNED = "planned"
    DONE = "done"
    FAILED = "failed"
    KEPT = "kept"


NOTIFICATIONS: Mapping[Action, str] = {
    Action.SET_BOUNCE_TOPIC: "Bounce",
    Action.SET_COMPLAINT_TOPIC: "Complaint",
    Action.SET_DELIVERY_TOPIC: "Delivery",
}
"""The notification type, as `SetIdentityNotificationTopic` names it, of each action that sets a topic."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Where an identity's notifications go; empty where no topic is set."""

    bounce: str = ""
    complaint: str = ""
    delivery: str = ""

    def of(self, action: Action) -> str:
        """Return the topic that `action` would set."""
        return {
            Action.SET_BOUNCE_TOPIC: self.bounce,
            Action.SET_COMPLAINT_TOPIC: self.complaint,
            Action.SET_DELIVERY_TOPIC: self.delivery,
        }[action]


@dataclass(frozen=True, slots=True)
class Sender:
    """A verified identity."""

    name: str
    topics: Observed[Topics]


@dataclass(frozen=True, slots=True)
class Publisher:
    """A configuration set."""

    name: str
    destinations: Observed[tuple[EventDestination, ...]]


@dataclass(frozen=True, slots=True)
class Ours:
    """Where feedback is to go: the topic of the home region (an ARN) and the queue behind it (an ARN)."""

    home_topic: str
    queue: str

    @property
    def home(self) -> str:
        """The home region."""
        return self.home_topic.split(":")[3]

    def topic(self, region: str) -> str:
        """Return the ARN of the topic in `region`: it has the same name everywhere."""
        parts = self.home_topic.split(":")
        return ":".join((*parts[:3], region, *parts[4:]))

    def owns(self, topic: str) -> bool:
        """Tell whether a topic belongs to our account; our queue takes messages of no other."""
        return topic.split(":")[4:5] == self.home_topic.split(":")[4:5]


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """What was read of a region. `is_there`: our topic. `hears`: for each other topic, whether our queue hears it."""

    region: str
    is_there: Observed[bool]
    senders: Observed[tuple[Sender, ...]]
    publishers: Observed[tuple[Publisher, ...]]
    hears: Mapping[str, Observed[bool]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is missing. `event_types` belong to a destination that is to be created."""

    kind: Kind
    subject: str
    action: Action
    command: str
    state: State = State.PLANNED
    reason: str = ""
    event_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be looked at, and therefore is not changed."""

    region: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a region still needs. Unless it is `ready`, nothing in it can be done yet."""

    region: str
    topic: str
    ready: bool
    identities: int
    configuration_sets: int
    steps: tuple[Step, ...]
    unread: tuple[Unread, ...]


def other_topics(
    senders: Observed[tuple[Sender, ...]], publishers: Observed[tuple[Publisher, ...]], topic: str, ours: Ours
) -> tuple[str, ...]:
    """Return the topics of our account, besides `topic`, that feedback goes to now: our queue may hear them already."""
    found: dict[str, None] = {}
    for sender in _known(senders):
        if isinstance(sender.topics, Known):
            told = sender.topics.value
            found.update(dict.fromkeys((told.bounce, told.complaint, told.delivery)))
    for publisher in _known(publishers):
        if isinstance(publisher.destinations, Known) and _lacking(publisher.destinations.value, {topic}):
            found.update(dict.fromkeys(each.target for each in publisher.destinations.value if each.enabled))
    return tuple(sorted(each for each in found if each != topic and _is_topic(each) and ours.owns(each)))


def plan(facts: RegionFacts, ours: Ours, *, deliveries: bool = False, without_sends: bool = False) -> Plan:
    """Return what the region still needs. With `deliveries` identities are to tell of each delivery as well.

    With `without_sends` nothing is to tell of each mail (`EACH_MAIL`); what does already is left as it is, and named.
    """
    region, topic = facts.region, ours.topic(facts.region)
    unread: list[Unread] = []
    steps = [
        *_of_senders(facts, ours, unread, deliveries=deliveries, without_sends=without_sends),
        *_of_publishers(facts, ours, unread, EACH_MAIL if without_sends else ()),
    ]
    ready = facts.is_there == Known(value=True)
    senders, publishers = len(_known(facts.senders)), len(_known(facts.publishers))
    if isinstance(facts.is_there, Missing):
        unread.insert(0, Unread(region, topic, facts.is_there.reason))
    elif not ready and (senders or publishers):
        steps.insert(0, _deploy(region, topic, ours))
    return Plan(region, topic, ready, senders, publishers, tuple(steps), tuple(unread))


def _deploy(region: str, topic: str, ours: Ours) -> Step:
    command = "make deploy" if region == ours.home else f"make deploy-region REGION={shlex.quote(region)}"
    reason = "It is not there yet, and SES publishes only to topics of its own region: this comes first."
    return Step(Kind.TOPIC, topic, Action.DEPLOY_TOPIC, command, reason=reason)


def _of_senders(
    facts: RegionFacts, ours: Ours, unread: list[Unread], *, deliveries: bool, without_sends: bool
) -> Iterator[Step]:
    region, topic = facts.region, ours.topic(facts.region)
    if isinstance(facts.senders, Missing):
        unread.append(Unread(region, "*", facts.senders.reason))
        return
    actions = [each for each in NOTIFICATIONS if deliveries or each is not Action.SET_DELIVERY_TOPIC]
    elsewhere: dict[str, list[str]] = {}
    for sender in facts.senders.value:
        if isinstance(sender.topics, Missing):
            unread.append(Unread(region, sender.name, sender.topics.reason))
            continue
        for action in actions:
            current = sender.topics.value.of(action)
            if not current:
                command = _command(
                    "ses set-identity-notification-topic",
                    region,
                    identity=sender.name,
                    notification_type=NOTIFICATIONS[action],
                    sns_topic=topic,
                )
                yield Step(Kind.IDENTITY, sender.name, action, command)
            elif current != topic:
                elsewhere.setdefault(current, []).append(f"{NOTIFICATIONS[action]} of {sender.name}")
        if without_sends and sender.topics.value.delivery == topic:
            yield _telling_deliveries(region, sender.name)
    for other, told in sorted(elsewhere.items()):
        yield from _kept_topic(other, told, facts, ours, unread)


def _telling_deliveries(region: str, name: str) -> Step:
    # "If the parameter is omitted from the request or a null value is passed, SnsTopic is cleared and publishing is
    # disabled": https://docs.aws.amazon.com/ses/latest/APIReference/API_SetIdentityNotificationTopic.html
    command = _command("ses set-identity-notification-topic", region, identity=name, notification_type="Delivery")
    reason = "It tells our topic of each delivery."
    return Step(Kind.IDENTITY, name, Action.STOP_EACH_MAIL, command, State.KEPT, reason)


def _kept_topic(
    other: str, told: Sequence[str], facts: RegionFacts, ours: Ours, unread: list[Unread]
) -> Iterator[Step]:
    hears = facts.hears.get(other, _NOT_ASKED)
    if hears == Known(value=True):
        return
    what = f"Told there: {named(told)}."
    command = _subscribe(facts.region, other, ours)
    if not ours.owns(other):
        command = ""
        what += " It belongs to another account, from which our queue takes nothing: ask its owner, or set our topic."
    elif isinstance(hears, Missing) and hears.why is Blindness.NOT_APPLICABLE:
        command = ""
        what += " That topic is gone, so it is lost. Set our topic by hand."
    elif isinstance(hears, Missing):
        what += " Whether our queue hears it could not be read."
        unread.append(Unread(facts.region, other, hears.reason))
    else:
        what += " Our queue does not hear it."
    yield Step(Kind.TOPIC, other, Action.SUBSCRIBE_QUEUE, command, State.KEPT, what)


_NOT_ASKED = Missing(Blindness.NO_DATA, "sns:ListSubscriptionsByTopic was not asked about it")


def _of_publishers(facts: RegionFacts, ours: Ours, unread: list[Unread], without: Collection[str]) -> Iterator[Step]:
    region, topic = facts.region, ours.topic(facts.region)
    if isinstance(facts.publishers, Missing):
        unread.append(Unread(region, "*", facts.publishers.reason))
        return
    heard = {topic} | {other for other, hears in facts.hears.items() if hears == Known(value=True)}
    for publisher in facts.publishers.value:
        if isinstance(publisher.destinations, Missing):
            unread.append(Unread(region, publisher.name, publisher.destinations.reason))
            continue
        destinations = publisher.destinations.value
        completed = None
        if lacking := [each for each in _lacking(destinations, heard) if each not in without]:
            completed = _destination(publisher.name, destinations, lacking, without, facts, ours)
            yield completed
        for each in destinations:
            told = each.event_types.intersection(without)
            is_done = each.name == DESTINATION and completed and completed.action is Action.UPDATE_DESTINATION
            if told and each.enabled and each.target == topic and not is_done:
                yield _telling_each_mail(publisher.name, each, without)


def _telling_each_mail(name: str, destination: EventDestination, without: Collection[str]) -> Step:
    topic, types = destination.target, _ordered(destination.event_types.difference(without))
    command = _publish("update", topic, name, destination.name, types)
    if not types:
        command = _command(
            "sesv2 delete-configuration-set-event-destination",
            topic.split(":")[3],
            configuration_set_name=name,
            event_destination_name=destination.name,
        )
    told = ", ".join(each for each in EACH_MAIL if each in destination.event_types and each in without)
    reason = (
        f"Its event destination {bounded(destination.name, LONGEST_NAME)} tells our topic of each mail ({told})."
        " As long as it does, rates of identities that send with this set and without it come out too high."
    )
    return Step(Kind.CONFIGURATION_SET, name, Action.STOP_EACH_MAIL, command, State.KEPT, reason)


def _ordered(types: Collection[str]) -> list[str]:
    return [each for each in WANTED if each in types] + sorted(set(types).difference(WANTED))


def _destination(  # noqa: PLR0917 - all that is known of a set
    name: str,
    destinations: Sequence[EventDestination],
    lacking: Sequence[str],
    without: Collection[str],
    facts: RegionFacts,
    ours: Ours,
) -> Step:
    region, topic = facts.region, ours.topic(facts.region)
    missing = f"Lacks {', '.join(lacking)}"
    own = next((each for each in destinations if each.name == DESTINATION), None)
    if own is not None and own.target == topic:
        types = _ordered({*lacking, *own.event_types}.difference(without))
        command = _publish("update", topic, name, DESTINATION, types)
        reason = f"{missing}: its event destination {DESTINATION} {'has other types' if own.enabled else 'is off'}."
        if told := [each for each in without if each in own.event_types]:
            reason += f" The command takes {' and '.join(told)} out as well."
        return Step(Kind.CONFIGURATION_SET, name, Action.UPDATE_DESTINATION, command, State.KEPT, reason)
    if len(destinations) >= MOST_DESTINATIONS:
        reason = f"{missing}, and has {len(destinations)} event destinations already: SES allows {MOST_DESTINATIONS}."
        action, command = Action.SUBSCRIBE_QUEUE, ""
        if best := _best_topic(destinations, lacking, ours):
            reason += " Our queue can hear one of their topics."
            command = _subscribe(region, best, ours)
        return Step(Kind.CONFIGURATION_SET, name, action, command, State.KEPT, reason)
    wanted = (each for each in WANTED if each not in without)
    types = [each for each in wanted if each in lacking or not _reaches(each, destinations, {topic})]
    if own is not None:
        free = next(each for each in map(f"{DESTINATION}-{{}}".format, range(2, 99)) if _is_free(each, destinations))
        reason = f"{missing}, and its event destination {DESTINATION} publishes elsewhere ({bounded(own.target, 200)})."
        command = _publish("create", topic, name, free, types)
        return Step(Kind.CONFIGURATION_SET, name, Action.CREATE_DESTINATION, command, State.KEPT, reason)
    command = _publish("create", topic, name, DESTINATION, types)
    return Step(Kind.CONFIGURATION_SET, name, Action.CREATE_DESTINATION, command, event_types=tuple(types))


def _lacking(destinations: Iterable[EventDestination], heard: set[str]) -> tuple[str, ...]:
    told = list(destinations)
    return tuple(each for each in NEEDED if not _reaches(each, told, heard))


def _reaches(event_type: str, destinations: Iterable[EventDestination], heard: set[str]) -> bool:
    return any(each.enabled and each.target in heard and event_type in each.event_types for each in destinations)


def _best_topic(destinations: Iterable[EventDestination], lacking: Sequence[str], ours: Ours) -> str:
    """Return the topic of our account that has the most of what is lacking; empty if there is none."""
    topics = [each for each in destinations if each.enabled and _is_topic(each.target) and ours.owns(each.target)]
    best = max(topics, key=lambda each: len(each.event_types.intersection(lacking)), default=None)
    return best.target if best is not None and best.event_types.intersection(lacking) else ""


def _is_topic(target: str) -> bool:
    parts = target.split(":")
    return len(parts) == 6 and parts[0] == "arn" and parts[2] == "sns"


def _is_free(name: str, destinations: Iterable[EventDestination]) -> bool:
    return all(each.name != name for each in destinations)


def _subscribe(region: str, topic: str, ours: Ours) -> str:
    return _command("sns subscribe", region, topic_arn=topic, protocol="sqs", notification_endpoint=ours.queue)


def _publish(verb: str, topic: str, name: str, destination: str, types: Sequence[str]) -> str:
    return _command(
        f"sesv2 {verb}-configuration-set-event-destination",
        topic.split(":")[3],
        configuration_set_name=name,
        event_destination_name=destination,
        event_destination=f"Enabled=true,MatchingEventTypes={','.join(types)},SnsDestination={{TopicArn={topic}}}",
    )


def _command(call: str, region: str, **options: str) -> str:
    given = " ".join(
        f"--{key.replace('_', '-')} {shlex.quote(bounded(value, 4 * LONGEST_NAME))}" for key, value in options.items()
    )
    return f"aws {call} --region {shlex.quote(region)} {given}"


def _known(facts: Observed[tuple[T, ...]]) -> tuple[T, ...]:
    return facts.value if isinstance(facts, Known) else ()
