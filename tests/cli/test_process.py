"""The installed command as a process: pipes, terminals, interrupts."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from simulator.server import Simulator
from tests.cli.conftest import at_full_pace
from tests.conftest import FAKE_ENVIRONMENT

VERBS = (
    *("audit", "dns", "status", "findings", "history", "mute", "unmute", "identity", "region", "event", "explain"),
    *("recipient", "enroll", "redrive"),
)
COMMAND = Path(sys.executable).with_name("ses-monitor")


def environment(simulator: Simulator, nowhere: str, **more: str) -> dict[str, str]:
    path = os.environ.get("PATH", "")
    return {"PATH": path, **FAKE_ENVIRONMENT, "AWS_ENDPOINT_URL": nowhere, **simulator.environment(), **more}


def run(arguments: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *at_full_pace(arguments)],
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def in_terminal(arguments: list[str], env: Mapping[str, str]) -> str:
    """Run in a terminal of its own, and return all that it showed."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [COMMAND, *at_full_pace(arguments)], env=env, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        shown = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    read = os.read(master, 65536)
                except OSError:  # how Linux says that the other side of the terminal is closed
                    break
                if not read:
                    break
                shown += read
        process.wait(timeout=60)
    os.close(master)
    return shown.decode()


def test_the_command_is_installed_and_answers(demo: Simulator, nowhere: str) -> None:
    result = run(["audit", "--json", "--region", "ap-southeast-2"], environment(demo, nowhere))
    assert result.returncode == 1
    assert result.stderr == ""
    assert [each["tag"] for each in json.loads(result.stdout)["findings"]] == ["SENDING_PAUSED"]


def test_help_names_the_verbs_and_needs_nothing() -> None:
    result = run(["--help"], {"PATH": ""})
    assert result.returncode == 0
    for verb in VERBS:
        assert f"\n  {verb} " in result.stdout


def test_a_reader_that_goes_away_is_no_error(demo: Simulator, nowhere: str) -> None:
    process = subprocess.Popen(
        [COMMAND, *at_full_pace(["audit"])],
        env=environment(demo, nowhere),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 1, "the exit status is that of the findings"
    assert said == b""


def test_a_pipe_gets_no_colour_and_a_terminal_does(demo: Simulator, nowhere: str) -> None:
    arguments = ["audit", "--region", "ap-southeast-2"]
    assert "\x1b" not in run(arguments, environment(demo, nowhere)).stdout
    env = environment(demo, nowhere, TERM="xterm-256color")
    shown = in_terminal(arguments, env)
    assert "\x1b[1;31mBLOCKED" in shown
    assert "Asking the DNS about" in shown, "no progress was shown"


def test_no_color_is_honoured(demo: Simulator, nowhere: str) -> None:
    env = environment(demo, nowhere, TERM="xterm-256color", NO_COLOR="1")
    shown = in_terminal(["audit", "--region", "ap-southeast-2"], env)
    assert "BLOCKED" in shown
    assert "31m" not in shown


def test_commands_are_never_wrapped(demo: Simulator, nowhere: str) -> None:
    shown = run(["audit", "--region", "ap-southeast-2"], environment(demo, nowhere, COLUMNS="60")).stdout
    command = (
        "aws cloudtrail lookup-events --region ap-southeast-2 --lookup-attributes"
        " AttributeKey=EventName,AttributeValue=PutAccountSendingAttributes"
    )
    assert command in [row.strip() for row in shown.splitlines()]


def test_an_output_that_knows_only_ascii_gets_ascii(demo: Simulator, nowhere: str) -> None:
    env = environment(demo, nowhere, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C", COLUMNS="120")
    result = subprocess.run([COMMAND, *at_full_pace(["audit"])], env=env, capture_output=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stdout.isascii()
    assert b"###" in result.stdout


def test_an_interrupt_ends_it_at_once_and_claims_nothing(demo: Simulator, nowhere: str) -> None:
    demo.fault("eu-west-1", "GetAccount", kind="hang")
    process = subprocess.Popen(
        [COMMAND, "audit", "--json", "--region", "eu-west-1"],
        env=environment(demo, nowhere),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not demo.calls.count("GetAccount"):
        assert time.monotonic() < deadline, "it never asked"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == b""
    assert b"Traceback" not in complained
    assert demo.calls.count("GetAccount") == 1, "it waited for the answer"


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(verb: str) -> None:
    result = run([verb, "--help"], {"PATH": "", "COLUMNS": "80"})
    assert result.returncode == 0
    assert "--json" in result.stdout
    # These find nothing: they explain, set up, or move.
    without = {"event", "explain", "recipient", "enroll", "redrive", "mute", "unmute"}
    assert ("--fail-on" in result.stdout) is (verb not in without)


def test_dns_needs_nothing_but_the_dns(demo: Simulator) -> None:
    tokens = [word for token in ("cluba", "clubb", "clubc") for word in ("--dkim-token", token)]
    names = {name: value for name, value in demo.environment().items() if name.startswith("SES_MONITOR_")}
    result = run(["dns", "harbour-club.example", *tokens, "--json"], {"PATH": "", **names})
    assert result.returncode == 1
    assert result.stderr == ""
    assert [each["tag"] for each in json.loads(result.stdout)["findings"]] == ["DKIM_NAME_DOUBLED"]


def test_dns_gets_colour_and_progress_in_a_terminal_only(demo: Simulator) -> None:
    names = {name: value for name, value in demo.environment().items() if name.startswith("SES_MONITOR_")}
    env = {"PATH": "", "TERM": "xterm-256color", **names}
    arguments = ["dns", "harbour-club.example", "--dkim-token", "cluba"]
    assert "\x1b" not in run(arguments, env).stdout
    shown = in_terminal(arguments, env)
    assert "\x1b[1;31mERROR" in shown
    assert "Asking the DNS" in shown


@pytest.mark.parametrize("operation", ["ListEmailIdentities", "GetEmailIdentity"])
def test_an_interrupt_while_identities_are_read_ends_it_too(demo: Simulator, nowhere: str, operation: str) -> None:
    demo.fault("eu-west-1", operation, kind="hang")
    with subprocess.Popen(
        [COMMAND, "audit", "--json", "--region", "eu-west-1"],
        env=environment(demo, nowhere),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        deadline = time.monotonic() + 30
        while not demo.calls.count(operation):
            assert time.monotonic() < deadline, "it never asked"
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == b""
    assert b"Traceback" not in complained
