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
from typer.main import get_command

from ses_monitor.core.observed import Known
from ses_monitor_cli.main import app
from ses_monitor_cli.outcome import ExitStatus, Level
from simulator import feedback as simulated
from simulator.server import Simulator
from tests.build import HEALTHY, HEALTHY_ADDRESS, NOW, SENDER, feedback, sandbox
from tests.cli import stack
from tests.cli.conftest import Run

FEEDBACK_BY_MAIL = feedback(bounce_topic="", complaint_topic="", forwarding=True)
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


@pytest.mark.usefixtures("demo")
def test_the_examples_of_dns_are_real(run: Run) -> None:
    check(run, "dns")


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


@pytest.mark.usefixtures("deployed")
def test_the_examples_of_findings_history_and_mutes_are_real(run: Run) -> None:
    for minutes_ago, world in ((362, HEALTHY), (182, sandbox()), (2, sandbox())):
        at = NOW - timedelta(minutes=minutes_ago)
        stack.audit([replace(world, region="eu-central-1", taken_at=at)], at)
    check(run, "mute")
    check(run, "findings")
    check(run, "history")
    check(run, "unmute")


@pytest.mark.usefixtures("deployed")
def test_the_examples_of_identity_and_region_are_real(run: Run) -> None:
    for minutes_ago, world in ((182, HEALTHY), (2, sandbox())):
        at = NOW - timedelta(minutes=minutes_ago)
        stack.audit([replace(world, region="eu-central-1", taken_at=at)], at)
        address = replace(HEALTHY_ADDRESS, feedback=FEEDBACK_BY_MAIL)
        stack.audit_identities(replace(SENDER, region="eu-central-1", identities=Known((address,))), at, {})
    # Not at the top: that module uses this one.
    from tests.cli.test_recipient import mail, store

    facts = {"region": "eu-central-1", "identity": HEALTHY_ADDRESS.name}
    late, refused = mail(5, **facts), mail(3, **facts)
    store(
        simulated.send(late),
        simulated.send(refused),
        simulated.delay(late, "ada@example.org", NOW - timedelta(hours=4), "General"),
        simulated.delivery(late, "ada@example.org", NOW - timedelta(hours=3, minutes=30)),
        simulated.bounce(refused, "ada@example.org", NOW - timedelta(hours=2), simulated.NO_SUCH_USER),
    )
    check(run, "identity")
    check(run, "region")


def test_the_page_names_every_verb_and_each_of_its_options() -> None:
    page = PAGE.read_text(encoding="utf-8")
    verbs = get_command(app).commands  # type: ignore[attr-defined] # a group: typer does not say so
    for name, command in verbs.items():
        _, _, section = page.partition(f"\n## {name}\n")
        assert section, f"there is no section on {name}"
        text = section.partition("\n## ")[0]
        shared = page.partition("\n## status\n")[2].partition("\n## ")[0] if "options of `status`" in text else ""
        for option in (each for each in command.params if each.param_type_name == "option" and each.name != "help"):
            assert f"`{option.opts[0]}" in text + shared, f"{name} {option.opts[0]} is not explained"


def test_the_page_names_every_exit_status_and_every_level() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for status in ExitStatus:
        assert f"| {status.value} |" in page
    for level in Level:
        assert f"`{level.value}`" in page
