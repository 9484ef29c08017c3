"""Each role grants what its function's code can ask for and what Lambda does in its name, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from ses_monitor.core.engine import Evaluation
from ses_monitor.core.settle import Rules, settle
from ses_monitor.feedback.signals import only_open
from tests.build import HEALTHY
from tests.core.lifecycle import CHECKS, DIAGNOSES, MILD, SLOW, STICKY, Life, found, saw
from tests.security.code_calls import ROOT, asked_for, clients_of, methods, reached
from tests.test_regional import REGIONAL
from tests.test_template import FUNCTIONS, RESOURCES, actions, of_type, role_of, statements

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
POLLING = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
STREAMING = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}

NEVER_ASKED = {
    "AuditAccountsFunction": {
        "dynamodb:BatchGetItem": "of the readers of feedback only own_domains asks that, for ingest_feedback",
        "dynamodb:GetItem": "what was told and the slots of channels are read by others, under names shared with it",
    },
    "DigestFunction": {
        "dynamodb:BatchGetItem": "it asks for one delivery at a time, and of the readers of feedback not own_domains",
    },
    "PlanIdentitiesFunction": {
        "dynamodb:PutItem": "the table's writing methods are the other entry's",
        "dynamodb:DeleteItem": "the table's writing methods are the other entry's",
        "ses:GetEmailIdentity": "the readers are made and not used: the other entry's",
        "ses:GetIdentityDkimAttributes": "the readers are made and not used: the other entry's",
        "ses:GetIdentityMailFromDomainAttributes": "the readers are made and not used: the other entry's",
        "ses:GetIdentityNotificationAttributes": "the readers are made and not used: the other entry's",
        "ses:GetIdentityVerificationAttributes": "the readers are made and not used: the other entry's",
        "ses:ListConfigurationSets": "the readers are made and not used: the other entry's",
        "ses:ListEmailIdentities": "the readers are made and not used: the other entry's",
        "ses:ListIdentities": "a method of ours is called as one of boto3's",
    },
    "AuditIdentitiesFunction": {
        "cloudwatch:GetMetricData": "only the audit of accounts asks for reputation",
        "ses:ListIdentities": "a method of ours is called as one of boto3's",
    },
    "IngestFeedbackFunction": {
        "dynamodb:DeleteItem": "Table.save deletes what a settlement forgets, and events make none that does",
        "dynamodb:GetItem": "what was told and the slots of channels are read by others, under names shared with it",
    },
    "PublishAlertsFunction": {"dynamodb:Query": "the stream tells it all; the reader of pages is another's"},
    "DeliverSlackFunction": {"dynamodb:Query": "it knows its keys; the reader of pages is another's"},
}
"""What is reached by a name that two things share, and why it never runs there. (tests/e2e run with roles enforced.)"""
ONLY_MADE = {"PlanIdentitiesFunction": frozenset({"Worker", "AwsAccountReader", "AwsIdentityReader"})}
"""Classes that a cold start makes for the other entry of the same file."""


def done_by_lambda(function: str) -> set[str]:
    """What Lambda itself does with the function's role, by how it is invoked."""
    properties = FUNCTIONS[function]["Properties"]
    kinds = {event["Type"] for event in properties.get("Events", {}).values()}
    done = set(LOGS)
    done |= POLLING if "SQS" in kinds else set()
    done |= STREAMING if "DynamoDB" in kinds else set()
    if "OnFailure" in str(properties):
        done.add("sqs:SendMessage")
    return done


def granted(function: str) -> set[str]:
    return {action for statement in statements(role_of(function)) for action in actions(statement)}


def asked(function: str) -> set[str]:
    properties = FUNCTIONS[function]["Properties"]
    entry = properties.get("Handler", "app.handler").split(".")[1]
    handler = ROOT / properties["CodeUri"] / "app.py"
    return asked_for(handler, entry, ONLY_MADE.get(function, frozenset()))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_action_is_granted_that_neither_the_code_nor_lambda_asks_for(function: str) -> None:
    assert granted(function) - done_by_lambda(function) - asked(function) == set()
    assert done_by_lambda(function) <= granted(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_action_that_the_code_asks_for_is_granted(function: str) -> None:
    never = NEVER_ASKED.get(function, {})
    assert asked(function) - granted(function) == set(never), "an exception that is none is one, too"


@pytest.mark.parametrize("function", NEVER_ASKED)
def test_what_is_never_asked_is_not_granted(function: str) -> None:
    assert not granted(function) & set(NEVER_ASKED[function])


@pytest.mark.parametrize("said", [saw(), saw(found(MILD)), saw(found(SLOW))])
def test_an_event_makes_nothing_to_delete(said: Evaluation) -> None:
    life = Life()
    life.audit(saw(found(SLOW)), saw(found(STICKY), subject="t"))
    watched = list(life.table.values())
    about = [each for each in watched if each.subject == said.subject]
    assert about
    settled = settle(HEALTHY, about, only_open(about, [said], DIAGNOSES), Rules(CHECKS, DIAGNOSES))
    assert not settled.forget
    assert settle(HEALTHY, about, [saw()], Rules(CHECKS, DIAGNOSES)).forget, "an audit does"


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ("boto3.client('sqs').purge_queue(QueueUrl='q')", "sqs:PurgeQueue"),
        ("boto3.client('dynamodb').get_paginator('scan')", "dynamodb:Scan"),
        ("partial(boto3.client('sesv2').delete_email_identity, EmailIdentity='x')", "ses:DeleteEmailIdentity"),
        ("helper()", "sns:Publish"),
        ("boto3.client('dynamodb').transact_write_items(TransactItems=[{'Delete': {}}])", "dynamodb:DeleteItem"),
        ("SSMProvider().get('/name')", "ssm:GetParameter"),
    ],
)
def test_a_call_is_found_however_it_is_made(tmp_path: Any, body: str, action: str) -> None:
    handler = tmp_path / "app.py"
    handler.write_text(
        "def helper():\n    boto3.client('sns').publish()\n\n\n"
        "def unreached():\n    boto3.client('s3').delete_bucket()\n\n\n"
        f"def handler(event, context):\n    {body}\n"
    )
    assert asked_for(handler) == {action}


