"""A zone's own servers: all of them, at once, and whether each of them is an authority at all."""

from __future__ import annotations

import asyncio
import ipaddress

import dns.name
import dns.rdatatype

from ses_monitor.collect.dns.answers import Referral, Said, authority_said
from ses_monitor.collect.dns.names import text_of
from ses_monitor.collect.dns.settings import DnsSettings
from ses_monitor.collect.dns.wire import Query, Wire, query_for
from ses_monitor.core.dns import Answer, NameServer, Outcome

PATIENCE = 3
"""Unanswered questions in a row after which an authoritative server counts as dead."""

_MOST_ADDRESSES = 2
"""Addresses of one server tried when the one before is silent."""


class Authorities:
    """Asks authoritative servers, without recursion."""

    def __init__(self, wire: Wire, settings: DnsSettings) -> None:
        self._wire = wire
        self._settings = settings

    async def ask(
        self, zone: dns.name.Name, servers: tuple[NameServer, ...], name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> list[tuple[NameServer, str, Said | Referral]]:
        """Put one question to each of the servers of `zone`; each with the address at which it was asked."""
        query = query_for(name, rdtype, 0)
        answers = await asyncio.gather(*(self._ask_one(zone, server, query) for server in servers))
        return [(server, address, said) for server, (address, said) in zip(servers, answers, strict=True)]

    async def _ask_one(self, zone: dns.name.Name, server: NameServer, query: Query) -> tuple[str, Said | Referral]:
        if not server.addresses:
            return "", Said(Answer(Outcome.UNREACHABLE, detail="this name server has no address"))
        asked = "", Said(Answer(Outcome.UNREACHABLE, detail="none of its addresses is public"))
        for address in [each for each in server.addresses if self._may_ask(each)][:_MOST_ADDRESSES]:
            reply = await self._wire.ask((address, self._settings.port), query, self._settings.timeout_s, PATIENCE)
            if reply.message is not None:
                return address, authority_said(reply.message, zone)
            asked = address, Said(Answer(reply.failure, detail=reply.detail))
            if not reply.is_silence:
                break
        return asked

    def _may_ask(self, address: str) -> bool:
        # Internal addresses are none of a stranger's delegation's business, and nobody else could reach them.
        return self._settings.private_servers or ipaddress.ip_address(address).is_global


def zone_name(zone: dns.name.Name) -> str:
    """Write a zone's name as `core.dns.Zone` has it."""
    return text_of(zone).lower()
