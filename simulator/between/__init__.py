"""Between the deployed functions and the embedded AWS: what can go wrong there, and processes that end there."""

from simulator.between.proxy import Between, BetweenError, Kind

__all__ = ["Between", "BetweenError", "Kind"]
