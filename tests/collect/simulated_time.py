"""Time that passes only by sleeping, so that hours of pacing are counted in no time."""

import threading


class SimulatedTime:
    """A clock and a sleep that threads share: who sleeps side by side from the same moment wakes at the same moment."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._thread = threading.local()

    def clock(self) -> float:
        """Return the time in seconds."""
        with self._lock:
            self._thread.read = self._now
            return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass, counted from this thread's last look at the clock."""
        with self._lock:
            until = getattr(self._thread, "read", self._now) + seconds
            self._thread.read = until
            self._now = max(self._now, until)
