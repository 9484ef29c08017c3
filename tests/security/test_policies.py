"""Who may send what to the queues and topics: each policy is asked about those it should let in and those it should not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.policy_engine import ACCOUNT, REGION, Caller, admits, arn_of, resolve
from tests.test_regional import REGIONAL
from tests.test_template import RESOURCES

STRANGER = "999988887777"
POLICIES = {"AWS::SNS::TopicPolicy": "Topics", "AWS::SQS::QueuePolicy": "Queues"}
STACKS = {"home": RESOURCES, "regional": REGIONAL}


def topic(name: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:sns:{region}:{account}:{name}"


def ses(what: str, account: str = ACCOUNT, region: str = REGION) -> Caller:
    return Caller("ses.amazonaws.com", source_arn=f"arn:aws:ses:{region}:{account}:{what}", source_account=account)


def sns(arn: str, service: str = "sns.amazonaws.com") -> Caller:
    return Caller(service, source_arn=arn, source_account=arn.split(":")[4])


def rule(account: str = ACCOUNT, region: str = REGION) -> Caller:
    return Caller(
        "events.amazonaws.com", source_arn=f"arn:aws:events:{region}:{account}:rule/r", source_account=account
    )


def alarm(account: str = ACCOUNT) -> Caller:
    arn = f"arn:aws:cloudwatch:{REGION}:{account}:alarm:a"
    return Caller("cloudwatch.amazonaws.com", source_arn=arn, source_account=account)


ANYBODY = Caller()
A_STRANGERS_ADMIN = Caller(principal=f"arn:aws:iam::{STRANGER}:role/admin")
OURS = topic("ses-monitor-feedback")

# Stack, resource, who asks, and whether they get in.
CASES: list[tuple[str, str, Caller, bool]] = [
    *(
        (stack, "FeedbackTopic", caller, admitted)
        for stack in STACKS
        for caller, admitted in (
            (ses("identity/shop.example.com"), True),
            (ses("configuration-set/transactional"), True),
            (ses("identity/shop.example.com", account=STRANGER), False),
            (ses("identity/shop.example.com", region="us-east-1"), False),
            (ses("mailmanager-rule/x"), False),
            (Caller("ses.amazonaws.com"), False),
            (Caller("ses.amazonaws.com", source_account=ACCOUNT), False),
            (alarm(), False),
            (rule(), False),
            (sns(OURS), False),
        )
    ),
    *(
        ("home", queue, caller, admitted)
        for queue in ("FeedbackQueue", "FeedbackDeadLetters")
        for caller, admitted in (
            (sns(OURS), True),
            (sns(topic("ses-monitor-feedback", region="us-east-1")), True),
            (sns(topic("ses-monitor-feedback", region="eu-south-1"), "sns.eu-south-1.amazonaws.com"), True),
            (sns(topic("ses-monitor-feedback", account=STRANGER)), False),
            (sns(topic("x", region="eu-south-1", account=STRANGER), "sns.eu-south-1.amazonaws.com"), False),
            (rule(), True),
            (rule(account=STRANGER), False),
            (rule(region="us-east-1"), False),
            (ses("identity/shop.example.com"), False),
            (Caller("sns.amazonaws.com"), False),
        )
    ),
    ("home", "AlertTopic", alarm(), True),
    ("home", "AlertTopic", alarm(account=STRANGER), False),
    ("home", "AlertTopic", ses("identity/shop.example.com"), False),
    ("home", "AlertTopic", rule(), False),
    *(
        ("home", queue, caller, admitted)
        for queue in ("SlackQueue", "SlackDeadLetters")
        for caller, admitted in (
            (sns(arn_of("AWS::SNS::Topic", "AlertTopic")), True),
            (sns(OURS), False),
            (sns(topic("AlertTopic", account=STRANGER)), False),
            (rule(), False),
        )
    ),
    ("regional", "Undelivered", sns(arn_of("AWS::SNS::Topic", "FeedbackTopic")), True),
    ("regional", "Undelivered", sns(topic("another")), False),
    ("regional", "Undelivered", rule(), True),
    ("regional", "Undelivered", rule(account=STRANGER), False),
]


def targets(stack: str) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """The ARN and the statements of each queue and topic that has a policy, by its name in the template."""
    resources, found = STACKS[stack], {}
    for each in resources.values():
        if each["Type"] in POLICIES:
            statements = resolve(each["Properties"]["PolicyDocument"]["Statement"], resources)
            for target in each["Properties"][POLICIES[each["Type"]]]:
                name = target["Ref"]
                assert name not in found, "one policy replaces the other"
                found[name] = (arn_of(resources[name]["Type"], name), statements)
    return found


def action_of(arn: str) -> str:
    return "sns:Publish" if arn.split(":")[2] == "sns" else "sqs:SendMessage"


@pytest.mark.parametrize(("stack", "resource", "caller", "admitted"), CASES)
def test_a_policy_lets_in_those_it_is_for_and_nobody_else(
    stack: str, resource: str, caller: Caller, admitted: bool
) -> None:
    arn, statements = targets(stack)[resource]
    assert admits(statements, caller, action_of(arn), arn) is admitted


ALL_TARGETS = [(stack, resource) for stack in STACKS for resource in targets(stack)]


@pytest.mark.parametrize(("stack", "resource"), ALL_TARGETS)
@pytest.mark.parametrize("caller", [ANYBODY, A_STRANGERS_ADMIN])
def test_strangers_and_nobody_get_in_nowhere(stack: str, resource: str, caller: Caller) -> None:
    arn, statements = targets(stack)[resource]
    assert not admits(statements, caller, action_of(arn), arn)


@pytest.mark.parametrize(("stack", "resource"), ALL_TARGETS)
def test_a_policy_grants_sending_alone_and_to_services_alone(stack: str, resource: str) -> None:
    arn, statements = targets(stack)[resource]
    for statement in statements:
        assert set(statement["Principal"]) == {"Service"}
        assert statement["Action"] == action_of(arn)
        keys = {key.lower() for tests in statement["Condition"].values() for key in tests}
        assert keys & {"aws:sourcearn", "aws:sourceaccount"}, "a confused deputy is let in"


@pytest.mark.parametrize(("stack", "resource"), ALL_TARGETS)
def test_each_policy_is_asked_about_somebody_it_lets_in_and_somebody_it_does_not(stack: str, resource: str) -> None:
    assert {admitted for each, name, _, admitted in CASES if (each, name) == (stack, resource)} == {True, False}


@pytest.mark.parametrize("stack", STACKS)
def test_what_has_no_policy_is_reached_by_the_accounts_own_roles_alone(stack: str) -> None:
    resources = STACKS[stack]
    without = {
        name for name, each in resources.items() if each["Type"] in {"AWS::SQS::Queue", "AWS::SNS::Topic"}
    } - set(targets(stack))
    assert without == ({"IdentityQueue", "IdentityDeadLetters", "UnpublishedQueue"} if stack == "home" else set())


def test_functions_may_be_invoked_by_log_groups_of_this_account_alone() -> None:
    permissions = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::Lambda::Permission"]
    assert [each["Principal"] for each in permissions] == ["logs.amazonaws.com"]
    for each in permissions:
        assert resolve(each["SourceAccount"], RESOURCES) == ACCOUNT
        assert resolve(each["SourceArn"], RESOURCES).startswith(f"arn:aws:logs:{REGION}:{ACCOUNT}:")
    assert not [each for each in RESOURCES.values() if each["Type"] == "AWS::Lambda::Url"]


def test_there_is_no_key_whose_policy_nobody_looks_at() -> None:
    kinds = {each["Type"] for resources in STACKS.values() for each in resources.values()}
    assert not {kind for kind in kinds if kind.startswith(("AWS::KMS::", "AWS::SecretsManager::", "AWS::S3::"))}


@pytest.mark.parametrize(
    "broken",
    [
        {"Principal": "*", "Condition": {}},
        {"Principal": {"AWS": "*"}, "Condition": {}},
        {"Principal": {"Service": "ses.amazonaws.com"}, "Condition": {}},
        {"Principal": {"Service": "ses.amazonaws.com"}, "Condition": {"StringEquals": {"AWS:SourceAccount": STRANGER}}},
    ],
)
def test_a_policy_that_lets_strangers_in_would_be_seen(broken: dict[str, Any]) -> None:
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:t", **broken}
    strangers = [ANYBODY, A_STRANGERS_ADMIN, ses("identity/x.example", account=STRANGER)]
    assert any(admits([statement], each, "sns:Publish", "arn:t") for each in strangers)
