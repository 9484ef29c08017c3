"""The simulator in a process of its own: what is measured must not share an interpreter with what answers it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from simulator.embedded_aws.process import REPOSITORY


@contextmanager
def simulator_of(world: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Run the simulator of a world while the block lasts, and give the variables that lead to it.

    It ends with this process however that ends: it reads from a pipe whose other end is held here.

    Raises:
        RuntimeError: it ended before it named its addresses; what it said is on standard error.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "world.yaml"
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        file.write_text(yaml.dump(dict(world), Dumper=dumper), encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, "-m", "simulator", "--world", str(file), "--while-stdin-is-open"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process:
            try:
                yield _exports(process)
            finally:
                process.terminate()


def _exports(process: subprocess.Popen[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in process.stdout or ():
        if line.startswith("export "):
            [assignment] = shlex.split(line.removeprefix("export "))
            name, _, value = assignment.partition("=")
            found[name] = value
        if "Ctrl-C" in line:  # the last line of its introduction
            return found
    msg = "the simulator ended without naming its addresses"
    raise RuntimeError(msg)
