"""The audit of identities, hour after hour: what is read, what is found, what is told once, and never made up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from ses_monitor.audit.identities import run as identities
from ses_monitor.audit.identities import sets as identity_sets
from ses_monitor.audit.identities.finish import is_first
from ses_monitor.audit.identities.run import NoProgressError
from ses_monitor.core.dns import Answer, DomainProof, Lookup, Outcome, Question
from ses_monitor.core.identity import Identity
from ses_monitor.core.identity_memory import TURNS, turn_of
from ses_monitor.core.identity_run import Stage, Task
from ses_monitor.core.model import Review
from ses_monitor.core.observed import Blindness, Known
from ses_monitor.core.region_state import AccountFacts, RegionState
from ses_monitor.core.stored import Phase, Transition
from ses_monitor.core.verdict import Verdict
from tests.audit.identity_world import (
    FAILED,
    HERE,
    OPEN_POLICY,
    REJECTING,
    SET,
    IdentityMonitor,
    address,
    domain,
    told,
)
from tests.audit.world import account
from tests.build import HEALTHY_DETAILS, HEALTHY_FEEDBACK, NOW

FALLBACK = replace(REJECTING, on_mx_failure="USE_DEFAULT_VALUE")
UNHEARD = replace(HEALTHY_FEEDBACK, bounce_topic="", complaint_topic="")


@pytest.fixture
def monitor() -> IdentityMonitor:
    made = IdentityMonitor()
    made.world.sets[HERE] = {SET.name: SET}
    return made


def unheard(name: str) -> Identity:
    return replace(address(name, details=replace(HEALTHY_DETAILS, configuration_set="")), feedback=Known(UNHEARD))


def many(count: int) -> list[str]:
    return [f"d{number:05}.example.com" for number in range(count)]


def test_a_healthy_region_is_silent_and_its_matrix_is_stored(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com"), address("x@b.example.com"))
    [outcome] = monitor.audit()
    assert (outcome.changes, monitor.store.tags(), monitor.store.baselines) == ((), {}, {})
    assert outcome.run is not None
    assert (outcome.run.complete, outcome.run.regions, outcome.run.function) == (True, (HERE,), "audit_identities")
    states = {state.name: state for state in monitor.store.identity_states(HERE)}
    assert set(states) == {"a.example.com", "x@b.example.com"}
    assert states["a.example.com"].configuration_set == SET.name
    assert states["a.example.com"].mail_from_status == "SUCCESS"
    assert all(state.looked_at and state.memory.first_seen for state in states.values())


def test_what_breaks_is_told_once_and_what_is_mended_too(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com"), domain("b.example.com"))
    monitor.settled()
    monitor.world.put(domain("b.example.com", mail_from=REJECTING))
    assert told(monitor.audit()) == [("b.example.com", "opened", "MAIL_FROM_REJECTING")]
    assert told(monitor.audit()) == []
    monitor.world.put(domain("b.example.com"))
    assert told(monitor.audit()) == [("b.example.com", "resolved", "MAIL_FROM_REJECTING")]


def test_an_identity_that_was_deleted_is_gone_and_leaves_the_matrix(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com"), domain("b.example.com", mail_from=REJECTING))
    monitor.audit()
    del monitor.world.regions[HERE]["b.example.com"]
    assert told(monitor.audit()) == [("b.example.com", "gone", "MAIL_FROM_REJECTING")]
    assert [state.name for state in monitor.store.identity_states(HERE)] == ["a.example.com"]


def test_the_last_identity_of_a_region_may_be_deleted(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("b.example.com", mail_from=REJECTING))
    monitor.audit()
    monitor.world.regions[HERE].clear()
    assert told(monitor.audit()) == [("b.example.com", "gone", "MAIL_FROM_REJECTING")]
    assert monitor.store.identity_states(HERE) == []


def test_the_dns_is_told_after_two_looks_an_hour_apart(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("gone.example"))
    monitor.settled()
    monitor.world.vanished.add("gone.example")
    seen = [told(monitor.audit()) for _ in range(TURNS + 1)]
    assert [changes for changes in seen if changes] == [[("gone.example", "opened", "DOMAIN_NOT_FOUND")]]
    assert seen.index([("gone.example", "opened", "DOMAIN_NOT_FOUND")]) >= 1
    [watched] = [each for each in monitor.store.table.values() if each.tag == "DOMAIN_NOT_FOUND"]
    assert watched.first_seen < watched.written_at


# --- what is read ---------------------------------------------------------------------------------------------------


def test_breadth_is_read_a_hundred_at_a_time(monitor: IdentityMonitor) -> None:
    monitor.world.put(*map(domain, many(1234)))
    monitor.audit()
    assert (monitor.world.count("list"), monitor.world.count("breadth")) == (1, 13)
    names = [name for what, names in monitor.world.calls if what == "breadth" for name in names]
    assert sorted(names) == sorted(many(1234))


def test_depth_is_for_what_is_unhealthy_changed_or_new_and_once_a_day_for_the_rest(monitor: IdentityMonitor) -> None:
    monitor.world.put(*map(domain, many(48)))
    monitor.world.put(domain("pending.example.org", verification_status="PENDING"))
    monitor.settled()
    monitor.world.put(domain("changed.example.net"))
    looks: dict[str, int] = {}
    for hour in range(TURNS):
        if hour == 3:
            monitor.world.put(domain("changed.example.net", feedback=UNHEARD))
        monitor.world.calls.clear()
        monitor.audit()
        for name in monitor.world.looked_at():
            looks[name] = looks.get(name, 0) + 1
    assert looks["pending.example.org"] == TURNS
    assert {looks[name] for name in many(48)} == {1}
    assert looks["changed.example.net"] >= 3, "when new, when changed (an error is open since), and in its turn"


def test_in_the_first_run_everything_is_looked_at_as_far_as_there_is_room(
    monitor: IdentityMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "MOST_EXTRA", 30)
    monitor.world.put(*map(domain, many(240)))
    monitor.audit()
    in_turn = {name for name in many(240) if turn_of(name) == 0}
    assert len(monitor.world.looked_at()) == 30 + len(in_turn)
    for _ in range(TURNS):
        monitor.audit()
    assert set(monitor.world.looked_at()) == set(many(240))


def test_facts_that_are_not_due_change_nothing(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com", details=OPEN_POLICY))
    monitor.settled()
    monitor.world.put(domain("a.example.com"))
    monitor.world.failing.add("details")
    assert told(monitor.audit()) == []
    monitor.world.failing.clear()
    changes = [told(monitor.audit()) for _ in range(TURNS)]
    assert [each for each in changes if each] == [[("a.example.com", "resolved", "POLICY_OPEN")]]


def test_once_depth_is_denied_no_more_calls_are_wasted_on_it(monitor: IdentityMonitor) -> None:
    names = many(5)
    monitor.world.put(*(domain(name, details=replace(FAILED, why=Blindness.DENIED)) for name in names))
    [outcome] = monitor.audit()
    assert len(monitor.world.looked_at()) == 1
    assert outcome.run is not None
    assert {one.subject for one in outcome.run.unseen} == set(names)


def test_an_address_is_read_together_with_its_domain(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("shop.example.com"), address("zz@shop.example.com"))
    monitor.world.put(unheard("aa@shop.example.com"))
    monitor.audit()
    assert "ADDRESS_HIDES_DOMAIN_FEEDBACK" in monitor.store.tags()["aa@shop.example.com"]


def test_the_domain_of_an_address_counts_also_when_it_was_done_by_an_earlier_leg(monitor: IdentityMonitor) -> None:
    names = [f"a{number:03}@shop.example.com" for number in range(150)]
    monitor.world.put(domain("shop.example.com"))
    monitor.world.put(*map(address, names))
    monitor.settled()
    monitor.world.put(*map(unheard, names))
    monitor.audit(legs=0)
    task = replace(monitor.queue.pop(), after=names[100])
    monitor.store.identity_runs_[HERE] = replace(monitor.store.identity_runs_[HERE], run=task.run, ended=False)
    monitor.work(task)
    assert "ADDRESS_HIDES_DOMAIN_FEEDBACK" in monitor.store.tags()[names[120]]


def test_each_domain_is_asked_about_once_however_many_identities_share_it(monitor: IdentityMonitor) -> None:
    answered: list[tuple[str, Question]] = []

    def prove(domains: Mapping[str, Sequence[Question]], known: Mapping[str, DomainProof]) -> Mapping[str, DomainProof]:
        proofs = dict(known)
        for name, questions in domains.items():
            answered.extend((name, each) for each in questions)
            before = proofs[name].lookups if name in proofs else {}
            new = {each: Lookup(each, (), Answer(Outcome.TIMED_OUT)) for each in questions}
            proofs[name] = DomainProof(name, Answer(Outcome.TIMED_OUT), FAILED, {**before, **new})
        return proofs

    monitor.world.prove = prove  # type: ignore[method-assign] # it stands in for all of the DNS
    pending = [address(f"a{n:03}@shop.example.com", verification_status="PENDING") for n in range(120)]
    monitor.world.put(domain("shop.example.com", verification_status="PENDING"), *pending)
    monitor.audit()
    assert answered
    assert len(answered) == len(set(answered))


def test_in_a_small_region_every_domain_is_proven_every_hour_without_a_call_to_ses(monitor: IdentityMonitor) -> None:
    monitor.world.put(*map(domain, many(20)), domain("gone.example"))
    monitor.settled()
    monitor.world.vanished.add("gone.example")
    found = [told(monitor.audit()) for _ in range(3)]
    assert found == [[], [("gone.example", "opened", "DOMAIN_NOT_FOUND")], []]
    monitor.world.vanished.clear()
    assert told(monitor.audit()) == [("gone.example", "resolved", "DOMAIN_NOT_FOUND")]
    in_turn = sum(turn_of(name) in {2, 3, 4, 5} for name in [*many(20), "gone.example"])
    assert len(monitor.world.looked_at()) <= in_turn + 4, "the vanished one is looked at closely while it is"


def test_in_a_large_region_a_domain_is_proven_when_it_is_its_turn(monitor: IdentityMonitor) -> None:
    monitor.world.put(*map(domain, many(150)))
    monitor.settled()
    monitor.audit()
    proven = {name for what, (name, *_) in monitor.world.calls if what == "prove"}
    assert proven == {name for name in many(150) if turn_of(name) == 2}


# --- configuration sets ---------------------------------------------------------------------------------------------


def test_configuration_sets_are_checked_and_gone_with_their_deletion(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com"))
    monitor.settled()
    paused = replace(SET, sending_enabled=Known(value=False))
    monitor.world.sets[HERE][SET.name] = paused
    assert told(monitor.audit()) == [(SET.name, "opened", "CONFIGURATION_SET_PAUSED")]
    [found] = [each for each in monitor.store.table.values() if each.tag == "CONFIGURATION_SET_PAUSED"]
    assert found.severity.name == "CRITICAL", "an identity uses it by default, which only its depth has told"
    del monitor.world.sets[HERE][SET.name]
    assert told(monitor.audit()) == [(SET.name, "gone", "CONFIGURATION_SET_PAUSED")]


def test_more_sets_than_a_run_reads_have_their_turn_and_none_is_taken_for_gone(
    monitor: IdentityMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_sets, "MOST_SETS", 9)
    monitor.world.put(domain("a.example.com"))
    paused = replace(SET, sending_enabled=Known(value=False))
    monitor.world.sets[HERE] |= {f"s{n:02}": replace(paused, name=f"s{n:02}") for n in range(30)}
    changes = [told(monitor.audit()) for _ in range(10)]
    read = [name for what, name in monitor.world.calls if what == "set"]
    assert len(read) <= 90
    assert set(read) == {SET.name, *(f"s{n:02}" for n in range(30))}
    assert {change[1] for hour in changes for change in hour} == {"opened"}


# --- other regions --------------------------------------------------------------------------------------------------


def test_an_identity_that_waits_here_and_is_verified_elsewhere_is_found_through_the_table(
    monitor: IdentityMonitor,
) -> None:
    monitor.world.put(domain("a.example.com"), region="us-east-1")
    monitor.audit("us-east-1")
    monitor.world.put(domain("a.example.com", verification_status="PENDING"), domain("b.example.com"))
    monitor.audit(HERE)
    assert "VERIFIED_ONLY_ELSEWHERE" in monitor.store.tags()["a.example.com"]
    assert set(monitor.store.asked_everywhere) == {"a.example.com"}, "one query, for the one that needs it"
    monitor.world.put(domain("a.example.com"))
    monitor.audit(HERE)
    assert "a.example.com" not in monitor.store.tags()


def test_a_sandbox_beside_production_is_said_of_what_is_verified_there(monitor: IdentityMonitor) -> None:
    monitor.world.accounts[HERE] = account(production_access=False, review=Review("DENIED"))
    monitor.store.states["us-east-1"] = RegionState(
        "us-east-1", Verdict.DELIVERS, NOW, account=AccountFacts(NOW, production_access=True)
    )
    monitor.world.put(domain("a.example.com"))
    monitor.audit()
    assert monitor.store.tags()["a.example.com"] == {"SANDBOX_WHILE_PRODUCTION_ELSEWHERE"}


# --- the first audit ------------------------------------------------------------------------------------------------


def test_a_first_audit_is_told_in_one_summary_and_what_is_critical_at_once(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com", mail_from=REJECTING), domain("b.example.com", details=OPEN_POLICY))
    [outcome] = monitor.audit()
    assert [change.tag for change in outcome.changes if not change.baseline] == ["MAIL_FROM_REJECTING"]
    [summary] = monitor.store.baselines.values()
    assert [change.tag for change in summary.changes] == ["POLICY_OPEN"]
    assert "identities" not in monitor.store.states[HERE].baselined


def test_what_had_to_be_seen_twice_is_in_a_summary_too_without_what_was_told(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("gone.example"), domain("b.example.com", details=OPEN_POLICY))
    monitor.world.vanished.add("gone.example")
    monitor.audit()
    assert all(change.baseline for outcome in monitor.audit() for change in outcome.changes)
    summaries = [{change.tag for change in each.changes} for each in monitor.store.baselines.values()]
    assert summaries == [{"POLICY_OPEN"}, {"DOMAIN_NOT_FOUND"}]
    assert "identities" in monitor.store.states[HERE].baselined
    monitor.world.put(domain("c.example.com", mail_from=FALLBACK))
    assert not any(change.baseline for outcome in monitor.audit() for change in outcome.changes)


def test_what_a_summary_told_is_over_before_the_first_audit_is_and_that_is_told(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com", details=OPEN_POLICY))
    monitor.audit()
    assert is_first(monitor.store.states[HERE])
    monitor.world.put(domain("a.example.com"))
    [outcome] = monitor.audit()
    [change] = outcome.changes
    assert (change.transition, change.tag, change.baseline) == (Transition.RESOLVED, "POLICY_OPEN", False)


def test_a_first_run_that_is_cut_off_is_told_whole_by_the_next(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com", details=OPEN_POLICY))
    monitor.store.fails_at = 2
    with pytest.raises(ConnectionError):
        monitor.audit()
    assert monitor.store.baselines == {}
    monitor.store.fails_at = None
    monitor.work_queue()
    [summary] = monitor.store.baselines.values()
    assert [change.tag for change in summary.changes] == ["POLICY_OPEN"]


# --- the region's verdict -------------------------------------------------------------------------------------------


def test_an_identity_that_cannot_send_puts_its_region_at_risk_until_it_can(monitor: IdentityMonitor) -> None:
    monitor.store.states[HERE] = RegionState(HERE, Verdict.DELIVERS, NOW, revision=1)
    monitor.world.put(domain("a.example.com", mail_from=REJECTING))
    monitor.audit()
    state = monitor.store.states[HERE]
    assert (state.verdict, [cause.tag for cause in state.causes]) == (Verdict.AT_RISK, ["MAIL_FROM_REJECTING"])
    monitor.world.put(domain("a.example.com"))
    monitor.audit()
    state = monitor.store.states[HERE]
    assert (state.verdict, state.causes) == (Verdict.DELIVERS, ())


@pytest.mark.parametrize("verdict", [Verdict.BLOCKED, Verdict.SANDBOX, Verdict.IDLE, Verdict.UNKNOWN])
def test_an_identity_does_not_change_a_verdict_that_says_more(monitor: IdentityMonitor, verdict: Verdict) -> None:
    monitor.store.states[HERE] = RegionState(HERE, verdict, NOW, revision=1)
    monitor.world.put(domain("a.example.com", mail_from=REJECTING))
    monitor.audit()
    state = monitor.store.states[HERE]
    assert (state.verdict, state.verdict_since) == (verdict, NOW)
    assert [cause.tag for cause in state.causes] == ["MAIL_FROM_REJECTING"]


# --- the run and its queue ------------------------------------------------------------------------------------------


def test_a_message_that_comes_twice_is_worked_once(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com"))
    monitor.audit()
    assert "came twice" in monitor.work(Task(HERE, "run-1")).skipped


def test_a_plan_while_a_run_is_at_work_is_left_alone_and_a_run_that_died_is_not_waited_for(
    monitor: IdentityMonitor,
) -> None:
    monitor.world.put(domain("a.example.com"))
    monitor.store.fails_at = 2
    with pytest.raises(ConnectionError):
        monitor.audit()
    monitor.queue.clear()
    monitor.store.fails_at = None
    [skipped] = monitor.audit(after=timedelta(minutes=5))
    assert "still at work" in skipped.skipped
    [worked] = monitor.audit()
    assert worked.run is not None


def test_what_is_left_when_time_is_over_goes_through_the_queue_and_nothing_is_lost_or_done_twice(
    monitor: IdentityMonitor,
) -> None:
    names = many(450)
    pending = names[::10]
    monitor.world.put(
        *(domain(name, verification_status="PENDING" if name in pending else "SUCCESS") for name in names)
    )
    monitor.settled()
    monitor.world.put(*(domain(name, mail_from=REJECTING) for name in pending))
    spent = 0.0

    def work(what: str) -> None:
        nonlocal spent
        spent += {"details": 1, "breadth": 1, "list": 1}.get(what, 0)

    monitor.world.on_call = work
    monitor.clock = lambda: spent
    monitor.seconds = 17
    outcomes = monitor.audit()
    assert len(outcomes) > 3
    assert [outcome.goes_on is None for outcome in outcomes] == [False] * (len(outcomes) - 1) + [True]
    assert [change for change in told(outcomes) if change[1] == "opened"] == [
        (name, "opened", "MAIL_FROM_REJECTING") for name in pending
    ]
    looked = monitor.world.looked_at()
    assert len(looked) == len(set(looked)), "no identity is read in depth twice"
    in_turn = {name for name in names if turn_of(name) == 2}
    assert set(looked) == set(pending) | in_turn
    stages = [outcome.goes_on.stage for outcome in outcomes if outcome.goes_on]
    assert set(stages) <= {Stage.IDENTITIES, Stage.DAILY}


def test_a_run_that_gets_nothing_done_fails_instead_of_going_on_for_ever(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com"))
    monitor.seconds = 0
    with pytest.raises(NoProgressError):
        monitor.audit()
    assert [task.after for task in monitor.queue] == [None], "it was not put on the queue again by us"


@pytest.mark.parametrize("write", range(0, 60, 2))
def test_a_run_cut_off_anywhere_resolves_nothing_and_the_next_does_the_rest(
    monitor: IdentityMonitor, write: int
) -> None:
    names = many(30)
    monitor.world.put(*(domain(name, mail_from=REJECTING) for name in names[:20]), *map(domain, names[20:]))
    monitor.settled()
    before = monitor.store.tags()
    del monitor.world.regions[HERE][names[0]]
    monitor.world.put(domain(names[1]), *(domain(name, mail_from=REJECTING) for name in names[20:]))
    monitor.store.fails_at = write
    try:
        monitor.audit()
    except ConnectionError:
        after = monitor.store.tags()
        assert all(after.get(name) == before[name] for name in names[2:20]), "they are as broken as before"
        monitor.store.fails_at = None
        monitor.work_queue()
    monitor.store.fails_at = None
    expected = {name: {"MAIL_FROM_REJECTING"} for name in names[2:]}
    assert monitor.store.tags() == expected
    once = [(change.subject, change.transition) for change in monitor.store.changes]
    assert len(once) == len(set(once)), "each transition is recorded once"


def test_two_runs_of_one_region_at_once_record_one_transition(monitor: IdentityMonitor) -> None:
    monitor.world.put(*map(domain, many(10)))
    monitor.settled()
    monitor.world.put(domain("d00003.example.com", mail_from=REJECTING))
    other: list[object] = []

    def meanwhile(what: str) -> None:
        if what == "breadth" and not other:
            other.append(None)
            # The same message, delivered twice: the other delivery does everything while this one reads.
            other.append(monitor.work(Task(HERE, "run-3")))

    monitor.world.on_call = meanwhile
    outcomes = monitor.audit()
    assert len(other) == 2
    assert [change.subject for change in monitor.store.changes if change.tag == "MAIL_FROM_REJECTING"] == [
        "d00003.example.com"
    ]
    assert sum(outcome.run.conflicts for outcome in outcomes if outcome.run) >= 1


def test_no_region_is_starved_by_another(monitor: IdentityMonitor) -> None:
    monitor.world.put(*map(domain, many(800)))
    monitor.world.put(domain("a.example.org"), region="us-east-1")
    spent = 0.0

    def work(what: str) -> None:
        nonlocal spent
        spent += what in {"breadth", "details"}

    monitor.world.on_call, monitor.clock, monitor.seconds = work, lambda: spent, 20
    outcomes = monitor.audit(HERE, "us-east-1")
    order = [outcome.run.regions[0] for outcome in outcomes if outcome.run]
    assert order[:2] == [HERE, "us-east-1"]
    assert order.count(HERE) > 2
    assert all(run.ended for run in monitor.store.identity_runs_.values())


# --- what is written ------------------------------------------------------------------------------------------------


def test_a_run_in_which_nothing_changed_writes_only_that_it_ran(monitor: IdentityMonitor) -> None:
    monitor.world.put(*map(domain, many(300)))
    monitor.settled()
    monitor.audit()
    monitor.store.written.clear()
    for _ in range(3):
        monitor.audit()
    assert monitor.store.written == ["run", "run"] * 3


def test_a_resolved_finding_stays_in_its_history(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("a.example.com", mail_from=REJECTING))
    monitor.settled()
    monitor.world.put(domain("a.example.com"))
    monitor.audit()
    assert {each.phase for each in monitor.store.table.values()} == {Phase.RESOLVED}
