"""Cases of rejection.resources."""

from tests.build import Case, refusals, with_refusals
from tests.refusal_cases import UNTOLD, hostile, told_for_a_day

TAGS = (
    "CONFIGURATION_SET_PAUSED",
    "CONFIGURATION_SET_MISSING",
    "MAIL_FROM_UNVERIFIED",
    "TEMPLATE_MISSING",
)

CASES = [
    *UNTOLD,
    Case(
        "a configuration set that is named",
        with_refusals(refusals("CONFIGURATION_SET_MISSING", resource="bulk")),
        ("CONFIGURATION_SET_MISSING",),
        says=("bulk", "create-configuration-set --region eu-west-1 --configuration-set-name bulk"),
    ),
    Case(
        "one that is not",
        with_refusals(refusals("CONFIGURATION_SET_PAUSED")),
        ("CONFIGURATION_SET_PAUSED",),
        says=("the configuration set of the mail", "--configuration-set-name RESOURCE"),
    ),
    Case(
        "the MAIL FROM domain of the sender",
        with_refusals(refusals("MAIL_FROM_UNVERIFIED")),
        ("MAIL_FROM_UNVERIFIED",),
        says=("MAIL FROM domain of shop.example.com",),
    ),
    *told_for_a_day(TAGS),
    hostile(TAGS),
]
