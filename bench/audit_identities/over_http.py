"""The same hour against the simulator, over HTTP and in real time, with SES's throttle on: the count of its own log.

`python -m bench.audit_identities.over_http N REGIONS`. The regions are audited side by side, as if each had a function
of its own; that changes no count, because each has budgets of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from bench.audit_identities.cells import LATER, names_of
from bench.audit_identities.simulated import ACCOUNT_ID, DynamoDb, crashed, due_in_turn, no_dns, table_of
from ses_monitor.audit.identities import run as identities
from ses_monitor.audit.identities.run import Assignment, Sources, audit_identities
from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import Clients
from ses_monitor.collect.identities import AwsIdentityReader
from ses_monitor.collect.pacing import Pacer
from ses_monitor.core.identity_run import Task
from simulator.server import Simulator
from simulator.world import ses_regions

UNPACED = 1e4
SECONDS = 600.0


def audited(number: int, regions: Sequence[str]) -> dict[str, Any]:
    """Audit all regions twice without a throttle, which leaves nothing new, and then once with it."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    names = names_of(number)
    region = {"identities": [{"name": name} for name in names]}
    facts = {"regions": dict.fromkeys(regions, region)}
    dynamodb = DynamoDb()
    with patch.object(identities, "MOST_EXTRA", number):
        for hour in range(2):
            _hour(facts, regions, dynamodb, hour, Pacer(UNPACED))
    due = {each: due_in_turn(names, _turn(dynamodb, each)) for each in regions}
    started = time.perf_counter()
    pacer = Pacer()
    calls = _hour({**facts, "throttle_like_ses": True}, regions, dynamodb, 2, pacer)
    return {
        "regions": len(regions),
        "calls": dict(sorted(calls.items())),
        "throttled": pacer.throttled.total(),
        "due": sum(due.values()),
        "wall_s": round(time.perf_counter() - started, 1),
    }


def _turn(dynamodb: DynamoDb, region: str) -> int:
    run = table_of(dynamodb).identity_run(region)
    return run.turn if run else 0


def _hour(
    facts: Mapping[str, Any], regions: Sequence[str], dynamodb: DynamoDb, hour: int, pacer: Pacer
) -> Counter[str]:
    """Audit each region once; return how often each operation was asked, all regions together."""
    now = LATER + timedelta(hours=hour)
    with Simulator(facts) as simulator:
        os.environ |= simulator.environment()
        clients = Clients()
        reader, accounts = AwsIdentityReader(clients, pacer), AwsAccountReader(clients)

        def audit(region: str) -> None:
            goes_on: list[Task] = [Task(region, f"{now:%Y%m%dT%H%M%S}")]
            sources = Sources(reader, accounts, no_dns, goes_on.append)
            while goes_on:
                assignment = Assignment(goes_on.pop(), ACCOUNT_ID, now, SECONDS)
                outcome = audit_identities(sources, table_of(dynamodb), assignment, crashed)
                if outcome.run is None:
                    raise RuntimeError(outcome)

        with ThreadPoolExecutor(max_workers=len(regions)) as side_by_side:
            list(side_by_side.map(audit, regions))
        counted = Counter[str]()
        for call, times in simulator.calls.counts().items():
            counted[call.operation] += times
    return counted


def main(arguments: Sequence[str]) -> int:
    """Audit and print the outcome as JSON."""
    number, regions = map(int, arguments)
    sys.stdout.write(json.dumps(audited(number, sorted(ses_regions())[:regions])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
