"""The end of a run in a region: what its first audit found is told in one summary, and its verdict learns of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from ses_monitor.audit.identities.store import IdentityStore
from ses_monitor.audit.region import with_identities
from ses_monitor.core.baseline import baseline_of
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import RegionState
from ses_monitor.core.stored import Stored
from ses_monitor.core.verdict import Cause, Verdict

BASELINE = "identities"
ATTEMPTS = 5
"""For a region's state that the audit of accounts writes too, every few minutes."""


def is_first(state: RegionState | None) -> bool:
    """Tell whether the first audit of a region's identities is not over yet."""
    return state is None or BASELINE not in state.baselined


def told_before(run: IdentityRun, stored: Iterable[Stored]) -> frozenset[str]:
    """Name what an earlier summary of a region's first audit has told, given what is stored before this one works."""
    told_at = run.told_at
    return frozenset(each.finding_id for each in stored if told_at is not None and each.written_at <= told_at)


def tell_first(
    store: IdentityStore, account_id: str, found: Iterable[Stored], told: Collection[str], mutes: Sequence[Mute]
) -> None:
    """Store the summary of what a region's first audit found, without what was `told` in an earlier one of it."""
    baseline = baseline_of(account_id, [each for each in found if each.finding_id not in told], mutes)
    if baseline is not None:
        store.save_baseline(baseline)


def first_is_over(run: IdentityRun) -> bool:
    """Tell whether a run that now ends is the last of a region's first audit.

    It is the one after everything was looked at closely once: what has to be seen twice before it is told (the DNS)
    was seen twice then, and belongs to the summary too.
    """
    return run.unlooked == 0


def judge_region(
    store: IdentityStore, region: str, causes: tuple[Cause, ...], now: datetime, *, first_is_over: bool
) -> bool:
    """Let the region's state say what is wrong with its identities; False where others were always before us.

    Then the next run says it, an hour later.
    """
    for _ in range(ATTEMPTS):
        before = store.region_states().get(region)
        state = before or RegionState(region, Verdict.UNKNOWN, now)
        state = with_identities(replace(state, identity_causes=causes), before.identity_causes if before else (), now)
        if first_is_over:
            state = replace(state, baselined=state.baselined | {BASELINE})
        if store.save_region_state(state, before):
            return True
    return False
