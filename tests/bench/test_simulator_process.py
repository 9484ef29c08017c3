"""The simulator beside a benchmark: it answers at the addresses it names, and ends with whoever started it."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from bench.simulator_process import simulator_of
from simulator.demo.stack import wait_until

STARTS_ONE_AND_WAITS = """
import sys, time
from bench.simulator_process import simulator_of
with simulator_of({}) as variables:
    print(variables["AWS_ENDPOINT_URL_SESV2"], flush=True)
    sys.stdin.read()
"""


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/control/world", timeout=5) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def test_it_answers_where_it_says_and_is_gone_after_the_block() -> None:
    with simulator_of({"regions": {"eu-west-1": {}}}) as variables:
        url = variables["AWS_ENDPOINT_URL_SESV2"]
        assert answers(url)
        assert variables["SES_MONITOR_RESOLVERS"].startswith("127.")
    assert not answers(url)


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_a_benchmark_that_is_killed(ended_by: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE_AND_WAITS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as benchmark:
        assert benchmark.stdout is not None
        url = benchmark.stdout.readline().strip()
        assert answers(url)
        benchmark.send_signal(ended_by)
        benchmark.wait()
    wait_until(lambda: not answers(url), lambda: "the simulator to end", 10)
