"""The messages of the queue of regions: who gets one, what is in it, and what is refused."""

import json
from collections.abc import Collection
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.audit.identities.plan import plan_identities
from ses_monitor.audit.identities.task import UnreadableTaskError, read_task, write_task
from ses_monitor.collect.regions import Regions
from ses_monitor.core.identity_run import IdentityRun, Stage, Task
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.region_state import RegionState
from ses_monitor.core.verdict import Verdict
from tests.build import HOSTILE, NOW

DENIED = Missing(Blindness.DENIED, "account:ListRegions is denied")


def regions(*audited: str) -> Regions:
    return Regions(audited, (), Known(frozenset(audited)))


def run(region: str, minutes_ago: int) -> IdentityRun:
    return IdentityRun(region, "before", NOW - timedelta(minutes=minutes_ago), ended=True)


def planned(audited: Regions, known: Collection[str] = (), *runs: IdentityRun) -> list[tuple[str, bool]]:
    states = {region: RegionState(region, Verdict.DELIVERS, NOW) for region in known}
    tasks = plan_identities(audited, states, {each.region: each for each in runs}, NOW)
    assert len({task.run for task in tasks}) <= 1
    return [(task.region, task.leave) for task in tasks]


def test_every_region_gets_a_message_and_who_waited_longest_comes_first() -> None:
    waited = (run("us-east-1", 60), run("eu-west-1", 120))
    assert planned(regions("us-east-1", "eu-west-1", "ap-south-1"), (), *waited) == [
        ("ap-south-1", False),
        ("eu-west-1", False),
        ("us-east-1", False),
    ]


def test_a_region_that_is_audited_no_more_is_left() -> None:
    assert planned(regions("eu-west-1"), (), run("us-east-1", 60)) == [("eu-west-1", False), ("us-east-1", True)]


def test_without_the_list_of_enabled_regions_none_is_left_and_what_is_probably_disabled_is_not_tried() -> None:
    blind = Regions(("eu-west-1", "me-south-1", "af-south-1"), (), DENIED)
    assert planned(blind, ["af-south-1"], run("us-east-1", 60)) == [("eu-west-1", False), ("af-south-1", False)]


tasks = st.builds(
    Task,
    region=st.sampled_from(["eu-west-1", "us-gov-west-1", "ap-southeast-7"]),
    run=st.from_regex(r"[0-9TZ.]{1,30}", fullmatch=True),
    stage=st.sampled_from(Stage),
    after=st.none() | st.text(min_size=1, max_size=320),
    leave=st.booleans(),
)


@given(tasks)
def test_a_task_is_read_as_it_was_written(task: Task) -> None:
    assert read_task(write_task(task)) == task


def test_a_message_written_by_hand_needs_a_region_and_a_run() -> None:
    assert read_task('{"region": "eu-west-1", "run": "by-hand"}') == Task("eu-west-1", "by-hand")


GOOD = {"region": "eu-west-1", "run": "run-1"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('"eu-west-1"', "no JSON object but str"),
        ("[]", "no JSON object but list"),
        ("{}", "region is None; it must be an AWS region"),
        (json.dumps(GOOD | {"region": "Atlantis"}), "region is 'Atlantis'; it must be an AWS region"),
        (json.dumps(GOOD | {"region": "eu-west-1\n"}), "region is"),
        (json.dumps(GOOD | {"region": 5}), "region is 5"),
        (json.dumps({"region": "eu-west-1"}), "run is None; it must be the name of a run"),
        (json.dumps(GOOD | {"run": ""}), "run is ''"),
        (json.dumps(GOOD | {"stage": "tomorrow"}), "stage is 'tomorrow'; it must be one of identities, daily"),
        (json.dumps(GOOD | {"stage": []}), "stage is []"),
        (json.dumps(GOOD | {"after": ""}), "after is ''; it must be the name of an identity, or null"),
        (json.dumps(GOOD | {"after": "x" * 321}), "after is"),
        (json.dumps(GOOD | {"after": 7}), "after is 7"),
        (json.dumps(GOOD | {"leave": "yes"}), "leave is 'yes'; it must be true or false"),
        (json.dumps(GOOD | {"region": HOSTILE}), "region is"),
    ],
)
def test_anything_else_is_refused_with_its_place(body: str, says: str) -> None:
    with pytest.raises(UnreadableTaskError) as caught:
        read_task(body)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from(["region", "run", "stage", "after", "leave"]), inner),
    ).map(json.dumps)
)
def test_nothing_that_comes_as_a_message_does_more_than_be_refused(body: str) -> None:
    try:
        read_task(body)
    except UnreadableTaskError:
        return
