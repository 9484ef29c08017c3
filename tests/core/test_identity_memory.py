"""What is remembered of an identity, and when it is looked at closely."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.dns import Answer, DomainProof, Outcome
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.identity import NOT_DUE, Identity, IdentityMemory
from ses_monitor.core.identity_memory import (
    TURNS,
    Due,
    IdentityState,
    due,
    has_changed,
    recall,
    remember,
    turn_of,
)
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Known, Missing
from ses_monitor.core.stored import Phase, Stored
from tests.build import (
    HEALTHY_DETAILS,
    HEALTHY_DKIM,
    HEALTHY_DOMAIN,
    HEALTHY_FEEDBACK,
    HEALTHY_MAIL_FROM,
    NOW,
    REGION,
    THROTTLED,
)
from tests.store.examples import OPEN

LATER = NOW + timedelta(hours=1)
ITS_TURN = turn_of(HEALTHY_DOMAIN.name)
OTHER_TURN = ITS_TURN + 1
IN_BREADTH = replace(HEALTHY_DOMAIN, details=NOT_DUE, memory=IdentityMemory())


def kept(identity: Identity = HEALTHY_DOMAIN, **facts: Any) -> IdentityState:
    return replace(remember(REGION, recall(identity, None, NOW), (), None, NOW), **facts)


def finding(check_id: str, severity: Severity, **facts: Any) -> Stored:
    return replace(OPEN, check_id=check_id, severity=severity, subject=HEALTHY_DOMAIN.name, **facts)


ERROR_OF_DNS = finding("dns.dkim_records", Severity.ERROR)
WARNING_OF_DNS = finding("dns.dmarc", Severity.WARNING)
ERROR_OF_SES = finding("identity.policy", Severity.ERROR)


@pytest.mark.parametrize(
    ("facts", "stored", "expected"),
    [
        ({}, [], Due.NOT_NOW),
        ({"verification_status": "PENDING"}, [], Due.FIRST),
        ({"verification_status": "FAILED"}, [], Due.FIRST),
        ({"verification_status": "SOMETHING_NEW"}, [], Due.FIRST),
        ({"dkim": Known(replace(HEALTHY_DKIM, status="TEMPORARY_FAILURE"))}, [], Due.FIRST),
        ({"dkim": Known(replace(HEALTHY_DKIM, signing_enabled=False))}, [], Due.FIRST),
        ({"mail_from": Known(replace(HEALTHY_MAIL_FROM, status="FAILED"))}, [], Due.FIRST),
        ({"mail_from": Known(None)}, [], Due.FIRST),
        ({"feedback": Known(replace(HEALTHY_FEEDBACK, bounce_topic=""))}, [], Due.FIRST),
        ({"txt_token": Known("another")}, [], Due.FIRST),
        ({"dkim": THROTTLED, "mail_from": THROTTLED, "feedback": THROTTLED}, [], Due.NOT_NOW),
        ({}, [ERROR_OF_DNS], Due.FIRST),
        ({}, [replace(ERROR_OF_DNS, phase=Phase.WATCHED)], Due.FIRST),
        ({}, [replace(ERROR_OF_DNS, phase=Phase.RESOLVED)], Due.NOT_NOW),
        ({}, [WARNING_OF_DNS], Due.NOT_NOW),
        ({}, [replace(WARNING_OF_DNS, phase=Phase.WATCHED)], Due.IF_THERE_IS_ROOM),
        ({}, [replace(WARNING_OF_DNS, absent=1)], Due.IF_THERE_IS_ROOM),
        ({}, [ERROR_OF_SES], Due.IF_THERE_IS_ROOM),
    ],
)
def test_what_needs_a_closer_look_gets_one(facts: dict[str, Any], stored: list[Stored], expected: Due) -> None:
    assert due(replace(IN_BREADTH, **facts), kept(), stored, OTHER_TURN) is expected


def test_dkim_that_nobody_asked_for_is_no_trouble_that_would_pass() -> None:
    without = replace(IN_BREADTH, dkim=Known(replace(HEALTHY_DKIM, status="NOT_STARTED", tokens=())))
    assert due(without, kept(without, looked_at=True), [], OTHER_TURN) is Due.NOT_NOW


def test_a_healthy_identity_has_its_turn_once_a_day() -> None:
    turns = [due(IN_BREADTH, kept(), [], turn) for turn in range(1000, 1000 + TURNS)]
    assert sorted(turns) == [Due.NOT_NOW] * (TURNS - 1) + [Due.IN_ROTATION]


def test_a_new_identity_is_looked_at_if_there_is_room() -> None:
    assert due(IN_BREADTH, None, [], OTHER_TURN) is Due.IF_THERE_IS_ROOM
    assert due(IN_BREADTH, kept(looked_at=False), [], OTHER_TURN) is Due.IF_THERE_IS_ROOM
    assert due(IN_BREADTH, None, [], ITS_TURN) is Due.IN_ROTATION


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, unique=True))
def test_any_name_has_a_turn(names: list[str]) -> None:
    assert all(0 <= turn_of(name) < TURNS for name in names)


def test_the_turns_share_ten_thousand_names_evenly() -> None:
    turns = [turn_of(f"d{number}.example.com") for number in range(10_000)]
    assert all(340 < turns.count(turn) < 500 for turn in range(TURNS))


def test_what_could_not_be_read_has_not_changed_and_keeps_what_was_known() -> None:
    before = kept()
    blind = replace(IN_BREADTH, dkim=THROTTLED, mail_from=THROTTLED, feedback=THROTTLED, txt_token=THROTTLED)
    assert not has_changed(blind, before)
    assert remember(REGION, recall(blind, before, LATER), (), before, LATER) == before


def test_the_same_again_leaves_the_same_state() -> None:
    before = kept()
    assert remember(REGION, recall(IN_BREADTH, before, LATER), (), before, LATER) == before


def test_a_status_stands_since_it_was_first_seen() -> None:
    before = kept()
    waiting = replace(IN_BREADTH, verification_status="PENDING", dkim=Known(replace(HEALTHY_DKIM, status="PENDING")))
    seen = recall(waiting, before, LATER)
    assert (seen.memory.first_seen, seen.memory.verification_since, seen.memory.dkim_since) == (NOW, LATER, LATER)
    assert seen.memory.mail_from_since == NOW
    after = remember(REGION, seen, (), before, LATER)
    again = recall(waiting, after, LATER + timedelta(hours=1))
    assert again.memory == seen.memory


def test_a_mail_from_domain_that_is_taken_away_stands_since_nothing() -> None:
    without = replace(IN_BREADTH, mail_from=Known(None))
    after = remember(REGION, recall(without, kept(), LATER), (), kept(), LATER)
    assert (after.mail_from_domain, after.mail_from_status, after.memory.mail_from_since) == ("", "", None)


PROVEN = Known(DomainProof("shop.example.com", Answer(Outcome.FOUND), THROTTLED))


def unproven(proof: Any, since: Any, *evaluations: Evaluation) -> Any:
    identity = replace(IN_BREADTH, proof=proof, memory=IdentityMemory(unproven_since=since))
    return remember(REGION, identity, evaluations, None, LATER).memory.unproven_since


def test_the_dns_fails_to_prove_since_the_first_error_until_a_look_without_one() -> None:
    error: Any = type("Found", (), {"severity": Severity.ERROR})
    notice: Any = type("Found", (), {"severity": Severity.NOTICE})
    broken = Evaluation("dns.dkim_records", "x", findings=(error,))
    weak = Evaluation("dns.dmarc", "x", findings=(notice,))
    of_ses = Evaluation("identity.policy", "x", findings=(error,))
    blind = Evaluation("dns.dkim_records", "x", unknown=THROTTLED)
    assert unproven(PROVEN, None, broken) == LATER
    assert unproven(PROVEN, NOW, broken) == NOW
    assert unproven(PROVEN, NOW, weak, of_ses) is None
    assert unproven(PROVEN, NOW, blind) == NOW
    assert unproven(NOT_DUE, NOW) == NOW
    assert unproven(Missing(THROTTLED.why, "the DNS could not be read"), NOW) == NOW


def test_what_the_dns_checks_need_of_the_depth_is_kept_and_a_policy_is_not() -> None:
    state = kept(replace(HEALTHY_DOMAIN, details=Known(replace(HEALTHY_DETAILS, policies=Known({"p": "{}"})))))
    details = state.as_read_before().get()
    assert (details.hosted_zone, details.dkim_origin) == ("dkim.amazonses.com", "AWS_SES")
    assert isinstance(details.policies, Missing)
    assert isinstance(kept(IN_BREADTH).as_read_before(), Missing)


def test_the_feedback_of_an_identity_is_known_from_its_state_once_it_was_read() -> None:
    assert kept().as_seen().feedback == Known(HEALTHY_FEEDBACK)
    assert isinstance(kept(replace(IN_BREADTH, feedback=THROTTLED)).as_seen().feedback, Missing)
