"""The account audit of every region, as it runs every five minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ses_monitor.audit.collecting import collect_regions, leave_out_disabled
from ses_monitor.audit.region import FAMILIES, RegionAudit, audit_region, close_region
from ses_monitor.collect.accounts import AccountReader, Asked
from ses_monitor.collect.regions import Regions
from ses_monitor.core.baseline import baseline_of
from ses_monitor.core.model import NOT_ASKED, Memory, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RegionState, RunRecord, Unseen
from ses_monitor.core.settle import Settlement
from ses_monitor.core.stored import Baseline, Change, Stored

FUNCTION = "audit_accounts"


class Saved(Protocol):
    """What became of a settlement that was saved."""

    @property
    def recorded(self) -> Sequence[Change]:
        """The changes this run recorded."""

    @property
    def conflicts(self) -> int:
        """How many states another run had written in between."""


class AuditStore(Protocol):
    """The part of the table that this audit reads and writes."""

    def findings(self, family: str, region: str | None = None) -> list[Stored]:
        """Return the stored findings of a family of checks."""

    def region_states(self) -> Mapping[str, RegionState]:
        """Return every region's state."""

    def mutes(self, now: datetime) -> Sequence[Mute]:
        """Return the mutes in force."""

    def save(self, settlement: Settlement) -> Saved:
        """Store a settlement, each change with its states in one transaction."""

    def save_baseline(self, baseline: Baseline) -> bool:
        """Store the summary of a first audit, once."""

    def delete_region_state(self, region: str) -> None:
        """Forget a region that is audited no more; its history stays."""

    def save_region_state(self, state: RegionState, before: RegionState | None) -> bool:
        """Store a region's state if it changed."""

    def save_account_snapshot(self, region: str, facts: AccountFacts, before: AccountFacts | None) -> bool:
        """Add the account's facts to their history if they changed."""

    def save_run(self, run: RunRecord) -> None:
        """Store the record of this run."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run is to cover. `seconds` bounds the reading; `now` (UTC) is the time of every snapshot."""

    account_id: str
    home_region: str
    regions: Regions
    sending_regions: frozenset[str]
    now: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to. `seen` holds the snapshots of the regions that were audited, `states` how it left these."""

    run: RunRecord
    changes: tuple[Change, ...]
    crashes: int
    seen: tuple[Snapshot, ...] = ()
    states: tuple[RegionState, ...] = ()


def audit_accounts(
    reader: AccountReader, store: AuditStore, plan: Plan, crashed: Callable[[str, BaseException], None]
) -> Outcome:
    """Audit every region of `plan` and store what came of it, region by region as the answers arrive.

    What is cut off in the middle has resolved nothing: a region is settled only from a whole snapshot.

    Raises:
        botocore.exceptions.ClientError: the table could not be read or written; the next run starts anew.
    """
    began = time.monotonic()
    states = store.region_states()
    mutes = store.mutes(plan.now)
    stored: dict[str, list[Stored]] = {}
    for family in FAMILIES:
        for each in store.findings(family):
            stored.setdefault(each.region, []).append(each)

    audits: list[RegionAudit] = []
    changes: list[Change] = []
    conflicts = 0
    skipped = list(plan.regions.skipped)
    asked = [_asked(region, plan, states.get(region)) for region in plan.regions.audited]
    for collected in collect_regions(reader, asked, seconds=plan.seconds, crashed=crashed):
        region = collected.snapshot.region
        if leave_out_disabled(collected, plan.regions):
            skipped.append(region)
            continue
        audit = audit_region(collected.snapshot, stored.get(region, []), states.get(region), collected.hourly, mutes)
        saved = store.save(audit.settlement)
        if not audit.first:
            _save_state(store, audit, states.get(region))
        audits.append(audit)
        changes += saved.recorded
        conflicts += saved.conflicts

    _tell_first(store, plan, [audit for audit in audits if audit.first], states, mutes)
    for region in _left_out(plan, [*states, *stored]):
        saved = store.save(close_region(plan.account_id, region, plan.now, stored.get(region, []), mutes))
        store.delete_region_state(region)
        changes += saved.recorded
        conflicts += saved.conflicts
    unseen = tuple(one for audit in audits for one in audit.unseen)
    run = RunRecord(
        function=FUNCTION,
        started_at=plan.now,
        duration_ms=int((time.monotonic() - began) * 1000),
        regions=tuple(sorted(audit.snapshot.region for audit in audits)),
        skipped=tuple(sorted(skipped)),
        unseen=unseen,
        changes=len(changes),
        conflicts=conflicts,
        complete=all(isinstance(audit.snapshot.account, Known) for audit in audits),
    )
    store.save_run(run)
    seen, after = tuple(audit.snapshot for audit in audits), tuple(audit.state for audit in audits)
    return Outcome(run, tuple(changes), _crashes(unseen), seen, after)


def _asked(region: str, plan: Plan, state: RegionState | None) -> Asked:
    return Asked(
        account_id=plan.account_id,
        region=region,
        now=plan.now,
        listed_as_sending=region in plan.sending_regions,
        enabled_regions=plan.regions.listing if region == plan.home_region else NOT_ASKED,
        memory=state.memory if state else Memory(),
        hourly=state.hourly if state else None,
    )


def _left_out(plan: Plan, known: Iterable[str]) -> list[str]:
    """Name the regions the table knows that are audited no more, by choice: disabled, or not among `Regions`."""
    if isinstance(plan.regions.listing, Missing):
        return []
    return sorted(set(known) - set(plan.regions.audited))


def _tell_first(
    store: AuditStore,
    plan: Plan,
    audits: Sequence[RegionAudit],
    states: Mapping[str, RegionState],
    mutes: Sequence[Mute],
) -> None:
    """Tell what the first audit of these regions found, then note that they had one: cut off, it begins anew."""
    baseline = baseline_of(plan.account_id, [each for audit in audits for each in audit.open_after], mutes)
    if baseline is not None:
        store.save_baseline(baseline)
    for audit in audits:
        _save_state(store, audit, states.get(audit.snapshot.region))


def _save_state(store: AuditStore, audit: RegionAudit, before: RegionState | None) -> None:
    state = audit.state
    if state.account is not None and not isinstance(audit.snapshot.account, Missing):
        store.save_account_snapshot(state.region, state.account, before.account if before else None)
    store.save_region_state(state, before)


def _crashes(unseen: Sequence[Unseen]) -> int:
    return sum(one.why == Blindness.CHECK_CRASHED for one in unseen)
