"""What stands in place of the rules of checkov that security/accepted.toml accepts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_regional import REGIONAL
from tests.test_template import RESOURCES, of_type

QUEUES = {
    f"{stack}:{name}": each["Properties"]
    for stack, resources in (("home", RESOURCES), ("regional", REGIONAL))
    for name, each in resources.items()
    if each["Type"] == "AWS::SQS::Queue"
}


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_is_encrypted(queue: str) -> None:
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True


def test_the_table_is_encrypted_and_cannot_be_lost_with_the_stack() -> None:
    assert RESOURCES["Table"]["Properties"]["SSESpecification"]["SSEEnabled"] is True
    assert RESOURCES["Table"]["DeletionPolicy"] == "Retain"


def _source(event: dict[str, Any]) -> str:
    return str(event["Properties"].get("Queue", {}).get("GetAtt", [""])[0])


@pytest.mark.parametrize("name", of_type("AWS::Serverless::Function"))
def test_what_a_function_fails_at_is_kept_somewhere_or_comes_again(name: str) -> None:
    properties = RESOURCES[name]["Properties"]
    for event in properties.get("Events", {}).values():
        match event["Type"]:
            case "SQS":
                assert RESOURCES[_source(event)]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]
                # What comes to Slack is few already: AlertsPerMinute (docs/decisions/0017-who-tells-what-failed.md).
                most = event["Properties"].get("ScalingConfig", {"MaximumConcurrency": 0})["MaximumConcurrency"]
                assert most <= 5
                assert (most == 0) is (_source(event) == "SlackQueue")
            case "DynamoDB":
                assert event["Properties"]["DestinationConfig"]["OnFailure"]
            case kind:
                assert kind == "ScheduleV2"
    if not properties.get("Events"):
        assert properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]


@pytest.mark.parametrize("name", of_type("AWS::Serverless::Function"))
def test_no_function_has_an_address_of_its_own(name: str) -> None:
    properties = RESOURCES[name]["Properties"]
    assert "FunctionUrlConfig" not in properties
    assert not {each["Type"] for each in properties.get("Events", {}).values()} & {"Api", "HttpApi"}
