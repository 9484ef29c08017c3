"""The whole path: the stack on the embedded AWS, from the topics of two regions to counters that must be right."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from ses_monitor.core.traffic import CountedBy
from ses_monitor.store.feedback_reads import FeedbackReads
from simulator.demo.stack import DeployedMonitor
from simulator.feedback_traffic import Traffic, traffic
from simulator.world import WORLDS

MAILS = 3550
"""Some 10,000 messages."""
DUPLICATES = 0.2
PUBLISHERS = 4


def deployed() -> dict[str, Any]:
    """Publish to the topics of two regions of the deployed monitor, and hold every counter against the truth."""
    start = datetime.now(UTC) - timedelta(hours=15)
    made = traffic(4, MAILS, start=start, hours=8, duplicates=DUPLICATES)
    with DeployedMonitor(WORLDS / "demo.yaml", stack_name="ses-monitor-bench") as monitor:
        monitor.deploy_region("us-east-1")
        shares = [
            (region, [each.body for each in made.stream if each.region == region][first::PUBLISHERS])
            for region in sorted({each.region for each in made.stream})
            for first in range(PUBLISHERS)
        ]
        began = time.perf_counter()
        with ThreadPoolExecutor(PUBLISHERS) as publishers:
            list(publishers.map(lambda share: monitor.publish_feedback(*share), shares))
        monitor.wait_until_ingested(600)
        seconds = time.perf_counter() - began
        wrong = _differences(made, monitor.feedback)
    return {
        "messages": len(made.stream),
        "outcomes": sum(made.events.values()),
        "seconds": round(seconds, 2),
        "per_second": round(len(made.stream) / seconds),
        "differences": wrong,
    }


def _differences(made: Traffic, reads: FeedbackReads) -> list[str]:
    """Return each counter that is not what it should be, those included that should not be there."""
    expected: dict[tuple[str, str, str], dict[datetime, dict[str, int]]] = {}
    for (region, counted_by, name, hour), counts in made.counts.items():
        hours = expected.setdefault((region, counted_by, name), {})
        hours[hour] = {tally: count for tally, count in counts.items() if count}
    wrong: list[str] = []
    for (region, counted_by, name), hours in expected.items():
        around = (min(hours) - timedelta(days=2), max(hours) + timedelta(days=2))
        kept = reads.counters(region, CountedBy(counted_by), name, *around)
        found = {hour: {tally.value: count for tally, count in counts.items() if count} for hour, counts in kept}
        wrong += [
            f"{region} {counted_by} {name} {hour:%Y-%m-%dT%H}: {found.get(hour)} instead of {hours.get(hour)}"
            for hour in sorted({*hours, *found})
            if found.get(hour) != hours.get(hour)
        ]
    return wrong
