import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.sending import Counts, minute_of, sent, statistics
from simulator.strict_yaml import WorldError, merged
from simulator.world import DEFAULT_ENABLED_REGIONS, WORLDS, Sends, WorldFacts, ses_regions

NOW = datetime(2026, 3, 12, 9, 7, 30, tzinfo=UTC)

# What docs/checks.md lists for one region at one moment (PRODUCTION_ACCESS_LOST and REGION_NOT_READABLE need a history).
ACCOUNT_TAGS = {
    *("SANDBOX", "REVIEW_PENDING", "REVIEW_DENIED", "REVIEW_FAILED"),
    *("UNDER_REVIEW", "SHUT_DOWN", "ENFORCEMENT_UNRECOGNISED", "SENDING_PAUSED"),
    *("QUOTA_EXHAUSTED", "QUOTA_NEARLY_EXHAUSTED", "QUOTA_WILL_RUN_OUT", "SEND_RATE_NEAR_LIMIT"),
    *("BOUNCE_RATE_ELEVATED", "BOUNCE_RATE_REVIEW", "BOUNCE_RATE_PAUSE"),
    *("COMPLAINT_RATE_REVIEW", "COMPLAINT_RATE_PAUSE", "SUPPRESSION_OFF"),
}

WRONG = [
    ("regions: {eu-west-1: {account: {enforcment: PROBATION}}}", "regions.eu-west-1.account.enforcment", "unknown key"),
    ("regions: {eu-west-1: {account: {enforcement: 7}}}", "regions.eu-west-1.account.enforcement", "expected text"),
    ("regions: {eu-west-1: {account: {production_access: 'yes'}}}", "regions.eu-west-1.account.production_access", "true or false"),
    ("regions: {eu-west-1: {account: {quota: {max_rate: fast}}}}", "regions.eu-west-1.account.quota.max_rate", "a number"),
    ("regions: {eu-west-1: {account: {quota: {max_rate: true}}}}", "regions.eu-west-1.account.quota.max_rate", "a number"),
    ("regions: {eu-west-1: {account: {details: {review: {}}}}}", "regions.eu-west-1.account.details.review.status", "is missing"),
    ("regions: {eu-west-1: {account: {details: {review: {status: MAYBE}}}}}", "regions.eu-west-1.account.details.review.status", "none of PENDING"),
    ("regions: {eu-west-1: {identities: [{name: a.example}, {nam: b}]}}", "regions.eu-west-1.identities[1].nam", "unknown key"),
    ("regions: {eu-west-1: {identities: example.com}}", "regions.eu-west-1.identities", "expected a list"),
    ("regions: {eu-west-1: {faults: [{operation: GetAccount}]}}", "regions.eu-west-1.faults[0]", "kind or delay_ms"),
    ("regions: {eu-west-1: {faults: [{kind: explode}]}}", "regions.eu-west-1.faults[0].kind", "none of throttle"),
    ("regions: {eu-west-1: {faults: [{kind: error, status: 404}]}}", "regions.eu-west-1.faults[0]", "server error"),
    ("regions: {eu-west-1: {faults: [{kind: deny, times: 0}]}}", "regions.eu-west-1.faults[0]", "positive"),
    ("regions: {eu-west-1: {send_statistics: [{per_hour: -1}]}}", "regions.eu-west-1.send_statistics[0]", "per_hour"),
    ("regions: {eu-west-1: {send_statistics: [{per_hour: 1, from_hours_ago: 1, to_hours_ago: 2}]}}", "regions.eu-west-1.send_statistics[0]", "from_hours_ago"),
    ("regions: {eu-west-9: {}}", "regions.eu-west-9", "no such region"),
    ("regions: {eu-west-1: {opt_status: DISABLED}}", "regions.eu-west-1.opt_status", "enabled by default"),
    ("regions: {me-south-1: {opt_status: ENABLED_BY_DEFAULT}}", "regions.me-south-1.opt_status", "opt-in region"),
    ("regions: {eu-west-1: 3}", "regions.eu-west-1", "expected keys"),
    ("regions: {1: {}}", "regions", "is not text"),
    ("region: {}", "region", "unknown key"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "problem"), WRONG)
def test_a_wrong_world_is_refused_with_the_file_and_the_place(
    tmp_path: Path, text: str, place: str, problem: str
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WorldError) as refused:
        WorldFacts.load(file)
    assert str(refused.value).startswith(f"{tmp_path.name}/wrong.yaml: {place}: ")
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("regions: {eu-west-1: {}, eu-west-1: {}}", "'eu-west-1' is given twice"),
        ("regions: {eu-west-1: {", "is not YAML"),
        ("- eu-west-1", "is not a mapping"),
        ("", "is not a mapping"),
    ],
)
def test_what_is_not_a_mapping_in_yaml_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WorldError, match=problem):
        WorldFacts.load(file)


