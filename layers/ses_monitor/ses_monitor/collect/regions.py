"""Which regions there are to audit: those where SES exists and the account may be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.faults import ask
from ses_monitor.collect.pages import listed
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.regions import OPT_IN

LIST_REGIONS = "account:ListRegions"
ENABLED = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})


@dataclass(frozen=True, slots=True)
class Regions:
    """What to audit and what to leave out. `listing` tells whether AWS could be asked what is enabled."""

    audited: tuple[str, ...]
    skipped: tuple[str, ...]
    listing: Observed[frozenset[str]]

    def probably_disabled(self, region: str) -> bool:
        """Tell whether refused credentials in `region` may just mean that nobody opted in to it."""
        return isinstance(self.listing, Missing) and region in OPT_IN


def ses_regions(clients: Clients, home: str) -> tuple[str, ...]:
    """Return every region of `home`'s partition where SES exists, as botocore knows them."""
    partition = clients.session.get_partition_for_region(home)
    return tuple(clients.session.get_available_regions("sesv2", partition_name=partition))


def find_regions(clients: Clients, home: str, wanted: Collection[str] = ()) -> Regions:
    """Return the regions to audit: `wanted` if given, else every SES region enabled for the account.

    Where the account's regions cannot be listed, every SES region is tried.
    """
    if wanted:
        return Regions(tuple(wanted), (), Known(frozenset(wanted)))
    everywhere = ses_regions(clients, home)
    listing = ask(LIST_REGIONS, home, lambda: _enabled(clients, everywhere))
    if listing == Known(frozenset()):
        listing = Missing(Blindness.UNREADABLE, f"{LIST_REGIONS} named no enabled region at all", LIST_REGIONS)
    if isinstance(listing, Missing):
        return Regions(everywhere, (), listing)
    audited = tuple(region for region in everywhere if region in listing.value)
    return Regions(audited, tuple(region for region in everywhere if region not in listing.value), listing)


def _enabled(clients: Clients, everywhere: tuple[str, ...]) -> frozenset[str]:
    # The endpoint is global within a partition, and signed for this region in the commercial one.
    signing = "us-east-1" if "us-east-1" in everywhere else everywhere[0]
    pager = clients.account(signing).get_paginator("list_regions")
    regions = [region for page in pager.paginate() for region in listed(page, "Regions")]
    return frozenset(region.get("RegionName", "") for region in regions if region.get("RegionOptStatus") in ENABLED)
