"""A region that is audited no more: what is open there closes, and its part of the matrix is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ses_monitor.audit.identities.ledger import Ledger
from ses_monitor.audit.identities.store import IdentityStore
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.stored import Change


def leave_region(store: IdentityStore, account_id: str, region: str, now: datetime) -> Sequence[Change]:
    """Close and forget. Cut off, the next plan has it done again: what is left says so until the last write."""
    ledger = Ledger(store, region, store.mutes(now))
    snapshot = Snapshot(account_id, region, now)
    for scope in (Scope.IDENTITY, Scope.CONFIGURATION_SET):
        ledger.settle(snapshot, (), scope=scope, concerns=lambda _: True, first_audit=False)
    ledger.forget(list(ledger.identities))
    store.delete_identity_run(region)
    return tuple(ledger.changes)
