"""Which zone a name lies in, and who serves it: found through the resolver, or past it where it cannot tell."""

from __future__ import annotations

import asyncio

import dns.name
import dns.rdatatype

from ses_monitor.collect.dns.answers import Referral, Said, apex_in, glue_in, name_servers_in
from ses_monitor.collect.dns.authorities import Authorities, zone_name
from ses_monitor.collect.dns.names import text_of
from ses_monitor.collect.dns.once import Once
from ses_monitor.collect.dns.resolving import ResolverView, Told
from ses_monitor.collect.dns.settings import DnsSettings
from ses_monitor.core.dns import Answer, NameServer, Outcome, ServerAnswer, Zone
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

_SUFFIX_SERVERS = 2
"""Of the servers of a top-level domain no more than these are asked about a name that nobody registered."""

_MOST_KEPT = 4
"""Addresses of one name server kept."""

_MOST_STEPS_UP = 10
"""Zones above that are tried while the resolver fails."""


class Zones:
    """Finds zones and the addresses of their servers, each once per run."""

    def __init__(self, view: ResolverView, authorities: Authorities, settings: DnsSettings) -> None:
        self._view = view
        self._authorities = authorities
        self._settings = settings
        self._by_name: Once[dns.name.Name, Observed[Zone]] = Once()
        self._by_apex: Once[dns.name.Name, Observed[Zone]] = Once()
        self._by_referral: Once[dns.name.Name, Observed[Zone]] = Once()
        self._addresses: Once[dns.name.Name, tuple[str, ...]] = Once()

    def know(self, name: dns.name.Name, zone: Observed[Zone]) -> None:
        """Take over what an earlier round found out."""
        self._by_name.know(name, zone)
        if isinstance(zone, Known):
            self._by_apex.know(parsed_zone(zone.value), zone)

    async def find(self, name: dns.name.Name) -> Observed[Zone]:
        """Return the zone that `name` lies in."""
        return await self._by_name.get(name, lambda: self._find(name))

    async def find_below(self, referral: Referral) -> Observed[Zone]:
        """Return the zone that a server refers to: as the resolver leads to it, or else as the referral has it."""
        found = await self.find(referral.owner)
        if isinstance(found, Known) and parsed_zone(found.value) == referral.owner:
            return found
        return await self._delegated(referral)

    async def stop(self) -> None:
        """End what is still being found out."""
        for each in (self._by_name, self._by_apex, self._by_referral):
            await each.stop()
        await self._addresses.stop()

    async def _find(self, name: dns.name.Name) -> Observed[Zone]:
        current = name
        while True:
            told = await self._view.told(current, dns.rdatatype.SOA)
            if told.message is None:
                return await self._past_the_resolver(current, told)
            apex = apex_in(told.message, current)
            if apex is not None:
                return await self._of_apex(apex)
            if current == dns.name.root:
                return Missing(Blindness.SERVICE_ERROR, f"the resolver names no zone for {text_of(name)}")
            current = current.parent()

    async def _of_apex(self, apex: dns.name.Name) -> Observed[Zone]:
        return await self._by_apex.get(apex, lambda: self._at(apex))

    async def _at(self, apex: dns.name.Name) -> Observed[Zone]:
        told = await self._view.told(apex, dns.rdatatype.NS)
        names = name_servers_in(told.message, apex) if told.message is not None else ()
        if told.message is None or not names:
            return await self._past_the_resolver(apex, told)
        return await self._served_by(apex, names, glue_in(told.message))

    async def _past_the_resolver(self, name: dns.name.Name, told: Told) -> Observed[Zone]:
        """Ask the servers of the zone above: they know whom they delegate to, also where those do not answer."""
        unknown = _unknown(name, told.said.answer)
        if name == dns.name.root or len(name.labels) > _MOST_STEPS_UP + 1:
            return unknown
        above = await self.find(name.parent())
        if isinstance(above, Missing):
            return unknown
        apex = parsed_zone(above.value)
        if len(apex.labels) > 2 and not any(each.answer.outcome.is_answer for each in above.value.apex_answers):
            return above  # what lies below a zone that nobody serves fails with it
        for _, _, said in await self._authorities.ask(apex, above.value.servers, name, dns.rdatatype.NS):
            if isinstance(said, Referral):
                return await self._delegated(said)
            if said.answer.outcome in {Outcome.NO_SUCH_NAME, Outcome.NO_SUCH_TYPE}:
                return above  # not delegated any further: only the resolver fails
        return unknown

    async def _delegated(self, referral: Referral) -> Observed[Zone]:
        return await self._by_referral.get(
            referral.owner, lambda: self._served_by(referral.owner, referral.servers, referral.glue)
        )

    async def _served_by(
        self, apex: dns.name.Name, names: tuple[dns.name.Name, ...], glue: dict[dns.name.Name, tuple[str, ...]]
    ) -> Observed[Zone]:
        most = (
            self._settings.most_servers if len(apex.labels) > 2 else min(self._settings.most_servers, _SUFFIX_SERVERS)
        )
        asked = names[:most]
        addresses = await asyncio.gather(*(self._addresses_of(each) for each in asked))
        servers = tuple(
            NameServer(text_of(each), found or glue.get(each, ())[:_MOST_KEPT])
            for each, found in zip(asked, addresses, strict=True)
        )
        answers = await self._authorities.ask(apex, servers, apex, dns.rdatatype.SOA)
        return Known(
            Zone(
                name=zone_name(apex),
                servers=servers,
                apex_answers=tuple(
                    ServerAnswer(server.name, address, _apex_answer(said)) for server, address, said in answers
                ),
            )
        )

    async def _addresses_of(self, name: dns.name.Name) -> tuple[str, ...]:
        return await self._addresses.get(name, lambda: self._find_addresses(name))

    async def _find_addresses(self, name: dns.name.Name) -> tuple[str, ...]:
        found = await self._view.answer(name, dns.rdatatype.A)
        if not found.values:
            found = await self._view.answer(name, dns.rdatatype.AAAA)
        return found.values[:_MOST_KEPT]


def parsed_zone(zone: Zone) -> dns.name.Name:
    """Return the name of a zone found before."""
    return dns.name.root if zone.name == "." else dns.name.from_text(zone.name)


def _apex_answer(said: Said | Referral) -> Answer:
    if isinstance(said, Referral):
        return Answer(Outcome.BROKEN, detail=f"it refers to the servers of {text_of(said.owner)}")
    return said.answer


def _unknown(name: dns.name.Name, failure: Answer) -> Missing:
    why = {
        Outcome.TIMED_OUT: Blindness.TIMED_OUT,
        Outcome.UNREACHABLE: Blindness.UNREACHABLE,
    }.get(failure.outcome, Blindness.SERVICE_ERROR)
    said = f"{failure.outcome}: {failure.detail}" if failure.detail else failure.outcome.value
    return Missing(why, f"the zone of {text_of(name)} was not found out (resolver {said})")
