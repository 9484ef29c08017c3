"""Configuration sets and where they publish, as facts; half an answer is none."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from ses_monitor.core.identity import ConfigurationSet, EventDestination
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from tests.collect.ses_on_the_wire import REGION, SNS_DESTINATION, Answer, Ses, json_body, refusal

SET, DESTINATIONS, LIST = "GetConfigurationSet", "GetConfigurationSetEventDestinations", "ListConfigurationSets"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:events"
TO_SNS = EventDestination("to-sns", enabled=True, event_types=frozenset({"BOUNCE", "COMPLAINT"}), target=TOPIC)


def read(operation: str, answer: Answer) -> ConfigurationSet:
    ses = Ses()
    ses.answers[operation] = answer
    return ses.reader().configuration_set(REGION, "marketing").get()


def destinations(*entries: Any) -> Observed[tuple[EventDestination, ...]]:
    return read(DESTINATIONS, json_body(EventDestinations=list(entries))).destinations


def test_a_configuration_set_is_read_into_facts() -> None:
    ses = Ses()
    assert ses.reader().configuration_set(REGION, "marketing", ("shop.example.com",)) == Known(
        ConfigurationSet(
            name="marketing",
            sending_enabled=Known(value=True),
            reputation_metrics=Known(value=False),
            destinations=Known((TO_SNS,)),
            default_of=("shop.example.com",),
        )
    )
    assert ses.asked == {SET: 1, DESTINATIONS: 1}


def test_no_destination_is_an_answer() -> None:
    assert destinations() == Known(())


@pytest.mark.parametrize(
    ("where", "target"),
    [
        ({"SnsDestination": {"TopicArn": TOPIC}}, TOPIC),
        (
            {"EventBridgeDestination": {"EventBusArn": "arn:aws:events:eu-west-1:111122223333:event-bus/default"}},
            "arn:aws:events:eu-west-1:111122223333:event-bus/default",
        ),
        (
            {
                "KinesisFirehoseDestination": {
                    "IamRoleArn": "arn:aws:iam::111122223333:role/firehose",
                    "DeliveryStreamArn": "arn:aws:firehose:eu-west-1:111122223333:deliverystream/mail",
                }
            },
            "arn:aws:firehose:eu-west-1:111122223333:deliverystream/mail",
        ),
        (
            {"PinpointDestination": {"ApplicationArn": "arn:aws:mobiletargeting:eu-west-1:111122223333:apps/1"}},
            "arn:aws:mobiletargeting:eu-west-1:111122223333:apps/1",
        ),
        (
            {
                "CloudWatchDestination": {
                    "DimensionConfigurations": [
                        {"DimensionName": "a", "DimensionValueSource": "MESSAGE_TAG", "DefaultDimensionValue": "b"}
                    ]
                }
            },
            "cloudwatch",
        ),
        ({"CarrierPigeonDestination": {"LoftArn": "arn:aws:loft"}}, ""),
        ({}, ""),
    ],
    ids=["sns", "eventbridge", "firehose", "pinpoint", "cloudwatch", "something new", "nothing"],
)
def test_the_target_is_the_arn_that_events_go_to(where: dict[str, Any], target: str) -> None:
    entry = {"Name": "one", "Enabled": False, "MatchingEventTypes": ["SEND", "SOMETHING_NEW"], **where}
    assert destinations(entry) == Known(
        (EventDestination("one", enabled=False, event_types=frozenset({"SEND", "SOMETHING_NEW"}), target=target),)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"Name": None},
        {"Name": 5},
        {"Enabled": None},
        {"MatchingEventTypes": None},
    ],
    ids=repr,
)
def test_half_a_destination_makes_all_of_them_missing_because_it_may_be_the_one_that_counts(change: Any) -> None:
    for entries in ([{**SNS_DESTINATION, **change}], [SNS_DESTINATION, {**SNS_DESTINATION, **change}], [None]):
        fact = destinations(*entries)
        assert isinstance(fact, Missing)
        assert (fact.why, fact.action) == (Blindness.NOT_IN_ANSWER, f"ses:{DESTINATIONS}")


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        ({"ConfigurationSetName": "marketing"}, {"SendingEnabled", "ReputationMetricsEnabled"}),
        (
            {"ReputationOptions": {"ReputationMetricsEnabled": True}, "SendingOptions": {}},
            {"SendingEnabled"},
        ),
        ({"SendingOptions": {"SendingEnabled": False}}, {"ReputationMetricsEnabled"}),
    ],
)
def test_an_option_left_out_is_missing_and_spoils_no_other(answer: dict[str, Any], parts: set[str]) -> None:
    found = read(SET, json_body(**answer))
    facts = {"SendingEnabled": found.sending_enabled, "ReputationMetricsEnabled": found.reputation_metrics}
    for part, fact in facts.items():
        if part in parts:
            reason = f"SES in {REGION} did not say {part} of marketing"
            assert fact == Missing(Blindness.NOT_IN_ANSWER, reason, f"ses:{SET}")
        else:
            assert isinstance(fact, Known)
    assert found.destinations == Known((TO_SNS,))


@pytest.mark.parametrize("operation", [SET, DESTINATIONS])
def test_a_set_deleted_meanwhile_is_no_failure(operation: str) -> None:
    ses = Ses()
    ses.answers[operation] = refusal(operation, "NotFoundException", 404)
    assert ses.reader().configuration_set(REGION, "marketing") == Missing(
        Blindness.NOT_APPLICABLE, f"marketing was deleted meanwhile in {REGION}", f"ses:{operation}"
    )


def test_all_sets_are_listed_to_the_last_page_and_sorted() -> None:
    ses = Ses()
    ses.answers[LIST] = [
        json_body(ConfigurationSets=["b", "a"], NextToken="2"),
        json_body(ConfigurationSets=[], NextToken="3"),
        json_body(ConfigurationSets=["C", "a"]),
    ]
    assert ses.reader().list_configuration_sets(REGION) == Known(("C", "a", "b"))
    assert [json.loads(body or b"{}") for body in ses.bodies] == [{}, {"NextToken": "2"}, {"NextToken": "3"}]


@pytest.mark.parametrize("entry", [None, "", 5, {}], ids=repr)
def test_a_list_with_a_set_that_has_no_name_is_unreadable(entry: Any) -> None:
    ses = Ses()
    ses.answers[LIST] = json_body(ConfigurationSets=["a", entry])
    fact = ses.reader().list_configuration_sets(REGION)
    assert isinstance(fact, Missing)
    assert fact.why is Blindness.UNREADABLE


def test_a_set_deleted_meanwhile_does_not_apply_and_one_that_is_there_keeps_its_identities() -> None:
    ses = Ses()
    good = ses.answers[SET]
    assert not isinstance(good, list)
    ses.answers[SET] = [refusal(SET, "NotFoundException", 404), good]
    reader = ses.reader()
    gone = reader.configuration_set(REGION, "b")
    assert isinstance(gone, Missing)
    assert gone.why is Blindness.NOT_APPLICABLE
    assert reader.configuration_set(REGION, "c", ("shop.example.com",)).get().default_of == ("shop.example.com",)


def test_a_set_that_cannot_be_read_is_there_all_the_same_with_its_facts_missing() -> None:
    ses = Ses()
    ses.answers[SET] = refusal(SET, "AccessDeniedException", 403)
    one = ses.reader().configuration_set(REGION, "a").get()
    assert one.name == "a"
    assert isinstance(one.sending_enabled, Missing)
    assert isinstance(one.reputation_metrics, Missing)
    assert one.destinations == Known((TO_SNS,))


@pytest.mark.parametrize("name", ["UPPER_case-1", "with space/and?more", "n" * 64, "ü"], ids=repr)
def test_an_odd_name_is_asked_for_as_it_is(name: str) -> None:
    ses = Ses()
    assert ses.reader().configuration_set(REGION, name).get().name == name
    assert [unquote(url.partition("/configuration-sets/")[2]) for url in ses.urls] == [
        name,
        f"{name}/event-destinations",
    ]
