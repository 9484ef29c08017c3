"""What an operation is given: the world, where and when it is asked, and the parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.world import Region, WorldFacts

Rewrite = Callable[[str, Callable[[WorldFacts], Mapping[str, object]]], None]
"""Changes a region by what is made of the facts as they are then: `LiveWorld.rewrite`."""


@dataclass(frozen=True, slots=True)
class Question:
    """One call, already parsed and found valid. What it writes it writes with `rewrite`."""

    facts: WorldFacts
    region_name: str
    now: datetime
    params: Mapping[str, Any]
    rewrite: Rewrite

    @property
    def region(self) -> Region:
        """What is true of the region that is asked."""
        return self.facts.region(self.region_name)


Operation = Callable[[Question], Mapping[str, Any]]
