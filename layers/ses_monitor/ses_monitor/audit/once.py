"""One audit without a table: what a person can learn right now with credentials of their own. No memory, no damping."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as OutOfTimeError
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread
from typing import Any, TypeVar

from ses_monitor.audit.collecting import collect_regions, leave_out_disabled
from ses_monitor.audit.region import account_checks, facts_of, unseen
from ses_monitor.checks.region import coverage
from ses_monitor.collect.accounts import AccountReader, Asked
from ses_monitor.collect.clients import Clients
from ses_monitor.collect.regions import Regions, find_regions, ses_regions
from ses_monitor.core.check import Finding
from ses_monitor.core.engine import run
from ses_monitor.core.model import NOT_ASKED, Account, Reputation, SendPoint, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.region_state import AccountFacts, Unseen
from ses_monitor.core.verdict import RegionVerdict, judge

T = TypeVar("T")

LISTING_SECONDS = 4.0
"""For the list of enabled regions: without it every region is tried, which is soon done too."""
ACCOUNT_SECONDS = 12.0
"""For a region's account, without which nothing is known of it."""
DETAIL_SECONDS = 5.0
"""For everything else of a region: it blinds a check or two, and somebody is waiting."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and the check that found it."""

    check_id: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Report:
    """What one look at a region says. `account` is None where it could not be read."""

    region: str
    verdict: RegionVerdict
    account: AccountFacts | None
    findings: tuple[Found, ...]
    unseen: tuple[Unseen, ...]


class Deadlines:
    """Gives each call so many seconds, in a thread that keeps neither the caller nor the end of the program waiting."""

    def __init__(self) -> None:
        self._lock = Lock()
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

    def give_up(self) -> None:
        """Let everybody stop waiting, now and later."""
        with self._lock:
            self._given_up = True
            waiting = tuple(self._waiting)
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


@dataclass(frozen=True, slots=True)
class Look:
    """What to look at: `home` (one of the regions, as a rule) is where the listing of regions is accounted for."""

    regions: Regions
    home: str
    sending_regions: frozenset[str]
    now: datetime
    account_id: str = ""


def look(
    reader: AccountReader, asked: Look, crashed: Callable[[str, BaseException], None]
) -> Iterator[tuple[str, Report | None]]:
    """Yield each region as soon as it is read, with its report; None for one that nobody opted in to."""
    audited = asked.regions.audited
    noted_on = asked.home if asked.home in audited else next(iter(audited), "")
    each_asked = [
        Asked(
            account_id=asked.account_id,
            region=region,
            now=asked.now,
            listed_as_sending=region in asked.sending_regions,
            enabled_regions=asked.regions.listing if region == noted_on else NOT_ASKED,
        )
        for region in audited
    ]
    longest = ACCOUNT_SECONDS + 2 * DETAIL_SECONDS + 5
    for collected in collect_regions(reader, each_asked, seconds=longest, crashed=crashed):
        region = collected.snapshot.region
        yield region, None if leave_out_disabled(collected, asked.regions) else report(collected.snapshot)


def report(snapshot: Snapshot) -> Report:
    """Check and judge one snapshot by itself.

    Nothing is open from before, so what only holds an open finding is no finding. Blindness that lasts cannot be
    told from one look either: it is listed as unseen, once, where no other check says so already.
    """
    running = [check for check in account_checks() if check.id != coverage.CHECK.id]
    evaluations = tuple(run(running, snapshot))
    blind = unseen(snapshot.region, evaluations)
    told = {each.reason for each in blind}
    blind += tuple(
        Unseen(coverage.CHECK.id, snapshot.region, snapshot.name, missing.why.value, missing.reason)
        for missing in dict.fromkeys(snapshot.blind_spots())
        if missing.reason not in told
    )
    account = snapshot.account
    return Report(
        region=snapshot.region,
        verdict=judge(snapshot, evaluations),
        account=facts_of(account.value, snapshot) if isinstance(account, Known) else None,
        findings=tuple(
            Found(evaluation.check_id, finding)
            for evaluation in evaluations
            for finding in evaluation.findings
            if not finding.holds_only
        ),
        unseen=blind,
    )


def _answer(answer: Future[T], call: Callable[[], T]) -> None:
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - it is handed over, whatever it is, to who waits for the answer
        if answer.set_running_or_notify_cancel():
            answer.set_exception(error)
    else:
        if answer.set_running_or_notify_cancel():
            answer.set_result(result)
