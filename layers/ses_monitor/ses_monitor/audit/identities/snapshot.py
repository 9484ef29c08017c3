"""What the checks on identities want to know of the region as a whole: its account, and whether it is in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ses_monitor.collect.identities import Listed
from ses_monitor.core.model import IN_USE_WINDOW, NOT_ASKED, Account, Memory, SendPoint, Snapshot
from ses_monitor.core.observed import Known, Missing, Observed
from ses_monitor.core.region_state import RegionState


class AccountReads(Protocol):
    """The reads of a region's account that this audit needs."""

    def account(self, region: str) -> Observed[Account]:
        """Read the account's state."""

    def statistics(self, region: str) -> Observed[tuple[SendPoint, ...]]:
        """Read the sends of two weeks."""


def region_snapshot(
    reads: AccountReads,
    state: RegionState | None,
    blank: Snapshot,
    listing: Observed[Iterable[Listed]],
    production_elsewhere: tuple[str, ...],
) -> Snapshot:
    """Return `blank` (account id, region, time, whether listed as sending) with what is known of the region.

    Whether it sent mail lately the audit of accounts knows within the hour; it is read anew only where nothing else
    shows that the region is in use.
    """
    account = reads.account(blank.region)
    verified = (
        listing if isinstance(listing, Missing) else Known(any(_is_verified(identity) for identity in listing.value))
    )
    snapshot = replace(
        blank,
        account=account,
        sent_recently=_sent_recently(state),
        has_verified_identity=verified,
        production_elsewhere=Known(production_elsewhere),
        memory=state.memory if state else Memory(),
    )
    if snapshot.in_use() == Known(value=True) or isinstance(snapshot.sent_recently, Known):
        return snapshot
    points = reads.statistics(blank.region)
    sent = points if isinstance(points, Missing) else Known(_any_since(points.value, blank.taken_at))
    return replace(snapshot, sent_recently=sent)


def is_sandboxed(snapshot: Snapshot) -> bool:
    """Tell whether the region is known to be in the sandbox while another of the account is not."""
    if isinstance(snapshot.account, Missing):
        return False
    elsewhere = snapshot.production_elsewhere
    return (
        snapshot.account.value.production_access == Known(value=False)
        and isinstance(elsewhere, Known)
        and bool(elsewhere.value)
    )


def _is_verified(identity: Listed) -> bool:
    return identity.verification_status == "SUCCESS"


def _sent_recently(state: RegionState | None) -> Observed[bool]:
    known = state.hourly.sent_recently if state and state.hourly else None
    return NOT_ASKED if known is None else Known(known)


def _any_since(points: Iterable[SendPoint], now: datetime) -> bool:
    return any(point.attempts and point.start >= now - IN_USE_WINDOW for point in points)
