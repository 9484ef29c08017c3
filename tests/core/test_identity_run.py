"""Which message is worked, and in which order identities come."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.identity_run import LEASE, IdentityRun, Stage, Task, claim, place
from tests.build import NOW, REGION

BEGUN = IdentityRun(REGION, "one", NOW, turn=7, unlooked=0, revision=3)
MINUTE = timedelta(minutes=1)


def test_the_first_message_of_a_region_begins_its_first_run() -> None:
    assert claim(None, Task(REGION, "one"), NOW) == IdentityRun(REGION, "one", NOW)


def test_a_run_that_ended_is_followed_by_the_next_which_keeps_its_turn() -> None:
    ended = replace(BEGUN, ended=True)
    assert claim(ended, Task(REGION, "two"), NOW + MINUTE) == replace(BEGUN, run="two", went_on_at=NOW + MINUTE)


@pytest.mark.parametrize(
    ("before", "task", "says"),
    [
        (replace(BEGUN, ended=True), Task(REGION, "one"), "has ended"),
        (replace(BEGUN, ended=True), Task(REGION, "one", Stage.DAILY, "x.example"), "has ended"),
        (replace(BEGUN, after="m.example"), Task(REGION, "one"), "has passed"),
        (replace(BEGUN, after="m.example"), Task(REGION, "one", after="b.example"), "has passed"),
        (replace(BEGUN, stage=Stage.DAILY), Task(REGION, "one", after="z.example"), "has passed"),
        (BEGUN, Task(REGION, "two"), "still at work"),
        (BEGUN, Task(REGION, "zero", after="m.example"), "newer run"),
        (BEGUN, Task(REGION, "zero", Stage.DAILY), "newer run"),
    ],
)
def test_what_is_not_to_be_worked_is_left_alone_and_it_is_said_why(before: IdentityRun, task: Task, says: str) -> None:
    skipped = claim(before, task, NOW + MINUTE)
    assert isinstance(skipped, str)
    assert says in skipped


@pytest.mark.parametrize(
    "task",
    [
        Task(REGION, "one"),
        Task(REGION, "one", after="b.example"),
        Task(REGION, "one", Stage.DAILY),
        Task(REGION, "one", Stage.DAILY, "a.example"),
    ],
)
def test_a_run_goes_on_where_its_message_says(task: Task) -> None:
    going = claim(BEGUN, task, NOW + MINUTE)
    assert isinstance(going, IdentityRun)
    assert (going.stage, going.after, going.turn, going.went_on_at) == (task.stage, task.after, 7, NOW + MINUTE)


def test_a_run_that_died_is_not_waited_for_longer_than_its_lease() -> None:
    assert isinstance(claim(BEGUN, Task(REGION, "two"), NOW + LEASE - MINUTE), str)
    assert isinstance(claim(BEGUN, Task(REGION, "two"), NOW + LEASE), IdentityRun)


def test_a_domain_comes_before_its_addresses_and_both_before_what_lies_below() -> None:
    names = [
        "b@mail.shop.example",
        "mail.shop.example",
        "z@shop.example",
        "shop.example",
        "a@shop.example",
        "aa.example",
    ]
    assert sorted(names, key=place) == [
        "aa.example",
        "shop.example",
        "a@shop.example",
        "z@shop.example",
        "mail.shop.example",
        "b@mail.shop.example",
    ]


@given(st.lists(st.text(max_size=30), unique=True))
def test_any_two_names_have_different_places(names: list[str]) -> None:
    assert len({place(name) for name in names}) == len(names)
