"""What a run could not see, kept within bounds: ten thousand identities that one failed call blinds say little more
than a hundred of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ses_monitor.audit.region import unseen
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.observed import Blindness
from ses_monitor.core.region_state import Unseen

MOST_KEPT = 500


@dataclass(slots=True)
class Notes:
    """Collects what could not be decided."""

    crashes: int = 0
    _kept: list[Unseen] = field(default_factory=list)
    _left_out: int = 0

    def add(self, region: str, evaluations: Iterable[Evaluation]) -> None:
        """Note what of `evaluations` is unknown."""
        for one in unseen(region, evaluations):
            self.crashes += one.why == Blindness.CHECK_CRASHED
            if len(self._kept) < MOST_KEPT:
                self._kept.append(one)
            else:
                self._left_out += 1

    def all(self, region: str) -> tuple[Unseen, ...]:
        """Return what was noted, and in words how much more there was."""
        if not self._left_out:
            return tuple(self._kept)
        return (*self._kept, Unseen("*", region, "*", "left_out", f"{self._left_out} more are not kept in this record"))
