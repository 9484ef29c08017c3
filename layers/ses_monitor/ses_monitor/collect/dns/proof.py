"""The DNS proof of many domains at once: find each zone, ask its servers and the resolver, hold the answers side by
side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import dns.exception
import dns.name
import dns.rdatatype

from ses_monitor.collect.dns.answers import Referral, Said
from ses_monitor.collect.dns.authorities import Authorities
from ses_monitor.collect.dns.names import NameRefusedError, parsed, text_of
from ses_monitor.collect.dns.once import Once
from ses_monitor.collect.dns.resolving import ResolverView, least
from ses_monitor.collect.dns.settings import DnsSettings
from ses_monitor.collect.dns.wire import Wire
from ses_monitor.collect.dns.zones import Zones, parsed_zone
from ses_monitor.core.dns import Answer, DomainProof, Lookup, Outcome, Question, ServerAnswer, Zone
from ses_monitor.core.observed import Blindness, Missing, Observed

_LOG = logging.getLogger(__name__)

_MOST_CUTS = 4
"""Delegations followed below a domain's zone on the way to one name."""

NOTHING_KNOWN: Mapping[str, DomainProof] = MappingProxyType({})


async def prove(
    domains: Mapping[str, Iterable[Question]],
    settings: DnsSettings,
    *,
    known: Mapping[str, DomainProof] = NOTHING_KNOWN,
) -> dict[str, DomainProof]:
    """Ask what is not in `known` yet and return both together.

    Each (name, type) is asked once, whoever wants to know it. A name that is none, a server that sends garbage, a
    resolver that is not there: all of it is told in the answers, nothing is raised. Ends about `settings.lifetime_s`
    seconds after its start at the latest.
    """
    run = Run(settings, known)
    try:
        return await run.prove(domains)
    finally:
        await run.stop()


def prove_now(
    domains: Mapping[str, Iterable[Question]],
    settings: DnsSettings,
    *,
    known: Mapping[str, DomainProof] = NOTHING_KNOWN,
) -> dict[str, DomainProof]:
    """Do what `prove` does, for callers without an event loop."""
    return asyncio.run(prove(domains, settings, known=known))


