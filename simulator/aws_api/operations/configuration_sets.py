"""What SES v2 says of configuration sets."""

from collections.abc import Mapping
from typing import Any

from simulator.aws_api.errors import bad_request, not_found
from simulator.aws_api.operations.question import Operation, Question
from simulator.aws_api.pages import BadTokenError, page
from simulator.identities import ConfigurationSet, EventDestination, arn

LARGEST_PAGE = 1000  # not documented for v2; what v1 allows
USUAL_PAGE = 50  # not documented; small, so that callers must follow NextToken


def list_configuration_sets(question: Question) -> Mapping[str, Any]:
    """A page of the region's configuration sets, by name."""
    params = question.params
    size = params.get("PageSize") or USUAL_PAGE
    if not 0 < size <= LARGEST_PAGE:
        raise bad_request("sesv2", f"PageSize must be between 0 and {LARGEST_PAGE}")
    wanted: Mapping[str, str] = params.get("Filter") or {}
    part = wanted.get("CONFIGURATION_SET_NAME_CONTAINS", "")
    names = sorted(each.name for each in question.region.configuration_sets if part in each.name)
    try:
        shown, following = page(names, size, params.get("NextToken"), wanted)
    except BadTokenError as error:
        raise bad_request("sesv2", "The NextToken is invalid") from error
    answer: dict[str, Any] = {"ConfigurationSets": list(shown)}
    return answer if following is None else answer | {"NextToken": following}


def _asked_for(question: Question) -> ConfigurationSet:
    name = question.params["ConfigurationSetName"]
    for each in question.region.configuration_sets:
        if each.name == name:
            return each
    raise not_found(f"Configuration set <{name}> does not exist.")


def get_configuration_set(question: Question) -> Mapping[str, Any]:
    """One configuration set, without its destinations."""
    each = _asked_for(question)
    delivery: dict[str, Any] = {"TlsPolicy": each.tls}
    if each.pool is not None:
        delivery["SendingPoolName"] = each.pool
    answer: dict[str, Any] = {
        "ConfigurationSetName": each.name,
        "DeliveryOptions": delivery,
        "ReputationOptions": {"ReputationMetricsEnabled": each.reputation_metrics},
        "SendingOptions": {"SendingEnabled": each.sending_enabled},
        "Tags": [],
    }
    if each.suppressed_reasons is not None:
        answer["SuppressionOptions"] = {"SuppressedReasons": list(each.suppressed_reasons)}
    if each.redirect_domain is not None:
        answer["TrackingOptions"] = {"CustomRedirectDomain": each.redirect_domain}
    return answer


def get_configuration_set_event_destinations(question: Question) -> Mapping[str, Any]:
    """Where a configuration set publishes."""
    return {"EventDestinations": [_destination(question, each) for each in _asked_for(question).destinations]}


def _destination(question: Question, destination: EventDestination) -> dict[str, Any]:
    region, account, target = question.region_name, question.facts.world.account_id, destination.target
    answer: dict[str, Any] = {
        "Name": destination.name,
        "Enabled": destination.enabled,
        "MatchingEventTypes": list(destination.events),
    }
    match destination.kind:
        case "sns":
            answer["SnsDestination"] = {"TopicArn": arn("sns", region, account, target)}
        case "eventbridge":  # SES publishes to the default bus only
            answer["EventBridgeDestination"] = {"EventBusArn": arn("events", region, account, "event-bus/default")}
        case "firehose":
            answer["KinesisFirehoseDestination"] = {
                "IamRoleArn": f"arn:aws:iam::{account}:role/ses-firehose",
                "DeliveryStreamArn": arn("firehose", region, account, f"deliverystream/{target}"),
            }
        case "pinpoint":
            answer["PinpointDestination"] = {
                "ApplicationArn": arn("mobiletargeting", region, account, f"apps/{target}")
            }
        case "cloudwatch":
            dimension = {
                "DimensionName": "ses:configuration-set",
                "DimensionValueSource": "MESSAGE_TAG",
                "DefaultDimensionValue": "none",
            }
            answer["CloudWatchDestination"] = {"DimensionConfigurations": [dimension]}
    return answer


OPERATIONS: Mapping[str, Operation] = {
    "GetConfigurationSet": get_configuration_set,
    "GetConfigurationSetEventDestinations": get_configuration_set_event_destinations,
    "ListConfigurationSets": list_configuration_sets,
}
