"""Cases of rejection.identities."""

from tests.build import Case, refusals, with_refusals
from tests.refusal_cases import UNTOLD, hostile, told_for_a_day

TAGS = (
    "RECIPIENT_UNVERIFIED_SANDBOX",
    "SENDER_UNVERIFIED",
    "SENDER_VERIFIED_IN_OTHER_REGION",
    "SENDER_PENDING",
    "RETURN_PATH_UNVERIFIED",
    "IDENTITY_UNVERIFIED",
)

CASES = [
    *UNTOLD,
    Case(
        "verified elsewhere",
        with_refusals(
            refusals(
                "SENDER_VERIFIED_IN_OTHER_REGION",
                {0: 3, 5: 9},
                elsewhere="us-east-1,eu-central-1",
                identity="orders@shop.example.com",
                known="In us-east-1 its domain is verified.",
                text="Email address is not verified.",
            )
        ),
        ("SENDER_VERIFIED_IN_OTHER_REGION",),
        says=(
            "refused mail of shop.example.com 12 times since",
            "The log group /app/mail says: Email address is not verified.",
            "shop.example.com is verified in us-east-1, eu-central-1, but not in eu-west-1",
            "email-smtp.us-east-1.amazonaws.com",
            "create-email-identity --region eu-west-1 --email-identity shop.example.com",
        ),
    ),
    Case(
        "the sender, where no other name was told",
        with_refusals(refusals("SENDER_PENDING")),
        ("SENDER_PENDING",),
        says=("shop.example.com was added in eu-west-1", "--email-identity shop.example.com"),
    ),
    Case(
        "no name at all",
        with_refusals(refusals("SENDER_UNVERIFIED"), name="account"),
        ("SENDER_UNVERIFIED",),
        says=("--email-identity IDENTITY",),
    ),
    Case(
        "a recipient, masked",
        with_refusals(
            refusals(
                "RECIPIENT_UNVERIFIED_SANDBOX",
                identity="j…@example.org",
                text="failed: jane.doe@example.org",
                told_by="report",
            )
        ),
        ("RECIPIENT_UNVERIFIED_SANDBOX",),
        says=("j…@example.org is not", "An application says: failed: j…@example.org", "--email-identity IDENTITY"),
    ),
    Case(
        "two troubles of one sender",
        with_refusals(
            refusals("SENDER_PENDING"),
            refusals(
                "RETURN_PATH_UNVERIFIED",
                identity="root@ip-10-0-0-1.ec2.internal",
                told_by="cloudtrail",
                origin="arn:aws:iam::111122223333:user/app",
            ),
        ),
        ("SENDER_PENDING", "RETURN_PATH_UNVERIFIED"),
        says=("root@ip-10-0-0-1.ec2.internal", "CloudTrail says of arn:aws:iam::111122223333:user/app"),
    ),
    *told_for_a_day(TAGS),
    hostile(TAGS),
]
