"""The embedded AWS really starts, and really goes: on leaving the block, on an error, and when its parent is killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from simulator.embedded_aws.process import ACCOUNT_ID, REPOSITORY, EmbeddedAws

pytestmark = pytest.mark.e2e

PARENT = """
import sys, time
from simulator.embedded_aws.process import EmbeddedAws
with EmbeddedAws() as aws:
    print(aws.process_group, aws.home, flush=True)
    time.sleep(600)
"""


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition: Callable[[], bool], within_s: float = 20) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_it_answers_on_loopback_and_nothing_is_left_after_the_block() -> None:
    with EmbeddedAws() as aws:
        group, home = aws.process_group, aws.home
        sts = boto3.client(
            "sts",
            endpoint_url=aws.endpoint_url,
            region_name=aws.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        assert sts.get_caller_identity()["Account"] == ACCOUNT_ID
    assert not alive(group)
    assert not home.exists()


def test_nothing_is_left_when_the_block_fails() -> None:
    group = 0
    with contextlib.suppress(KeyboardInterrupt), EmbeddedAws() as aws:
        group = aws.process_group
        raise KeyboardInterrupt
    assert group
    assert not alive(group)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_parent_is_killed(how: signal.Signals, tmp_path: Path) -> None:
    # A killed parent cannot remove the emulator's files: they go with the test's own directory.
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", PARENT]
    parent = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
    with parent:
        try:
            assert parent.stdout is not None
            group = int(parent.stdout.readline().split()[0])
            assert alive(group)
        finally:
            parent.send_signal(how)
    assert until(lambda: not alive(group))
