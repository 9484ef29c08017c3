"""Cases of rejection.service."""

from tests.refusal_cases import UNTOLD, hostile, told_from_ten

TAGS = (
    "SES_TEMPORARY_FAILURE",
    "CLIENT_TIMEOUT",
    "AUTHENTICATION_TEMPORARY_FAILURE",
)

CASES = [
    *UNTOLD,
    *told_from_ten(TAGS, soft=TAGS),
    hostile(TAGS),
]
