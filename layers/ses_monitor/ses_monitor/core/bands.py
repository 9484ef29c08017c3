"""Thresholds with hysteresis: a rate that hovers at a line opens one finding, not one every audit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class Band(Generic[L]):
    """From `opens` upwards the value is in this band; once in, it stays until it falls below `closes`."""

    opens: float
    closes: float
    label: L


def bands_of(value: float, bands: Sequence[Band[L]]) -> Iterator[tuple[L, bool]]:
    """Yield the bands `value` may count as, weightiest first: each label, and whether it holds only.

    `bands` are ordered from the highest. The first band whose `opens` is reached is certain and ends the list;
    those before it whose `closes` is still reached hold an open finding, but open none.
    """
    for band in bands:
        if value >= band.opens:
            yield band.label, False
            return
        if value >= band.closes:
            yield band.label, True
