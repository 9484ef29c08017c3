"""`enroll --log-group` shows what a log group needs, and with `--apply` puts one subscription filter, and nothing else."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ses_monitor.feedback.logs import FILTER_PATTERN
from tests.cli import stack
from tests.cli.answering import Answering
from tests.cli.conftest import Run

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:ses-monitor-ingest-logs"
GROUP = "/shop/checkout"
OURS = {"filterName": "ses-monitor", "destinationArn": FUNCTION, "filterPattern": FILTER_PATTERN}
THEIRS = {"filterName": "archive", "destinationArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/all"}
Fault = Callable[[], tuple[int, str]]


def refusal(code: str, message: str = "no", status: int = 400) -> Fault:
    return lambda: (status, json.dumps({"__type": code, "message": message}))


class Logs:
    """CloudWatch Logs: its log groups with their filters, and what goes wrong with it."""

    def __init__(self) -> None:
        self.groups: dict[str, list[dict[str, str]]] = {GROUP: []}
        self.faults: dict[str, Fault] = {}
        self.puts: list[dict[str, str]] = []
        self.answer_is_lost = False

    def __call__(self, body: str, headers: Mapping[str, str]) -> tuple[int, str]:
        assert "/eu-west-1/logs/" in headers["Authorization"], "only the stack's own region is asked"
        operation = headers["X-Amz-Target"].rpartition(".")[2]
        asked = json.loads(body)
        if operation in self.faults:
            return self.faults[operation]()
        if asked["logGroupName"] not in self.groups:
            return refusal("ResourceNotFoundException", "The specified log group does not exist.")()
        filters = self.groups[asked["logGroupName"]]
        if operation == "DescribeSubscriptionFilters":
            return 200, json.dumps({"subscriptionFilters": filters})
        assert operation == "PutSubscriptionFilter"
        self.puts.append(asked)
        filters.append({key: asked[key] for key in ("filterName", "destinationArn", "filterPattern")})
        return (500, "{}") if self.answer_is_lost else (200, "")


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch, nowhere: str) -> Iterator[Logs]:
    """A deployed stack beside CloudWatch Logs; SES, SNS and all others are nowhere."""
    service = Logs()
    outputs = {
        "ses-monitor": {"TableName": stack.TABLE, "IngestLogsFunctionArn": FUNCTION},
        "old": {"TableName": stack.TABLE},
    }
    for name, value in {
        "AWS_ENDPOINT_URL": nowhere,
        "AWS_DEFAULT_REGION": stack.HOME,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    with stack.CloudFormation(outputs) as stacks, Answering(service, "application/x-amz-json-1.1") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", stacks)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", url)
        yield service


@pytest.fixture
def enroll(run: Run) -> Callable[..., Any]:
    return lambda *arguments: run("enroll", "--log-group", GROUP, *arguments)


def step(result: Any) -> dict[str, str]:
    (found,) = json.loads(result.stdout)["log_groups"]
    answer: dict[str, str] = found
    return answer


def test_the_plan_looks_like_this(enroll: Any, logs: Logs, golden: Callable[[str, str], None]) -> None:
    result = enroll()
    assert result.exit_code == 1
    assert result.stderr == ""
    golden("enroll_log_group.txt", result.stdout)
    assert logs.puts == []


def test_applying_puts_the_filter_and_doing_it_again_does_nothing(enroll: Any, logs: Logs) -> None:
    logs.groups[GROUP] = [THEIRS]
    result = enroll("--apply")
    assert result.exit_code == 0
    assert "1 enrolled." in result.stdout
    assert logs.puts == [
        {
            "logGroupName": GROUP,
            "filterName": "ses-monitor",
            "filterPattern": FILTER_PATTERN,
            "destinationArn": FUNCTION,
        }
    ]
    again = enroll("--apply", "--json")
    assert (again.exit_code, step(again)["state"]) == (0, "done")
    assert "already" in step(again)["reason"]
    assert len(logs.puts) == 1


def test_several_log_groups_and_arns_are_taken_each_once(run: Run, logs: Logs) -> None:
    logs.groups["/shop/mail"] = []
    arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{GROUP}:*"
    result = run("enroll", "--log-group", arn, "--log-group", "/shop/mail", "--log-group", GROUP, "--apply", "--json")
    assert result.exit_code == 0
    assert [put["logGroupName"] for put in logs.puts] == [GROUP, "/shop/mail"]


@pytest.mark.parametrize(
    ("filters", "says", "command"),
    [
        ([THEIRS, THEIRS | {"filterName": "alarms"}], "2 subscription filters already (archive, alarms)", ""),
        ([THEIRS | {"filterName": "ses-monitor"}], "hands over to something else", "--filter-name ses-monitor-2 "),
        ([OURS | {"filterPattern": "?old"}], "another pattern", "--filter-name ses-monitor "),
    ],
    ids=["full", "taken name", "older pattern"],
)
def test_what_is_set_stays(enroll: Any, logs: Logs, filters: list[dict[str, str]], says: str, command: str) -> None:
    logs.groups[GROUP] = list(filters)
    result = enroll("--apply", "--json")
    assert (result.exit_code, step(result)["state"]) == (1, "kept")
    assert says in step(result)["reason"]
    assert command in step(result)["command"]
    assert logs.puts == []
    assert "left as it is" in enroll().stdout


def test_a_filter_that_hands_everything_over_is_enough(enroll: Any, logs: Logs) -> None:
    logs.groups[GROUP] = [OURS | {"filterName": "all", "filterPattern": ""}]
    assert enroll().exit_code == 0


def test_a_log_group_that_is_not_there_is_said_with_the_region(enroll: Any, logs: Logs) -> None:
    logs.groups.clear()
    result = enroll("--apply", "--json")
    assert result.exit_code == 3
    assert "no log group of this name in eu-west-1" in step(result)["reason"]
    assert "other regions cannot be enrolled" in step(result)["reason"]


@pytest.mark.parametrize(
    ("operation", "fault", "says"),
    [
        ("DescribeSubscriptionFilters", refusal("AccessDeniedException"), "Allow logs:DescribeSubscriptionFilters"),
        ("DescribeSubscriptionFilters", lambda: (200, "{}"), "Could not look"),
        ("PutSubscriptionFilter", refusal("AccessDeniedException"), "Allow logs:PutSubscriptionFilter"),
        ("PutSubscriptionFilter", refusal("LimitExceededException", "Resource limit exceeded."), "limit exceeded"),
        ("PutSubscriptionFilter", refusal("InvalidParameterException", "Could not execute the lambda function."), "refused it"),
    ],
)  # fmt: skip
def test_what_fails_is_told_with_its_reason(enroll: Any, logs: Logs, operation: str, fault: Fault, says: str) -> None:
    logs.faults[operation] = fault
    result = enroll("--apply", "--json")
    assert (result.exit_code, step(result)["state"]) == (3, "failed")
    assert says in step(result)["reason"]
    assert logs.puts == []


def test_a_put_whose_answer_was_lost_is_looked_up(enroll: Any, logs: Logs) -> None:
    logs.answer_is_lost = True
    result = enroll("--apply", "--json")
    assert (result.exit_code, step(result)["state"]) == (0, "done")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--stack-name", "old"), 3, "no output IngestLogsFunctionArn"),
        (("--stack-name", "other"), 3, "no stack other"),
        (("--region", "us-east-1"), 2, "own region only"),
        (("--log-group", "arn:aws:logs:us-east-1:123456789012:log-group:/x"), 2, "us-east-1"),
        (("--log-group", "/shop/$(reboot)"), 2, "no name of a log group"),
    ],
)
@pytest.mark.usefixtures("logs")
def test_what_cannot_be_is_said(enroll: Any, arguments: tuple[str, ...], status: int, says: str) -> None:
    result = enroll(*arguments)
    assert result.exit_code == status
    assert result.stdout == ""
    assert says in " ".join(result.stderr.replace("│", " ").split())
