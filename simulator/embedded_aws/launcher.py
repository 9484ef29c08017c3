"""Runs the emulator (in .venvs/emulator), its functions under AWS's own runtime client (in .venvs/runtime).

Started by `process.py` only. It leads a process group of its own and dies, with that group, as soon as its
standard input ends: the parent holds the other end, so even a parent killed by SIGKILL leaves nothing behind.
(A parent-death signal would be Linux only, and fires when the thread that started us ends, not the process.)
"""

import hashlib
import http.server
import io
import os
import shlex
import signal
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

RUNTIME_PYTHON_VARIABLE = "SES_MONITOR_RUNTIME_PYTHON"
"""Names the interpreter that has awslambdaric and boto3."""
FUNCTIONS_ENDPOINT_VARIABLE = "SES_MONITOR_FUNCTIONS_ENDPOINT"
"""Where the functions reach AWS, if not at the emulator itself: `simulator.between`."""
TIME_OFFSET_VARIABLE = "SES_MONITOR_TIME_OFFSET"
"""Names the file with the offset of simulated time; without it functions see real time."""
REDELIVER_AFTER_VARIABLE = "SES_MONITOR_REDELIVER_AFTER_S"
"""After how many seconds a queue gives again what a function failed at, if not after its visibility timeout."""

_OWN_VARIABLES = (
    RUNTIME_PYTHON_VARIABLE,
    FUNCTIONS_ENDPOINT_VARIABLE,
    TIME_OFFSET_VARIABLE,
    REDELIVER_AFTER_VARIABLE,
    "AUTH",
    "GATEWAY_PORT",
    "BIND_HOST",
    "STATE_DIR",
    "S3_DATA_DIR",
)
_WRITTEN_AT = "ApproximateCreationDateTime"
_FUNCTION_RUNTIME = Path(__file__).with_name("function_runtime.py")

UNPACKED = Path(os.environ.get("TMPDIR", "/nonexistent")) / "layers"
_unpacking = threading.Lock()


def die_with_parent() -> None:
    """Wait for the end of standard input, then kill the whole group, this process included."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def unpacked(archive: bytes) -> Path:
    """Where a layer's archive lies unpacked; each is unpacked once."""
    target = UNPACKED / hashlib.sha256(archive).hexdigest()[:24]
    with _unpacking:
        if not target.is_dir():
            half = target.with_suffix(".part")
            with zipfile.ZipFile(io.BytesIO(archive)) as layer:
                layer.extractall(half)
            half.rename(target)
    return target


def bootstrap(
    config: dict[str, Any], layers: list[Path], python: str, *, endpoint: str = "", time_offset: str = ""
) -> str:
    """Write the script that starts a function as the managed runtime would.

    With an `endpoint` it reaches AWS there, and says in each request who it is. With the file `time_offset` it lives
    in simulated time.
    """
    logging = config.get("LoggingConfig") or {}
    exported = {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', '')}",
        "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup") or f"/aws/lambda/{config.get('FunctionName', '')}",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(config.get("Timeout", 3)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "TZ": ":UTC",
    }
    path = ":".join(shlex.quote(str(layer / "python")) for layer in layers)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exported.items()]
    # The emulator's own environment reaches its workers: what is not a function's business goes.
    lines.append(f"unset {' '.join(_OWN_VARIABLES)}")
    lines.append(f'export PYTHONPATH="$LAMBDA_TASK_ROOT"{":" + path if path else ""}')
    unlike: list[str] = []
    if endpoint:
        lines.append(f"export AWS_ENDPOINT_URL={shlex.quote(endpoint)}")
        unlike += ["--name", str(config.get("FunctionName", ""))]
    if time_offset:
        unlike += ["--time-offset", time_offset]
    # -P: the module's own folder is not the function's business.
    runtime = f"-P {shlex.join([str(_FUNCTION_RUNTIME), *unlike])}" if unlike else "-m awslambdaric"
    lines.append(f'exec {shlex.quote(python)} {runtime} "$_HANDLER"')
    return "#!/bin/sh\n" + "\n".join(lines) + "\n"


