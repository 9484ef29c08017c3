"""The invariants of the weeks of chaos can fail: each is given a history in which just that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_monitor.alerts.group import group
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Change, Transition
from tests.chaos.invariants import after_step, like_twin, when_calm
from tests.chaos.observed import Blind, Dead, Excused, Judged, Look, Open, Root
from tests.chaos.script import written
from tests.chaos.weather import KINDS, OF_AUDITS

START = datetime(2026, 11, 1, 0, 7, tzinfo=UTC)
HOUR = START.replace(minute=0)
REGION = "us-east-1"
KEY = (REGION, "account", "account", HOUR)
PUBLISHED = {KEY: {"sends": 3, "deliveries": 2}}
BLIND = (Blind(OF_AUDITS, REGION, account=True),)
NOTHING = Excused()


def change(transition: Transition, version: int, **changed: Any) -> Change:
    usual: dict[str, Any] = {
        "account_id": "123456789012",
        "region": REGION,
        "check_id": "account.sending_enabled",
        "subject": "account",
        "tag": "SENDING_PAUSED",
        "severity": Severity.CRITICAL,
        "at": START + timedelta(hours=version),
        "since": START,
        "text": "Sending is paused.",
        "cause": "Somebody paused it.",
        "steps": (),
        "evidence": {},
    }
    return Change(transition=transition, version=version, **(usual | changed))


OPENED, RESOLVED = change(Transition.OPENED, 1), change(Transition.RESOLVED, 2)
FAILED = {
    "check_id": "identity.dkim",
    "subject": "shop.example",
    "tag": "DKIM_FAILED",
    "severity": Severity.ERROR,
}
DKIM = change(Transition.OPENED, 1, **FAILED)
PAUSED = Open(REGION, "account.sending_enabled", "account", "SENDING_PAUSED", "CRITICAL")
BROKEN = Open(REGION, "identity.dkim", "shop.example", "DKIM_FAILED", "ERROR")
BLOCKED = Judged("BLOCKED", frozenset({("SENDING_PAUSED", "CRITICAL", "account")}))


def look(*changes: Change, **changed: Any) -> Look:
    """One that is right: both findings told by both channels, each under a message of its own."""
    told = tuple(alert for each in changes for alert in group([each]))
    over = {each.finding_id: each.transition.closes for each in changes}
    usual: dict[str, Any] = {
        "verdicts": {REGION: BLOCKED},
        "open": frozenset({PAUSED, BROKEN}),
        "changes": changes,
        "counts": {KEY: dict(PUBLISHED[KEY])},
        "told": told,
        "versions": {each.finding_id: each.version for each in changes},
        "posts": tuple((f"{number}.1", name) for number, name in enumerate(over)),
        "roots": tuple(Root(f"{number}.1", {name: closed}) for number, (name, closed) in enumerate(over.items())),
        "waiting": {"feedback": 0, "Slack": 0},
    }
    return Look(1, START, START + timedelta(hours=12), **(usual | changed))


RIGHT = look(OPENED, DKIM)


def test_what_is_right_breaks_nothing() -> None:
    assert after_step(RIGHT, RIGHT, BLIND, PUBLISHED, NOTHING) == []
    assert when_calm(RIGHT, PUBLISHED, NOTHING) == []
    assert like_twin(RIGHT, RIGHT) == []


def test_what_could_be_seen_may_change() -> None:
    over = look(OPENED, DKIM, RESOLVED, open=frozenset({BROKEN}), verdicts={REGION: Judged("AT_RISK")})
    assert after_step(RIGHT, over, (), PUBLISHED, NOTHING) == []
    assert when_calm(over, PUBLISHED, NOTHING) == []


def test_a_region_that_could_not_be_seen_may_become_unknown_and_be_told_so() -> None:
    blindness = change(Transition.OPENED, 5, check_id="region.coverage", tag="REGION_NOT_READABLE")
    unreadable = Open(REGION, "region.coverage", "account", "REGION_NOT_READABLE", "CRITICAL")
    unknown = look(OPENED, DKIM, blindness, open=RIGHT.open | {unreadable}, verdicts={REGION: Judged("UNKNOWN")})
    assert after_step(RIGHT, unknown, BLIND, PUBLISHED, NOTHING) == []


REOPENED = change(Transition.OPENED, 3)
AFTER_STEP: list[tuple[str, Look, tuple[Blind, ...], str]] = [
    (
        "resolved blindly",
        look(OPENED, DKIM, RESOLVED, open=frozenset({BROKEN})),
        BLIND,
        "SENDING_PAUSED of account in us-east-1 resolved, and nobody could see it",
    ),
    (
        "opened blindly",
        look(OPENED, DKIM, change(Transition.OPENED, 7, **{**FAILED, "subject": "news.example"})),
        (Blind(("identity.",), REGION),),
        "DKIM_FAILED of news.example in us-east-1 opened, and nobody could see it",
    ),
    ("lost blindly", look(OPENED, DKIM, open=frozenset({PAUSED})), BLIND, "ERROR DKIM_FAILED of shop.example in us-east-1 is not open any more, and nobody could see it"),
    ("another severity", look(OPENED, DKIM, open=frozenset({PAUSED, replace(BROKEN, severity="WARNING")})), BLIND, "WARNING DKIM_FAILED of shop.example in us-east-1 is open, and nobody could see it"),
    ("judged blindly", look(OPENED, DKIM, verdicts={REGION: Judged("DELIVERS")}), BLIND, "us-east-1 was BLOCKED and is DELIVERS, and nobody could see it"),
    ("without a verdict", look(OPENED, DKIM, verdicts={}), BLIND, "us-east-1 has no verdict any more, and nobody could see it"),
    ("opened twice", look(OPENED, DKIM, REOPENED), (), "SENDING_PAUSED of account in us-east-1 opened, and was open"),
    ("over twice", look(OPENED, DKIM, RESOLVED, change(Transition.GONE, 4)), (), "SENDING_PAUSED of account in us-east-1 gone, and was not open"),
    ("a version twice", look(OPENED, DKIM, change(Transition.RESOLVED, 1)), (), "SENDING_PAUSED of account in us-east-1: version 1 twice"),
    ("reminded of what is over", look(OPENED, DKIM, RESOLVED, change(Transition.REMINDED, 3)), (), "SENDING_PAUSED of account in us-east-1 reminded, and was not open"),
    (
        "in the place of nothing",
        look(OPENED, DKIM, change(Transition.WORSENED, 4, **{**FAILED, "was_tag": "DKIM_PENDING"})),
        (),
        "DKIM_FAILED of shop.example in us-east-1 took the place of DKIM_PENDING, which was not open",
    ),
    ("a change forgotten", look(OPENED), (), "1 changes are not in the table any more"),
    ("counted twice", look(OPENED, DKIM, counts={KEY: {"sends": 4, "deliveries": 2}}), (), "us-east-1 account account 2026-11-01T00: 4 sends were counted, 3 published"),
    ("counted for nobody", look(OPENED, DKIM, counts={**RIGHT.counts, (REGION, "identity", "x.example", HOUR): {"sends": 1}}), (), "us-east-1 identity x.example 2026-11-01T00: 1 sends were counted, 0 published"),
    ("a counter that fell", look(OPENED, DKIM, counts={KEY: {"sends": 2, "deliveries": 2}}), (), "us-east-1 account account 2026-11-01T00: sends fell from 3"),
    ("a recipient in the channel", look(OPENED, DKIM, heard=("Mail to person17b@example.org bounced",)), (), "a recipient stands in clear"),
    ("a dead letter", look(OPENED, DKIM, dead=(Dead("feedback", "no words 1"),)), (), "a dead letter of the feedback queue that nothing explains: no words 1"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "blind", "says"), [each[1:] for each in AFTER_STEP], ids=[each[0] for each in AFTER_STEP]
)
def test_after_a_step_it_is_found(now: Look, blind: tuple[Blind, ...], says: str) -> None:
    found = after_step(RIGHT, now, blind, PUBLISHED, NOTHING)
    assert [each for each in found if each.startswith(says)], found


def _twice(of: Look) -> Look:
    return replace(of, told=(*of.told, of.told[0]))


WHEN_CALM: list[tuple[str, Look, str]] = [
    ("a queue that is not empty", replace(RIGHT, waiting={"Slack": 2}), "2 messages are left on the Slack queue"),
    ("counted too little", replace(RIGHT, counts={}), "us-east-1 account account 2026-11-01T00: counted {}, published"),
    ("open without a change", replace(RIGHT, open=RIGHT.open | {replace(BROKEN, subject="x.example")}), "DKIM_FAILED of x.example in us-east-1 is stored as ERROR, by its changes None"),
    ("over without a change", replace(RIGHT, open=frozenset({PAUSED})), "DKIM_FAILED of shop.example in us-east-1 is stored as None, by its changes ERROR"),
    ("never told by the topic", replace(RIGHT, told=RIGHT.told[:1]), "the topic was never told: opened DKIM_FAILED of shop.example"),
    ("never told by Slack", replace(RIGHT, versions={}), "Slack was never told: opened SENDING_PAUSED of account"),
    ("told twice", _twice(RIGHT), "1 messages of the topic were told again, 0 may be: ['SENDING_PAUSED of account in us-east-1']"),
    ("the last word", replace(look(OPENED, DKIM, RESOLVED, open=frozenset({BROKEN})), told=RIGHT.told), "SENDING_PAUSED of account in us-east-1 is over, and the last word says otherwise"),
    ("a reply twice", replace(RIGHT, replies=(("0.1", "Over"), ("0.1", "Over"))), "1 replies are there twice: Over"),
    ("a message twice", replace(RIGHT, posts=(*RIGHT.posts, ("9.1", "Sending is paused."))), "1 messages in the channel are followed by nobody, 0 may be: ['Sending is paused.']"),
    ("shown open", replace(look(OPENED, DKIM, RESOLVED, open=frozenset({BROKEN})), roots=RIGHT.roots), "SENDING_PAUSED of account in us-east-1 is over, and the message 0.1 shows it open"),
    ("shown over", replace(RIGHT, roots=(Root("0.1", {OPENED.finding_id: True}),), posts=()), "SENDING_PAUSED of account in us-east-1 is open, and no message shows it"),
    ("another text", replace(RIGHT, roots=(Root("0.1", {}, as_told=False), *RIGHT.roots[1:])), "the message 0.1 is not what was last to be shown"),
]  # fmt: skip


@pytest.mark.parametrize(("now", "says"), [each[1:] for each in WHEN_CALM], ids=[each[0] for each in WHEN_CALM])
def test_at_a_calm_point_it_is_found(now: Look, says: str) -> None:
    found = when_calm(now, PUBLISHED, NOTHING)
    assert [each for each in found if each.startswith(says)], found


TWIN: list[tuple[str, Look, str]] = [
    ("more open", look(OPENED, DKIM, open=RIGHT.open | {replace(BROKEN, subject="x.example")}), "only with faults: ERROR DKIM_FAILED of x.example in us-east-1"),
    ("less open", look(OPENED, DKIM, open=frozenset({PAUSED})), "only without faults: ERROR DKIM_FAILED of shop.example in us-east-1"),
    ("another verdict", look(OPENED, DKIM, verdicts={REGION: Judged("UNKNOWN")}), "us-east-1 is UNKNOWN, and without faults BLOCKED"),
    ("no verdict", look(OPENED, DKIM, verdicts={}), "us-east-1 has a verdict only without faults"),
    ("other causes", look(OPENED, DKIM, verdicts={REGION: Judged("BLOCKED")}), "us-east-1 is BLOCKED also because of [], and not because of [('SENDING_PAUSED', 'CRITICAL', 'account')]"),
    ("other counters", look(OPENED, DKIM, counts={}), "us-east-1 account account 2026-11-01T00: {}, without faults"),
]  # fmt: skip


@pytest.mark.parametrize(("now", "says"), [each[1:] for each in TWIN], ids=[each[0] for each in TWIN])
def test_beside_the_twin_it_is_found(now: Look, says: str) -> None:
    found = like_twin(now, RIGHT)
    assert [each for each in found if each.startswith(says)], found


EXCUSES: list[tuple[Callable[[Excused], list[str]], Excused]] = [
    (lambda excused: when_calm(_twice(RIGHT), PUBLISHED, excused), Excused({"sns": 1})),
    (
        lambda excused: when_calm(replace(RIGHT, replies=(("0.1", "Over"),) * 2), PUBLISHED, excused),
        Excused({"slack": 1}),
    ),
    (
        lambda excused: after_step(
            RIGHT, look(OPENED, DKIM, dead=(Dead("feedback", "no words 1"),)), (), PUBLISHED, excused
        ),
        Excused(dead={("feedback", "no words 1"): "it is no feedback"}),
    ),
]


@pytest.mark.parametrize(("judged", "excused"), EXCUSES)
def test_an_excuse_is_good_for_what_it_is_for_and_no_more(
    judged: Callable[[Excused], list[str]], excused: Excused
) -> None:
    assert judged(excused) == []
    assert judged(NOTHING)


def test_a_seed_is_the_same_script_each_time_and_has_every_kind_of_fault() -> None:
    scripts = [written(3, 14, KINDS, START) for _ in range(2)]
    lines = [[step.line() for step in script.steps] for script in scripts]
    assert lines[0] == lines[1]
    assert [step.traffic.counts for step in scripts[0].steps] == [step.traffic.counts for step in scripts[1].steps]
    assert {kind.name for step in scripts[0].steps for kind in step.weather} == {kind.name for kind in KINDS}
    assert lines[0] != [step.line() for step in written(4, 14, KINDS, START).steps]
    assert not [step for step in scripts[0].steps if step.calm and step.weather]
