"""Cases of dns.dmarc."""

from dataclasses import replace

from ses_monitor.core.dns import Outcome
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Known
from tests.build import (
    HEALTHY_DOMAIN,
    HOSTILE,
    IDENTITIES_UNREADABLE,
    THROTTLED,
    Case,
    dkim,
    mail_from,
    with_address,
    with_identity,
)
from tests.dns_build import FAILURES, NO_PROOF, NO_SUCH_NAME, Dns, failing, healthy_dns, with_dns, zone_records

DOMAIN = HEALTHY_DOMAIN.domain
OWN, ABOVE = (f"_dmarc.{DOMAIN}", "TXT"), ("_dmarc.example.com", "TXT")
DNS = healthy_dns(HEALTHY_DOMAIN)
BARE = DNS.without(OWN)
ALL = ("DMARC_MISSING", "DMARC_MULTIPLE", "DMARC_INVALID", "DMARC_NONE", "DMARC_CANNOT_ALIGN")
DEEP = replace(HEALTHY_DOMAIN, name="a.b.c.d.e.f.g.h.i.j.shop.example.com")


def own(*values: str) -> Dns:
    return DNS.having({OWN: values})


def above(*values: str) -> Dns:
    return BARE.having({ABOVE: values})


def invalid(value: str, *says: str) -> Case:
    return Case(f"invalid: {value[:60]!r}", with_dns(own(value)), ("DMARC_INVALID",), says=says)


def weight(severity: Severity) -> dict[str, Severity]:
    return {"DMARC_CANNOT_ALIGN": severity}


