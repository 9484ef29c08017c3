"""The real template, built, deployed and run with roles enforced: what people see, and what faults do to it.

Each test troubles a region that no other test uses, and mends it: the order of the tests does not matter.
"""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from ses_monitor.core.stored import Change, Transition
from ses_monitor.core.verdict import Verdict
from simulator.chat.receiver import Scripted
from simulator.demo.stack import DeployedMonitor, wait_until
from simulator.embedded_aws.process import REPOSITORY

pytestmark = pytest.mark.e2e

UNTIL_BLINDNESS_IS_TOLD = 3


def verdict(monitor: DeployedMonitor, region: str) -> Verdict:
    return next(state.verdict for state in monitor.queries.regions() if state.region == region)


def changes(monitor: DeployedMonitor, region: str) -> list[tuple[Transition, str]]:
    """What changed of the account itself; feedback of the same region is another test's."""
    return [
        (change.transition, change.tag)
        for change in monitor.changes()
        if change.region == region and not change.check_id.startswith("feedback.")
    ]


def messages_about(monitor: DeployedMonitor, *words: str) -> list[str]:
    shown = [message.shown() for message in monitor.simulator.chat.messages]
    return [text for text in shown if all(word in text for word in words)]


def audit(monitor: DeployedMonitor, times: int = 1) -> None:
    for _ in range(times):
        monitor.audit()
    monitor.wait_until_told()


@contextmanager
def fault(monitor: DeployedMonitor, region: str, kind: str) -> Iterator[None]:
    monitor.simulator.fault(region, kind=kind)
    try:
        yield
    finally:
        monitor.simulator.heal(region)


def test_the_first_audit_is_one_summary_and_what_is_critical_is_told_alone(monitor: DeployedMonitor) -> None:
    first = [change for change in monitor.changes() if change.baseline]
    assert {(change.region, change.tag) for change in first} >= {
        ("eu-central-1", "SANDBOX"),
        ("us-east-1", "QUOTA_NEARLY_EXHAUSTED"),
        ("ap-northeast-1", "SUPPRESSION_OFF"),
    }
    [summary] = messages_about(monitor, "First audit: 3 findings")
    for region, of in (("eu-central-1", "sandbox"), ("us-east-1", "quota"), ("ap-northeast-1", "suppression list")):
        assert f"{region}: " in summary
        assert of in summary
    assert "ap-southeast-2" not in summary
    [paused] = messages_about(monitor, "SENDING_PAUSED")
    assert "put-account-sending-attributes --region ap-southeast-2 --sending-enabled" in paused


def test_a_review_is_told_once_with_its_step_and_once_when_it_is_over(monitor: DeployedMonitor) -> None:
    region = "eu-west-1"
    monitor.simulator.change(region, account={"enforcement": "PROBATION"})
    audit(monitor, times=3)
    [opened] = messages_about(monitor, region, "UNDER_REVIEW")
    assert "support case" in opened
    assert verdict(monitor, region) is Verdict.AT_RISK

    monitor.simulator.change(region, account={"enforcement": "HEALTHY"})
    audit(monitor, times=2)
    assert len(messages_about(monitor, region, "UNDER_REVIEW")) == 2
    assert changes(monitor, region) == [(Transition.OPENED, "UNDER_REVIEW"), (Transition.RESOLVED, "UNDER_REVIEW")]
    assert verdict(monitor, region) is Verdict.DELIVERS


def test_a_pause_by_aws_that_follows_a_review_is_one_message_worsened(monitor: DeployedMonitor) -> None:
    region = "eu-central-2"
    for status in ("PROBATION", "SHUTDOWN", "HEALTHY"):
        monitor.simulator.change(region, account={"enforcement": status})
        audit(monitor)
    assert changes(monitor, region) == [
        (Transition.OPENED, "UNDER_REVIEW"),
        (Transition.WORSENED, "SHUT_DOWN"),
        (Transition.RESOLVED, "SHUT_DOWN"),
    ]
    assert len(messages_about(monitor, region, "SHUT_DOWN")) == 2


@pytest.mark.parametrize(
    ("region", "kind", "says"),
    [
        ("us-west-2", "throttle", "throttled"),
        ("sa-east-1", "deny", "ses:GetAccount"),
        ("us-west-1", "expired", "credentials"),
        ("ca-central-1", "error", "AWS"),
        ("eu-north-1", "reset", "eu-north-1"),
    ],
)
def test_a_region_that_cannot_be_read_is_unknown_and_after_three_audits_a_finding(
    monitor: DeployedMonitor, region: str, kind: str, says: str
) -> None:
    before = verdict(monitor, region)
    with fault(monitor, region, kind):
        audit(monitor, times=UNTIL_BLINDNESS_IS_TOLD - 1)
        assert verdict(monitor, region) is Verdict.UNKNOWN
        assert changes(monitor, region) == []
        audit(monitor)
        assert changes(monitor, region) == [(Transition.OPENED, "REGION_NOT_READABLE")]
        [told] = messages_about(monitor, region, "REGION_NOT_READABLE")
        assert says in told
    audit(monitor)
    assert changes(monitor, region)[1:] == [(Transition.RESOLVED, "REGION_NOT_READABLE")]
    assert verdict(monitor, region) is before


