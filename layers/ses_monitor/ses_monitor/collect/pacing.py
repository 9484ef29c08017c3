"""Stay below SES's one request a second for each operation and region, retries included: the owner's tools share it.

SES throttles each control operation by itself ("no more than once per second", API reference of each operation), so
each has a budget of its own and they run side by side. Retries that the SDK makes by itself fall out of step with the
pace and collide with the calls that follow: clients used here must not retry (`Clients.unretried_ses`).
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ses_monitor.collect.faults import is_passing, kind_of
from ses_monitor.collect.pages import BrokenListError, pages
from ses_monitor.core.observed import Blindness

T = TypeVar("T")

RATE = 0.8
"""Requests per second of one operation in one region: below SES's 1, which the owner's own tools share."""

TRIES = 3
"""How often a throttled request is made in all."""

TRIES_WHEN_FAILING = 2
"""How often a request is made in all that timed out or failed on the side of AWS: what lasts is for the next audit."""

LONGEST_HOLD = 8
"""The back-off doubles up to this many intervals."""

MOST_PAGES = 1000
"""A list longer than this does not end: SES keeps at most 10,000 identities and 10,000 configuration sets a region."""


class Pacer:
    """Spreads requests over time; one for all threads of a process.

    A request waits for its turn, first come, first served. A throttled answer holds up everybody who waits for the
    same operation in the same region, twice as long each time in a row, and nobody else.
    """

    def __init__(
        self,
        rate: float = RATE,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Allow `rate` requests per second to each operation in each region. `clock` and `sleep` are in seconds.

        Raises:
            ValueError: `rate` is not a positive number.
        """
        if not (math.isfinite(rate) and rate > 0):
            msg = f"requests per second must be a positive number, not {rate}"
            raise ValueError(msg)
        self._interval = 1 / rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._budgets: dict[tuple[str, str], _Budget] = {}

    @property
    def longest_wait(self) -> float:
        """Seconds that one call may spend waiting if it alone uses its budget; the time of the requests comes on top.

        Whoever has to end in time starts no call with less than this left.
        """
        return TRIES * (LONGEST_HOLD + 1) * self._interval

    @property
    def calls(self) -> Counter[tuple[str, str]]:
        """Requests made so far, retries included, by operation and region."""
        return Counter({key: budget.made for key, budget in self._all()})

    @property
    def throttled(self) -> Counter[tuple[str, str]]:
        """Requests that SES throttled so far, by operation and region."""
        return Counter({key: budget.throttled for key, budget in self._all() if budget.throttled})

    def calls_of(self, operation: str) -> int:
        """Return how many requests of `operation` were made in all regions, retries included."""
        return sum(budget.made for (name, _), budget in self._all() if name == operation)

    def call(self, operation: str, region: str, request: Callable[[], T]) -> T:
        """Make a request when its turn has come, and again if it was throttled or failed in passing.

        Raises:
            Exception: what the last try raised.
        """
        budget = self._budget(operation, region)
        tries = 0
        while True:
            tries += 1
            budget.wait_for_turn()
            try:
                answer = request()
            except Exception as error:  # whatever it is goes on to the caller, unless another try is due
                if not self._is_due_again(error, budget, tries):
                    raise
            else:
                budget.answered()
                return answer

    @staticmethod
    def _is_due_again(error: Exception, budget: _Budget, tries: int) -> bool:
        if kind_of(error) is Blindness.THROTTLED:
            budget.hold_up()
            return tries < TRIES
        if is_passing(error):
            return tries < TRIES_WHEN_FAILING
        budget.answered()
        return False

    def _budget(self, operation: str, region: str) -> _Budget:
        with self._lock:
            key = (operation, region)
            if key not in self._budgets:
                self._budgets[key] = _Budget(self._interval, self._clock, self._sleep)
            return self._budgets[key]

    def _all(self) -> list[tuple[tuple[str, str], _Budget]]:
        with self._lock:
            return sorted(self._budgets.items(), key=lambda entry: entry[0])


class _Budget:
    """The turns of one operation in one region. Nobody sleeps while holding the lock.

    Turns are given in the order of asking, one interval apart. Unused turns are not saved up: SES has no burst.
    """

    def __init__(self, interval: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.made = 0
        self.throttled = 0
        self._interval = interval
        self._sleep = sleep
        self._time = _SteadyTime(clock)
        self._lock = threading.Lock()
        self._next = -math.inf
        self._waiting = 0
        # By how much all turns were put off in all, until when, and after how many throttled answers in a row.
        self._put_off = 0.0
        self._held_until = -math.inf
        self._in_a_row = 0

    def wait_for_turn(self) -> None:
        with self._lock:
            now = self._time.now()
            # Nobody should wait when all turns are over. If somebody does, the clock has jumped: they go first.
            turn = self._next if self._next >= now else now + self._waiting * self._interval
            self._next = turn + self._interval
            self._waiting += 1
            self.made += 1
            seen = self._put_off
        try:
            pause = turn - now
            while pause > 0:
                self._sleep(pause)
                with self._lock:
                    pause = self._put_off - seen
                    seen = self._put_off
                turn += pause
        finally:
            with self._lock:
                self._waiting -= 1
                self._time.is_at_least(turn)

    def hold_up(self) -> None:
        """Put all turns off after a throttled answer."""
        with self._lock:
            self.throttled += 1
            self._in_a_row += 1
            now = self._time.now()
            until = now + self._interval * min(2 ** min(self._in_a_row, LONGEST_HOLD), LONGEST_HOLD)
            if until <= self._held_until:
                return
            longer = until - max(now, self._held_until)
            self._held_until = until
            self._put_off += longer
            self._next = max(self._next + longer if self._waiting else self._next, until)

    def answered(self) -> None:
        """Take note that SES does not throttle now."""
        with self._lock:
            self._in_a_row = 0


class _SteadyTime:
    """Time that never goes back and never stops, whatever the clock does; used under its budget's lock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._read = clock()
        self._ahead = 0.0

    def now(self) -> float:
        read = self._clock()
        self._ahead += max(0.0, self._read - read)
        self._read = read
        return read + self._ahead

    def is_at_least(self, moment: float) -> None:
        """Take note that somebody slept until `moment`: a clock that shows less stood still."""
        behind = moment - self.now()
        self._ahead += max(0.0, behind)


def paced_pages(
    pacer: Pacer, operation: str, region: str, call: Callable[..., Mapping[str, Any]], **request: object
) -> Iterator[Mapping[str, Any]]:
    """Yield each page of a list, each at its turn.

    Raises:
        BrokenListError: the list goes in circles or does not end.
    """

    def page(**asked: object) -> Mapping[str, Any]:
        return pacer.call(operation, region, lambda: call(**asked))

    for count, answer in enumerate(pages(page, **request), start=1):
        if count > MOST_PAGES:
            msg = f"the list does not end after {MOST_PAGES} pages"
            raise BrokenListError(msg)
        yield answer
