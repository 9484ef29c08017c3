"""The table as the audit of identities uses it: the matrix of identities and regions, and how far each run has come."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.store import identity_codec, keys, reading
from ses_monitor.store.item import to_attribute
from ses_monitor.store.reading import Partition
from ses_monitor.store.table import Table


class IdentityTable(Table):
    """`Table`, and what is kept of identities."""

    def identity_states(self, region: str) -> list[IdentityState]:
        """Return a region's identities by name. From the index: it may lag a write by a moment, which a guard sees."""
        return [identity_codec.read_identity(item) for item in self._reader.items(reading.identities(region))]

    def identity_everywhere(self, name: str) -> list[IdentityState]:
        """Return an identity's states by region; strongly consistent."""
        return [identity_codec.read_identity(item) for item in self._reader.items(reading.identity_everywhere(name))]

    def save_identity_state(self, state: IdentityState, before: IdentityState | None) -> bool:
        """Store an identity's state as the successor of `before`; the revision is counted here.

        Nothing is written, but True returned, where `before` says the same. Return False where another run has
        stored one since `before` was read; then nothing is written.
        """
        revision = 0 if before is None else before.revision
        if before is not None and revision and _same(replace(state, revision=revision), before):
            return True
        item = identity_codec.identity_item(replace(state, revision=revision + 1))
        return self._guarded(partial(self._client.put_item, **self._guard_revision(item, revision)))

    def delete_identity_state(self, state: IdentityState) -> bool:
        """Forget an identity that is gone; return False where another run has stored it anew since."""
        key = keys.identity(state.name, state.region)
        delete = partial(
            self._client.delete_item,
            TableName=self._name,
            Key={"pk": to_attribute(key.pk), "sk": to_attribute(key.sk)},
            ConditionExpression="revision = :revision",
            ExpressionAttributeValues={":revision": to_attribute(state.revision)},
        )
        return self._guarded(delete)

    def identity_runs(self) -> dict[str, IdentityRun]:
        """Return the last run of each region; strongly consistent."""
        runs = (identity_codec.read_run(item) for item in self._reader.items(Partition(keys.IDENTITY_RUNS)))
        return {run.region: run for run in runs}

    def identity_run(self, region: str) -> IdentityRun | None:
        """Return the last run of a region; strongly consistent."""
        found = self._reader.items(Partition(keys.IDENTITY_RUNS, "sk = :a", region))
        return next((identity_codec.read_run(item) for item in found), None)

    def save_identity_run(self, run: IdentityRun, before: IdentityRun | None) -> IdentityRun | None:
        """Store how far a run has come; return it as it is stored, or None where another was before us."""
        revision = 0 if before is None else before.revision
        stored = replace(run, revision=revision + 1)
        put = self._guard_revision(identity_codec.run_item(stored), revision)
        return stored if self._guarded(partial(self._client.put_item, **put)) else None

    def delete_identity_run(self, region: str) -> None:
        """Forget the runs of a region that is audited no more."""
        key = keys.identity_run(region)
        self._client.delete_item(TableName=self._name, Key={"pk": to_attribute(key.pk), "sk": to_attribute(key.sk)})


def _same(new: IdentityState, old: IdentityState) -> bool:
    """Tell whether both are stored the same: what is too long is cut on its way into the table."""
    return new == old or identity_codec.as_stored(new) == old
