"""What can be set at SES: where the feedback of an identity and the events of a configuration set go."""

from collections.abc import Mapping
from typing import Any, get_args

from simulator.aws_api.errors import AwsError, bad_request, not_found
from simulator.aws_api.operations.question import Operation, Question
from simulator.identities import EventType, arn
from simulator.world import WorldFacts

MOST_DESTINATIONS = 10  # of one configuration set: https://docs.aws.amazon.com/ses/latest/dg/quotas.html

_TOPICS = {"Bounce": "bounce_topic", "Complaint": "complaint_topic", "Delivery": "delivery_topic"}
_KINDS = {
    "SnsDestination": "sns",
    "EventBridgeDestination": "eventbridge",
    "CloudWatchDestination": "cloudwatch",
    "KinesisFirehoseDestination": "firehose",
    "PinpointDestination": "pinpoint",
}


def set_identity_notification_topic(question: Question) -> Mapping[str, Any]:
    """Set or, without a topic, clear where one kind of notification of an identity goes."""
    params = question.params
    name, topic = params["Identity"], params.get("SnsTopic") or None
    field = _TOPICS.get(params["NotificationType"])
    if field is None:
        raise bad_request("ses", f"Invalid notification type: {params['NotificationType']}")

    def edit(facts: WorldFacts) -> Mapping[str, object]:
        identity = facts.identity(question.region_name, name)
        if identity is None or not identity.verified:
            raise bad_request("ses", f"Identity {name} is invalid. Must be a verified email address or domain.")
        if topic is not None and not _may_publish(question, facts, topic):
            raise bad_request("ses", f"SNS topic <{topic}> cannot be published to.")
        known = facts.region_facts(question.region_name).get("identities")
        listed = [{"name": each.name} for each in facts.region(question.region_name).identities]
        entries = [dict(each) for each in (listed if known is None else known)]
        for each in entries:
            if each["name"] == identity.name:
                each["feedback"] = {**(each.get("feedback") or {}), field: topic}
        return {"identities": entries}

    question.rewrite(question.region_name, edit)
    return {}


def create_configuration_set_event_destination(question: Question) -> Mapping[str, Any]:
    """Add a destination to a configuration set."""
    params = question.params
    set_name, name, wanted = params["ConfigurationSetName"], params["EventDestinationName"], params["EventDestination"]
    entry = {"name": name, **_definition(wanted)}

    def edit(facts: WorldFacts) -> Mapping[str, object]:
        region = facts.region(question.region_name)
        found = next((each for each in region.configuration_sets if each.name == set_name), None)
        if found is None:
            raise not_found(f"Configuration set <{set_name}> does not exist.")
        if any(each.name == name for each in found.destinations):
            raise AwsError(400, "AlreadyExistsException", f"Event destination <{name}> already exists.")
        if len(found.destinations) >= MOST_DESTINATIONS:
            text = f"A configuration set may have at most {MOST_DESTINATIONS} event destinations."
            raise AwsError(400, "LimitExceededException", text)
        if entry["kind"] == "sns" and not _may_publish(question, facts, entry["target"]):
            raise bad_request("sesv2", f"Could not publish to SNS topic <{entry['target']}>.")
        entries = [dict(each) for each in facts.region_facts(question.region_name).get("configuration_sets") or []]
        for each in entries:
            if each["name"] == set_name:
                # A set of which the world says nothing has the usual destination.
                each["destinations"] = [*each.get("destinations", [{}]), entry]
        return {"configuration_sets": entries}

    question.rewrite(question.region_name, edit)
    return {}


def _definition(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A destination as it would stand in YAML, but for its name."""
    kinds = [member for member in _KINDS if wanted.get(member)]
    if len(kinds) != 1:
        raise bad_request("sesv2", "An event destination must have exactly one kind of destination.")
    if not wanted.get("MatchingEventTypes"):
        raise bad_request("sesv2", "An event destination must match at least one event type.")
    if unknown := set(wanted["MatchingEventTypes"]) - set(get_args(EventType)):
        raise bad_request("sesv2", f"Invalid event types: {', '.join(sorted(unknown))}")
    return {
        "kind": _KINDS[kinds[0]],
        "enabled": bool(wanted.get("Enabled", False)),
        "events": list(wanted["MatchingEventTypes"]),
        "target": _target(kinds[0], wanted[kinds[0]]),
    }


def _target(member: str, said: Mapping[str, Any]) -> str:
    match member:
        case "SnsDestination":
            return str(said.get("TopicArn") or "")
        case "KinesisFirehoseDestination":
            return str(said.get("DeliveryStreamArn") or "")
        case "PinpointDestination":
            return str(said.get("ApplicationArn") or "")
        case _:
            return ""


def _may_publish(question: Question, facts: WorldFacts, topic: str) -> bool:
    """Whether SES can publish there: to a topic of the same region, unless the world says that this one refuses.

    The policy of a topic, or whether there is one, cannot be seen here: SNS is none of the simulator's services.
    """
    region, account = question.region_name, facts.world.account_id
    refused = {arn("sns", region, account, each) for each in facts.region(region).refused_topics}
    parts = topic.split(":")
    return len(parts) == 6 and parts[:1] + parts[2:4] == ["arn", "sns", region] and topic not in refused


V1: Mapping[str, Operation] = {"SetIdentityNotificationTopic": set_identity_notification_topic}
V2: Mapping[str, Operation] = {"CreateConfigurationSetEventDestination": create_configuration_set_event_destination}
