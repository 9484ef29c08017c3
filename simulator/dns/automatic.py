"""The records that a world's identities get by themselves, so that a healthy domain needs no zone in YAML.

They are there whatever SES says of the identity: an owner may publish and SES may not have looked yet, or given up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from simulator.dns.facts import plain_name
from simulator.dns.tree import Node, ancestors
from simulator.identities import Identity, dkim_zone
from simulator.world import WorldFacts, ses_regions

# A 2048-bit RSA key whose private half nobody has.
PUBLIC_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyGOW0KYsD1jD4uqFp+ROzuJS0B4p/XwHOf+luGvwGJuf0SwvXt3xD5RA"
    "rPKVAjolkfxrewQhtHLmTRMU+pZtXas7+ZZzBVmrs3FBuR73xiFJtiHc5cbH9fW7+98W56pGWW5UN4Udo+hz1M2zkhkxBlR7lUWs"
    "QgAiO/fmXztsx7yQSAjLYrVL8wU9LjqIUaocjHvNj0vvB6882nEgiYTaodxqT+ofQ1tZJhiAQP6ii2KjMi7/NS0oNH/ddWKNP7U0"
    "DpkBu46KiHMPHoaenbhP8CD6KVxm67FIq3YRuc1g/f7G/f2U/jVR2cOBPhl2vIoEuEy87j6zPq0DeYxrsXoopwIDAQAB"
)
# Documentation addresses (RFC 5737): nothing is there.
WEB_ADDRESS, MAIL_ADDRESS, SES_ADDRESS = "192.0.2.10", "192.0.2.25", "192.0.2.53"

SPF = "v=spf1 include:amazonses.com ~all"
DMARC = "v=DMARC1; p=quarantine; rua=mailto:dmarc@{domain}"


@dataclass(slots=True)
class Automatic:
    """Records by full name, and the zones they make necessary."""

    nodes: dict[str, Node] = field(default_factory=dict)
    apexes: tuple[str, ...] = ()

    def put(self, name: str, kind: str, *values: str) -> None:
        """Set a name's records of a type unless there are some, or the name is longer than the DNS allows."""
        if len(name) <= 253 and all(0 < len(label) <= 63 for label in name.split(".")):
            self.nodes.setdefault(name, {}).setdefault(kind, values)

    def add(self, name: str, kind: str, value: str) -> None:
        """Put one more value beside those that are there."""
        there = self.nodes.get(name, {}).get(kind, ())
        if value not in there:
            self.nodes.setdefault(name, {})[kind] = (*there, value)


def automatic_records(facts: WorldFacts) -> Automatic:
    """What all identities of a world have published, and what SES has for them."""
    result = Automatic()
    unregistered = {plain_name(name) for name, zone in facts.world.dns.zones.items() if not zone.registered}
    domains: dict[str, None] = {}
    for region, identity in _identities(facts):
        domain = plain_name(identity.domain)
        _ses_side(result, region, identity, facts)
        if any(above in unregistered for above in ancestors(domain)):
            continue
        domains[domain] = None
        _owner_side(result, region, identity, facts)
    for domain in domains:
        _any_domain(result, domain)
    for region in ses_regions():
        result.put(f"feedback-smtp.{region}.amazonses.com", "A", SES_ADDRESS)
        result.put(f"inbound-smtp.{region}.amazonaws.com", "A", SES_ADDRESS)
    result.put("amazonses.com", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
    result.apexes = _apexes(facts, domains)
    return result


def _identities(facts: WorldFacts) -> Iterator[tuple[str, Identity]]:
    for region in facts.world.regions:
        for identity in facts.region(region).identities:
            yield region, identity
    if facts.world.default_region is not None:
        for region in ses_regions():
            if region not in facts.world.regions:
                for identity in facts.region(region).identities:
                    yield region, identity


def _apexes(facts: WorldFacts, domains: Mapping[str, None]) -> tuple[str, ...]:
    """The domains that are zones of their own: those that lie in no other domain or zone of the world."""
    # A zone of one label is a registry's, which delegates what lies in it.
    zones = {*domains, *(plain_name(name) for name in facts.world.dns.zones if "." in plain_name(name))}
    return tuple(
        domain for domain in domains if not any(above in zones for above in ancestors(domain.partition(".")[2]))
    )


def _any_domain(result: Automatic, domain: str) -> None:
    result.put(domain, "A", WEB_ADDRESS)
    result.put(domain, "MX", f"10 mx.{domain}")
    result.put(f"mx.{domain}", "A", MAIL_ADDRESS)
    result.put(f"_dmarc.{domain}", "TXT", DMARC.format(domain=domain))


def _dkim_target(region: str, identity: Identity, token: str) -> str:
    # Where SES does not say, the zone is there all the same.
    zone = identity.dkim_hosted_zone(region) or dkim_zone(identity.dkim.parent_region or region)
    return plain_name(f"{token}.{zone}")


def _ses_side(result: Automatic, region: str, identity: Identity, facts: WorldFacts) -> None:
    if identity.kind == "DOMAIN" and identity.dkim.origin != "EXTERNAL":
        for token in facts.dkim_tokens(region, identity):
            result.put(_dkim_target(region, identity, token), "TXT", f"p={PUBLIC_KEY}")


def _owner_side(result: Automatic, region: str, identity: Identity, facts: WorldFacts) -> None:
    domain = plain_name(identity.domain)
    if identity.kind == "DOMAIN":
        for token in facts.dkim_tokens(region, identity):
            name = plain_name(f"{token}._domainkey.{domain}")
            if identity.dkim.origin == "EXTERNAL":
                result.put(name, "TXT", f"p={PUBLIC_KEY}")
            else:
                result.put(name, "CNAME", _dkim_target(region, identity, token))
        if identity.txt_token is not None:
            result.add(f"_amazonses.{domain}", "TXT", identity.txt_token)
    mail_from = identity.mail_from_domain(region)
    if mail_from is not None:
        # SES wants exactly one MX: of regions that share a MAIL FROM domain the first has it.
        result.put(plain_name(mail_from), "MX", f"10 feedback-smtp.{region}.amazonses.com")
        result.put(plain_name(mail_from), "TXT", SPF)