def with_file(archive: bytes, name: str, text: str) -> bytes:
    """Return the archive with one executable file more."""
    buffer = io.BytesIO(archive)
    with zipfile.ZipFile(buffer, "a") as package:
        entry = zipfile.ZipInfo(name)  # its fixed date keeps equal code equal
        entry.external_attr = 0o755 << 16
        package.writestr(entry, text)
    return buffer.getvalue()


def run_python_under_awslambdaric(python: str) -> None:
    """Give Python functions the worker that speaks the Lambda Runtime API to awslambdaric.

    Raises ImportError or AttributeError when the emulator is not the version this was written for.
    """
    from ministack.core import lambda_runtime  # noqa: PLC0415  only this environment has it
    from ministack.services.lambda_svc import _resolve_layer_zip  # noqa: PLC0415  only this environment has it

    endpoint = os.environ.get(FUNCTIONS_ENDPOINT_VARIABLE, "")
    time_offset = os.environ.get(TIME_OFFSET_VARIABLE, "")
    stock_class_for = lambda_runtime._worker_class_for  # noqa: SLF001  the one seam the emulator has

    class ManagedPythonWorker(lambda_runtime.ProvidedWorker):  # type: ignore[misc]  # untyped emulator
        def __init__(self, function_name: str, config: dict[str, Any], code: bytes) -> None:
            archives = [_resolve_layer_zip(layer) for layer in config.get("Layers", [])]
            layers = [unpacked(archive) for archive in archives if archive]
            script = bootstrap(config, layers, python, endpoint=endpoint, time_offset=time_offset)
            super().__init__(function_name, config, with_file(code, "bootstrap", script))

        def invoke(self, event: Any, request_id: str, **options: Any) -> Any:  # noqa: ANN401  untyped emulator
            if time_offset:
                event = with_simulated_writes(event, history_of(time_offset))
            # Recursion depth and durable executions are the stock Python worker's; this one has neither.
            known = {name: options[name] for name in ("trace_id", "invoked_function_arn") if name in options}
            return super().invoke(event, request_id, **known)

    def worker_class_for(config: dict[str, Any]) -> Any:  # noqa: ANN401  untyped emulator
        if str(config.get("Runtime", "")).startswith("python"):
            return ManagedPythonWorker
        return stock_class_for(config)

    lambda_runtime._worker_class_for = worker_class_for  # noqa: SLF001  the one seam the emulator has
    # Nagle's algorithm and delayed acknowledgements together cost 40 ms an invocation.
    http.server.BaseHTTPRequestHandler.disable_nagle_algorithm = True


def history_of(time_offset: str) -> Path:
    """Where the offsets of simulated time lie that there were (`simulated_time.py` writes them)."""
    return Path(time_offset + ".history")


def simulated(real_s: float, history: Path) -> float:
    """What the simulated time was at a moment of real time; both in seconds since 1970."""
    offset_ns = 0
    for line in history.read_text(encoding="ascii").splitlines():
        since_ns, there = line.split()
        if int(since_ns) <= real_s * 1e9:
            offset_ns = int(there)
    return real_s + offset_ns / 1e9


