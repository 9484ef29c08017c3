"""What goes wrong between, as a real boto3 client sees it and as AWS does: a small server stands for it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError

from simulator.between import Between, BetweenError
from simulator.embedded_aws import function_runtime
from simulator.embedded_aws.function_runtime import CALLER_HEADER
from simulator.loopback import HttpRequest, LoopbackServer, Reply

FUNCTION = "stack-audit-accounts"
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
print(child.wait(), flush=True)
sys.stdin.read()
"""
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("put_item", {"TableName": "t", "Item": {"pk": {"S": "1"}}}),
    "sns": ("publish", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "Message": "m"}),
    "sqs": ("send_message", {"QueueUrl": "http://127.0.0.1/123456789012/q", "MessageBody": "m"}),
    "ssm": ("get_parameter", {"Name": "/n"}),
}
OPERATIONS = {"dynamodb": "PutItem", "sns": "Publish", "sqs": "SendMessage", "ssm": "GetParameter"}
PUBLISHED = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>'
    b"</PublishResult><ResponseMetadata><RequestId>2</RequestId></ResponseMetadata></PublishResponse>"
)


class Aws:
    """What stands for AWS: carries out everything, and remembers it."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.url = ""

    def answer(self, request: HttpRequest) -> Reply:
        self.requests.append(request)
        if "x-amz-target" in request.headers:
            return Reply(200, b"{}", {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Crc32": "2745614147"})
        return Reply(200, PUBLISHED, {"Content-Type": "text/xml"})


class Processes:
    """A process group as the embedded AWS has one: its leader, and a function's process."""

    def __init__(self) -> None:
        self._leader = subprocess.Popen(
            [sys.executable, "-c", PARENT], start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.group = self._leader.pid
        assert self._leader.stdout is not None
        self.function = int(self._leader.stdout.readline())

    def how_the_function_ended(self) -> int:
        assert self._leader.stdout is not None
        return int(self._leader.stdout.readline())

    def end(self) -> None:
        os.killpg(self.group, signal.SIGKILL)
        self._leader.communicate()


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws()
    server = LoopbackServer(aws.answer)
    aws.url = server.url
    yield aws
    server.close()


@pytest.fixture
def processes() -> Iterator[Processes]:
    processes = Processes()
    yield processes
    processes.end()


@pytest.fixture
def between(aws: Aws) -> Iterator[Between]:
    with Between(lambda: aws.url, lambda: 0, functions_begin="stack-") as between:
        yield between


def connect(between: Between, service: str, *, name: str = FUNCTION, pid: int = 1, attempts: int = 1) -> Any:
    """Connect as a function does."""
    client = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=between.url,
        region_name="eu-west-1",
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=1, proxies={}),
    )

    def say_who(request: Any, **_: object) -> None:
        request.headers[CALLER_HEADER] = f"{name} {pid}"

    client.meta.events.register("before-send", say_who)
    return client


def ask(client: Any) -> Any:
    operation, parameters = CALLS[client.meta.service_model.service_name]
    return getattr(client, operation)(**parameters)


@pytest.mark.parametrize("service", CALLS)
def test_what_is_not_told_to_go_wrong_reaches_aws_as_it_was_signed(between: Between, aws: Aws, service: str) -> None:
    answer = ask(connect(between, service))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    [request] = aws.requests
    assert request.headers["host"] == between.url.removeprefix("http://")
    assert f"/{service}/aws4_request" in request.headers["authorization"]
    assert CALLER_HEADER.lower() not in request.headers
    assert between.seen == {("audit-accounts", service, OPERATIONS[service]): 1}
    assert not between.met


@pytest.mark.parametrize(
    ("service", "kind", "code", "status"),
    [
        ("dynamodb", "throttle", "ProvisionedThroughputExceededException", 400),
        ("sns", "throttle", "Throttled", 429),
        ("sqs", "throttle", "RequestThrottled", 400),
        ("ssm", "throttle", "ThrottlingException", 400),
        ("dynamodb", "deny", "AccessDeniedException", 400),
        ("sns", "deny", "AuthorizationError", 403),
        ("sqs", "deny", "AccessDeniedException", 400),
        ("dynamodb", "expired", "ExpiredTokenException", 400),
        ("sns", "expired", "ExpiredTokenException", 403),
        ("dynamodb", "error", "ServiceUnavailable", 503),
        ("sns", "error", "ServiceUnavailable", 503),
    ],
)
def test_a_refusal_is_the_services_own_and_nothing_is_carried_out(
    between: Between, aws: Aws, service: str, kind: Any, code: str, status: int
) -> None:
    between.fault(service, kind=kind)
    with pytest.raises(ClientError) as refused:
        ask(connect(between, service))
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert not aws.requests
    assert between.met == {("audit-accounts", service, OPERATIONS[service], kind): 1}


def test_a_throttle_may_be_of_another_sort(between: Between) -> None:
    between.fault("dynamodb", kind="throttle", code="ThrottlingException")
    with pytest.raises(ClientError, match="ThrottlingException"):
        ask(connect(between, "dynamodb"))


