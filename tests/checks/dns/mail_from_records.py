"""Cases of dns.mail_from_records."""

from dataclasses import replace

from ses_monitor.core.dns import Outcome
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Known
from tests.build import (
    HEALTHY_DOMAIN,
    HOSTILE,
    IDENTITIES_UNREADABLE,
    SENDER,
    THROTTLED,
    Case,
    mail_from,
    with_address,
    with_identity,
)
from tests.dns_build import FAILURES, NO_PROOF, NO_SUCH_NAME, Dns, failing, healthy_dns, with_dns

DOMAIN = "bounce.shop.example.com"
MX, TXT = (DOMAIN, "MX"), (DOMAIN, "TXT")
DNS = healthy_dns(HEALTHY_DOMAIN)
FALLBACK = mail_from(on_mx_failure="USE_DEFAULT_VALUE")
RIGHT = f"{DOMAIN}. MX 10 feedback-smtp.eu-west-1.amazonses.com."
MXS = ("MAIL_FROM_MX_MISSING", "MAIL_FROM_MX_EXTRA", "MAIL_FROM_MX_WRONG")
SPFS = ("MAIL_FROM_SPF_MISSING", "MAIL_FROM_SPF_MULTIPLE", "MAIL_FROM_SPF_LACKS_SES")


def rejecting(tag: str) -> dict[str, Severity]:
    return {tag: Severity.ERROR}


def mx(*values: str) -> Dns:
    return DNS.having({MX: values})


def spf(*values: str, **others: str) -> Dns:
    return DNS.having({TXT: values, **{(f"{name}.example.net", "TXT"): (value,) for name, value in others.items()}})


def wrong(name: str, value: str, *says: str) -> Case:
    severities = rejecting("MAIL_FROM_MX_WRONG")
    return Case(name, with_dns(mx(value)), ("MAIL_FROM_MX_WRONG",), severities=severities, says=(RIGHT, *says))


