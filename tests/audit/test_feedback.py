"""The audit of what events opened: what is over is closed, what is unknown is left, and nobody flaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ses_monitor.audit import feedback
from ses_monitor.audit.feedback import TOGETHER, FeedbackAuditError, FeedbackOutcome, Seen, audit_feedback
from ses_monitor.checks.feedback import arrival
from ses_monitor.collect.regions import Regions
from ses_monitor.core.model import NOT_ASKED, Account, Quota, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.policy import Mute
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.stored import Phase, Stored
from ses_monitor.core.traffic import (
    Counts,
    FailingTemplate,
    Notice,
    Noticed,
    NoticeKind,
    Refusals,
    RefusedSender,
    Sender,
    Tally,
    hour_of,
)
from tests.audit.world import AUDIT, MemoryStore, words
from tests.build import ACCOUNT_ID, HEALTHY_ACCOUNT, NOW, THROTTLED

REGIONS = ("eu-west-1", "us-east-1")
EVERYWHERE = Regions(REGIONS, (), Known(frozenset(REGIONS)))
ONLY_IRELAND = Regions(("eu-west-1",), (), Known(frozenset(REGIONS)))
BLIND_LISTING = Missing(Blindness.DENIED, "account:ListRegions is denied", "account:ListRegions")


class NoAnswerError(Exception):
    """The table does not answer."""


@dataclass
class Counted:
    """What was counted, by region and name; a region may fail to answer."""

    senders: dict[tuple[str, str], dict[datetime, Counts]] = field(default_factory=dict)
    templates: dict[tuple[str, str], dict[datetime, int]] = field(default_factory=dict)
    notices: dict[tuple[str, str], Notice] = field(default_factory=dict)
    refused: dict[tuple[str, str], dict[datetime, int]] = field(default_factory=dict)
    regions: dict[str, dict[datetime, Counts]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def _ask(self, region: str, name: str) -> None:
        self.asked.append((region, name))
        if region in self.down:
            raise NoAnswerError(region)

    def sender(self, region: str, name: str, now: datetime, *, since: datetime | None = None) -> Sender:
        del now, since
        self._ask(region, name)
        return Sender(name, self.senders.get((region, name), {}))

    def template(self, region: str, name: str, now: datetime) -> FailingTemplate:
        del now
        self._ask(region, name)
        return FailingTemplate(name, self.templates.get((region, name), {}))

    def rejected(self, region: str, name: str, now: datetime) -> RefusedSender:
        del now
        self._ask(region, name)
        last = RefusedSend("SENDER_PENDING", name, told_by="log")
        hours = self.refused.get((region, name))
        return RefusedSender(name, (Refusals("SENDER_PENDING", hours, last),) if hours else ())

    def noticed(self, region: str, name: str) -> Noticed:
        self._ask(region, name)
        notice = self.notices.get((region, name))
        return Noticed(name, (notice,) if notice else ())

    def traffic(self, region: str, now: datetime) -> Sender:
        del now
        self._ask(region, "account")
        return Sender("account", self.regions.get(region, {}))


@dataclass
class Monitor:
    """Audits feedback, one audit after the other."""

    counted: Counted = field(default_factory=Counted)
    store: MemoryStore = field(default_factory=MemoryStore)
    regions: Regions = EVERYWHERE
    accounts: dict[str, Observed[Account]] = field(default_factory=dict)
    now: datetime = NOW
    seconds: float = 30
    ticks: list[float] = field(default_factory=list)

    def audit(self, *, after: timedelta = AUDIT) -> FeedbackOutcome:
        self.now += after
        snapshots = tuple(
            Snapshot(ACCOUNT_ID, region, self.now, account=each) for region, each in self.accounts.items()
        )
        seen = Seen(ACCOUNT_ID, self.regions, self.now, snapshots)
        clock = (lambda: self.ticks.pop(0) if len(self.ticks) > 1 else self.ticks[0]) if self.ticks else None
        more: dict[str, Any] = {"clock": clock} if clock else {}
        return audit_feedback(self.counted, self.store, seen, seconds=self.seconds, **more)

    def put(self, *stored: Stored) -> None:
        for each in stored:
            self.store.table[each.region, each.check_id, each.subject, each.tag] = each

    def phases(self) -> list[str]:
        return sorted(each.phase.value for each in self.store.table.values())


def opened(check_id: str, subject: str, tag: str, *, region: str = "eu-west-1", **other: Any) -> Stored:
    stored = Stored(
        region=region,
        check_id=f"feedback.{check_id}",
        subject=subject,
        tag=tag,
        severity=Severity.ERROR,
        phase=Phase.OPEN,
        version=1,
        seen=0,
        absent=0,
        first_seen=NOW - timedelta(days=1),
        opened_at=NOW - timedelta(days=1),
        written_at=NOW - timedelta(days=1),
        text="text",
        cause="cause",
        steps=(),
        evidence={},
    )
    return replace(stored, **other)


REJECTED = opened("rejects", "shop.example.com", "MESSAGE_REJECTED_VIRUS")
ABROAD = replace(REJECTED, region="us-east-1")
RENDERING = opened("rendering", "welcome", "RENDERING_FAILURE")
REFUSED = replace(opened("", "shop.example.com", "SENDER_PENDING"), check_id="rejection.identities")
ADVICE = opened("aws_notices", "shop.example.com", "ADVISOR_RECOMMENDATION", severity=Severity.NOTICE)
SILENT = opened("arrival", "account", "FEEDBACK_STOPPED", severity=Severity.WARNING)
NOTICE = Notice("shop.example.com", NoticeKind.ADVISOR, "SPF", True, NOW, "eu-west-1", "No SPF record.")


def sent(count: float) -> Known[Account]:
    return Known(replace(HEALTHY_ACCOUNT, quota=Known(Quota(50_000, 14, count))))


def today(**counts: int) -> dict[datetime, Counts]:
    return {hour_of(NOW): {Tally(name): count for name, count in counts.items()}}


@pytest.fixture
def monitor() -> Monitor:
    return Monitor()


def test_where_nothing_is_open_and_little_is_sent_nothing_is_read(monitor: Monitor) -> None:
    monitor.accounts = {"eu-west-1": sent(49)}
    monitor.put(replace(REJECTED, phase=Phase.RESOLVED))
    assert monitor.audit() == FeedbackOutcome()
    assert monitor.counted.asked == []


@pytest.mark.parametrize("finding", [REJECTED, RENDERING, ADVICE, REFUSED], ids=lambda each: each.tag)
def test_what_is_over_is_closed(monitor: Monitor, finding: Stored) -> None:
    monitor.put(finding)
    outcome = monitor.audit()
    assert words(outcome.changes) == [("eu-west-1", "resolved", finding.tag)]
    assert (outcome.subjects, outcome.left) == (1, 0)
    assert monitor.audit().changes == ()


@pytest.mark.parametrize("finding", [REJECTED, RENDERING, ADVICE, REFUSED], ids=lambda each: each.tag)
def test_what_is_still_so_stays_open(monitor: Monitor, finding: Stored) -> None:
    monitor.counted.senders["eu-west-1", "shop.example.com"] = today(rejects=2)
    monitor.counted.templates["eu-west-1", "welcome"] = {hour_of(NOW): 2}
    monitor.counted.notices["eu-west-1", "shop.example.com"] = NOTICE
    monitor.counted.refused["eu-west-1", "shop.example.com"] = {hour_of(NOW): 2}
    monitor.put(finding)
    assert monitor.audit().changes == ()
    assert monitor.phases() == ["open"]


def test_the_same_subject_is_looked_at_by_every_check_on_senders(monitor: Monitor) -> None:
    monitor.counted.senders["eu-west-1", "shop.example.com"] = today(complaints=1)
    monitor.put(REJECTED)
    assert words(monitor.audit().changes) == [
        ("eu-west-1", "opened", "COMPLAINT_RECEIVED"),
        ("eu-west-1", "resolved", "MESSAGE_REJECTED_VIRUS"),
    ]


def test_a_finding_may_ease(monitor: Monitor) -> None:
    monitor.put(opened("bounces", "shop.example.com", "BOUNCE_SPIKE", severity=Severity.ERROR))
    monitor.counted.senders["eu-west-1", "shop.example.com"] = today(sends=1000, hard_bounces=60)
    [change] = monitor.audit().changes
    assert (change.transition.value, change.severity) == ("eased", Severity.WARNING)


def test_a_region_whose_counters_cannot_be_read_keeps_what_is_open_and_holds_up_no_other(monitor: Monitor) -> None:
    monitor.put(REJECTED, ABROAD)
    monitor.counted.down = {"eu-west-1"}
    with pytest.raises(FeedbackAuditError, match="eu-west-1 could not be audited"):
        monitor.audit()
    assert monitor.store.open() == {("eu-west-1", "MESSAGE_REJECTED_VIRUS")}
    monitor.counted.down = set()
    assert words(monitor.audit().changes) == [("eu-west-1", "resolved", "MESSAGE_REJECTED_VIRUS")]


def test_a_table_that_cannot_be_written_closes_nothing(monitor: Monitor) -> None:
    monitor.put(REJECTED)
    monitor.store.down_for = {"eu-west-1"}
    with pytest.raises(FeedbackAuditError):
        monitor.audit()
    assert monitor.phases() == ["open"]


def test_senders_need_no_account_to_be_read(monitor: Monitor) -> None:
    monitor.accounts = {"eu-west-1": THROTTLED}
    monitor.put(REJECTED)
    assert words(monitor.audit().changes) == [("eu-west-1", "resolved", "MESSAGE_REJECTED_VIRUS")]


@pytest.mark.parametrize("regions", [ONLY_IRELAND, EVERYWHERE], ids=["left out", "audited"])
def test_what_events_open_in_a_region_that_is_audited_no_more_does_not_flap(monitor: Monitor, regions: Regions) -> None:
    monitor.regions = regions
    monitor.counted.senders["us-east-1", "shop.example.com"] = today(rejects=1)
    monitor.put(ABROAD)
    assert monitor.audit().changes == ()
    monitor.counted.senders.clear()
    assert words(monitor.audit().changes) == [("us-east-1", "resolved", "MESSAGE_REJECTED_VIRUS")]


def silence(monitor: Monitor, region: str = "eu-west-1") -> None:
    day = timedelta(days=1)
    monitor.counted.regions[region] = {hour_of(NOW - number * day): {Tally.DELIVERIES: 100} for number in range(3, 10)}


def test_where_much_is_sent_and_nothing_arrives_it_is_told_after_half_an_hour(monitor: Monitor) -> None:
    monitor.accounts = {region: sent(arrival.SENT) for region in REGIONS}
    silence(monitor)
    monitor.counted.regions["us-east-1"] = today(deliveries=3)
    told = [words(monitor.audit().changes) for _ in range(7)]
    assert told == [[], [], [], [], [], [("eu-west-1", "opened", "FEEDBACK_STOPPED")], []]
    monitor.counted.regions["eu-west-1"] |= {hour_of(monitor.now): {Tally.SENDS: 1}}
    assert words(monitor.audit().changes) == [("eu-west-1", "resolved", "FEEDBACK_STOPPED")]


def test_a_streak_is_not_forgotten_when_a_region_sends_less(monitor: Monitor) -> None:
    monitor.accounts = {"eu-west-1": sent(arrival.SENT)}
    silence(monitor)
    monitor.audit()
    monitor.accounts = {"eu-west-1": THROTTLED}
    monitor.audit()
    assert [(each.phase, each.seen) for each in monitor.store.table.values()] == [(Phase.WATCHED, 1)]


@pytest.mark.parametrize("account", [THROTTLED, NOT_ASKED, Known(replace(HEALTHY_ACCOUNT, quota=THROTTLED))])
def test_a_silence_whose_account_cannot_be_read_stays_open(monitor: Monitor, account: Observed[Account]) -> None:
    monitor.accounts = {"eu-west-1": account}
    silence(monitor)
    monitor.put(SILENT)
    assert monitor.audit().changes == ()
    assert monitor.phases() == ["open"]


def test_a_silence_in_a_region_that_is_audited_no_more_is_gone(monitor: Monitor) -> None:
    monitor.regions = ONLY_IRELAND
    monitor.put(replace(SILENT, region="us-east-1"))
    assert words(monitor.audit().changes) == [("us-east-1", "gone", "FEEDBACK_STOPPED")]
    assert monitor.counted.asked == []


def test_a_silence_stays_open_while_nobody_knows_which_regions_are_left_out(monitor: Monitor) -> None:
    monitor.regions = Regions(("eu-west-1",), (), BLIND_LISTING)
    silence(monitor, "us-east-1")
    monitor.put(replace(SILENT, region="us-east-1"))
    assert monitor.audit().changes == ()


def test_what_a_retired_check_left_open_is_gone(monitor: Monitor) -> None:
    monitor.put(opened("fashion", "shop.example.com", "OUT_OF_FASHION"), RENDERING)
    assert sorted(words(monitor.audit().changes)) == [
        ("eu-west-1", "gone", "OUT_OF_FASHION"),
        ("eu-west-1", "resolved", "RENDERING_FAILURE"),
    ]


@pytest.mark.parametrize(("unheard", "muted_by"), [(True, "quiet"), (False, "")])
def test_findings_of_feedback_are_no_baseline_and_what_nobody_heard_of_ends_muted(
    monitor: Monitor, unheard: bool, muted_by: str
) -> None:
    monitor.store.mutes_in_force = [Mute("quiet", "ops", "known", NOW + timedelta(days=1), region="eu-west-1")]
    monitor.put(replace(REJECTED, unheard=unheard))
    [change] = monitor.audit().changes
    assert (change.muted_by, change.baseline) == (muted_by, False)


def test_what_another_run_wrote_in_between_is_left_to_it(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor.put(REJECTED)
    read = monitor.store.findings("feedback")

    def then_it_worsens(*_: object) -> list[Stored]:
        monitor.put(replace(REJECTED, version=2))
        return read

    monkeypatch.setattr(monitor.store, "findings", then_it_worsens)
    outcome = monitor.audit()
    assert (outcome.changes, outcome.conflicts) == ((), 1)
    assert monitor.phases() == ["open"]


def many(count: int) -> Sequence[Stored]:
    return [replace(REJECTED, subject=f"s{number:04}.example.com") for number in range(count)]


def test_many_subjects_are_closed_in_parts(monitor: Monitor) -> None:
    monitor.put(*many(2 * TOGETHER + 1))
    outcome = monitor.audit()
    assert (outcome.subjects, len(outcome.changes)) == (2 * TOGETHER + 1, 2 * TOGETHER + 1)


def test_what_there_is_no_time_for_is_left_and_comes_first_in_a_later_run(monitor: Monitor) -> None:
    monitor.put(*many(3 * TOGETHER))
    monitor.counted.senders = {("eu-west-1", each.subject): today(rejects=1) for each in many(3 * TOGETHER)}
    asked: set[str] = set()
    for _ in range(3):
        monitor.counted.asked.clear()
        monitor.ticks = [0, 0, 99]
        outcome = monitor.audit()
        assert (outcome.subjects, outcome.left, outcome.changes) == (TOGETHER, 2 * TOGETHER, ())
        asked |= {name for _, name in monitor.counted.asked}
    assert len(asked) == 3 * TOGETHER


def test_a_check_that_crashes_is_counted_and_closes_nothing(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> Any:
        raise ZeroDivisionError

    whole = feedback.feedback_checks()
    broken = tuple(replace(each, evaluate=crash) if each.id == REJECTED.check_id else each for each in whole)
    monkeypatch.setattr(feedback, "feedback_checks", lambda: broken)
    monitor.put(REJECTED, replace(RENDERING))
    outcome = monitor.audit()
    assert (outcome.crashes, words(outcome.changes)) == (1, [("eu-west-1", "resolved", "RENDERING_FAILURE")])
    assert monitor.store.open() == {("eu-west-1", "MESSAGE_REJECTED_VIRUS")}
