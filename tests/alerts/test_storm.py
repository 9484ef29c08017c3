"""A storm is a handful of messages: none is lost, none is told twice, and what stops mail comes first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses_monitor.alerts import document
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.group import group, roll_up, summary
from ses_monitor.alerts.publish import Ceiling, PublishError, publish_all
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Baseline, Change, Transition
from tests.alerts.examples import (
    ACCOUNT_ID,
    NOW,
    FakeLedger,
    FakeSlots,
    alert_of,
    dkim,
    paused,
    quota,
    resolved,
    reviewed,
    suppression,
)
from tests.alerts.test_publish import FakeSns, topic

PER_MINUTE = 6
BATCH_SIZE, WINDOW, SHARDS = 500, timedelta(seconds=10), 4
"""As in the template; an on-demand table starts with four partitions, and its stream with a shard for each."""
REGIONS = [
    f"{area}-{side}-{number}" for area in ("eu", "us", "ap") for side in ("west", "east", "south") for number in (1, 2)
]


def of_kind(tag: str, subject: str = "example.com", region: str = "eu-west-1") -> Change:
    return replace(dkim(subject, region), tag=tag)


def storm(number: int, tags: int, seconds: float, regions: int) -> list[Change]:
    """One run that records so many changes, of so many kinds in so many regions, one after the other."""
    changes = []
    for i in range(number):
        region = REGIONS[i % regions]
        at = NOW + timedelta(seconds=seconds * i / number)
        change = paused(region, subject=f"s{i}") if i % 100 == 7 else dkim(f"shop{i}.example{i}.com", region)
        changes.append(replace(change, tag=f"{change.tag}_{i % tags}", at=at, since=at, version=1000 + i))
    return changes


def batches(changes: Sequence[Change]) -> Iterator[tuple[datetime, list[Change]]]:
    """Cut them as the event source mapping does: by shard, by size, and by the window since the first of a batch."""
    shards: dict[int, list[Change]] = {}
    for change in changes:
        shards.setdefault(REGIONS.index(change.region) % SHARDS, []).append(change)
    cut: list[tuple[datetime, list[Change]]] = []
    for shard in shards.values():
        batch: list[Change] = []
        for change in shard:
            if batch and (len(batch) == BATCH_SIZE or change.at - batch[0].at > WINDOW):
                cut.append((batch[-1].at, batch))
                batch = []
            batch.append(change)
        cut.append((batch[-1].at, batch))
    yield from sorted(cut, key=lambda each: each[0])


def told(sns: FakeSns) -> list[Alert]:
    return [document.decode(json.loads(request["Message"])["default"]) for request in sns.published]


@pytest.mark.parametrize("tags", [1, 5, 50, 250])
@pytest.mark.parametrize(("seconds", "regions"), [(1, 18), (9, 18), (9, 1), (30, 1)])
def test_five_hundred_findings_in_one_run_are_at_most_ten_messages(tags: int, seconds: float, regions: int) -> None:
    sns, ledger, ceiling = FakeSns(), FakeLedger(), Ceiling(FakeSlots(), PER_MINUTE)
    changes = storm(500, tags, seconds, regions)
    for at, batch in batches(changes):
        publish_all(group(batch), topic(sns), ledger, ceiling, lambda at=at: at)  # type: ignore[misc]
    alerts = told(sns)
    assert len(alerts) <= 10
    named = Counter(entry.finding_id for alert in alerts for entry in alert.entries)
    assert max(named.values()) == 1
    assert len(named) + sum(alert.more for alert in alerts) == 500
    assert {key[1] for key in ledger.versions} == {change.finding_id for change in changes}


def test_what_is_critical_comes_one_by_one_before_all_else_is_rolled_up() -> None:
    sns, ceiling = FakeSns(), Ceiling(FakeSlots(), PER_MINUTE)
    batch = [*(of_kind(f"T{i}", f"shop{i}.example.com") for i in range(100)), paused(), paused("us-east-1")]
    publish_all(group(batch), topic(sns), FakeLedger(), ceiling, lambda: NOW)
    alerts = told(sns)
    assert [alert.severity.name for alert in alerts[:2]] == ["CRITICAL"] * 2
    assert [alert.rollup for alert in alerts] == [False] * 5 + [True]
    assert Severity.CRITICAL not in {entry.severity for entry in alerts[-1].entries}


def test_the_last_slot_of_a_minute_is_kept_for_what_is_critical() -> None:
    sns, ledger, ceiling = FakeSns(), FakeLedger(), Ceiling(FakeSlots(), PER_MINUTE)
    publish_all(group([of_kind(f"T{i}") for i in range(50)]), topic(sns), ledger, ceiling, lambda: NOW)
    publish_all(group([paused(), *(of_kind(f"U{i}") for i in range(50))]), topic(sns), ledger, ceiling, lambda: NOW)
    assert [(alert.rollup, alert.severity.name) for alert in told(sns)][-2:] == [(False, "CRITICAL"), (True, "ERROR")]


def test_a_quiet_minute_is_told_one_by_one() -> None:
    sns, ceiling = FakeSns(), Ceiling(FakeSlots(), PER_MINUTE)
    publish_all(group([of_kind(f"T{i}") for i in range(6)]), topic(sns), FakeLedger(), ceiling, lambda: NOW)
    assert [alert.rollup for alert in told(sns)] == [False] * 6


def test_the_summary_of_a_first_audit_stands_for_many_and_is_not_rolled_up() -> None:
    found = tuple(replace(reviewed(region), baseline=True) for region in REGIONS)
    first = summary(Baseline(ACCOUNT_ID, NOW, found))
    assert first is not None
    sns, ceiling = FakeSns(), Ceiling(FakeSlots(), PER_MINUTE)
    batch = [*group([of_kind(f"T{i}") for i in range(50)]), first]
    publish_all(batch, topic(sns), FakeLedger(), ceiling, lambda: NOW)
    assert told(sns)[0].baseline


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=6), st.lists(st.sampled_from(["", "take", "give_back"]), max_size=6))
def test_however_often_publishing_fails_all_is_told_once_and_no_slot_is_used_up(
    outages: list[int], slots_fail: list[str]
) -> None:
    """Each attempt at the batch meets its own fault; the last one meets none. All within a minute."""
    changes = [*(of_kind(f"T{i}", f"shop{i}.example.com") for i in range(20)), paused(), quota()]
    sns, ledger, slots = FakeSns(), FakeLedger(), FakeSlots()
    ceiling = Ceiling(slots, PER_MINUTE)
    for i in range(max(len(outages), len(slots_fail))):
        sns.down_after = len(sns.published) + (outages[i] if i < len(outages) else 0)
        slots.failing = {slots_fail[i]} if i < len(slots_fail) else set()
        try:
            publish_all(group(changes), topic(sns), ledger, ceiling, lambda: NOW)
        except PublishError:
            continue
    sns.down_after, slots.failing = 10_000, set()
    publish_all(group(changes), topic(sns), ledger, ceiling, lambda: NOW)
    named = Counter(entry.finding_id for alert in told(sns) for entry in alert.entries)
    assert named == Counter({change.finding_id: 1 for change in changes})
    assert len(slots.taken) <= PER_MINUTE
    singles = [alert for alert in told(sns) if not alert.rollup]
    assert len(singles) <= PER_MINUTE + 1


def test_a_batch_cut_in_halves_after_a_failure_loses_and_repeats_nothing() -> None:
    changes = [of_kind(f"T{i % 30}", f"shop{i}.example.com") for i in range(90)]
    sns, ledger, ceiling = FakeSns(down_after=3), FakeLedger(), Ceiling(FakeSlots(), PER_MINUTE)
    with pytest.raises(PublishError):
        publish_all(group(changes), topic(sns), ledger, ceiling, lambda: NOW)
    sns.down_after = 1000
    for half in (changes[:45], changes[45:]):
        publish_all(group(half), topic(sns), ledger, ceiling, lambda: NOW)
    named = Counter(entry.finding_id for alert in told(sns) for entry in alert.entries)
    assert named == Counter({change.finding_id: 1 for change in changes})


def test_a_function_that_dies_half_way_takes_no_second_slots_when_its_batch_comes_again() -> None:
    class Dying(FakeSns):
        def publish(self, **request: Any) -> None:
            if len(self.published) == 2:
                raise SystemExit
            super().publish(**request)

    dying, sns, ledger, slots = Dying(), FakeSns(), FakeLedger(), FakeSlots()
    changes = [of_kind(f"T{i}") for i in range(30)]
    with pytest.raises(SystemExit):
        publish_all(group(changes), topic(dying), ledger, Ceiling(slots, PER_MINUTE), lambda: NOW)
    publish_all(group(changes), topic(sns), ledger, Ceiling(slots, PER_MINUTE), lambda: NOW)
    assert [alert.rollup for alert in [*told(dying), *told(sns)]] == [False] * (PER_MINUTE - 1) + [True]
    named = Counter(entry.finding_id for alert in [*told(dying), *told(sns)] for entry in alert.entries)
    assert named == Counter({change.finding_id: 1 for change in changes})


def test_a_roll_up_lists_the_worst_first_and_what_is_over_last() -> None:
    alert = roll_up(group([suppression(), resolved(paused()), dkim(), paused("us-east-1"), quota()]))
    shown = [(entry.severity.name, entry.transition and entry.transition.value) for entry in alert.entries]
    assert shown == [
        ("CRITICAL", "opened"),
        ("ERROR", "opened"),
        ("WARNING", "opened"),
        ("NOTICE", "opened"),
        ("CRITICAL", "resolved"),
    ]
    assert (alert.tag, alert.check_id, alert.steps, alert.transition) == ("ROLL_UP", "roll_up", (), Transition.OPENED)


def test_a_roll_up_of_what_is_over_is_over() -> None:
    assert roll_up(group([resolved(paused()), resolved(dkim())])).transition is Transition.RESOLVED


def test_one_alert_is_no_roll_up() -> None:
    assert roll_up([alert_of(paused())]) == alert_of(paused())


def test_a_roll_up_names_a_finding_once_as_it_was_last() -> None:
    old, new = quota(), quota(version=2000)
    alert = roll_up([alert_of(new), alert_of(old), alert_of(paused())])
    assert [entry.version for entry in alert.entries if entry.tag == new.tag] == [2000]


def test_the_id_of_a_roll_up_is_the_same_for_the_same_findings() -> None:
    alerts = group([suppression(), dkim(), quota()])
    assert roll_up(alerts).alert_id == roll_up(alerts[::-1]).alert_id


def test_a_roll_up_is_read_back_as_it_was_written() -> None:
    alert = roll_up(group([suppression(), resolved(paused()), dkim(flaps=2), quota()]))
    assert document.decode(document.encode(alert)) == alert


def test_a_large_roll_up_names_as_many_as_fit_and_gives_the_query_for_the_rest() -> None:
    changes = [of_kind(f"T{i}", f"shop{i}.a-rather-long-name.example.com", REGIONS[i % 3]) for i in range(2000)]
    alert = roll_up(group(changes))
    text = document.encode(alert)
    written = json.loads(text)
    assert document.embedded_size(text) <= document.MOST_BYTES
    assert written["more"] + len(written["findings"]) == 2000
    assert len(written["findings"]) > 350
    assert len(written["queries"]) == 1 + 3
