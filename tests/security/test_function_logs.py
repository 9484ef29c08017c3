"""What the end-to-end tests ask the deployed functions' log groups when they are done."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.security.function_logs import check_function_logs

GROUP = "/aws/lambda/ses-monitor-ingest-feedback"


@pytest.fixture
def aws() -> Iterator[Any]:
    """CloudWatch Logs with one function's group."""
    with mock_aws():
        client = boto3.client("logs", region_name="eu-west-1")
        client.create_log_group(logGroupName=GROUP)
        client.create_log_stream(logGroupName=GROUP, logStreamName="s")
        yield SimpleNamespace(endpoint_url=None, region="eu-west-1")


def log(*lines: str) -> None:
    events: Any = [{"timestamp": 1_795_000_000_000 + n, "message": line} for n, line in enumerate(lines)]
    client = boto3.client("logs", region_name="eu-west-1")
    client.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)


def test_figures_pass_and_are_counted(aws: Any) -> None:
    log('{"message":"Ingested","counted":3}', "END RequestId: 1")
    assert check_function_logs(aws, "http://127.0.0.1/hook") == 2


def test_a_recipient_fails_and_the_group_is_named(aws: Any) -> None:
    log('{"message":"Ingested"}', "ValueError: who is grace@example.org?")
    with pytest.raises(AssertionError, match=rf"grace@example\.org in {GROUP}"):
        check_function_logs(aws)


def test_a_secret_of_the_run_fails(aws: Any) -> None:
    log("POST http://127.0.0.1/hook")
    with pytest.raises(AssertionError, match="a secret of this run"):
        check_function_logs(aws, "http://127.0.0.1/hook")


def test_no_line_at_all_is_no_proof(aws: Any) -> None:
    with pytest.raises(AssertionError, match="nobody looked"):
        check_function_logs(aws)
