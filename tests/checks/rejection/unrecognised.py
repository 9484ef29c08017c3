"""Cases of rejection.unrecognised."""

from tests.refusal_cases import UNTOLD, hostile, told_for_a_day

TAGS = ("UNRECOGNISED",)

CASES = [
    *UNTOLD,
    *told_for_a_day(
        TAGS,
        "Mail of shop.example.com in eu-west-1 was refused, in words that are not known here, once since 2026-05-11 10:00 UTC",
        "Mail of the account in eu-west-1",
    ),
    hostile(TAGS),
]
