import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from simulator.aws_api.throttle import TokenBuckets
from simulator.server import Simulator
from simulator.strict_yaml import WorldError

Connect = Callable[..., Any]
Run = Callable[..., Simulator]

SCP = "with an explicit deny in a service control policy"
ERRORS = [
    ("sesv2", {"kind": "throttle"}, 429, "TooManyRequestsException", "Rate exceeded"),
    ("ses", {"kind": "throttle"}, 400, "Throttling", "Rate exceeded"),
    ("cloudwatch", {"kind": "throttle"}, 400, "Throttling", "Rate exceeded"),
    ("sesv2", {"kind": "deny"}, 403, "AccessDeniedException", f"perform: ses:GetAccount on resource: * {SCP}"),
    ("ses", {"kind": "deny"}, 403, "AccessDenied", f"perform: ses:GetSendQuota on resource: * {SCP}"),
    ("cloudwatch", {"kind": "deny"}, 403, "AccessDenied", "perform: cloudwatch:GetMetricData"),
    ("sesv2", {"kind": "expired"}, 403, "ExpiredTokenException", "expired"),
    ("ses", {"kind": "expired"}, 403, "ExpiredToken", "expired"),
    ("sesv2", {"kind": "unrecognized_client"}, 403, "UnrecognizedClientException", "security token"),
    ("ses", {"kind": "unrecognized_client"}, 403, "InvalidClientTokenId", "security token"),
    ("sesv2", {"kind": "error"}, 500, "InternalFailure", "internal"),
    ("sesv2", {"kind": "error", "status": 503}, 503, "ServiceUnavailableException", "unavailable"),
    ("ses", {"kind": "error", "status": 503}, 503, "ServiceUnavailable", "unavailable"),
    ("sesv2", {"kind": "deny", "message": "<no>"}, 403, "AccessDeniedException", "<no>"),
    ("ses", {"kind": "deny", "message": "<no> & no"}, 403, "AccessDenied", "<no> & no"),
]


def ask(client: Any, service: str) -> Any:
    match service:
        case "sesv2":
            return client.get_account()
        case "ses":
            return client.get_send_quota()
        case "account":
            return client.list_regions()
        case _:
            return client.get_metric_data(StartTime=0, EndTime=60, MetricDataQueries=[])


@pytest.mark.parametrize(("service", "fault", "status", "code", "words"), ERRORS)
def test_a_fault_answers_as_aws_does(
    simulator: Simulator, connect: Connect, service: str, fault: dict[str, Any], status: int, code: str, words: str
) -> None:
    simulator.fault("eu-west-1", **fault)
    with pytest.raises(ClientError) as refused:
        ask(connect(simulator, service), service)
    response = refused.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (status, code)
    assert words in response["Error"]["Message"]


def test_the_caller_is_named_in_a_denial(run: Run, connect: Connect) -> None:
    simulator = run({"caller_arn": "arn:aws:iam::1:user/ann", "regions": {"eu-west-1": {"faults": [{"kind": "deny"}]}}})
    with pytest.raises(ClientError, match="User: arn:aws:iam::1:user/ann is not authorized"):
        connect(simulator, "sesv2").get_account()


def test_a_disabled_opt_in_region_does_not_know_the_caller(simulator: Simulator, connect: Connect) -> None:
    with pytest.raises(ClientError) as refused:
        connect(simulator, "sesv2", "il-central-1").get_account()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"
    simulator.change("il-central-1", opt_status="ENABLED")
    assert connect(simulator, "sesv2", "il-central-1").get_account()["SendingEnabled"]


def test_a_hang_ends_only_with_the_callers_patience(simulator: Simulator, connect: Connect) -> None:
    simulator.fault("eu-west-1", kind="hang")
    with pytest.raises(ReadTimeoutError):
        connect(simulator, "sesv2", read_timeout=0.2).get_account()


@pytest.mark.parametrize("delay_ms", [0, 20])
def test_a_reset_closes_the_connection(simulator: Simulator, connect: Connect, delay_ms: int) -> None:
    simulator.fault("eu-west-1", kind="reset", delay_ms=delay_ms)
    with pytest.raises(ConnectionClosedError):
        connect(simulator, "sesv2").get_account()


def test_of_garbage_the_sdk_makes_an_error_in_v1_and_an_answer_without_facts_in_v2(
    simulator: Simulator, connect: Connect
) -> None:
    simulator.fault("eu-west-1", kind="garbage")
    with pytest.raises(ResponseParserError):
        connect(simulator, "ses").get_send_quota()
    assert set(connect(simulator, "sesv2").get_account()) == {"ResponseMetadata"}


