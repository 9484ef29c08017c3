"""Cases of dns.name_servers."""

from dataclasses import replace

from ses_monitor.core.dns import Answer, NameServer, Outcome
from ses_monitor.core.observed import Blindness, Missing
from tests.build import HEALTHY_DOMAIN, HOSTILE, IDENTITIES_UNREADABLE, TOKENS, Case, dkim, with_address, with_identity
from tests.dns_build import (
    FAILURES,
    NO_PROOF,
    NO_SUCH_NAME,
    SERVERS,
    Dns,
    failing,
    healthy_dns,
    said,
    with_dns,
    zone_records,
)

DOMAIN = HEALTHY_DOMAIN.domain
DNS = healthy_dns(HEALTHY_DOMAIN)
NAME = f"{TOKENS[0]}._domainkey.{DOMAIN}"
DELEGATION = ("DOMAIN_NOT_FOUND", "NOT_DELEGATED")
EVERYTHING = (*DELEGATION, "NAME_SERVERS_DISAGREE", "DNSSEC_BOGUS")
NOBODY = Dns({("com", "SOA"): ("a.gtld.example x 1 2 3 4 5",), ("com", "NS"): ("a.gtld.example",)}, zone="com")
NO_ZONE = Missing(Blindness.SERVICE_ERROR, "the resolver did not lead to a zone (servfail)")
OTHER = (("*._domainkey.*", "CNAME", said("old.example.net")),)
BARE = tuple(NameServer(server.name, ()) for server in SERVERS)


def lame(outcome: Outcome, at_resolver: Outcome = Outcome.SERVFAIL) -> Dns:
    return replace(DNS, everywhere=(failing(outcome),), resolver=(failing(at_resolver),))