def test_a_throttled_transaction_is_cancelled_for_one_of_its_actions(between: Between) -> None:
    between.fault("dynamodb", "Transact*", kind="throttle")
    put = {"Put": {"TableName": "t", "Item": {"pk": {"S": "1"}}}}
    with pytest.raises(ClientError) as refused:
        connect(between, "dynamodb").transact_write_items(TransactItems=[put, put, put])
    error: Any = refused.value.response
    assert error["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in error["CancellationReasons"]] == ["ThrottlingError", "None", "None"]


def test_the_sdk_repeats_what_was_throttled_or_lost(between: Between, aws: Aws) -> None:
    between.fault("dynamodb", kind="throttle", times=1)
    between.fault("dynamodb", kind="lost", times=1)
    ask(connect(between, "dynamodb", attempts=3))
    assert len(aws.requests) == 2  # what was lost was carried out
    assert between.seen[("audit-accounts", "dynamodb", "PutItem")] == 3


@pytest.mark.parametrize(("kind", "carried_out"), [("reset", 0), ("lost", 1)])
def test_a_connection_ends_before_or_after_the_request_was_carried_out(
    between: Between, aws: Aws, kind: Any, carried_out: int
) -> None:
    between.fault("*", kind=kind)
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        ask(connect(between, "dynamodb"))
    assert len(aws.requests) == carried_out


def test_what_hangs_ends_when_the_client_gives_up(between: Between, aws: Aws) -> None:
    between.fault("dynamodb", kind="hang")
    with pytest.raises(ReadTimeoutError):
        ask(connect(between, "dynamodb"))
    assert not aws.requests


def test_what_is_slow_is_carried_out_and_answered_late(between: Between, aws: Aws) -> None:
    between.fault("dynamodb", kind="slow", delay_ms=200)
    began = time.monotonic()
    ask(connect(between, "dynamodb"))
    assert time.monotonic() - began >= 0.2
    assert len(aws.requests) == 1


def test_a_fault_lets_some_pass_and_concerns_some(between: Between) -> None:
    client = connect(between, "dynamodb")
    between.fault("dynamodb", "PutItem", kind="deny", after=2, times=1)

    def refused() -> bool:
        try:
            ask(client)
        except ClientError:
            return True
        return False

    assert [refused() for _ in range(5)] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("fault", "concerned"),
    [
        ({"service": "dynamodb"}, True),
        ({"service": "sns"}, False),
        ({"service": "*"}, True),
        ({"service": "dynamodb", "operation": "Put*"}, True),
        ({"service": "dynamodb", "operation": "Query"}, False),
        ({"service": "dynamodb", "function": "audit-accounts"}, True),
        ({"service": "dynamodb", "function": "audit-*"}, True),
        ({"service": "dynamodb", "function": "digest"}, False),
    ],
)
def test_a_fault_concerns_a_service_an_operation_and_a_function(
    between: Between, fault: dict[str, Any], concerned: bool
) -> None:
    between.fault(**fault, kind="deny")
    if concerned:
        with pytest.raises(ClientError, match="AccessDenied"):
            ask(connect(between, "dynamodb"))
    else:
        ask(connect(between, "dynamodb"))


def test_all_heals_at_once(between: Between) -> None:
    between.fault("*", kind="deny")
    between.fault("*", kind="slow", delay_ms=60_000)
    between.heal()
    ask(connect(between, "dynamodb"))


def test_a_kind_that_does_not_exist_is_named(between: Between) -> None:
    with pytest.raises(ValueError, match="'explode' is no kind of fault: throttle, "):
        between.fault("dynamodb", kind="explode")  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "carried_out"), [("kill_before", 0), ("kill_after", 1)])
def test_a_function_ends_before_or_after_its_request_was_carried_out(
    aws: Aws, processes: Processes, kind: Any, carried_out: int
) -> None:
    with Between(lambda: aws.url, lambda: processes.group) as between:
        between.fault("dynamodb", kind=kind)
        with pytest.raises((ConnectionClosedError, HTTPClientError)):
            ask(connect(between, "dynamodb", pid=processes.function))
        assert processes.how_the_function_ended() == -signal.SIGKILL
        assert len(aws.requests) == carried_out


@pytest.mark.parametrize("whose", ["another program's", "the emulator's", "nobody's"])
def test_no_other_process_is_ever_killed(aws: Aws, processes: Processes, whose: str) -> None:
    pid = {"another program's": os.getpid(), "the emulator's": processes.group, "nobody's": -1}[whose]
    between = Between(lambda: aws.url, lambda: processes.group).__enter__()
    between.fault("dynamodb", kind="kill_before")
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        ask(connect(between, "dynamodb", pid=pid))
    with pytest.raises(BetweenError, match="is no function's process"):
        between.__exit__(None, None, None)
    os.kill(processes.group, 0)


def test_a_functions_process_says_who_it_is_whatever_its_user_agent(
    between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.httpsession import URLLib3Session

    monkeypatch.setattr(URLLib3Session, "send", URLLib3Session.send)
    function_runtime.name_requests(FUNCTION)
    client = boto3.client(
        "dynamodb", endpoint_url=between.url, region_name="eu-west-1", config=Config(user_agent="boto3", proxies={})
    )
    ask(client)
    assert between.seen == {("audit-accounts", "dynamodb", "PutItem"): 1}


def test_what_is_no_request_of_an_sdk_is_passed_on_too(between: Between, aws: Aws) -> None:
    connection = http.client.HTTPConnection(between.url.removeprefix("http://"))
    connection.request("GET", "/_ministack/health")
    assert connection.getresponse().status == 200
    connection.close()
    assert [request.target for request in aws.requests] == ["/_ministack/health"]
    assert between.seen == {("", "", "GET /_ministack/health"): 1}
