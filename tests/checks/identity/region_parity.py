"""Cases of identity.region_parity."""

from dataclasses import replace
from typing import Any

from ses_monitor.core.identity import Elsewhere
from ses_monitor.core.model import Severity, Snapshot
from ses_monitor.core.observed import Known
from tests.build import (
    HOSTILE,
    IDENTITIES_UNREADABLE,
    NOT_SAID,
    SENDER,
    THROTTLED,
    Case,
    sandbox,
    unused,
    with_account,
    with_address,
    with_identity,
)

ONLY = ("VERIFIED_ONLY_ELSEWHERE",)
SANDBOX = ("SANDBOX_WHILE_PRODUCTION_ELSEWHERE",)
NOTICE = {"VERIFIED_ONLY_ELSEWHERE": Severity.NOTICE}
THERE = Elsewhere("us-east-1", "SUCCESS", production_access=True, in_use=True)
SANDBOXED_THERE = Elsewhere("ap-south-1", "SUCCESS", production_access=False, in_use=False)
BARE = Elsewhere("eu-north-1", "SUCCESS")
UNVERIFIED = Elsewhere("eu-central-1", "PENDING", production_access=True, in_use=True)

UNUSED = replace(unused(SENDER), identities=SENDER.identities)
USE_UNKNOWN = replace(UNUSED, has_verified_identity=THROTTLED)


def not_here(status: str = "PENDING", *elsewhere: Elsewhere, **facts: Any) -> Snapshot:
    return with_identity(verification_status=status, elsewhere=Known(elsewhere or (THERE,)), **facts)


def in_sandbox(*production: str, **facts: Any) -> Snapshot:
    base = replace(sandbox(), configuration_sets=SENDER.configuration_sets, production_elsewhere=Known(production))
    return with_identity(base=base, **facts)


CASES = [
    Case("healthy", SENDER),
    Case("verified in both", with_identity(elsewhere=Known((THERE,)))),
    Case("the identities cannot be listed", IDENTITIES_UNREADABLE, unknown=True),
    # verified only elsewhere
    *(
        Case(
            f"{status} here, verified elsewhere", not_here(status), ONLY, says=("us-east-1 (production access)", status)
        )
        for status in ("PENDING", "FAILED", "NOT_STARTED")
    ),
    Case(
        "the application is what is wrong",
        not_here(),
        ONLY,
        says=(
            "verified in us-east-1 (production access), but not in eu-west-1 (PENDING)",
            "email-smtp.us-east-1.amazonaws.com",
            "Deterministic Easy DKIM",
            "get-email-identity --region eu-west-1 --email-identity shop.example.com",
        ),
    ),
    Case("pending here and nowhere verified", not_here("PENDING", UNVERIFIED)),
    Case("pending here, and in no other region", with_identity(verification_status="PENDING")),
    Case(
        "in many regions, the one that most likely is meant comes first",
        not_here("FAILED", BARE, SANDBOXED_THERE, UNVERIFIED, THERE),
        ONLY,
        says=("us-east-1 (production access), ap-south-1 (sandbox), eu-north-1", "leave through us-east-1, set"),
    ),
    Case(
        "in more regions than fit",
        not_here("FAILED", *(Elsewhere(f"eu-west-{n}", "SUCCESS") for n in range(2, 10))),
        ONLY,
        says=("eu-west-6 and 3 more",),
    ),
    Case(
        "an address",
        with_address(verification_status="PENDING", elsewhere=Known((BARE,))),
        ONLY,
        says=("have the link sent to the address",),
    ),
    Case(
        "in a region that is not used",
        not_here("PENDING", base=UNUSED),
        ONLY,
        severities=NOTICE,
        says=("sends nothing so far",),
    ),
    Case(
        "in a region that is listed as sending",
        not_here("PENDING", base=replace(UNUSED, listed_as_sending=True)),
        ONLY,
        says=("is in use",),
    ),
    Case("nobody knows whether the region is used", not_here("PENDING", base=USE_UNKNOWN), undecided=ONLY),
    Case(
        "other regions were not read", with_identity(verification_status="PENDING", elsewhere=THROTTLED), undecided=ONLY
    ),
    Case("records lost is not unverified", not_here("TEMPORARY_FAILURE")),
    Case("a status nobody knows", not_here("HALF"), unknown=True),
    Case("a hostile status", not_here(HOSTILE), unknown=True),
    Case("hostile names", not_here("FAILED", Elsewhere(HOSTILE, "SUCCESS"), name=HOSTILE), ONLY),
    # in the sandbox
    Case(
        "in the sandbox, and production access is where it is verified too",
        in_sandbox("ap-south-1", "us-east-1", elsewhere=Known((THERE, UNVERIFIED))),
        SANDBOX,
        says=(
            "Production access is in ap-south-1, us-east-1",
            "verified in us-east-1 as well",
            "leave through us-east-1",
        ),
    ),
    Case(
        "in the sandbox, and production access is where it is not verified",
        in_sandbox("eu-central-1", elsewhere=Known((UNVERIFIED, SANDBOXED_THERE))),
        SANDBOX,
        says=("There this identity is not verified", "leave through eu-central-1"),
    ),
    Case(
        "in the sandbox, the identity's other regions were not read",
        in_sandbox("us-east-1", elsewhere=NOT_SAID),
        SANDBOX,
        says=("was not learned this time",),
    ),
    Case(
        "in the sandbox, with its records lost",
        in_sandbox("us-east-1", verification_status="TEMPORARY_FAILURE"),
        SANDBOX,
    ),
    Case("in the sandbox like everywhere", in_sandbox(elsewhere=Known((SANDBOXED_THERE,)))),
    Case("in the sandbox, not verified here", in_sandbox("us-east-1", verification_status="PENDING")),
    Case(
        "in the sandbox, nobody knows what other regions have",
        replace(in_sandbox(), production_elsewhere=THROTTLED),
        undecided=SANDBOX,
    ),
    Case("the account could not be read", replace(SENDER, account=THROTTLED), undecided=SANDBOX),
    Case(
        "production access was left out",
        with_account(SENDER, production_access=NOT_SAID),
        undecided=SANDBOX,
    ),
    Case("production access here and elsewhere", replace(SENDER, production_elsewhere=Known(("us-east-1",)))),
    Case("hostile regions", in_sandbox(HOSTILE, name=HOSTILE), SANDBOX),
]