def test_a_region_that_never_answers_costs_only_itself(monitor: DeployedMonitor) -> None:
    region = "eu-west-3"
    with fault(monitor, region, "hang"):
        answer = monitor.audit()
        assert answer["regions"] == len(monitor.queries.runs("audit_accounts", limit=1)[0].regions)
        assert verdict(monitor, region) is Verdict.UNKNOWN
        assert verdict(monitor, "us-east-2") is Verdict.IDLE
        [run] = monitor.queries.runs("audit_accounts", limit=1)
        assert {unseen.region for unseen in run.unseen} == {region}
        assert not run.complete
    audit(monitor)
    assert monitor.queries.runs("audit_accounts", limit=1)[0].complete
    assert verdict(monitor, region) is Verdict.IDLE


def test_blindness_opens_and_resolves_nothing_of_what_was_open(monitor: DeployedMonitor) -> None:
    region = "eu-central-1"
    known = changes(monitor, region)
    with fault(monitor, region, "throttle"):
        audit(monitor)
        assert changes(monitor, region) == known
        opened = {finding.tag for finding in monitor.queries.open_findings(region=region)}
        assert opened == {"SANDBOX"}
    audit(monitor)
    assert changes(monitor, region) == known


def test_two_audits_at_once_record_one_transition(monitor: DeployedMonitor) -> None:
    region = "ap-south-1"
    monitor.simulator.change(region, account={"production_access": True, "enforcement": "SHUTDOWN"})
    both = [threading.Thread(target=monitor.audit) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    monitor.wait_until_told()
    assert changes(monitor, region) == [(Transition.OPENED, "SHUT_DOWN")]
    assert len(messages_about(monitor, region, "SHUT_DOWN")) == 1
    monitor.simulator.change(region, account={"production_access": False, "enforcement": "HEALTHY"})
    audit(monitor)


def test_while_slack_is_down_nothing_is_lost_and_the_other_channel_hears_at_once(monitor: DeployedMonitor) -> None:
    region = "ap-northeast-3"
    queue = monitor.sqs.create_queue(QueueName="another-subscriber")["QueueUrl"]
    arn = monitor.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = monitor.outputs["AlertTopicArn"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**allowed, "Resource": arn}]}
    monitor.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    only_this_region = json.dumps({"region": [region], "severity": ["CRITICAL"]})
    monitor.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": only_this_region})

    monitor.simulator.chat.script(Scripted(429, retry_after=1))
    monitor.simulator.change(region, account={"enforcement": "SHUTDOWN"})
    monitor.audit()
    heard: list[str] = []

    def other_channel_heard() -> bool:
        answer = monitor.sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])
        heard.extend(message.get("Body", "") for message in answer.get("Messages", []))
        return bool(heard)

    wait_until(other_channel_heard, lambda: "the other subscriber to hear of it", 20)
    document = json.loads(json.loads(heard[0])["Message"])
    assert (document["schema"], document["tag"], document["severity"]) == (1, "SHUT_DOWN", "CRITICAL")
    assert document["regions"] == [region]
    # A refused message waits for a quarter of a minute on its queue: told late, once, and not lost.
    monitor.wait_until_told(seconds=90)
    assert len(messages_about(monitor, region, "SHUT_DOWN")) == 1
    monitor.simulator.change(region, account={"enforcement": "HEALTHY"})
    audit(monitor)


def test_the_monitor_only_reads(monitor: DeployedMonitor) -> None:
    asked = {call.operation for call in monitor.simulator.calls.counts()}
    assert asked >= {"GetAccount", "GetMetricData", "ListEmailIdentities", "ListRegions"}
    assert not [operation for operation in asked if not operation.startswith(("Get", "List"))]


def test_dear_reads_are_made_once_an_hour_however_often_the_audit_runs(monitor: DeployedMonitor) -> None:
    region = "ap-southeast-1"
    audit(monitor, times=3)
    assert monitor.simulator.calls.count("GetAccount", region=region) >= 3
    assert monitor.simulator.calls.count("ListEmailIdentities", region=region) == 1


def test_the_command_reads_the_deployed_table(monitor: DeployedMonitor) -> None:
    done = subprocess.run(
        [str(REPOSITORY / ".venv/bin/ses-monitor"), "status", "--stack-name", monitor.stack_name, "--json"],
        env=monitor.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    assert "SENDING_PAUSED" in {finding["tag"] for finding in document["findings"]}
    assert {each["region"]: each["verdict"] for each in document["verdicts"]}["ap-southeast-2"] == "BLOCKED"


def test_a_function_without_its_settings_fails_at_its_start_and_names_the_variable(monitor: DeployedMonitor) -> None:
    name = monitor.outputs["AuditAccountsFunctionName"]
    whole = monitor.lambdas.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    environment = {**os.environ, **whole, "TABLE_NAME": "", "AWS_REGION": "eu-west-1"}
    done = subprocess.run(
        [str(REPOSITORY / ".venv/bin/python"), "-c", "import functions.audit_accounts.app"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "TABLE_NAME is not set; it must be the name or ARN of a DynamoDB table" in done.stderr


def test_the_schedule_runs_the_audit_by_itself(monitor: DeployedMonitor) -> None:
    began = datetime.now(UTC)
    monitor.deploy(AuditEveryMinutes="1")
    known: list[Change] = monitor.changes()

    def ran() -> bool:
        [run] = monitor.queries.runs("audit_accounts", limit=1)
        return run.started_at > began + timedelta(seconds=1)

    wait_until(ran, lambda: "the schedule to fire", 130)
    assert monitor.changes()[: len(known)] == known, "an update of the stack keeps what is stored"
    monitor.deploy(AuditEveryMinutes="5")
