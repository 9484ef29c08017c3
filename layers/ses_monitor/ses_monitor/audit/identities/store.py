"""The part of the table that the audit of identities reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ses_monitor.audit.accounts import Saved
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import RegionState, RunRecord
from ses_monitor.core.settle import Settlement
from ses_monitor.core.stored import Baseline, Stored


class IdentityStore(Protocol):
    """Findings, the matrix of identities and regions, and how far each run has come."""

    def findings(self, family: str, region: str | None = None) -> list[Stored]:
        """Return the stored findings of a family of checks."""

    def region_states(self) -> Mapping[str, RegionState]:
        """Return every region's state."""

    def mutes(self, now: datetime) -> Sequence[Mute]:
        """Return the mutes in force."""

    def save(self, settlement: Settlement) -> Saved:
        """Store a settlement, each change with its states in one transaction."""

    def save_baseline(self, baseline: Baseline) -> bool:
        """Store the summary of a first audit, once."""

    def save_region_state(self, state: RegionState, before: RegionState | None) -> bool:
        """Store a region's state if it changed; False where another run was before us."""

    def save_run(self, run: RunRecord) -> None:
        """Store the record of a run."""

    def identity_states(self, region: str) -> Sequence[IdentityState]:
        """Return a region's identities as the last audits left them."""

    def identity_everywhere(self, name: str) -> Sequence[IdentityState]:
        """Return an identity's states in all regions."""

    def save_identity_state(self, state: IdentityState, before: IdentityState | None) -> bool:
        """Store an identity's state if it changed; False where another run was before us."""

    def delete_identity_state(self, state: IdentityState) -> bool:
        """Forget an identity that is gone; False where another run was before us."""

    def identity_runs(self) -> Mapping[str, IdentityRun]:
        """Return the last run of each region."""

    def identity_run(self, region: str) -> IdentityRun | None:
        """Return the last run of a region."""

    def save_identity_run(self, run: IdentityRun, before: IdentityRun | None) -> IdentityRun | None:
        """Store how far a run has come; None where another run was before us."""

    def delete_identity_run(self, region: str) -> None:
        """Forget the runs of a region."""
