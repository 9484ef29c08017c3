"""Everything SES and receivers learn of a domain comes from its name servers: they have to be there, answer, agree,
and be signed in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.dns import DomainProof, Lookup, Outcome, Question, Zone
from ses_monitor.core.domains import registrable
from ses_monitor.core.identity import Identity, IdentityKind
from ses_monitor.core.inquiry import Inquiry, in_words, wanted
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Missing
from ses_monitor.core.standing import follows

_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-verification.html"
_LOOK = Step("See what the DNS says of it now:", command="dig {subject} NS")

DOMAIN_NOT_FOUND = Diagnosis(
    tag="DOMAIN_NOT_FOUND",
    severities=(Severity.ERROR,),
    message="The domain {subject} does not exist in the DNS. {follows}",
    cause="The resolver says that there is no such name as {registered}: it was never registered, has expired, or is"
    " misspelt. SES verifies by DNS only what is in the DNS.",
    steps=(
        Step("Look at the registration of {registered}: renew it, or correct the name and verify that one."),
        Step(
            "If the domain is not yours, verify a single address at it instead, whose mail you can read:",
            command="aws sesv2 create-email-identity --region {region} --email-identity ADDRESS@{registered}",
        ),
        _LOOK,
    ),
    open_after=2,
    aspect="delegation",
    references=(_REFERENCE,),
)
NOT_DELEGATED = Diagnosis(
    tag="NOT_DELEGATED",
    severities=(Severity.ERROR,),
    message="None of the name servers that {zone} is delegated to answers for it. {follows}",
    cause="Records that were entered anywhere else are not seen by anybody. Asked: {asked}",
    steps=(
        Step("Enter at the registrar of {registered} the name servers of the provider that holds the records."),
        Step("Or create the zone {zone} on the name servers that it is delegated to: {servers}."),
        _LOOK,
    ),
    open_after=2,
    aspect="delegation",
    references=(_REFERENCE,),
)
NAME_SERVERS_DISAGREE = Diagnosis(
    tag="NAME_SERVERS_DISAGREE",
    severities=(Severity.WARNING,),
    message="The name servers of {zone} do not agree about {what}: SES and receivers see now this, now that.",
    cause="They hold different copies of the zone. Asked: {asked}",
    steps=(
        Step("Find out which of them has the old copy ({serials}) and let it fetch the zone anew."),
        Step("If two providers serve the domain, enter every record at both, or delegate to one of them only."),
        Step("See what each of them says:", command="dig +nssearch {zone}"),
    ),
    open_after=2,
    aspect="agreement",
    references=(_REFERENCE,),
)
DNSSEC_BOGUS = Diagnosis(
    tag="DNSSEC_BOGUS",
    severities=(Severity.ERROR,),
    message="DNSSEC of {subject} is broken: resolvers that validate give no answer at all. {follows}",
    cause="The resolver answers about {name} {type} only when it is told not to validate: signatures have expired, or"
    " the DS record at the registrar does not fit the keys of the zone.",
    steps=(
        Step("Let the DNS provider sign the zone anew, and compare its keys with the DS record at the registrar."),
        Step("After a move to another provider: take the old DS record out at the registrar."),
        Step("See that it fails with validation, and answers without:", command="dig +cd {name} {type}"),
    ),
    open_after=2,
    aspect="dnssec",
    references=(_REFERENCE,),
)

_COMPARED = frozenset({"CNAME", "TXT", "MX", "NS"})
"""Addresses differ from server to server on purpose, and the serial of the SOA for as long as a zone is copied."""


def judge(identity: Identity, snapshot: Snapshot, inquiry: Inquiry) -> Iterator[Conclusion]:
    """Conclude whether the domain is there, is served, is served alike, and validates."""
    if identity.kind is not IdentityKind.DOMAIN:
        return
    inquiry.lookup(identity.domain, "NS")
    proof = inquiry.proof()
    if proof is None:
        return
    yield from _delegation(identity, snapshot, inquiry, proof)
    yield from _agreement(identity, snapshot, proof)
    yield from _dnssec(identity, snapshot, proof)


def _delegation(identity: Identity, snapshot: Snapshot, inquiry: Inquiry, proof: DomainProof) -> Iterator[Conclusion]:
    status, since = identity.verification_status, identity.memory.unproven_since
    registered = registrable(identity.domain)
    if inquiry.absent(identity.domain):
        yield DOMAIN_NOT_FOUND.on(snapshot, identity.name, registered=registered, follows=follows(status, since))
        return
    tags = frozenset({DOMAIN_NOT_FOUND.tag, NOT_DELEGATED.tag})
    at_resolver, zone = proof.at_resolver.outcome, proof.zone
    if isinstance(zone, Missing):
        # That a subdomain has no records yet tells nothing of its parents.
        if at_resolver is Outcome.NO_SUCH_NAME or not at_resolver.is_answer:
            yield Undecided(tags, zone)
    elif at_resolver.is_answer or any(each.answer.outcome.is_answer for each in zone.value.apex_answers):
        return
    elif _nobody_serves(at_resolver, zone.value):
        yield NOT_DELEGATED.on(
            snapshot,
            identity.name,
            zone=zone.value.name,
            registered=registered,
            servers=bounded(", ".join(server.name for server in zone.value.servers), 200) or "(none)",
            asked=_apex(zone.value),
            follows=follows(status, since),
        )
    else:
        said = in_words(proof.at_resolver, "SOA")
        yield Undecided(tags, Missing(Blindness.SERVICE_ERROR, f"the resolver gave no answer about the domain: {said}"))


def _nobody_serves(at_resolver: Outcome, zone: Zone) -> bool:
    refusing = {Outcome.REFUSED, Outcome.SERVFAIL, Outcome.BROKEN}
    if any(each.answer.outcome in refusing for each in zone.apex_answers):
        return True
    # Silence towards us alone may be our own network. The resolver, who fails but does answer us, says it is not.
    return at_resolver is Outcome.SERVFAIL


def _apex(zone: Zone) -> str:
    told = [f"{each.server} ({each.address}): {in_words(each.answer, 'SOA')}" for each in zone.apex_answers]
    told += [f"{server.name}: it has no address" for server in zone.servers if not server.addresses]
    return bounded("; ".join(told) or "nobody, because no name server is known", 300)


def _agreement(identity: Identity, snapshot: Snapshot, proof: DomainProof) -> Iterator[Conclusion]:
    compared = [lookup for lookup in proof.lookups.values() if lookup.question.type in _COMPARED]
    differing = sorted(filter(_differs, compared), key=lambda each: (each.question.name, each.question.type))
    if not differing:
        blind = next(filter(None, map(_unheard, compared)), None)
        if blind is not None:
            yield Undecided(frozenset({NAME_SERVERS_DISAGREE.tag}), blind)
        return
    first = differing[0].question
    yield NAME_SERVERS_DISAGREE.on(
        snapshot,
        identity.name,
        zone=identity.domain if isinstance(proof.zone, Missing) else proof.zone.value.name,
        what=bounded(f"{first.name} {first.type}", 270)
        + (f" and {len(differing) - 1} more" if len(differing) > 1 else ""),
        asked=_who_says_what(differing[0]),
        serials=_serials(proof),
    )


def _differs(lookup: Lookup) -> bool:
    return len({frozenset(value.lower() for value in each.answer.values) for each in lookup.answered}) > 1


def _unheard(lookup: Lookup) -> Missing | None:
    """Return why it is open whether they agree: the one that does not answer may be the one that differs."""
    silent = [each for each in lookup.authoritative if not each.answer.outcome.is_answer]
    if not silent and lookup.authoritative:
        return None
    who = bounded(", ".join(f"{each.server}: {each.answer.outcome}" for each in silent), 200) or "none was found"
    what = f"{lookup.question.name} {lookup.question.type}"
    return Missing(Blindness.SERVICE_ERROR, f"not every name server answered {what} ({who})")


def _who_says_what(lookup: Lookup) -> str:
    told = (
        f"{bounded(each.server, 60)} ({each.address}): {bounded(in_words(each.answer, lookup.question.type), 120)}"
        for each in lookup.authoritative
    )
    return bounded("; ".join(told), 480)


def _serials(proof: DomainProof) -> str:
    if isinstance(proof.zone, Missing):
        return "the lower serial in its SOA"
    told = (
        (each.server, each.answer.values[0].split()) for each in proof.zone.value.apex_answers if each.answer.values
    )
    serials = dict.fromkeys(f"{server}: serial {words[2]}" for server, words in told if len(words) > 2)
    return bounded(", ".join(serials), 200) or "the lower serial in its SOA"


def _dnssec(identity: Identity, snapshot: Snapshot, proof: DomainProof) -> Iterator[Conclusion]:
    answers = {Question(identity.domain, "SOA"): proof.at_resolver}
    answers |= {question: lookup.resolver for question, lookup in proof.lookups.items()}
    bogus = next((each for each, answer in answers.items() if answer.outcome is Outcome.BOGUS), None)
    if bogus is not None:
        yield DNSSEC_BOGUS.on(
            snapshot,
            identity.name,
            name=bogus.name,
            type=bogus.type,
            follows=follows(identity.verification_status, identity.memory.unproven_since),
        )
    elif not any(answer.outcome.is_answer for answer in answers.values()):
        said = in_words(proof.at_resolver, "SOA")
        blind = Missing(Blindness.SERVICE_ERROR, f"the resolver gave no answer about the domain: {said}")
        yield Undecided(frozenset({DNSSEC_BOGUS.tag}), blind)


def questions(identity: Identity, snapshot: Snapshot) -> Iterable[Question]:
    """Ask for the NS records; for the rest what the other checks asked is compared."""
    return wanted(judge, identity, snapshot)


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude from the proof."""
    return judge(identity, snapshot, Inquiry(identity.proof))


CHECK = Check(
    id="dns.name_servers",
    scope=Scope.IDENTITY,
    title="The domain exists, and its name servers answer and agree",
    needs=frozenset({"ses:ListEmailIdentities"}),
    diagnoses=(DOMAIN_NOT_FOUND, NOT_DELEGATED, NAME_SERVERS_DISAGREE, DNSSEC_BOGUS),
    evaluate=evaluate,
    questions=questions,
)
