"""A running simulator, and real boto3 clients that talk to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config

from simulator.server import Simulator


class StandingClock:
    """A date and a monotonic clock that only move when told to."""

    def __init__(self) -> None:
        self.date = datetime(2026, 3, 12, 9, 7, 30, tzinfo=UTC)
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.date

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def run(clock: StandingClock) -> Iterator[Callable[..., Simulator]]:
    """Start simulators at a standing clock; they end with the test."""
    running: list[Simulator] = []

    def start(world: Any = None, **options: Any) -> Simulator:
        simulator = Simulator(world, clock=clock.now, monotonic=clock.monotonic, **options)
        running.append(simulator.__enter__())
        return simulator

    yield start
    for simulator in running:
        simulator.__exit__(None, None, None)


@pytest.fixture
def simulator(run: Callable[..., Simulator]) -> Simulator:
    """The smallest world: one healthy region in use."""
    return run({"regions": {"eu-west-1": {}}})


@pytest.fixture(scope="session")
def connect() -> Callable[..., Any]:
    """Make clients as a user of the SDK would, but with one attempt and short timeouts."""
    session = boto3.Session(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="simulated")
    make: Callable[..., Any] = session.client

    def client(simulator: Simulator, service: str, region: str = "eu-west-1", **config: Any) -> Any:
        settings = {"retries": {"total_max_attempts": 1}, "connect_timeout": 2, "read_timeout": 5, **config}
        return make(service, region_name=region, endpoint_url=simulator.api_url, config=Config(**settings))

    return client
