"""What the audits left in the table that tells why a send was refused: of the region's account, and of identities."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

from ses_monitor.core.identity_run import IdentityRun, Stage
from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.rejection import Facts, KnownIdentity
from ses_monitor.store import identity_codec, keys, state_codec
from ses_monitor.store import item as items
from ses_monitor.store.batches import BatchReader
from ses_monitor.store.item import Fields
from ses_monitor.store.reading import Partition, Reader, utc_now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ATTRIBUTES = ("region", "name", "verification_status", "mail_from_domain", "mail_from_status")


class RejectionFacts:
    """Reads the facts that one rejection is resolved against. Each reading is of what the last audits stored.

    Everything raises what the client raises, UnreadableItemError for an item that is damaged, and TableBusyError: an
    identity that could not be read is never "not ours".
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._reader = Reader(client, table_name, clock)
        self._batches = BatchReader(client, table_name, clock=clock, sleep=sleep)

    def facts(self, region: str, names: Collection[str]) -> Facts:
        """Return what is known of the account in `region` (empty: unknown), and which of `names` exist, in any region.

        Names, addresses or domains, are compared in lower case. Two queries, and one request for every hundred of
        names times regions.
        """
        runs = [identity_codec.read_run(item) for item in self._reader.items(Partition(keys.IDENTITY_RUNS))]
        return Facts(
            account=self._account(region) if region else None,
            asked=frozenset(name.lower() for name in names if name),
            # No identity is stored in a region that has no run, and a run is forgotten last.
            identities=self._identities(names, [run.region for run in runs]),
            listed=frozenset(run.region for run in runs if _has_listed_all(run)),
        )

    def _account(self, region: str) -> AccountFacts | None:
        found = self._reader.items(Partition(keys.REGIONS, "sk = :a", region))
        state = next((state_codec.read_region(item) for item in found), None)
        return None if state is None else state.account

    def _identities(self, names: Collection[str], regions: Collection[str]) -> tuple[KnownIdentity, ...]:
        # SES keeps an address as it was written, and so do the keys: as told, it may be found where lower case is not.
        spelt = {each for name in names if name for each in (name, name.lower())}
        wanted = [keys.identity(name, region) for name in sorted(spelt) for region in sorted(regions)]
        return tuple(_known(fields) for fields in self._batches.items(wanted, *_ATTRIBUTES).values())


def _has_listed_all(run: IdentityRun) -> bool:
    """Tell whether some run has been through all identities of its region: this one, or one before.

    That one has ended is no sign: a run also ends when SES would not list the identities, and counts no turn then.
    """
    return run.turn > 0 or run.stage is Stage.DAILY


def _known(fields: Fields) -> KnownIdentity:
    return KnownIdentity(
        name=fields.need("name", items.text).lower(),
        region=fields.need("region", items.text),
        verification_status=fields.need("verification_status", items.text),
        mail_from_domain=fields.have("mail_from_domain", items.text, ""),
        mail_from_status=fields.have("mail_from_status", items.text, ""),
    )
