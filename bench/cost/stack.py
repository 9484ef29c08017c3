"""What template.yaml says that costs something, with its parameters as they come, and with Slack."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import Any

import yaml

from simulator.embedded_aws.process import REPOSITORY

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/regions"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"
SET_BY_LAMBDA = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}
POLLERS = 5
AT_BEST = 2
"""Lambda begins with five pollers of a queue and may come down to two, but not where there is `MaximumConcurrency`:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html."""
IMPORTS = 3


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as the name that they are of, or as nothing."""


def _short(_: yaml.SafeLoader, __: str, node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


_Loader.add_multi_constructor("!", _short)


@cache
def template() -> dict[str, Any]:
    """Return the template."""
    read: dict[str, Any] = yaml.load((REPOSITORY / "template.yaml").read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a subclass of SafeLoader
    return read


def _of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in template()["Resources"].items() if each["Type"] == kind}


def memory(function: str) -> int:
    """Return a function's megabytes."""
    return int(_of_type("AWS::Serverless::Function")[function]["MemorySize"])


def timeout(function: str) -> int:
    """Return the seconds that a function may run."""
    return int(_of_type("AWS::Serverless::Function")[function]["Timeout"])


def folder(function: str) -> str:
    """Return the name of a function's folder."""
    return str(_of_type("AWS::Serverless::Function")[function]["CodeUri"]).strip("/").rpartition("/")[2]


def entry(function: str) -> str:
    """Return the name of a function's handler in its module."""
    everywhere = template()["Globals"]["Function"]["Handler"]
    return str(_of_type("AWS::Serverless::Function")[function].get("Handler", everywhere)).rpartition(".")[2]


def alarms() -> int:
    """Return how many alarms there are; each is on one metric."""
    return len(_of_type("AWS::CloudWatch::Alarm"))


def dashboards() -> int:
    """Return how many dashboards there are."""
    return len(_of_type("AWS::CloudWatch::Dashboard"))


def _polled() -> list[dict[str, Any]]:
    functions = _of_type("AWS::Serverless::Function").values()
    events = [event for each in functions for event in each.get("Events", {}).values()]
    return [event["Properties"] for event in events if event["Type"] == "SQS"]


def pollers(*, at_best: bool = True) -> int:
    """Return how many long polls of idle queues Lambda has under way all the time.

    `at_best` as few as it says that it may come down to, five otherwise.
    """
    return sum(AT_BEST if at_best and "ScalingConfig" not in each else POLLERS for each in _polled())


def _feedback() -> dict[str, Any]:
    [found] = [each for each in _polled() if "Feedback" in each["Queue"]]
    return found


def window() -> float:
    """Return the seconds in which a batch of feedback comes together."""
    return float(_feedback()["MaximumBatchingWindowInSeconds"])


def batch_size() -> int:
    """Return the most messages of a batch of feedback."""
    return int(_feedback()["BatchSize"])


def audit_seconds() -> int:
    """Return the seconds between two audits of the accounts."""
    chosen = template()["Parameters"]["AuditEveryMinutes"]["Default"]
    return int(template()["Mappings"]["AuditSchedule"][chosen]["Seconds"])


def environment() -> dict[str, str]:
    """Return the variables of all functions together: the parameters' defaults, and names of what there is not."""
    defaults = {name: str(each.get("Default", "")) for name, each in template()["Parameters"].items()}
    given = {"Table": "ses-monitor", "AlertTopic": TOPIC, "SlackWebhookParameter": "/ses-monitor/slack-webhook"}
    queue = dict.fromkeys(_of_type("AWS::SQS::Queue"), QUEUE)
    names = defaults | queue | given
    made = dict(SET_BY_LAMBDA)
    made |= template()["Globals"]["Function"]["Environment"]["Variables"]
    for each in _of_type("AWS::Serverless::Function").values():
        made |= {key: names.get(value, value) for key, value in each["Environment"]["Variables"].items()}
    return made


@cache
def import_s(function: str) -> float:
    """Return the seconds of one core that a cold start of a function takes, the least of a few."""
    spent = []
    for _ in range(IMPORTS):
        before = os.times()
        command = [sys.executable, "-c", f"import functions.{folder(function)}.app"]
        subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **environment()}, check=True, capture_output=True)
        after = os.times()
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(spent)