CASES = [
    Case("healthy", with_dns()),
    Case("an address: nobody proves it by DNS", with_address()),
    Case(
        "the domain does not exist",
        with_dns(NOBODY, dkim=dkim(status="PENDING"), verification_status="PENDING"),
        ("DOMAIN_NOT_FOUND",),
        says=("no such name as example.com", "verify a single address", "ADDRESS@example.com"),
    ),
    Case(
        "the domain has expired while SES says SUCCESS",
        with_dns(NOBODY),
        ("DOMAIN_NOT_FOUND",),
        says=("within 72 hours",),
    ),
    Case(
        "the domain does not exist below a public suffix of two parts",
        with_dns(Dns({("co.uk", "SOA"): ("x",)}, zone="co.uk"), name="shop.co.uk"),
        ("DOMAIN_NOT_FOUND",),
    ),
    Case("a subdomain without records yet", with_dns(Dns(zone_records("example.com")))),
    Case(
        "a subdomain without records below a public suffix of two parts",
        with_dns(Dns(zone_records("x.co.uk"), zone="x.co.uk"), name="mail.x.co.uk"),
    ),
    Case(
        "a registered domain that does not exist, its zone not found",
        with_dns(replace(NOBODY, no_zone=NO_ZONE), name="example.com"),
        ("DOMAIN_NOT_FOUND",),
    ),
    Case(
        "a subdomain without records, its zone not found",
        with_dns(replace(Dns(zone_records("example.com")), no_zone=NO_ZONE)),
        undecided=DELEGATION,
    ),
    Case("the zone not found, the domain there", with_dns(replace(DNS, no_zone=NO_ZONE))),
    Case("a zone of its own", with_dns(healthy_dns(HEALTHY_DOMAIN, zone=DOMAIN))),
    *(
        Case(
            f"the servers do not serve the zone ({outcome})",
            with_dns(lame(outcome)),
            ("NOT_DELEGATED",),
            undecided=("NAME_SERVERS_DISAGREE", "DNSSEC_BOGUS"),
            says=("ns1.dns.example", "registrar of example.com"),
        )
        for outcome in (Outcome.REFUSED, Outcome.SERVFAIL, Outcome.BROKEN, Outcome.TIMED_OUT, Outcome.UNREACHABLE)
    ),
    Case(
        "name servers without addresses",
        with_dns(replace(lame(Outcome.SERVFAIL), servers=BARE)),
        ("NOT_DELEGATED",),
        undecided=("NAME_SERVERS_DISAGREE", "DNSSEC_BOGUS"),
        says=("it has no address",),
    ),
    Case(
        "nobody answers us at all: our own network, perhaps",
        with_dns(lame(Outcome.TIMED_OUT, Outcome.TIMED_OUT)),
        undecided=EVERYTHING,
    ),
    Case(
        "the servers are silent to us alone",
        with_dns(replace(DNS, everywhere=(failing(Outcome.TIMED_OUT),))),
        undecided=("NAME_SERVERS_DISAGREE",),
    ),
    Case(
        "the servers refuse us alone",
        with_dns(replace(DNS, everywhere=(failing(Outcome.REFUSED),))),
        undecided=("NAME_SERVERS_DISAGREE",),
    ),
    Case(
        "one of the servers is silent: it may be the one that differs",
        with_dns(replace(DNS, at={"ns1.dns.example": (failing(Outcome.TIMED_OUT),)})),
        undecided=("NAME_SERVERS_DISAGREE",),
    ),
    Case(
        "one of the servers refuses: it may be the one that differs",
        with_dns(replace(DNS, at={"ns1.dns.example": (failing(Outcome.REFUSED),)})),
        undecided=("NAME_SERVERS_DISAGREE",),
    ),
    *(
        Case(
            f"only the resolver fails ({outcome})",
            with_dns(replace(DNS, resolver=(failing(outcome),))),
            undecided=("DNSSEC_BOGUS",),
        )
        for outcome in FAILURES
        if outcome is not Outcome.BOGUS
    ),
    Case(
        "the servers disagree about a record",
        with_dns(replace(DNS, at={"ns2.dns.example": OTHER})),
        ("NAME_SERVERS_DISAGREE",),
        says=(
            f"{TOKENS[0]}._domainkey.{DOMAIN} CNAME and 2 more",
            f"ns1.dns.example (192.0.2.1): {TOKENS[0]}.dkim.amazonses.com",
            "ns2.dns.example (198.51.100.2): old.example.net",
            "serial 2026051201",
        ),
    ),
    Case(
        "one server does not have a record yet",
        with_dns(replace(DNS, at={"ns2.dns.example": ((NAME, "*", NO_SUCH_NAME),)})),
        ("NAME_SERVERS_DISAGREE",),
        says=("ns2.dns.example (198.51.100.2): no such name",),
    ),
    Case(
        "they disagree, and their zone was not found",
        with_dns(replace(DNS, at={"ns2.dns.example": OTHER}, no_zone=NO_ZONE)),
        ("NAME_SERVERS_DISAGREE",),
        says=("the lower serial",),
    ),
    Case(
        "no such name here and no such type there: both are a no",
        with_dns(
            replace(DNS.without((NAME, "CNAME")), at={"ns2.dns.example": ((NAME, "*", Answer(Outcome.NO_SUCH_TYPE)),)})
        ),
    ),
    Case(
        "another order and other letters are no disagreement",
        with_dns(
            replace(DNS, at={"ns2.dns.example": (("shop.example.com", "NS", said("b.example", "A.example")),)}).having(
                {(DOMAIN, "NS"): ("a.example", "B.example")}
            )
        ),
    ),
    Case(
        "other serials are no disagreement",
        with_dns(replace(DNS, at={"ns2.dns.example": (("*", "SOA", said("ns1 x 2026051200 1 1 1 1")),)})),
    ),
    Case(
        "hostile disagreement",
        with_dns(replace(DNS, at={"ns2.dns.example": (("*", "TXT", said(HOSTILE[:4096])),)})),
        ("NAME_SERVERS_DISAGREE",),
    ),
    Case(
        "DNSSEC is broken",
        with_dns(replace(DNS, resolver=(failing(Outcome.BOGUS),))),
        ("DNSSEC_BOGUS",),
        says=("DS record", "within 72 hours", "dig +cd shop.example.com SOA"),
    ),
    Case(
        "DNSSEC is broken for one name",
        with_dns(replace(DNS, resolver=(failing(Outcome.BOGUS, NAME),))),
        ("DNSSEC_BOGUS",),
        says=(NAME,),
    ),
    Case(
        "hostile servers",
        with_dns(replace(lame(Outcome.REFUSED), servers=(NameServer(HOSTILE, (HOSTILE,)),) * 9)),
        ("NOT_DELEGATED",),
        undecided=("NAME_SERVERS_DISAGREE", "DNSSEC_BOGUS"),
    ),
    Case(
        "no alias is followed forever",
        with_dns(DNS.having({(DOMAIN, "CNAME"): (DOMAIN,)}).without((DOMAIN, "A"), (DOMAIN, "MX")), name=DOMAIN),
        undecided=("NAME_SERVERS_DISAGREE",),
    ),
    Case("not proven yet", with_identity(proof=NO_PROOF), unknown=True),
    Case("the identities could not be listed", IDENTITIES_UNREADABLE, unknown=True),
]
