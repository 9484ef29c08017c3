"""The command as a person or a script runs it, against a simulated SES or against nothing at all."""

import re
import socket
from collections.abc import Callable, Iterator, Sequence

import pytest
from typer.testing import CliRunner, Result

from ses_monitor_cli import clock
from ses_monitor_cli.main import app
from simulator.server import Simulator
from simulator.world import WORLDS
from tests.build import NOW

Run = Callable[..., Result]


def at_full_pace(arguments: Sequence[str]) -> list[str]:
    """Add what spares a test the second that SES wants between two requests."""
    return [*arguments, "--pace", "1000"] if arguments and arguments[0] == "audit" else list(arguments)


def is_to_paste(row: str) -> bool:
    """Whether a row is a command, an address or a DNS record, which are never wrapped."""
    return re.match(r"\s*(aws |dig |https://|\S+ (CNAME|TXT|MX) )", row) is not None


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address on this machine where nobody listens, and nobody can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, in plain text, while the time stands still."""
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)

    def run(*arguments: str, columns: int = 80) -> Result:
        monkeypatch.setenv("COLUMNS", str(columns))
        return CliRunner().invoke(app, at_full_pace(arguments), prog_name="ses-monitor")

    return run


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, nowhere: str) -> Callable[[Simulator], None]:
    """Send SES, CloudWatch and account clients to a simulator, and all others nowhere."""

    def connect(simulator: Simulator) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)
        for name, url in simulator.environment().items():
            monkeypatch.setenv(name, url)

    return connect


@pytest.fixture
def demo(connect: Callable[[Simulator], None]) -> Iterator[Simulator]:
    """The demo's world: a region blocked, one in the sandbox, one near its quota, five that deliver."""
    with Simulator(WORLDS / "demo.yaml", clock=lambda: NOW) as simulator:
        connect(simulator)
        yield simulator


@pytest.fixture
def healthy(connect: Callable[[Simulator], None]) -> Iterator[Simulator]:
    """One healthy region in use."""
    with Simulator({"regions": {"eu-west-1": {}}}, clock=lambda: NOW) as simulator:
        connect(simulator)
        yield simulator
