"""The monitor, deployed once for all end-to-end tests; each test troubles regions of its own."""

from collections.abc import Iterator

import pytest

from simulator.demo.stack import DeployedMonitor
from simulator.world import WORLDS


@pytest.fixture(scope="session")
def monitor() -> Iterator[DeployedMonitor]:
    """ses-monitor on the embedded AWS after the first audit of the demo's world."""
    with DeployedMonitor(WORLDS / "demo.yaml", stack_name="ses-monitor-e2e") as deployed:
        deployed.audit()
        deployed.wait_until_told()
        yield deployed
