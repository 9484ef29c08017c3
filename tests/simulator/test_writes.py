"""What is set at the simulated SES stays set, and is refused where SES refuses it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from simulator.aws_api.operations.writes import MOST_DESTINATIONS
from simulator.server import Simulator

Connect = Callable[..., Any]
Run = Callable[..., Simulator]

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ours"
SILENT = {"feedback": {"bounce_topic": None, "complaint_topic": None}}
WORLD = {
    "regions": {
        "eu-west-1": {
            "identities": [
                {"name": "shop.example", **SILENT},
                {"name": "late.example", "verification": "PENDING", **SILENT},
            ],
            "configuration_sets": [{"name": "letters"}, {"name": "quiet", "destinations": []}],
            "refused_topics": ["closed"],
        }
    }
}


@pytest.fixture
def world(run: Run) -> Simulator:
    return run(WORLD)


@pytest.fixture
def v1(world: Simulator, connect: Connect) -> Any:
    return connect(world, "ses")


@pytest.fixture
def v2(world: Simulator, connect: Connect) -> Any:
    return connect(world, "sesv2")


def topics(v1: Any, name: str = "shop.example") -> dict[str, str]:
    found = v1.get_identity_notification_attributes(Identities=[name])["NotificationAttributes"][name]
    return {key: value for key, value in found.items() if key.endswith("Topic")}


def created(v2: Any, name: str = "new", to: str = "quiet", **changes: Any) -> Any:
    definition = {"Enabled": True, "MatchingEventTypes": ["BOUNCE"], "SnsDestination": {"TopicArn": TOPIC}, **changes}
    return v2.create_configuration_set_event_destination(
        ConfigurationSetName=to, EventDestinationName=name, EventDestination=definition
    )


def destinations(v2: Any, name: str = "quiet") -> list[dict[str, Any]]:
    found = v2.get_configuration_set_event_destinations(ConfigurationSetName=name)
    answer: list[dict[str, Any]] = found["EventDestinations"]
    return answer


def test_a_topic_that_is_set_is_read_back_and_no_other_changes(v1: Any) -> None:
    v1.set_identity_notification_topic(Identity="shop.example", NotificationType="Bounce", SnsTopic=TOPIC)
    assert topics(v1) == {"BounceTopic": TOPIC}
    v1.set_identity_notification_topic(Identity="SHOP.example", NotificationType="Delivery", SnsTopic=TOPIC)
    assert topics(v1) == {"BounceTopic": TOPIC, "DeliveryTopic": TOPIC}
    assert topics(v1, "late.example") == {}


def test_setting_no_topic_clears_it(v1: Any) -> None:
    v1.set_identity_notification_topic(Identity="shop.example", NotificationType="Complaint", SnsTopic=TOPIC)
    v1.set_identity_notification_topic(Identity="shop.example", NotificationType="Complaint")
    assert topics(v1) == {}


def test_an_identity_of_which_the_world_says_nothing_can_be_set_too(run: Run, connect: Connect) -> None:
    simulator = run({"regions": {"eu-west-1": {}}})
    v1 = connect(simulator, "ses")
    v1.set_identity_notification_topic(Identity="example.com", NotificationType="Bounce", SnsTopic=TOPIC)
    assert topics(v1, "example.com")["BounceTopic"] == TOPIC


@pytest.mark.parametrize(
    ("identity", "topic"),
    [
        ("other.example", TOPIC),
        ("late.example", TOPIC),
        ("shop.example", "ours"),
        ("shop.example", TOPIC.replace("eu-west-1", "us-east-1")),
        ("shop.example", "arn:aws:sqs:eu-west-1:123456789012:ours"),
        ("shop.example", "arn:aws:sns:eu-west-1:123456789012:closed"),
    ],
)
def test_what_ses_would_not_set_is_refused(v1: Any, identity: str, topic: str) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        v1.set_identity_notification_topic(Identity=identity, NotificationType="Bounce", SnsTopic=topic)
    assert topics(v1) == {}


def test_a_destination_that_is_created_is_read_back_beside_the_others(v2: Any) -> None:
    created(v2, to="letters", MatchingEventTypes=["SEND", "DELIVERY"])
    usual, new = destinations(v2, "letters")
    assert usual["Name"] == "events"
    assert new == {
        "Name": "new",
        "Enabled": True,
        "MatchingEventTypes": ["SEND", "DELIVERY"],
        "SnsDestination": {"TopicArn": TOPIC},
    }
    assert destinations(v2) == []


def test_a_destination_is_off_unless_it_is_said_to_be_on(v2: Any) -> None:
    v2.create_configuration_set_event_destination(
        ConfigurationSetName="quiet",
        EventDestinationName="new",
        EventDestination={"MatchingEventTypes": ["BOUNCE"], "EventBridgeDestination": {"EventBusArn": TOPIC}},
    )
    (new,) = destinations(v2)
    assert new["Enabled"] is False


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"to": "other"}, "NotFoundException"),
        ({"to": "letters", "name": "events"}, "AlreadyExistsException"),
        ({"MatchingEventTypes": []}, "BadRequestException"),
        ({"MatchingEventTypes": ["BOUNCED"]}, "BadRequestException"),
        ({"SnsDestination": {"TopicArn": TOPIC.replace("eu-west-1", "us-east-1")}}, "BadRequestException"),
        ({"SnsDestination": {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:closed"}}, "BadRequestException"),
        ({"EventBridgeDestination": {"EventBusArn": "arn"}}, "BadRequestException"),
    ],
)
def test_a_destination_that_ses_would_not_create_is_refused(v2: Any, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        created(v2, **wrong)
    assert refused.value.response["Error"]["Code"] == code
    assert destinations(v2) == []


def test_a_configuration_set_has_room_for_ten_destinations(v2: Any) -> None:
    for number in range(MOST_DESTINATIONS):
        created(v2, f"number-{number}")
    with pytest.raises(ClientError, match="LimitExceededException"):
        created(v2, "one-more")
    assert len(destinations(v2)) == MOST_DESTINATIONS


def test_writes_at_the_same_time_all_stay(v1: Any) -> None:
    def write(kind: str) -> None:
        v1.set_identity_notification_topic(Identity="shop.example", NotificationType=kind, SnsTopic=TOPIC)

    with ThreadPoolExecutor(3) as side_by_side:
        list(side_by_side.map(write, ("Bounce", "Complaint", "Delivery")))
    assert len(topics(v1)) == 3


def test_an_answer_that_is_lost_does_not_undo_the_write(world: Simulator, v1: Any) -> None:
    world.fault("eu-west-1", "SetIdentityNotificationTopic", kind="lost", times=1)
    with pytest.raises(ConnectionClosedError):
        v1.set_identity_notification_topic(Identity="shop.example", NotificationType="Bounce", SnsTopic=TOPIC)
    assert topics(v1) == {"BounceTopic": TOPIC}


@pytest.mark.parametrize("kind", ["throttle", "deny", "error"])
def test_a_write_that_fails_writes_nothing(world: Simulator, v1: Any, kind: str) -> None:
    world.fault("eu-west-1", "SetIdentityNotificationTopic", kind=kind)
    with pytest.raises(ClientError):
        v1.set_identity_notification_topic(Identity="shop.example", NotificationType="Bounce", SnsTopic=TOPIC)
    assert topics(v1) == {}


def test_writes_have_the_limit_of_one_a_second_as_well(run: Run, connect: Connect, clock: Any) -> None:
    v1 = connect(run({**WORLD, "throttle_like_ses": True}), "ses")
    write = {"Identity": "shop.example", "NotificationType": "Bounce", "SnsTopic": TOPIC}
    v1.set_identity_notification_topic(**write)
    with pytest.raises(ClientError, match="Throttling"):
        v1.set_identity_notification_topic(**write)
    clock.seconds += 1
    v1.set_identity_notification_topic(**write)
