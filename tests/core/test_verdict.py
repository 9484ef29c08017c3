"""One word per region, and its causes by weight."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from ses_monitor import checks
from ses_monitor.core.engine import Evaluation, run
from ses_monitor.core.model import Review, Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.settle import Rules, settle
from ses_monitor.core.stored import Phase, Stored
from ses_monitor.core.verdict import RegionVerdict, Verdict, judge
from tests.build import (
    BLIND,
    HEALTHY,
    NO_DATA,
    NOT_ASKED,
    NOT_SAID,
    NOW,
    THROTTLED,
    remembering,
    sandbox,
    unused,
    with_account,
    with_quota,
    with_reputation,
)

CHECKS = checks.registered()
DIAGNOSES = checks.diagnoses(checks.of_scopes(Scope.ACCOUNT, Scope.REGION))
UNUSED = unused(HEALTHY)
SHUT_DOWN = with_account(enforcement="SHUTDOWN", sending_enabled=False)


def judged(world: Snapshot, stored: Iterable[Stored] = ()) -> RegionVerdict:
    return judge(world, tuple(run(CHECKS, world)), stored, DIAGNOSES)


def open_after(*worlds: Snapshot) -> tuple[Stored, ...]:
    """What is stored after these audits."""
    table: dict[str, Stored] = {}
    for world in worlds:
        rules = Rules(frozenset(check.id for check in CHECKS), DIAGNOSES)
        settlement = settle(world, tuple(table.values()), tuple(run(CHECKS, world)), rules)
        writes = [*(write for change in settlement.changes for write in change.writes), *settlement.quiet]
        table |= {write.after.finding_id: write.after for write in writes}
        for gone in settlement.forget:
            del table[gone.finding_id]
    return tuple(table.values())


@pytest.mark.parametrize(
    ("world", "verdict", "causes"),
    [
        pytest.param(HEALTHY, Verdict.DELIVERS, [], id="healthy"),
        pytest.param(with_reputation(bounce_rate=0.03), Verdict.DELIVERS, [], id="a notice is no risk"),
        pytest.param(with_quota(41_000), Verdict.AT_RISK, ["QUOTA_NEARLY_EXHAUSTED"], id="a warning"),
        pytest.param(with_account(enforcement="PROBATION"), Verdict.AT_RISK, ["UNDER_REVIEW"], id="under review"),
        pytest.param(
            with_reputation(bounce_rate=0.2), Verdict.AT_RISK, ["BOUNCE_RATE_PAUSE"], id="critical, but mail leaves"
        ),
        pytest.param(SHUT_DOWN, Verdict.BLOCKED, ["SHUT_DOWN"], id="paused by AWS"),
        pytest.param(
            with_account(sending_enabled=False), Verdict.BLOCKED, ["SENDING_PAUSED"], id="paused by the owner"
        ),
        pytest.param(with_quota(50_000), Verdict.BLOCKED, ["QUOTA_EXHAUSTED"], id="quota used up"),
        pytest.param(sandbox(), Verdict.SANDBOX, ["SANDBOX"], id="sandbox in use"),
        pytest.param(sandbox(review=Review("PENDING")), Verdict.SANDBOX, ["REVIEW_PENDING"], id="review pending"),
        pytest.param(
            remembering(sandbox(), production_access_seen=NOW),
            Verdict.SANDBOX,
            ["PRODUCTION_ACCESS_LOST"],
            id="access lost",
        ),
        pytest.param(
            sandbox(sending_enabled=False),
            Verdict.BLOCKED,
            ["SENDING_PAUSED", "SANDBOX"],
            id="what stops weighs more than what limits",
        ),
        pytest.param(
            with_account(sandbox(), enforcement="PROBATION"),
            Verdict.SANDBOX,
            ["SANDBOX", "UNDER_REVIEW"],
            id="what limits weighs more than what threatens",
        ),
        pytest.param(UNUSED, Verdict.IDLE, [], id="unused"),
        pytest.param(unused(sandbox()), Verdict.IDLE, [], id="unused sandbox"),
        pytest.param(
            replace(UNUSED, listed_as_sending=True), Verdict.DELIVERS, [], id="unused so far, but listed as sending"
        ),
        pytest.param(
            replace(unused(sandbox()), has_verified_identity=NOT_ASKED),
            Verdict.UNKNOWN,
            [],
            id="sandbox, in use or not was not asked",
        ),
        pytest.param(
            replace(unused(sandbox()), has_verified_identity=THROTTLED),
            Verdict.UNKNOWN,
            [""],
            id="sandbox, in use or not could not be read",
        ),
        pytest.param(
            replace(UNUSED, has_verified_identity=THROTTLED),
            Verdict.DELIVERS,
            [],
            id="able to deliver, in use or not could not be read",
        ),
        pytest.param(BLIND, Verdict.UNKNOWN, [""], id="the account cannot be read"),
        pytest.param(with_account(production_access=NOT_SAID), Verdict.UNKNOWN, [""], id="access was left out"),
        pytest.param(with_account(sending_enabled=NOT_SAID), Verdict.UNKNOWN, [""], id="the switch was left out"),
        pytest.param(
            with_account(sending_enabled=False, enforcement=NOT_SAID),
            Verdict.UNKNOWN,
            [""],
            id="off, by whom was left out",
        ),
        pytest.param(with_account(quota=NOT_SAID), Verdict.UNKNOWN, [""], id="the quota was left out"),
        pytest.param(
            with_account(production_access=NOT_SAID, enforcement="SHUTDOWN"),
            Verdict.BLOCKED,
            ["SHUT_DOWN"],
            id="what is known to stop needs no more facts",
        ),
        pytest.param(
            replace(HEALTHY, reputation=THROTTLED), Verdict.DELIVERS, [], id="the rates could not be read once"
        ),
        pytest.param(with_reputation(bounce_rate=NO_DATA), Verdict.DELIVERS, [], id="no data on bounces"),
    ],
)
def test_the_verdict_of_a_region_never_audited_before(world: Snapshot, verdict: Verdict, causes: list[str]) -> None:
    one = judged(world)
    assert (one.region, one.verdict, [cause.tag for cause in one.causes]) == ("eu-west-1", verdict, causes)


def test_a_reason_for_not_knowing_is_given_in_words() -> None:
    [cause] = judged(BLIND).causes
    assert (cause.text, cause.severity, cause.subject) == (THROTTLED.reason, Severity.WARNING, "eu-west-1")


@pytest.mark.parametrize(
    ("before", "world", "verdict", "causes"),
    [
        pytest.param([SHUT_DOWN], BLIND, Verdict.BLOCKED, ["SHUT_DOWN"], id="stopped, and now blind: still stopped"),
        pytest.param(
            [with_quota(41_000)], BLIND, Verdict.UNKNOWN, ["QUOTA_NEARLY_EXHAUSTED", ""], id="at risk, and now blind"
        ),
        pytest.param(
            [with_reputation(bounce_rate=0.06)],
            with_reputation(bounce_rate=NO_DATA),
            Verdict.AT_RISK,
            ["BOUNCE_RATE_REVIEW"],
            id="one tag undecided: it is still open",
        ),
        pytest.param(
            [with_quota(41_000)], with_quota(38_000), Verdict.AT_RISK, ["QUOTA_NEARLY_EXHAUSTED"], id="held open"
        ),
        pytest.param([with_quota(36_000)], with_quota(38_000), Verdict.DELIVERS, [], id="nothing to hold"),
        pytest.param([with_quota(41_000)], HEALTHY, Verdict.DELIVERS, [], id="mended"),
        pytest.param([HEALTHY], BLIND, Verdict.UNKNOWN, [""], id="blind for the first time: no finding yet"),
        pytest.param([BLIND] * 2, BLIND, Verdict.UNKNOWN, ["REGION_NOT_READABLE", ""], id="blind for the third time"),
        pytest.param(
            [replace(HEALTHY, reputation=THROTTLED)] * 2,
            replace(HEALTHY, reputation=THROTTLED),
            Verdict.AT_RISK,
            ["REGION_NOT_READABLE"],
            id="half blind for the third time",
        ),
        pytest.param([BLIND] * 3, HEALTHY, Verdict.DELIVERS, [], id="seen again"),
    ],
)
def test_the_verdict_is_that_of_what_is_open_after_the_audit(
    before: list[Snapshot], world: Snapshot, verdict: Verdict, causes: list[str]
) -> None:
    one = judged(world, open_after(*before))
    assert (one.verdict, [cause.tag for cause in one.causes]) == (verdict, causes)


def test_an_open_finding_whose_tag_nobody_knows_any_more_weighs_by_its_severity() -> None:
    [shut] = [each for each in open_after(SHUT_DOWN) if each.phase is Phase.OPEN]
    one = judged(BLIND, [replace(shut, tag="RETIRED")])
    assert (one.verdict, [cause.tag for cause in one.causes]) == (Verdict.UNKNOWN, ["RETIRED", ""])


def test_a_crashed_check_is_a_reason_for_not_knowing() -> None:
    crash = Missing(Blindness.CHECK_CRASHED, "check account.quota crashed")
    one = judge(with_account(quota=NOT_SAID), [Evaluation("account.quota", "account", unknown=crash)])
    assert [cause.text for cause in one.causes] == ["check account.quota crashed"]


@pytest.mark.parametrize("name", ["production_access", "sending_enabled", "enforcement", "quota"])
def test_no_region_delivers_while_a_fact_that_could_stop_it_is_missing(name: str) -> None:
    facts: dict[str, Any] = {name: NOT_SAID}
    assert judged(with_account(HEALTHY, **facts)).verdict is Verdict.UNKNOWN


def test_causes_come_heaviest_first() -> None:
    world = replace(
        with_account(sandbox(sending_enabled=False), enforcement="PROBATION"),
        reputation=Known(with_reputation(bounce_rate=0.2).reputation.get()),
    )
    assert [cause.tag for cause in judged(world).causes] == [
        "SENDING_PAUSED",
        "SANDBOX",
        "BOUNCE_RATE_PAUSE",
        "UNDER_REVIEW",
    ]
