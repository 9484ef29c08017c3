"""Many regions at once: whoever is ready comes first, and nobody waits for whoever hangs."""

from collections.abc import Iterator
from typing import Any

import pytest

from ses_monitor.audit import collecting
from ses_monitor.audit.collecting import collect_regions
from ses_monitor.collect.accounts import Asked
from ses_monitor.core.model import Memory
from ses_monitor.core.observed import Known, Missing
from ses_monitor.core.region_state import HourlyFacts
from tests.audit.world import World, patience
from tests.build import ACCOUNT_ID, HEALTHY_ACCOUNT, NOW


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.released.set()


def asked(*regions: str, **more: Any) -> list[Asked]:
    return [Asked(ACCOUNT_ID, region, NOW, **more) for region in regions]


def nobody_crashes(region: str, error: BaseException) -> None:
    raise AssertionError(region) from error


def test_a_region_is_given_out_while_another_still_hangs(world: World) -> None:
    world.hanging.add("slow")
    found = collect_regions(world, asked("slow", "quick"), seconds=60, crashed=nobody_crashes)
    assert next(found).snapshot.region == "quick"
    world.released.set()
    assert next(found).snapshot.region == "slow"
    assert list(found) == []


def test_a_region_read_in_time_counts_although_the_caller_was_busy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hanging.add("never")
    monkeypatch.setattr(collecting, "as_completed", patience(world, given=1))
    found = collect_regions(world, asked("first", "second", "never"), seconds=60, crashed=nobody_crashes)
    facts = {each.snapshot.region: each.snapshot.account for each in found}
    assert facts["first"] == facts["second"] == Known(HEALTHY_ACCOUNT)
    assert isinstance(facts["never"], Missing)


def test_what_was_not_read_keeps_what_is_remembered(world: World) -> None:
    world.hanging.add("slow")
    memory, hourly = Memory(production_access_seen=NOW), HourlyFacts(NOW)
    [unread] = collect_regions(world, asked("slow", memory=memory, hourly=hourly), seconds=0.05, crashed=nobody_crashes)
    assert isinstance(unread.snapshot.account, Missing)
    assert (unread.snapshot.memory, unread.hourly) == (memory, hourly)
    assert (unread.snapshot.account_id, unread.snapshot.taken_at) == (ACCOUNT_ID, NOW)


def test_a_crash_after_the_time_is_up_is_still_a_crash(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    crashed: list[str] = []
    world.crashing.add("broken")
    world.hanging.add("never")
    monkeypatch.setattr(collecting, "as_completed", patience(world, given=0))
    found = collect_regions(
        world, asked("first", "broken", "never"), seconds=60, crashed=lambda region, _: crashed.append(region)
    )
    assert {each.snapshot.region for each in found} == {"first", "broken", "never"}
    assert crashed == ["broken"]