CASES = [
    Case("healthy", with_dns()),
    Case("no MAIL FROM domain", with_dns(mail_from=Known(None))),
    Case("an empty MAIL FROM domain", with_dns(mail_from=mail_from(domain=""))),
    Case("an address without one", with_address()),
    Case("another region's host is allowed", with_dns(mx("10 feedback-smtp.us-east-1.amazonses.com"))),
    Case("another preference, and capitals", with_dns(mx("5 Feedback-SMTP.EU-West-1.AmazonSES.com"))),
    Case(
        "no MX, and SES falls back",
        with_dns(DNS.without(MX), mail_from=FALLBACK),
        ("MAIL_FROM_MX_MISSING",),
        says=(RIGHT, "bounce.shop", "SES still says SUCCESS", "72 hours", "USE_DEFAULT_VALUE"),
    ),
    Case(
        "no MX, and SES refuses",
        with_dns(DNS.without(MX)),
        ("MAIL_FROM_MX_MISSING",),
        severities=rejecting("MAIL_FROM_MX_MISSING"),
        says=("refuse every mail",),
    ),
    Case(
        "no MX yet, and SES refuses",
        with_dns(DNS.without(MX), mail_from=mail_from(status="PENDING")),
        ("MAIL_FROM_MX_MISSING",),
        severities=rejecting("MAIL_FROM_MX_MISSING"),
        says=("REJECT_MESSAGE",),
    ),
    Case(
        "no MX yet, and SES falls back",
        with_dns(DNS.without(MX), mail_from=mail_from(status="PENDING", on_mx_failure="")),
        ("MAIL_FROM_MX_MISSING",),
        says=("SPF does not align",),
    ),
    Case(
        "no MX at that name, but at the doubled one",
        with_dns(DNS.moved(MX, (f"{DOMAIN}.example.com", "MX")), mail_from=FALLBACK),
        ("MAIL_FROM_MX_MISSING",),
        says=(f"{DOMAIN}.example.com",),
    ),
    Case(
        "no record at all",
        with_dns(DNS.without(MX, TXT), mail_from=FALLBACK),
        ("MAIL_FROM_MX_MISSING", "MAIL_FROM_SPF_MISSING"),
    ),
    Case(
        "a second MX, and SES falls back",
        with_dns(mx("10 feedback-smtp.eu-west-1.amazonses.com", "20 mx.example.net"), mail_from=FALLBACK),
        ("MAIL_FROM_MX_EXTRA",),
        says=("2 MX records", "20 mx.example.net", RIGHT),
    ),
    Case(
        "two hosts of SES are one too many",
        with_dns(mx("10 feedback-smtp.eu-west-1.amazonses.com", "10 feedback-smtp.us-east-1.amazonses.com")),
        ("MAIL_FROM_MX_EXTRA",),
        severities=rejecting("MAIL_FROM_MX_EXTRA"),
    ),
    Case(
        "two hosts of somebody else",
        with_dns(mx("1 a.example.net", "5 b.example.net"), mail_from=FALLBACK),
        ("MAIL_FROM_MX_EXTRA",),
    ),
    wrong("amazonaws for amazonses", "10 feedback-smtp.eu-west-1.amazonaws.com", "not amazonaws.com"),
    wrong("the host for receiving", "10 inbound-smtp.eu-west-1.amazonaws.com", "where SES receives mail"),
    wrong("a region that is none", "10 feedback-smtp.eu-west-9.amazonses.com", "no such region"),
    wrong("the host doubled", "10 feedback-smtp.eu-west-1.amazonses.com.example.com", "End the host with a dot"),
    wrong("somebody else's host", "10 mx.example.net", "It leads to mx.example.net"),
    wrong("a null MX", "0 .", "takes no mail"),
    wrong("a null MX without its dot", "0 ", "takes no mail"),
    wrong("a hostile host", f"10 {HOSTILE}"[:2000]),
    Case(
        "a wrong host, and SES falls back",
        with_dns(mx("10 mx.example.net"), mail_from=FALLBACK),
        ("MAIL_FROM_MX_WRONG",),
    ),
    Case(
        "no region given",
        with_dns(DNS.without(MX), base=replace(SENDER, region=""), mail_from=FALLBACK),
        ("MAIL_FROM_MX_MISSING",),
        says=("feedback-smtp.<region>.amazonses.com",),
    ),
    Case(
        "a region whose host nobody knows",
        with_dns(mx("10 feedback-smtp.eusc-de-east-1.amazonses.eu"), base=replace(SENDER, region="eusc-de-east-1")),
        undecided=("MAIL_FROM_MX_WRONG",),
    ),
    Case(
        "an address with a MAIL FROM domain of its own",
        with_dns(DNS.without(MX), with_address().identities.get()[0], mail_from=FALLBACK),
        ("MAIL_FROM_MX_MISSING",),
    ),
    Case(
        "no SPF",
        with_dns(DNS.without(TXT)),
        ("MAIL_FROM_SPF_MISSING",),
        says=(f'{DOMAIN}. TXT "v=spf1 include:amazonses.com ~all"',),
    ),
    Case("only other texts", with_dns(spf("v=spf10 include:amazonses.com", "hello")), ("MAIL_FROM_SPF_MISSING",)),
    Case(
        "two SPF records",
        with_dns(spf("v=spf1 include:amazonses.com ~all", "v=spf1 -all")),
        ("MAIL_FROM_SPF_MULTIPLE",),
        says=("2 SPF records",),
    ),
    Case("in capitals, and strict", with_dns(spf("V=SPF1 Include:AmazonSES.com -all"))),
    Case("a bare SPF record", with_dns(spf("v=spf1")), ("MAIL_FROM_SPF_LACKS_SES",)),
    Case(
        "SPF names others",
        with_dns(spf("v=spf1 a mx ip4:192.0.2.0/24 -all")),
        ("MAIL_FROM_SPF_LACKS_SES",),
        says=("include:amazonses.com to it",),
    ),
    Case(
        "SPF names SES behind its all", with_dns(spf("v=spf1 -all include:amazonses.com")), ("MAIL_FROM_SPF_LACKS_SES",)
    ),
    Case("SPF excludes SES", with_dns(spf("v=spf1 -include:amazonses.com ~all")), ("MAIL_FROM_SPF_LACKS_SES",)),
    Case("SPF admits everybody", with_dns(spf("v=spf1 +all"))),
    Case(
        "SPF includes SES through another",
        with_dns(spf("v=spf1 include:spf.example.net -all", spf="v=spf1 include:amazonses.com -all")),
    ),
    Case(
        "SPF includes SES through a redirect",
        with_dns(spf("v=spf1 redirect=spf.example.net", spf="v=spf1 include:amazonses.com -all")),
    ),
    Case(
        "SPF includes SES two steps away",
        with_dns(
            spf(
                "v=spf1 include:one.example.net -all",
                one="v=spf1 include:two.example.net -all",
                two="v=spf1 include:amazonses.com -all",
            )
        ),
    ),
    Case(
        "SPF includes others that do not name SES",
        with_dns(spf("v=spf1 include:spf.example.net include:none.example.net -all", spf="v=spf1 -all")),
        ("MAIL_FROM_SPF_LACKS_SES",),
    ),
    Case(
        "SPF includes more than three rounds can ask",
        with_dns(
            spf(
                "v=spf1 include:one.example.net -all",
                one="v=spf1 include:two.example.net -all",
                two="v=spf1 include:three.example.net -all",
                three="v=spf1 include:amazonses.com -all",
            )
        ),
        undecided=("MAIL_FROM_SPF_LACKS_SES",),
    ),
    Case("SPF includes itself", with_dns(spf(f"v=spf1 include:{DOMAIN} -all")), ("MAIL_FROM_SPF_LACKS_SES",)),
    Case(
        "SPF includes what nobody answers for",
        with_dns(
            replace(
                spf("v=spf1 include:spf.example.net -all"),
                everywhere=(failing(Outcome.SERVFAIL, "spf.*"),),
                resolver=(failing(Outcome.SERVFAIL, "spf.*"),),
            )
        ),
        undecided=("MAIL_FROM_SPF_LACKS_SES",),
    ),
    Case(
        "SPF with macros",
        with_dns(spf("v=spf1 include:%{i}._spf.example.net -all")),
        undecided=("MAIL_FROM_SPF_LACKS_SES",),
    ),
    Case(
        "SPF that looks flattened",
        with_dns(spf("v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 ip4:203.0.113.0/25 ip4:203.0.113.128/25 -all")),
        undecided=("MAIL_FROM_SPF_LACKS_SES",),
    ),
    Case(
        "SPF that asks for existence",
        with_dns(spf("v=spf1 exists:%{i}.example.net -all")),
        undecided=("MAIL_FROM_SPF_LACKS_SES",),
    ),
    Case("hostile SPF", with_dns(spf(f"v=spf1 {HOSTILE}"[:4096])), ("MAIL_FROM_SPF_LACKS_SES",)),
    *(
        Case(
            f"nobody answers ({outcome})",
            with_dns(replace(DNS, everywhere=(failing(outcome),), resolver=(failing(outcome),))),
            undecided=(*MXS, *SPFS),
        )
        for outcome in FAILURES
    ),
    Case(
        "nobody answers for MX",
        with_dns(
            replace(
                DNS, everywhere=(failing(Outcome.REFUSED, "*", "MX"),), resolver=(failing(Outcome.SERVFAIL, "*", "MX"),)
            )
        ),
        undecided=MXS,
    ),
    Case(
        "nobody answers for TXT",
        with_dns(
            replace(
                DNS,
                everywhere=(failing(Outcome.REFUSED, DOMAIN, "TXT"),),
                resolver=(failing(Outcome.TIMED_OUT, DOMAIN, "TXT"),),
            )
        ),
        undecided=SPFS,
    ),
    Case(
        "the servers disagree",
        with_dns(replace(DNS, at={"ns1.dns.example": ((DOMAIN, "*", NO_SUCH_NAME),)})),
        undecided=(*MXS, *SPFS),
    ),
    Case("the domain does not exist", with_dns(Dns({("com", "SOA"): ("x",)}, zone="com")), undecided=(*MXS, *SPFS)),
    Case("not proven yet", with_identity(proof=NO_PROOF), unknown=True),
    Case("the MAIL FROM domain could not be read", with_dns(mail_from=THROTTLED), unknown=True),
    Case("the identities could not be listed", IDENTITIES_UNREADABLE, unknown=True),
]
