"""Cases of dns.dkim_records."""

import base64
from dataclasses import replace
from typing import Any

from ses_monitor.core.dns import Answer, Outcome
from ses_monitor.core.identity import IdentityMemory
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Blindness, Missing
from tests.build import (
    HEALTHY_DOMAIN,
    HOSTILE,
    IDENTITIES_UNREADABLE,
    NOW,
    SENDER,
    THROTTLED,
    TOKENS,
    Case,
    details,
    dkim,
    with_address,
    with_identity,
)
from tests.dns_build import (
    FAILURES,
    KEY,
    NO_PROOF,
    NO_SUCH_NAME,
    Dns,
    failing,
    healthy_dns,
    said,
    with_dns,
    zone_records,
)

DOMAIN = HEALTHY_DOMAIN.domain
DNS = healthy_dns(HEALTHY_DOMAIN)
NAMES = [(f"{token}._domainkey.{DOMAIN}", "CNAME") for token in TOKENS]
ONE, TWO, THREE = NAMES
WARNING = Severity.WARNING
EASY = (
    "DKIM_RECORD_MISSING",
    "DKIM_NAME_DOUBLED",
    "DKIM_UNDERSCORE_LOST",
    "DKIM_WRONG_TYPE",
    "DKIM_WRONG_TARGET",
    "DKIM_TARGET_BROKEN",
)
OWN = ("DKIM_RECORD_MISSING", "DKIM_NAME_DOUBLED", "DKIM_UNDERSCORE_LOST", "DKIM_KEY_CHANGED")


def each(change: str, type_: str = "CNAME", end: str = ".dkim.amazonses.com", dns: Dns = DNS) -> Dns:
    """All three records somewhere else: `change` is the name, with the token put into it."""
    for token, old in zip(TOKENS, NAMES, strict=True):
        dns = dns.moved(old, (change.format(token), type_), f"{token}{end}")
    return dns


def instead(type_: str, value: str) -> Dns:
    return DNS.without(*NAMES).having({(name, type_): (value.format(name.partition(".")[0]),) for name, _ in NAMES})


def der(size: int = 294) -> bytes:
    """Something of the shape of an RSA public key of 2048 bits."""
    head = bytes.fromhex("300d06092a864886f70d0101010500")
    body = head + bytes(range(1, 250)) + bytes(size - 4 - len(head) - 249)
    return b"\x30\x82" + len(body).to_bytes(2, "big") + body


OWN_KEY = base64.b64encode(der()).decode()
EXTERNAL = replace(
    HEALTHY_DOMAIN, dkim=dkim(tokens=("shop1",)), details=details(dkim_origin="EXTERNAL", hosted_zone="")
)
OWN_NAME = (f"shop1._domainkey.{DOMAIN}", "TXT")
OWN_DNS = healthy_dns(replace(EXTERNAL, dkim=dkim(tokens=()))).having({OWN_NAME: (f"p={OWN_KEY}",)})


def own(*values: str) -> Dns:
    return OWN_DNS.having({OWN_NAME: values}) if values else OWN_DNS.without(OWN_NAME)


def changed(name: str, *values: str, says: tuple[str, ...] = (), **facts: Any) -> Case:
    return Case(name, with_dns(own(*values), EXTERNAL, **facts), ("DKIM_KEY_CHANGED",), says=says)


def partly(*tags: str) -> dict[str, Severity]:
    return dict.fromkeys(tags, WARNING)


REGIONAL = details(hosted_zone="dkim.eu-west-1.amazonses.com")
REPLICA = details(dkim_origin="AWS_SES_AF_SOUTH_1", hosted_zone="")
LONG = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 13, "example", "com"])

