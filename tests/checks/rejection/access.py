"""Cases of rejection.access."""

from tests.build import Case, refusals, with_refusals
from tests.refusal_cases import UNTOLD, hostile, told_for_a_day

TAGS = (
    "SMTP_AUTHENTICATION_REQUIRED",
    "SMTP_CREDENTIALS_INVALID",
    "SMTP_CREDENTIALS_OLD",
    "NOT_SUBSCRIBED",
    "ACCESS_DENIED",
)

CASES = [
    *UNTOLD,
    Case(
        "who may not do what",
        with_refusals(
            refusals(
                "ACCESS_DENIED",
                user="arn:aws:iam::111122223333:user/app",
                action="ses:SendEmail",
                resource="arn:aws:ses:eu-west-1:111122223333:identity/shop.example.com",
            )
        ),
        ("ACCESS_DENIED",),
        says=(
            "arn:aws:iam::111122223333:user/app may not do ses:SendEmail on arn:aws:ses",
            "--action-names ses:SendEmail",
        ),
    ),
    Case(
        "nobody knows who",
        with_refusals(refusals("ACCESS_DENIED")),
        ("ACCESS_DENIED",),
        says=("The caller may not do", "--policy-source-arn USER"),
    ),
    *told_for_a_day(TAGS),
    hostile(TAGS),
]
