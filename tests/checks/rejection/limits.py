"""Cases of rejection.limits."""

from tests.build import Case, refusals, with_refusals
from tests.refusal_cases import UNTOLD, hostile, told_from_ten

TAGS = (
    "DAILY_QUOTA_EXCEEDED",
    "SEND_RATE_EXCEEDED",
    "API_RATE_EXCEEDED",
    "TOO_MANY_CONNECTIONS",
)
HARD = TAGS[:1]
SOFT = TAGS[1:]

CASES = [
    *UNTOLD,
    Case(
        "the daily quota, once",
        with_refusals(refusals("DAILY_QUOTA_EXCEEDED", {1: 1}, known="50,000 of 50,000 were sent.")),
        HARD,
        says=("50,000 of 50,000 were sent.",),
    ),
    Case("the daily quota, two hours ago", with_refusals(refusals("DAILY_QUOTA_EXCEEDED", {2: 1})), holding=HARD),
    *told_from_ten(TAGS, soft=SOFT),
    hostile(TAGS),
]
