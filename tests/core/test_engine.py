"""Running checks: unknown is not healthy, and a broken check costs the others nothing."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Undecided
from ses_monitor.core.engine import ALL, Evaluation, run
from ses_monitor.core.identity import Identity, IdentityKind
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, NotObservedError
from tests.build import BLIND, HEALTHY, HOSTILE, NO_DATA, THROTTLED

BAD = Diagnosis("BAD", (Severity.ERROR,), "m", "c", ())
WORSE = Diagnosis("WORSE", (Severity.CRITICAL,), "m", "c", ())


def check(
    name: str, evaluate: Callable[[Any, Snapshot], Iterable[Conclusion]], scope: Scope = Scope.ACCOUNT
) -> Check[Any]:
    return Check(name, scope, "title", frozenset({"ses:GetAccount"}), (BAD, WORSE), evaluate)


def finds(_: Any, snapshot: Snapshot) -> Iterable[Conclusion]:
    yield BAD.on(snapshot)


def looks(_: Any, snapshot: Snapshot) -> Iterable[Conclusion]:
    yield BAD.on(snapshot)
    snapshot.account.get()


def crashes(_: Any, snapshot: Snapshot) -> Iterable[Conclusion]:
    yield BAD.on(snapshot)
    raise ZeroDivisionError(HOSTILE)


def half_blind(_: Any, snapshot: Snapshot) -> Iterable[Conclusion]:
    yield BAD.on(snapshot)
    yield Undecided(frozenset({"WORSE"}), NO_DATA)


def of_each_identity(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    if identity.verification_status != "SUCCESS":
        yield BAD.on(snapshot, identity.name)


def of_another(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    yield BAD.on(snapshot, identity.name + "\n.evil")


def test_a_check_that_finds_something_says_of_what() -> None:
    [evaluation] = run([check("account.finds", finds)], HEALTHY)
    assert (evaluation.check_id, evaluation.subject, evaluation.unknown) == ("account.finds", "account", None)
    assert [finding.tag for finding in evaluation.findings] == ["BAD"]


def test_a_missing_fact_makes_the_whole_evaluation_unknown_with_its_reason() -> None:
    [evaluation] = run([check("account.looks", looks)], BLIND)
    assert evaluation == Evaluation("account.looks", "account", unknown=THROTTLED)
    assert list(evaluation.missing()) == [THROTTLED]


def test_a_check_that_crashes_is_unknown_and_costs_the_others_nothing() -> None:
    first, second = run([check("account.crashes", crashes), check("account.finds", finds)], HEALTHY)
    assert first.unknown is not None
    assert first.unknown.why is Blindness.CHECK_CRASHED
    assert first.unknown.why.is_failure
    assert "ZeroDivisionError" in first.unknown.reason
    assert len(first.unknown.reason) <= 500
    assert first.findings == ()
    assert [finding.tag for finding in second.findings] == ["BAD"]


def test_a_check_may_decide_some_tags_and_leave_others_undecided() -> None:
    [evaluation] = run([check("account.half", half_blind)], HEALTHY)
    assert evaluation.unknown is None
    assert [finding.tag for finding in evaluation.findings] == ["BAD"]
    assert evaluation.undecided == {"WORSE": NO_DATA}
    assert list(evaluation.missing()) == [NO_DATA]


def test_the_same_reason_is_given_once() -> None:
    evaluation = Evaluation("a", "b", unknown=NO_DATA, undecided={"X": NO_DATA, "Y": THROTTLED})
    assert list(evaluation.missing()) == [NO_DATA, THROTTLED]


def test_each_subject_of_a_listing_is_evaluated() -> None:
    world = replace(
        HEALTHY,
        identities=Known(
            (
                Identity("a.example", IdentityKind.DOMAIN, "SUCCESS"),
                Identity("b.example", IdentityKind.DOMAIN, "FAILED"),
            )
        ),
    )
    found = list(run([check("identity.each", of_each_identity, Scope.IDENTITY)], world))
    assert [(each.subject, len(each.findings)) for each in found] == [("a.example", 0), ("b.example", 1)]


def test_a_listing_that_failed_is_unknown_for_all_subjects() -> None:
    [evaluation] = run(
        [check("identity.each", of_each_identity, Scope.IDENTITY)], replace(HEALTHY, identities=THROTTLED)
    )
    assert evaluation == Evaluation("identity.each", ALL, unknown=THROTTLED)


def test_a_finding_about_another_subject_than_was_looked_at_is_a_bug_that_shows() -> None:
    world = replace(HEALTHY, identities=Known((Identity("a.example", IdentityKind.DOMAIN, "SUCCESS"),)))
    [evaluation] = run([check("identity.other", of_another, Scope.IDENTITY)], world)
    assert evaluation.unknown is not None
    assert evaluation.unknown.why is Blindness.CHECK_CRASHED


def test_a_missing_fact_that_is_asked_for_its_value_carries_its_reason() -> None:
    with pytest.raises(NotObservedError, match="throttled") as caught:
        THROTTLED.get()
    assert caught.value.missing is THROTTLED


@pytest.mark.parametrize("why", Blindness)
def test_only_what_somebody_can_mend_is_a_failure(why: Blindness) -> None:
    answers = {Blindness.NOT_IN_ANSWER, Blindness.NO_DATA, Blindness.NOT_APPLICABLE}
    assert Missing(why, "").why.is_failure is (why not in answers)
