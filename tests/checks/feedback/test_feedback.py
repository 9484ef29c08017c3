"""What holds for the checks of feedback together: hostile figures and names, and findings that live for hours."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor import checks
from ses_monitor.core.check import Check
from ses_monitor.core.engine import run
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Known
from ses_monitor.core.settle import Rules, settle
from ses_monitor.core.stored import Stored
from ses_monitor.core.traffic import FailingTemplate, Noticed, NoticeKind, Sender, Tally, hour_of
from tests.build import LISTENING, NO_DATA, NOW, THROTTLED, counted, hour, notice, with_account, with_quota, with_sender
from tests.checks import rules

OURS = [check for check in checks.registered() if check.id.startswith("feedback.")]
BOUNCES, COMPLAINTS = (
    next(check for check in OURS if check.id == f"feedback.{name}") for name in ("bounces", "complaints")
)

COUNTS = st.dictionaries(st.sampled_from(Tally), st.integers(0, 3) | st.integers(0, 10**9), max_size=8)
HOURS = st.dictionaries(st.integers(-2, 400).map(hour), COUNTS, max_size=6)
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["{subject}", "'; rm -rf ~ #", "x" * 3000, "\u202e", "\ud800", "-", "HIGH"]
)
NOTICES = st.builds(
    notice,
    st.sampled_from(NoticeKind),
    TEXTS,
    holds=st.none() | st.booleans(),
    days=st.floats(-1, 20),
    text=TEXTS,
    impact=TEXTS,
    origin=TEXTS,
    resource=TEXTS,
)
WORLDS = st.builds(
    lambda name, account, hours, failed, facts, notices: replace(
        LISTENING,
        account=account.account,
        traffic=Known(Sender("account", hours)),
        senders=Known((Sender(name, hours),)),
        templates=Known((FailingTemplate(name, failed, **facts),)),
        noticed=Known((Noticed(name, tuple(notices)),)),
    ),
    TEXTS.filter(bool),
    st.sampled_from(
        [
            LISTENING,
            with_quota(sent=0),
            with_quota(sent=200),
            replace(LISTENING, account=THROTTLED),
            with_account(quota=NO_DATA),
        ]
    ),
    HOURS,
    st.dictionaries(st.integers(-2, 60).map(hour), st.integers(0, 10**6), max_size=4),
    st.fixed_dictionaries({}, optional=dict.fromkeys(("error", "attribute", "identity", "configuration_set"), TEXTS)),
    st.lists(NOTICES, max_size=8),
)


@given(WORLDS)
def test_whatever_was_counted_or_told_no_check_crashes_and_nothing_breaks_out_of_its_place(world: Snapshot) -> None:
    for check in OURS:
        for evaluation in run([check], world):
            assert not rules.crashed(evaluation), evaluation.unknown
            for finding in evaluation.findings:
                rules.reads_well(finding, world)
                rules.keeps_bounded_evidence(finding)


@pytest.mark.parametrize(("check", "tally"), [(BOUNCES, Tally.HARD_BOUNCES), (COMPLAINTS, Tally.COMPLAINTS)])
@given(sends=st.integers(0, 3_000), events=st.integers(0, 300), more=st.integers(1, 300), ago=st.integers(0, 24))
def test_more_trouble_is_never_told_as_less(
    check: Check[Any], tally: Tally, sends: int, events: int, more: int, ago: int
) -> None:
    def worst(count: int) -> int:
        told = run([check], with_sender({hour(ago): {Tally.SENDS: sends + 300, tally: count}}))
        return max((each.severity for one in told for each in one.findings if not each.holds_only), default=0)

    assert worst(min(events + more, 300)) >= worst(events)


@pytest.mark.parametrize("check", [check for check in OURS if check.scope is Scope.SENDER], ids=lambda check: check.id)
def test_a_sender_is_judged_by_its_own_mail(check: Check[Any]) -> None:
    bad = Sender("bad.example.com", counted(0, **dict.fromkeys(map(str, Tally), 1_000)))
    good = Sender("good.example.com", counted(0, sends=1_000, deliveries=1_000))
    evaluations = {each.subject: each for each in run([check], replace(LISTENING, senders=Known((bad, good))))}
    assert evaluations["bad.example.com"].findings
    assert not evaluations["good.example.com"].findings


def test_an_ordinary_account_whose_sends_are_not_told_is_no_cause_for_alarm() -> None:
    an_hour = {
        Tally.HARD_BOUNCES: 10,
        Tally.OTHER_BOUNCES: 20,
        Tally.DELAYS_SPAM: 1,
        Tally.DELAYS_IP: 1,
        Tally.DELAYS_OTHER: 40,
    }
    month = {hour(ago): an_hour for ago in range(15 * 24)}
    world = with_sender(month, base=replace(LISTENING, account=with_quota(sent=33_000).account))
    evaluations = list(run(OURS, replace(world, traffic=Known(Sender("account", month)))))
    assert {tag for each in evaluations for tag in each.undecided} >= {"BOUNCE_SPIKE", "DELIVERY_DELAYED"}
    assert [finding for each in evaluations for finding in each.findings] == []


def lived(
    check: Check[Any], hours: Mapping[datetime, Mapping[Tally, int]], until: float
) -> list[tuple[float, str, str, Severity]]:
    """What audits every five minutes have to say, and after how many hours; the counters of an hour come with it."""
    rules_of_it = Rules(frozenset({check.id}), checks.diagnoses([check]))
    table: dict[str, Stored] = {}
    told: list[tuple[float, str, str, Severity]] = []
    for step in range(int(until * 12) + 1):
        at = NOW + step * timedelta(minutes=5)
        known = {start: counts for start, counts in hours.items() if hour_of(at) - timedelta(hours=24) <= start <= at}
        world = replace(with_sender(known), taken_at=at)
        settlement = settle(world, table.values(), list(run([check], world)), rules_of_it)
        writes = [write for recorded in settlement.changes for write in recorded.writes] + list(settlement.quiet)
        table |= {write.after.finding_id: write.after for write in writes}
        changes = [recorded.change for recorded in settlement.changes]
        told += [(step / 12, each.transition.value, each.tag, each.severity) for each in changes]
    return told


def test_a_mailing_every_other_hour_is_one_finding_that_closes_some_hours_after_the_last() -> None:
    mailings = {hour(ago): {Tally.SENDS: 60, Tally.HARD_BOUNCES: 12} for ago in (0, -2, -4, -6)}
    told = lived(BOUNCES, {**counted(8, sends=30_000), **mailings}, until=12)
    assert told == [
        (0.0, "opened", "BOUNCE_SPIKE", Severity.WARNING),
        (10.0, "resolved", "BOUNCE_SPIKE", Severity.WARNING),
    ]


def test_much_good_mail_is_an_answer_to_a_bad_hour() -> None:
    told = lived(BOUNCES, {**counted(0, sends=60, hard_bounces=12), **counted(-1, sends=30_000)}, until=3)
    assert told == [
        (0.0, "opened", "BOUNCE_SPIKE", Severity.WARNING),
        (1.0, "resolved", "BOUNCE_SPIKE", Severity.WARNING),
    ]


def test_a_day_that_goes_bad_worsens_and_eases_as_it_passes() -> None:
    told = lived(
        BOUNCES, {**counted(0, sends=900, hard_bounces=50), **counted(-2, sends=100, hard_bounces=60)}, until=30
    )
    assert told == [
        (0.0, "opened", "BOUNCE_SPIKE", Severity.WARNING),
        (2.0, "worsened", "BOUNCE_SPIKE", Severity.ERROR),
        (25.0, "resolved", "BOUNCE_SPIKE", Severity.ERROR),
    ]


def test_a_complaint_is_told_once_and_is_over_after_a_day() -> None:
    hours = {**counted(0, sends=5_000, complaints=1), **counted(-5, sends=5_000, complaints=3)}
    assert [each[:3] for each in lived(COMPLAINTS, hours, until=31)] == [
        (0.0, "opened", "COMPLAINT_RECEIVED"),
        (30.0, "resolved", "COMPLAINT_RECEIVED"),
    ]
