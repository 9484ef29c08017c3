"""The three accounts whose month is priced, as worlds of the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ses_monitor_cli.enrollment import NEEDED
from simulator.feedback_traffic import From

HOURS = 730.0
"""Of a month."""
PUBLISHED = NEEDED
"""The events that SES is told to publish by `ses-monitor enroll --apply`."""
SETS = "main"
"""The configuration set that every mail goes through: SES tells the most of these."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `watched` of its sending regions are simulated, each with `simulated` identities, and count for all.

    `goal` is of dollars a month or, where it is a share, of what SES charges for the mails.
    """

    name: str
    regions: tuple[str, ...]
    identities: int
    """In each of the regions."""
    mails: int
    """A month, in all regions."""
    goal: float
    goal_is_share: bool = False
    simulated: int = 0
    """Identities in the simulated region; 0: all regions and identities are."""

    @property
    def watched(self) -> tuple[str, ...]:
        """The regions that are simulated with identities."""
        return self.regions[:1] if self.simulated else self.regions

    @property
    def factor(self) -> float:
        """How many times the audit of the simulated identities has to be counted."""
        return len(self.regions) * self.identities / (self.simulated or self.identities) / len(self.watched)

    @property
    def events_per_second(self) -> float:
        """Mails a second, in all regions."""
        return self.mails / HOURS / 3600

    def senders(self) -> tuple[From, ...]:
        """Return who sends: one domain of each region."""
        return tuple(From(region, domain(0), SETS) for region in self.regions)

    def world(self) -> dict[str, Any]:
        """Return the account as the simulator takes it: all 33 regions enabled, those that do not send untouched."""
        unused: Mapping[str, Any] = {
            "opt_status": "ENABLED",
            "account": {"production_access": False},
            "identities": [],
            "send_statistics": [],
        }
        hourly = self.mails / HOURS / len(self.regions)
        quota = {"max_24_hour": max(50_000.0, hourly * 24 * 3), "max_rate": max(14.0, hourly / 600)}
        count = self.simulated or self.identities
        destination = {"name": "ses-monitor", "target": "ses-monitor-feedback", "events": list(PUBLISHED)}
        used: Mapping[str, Any] = {
            "account": {"quota": quota},
            "identities": [{"name": domain(n)} for n in range(count)],
            "configuration_sets": [{"name": SETS, "destinations": [destination]}],
            "send_statistics": [{"per_hour": hourly}] if hourly else [],
        }
        elsewhere = {region: {**used, "identities": [{"name": domain(0)}]} for region in self.regions}
        return {"default_region": unused, "regions": {**elsewhere, **{region: dict(used) for region in self.watched}}}


def domain(n: int) -> str:
    """Return the name of an identity."""
    return f"d{n:05}.example"


ACCOUNTS = (
    Account("idle", ("eu-west-1",), identities=3, mails=0, goal=0.50),
    Account("usual", ("us-east-1", "eu-west-1", "ap-southeast-2"), identities=17, mails=1_000_000, goal=2.00),
    Account(
        "large",
        ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"),
        identities=10_000,
        mails=100_000_000,
        goal=0.01,
        goal_is_share=True,
        simulated=1_000,
    ),
)
