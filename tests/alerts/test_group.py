from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.alerts.group import group, summary
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Baseline, Change, Transition
from tests.alerts.examples import (
    ACCOUNT_ID,
    NOW,
    alert_of,
    dkim,
    paused,
    pending,
    quota,
    resolved,
    reviewed,
    suppression,
)

REGIONS = ("ap-south-1", "eu-west-1", "us-east-1", "us-west-2")


def worse(change: Change, was: Change, version: int) -> Change:
    transition = Transition.WORSENED if change.severity >= was.severity else Transition.EASED
    return replace(
        change, transition=transition, was_tag=was.tag, was_severity=was.severity, version=version, since=was.since
    )


def test_one_change_is_one_alert_that_carries_everything_about_it() -> None:
    change = paused()
    alert = alert_of(change)
    entry = alert.entries[0]
    assert (entry.finding_id, entry.version, entry.text) == (change.finding_id, change.version, change.text)
    assert (alert.tag, alert.severity, alert.regions, alert.steps) == (
        "SENDING_PAUSED",
        Severity.CRITICAL,
        ("eu-west-1",),
        change.steps,
    )


def test_muted_changes_are_dropped() -> None:
    assert group([replace(paused(), muted_by="mute-1")]) == []


@pytest.mark.parametrize(("regions", "alerts"), [(REGIONS[:2], 2), (REGIONS[:3], 1), (REGIONS, 1)])
def test_a_trouble_in_few_regions_is_told_per_region_and_in_many_at_once(regions: tuple[str, ...], alerts: int) -> None:
    told = group([reviewed(region) for region in regions])
    assert len(told) == alerts
    assert sorted(region for alert in told for region in alert.regions) == sorted(regions)


def test_subjects_with_the_same_trouble_in_one_region_share_an_alert() -> None:
    alert = alert_of(*(dkim(f"shop{number}.example.com") for number in range(500)))
    assert len(alert.entries) == 500
    assert len(alert.steps[0].command.splitlines()) == 7


@pytest.mark.parametrize(
    "other",
    [
        resolved(reviewed("us-east-1")),
        paused("us-east-1"),
        replace(reviewed("us-east-1"), severity=Severity.WARNING),
        replace(reviewed("us-east-1"), account_id="999999999999"),
    ],
    ids=["transition", "tag", "severity", "account"],
)
def test_what_differs_in_more_than_place_is_told_apart(other: Change) -> None:
    assert len(group([reviewed(), other])) == 2


def test_the_worst_comes_first() -> None:
    alerts = group([suppression(), pending(), paused(), reviewed()])
    assert [alert.severity.name for alert in alerts] == ["CRITICAL", "ERROR", "NOTICE", "INFO"]


def first_audit(*changes: Change, more: int = 0) -> Baseline:
    found = tuple(replace(change, baseline=True, cause="", steps=(), evidence={}) for change in changes)
    return Baseline(ACCOUNT_ID, NOW, found, more)


def test_the_first_audit_is_one_summary_and_says_nothing_one_by_one() -> None:
    baseline = first_audit(reviewed(), suppression(), pending(), more=4)
    alert = summary(baseline)
    assert alert is not None
    assert (alert.tag, alert.check_id, alert.more, alert.steps) == ("FIRST_AUDIT", "first_audit", 4, ())
    assert [entry.severity.name for entry in alert.entries] == ["ERROR", "NOTICE", "INFO"]
    assert group(baseline.changes) == []


def test_a_first_audit_that_found_nothing_says_nothing() -> None:
    assert summary(first_audit()) is None


def test_what_worsens_right_after_the_first_audit_is_told_as_worse() -> None:
    low, high = replace(quota(), baseline=True), quota(Severity.CRITICAL, 100)
    assert alert_of(low, worse(high, low, 2000)).transition is Transition.WORSENED


def test_the_id_is_the_same_for_the_same_changes_in_another_order() -> None:
    changes = [reviewed(region) for region in REGIONS]
    assert group(changes)[0].alert_id == group(changes[::-1])[0].alert_id


def test_opened_and_resolved_in_one_batch_is_told_as_over_with_how_long_it_lasted() -> None:
    alert = alert_of(paused(), resolved(paused(), timedelta(minutes=5)))
    assert alert.transition is Transition.RESOLVED
    assert alert.entries[0].lasted == timedelta(minutes=5)


def test_opened_and_worsened_in_one_batch_is_told_as_opened_as_it_stands_now() -> None:
    low, high = quota(), quota(Severity.CRITICAL, 100)
    alert = alert_of(low, worse(high, low, 2000))
    assert (alert.transition, alert.tag, alert.entries[0].was_severity) == (
        Transition.OPENED,
        "QUOTA_EXHAUSTED",
        None,
    )
    assert alert.versions() == {high.finding_id: 2000, low.finding_id: 2000}


def test_worsened_twice_in_one_batch_is_told_from_where_it_began() -> None:
    low, middle, high = quota(), quota(Severity.ERROR, 96), quota(Severity.CRITICAL, 100)
    alert = alert_of(worse(middle, low, 2000), worse(high, middle, 3000))
    assert (alert.transition, alert.entries[0].was_severity, alert.severity) == (
        Transition.WORSENED,
        Severity.WARNING,
        Severity.CRITICAL,
    )


