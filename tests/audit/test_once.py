"""One look without a table: every fact of its own, within bounded time, and nothing that only several looks can know."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as OutOfTimeError
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ses_monitor.audit import deadlines
from ses_monitor.audit.deadlines import Deadlines, ImpatientReader
from ses_monitor.audit.once import Look, Report, look_at_accounts, report
from ses_monitor.checks.region import coverage
from ses_monitor.collect.regions import Regions
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.verdict import Verdict
from tests.build import BLIND, HEALTHY, HEALTHY_ACCOUNT, HEALTHY_REPUTATION, NOW, THROTTLED, with_account, with_quota

REFUSED = Missing(Blindness.CREDENTIALS, "ses:GetAccount was not accepted with these credentials", "ses:GetAccount")


class Reader:
    """Answers as it is told to."""

    def __init__(self, **answers: Any) -> None:
        facts: dict[str, Any] = {
            "account": Known(HEALTHY_ACCOUNT),
            "statistics": HEALTHY.statistics,
            "has_verified_identity": Known(value=True),
            "reputation": Known(HEALTHY_REPUTATION),
        }
        self._answers = facts | answers

    def _answer(self, name: str, region: str) -> Any:
        answer = self._answers[name]
        return answer(region) if callable(answer) else answer

    def account(self, region: str) -> Any:
        return self._answer("account", region)

    def statistics(self, region: str) -> Any:
        return self._answer("statistics", region)

    def has_verified_identity(self, region: str) -> Any:
        return self._answer("has_verified_identity", region)

    def reputation(self, region: str, now: datetime) -> Any:
        assert now == NOW
        return self._answer("reputation", region)


@pytest.fixture
def hang() -> Any:
    """A read that ends only when the test does."""
    ended = threading.Event()

    def read(_region: str) -> Any:
        ended.wait()

    yield read
    ended.set()


def looked(reader: Any, regions: Regions, home: str = "eu-west-1") -> dict[str, Report | None]:
    asked = Look(regions, home, frozenset(), NOW)
    seen = look_at_accounts(reader, asked, crashed=lambda _region, _error: None)
    return {region: None if snapshot is None else report(snapshot) for region, snapshot in seen}


def in_regions(*names: str, listing: Any = None) -> Regions:
    return Regions(names, (), listing or Known(frozenset(names)))


@pytest.mark.parametrize(
    ("snapshot", "verdict", "tags"),
    [
        (HEALTHY, Verdict.DELIVERS, []),
        (with_account(sending_enabled=False), Verdict.BLOCKED, ["SENDING_PAUSED"]),
        (with_quota(42_500), Verdict.AT_RISK, ["QUOTA_NEARLY_EXHAUSTED"]),
        (BLIND, Verdict.UNKNOWN, []),
    ],
)
def test_a_snapshot_is_judged_by_itself(snapshot: Snapshot, verdict: Verdict, tags: list[str]) -> None:
    one = report(snapshot)
    assert one.verdict.verdict is verdict
    assert [each.finding.tag for each in one.findings] == tags


def test_what_only_holds_an_open_finding_is_no_finding() -> None:
    assert [each.finding.severity.name for each in report(with_quota(46_500)).findings] == ["WARNING"]


def test_a_blind_spot_that_no_check_tells_of_is_told_once_for_the_region() -> None:
    listing = Missing(Blindness.DENIED, "account:ListRegions is denied", "account:ListRegions")
    unseen = report(replace(HEALTHY, enabled_regions=listing)).unseen
    assert [(each.check_id, each.reason) for each in unseen] == [(coverage.CHECK.id, listing.reason)]
    assert coverage.CHECK.id not in {each.check_id for each in report(BLIND).unseen}


def test_blindness_costs_its_own_region_only() -> None:
    reader = Reader(account=lambda region: THROTTLED if region == "us-east-1" else Known(HEALTHY_ACCOUNT))
    found = looked(reader, in_regions("eu-west-1", "us-east-1"))
    verdicts = {name: each.verdict.verdict for name, each in found.items() if each}
    assert verdicts == {"eu-west-1": Verdict.DELIVERS, "us-east-1": Verdict.UNKNOWN}


def test_a_region_nobody_opted_in_to_has_no_report_where_the_regions_could_not_be_listed() -> None:
    reader = Reader(account=REFUSED)
    unlisted = in_regions("eu-south-1", "eu-west-1", listing=THROTTLED)
    found = looked(reader, unlisted)
    assert found["eu-south-1"] is None
    assert found["eu-west-1"] is not None


def test_the_listing_is_accounted_for_in_one_region_even_if_home_is_not_audited() -> None:
    found = looked(Reader(), in_regions("us-east-1", "us-west-2", listing=THROTTLED), home="eu-west-1")
    told = [name for name, each in found.items() if each and any(THROTTLED.reason == one.reason for one in each.unseen)]
    assert told == ["us-east-1"]


@pytest.mark.parametrize(
    ("read", "action"),
    [
        ("account", "ses:GetAccount"),
        ("statistics", "ses:GetSendStatistics"),
        ("has_verified_identity", "ses:ListEmailIdentities"),
        ("reputation", "cloudwatch:GetMetricData"),
    ],
)
def test_a_read_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, hang: Callable[[str], Any], read: str, action: str
) -> None:
    monkeypatch.setattr(deadlines, "ACCOUNT_SECONDS", 0.05)
    monkeypatch.setattr(deadlines, "DETAIL_SECONDS", 0.05)
    reader = ImpatientReader(Reader(**{read: hang}), Deadlines())
    arguments = ("eu-west-1", NOW) if read == "reputation" else ("eu-west-1",)
    answer = getattr(reader, read)(*arguments)
    assert isinstance(answer, Missing)
    assert (answer.why, answer.action) == (Blindness.TIMED_OUT, action)


def test_a_listing_that_hangs_leaves_every_region_to_be_tried(
    monkeypatch: pytest.MonkeyPatch, hang: Callable[[str], Any]
) -> None:
    monkeypatch.setattr(deadlines, "LISTING_SECONDS", 0.05)
    monkeypatch.setattr(deadlines, "find_regions", lambda *_: hang("any"))
    monkeypatch.setattr(deadlines, "ses_regions", lambda *_: ("eu-west-1", "us-east-1"))
    found = deadlines.find_regions_soon(None, "eu-west-1", (), Deadlines())  # type: ignore[arg-type] # nothing is asked
    assert found.audited == ("eu-west-1", "us-east-1")
    assert isinstance(found.listing, Missing)


def test_a_call_in_time_gives_its_answer_or_its_error() -> None:
    deadlines = Deadlines()
    assert deadlines.within(30, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        deadlines.within(30, lambda: 1 // 0)


def test_an_answer_that_comes_too_late_is_dropped(hang: Callable[[str], Any]) -> None:
    with pytest.raises(OutOfTimeError):
        Deadlines().within(0.05, lambda: hang("any"))


def test_giving_up_frees_those_who_wait_now_and_later(hang: Callable[[str], Any]) -> None:
    deadlines = Deadlines()
    freed: list[BaseException] = []

    def wait() -> None:
        try:
            deadlines.within(3600, lambda: hang("any"))
        except CancelledError as error:
            freed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    until = time.monotonic() + 30
    while not deadlines._waiting:
        assert time.monotonic() < until
        time.sleep(0.001)
    deadlines.give_up()
    waiting.join(timeout=30)
    assert len(freed) == 1
    with pytest.raises(CancelledError):
        deadlines.within(3600, lambda: hang("any"))
