"""The code that is started: the layer as it is deployed, and the yardstick, written from what ours was seen to do."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.cold_start.emulator import RUNTIME_PYTHON, EmulatorError
from bench.cold_start.functions import Function

RECORDER = Path(__file__).with_name("recorder.py")


def unpacked(built: Path, folder: Path) -> tuple[Path, str]:
    """Copy the layer as Lambda has it, and say what it has of bytecode.

    The build precompiles it for the interpreter of the functions. Where another one runs here, that bytecode would go
    unused: it is compiled for this one then, as the build does. A layer that was built without keeps none.
    """
    shutil.copytree(built, folder, symlinks=True)
    compiled = {path.name.split(".")[-2] for path in folder.rglob("*.pyc")}
    if not compiled:
        return folder, "none in the layer: it was built without"
    tag = subprocess.run(
        [RUNTIME_PYTHON, "-c", "import sys; print(sys.implementation.cache_tag)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    if tag in compiled:
        return folder, f"the layer's own ({tag})"
    compile_all = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([str(RUNTIME_PYTHON), *compile_all, str(folder)], check=True)
    return folder, f"the layer has it for {', '.join(sorted(compiled))}; compiled in the same way for {tag}"


def clients_of(function: Function, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the clients that a function makes while it is imported: service, region (None: its own) and config.

    Raises:
        EmulatorError: it cannot be imported, or calls somebody meanwhile: no start may depend on an answer.
    """
    done = subprocess.run(
        [RUNTIME_PYTHON, "-P", RECORDER, function.module],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EmulatorError(f"{function.name} cannot be imported:\n{done.stderr}")
    told = json.loads(done.stdout)
    if told["reached_for"]:
        raise EmulatorError(f"{function.name} uses the network while it is imported: {told['reached_for'][0]}")
    clients: list[dict[str, Any]] = told["clients"]
    return clients


def yardstick(function: Function, clients: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    """Write a function of the same handler that only makes `clients`, and return its folder."""
    entry = function.handler.rpartition(".")[2]
    lines = [
        "from botocore.config import Config",
        "from botocore.session import get_session",
        "session = get_session()",
    ]
    lines += [
        f"client_{number} = session.create_client({each['service']!r}, region_name={each['region']!r},"
        f" config=Config(**{each['config']!r}))"
        for number, each in enumerate(clients)
    ]
    lines += ["", f"def {entry}(event, context):", "    return None", ""]
    folder.mkdir(parents=True)
    (folder / f"{function.module}.py").write_text("\n".join(lines), encoding="utf-8")
    return folder
