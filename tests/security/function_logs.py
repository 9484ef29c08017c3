"""What the deployed functions wrote to their log groups, as CloudWatch Logs of the embedded AWS has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3

from simulator.embedded_aws import EmbeddedAws
from simulator.embedded_aws.process import ROOT_KEY
from tests.security.log_watch import leaks

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


def function_logs(aws: EmbeddedAws) -> Iterator[tuple[str, str]]:
    """Yield each line with the log group it is in."""
    client: CloudWatchLogsClient = boto3.client(
        "logs",
        endpoint_url=aws.endpoint_url,
        region_name=aws.region,
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
    )
    for groups in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/"):
        for group in groups["logGroups"]:
            asked: dict[str, Any] = {"logGroupName": group["logGroupName"]}
            for page in client.get_paginator("filter_log_events").paginate(**asked):
                for event in page["events"]:
                    yield group["logGroupName"], event["message"]


def check_function_logs(aws: EmbeddedAws, *secrets: str) -> int:
    """Look through all the functions have logged since they were deployed, and return how many lines that were.

    Raises:
        AssertionError: a recipient or a secret is in one, or nothing was logged at all.
    """
    found, count = [], 0
    for group, line in function_logs(aws):
        count += 1
        told = [*leaks(line), *(["a secret of this run"] if any(secret in line for secret in secrets) else [])]
        found += [f"{leak} in {group}: {line[:500]}" for leak in told]
    if not count:
        raise AssertionError("the deployed functions logged nothing: nobody looked")
    if found:
        raise AssertionError("what the deployed functions logged has\n  " + "\n  ".join(dict.fromkeys(found)))
    return count
