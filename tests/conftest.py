"""No test reaches AWS: fake credentials, no profile, no instance metadata, no network beyond the loopback."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import hypothesis
import moto.core  # noqa: F401 - a session made before this is imported is never mocked, whoever makes it
import pytest
from pytest_socket import socket_allow_hosts

from tests.security.log_watch import LogWatch

LOOPBACK = ["127.0.0.0/8", "::1", "localhost"]
FAKE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# At import, not in a fixture: some modules make clients when they are imported.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(FAKE_ENVIRONMENT)

# Whoever starts the tests in the background may have them ignore Ctrl-C, and so would every program they start: those
# that test what Ctrl-C does could not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Fail each test during which a log line, a metric or an error of a function held a recipient or a secret."""
    config.pluginmanager.register(LogWatch(), "log-watch")


def pytest_runtest_setup() -> None:
    """Let each test connect to this machine only."""
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with a golden file of the test's folder; `UPDATE_GOLDEN=1` writes it instead, for `git diff`."""
    folder = Path(__file__).parent / "golden" / request.path.parent.name

    def compare(name: str, text: str) -> None:
        path = folder / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {name}: run again with UPDATE_GOLDEN=1 and look at it"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs: UPDATE_GOLDEN=1 writes what is made now"

    return compare
