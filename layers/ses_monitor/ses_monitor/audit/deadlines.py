"""Reading while somebody waits: each read has so many seconds, and nobody waits for one that has been given up."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as OutOfTimeError
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Any, TypeVar

from ses_monitor.collect.accounts import AccountReader
from ses_monitor.collect.clients import Clients
from ses_monitor.collect.regions import Regions, find_regions, ses_regions
from ses_monitor.core.model import Account, Reputation, SendPoint
from ses_monitor.core.observed import Blindness, Missing, Observed

T = TypeVar("T")

LISTING_SECONDS = 4.0
"""For the list of enabled regions: without it every region is tried, which is soon done too."""
ACCOUNT_SECONDS = 12.0
"""For a region's account, without which nothing is known of it."""
DETAIL_SECONDS = 5.0
"""For everything else of a region: it blinds a check or two, and somebody is waiting."""


def begin(call: Callable[[], T]) -> Future[T]:
    """Call in a thread of its own that does not keep the program from ending, and return what will be its answer."""
    answer: Future[T] = Future()
    Thread(target=_answer, args=(answer, call), daemon=True).start()
    return answer


class Deadlines:
    """Gives each call so many seconds, in a thread that keeps neither the caller nor the end of the program waiting."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._over = Event()
        self._waiting: set[Future[Any]] = set()
        self._given_up = False

    def within(self, seconds: float, call: Callable[[], T]) -> T:
        """Return what `call` returns.

        Raises:
            TimeoutError: it took longer.
            CancelledError: `give_up` was called.
            Exception: whatever `call` raised.
        """
        answer: Future[T] = Future()
        with self._lock:
            if self._given_up:
                raise CancelledError
            self._waiting.add(answer)
        Thread(target=_answer, args=(answer, call), daemon=True).start()
        try:
            return answer.result(timeout=seconds)
        finally:
            with self._lock:
                self._waiting.discard(answer)

    def sleep(self, seconds: float) -> None:
        """Sleep, but not longer than until everything is given up.

        Raises:
            CancelledError: `give_up` was called.
        """
        if self._over.wait(seconds):
            raise CancelledError

    def give_up(self) -> None:
        """Let everybody stop waiting, now and later."""
        with self._lock:
            self._given_up = True
            waiting = tuple(self._waiting)
        self._over.set()
        for answer in waiting:
            answer.cancel()


class ImpatientReader:
    """Reads like another reader, but only for so long: an endpoint that is not there costs a person seconds."""

    def __init__(self, reader: AccountReader, deadlines: Deadlines) -> None:
        self._reader = reader
        self._deadlines = deadlines

    def account(self, region: str) -> Observed[Account]:
        """Read the account's state."""
        return self._ask(ACCOUNT_SECONDS, "ses:GetAccount", region, lambda: self._reader.account(region))

    def statistics(self, region: str) -> Observed[tuple[SendPoint, ...]]:
        """Read the sends of two weeks."""
        return self._ask(DETAIL_SECONDS, "ses:GetSendStatistics", region, lambda: self._reader.statistics(region))

    def has_verified_identity(self, region: str) -> Observed[bool]:
        """Find out whether any identity is verified."""
        return self._ask(
            DETAIL_SECONDS, "ses:ListEmailIdentities", region, lambda: self._reader.has_verified_identity(region)
        )

    def reputation(self, region: str, now: datetime) -> Observed[Reputation]:
        """Read SES's rates."""
        return self._ask(
            DETAIL_SECONDS, "cloudwatch:GetMetricData", region, lambda: self._reader.reputation(region, now)
        )

    def _ask(self, seconds: float, action: str, region: str, read: Callable[[], Observed[T]]) -> Observed[T]:
        try:
            return self._deadlines.within(seconds, read)
        except (OutOfTimeError, CancelledError):
            reason = f"{action} in {region} was not answered within {seconds:.0f} s"
            return Missing(Blindness.TIMED_OUT, reason, action)


def find_regions_soon(clients: Clients, home: str, wanted: Collection[str], deadlines: Deadlines) -> Regions:
    """Find the regions to audit as `find_regions` does; where the listing hangs, every SES region is tried."""
    try:
        return deadlines.within(LISTING_SECONDS, lambda: find_regions(clients, home, wanted))
    except OutOfTimeError:
        reason = f"account:ListRegions was not answered within {LISTING_SECONDS:.0f} s"
        return Regions(ses_regions(clients, home), (), Missing(Blindness.TIMED_OUT, reason, "account:ListRegions"))


def _answer(answer: Future[T], call: Callable[[], T]) -> None:
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - it is handed over, whatever it is, to who waits for the answer
        if answer.set_running_or_notify_cancel():
            answer.set_exception(error)
    else:
        if answer.set_running_or_notify_cancel():
            answer.set_result(result)
