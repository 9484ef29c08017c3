"""A time that tests can let pass: seen by them and by the processes of the deployed functions at once.

Its distance from real time lies in a file of eight bytes, which every function's process has mapped into its memory
(`function_runtime.py`): whoever asks what time it is next, in whichever process, is told the new time. What it was when
is kept too, since the emulator must say in simulated time when a message was sent (`launcher.py`).
"""

from __future__ import annotations

import mmap
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_MICROSECOND = timedelta(microseconds=1)
_WIDTH = 8


class SimulatedTime:
    """Real time plus what was let pass. It goes on at real pace. Monotonic clocks are not touched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta()
        self._shared: memoryview | None = None
        self._history: Path | None = None

    def now(self) -> datetime:
        """The simulated time, aware and in UTC."""
        return datetime.now(UTC) + self.offset

    @property
    def offset(self) -> timedelta:
        """How far it is ahead of real time; negative: behind."""
        with self._lock:
            return self._offset

    def pass_(self, span: timedelta) -> datetime:
        """Let so much time pass at once, also backwards as when a clock is put right; return what time it is now."""
        with self._lock:
            self._offset += span
            self._write()
        return self.now()

    def share(self, file: Path) -> None:
        """From now on keep the offset in `file` too, in nanoseconds, for the processes of functions.

        `file`.history has a line for each offset there was: since when (real time) and what, in nanoseconds.
        """
        file.write_bytes(bytes(_WIDTH))
        with file.open("r+b") as opened:
            mapped = mmap.mmap(opened.fileno(), _WIDTH)
        with self._lock:
            self._history = history_of(file)
            self._shared = memoryview(mapped).cast("q")
            self._write()

    def _write(self) -> None:
        if self._shared is None or self._history is None:
            return
        nanoseconds = self._offset // _MICROSECOND * 1000
        with self._history.open("a", encoding="ascii") as history:
            history.write(f"{time.time_ns()} {nanoseconds}\n")
        # One store of eight aligned bytes, done by memcpy: nobody reads half of it.
        self._shared[0] = nanoseconds


def history_of(file: Path) -> Path:
    """Where the offsets lie that there were before the one in `file`."""
    return file.with_name(file.name + ".history")