class Run:
    """One call of `prove`: what was found out lives as long as it does."""

    def __init__(self, settings: DnsSettings, known: Mapping[str, DomainProof]) -> None:
        self.wire = Wire(settings)
        self._settings = settings
        self._known = known
        self._view = ResolverView(self.wire, settings)
        self._authorities = Authorities(self.wire, settings)
        self._zones = Zones(self._view, self._authorities, settings)
        self._lookups: Once[Question, Lookup] = Once()
        for proof in known.values():
            self._take_over(proof)

    async def prove(self, domains: Mapping[str, Iterable[Question]]) -> dict[str, DomainProof]:
        """Work through the domains, only so many at a time: each brings a dozen questions along."""
        proofs = dict(self._known)
        waiting = iter(domains.items())

        async def work() -> None:
            for domain, questions in waiting:
                proofs[domain] = await self._guarded(domain, questions)

        workers = max(1, min(self._settings.concurrency, len(domains)))
        await asyncio.gather(*(work() for _ in range(workers)))
        return proofs

    async def stop(self) -> None:
        """End what nobody waits for any more."""
        await self._lookups.stop()
        await self._zones.stop()
        await self._view.stop()

    def _take_over(self, proof: DomainProof) -> None:
        for question, lookup in proof.lookups.items():
            self._lookups.know(question, lookup)
        try:
            self._zones.know(parsed(proof.domain), proof.zone)
        except NameRefusedError:
            return  # it has no zone

    async def _guarded(self, domain: str, questions: Iterable[Question]) -> DomainProof:
        try:
            return await self._prove_one(domain, questions)
        except Exception:  # noqa: BLE001 - our own bug, met on one domain's data, must not cost the proof of all the others
            _LOG.exception("the DNS proof of a domain failed")
            blind = Missing(Blindness.CHECK_CRASHED, f"reading the DNS of {domain} failed in ses-monitor itself")
            return self._known.get(domain) or DomainProof(domain, Answer(Outcome.BROKEN, detail=blind.reason), blind)

    async def _prove_one(self, domain: str, questions: Iterable[Question]) -> DomainProof:
        proof = self._known.get(domain)
        if proof is None:
            proof = await self._begun(domain)
        wanted = [each for each in dict.fromkeys(map(_as_kept, questions)) if each not in proof.lookups]
        found = await asyncio.gather(*(self._lookup(each, proof.zone) for each in wanted))
        return replace(proof, lookups={**proof.lookups, **dict(zip(wanted, found, strict=True))})

    async def _begun(self, domain: str) -> DomainProof:
        try:
            name = parsed(domain)
        except NameRefusedError as error:
            reason = str(error)
            return DomainProof(domain, Answer(Outcome.BROKEN, detail=reason), Missing(Blindness.NOT_APPLICABLE, reason))
        at_resolver, zone = await asyncio.gather(self._view.answer(name, dns.rdatatype.SOA), self._zones.find(name))
        return DomainProof(domain, at_resolver, zone)

    async def _lookup(self, question: Question, zone: Observed[Zone]) -> Lookup:
        return await self._lookups.get(question, lambda: self._look_up(question, zone))

    async def _look_up(self, question: Question, zone: Observed[Zone]) -> Lookup:
        try:
            name, rdtype = parsed(question.name), _rdtype(question.type)
        except (NameRefusedError, dns.exception.DNSException) as error:
            reason = str(error) if isinstance(error, NameRefusedError) else f"{question.type} is no type to ask for"
            return Lookup(question, (), Answer(Outcome.BROKEN, detail=reason))
        resolver, authoritative = await asyncio.gather(
            self._view.answer(name, rdtype), self._at_authorities(name, rdtype, zone)
        )
        return Lookup(question, authoritative, resolver)

    async def _at_authorities(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, zone: Observed[Zone]
    ) -> tuple[ServerAnswer, ...]:
        if isinstance(zone, Missing) or not name.is_subdomain(parsed_zone(zone.value)):
            zone = await self._zones.find(name)
        return await self._asked(name, rdtype, zone, _MOST_CUTS)

    async def _asked(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, zone: Observed[Zone], cuts: int
    ) -> tuple[ServerAnswer, ...]:
        """Ask the servers of `zone`; where they refer to a zone below, those of that one."""
        if isinstance(zone, Missing):
            return ()
        answers: list[ServerAnswer] = []
        below: Referral | None = None
        for server, address, said in await self._authorities.ask(
            parsed_zone(zone.value), zone.value.servers, name, rdtype
        ):
            if isinstance(said, Referral):
                below = said
            else:
                answers.append(ServerAnswer(server.name, address, await self._to_the_end(said, name, rdtype)))
        if below is None:
            return tuple(answers)
        if cuts == 0:
            return tuple(answers)
        nearer = await self._asked(name, rdtype, await self._zones.find_below(below), cuts - 1)
        already = {(each.server, each.address) for each in nearer}
        return (*nearer, *(each for each in answers if (each.server, each.address) not in already))

    async def _to_the_end(self, said: Said, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Answer:
        """Follow aliases that lead out of the zone: their end is not the zone's to tell, but the resolver's."""
        if said.onward is None:
            return said.answer
        # Mostly the resolver came through the same alias on its way: then its end is known.
        end = await self._view.answer(name, rdtype)
        through = [alias.lower() for alias in end.aliases]
        if text_of(said.onward).lower() in through:
            end = replace(end, aliases=end.aliases[through.index(text_of(said.onward).lower()) + 1 :])
        else:
            end = await self._view.answer(said.onward, rdtype)
        aliases = said.answer.aliases + end.aliases
        if len(set(aliases)) < len(aliases):
            return Answer(Outcome.BROKEN, aliases=aliases, detail="its aliases form a loop")
        if not end.outcome.is_answer:
            # The server did its part: that the resolver fails behind the alias must not read as the server failing.
            detail = f"its alias {text_of(said.onward)} could not be followed ({end.outcome}: {end.detail})"
            return Answer(Outcome.UNREACHABLE, aliases=aliases, detail=detail)
        return replace(end, aliases=aliases, ttl=least(said.answer.ttl, end.ttl))


def _as_kept(question: Question) -> Question:
    return Question(question.name.lower().rstrip("."), question.type)


def _rdtype(text: str) -> dns.rdatatype.RdataType:
    rdtype = dns.rdatatype.from_text(text)
    if dns.rdatatype.is_metatype(rdtype):
        raise dns.rdatatype.UnknownRdatatype
    return rdtype
