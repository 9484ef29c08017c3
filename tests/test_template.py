"""The template as a stranger deploys it: what it may do, what it keeps, and who watches it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor import checks, settings
from ses_monitor.alerts.deliver import LEASE_SECONDS
from ses_monitor.audit.identities.queue import TRY_AGAIN_AFTER
from ses_monitor.audit.identities.worker import KEPT_FOR_FINISHING
from ses_monitor.collect.pacing import Pacer
from ses_monitor.core.identity_run import LEASE
from ses_monitor.core.model import Scope
from ses_monitor.feedback.ingest import Failure, Message, Step
from ses_monitor.feedback.logs import FILTER_NAME, FILTER_PATTERN
from ses_monitor.feedback.parsed import NOWHERE
from ses_monitor.feedback.queue import wait_before

ROOT = Path(__file__).parents[1]


class CloudFormationLoader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions as {"Fn": argument}."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {suffix: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


CloudFormationLoader.add_multi_constructor("!", _function)
TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), CloudFormationLoader)  # noqa: S506 - a subclass of SafeLoader
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")


def statements(role: str) -> list[dict[str, Any]]:
    """Return all statements of a role, those under a condition included."""
    return [
        statement["If"][1] if "If" in statement else statement
        for policy in RESOURCES[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def actions(statement: dict[str, Any]) -> list[str]:
    listed = statement["Action"]
    return [listed] if isinstance(listed, str) else list(listed)


def role_of(function: str) -> str:
    role: str = FUNCTIONS[function]["Properties"]["Role"]["GetAtt"][0]
    return role


AUDITS = {
    "AuditAccountsFunction": (
        *(Scope.ACCOUNT, Scope.REGION),
        *(Scope.TRAFFIC, Scope.SENDER, Scope.TEMPLATE, Scope.NOTICE),
    ),
    "AuditIdentitiesFunction": (Scope.IDENTITY, Scope.CONFIGURATION_SET),
}
"""The scopes of the checks that each audit runs."""


@pytest.mark.parametrize("function", AUDITS)
def test_an_audit_may_read_exactly_what_its_checks_declare_they_need(function: str) -> None:
    needed = set().union(*(check.needs for check in checks.of_scopes(*AUDITS[function])))
    granted = {
        action
        for statement in statements(role_of(function))
        for action in actions(statement)
        if action.split(":")[0] in {"ses", "cloudwatch", "account", "route53", "sts"}
    }
    # What a check reads of our own table, its audit may read anyway.
    assert granted == {action for action in needed if not action.startswith("dynamodb:")}


def test_nothing_of_ses_can_be_changed() -> None:
    ses = [
        action
        for role in of_type("AWS::IAM::Role")
        for s in statements(role)
        for action in actions(s)
        if action.startswith("ses:")
    ]
    assert ses
    assert all(re.match(r"ses:(Get|List|BatchGet)", action) for action in ses)


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_no_role_has_a_wildcard_action(role: str) -> None:
    assert not [action for statement in statements(role) for action in actions(statement) if "*" in action]


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_a_role_reaches_beyond_one_resource_only_where_the_action_knows_none(role: str) -> None:
    without_resources = {"account:ListRegions", "cloudwatch:GetMetricData", "dynamodb:ListStreams"}
    for statement in statements(role):
        if statement["Resource"] == "*":
            assert all(a.startswith("ses:") or a in without_resources for a in actions(statement))


LONGER = {"AuditIdentitiesFunction": 900, "DeliverSlackFunction": 100, "DigestFunction": 120}
"""Seconds that these may run; the others a minute."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_its_own_role_log_group_time_limit_and_description(name: str) -> None:
    properties = FUNCTIONS[name]["Properties"]
    group = properties["LoggingConfig"]["LogGroup"]["Ref"]
    assert properties["Description"]
    assert properties["Timeout"] <= LONGER.get(name, 60)
    assert RESOURCES[group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert [other for other in FUNCTIONS if role_of(other) == role_of(name)] == [name]


MISSED_OTHERWISE = {
    "AuditAccountsFunction": "NoAuditAlarm",
    "PlanIdentitiesFunction": "NoIdentityAuditAlarm",
    "IngestFeedbackFunction": "FeedbackLateAlarm",
    "IngestLogsFunction": "FeedbackDeadLettersAlarm",
    "DigestFunction": "UnpublishedAlarm",
    "DeliverSlackFunction": "SlackLateAlarm",
}
"""What shows within the same time when one of these fails: an alarm on its errors would cost, and say it once more."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_that_fails_is_noticed(name: str) -> None:
    watched = [
        alarm["Properties"]["Dimensions"][0]["Value"]["Ref"]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("MetricName") == "Errors"
    ]
    assert (name in watched) is not (MISSED_OTHERWISE.get(name) in RESOURCES)


TOLD_BEFORE = {"IdentityDeadLetters": "AuditIdentitiesErrorsAlarm"}
"""Queues whose messages have made another alarm by the time that they are there."""


def unread_queues() -> set[str]:
    """Name the queues that no function works."""
    read = {
        event["Properties"]["Queue"]["GetAtt"][0]
        for function in FUNCTIONS.values()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "SQS"
    }
    return set(of_type("AWS::SQS::Queue")) - read


def test_every_queue_nobody_reads_has_an_alarm() -> None:
    watched = {
        alarm["Properties"]["Dimensions"][0]["Value"]["GetAtt"][0]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("MetricName") == "ApproximateNumberOfMessagesVisible"
    }
    assert not watched & set(TOLD_BEFORE)
    assert watched | set(TOLD_BEFORE) == unread_queues()
    assert set(TOLD_BEFORE.values()) <= set(RESOURCES)


def test_a_region_that_becomes_a_dead_letter_has_failed_often_enough_for_an_alarm() -> None:
    alarm = RESOURCES["AuditIdentitiesErrorsAlarm"]["Properties"]
    queue = RESOURCES["IdentityQueue"]["Properties"]
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    # However an hour of the alarm cuts a row of failures a minute apart in two, one half has enough of them; and of
    # those that take the function's whole time, any hour in their midst.
    assert -(-receives // 2) >= alarm["Threshold"]
    assert alarm["Period"] // queue["VisibilityTimeout"] >= alarm["Threshold"]
    assert receives * queue["VisibilityTimeout"] > alarm["Period"]
    assert (alarm["Statistic"], alarm["EvaluationPeriods"]) == ("Sum", 1)


def test_reminders_and_a_digest_that_fail_are_kept_where_an_alarm_looks() -> None:
    unpublished = {"GetAtt": ["UnpublishedQueue", "Arn"]}
    kept = FUNCTIONS["DigestFunction"]["Properties"]["EventInvokeConfig"]
    assert kept["DestinationConfig"] == {"OnFailure": {"Type": "SQS", "Destination": unpublished}}
    assert kept["MaximumRetryAttempts"] == 2
    assert granted("DigestRole")["sqs:SendMessage"] == [unpublished]
    [dimension] = RESOURCES["UnpublishedAlarm"]["Properties"]["Dimensions"]
    assert dimension["Value"] == {"GetAtt": ["UnpublishedQueue", "QueueName"]}


FREE_ALARMS = 10
"""Alarms of an account, each on one metric, that cost nothing: https://aws.amazon.com/cloudwatch/pricing/."""


def test_no_more_alarms_than_are_free_and_few_metrics_of_our_own() -> None:
    alarms = [each["Properties"] for each in of_type("AWS::CloudWatch::Alarm").values()]
    assert len(alarms) <= FREE_ALARMS
    assert all("MetricName" in each for each in alarms), "metric math counts once for each metric"
    read = {each["MetricName"] for each in alarms if each["Namespace"] == "ses-monitor"}
    sources = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers/ses_monitor/ses_monitor").rglob("*.py")]
    code = "\n".join(path.read_text() for path in sources)
    assert set(re.findall(r'(?:add_metric|_count)\("(\w+)"', code)) == read, "one that no alarm reads is a log line"
    for alarm in alarms:
        if alarm["Namespace"] == "ses-monitor":
            assert alarm["Dimensions"] == [{"Name": "service", "Value": "ses-monitor"}]
    assert set(re.findall(r"Metrics\((.*?)\)", code)) == {'service="ses-monitor"'}


@pytest.mark.parametrize("name", of_type("AWS::CloudWatch::Alarm"))
def test_every_alarm_goes_to_the_alert_topic_and_says_where_to_look(name: str) -> None:
    properties = RESOURCES[name]["Properties"]
    assert properties["AlarmActions"] == [{"Ref": "AlertTopic"}]
    assert len(properties["AlarmDescription"]) > 80
    assert properties["TreatMissingData"] in {"breaching", "notBreaching"}


def test_a_region_at_work_is_not_given_to_another_and_a_poisoned_message_is_put_aside() -> None:
    queue = RESOURCES["IdentityQueue"]["Properties"]
    audit = FUNCTIONS["AuditIdentitiesFunction"]["Properties"]
    event = audit["Events"]["Regions"]["Properties"]
    assert queue["VisibilityTimeout"] > audit["Timeout"]
    assert 3 <= queue["RedrivePolicy"]["maxReceiveCount"] <= 10
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"GetAtt": ["IdentityDeadLetters", "Arn"]}
    assert (event["BatchSize"], event["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert 2 <= event["ScalingConfig"]["MaximumConcurrency"] <= 9
    assert queue["RedrivePolicy"]["maxReceiveCount"] * TRY_AGAIN_AFTER < audit["Timeout"]


# --- How it is told ---------------------------------------------------------------------------------------------------

RULE = TEMPLATE["Rules"]["ABotPostsToAChannel"]
ENVIRONMENT = {"TABLE_NAME": "table", "AWS_REGION": "eu-west-1"}
TOPIC_ARN = "arn:aws:sns:eu-west-1:111122223333:alerts"


def granted(role: str) -> dict[str, list[Any]]:
    """Return what a role may do, and with which resources."""
    found: dict[str, list[Any]] = {}
    for statement in statements(role):
        for action in actions(statement):
            found.setdefault(action, []).append(statement["Resource"])
    return found


def conditional(role: str) -> dict[str, dict[str, Any]]:
    """Return the statements of a role that depend on a condition, by its name."""
    [policy] = RESOURCES[role]["Properties"]["Policies"]
    return {each["If"][0]: each["If"][1] for each in policy["PolicyDocument"]["Statement"] if "If" in each}


def parameter(name: str) -> dict[str, str]:
    return {"Sub": f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter${{{name}}}"}


def test_slack_is_reached_by_a_bot_or_a_webhook_and_each_secret_is_read_only_where_it_is_named() -> None:
    assert TEMPLATE["Conditions"]["HasSlack"] == {"Or": [{"Condition": "HasBot"}, {"Condition": "HasWebhook"}]}
    read = conditional("DeliverSlackRole")
    assert set(read) == {"HasBot", "HasWebhook"}
    for condition, name in (("HasBot", "SlackBotTokenParameter"), ("HasWebhook", "SlackWebhookParameter")):
        assert TEMPLATE["Conditions"][condition] == {"Not": [{"Equals": [{"Ref": name}, ""]}]}
        assert (actions(read[condition]), read[condition]["Resource"]) == (["ssm:GetParameter"], parameter(name))


def test_a_bot_without_a_channel_is_refused() -> None:
    assert RULE["RuleCondition"] == TEMPLATE["Conditions"]["HasBot"]
    [assertion] = RULE["Assertions"]
    assert assertion["Assert"] == {"Not": [{"Equals": [{"Ref": "SlackChannel"}, ""]}]}
    assert "SlackChannel" in assertion["AssertDescription"]


def test_a_delivery_outlasts_neither_its_claim_nor_the_time_its_message_is_hidden() -> None:
    function = FUNCTIONS["DeliverSlackFunction"]["Properties"]
    assert function["Timeout"] < LEASE_SECONDS
    assert RESOURCES["SlackQueue"]["Properties"]["VisibilityTimeout"] >= 6 * function["Timeout"]


def test_a_storm_reaches_the_topic_in_large_batches_and_amazon_q_only_where_it_is_named() -> None:
    event = FUNCTIONS["PublishAlertsFunction"]["Properties"]["Events"]["Changes"]["Properties"]
    assert (event["BatchSize"], event["MaximumBatchingWindowInSeconds"]) == (500, 10)
    may = granted("PublishAlertsRole")
    assert may["sns:Publish"] == [{"Ref": "AlertTopic"}, {"Ref": "AmazonQTopicArn"}]
    assert conditional("PublishAlertsRole")["HasAmazonQ"]["Resource"] == {"Ref": "AmazonQTopicArn"}
    assert {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"} <= set(may)
    assert {"dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Scan"}.isdisjoint(may)


def test_the_digest_reads_the_table_writes_changes_to_it_and_publishes_and_may_do_nothing_else() -> None:
    may = granted("DigestRole")
    table = {"GetAtt": ["Table", "Arn"]}
    assert set(may) == {
        *("logs:CreateLogStream", "logs:PutLogEvents"),
        *("dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "sns:Publish"),
        "sqs:SendMessage",
    }
    for action in ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"):
        assert may[action] == [table]
    assert may["dynamodb:Query"] == [table, [{"Sub": f"${{Table.Arn}}/index/gsi{n}"} for n in (1, 2)]]
    assert may["sns:Publish"] == [{"Ref": "AlertTopic"}]


def test_reminders_are_looked_for_hourly_and_the_digest_is_sent_daily_or_never() -> None:
    events = FUNCTIONS["DigestFunction"]["Properties"]["Events"]
    hourly, daily = events["Reminders"]["Properties"], events["Daily"]["Properties"]
    assert (hourly["ScheduleExpression"], json.loads(hourly["Input"])) == ("rate(1 hour)", {"do": "remind"})
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    assert json.loads(daily["Input"]) == {"do": "digest", "scheduled": "<aws.scheduler.scheduled-time>"}
    assert daily["State"] == {"If": ["HasDigest", "ENABLED", "DISABLED"]}
    assert TEMPLATE["Conditions"]["HasDigest"] == {"Not": [{"Equals": [{"Ref": "DigestAt"}, "never"]}]}
    condition, at_its_time, _ = daily["ScheduleExpression"]["If"]
    assert (condition, at_its_time["Sub"][0]) == ("HasDigest", "cron(${Minute} ${Hour} * * ? *)")
    places = {name: each["Select"][0] for name, each in at_its_time["Sub"][1].items()}
    assert places == {"Hour": 0, "Minute": 1}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "LOUD"]),
            st.sampled_from(["1", "9", "999", "1000", "7999", "8699", "8759", "8760"])
            | st.sampled_from(["0", "", "8761", "8800", "9999", "87600"])
            | st.integers(0, 10_000).map(str),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["", "", "", ",", "NEVER"]),
)
def test_the_template_takes_exactly_the_hours_that_the_function_takes(hours: list[tuple[str, str]], first: str) -> None:
    value = first + ",".join(f"{severity}={number}" for severity, number in hours)
    taken = re.fullmatch(TEMPLATE["Parameters"]["ReminderHours"]["AllowedPattern"], value)
    try:
        settings.digest({**ENVIRONMENT, "ALERT_TOPIC_ARN": TOPIC_ARN, "REMINDER_HOURS": value})
    except settings.SettingsError:
        assert not taken
    else:
        assert taken


def test_what_the_template_takes_for_reminders_and_the_ceiling_the_functions_take_too() -> None:
    parameters = TEMPLATE["Parameters"]
    for hours in (parameters["ReminderHours"]["Default"], "NEVER", "CRITICAL=1,ERROR=48,WARNING=336,NOTICE=720"):
        assert re.match(parameters["ReminderHours"]["AllowedPattern"], hours)
        settings.digest({**ENVIRONMENT, "ALERT_TOPIC_ARN": TOPIC_ARN, "REMINDER_HOURS": hours})
    for bound in ("MinValue", "Default", "MaxValue"):
        number = parameters["AlertsPerMinute"][bound]
        read = settings.publish_alerts({**ENVIRONMENT, "ALERT_TOPIC_ARN": TOPIC_ARN, "ALERTS_PER_MINUTE": str(number)})
        assert read.alerts_per_minute == number


# --- Feedback ---------------------------------------------------------------------------------------------------------


def policy(resource: str, template: dict[str, dict[str, Any]] = RESOURCES) -> dict[str, dict[str, Any]]:
    """Return the statements of a queue's or a topic's policy by their ids."""
    return {each["Sid"]: each for each in template[resource]["Properties"]["PolicyDocument"]["Statement"]}


def test_only_ses_on_behalf_of_this_account_may_publish_feedback() -> None:
    (statement,) = policy("FeedbackTopicPolicy").values()
    arn = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
    assert statement["Principal"] == {"Service": "ses.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"] == {
        "StringEquals": {"AWS:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {"AWS:SourceArn": [{"Sub": f"{arn}identity/*"}, {"Sub": f"{arn}configuration-set/*"}]},
    }


def test_the_feedback_topic_is_called_after_the_stack_so_that_its_arn_is_known_in_every_region() -> None:
    assert RESOURCES["FeedbackTopic"]["Properties"]["TopicName"] == {"Sub": "${AWS::StackName}-feedback"}
    # SES cannot use a topic that is encrypted with a key that AWS manages.
    assert "KmsMasterKeyId" not in RESOURCES["FeedbackTopic"]["Properties"]


def test_only_topics_and_rules_of_this_account_may_send_to_the_feedback_queue() -> None:
    statements = policy("FeedbackQueuePolicy")
    assert set(statements) == {"TopicsOfThisAccountInAnyRegion", "RulesOfThisAccount"}
    topics, rules = statements["TopicsOfThisAccountInAnyRegion"], statements["RulesOfThisAccount"]
    assert topics["Condition"] == {
        "ArnLike": {"aws:SourceArn": {"Sub": "arn:${AWS::Partition}:sns:*:${AWS::AccountId}:*"}}
    }
    assert rules["Condition"] == {
        "ArnLike": {"aws:SourceArn": {"Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*"}}
    }
    assert rules["Principal"] == {"Service": "events.amazonaws.com"}
    assert {each["Action"] for each in statements.values()} == {"sqs:SendMessage"}


def test_topics_of_regions_that_have_to_be_enabled_deliver_to_the_feedback_queue_too() -> None:
    condition, commercial, elsewhere = policy("FeedbackQueuePolicy")["TopicsOfThisAccountInAnyRegion"]["Principal"][
        "Service"
    ]["If"]
    assert TEMPLATE["Conditions"][condition] == {"Equals": [{"Ref": "AWS::Partition"}, "aws"]}
    assert elsewhere == ["sns.amazonaws.com"] == commercial[:1]
    regional = [re.fullmatch(r"sns\.([a-z]+-[a-z]+-\d)\.amazonaws\.com", each) for each in commercial[1:]]
    assert len({match[1] for match in regional if match}) == len(regional) == 11


def test_no_feedback_is_lost_on_its_way_to_the_function() -> None:
    dead = {"GetAtt": ["FeedbackDeadLetters", "Arn"]}
    queue = RESOURCES["FeedbackQueue"]["Properties"]
    assert RESOURCES["FeedbackSubscription"]["Properties"]["RedrivePolicy"] == {"deadLetterTargetArn": dead}
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == dead
    for rule in of_type("AWS::Events::Rule").values():
        (target,) = rule["Properties"]["Targets"]
        assert target["Arn"] == {"GetAtt": ["FeedbackQueue", "Arn"]}
        assert target["DeadLetterConfig"] == {"Arn": dead}
    for name in ("FeedbackQueue", "FeedbackDeadLetters"):
        assert RESOURCES[name]["Properties"]["MessageRetentionPeriod"] == 14 * 86400
        assert RESOURCES[name]["Properties"]["SqsManagedSseEnabled"] is True


def test_a_batch_is_not_given_to_another_and_one_that_the_table_refuses_is_tried_for_hours() -> None:
    queue = RESOURCES["FeedbackQueue"]["Properties"]
    function = FUNCTIONS["IngestFeedbackFunction"]["Properties"]
    event = function["Events"]["Feedback"]["Properties"]
    window = event["MaximumBatchingWindowInSeconds"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"] + window
    assert (event["BatchSize"], window) == (500, 60)
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 2 <= event["ScalingConfig"]["MaximumConcurrency"] <= 4
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    waits = [wait_before(Failure(Message("m", "", NOWHERE, n), Step.RECORD, "")) for n in range(1, receives + 1)]
    assert 3 <= sum(waits) / 3600 <= 6
    assert wait_before(Failure(Message("m", "", NOWHERE), Step.READ, "")) == 0


def test_a_message_that_comes_back_from_the_dead_letters_is_still_known() -> None:
    days = TEMPLATE["Parameters"]["EventDays"]
    kept = RESOURCES["FeedbackDeadLetters"]["Properties"]["MessageRetentionPeriod"] / 86400
    assert days["MinValue"] > kept
    environment = {"TABLE_NAME": "table", "AWS_REGION": "eu-west-1"}
    for bound in ("MinValue", "Default", "MaxValue"):
        assert settings.ingest_feedback({**environment, "EVENT_DAYS": str(days[bound])}).event_days == days[bound]


def test_the_rules_take_what_ses_tells_through_eventbridge_and_nothing_of_cloudtrail() -> None:
    ses, health = (RESOURCES[rule]["Properties"]["EventPattern"] for rule in ("SesEventsRule", "SesHealthRule"))
    prefixes = tuple(each["prefix"] for each in ses["detail-type"])
    told = ("Email Bounced", "Email Rendering Failed", "Advisor Recommendation Status Open", "Sending Status Disabled")
    assert all(each.startswith(prefixes) for each in told)
    assert not "AWS API Call via CloudTrail".startswith(prefixes)
    assert health["detail"] == {"service": ["SES"], "eventTypeCode": [{"prefix": "AWS_SES_"}]}


# --- Refused sends ----------------------------------------------------------------------------------------------------


def matches(pattern: Any, event: Any) -> bool:
    """Tell as EventBridge does whether an event matches; of its operators those that are used here."""
    if isinstance(pattern, list):
        return any(_one_matches(each, event) for each in pattern)
    alternatives = pattern.get("$or")
    if alternatives is not None and not any(matches(each, event) for each in alternatives):
        return False
    inner = event if isinstance(event, dict) else {}
    return all(matches(each, inner.get(key)) for key, each in pattern.items() if key != "$or")


def _one_matches(operand: Any, value: Any) -> bool:
    if not isinstance(operand, dict):
        return bool(operand == value)
    if "exists" in operand:
        return (value is not None) is operand["exists"]
    return isinstance(value, str) and value.startswith(operand["prefix"])


def recorded(**detail: Any) -> dict[str, Any]:
    """A send as CloudTrail records it."""
    send = {"eventSource": "ses.amazonaws.com", "eventName": "SendEmail", "readOnly": True, "responseElements": None}
    return {"source": "aws.ses", "detail-type": "AWS API Call via CloudTrail", "detail": {**send, **detail}}


@pytest.mark.parametrize(
    ("detail", "taken"),
    [
        ({}, False),
        ({"additionalEventData": {"sesMessageId": "0102"}}, False),
        ({"errorCode": "MessageRejected", "errorMessage": "Email address is not verified."}, True),
        ({"errorMessage": "Email address is not verified.", "eventName": "SendBulkEmail"}, True),
        ({"responseElements": {"errorCode": "MessageRejected", "errorMessage": "no"}}, True),
        ({"responseElements": {"error": {"code": "MessageRejected"}}}, True),
        ({"responseElements": {"messageId": "0102"}}, False),
        ({"errorCode": "NotFoundException", "eventName": "GetEmailIdentity"}, False),
        ({"errorCode": "AccessDenied", "eventSource": "s3.amazonaws.com"}, False),
    ],
)
def test_of_cloudtrail_only_sends_that_failed_are_taken(detail: dict[str, Any], taken: bool) -> None:
    pattern = RESOURCES["SesRejectionsRule"]["Properties"]["EventPattern"]
    assert matches(pattern, recorded(**detail)) is taken
    assert not matches(pattern, recorded(**detail) | {"detail-type": "Email Bounced"})


def test_cloudtrail_is_heard_only_by_those_who_want_it() -> None:
    rule = RESOURCES["SesRejectionsRule"]
    assert rule["Condition"] == "HearsCloudTrail"
    assert TEMPLATE["Conditions"]["HearsCloudTrail"] == {"Equals": [{"Ref": "CloudTrailRejections"}, "on"]}
    assert TEMPLATE["Parameters"]["CloudTrailRejections"]["Default"] == "off"
    # Only management events that read need another state; sends are data events.
    assert "State" not in rule["Properties"]


def test_log_groups_of_this_account_and_region_may_hand_over_their_lines_and_nobody_else() -> None:
    permission = RESOURCES["LogGroupsOfThisAccount"]["Properties"]
    assert permission["FunctionName"] == {"Ref": "IngestLogsFunction"}
    assert permission["Principal"] == "logs.amazonaws.com"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    arn = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"
    assert permission["SourceArn"] == {"Sub": arn}


def test_one_log_group_is_subscribed_if_named_with_the_pattern_of_the_code() -> None:
    subscription = RESOURCES["RejectionSubscription"]
    assert subscription["Condition"] == "HasLogGroup"
    assert subscription["DependsOn"] == "LogGroupsOfThisAccount"
    assert subscription["Properties"] == {
        "FilterName": FILTER_NAME,
        "LogGroupName": {"Ref": "RejectionLogGroup"},
        "DestinationArn": {"GetAtt": ["IngestLogsFunction", "Arn"]},
        "FilterPattern": FILTER_PATTERN,
    }


def test_the_reader_of_logs_may_only_send_to_the_queue_and_what_it_fails_at_is_kept() -> None:
    dead = {"GetAtt": ["FeedbackDeadLetters", "Arn"]}
    granted = {action: each["Resource"] for each in statements("IngestLogsRole") for action in actions(each)}
    assert set(granted) == {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
    assert granted["sqs:SendMessage"] == [{"GetAtt": ["FeedbackQueue", "Arn"]}, dead]
    function = FUNCTIONS["IngestLogsFunction"]["Properties"]
    assert function["EventInvokeConfig"]["DestinationConfig"] == {"OnFailure": {"Type": "SQS", "Destination": dead}}
    assert function["MemorySize"] == 256


def test_the_outputs_say_what_log_groups_are_subscribed_to() -> None:
    assert TEMPLATE["Outputs"]["IngestLogsFunctionArn"]["Value"] == {"GetAtt": ["IngestLogsFunction", "Arn"]}
    assert TEMPLATE["Outputs"]["CloudTrailRejections"]["Value"] == {"Ref": "CloudTrailRejections"}


def test_the_recipients_key_is_read_by_one_function_and_only_where_there_is_one() -> None:
    for role in of_type("AWS::IAM::Role"):
        keys = [each for each in statements(role) if "RecipientKeyParameter" in str(each)]
        assert bool(keys) == (role == "IngestFeedbackRole")
        for statement in keys:
            assert actions(statement) == ["ssm:GetParameter"]
            assert statement["Resource"]["Sub"].endswith(":parameter${RecipientKeyParameter}")
    raw = RESOURCES["IngestFeedbackRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert [each["If"][0] for each in raw if "If" in each] == ["HasRecipientKey"]


def test_late_feedback_raises_an_alarm() -> None:
    late = RESOURCES["FeedbackLateAlarm"]["Properties"]
    assert late["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert late["Dimensions"] == [{"Name": "QueueName", "Value": {"GetAtt": ["FeedbackQueue", "QueueName"]}}]


def test_the_outputs_say_where_feedback_goes() -> None:
    outputs = TEMPLATE["Outputs"]
    assert {
        "FeedbackTopicArn",
        "FeedbackQueueUrl",
        "FeedbackQueueArn",
        "FeedbackDeadLettersUrl",
        "IngestFeedbackFunctionName",
    } <= set(outputs)
    assert outputs["RecipientKeyParameter"]["Condition"] == "HasRecipientKey"


def test_the_audit_of_identities_leaves_itself_time_to_finish_and_has_its_region_to_itself_meanwhile() -> None:
    audit = FUNCTIONS["AuditIdentitiesFunction"]["Properties"]
    for pace in ("Default", "MinValue"):
        slowest = Pacer(float(TEMPLATE["Parameters"]["SesRequestsPerSecond"][pace])).longest_wait
        assert audit["Timeout"] > 1.5 * (slowest + KEPT_FOR_FINISHING)
    # Its time, and a wait in the queue as long again.
    assert 2 * audit["Timeout"] < LEASE.total_seconds() < 3600


@pytest.mark.parametrize("pace", ["Default", "MinValue", "MaxValue"])
def test_a_pace_that_the_template_takes_the_function_takes_too(pace: str) -> None:
    value = str(TEMPLATE["Parameters"]["SesRequestsPerSecond"][pace])
    url = "https://sqs.eu-west-1.amazonaws.com/111122223333/queue"
    environment = {"TABLE_NAME": "table", "AWS_REGION": "eu-west-1", "IDENTITY_QUEUE_URL": url}
    read = settings.audit_identities({**environment, "SES_REQUESTS_PER_SECOND": value})
    assert read.requests_per_second == float(value)


@pytest.mark.parametrize("minutes", ["1", "5", "10", "15"])
def test_silence_of_two_periods_raises_the_alarm_whatever_the_period(minutes: str) -> None:
    alarm = RESOURCES["NoAuditAlarm"]["Properties"]
    entry = TEMPLATE["Mappings"]["AuditSchedule"][minutes]
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (2, 2)
    assert alarm["TreatMissingData"] == "breaching"
    assert entry["Seconds"] == int(minutes) * 60
    assert entry["Rate"] == f"rate({minutes} minute{'s' if minutes != '1' else ''})"
    assert minutes in TEMPLATE["Parameters"]["AuditEveryMinutes"]["AllowedValues"]


def test_the_table_keeps_the_evidence() -> None:
    table = RESOURCES["Table"]
    properties = table["Properties"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert len(properties["GlobalSecondaryIndexes"]) <= 2


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_every_parameter_is_described_and_constrained(name: str) -> None:
    parameter = TEMPLATE["Parameters"][name]
    assert parameter["Description"].endswith(".")
    assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter)
    if "AllowedPattern" in parameter:
        assert parameter["ConstraintDescription"]
        assert re.match(parameter["AllowedPattern"], str(parameter["Default"]))
    grouped = [
        p
        for group in TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for p in group["Parameters"]
    ]
    assert grouped.count(name) == 1


@pytest.mark.parametrize(
    ("parameter", "refused"),
    [
        ("AlertEmail", "ops@example"),
        ("AlertEmail", "a@example.com, b@example.com"),
        ("SlackWebhookParameter", "https://hooks.slack.com/services/T0/B0/x"),
        ("SlackBotTokenParameter", "xoxb-1-a"),
        ("SlackBotTokenParameter", "slack-bot-token"),
        ("SlackChannel", "#ses-alerts"),
        ("SlackChannel", "ses-alerts"),
        ("AmazonQTopicArn", "alerts-for-chat"),
        ("AmazonQTopicArn", "arn:aws:sqs:eu-west-1:111122223333:alerts"),
        ("ReminderHours", "CRITICAL=4, ERROR=24"),
        ("ReminderHours", "CRITICAL=0"),
        ("ReminderHours", "CRITICAL=9999"),
        ("ReminderHours", "CRITICAL=8761"),
        ("ReminderHours", "CRITICAL=4,ERROR=24,CRITICAL=5"),
        ("ReminderHours", ",CRITICAL=4"),
        ("ReminderHours", "URGENT=4"),
        ("ReminderHours", ""),
        ("DigestAt", "6:00"),
        ("DigestAt", "24:00"),
        ("DigestAt", "06:00 UTC"),
        ("DigestAt", "0 6 * * ? *"),
        ("Regions", "eu-west-1, us-east-1"),
        ("Regions", "Ireland"),
        ("SendingRegions", "eu-west"),
        ("TrustedAccounts", "111122223333, 444455556666"),
        ("RejectionLogGroup", "arn:aws:logs:eu-west-1:111122223333:log-group:/shop/app:*"),
        ("RejectionLogGroup", "/shop/app,/shop/mail"),
        ("RecipientKeyParameter", "a secret of my own"),
        ("RecipientKeyParameter", "recipient-key"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_is_deployed(parameter: str, refused: str) -> None:
    assert not re.match(TEMPLATE["Parameters"][parameter]["AllowedPattern"], refused)


def test_no_secret_is_handed_to_a_function_through_its_environment() -> None:
    for function in FUNCTIONS.values():
        for variable, value in function["Properties"].get("Environment", {}).get("Variables", {}).items():
            # What names a parameter of SSM names a secret, and holds none.
            assert variable.endswith("_PARAMETER") or not re.search(r"SECRET|TOKEN|PASSWORD|_KEY$", variable)
            assert "xox" not in str(value)
            assert "hooks.slack.com" not in str(value)


def test_the_layer_is_built_for_the_functions_runtime() -> None:
    layer = RESOURCES["SesMonitorLayer"]
    everywhere = TEMPLATE["Globals"]["Function"]
    assert layer["Properties"]["CompatibleRuntimes"] == [everywhere["Runtime"]]
    assert layer["Properties"]["CompatibleArchitectures"] == everywhere["Architectures"]
    makefile = (ROOT / "layers/ses_monitor/Makefile").read_text()
    assert f"--python-version {everywhere['Runtime'].removeprefix('python')}" in makefile
    assert "aarch64" in makefile
