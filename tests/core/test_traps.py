"""The traps of comparing two audits, each by an example."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ses_monitor.core.diff import Difference, diff
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Count
from ses_monitor.core.settle import REFRESH_AFTER, Rules, _count, _record
from ses_monitor.core.stored import Phase, Transition
from tests.build import HEALTHY, NOW
from tests.core.lifecycle import (
    AUDIT,
    BAD,
    DIAGNOSES,
    FIGURE,
    FIXED,
    HEALTHY_AGAIN,
    MILD,
    NOTHING_LISTED,
    ONE,
    PLAIN,
    SLOW,
    STICKY,
    TWO,
    Life,
    blind,
    found,
    saw,
    words,
)


@pytest.fixture
def life() -> Life:
    return Life()


def test_a_fault_opens_once_and_resolves_once(life: Life) -> None:
    assert words(life.audit(saw(found(MILD)))) == [("opened", "MILD")]
    assert life.audit(saw(found(MILD))) == []
    assert words(life.audit(HEALTHY_AGAIN)) == [("resolved", "MILD")]
    assert life.audit(HEALTHY_AGAIN) == []


def test_a_change_carries_all_that_a_reader_needs(life: Life) -> None:
    [opened] = life.audit(saw(found(MILD)))
    assert (opened.account_id, opened.region, opened.check_id, opened.subject) == (
        "111122223333",
        "eu-west-1",
        ONE,
        "s",
    )
    assert (opened.severity, opened.text, opened.cause, opened.steps) == (Severity.WARNING, "mild", "c", MILD.steps)
    assert (opened.at, opened.since, opened.lasted) == (life.now, life.now, timedelta(0))
    assert opened.version == life.stored(MILD).version
    assert opened.finding_id == life.stored(MILD).finding_id
    [resolved] = life.audit(HEALTHY_AGAIN)
    assert (resolved.text, resolved.severity, resolved.lasted) == ("mild", Severity.WARNING, AUDIT)
    assert resolved.finding_id == opened.finding_id
    assert resolved.change_id != opened.change_id


def test_unknown_neither_opens_nor_resolves(life: Life) -> None:
    assert life.audit(blind()) == []
    life.audit(saw(found(MILD)))
    assert life.audit(blind()) == []
    assert life.phase(MILD) is Phase.OPEN


def test_an_undecided_tag_neither_resolves_nor_is_replaced(life: Life) -> None:
    life.audit(saw(found(MILD), found(FIGURE)))
    assert words(life.audit(saw(undecided=["MILD"]))) == [("resolved", "FIGURE")]
    assert words(life.audit(saw(found(BAD), undecided=["MILD"]))) == [("opened", "BAD")]
    assert life.phase(MILD) is Phase.OPEN


def test_a_failed_listing_blinds_every_subject(life: Life) -> None:
    life.audit(saw(found(MILD, "a"), subject="a"), saw(found(MILD, "b"), subject="b"))
    assert life.audit(NOTHING_LISTED) == []
    assert len(life.open) == 2


def test_a_failed_listing_forgets_no_streak(life: Life) -> None:
    life.audit(saw(found(STICKY)))
    life.audit(NOTHING_LISTED)
    assert words(life.audit(saw(found(STICKY)))) == [("opened", "STICKY")]


def test_a_subject_gone_from_a_successful_listing_closes_as_gone(life: Life) -> None:
    life.audit(saw(found(MILD, "a"), subject="a"), saw(found(MILD, "b"), subject="b"))
    assert words(life.audit(saw(found(MILD, "b"), subject="b"))) == [("gone", "MILD")]
    assert words(life.audit()) == [("gone", "MILD")]
    assert life.open == set()


def test_the_streak_of_a_subject_that_is_gone_is_forgotten(life: Life) -> None:
    life.audit(saw(found(STICKY)))
    life.audit()
    assert life.table == {}
    assert life.audit(saw(found(STICKY))) == []


def test_the_findings_of_checks_that_did_not_run_are_left_alone(life: Life) -> None:
    life.audit(saw(found(MILD)), saw(found(MILD), check=TWO))
    assert life.audit(saw(found(MILD)), ran={ONE}) == []
    assert life.phase(MILD, check=TWO) is Phase.OPEN


def test_comparing_alone_leaves_other_checks_alone_too(life: Life) -> None:
    life.audit(saw(found(MILD)), saw(found(MILD), check=TWO))
    differences = diff(life.table.values(), [], ran={ONE}, diagnoses=DIAGNOSES)
    assert [(each.transition, each.check_id) for each in differences] == [(Transition.GONE, ONE)]


def test_the_findings_of_a_retired_check_are_gone(life: Life) -> None:
    life.audit(saw(found(MILD), check="z.retired"), ran={"z.retired"})
    assert words(life.audit(HEALTHY_AGAIN, ran={ONE, "z.retired"})) == [("gone", "MILD")]


def test_a_retired_tag_resolves_though_nobody_knows_it_any_more(life: Life) -> None:
    life.audit(saw(found(MILD)))
    old = replace(life.stored(MILD), tag="RETIRED")
    life.table = {(ONE, "s", "RETIRED"): old}
    life.versions = {(ONE, "s", "RETIRED"): old.version}
    assert words(life.audit(HEALTHY_AGAIN)) == [("resolved", "RETIRED")]


def test_a_worse_tag_in_place_of_another_is_one_change(life: Life) -> None:
    [opened] = life.audit(saw(found(MILD)))
    [worsened] = life.audit(saw(found(BAD)))
    assert words([worsened]) == [("worsened", "BAD")]
    assert (worsened.was_tag, worsened.was_severity) == ("MILD", Severity.WARNING)
    assert worsened.since == opened.at
    assert life.phase(MILD) is Phase.RESOLVED


def test_a_lighter_tag_in_place_of_another_is_one_change(life: Life) -> None:
    life.audit(saw(found(BAD)))
    [eased] = life.audit(saw(found(MILD)))
    assert words([eased]) == [("eased", "MILD")]
    assert words(life.audit(HEALTHY_AGAIN)) == [("resolved", "MILD")]


def test_a_tag_of_the_same_weight_in_place_of_another_is_told_as_worsened(life: Life) -> None:
    life.audit(saw(found(MILD, severity=Severity.ERROR)))
    assert words(life.audit(saw(found(PLAIN)))) == [("worsened", "PLAIN")]


def test_another_severity_of_the_same_tag_is_one_change(life: Life) -> None:
    [opened] = life.audit(saw(found(MILD)))
    [worsened] = life.audit(saw(found(MILD, severity=Severity.ERROR)))
    assert words([worsened]) == [("worsened", "MILD")]
    assert (worsened.severity, worsened.was_severity, worsened.was_tag) == (Severity.ERROR, Severity.WARNING, "MILD")
    assert worsened.since == opened.at
    [eased] = life.audit(saw(found(MILD)))
    assert (eased.transition, eased.since) == (Transition.EASED, opened.at)
    [resolved] = life.audit(HEALTHY_AGAIN)
    assert resolved.lasted == 3 * AUDIT


def test_tags_of_different_aspects_do_not_replace_each_other(life: Life) -> None:
    life.audit(saw(found(MILD)))
    assert words(life.audit(saw(found(FIGURE)))) == [("opened", "FIGURE"), ("resolved", "MILD")]


def test_one_tag_replaces_one_and_what_is_left_over_resolves(life: Life) -> None:
    life.audit(saw(found(MILD), found(BAD)))
    assert words(life.audit(saw(found(PLAIN)))) == [("worsened", "PLAIN"), ("resolved", "BAD")]


def test_a_fault_is_told_only_after_so_many_observations_in_a_row(life: Life) -> None:
    began = life.now + AUDIT
    assert life.audit(saw(found(SLOW))) == []
    assert life.audit(saw(found(SLOW))) == []
    [opened] = life.audit(saw(found(SLOW)))
    assert opened.transition is Transition.OPENED
    assert opened.since == began, "the trouble began when it was first seen"


def test_a_good_observation_in_between_starts_the_count_anew(life: Life) -> None:
    for _ in range(3):
        assert life.audit(saw(found(STICKY))) == []
        assert life.audit(HEALTHY_AGAIN) == []
    assert life.table == {}


def test_an_unknown_in_between_does_not(life: Life) -> None:
    life.audit(saw(found(STICKY)))
    life.audit(blind())
    life.audit(saw(undecided=["STICKY"]))
    assert words(life.audit(saw(found(STICKY)))) == [("opened", "STICKY")]


def test_a_fault_is_over_only_after_so_many_good_observations_in_a_row(life: Life) -> None:
    life.audit(saw(found(STICKY)))
    life.audit(saw(found(STICKY)))
    assert life.audit(HEALTHY_AGAIN, saw(check=TWO)) == []
    assert life.audit(blind()) == []
    assert life.audit(HEALTHY_AGAIN) == []
    assert life.audit(saw(found(STICKY))) == [], "back again: the count of good ones starts anew"
    assert life.audit(HEALTHY_AGAIN) == []
    assert life.audit(HEALTHY_AGAIN) == []
    assert words(life.audit(HEALTHY_AGAIN)) == [("resolved", "STICKY")]


def test_while_the_new_tag_is_counted_the_old_one_stays_open(life: Life) -> None:
    life.audit(saw(found(MILD)))
    assert life.audit(saw(found(SLOW))) == []
    assert life.audit(saw(found(SLOW))) == []
    assert life.phase(MILD) is Phase.OPEN
    assert words(life.audit(saw(found(SLOW)))) == [("worsened", "SLOW")]


def test_an_old_tag_held_for_a_new_one_resolves_when_the_new_one_does_not_last(life: Life) -> None:
    life.audit(saw(found(MILD)))
    life.audit(saw(found(SLOW)))
    assert words(life.audit(HEALTHY_AGAIN)) == [("resolved", "MILD")]
    assert life.phase(SLOW) is None


def test_what_only_holds_keeps_an_open_finding_and_opens_none(life: Life) -> None:
    assert life.audit(saw(found(MILD, holds_only=True))) == []
    life.audit(saw(found(MILD)))
    assert life.audit(saw(found(MILD, holds_only=True))) == []
    assert words(life.audit(HEALTHY_AGAIN)) == [("resolved", "MILD")]
    assert life.audit(saw(found(MILD, holds_only=True))) == []


def test_a_held_tag_stands_for_the_weaker_one_below_it_until_it_eases_into_that(life: Life) -> None:
    life.audit(saw(found(BAD)))
    between = saw(found(BAD, holds_only=True), found(MILD))
    assert life.audit(between) == [], "the weaker tag is not opened beside the one that holds"
    assert words(life.audit(saw(found(MILD)))) == [("eased", "MILD")]
    assert life.audit(between) == [], "what is not open does not hold"


def test_a_held_severity_holds_and_does_not_raise(life: Life) -> None:
    both = saw(found(MILD, severity=Severity.ERROR, holds_only=True), found(MILD))
    assert words(life.audit(both)) == [("opened", "MILD")]
    assert life.stored(MILD).severity is Severity.WARNING
    life.audit(saw(found(MILD, severity=Severity.ERROR)))
    assert life.audit(both) == []
    assert life.stored(MILD).severity is Severity.ERROR
    assert words(life.audit(saw(found(MILD)))) == [("eased", "MILD")]


def test_a_held_severity_does_not_raise_an_open_finding_of_a_lighter_one(life: Life) -> None:
    life.audit(saw(found(MILD)))
    assert life.audit(saw(found(MILD, severity=Severity.ERROR, holds_only=True), found(MILD))) == []
    assert life.stored(MILD).severity is Severity.WARNING


def test_figures_are_refreshed_once_an_hour_and_silently(life: Life) -> None:
    life.audit(saw(found(FIGURE, percent=1)))
    assert life.audit(saw(found(FIGURE, percent=2)), after=REFRESH_AFTER - timedelta(seconds=1)) == []
    assert life.stored(FIGURE).text == "1 %"
    since = life.stored(FIGURE).opened_at
    assert life.audit(saw(found(FIGURE, percent=3)), after=timedelta(seconds=1)) == []
    assert life.stored(FIGURE).text == "3 %"
    assert life.stored(FIGURE).opened_at == since
    [resolved] = life.audit(HEALTHY_AGAIN)
    assert resolved.text == "3 %"


def test_figures_that_did_not_change_and_texts_without_figures_are_not_written(life: Life) -> None:
    life.audit(saw(found(FIGURE), found(FIXED, percent=1)))
    before = dict(life.table)
    life.audit(saw(found(FIGURE), found(FIXED, percent=2)), after=2 * REFRESH_AFTER)
    assert life.table == before


def test_a_clock_that_jumps_back_stops_neither_versions_nor_changes(life: Life) -> None:
    life.audit(saw(found(MILD)))
    assert words(life.audit(HEALTHY_AGAIN, after=-timedelta(days=400))) == [("resolved", "MILD")]
    assert words(life.audit(saw(found(MILD)))) == [("opened", "MILD")]


def test_a_finding_that_opens_again_began_again(life: Life) -> None:
    life.audit(saw(found(MILD)))
    life.audit(HEALTHY_AGAIN)
    [again] = life.audit(saw(found(MILD)))
    assert again.since == life.now


def test_a_first_audit_is_silent_except_for_what_is_critical(life: Life) -> None:
    changes = life.audit(saw(found(FIGURE), found(BAD)), first=True)
    assert {change.tag: change.baseline for change in changes} == {"FIGURE": True, "BAD": False}
    assert [change.baseline for change in life.audit(saw(found(FIGURE), found(BAD), found(FIXED)))] == [False]


def test_a_change_about_no_finding_cannot_be_recorded() -> None:
    with pytest.raises(ValueError, match=r"x\.one that is about no finding"):
        _record(Difference(Transition.OPENED, ONE, "s", None, None), {}, HEALTHY, Rules(frozenset({ONE}), DIAGNOSES))


def test_a_streak_about_no_finding_cannot_be_counted() -> None:
    with pytest.raises(ValueError, match=r"x\.one that is about no finding"):
        _count(Count(None, ONE, "s", None, Phase.WATCHED, 1, 0), replace(HEALTHY, taken_at=NOW))
