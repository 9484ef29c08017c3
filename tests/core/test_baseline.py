"""The first audit of an account says what it found in one summary."""

from dataclasses import replace
from datetime import timedelta

from ses_monitor.core.baseline import MOST_FINDINGS, baseline_of, open_after
from ses_monitor.core.policy import Mute
from ses_monitor.core.settle import Rules, settle
from ses_monitor.core.stored import Phase, Stored
from tests.build import ACCOUNT_ID, HEALTHY, NOW
from tests.core.lifecycle import BAD, CHECKS, DIAGNOSES, FIGURE, MILD, Life, found, saw


def open_findings() -> list[Stored]:
    life = Life()
    life.audit(saw(found(FIGURE), found(MILD), found(BAD)), first=True)
    return list(life.table.values())


def test_the_worst_comes_first_and_critical_is_told_alone() -> None:
    summary = baseline_of(ACCOUNT_ID, open_findings(), [])
    assert summary is not None
    assert [change.tag for change in summary.changes] == ["MILD", "FIGURE"]
    assert all(change.baseline and change.cause == "" and change.steps == () for change in summary.changes)
    assert (summary.account_id, summary.more) == (ACCOUNT_ID, 0)


def test_what_is_muted_is_not_in_it_and_nothing_is_no_summary() -> None:
    mute = Mute("m1", "ops", "planned", NOW + timedelta(days=1), tag="MILD")
    summary = baseline_of(ACCOUNT_ID, open_findings(), [mute])
    assert summary is not None
    assert [change.tag for change in summary.changes] == ["FIGURE"]
    assert baseline_of(ACCOUNT_ID, open_findings(), [replace(mute, tag="")]) is None
    assert baseline_of(ACCOUNT_ID, [], []) is None


def test_hundreds_of_findings_are_counted_beyond_what_an_item_holds() -> None:
    [one] = [each for each in open_findings() if each.tag == "MILD"]
    many = [replace(one, subject=f"{number:04}.example.com") for number in range(MOST_FINDINGS + 7)]
    summary = baseline_of(ACCOUNT_ID, many, [])
    assert summary is not None
    assert (len(summary.changes), summary.more) == (MOST_FINDINGS, 7)


def test_the_same_findings_have_the_same_summary_in_whatever_order() -> None:
    findings = open_findings()
    first, again = (baseline_of(ACCOUNT_ID, each, []) for each in (findings, findings[::-1]))
    assert first is not None
    assert again is not None
    assert first.baseline_id == again.baseline_id
    fewer = baseline_of(ACCOUNT_ID, [each for each in findings if each.tag != "MILD"], [])
    assert fewer is not None
    assert fewer.baseline_id != first.baseline_id


def test_what_is_open_after_a_settlement_is_what_the_table_then_says() -> None:
    life = Life()
    life.audit(saw(found(MILD), found(FIGURE)))
    before = tuple(life.table.values())
    settlement = settle(HEALTHY, before, [saw(found(BAD))], Rules(CHECKS, DIAGNOSES))
    assert {each.tag for each in open_after(before, settlement)} == {"BAD"}
    assert {each.phase for each in open_after(before, settlement)} == {Phase.OPEN}
