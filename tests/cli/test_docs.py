"""Each example of docs/cli.md is what the command prints. `UPDATE_GOLDEN=1` writes the examples anew."""

import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from moto import mock_aws

from ses_monitor_cli.outcome import ExitStatus, Level
from simulator.server import Simulator
from tests.build import HEALTHY, NOW, sandbox
from tests.cli import stack
from tests.cli.conftest import Run

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
EXAMPLE = re.compile(r"```console\n\$ ses-monitor (?P<arguments>[^\n]+)\n```\n\n```json\n(?P<json>.*?)```", re.DOTALL)


def check(run: Run, verb: str) -> None:
    """Compare every example of a verb with what is printed."""
    page = PAGE.read_text(encoding="utf-8")
    examples = [each for each in EXAMPLE.finditer(page) if each["arguments"].split()[0] == verb]
    assert examples
    for example in examples:
        printed = run(*shlex.split(example["arguments"])).stdout
        if os.environ.get("UPDATE_GOLDEN"):
            page = page.replace(example[0], example[0].removesuffix(f"{example['json']}```") + printed + "```")
            PAGE.write_text(page, encoding="utf-8")
        else:
            assert json.loads(example["json"]) == json.loads(printed)


def test_the_examples_of_audit_are_real(run: Run, demo: Simulator) -> None:
    demo.fault("sa-east-1", kind="deny")
    check(run, "audit")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with stack.CloudFormation({"ses-monitor": {"TableName": stack.TABLE}}) as url, mock_aws():
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        stack.make_table()
        yield


@pytest.mark.usefixtures("deployed")
def test_the_examples_of_status_are_real(run: Run) -> None:
    regions = {"eu-central-1": sandbox(), "eu-west-1": HEALTHY, "sa-east-1": stack.UNREADABLE}
    for minutes_ago in (182, 2):
        at = NOW - timedelta(minutes=minutes_ago)
        stack.audit([replace(each, region=name, taken_at=at) for name, each in regions.items()], at)
    check(run, "status")


def test_the_page_names_every_exit_status_and_every_level() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for status in ExitStatus:
        assert f"| {status.value} |" in page
    for level in Level:
        assert f"`{level.value}`" in page
