"""The call log: how often was what asked, and where. Tests and benchmarks read it to know what the monitor costs."""

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of request."""

    service: str
    operation: str
    region: str


class CallLog:
    """Counts calls, those that fail too. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Call] = Counter()

    def record(self, call: Call) -> None:
        """Count one request."""
        with self._lock:
            self._counts[call] += 1

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._counts.clear()

    def counts(self) -> dict[Call, int]:
        """A copy of all counts."""
        with self._lock:
            return dict(self._counts)

    def count(self, operation: str | None = None, *, service: str | None = None, region: str | None = None) -> int:
        """How many calls were made that fit what is given."""
        return sum(
            number
            for call, number in self.counts().items()
            if operation in {None, call.operation} and service in {None, call.service} and region in {None, call.region}
        )

    def table(self) -> str:
        """The log as text, a line for each kind of request."""
        rows = sorted((c.service, c.operation, c.region, n) for c, n in self.counts().items())
        return "".join(f"{n:6d}  {service}:{operation}  {region}\n" for service, operation, region, n in rows)
