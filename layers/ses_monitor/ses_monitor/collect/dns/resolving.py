"""What the resolver sees: the same as every receiver of mail, caches included."""

from __future__ import annotations

from dataclasses import dataclass, replace

import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from ses_monitor.collect.dns.answers import Said, resolver_said
from ses_monitor.collect.dns.names import text_of
from ses_monitor.collect.dns.once import Once
from ses_monitor.collect.dns.settings import Address, DnsSettings
from ses_monitor.collect.dns.wire import Query, Wire, query_for
from ses_monitor.core.dns import Answer, Outcome

LONGEST_CHAIN = 16
"""Aliases followed; receivers give up at about as many (BIND: 16 restarts, Unbound: 11)."""

PATIENCE = 32
"""Unanswered questions in a row after which a resolver counts as dead: it may be slow for every broken domain."""

_BEST_FAILURE = (Outcome.SERVFAIL, Outcome.REFUSED, Outcome.BROKEN, Outcome.TIMED_OUT, Outcome.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Told:
    """What the resolvers say to one question. `bogus`: only without validation is there a message at all."""

    said: Said
    message: dns.message.QueryMessage | None = None
    bogus: bool = False


class ResolverView:
    """Asks the resolvers, each (name, type) once per run."""

    def __init__(self, wire: Wire, settings: DnsSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._told: Once[tuple[dns.name.Name, dns.rdatatype.RdataType], Told] = Once()

    async def told(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Told:
        """Return what the resolvers say to this question alone."""
        return await self._told.get((name, rdtype), lambda: self._ask(name, rdtype))

    async def answer(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Answer:
        """Return the resolvers' answer, aliases followed to their end, also where the resolver leaves that to us."""
        aliases: tuple[str, ...] = ()
        ttl: int | None = None
        seen = {name}
        while True:
            told = await self.told(name, rdtype)
            aliases += told.said.answer.aliases
            ttl = least(ttl, told.said.answer.ttl)
            onward = told.said.onward
            if onward is None:
                return replace(told.said.answer, aliases=aliases, ttl=ttl)
            if onward in seen or len(aliases) > LONGEST_CHAIN:
                return Answer(Outcome.BROKEN, aliases=aliases, detail=f"the aliases from {text_of(name)} on never end")
            seen.add(onward)
            name = onward

    async def stop(self) -> None:
        """End what is still being asked."""
        await self._told.stop()

    async def _ask(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Told:
        failures: list[tuple[Answer, Address]] = []
        query = query_for(name, rdtype, dns.flags.RD)
        for resolver in self._settings.resolvers:
            told = await self._ask_one(resolver, query)
            if told.said.answer.outcome.is_answer:
                return told
            failures.append((told.said.answer, resolver))
        if not failures:
            return Told(Said(Answer(Outcome.UNREACHABLE, detail="this machine has no resolver to ask")))
        failure, resolver = min(failures, key=lambda each: _BEST_FAILURE.index(each[0].outcome))
        if failure.outcome is Outcome.SERVFAIL:
            unchecked = await self._ask_one(resolver, query_for(name, rdtype, dns.flags.RD | dns.flags.CD))
            if unchecked.said.answer.outcome.is_answer:
                detail = "it answers only when told not to validate DNSSEC"
                return Told(Said(Answer(Outcome.BOGUS, detail=detail)), unchecked.message, bogus=True)
        return Told(Said(failure))

    async def _ask_one(self, resolver: Address, query: Query) -> Told:
        reply = await self._wire.ask(resolver, query, self._settings.resolver_timeout_s, PATIENCE)
        if reply.message is None:
            return Told(Said(Answer(reply.failure, detail=reply.detail)))
        said = resolver_said(reply.message)
        return Told(said, reply.message if said.answer.outcome.is_answer else None)


def least(one: int | None, other: int | None) -> int | None:
    """Return the smaller of two times to live, where there are two."""
    return min((each for each in (one, other) if each is not None), default=None)