def test_an_empty_region_is_a_healthy_production_region_in_use() -> None:
    region = WorldFacts({"regions": {"eu-west-1": None}}).region("eu-west-1")
    assert region.account.production_access
    assert region.account.enforcement == "HEALTHY"
    assert region.identities
    assert region.send_statistics


def test_regions_not_listed_are_unused_and_in_the_sandbox_unless_a_default_says_otherwise() -> None:
    unlisted = WorldFacts({}).region("eu-west-1")
    assert not unlisted.account.production_access
    assert not unlisted.identities
    default = WorldFacts({"default_region": {"account": {"enforcement": "PROBATION"}}}).region("eu-west-1")
    assert default.account.enforcement == "PROBATION"


def test_opt_in_regions_are_enabled_only_when_listed_or_said_to_be() -> None:
    facts = WorldFacts({"regions": {"me-south-1": {}, "af-south-1": {"opt_status": "ENABLING"}}})
    assert facts.opt_status("me-south-1") == "ENABLED"
    assert facts.opt_status("af-south-1") == "ENABLING"
    assert not facts.enabled("af-south-1")
    assert facts.opt_status("il-central-1") == "DISABLED"
    assert facts.opt_status("eu-west-1") == "ENABLED_BY_DEFAULT"
    assert facts.opt_status("ap-east-1") == "DISABLED"  # not an SES region
    assert WorldFacts({"default_region": {"opt_status": "ENABLED"}}).enabled("il-central-1")


def test_a_change_is_laid_over_the_region_and_leaves_the_rest() -> None:
    before = WorldFacts({"regions": {"eu-west-1": {"account": {"quota": {"max_rate": 20}}}}})
    after = before.changed("eu-west-1", {"account": {"enforcement": "PROBATION"}})
    assert after.region("eu-west-1").account.enforcement == "PROBATION"
    assert after.region("eu-west-1").account.quota.max_rate == 20
    assert before.region("eu-west-1").account.enforcement == "HEALTHY"


def test_changing_a_disabled_opt_in_region_does_not_enable_it() -> None:
    after = WorldFacts({}).changed("il-central-1", {"identities": [{"name": "example.com"}]})
    assert after.opt_status("il-central-1") == "DISABLED"
    assert not after.region("il-central-1").account.production_access


@pytest.mark.parametrize(
    ("region", "change", "place"),
    [
        ("eu-west-1", {"acount": {}}, "eu-west-1.acount"),
        ("eu-west-1", {"account": {"enforcement": None}}, "eu-west-1.account.enforcement"),
        ("mars-1", {}, "mars-1"),
    ],
)
def test_a_wrong_change_is_refused_with_its_place(region: str, change: dict[str, Any], place: str) -> None:
    with pytest.raises(WorldError) as refused:
        WorldFacts({}).changed(region, change)
    assert refused.value.place == place


def test_the_opt_in_regions_are_those_of_the_sdk_less_seventeen() -> None:
    assert len(ses_regions()) >= 33
    assert set(ses_regions()) >= DEFAULT_ENABLED_REGIONS
    assert len(DEFAULT_ENABLED_REGIONS) == 17


@pytest.mark.parametrize("file", sorted(WORLDS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_world_in_the_repository_can_be_read(file: Path) -> None:
    assert WorldFacts.load(file).world.regions


def test_every_account_state_has_a_region_for_each_tag() -> None:
    world = WorldFacts.load(WORLDS / "every_account_state.yaml").world
    assert {tag for region in world.regions.values() for tag in region.expect} == ACCOUNT_TAGS


mappings: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers() | st.lists(st.integers(), max_size=2), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@given(base=mappings, change=mappings)
def test_laying_the_same_change_over_twice_is_laying_it_over_once(base: dict[str, Any], change: dict[str, Any]) -> None:
    once = merged(base, change)
    assert merged(once, change) == once
    assert merged(base, {}) == base


@given(
    per_hour=st.floats(0, 100_000),
    from_hours=st.floats(0.1, 400),
    cuts=st.lists(st.integers(0, 14 * 24 * 60), min_size=2, max_size=6, unique=True).map(sorted),
)
def test_stretches_laid_end_to_end_lose_and_double_nothing(per_hour: float, from_hours: float, cuts: list[int]) -> None:
    now = NOW
    spans = (Sends(per_hour, from_hours_ago=from_hours),)
    start = minute_of(now) - 14 * 24 * 60
    parts = [sent(spans, now, start + a, start + b) for a, b in itertools.pairwise(cuts)]
    assert sum(parts, Counts()) == sent(spans, now, start + cuts[0], start + cuts[-1])


def test_statistics_cover_two_weeks_and_leave_out_silence() -> None:
    now = NOW
    points = list(statistics((Sends(4, from_hours_ago=24 * 60), Sends(100, from_hours_ago=2, to_hours_ago=1)), now))
    assert len(points) == 14 * 24 * 4 + 1  # both ends are cut at a quarter of an hour
    assert all(moment.minute % 15 == 0 and moment.second == 0 for moment, _ in points)
    assert not list(statistics((Sends(0),), now))
