"""Cases of identity.mail_from."""

from dataclasses import replace

from ses_monitor.core.observed import Known
from tests.build import (
    HOSTILE,
    IDENTITIES_UNREADABLE,
    SENDER,
    THROTTLED,
    Case,
    mail_from,
    since,
    with_address,
    with_identity,
)

FALLBACK = ("MAIL_FROM_FALLBACK",)
REJECTING = ("MAIL_FROM_REJECTING",)
ALL = ("MAIL_FROM_FALLBACK", "MAIL_FROM_PENDING", "MAIL_FROM_REJECTING")
ANEW = "put-email-identity-mail-from-attributes --region eu-west-1 --email-identity shop.example.com --mail-from-domain bounce.shop.example.com --behavior-on-mx-failure USE_DEFAULT_VALUE"


def falling_back(status: str) -> Known[object]:
    return mail_from(status=status, on_mx_failure="USE_DEFAULT_VALUE")


CASES = [
    Case("healthy", SENDER),
    Case("verified, with a fallback", with_identity(mail_from=falling_back("SUCCESS"))),
    Case("verified, what happens without it was not said", with_identity(mail_from=mail_from(on_mx_failure=""))),
    Case("none is set", with_identity(mail_from=Known(None))),
    Case("none is set, in other words", with_identity(mail_from=mail_from(domain="", status="FAILED"))),
    Case("the identities cannot be listed", IDENTITIES_UNREADABLE, unknown=True),
    Case("it could not be read", with_identity(mail_from=THROTTLED), unknown=True),
    Case(
        "pending, with a fallback",
        with_identity(mail_from=falling_back("PENDING"), memory=since(2, of="mail_from")),
        ("MAIL_FROM_PENDING",),
        says=(
            "At bounce.shop.example.com publish exactly one MX record, 10 feedback-smtp.eu-west-1.amazonses.com",
            "v=spf1 include:amazonses.com ~all",
            "until 2026-05-15 08:00 UTC at the latest (70 h left)",
        ),
    ),
    Case(
        "pending, nobody knows since when",
        with_identity(mail_from=falling_back("PENDING")),
        ("MAIL_FROM_PENDING",),
        says=("since when is not known",),
    ),
    Case(
        "its MX is gone, with a fallback",
        with_identity(mail_from=falling_back("TEMPORARY_FAILURE"), memory=since(70, of="mail_from")),
        FALLBACK,
        says=("(TEMPORARY_FAILURE)", "until 2026-05-12 12:00 UTC at the latest (2 h left)", ANEW),
    ),
    Case(
        "failed, with a fallback: SES must be told to look again",
        with_identity(mail_from=falling_back("FAILED")),
        FALLBACK,
        says=("SES looks for it no more", "SES never looks again by itself", ANEW),
    ),
    Case(
        "pending, and mail is rejected meanwhile",
        with_identity(mail_from=mail_from(status="PENDING"), memory=since(1, of="mail_from")),
        REJECTING,
        says=("refuses every mail", "(71 h left)", ANEW),
    ),
    Case(
        "its MX is gone, and mail is rejected",
        with_identity(mail_from=mail_from(status="TEMPORARY_FAILURE")),
        REJECTING,
        says=("(TEMPORARY_FAILURE)", "reject again if you want to"),
    ),
    Case(
        "failed, and mail is rejected",
        with_identity(mail_from=mail_from(status="FAILED"), memory=since(300, of="mail_from")),
        REJECTING,
        says=("SES looks for it no more", ANEW),
    ),
    Case(
        "failed, where nobody knows SES's feedback host",
        replace(with_identity(mail_from=mail_from(status="FAILED")), region="eusc-de-east-1"),
        REJECTING,
        says=("to the host that this page shows",),
    ),
    Case(
        "of an address",
        with_address(mail_from=mail_from(status="FAILED")),
        REJECTING,
        says=("orders@shop.example.com",),
    ),
    Case(
        "failed, what happens then was not said",
        with_identity(mail_from=mail_from(status="FAILED", on_mx_failure="")),
        undecided=ALL,
    ),
    Case(
        "failed, and something new happens",
        with_identity(mail_from=mail_from(status="FAILED", on_mx_failure=HOSTILE)),
        undecided=ALL,
    ),
    Case("a status nobody knows", with_identity(mail_from=mail_from(status="NOT_STARTED")), unknown=True),
    Case("a hostile status", with_identity(mail_from=mail_from(status=HOSTILE)), unknown=True),
    Case(
        "a hostile domain", with_identity(name=HOSTILE, mail_from=mail_from(domain=HOSTILE, status="FAILED")), REJECTING
    ),
    Case(
        "a hostile domain with a fallback",
        with_identity(mail_from=mail_from(domain=HOSTILE, status="FAILED", on_mx_failure="USE_DEFAULT_VALUE")),
        FALLBACK,
    ),
]
