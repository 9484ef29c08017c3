"""A Lambda function that makes the calls it is told of and does nothing with the answers: a yardstick for the audits.

The event: `{"first": [[service, operation], …], "in": REGION, "regions": {REGION: [[service, operation], …]},
"at_once": WIDTH}`. What is `first` is called one after another, then the regions, so many at once, each in a thread.
It is deployed as this file alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3


def _metric_data() -> dict[str, Any]:
    now = datetime.now(UTC)
    stat = {"Metric": {"Namespace": "AWS/SES", "MetricName": "Send"}, "Period": 60, "Stat": "Sum"}
    return {
        "MetricDataQueries": [{"Id": "sent", "MetricStat": stat}],
        "StartTime": now - timedelta(hours=1),
        "EndTime": now,
    }


CALLS: Mapping[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "GetAccount": ("get_account", dict),
    "GetMetricData": ("get_metric_data", _metric_data),
    "GetSendStatistics": ("get_send_statistics", dict),
    "ListEmailIdentities": ("list_email_identities", lambda: {"PageSize": 1000}),
    "ListRegions": ("list_regions", dict),
}
"""The operation's method, and with what it is called."""

session: Any = boto3.Session()
clients: dict[tuple[str, str], Any] = {}
making = threading.Lock()


def handler(event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """Make the calls; return how many there were."""
    done = _in_turn(event["in"], event["first"])
    with ThreadPoolExecutor(event["at_once"]) as pool:
        done += sum(pool.map(lambda each: _in_turn(*each), event["regions"].items()))
    return {"calls": done}


def _in_turn(region: str, calls: Sequence[tuple[str, str]]) -> int:
    for service, operation in calls:
        with making:  # making a client is not thread-safe
            if (service, region) not in clients:
                clients[service, region] = session.client(service, region_name=region)
        method, parameters = CALLS[operation]
        getattr(clients[service, region], method)(**parameters())
    return len(calls)
