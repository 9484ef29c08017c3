"""The only writes to SES: a topic where an identity has none, an event destination beside those of a set. Paced.

What is set is never replaced: an identity's topic is read once more right before it is set, and creating a destination
cannot replace one. A write of which nobody knows whether it was done is looked up before it is called done or failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.faults import ask, kind_of
from ses_monitor.collect.pacing import Pacer
from ses_monitor.collect.pages import BrokenListError
from ses_monitor.core.check import bounded
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor_cli.enrollment import DESTINATION, NOTIFICATIONS, Action, Kind, State, Step
from ses_monitor_cli.enrollment_reading import EnrollmentReader

if TYPE_CHECKING:
    from mypy_boto3_ses.literals import NotificationTypeType
    from mypy_boto3_sesv2.literals import EventTypeType

SET_TOPIC = "ses:SetIdentityNotificationTopic"
CREATE_DESTINATION = "ses:CreateConfigurationSetEventDestination"

_TAKEN = frozenset({"AlreadyExistsException", "EventDestinationAlreadyExists"})
_PERHAPS_DONE = frozenset(
    {Blindness.TIMED_OUT, Blindness.UNREACHABLE, Blindness.SERVICE_ERROR, Blindness.UNREADABLE, Blindness.NOT_IN_ANSWER}
)
_POLICY = "The topic's policy must let ses.amazonaws.com publish, and so must its KMS key, if it has one."


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a step, and why where it was not done."""

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Refused:
    code: str
    message: str


class SesWriter:
    """Does steps of a plan."""

    def __init__(self, clients: Clients, pacer: Pacer, reader: EnrollmentReader) -> None:
        """Write through `clients`, never faster than `pacer` allows; `reader` looks again."""
        self._clients = clients
        self._pacer = pacer
        self._reader = reader

    def do(self, step: Step, region: str, topic: str) -> Written:
        """Do one planned step, and say what became of it."""
        if step.kind is Kind.IDENTITY and step.action in NOTIFICATIONS:
            return self._set_topic(step, region, topic)
        if step.kind is Kind.CONFIGURATION_SET and step.action is Action.CREATE_DESTINATION and step.event_types:
            return self._create_destination(step, region, topic)
        return Written(step.state, step.reason)

    def _set_topic(self, step: Step, region: str, topic: str) -> Written:
        seen = self._topic_now(step, region)
        if isinstance(seen, Missing):
            return Written(State.FAILED, f"Not tried: {seen.reason}.")
        if seen.value:
            return _as_found(seen.value, topic)
        client = ask(SET_TOPIC, region, lambda: self._clients.unretried_ses(region))
        if isinstance(client, Missing):
            return Written(State.FAILED, f"{client.reason}.")
        kind = cast("NotificationTypeType", NOTIFICATIONS[step.action])
        failed = self._write(
            SET_TOPIC,
            region,
            lambda: client.value.set_identity_notification_topic(
                Identity=step.subject, NotificationType=kind, SnsTopic=topic
            ),
        )
        if not isinstance(failed, Missing) or failed.why not in _PERHAPS_DONE:
            return _told(failed)
        seen = self._topic_now(step, region)
        if isinstance(seen, Missing):
            return _unknown(failed, seen)
        return _as_found(seen.value, topic) if seen.value else _told(failed)

    def _topic_now(self, step: Step, region: str) -> Known[str] | Missing:
        topics = self._reader.topics(region, [step.subject])[step.subject]
        return topics if isinstance(topics, Missing) else Known(topics.value.of(step.action))

    def _create_destination(self, step: Step, region: str, topic: str) -> Written:
        client = ask(CREATE_DESTINATION, region, lambda: self._clients.unretried_sesv2(region))
        if isinstance(client, Missing):
            return Written(State.FAILED, f"{client.reason}.")
        types = cast("list[EventTypeType]", list(step.event_types))
        failed = self._write(
            CREATE_DESTINATION,
            region,
            lambda: client.value.create_configuration_set_event_destination(
                ConfigurationSetName=step.subject,
                EventDestinationName=DESTINATION,
                EventDestination={
                    "Enabled": True,
                    "MatchingEventTypes": types,
                    "SnsDestination": {"TopicArn": topic},
                },
            ),
        )
        taken = isinstance(failed, _Refused) and failed.code in _TAKEN
        unsure = isinstance(failed, Missing) and failed.why in _PERHAPS_DONE
        return self._destination_found(step, region, topic, failed) if taken or unsure else _told(failed)

    def _destination_found(self, step: Step, region: str, topic: str, failed: Missing | _Refused | None) -> Written:
        """Say what became of a destination that is there already, or perhaps."""
        publisher = self._reader.publisher(region, step.subject)
        if publisher is None:
            return Written(State.FAILED, "The configuration set was deleted meanwhile.")
        if isinstance(publisher.destinations, Missing):
            return _unknown(failed, publisher.destinations)
        found = next((each for each in publisher.destinations.value if each.name == DESTINATION), None)
        if found is None:
            return _told(failed)
        if found.enabled and found.target == topic and found.event_types.issuperset(step.event_types):
            return Written(State.DONE)
        return Written(State.KEPT, f"Somebody else made an event destination {DESTINATION} meanwhile. Look again.")

    def _write(self, action: str, region: str, call: Callable[[], Mapping[str, Any]]) -> Missing | _Refused | None:
        """Make one write; None if it was done for certain."""

        def write() -> _Refused | None:
            try:
                answer = self._pacer.call(action, region, call)
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                if kind_of(error) is Blindness.SERVICE_ERROR and status < 500:
                    said = error.response.get("Error", {})
                    return _Refused(str(said.get("Code", "?")), str(said.get("Message", "")))
                raise
            if not answer.get("ResponseMetadata", {}).get("RequestId"):
                # An answer of SES is empty, and botocore reads the page of a proxy as such: only SES numbers its own.
                msg = "the answer is none of SES"
                raise BrokenListError(msg)
            return None

        answer = ask(action, region, write)
        return answer if isinstance(answer, Missing) else answer.value


def _as_found(current: str, topic: str) -> Written:
    if current == topic:
        return Written(State.DONE)
    return Written(State.KEPT, f"Somebody set another topic meanwhile: {bounded(current, 300)}.")


def _told(failed: Missing | _Refused | None) -> Written:
    if failed is None:
        return Written(State.DONE)
    if isinstance(failed, Missing):
        hint = f" Allow {failed.action} to these credentials." if failed.why is Blindness.DENIED else ""
        return Written(State.FAILED, f"{failed.reason}.{hint}")
    reason = bounded(f"SES refused it ({failed.code}: {failed.message.rstrip('.')})") + "."
    about_topic = failed.code.startswith("InvalidSNSDestination") or "sns" in failed.message.lower()
    return Written(State.FAILED, f"{reason} {_POLICY}" if about_topic else reason)


def _unknown(failed: Missing | _Refused | None, blind: Missing) -> Written:
    why = _told(failed).reason.rstrip(".")
    return Written(State.FAILED, f"{why}. Whether it was done all the same could not be read: {blind.reason}.")
