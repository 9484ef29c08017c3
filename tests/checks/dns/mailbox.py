"""Cases of dns.mailbox."""

from dataclasses import replace

from ses_monitor.core.dns import Outcome
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Known
from tests.build import HEALTHY_ADDRESS, HOSTILE, IDENTITIES_UNREADABLE, Case, with_address
from tests.dns_build import FAILURES, NO_PROOF, Dns, failing, with_dns, zone_records

CANNOT, MISSPELT = "MAILBOX_CANNOT_RECEIVE", "ADDRESS_LOOKS_MISSPELT"
NOBODY = Dns({("com", "SOA"): ("x",)}, zone="com")
MX = ("shop.example.com", "MX")
BARE = Dns(zone_records("example.com") | {("shop.example.com", "TXT"): ("hello",)})
DNS = BARE.having({MX: ("10 mx.example.net",)})


def pending(dns: Dns = DNS, name: str = "orders@shop.example.com", status: str = "PENDING") -> Snapshot:
    return with_dns(dns, HEALTHY_ADDRESS, name=name, verification_status=status)


def at(domain: str) -> Snapshot:
    """An address at a domain that takes mail."""
    zone = domain.lower()
    return pending(Dns(zone_records(zone) | {(zone, "MX"): ("10 mx.example.net",)}, zone=zone), f"jo@{domain}")


CASES = [
    Case("healthy", with_dns()),
    Case("a verified address at a domain that takes no mail", with_dns(BARE, HEALTHY_ADDRESS)),
    Case("pending, and mail can arrive", pending()),
    Case(
        "pending, and mail can arrive without an MX", pending(BARE.having({("shop.example.com", "A"): ("192.0.2.9",)}))
    ),
    Case(
        "pending, and mail can arrive without an MX, over IPv6",
        pending(BARE.having({("shop.example.com", "AAAA"): ("2001:db8::9",)})),
    ),
    Case("plus signs and quotes", pending(name="\"jo 'the' boss\"+ses@shop.example.com")),
    Case(
        "neither MX nor address",
        pending(BARE),
        (CANNOT,),
        says=("neither an MX nor an address record", "the whole domain"),
    ),
    Case("a null MX", pending(BARE.having({MX: ("0 .",)})), (CANNOT,), says=("null MX",)),
    Case(
        "a null MX without its dot",
        pending(BARE.having({MX: ("0 ",), ("shop.example.com", "A"): ("192.0.2.9",)})),
        (CANNOT,),
    ),
    Case("a null MX beside a real one", pending(BARE.having({MX: ("0 .", "10 mx.example.net")}))),
    Case("the link has expired, and mail still cannot arrive", pending(BARE, status="FAILED"), (CANNOT,)),
    Case("the domain does not exist", pending(NOBODY), (CANNOT, MISSPELT), says=("no domain shop.example.com",)),
    Case(
        "a slip, and the domain does not exist",
        pending(NOBODY, "jo@gmial.com"),
        (CANNOT, MISSPELT),
        says=("jo@gmail.com",),
    ),
    *(
        Case(f"a slip: {domain}", at(domain), (MISSPELT,), says=(f"jo@{right}",))
        for domain, right in (
            ("gmial.com", "gmail.com"),
            ("gmai.com", "gmail.com"),
            ("gmaill.com", "gmail.com"),
            ("gmail.con", "gmail.com"),
            ("GMAIL.CO", "gmail.com"),
            ("hotmial.com", "hotmail.com"),
            ("outlok.com", "outlook.com"),
            ("yaho.com", "yahoo.com"),
            ("iclould.com", "icloud.com"),
        )
    ),
    *(
        Case(f"no slip: {domain}", at(domain))
        for domain in ("gmail.com", "mail.com", "email.com", "ymail.com", "gmx.de", "gmy.de", "example.com")
    ),
    Case(
        "a slip, and nobody answers",
        pending(
            replace(NOBODY, everywhere=(failing(Outcome.TIMED_OUT),), resolver=(failing(Outcome.TIMED_OUT),)),
            "jo@gmial.com",
        ),
        (MISSPELT,),
        undecided=(CANNOT,),
    ),
    *(
        Case(
            f"nobody answers ({outcome})",
            pending(replace(BARE, everywhere=(failing(outcome),), resolver=(failing(outcome),))),
            undecided=(CANNOT, MISSPELT),
        )
        for outcome in FAILURES
    ),
    Case(
        "no MX, and nobody answers for addresses",
        pending(
            replace(
                BARE, everywhere=(failing(Outcome.SERVFAIL, "*", "A"),), resolver=(failing(Outcome.SERVFAIL, "*", "A"),)
            )
        ),
        undecided=(CANNOT,),
    ),
    Case(
        "no MX, an address over IPv6, and nobody answers for the other",
        pending(
            replace(
                BARE.having({("shop.example.com", "AAAA"): ("2001:db8::9",)}),
                everywhere=(failing(Outcome.SERVFAIL, "*", "A"),),
                resolver=(failing(Outcome.SERVFAIL, "*", "A"),),
            )
        ),
    ),
    Case("a hostile address", pending(NOBODY, f"{HOSTILE[:60]}@{'x' * 60}.com"), (CANNOT, MISSPELT)),
    Case("an address without a domain the DNS could hold", pending(NOBODY, "jo@a..b"), undecided=(CANNOT, MISSPELT)),
    Case("not proven yet", with_address(verification_status="PENDING", proof=NO_PROOF), unknown=True),
    Case("a domain, pending", with_dns(verification_status="PENDING", mail_from=Known(None))),
    Case("the identities could not be listed", IDENTITIES_UNREADABLE, unknown=True),
]
