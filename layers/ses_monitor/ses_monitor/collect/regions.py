"""Which regions there are to audit: those where SES exists and the account may be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.faults import ask
from ses_monitor.collect.pages import listed
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

LIST_REGIONS = "account:ListRegions"
ENABLED = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})

OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)
"""SES regions an account must opt in to (https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html)."""


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
