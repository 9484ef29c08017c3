"""No test reaches AWS: fake credentials, no profile, no instance metadata, no network beyond the loopback."""

import os
import signal

import hypothesis
from pytest_socket import socket_allow_hosts

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


def pytest_runtest_setup() -> None:
    """Let each test connect to this machine only."""
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
