"""Read many regions at once, each in its own thread: a region that is slow, denied or down costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as OutOfTimeError

from ses_monitor.collect.accounts import AccountReader, Asked, Collected, collect_account
from ses_monitor.collect.regions import Regions
from ses_monitor.core.check import bounded
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Blindness, Missing

AT_ONCE = 33
"""Every SES region of the commercial partition side by side: the work is waiting, not computing."""


def collect_regions(
    reader: AccountReader,
    asked: Sequence[Asked],
    *,
    seconds: float,
    crashed: Callable[[str, BaseException], None],
) -> Iterator[Collected]:
    """Yield each region as soon as it is read, and in the end those that were not within `seconds`.

    A reader that raises is reported to `crashed` and makes its own region unknown.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, min(AT_ONCE, len(asked))), thread_name_prefix="region")
    futures: dict[Future[Collected], Asked] = {pool.submit(collect_account, reader, each): each for each in asked}
    waiting = dict(futures)
    try:
        for future in as_completed(futures, timeout=seconds):
            yield _taken(future, waiting.pop(future), crashed)
    except OutOfTimeError:
        for future, one in waiting.items():
            if future.done():
                # Read in time, while the caller was busy with another region.
                yield _taken(future, one, crashed)
                continue
            reason = f"{one.region} was not read within the {seconds:.0f} s of this audit"
            yield _unread(one, Missing(Blindness.TIMED_OUT, reason, "ses:GetAccount"))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _taken(future: Future[Collected], one: Asked, crashed: Callable[[str, BaseException], None]) -> Collected:
    error = future.exception()
    if error is None:
        return future.result()
    crashed(one.region, error)
    reason = bounded(f"reading {one.region} failed: {error!r}")
    return _unread(one, Missing(Blindness.UNREADABLE, reason, "ses:GetAccount"))


def _unread(one: Asked, missing: Missing) -> Collected:
    return Collected(Snapshot(one.account_id, one.region, one.now, account=missing, memory=one.memory), one.hourly)


def leave_out_disabled(collected: Collected, regions: Regions) -> bool:
    """Tell whether a region refused these credentials only because nobody opted in to it."""
    account = collected.snapshot.account
    return (
        isinstance(account, Missing)
        and account.why is Blindness.CREDENTIALS
        and regions.probably_disabled(collected.snapshot.region)
    )
