"""A simulated DNS that ends with its test."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from simulator.dns.world import DnsWorld

StartDns = Callable[[Mapping[str, Any]], DnsWorld]


@pytest.fixture
def start_dns() -> Iterator[StartDns]:
    with ExitStack() as running:
        yield lambda facts: running.enter_context(DnsWorld(facts))
