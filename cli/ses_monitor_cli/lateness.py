"""Whether anybody has looked lately: what the table says is worth no more than its last audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ses_monitor.alerts.words import duration
from ses_monitor.audit.overdue import period_of
from ses_monitor.core.region_state import RunRecord

RUNS = 10
"""Enough of the last runs to tell how often they start."""


def how_late(runs: Sequence[RunRecord], now: datetime) -> str:
    """Say for how long nobody has looked, and where to look for why."""
    if not runs:
        return "no audit yet: the table holds no run of audit_accounts. Look at the function's log and its schedule."
    age, period = duration(now - runs[0].started_at), duration(period_of(runs))
    return f"no audit for {age}, though one is due every {period}. Look at audit_accounts' log and its schedule."
