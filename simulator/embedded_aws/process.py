"""Starts the embedded AWS on loopback, waits until it answers, and stops all of it whatever happens."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time as clock
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.embedded_aws.simulated_time import SimulatedTime

REPOSITORY = Path(__file__).resolve().parents[2]
LAUNCHER = Path(__file__).with_name("launcher.py")
ACCOUNT_ID = "123456789012"
ROOT_KEY = "test"
"""The access key the emulator takes for the account's root. Functions get their role's keys."""

_ATTEMPTS = 3
_POLL_SECONDS = 0.05
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")


class StartError(RuntimeError):
    """The embedded AWS did not come up; the text ends with what it logged."""


class PortTakenError(StartError):
    """Another process took the port between choosing and binding it."""


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that could lead a client to a real account."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def tail(text: str, lines: int = 30) -> str:
    """The last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])


class EmbeddedAws:
    """An AWS with roles enforced, for as long as the `with` block lasts.

    `environment` is what the deployed functions see beside their own variables, such as
    AWS_ENDPOINT_URL_SESV2; `region` is the default of its clients. Every region exists.

    For tests that break things: the functions reach AWS at `functions_endpoint` and say who they are
    (`simulator.between`), they live in the simulated `time`, and queues give again what a function failed at after
    `redeliver_after_s` rather than after their visibility timeout.
    """

    def __init__(  # noqa: PLR0913 - all have defaults
        self,
        environment: Mapping[str, str] | None = None,
        *,
        region: str = "eu-west-1",
        ready_within_s: float = 30.0,
        repository: Path = REPOSITORY,
        functions_endpoint: str | None = None,
        time: SimulatedTime | None = None,
        redeliver_after_s: float | None = None,
    ) -> None:
        self._extra = dict(environment or {})
        self._functions_endpoint = functions_endpoint
        self._time = time
        self._redeliver_after_s = redeliver_after_s
        self.region = region
        self._ready_within_s = ready_within_s
        self._emulator = repository / ".venvs/emulator/bin/python"
        self._runtime = repository / ".venvs/runtime/bin/python"
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self.port = 0

    @property
    def home(self) -> Path:
        """The directory it keeps its files in; only while it runs."""
        if self._home is None:
            raise RuntimeError("the embedded AWS is not running")
        return self._home

    @property
    def endpoint_url(self) -> str:
        """The one endpoint of every service in every region."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process_group(self) -> int:
        """The process group that the emulator and all function workers belong to."""
        if self._process is None:
            raise RuntimeError("the embedded AWS is not running")
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """What a client (boto3, SAM, the command) needs in its environment to talk to this AWS only."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def log_tail(self, lines: int = 30) -> str:
        """The end of what it logged."""
        log = self.home / "emulator.log"
        return tail(log.read_text(encoding="utf-8", errors="replace"), lines) if log.exists() else ""

    def __enter__(self) -> Self:
        for python in (self._emulator, self._runtime):
            if not python.exists():
                raise StartError(f"{python} is missing: run `make venvs`")
        self._home = Path(tempfile.mkdtemp(prefix="ses-monitor-aws-"))
        if self._time is not None:
            self._time.share(self._time_offset)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill the emulator and every function worker, and remove its files. Harmless when repeated."""
        process, self._process = self._process, None
        if process is not None:
            _kill_group(process)
        home, self._home = self._home, None
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)

    def _start(self) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            self.port = free_port()
            self._process = self._spawn()
            try:
                self._wait_until_ready(self._process)
            except PortTakenError:
                _kill_group(self._process)
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _spawn(self) -> subprocess.Popen[bytes]:
        for name in ("tmp", "state", "s3"):
            (self.home / name).mkdir(exist_ok=True)
        with (self.home / "emulator.log").open("wb") as log:
            return subprocess.Popen(
                [str(self._emulator), str(LAUNCHER)],
                cwd=self.home,
                env=self._launcher_environment(),
                stdin=subprocess.PIPE,  # never written: its end tells the launcher that we are gone
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _launcher_environment(self) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        home = self.home
        return {
            **passed_on,
            **self.environment(),
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "STATE_DIR": str(home / "state"),
            "S3_DATA_DIR": str(home / "s3"),
            "BIND_HOST": "127.0.0.1",  # its default is every interface
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": self.region,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "AUTH": "true",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent",  # never reach for a Docker that happens to be there
            "SES_MONITOR_RUNTIME_PYTHON": str(self._runtime),
            **self._unlike_aws(),
            **self._extra,
        }

    @property
    def _time_offset(self) -> Path:
        return self.home / "time-offset"

    def _unlike_aws(self) -> dict[str, str]:
        """What the launcher is told to do otherwise than AWS does it (`launcher.py` has these names)."""
        told: dict[str, str] = {}
        if self._functions_endpoint is not None:
            told["SES_MONITOR_FUNCTIONS_ENDPOINT"] = self._functions_endpoint
        if self._time is not None:
            told["SES_MONITOR_TIME_OFFSET"] = str(self._time_offset)
        if self._redeliver_after_s is not None:
            told["SES_MONITOR_REDELIVER_AFTER_S"] = str(self._redeliver_after_s)
        return told

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = clock.monotonic() + self._ready_within_s
        while not self._answers():
            if (status := process.poll()) is not None:
                log = self.log_tail()
                kind = PortTakenError if "already in use" in log else StartError
                raise kind(f"the embedded AWS ended with status {status} while starting:\n{log}")
            if clock.monotonic() > deadline:
                raise StartError(
                    f"the embedded AWS did not answer within {self._ready_within_s:g} s:\n{self.log_tail()}"
                )
            clock.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill outright: there is nothing to save, and a polite end can be cut off by a second Ctrl-C."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone (macOS: EPERM for a zombie)
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
