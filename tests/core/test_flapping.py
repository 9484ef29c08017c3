"""What is over and comes back within a day is known again: counted, and told with less weight."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ses_monitor.core.check import Diagnosis
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.stored import Phase, Stored, Transition
from tests.core.lifecycle import BAD, HEALTHY_AGAIN, MILD, PLAIN, STICKY, Life, found, saw

HOUR = timedelta(hours=1)


def mute(life: Life, lasts: timedelta = timedelta(days=1)) -> tuple[Mute, ...]:
    tags = (BAD.tag, MILD.tag, PLAIN.tag)
    return tuple(Mute(f"m-{tag}", "ana", "migration", life.now + lasts, tag=tag) for tag in tags)


@pytest.mark.parametrize(
    ("away", "flaps"), [(timedelta(minutes=5), 1), (24 * HOUR, 1), (24 * HOUR + timedelta(seconds=1), 0), (-HOUR, 1)]
)
def test_what_opens_again_within_a_day_flaps(away: timedelta, flaps: int) -> None:
    life = Life()
    (first,) = life.audit(saw(found(PLAIN)))
    life.audit(HEALTHY_AGAIN)
    (again,) = life.audit(saw(found(PLAIN)), after=away)
    assert (first.flaps, again.flaps, life.stored(PLAIN).flaps) == (0, flaps, flaps)


def test_flaps_are_counted_in_a_row_and_end_with_a_quiet_day() -> None:
    life = Life()
    counted = []
    for pause in (HOUR, HOUR, HOUR, 25 * HOUR, HOUR):
        (opened,) = life.audit(saw(found(PLAIN)), after=pause)
        (over,) = life.audit(HEALTHY_AGAIN, after=HOUR)
        assert over.flaps == opened.flaps
        counted.append(opened.flaps)
    assert counted == [0, 1, 2, 0, 1]


def test_what_was_gone_and_is_back_flaps_too() -> None:
    life = Life()
    life.audit(saw(found(PLAIN)))
    (gone,) = life.audit()
    assert gone.transition is Transition.GONE
    assert life.audit(saw(found(PLAIN)))[0].flaps == 1


def test_worsening_and_easing_keep_the_count() -> None:
    life = Life()
    for _ in range(2):
        life.audit(saw(found(MILD)))
        life.audit(HEALTHY_AGAIN)
    told = [life.audit(saw(found(each)))[0] for each in (MILD, BAD, MILD)]
    assert [(each.transition.value, each.flaps) for each in told] == [("opened", 2), ("worsened", 2), ("eased", 2)]


def streak(life: Life, diagnosis: Diagnosis, times: int) -> list[int]:
    return [change.flaps for _ in range(times) for change in life.audit(saw(found(diagnosis)))]


def test_what_has_to_be_seen_twice_flaps_although_it_was_watched_in_between() -> None:
    life = Life()
    assert streak(life, STICKY, 2) == [0]
    for _ in range(3):
        life.audit(HEALTHY_AGAIN)
    assert life.phase(STICKY) is Phase.RESOLVED
    assert streak(life, STICKY, 2) == [1]


def test_a_streak_that_breaks_off_does_not_make_it_forgotten() -> None:
    life = Life()
    streak(life, STICKY, 2)
    for _ in range(3):
        life.audit(HEALTHY_AGAIN)
    streak(life, STICKY, 1)
    assert life.phase(STICKY) is Phase.WATCHED
    life.audit(HEALTHY_AGAIN)
    assert life.phase(STICKY) is Phase.RESOLVED
    assert streak(life, STICKY, 2) == [1]


def test_a_streak_of_what_was_never_open_is_still_forgotten() -> None:
    life = Life()
    streak(life, STICKY, 1)
    life.audit(HEALTHY_AGAIN)
    assert life.phase(STICKY) is None


def old(stored: Stored) -> Stored:
    """Return a state as it was written before flaps were counted."""
    return Stored(**{name: getattr(stored, name) for name in Stored.__slots__} | {"told_at": None, "flaps": 0})


def test_states_from_before_flaps_were_counted_flap_by_when_they_were_written() -> None:
    life = Life()
    life.audit(saw(found(PLAIN)))
    life.audit(HEALTHY_AGAIN)
    key = next(iter(life.table))
    life.table[key] = old(life.table[key])
    assert life.audit(saw(found(PLAIN)))[0].flaps == 1


def test_every_recorded_change_notes_when_it_was_told() -> None:
    life = Life()
    life.audit(saw(found(MILD)))
    opened_at = life.now
    life.audit(saw(found(MILD)), after=HOUR)
    assert life.stored(MILD).told_at == opened_at
    life.audit(saw(found(BAD)), after=HOUR)
    assert {life.stored(each).told_at for each in (MILD, BAD)} == {life.now}


def test_what_opens_or_worsens_under_a_mute_is_unheard_until_it_is_told() -> None:
    life = Life()
    life.audit(saw(found(MILD)), mutes=mute(life))
    assert life.stored(MILD).unheard
    life.audit(saw(found(BAD)), mutes=mute(life))
    assert (life.stored(MILD).unheard, life.stored(BAD).unheard) == (False, True)
    life.audit(saw(found(MILD)))
    assert not life.stored(MILD).unheard


def test_what_eases_or_ends_under_a_mute_is_no_news_to_wait_for() -> None:
    life = Life()
    life.audit(saw(found(MILD, severity=Severity.ERROR)))
    life.audit(saw(found(MILD)), mutes=mute(life))
    assert not life.stored(MILD).unheard
    life.audit(saw(found(MILD, severity=Severity.ERROR)), mutes=mute(life))
    life.audit(saw(found(MILD)), mutes=mute(life))
    assert life.stored(MILD).unheard, "that it had worsened was never told"
    life.audit(HEALTHY_AGAIN, mutes=mute(life))
    assert not life.stored(MILD).unheard


def test_what_people_heard_of_before_a_mute_is_told_as_over_in_spite_of_it() -> None:
    life = Life()
    life.audit(saw(found(PLAIN)))
    (over,) = life.audit(HEALTHY_AGAIN, mutes=mute(life))
    assert (over.transition, over.muted_by) == (Transition.RESOLVED, "")


def test_what_opened_and_ended_under_a_mute_is_told_by_nobody() -> None:
    life = Life()
    changes = (*life.audit(saw(found(PLAIN)), mutes=mute(life)), *life.audit(HEALTHY_AGAIN, mutes=mute(life)))
    assert [each.transition for each in changes] == [Transition.OPENED, Transition.RESOLVED]
    assert all(each.muted_by for each in changes)


@pytest.mark.parametrize(("told", "muted"), [(MILD, BAD), (BAD, MILD)], ids=["worsened", "eased"])
def test_a_tag_people_were_told_of_is_over_for_them_when_a_muted_one_replaces_it(
    told: Diagnosis, muted: Diagnosis
) -> None:
    life = Life()
    life.audit(saw(found(told)))
    over, opened = life.audit(saw(found(muted)), mutes=(replace(mute(life)[0], tag=muted.tag),))
    assert (over.tag, over.transition, over.muted_by) == (told.tag, Transition.RESOLVED, "")
    assert over.text.endswith(f"Now it is {muted.tag}, which is muted.")
    assert (opened.tag, opened.transition, opened.was_tag) == (muted.tag, Transition.OPENED, "")
    assert opened.muted_by
    assert (life.phase(told), life.phase(muted)) == (Phase.RESOLVED, Phase.OPEN)
    assert life.stored(muted).unheard, "it is told when the mute is over"
    assert all(each.muted_by for each in life.audit(HEALTHY_AGAIN, mutes=mute(life)))


def test_what_replaces_a_tag_nobody_heard_of_is_one_muted_change() -> None:
    life = Life()
    life.audit(saw(found(MILD)), mutes=mute(life))
    (worsened,) = life.audit(saw(found(BAD)), mutes=mute(life))
    assert (worsened.transition, worsened.was_tag) == (Transition.WORSENED, "MILD")
    assert worsened.muted_by


def test_what_people_were_told_of_and_worsened_under_a_mute_is_told_as_over_all_the_same() -> None:
    life = Life()
    life.audit(saw(found(MILD)))
    (worsened,) = life.audit(saw(found(MILD, severity=Severity.ERROR)), mutes=mute(life))
    assert worsened.muted_by
    assert (life.stored(MILD).unheard, life.stored(MILD).heard) == (True, True)
    (over,) = life.audit(HEALTHY_AGAIN, mutes=mute(life))
    assert (over.transition, over.muted_by) == (Transition.RESOLVED, "")
    assert not life.stored(MILD).heard_before
    (again,) = life.audit(saw(found(MILD)), mutes=mute(life))
    assert again.muted_by
    assert not life.stored(MILD).heard, "it opened anew, and nobody was told"
