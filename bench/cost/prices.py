"""AWS's prices (prices.toml) and what a month's use comes to."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("prices.toml")
ABOUT = ("date", "region")


@dataclass(frozen=True, slots=True)
class Price:
    """Of something AWS counts: `price` dollars for `amount` of it, `free` of it each month."""

    service: str
    what: str
    price: float
    amount: float
    free: float
    source: str

    def charge(self, used: float, *, free: bool) -> float:
        """Return the dollars for a month's use; `free`: nothing else in the account uses the free allowance."""
        return max(0.0, used - (self.free if free else 0.0)) / self.amount * self.price


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a bill. `listed` is the charge at list price, `with_free` that beyond what is always free."""

    name: str
    price: Price
    used: float
    listed: float
    with_free: float


def document() -> dict[str, Any]:
    """Return the file as it is."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def prices() -> dict[str, Price]:
    """Return every price by its name."""
    listed = {name: each for name, each in document().items() if name not in ABOUT}
    return {
        name: Price(each["service"], each["what"], each["price"], each["for"], each["free"], each["source"])
        for name, each in listed.items()
    }


def bill(used: Mapping[str, float]) -> list[Charge]:
    """Return what a month's use costs, in the order of the file. What has no price is an error, not free.

    Raises:
        KeyError: something used has no price.
    """
    known = prices()
    unknown = used.keys() - known.keys()
    if unknown:
        raise KeyError(min(unknown))
    return [
        Charge(name, price, used[name], price.charge(used[name], free=False), price.charge(used[name], free=True))
        for name, price in known.items()
        if name in used
    ]


def by_service(charges: list[Charge]) -> dict[str, tuple[float, float]]:
    """Return the sums of each service: at list price, and beyond what is free."""
    sums: dict[str, tuple[float, float]] = {}
    for each in charges:
        listed, with_free = sums.get(each.price.service, (0.0, 0.0))
        sums[each.price.service] = (listed + each.listed, with_free + each.with_free)
    return sums