def test_no_client_is_made_of_a_service_that_is_not_looked_through() -> None:
    made = set()
    for function in FUNCTIONS.values():
        properties = function["Properties"]
        entry = properties.get("Handler", "app.handler").split(".")[1]
        made |= clients_of(reached(ROOT / properties["CodeUri"] / "app.py", entry))
    assert {"dynamodb", "sqs", "sns", "ssm", "ses", "sesv2", "cloudwatch", "account"} <= made
    assert {"put_item", "get_account", "list_regions"} <= set(methods())


# --- What a grant reaches ---------------------------------------------------------------------------------------------

WITHOUT_RESOURCES = {
    "account:ListRegions": "its only resource is the account, and a caller's own account is no ARN there",
    "cloudwatch:GetMetricData": "knows no resources",
    "dynamodb:ListStreams": "knows no resources; Lambda asks it for the table's stream",
    "ses:GetAccount": "knows no resources",
    "ses:GetSendStatistics": "knows no resources",
    "ses:ListConfigurationSets": "knows no resources",
    "ses:ListEmailIdentities": "knows no resources",
    "ses:GetIdentityDkimAttributes": "SES v1 knows no resources",
    "ses:GetIdentityMailFromDomainAttributes": "SES v1 knows no resources",
    "ses:GetIdentityNotificationAttributes": "SES v1 knows no resources",
    "ses:GetIdentityVerificationAttributes": "SES v1 knows no resources",
    "ses:GetConfigurationSet": "every configuration set of every region is meant",
    "ses:GetConfigurationSetEventDestinations": "every configuration set of every region is meant",
    "ses:GetEmailIdentity": "every identity of every region is meant",
}
"""Actions granted on `*`, and why: https://docs.aws.amazon.com/service-authorization/latest/reference/ lists which know
resources."""


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_a_grant_on_everything_is_of_an_action_that_must_be_and_stands_alone(role: str) -> None:
    for statement in statements(role):
        if statement["Resource"] == "*":
            assert set(actions(statement)) <= set(WITHOUT_RESOURCES)
        else:
            assert not set(actions(statement)) & set(WITHOUT_RESOURCES)


def test_each_reason_for_a_grant_on_everything_is_still_needed() -> None:
    every = {
        action
        for role in of_type("AWS::IAM::Role")
        for statement in statements(role)
        if statement["Resource"] == "*"
        for action in actions(statement)
    }
    assert every == set(WITHOUT_RESOURCES)


def _resources(statement: dict[str, Any]) -> list[Any]:
    listed = statement["Resource"]
    return listed if isinstance(listed, list) else [listed]


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_every_other_grant_names_resources_of_this_stack_or_one_parameter(role: str) -> None:
    for statement in statements(role):
        for resource in _resources(statement):
            if resource == "*":
                continue
            assert isinstance(resource, dict), resource
            (function,) = resource
            if function == "Sub":
                text = resource["Sub"]
                index = text.startswith("${Table.Arn}/index/gsi")
                parameter = ":ssm:${AWS::Region}:${AWS::AccountId}:parameter${" in text and text.endswith("Parameter}")
                assert index or parameter, text
                assert "*" not in text
            else:
                target = resource["Ref"] if function == "Ref" else resource["GetAtt"][0]
                # The operator's own topic, by its ARN, and without wildcards (its AllowedPattern).
                assert target in RESOURCES or target == "AmazonQTopicArn"


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_a_role_is_lambdas_alone_and_holds_no_policy_of_others(role: str) -> None:
    properties = RESOURCES[role]["Properties"]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    assert set(properties) <= {"AssumeRolePolicyDocument", "Policies"}, "managed policies change without us"
    assert {statement["Effect"] for statement in statements(role)} == {"Allow"}
    assert all(not {"NotAction", "NotResource"} & set(statement) for statement in statements(role))


def test_the_only_role_of_another_region_may_only_put_on_the_home_bus() -> None:
    roles = [each["Properties"] for each in REGIONAL.values() if each["Type"] == "AWS::IAM::Role"]
    (role,) = roles
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "events:PutEvents")
    assert statement["Resource"]["Sub"].endswith(":event-bus/default")
