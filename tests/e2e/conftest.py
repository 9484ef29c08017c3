"""The monitor, deployed once for all end-to-end tests; each test troubles regions of its own."""

from collections.abc import Iterator

import pytest

from simulator.demo.stack import BY_WEBHOOK, DeployedMonitor
from simulator.world import WORLDS


@pytest.fixture(scope="session")
def monitor() -> Iterator[DeployedMonitor]:
    """ses-monitor on the embedded AWS, with a webhook, after the first audit of the demo's world."""
    with DeployedMonitor(WORLDS / "demo.yaml", stack_name="ses-monitor-e2e", slack=BY_WEBHOOK) as deployed:
        deployed.audit()
        deployed.wait_until_told()
        yield deployed