def test_worsened_and_eased_again_in_one_batch_is_told_as_the_last_step() -> None:
    low, high = quota(), quota(Severity.CRITICAL, 100)
    alert = alert_of(worse(high, low, 2000), worse(low, high, 3000))
    assert (alert.transition, alert.severity) == (Transition.EASED, Severity.WARNING)
    assert alert.entries[0].was_severity is Severity.CRITICAL


def test_worsened_and_resolved_in_one_batch_is_over_under_both_names() -> None:
    low, high = quota(), quota(Severity.CRITICAL, 100)
    alert = alert_of(worse(high, low, 2000), resolved(high, version=3000))
    assert alert.transition is Transition.RESOLVED
    assert alert.versions() == {high.finding_id: 3000, low.finding_id: 3000}


def test_resolved_and_opened_again_in_one_batch_is_told_as_opened() -> None:
    again = replace(paused(), version=3000, at=NOW + timedelta(hours=3), since=NOW + timedelta(hours=3))
    alert = alert_of(resolved(paused()), again)
    assert (alert.transition, alert.entries[0].version) == (Transition.OPENED, 3000)


def test_what_ends_muted_in_the_batch_it_opened_in_is_not_told() -> None:
    assert group([paused(), replace(resolved(paused()), muted_by="mute-1")]) == []


@pytest.mark.parametrize("then", [Severity.WARNING, Severity.CRITICAL], ids=["eased", "worsened"])
def test_what_opened_and_went_on_under_a_mute_in_one_batch_is_told_as_it_opened(then: Severity) -> None:
    opened = quota(Severity.ERROR, 96)
    muted = replace(worse(replace(opened, severity=then), opened, 2000), muted_by="mute-1")
    assert group([opened, muted]) == group([opened])
    assert group([opened, muted, replace(muted, version=3000)]) == group([opened])


def test_what_is_told_of_a_muted_trouble_is_told_as_all_of_it() -> None:
    low, high = quota(), quota(Severity.CRITICAL, 100)
    alert = alert_of(replace(low, muted_by="mute-1"), worse(high, low, 2000))
    assert (alert.transition, alert.severity, alert.entries[0].was_severity) == (
        Transition.OPENED,
        Severity.CRITICAL,
        None,
    )


def test_an_end_that_is_told_is_told_though_the_same_opens_and_ends_again_under_a_mute() -> None:
    again = replace(paused(), version=3000, at=NOW + timedelta(hours=3), since=NOW + timedelta(hours=3))
    muted = [replace(each, muted_by="mute-1") for each in (again, resolved(again, version=4000))]
    assert group([resolved(paused()), *muted]) == group([resolved(paused())])


def test_a_tag_that_ends_and_the_muted_one_in_its_place_are_told_as_the_end() -> None:
    low, high = quota(), quota(Severity.CRITICAL, 100)
    alert = alert_of(resolved(low), replace(high, version=2000, muted_by="mute-1"))
    assert (alert.transition, alert.tag) == (Transition.RESOLVED, low.tag)


def test_an_opening_that_a_muted_tag_replaced_is_not_told_as_open() -> None:
    low, high = quota(), quota(Severity.CRITICAL, 100)
    assert group([low, replace(worse(high, low, 2000), muted_by="mute-1")]) == []


def test_what_a_channel_knows_already_is_left_out() -> None:
    alert = alert_of(*(reviewed(region) for region in REGIONS))
    first, *others = alert.entries
    left = alert.without_told({first.finding_id: first.version})
    assert left is not None
    assert left.entries == tuple(others)
    assert left.alert_id == alert.alert_id
    assert alert.without_told(alert.versions()) is None


def test_commands_of_a_partly_told_group_are_only_those_of_the_rest() -> None:
    alert = alert_of(*(suppression(region) for region in REGIONS))
    left = alert.without_told({alert.entries[0].finding_id: 1000})
    assert left is not None
    assert "ap-south-1" not in left.steps[0].command


changes = st.builds(
    lambda make, region, transition, version, muted, baseline, was: replace(
        make(region),
        transition=transition,
        version=version,
        muted_by=muted,
        baseline=baseline,
        **({"was_tag": was, "was_severity": Severity.ERROR} if was else {}),
    ),
    st.sampled_from([paused, reviewed, suppression, pending]),
    st.sampled_from(REGIONS),
    st.sampled_from(Transition),
    st.integers(1, 10**6),
    st.sampled_from(["", "", "mute-1"]),
    st.booleans(),
    st.sampled_from(["", "SENDING_PAUSED", "SUPPRESSION_OFF"]),
)


@given(st.lists(changes, max_size=40))
def test_every_finding_is_told_at_most_once_and_as_it_was_last_told_to_anybody(batch: list[Change]) -> None:
    told = [entry for alert in group(batch) for entry in alert.entries]
    ids = [entry.finding_id for entry in told]
    assert len(ids) == len(set(ids))
    there = [change for change in batch if not change.baseline]
    spoken = {change.finding_id: change for change in there if not change.muted_by}
    really = {change.finding_id: change for change in there}
    for alert in group(batch):
        for entry in alert.entries:
            assert entry.version == spoken[entry.finding_id].version
            ended = really[entry.finding_id].transition.closes
            assert alert.transition.closes or not ended, "nobody would be told that it is over"


@given(st.lists(changes, max_size=40))
def test_grouping_the_same_batch_again_gives_the_same_alerts(batch: list[Change]) -> None:
    assert group(batch) == group(batch)


def test_an_alert_about_nothing_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one finding"):
        replace(alert_of(paused()), entries=())
