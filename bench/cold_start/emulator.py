"""Starts a function in AWS's own Lambda runtime interface emulator, the one that comes with the SAM CLI.

https://github.com/aws/aws-lambda-runtime-interface-emulator. What it takes to use it right:

- It starts the function's process only when the first event comes.
- Its line "INIT REPORT(durationMs: ...)" is the time from starting the process to the process asking for an event: what
  AWS calls the init duration. The "Init Duration" of its REPORT line is not: it is always near 0. Nor does it measure
  memory: its "Max Memory Used" is the configured size.
- It ends when two events are under way at once.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cold_start.functions import REGION, Function
from simulator.embedded_aws.process import REPOSITORY, free_port, tail

RUNTIME_PYTHON = REPOSITORY / ".venvs/runtime/bin/python"
NOT_JSON = b"not JSON"
"""An event that AWS's runtime client turns away itself: nothing of a handler runs, the process goes on."""
_FOLDER = "lib/python3*/site-packages/samcli/local/rapid"
_NAMES: Mapping[str, str] = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}
_WITHIN_S = 30.0
_POLL_S = 0.002
_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")


class EmulatorError(RuntimeError):
    """The function did not start; the text ends with what was logged."""


@dataclass(frozen=True, slots=True)
class Started:
    """What starting a function took: milliseconds, and the most memory its process had, in MB (of 1024 KB)."""

    init_ms: float
    peak_mb: float


def binary() -> Path | None:
    """Return the emulator for this machine; None: there is none for it, as it is for Linux only."""
    if not sys.platform.startswith("linux") or platform.machine() not in _NAMES:
        return None
    found = sorted((REPOSITORY / ".venvs/sam").glob(f"{_FOLDER}/{_NAMES[platform.machine()]}"))
    return found[0] if found else None


def environment_of(function: Function, code: Path, paths: Sequence[Path], home: Path) -> dict[str, str]:
    """Return what a function finds in its environment in Lambda, as far as it is this function's.

    `paths` are searched for modules after `code`. There are credentials, as there always are; they are nobody's.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(home),
        "LAMBDA_TASK_ROOT": str(code),
        "LAMBDA_RUNTIME_DIR": str(code),
        "_HANDLER": function.handler,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_s),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        # In Lambda the code is mounted read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": ":".join(map(str, (code, *paths))),
        **function.variables,
    }


def start(emulator: Path, handler: str, code: Path, environment: Mapping[str, str]) -> Started:
    """Start a fresh process with the handler in it, and end it again.

    Raises:
        EmulatorError: it did not get as far as asking for its first event.
    """
    port = free_port()
    command = [str(emulator), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{free_port()}"]
    command += [str(RUNTIME_PYTHON), "-m", "awslambdaric", handler]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=code,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _offer(process, port)
            peak_mb = _peak_mb(process.pid)
        except (OSError, LookupError) as error:
            raise EmulatorError(f"{handler} did not start: {error}\n{_text(log.fileno())}") from error
        finally:
            _end(process)
        logged = _text(log.fileno())
    # A second try after a first that failed would also be reported.
    found = _INIT.findall(logged)
    if len(found) != 1 or "INIT RTDONE(status: success" not in logged:
        raise EmulatorError(f"{handler} did not start:\n{tail(logged)}")
    return Started(float(found[0]), peak_mb)


def _offer(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the emulator listens, then give it an event and wait for the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_WITHIN_S)
    deadline = time.monotonic() + _WITHIN_S
    while True:
        try:
            connection.connect()
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)
        else:
            break
    with contextlib.closing(connection):
        connection.request("POST", "/2015-03-31/functions/function/invocations", NOT_JSON)
        connection.getresponse().read()


def _peak_mb(emulator: int) -> float:
    """Return the peak resident memory (VmHWM) of the function's process, which is the emulator's only child."""
    child = _child(emulator)
    if child is None:
        msg = "its process is gone"
        raise LookupError(msg)
    return int(_status(Path(f"/proc/{child}/status"))["VmHWM"].split()[0]) / 1024


def _child(parent: int) -> int | None:
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # gone in between
            if int(_status(status).get("PPid", "0")) == parent:
                return int(status.parent.name)
    return None


def _status(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the function's process and the emulator; the child first, while its number is surely its own."""
    if (child := _child(process.pid)) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()


def _text(log: int) -> str:
    return os.pread(log, 1 << 20, 0).decode("utf-8", "replace")
