"""What a configuration set does not publish nobody hears of, unless the identity has a topic of its own for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ses_monitor.checks.configuration_set import CONSOLE
from ses_monitor.checks.identity import CAN_SEND, console_name, named, new_topic
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided
from ses_monitor.core.identity import ConfigurationSet, EventDestination, Feedback, Identity
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

_SHOW = Step(
    "See what it publishes, and where:",
    command="aws sesv2 get-configuration-set-event-destinations --region {region} --configuration-set-name {subject}",
)
_ADD = Step(
    "Publish bounces and complaints to a topic of this region, with its name for TOPIC. Its policy must let"
    " ses.amazonaws.com publish:",
    command="aws sesv2 create-configuration-set-event-destination --region {region}"
    " --configuration-set-name {subject} --event-destination-name bounces-and-complaints"
    " --event-destination {new_destination}",
)
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/monitor-using-event-publishing.html"

NO_EVENT_DESTINATION = Diagnosis(
    tag="NO_EVENT_DESTINATION",
    severities=(Severity.NOTICE,),
    message="The configuration set {subject} in {region} publishes nothing: it has no event destination.",
    cause="Mail that names it is sent as if it did not; bounces and complaints go where the identity sends them.",
    steps=(_ADD,),
    references=(_REFERENCE,),
)
EVENT_DESTINATION_OFF = Diagnosis(
    tag="EVENT_DESTINATION_OFF",
    severities=(Severity.WARNING,),
    message="The configuration set {subject} in {region} has event destinations that are off: {destinations}.",
    cause="Events that go nowhere else are lost meanwhile: {lost}.",
    steps=(
        _SHOW,
        Step("Edit the destination on this page and enable it, or delete it if nobody needs it:", url=CONSOLE),
    ),
    aspect="off",
    references=(_REFERENCE,),
)
BOUNCES_NOT_PUBLISHED = Diagnosis(
    tag="BOUNCES_NOT_PUBLISHED",
    severities=(Severity.WARNING,),
    message="The configuration set {subject} in {region} publishes events, but no bounces, and {users}.",
    cause="None of its event destinations has the event type BOUNCE. Bounced addresses are mailed again, and count"
    " against the account's bounce rate.",
    steps=(_ADD, _SHOW),
    aspect="bounces",
    references=(_REFERENCE,),
)
COMPLAINTS_NOT_PUBLISHED = Diagnosis(
    tag="COMPLAINTS_NOT_PUBLISHED",
    severities=(Severity.WARNING,),
    message="The configuration set {subject} in {region} publishes events, but no complaints, and {users}.",
    cause="None of its event destinations has the event type COMPLAINT. Who complained is mailed again, and counts"
    " against the account's complaint rate.",
    steps=(_ADD, _SHOW),
    aspect="complaints",
    references=(_REFERENCE,),
)

_NOT_PUBLISHED = {"BOUNCE": BOUNCES_NOT_PUBLISHED, "COMPLAINT": COMPLAINTS_NOT_PUBLISHED}


def evaluate(each: ConfigurationSet, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude what the set fails to publish. A destination that is off is told as that, not as missing as well."""
    destinations = each.destinations.get()
    if not destinations:
        yield NO_EVENT_DESTINATION.on(
            snapshot, each.name, new_destination=_new_destination(snapshot, list(_NOT_PUBLISHED))
        )
        return
    yield from _off(each, destinations, snapshot)
    meant = frozenset().union(*(destination.event_types for destination in destinations))
    lacking = [event_type for event_type in _NOT_PUBLISHED if event_type not in meant]
    for event_type in lacking:
        diagnosis, users = _NOT_PUBLISHED[event_type], _without_topic(each, event_type, snapshot)
        if isinstance(users, Missing):
            yield Undecided(frozenset({diagnosis.tag}), users)
        elif users.value:
            new = _new_destination(snapshot, lacking)
            yield diagnosis.on(snapshot, each.name, users=users.value, new_destination=new)


def _off(each: ConfigurationSet, destinations: Sequence[EventDestination], snapshot: Snapshot) -> Iterator[Conclusion]:
    off = [destination for destination in destinations if not destination.enabled]
    if not off:
        return
    working = frozenset().union(*(destination.event_types for destination in destinations if destination.enabled))
    lost = sorted(frozenset().union(*(destination.event_types for destination in off)) - working)
    yield EVENT_DESTINATION_OFF.on(
        snapshot,
        each.name,
        destinations=named([destination.name for destination in off]),
        lost=", ".join(lost) or "none, others have them too",
        page=console_name(each.name),
    )


def _without_topic(each: ConfigurationSet, event_type: str, snapshot: Snapshot) -> Observed[str]:
    """Say which mail with the set has no topic for the event either; an empty text where none is known to.

    Identities that use the set by default send with it for certain: one without a topic is enough. Any other
    identity may name it in a mail, which is seen nowhere: then it takes that no identity has a topic.
    """
    if isinstance(snapshot.identities, Missing):
        return snapshot.identities
    senders = {
        identity.name: identity for identity in snapshot.identities.value if identity.verification_status in CAN_SEND
    }
    if not each.default_of:
        return _all_without(senders.values(), event_type)
    listed = {identity.name for identity in snapshot.identities.value}
    users = [name for name in sorted(each.default_of) if name in senders or name not in listed]
    return _some_without(users, senders, event_type)


def _some_without(users: Sequence[str], senders: dict[str, Identity], event_type: str) -> Observed[str]:
    silent: list[str] = []
    blind: Missing | None = None
    for name in users:
        topic = _topic(senders[name], event_type) if name in senders else _NOT_READ
        if isinstance(topic, Missing):
            blind = topic
        elif not topic.value:
            silent.append(name)
    if blind is not None and not silent:
        return blind
    return Known(f"mail from {named(silent)} uses it by default, without a topic for them" if silent else "")


def _all_without(senders: Iterable[Identity], event_type: str) -> Observed[str]:
    topics = [_topic(identity, event_type) for identity in senders]
    if any(isinstance(topic, Known) and topic.value for topic in topics):
        return Known("")
    blind = next((topic for topic in topics if isinstance(topic, Missing)), None)
    return blind or Known("no identity of the region has a topic for them" if topics else "")


_NOT_READ = Missing(Blindness.NOT_APPLICABLE, "an identity that uses the set by default was not read in this audit")


def _topic(identity: Identity, event_type: str) -> Observed[str]:
    if isinstance(identity.feedback, Missing):
        return identity.feedback
    feedback: Feedback = identity.feedback.value
    return Known(feedback.bounce_topic if event_type == "BOUNCE" else feedback.complaint_topic)


def _new_destination(snapshot: Snapshot, event_types: Sequence[str]) -> str:
    types = ",".join(event_types)
    return f"Enabled=true,MatchingEventTypes={types},SnsDestination={{TopicArn={new_topic(snapshot)}}}"


CHECK = Check(
    id="configuration_set.event_destinations",
    scope=Scope.CONFIGURATION_SET,
    title="The configuration set publishes bounces and complaints",
    needs=frozenset(
        {
            "ses:ListConfigurationSets",
            "ses:GetConfigurationSetEventDestinations",
            "ses:GetEmailIdentity",
            "ses:GetIdentityNotificationAttributes",
            "ses:ListEmailIdentities",
        }
    ),
    diagnoses=(NO_EVENT_DESTINATION, EVENT_DESTINATION_OFF, BOUNCES_NOT_PUBLISHED, COMPLAINTS_NOT_PUBLISHED),
    evaluate=evaluate,
)
