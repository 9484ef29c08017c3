"""Whether the audits still run: without that, what the table says is only what was true once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from ses_monitor.core.region_state import RunRecord

PERIOD = timedelta(minutes=5)
"""How often the accounts are audited unless the stack's schedule was changed."""


def period_of(runs: Sequence[RunRecord]) -> timedelta:
    """Return how often audits start, judged by the last ones; runs by hand in between do not make it shorter."""
    starts = sorted(run.started_at for run in runs)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(starts)]
    return max(PERIOD, timedelta(seconds=round(median(gaps)))) if gaps else PERIOD


def is_overdue(runs: Sequence[RunRecord], now: datetime) -> bool:
    """Tell whether the last audit is older than two periods at `now` (UTC), or there was none."""
    if not runs:
        return True
    return now - max(run.started_at for run in runs) > 2 * period_of(runs)
