"""A Slack bot, deployed: one message a finding, kept as it stands, with its thread; reminders; a storm that is no flood.

Each test troubles a region that no other test uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest

from ses_monitor.core.stored import Transition
from simulator.chat.receiver import Message
from simulator.demo.stack import BY_BOT, DeployedMonitor, wait_until
from simulator.embedded_aws import DeployError

pytestmark = pytest.mark.e2e

STORMY = ("ap-northeast-1", "ap-southeast-1", "ca-central-1", "eu-central-1", "us-west-1", "us-west-2")
IDENTITIES = 50
"""In each of these regions."""
MOST_MESSAGES = 10
AUDITS_UNTIL_THE_FIRST_IS_OVER = 2
FAULTS: tuple[dict[str, Any], ...] = (
    {"dkim": "FAILED"},
    {"dkim": "NOT_STARTED"},
    {"dkim": {"signing_enabled": False}},
    {"mail_from": {"status": "TEMPORARY_FAILURE"}},
    {"mail_from": {"status": "PENDING"}},
    {"feedback": {"bounce_topic": None, "forwarding": False}},
)
"""What an identity may suffer from. Each region has two of them, each of them two regions: twelve alerts."""


def identities(region: str, *faults: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": f"shop{number}.{region}.example"} | fault
        for number, fault in zip(range(IDENTITIES), cycle(faults or ({},)), strict=False)
    ]


WORLD = {
    "regions": {region: {"identities": identities(region)} for region in STORMY},
    "default_region": {"identities": [], "send_statistics": []},
}


@pytest.fixture(scope="module")
def monitor() -> Iterator[DeployedMonitor]:
    with DeployedMonitor(WORLD, stack_name="ses-monitor-threads") as deployed:
        deployed.audit()
        for _ in range(AUDITS_UNTIL_THE_FIRST_IS_OVER):
            deployed.audit_identities()
        deployed.wait_until_told()
        yield deployed


def audit(monitor: DeployedMonitor) -> None:
    monitor.audit()
    monitor.wait_until_told()


def enforcement(monitor: DeployedMonitor, region: str, status: str) -> None:
    monitor.simulator.change(region, account={"enforcement": status})
    audit(monitor)


def thread(monitor: DeployedMonitor, region: str) -> tuple[Message, Sequence[Message]]:
    """The message that tells of a region's account, as it stands now, and the replies to it."""
    [finding_id] = {change.finding_id for change in monitor.changes() if change.region == region} & {
        change.finding_id for change in monitor.changes()[-1:]
    }
    root, *replies = monitor.thread(finding_id)
    return root, replies


def test_a_finding_is_one_message_kept_as_it_stands_and_its_thread_says_what_happened(monitor: DeployedMonitor) -> None:
    region = "eu-west-1"
    before = len(monitor.simulator.chat.messages)
    enforcement(monitor, region, "PROBATION")
    opened, replies = thread(monitor, region)
    assert "ERROR: Under review in eu-west-1" in opened.shown()
    assert not replies

    enforcement(monitor, region, "SHUTDOWN")
    worsened, [said] = thread(monitor, region)
    assert (worsened.ts, worsened.edits) == (opened.ts, 1)
    assert "CRITICAL: Shut down in eu-west-1" in worsened.shown()
    assert "It was ERROR (Under review), it is CRITICAL now." in said.shown()
    assert said.broadcast

    enforcement(monitor, region, "HEALTHY")
    over, [_, last] = thread(monitor, region)
    assert (over.ts, over.edits) == (opened.ts, 2)
    assert "Over: Shut down in eu-west-1" in over.shown()
    assert "What to do" not in over.shown()
    assert "Over: Shut down in eu-west-1" in last.shown()
    assert not last.broadcast
    assert len(monitor.simulator.chat.messages) - before == 3
    assert not monitor.simulator.chat.refusals


def test_what_comes_back_within_a_day_goes_on_in_its_old_thread(monitor: DeployedMonitor) -> None:
    region = "eu-west-3"
    for status in ("SHUTDOWN", "HEALTHY", "SHUTDOWN"):
        enforcement(monitor, region, status)
    root, [_, again] = thread(monitor, region)
    assert "CRITICAL: Shut down in eu-west-3" in root.shown()
    assert "Again, for the 2nd time today: Shut down in eu-west-3" in again.shown()
    assert not again.broadcast
    enforcement(monitor, region, "HEALTHY")


def test_what_stays_open_is_told_again_once_its_time_has_come(monitor: DeployedMonitor) -> None:
    region = "us-east-2"
    enforcement(monitor, region, "SHUTDOWN")
    assert monitor.remind()["reminded"] == 0
    monitor.let_pass(timedelta(hours=4))
    assert monitor.remind()["reminded"] == 1
    assert monitor.remind()["reminded"] == 0
    monitor.wait_until_told()
    _, [reminder] = thread(monitor, region)
    assert "CRITICAL, still open after 4 hours: Shut down in us-east-2" in reminder.shown()
    assert reminder.broadcast
    [reminded] = [change for change in monitor.changes() if change.transition is Transition.REMINDED]
    assert (reminded.region, reminded.tag) == (region, "SHUT_DOWN")
    enforcement(monitor, region, "HEALTHY")


def test_a_storm_of_three_hundred_changes_is_ten_messages_at_most(monitor: DeployedMonitor) -> None:
    for number, region in enumerate(STORMY):
        faults = (FAULTS[number], FAULTS[(number + 1) % len(FAULTS)])
        monitor.simulator.change(region, identities=identities(region, *faults))
    known = {change.finding_id for change in monitor.changes()}
    before = {message.ts for message in monitor.simulator.chat.messages}
    with monitor.gathering_changes():
        monitor.audit_identities()
    monitor.wait_until_told(seconds=120)

    stormed = [change for change in monitor.changes() if change.finding_id not in known]
    assert len(stormed) >= IDENTITIES * len(STORMY)
    assert {(change.transition, change.baseline) for change in stormed} == {(Transition.OPENED, False)}
    messages = [message for message in monitor.simulator.chat.messages if message.ts not in before]
    assert 1 <= len(messages) <= MOST_MESSAGES
    everything = " ".join(" ".join(message.shown() for message in messages).split())
    assert "findings at once in" in everything
    all_of_them = "This lists all of them: `ses-monitor findings --all --since 1d"
    for change in stormed:
        named = change.subject in everything
        assert named or f"{all_of_them}`" in everything or f"--region {change.region}" in everything
    assert not monitor.simulator.chat.refusals


def test_the_day_is_told_in_one_message_once(monitor: DeployedMonitor) -> None:
    before = {message.ts for message in monitor.simulator.chat.messages}
    assert monitor.digest()["published"]
    assert not monitor.digest()["published"]

    def news() -> list[Message]:
        return [message for message in monitor.simulator.chat.messages if message.ts not in before]

    wait_until(lambda: bool(news()), lambda: "the digest", 60)
    [digest] = news()
    assert not digest.thread
    assert monitor.simulator.chat.refusals == ()


def test_a_bot_without_a_channel_is_refused_before_anything_is_deployed(monitor: DeployedMonitor) -> None:
    try:
        with pytest.raises(DeployError, match="SlackChannel, the id of the channel"):
            monitor.deploy(SlackChannel="")
    finally:
        monitor.deploy(**BY_BOT)
    audit(monitor)
