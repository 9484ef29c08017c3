"""Which changes nobody was told of, when only their place in the table's stream was kept: the table has them still."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ses_monitor.alerts.publish import CHANNEL
from ses_monitor.core.stored import Change
from ses_monitor.store.queries import Queries
from ses_monitor_cli.dead_letters import Letter

MARGIN = timedelta(minutes=2)
"""Lambda says about when records arrived in the stream, which is after they were written."""
MOST = 200
"""Changes of one region that are looked at; each costs a query."""


def untold(queries: Queries, letters: Iterable[Letter]) -> tuple[Change, ...]:
    """Return the changes in these parts of the stream that the alert topic was never told, the last first.

    What a later change has overtaken is told with that one; what is muted, or in the summary of a first audit, is not
    told by itself. Raises what reading the table raises.
    """
    spans = [(each.first - MARGIN, (each.last or each.first) + MARGIN) for each in letters if each.first is not None]
    if not spans:
        return ()
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    found: list[Change] = []
    for state in queries.regions():
        changes = queries.changes(state.region, first, last, limit=MOST)
        within = (each for each in changes if any(start <= each.at <= end for start, end in spans))
        found += [each for each in within if not each.muted_by and not each.baseline and not _told(queries, each)]
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def _told(queries: Queries, change: Change) -> bool:
    told = queries.told(CHANNEL, change.finding_id)
    return told is not None and told.version >= change.version
