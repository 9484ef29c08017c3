"""Audits of many regions, one after the other: what is found, told once, remembered, and never made up."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ses_monitor.audit import collecting, region
from ses_monitor.audit.accounts import audit_accounts
from ses_monitor.checks.account import enforcement
from ses_monitor.collect.regions import Regions
from ses_monitor.core.model import Review, Severity
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.policy import Mute
from ses_monitor.core.stored import Phase
from ses_monitor.core.verdict import Verdict
from tests.audit.world import AUDIT, IN_SANDBOX, REGIONS, Monitor, TableDownError, account, patience, words
from tests.build import ACCOUNT_ID, HEALTHY_REPUTATION, NO_DATA, NOW, THROTTLED

PROBATION = account(enforcement="PROBATION")
SHUT_DOWN = account(enforcement="SHUTDOWN", sending_enabled=False)
REFUSED = Missing(Blindness.CREDENTIALS, "ses:GetAccount in me-south-1 was not accepted", "ses:GetAccount")
DENIED = Missing(Blindness.DENIED, "account:ListRegions in eu-west-1 is denied", "account:ListRegions")


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor()
    yield made
    made.world.released.set()


def test_a_healthy_world_is_silent(monitor: Monitor) -> None:
    outcome = monitor.audit()
    assert outcome.changes == ()
    assert {state.verdict for state in monitor.store.states.values()} == {Verdict.DELIVERS}
    assert monitor.store.open() == set()


def test_a_fall_and_a_recovery_are_told_once_each(monitor: Monitor) -> None:
    monitor.audit()
    monitor.world.accounts["us-east-1"] = PROBATION
    assert words(monitor.audit().changes) == [("us-east-1", "opened", "UNDER_REVIEW")]
    assert monitor.audit().changes == ()
    monitor.world.accounts["us-east-1"] = SHUT_DOWN
    assert words(monitor.audit().changes) == [("us-east-1", "worsened", "SHUT_DOWN")]
    assert monitor.store.verdict("us-east-1") is Verdict.BLOCKED
    del monitor.world.accounts["us-east-1"]
    assert words(monitor.audit().changes) == [("us-east-1", "resolved", "SHUT_DOWN")]
    assert monitor.store.verdict("us-east-1") is Verdict.DELIVERS


def test_a_run_leaves_a_record_of_what_it_covered(monitor: Monitor) -> None:
    monitor.regions = Regions(REGIONS, ("me-south-1",), Known(frozenset(REGIONS)))
    monitor.world.accounts["us-east-1"] = PROBATION
    monitor.world.accounts["us-west-2"] = THROTTLED
    run = monitor.audit().run
    assert monitor.store.runs == [run]
    assert (run.function, run.started_at) == ("audit_accounts", monitor.now)
    assert run.regions == REGIONS
    assert run.skipped == ("me-south-1",)
    assert (run.changes, run.conflicts, run.complete) == (1, 0, False)
    assert run.duration_ms >= 0
    assert {one.region for one in run.unseen} == {"us-west-2"}
    assert {(one.why, one.reason, one.subject) for one in run.unseen} == {("throttled", THROTTLED.reason, "account")}
    assert "account.enforcement" in {one.check_id for one in run.unseen}


def test_what_was_not_asked_because_it_does_not_apply_is_not_unseen(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = IN_SANDBOX
    assert monitor.audit().run.unseen == ()


# A region that is slow, denied or broken costs only itself.


@pytest.fixture
def hanging(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def hang(region: str) -> None:
        monitor.world.hanging.add(region)
        monkeypatch.setattr(collecting, "as_completed", patience(monitor.world))

    return hang


def test_a_region_that_hangs_past_the_budget_costs_only_itself(
    monitor: Monitor, hanging: Callable[[str], None]
) -> None:
    monitor.audit()
    hanging("us-east-1")
    monitor.world.accounts["eu-west-1"] = PROBATION
    outcome = monitor.audit()
    assert words(outcome.changes) == [("eu-west-1", "opened", "UNDER_REVIEW")]
    assert monitor.store.verdict("us-east-1") is Verdict.UNKNOWN
    [reason] = {one.reason for one in outcome.run.unseen}
    assert reason.startswith("us-east-1 was not read within")
    assert {one.why for one in outcome.run.unseen} == {"timed_out"}


def test_a_region_that_hangs_resolves_nothing(monitor: Monitor, hanging: Callable[[str], None]) -> None:
    monitor.world.accounts["us-east-1"] = SHUT_DOWN
    monitor.audit()
    hanging("us-east-1")
    assert monitor.audit().changes == ()
    assert ("us-east-1", "SHUT_DOWN") in monitor.store.open()
    assert monitor.store.verdict("us-east-1") is Verdict.BLOCKED


def test_a_reader_that_crashes_costs_only_its_region_and_is_reported(monitor: Monitor) -> None:
    monitor.world.crashing.add("us-west-2")
    monitor.world.accounts["eu-west-1"] = PROBATION
    outcome = monitor.audit()
    assert [(region, type(error)) for region, error in monitor.crashed] == [("us-west-2", ZeroDivisionError)]
    assert words(outcome.changes) == [("eu-west-1", "opened", "UNDER_REVIEW")]
    assert {(one.region, one.why) for one in outcome.run.unseen} == {("us-west-2", "unreadable")}


def test_no_region_at_all_is_a_run_too(monitor: Monitor) -> None:
    monitor.regions = Regions((), ("me-south-1",), Known(frozenset()))
    run = monitor.audit().run
    assert (run.regions, run.skipped, run.complete) == ((), ("me-south-1",), True)


def test_more_regions_than_threads_are_all_read(monitor: Monitor) -> None:
    many = tuple(f"xx-test-{number}" for number in range(50))
    monitor.regions = Regions(many, (), Known(frozenset(many)))
    assert monitor.audit().run.regions == tuple(sorted(many))


def test_a_check_that_crashes_is_counted_and_costs_the_others_nothing(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any) -> Any:
        raise ZeroDivisionError

    broken = replace(enforcement.CHECK, evaluate=crash)
    others = tuple(check for check in region.account_checks() if check.id != broken.id)
    monkeypatch.setattr(region, "account_checks", lambda: (broken, *others))
    monitor.world.accounts["eu-west-1"] = account(sending_enabled=False)
    outcome = monitor.audit()
    assert outcome.crashes == len(REGIONS)
    assert words(outcome.changes) == [("eu-west-1", "opened", "SENDING_PAUSED")]


# The table.


def test_a_table_that_cannot_be_written_is_loud_and_the_next_run_tells_what_was_not_told(monitor: Monitor) -> None:
    monitor.audit()
    monitor.world.accounts["us-east-1"] = PROBATION
    monitor.store.down_for.add("us-east-1")
    with pytest.raises(TableDownError):
        monitor.audit()
    assert len(monitor.store.runs) == 1
    monitor.store.down_for.clear()
    assert words(monitor.audit().changes) == [("us-east-1", "opened", "UNDER_REVIEW")]


def test_two_runs_at_once_record_one_transition(monitor: Monitor) -> None:
    monitor.audit()
    monitor.world.accounts["us-east-1"] = PROBATION
    ours, theirs = monitor.store, Monitor(monitor.world, monitor.store, now=monitor.now)
    before = list(ours.table.values())

    class ReadBeforeTheOtherWrote(type(ours)):  # type: ignore[misc]  # the same store, seen too early
        def findings(self, family: str, region: str | None = None) -> list[Any]:
            del region
            return [each for each in before if each.check_id.startswith(f"{family}.")]

    early = ReadBeforeTheOtherWrote(**{name: getattr(ours, name) for name in ours.__dataclass_fields__})
    assert len(theirs.audit().changes) == 1
    second = audit_accounts(monitor.world, early, monitor.plan(), lambda *_: None)
    assert second.changes == ()
    assert second.run.conflicts == 1
    assert words(ours.changes) == [("us-east-1", "opened", "UNDER_REVIEW")]


def test_a_region_that_is_audited_no_more_is_closed_as_gone_and_leaves_the_matrix(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = PROBATION
    monitor.audit()
    monitor.regions = Regions(("eu-west-1",), ("us-east-1",), Known(frozenset({"eu-west-1"})))
    assert words(monitor.audit().changes) == [("us-east-1", "gone", "UNDER_REVIEW")]
    assert monitor.store.open() == set()
    assert set(monitor.store.states) == {"eu-west-1"}
    assert monitor.audit().changes == ()


def test_where_the_enabled_regions_could_not_be_listed_no_region_is_gone(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = PROBATION
    monitor.audit()
    denied = Missing(Blindness.DENIED, "account:ListRegions is denied", "account:ListRegions")
    monitor.regions = Regions(("eu-west-1",), (), denied)
    assert monitor.audit().changes == ()
    assert ("us-east-1", "UNDER_REVIEW") in monitor.store.open()
    assert "us-east-1" in monitor.store.states


def test_findings_of_other_audits_are_left_alone(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = PROBATION
    monitor.audit()
    [(key, stored)] = [(key, each) for key, each in monitor.store.table.items() if each.tag == "UNDER_REVIEW"]
    other = replace(stored, check_id="identity.dkim", tag="DKIM_FAILED")
    monitor.store.table[key[0], other.check_id, other.subject, other.tag] = other
    del monitor.world.accounts["us-east-1"]
    assert words(monitor.audit().changes) == [("us-east-1", "resolved", "UNDER_REVIEW")]
    assert other in monitor.store.table.values()


def test_account_facts_and_states_are_written_only_when_they_changed(monitor: Monitor) -> None:
    monitor.audit()
    monitor.audit()
    assert len(monitor.store.snapshots) == len(REGIONS)
    monitor.world.accounts["eu-west-1"] = PROBATION
    monitor.audit()
    changed, facts = monitor.store.snapshots[-1]
    assert (len(monitor.store.snapshots), changed, facts.enforcement) == (len(REGIONS) + 1, "eu-west-1", "PROBATION")


def test_an_account_that_could_not_be_read_leaves_the_facts_as_they_were(monitor: Monitor) -> None:
    monitor.audit()
    before = monitor.store.states["eu-west-1"].account
    monitor.world.accounts["eu-west-1"] = THROTTLED
    monitor.audit()
    assert monitor.store.states["eu-west-1"].account == before
    assert len(monitor.store.snapshots) == len(REGIONS)


def test_parts_that_ses_left_out_are_nothing_in_the_facts_and_no_default(monitor: Monitor) -> None:
    gone = Missing(Blindness.NOT_IN_ANSWER, "left out")
    parts = ("production_access", "sending_enabled", "enforcement", "quota", "suppressed_reasons", "review")
    monitor.world.accounts["eu-west-1"] = account(**dict.fromkeys(parts, gone))
    monitor.audit()
    facts = monitor.store.states["eu-west-1"].account
    assert facts is not None
    assert {getattr(facts, name) for name in facts.__dataclass_fields__ if name != "seen_at"} == {None}


# Verdicts in time.


def test_a_verdict_keeps_the_time_it_was_first_given(monitor: Monitor) -> None:
    monitor.audit()
    first = monitor.now
    monitor.audit()
    assert monitor.store.states["eu-west-1"].verdict_since == first
    monitor.world.accounts["eu-west-1"] = SHUT_DOWN
    monitor.audit()
    assert monitor.store.states["eu-west-1"].verdict_since == monitor.now
    assert [cause.tag for cause in monitor.store.states["eu-west-1"].causes] == ["SHUT_DOWN"]


# The first audit.


def test_the_first_audit_is_one_summary_except_for_what_is_critical(monitor: Monitor) -> None:
    monitor.world.accounts["eu-west-1"] = PROBATION
    monitor.world.accounts["us-east-1"] = SHUT_DOWN
    assert {change.tag: change.baseline for change in monitor.audit().changes} == {
        "UNDER_REVIEW": True,
        "SHUT_DOWN": False,
    }
    monitor.world.accounts["us-west-2"] = PROBATION
    assert [change.baseline for change in monitor.audit().changes] == [False]


def test_the_summary_of_a_first_audit_is_stored_once_and_names_what_is_not_critical(monitor: Monitor) -> None:
    monitor.world.accounts["eu-west-1"] = PROBATION
    monitor.world.accounts["us-east-1"] = SHUT_DOWN
    monitor.audit()
    monitor.audit()
    [summary] = monitor.store.baselines.values()
    assert words(summary.changes) == [("eu-west-1", "opened", "UNDER_REVIEW")]
    assert summary.account_id == ACCOUNT_ID


def test_a_first_audit_that_finds_nothing_has_no_summary(monitor: Monitor) -> None:
    monitor.audit()
    assert monitor.store.baselines == {}
    assert {state.baselined for state in monitor.store.states.values()} == {frozenset({"accounts"})}


def test_a_first_audit_that_was_cut_off_is_told_whole_by_the_next(monitor: Monitor) -> None:
    monitor.world.accounts["eu-west-1"] = monitor.world.accounts["us-east-1"] = PROBATION
    monitor.store.down_for.add("us-east-1")
    with pytest.raises(TableDownError):
        monitor.audit()
    assert monitor.store.baselines == {}
    monitor.store.down_for.clear()
    monitor.audit()
    [summary] = monitor.store.baselines.values()
    assert {change.region for change in summary.changes} == {"eu-west-1", "us-east-1"}


def test_a_region_that_was_never_readable_is_told_like_anything_else(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = THROTTLED
    monitor.audit()
    monitor.audit()
    [change] = monitor.audit().changes
    assert (change.tag, change.baseline) == ("REGION_NOT_READABLE", False)


def test_a_baseline_is_done_only_once_the_region_was_seen(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = THROTTLED
    monitor.audit()
    assert monitor.store.states["us-east-1"].baselined == frozenset()
    monitor.world.accounts["us-east-1"] = PROBATION
    assert [change.baseline for change in monitor.audit().changes] == [True]
    assert monitor.store.states["us-east-1"].baselined == {"accounts"}


def test_a_baseline_that_could_not_be_stored_is_not_done(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = PROBATION
    monitor.store.down_for.add("us-east-1")
    with pytest.raises(TableDownError):
        monitor.audit()
    assert "us-east-1" not in monitor.store.states
    monitor.store.down_for.clear()
    assert [change.baseline for change in monitor.audit().changes] == [True]


def test_a_muted_finding_is_recorded_with_its_mute(monitor: Monitor) -> None:
    monitor.store.mutes_in_force.append(Mute("m1", "ops", "planned", NOW + timedelta(days=1), tag="UNDER_REVIEW"))
    monitor.world.accounts["us-east-1"] = PROBATION
    assert [change.muted_by for change in monitor.audit().changes] == ["m1"]


# Blindness that lasts.


def test_a_region_not_readable_is_told_after_exactly_three_audits_and_resolved_after_one(monitor: Monitor) -> None:
    monitor.audit()
    monitor.world.accounts["us-east-1"] = THROTTLED
    began = monitor.now + AUDIT
    assert [len(monitor.audit().changes) for _ in range(2)] == [0, 0]
    [change] = monitor.audit().changes
    assert (change.tag, change.transition.value, change.since) == ("REGION_NOT_READABLE", "opened", began)
    assert change.severity is Severity.WARNING
    assert THROTTLED.reason in change.text
    assert monitor.audit().changes == ()
    del monitor.world.accounts["us-east-1"]
    assert words(monitor.audit().changes) == [("us-east-1", "resolved", "REGION_NOT_READABLE")]


def test_one_good_audit_in_between_starts_the_count_anew(monitor: Monitor) -> None:
    for _ in range(3):
        for fact in (THROTTLED, THROTTLED, account()):
            monitor.world.accounts["us-east-1"] = fact
            assert monitor.audit().changes == ()


def test_a_region_not_readable_closes_none_of_its_findings(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = PROBATION
    monitor.audit()
    monitor.world.accounts["us-east-1"] = THROTTLED
    for _ in range(3):
        monitor.audit()
    assert monitor.store.open() == {("us-east-1", "UNDER_REVIEW"), ("us-east-1", "REGION_NOT_READABLE")}


def test_a_reason_that_changes_while_a_region_is_blind_is_refreshed_within_the_hour(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = THROTTLED
    for _ in range(3):
        monitor.audit()
    monitor.world.accounts["us-east-1"] = replace(DENIED, action="ses:GetAccount")
    assert monitor.audit(after=timedelta(hours=1)).changes == ()
    [stored] = [each for each in monitor.store.table.values() if each.tag == "REGION_NOT_READABLE"]
    assert stored.phase is Phase.OPEN
    assert "Allow ses:GetAccount" in stored.steps[0].text


def test_a_region_half_blind_keeps_what_it_cannot_see_and_tells_what_it_can(monitor: Monitor) -> None:
    monitor.world.rates["us-east-1"] = Known(replace(HEALTHY_REPUTATION, bounce_rate=Known(0.06)))
    assert words(monitor.audit().changes) == [("us-east-1", "opened", "BOUNCE_RATE_REVIEW")]
    monitor.world.rates["us-east-1"] = Known(
        replace(HEALTHY_REPUTATION, bounce_rate=NO_DATA, complaint_rate=Known(0.002))
    )
    assert words(monitor.audit(after=timedelta(hours=1)).changes) == [("us-east-1", "opened", "COMPLAINT_RATE_REVIEW")]
    monitor.world.rates["us-east-1"] = THROTTLED
    assert monitor.audit(after=timedelta(hours=1)).changes == ()
    assert len(monitor.store.open()) == 2


def test_regions_that_could_not_be_listed_are_a_blind_spot_of_the_home_region_only(monitor: Monitor) -> None:
    monitor.regions = Regions(REGIONS, (), DENIED)
    monitor.audit()
    monitor.audit()
    outcome = monitor.audit()
    assert words(outcome.changes) == [("eu-west-1", "opened", "REGION_NOT_READABLE")]
    assert "Allow account:ListRegions" in outcome.changes[0].steps[0].text


def test_an_opt_in_region_that_refuses_is_skipped_where_nobody_could_list_what_is_enabled(monitor: Monitor) -> None:
    monitor.regions = Regions((*REGIONS, "me-south-1"), (), DENIED)
    monitor.world.accounts["me-south-1"] = REFUSED
    run = monitor.audit().run
    assert (run.skipped, run.complete) == (("me-south-1",), True)
    assert "me-south-1" not in run.regions
    assert "me-south-1" not in monitor.store.states
    assert not [one for one in run.unseen if one.region == "me-south-1"]


@pytest.mark.parametrize(
    ("name", "fact", "listing"),
    [
        pytest.param("me-south-1", REFUSED, Known(frozenset({"me-south-1"})), id="known to be enabled"),
        pytest.param("us-east-1", REFUSED, DENIED, id="enabled by default"),
        pytest.param("me-south-1", THROTTLED, DENIED, id="refused for another reason"),
    ],
)
def test_otherwise_a_region_that_refuses_is_not_skipped(
    monitor: Monitor, name: str, fact: Missing, listing: Any
) -> None:
    monitor.regions = Regions((name,), (), listing)
    monitor.world.accounts[name] = fact
    run = monitor.audit().run
    assert (run.regions, run.skipped) == ((name,), ())
    assert run.unseen


# What only a comparison over time can show.


def test_production_access_that_is_lost_is_told_even_after_audits_that_saw_nothing(monitor: Monitor) -> None:
    monitor.audit()
    monitor.world.accounts["us-east-1"] = THROTTLED
    monitor.audit()
    monitor.world.accounts["us-east-1"] = IN_SANDBOX
    assert words(monitor.audit().changes) == [("us-east-1", "opened", "PRODUCTION_ACCESS_LOST")]
    assert monitor.store.verdict("us-east-1") is Verdict.SANDBOX
    del monitor.world.accounts["us-east-1"]
    assert words(monitor.audit().changes) == [("us-east-1", "resolved", "PRODUCTION_ACCESS_LOST")]


def test_a_region_that_never_had_production_access_did_not_lose_it(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = IN_SANDBOX
    assert words(monitor.audit().changes) == [("us-east-1", "opened", "SANDBOX")]


def test_a_review_that_takes_longer_than_48_hours_weighs_more(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = replace(
        IN_SANDBOX, value=replace(IN_SANDBOX.value, review=Known(Review("PENDING", "42")))
    )
    [opened] = monitor.audit().changes
    assert (opened.tag, opened.severity) == ("REVIEW_PENDING", Severity.INFO)
    assert monitor.audit(after=timedelta(hours=47, minutes=59)).changes == ()
    [worsened] = monitor.audit(after=timedelta(minutes=1)).changes
    assert (worsened.transition.value, worsened.severity, worsened.was_severity) == (
        "worsened",
        Severity.WARNING,
        Severity.INFO,
    )
    assert "48 h" in worsened.text
    monitor.world.accounts["us-east-1"] = IN_SANDBOX
    assert words(monitor.audit().changes) == [("us-east-1", "worsened", "SANDBOX")]


def test_an_unused_sandbox_is_idle_and_becomes_a_finding_when_it_is_used(monitor: Monitor) -> None:
    monitor.world.accounts["us-east-1"] = IN_SANDBOX
    monitor.world.verified["us-east-1"] = Known(value=False)
    monitor.regions = Regions(("us-east-1",), (), Known(frozenset({"us-east-1"})))
    world_without_mail(monitor)
    assert monitor.audit().changes == ()
    assert monitor.store.verdict("us-east-1") is Verdict.IDLE
    monitor.sending = frozenset({"us-east-1"})
    assert words(monitor.audit().changes) == [("us-east-1", "opened", "SANDBOX")]


def world_without_mail(monitor: Monitor) -> None:
    monitor.world.sent = Known(())
