"""What happens in the demo: a morning at a bookshop, told by the monitor that watches its mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.demo.stack import DeployedMonitor

AUDITS_UNTIL_BLINDNESS_IS_TOLD = 3


@dataclass(frozen=True, slots=True)
class Chapter:
    """One turn of events: what happens to the world, and how many audits follow it."""

    title: str
    what: str
    happen: Callable[[DeployedMonitor], None]
    audits: int = 1
    identity_audits: int = 0


def _nothing(_: DeployedMonitor) -> None:
    """Leave the world as it is."""


def _trouble(monitor: DeployedMonitor) -> None:
    monitor.simulator.change("eu-west-1", account={"enforcement": "PROBATION"})
    monitor.simulator.fault("us-west-2", kind="throttle")
    monitor.simulator.fault("sa-east-1", kind="deny")


def _record_vanishes(monitor: DeployedMonitor) -> None:
    monitor.simulator.remove_record("harbour-gifts.example", "giftsb._domainkey", "CNAME")


def _record_returns(monitor: DeployedMonitor) -> None:
    monitor.simulator.add_record("harbour-gifts.example", "giftsb._domainkey", "CNAME", "giftsb.dkim.amazonses.com")


def _over(monitor: DeployedMonitor) -> None:
    monitor.simulator.change("ap-southeast-2", account={"sending_enabled": True})
    monitor.simulator.change("eu-west-1", account={"enforcement": "HEALTHY"})
    monitor.simulator.heal("us-west-2")
    monitor.simulator.heal("sa-east-1")


CHAPTERS = (
    Chapter(
        "The first audit",
        "Nobody knew: one region is in the sandbox, one was paused by hand and forgotten, one is near its quota.",
        _nothing,
    ),
    Chapter(
        "Nothing new",
        "The audit five minutes later finds the same. Nobody is told twice.",
        _nothing,
    ),
    Chapter(
        "Trouble",
        "AWS puts eu-west-1 under review. us-west-2 is throttled by somebody's script, and a service control policy"
        " denies sa-east-1: the monitor cannot see those two. One blind audit is no news; three in a row are.",
        _trouble,
        audits=AUDITS_UNTIL_BLINDNESS_IS_TOLD,
    ),
    Chapter(
        "It is over",
        "The review ends well, the throttling and the policy go, and somebody switches ap-southeast-2 on again.",
        _over,
    ),
    Chapter(
        "The identities",
        "Every hour each identity of every region is audited, with the DNS behind it. What is wrong there is a summary"
        " at first; DNS is asked twice before anything is said of it.",
        _nothing,
        audits=0,
        identity_audits=2,
    ),
    Chapter(
        "A record vanishes",
        "Somebody tidies up the zone of harbour-gifts.example and takes one of its three DKIM records out. SES goes on"
        " saying SUCCESS, for hours or days.",
        _record_vanishes,
        audits=0,
        identity_audits=2,
    ),
    Chapter(
        "The record is back",
        "It is published again, and SES never noticed.",
        _record_returns,
        audits=0,
        identity_audits=1,
    ),
)
