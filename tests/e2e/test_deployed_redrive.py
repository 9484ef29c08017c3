"""Dead letters of the deployed stack: shown with their reason, moved back by the command, and counted once all the same."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_monitor.core.traffic import CountedBy
from simulator import feedback
from simulator.demo.stack import DeployedMonitor, wait_until
from simulator.embedded_aws.process import ACCOUNT_ID, REPOSITORY

pytestmark = pytest.mark.e2e

HOME = "eu-west-1"
SENDER = "redrive.example.com"
NO_FEEDBACK = "redrive: this is no feedback of SES"


def now() -> datetime:
    return datetime.now(UTC)


def bounce(number: int) -> Any:
    sent_at = now() - timedelta(minutes=5)
    mail = feedback.Mail(
        message_id=feedback.make_id(HOME, sent_at, SENDER, number),
        region=HOME,
        identity=SENDER,
        source=f"orders@{SENDER}",
        recipients=(f"nobody{number}@example.org",),
        sent_at=sent_at,
        configuration_set="transactional",
        account=ACCOUNT_ID,
    )
    return feedback.bounce(mail, mail.recipients, now(), feedback.NO_SUCH_USER)


def redrive(monitor: DeployedMonitor, *arguments: str) -> tuple[int, Any]:
    options = ("--queue", "feedback", "--stack-name", monitor.stack_name, "--stack-region", HOME, "--json")
    done = subprocess.run(
        [str(REPOSITORY / ".venv/bin/ses-monitor"), "redrive", *arguments, *options],
        env={**monitor.environment(), "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert "nobody" not in done.stdout, "a recipient's address"
    [queue] = json.loads(done.stdout)["queues"]
    return done.returncode, queue


def ours(queue: Any) -> list[tuple[str, bool]]:
    """Other tests have dead letters too."""
    return sorted((each["kind"], each["comes_back"]) for each in queue["letters"] if "redrive" in each["what"])


def counted(monitor: DeployedMonitor) -> int:
    since, until = now() - timedelta(hours=2), now() + timedelta(hours=1)
    hours = monitor.feedback.counters(HOME, CountedBy.IDENTITY, SENDER, since, until)
    return sum(count for _, counts in hours for tally, count in counts.items() if tally.value == "hard_bounces")


@pytest.fixture
def troubled(monitor: DeployedMonitor) -> Any:
    """What is no feedback, put aside by the queue; and three bounces beside it, one of which was counted already."""
    bounces = [bounce(number) for number in range(3)]
    monitor.publish_feedback(HOME, [bounces[0], NO_FEEDBACK])
    wait_until(lambda: ours(redrive(monitor)[1]) == [("unreadable", True)], lambda: "a dead letter", 30)
    wait_until(lambda: counted(monitor) == 1, lambda: "the bounce to be counted", 30)
    dead = monitor.outputs["FeedbackDeadLettersUrl"]
    for each in bounces:
        monitor.sqs.send_message(QueueUrl=dead, MessageBody=json.dumps(each))
    yield monitor
    found = monitor.sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=1).get("Messages", [])
    for message in found:
        if NO_FEEDBACK in message["Body"]:
            monitor.sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])


def test_what_can_be_read_is_moved_back_and_counted_once_and_the_rest_stays(troubled: DeployedMonitor) -> None:
    status, before = redrive(troubled)
    assert (status, before["moved"]) == (1, 0)
    assert ours(before) == [("event", False)] * 3 + [("unreadable", True)]

    status, after = redrive(troubled, "--apply")
    assert (status, after["moved"]) == (1, 3)
    assert ours(after) == [("unreadable", True)]
    troubled.wait_until_ingested()
    assert counted(troubled) == 3

    status, left = redrive(troubled)
    assert (status, ours(left)) == (1, [("unreadable", True)])
    status, again = redrive(troubled, "--apply", "--all")
    assert again["moved"] >= 1
    wait_until(lambda: ours(redrive(troubled)[1]) == [("unreadable", True)], lambda: "it to come straight back", 30)