CASES = [
    Case("healthy", with_dns()),
    Case("an address: its domain may not be ours", with_address()),
    Case("in many forms", with_dns(own("v = DMARC1 ; P=Reject;sp=quarantine; pct=50 ;; rua=mailto:x@example.net"))),
    Case("beside other texts", with_dns(own("v=spf1 -all", "v=DMARC1; p=reject"))),
    Case(
        "missing",
        with_dns(BARE),
        ("DMARC_MISSING",),
        says=(f'{OWN[0]}. TXT "v=DMARC1; p=none; rua=mailto:dmarc-reports@{DOMAIN}"', "_dmarc.shop", "Gmail"),
    ),
    Case(
        "missing, but at the doubled name",
        with_dns(BARE.having({(f"{OWN[0]}.{DOMAIN}", "TXT"): ("v=DMARC1; p=none",)})),
        ("DMARC_MISSING",),
        says=(f"{OWN[0]}.{DOMAIN}",),
    ),
    Case(
        "missing, but without the underscore",
        with_dns(BARE.having({(f"dmarc.{DOMAIN}", "TXT"): ("v=DMARC1; p=none",)})),
        ("DMARC_MISSING",),
        says=(f" dmarc.{DOMAIN}",),
    ),
    Case(
        "only a wildcard's text",
        with_dns(
            BARE.having({("*.shop.example.com", "TXT"): ("v=spf1 -all",), ("*.example.com", "TXT"): ("v=spf1 -all",)})
        ),
        ("DMARC_MISSING",),
    ),
    Case("the organisation's record counts", with_dns(above("v=DMARC1; p=reject"))),
    Case(
        "the organisation's record counts, eleven labels below it",
        with_dns(
            healthy_dns(DEEP).without((f"_dmarc.{DEEP.domain}", "TXT")).having({ABOVE: ("v=DMARC1; p=reject",)}), DEEP
        ),
    ),
    Case(
        "the organisation's, not that of a domain between",
        with_dns(
            healthy_dns(DEEP)
            .without((f"_dmarc.{DEEP.domain}", "TXT"))
            .having({OWN: ("v=DMARC1; p=none",), ABOVE: ("v=DMARC1; p=reject",)}),
            DEEP,
        ),
    ),
    Case(
        "nothing below a public suffix counts",
        with_dns(
            Dns(zone_records("shop.co.uk") | {("_dmarc.co.uk", "TXT"): ("v=DMARC1; p=reject",)}, zone="shop.co.uk"),
            name="shop.co.uk",
            mail_from=Known(None),
        ),
        ("DMARC_MISSING",),
    ),
    Case(
        "the organisation's policy for subdomains is none",
        with_dns(above("v=DMARC1; p=reject; sp=none")),
        ("DMARC_NONE",),
        says=("_dmarc.example.com",),
    ),
    Case(
        "the organisation's policy for subdomains is stricter than its own",
        with_dns(above("v=DMARC1; p=none; sp=reject")),
    ),
    Case(
        "the organisation's record is invalid",
        with_dns(above("v=DMARC1; p=maybe")),
        ("DMARC_INVALID",),
        says=("_dmarc.example.com",),
    ),
    Case(
        "two records",
        with_dns(own("v=DMARC1; p=none", "v=DMARC1; p=reject")),
        ("DMARC_MULTIPLE",),
        says=("2 DMARC records",),
    ),
    Case("two records, and none of them valid", with_dns(own("v=DMARC1; p=x", "v=DMARC1")), ("DMARC_MULTIPLE",)),
    Case(
        "policy none",
        with_dns(own("v=DMARC1; p=none; rua=mailto:x@example.net")),
        ("DMARC_NONE",),
        says=("p=quarantine",),
    ),
    invalid("v=DMARC1", "no p="),
    invalid("v=DMARC1; rua=mailto:x@example.net", "no p="),
    invalid("v=DMARC1; p=rejected", "'rejected'"),
    invalid("v=DMARC1; p="),
    invalid("v=DMARC1; p=reject; sp=never"),
    invalid("v=DMARC1; p=reject; aspf=strict", "'strict'"),
    invalid("v=dmarc1; p=reject", "exactly these letters"),
    invalid("v=DMARC1, p=reject"),
    invalid('"v=DMARC1; p=reject"'),
    invalid("v:DMARC1; p=reject"),
    invalid(f"v=dmarc1 {HOSTILE}"[:4096]),
    invalid(f"v=DMARC1; p={HOSTILE}"[:4096]),
    Case(
        "strict SPF, DKIM in order",
        with_dns(own("v=DMARC1; p=reject; aspf=s")),
        ("DMARC_CANNOT_ALIGN",),
        says=("aspf=s", "rests on the DKIM signature", "aspf=r"),
    ),
    Case(
        "strict SPF, and DKIM failed",
        with_dns(own("v=DMARC1; p=reject; aspf=s"), dkim=dkim(status="FAILED")),
        ("DMARC_CANNOT_ALIGN",),
        severities=weight(Severity.ERROR),
        says=("nothing aligns",),
    ),
    Case(
        "strict SPF, and signing is off",
        with_dns(own("v=DMARC1; p=quarantine; aspf=s"), dkim=dkim(signing_enabled=False)),
        ("DMARC_CANNOT_ALIGN",),
        severities=weight(Severity.ERROR),
    ),
    Case(
        "strict SPF without DKIM, and policy none",
        with_dns(own("v=DMARC1; p=none; aspf=s"), dkim=dkim(status="FAILED")),
        ("DMARC_NONE", "DMARC_CANNOT_ALIGN"),
        severities=weight(Severity.WARNING),
    ),
    Case(
        "strict SPF, not verified yet: nothing is sent",
        with_dns(own("v=DMARC1; p=reject; aspf=s"), dkim=dkim(status="PENDING"), verification_status="PENDING"),
        ("DMARC_CANNOT_ALIGN",),
    ),
    Case(
        "both strict",
        with_dns(own("v=DMARC1; p=reject; aspf=s; adkim=s")),
        ("DMARC_CANNOT_ALIGN",),
        severities=weight(Severity.WARNING),
        says=("subdomain in its From",),
    ),
    Case(
        "both strict, and policy none",
        with_dns(own("v=DMARC1; p=none; aspf=s; adkim=s")),
        ("DMARC_NONE", "DMARC_CANNOT_ALIGN"),
    ),
    Case("strict DKIM with a MAIL FROM domain", with_dns(own("v=DMARC1; p=reject; adkim=s"))),
    Case(
        "strict DKIM without a MAIL FROM domain",
        with_dns(own("v=DMARC1; p=reject; adkim=s"), mail_from=Known(None)),
        ("DMARC_CANNOT_ALIGN",),
    ),
    Case(
        "strict DKIM, the MAIL FROM domain failed",
        with_dns(own("v=DMARC1; p=reject; adkim=s"), mail_from=mail_from(status="FAILED")),
        ("DMARC_CANNOT_ALIGN",),
    ),
    Case(
        "strict, and DKIM could not be read",
        with_dns(own("v=DMARC1; p=none; aspf=s"), dkim=THROTTLED),
        ("DMARC_NONE",),
        undecided=("DMARC_CANNOT_ALIGN",),
    ),
    Case("relaxed: DKIM is of no interest", with_dns(dkim=THROTTLED)),
    *(
        Case(
            f"nobody answers ({outcome})",
            with_dns(replace(BARE, everywhere=(failing(outcome),), resolver=(failing(outcome),))),
            undecided=ALL,
        )
        for outcome in FAILURES
    ),
    *(
        Case(
            f"nobody answers for the organisation ({outcome})",
            with_dns(replace(BARE, everywhere=(failing(outcome, ABOVE[0]),), resolver=(failing(outcome, ABOVE[0]),))),
            undecided=ALL,
        )
        for outcome in FAILURES
    ),
    Case(
        "the servers do not answer, the resolver does", with_dns(replace(DNS, everywhere=(failing(Outcome.TIMED_OUT),)))
    ),
    Case(
        "the servers disagree",
        with_dns(replace(DNS, at={"ns2.dns.example": ((OWN[0], "TXT", NO_SUCH_NAME),)})),
        undecided=ALL,
    ),
    Case("the domain does not exist", with_dns(Dns({("com", "SOA"): ("x",)}, zone="com")), undecided=ALL),
    Case("not proven yet", with_identity(proof=NO_PROOF), unknown=True),
    Case("the identities could not be listed", IDENTITIES_UNREADABLE, unknown=True),
]
