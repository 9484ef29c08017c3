"""The small stack of one more region, and the command that deploys it."""

import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError, NoCredentialsError

from tests.test_template import RESOURCES, ROOT, CloudFormationLoader, policy
from tests.test_template import TEMPLATE as HOME

TEMPLATE: dict[str, Any] = yaml.load((ROOT / "regional.yaml").read_text(), CloudFormationLoader)  # noqa: S506 - a subclass of SafeLoader
REGIONAL: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:ses-monitor-FeedbackQueue-1ABC"


# --- The template -----------------------------------------------------------------------------------------------------


def test_the_topic_is_called_as_at_home() -> None:
    home = RESOURCES["FeedbackTopic"]["Properties"]["TopicName"]["Sub"]
    assert REGIONAL["FeedbackTopic"]["Properties"]["TopicName"]["Sub"] == home.replace(
        "AWS::StackName", "HomeStackName"
    )


def test_the_topics_policy_is_that_of_home() -> None:
    assert policy("FeedbackTopicPolicy", REGIONAL) == policy("FeedbackTopicPolicy")


def test_the_topic_delivers_to_the_home_queue_and_keeps_what_it_could_not_deliver() -> None:
    subscription = REGIONAL["FeedbackSubscription"]["Properties"]
    assert subscription["Endpoint"] == {"Ref": "HomeQueueArn"}
    assert subscription["Protocol"] == "sqs"
    assert "Region" not in subscription, "a subscription is made where its topic is"
    # SNS wants the queue for what it could not deliver in the topic's own region.
    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": {"GetAtt": ["Undelivered", "Arn"]}}
    assert REGIONAL["Undelivered"]["Properties"]["MessageRetentionPeriod"] == 14 * 86400


