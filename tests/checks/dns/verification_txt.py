"""Cases of dns.verification_txt."""

from dataclasses import replace

from ses_monitor.core.dns import Outcome
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.build import (
    HEALTHY_DOMAIN,
    HOSTILE,
    IDENTITIES_UNREADABLE,
    THROTTLED,
    Case,
    dkim,
    with_address,
    with_identity,
)
from tests.dns_build import FAILURES, NO_PROOF, NO_SUCH_NAME, Dns, failing, healthy_dns, with_dns, zone_records

TOKEN = "pmBGN/7MjnfhTKUZ06Enqq1PeGUaOkw8lGhcfwefcHU="
OTHER = "xQ9vLt2yWb4Rz8KsJd5iAo3nFp+71VhMgYuX6CkTe0E="
ALL = ("TXT_TOKEN_MISSING", "TXT_NAME_DOUBLED", "TXT_TOKEN_ALTERED", "TXT_TOKEN_LOWERCASED")
LEGACY = replace(HEALTHY_DOMAIN, txt_token=Known(TOKEN), dkim=dkim(status="NOT_STARTED", tokens=()))
DOMAIN = LEGACY.domain
NAME = (f"_amazonses.{DOMAIN}", "TXT")
APEX = (DOMAIN, "TXT")
DNS = healthy_dns(LEGACY).having({NAME: (TOKEN,)})
BARE = DNS.without(NAME)


def at(*values: str, apex: tuple[str, ...] = ()) -> Dns:
    return BARE.having({key: given for key, given in ((NAME, values), (APEX, apex)) if given})


