"""Cases of identity.dkim: three kinds of DKIM, their statuses, and the key."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ses_monitor.core.identity import IdentityMemory
from ses_monitor.core.model import Severity, Snapshot
from tests.build import (
    HEALTHY_ADDRESS,
    HOSTILE,
    IDENTITIES_UNREADABLE,
    NOT_SAID,
    NOW,
    SENDER,
    THROTTLED,
    TOKENS,
    Case,
    details,
    dkim,
    since,
    with_address,
    with_identity,
)

PENDING = ("DKIM_PENDING",)
FAILED = ("DKIM_FAILED",)
SHORT = ("DKIM_KEY_SHORT",)
LONG_NAME = "a-very-long-name." * 12 + "example.com"


def status(word: str, hours: float | None = None, **facts: Any) -> Snapshot:
    memory = IdentityMemory() if hours is None else since(hours, of="dkim")
    return with_identity(**{"dkim": dkim(status=word), "memory": memory, **facts})


CASES = [
    Case("healthy", SENDER),
    Case("an address has the DKIM of its domain", SENDER, subject=HEALTHY_ADDRESS.name),
    Case("an address, whatever SES says of it", with_address(dkim=dkim(status="FAILED", signing_enabled=False))),
    Case("an address, when nothing could be read", with_address(dkim=THROTTLED, details=THROTTLED)),
    Case("the identities cannot be listed", IDENTITIES_UNREADABLE, unknown=True),
    Case("DKIM could not be read", with_identity(dkim=THROTTLED), unknown=True),
    Case("the details could not be read", with_identity(details=THROTTLED), undecided=SHORT),
    # pending
    Case(
        "pending: Easy DKIM",
        status("PENDING", 10),
        PENDING,
        says=(
            f"{TOKENS[0]}._domainkey.shop.example.com CNAME {TOKENS[0]}.dkim.amazonses.com; ",
            f"{TOKENS[2]}._domainkey.shop.example.com CNAME {TOKENS[2]}.dkim.amazonses.com",
            "until 2026-05-15 00:00 UTC at the latest (62 h left)",
        ),
    ),
    Case(
        "pending: Easy DKIM in a region with a zone of its own",
        status("PENDING", 10, details=details(hosted_zone="dkim.eu-south-1.amazonses.com")),
        PENDING,
        says=(f"CNAME {TOKENS[1]}.dkim.eu-south-1.amazonses.com",),
    ),
    Case(
        "pending: a long name",
        status("PENDING", name=LONG_NAME),
        PENDING,
        says=(f"TOKEN._domainkey.{LONG_NAME} CNAME TOKEN.dkim.amazonses.com, for each TOKEN of {TOKENS[0]}, ",),
    ),
    Case("pending for 53 h 59 min", status("PENDING", 54 - 1 / 60), PENDING),
    Case("pending for 54 h", status("PENDING", 54), PENDING, severities={"DKIM_PENDING": Severity.WARNING}),
    Case(
        "pending for longer than SES looks",
        status("PENDING", 72),
        PENDING,
        severities={"DKIM_PENDING": Severity.WARNING},
        says=("were over at 2026-05-12 10:00 UTC",),
    ),
    Case("pending, nobody knows since when", status("PENDING"), PENDING, says=("since when is not known",)),
    Case(
        "pending: a key of its own",
        status(
            "PENDING",
            dkim=dkim(status="PENDING", tokens=("march",)),
            details=details(dkim_origin="EXTERNAL", hosted_zone="", key_length=""),
        ),
        PENDING,
        says=("a TXT record at march._domainkey.shop.example.com with p=", "BYODKIM"),
    ),
    Case(
        "pending: a replica",
        status(
            "PENDING",
            details=details(dkim_origin="AWS_SES_AP_NORTHEAST_1", error_type="REPLICATION_ACCESS_DENIED"),
        ),
        PENDING,
        says=("Publish nothing for this region", "copies the identity in ap-northeast-1", "not allowed to read"),
    ),
    Case(
        "pending: a replica of a government region",
        status("PENDING", details=details(dkim_origin="AWS_SES_US_GOV_WEST_1")),
        PENDING,
        says=("us-gov-west-1",),
    ),
    Case(
        "pending: a kind nobody knows is taken for the usual one",
        status("PENDING", details=details(dkim_origin="QUANTUM")),
        PENDING,
        says=("Easy DKIM, as is usual",),
    ),
    Case(
        "pending: SES gave no tokens",
        status("PENDING", dkim=dkim(status="PENDING", tokens=())),
        PENDING,
        says=("the DKIM records that this page shows",),
    ),
    Case(
        "pending: SES did not say the zone, the table of regions does",
        status("PENDING", details=details(hosted_zone="")),
        PENDING,
        says=(f"{TOKENS[0]}._domainkey.shop.example.com CNAME {TOKENS[0]}.dkim.amazonses.com",),
    ),
    Case(
        "pending: nobody says the zone",
        replace(status("PENDING", details=details(hosted_zone="")), region="eusc-de-east-1"),
        PENDING,
        says=(f"for each of the tokens {TOKENS[0]}, {TOKENS[1]}, {TOKENS[2]}",),
    ),
    Case(
        "pending, the details could not be read",
        status("PENDING", 10, details=THROTTLED),
        PENDING,
        undecided=SHORT,
        says=("was not read this time", TOKENS[0]),
    ),
    Case(
        "pending: more than three tokens, all hostile",
        status(
            "PENDING",
            name=HOSTILE,
            dkim=dkim(status="PENDING", tokens=(HOSTILE,) * 5),
            details=details(hosted_zone=HOSTILE, error_type=HOSTILE, dkim_origin=HOSTILE),
        ),
        PENDING,
    ),
    Case(
        "pending: a hostile replica",
        status("PENDING", details=details(dkim_origin="AWS_SES_" + HOSTILE)),
        PENDING,
    ),
    # failed
    Case(
        "failed: Easy DKIM",
        status("FAILED", 80, details=details(error_type="INVALID_VALUE")),
        FAILED,
        says=("INVALID_VALUE", "--signing-attributes-origin AWS_SES", "the tokens that it prints"),
    ),
    Case(
        "failed: a key of its own",
        status("FAILED", details=details(dkim_origin="EXTERNAL")),
        FAILED,
        says=("--signing-attributes file://byodkim.json", "DomainSigningPrivateKey"),
    ),
    Case(
        "failed: a replica",
        status("FAILED", details=details(dkim_origin="AWS_SES_EU_CENTRAL_1")),
        FAILED,
        says=("--signing-attributes-origin AWS_SES_EU_CENTRAL_1 --signing-attributes '{}'", "eu-central-1"),
    ),
    Case("failed, the details were left out", status("FAILED", details=NOT_SAID), FAILED, undecided=SHORT),
    # will stop soon
    Case(
        "records lost 10 h ago",
        status("TEMPORARY_FAILURE", 10, details=details(last_success=NOW - timedelta(hours=12))),
        ("DKIM_REVOCATION_PENDING",),
        says=("It waits until 2026-05-15 00:00 UTC at the latest (62 h left)", "loses its verification"),
    ),
    Case(
        "records lost, SES saw them since",
        status("TEMPORARY_FAILURE", 10, details=details(last_success=NOW - timedelta(hours=1))),
        ("DKIM_REVOCATION_PENDING",),
        says=("(71 h left)",),
    ),
    Case(
        "records lost, nobody knows since when",
        status("TEMPORARY_FAILURE", details=THROTTLED),
        ("DKIM_REVOCATION_PENDING",),
        undecided=SHORT,
        says=("since when is not known",),
    ),
    # not set up, switched off
    Case(
        "never set up",
        with_identity(dkim=dkim(status="NOT_STARTED", signing_enabled=False, tokens=())),
        ("DKIM_NOT_CONFIGURED",),
        says=("put-email-identity-dkim-signing-attributes --region eu-west-1", "AWS_SES"),
    ),
    Case(
        "never set up, the details could not be read",
        with_identity(dkim=dkim(status="NOT_STARTED", tokens=()), details=THROTTLED),
        ("DKIM_NOT_CONFIGURED",),
    ),
    Case(
        "verified, but switched off",
        with_identity(dkim=dkim(signing_enabled=False)),
        ("DKIM_SIGNING_OFF",),
        says=("put-email-identity-dkim-attributes --region eu-west-1", "--signing-enabled"),
    ),
    Case(
        "switched off before it is verified",
        status("PENDING", dkim=dkim(status="PENDING", signing_enabled=False)),
        PENDING,
    ),
    # the key
    Case(
        "a short key: Easy DKIM",
        with_identity(details=details(key_length="RSA_1024_BIT")),
        SHORT,
        says=("once in 24 hours", "--region eu-west-1", "NextSigningKeyLength=RSA_2048_BIT"),
    ),
    Case(
        "a short key: its own",
        with_identity(details=details(key_length="RSA_1024_BIT", dkim_origin="EXTERNAL")),
        SHORT,
        says=("under a new selector", "file://byodkim.json"),
    ),
    Case(
        "a short key: that of the parent",
        with_identity(details=details(key_length="RSA_1024_BIT", dkim_origin="AWS_SES_US_EAST_1")),
        SHORT,
        says=(
            "change it there",
            "--region us-east-1 --email-identity shop.example.com --signing-attributes-origin AWS_SES ",
        ),
    ),
    Case(
        "a short key that also failed",
        status("FAILED", details=details(key_length="RSA_1024_BIT")),
        ("DKIM_FAILED", "DKIM_KEY_SHORT"),
    ),
    Case("a key of a length nobody knows", with_identity(details=details(key_length="RSA_4096_BIT"))),
    Case("a key whose length SES does not say", with_identity(details=details(key_length=""))),
    Case("a status nobody knows", status("HALF"), unknown=True),
    Case("a hostile status", status(HOSTILE), unknown=True),
]
