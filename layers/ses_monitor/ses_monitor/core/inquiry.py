"""The DNS as a check asks it: one answer to go by, who gave it, and a note of what was not asked yet. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from ses_monitor.core.check import Conclusion, bounded
from ses_monitor.core.dns import Answer, DomainProof, Lookup, Outcome, Question
from ses_monitor.core.domains import depth, possible, registrable
from ses_monitor.core.identity import Identity
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, NotObservedError, Observed

LONGEST_TESTIMONY = 480
_MOST_SERVERS = 4
"""Servers named beside one answer; more are counted."""
_LONGEST_VALUE = 120

_WORDS = {
    Outcome.FOUND: "an alias without a record behind it",
    Outcome.NO_SUCH_NAME: "no such name",
    Outcome.TIMED_OUT: "no answer in time",
    Outcome.UNREACHABLE: "not reachable",
    Outcome.SERVFAIL: "it failed (SERVFAIL)",
    Outcome.REFUSED: "it refused (REFUSED)",
    Outcome.BOGUS: "DNSSEC does not validate",
    Outcome.BROKEN: "no usable answer",
}


class Inquiry:
    """What one check wants to know of the DNS about one identity.

    The same judgement serves for asking and for concluding: while `asking`, what is not known yet is noted in
    `wanted`. Otherwise an identity without any proof ends the judgement, as everything unknown does.
    """

    def __init__(self, proof: Observed[DomainProof], *, asking: bool = False) -> None:
        """Judge by `proof`, or ask for what it lacks."""
        self._proof = proof
        self._asking = asking
        self.wanted: dict[Question, None] = {}

    def proof(self) -> DomainProof | None:
        """Return the proof; None while the first questions are gathered."""
        if isinstance(self._proof, Missing) and self._asking:
            return None
        return self._proof.get()

    def lookup(self, name: str, type_: str) -> Observed[Lookup]:
        """Return one lookup, or note that it is wanted."""
        if not possible(name):
            return Missing(Blindness.NOT_APPLICABLE, f"the DNS cannot hold the name {bounded(name, 300)}")
        proof = self.proof()
        if proof is not None:
            found = proof.lookup(name, type_)
            if isinstance(found, Known):
                return found
        self.wanted.setdefault(Question(name.lower(), type_))
        return Missing(Blindness.NOT_APPLICABLE, f"{name} {type_} was not asked")

    def told(self, name: str, type_: str) -> Observed[Answer]:
        """Return the answer to go by: that of the zone's own servers, or the resolver's where none of them answered.

        Missing where they disagree about what is published, and where nobody answered. "No such name" beside "no
        such type" is no disagreement here: both are a no.
        """
        asked = self.lookup(name, type_)
        if isinstance(asked, Missing):
            return asked
        lookup = asked.value
        no = [each.answer for each in lookup.answered if each.answer.outcome is not Outcome.FOUND]
        if no and len(no) == len(lookup.answered):
            return Known(min(no, key=lambda answer: answer.outcome is not Outcome.NO_SUCH_TYPE))
        told = lookup.told()
        if isinstance(told, Missing):
            seen = lookup.seen()
            return told if lookup.disagree or isinstance(seen, Missing) else seen
        # The alias leaves the zone: only a resolver follows it to its end.
        return told if told.value.values or not told.value.aliases else lookup.seen()

    def absent(self, domain: str) -> bool:
        """Tell whether the domain itself is known not to exist.

        A subdomain of a domain that exists is not absent, though it has no records yet: publishing makes it.
        """
        proof = self.proof()
        if proof is None or proof.at_resolver.outcome is not Outcome.NO_SUCH_NAME:
            return False
        registered = registrable(domain)
        if isinstance(proof.zone, Missing):
            return domain == registered
        return depth(proof.zone.value.name) < depth(registered)

    def groundless(self, domain: str) -> Missing | None:
        """Return why nothing can be said of records of the domain: it does not exist, or may not. Else None."""
        if self.absent(domain):
            return Missing(Blindness.NOT_APPLICABLE, f"the domain {bounded(domain, 253)} does not exist in the DNS")
        proof = self.proof()
        if proof is None or proof.at_resolver.outcome is not Outcome.NO_SUCH_NAME:
            return None
        # A subdomain that has no records yet, or a domain that is gone: only its zone tells.
        return proof.zone if isinstance(proof.zone, Missing) else None

    def zone_of(self, domain: str) -> str:
        """Return the zone the domain lies in; the domain itself where that could not be found out."""
        proof = self.proof()
        if proof is None or isinstance(proof.zone, Missing) or self.absent(domain):
            return domain
        return proof.zone.value.name

    def doubled(self, name: str, domain: str) -> tuple[str, ...]:
        """Return where `name` ends up when a provider's form appends the domain, or its zone, once more."""
        ends = dict.fromkeys((domain, registrable(domain), self.zone_of(domain)))
        return tuple(longer for end in ends if possible(longer := f"{name}.{end}"))

    def testimony(self, *asked: tuple[str, str]) -> str:
        """Say who was asked these (name, type) and what each answered, in bounded words."""
        known = [found.value for found in (self.lookup(*each) for each in asked) if isinstance(found, Known)]
        alike: dict[str, list[Question]] = {}
        for lookup in known:
            alike.setdefault(_testimony(lookup), []).append(lookup.question)
        if len(alike) == 1:
            return bounded(next(iter(alike)), LONGEST_TESTIMONY)
        # In full as far as there is room: half a sentence about each would be evidence of nothing.
        told = (f"{_named_questions(questions)}: {said}" for said, questions in alike.items())
        return bounded(" | ".join(told), LONGEST_TESTIMONY) or "nobody"


def wanted(
    judge: Callable[[Identity, Snapshot, Inquiry], Iterable[Conclusion]], identity: Identity, snapshot: Snapshot
) -> tuple[Question, ...]:
    """Return what `judge` would still like to ask of the DNS."""
    inquiry = Inquiry(identity.proof, asking=True)
    # Where a fact of SES is missing, the check will be unknown; what it asked until then is asked all the same.
    with suppress(NotObservedError):
        for _ in judge(identity, snapshot, inquiry):
            continue
    return tuple(inquiry.wanted)


def _named_questions(questions: list[Question]) -> str:
    first = f"{bounded(questions[0].name, 253)} {questions[0].type}"
    return first if len(questions) == 1 else f"{first} and {len(questions) - 1} more"


def in_words(answer: Answer, type_: str) -> str:
    """Say one answer in a few words; what is from outside is bounded."""
    if answer.outcome is Outcome.NO_SUCH_TYPE:
        return f"no {type_} record"
    if not answer.values:
        return _WORDS[answer.outcome]
    shown = [bounded(f'"{value}"' if type_ == "TXT" else value, _LONGEST_VALUE) for value in sorted(answer.values)]
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return ", ".join(shown[:5]) + more


def _testimony(lookup: Lookup) -> str:
    said: dict[str, list[str]] = {}
    for each in lookup.authoritative:
        who = f"{bounded(each.server, 60)} ({bounded(each.address, 45)})"
        said.setdefault(in_words(each.answer, lookup.question.type), []).append(who)
    named = {words: _named(who) for words, who in said.items()}
    named.setdefault(in_words(lookup.resolver, lookup.question.type), []).append("the resolver")
    return "; ".join(f"{', '.join(who)}: {words}" for words, who in named.items())


def _named(who: list[str]) -> list[str]:
    return who if len(who) <= _MOST_SERVERS else [*who[: _MOST_SERVERS - 1], f"{len(who) - _MOST_SERVERS + 1} more"]
