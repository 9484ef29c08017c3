"""Messages made into answers: pure, bounded, and never taking a failure for a no."""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.nsbase import NSBase
from dns.rdtypes.txtbase import TXTBase

from ses_monitor.collect.dns.names import text_of
from ses_monitor.core.dns import Answer, Outcome

MOST_VALUES = 256
LONGEST_ANSWER = 32_768
"""Characters of all values of one answer. Real ones stay far below; a part of one would look like an altered record."""

_RCODES = {
    dns.rcode.SERVFAIL: Outcome.SERVFAIL,
    dns.rcode.REFUSED: Outcome.REFUSED,
    dns.rcode.NOTAUTH: Outcome.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Referral:
    """A server's word that other servers hold the names from `owner` on: their names, and addresses it gave along."""

    owner: dns.name.Name
    servers: tuple[dns.name.Name, ...]
    glue: dict[dns.name.Name, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and where its aliases lead when their end is not in it."""

    answer: Answer
    onward: dns.name.Name | None = None


def resolver_said(message: dns.message.QueryMessage) -> Said:
    """Read what a resolver answered.

    An empty answer counts as a no only from who resolves (RA) or is the authority itself (AA): a server that does
    neither merely points elsewhere.
    """
    failed = _failed(message)
    if failed is not None:
        return Said(failed)
    if not message.answer and not message.flags & (dns.flags.RA | dns.flags.AA):
        return Said(Answer(Outcome.BROKEN, detail="it does not resolve: recursion is not available there"))
    return _chain(message, dns.name.root)


def authority_said(message: dns.message.QueryMessage, zone: dns.name.Name) -> Said | Referral:
    """Read what an authoritative server of `zone` answered.

    Without the AA bit it is a referral to a zone below, or no authority at all (a lame delegation).
    """
    failed = _failed(message)
    if failed is not None:
        return Said(failed)
    referral = referral_in(message, zone)
    if referral is not None:
        return referral
    if not message.flags & dns.flags.AA:
        return Said(Answer(Outcome.BROKEN, detail=f"it is not authoritative for {text_of(zone)}"))
    return _chain(message, zone)


def referral_in(message: dns.message.QueryMessage, zone: dns.name.Name) -> Referral | None:
    """Return the delegation below `zone` that this message gives instead of an answer, if it does."""
    if message.answer or message.rcode() != dns.rcode.NOERROR or len(message.question) != 1:
        return None
    asked = message.question[0].name
    for rrset in message.authority:
        below = rrset.name != zone and rrset.name.is_subdomain(zone)
        if rrset.rdtype == dns.rdatatype.NS and below and asked.is_subdomain(rrset.name):
            return Referral(rrset.name, name_servers(rrset), glue_in(message))
    return None


def apex_in(message: dns.message.QueryMessage, name: dns.name.Name) -> dns.name.Name | None:
    """Return the zone that `name` lies in, from the answer to a question for its SOA.

    None where `name` is an alias: what such an answer says is about the zone of the alias's target.
    """
    for rrset in message.answer:
        if rrset.name == name and rrset.rdtype == dns.rdatatype.SOA:
            return rrset.name
    if message.answer:
        return None
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(rrset.name):
            return rrset.name
    return None


def name_servers(rrset: dns.rrset.RRset) -> tuple[dns.name.Name, ...]:
    """Return the hosts that NS records name, sorted."""
    return tuple(sorted({each.target for each in rrset if isinstance(each, NSBase)}, key=text_of))


def name_servers_in(message: dns.message.QueryMessage, zone: dns.name.Name) -> tuple[dns.name.Name, ...]:
    """Return the name servers of `zone` that the answer to a question for its NS names."""
    for rrset in message.answer:
        if rrset.name == zone and rrset.rdtype == dns.rdatatype.NS:
            return name_servers(rrset)
    return ()


def glue_in(message: dns.message.QueryMessage) -> dict[dns.name.Name, tuple[str, ...]]:
    """Return the addresses given along with name servers, IPv4 first."""
    glue: dict[dns.name.Name, tuple[str, ...]] = {}
    for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
        for rrset in message.additional:
            if rrset.rdtype == rdtype:
                glue[rrset.name] = (*glue.get(rrset.name, ()), *(each.to_text() for each in rrset))
    return glue


def _failed(message: dns.message.QueryMessage) -> Answer | None:
    rcode = message.rcode()
    if rcode in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        return None
    return Answer(_RCODES.get(rcode, Outcome.BROKEN), detail=f"it answers {dns.rcode.to_text(rcode)}")


def _chain(message: dns.message.QueryMessage, zone: dns.name.Name) -> Said:
    """Follow the aliases inside the message. What it says of names outside `zone` does not count."""
    try:
        chain = message.resolve_chaining()
    except dns.message.ChainTooLong:
        return Said(Answer(Outcome.BROKEN, detail="its aliases form a loop, or a chain without an end"))
    except dns.exception.DNSException as error:
        return Said(Answer(Outcome.BROKEN, detail=f"its answer contradicts itself ({type(error).__name__})"))
    aliases = tuple(text_of(next(iter(each)).target) for each in chain.cnames)
    if sum(map(len, aliases)) > LONGEST_ANSWER:
        return Said(Answer(Outcome.BROKEN, detail="its aliases are too long to keep"))
    inside = chain.canonical_name.is_subdomain(zone)
    if chain.answer is not None and inside:
        return Said(_found(chain.answer, aliases, chain.minimum_ttl))
    no_such_name = message.rcode() == dns.rcode.NXDOMAIN
    if aliases and not (inside and (no_such_name or _denied(message, chain.canonical_name))):
        onward = chain.canonical_name if inside else _first_outside(chain, zone)
        kept = tuple(aliases[: 1 + _position(chain, onward)])
        return Said(Answer(Outcome.FOUND, aliases=kept, ttl=chain.minimum_ttl), onward)
    outcome = Outcome.NO_SUCH_NAME if no_such_name else Outcome.NO_SUCH_TYPE
    return Said(Answer(outcome, aliases=aliases, ttl=chain.minimum_ttl))


def _denied(message: dns.message.QueryMessage, name: dns.name.Name) -> bool:
    return any(each.rdtype == dns.rdatatype.SOA and name.is_subdomain(each.name) for each in message.authority)


def _first_outside(chain: dns.message.ChainingResult, zone: dns.name.Name) -> dns.name.Name:
    targets = [next(iter(each)).target for each in chain.cnames]
    outside: dns.name.Name = next(each for each in targets if not each.is_subdomain(zone))
    return outside


def _position(chain: dns.message.ChainingResult, name: dns.name.Name) -> int:
    return [next(iter(each)).target for each in chain.cnames].index(name)


def _found(rrset: dns.rrset.RRset, aliases: tuple[str, ...], ttl: int) -> Answer:
    if len(rrset) > MOST_VALUES:
        return Answer(Outcome.BROKEN, aliases=aliases, detail=f"it has {len(rrset)} records: too many to judge")
    values = tuple(_value(each) for each in rrset)
    if sum(map(len, values)) > LONGEST_ANSWER:
        return Answer(Outcome.BROKEN, aliases=aliases, detail="its records are too long to judge")
    return Answer(Outcome.FOUND, values, aliases, ttl)


def _value(record: dns.rdata.Rdata) -> str:
    """Write a record as `Answer.values` has it.

    TXT holds bytes: one character each (Latin-1), so that nothing is lost, and ASCII, which all of the records
    that matter here are, stays as it is.
    """
    match record:
        case TXTBase():
            return b"".join(record.strings).decode("latin-1")
        case MX():
            return f"{record.preference} {text_of(record.exchange)}"
        case NSBase():
            return text_of(record.target)
        case _:
            return record.to_text()