CASES = [
    Case("healthy", with_dns()),
    Case("an address has no records of its own", with_address()),
    Case("DKIM was never set up", with_dns(dkim=dkim(status="NOT_STARTED"))),
    Case("no tokens", with_dns(dkim=dkim(tokens=()))),
    Case(
        "all three missing while SES says SUCCESS",
        with_dns(DNS.without(*NAMES)),
        ("DKIM_RECORD_MISSING",),
        says=(
            "3 of 3",
            "SES still says SUCCESS",
            "within 72 hours",
            f"{TOKENS[0]}._domainkey.{DOMAIN}. CNAME {TOKENS[0]}.dkim.amazonses.com.",
            f"{TOKENS[0]}._domainkey.shop;",
            "ns1.dns.example (192.0.2.1)",
            "the resolver",
        ),
    ),
    Case(
        "one of the three missing while SES says SUCCESS",
        with_dns(DNS.without(TWO)),
        ("DKIM_RECORD_MISSING",),
        severities=partly("DKIM_RECORD_MISSING"),
        says=(f"1 of 3 ({TOKENS[1]})",),
    ),
    Case(
        "one of the three missing while SES waits for them",
        with_dns(DNS.without(TWO), dkim=dkim(status="PENDING")),
        ("DKIM_RECORD_MISSING",),
        says=("72 hours after it was asked to",),
    ),
    Case(
        "missing since the monitor first looked, noticed by SES",
        with_dns(
            DNS.without(*NAMES),
            dkim=dkim(status="TEMPORARY_FAILURE"),
            memory=IdentityMemory(unproven_since=NOW),
        ),
        ("DKIM_RECORD_MISSING",),
        says=("SES has noticed", "2026-05-12 10:00 UTC"),
    ),
    Case(
        "missing, and SES has given up",
        with_dns(DNS.without(*NAMES), dkim=dkim(status="FAILED")),
        ("DKIM_RECORD_MISSING",),
        says=("anew",),
    ),
    Case(
        "nobody asked SES",
        with_dns(DNS.without(*NAMES), dkim=dkim(status=""), verification_status=""),
        ("DKIM_RECORD_MISSING",),
        says=("SES was not asked",),
    ),
    Case(
        "an underscore too many",
        with_dns(each("_{}._domainkey.shop.example.com")),
        ("DKIM_RECORD_MISSING",),
        says=("take the first underscore away", f"_{TOKENS[0]}._domainkey"),
    ),
    Case(
        "the domain doubled",
        with_dns(each("{}._domainkey.shop.example.com.shop.example.com")),
        ("DKIM_NAME_DOUBLED",),
        says=("final dot", f"{TOKENS[0]}._domainkey.shop.example.com.shop.example.com"),
    ),
    Case(
        "the zone appended to the whole name",
        with_dns(each("{}._domainkey.shop.example.com.example.com")),
        ("DKIM_NAME_DOUBLED",),
        says=(f"{TOKENS[0]}._domainkey.shop.example.com.example.com",),
    ),
    Case(
        "name and target doubled",
        with_dns(each("{}._domainkey.shop.example.com.example.com", end=".dkim.amazonses.com.example.com")),
        ("DKIM_NAME_DOUBLED",),
    ),
    Case(
        "one name doubled, one record missing",
        with_dns(
            DNS.without(ONE).moved(TWO, (f"{TWO[0]}.{DOMAIN}", "CNAME")),
        ),
        ("DKIM_RECORD_MISSING", "DKIM_NAME_DOUBLED"),
        severities=partly("DKIM_RECORD_MISSING", "DKIM_NAME_DOUBLED"),
    ),
    Case(
        "the underscore lost",
        with_dns(each("{}.domainkey.shop.example.com")),
        ("DKIM_UNDERSCORE_LOST",),
        says=(f"{TOKENS[0]}.domainkey.{DOMAIN}",),
    ),
    Case(
        "one underscore lost",
        with_dns(DNS.moved(ONE, (f"{TOKENS[0]}.domainkey.{DOMAIN}", "CNAME"))),
        ("DKIM_UNDERSCORE_LOST",),
        severities=partly("DKIM_UNDERSCORE_LOST"),
    ),
    Case(
        "entered as TXT",
        with_dns(instead("TXT", "{}.dkim.amazonses.com")),
        ("DKIM_WRONG_TYPE",),
        says=("entered as TXT", f"{TOKENS[0]}.dkim.amazonses.com"),
    ),
    Case(
        "the key itself entered as TXT",
        with_dns(instead("TXT", KEY)),
        ("DKIM_WRONG_TYPE",),
    ),
    Case(
        "proxied: the name leads to addresses",
        with_dns(instead("A", "198.51.100.77")),
        ("DKIM_WRONG_TYPE",),
        says=("198.51.100.77", "proxies", "switch it off"),
    ),
    Case("flattened to IPv6 only", with_dns(instead("AAAA", "2001:db8::77")), ("DKIM_WRONG_TYPE",)),
    Case(
        "one entered as TXT",
        with_dns(DNS.moved(ONE, (ONE[0], "TXT"))),
        ("DKIM_WRONG_TYPE",),
        severities=partly("DKIM_WRONG_TYPE"),
    ),
    Case(
        "a wildcard address is no flattened CNAME",
        with_dns(
            DNS.without(*NAMES).having(
                {("*.example.com", "A"): ("203.0.113.1",), ("*.shop.example.com", "A"): ("203.0.113.1",)}
            )
        ),
        ("DKIM_RECORD_MISSING",),
    ),
    Case(
        "a wildcard TXT is no record of the wrong type",
        with_dns(DNS.without(*NAMES).having({("*.shop.example.com", "TXT"): ("v=spf1 -all",)})),
        ("DKIM_RECORD_MISSING",),
    ),
    Case(
        "a wildcard beside records that are right",
        with_dns(DNS.having({("*.shop.example.com", "CNAME"): ("x.example.net",)})),
    ),
    Case(
        "a wildcard CNAME in place of all of them",
        with_dns(DNS.without(*NAMES).having({("*.shop.example.com", "CNAME"): ("parked.example.net",)})),
        ("DKIM_WRONG_TARGET",),
        says=("wildcard", "parked.example.net"),
    ),
    Case(
        "a wildcard CNAME over records with doubled names",
        with_dns(
            each("{}._domainkey.shop.example.com.example.com").having(
                {("*.shop.example.com", "CNAME"): ("parked.example.net",)}
            )
        ),
        ("DKIM_NAME_DOUBLED",),
    ),
    Case(
        "the target doubled",
        with_dns(each("{}._domainkey.shop.example.com", end=".dkim.amazonses.com.example.com")),
        ("DKIM_WRONG_TARGET",),
        says=("appended the domain to the target", "End the target with a dot"),
    ),
    Case(
        "the tokens mixed up",
        with_dns(DNS.having({ONE: DNS.records[TWO], TWO: DNS.records[ONE]})),
        ("DKIM_WRONG_TARGET",),
        severities=partly("DKIM_WRONG_TARGET"),
        says=("mixed up",),
    ),
    Case(
        "the token of another identity",
        with_dns(DNS.having({ONE: ("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz.dkim.amazonses.com",)})),
        ("DKIM_WRONG_TARGET",),
        severities=partly("DKIM_WRONG_TARGET"),
    ),
    Case(
        "the regional zone, as SES says",
        with_dns(healthy_dns(HEALTHY_DOMAIN, key_zone="dkim.eu-west-1.amazonses.com"), details=REGIONAL),
    ),
    Case(
        "the common zone where SES says the regional one",
        with_dns(DNS, details=REGIONAL),
        ("DKIM_WRONG_TARGET",),
        says=(f"{TOKENS[0]}.dkim.eu-west-1.amazonses.com.", "another zone"),
    ),
    Case(
        "SES does not say the zone: the region's table does",
        with_dns(
            healthy_dns(HEALTHY_DOMAIN, key_zone="dkim.af-south-1.amazonses.com"),
            base=replace(SENDER, region="af-south-1"),
            details=details(hosted_zone=""),
        ),
    ),
    Case(
        "the common zone in a region that has its own",
        with_dns(DNS, base=replace(SENDER, region="af-south-1"), details=details(hosted_zone="")),
        ("DKIM_WRONG_TARGET",),
        says=(f"{TOKENS[0]}.dkim.af-south-1.amazonses.com.",),
    ),
    Case(
        "a region without a table: any zone of SES will do",
        with_dns(
            healthy_dns(HEALTHY_DOMAIN, key_zone="dkim.mx-central-1.amazonses.com"),
            base=replace(SENDER, region="mx-central-1"),
            details=details(hosted_zone=""),
        ),
    ),
    Case(
        "a region without a table: no record",
        with_dns(DNS.without(*NAMES), base=replace(SENDER, region="mx-central-1"), details=details(hosted_zone="")),
        ("DKIM_RECORD_MISSING",),
        says=("no table for this region",),
    ),
    Case("no region given", with_dns(DNS, base=replace(SENDER, region=""), details=details(hosted_zone=""))),
    Case(
        "a replica, its parent's records in place",
        with_dns(healthy_dns(HEALTHY_DOMAIN, key_zone="dkim.af-south-1.amazonses.com"), details=REPLICA),
    ),
    Case(
        "a replica, its parent's records gone",
        with_dns(DNS.without(*NAMES), details=REPLICA),
        ("DKIM_RECORD_MISSING",),
        says=("those of the identity in af-south-1", f"{TOKENS[0]}.dkim.af-south-1.amazonses.com."),
    ),
    Case("the target in capitals is the same host", with_dns(DNS.having({ONE: (DNS.records[ONE][0].upper(),)}))),
    Case(
        "the target in capitals, and SES objects",
        with_dns(
            DNS.having({ONE: (DNS.records[ONE][0].upper(),)}),
            dkim=dkim(status="PENDING"),
            details=details(error_type="INVALID_VALUE"),
        ),
        ("DKIM_WRONG_TARGET",),
        says=("lower case",),
    ),
    Case(
        "an alias through a name of one's own is not what SES looks for",
        with_dns(DNS.having({ONE: ("keys.example.com",), ("keys.example.com", "CNAME"): DNS.records[ONE]})),
        ("DKIM_WRONG_TARGET",),
        severities=partly("DKIM_WRONG_TARGET"),
        says=("keys.example.com",),
    ),
    Case(
        "nothing behind the CNAMEs",
        with_dns(DNS.without(*((f"{token}.dkim.amazonses.com", "TXT") for token in TOKENS))),
        ("DKIM_TARGET_BROKEN",),
        says=("no such name", "get-email-identity"),
    ),
    Case(
        "nothing behind one of the CNAMEs",
        with_dns(DNS.without((f"{TOKENS[2]}.dkim.amazonses.com", "TXT"))),
        ("DKIM_TARGET_BROKEN",),
        severities=partly("DKIM_TARGET_BROKEN"),
    ),
    Case(
        "no key behind one of the CNAMEs",
        with_dns(DNS.having({(f"{TOKENS[2]}.dkim.amazonses.com", "TXT"): ("hello",)})),
        ("DKIM_TARGET_BROKEN",),
        severities=partly("DKIM_TARGET_BROKEN"),
        says=('"hello"',),
    ),
    Case(
        "the zone's own servers fail at TXT where a CNAME is",
        with_dns(
            replace(
                DNS,
                everywhere=(failing(Outcome.SERVFAIL, "*._domainkey.*", "TXT"),),
                resolver=(failing(Outcome.SERVFAIL, "*._domainkey.*", "TXT"),),
            )
        ),
        ("DKIM_TARGET_BROKEN",),
        says=("fail when they are asked for TXT",),
    ),
    Case(
        "only the resolver fails at TXT",
        with_dns(replace(DNS, resolver=(failing(Outcome.SERVFAIL, "*._domainkey.*", "TXT"),))),
        undecided=("DKIM_TARGET_BROKEN",),
    ),
    Case(
        "the servers fail at TXT, and yet the resolver finds the key",
        with_dns(replace(DNS, everywhere=(failing(Outcome.SERVFAIL, "*._domainkey.*", "TXT"),))),
    ),
    Case(
        "published, but the resolver does not know yet",
        with_dns(replace(DNS, resolver=(("*._domainkey.*", "*", NO_SUCH_NAME),))),
        undecided=("DKIM_TARGET_BROKEN",),
    ),
    Case(
        "a loop of aliases",
        with_dns(DNS.having({ONE: ONE[:1]})),
        ("DKIM_WRONG_TARGET",),
        severities=partly("DKIM_WRONG_TARGET"),
    ),
    *(
        Case(
            f"nobody answers ({outcome})",
            with_dns(replace(DNS, everywhere=(failing(outcome),), resolver=(failing(outcome),))),
            undecided=EASY,
        )
        for outcome in FAILURES
    ),
    *(
        Case(
            f"the servers do not answer ({outcome}), the resolver does",
            with_dns(replace(DNS, everywhere=(failing(outcome, "*._domainkey.*", "CNAME"),))),
        )
        for outcome in FAILURES
    ),
    Case(
        "the servers cannot be asked, and the resolver knows of no record",
        with_dns(replace(DNS.without(*NAMES), everywhere=(failing(Outcome.TIMED_OUT),))),
        ("DKIM_RECORD_MISSING",),
    ),
    Case(
        "one server is silent, the other knows of no record",
        with_dns(replace(DNS.without(*NAMES), at={"ns1.dns.example": (failing(Outcome.TIMED_OUT),)})),
        ("DKIM_RECORD_MISSING",),
        says=("ns1.dns.example (192.0.2.1): no answer in time",),
    ),
    Case(
        "one server says there is no such name, the other no such type",
        with_dns(replace(DNS.without(*NAMES), at={"ns1.dns.example": (("*", "CNAME", Answer(Outcome.NO_SUCH_TYPE)),)})),
        ("DKIM_RECORD_MISSING",),
    ),
    Case(
        "the servers disagree",
        with_dns(replace(DNS, at={"ns2.dns.example": (("*._domainkey.*", "CNAME", NO_SUCH_NAME),)})),
        undecided=EASY,
    ),
    Case(
        "missing, and where else it may be cannot be asked",
        with_dns(
            replace(
                DNS.without(*NAMES),
                everywhere=(failing(Outcome.SERVFAIL, "*.example.com.*"), failing(Outcome.SERVFAIL, "*.domainkey.*")),
                resolver=(failing(Outcome.SERVFAIL, "*.example.com.*"), failing(Outcome.SERVFAIL, "*.domainkey.*")),
            )
        ),
        ("DKIM_RECORD_MISSING",),
        undecided=("DKIM_NAME_DOUBLED", "DKIM_UNDERSCORE_LOST"),
    ),
    Case(
        "the domain does not exist: another check's finding",
        with_dns(Dns({("com", "SOA"): ("x",)}, zone="com")),
        undecided=EASY,
    ),
    Case(
        "a subdomain without any record, in a domain that exists",
        with_dns(Dns(zone_records("example.com"))),
        ("DKIM_RECORD_MISSING",),
    ),
    Case(
        "no hosted zone could be found",
        with_dns(replace(DNS.without(*NAMES), no_zone=Missing(Blindness.TIMED_OUT, "no SOA"))),
        ("DKIM_RECORD_MISSING",),
    ),
    Case(
        "the details are not due, the records right",
        with_dns(details=Missing(Blindness.NOT_APPLICABLE, "not due")),
        undecided=("DKIM_WRONG_TARGET",),
    ),
    Case(
        "the details are not due, the records gone",
        with_dns(DNS.without(*NAMES), details=Missing(Blindness.NOT_APPLICABLE, "not due")),
        ("DKIM_RECORD_MISSING",),
        undecided=("DKIM_WRONG_TARGET",),
    ),
    Case(
        "the details could not be read, and one token may be anything",
        with_dns(OWN_DNS, EXTERNAL, details=THROTTLED),
        unknown=True,
    ),
    Case("five tokens", with_dns(dkim=dkim(tokens=(*TOKENS, "a" * 32, "b" * 32)))),
    Case(
        "twelve tokens, none published",
        with_dns(DNS.without(*NAMES), dkim=dkim(tokens=tuple(f"{n:032d}" for n in range(12)))),
        ("DKIM_RECORD_MISSING",),
        says=("12 of 12",),
    ),
    Case(
        "a domain as long as its records can be",
        with_dns(Dns(zone_records("example.com")), name=LONG),
        ("DKIM_RECORD_MISSING",),
    ),
    Case(
        "a domain of 253 characters: the DNS cannot hold its records",
        with_dns(Dns(zone_records("example.com")), name=".".join(["a" * 60] * 3 + ["b" * 58, "example", "com"])[:253]),
        undecided=EASY,
    ),
    Case("upper case and a final dot", with_dns(DNS, name="Shop.Example.COM.")),
    Case(
        "unicode",
        with_dns(
            healthy_dns(replace(HEALTHY_DOMAIN, name="bücher.example"), zone="bücher.example"), name="bücher.example"
        ),
    ),
    Case(
        "underscores in the domain",
        with_dns(healthy_dns(replace(HEALTHY_DOMAIN, name="a_b.example.com")), name="a_b.example.com"),
    ),
    Case(
        "hostile tokens",
        with_dns(DNS, dkim=dkim(tokens=(HOSTILE, "..", ""))),
        undecided=EASY,
    ),
    Case(
        "a hostile target",
        with_dns(DNS.having({ONE: (HOSTILE[:2000],)})),
        ("DKIM_WRONG_TARGET",),
        severities=partly("DKIM_WRONG_TARGET"),
    ),
    Case(
        "a hostile TXT in place of the CNAME",
        with_dns(DNS.without(ONE).having({(ONE[0], "TXT"): (f"amazonses.com {HOSTILE}"[:4096],)})),
        ("DKIM_WRONG_TYPE",),
        severities=partly("DKIM_WRONG_TYPE"),
    ),
    Case("not proven yet", with_identity(proof=NO_PROOF), unknown=True),
    Case("the tokens could not be read", with_dns(dkim=THROTTLED), unknown=True),
    Case("the identities could not be listed", IDENTITIES_UNREADABLE, unknown=True),
    Case("a key of one's own, healthy", with_dns(OWN_DNS, EXTERNAL)),
    Case(
        "a key of one's own, in many strings and with tags",
        with_dns(own(f"v=DKIM1; k=rsa; p={OWN_KEY[:200]} {OWN_KEY[200:]};"), EXTERNAL),
    ),
    Case(
        "a key of one's own behind an alias",
        with_dns(
            OWN_DNS.without(OWN_NAME).having(
                {(OWN_NAME[0], "CNAME"): ("k.example.net",), ("k.example.net", "TXT"): (f"p={OWN_KEY}",)}
            ),
            EXTERNAL,
        ),
    ),
    Case("a key of one's own beside a wildcard's TXT", with_dns(own("v=spf1 -all", f"p={OWN_KEY}"), EXTERNAL)),
    Case("a key of one's own, gone", with_dns(own(), EXTERNAL), ("DKIM_RECORD_MISSING",), says=("p=<your public key",)),
    Case(
        "a key of one's own, the name doubled",
        with_dns(OWN_DNS.moved(OWN_NAME, (f"{OWN_NAME[0]}.example.com", "TXT")), EXTERNAL),
        ("DKIM_NAME_DOUBLED",),
    ),
    Case(
        "a key of one's own, the underscore lost",
        with_dns(OWN_DNS.moved(OWN_NAME, (f"shop1.domainkey.{DOMAIN}", "TXT")), EXTERNAL),
        ("DKIM_UNDERSCORE_LOST",),
    ),
    changed("a key of one's own, in lower case", f"p={OWN_KEY}".lower(), says=("lower case",)),
    changed("a key of one's own, cut", f"p={OWN_KEY[:252]}", says=("cut",)),
    changed("a key of one's own, cut inside a character", f"p={OWN_KEY[:255]}", says=("cut",)),
    changed("a key of one's own, split by hand", f'p={OWN_KEY[:200]}" "{OWN_KEY[200:]}', says=("quotation marks",)),
    changed("a key of one's own, escaped by hand", f"v=DKIM1\\; p={OWN_KEY}", says=("backslashes",)),
    changed("a key of one's own without p=", OWN_KEY, says=("no p=",)),
    changed("a key of one's own, revoked", "v=DKIM1; p=", says=("revoked",)),
    changed("two keys of one's own", f"p={OWN_KEY}", "p=" + base64.b64encode(der(293)).decode(), says=("2 keys",)),
    changed("a key of one's own of another kind", f"v=DKIM1; k=ed25519; p={OWN_KEY}", says=("RSA only",)),
    changed("a key of one's own of another version", f"v=DKIM2; p={OWN_KEY}", says=("DKIM1",)),
    changed("a key of one's own with an altered semicolon", f"v=DKIM1, p={OWN_KEY}"),
    changed("something else than a key", "p=" + base64.b64encode(b"hello world, this is no key").decode()),
    changed("a key with something behind it", "p=" + base64.b64encode(der() + b"more").decode()),
    changed("a hostile key of one's own", f"p={HOSTILE}"[:4096]),
    changed(
        "a well-formed key, and SES objects",
        f"p={OWN_KEY}",
        says=("another private key",),
        dkim=dkim(tokens=("shop1",), status="PENDING"),
        details=details(dkim_origin="EXTERNAL", hosted_zone="", error_type="INVALID_VALUE"),
    ),
    Case(
        "a well-formed key, and SES has given up",
        with_dns(
            OWN_DNS,
            EXTERNAL,
            dkim=dkim(tokens=("shop1",), status="FAILED"),
            details=details(dkim_origin="EXTERNAL", hosted_zone="", error_type="INVALID_VALUE"),
        ),
    ),
    Case(
        "two selectors, one of them altered",
        with_dns(
            OWN_DNS.having({(f"shop2._domainkey.{DOMAIN}", "TXT"): ("p=xx",)}),
            EXTERNAL,
            dkim=dkim(tokens=("shop1", "shop2")),
        ),
        ("DKIM_KEY_CHANGED",),
        severities=partly("DKIM_KEY_CHANGED"),
    ),
    *(
        Case(
            f"a key of one's own, nobody answers ({outcome})",
            with_dns(replace(OWN_DNS, everywhere=(failing(outcome),), resolver=(failing(outcome),)), EXTERNAL),
            undecided=OWN,
        )
        for outcome in FAILURES
    ),
    Case(
        "the keys of a replica of Ohio", with_dns(DNS, details=details(dkim_origin="AWS_SES_US_EAST_2", hosted_zone=""))
    ),
    Case("an origin nobody knows", with_dns(DNS, details=details(dkim_origin="LIMBO"))),
    Case(
        "the key behind an alias of SES's own",
        with_dns(replace(DNS, resolver=((ONE[0], "TXT", said(KEY, aliases=("a", "b"))),))),
    ),
]
