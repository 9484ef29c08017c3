"""Starts AWS's runtime client in a function's process that is observed or lives in another time.

Run by the bootstrap of a function (`launcher.py`) in .venvs/runtime, with nothing of the simulator on the path.
"""

import argparse
import mmap
import os
import runpy
import sys
from pathlib import Path
from typing import Any

CALLER_HEADER = "X-Simulator-Function"
"""Says `NAME PID` in each request of the SDK. Not signed. (The user agent would not do: a function may set its own.)"""


def move_clock(offset_file: Path) -> None:
    """Have this process see real time plus the nanoseconds in `offset_file`, whatever they are at that moment.

    Everything that asks for the time of day sees it: the function, the signatures of the SDK, the log. Not so
    `time.monotonic` and `time.sleep`.
    """
    import time_machine  # type: ignore[import-not-found]  # noqa: PLC0415  only .venvs/runtime has it

    with offset_file.open("rb") as opened:
        offset = memoryview(mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)).cast("q")
    real_time_ns = time_machine.escape_hatch.time.time_ns

    class Shifted(time_machine.Traveller):  # type: ignore[misc]  # not in the environment of the checks
        def time_ns(self) -> int:
            return int(real_time_ns()) + offset[0]

    time_machine.travel(0, tick=True).start()
    # The library's own traveller must be told of each change; this one looks.
    time_machine.traveller_stack[-1] = Shifted(0, None, True)


def keep_deadline() -> None:
    """Count the time that is left of an invocation in real time, in which Lambda writes the deadline."""
    import time_machine  # noqa: PLC0415  only .venvs/runtime has it
    from awslambdaric.lambda_context import LambdaContext  # noqa: PLC0415  only .venvs/runtime has it

    def get_remaining_time_in_millis(context: Any) -> int:  # noqa: ANN401  untyped runtime client
        now = int(time_machine.escape_hatch.time.time() * 1000)
        left: int = context._epoch_deadline_time_in_ms - now  # noqa: SLF001
        return max(0, left)

    LambdaContext.get_remaining_time_in_millis = get_remaining_time_in_millis


def name_requests(name: str) -> None:
    """Say in each request that any SDK client of this process sends from whom it comes."""
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415  slow, and not always wanted

    stock_send = URLLib3Session.send

    def send(session: Any, request: Any) -> Any:  # noqa: ANN401  untyped in botocore
        request.headers[CALLER_HEADER] = f"{name} {os.getpid()}"
        return stock_send(session, request)

    URLLib3Session.send = send  # type: ignore[method-assign,assignment]


def main(arguments: list[str]) -> None:
    """Serve invocations until the emulator ends this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--time-offset", type=Path)
    parser.add_argument("--name")
    parser.add_argument("handler")
    asked = parser.parse_args(arguments)
    if asked.time_offset:
        move_clock(asked.time_offset)
        keep_deadline()
    if asked.name:
        name_requests(asked.name)
    sys.argv = ["awslambdaric", asked.handler]
    runpy.run_module("awslambdaric", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
