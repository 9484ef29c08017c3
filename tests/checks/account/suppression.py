"""Cases of account.suppression."""

from dataclasses import replace

from tests.build import BLIND, HEALTHY, HOSTILE, NOT_SAID, THROTTLED, Case, unused, with_account

OFF = ("SUPPRESSION_OFF",)
NONE: frozenset[str] = frozenset()

CASES = [
    Case("healthy", HEALTHY),
    Case("off", with_account(suppressed_reasons=NONE), OFF, says=("BOUNCE and COMPLAINT", "2019-11-25")),
    Case("off for complaints", with_account(suppressed_reasons=frozenset({"BOUNCE"})), OFF, says=("for COMPLAINT:",)),
    Case("off for bounces", with_account(suppressed_reasons=frozenset({"COMPLAINT"})), OFF, says=("for BOUNCE:",)),
    Case(
        "a reason nobody knows, besides both",
        with_account(suppressed_reasons=frozenset({"BOUNCE", "COMPLAINT", "WHIM"})),
    ),
    Case("a hostile reason is not one of ours", with_account(suppressed_reasons=frozenset({HOSTILE})), OFF),
    Case("off where SES is not used", unused(with_account(suppressed_reasons=NONE))),
    Case(
        "off, and whether SES is used could not be read",
        replace(unused(with_account(suppressed_reasons=NONE)), has_verified_identity=THROTTLED),
        unknown=True,
    ),
    Case("on, and whether SES is used could not be read", replace(unused(HEALTHY), has_verified_identity=THROTTLED)),
    Case("the account cannot be read", BLIND, unknown=True),
    Case("the reasons were left out", with_account(suppressed_reasons=NOT_SAID), unknown=True),
]
