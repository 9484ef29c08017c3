"""SES's own limit: one request a second for each operation and region."""

import threading
from collections.abc import Callable, Hashable

REQUESTS_PER_SECOND = 1.0  # https://docs.aws.amazon.com/ses/latest/dg/quotas.html, "SES API sending quotas"
BURST = 1.0  # undocumented; the strictest reading


class TokenBuckets:
    """One bucket for each key, filled by a monotonic clock in seconds. May be used from any thread."""

    def __init__(
        self, clock: Callable[[], float], *, per_second: float = REQUESTS_PER_SECOND, burst: float = BURST
    ) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._lock = threading.Lock()
        self._levels: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable) -> bool:
        """Take a token; False if there is none."""
        return self.wait_needed(key) == 0

    def wait_needed(self, key: Hashable) -> float:
        """Take a token and give 0, or take none and give the seconds until there is one."""
        with self._lock:
            now = self._clock()
            level, at = self._levels.get(key, (self._burst, now))
            level = min(self._burst, level + (now - at) * self._per_second)
            if level < 1:
                self._levels[key] = (level, now)
                return (1 - level) / self._per_second
            self._levels[key] = (level - 1, now)
            return 0.0
