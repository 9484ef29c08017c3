"""Cases of account.reputation. Rates are fractions."""

from dataclasses import replace

from tests.build import BLIND, HEALTHY, NO_DATA, NOT_ASKED, THROTTLED, Case, with_reputation

BOUNCE = ("BOUNCE_RATE_ELEVATED", "BOUNCE_RATE_REVIEW", "BOUNCE_RATE_PAUSE")
COMPLAINT = ("COMPLAINT_RATE_REVIEW", "COMPLAINT_RATE_PAUSE")


def bounce(rate: float, *tags: str, holding: tuple[str, ...] = (), says: tuple[str, ...] = ()) -> Case:
    return Case(f"bounce rate {rate}", with_reputation(bounce_rate=rate), tags, holding=holding, says=says)


def complaint(rate: float, *tags: str, holding: tuple[str, ...] = (), says: tuple[str, ...] = ()) -> Case:
    return Case(f"complaint rate {rate}", with_reputation(complaint_rate=rate), tags, holding=holding, says=says)


CASES = [
    Case("healthy", HEALTHY),
    bounce(0.0),
    bounce(0.0179),
    bounce(0.018, holding=("BOUNCE_RATE_ELEVATED",)),
    bounce(0.0199, holding=("BOUNCE_RATE_ELEVATED",)),
    bounce(0.02, "BOUNCE_RATE_ELEVATED", says=("2.00 %",)),
    bounce(0.0449, "BOUNCE_RATE_ELEVATED"),
    bounce(0.045, "BOUNCE_RATE_ELEVATED", holding=("BOUNCE_RATE_REVIEW",)),
    bounce(0.05, "BOUNCE_RATE_REVIEW", says=("5.00 %", "suppress")),
    bounce(0.0899, "BOUNCE_RATE_REVIEW"),
    bounce(0.09, "BOUNCE_RATE_REVIEW", holding=("BOUNCE_RATE_PAUSE",)),
    bounce(0.10, "BOUNCE_RATE_PAUSE", says=("10.00 %",)),
    bounce(1.0, "BOUNCE_RATE_PAUSE", says=("100.00 %",)),
    complaint(0.00089),
    complaint(0.0009, holding=("COMPLAINT_RATE_REVIEW",)),
    complaint(0.001, "COMPLAINT_RATE_REVIEW", says=("0.100 %",)),
    complaint(0.0045, "COMPLAINT_RATE_REVIEW", holding=("COMPLAINT_RATE_PAUSE",)),
    complaint(0.005, "COMPLAINT_RATE_PAUSE", says=("0.500 %",)),
    Case(
        "both at once",
        with_reputation(bounce_rate=0.06, complaint_rate=0.002),
        ("BOUNCE_RATE_REVIEW", "COMPLAINT_RATE_REVIEW"),
    ),
    Case("no complaint data, bounces fine", with_reputation(complaint_rate=NO_DATA), undecided=COMPLAINT),
    Case(
        "no complaint data, bounces bad",
        with_reputation(bounce_rate=0.11, complaint_rate=NO_DATA),
        ("BOUNCE_RATE_PAUSE",),
        undecided=COMPLAINT,
    ),
    Case("no bounce data", with_reputation(bounce_rate=NO_DATA), undecided=BOUNCE),
    Case(
        "no data at all is not a rate of zero",
        with_reputation(bounce_rate=NO_DATA, complaint_rate=NO_DATA),
        undecided=BOUNCE + COMPLAINT,
    ),
    Case("CloudWatch cannot be read", replace(HEALTHY, reputation=THROTTLED), unknown=True),
    Case("CloudWatch was not asked", replace(HEALTHY, reputation=NOT_ASKED), unknown=True),
    Case("neither account nor CloudWatch can be read", replace(BLIND, reputation=THROTTLED), unknown=True),
]
