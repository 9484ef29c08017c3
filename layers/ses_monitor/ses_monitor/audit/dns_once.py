"""The DNS proof without a table: ask what the checks want to know, in rounds, and judge what was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ses_monitor import checks
from ses_monitor.audit.region import unseen
from ses_monitor.core.check import Check, Finding
from ses_monitor.core.dns import DomainProof, Question
from ses_monitor.core.engine import run
from ses_monitor.core.identity import Details, Dkim, Identity, IdentityKind, MailFrom
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.region_state import Unseen

ROUNDS = 3
"""A second question may follow from a first answer, and a third from that; nothing asks deeper."""

Prover = Callable[[Mapping[str, Sequence[Question]], Mapping[str, DomainProof]], Mapping[str, DomainProof]]
"""Asks the DNS. Takes what to ask about each domain and what is known of it; returns all that is known then."""

SOME_REGION = "REGION"
"""Stands in texts and commands for a region that nobody named, to be replaced by whoever pastes them."""

NOT_GIVEN = Missing(Blindness.NOT_APPLICABLE, "not given")


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and the check that found it."""

    check_id: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Claim:
    """What SES expects of a domain, as a person says it. What is empty is not looked at.

    `dkim_zone` empty means the region's. Names are lower case, in ASCII, without the final dot; tokens as SES gave
    them, because SES compares values with their case.
    """

    domain: str
    dkim_tokens: tuple[str, ...] = ()
    dkim_zone: str = ""
    txt_token: str = ""
    mail_from: str = ""
    region: str = ""

    def identity(self) -> Identity:
        """Return the identity that SES would show while it waits for these records."""
        dkim = Dkim("PENDING", signing_enabled=True, tokens=self.dkim_tokens)
        mail_from = MailFrom(self.mail_from, "PENDING", "USE_DEFAULT_VALUE")
        return Identity(
            name=self.domain,
            kind=IdentityKind.DOMAIN,
            verification_status="PENDING",
            txt_token=Known(self.txt_token) if self.txt_token else NOT_GIVEN,
            dkim=Known(dkim) if self.dkim_tokens else NOT_GIVEN,
            mail_from=Known(mail_from if self.mail_from else None),
            details=Known(Details(dkim_origin="AWS_SES", hosted_zone=self.dkim_zone)),
        )


@dataclass(frozen=True, slots=True)
class Proven:
    """What the DNS says of one claim. `proof` is missing where the DNS could not be asked at all."""

    claim: Claim
    proof: DomainProof | None
    findings: tuple[Found, ...]
    unseen: tuple[Unseen, ...]

    @property
    def saw_anything(self) -> bool:
        """Whether anybody answered anything, be it no."""
        if self.proof is None:
            return False
        zone = self.proof.zone
        apex = zone.value.apex_answers if isinstance(zone, Known) else ()
        lookups = self.proof.lookups.values()
        answers = (
            self.proof.at_resolver,
            *(each.answer for each in apex),
            *(lookup.resolver for lookup in lookups),
            *(each.answer for lookup in lookups for each in lookup.authoritative),
        )
        return any(answer.outcome.is_answer for answer in answers)


def dns_checks() -> tuple[Check[Any], ...]:
    """Return the checks that ask the DNS."""
    return tuple(check for check in checks.of_scopes(Scope.IDENTITY) if check.id.startswith("dns."))


def prove_claim(claim: Claim, now: datetime, prover: Prover) -> Proven:
    """Prove one claim. What only several looks can know (damping) is left out."""
    snapshot = Snapshot(
        account_id="", region=claim.region or SOME_REGION, taken_at=now, identities=Known((claim.identity(),))
    )
    (snapshot,) = prove([snapshot], lambda _snapshot, _identity: True, prover)
    evaluations = tuple(run(dns_checks(), snapshot))
    (identity,) = snapshot.identities.get()
    return Proven(
        claim=claim,
        proof=identity.proof.value if isinstance(identity.proof, Known) else None,
        findings=tuple(
            Found(evaluation.check_id, finding)
            for evaluation in evaluations
            for finding in evaluation.findings
            if not finding.holds_only
        ),
        unseen=unseen(claim.region, evaluations),
    )


def prove(
    snapshots: Iterable[Snapshot], due: Callable[[Snapshot, Identity], bool], prover: Prover
) -> tuple[Snapshot, ...]:
    """Ask the DNS about the identities that are `due`, all regions at once, and return the snapshots with the proofs.

    A domain is asked about once, however many identities in however many regions share it. An address of whose
    domain no check wants to know anything stays without a proof.
    """
    given = tuple(snapshots)
    subjects = [
        (snapshot, identity)
        for snapshot in given
        if isinstance(snapshot.identities, Known)
        for identity in snapshot.identities.value
        if due(snapshot, identity)
    ]
    proofs: Mapping[str, DomainProof] = {}
    for _ in range(ROUNDS):
        asking = _questions(subjects, proofs)
        if not asking:
            break
        proofs = {**proofs, **prover(asking, proofs)}
    proven = {(snapshot.region, identity.name) for snapshot, identity in subjects}
    return tuple(_with_proofs(snapshot, proven, proofs) for snapshot in given)


def _questions(
    subjects: Iterable[tuple[Snapshot, Identity]], proofs: Mapping[str, DomainProof]
) -> dict[str, tuple[Question, ...]]:
    asking: dict[str, dict[Question, None]] = {}
    wanting = [each.questions for each in checks.of_scopes(Scope.IDENTITY) if each.questions is not None]
    for snapshot, identity in subjects:
        known = proofs.get(identity.domain)
        subject = identity if known is None else replace(identity, proof=Known(known))
        if known is None and identity.kind is IdentityKind.DOMAIN:
            asking.setdefault(identity.domain, {})
        for questions in wanting:
            for question in questions(subject, snapshot):
                if known is None or question not in known.lookups:
                    asking.setdefault(identity.domain, {})[question] = None
    return {domain: tuple(questions) for domain, questions in asking.items()}


def _with_proofs(snapshot: Snapshot, proven: set[tuple[str, str]], proofs: Mapping[str, DomainProof]) -> Snapshot:
    if isinstance(snapshot.identities, Missing):
        return snapshot
    identities = tuple(
        replace(each, proof=Known(proofs[each.domain]))
        if (snapshot.region, each.name) in proven and each.domain in proofs
        else each
        for each in snapshot.identities.value
    )
    return replace(snapshot, identities=Known(identities))
