"""`enroll` shows what SES still needs to tell the monitor, and with `--apply` adds it, and nothing else."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import Result

from ses_monitor.core.event import Kind as EventKind
from ses_monitor_cli.enrollment import EACH_MAIL, WANTED
from simulator.server import Simulator
from tests.build import NOW
from tests.cli import stack
from tests.cli.conftest import Run
from tests.cli.test_docs import check

ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:{stack.HOME}:{ACCOUNT}:ses-monitor-feedback"
WRITES = ("SetIdentityNotificationTopic", "CreateConfigurationSetEventDestination")
TYPES = ["SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY", "SUBSCRIPTION"]


def topic(region: str = stack.HOME, name: str = "ses-monitor-feedback") -> str:
    return f"arn:aws:sns:{region}:{ACCOUNT}:{name}"


def told_to(name: str | None = None) -> dict[str, Any]:
    return {"bounce_topic": name, "complaint_topic": name}


OURS = told_to("ses-monitor-feedback")
ALL_OF_IT = {"name": "events", "events": TYPES[:-1], "target": "ses-monitor-feedback"}

WORLD: dict[str, Any] = {
    "regions": {
        "eu-west-1": {
            "identities": [
                {"name": "shop.example", "feedback": told_to()},
                {"name": "orders@shop.example", "feedback": told_to()},
                {"name": "news.example", "feedback": told_to("theirs")},
                {"name": "late.example", "verification": "PENDING", "feedback": told_to()},
                {"name": "ready.example", "feedback": OURS},
            ],
            "configuration_sets": [
                {"name": "letters", "destinations": []},
                {"name": "receipts", "destinations": [ALL_OF_IT]},
            ],
        },
        "us-east-1": {"identities": [{"name": "shop.example", "feedback": told_to()}]},
    }
}
"""Two regions with senders, of which one has no topic; all other regions are unused."""


@pytest.fixture
def simulate(
    connect: Callable[[Simulator], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Simulator]]:
    """Start a world beside a deployed stack and its topic in the home region."""
    running: list[Simulator] = []
    outputs = {
        "ses-monitor": {"TableName": stack.TABLE, "FeedbackTopicArn": topic(), "FeedbackQueueArn": QUEUE},
        "old": {"TableName": stack.TABLE},
    }

    def start(world: Any = WORLD, **options: Any) -> Simulator:
        simulator = Simulator(world, clock=lambda: NOW, **options).__enter__()
        running.append(simulator)
        connect(simulator)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        return simulator

    with stack.CloudFormation(outputs) as url, mock_aws():
        make_topic(stack.HOME)
        yield start
    for each in running:
        each.__exit__(None, None, None)


@pytest.fixture
def world(simulate: Callable[..., Simulator]) -> Simulator:
    return simulate()


@pytest.fixture
def enroll(run: Run) -> Callable[..., Result]:
    """Enroll without the second that SES wants between two requests."""
    return lambda *arguments, **options: run("enroll", *arguments, "--pace", "1000", **options)


def make_topic(region: str, name: str = "ses-monitor-feedback") -> str:
    made: str = boto3.client("sns", region_name=region).create_topic(Name=name)["TopicArn"]
    return made


def subscribe(region: str, name: str) -> None:
    boto3.client("sns", region_name=region).subscribe(
        TopicArn=topic(region, name), Protocol="sqs", Endpoint=QUEUE, ReturnSubscriptionArn=True
    )


def topics_of(name: str, region: str = stack.HOME) -> dict[str, str]:
    client = boto3.client("ses", region_name=region)
    found = client.get_identity_notification_attributes(Identities=[name])["NotificationAttributes"][name]
    return {key: str(value) for key, value in found.items() if key.endswith("Topic")}


def destinations_of(name: str, region: str = stack.HOME) -> list[Any]:
    client = boto3.client("sesv2", region_name=region)
    found: list[Any] = client.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
    return found


def writes(simulator: Simulator) -> int:
    return sum(simulator.calls.count(operation=each) for each in WRITES)


def steps(result: Result, region: str = stack.HOME) -> list[dict[str, Any]]:
    found = {each["region"]: each["steps"] for each in json.loads(result.stdout)["regions"]}
    answer: list[dict[str, Any]] = found[region]
    return answer


def in_short(result: Result, region: str = stack.HOME) -> list[tuple[str, str, str]]:
    return [(each["subject"], each["action"], each["state"]) for each in steps(result, region)]


def test_the_plan_looks_like_this(enroll: Any, world: Simulator, golden: Callable[[str, str], None]) -> None:
    make_topic(stack.HOME, "theirs")
    result = enroll()
    assert result.exit_code == 1
    assert result.stderr == ""
    golden("enroll.txt", result.stdout)
    assert writes(world) == 0


def test_only_what_is_missing_is_planned(enroll: Any, world: Simulator) -> None:
    make_topic(stack.HOME, "theirs")
    assert in_short(enroll("--json")) == [
        ("orders@shop.example", "set_bounce_topic", "planned"),
        ("orders@shop.example", "set_complaint_topic", "planned"),
        ("shop.example", "set_bounce_topic", "planned"),
        ("shop.example", "set_complaint_topic", "planned"),
        (topic(name="theirs"), "subscribe_queue", "kept"),
        ("letters", "create_event_destination", "planned"),
    ]
    assert writes(world) == 0


def test_regions_without_a_verified_identity_are_left_out_unless_asked_for(enroll: Any, world: Simulator) -> None:
    assert [each["region"] for each in json.loads(enroll("--json").stdout)["regions"]] == ["eu-west-1", "us-east-1"]
    found = json.loads(enroll("--json", "--region", "eu-north-1").stdout)
    assert [(each["region"], each["steps"]) for each in found["regions"]] == [("eu-north-1", [])]
    assert not world.failures


def test_applying_does_it_and_doing_it_again_finds_nothing_to_do(enroll: Any, world: Simulator) -> None:
    make_topic(stack.HOME, "theirs")
    make_topic("us-east-1")
    result = enroll("--apply", "--json")
    assert result.exit_code == 1, "what is told to another topic is still not heard"
    assert {state for _, action, state in in_short(result) if action != "subscribe_queue"} == {"done"}
    assert topics_of("shop.example") == {"BounceTopic": topic(), "ComplaintTopic": topic()}
    assert topics_of("shop.example", "us-east-1")["BounceTopic"] == topic("us-east-1")
    assert topics_of("news.example") == {"BounceTopic": topic(name="theirs"), "ComplaintTopic": topic(name="theirs")}
    (new,) = destinations_of("letters")
    assert new == {
        "Name": "ses-monitor",
        "Enabled": True,
        "MatchingEventTypes": TYPES,
        "SnsDestination": {"TopicArn": topic()},
    }
    assert len(destinations_of("receipts")) == 1

    subscribe(stack.HOME, "theirs")
    before = writes(world)
    again = enroll("--apply")
    assert again.exit_code == 0
    assert "Nothing to do" in again.stdout
    assert writes(world) == before


def test_what_was_done_looks_like_this(enroll: Any, world: Simulator, golden: Callable[[str, str], None]) -> None:
    make_topic(stack.HOME, "theirs")
    world.fault("eu-west-1", "CreateConfigurationSetEventDestination", kind="deny")
    result = enroll("--apply", "--region", "eu-west-1")
    assert result.exit_code == 3
    golden("enroll_applied.txt", result.stdout)


def test_a_region_without_our_topic_says_how_to_get_it_and_nothing_is_done_there(enroll: Any, world: Simulator) -> None:
    result = enroll("--apply", "--json", "--region", "us-east-1")
    assert result.exit_code == 1
    first, *others = steps(result, "us-east-1")
    assert first["command"] == "make deploy-region REGION=us-east-1"
    assert first["subject"] == topic("us-east-1")
    assert [each["state"] for each in others] == ["planned", "planned"]
    assert writes(world) == 0
    assert topics_of("shop.example", "us-east-1") == {}


def test_deliveries_are_told_only_if_wanted(enroll: Any, simulate: Any) -> None:
    simulate({"regions": {"eu-west-1": {"identities": [{"name": "ready.example", "feedback": OURS}]}}})
    assert enroll().exit_code == 0
    result = enroll("--deliveries", "--apply", "--json")
    assert in_short(result) == [("ready.example", "set_delivery_topic", "done")]
    assert topics_of("ready.example")["DeliveryTopic"] == topic()
    assert enroll("--deliveries").exit_code == 0


def test_the_commands_shown_are_those_that_do_it(enroll: Any, simulate: Any) -> None:
    simulate({"regions": {"eu-west-1": {"identities": [{"name": "o'neil@shop.example", "feedback": told_to()}]}}})
    command = steps(enroll("--json"))[0]["command"]
    assert command == (
        "aws ses set-identity-notification-topic --region eu-west-1 --identity 'o'\"'\"'neil@shop.example'"
        f" --notification-type Bounce --sns-topic {topic()}"
    )


# --- Without sends -------------------------------------------------------------------------------------------------

BAD_NEWS = [each for each in TYPES if each not in EACH_MAIL]
SAVING = {**ALL_OF_IT, "name": "ses-monitor", "events": BAD_NEWS}


def publishing(*destinations: dict[str, Any], delivery: str | None = None) -> dict[str, Any]:
    """A region with a set named `letters`; its one identity tells of deliveries where a topic is given."""
    identity = {"name": "ready.example", "feedback": {**OURS, "delivery_topic": delivery}}
    sets = [{"name": "letters", "destinations": list(destinations)}]
    return {"regions": {"eu-west-1": {"identities": [identity], "configuration_sets": sets}}}


def test_what_is_left_out_is_what_only_counts() -> None:
    words = {each.value.upper().replace(" ", "_") for each in EventKind if each.only_counts}
    assert words.intersection(WANTED) == set(EACH_MAIL)


def test_the_plan_without_sends_says_what_one_loses(
    enroll: Any, simulate: Any, golden: Callable[[str, str], None]
) -> None:
    world = json.loads(json.dumps(WORLD))
    world["regions"]["eu-west-1"]["identities"][-1]["feedback"]["delivery_topic"] = "ses-monitor-feedback"
    simulator = simulate(world)
    make_topic(stack.HOME, "theirs")
    result = enroll("--without-sends", "--region", "eu-west-1")
    assert result.exit_code == 1
    golden("enroll_without_sends.txt", result.stdout)
    assert writes(simulator) == 0


def test_without_sends_a_new_destination_has_bad_news_only_and_is_complete(enroll: Any, simulate: Any) -> None:
    simulator = simulate(publishing())
    result = enroll("--without-sends", "--apply", "--json")
    assert result.exit_code == 0
    assert in_short(result) == [("letters", "create_event_destination", "done")]
    (new,) = destinations_of("letters")
    assert new == {
        "Name": "ses-monitor",
        "Enabled": True,
        "MatchingEventTypes": BAD_NEWS,
        "SnsDestination": {"TopicArn": topic()},
    }
    before = writes(simulator)
    again = enroll("--without-sends", "--apply")
    assert again.exit_code == 0
    assert "Nothing to do" in again.stdout
    assert writes(simulator) == before
    assert in_short(enroll("--json")) == [("letters", "update_event_destination", "kept")], "with sends it lacks some"


@pytest.mark.parametrize(
    ("destinations", "told", "command"),
    [
        ([SAVING], [], ""),
        ([{**ALL_OF_IT, "target": "theirs"}, SAVING], [], ""),
        ([{**ALL_OF_IT, "events": TYPES, "enabled": False}, SAVING], [], ""),
        ([{**SAVING, "events": TYPES}], ["stop_telling_each_mail"], f"={','.join(BAD_NEWS)},SnsDestination"),
        ([ALL_OF_IT], ["stop_telling_each_mail"], "--event-destination-name events .*=REJECT,BOUNCE"),
        (
            [SAVING, {**ALL_OF_IT, "events": ["SEND"]}],
            ["stop_telling_each_mail"],
            "delete-configuration-set-event-destination .*--event-destination-name events$",
        ),
        ([{**SAVING, "events": ["SEND", "BOUNCE", "CLICK"]}], ["update_event_destination"], "=REJECT,.*,CLICK,Sns"),
        (
            [{**ALL_OF_IT, "events": ["DELIVERY"]}],
            ["create_event_destination", "stop_telling_each_mail"],
            "create-.*=REJECT,BOUNCE,COMPLAINT,RENDERING_FAILURE,DELIVERY_DELAY,SUBSCRIPTION,Sns",
        ),
    ],
    ids=["bad news", "theirs", "off", "ours", "somebody's to our topic", "nothing else", "lacks others", "only that"],
)
def test_without_sends_what_tells_of_each_mail_is_named_and_left_as_it_is(
    enroll: Any, simulate: Any, destinations: list[Any], told: list[str], command: str
) -> None:
    simulator = simulate(publishing(*destinations))
    result = enroll("--without-sends", "--json")
    assert [each["action"] for each in steps(result)] == told
    assert result.exit_code == (1 if told else 0)
    if told:
        assert re.search(command, steps(result)[0]["command"])
    before = destinations_of("letters")
    enroll("--without-sends", "--apply")
    assert destinations_of("letters")[: len(before)] == before
    assert simulator.calls.count(operation="UpdateConfigurationSetEventDestination") == 0


@pytest.mark.parametrize(
    ("delivery", "told"),
    [(None, []), ("theirs", []), ("ses-monitor-feedback", [("ready.example", "stop_telling_each_mail", "kept")])],
)
def test_without_sends_an_identity_that_tells_of_deliveries_is_named(
    enroll: Any, simulate: Any, delivery: str | None, told: list[Any]
) -> None:
    simulator = simulate(publishing(SAVING, delivery=delivery))
    result = enroll("--without-sends", "--apply", "--json")
    assert in_short(result) == told
    for each in steps(result):
        assert each["command"].endswith("--identity ready.example --notification-type Delivery")
    assert writes(simulator) == 0


def test_without_sends_the_command_that_completes_a_destination_says_what_it_takes_out(
    enroll: Any, simulate: Any
) -> None:
    simulate(publishing({**SAVING, "events": ["SEND", "DELIVERY", "BOUNCE"]}))
    (step,) = steps(enroll("--without-sends", "--json"))
    assert step["reason"].endswith("has other types. The command takes SEND and DELIVERY out as well.")
    assert "SEND" not in step["command"]


@pytest.mark.usefixtures("world")
def test_deliveries_cannot_be_asked_for_and_left_out(enroll: Any) -> None:
    result = enroll("--without-sends", "--deliveries")
    assert result.exit_code == 2
    assert "--without-sends" in result.stderr


# --- What is set stays ---------------------------------------------------------------------------------------------

TEN = [{"name": f"events-{number}", "events": ["BOUNCE"], "target": "theirs"} for number in range(10)]
OFF = {**ALL_OF_IT, "name": "ses-monitor", "enabled": False}
FEW = {**ALL_OF_IT, "name": "ses-monitor", "events": ["BOUNCE", "CLICK"]}
ELSEWHERE = {**ALL_OF_IT, "name": "ses-monitor", "target": "theirs"}


@pytest.mark.parametrize(
    ("destinations", "action", "says", "command"),
    [
        (TEN, "subscribe_queue", "10 event destinations already", f"sns subscribe .*{topic(name='theirs')} .*{QUEUE}"),
        ([{"name": f"c{n}", "kind": "cloudwatch"} for n in range(10)], "subscribe_queue", "10 event destinations", ""),
        ([OFF], "update_event_destination", "is off", "update-configuration-set-event-destination .*SEND,REJECT"),
        ([FEW], "update_event_destination", "Lacks SEND", "=SEND,REJECT,BOUNCE,.*,CLICK,SnsDestination"),
        ([ELSEWHERE], "create_event_destination", "elsewhere", "--event-destination-name ses-monitor-2 "),
    ],
    ids=["ten", "ten without a topic", "off", "lacks types", "elsewhere"],
)
def test_a_destination_that_is_there_is_not_changed(
    enroll: Any, simulate: Any, destinations: list[Any], action: str, says: str, command: str
) -> None:
    region = {
        "identities": [{"name": "ready.example", "feedback": OURS}],
        "configuration_sets": [{"name": "letters", "destinations": destinations}],
    }
    simulator = simulate({"regions": {"eu-west-1": region}})
    make_topic(stack.HOME, "theirs")
    result = enroll("--apply", "--json")
    assert result.exit_code == 1
    (step,) = steps(result)
    assert (step["action"], step["state"]) == (action, "kept")
    assert says in step["reason"]
    assert re.search(command, step["command"]) if command else step["command"] == ""
    assert writes(simulator) == 0


def test_a_new_destination_has_only_what_no_other_tells_us(enroll: Any, simulate: Any) -> None:
    some = {"name": "mine", "events": ["BOUNCE", "COMPLAINT", "SUBSCRIPTION"], "target": "ses-monitor-feedback"}
    off = {"name": "off", "events": TYPES, "enabled": False, "target": "ses-monitor-feedback"}
    region = {
        "identities": [{"name": "ready.example", "feedback": OURS}],
        "configuration_sets": [{"name": "letters", "destinations": [some, off]}],
    }
    simulate({"regions": {"eu-west-1": region}})
    assert enroll("--apply").exit_code == 0
    assert destinations_of("letters")[-1]["MatchingEventTypes"] == [
        each for each in TYPES if each not in some["events"]
    ]
    assert enroll().exit_code == 0


def test_a_set_whose_topic_our_queue_hears_needs_nothing(enroll: Any, simulate: Any) -> None:
    region = {
        "identities": [{"name": "ready.example", "feedback": OURS}],
        "configuration_sets": [{"name": "letters", "destinations": [{**ALL_OF_IT, "target": "theirs"}]}],
    }
    simulate({"regions": {"eu-west-1": region}})
    make_topic(stack.HOME, "theirs")
    subscribe(stack.HOME, "theirs")
    assert enroll().exit_code == 0


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("gone", "is gone"),
        ("arn:aws:sns:eu-west-1:999988887777:theirs", "another account"),
    ],
)
def test_a_topic_that_cannot_be_subscribed_to_has_no_command(
    enroll: Any, simulate: Any, target: str, says: str
) -> None:
    simulate({"regions": {"eu-west-1": {"identities": [{"name": "a.example", "feedback": told_to(target)}]}}})
    (step,) = steps(enroll("--json"))
    assert (step["state"], step["command"]) == ("kept", "")
    assert says in step["reason"]


def test_a_topic_set_while_we_worked_is_not_replaced(
    enroll: Any, world: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ses_monitor_cli.ses_writer import SesWriter

    do = SesWriter.do

    def meddled(self: SesWriter, *arguments: Any) -> Any:
        topics = [{"name": "shop.example", "feedback": told_to("quick")}]
        world.change("us-east-1", identities=topics)
        return do(self, *arguments)

    make_topic("us-east-1")
    monkeypatch.setattr(SesWriter, "do", meddled)
    result = enroll("--apply", "--json", "--region", "us-east-1")
    assert result.exit_code == 1
    assert {each["state"] for each in steps(result, "us-east-1")} == {"kept"}
    assert "quick" in steps(result, "us-east-1")[0]["reason"]
    assert writes(world) == 0


# --- What goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize(
    "fault",
    [{"kind": "throttle"}, {"kind": "lost"}, {"kind": "reset"}, {"kind": "error"}],
    ids=lambda each: each["kind"],
)
def test_a_fault_that_passes_costs_nothing(
    enroll: Any, world: Simulator, operation: str, fault: dict[str, Any]
) -> None:
    make_topic(stack.HOME, "theirs")
    subscribe(stack.HOME, "theirs")
    world.fault("eu-west-1", operation, **fault, times=1)
    result = enroll("--apply", "--region", "eu-west-1", "--json")
    assert result.exit_code == 0
    assert {each["state"] for each in steps(result)} == {"done"}
    assert len(destinations_of("letters")) == 1


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_without_an_answer_is_looked_up_before_it_is_called_failed(
    enroll: Any, world: Simulator, operation: str
) -> None:
    make_topic(stack.HOME, "theirs")
    subscribe(stack.HOME, "theirs")
    world.fault("eu-west-1", operation, kind="lost")
    result = enroll("--apply", "--region", "eu-west-1", "--json")
    assert {each["state"] for each in steps(result)} == {"done"}


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "deny"}, "Allow ses:"),
        ({"kind": "throttle"}, "throttled"),
        ({"kind": "error"}, "failed on the side of AWS"),
        ({"kind": "reset"}, "could not be sent"),
        ({"kind": "garbage"}, "unreadable"),
    ],
    ids=lambda each: each["kind"] if isinstance(each, dict) else "",
)
def test_what_cannot_be_done_is_told_and_the_rest_is_done(
    enroll: Any, world: Simulator, operation: str, fault: dict[str, Any], says: str
) -> None:
    world.fault("eu-west-1", operation, **fault)
    result = enroll("--apply", "--region", "eu-west-1", "--json")
    assert result.exit_code == 3
    failed = [each for each in steps(result) if each["state"] == "failed"]
    assert {each["kind"] for each in failed} == {"identity" if operation == WRITES[0] else "configuration_set"}
    assert any(each["state"] == "done" for each in steps(result)) or operation == WRITES[0]
    for each in failed:
        assert says in each["reason"], "the reason is not told"


def test_a_topic_that_ses_may_not_publish_to_is_explained(enroll: Any, world: Simulator) -> None:
    world.change("eu-west-1", refused_topics=["ses-monitor-feedback"])
    result = enroll("--apply", "--json", "--region", "eu-west-1")
    assert result.exit_code == 3
    failed = [each for each in steps(result) if each["state"] == "failed"]
    assert len(failed) == 5
    assert all("policy must let ses.amazonaws.com publish" in each["reason"] for each in failed)


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("ListEmailIdentities", "*"),
        ("ListConfigurationSets", "*"),
        ("GetIdentityNotificationAttributes", "shop.example"),
        ("GetConfigurationSetEventDestinations", "letters"),
    ],
)
def test_what_cannot_be_looked_at_is_told_and_not_changed(
    enroll: Any, world: Simulator, operation: str, subject: str
) -> None:
    world.fault("eu-west-1", operation, kind="deny")
    result = enroll("--apply", "--json", "--region", "eu-west-1")
    assert result.exit_code == 3
    unknown = json.loads(result.stdout)["unknown"]
    assert subject in {each["subject"] for each in unknown}
    assert all(operation in each["reason"] and "denied" in each["reason"] for each in unknown)
    blind = {each["subject"] for each in unknown}
    assert not blind.intersection(each["subject"] for each in steps(result))
    assert "could not look" in enroll("--region", "eu-west-1").stdout


def test_where_sns_cannot_be_asked_nothing_is_done(
    enroll: Any, world: Simulator, monkeypatch: pytest.MonkeyPatch, nowhere: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", nowhere)
    result = enroll("--apply", "--json", "--region", "eu-west-1")
    assert result.exit_code == 3
    reasons = {each["subject"]: each["reason"] for each in json.loads(result.stdout)["unknown"]}
    assert "sns:GetTopicAttributes" in reasons[topic()]
    assert "sns:ListSubscriptionsByTopic" in reasons[topic(name="theirs")]
    assert writes(world) == 0


def test_a_region_that_cannot_be_read_stops_no_other(enroll: Any, world: Simulator) -> None:
    world.fault("us-east-1", kind="deny")
    make_topic(stack.HOME, "theirs")
    result = enroll("--apply", "--json")
    assert result.exit_code == 3
    assert topics_of("shop.example")["BounceTopic"] == topic()
    assert {each["region"] for each in json.loads(result.stdout)["unknown"]} == {"us-east-1"}


def test_where_nothing_can_be_read_one_sentence_says_why(enroll: Any, world: Simulator) -> None:
    world.fault("*", kind="expired")
    result = enroll()
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "Sign in again" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--stack-name", "other"), 3, "no stack other"),
        (("--stack-name", "old"), 3, "no output FeedbackTopicArn"),
        (("--stack-region", "us-east-1"), 3, "--stack-region"),
        (("--stack-region", "mars"), 2, "eu-west-1"),
        (("--region", "mars"), 2, "eu-west-1"),
    ],
)
@pytest.mark.usefixtures("world")
def test_what_is_not_there_is_named(enroll: Any, arguments: tuple[str, ...], status: int, says: str) -> None:
    result = enroll(*arguments)
    assert result.exit_code == status
    assert result.stdout == ""
    assert says in result.stderr


def test_hostile_names_do_nothing_to_the_terminal(enroll: Any, simulate: Any) -> None:
    hostile = "[bold]x[/] \x1b]0;owned\x07 :boom: $(reboot)'"
    region = {
        "identities": [{"name": "ready.example", "feedback": OURS}],
        "configuration_sets": [{"name": hostile, "destinations": []}],
    }
    simulate({"regions": {"eu-west-1": region}})
    printed = enroll().stdout
    assert "\x1b" not in printed
    assert "[bold]x[/]" in printed
    assert ":boom:" in printed
    assert "\x1b" not in enroll("--json").stdout


def test_the_example_in_the_docs_is_real(enroll: Any, world: Simulator) -> None:
    make_topic(stack.HOME, "theirs")
    world.fault("eu-west-1", "GetConfigurationSetEventDestinations", kind="deny")
    check(lambda _, *arguments: enroll(*arguments), "enroll")
