"""The monitor, deployed once for all end-to-end tests; each test troubles regions of its own."""

from collections.abc import Iterator

import pytest

from simulator.demo.stack import BY_WEBHOOK, DeployedMonitor
from simulator.world import WORLDS
from tests.security.function_logs import check_function_logs


@pytest.fixture(scope="session")
def monitor() -> Iterator[DeployedMonitor]:
    """ses-monitor on the embedded AWS, with a webhook, after the first audit of the demo's world.

    When all tests are over, what its functions logged meanwhile is looked through for recipients and secrets.
    """
    with DeployedMonitor(WORLDS / "demo.yaml", stack_name="ses-monitor-e2e", slack=BY_WEBHOOK) as deployed:
        deployed.audit()
        deployed.wait_until_told()
        yield deployed
        check_function_logs(deployed.aws, deployed.simulator.webhook_url)
