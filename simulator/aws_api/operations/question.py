"""What an operation is given: the world, where and when it is asked, and the parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.world import Region, WorldFacts


@dataclass(frozen=True, slots=True)
class Question:
    """One call, already parsed and found valid."""

    facts: WorldFacts
    region_name: str
    now: datetime
    params: Mapping[str, Any]

    @property
    def region(self) -> Region:
        """What is true of the region that is asked."""
        return self.facts.region(self.region_name)


Operation = Callable[[Question], Mapping[str, Any]]
