"""Cases of account.production_access."""

from dataclasses import replace
from datetime import timedelta

from ses_monitor.core.model import Review, Severity
from ses_monitor.core.observed import Known
from tests.build import (
    BLIND,
    HEALTHY,
    HOSTILE,
    NOT_ASKED,
    NOT_SAID,
    NOW,
    THROTTLED,
    Case,
    remembering,
    sandbox,
    unused,
    with_account,
)

HOUR = timedelta(hours=1)
UNUSED = unused(sandbox())
PENDING = sandbox(review=Review("PENDING", "172000000000042"))
LOST = remembering(sandbox(), production_access_seen=NOW - 30 * 24 * HOUR)

CASES = [
    Case("healthy", HEALTHY),
    Case("granted, and the review left out", with_account(review=NOT_SAID)),
    Case(
        "sandbox, an identity is verified",
        sandbox(),
        ("SANDBOX",),
        says=("put-account-details", "--production-access-enabled", "--region eu-west-1", "TRANSACTIONAL"),
    ),
    Case("sandbox, sent in the last 14 days", replace(UNUSED, sent_recently=Known(value=True)), ("SANDBOX",)),
    Case("sandbox, listed as sending", replace(UNUSED, listed_as_sending=True), ("SANDBOX",)),
    Case("sandbox, sent today", with_account(production_access=False, review=Known(None)), ("SANDBOX",)),
    Case("sandbox and not used: no finding", UNUSED),
    Case(
        "sandbox, listed as sending though no sign could be read",
        replace(UNUSED, listed_as_sending=True, sent_recently=THROTTLED, has_verified_identity=THROTTLED),
        ("SANDBOX",),
    ),
    Case("sandbox, used or not could not be read", replace(UNUSED, has_verified_identity=THROTTLED), unknown=True),
    Case("sandbox, used or not was not asked", replace(UNUSED, sent_recently=NOT_ASKED), unknown=True),
    Case("sandbox after a grant that SES still shows", sandbox(review=Review("GRANTED")), ("SANDBOX",)),
    Case(
        "sandbox with a review status nobody knows",
        sandbox(review=Review("PONDERED")),
        ("SANDBOX",),
        says=("PONDERED",),
    ),
    Case(
        "sandbox with hostile details",
        sandbox(review=Review(HOSTILE, HOSTILE), mail_type=HOSTILE, website_url=HOSTILE),
        ("SANDBOX",),
    ),
    Case(
        "sandbox, nothing said of type and site",
        sandbox(mail_type="", website_url=""),
        ("SANDBOX",),
        says=("https://www.example.com/",),
    ),
    Case(
        "review begins",
        PENDING,
        ("REVIEW_PENDING",),
        severities={"REVIEW_PENDING": Severity.INFO},
        says=("172000000000042", "409"),
    ),
    Case(
        "review pending for almost 48 hours",
        remembering(PENDING, review_pending_since=NOW - 48 * HOUR + timedelta(seconds=1)),
        ("REVIEW_PENDING",),
        severities={"REVIEW_PENDING": Severity.INFO},
    ),
    Case(
        "review pending for 48 hours",
        remembering(PENDING, review_pending_since=NOW - 48 * HOUR),
        ("REVIEW_PENDING",),
        severities={"REVIEW_PENDING": Severity.WARNING},
        says=("48 h",),
    ),
    Case(
        "review pending without a case number",
        sandbox(review=Review("PENDING")),
        ("REVIEW_PENDING",),
        says=("no case number",),
    ),
    Case("review pending for an unused region", unused(PENDING), ("REVIEW_PENDING",)),
    Case(
        "review denied",
        sandbox(review=Review("DENIED", "172000000000042")),
        ("REVIEW_DENIED",),
        says=("172000000000042",),
    ),
    Case("review denied, hostile case number", sandbox(review=Review("DENIED", HOSTILE)), ("REVIEW_DENIED",)),
    Case("review denied for an unused region", unused(sandbox(review=Review("DENIED"))), ("REVIEW_DENIED",)),
    Case("review failed", sandbox(review=Review("FAILED", "")), ("REVIEW_FAILED",), says=("put-account-details",)),
    Case(
        "granted once, gone now", LOST, ("PRODUCTION_ACCESS_LOST",), says=("PutAccountDetails", "put-account-details")
    ),
    Case("granted once, gone now, in a region nobody uses", unused(LOST), ("PRODUCTION_ACCESS_LOST",)),
    Case(
        "granted once, gone now, already asked for again",
        remembering(PENDING, production_access_seen=NOW),
        ("PRODUCTION_ACCESS_LOST",),
    ),
    Case("granted once and still", remembering(HEALTHY, production_access_seen=NOW)),
    Case("the account cannot be read", BLIND, unknown=True),
    Case(
        "the account cannot be read, though access was seen before",
        remembering(BLIND, production_access_seen=NOW),
        unknown=True,
    ),
    Case("access was left out", with_account(production_access=NOT_SAID), unknown=True),
    Case("sandbox, the review was left out", sandbox(review=NOT_SAID), unknown=True),
]
