"""Cases of rejection.access."""

from dataclasses import replace

from tests.build import HOSTILE, LISTENING, THROTTLED, Case, refusals, with_refusals

TAGS = (
    "SMTP_AUTHENTICATION_REQUIRED",
    "SMTP_CREDENTIALS_INVALID",
    "SMTP_CREDENTIALS_OLD",
    "NOT_SUBSCRIBED",
    "ACCESS_DENIED",
)

CASES = [
    Case("healthy", LISTENING),
    Case("what was refused cannot be read", replace(LISTENING, refused=THROTTLED), unknown=True),
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
    Case(
        "once, a day ago",
        with_refusals(*(refusals(tag, {24: 1}) for tag in TAGS)),
        TAGS,
        says=("SES in eu-west-1 refused mail of shop.example.com once since 2026-05-11 10:00 UTC",),
    ),
    Case("before that", with_refusals(*(refusals(tag, {25: 1_000}) for tag in TAGS))),
    Case(
        "of the account",
        with_refusals(*(refusals(tag, {0: 2}) for tag in TAGS), name="account"),
        TAGS,
        says=("mail of the account twice",),
    ),
    Case(
        "hostile",
        with_refusals(
            *(
                refusals(
                    tag,
                    {0: 100},
                    text=HOSTILE,
                    code=HOSTILE,
                    identity=HOSTILE,
                    resource=HOSTILE,
                    user=HOSTILE,
                    action=HOSTILE,
                    elsewhere=HOSTILE,
                    known=HOSTILE,
                    origin=HOSTILE,
                )
                for tag in TAGS
            ),
            name=HOSTILE,
        ),
        TAGS,
    ),
]
