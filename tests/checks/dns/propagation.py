"""Cases of dns.propagation."""

from dataclasses import replace

from ses_monitor.core.dns import Answer, Outcome
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.build import (
    HEALTHY_DOMAIN,
    HOSTILE,
    IDENTITIES_UNREADABLE,
    THROTTLED,
    TOKENS,
    Case,
    details,
    dkim,
    with_address,
    with_identity,
)
from tests.dns_build import FAILURES, NO_PROOF, NO_SUCH_NAME, Dns, Rule, failing, healthy_dns, said, with_dns

DOMAIN = HEALTHY_DOMAIN.domain
DNS = healthy_dns(HEALTHY_DOMAIN)
NAME = f"{TOKENS[0]}._domainkey.{DOMAIN}"
TAG = ("NOT_YET_VISIBLE",)
NOT_GIVEN = Missing(Blindness.NOT_APPLICABLE, "not given")


def resolver(*rules: Rule, dns: Dns = DNS) -> Dns:
    return replace(dns, resolver=rules)


CASES = [
    Case("healthy", with_dns()),
    Case("an address", with_address()),
    Case(
        "one record not seen yet",
        with_dns(resolver((NAME, "CNAME", NO_SUCH_NAME))),
        TAG,
        says=(NAME, "wait until 2026-05-12 10:15 UTC", "the resolver: no such name", "the answer that there is none"),
    ),
    Case(
        "all three not seen yet",
        with_dns(resolver(("*._domainkey.*", "CNAME", NO_SUCH_NAME))),
        TAG,
        says=("(and 2 more)",),
    ),
    Case(
        "no type where another is",
        with_dns(resolver((NAME, "CNAME", Answer(Outcome.NO_SUCH_TYPE, ttl=60)))),
        TAG,
        says=("10:01 UTC",),
    ),
    Case(
        "the older record seen still",
        with_dns(resolver((NAME, "CNAME", said("old.example.net")))),
        TAG,
        says=("older record", "10:05 UTC"),
    ),
    Case(
        "nobody knows for how long",
        with_dns(resolver((NAME, "CNAME", Answer(Outcome.NO_SUCH_NAME)))),
        TAG,
        says=("forgets the old",),
    ),
    Case(
        "MX and SPF not seen yet",
        with_dns(resolver(("bounce.*", "*", NO_SUCH_NAME))),
        TAG,
        says=("bounce.shop.example.com MX",),
    ),
    Case("DMARC not seen yet", with_dns(resolver(("_dmarc.*", "TXT", NO_SUCH_NAME))), TAG),
    Case(
        "other letters, more values and another order are the same",
        with_dns(resolver((NAME, "CNAME", said(f"{TOKENS[0]}.DKIM.amazonses.com", "x")))),
    ),
    Case(
        "not published: another check's finding",
        with_dns(resolver((NAME, "*", NO_SUCH_NAME), dns=DNS.without((NAME, "CNAME")))),
    ),
    Case(
        "published wrongly: another check's finding",
        with_dns(resolver((NAME, "*", NO_SUCH_NAME), dns=DNS.having({(NAME, "CNAME"): ("x.example.net",)}))),
    ),
    Case(
        "the DMARC record is none: another check's finding",
        with_dns(resolver(("_dmarc.*", "*", NO_SUCH_NAME), dns=DNS.having({(f"_dmarc.{DOMAIN}", "TXT"): ("hello",)}))),
    ),
    Case(
        "a key of one's own not seen yet",
        with_dns(
            resolver(
                ("shop1.*", "*", NO_SUCH_NAME), dns=DNS.having({(f"shop1._domainkey.{DOMAIN}", "TXT"): ("p=abc",)})
            ),
            dkim=dkim(tokens=("shop1",)),
            details=details(dkim_origin="EXTERNAL"),
        ),
        TAG,
    ),
    Case(
        "the older verification not seen yet",
        with_dns(
            resolver(
                ("_amazonses.*", "*", NO_SUCH_NAME), dns=DNS.having({(f"_amazonses.{DOMAIN}", "TXT"): ("token",)})
            ),
            txt_token=Known("token"),
            dkim=dkim(status="NOT_STARTED"),
        ),
        TAG,
    ),
    Case(
        "only part of it was given",
        with_dns(resolver(("_dmarc.*", "*", NO_SUCH_NAME)), dkim=NOT_GIVEN, txt_token=NOT_GIVEN),
        TAG,
    ),
    *(
        Case(f"the resolver fails ({outcome})", with_dns(resolver(failing(outcome))), undecided=TAG)
        for outcome in FAILURES
    ),
    *(
        Case(f"the servers fail ({outcome})", with_dns(replace(DNS, everywhere=(failing(outcome),))), undecided=TAG)
        for outcome in FAILURES
    ),
    Case(
        "the servers disagree",
        with_dns(replace(DNS, at={"ns1.dns.example": ((NAME, "*", NO_SUCH_NAME),)})),
        undecided=TAG,
    ),
    Case("the tokens could not be read", with_dns(dkim=THROTTLED), undecided=TAG),
    Case("hostile", with_dns(resolver((NAME, "CNAME", said(HOSTILE[:4096])))), TAG),
    Case("the domain does not exist", with_dns(Dns({("com", "SOA"): ("x",)}, zone="com"))),
    Case("not proven yet", with_identity(proof=NO_PROOF), unknown=True),
    Case("the identities could not be listed", IDENTITIES_UNREADABLE, unknown=True),
]
