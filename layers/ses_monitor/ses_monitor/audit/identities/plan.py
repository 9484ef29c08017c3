"""Every hour: one message for each region whose identities are to be audited, and one for each that no longer is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from ses_monitor.collect.regions import Regions
from ses_monitor.core.identity_run import IdentityRun, Task
from ses_monitor.core.observed import Missing
from ses_monitor.core.region_state import RegionState


def plan_identities(
    regions: Regions, states: Mapping[str, RegionState], runs: Mapping[str, IdentityRun], now: datetime
) -> list[Task]:
    """Return the tasks of one hour: those that waited longest first, so that none is starved by another.

    Where AWS could not be asked which regions are enabled, those that nobody opted in to are left out: the audit of
    accounts has no state of them. And none is left for good, because none is known to be disabled.
    """
    run = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    readable = [each for each in regions.audited if each in states or not regions.probably_disabled(each)]
    readable.sort(key=lambda region: runs[region].went_on_at if region in runs else datetime.min.replace(tzinfo=UTC))
    tasks = [Task(region, run) for region in readable]
    if isinstance(regions.listing, Missing):
        return tasks
    return tasks + [Task(region, run, leave=True) for region in sorted(set(runs) - set(regions.audited))]
