"""Reads from the table what the report shows: a few queries for each region, all bounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from ses_monitor.audit.accounts import FUNCTION
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.mutes import Mutes
from ses_monitor_cli import clock
from ses_monitor_cli.deployed import Deployed, reading
from ses_monitor_cli.lateness import RUNS
from ses_monitor_cli.report.model import Read, start_of

MOST_FINDINGS = 20_000
MOST_LOOKS = 2000
"""Looks at one account: at most one in five minutes is stored, and only where something changed."""


def read(deployed: Deployed, chosen: Sequence[str], days: int, now: datetime) -> Read:
    """Read the regions chosen, or all of them.

    Raises:
        CannotLookError: the table cannot be read.
    """
    queries = deployed.queries
    with reading(deployed):
        runs = queries.runs(FUNCTION, limit=RUNS)
        states = [each for each in queries.regions() if not chosen or each.region in chosen]
        stored = queries.open_findings(limit=MOST_FINDINGS)
        feedback = FeedbackReads(deployed.client, deployed.table, clock=clock.utc_now)
        mutes = Mutes(deployed.client, deployed.table, clock=clock.utc_now).in_force(now)
        regions = sorted(
            {each.region for each in states} | {run.region for run in queries.identity_runs()} | set(chosen)
        )
        regions = [each for each in regions if not chosen or each in chosen]
        start = start_of(now, days)
        return Read(
            account=_account(deployed, regions, now),
            named=deployed.named,
            at=now,
            days=days,
            chosen=tuple(chosen),
            states=tuple(states),
            runs=tuple(runs),
            stored=tuple(each for each in stored if not chosen or each.region in chosen),
            mutes=tuple(sorted(mutes, key=lambda mute: (mute.expires_at, mute.mute_id))),
            identities={region: queries.identities(region) for region in regions},
            traffic={region: feedback.traffic(region, now, since=start) for region in regions},
            accounts={region: queries.account_history(region, limit=MOST_LOOKS) for region in regions},
        )


def _account(deployed: Deployed, regions: Sequence[str], now: datetime) -> str:
    """Return the account's number, as the stack's ARNs or the last change have it; empty where neither does."""
    for value in deployed.stack.outputs.values() if deployed.stack else ():
        if found := re.match(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}):", value):
            return found[1]
    for region in regions:
        for change in deployed.queries.changes(region, now - timedelta(days=400), now + timedelta(minutes=1), limit=1):
            return change.account_id
    return ""
