"""`redrive` shows what lies among the dead letters and why, and with --apply moves back what makes sense."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor.alerts import document
from ses_monitor.alerts.publish import CHANNEL
from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.queries import Queries
from simulator import feedback
from tests.alerts import examples
from tests.build import HEALTHY, NOW, sandbox
from tests.cli import stack
from tests.cli.conftest import Run
from tests.cli.dead_letter_queue import FUNCTIONS, Queues
from tests.cli.test_docs import check
from tests.cli.test_recipient import mail

NO_FEEDBACK = "Dear ada@example.org, your parcel is on its way"
TASK = {"region": "eu-central-1", "run": "2026-05-12T09", "stage": "identities", "after": "shop.example.com"}


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch, nowhere: str) -> Iterator[Queues]:
    """A deployed stack with its table and queues; all else is nowhere."""
    del nowhere
    with mock_aws():
        made = Queues(monkeypatch)
        outputs = {"ses-monitor": made.outputs(), "old": {"TableName": stack.TABLE}}
        without = {key: value for key, value in made.outputs().items() if not key.startswith("Slack")}
        with stack.CloudFormation({**outputs, "silent": without}) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
            stack.make_table()
            yield made


@pytest.fixture
def redrive(run: Run) -> Callable[..., Any]:
    return lambda *arguments, **options: run("redrive", *arguments, **options)


def bounce(hours_ago: float = 3, *recipients: str) -> Any:
    each = mail(hours_ago, recipients=recipients or ("ada@example.org",))
    return feedback.bounce(each, each.recipients, each.sent_at + timedelta(minutes=1), feedback.NO_SUCH_USER)


def position(hours_ago: float, records: int = 2) -> dict[str, Any]:
    """As Lambda writes it: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html."""
    at = (NOW - timedelta(hours=hours_ago)).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "requestContext": {
            "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:ses-monitor-publish-alerts",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 1,
        },
        "version": "1.0",
        "timestamp": at,
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001573689847184-864758bb",
            "startSequenceNumber": "800000000003126276362",
            "endSequenceNumber": "800000000003126276362",
            "approximateArrivalOfFirstRecord": at,
            "approximateArrivalOfLastRecord": at,
            "batchSize": records,
            "streamArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-05-01T00:00:00.000",
        },
    }


def open_a_finding() -> None:
    """Have an audit 2 minutes ago see what one three hours ago did not."""
    for minutes_ago, world in ((182, HEALTHY), (2, sandbox())):
        at = NOW - timedelta(minutes=minutes_ago)
        stack.audit([replace(world, region="eu-central-1", taken_at=at)], at)


def fill(queues: Queues) -> None:
    for hours_ago in (30, 4, 3):
        queues.put("feedback-dead", bounce(hours_ago, "ada@example.org", "bob@example.net"), hours_ago=hours_ago)
    queues.put("feedback-dead", NO_FEEDBACK, hours_ago=1)
    queues.put("identities-dead", TASK)
    queues.put("slack-dead", document.encode(examples.alert_of(examples.dkim())), hours_ago=50)
    queues.put("unpublished", position(2 / 60), hours_ago=0.01)


def letters(result: Any, queue: str = "feedback") -> list[Any]:
    (found,) = [each for each in json.loads(result.stdout)["queues"] if each["queue"] == queue]
    return list(found["letters"])


def test_the_list_looks_like_this(redrive: Any, queues: Queues, golden: Callable[[str, str], None]) -> None:
    open_a_finding()
    fill(queues)
    result = redrive()
    assert (result.exit_code, result.stderr) == (1, "")
    assert "ada@" not in result.stdout
    golden("redrive.txt", result.stdout)


def test_what_was_moved_looks_like_this(redrive: Any, queues: Queues, golden: Callable[[str, str], None]) -> None:
    fill(queues)
    result = redrive("--apply")
    assert (result.exit_code, result.stderr) == (1, "")
    golden("redrive_applied.txt", result.stdout)


def test_the_examples_in_the_manual_are_real(run: Run, queues: Queues) -> None:
    queues.put("feedback-dead", bounce())
    queues.put("feedback-dead", NO_FEEDBACK, hours_ago=1)
    check(run, "redrive")


@pytest.mark.usefixtures("queues")
def test_nothing_there_is_nothing_wrong(redrive: Any) -> None:
    result = redrive()
    assert result.exit_code == 0
    assert "No dead letters." in result.stdout
    assert redrive("--apply").exit_code == 0


def test_looking_takes_nothing_away_and_hides_nothing(redrive: Any, queues: Queues) -> None:
    for number in range(23):
        queues.put("feedback-dead", f"no feedback {number}")
    first = redrive("--json")
    assert len(letters(first)) == 23
    assert len(queues.bodies("feedback-dead")) == 23
    assert redrive("--json").stdout == first.stdout
    assert not queues.asked("SendMessageBatch")
    assert not queues.asked("DeleteMessageBatch")


def test_of_many_a_sample_is_looked_at_and_the_rest_is_counted(redrive: Any, queues: Queues) -> None:
    for number in range(60):
        queues.put("feedback-dead", f"no feedback {number}")
    result = redrive("--queue", "feedback", "--json")
    (queue,) = json.loads(result.stdout)["queues"]
    assert (queue["messages"], len(queue["letters"])) == (60, 50)
    assert "50 of 60 were looked at" in redrive("--queue", "feedback").stdout
    assert len(queues.bodies("feedback-dead")) == 60


def test_what_is_moved_arrives_as_it_was_and_is_gone_here(redrive: Any, queues: Queues) -> None:
    body = json.dumps(bounce())
    own = {"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}}
    queues.put("feedback-dead", body, MessageAttributes=own, MessageGroupId="fair")
    result = redrive("--apply")
    assert (result.exit_code, "1 message moved back." in result.stdout) == (0, True)
    (arrived,) = queues.messages("feedback")
    assert arrived["Body"] == body
    assert arrived["MessageAttributes"] == own
    assert arrived["Attributes"]["MessageGroupId"] == "fair"
    assert queues.bodies("feedback-dead") == []


def test_each_queue_has_a_source_of_its_own(redrive: Any, queues: Queues) -> None:
    fill(queues)
    assert redrive("--apply").exit_code == 1
    assert [len(queues.bodies(name)) for name in ("feedback", "identities", "slack")] == [3, 1, 1]
    assert queues.bodies("feedback-dead") == [NO_FEEDBACK]
    assert len(queues.bodies("unpublished")) == 1


def test_one_queue_can_be_moved_alone(redrive: Any, queues: Queues) -> None:
    fill(queues)
    assert redrive("--apply", "--queue", "slack").exit_code == 0
    assert len(queues.bodies("slack")) == 1
    assert queues.bodies("feedback") == []


def test_what_would_come_straight_back_is_moved_when_asked_for(redrive: Any, queues: Queues) -> None:
    queues.put("feedback-dead", NO_FEEDBACK)
    assert redrive("--apply").exit_code == 1
    assert queues.bodies("feedback") == []
    assert redrive("--apply", "--all").exit_code == 0
    assert queues.bodies("feedback") == [NO_FEEDBACK]


def test_what_failed_again_meanwhile_is_not_moved_round_and_round(redrive: Any, queues: Queues) -> None:
    for number in range(25):
        queues.put("feedback-dead", f"no feedback {number}")

    def fail_at_once(_: Any, call: Any) -> Any:
        answer = call()
        queues.fails_again("feedback", "feedback-dead")
        return answer

    queues.faults["SendMessageBatch"] = fail_at_once
    redrive("--apply", "--all")
    assert sum(len(asked["Entries"]) for asked in queues.asked("SendMessageBatch")) == 25
    assert len(queues.bodies("feedback-dead")) == 25


def test_large_messages_are_sent_in_requests_that_sqs_takes(redrive: Any, queues: Queues) -> None:
    for number in range(6):
        queues.put("slack-dead", str(number) * 90_000)
    assert redrive("--apply").exit_code == 0
    assert [len(asked["Entries"]) for asked in queues.asked("SendMessageBatch")] == [2, 2, 2]


def test_changes_that_nobody_was_told_of_are_named(redrive: Any, queues: Queues) -> None:
    open_a_finding()
    queues.put("unpublished", position(2 / 60))
    untold = json.loads(redrive("--json").stdout)["untold"]
    assert [(each["tag"], each["region"], each["transition"]) for each in untold] == [
        ("SANDBOX", "eu-central-1", "opened")
    ]
    assert f"ses-monitor history {untold[0]['finding_id']}" in " ".join(redrive().stdout.split())
    queues.put("unpublished", position(100))
    assert len(json.loads(redrive("--json").stdout)["untold"]) == 1

    client = boto3.client("dynamodb", region_name=stack.HOME)
    (change,) = Queries(client, stack.TABLE, clock=lambda: NOW).history(untold[0]["finding_id"])
    told = Deliveries(client, stack.TABLE, history_days=30)
    told.delivered("alert", CHANNEL, {change.finding_id: change.version}, NOW)
    result = redrive("--json")
    assert (result.exit_code, json.loads(result.stdout)["untold"]) == (1, [])
    assert "no change of that time that nobody was told of" in redrive().stdout


def test_a_run_of_the_digest_that_failed_is_told(redrive: Any, queues: Queues) -> None:
    failed = {"requestPayload": {"do": "remind"}, "responsePayload": {"errorMessage": "SNS is down"}}
    queues.put("unpublished", failed, through_queue=False)
    (letter,) = letters(redrive("--json"), "unpublished")
    assert (letter["kind"], letter["comes_back"]) == ("digest_run", True)
    assert "SNS is down" in letter["why"]


def test_a_stack_without_slack_has_no_queue_of_it(redrive: Any, queues: Queues) -> None:
    del queues
    result = redrive("--stack-name", "silent", "--json")
    assert [each["queue"] for each in json.loads(result.stdout)["queues"]] == ["feedback", "identities", "unpublished"]
    refused = redrive("--stack-name", "silent", "--queue", "slack")
    assert refused.exit_code == 2
    assert "no such queue" in refused.stderr


def test_the_command_to_paste_names_the_same_stack(redrive: Any, queues: Queues) -> None:
    queues.put("feedback-dead", bounce())
    shown = redrive("--stack-name", "silent", "--stack-region", "eu-west-1").stdout
    assert "ses-monitor redrive --queue feedback --apply --stack-name silent --stack-region eu-west-1" in shown
    assert FUNCTIONS["IngestFeedbackFunctionName"] in shown


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--stack-name", "old"), 3, "no output FeedbackDeadLettersUrl"),
        (("--stack-name", "other"), 3, "no stack other in eu-west-1. Say where it is: --stack-name NAME"),
        (("--stack-region", "us-east-1"), 3, "no stack ses-monitor in us-east-1"),
        (("--stack-region", "moon"), 2, "is not a region"),
        (("--queue", "mail"), 2, "feedback"),
        (("--all",), 2, "give --apply too"),
        (("--apply", "--queue", "unpublished"), 2, "cannot be moved back"),
    ],
)
@pytest.mark.usefixtures("queues")
def test_what_cannot_be_is_said(redrive: Any, arguments: tuple[str, ...], status: int, says: str) -> None:
    result = redrive(*arguments)
    assert result.exit_code == status
    assert result.stdout == ""
    assert says in " ".join(result.stderr.replace("│", " ").split())
