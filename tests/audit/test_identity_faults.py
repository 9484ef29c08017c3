"""One thing at a time fails: what depends on it opens and resolves nothing, and everything else is as before."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ses_monitor.core.observed import Known
from tests.audit.identity_world import HERE, OPEN_POLICY, REJECTING, SET, IdentityMonitor, domain, told
from tests.build import HEALTHY_DETAILS, HEALTHY_FEEDBACK

BROKEN_DKIM = {"status": "FAILED"}
UNHEARD = replace(HEALTHY_FEEDBACK, bounce_topic="", complaint_topic="")
NO_SET = replace(HEALTHY_DETAILS, configuration_set="")
PAUSED = replace(SET, sending_enabled=Known(value=False))

TAGS = {
    "pending.example.com": "VERIFICATION_FAILED",
    "dkim.example.com": "DKIM_FAILED",
    "mail-from.example.com": "MAIL_FROM_REJECTING",
    "feedback.example.com": "NO_BOUNCE_FEEDBACK",
    "policy.example.com": "POLICY_OPEN",
    "gone.example": "DOMAIN_NOT_FOUND",
    SET.name: "CONFIGURATION_SET_PAUSED",
}
"""What is broken in the world, and the tag that says so."""

BLINDED = {
    "list": set(TAGS) - {SET.name},
    "dkim": {"dkim.example.com"},
    "mail_from": {"mail-from.example.com"},
    "feedback": {"feedback.example.com"},
    "details": {"policy.example.com", "feedback.example.com"},
    "dns": {"gone.example"},
    "sets": {SET.name},
    "set": {SET.name},
    "txt_token": set(),
    "account": set(),
}
"""What each reader that fails hides. (Feedback may lie in the default configuration set, which only depth names.)"""
HELD_OPEN = BLINDED | {"details": {"policy.example.com"}}
"""What each keeps from being resolved: an identity that has topics again needs no configuration set."""


def healthy(monitor: IdentityMonitor) -> None:
    names = [name for name in TAGS if name != SET.name]
    monitor.world.put(*map(domain, names))
    monitor.world.sets[HERE] = {SET.name: SET}
    monitor.world.vanished.clear()


def broken(monitor: IdentityMonitor) -> None:
    dkim = replace(domain("x").dkim.get(), status="FAILED")
    monitor.world.put(
        domain("pending.example.com", verification_status="FAILED"),
        domain("dkim.example.com", dkim=dkim),
        domain("mail-from.example.com", mail_from=REJECTING),
        domain("feedback.example.com", feedback=UNHEARD, details=NO_SET),
        domain("policy.example.com", details=OPEN_POLICY),
    )
    monitor.world.sets[HERE] = {SET.name: PAUSED}
    monitor.world.vanished.add("gone.example")


def day(monitor: IdentityMonitor) -> Iterator[tuple[str, str, str]]:
    for _ in range(26):
        yield from told(monitor.audit())


@pytest.fixture
def monitor() -> IdentityMonitor:
    made = IdentityMonitor()
    healthy(made)
    made.settled()
    return made


def expected(transition: str, *, but_for: set[str]) -> set[tuple[str, str, str]]:
    return {(subject, transition, tag) for subject, tag in TAGS.items() if subject not in but_for}


def of_these(changes: Iterator[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    return {change for change in changes if change[2] in TAGS.values()}


@pytest.mark.parametrize("reader", BLINDED)
def test_a_reader_that_fails_opens_nothing_that_depends_on_it_and_everything_else(
    monitor: IdentityMonitor, reader: str
) -> None:
    broken(monitor)
    monitor.world.failing.add(reader)
    assert of_these(day(monitor)) == expected("opened", but_for=BLINDED[reader])
    monitor.world.failing.clear()
    assert of_these(day(monitor)) == expected("opened", but_for=set(TAGS) - BLINDED[reader])


@pytest.mark.parametrize("reader", BLINDED)
def test_a_reader_that_fails_resolves_nothing_that_depends_on_it_and_everything_else(
    monitor: IdentityMonitor, reader: str
) -> None:
    broken(monitor)
    assert of_these(day(monitor)) == expected("opened", but_for=set())
    healthy(monitor)
    monitor.world.failing.add(reader)
    assert of_these(day(monitor)) == expected("resolved", but_for=HELD_OPEN[reader])
    monitor.world.failing.clear()
    assert of_these(day(monitor)) == expected("resolved", but_for=set(TAGS) - HELD_OPEN[reader])


def test_the_details_of_one_identity_that_fail_hide_nothing_of_another(monitor: IdentityMonitor) -> None:
    monitor.world.put(domain("policy.example.com", details=OPEN_POLICY), domain("gone.example", details=OPEN_POLICY))
    monitor.world.failing.add("policy.example.com")
    assert {change[:2] for change in day(monitor)} == {("gone.example", "opened")}


def test_a_list_that_fails_ends_the_run_and_says_so_and_the_rotation_waits(monitor: IdentityMonitor) -> None:
    turn = monitor.store.identity_runs_[HERE].turn
    monitor.world.failing.add("list")
    [outcome] = monitor.audit()
    assert outcome.run is not None
    assert (outcome.run.complete, outcome.changes, outcome.goes_on) == (False, (), None)
    assert {one.why for one in outcome.run.unseen} == {"throttled"}
    assert monitor.store.identity_runs_[HERE].turn == turn
    assert len(monitor.store.identity_states(HERE)) == len(TAGS) - 1


def test_a_dns_that_crashes_is_reported(monitor: IdentityMonitor) -> None:
    broken(monitor)
    monitor.world.failing.add("dns")
    monitor.audit()
    assert {type(error) for _, error in monitor.crashed} == {OSError}
