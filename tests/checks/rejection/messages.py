"""Cases of rejection.messages."""

from tests.refusal_cases import UNTOLD, hostile, told_for_a_day

TAGS = (
    "MESSAGE_TOO_LONG",
    "ADDRESS_INVALID",
    "ADDRESS_UNKNOWN",
    "NO_RECIPIENTS",
    "INVALID_PARAMETER",
)

CASES = [
    *UNTOLD,
    *told_for_a_day(TAGS),
    hostile(TAGS),
]
