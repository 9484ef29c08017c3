"""Whatever fails while dead letters are looked at or moved: it is said, nothing is lost, and the next run goes on."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from moto import mock_aws

from tests.cli import stack
from tests.cli.answering import Answering
from tests.cli.conftest import Run
from tests.cli.dead_letter_queue import Call, Fault, Queues, after, refusal
from tests.cli.test_redrive import NO_FEEDBACK, TASK, bounce, position

DENIED = refusal(
    "AccessDenied", "User: arn:aws:iam::1:user/u is not authorized to perform: sqs:thing on resource: q", 403
)
THROTTLED = refusal("RequestThrottled", "slow down", 403)
BROKEN = refusal("ServiceUnavailable", "down", 503)
WHOLE = 25


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    """A deployed stack with its queues, and a table that cannot be asked."""
    denied = json.dumps(
        {"__type": "AccessDeniedException", "message": "not authorized to perform: dynamodb:Query on t"}
    )
    with mock_aws(), Answering(lambda *_: (400, denied), "application/x-amz-json-1.0") as table:
        made = Queues(monkeypatch)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", table)
        with stack.CloudFormation({"ses-monitor": made.outputs()}) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
            yield made


@pytest.fixture
def redrive(run: Run) -> Callable[..., Any]:
    return lambda *arguments, **options: run("redrive", *arguments, **options)


@pytest.fixture
def full(queues: Queues) -> Queues:
    for number in range(WHOLE):
        queues.put("feedback-dead", bounce(3, f"person{number}@example.org"))
    return queues


def partly(*failing: int, code: str = "InternalError") -> Fault:
    """Fail some entries of a batch; the others are done."""

    def fail(asked: Mapping[str, Any], call: Call) -> Any:
        entries = asked["Entries"]
        asked["Entries"][:] = [each for index, each in enumerate(entries) if index not in failing]
        answer = call() if asked["Entries"] else {}
        failed = [{"Id": str(index), "Code": code, "Message": "no", "SenderFault": False} for index in failing]
        return {**answer, "Failed": failed}

    return fail


def lost(_: Mapping[str, Any], call: Call) -> Any:
    """Do it; its answer never arrives."""
    call()
    return BROKEN(_, call)


@pytest.mark.parametrize("operation", ["GetQueueAttributes", "ReceiveMessage"])
@pytest.mark.parametrize(
    ("fault", "says"),
    [(DENIED, "may not look"), (THROTTLED, "throttled"), (BROKEN, "an error")],
    ids=["denied", "throttled", "broken"],
)
def test_what_could_not_be_looked_at_is_never_empty(
    redrive: Any, full: Queues, operation: str, fault: Fault, says: str
) -> None:
    full.faults[operation] = fault
    for more in ((), ("--apply",)):
        result = redrive("--json", "--queue", "feedback", *more)
        told = json.loads(result.stdout)
        assert result.exit_code == 3
        assert [each["queue"] for each in told["unknown"]] == ["feedback"]
        assert says in told["unknown"][0]["reason"]
        assert told["queues"][0]["messages"] == (None if operation == "GetQueueAttributes" else WHOLE)
        shown = redrive("--queue", "feedback", *more).stdout
        assert "No dead letters" not in shown
        assert says in " ".join(shown.split())
    full.faults.clear()
    assert len(full.bodies("feedback-dead")) == WHOLE


def test_one_queue_that_cannot_be_looked_at_hides_no_other(redrive: Any, queues: Queues) -> None:
    queues.put("identities-dead", TASK)
    url = queues.urls["feedback-dead"]
    queues.faults["GetQueueAttributes"] = lambda asked, call: (
        DENIED(asked, call) if asked["QueueUrl"] == url else call()
    )
    result = redrive("--json")
    assert result.exit_code == 3
    assert [each["messages"] for each in json.loads(result.stdout)["queues"]] == [None, 1, 0, 0]


@pytest.mark.parametrize(
    ("operation", "fault", "gone", "arrived"),
    [
        ("SendMessageBatch", DENIED, 0, 0),
        ("SendMessageBatch", after(1, THROTTLED), 10, 10),
        ("SendMessageBatch", after(1, lost), 10, 20),
        ("SendMessageBatch", after(1, partly(0, 7)), 18, 18),
        ("SendMessageBatch", partly(*range(10)), 0, 0),
        ("DeleteMessageBatch", DENIED, 0, 10),
        ("DeleteMessageBatch", after(1, lost), 20, 20),
        ("DeleteMessageBatch", after(1, partly(3)), 19, 20),
        ("ReceiveMessage", after(2, THROTTLED), 20, 20),
    ],
    ids=[
        *("send denied", "send throttled", "send lost", "send half", "send none"),
        *("delete denied", "delete lost", "delete half", "receive throttled"),
    ],
)
def test_what_stops_a_move_loses_nothing_and_the_next_run_goes_on(
    redrive: Any, full: Queues, operation: str, fault: Fault, gone: int, arrived: int
) -> None:
    all_of_them = set(full.bodies("feedback-dead"))
    full.faults[operation] = fault
    result = redrive("--apply", "--queue", "feedback", "--json")
    (queue,) = json.loads(result.stdout)["queues"]
    assert result.exit_code == 3
    assert json.loads(result.stdout)["unknown"]
    left, there = full.bodies("feedback-dead"), full.bodies("feedback")
    assert (WHOLE - len(left), len(there)) == (gone, arrived)
    assert queue["moved"] <= gone
    assert set(left) | set(there) == all_of_them
    full.faults.clear()
    assert redrive("--apply").exit_code == 0
    assert full.bodies("feedback-dead") == []
    assert set(full.bodies("feedback")) == all_of_them


def test_a_delete_that_failed_says_that_moving_once_more_is_harmless(redrive: Any, full: Queues) -> None:
    full.faults["DeleteMessageBatch"] = DENIED
    shown = " ".join(redrive("--apply").stdout.split())
    assert "reached the other queue" in shown
    assert "harmless" in shown


@pytest.mark.parametrize("arguments", [("--json",), ("--apply",)])
def test_what_was_looked_at_is_put_back_on_ctrl_c(redrive: Any, full: Queues, arguments: tuple[str, ...]) -> None:
    def interrupt(_: Mapping[str, Any], __: Call) -> Any:
        raise KeyboardInterrupt

    full.put("feedback-dead", NO_FEEDBACK)
    full.faults["ReceiveMessage"] = after(2, interrupt)
    result = redrive(*arguments)
    assert result.exit_code == 130
    full.faults.clear()
    left, there = full.bodies("feedback-dead"), full.bodies("feedback")
    assert len(left) + len(there) == WHOLE + 1
    assert len(there) == (0 if arguments == ("--json",) else 20)
    if there:
        assert "20 messages moved back; nothing is lost. Run it again" in result.stderr


def test_what_could_not_be_put_back_is_said(redrive: Any, full: Queues) -> None:
    full.faults["ChangeMessageVisibilityBatch"] = DENIED
    result = redrive("--queue", "feedback")
    assert result.exit_code == 1
    assert "25 messages could not be put back at once" in result.stderr


def test_hidden_messages_are_not_nothing(redrive: Any, full: Queues) -> None:
    full.faults["ChangeMessageVisibilityBatch"] = DENIED
    redrive("--queue", "feedback")
    result = redrive("--queue", "feedback")
    assert result.exit_code == 1
    assert "25 messages hidden" in result.stdout


def test_a_table_that_cannot_be_asked_leaves_what_was_not_told_open(redrive: Any, queues: Queues) -> None:
    queues.put("unpublished", position(2))
    result = redrive("--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["untold"]) == (3, None)
    assert "dynamodb:Query" in told["unknown"][0]["reason"]
    assert "could not be found out" in " ".join(redrive().stdout.split())
