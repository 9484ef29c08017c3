"""Read configuration sets and where they publish. Paced: a region may have 10,000 of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from ses_monitor.collect.faults import ask
from ses_monitor.collect.pacing import Pacer, paced_pages
from ses_monitor.collect.pages import BrokenListError, listed
from ses_monitor.core.check import bounded
from ses_monitor.core.identity import ConfigurationSet, EventDestination
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

T = TypeVar("T")

LIST_CONFIGURATION_SETS = "ses:ListConfigurationSets"
GET_CONFIGURATION_SET = "ses:GetConfigurationSet"
GET_EVENT_DESTINATIONS = "ses:GetConfigurationSetEventDestinations"

CLOUDWATCH = "cloudwatch"
"""The target of a destination that publishes metrics: the only one without an ARN of its own."""

# At least one of these is in each answer of SES, also for a set with nothing but its name.
_SAID = frozenset({"ConfigurationSetName", "SendingOptions", "ReputationOptions", "DeliveryOptions", "TrackingOptions"})

_TARGETS = (
    ("SnsDestination", "TopicArn"),
    ("EventBridgeDestination", "EventBusArn"),
    ("KinesisFirehoseDestination", "DeliveryStreamArn"),
    ("PinpointDestination", "ApplicationArn"),
)


def read_configuration_set_names(client: SESV2Client, region: str, pacer: Pacer) -> Observed[tuple[str, ...]]:
    """List the configuration sets of a region to the end, sorted."""

    def names() -> tuple[str, ...]:
        # The largest page that SES gives is not published, so the size is left to SES.
        found = paced_pages(pacer, LIST_CONFIGURATION_SETS, region, client.list_configuration_sets)
        entries = [entry for page in found for entry in listed(page, "ConfigurationSets")]
        if not all(isinstance(entry, str) and entry for entry in entries):
            msg = "a configuration set in the list has no name"
            raise BrokenListError(msg)
        return tuple(sorted(set(entries)))

    return ask(LIST_CONFIGURATION_SETS, region, names)


def read_configuration_set(
    client: SESV2Client, region: str, pacer: Pacer, name: str, default_of: tuple[str, ...] = ()
) -> Observed[ConfigurationSet]:
    """Read one configuration set and its destinations; what could not be read of it is `Missing` in it.

    As a whole it is `Missing` (NOT_APPLICABLE) only if it was deleted after it was listed.
    """
    options = ask(
        GET_CONFIGURATION_SET,
        region,
        lambda: unless_gone(
            lambda: pacer.call(
                GET_CONFIGURATION_SET, region, lambda: client.get_configuration_set(ConfigurationSetName=name)
            )
        ),
    )
    if options == Known(None):
        return deleted_meanwhile(GET_CONFIGURATION_SET, region, name)
    destinations = ask(
        GET_EVENT_DESTINATIONS,
        region,
        lambda: unless_gone(
            lambda: pacer.call(
                GET_EVENT_DESTINATIONS,
                region,
                lambda: listed(
                    client.get_configuration_set_event_destinations(ConfigurationSetName=name), "EventDestinations"
                ),
            )
        ),
    )
    if destinations == Known(None):
        return deleted_meanwhile(GET_EVENT_DESTINATIONS, region, name)
    return Known(
        ConfigurationSet(
            name=name,
            sending_enabled=_option(options, "SendingOptions", "SendingEnabled", region, name),
            reputation_metrics=_option(options, "ReputationOptions", "ReputationMetricsEnabled", region, name),
            destinations=_destinations(destinations, region, name),
            default_of=default_of,
        )
    )


def unless_gone(call: Callable[[], T]) -> T | None:
    """Make a call about one thing, and return None if SES says that there is no such thing.

    Only SES's own word counts: a bare 404 may come from a proxy.
    """
    try:
        return call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in {"NotFoundException", "NotFound"}:
            return None
        raise


def deleted_meanwhile(action: str, region: str, name: str) -> Missing:
    """Say that something was deleted between its listing and its reading."""
    return Missing(Blindness.NOT_APPLICABLE, bounded(f"{name} was deleted meanwhile in {region}"), action)


def _option(
    answer: Observed[Mapping[str, Any] | None], options: str, key: str, region: str, name: str
) -> Observed[bool]:
    if isinstance(answer, Missing):
        return answer
    said = answer.value or {}
    if not _SAID.intersection(said):
        # botocore reads a body that is no JSON at all as an answer without members.
        return Missing(
            Blindness.UNREADABLE,
            f"{GET_CONFIGURATION_SET} in {region} was answered with nothing of it",
            GET_CONFIGURATION_SET,
        )
    value = (said.get(options) or {}).get(key)
    return Known(value) if isinstance(value, bool) else _left_out(GET_CONFIGURATION_SET, region, name, key)


def _destinations(answer: Observed[list[Any] | None], region: str, name: str) -> Observed[tuple[EventDestination, ...]]:
    if isinstance(answer, Missing):
        return answer
    found = [_destination(entry) for entry in answer.value or []]
    whole = [destination for destination in found if destination is not None]
    if len(whole) < len(found):
        # Half a destination may be the very one that publishes bounces: the others alone would not be the truth.
        return _left_out(GET_EVENT_DESTINATIONS, region, name, "all of an event destination")
    return Known(tuple(whole))


def _destination(entry: object) -> EventDestination | None:
    if not isinstance(entry, Mapping):
        return None
    name, enabled, types = (entry.get(key) for key in ("Name", "Enabled", "MatchingEventTypes"))
    if not (isinstance(name, str) and isinstance(enabled, bool) and isinstance(types, list)):
        return None
    return EventDestination(name, enabled, frozenset(map(str, types)), _target(entry))


def _target(entry: Mapping[str, Any]) -> str:
    for kind, key in _TARGETS:
        arn = (entry.get(kind) or {}).get(key)
        if arn:
            return str(arn)
    return CLOUDWATCH if "CloudWatchDestination" in entry else ""


def _left_out(action: str, region: str, name: str, what: str) -> Missing:
    return Missing(Blindness.NOT_IN_ANSWER, bounded(f"SES in {region} did not say {what} of {name}"), action)
