"""DNS messages to questions and back, by dnspython."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

from simulator.dns.facts import plain_name
from simulator.dns.tree import RecordSet

LARGEST_UDP = 1232  # bytes; https://www.dnsflagday.net/2020/
WITHOUT_EDNS = 512  # bytes; RFC 1035


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it came over the wire."""

    message: dns.message.Message
    name: str
    type: str
    validate: bool  # False: the asker switched DNSSEC validation off (the CD flag)

    @property
    def udp_room(self) -> int:
        """How many bytes of answer the asker takes over UDP."""
        if self.message.edns < 0:
            return WITHOUT_EDNS
        return min(max(self.message.payload, WITHOUT_EDNS), LARGEST_UDP)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to answer. `extended` is an extended DNS error (RFC 8914), for whoever speaks EDNS."""

    rcode: str = "NOERROR"
    authoritative: bool = False
    recursive: bool = False
    answer: tuple[RecordSet, ...] = ()
    authority: tuple[RecordSet, ...] = ()
    additional: tuple[RecordSet, ...] = ()
    extended: int | None = None


def read(wire: bytes) -> Asked | None:
    """Read a query; None for what is none (a real server drops that too)."""
    try:
        message = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    if message.flags & dns.flags.QR or message.opcode() != dns.opcode.QUERY or len(message.question) != 1:
        return None
    question = message.question[0]
    name = plain_name(question.name.to_text())
    return Asked(message, name, dns.rdatatype.to_text(question.rdtype), not message.flags & dns.flags.CD)


def written(asked: Asked, verdict: Verdict, *, room: int | None = None, cut: bool = False) -> bytes:
    """The answer's bytes. Over UDP `room` is how many may be sent; what is larger, or `cut`, is sent truncated."""
    message = dns.message.make_response(asked.message, recursion_available=verdict.recursive, our_payload=LARGEST_UDP)
    message.set_rcode(dns.rcode.from_text(verdict.rcode))
    if verdict.authoritative:
        message.flags |= dns.flags.AA
    if verdict.extended is not None and message.edns >= 0:
        message.use_edns(0, 0, LARGEST_UDP, options=[dns.edns.EDEOption(dns.edns.EDECode(verdict.extended))])
    if not cut:
        message.answer = _sets(asked, verdict.answer)
        message.authority = _sets(asked, verdict.authority)
        message.additional = _sets(asked, verdict.additional)
        try:
            return message.to_wire(max_size=room or 65535)
        except dns.exception.TooBig:
            message.answer, message.authority, message.additional = [], [], []
    message.flags |= dns.flags.TC
    return message.to_wire()


def _sets(asked: Asked, sets: Iterable[RecordSet]) -> list[dns.rrset.RRset]:
    result = []
    for each in sets:
        # The question's own spelling: resolvers that mix case to be safe look for it.
        own = each.name == asked.name
        owner = asked.message.question[0].name if own else dns.name.from_text(each.name or ".")
        result.append(dns.rrset.from_rdata(owner, each.ttl, *(rdata(each.type, value) for value in each.values)))
    return result


@functools.lru_cache(maxsize=50_000)
def rdata(kind: str, value: str) -> dns.rdata.Rdata:
    """A record's data from its presentation form. Raises ValueError that says what is wrong with it."""
    try:
        rdtype = dns.rdatatype.from_text(kind)
        if rdtype == dns.rdatatype.TXT and not value.startswith('"'):
            octets = value.encode()
            strings = [octets[begin : begin + 255] for begin in range(0, len(octets), 255)] or [b""]
            return dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, rdtype, strings)
        return dns.rdata.from_text(dns.rdataclass.IN, rdtype, value, origin=dns.name.root, relativize=False)
    except dns.exception.DNSException as error:
        raise ValueError(f"{kind} cannot be {value!r}: {error}") from error
