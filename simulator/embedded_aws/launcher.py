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
import zipfile
from pathlib import Path
from typing import Any

RUNTIME_PYTHON_VARIABLE = "SES_MONITOR_RUNTIME_PYTHON"
"""Names the interpreter that has awslambdaric and boto3."""

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


def bootstrap(config: dict[str, Any], layers: list[Path], python: str) -> str:
    """Write the script that starts a function as the managed runtime would."""
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
    lines.append(f"unset {RUNTIME_PYTHON_VARIABLE} AUTH GATEWAY_PORT BIND_HOST STATE_DIR S3_DATA_DIR")
    lines.append(f'export PYTHONPATH="$LAMBDA_TASK_ROOT"{":" + path if path else ""}')
    lines.append(f'exec {shlex.quote(python)} -m awslambdaric "$_HANDLER"')
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

    stock_class_for = lambda_runtime._worker_class_for  # noqa: SLF001  the one seam the emulator has

    class ManagedPythonWorker(lambda_runtime.ProvidedWorker):  # type: ignore[misc]  # untyped emulator
        def __init__(self, function_name: str, config: dict[str, Any], code: bytes) -> None:
            archives = [_resolve_layer_zip(layer) for layer in config.get("Layers", [])]
            layers = [unpacked(archive) for archive in archives if archive]
            super().__init__(function_name, config, with_file(code, "bootstrap", bootstrap(config, layers, python)))

        def invoke(self, event: Any, request_id: str, **options: Any) -> Any:  # noqa: ANN401  untyped emulator
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


def main() -> None:
    """Serve until the parent goes."""
    if os.getpgid(0) != os.getpid():
        sys.exit("launcher.py kills its process group when its parent goes: it must lead one of its own")
    threading.Thread(target=die_with_parent, name="die-with-parent", daemon=True).start()
    try:
        run_python_under_awslambdaric(os.environ[RUNTIME_PYTHON_VARIABLE])
    except (ImportError, AttributeError) as error:
        sys.exit(f"The embedded AWS is not the ministack pinned in requirements/emulator.in: {error}")
    from ministack.app import main as serve  # noqa: PLC0415  only this environment has it

    serve()


if __name__ == "__main__":
    main()
