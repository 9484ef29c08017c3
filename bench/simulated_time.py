"""Time for a benchmark whose pacing would take hours: it passes only by sleeping."""

from __future__ import annotations

import threading


class SimulatedTime:
    """Passes only by sleeping; threads that sleep side by side from the same moment wake at the same moment."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self._thread = threading.local()

    def clock(self) -> float:
        """Return the seconds so far."""
        with self._lock:
            self._thread.read = self._elapsed
            return self._elapsed

    def here(self) -> float:
        """Return the moment at which this thread is: others may have slept further already."""
        return float(getattr(self._thread, "read", self._elapsed))

    def sleep(self, seconds: float) -> None:
        """Let time pass, counted from this thread's last look at the clock."""
        with self._lock:
            until = getattr(self._thread, "read", self._elapsed) + seconds
            self._thread.read = until
            self._elapsed = max(self._elapsed, until)