def test_a_fault_heals_after_its_times(simulator: Simulator, connect: Connect) -> None:
    simulator.fault("eu-west-1", "GetAccount", kind="throttle", times=2)
    client = connect(simulator, "sesv2")
    for _ in range(2):
        with pytest.raises(ClientError):
            client.get_account()
    assert client.get_account()["SendingEnabled"]
    assert simulator.world.faults("eu-west-1") == ()


def test_the_sdks_own_retries_see_a_fault_heal(simulator: Simulator, connect: Connect) -> None:
    simulator.fault("eu-west-1", "GetAccount", kind="error", status=503, times=1)
    client = connect(simulator, "sesv2", retries={"total_max_attempts": 2, "mode": "standard"})
    assert client.get_account()["ResponseMetadata"]["RetryAttempts"] == 1
    assert simulator.calls.count("GetAccount") == 2


def test_a_fault_concerns_its_operation_and_region_only(run: Run, connect: Connect) -> None:
    simulator = run({"regions": {"eu-west-1": {}, "us-east-1": {}}})
    simulator.fault("eu-west-1", "GetAccount", kind="deny")
    assert connect(simulator, "sesv2").list_email_identities()["EmailIdentities"]
    assert connect(simulator, "sesv2", "us-east-1").get_account()


def test_a_fault_of_everything_leaves_the_global_account_service_alone(run: Run, connect: Connect) -> None:
    simulator = run({"regions": {"us-east-1": {"faults": [{"kind": "deny"}]}}})
    assert connect(simulator, "account", "us-east-1").list_regions()["Regions"]
    simulator.fault("us-east-1", "ListRegions", kind="deny")
    with pytest.raises(ClientError, match="account:ListRegions"):
        connect(simulator, "account", "us-east-1").list_regions()


def test_faults_can_be_healed_by_operation_by_region_and_everywhere(simulator: Simulator, connect: Connect) -> None:
    simulator.fault("*", "GetAccount", kind="deny")
    simulator.fault("*", "GetSendQuota", kind="deny")
    simulator.heal("eu-west-1", "GetAccount")
    assert connect(simulator, "sesv2").get_account()
    with pytest.raises(ClientError):
        connect(simulator, "ses").get_send_quota()
    with pytest.raises(ClientError):
        connect(simulator, "sesv2", "us-east-1").get_account()
    simulator.heal()
    assert connect(simulator, "sesv2", "us-east-1").get_account()


def test_a_change_of_faults_starts_them_afresh_and_other_changes_do_not(simulator: Simulator) -> None:
    simulator.fault("eu-west-1", kind="deny", times=5)
    simulator.change("eu-west-1", account={"enforcement": "PROBATION"})
    assert [fault.times for fault in simulator.world.faults("eu-west-1")] == [5]
    simulator.change("eu-west-1", faults=[])
    assert simulator.world.faults("eu-west-1") == ()


def test_a_wrong_fault_is_refused(simulator: Simulator) -> None:
    with pytest.raises(WorldError, match=r"fault\.knd: unknown key"):
        simulator.fault("eu-west-1", knd="deny")


def test_ses_own_throttle_gives_one_request_a_second_for_each_operation_and_region(
    run: Run, connect: Connect, clock: Any
) -> None:
    simulator = run({"throttle_like_ses": True, "regions": {"eu-west-1": {}, "us-east-1": {}}})
    client = connect(simulator, "sesv2")
    client.get_account()
    with pytest.raises(ClientError) as refused:
        client.get_account()
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    client.list_email_identities()
    connect(simulator, "sesv2", "us-east-1").get_account()
    connect(simulator, "account").list_regions()
    connect(simulator, "account").list_regions()
    clock.seconds += 1
    assert client.get_account()


def test_a_token_bucket_fills_up_to_its_burst_and_tells_the_wait() -> None:
    seconds = [0.0]
    buckets = TokenBuckets(lambda: seconds[0], per_second=2, burst=2)
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]
    assert buckets.wait_needed("a") == 0.5
    assert buckets.take("b")
    seconds[0] = 100
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]


def test_a_delay_only_makes_the_answer_late(simulator: Simulator, connect: Connect) -> None:
    simulator.fault("eu-west-1", "GetAccount", delay_ms=120)
    simulator.fault("eu-west-1", "GetAccount", kind="deny", delay_ms=30, times=1)
    client = connect(simulator, "sesv2")
    began = time.monotonic()
    with pytest.raises(ClientError):
        client.get_account()
    assert time.monotonic() - began >= 0.15
    began = time.monotonic()
    assert client.get_account()
    assert time.monotonic() - began >= 0.12
