"""A time that can be let pass, and how functions are started to see it."""

import struct
import time as clock
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.demo.stack import DeployedMonitor
from simulator.embedded_aws import SimulatedTime, launcher, simulated_time

SECOND = timedelta(seconds=1)


def offset_in(file: Path) -> timedelta:
    (nanoseconds,) = struct.unpack("=q", file.read_bytes())
    return timedelta(microseconds=nanoseconds // 1000)


def test_it_is_real_time_until_some_is_let_pass_and_goes_on_from_there() -> None:
    time = SimulatedTime()
    before = datetime.now(UTC)
    assert before <= time.now() <= before + SECOND
    time.pass_(timedelta(days=30))
    assert time.pass_(timedelta(hours=-1)) >= before + timedelta(days=30, hours=-1)
    assert time.offset == timedelta(days=30, hours=-1)
    assert time.now() < time.now() + SECOND


@pytest.mark.parametrize("passed", [timedelta(), timedelta(days=400), timedelta(days=-2, microseconds=1)])
def test_the_processes_of_functions_find_its_offset_in_a_file(passed: timedelta, tmp_path: Path) -> None:
    time = SimulatedTime()
    time.pass_(passed)
    time.share(tmp_path / "offset")
    assert offset_in(tmp_path / "offset") == passed
    time.pass_(SECOND)
    assert offset_in(tmp_path / "offset") == passed + SECOND


def test_when_a_message_was_sent_is_told_in_the_time_of_that_moment(tmp_path: Path) -> None:
    time = SimulatedTime()
    time.share(tmp_path / "offset")
    history = simulated_time.history_of(tmp_path / "offset")
    before = clock.time()
    time.pass_(timedelta(hours=1))
    between = clock.time()
    time.pass_(timedelta(hours=-3))
    told = [launcher.simulated(moment, history) - moment for moment in (before, between, clock.time())]
    assert told == pytest.approx([0, 3600, -7200], abs=0.001)


def test_what_a_stream_delivers_was_written_in_simulated_time_and_the_emulator_keeps_its_own(tmp_path: Path) -> None:
    time = SimulatedTime()
    time.share(tmp_path / "offset")
    history = launcher.history_of(str(tmp_path / "offset"))
    time.pass_(timedelta(days=2))
    written = int(clock.time())
    record = {"eventSource": "aws:dynamodb", "dynamodb": {"ApproximateCreationDateTime": written, "Keys": {}}}
    event = {"Records": [record]}
    [told] = launcher.with_simulated_writes(event, history)["Records"]
    assert told == record | {"dynamodb": {"ApproximateCreationDateTime": written + 2 * 86_400, "Keys": {}}}
    assert record["dynamodb"] == {"ApproximateCreationDateTime": written, "Keys": {}}


@pytest.mark.parametrize(
    "event",
    [None, [], {"Records": "no"}, {"Records": ["no"]}, {"Records": [{"eventSource": "aws:sqs"}]}, {"do": "remind"}],
)
def test_other_events_are_left_as_they_are(event: object, tmp_path: Path) -> None:
    assert launcher.with_simulated_writes(event, tmp_path / "none") is event


def test_a_function_is_started_in_simulated_time_and_says_who_it_is_only_when_wanted() -> None:
    config = {"FunctionName": "audit", "Runtime": "python3.13"}
    plain = launcher.bootstrap(config, [], "/runtime/python")
    assert "AWS_ENDPOINT_URL" not in plain
    assert plain.endswith('exec /runtime/python -m awslambdaric "$_HANDLER"\n')
    script = launcher.bootstrap(config, [], "/runtime/python", endpoint="http://127.0.0.1:1", time_offset="/a b")
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:1\n" in script
    module = Path(launcher.__file__).with_name("function_runtime.py")
    assert script.endswith(f"exec /runtime/python -P {module} --name audit --time-offset '/a b' \"$_HANDLER\"\n")


def test_a_monitor_in_real_time_says_so() -> None:
    monitor = DeployedMonitor({})
    with pytest.raises(RuntimeError, match="simulated_time=True"):
        _ = monitor.time
    with pytest.raises(RuntimeError, match="between=True"):
        _ = monitor.between


def test_the_simulator_of_a_monitor_in_simulated_time_sees_it() -> None:
    monitor = DeployedMonitor({}, simulated_time=True)
    monitor.time.pass_(timedelta(days=7))
    assert monitor.simulator.world.now() > datetime.now(UTC) + timedelta(days=6)
