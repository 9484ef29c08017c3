"""The stored findings and identity states of one region while a run works on it: settled chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ses_monitor import checks
from ses_monitor.audit.identities.sets import FAMILY as OF_SETS
from ses_monitor.audit.identities.store import IdentityStore
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.policy import Mute
from ses_monitor.core.settle import Rules, settle
from ses_monitor.core.stored import Change, Phase, Stored
from ses_monitor.core.verdict import Cause

FAMILIES = ("identity", "dns", OF_SETS)
"""The first parts of the ids of the checks that this audit runs."""
MOST_CAUSES = 20
"""Causes of a region's verdict that are about identities; the findings themselves are all in the table."""


class Ledger:
    """What is stored of a region, kept up to date as chunk after chunk is settled."""

    def __init__(self, store: IdentityStore, region: str, mutes: Sequence[Mute]) -> None:
        """Load a region's findings and identities."""
        self._store = store
        self._mutes = mutes
        self._findings = {each.finding_id: each for family in FAMILIES for each in store.findings(family, region)}
        self._of: dict[str, set[str]] = {}
        for each in self._findings.values():
            self._of.setdefault(each.subject, set()).add(each.finding_id)
        self.identities: dict[str, IdentityState] = {each.name: each for each in store.identity_states(region)}
        self.changes: list[Change] = []
        self.conflicts = 0

    def of(self, subject: str, *families: str) -> list[Stored]:
        """Return the stored findings of a subject."""
        found = (self._findings[each] for each in sorted(self._of.get(subject, ())))
        return [each for each in found if _family(each) in families]

    def subjects(self, *families: str) -> set[str]:
        """Return the subjects of all stored findings of these families."""
        return {each.subject for each in self._findings.values() if _family(each) in families}

    def open(self) -> list[Stored]:
        """Return what is open."""
        return [each for each in self._findings.values() if each.phase is Phase.OPEN]

    def causes(self) -> tuple[Cause, ...]:
        """Return what puts the region at risk, the worst first."""
        errors = [each for each in self.open() if each.severity >= Severity.ERROR]
        errors.sort(key=lambda each: (-each.severity, each.tag, each.subject))
        return tuple(Cause(each.tag, each.severity, each.subject, each.text) for each in errors[:MOST_CAUSES])

    def settle(
        self,
        snapshot: Snapshot,
        evaluations: Sequence[Evaluation],
        *,
        scope: Scope,
        concerns: Callable[[Stored], bool],
        first_audit: bool,
    ) -> None:
        """Store what the checks of `scope` came to.

        `concerns` tells whether this part of the run can say anything of a stored finding: one it does not concern is
        left alone, one it does concern and that was not evaluated is gone.
        """
        running = checks.of_scopes(scope)
        families = {OF_SETS} if scope is Scope.CONFIGURATION_SET else set(FAMILIES) - {OF_SETS}
        known = [each for each in self._findings.values() if _family(each) in families and concerns(each)]
        rules = Rules(
            # What a retired check left open belongs to this audit too, or nobody would ever close it.
            ran=frozenset(check.id for check in running) | {each.check_id for each in known},
            diagnoses=checks.diagnoses(running),
            mutes=self._mutes,
            first_audit=first_audit,
        )
        settlement = settle(snapshot, known, evaluations, rules)
        saved = self._store.save(settlement)
        self.changes += saved.recorded
        self.conflicts += saved.conflicts
        for write in (*(each for one in settlement.changes for each in one.writes), *settlement.quiet):
            self._findings[write.after.finding_id] = write.after
            self._of.setdefault(write.after.subject, set()).add(write.after.finding_id)
        for gone in settlement.forget:
            self._findings.pop(gone.finding_id, None)
            self._of.get(gone.subject, set()).discard(gone.finding_id)

    def remember(self, state: IdentityState) -> None:
        """Store an identity's state."""
        before = self.identities.get(state.name)
        if not self._store.save_identity_state(state, before):
            self.conflicts += 1
            return
        self.identities[state.name] = replace(state, revision=before.revision if before else 1)

    def forget(self, names: Iterable[str]) -> None:
        """Delete the states of identities that are gone."""
        for name in names:
            self.conflicts += not self._store.delete_identity_state(self.identities.pop(name))


def _family(each: Stored) -> str:
    return each.check_id.partition(".")[0]
