"""What is to be known of a chunk of identities: from SES in breadth and depth, from the DNS, from the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ses_monitor.audit.dns_once import Prover, prove
from ses_monitor.audit.identities.store import IdentityStore
from ses_monitor.collect.identities import GET_IDENTITY, Breadth, IdentityReader, Listed
from ses_monitor.core.check import bounded
from ses_monitor.core.dns import DomainProof, Question
from ses_monitor.core.identity import NOT_DUE, Details, Elsewhere, Identity
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.region_state import RegionState
from ses_monitor.core.verdict import Verdict

MOST_PROOFS = 2000
"""Domains whose proof is kept for other identities of the same domain; about 10 KB each."""

Crashed = Callable[[str, BaseException], None]


def in_breadth(listed: Listed, breadth: Breadth | None) -> Identity:
    """Return an identity as the listing and the batch reads give it."""
    plain = Identity(listed.name, listed.kind, listed.verification_status)
    if breadth is None:
        return plain
    return replace(
        plain,
        txt_token=breadth.txt_token,
        dkim=breadth.dkim,
        mail_from=breadth.mail_from,
        feedback=breadth.feedback,
    )


@dataclass(slots=True)
class DepthReader:
    """Reads identities in depth; once SES does not let us, no call is wasted on the others."""

    reader: IdentityReader
    region: str
    refused: Missing | None = None

    def details(self, name: str) -> Observed[Details]:
        """Read what only `GetEmailIdentity` tells."""
        if self.refused is not None:
            return self.refused
        answer = self.reader.details(self.region, name)
        if isinstance(answer, Missing) and answer.why in {Blindness.DENIED, Blindness.CREDENTIALS}:
            self.refused = replace(answer, action=GET_IDENTITY)
        return answer


class DnsReader:
    """Asks the DNS for what the checks want to know; each name once in a run, whoever shares it."""

    def __init__(self, prover: Prover, region: str, crashed: Crashed) -> None:
        """Ask through `prover`. What it raises is reported, and blinds the checks of the DNS alone."""
        self._prover = prover
        self._region = region
        self._crashed = crashed
        self._known: dict[str, DomainProof] = {}

    def proven(self, snapshot: Snapshot, due: frozenset[str]) -> Snapshot:
        """Return the snapshot with the proofs of the identities that are `due`."""
        if not due:
            return snapshot
        try:
            (proven,) = prove([snapshot], lambda _, identity: identity.name in due, self._ask)
        except Exception as error:  # noqa: BLE001 - a bug in reading or asking must not cost what SES said; it is reported
            self._crashed(self._region, error)
            missing = Missing(Blindness.UNREADABLE, bounded(f"the DNS could not be read: {error!r}"))
            return replace(
                snapshot,
                identities=Known(
                    tuple(
                        replace(each, proof=missing) if each.name in due else each for each in snapshot.identities.get()
                    )
                ),
            )
        while len(self._known) > MOST_PROOFS:
            self._known.pop(next(iter(self._known)))
        return proven

    def _ask(
        self, domains: Mapping[str, Sequence[Question]], _: Mapping[str, DomainProof]
    ) -> Mapping[str, DomainProof]:
        asking = {
            domain: [each for each in questions if domain not in self._known or each not in self._known[domain].lookups]
            for domain, questions in domains.items()
        }
        asking = {domain: left for domain, left in asking.items() if left or domain not in self._known}
        if asking:
            self._known.update(self._prover(asking, self._known))
        return {domain: self._known[domain] for domain in domains if domain in self._known}


@dataclass(frozen=True, slots=True)
class Elsewheres:
    """What the table says of the other regions."""

    store: IdentityStore
    region: str
    states: Mapping[str, RegionState]

    def production(self) -> tuple[str, ...]:
        """Return the other regions that have production access, as the last audits saw it."""
        others = (state for name, state in sorted(self.states.items()) if name != self.region)
        return tuple(state.region for state in others if state.account and state.account.production_access)

    def of(self, identity: Identity, *, wanted: bool) -> Observed[tuple[Elsewhere, ...]]:
        """Return the identity in other regions, if it is not verified here or it is `wanted` all the same.

        Costs a query, and an identity that is verified here needs no other region.
        """
        if identity.verification_status == "SUCCESS" and not wanted:
            return NOT_DUE
        found = self.store.identity_everywhere(identity.name)
        return Known(
            tuple(
                Elsewhere(
                    each.region, each.verification_status, self._production(each.region), self._in_use(each.region)
                )
                for each in found
                if each.region != self.region
            )
        )

    def _production(self, region: str) -> bool | None:
        state = self.states.get(region)
        return state.account.production_access if state and state.account else None

    def _in_use(self, region: str) -> bool | None:
        state = self.states.get(region)
        if state is None or state.verdict is Verdict.UNKNOWN:
            return None
        return state.verdict is not Verdict.IDLE


def domains_above(name: str, listed: Mapping[str, Listed]) -> Iterable[str]:
    """Yield the listed domains that `name` belongs to: its own, if it is an address, and those above it."""
    domain = name.rpartition("@")[2].lower().rstrip(".")
    labels = domain.split(".")
    for first in range(len(labels) - 1):
        above = ".".join(labels[first:])
        if above != name and above in listed:
            yield above