CASES = [
    Case("healthy, by DKIM: no token", with_dns()),
    Case("healthy, by DKIM: a token nobody needs", with_dns(txt_token=Known(TOKEN))),
    Case("healthy, by TXT", with_dns(DNS, LEGACY)),
    Case("several values: one for each region", with_dns(at(OTHER, TOKEN), LEGACY)),
    Case("with the prefix", with_dns(at(f"amazonses:{TOKEN}"), LEGACY)),
    Case(
        "at the domain itself, beside other records", with_dns(at(apex=("v=spf1 -all", f"amazonses:{TOKEN}")), LEGACY)
    ),
    Case("at the domain itself, while another region's is at the name", with_dns(at(OTHER, apex=(TOKEN,)), LEGACY)),
    Case(
        "at the domain itself, though nobody answers for the name",
        with_dns(
            replace(
                at(apex=(TOKEN,)),
                everywhere=(failing(Outcome.SERVFAIL, NAME[0]),),
                resolver=(failing(Outcome.SERVFAIL, NAME[0]),),
            ),
            LEGACY,
        ),
    ),
    Case("an address", with_address(txt_token=Known(TOKEN), dkim=dkim(status="NOT_STARTED"))),
    Case(
        "gone, while SES says SUCCESS",
        with_dns(BARE, LEGACY),
        ("TXT_TOKEN_MISSING",),
        says=(
            f'_amazonses.{DOMAIN}. TXT "{TOKEN}"',
            "_amazonses.shop",
            "within 72 hours",
            "only two verifications fit",
        ),
    ),
    Case(
        "not there yet",
        with_dns(BARE, LEGACY, verification_status="PENDING"),
        ("TXT_TOKEN_MISSING",),
        says=("72 hours",),
    ),
    Case(
        "DKIM failed for good, and the domain is verified: it rests on this",
        with_dns(BARE, LEGACY, dkim=dkim(status="FAILED")),
        ("TXT_TOKEN_MISSING",),
    ),
    Case(
        "DKIM is being looked for: this may not be needed",
        with_dns(BARE, LEGACY, dkim=dkim(status="PENDING"), verification_status="PENDING"),
    ),
    Case(
        "DKIM is about to be revoked: that is the finding",
        with_dns(BARE, LEGACY, dkim=dkim(status="TEMPORARY_FAILURE")),
    ),
    Case(
        "SES was not asked: both were given",
        with_dns(BARE, LEGACY, dkim=dkim(status="PENDING"), verification_status=""),
        ("TXT_TOKEN_MISSING",),
    ),
    Case(
        "DKIM was not given",
        with_dns(BARE, LEGACY, dkim=Missing(Blindness.NOT_APPLICABLE, "not given")),
        ("TXT_TOKEN_MISSING",),
    ),
    Case(
        "only a wildcard's text there",
        with_dns(BARE.having({("*.shop.example.com", "TXT"): ("v=spf1 -all", "a=b")}), LEGACY),
        ("TXT_TOKEN_MISSING",),
    ),
    Case(
        "only others' texts at the domain",
        with_dns(at(apex=("v=spf1 -all", "google-site-verification=x", OTHER)), LEGACY),
        ("TXT_TOKEN_MISSING",),
    ),
    Case(
        "the domain doubled",
        with_dns(BARE.having({(f"{NAME[0]}.{DOMAIN}", "TXT"): (TOKEN,)}), LEGACY),
        ("TXT_NAME_DOUBLED",),
        says=(f"{NAME[0]}.{DOMAIN}", "final dot"),
    ),
    Case(
        "the zone appended",
        with_dns(BARE.having({(f"{NAME[0]}.example.com", "TXT"): (TOKEN,)}), LEGACY),
        ("TXT_NAME_DOUBLED",),
    ),
    Case(
        "doubled, though DKIM is being looked for: somebody wants it",
        with_dns(BARE.having({(f"{NAME[0]}.{DOMAIN}", "TXT"): (TOKEN,)}), LEGACY, dkim=dkim(status="PENDING")),
        ("TXT_NAME_DOUBLED",),
    ),
    Case("in lower case", with_dns(at(TOKEN.lower()), LEGACY), ("TXT_TOKEN_LOWERCASED",), says=(TOKEN.lower(), TOKEN)),
    Case(
        "in lower case at the domain itself",
        with_dns(at(apex=(f"amazonses:{TOKEN.lower()}",)), LEGACY),
        ("TXT_TOKEN_LOWERCASED",),
    ),
    Case("cut", with_dns(at(TOKEN[:-8]), LEGACY), ("TXT_TOKEN_ALTERED",), says=(TOKEN[:-8],)),
    Case("in quotation marks", with_dns(at(f'"{TOKEN}"'), LEGACY), ("TXT_TOKEN_ALTERED",)),
    Case(
        "the token of another region alone",
        with_dns(at(OTHER), LEGACY),
        ("TXT_TOKEN_ALTERED",),
        says=("another region", "beside those"),
    ),
    Case("cut at the domain itself", with_dns(at(apex=(f"amazonses:{TOKEN[:-4]}",)), LEGACY), ("TXT_TOKEN_ALTERED",)),
    Case("a hostile value", with_dns(at(HOSTILE.replace("=", "")[:4096]), LEGACY), ("TXT_TOKEN_ALTERED",)),
    Case("a hostile token", with_dns(BARE, LEGACY, txt_token=Known(HOSTILE)), ("TXT_TOKEN_MISSING",)),
    *(
        Case(
            f"nobody answers ({outcome})",
            with_dns(replace(BARE, everywhere=(failing(outcome),), resolver=(failing(outcome),)), LEGACY),
            undecided=ALL,
        )
        for outcome in FAILURES
    ),
    Case(
        "nobody answers for the domain itself",
        with_dns(
            replace(
                BARE,
                everywhere=(failing(Outcome.SERVFAIL, DOMAIN, "TXT"),),
                resolver=(failing(Outcome.SERVFAIL, DOMAIN, "TXT"),),
            ),
            LEGACY,
        ),
        undecided=ALL,
    ),
    Case(
        "nobody answers where else it may be",
        with_dns(
            replace(
                BARE,
                everywhere=(failing(Outcome.SERVFAIL, "*.example.com.*"),),
                resolver=(failing(Outcome.SERVFAIL, "*.example.com.*"),),
            ),
            LEGACY,
        ),
        ("TXT_TOKEN_MISSING",),
        undecided=("TXT_NAME_DOUBLED",),
    ),
    Case(
        "the servers disagree",
        with_dns(replace(DNS, at={"ns1.dns.example": ((NAME[0], "TXT", NO_SUCH_NAME),)}), LEGACY),
        undecided=ALL,
    ),
    Case("the domain does not exist", with_dns(Dns({("com", "SOA"): ("x",)}, zone="com"), LEGACY), undecided=ALL),
    Case("a subdomain without records", with_dns(Dns(zone_records("example.com")), LEGACY), ("TXT_TOKEN_MISSING",)),
    Case("not proven yet", with_identity(LEGACY, proof=NO_PROOF), unknown=True),
    Case("the token could not be read", with_dns(DNS, LEGACY, txt_token=THROTTLED), unknown=True),
    Case("whether DKIM proves it could not be read", with_dns(DNS, LEGACY, dkim=THROTTLED), unknown=True),
    Case("the identities could not be listed", IDENTITIES_UNREADABLE, unknown=True),
]