@pytest.mark.parametrize("rule", ["SesEventsRule", "SesHealthRule", "SesRejectionsRule"])
def test_the_rules_are_those_of_home_and_put_on_the_home_bus(rule: str) -> None:
    here, home = REGIONAL[rule]["Properties"], RESOURCES[rule]["Properties"]
    assert here["EventPattern"] == home["EventPattern"]
    assert REGIONAL[rule].get("Condition") == RESOURCES[rule].get("Condition")
    (target,) = here["Targets"]
    bus = {"Sub": "arn:${AWS::Partition}:events:${HomeRegion}:${AWS::AccountId}:event-bus/default"}
    assert target["Arn"] == bus
    assert target["RoleArn"] == {"GetAtt": ["HomeBusRole", "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": {"GetAtt": ["Undelivered", "Arn"]}}
    (granted,) = REGIONAL["HomeBusRole"]["Properties"]["Policies"]
    (statement,) = granted["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("events:PutEvents", bus)


def test_its_role_has_no_name_of_its_own_so_that_every_region_may_have_one() -> None:
    assert "RoleName" not in REGIONAL["HomeBusRole"]["Properties"]


def test_only_what_could_not_be_delivered_may_be_put_aside() -> None:
    statements = policy("UndeliveredPolicy", REGIONAL)
    assert {sid: each["Principal"]["Service"] for sid, each in statements.items()} == {
        "FromTheTopic": "sns.amazonaws.com",
        "FromTheRules": "events.amazonaws.com",
    }
    assert all("aws:SourceArn" in str(each["Condition"]) for each in statements.values())


def test_the_home_region_is_refused() -> None:
    (rule,) = TEMPLATE["Rules"].values()
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Not": [{"Equals": [{"Ref": "HomeRegion"}, {"Ref": "AWS::Region"}]}]}


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_every_parameter_is_described_and_constrained(name: str) -> None:
    parameter = TEMPLATE["Parameters"][name]
    assert parameter["Description"].endswith(".")
    if name == "CloudTrailRejections":
        home = HOME["Parameters"][name]
        assert (parameter["AllowedValues"], parameter["Default"]) == (home["AllowedValues"], home["Default"])
        return
    assert parameter["ConstraintDescription"]
    example = {"HomeStackName": "ses-monitor", "HomeRegion": "eu-west-1", "HomeQueueArn": QUEUE}[name]
    assert re.match(parameter["AllowedPattern"], example)
    assert not re.match(parameter["AllowedPattern"], "not this")


# --- make deploy-region -----------------------------------------------------------------------------------------------


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """deploy/region.py, in a checkout where nothing was noted by `make deploy`."""
    spec = importlib.util.spec_from_file_location("deploy_region", ROOT / "deploy/region.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


@pytest.fixture
def stacks(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], dict[str, str]]:
    """The outputs of what is deployed, by region and name, as CloudFormation tells them."""
    made = {("eu-west-1", "ses-monitor"): {"TableName": "ses-monitor-Table-1", "FeedbackQueueArn": QUEUE}}

    class CloudFormation:
        def __init__(self, service: str, region_name: str) -> None:
            assert service == "cloudformation"
            self.region = region_name

        def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
            if (outputs := made.get((self.region, StackName))) is None:
                raise ClientError(
                    {"Error": {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}},
                    "DescribeStacks",
                )
            return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": each} for key, each in outputs.items()]}]}

    monkeypatch.setattr(program.boto3, "client", CloudFormation)
    return made


@pytest.fixture
def deployed(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(program.subprocess, "run", run)
    return commands


@pytest.mark.usefixtures("stacks")
def test_a_region_is_deployed_with_what_the_home_stack_says(
    program: ModuleType, deployed: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(["--region", "eu-central-1"]) == 0
    [command] = deployed
    assert command[command.index("--stack-name") + 1] == "ses-monitor-regional"
    assert command[command.index("--region") + 1] == "eu-central-1"
    parameters = dict(each.split("=", 1) for each in command[command.index("--parameter-overrides") + 1 :])
    assert parameters == {"HomeStackName": "ses-monitor", "HomeRegion": "eu-west-1", "HomeQueueArn": QUEUE} | {
        "CloudTrailRejections": "off"
    }
    assert set(parameters) == set(TEMPLATE["Parameters"])
    assert "--no-confirm-changeset" in command
    assert "--guided" not in command
    assert "enroll --region eu-central-1" in capsys.readouterr().out


@pytest.mark.parametrize(("output", "passed"), [("on", "on"), ("off", "off"), ("", "off")])
def test_cloudtrail_is_heard_as_at_home(
    program: ModuleType,
    stacks: dict[tuple[str, str], dict[str, str]],
    deployed: list[list[str]],
    output: str,
    passed: str,
) -> None:
    stacks["eu-west-1", "ses-monitor"]["CloudTrailRejections"] = output
    assert program.main(["--region", "eu-central-1"]) == 0
    assert f"CloudTrailRejections={passed}" in deployed[0]


@pytest.mark.usefixtures("stacks")
def test_the_home_region_is_where_make_deploy_noted_it(
    program: ModuleType, deployed: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    (tmp_path / "samconfig.toml").write_text('[default.deploy.parameters]\nregion = "eu-west-1"\n')
    assert program.main(["--region", "us-east-1"]) == 0
    assert "HomeRegion=eu-west-1" in deployed[0]


@pytest.mark.usefixtures("stacks")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "'' is no AWS region"),
        (["--region", "Frankfurt"], "'Frankfurt' is no AWS region"),
        (["--region", "eu-central-1", "--home", "Ireland"], "'Ireland' is no AWS region"),
        (["--region", "eu-central-1", "--stack", "my stack; rm"], "no name of a stack"),
        (["--region", "eu-west-1"], "eu-west-1 is the home region"),
        (["--region", "eu-central-1", "--home", "eu-central-1"], "eu-central-1 is the home region"),
        (["--region", "eu-central-1", "--stack", "another"], "There is no stack another in eu-west-1"),
        (["--region", "eu-central-1", "--home", "us-east-1"], "There is no stack ses-monitor in us-east-1"),
    ],
)
def test_what_cannot_be_deployed_is_said_in_words_before_anything_is_changed(
    program: ModuleType,
    deployed: list[list[str]],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    assert program.main(arguments) == 1
    assert said in capsys.readouterr().err
    assert deployed == []


def test_a_stack_that_is_too_old_is_to_be_updated_first(
    program: ModuleType,
    stacks: dict[tuple[str, str], dict[str, str]],
    deployed: list[list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    del stacks["eu-west-1", "ses-monitor"]["FeedbackQueueArn"]
    assert program.main(["--region", "eu-central-1"]) == 1
    assert "no output FeedbackQueueArn" in capsys.readouterr().err
    assert deployed == []


def test_what_cloudformation_refuses_is_said_in_its_words(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def client(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "you may not"}}, "DescribeStacks")

    monkeypatch.setattr(program.boto3, "client", client)
    assert program.main(["--region", "eu-central-1"]) == 1
    assert "CloudFormation in eu-west-1: AccessDenied: you may not" in capsys.readouterr().err


def test_without_credentials_it_says_how_to_sign_in(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def client(*_: Any, **__: Any) -> Any:
        raise NoCredentialsError

    monkeypatch.setattr(program.boto3, "client", client)
    assert program.main(["--region", "eu-central-1"]) == 1
    assert "AWS_PROFILE=name make deploy-region" in capsys.readouterr().err


def test_without_any_region_it_asks_where_home_is(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert program.main(["--region", "eu-central-1"]) == 1
    assert "HOME_REGION=eu-west-1" in capsys.readouterr().err


@pytest.mark.usefixtures("stacks")
def test_a_deployment_that_fails_fails_the_command(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 7))
    assert program.main(["--region", "eu-central-1"]) == 7


def test_make_hands_over_what_was_asked_for() -> None:
    rule = re.search(r"^deploy-region:.*?(?=\n\n)", (ROOT / "Makefile").read_text(), re.DOTALL | re.MULTILINE)
    assert rule is not None
    assert "--region '$(REGION)' --stack '$(STACK)' --home '$(HOME_REGION)'" in rule[0]
    assert "OFFLINE" not in rule[0], "it needs the user's credentials"
