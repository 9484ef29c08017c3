"""Cases of identity.verification: the statuses, their clocks, and SES's reasons."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ses_monitor.core.identity import IdentityMemory
from ses_monitor.core.model import Severity, Snapshot
from tests.build import (
    HEALTHY_ADDRESS,
    HEALTHY_DOMAIN,
    HOSTILE,
    IDENTITIES_UNREADABLE,
    NOT_SAID,
    NOW,
    SENDER,
    THROTTLED,
    Case,
    details,
    since,
    with_address,
    with_identity,
)

PENDING = ("VERIFICATION_PENDING",)
REVOCATION = ("VERIFICATION_REVOCATION_PENDING",)
LAST_QUARTER = {"VERIFICATION_PENDING": Severity.WARNING}
ERROR_TYPES = {
    "SERVICE_ERROR": "a passing fault inside SES",
    "DNS_SERVER_ERROR": "name servers failed",
    "HOST_NOT_FOUND": "does not exist, or its name servers cannot be reached",
    "TYPE_NOT_FOUND": "without a record of the expected type",
    "INVALID_VALUE": "its value is not the one SES expects",
    "REPLICATION_ACCESS_DENIED": "not allowed to read the parent identity",
    "REPLICATION_PRIMARY_NOT_FOUND": "the parent identity that this replica copies does not exist",
    "REPLICATION_PRIMARY_BYO_DKIM_NOT_SUPPORTED": "only Easy DKIM can be replicated",
    "REPLICATION_REPLICA_AS_PRIMARY_NOT_SUPPORTED": "is itself a replica",
    "REPLICATION_PRIMARY_INVALID_REGION": "none that SES can replicate from",
}


def domain(status: str, hours: float | None = None, **facts: Any) -> Snapshot:
    memory = IdentityMemory() if hours is None else since(hours)
    return with_identity(verification_status=status, memory=memory, **facts)


def address(status: str, hours: float | None = None, **facts: Any) -> Snapshot:
    memory = IdentityMemory() if hours is None else since(hours)
    return with_address(verification_status=status, memory=memory, **facts)


CASES = [
    Case("a healthy domain", SENDER),
    Case("a healthy address", SENDER, subject=HEALTHY_ADDRESS.name),
    Case("verified, whatever else was not read", with_identity(details=THROTTLED, dkim=THROTTLED)),
    Case("the identities cannot be listed", IDENTITIES_UNREADABLE, unknown=True),
    # a domain that is pending
    Case(
        "a domain, pending since this audit",
        domain("PENDING", 0),
        PENDING,
        says=("until 2026-05-15 10:00 UTC at the latest (72 h left)", "get-email-identity", "refused"),
    ),
    Case(
        "a domain, pending for 53 h 59 min",
        domain("PENDING", 54 - 1 / 60),
        PENDING,
        says=("(18 h left)",),
    ),
    Case(
        "a domain, pending for 54 h: the last quarter",
        domain("PENDING", 54),
        PENDING,
        severities=LAST_QUARTER,
        says=("until 2026-05-13 04:00 UTC at the latest (18 h left)",),
    ),
    Case(
        "a domain, pending for 71.5 h",
        domain("PENDING", 71.5),
        PENDING,
        severities=LAST_QUARTER,
        says=("2026-05-12 10:30 UTC", "(not an hour left)"),
    ),
    Case(
        "a domain, pending for longer than SES looks",
        domain("PENDING", 80),
        PENDING,
        severities=LAST_QUARTER,
        says=("only for 72 h, which were over at 2026-05-12 02:00 UTC",),
    ),
    Case(
        "a domain, pending, nobody knows since when",
        domain("PENDING"),
        PENDING,
        says=("for 72 h in all, and since when is not known",),
    ),
    Case(
        "a domain, pending since a moment that is still to come",
        domain("PENDING", -5),
        PENDING,
        says=("(72 h left)",),
    ),
    *(
        Case(
            f"a domain, pending with {code}",
            domain("PENDING", 3, details=details(error_type=code)),
            PENDING,
            says=(f"SES's reason is {code}: ", words),
        )
        for code, words in ERROR_TYPES.items()
    ),
    Case(
        "a domain, pending for a reason nobody knows",
        domain("PENDING", 3, details=details(error_type="MOON_PHASE")),
        PENDING,
        says=('"MOON_PHASE", which this monitor does not know',),
    ),
    Case(
        "a domain, pending without a reason",
        domain("PENDING", 3),
        PENDING,
        says=("has not found the records of the domain yet. SES gives no reason for it.",),
    ),
    Case(
        "a domain, pending, its reason could not be read",
        domain("PENDING", 3, details=THROTTLED),
        PENDING,
        says=("was not read this time",),
    ),
    Case("a domain, pending for a hostile reason", domain("PENDING", 3, details=details(error_type=HOSTILE)), PENDING),
    Case("a hostile name, pending", domain("PENDING", 3, name=HOSTILE), PENDING),
    # an address that is pending
    Case(
        "an address, pending for 17 h 59 min",
        address("PENDING", 18 - 1 / 60),
        PENDING,
        says=("The link that SES mailed to it is good until 2026-05-12 16:01 UTC at the latest (6 h left)",),
    ),
    Case("an address, pending for 18 h", address("PENDING", 18), PENDING, severities=LAST_QUARTER),
    Case(
        "an address, pending for 24 h: its link is no good any more",
        address("PENDING", 24),
        ("VERIFICATION_LINK_EXPIRED",),
        says=("at 2026-05-12 10:00 UTC", "SES still says PENDING", "verify-email-identity --region eu-west-1"),
    ),
    Case(
        "an address, pending, nobody knows since when",
        address("PENDING"),
        PENDING,
        says=("good for 24 h in all, and since when is not known",),
    ),
    Case(
        "an address whose link expired",
        address("FAILED", 1),
        ("VERIFICATION_LINK_EXPIRED",),
        says=("SES says FAILED", "--email-address orders@shop.example.com", "within 24 hours"),
    ),
    Case("a hostile address whose link expired", address("FAILED", name=HOSTILE), ("VERIFICATION_LINK_EXPIRED",)),
    # failed
    Case(
        "a domain that failed: Easy DKIM",
        domain("FAILED", 100, details=details(error_type="HOST_NOT_FOUND")),
        ("VERIFICATION_FAILED",),
        says=(
            "--email-identity shop.example.com --signing-attributes-origin AWS_SES"
            " --signing-attributes NextSigningKeyLength=RSA_2048_BIT",
            "HOST_NOT_FOUND",
        ),
    ),
    Case(
        "a domain that failed: a key of its own",
        domain("FAILED", details=details(dkim_origin="EXTERNAL")),
        ("VERIFICATION_FAILED",),
        says=("--signing-attributes-origin EXTERNAL --signing-attributes file://byodkim.json", "base64"),
    ),
    Case(
        "a domain that failed: a replica",
        domain(
            "FAILED",
            details=details(dkim_origin="AWS_SES_US_EAST_1", error_type="REPLICATION_PRIMARY_NOT_FOUND"),
        ),
        ("VERIFICATION_FAILED",),
        says=("--signing-attributes-origin AWS_SES_US_EAST_1", "copies the identity in us-east-1"),
    ),
    Case(
        "a domain that failed, its kind of DKIM could not be read",
        domain("FAILED", details=THROTTLED),
        ("VERIFICATION_FAILED",),
        says=("was not told this time",),
    ),
    Case(
        "a domain that failed, of a hostile kind",
        domain("FAILED", name=HOSTILE, details=details(dkim_origin=HOSTILE, error_type=HOSTILE)),
        ("VERIFICATION_FAILED",),
    ),
    # revoked soon
    Case(
        "records lost, first seen missing 10 h ago",
        domain(
            "TEMPORARY_FAILURE",
            10,
            details=details(error_type="TYPE_NOT_FOUND", last_success=NOW - timedelta(hours=11)),
        ),
        REVOCATION,
        says=("It waits until 2026-05-15 00:00 UTC at the latest (62 h left)", "TYPE_NOT_FOUND"),
    ),
    Case(
        "records lost, but SES saw them after we first missed them",
        domain("TEMPORARY_FAILURE", 10, details=details(last_success=NOW - timedelta(hours=4))),
        REVOCATION,
        says=("2026-05-15 06:00 UTC at the latest (68 h left)",),
    ),
    Case(
        "records lost, when SES last saw them is unknown",
        domain("TEMPORARY_FAILURE", 10, details=details(last_success=None)),
        REVOCATION,
        says=("(62 h left)",),
    ),
    Case(
        "records lost, nobody knows since when",
        domain("TEMPORARY_FAILURE"),
        REVOCATION,
        says=("It waits for 72 h in all, and since when is not known",),
    ),
    Case(
        "records lost, and time is up",
        domain("TEMPORARY_FAILURE", 73, details=NOT_SAID),
        REVOCATION,
        says=("only for 72 h, which were over at 2026-05-12 09:00 UTC",),
    ),
    Case("an address that SES doubts", address("TEMPORARY_FAILURE", 1), REVOCATION),
    # never started, and what nobody knows
    Case(
        "a domain that was never started",
        domain("NOT_STARTED"),
        ("VERIFICATION_NOT_STARTED",),
        says=("Set up DKIM", "#/identities/shop.example.com", "delete-email-identity"),
    ),
    Case(
        "an address that was never started",
        address("NOT_STARTED"),
        ("VERIFICATION_NOT_STARTED",),
        says=("Have the link sent", "#/identities/orders%40shop.example.com"),
    ),
    Case("a status nobody knows", domain("HALF"), unknown=True),
    Case("no status", domain(""), unknown=True),
    Case("a hostile status", domain(HOSTILE), unknown=True),
    Case(
        "only the identity that is looked at counts",
        with_identity(others=(replace(HEALTHY_DOMAIN, name="other.example.com", verification_status="FAILED"),)),
    ),
]