def with_simulated_writes(event: Any, history: Path) -> Any:  # noqa: ANN401  any JSON
    """Return what a stream delivers with the simulated time at which each item was written.

    Only what the function gets: of its own records the emulator asks how old they are.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        return event
    if not all(isinstance(record, dict) and record.get("eventSource") == "aws:dynamodb" for record in records):
        return event

    def moved(record: dict[str, Any]) -> dict[str, Any]:
        # In whole seconds: take what was written in the second in which time was let pass to have been after that.
        at = int(simulated(record["dynamodb"][_WRITTEN_AT] + 1, history)) - 1
        return {**record, "dynamodb": {**record["dynamodb"], _WRITTEN_AT: at}}

    return {**event, "Records": [moved(record) for record in records]}


def live_with_simulated_time(history: Path) -> None:
    """Take requests signed at any time, and tell functions in simulated time when a message was sent.

    It was at one moment of real time, and so at one of simulated time, however often the message is delivered.

    Nothing else of the emulator knows of simulated time. Its own affairs go on at real pace - how long a message stays
    invisible, when a mapping polls again, what DynamoDB's TTL deletes -, since tests that let a month pass do not
    want its timers to fire, and its other callers (SAM, the tests' clients) sign with real time.
    """
    from ministack.core import sigv4  # noqa: PLC0415  only this environment has it
    from ministack.services import lambda_svc, sns  # noqa: PLC0415  only this environment has it

    _ = sigv4.request_time_failure  # another emulator may ask elsewhere
    sigv4.request_time_failure = lambda _signature, **_options: None

    class SimulatedCalendar:
        """The module `time`, as SNS needs it for the time in a notification."""

        def gmtime(self) -> time.struct_time:
            return time.gmtime(simulated(time.time(), history))

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the module has
            return getattr(time, name)

    _ = sns.time
    sns.time = SimulatedCalendar()
    stock_run = lambda_svc._run_sqs_batch  # noqa: SLF001  there is no other seam

    def run(mapping: Any, function: Any, event: Any, *details: Any) -> None:  # noqa: ANN401  untyped emulator
        for record in event["Records"]:
            for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp"):
                real_s = int(record["attributes"][name]) / 1000
                record["attributes"][name] = str(int(simulated(real_s, history) * 1000))
        stock_run(mapping, function, event, *details)

    lambda_svc._run_sqs_batch = run  # noqa: SLF001


def redeliver_after(seconds: float) -> None:
    """Have queues give again what a function failed at after `seconds`, as if the visibility timeout had passed.

    It is minutes long in the template. A lower one would give messages again while a function still works on them.
    """
    from ministack.services import lambda_svc, sqs  # noqa: PLC0415  only this environment has it

    stock_run = lambda_svc._run_sqs_batch  # noqa: SLF001  there is no other seam

    def run(*details: Any) -> None:  # noqa: ANN401  untyped emulator
        _mapping, _function, _event, batch, queue_url, _queue_name = details
        # A message received anew meanwhile has another handle, and is none of ours.
        handles = {message["receipt_handle"] for message in batch}
        try:
            stock_run(*details)
        finally:
            again = time.time() + seconds
            with sqs._queues_lock:  # noqa: SLF001  there is no other seam
                for message in sqs._get_q(queue_url)["messages"]:  # noqa: SLF001
                    if message.get("receipt_handle") in handles:
                        message["visible_at"] = min(message["visible_at"], again)

    lambda_svc._run_sqs_batch = run  # noqa: SLF001


def let_running_functions_finish() -> None:
    """Have a deployment end only those function processes that are idle, the others when they are; so does Lambda.

    The emulator ends them all at once when their code or configuration changes.
    """
    from ministack.core import lambda_runtime  # noqa: PLC0415  only this environment has it

    stock_kill = lambda_runtime.kill_workers

    def kill_when_done(worker: Any) -> None:  # noqa: ANN401  untyped emulator
        while worker.in_use:
            time.sleep(0.05)
        stock_kill([worker])

    def kill_workers(workers: Any) -> None:  # noqa: ANN401  untyped emulator
        present = [worker for worker in workers if worker is not None]
        for worker in present:
            if worker.in_use:
                threading.Thread(target=kill_when_done, args=(worker,), daemon=True).start()
        stock_kill([worker for worker in present if not worker.in_use])

    lambda_runtime.kill_workers = kill_workers


def main() -> None:
    """Serve until the parent goes."""
    if os.getpgid(0) != os.getpid():
        sys.exit("launcher.py kills its process group when its parent goes: it must lead one of its own")
    threading.Thread(target=die_with_parent, name="die-with-parent", daemon=True).start()
    try:
        run_python_under_awslambdaric(os.environ[RUNTIME_PYTHON_VARIABLE])
        let_running_functions_finish()
        if offset := os.environ.get(TIME_OFFSET_VARIABLE):
            live_with_simulated_time(history_of(offset))
        if seconds := os.environ.get(REDELIVER_AFTER_VARIABLE):
            redeliver_after(float(seconds))
    except (ImportError, AttributeError) as error:
        sys.exit(f"The embedded AWS is not the ministack pinned in requirements/emulator.in: {error}")
    from ministack.app import main as serve  # noqa: PLC0415  only this environment has it

    serve()


if __name__ == "__main__":
    main()
