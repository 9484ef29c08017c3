"""Questions to the simulated DNS, as any client would put them."""

from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from simulator.dns.world import DnsWorld

RESOLVER = "resolver"


def response(
    world: DnsWorld,
    name: str,
    kind: str,
    at: str = RESOLVER,
    *,
    tcp: bool = False,
    timeout: float = 2.0,
    **query: object,
) -> dns.message.Message:
    """The whole answer of one server."""
    address = world.resolver if at == RESOLVER else world.address(at)
    message = dns.message.make_query(name, kind, **{"use_edns": 0, **query})  # type: ignore[arg-type] # a table's options
    way = dns.query.tcp if tcp else dns.query.udp
    return way(message, address, timeout=timeout, port=world.port)


def told(world: DnsWorld, name: str, kind: str, at: str = RESOLVER, **options: object) -> Any:
    """The values of the last records of the answer, TXT joined, sorted; or, as text, the reason why there are none."""
    answer = response(world, name, kind, at, **options)  # type: ignore[arg-type] # a table's options
    code = dns.rcode.to_text(answer.rcode())
    if code != "NOERROR":
        return code
    wanted = dns.rdatatype.from_text(kind)
    found = [record for records in answer.answer if records.rdtype == wanted for record in records]
    if not found:
        return "NODATA" if answer.flags & dns.flags.AA or at == RESOLVER else "REFERRAL"
    if kind == "TXT":
        return sorted(b"".join(record.strings).decode() for record in found)
    return sorted(record.to_text() for record in found)
