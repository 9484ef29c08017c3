"""What is true of SES while the weeks go by: four regions, their identities and DNS, and what happens to them.

Happenings are facts, not faults: both the monitor in bad weather and its twin in good weather live through them. Each
has an end, so that at a calm point only what has lasted for many hours is left to compare.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from simulator.feedback_traffic import From
from simulator.server import Simulator

HOME, SECOND, SANDBOXED, QUIET = "eu-west-1", "us-east-1", "eu-north-1", "ap-south-1"
REGIONS = (HOME, SECOND, SANDBOXED, QUIET)
SENDERS = (
    From(HOME, "shop.example", "transactional"),
    From(HOME, "news.example", "newsletter"),
    From(SECOND, "shop.example", "transactional"),
)
ZONES = ("shop.example", "news.example", "gifts.example")
"""Domains whose DNS the weather may spoil."""

_DETAILS = {"mail_type": "TRANSACTIONAL", "website_url": "https://shop.example"}
BEGINNING: Mapping[str, Any] = {
    "account_id": "123456789012",
    "regions": {
        HOME: {
            "account": {"quota": {"max_24_hour": 50_000, "max_rate": 14, "sent_last_24_hours": 12_000}},
            "identities": [
                {"name": "shop.example", "dkim": {"tokens": ["shopa", "shopb", "shopc"]}},
                {"name": "news.example", "dkim": {"tokens": ["newsa", "newsb", "newsc"]}},
                {"name": "gifts.example", "dkim": {"tokens": ["giftsa", "giftsb", "giftsc"]}},
                {"name": "orders@shop.example"},
            ],
            "configuration_sets": [{"name": "transactional"}, {"name": "newsletter"}],
            "send_statistics": [{"per_hour": 500}],
        },
        SECOND: {
            "account": {"quota": {"max_24_hour": 50_000, "max_rate": 14, "sent_last_24_hours": 2_400}},
            "identities": [{"name": "shop.example", "dkim": {"tokens": ["usa", "usb", "usc"]}}],
            "configuration_sets": [{"name": "transactional"}],
            "send_statistics": [{"per_hour": 100}],
        },
        SANDBOXED: {
            "account": {"production_access": False, "details": _DETAILS},
            "identities": [{"name": "butik.example"}],
            "send_statistics": [{"per_hour": 1}],
        },
        # Its addresses send too little for its silence to say anything (feedback.arrival).
        QUIET: {"identities": [{"name": "dukaan.example"}], "send_statistics": [{"per_hour": 1}]},
    },
    "default_region": {"account": {"production_access": False}, "identities": [], "send_statistics": []},
}
REFUSED = (
    "MessageRejected: An error occurred (MessageRejected) when calling the SendEmail operation: Email address is not"
    f" verified. The following identities failed the check in region {QUIET.upper()}: sales@stranger.example"
)
LOG_GROUP = "/aws/lambda/shop-checkout"


class World:
    """Changes a simulated SES, and remembers its lists, which can only be replaced as a whole."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._regions = deepcopy({name: dict(facts) for name, facts in BEGINNING["regions"].items()})

    def account(self, region: str, **facts: object) -> None:
        """Lay facts over the account of a region."""
        self._simulator.change(region, account=facts)

    def metrics(self, region: str, **facts: object) -> None:
        """Lay facts over what CloudWatch says of a region's reputation."""
        self._simulator.change(region, metrics=facts)

    def put(self, region: str, kind: str, name: str, **facts: object) -> None:
        """Let an identity or a configuration set (`kind` is the list's name) be so, new or as it began but for that."""
        began = [each for each in BEGINNING["regions"][region].get(kind, []) if each["name"] == name]
        self._replace(region, kind, name, {"name": name, **(began[0] if began else {}), **facts})

    def drop(self, region: str, kind: str, name: str) -> None:
        """Delete an identity or a configuration set."""
        self._replace(region, kind, name, None)

    def records(self, zone: str, records: Mapping[str, Sequence[str]]) -> None:
        """Let these CNAMEs stand in a zone; no values: none at this name."""
        for name, values in records.items():
            self._simulator.dns.set_record(zone, name, "CNAME", *values)

    def _replace(self, region: str, kind: str, name: str, facts: dict[str, Any] | None) -> None:
        there = [dict(each) for each in self._regions[region].get(kind, [])]
        place = next((i for i, each in enumerate(there) if each["name"] == name), len(there))
        there[place : place + 1] = [] if facts is None else [facts]
        self._regions[region][kind] = there
        self._simulator.change(region, **{kind: there})


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that begins to be so at one step and ends at a later one."""

    what: str
    begin: Callable[[World], None]
    end: Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """One of both, at a step."""

    what: str
    do: Callable[[World], None]


def _account(what: str, region: str, before: Mapping[str, Any], during: Mapping[str, Any]) -> Happening:
    return Happening(
        f"{what} in {region}",
        lambda world: world.account(region, **during),
        lambda world: world.account(region, **before),
    )


def _listed(what: str, region: str, kind: str, name: str, **facts: object) -> Happening:
    return Happening(
        f"{what} in {region}",
        lambda world: world.put(region, kind, name, **facts),
        lambda world: world.put(region, kind, name),
    )


def _records(
    what: str, zone: str, began: Mapping[str, Sequence[str]], during: Mapping[str, Sequence[str]]
) -> Happening:
    return Happening(what, lambda world: world.records(zone, during), lambda world: world.records(zone, began))


def _target(token: str) -> tuple[str]:
    return (f"{token}.dkim.amazonses.com",)


HAPPENINGS: tuple[Happening, ...] = (
    _account("sending paused", SECOND, {"sending_enabled": True}, {"sending_enabled": False}),
    _account("a review", QUIET, {"enforcement": "HEALTHY"}, {"enforcement": "PROBATION"}),
    _account("a shutdown", QUIET, {"enforcement": "HEALTHY"}, {"enforcement": "SHUTDOWN"}),
    _account("production access", SANDBOXED, {"production_access": False}, {"production_access": True}),
    _account(
        "86 % of the quota", HOME, {"quota": {"sent_last_24_hours": 12_000}}, {"quota": {"sent_last_24_hours": 43_000}}
    ),
    _account(
        "the quota used up", HOME, {"quota": {"sent_last_24_hours": 12_000}}, {"quota": {"sent_last_24_hours": 50_000}}
    ),
    _account(
        "no suppression list", SECOND, {"suppressed_reasons": ["BOUNCE", "COMPLAINT"]}, {"suppressed_reasons": []}
    ),
    _listed("gifts.example failed", HOME, "identities", "gifts.example", verification={"status": "FAILED"}),
    _listed(
        "DKIM of news.example fails for a while",
        HOME,
        "identities",
        "news.example",
        dkim={"status": "TEMPORARY_FAILURE", "tokens": ["newsa", "newsb", "newsc"]},
    ),
    _listed(
        "MAIL FROM of shop.example failed",
        HOME,
        "identities",
        "shop.example",
        mail_from={"domain": "bounce.shop.example", "status": "FAILED"},
    ),
    _listed("newsletter is paused", HOME, "configuration_sets", "newsletter", sending_enabled=False),
    _records("a DKIM record dropped", "shop.example", {"shopb._domainkey": _target("shopb")}, {"shopb._domainkey": ()}),
    _records(
        "a DKIM record with the domain twice",
        "news.example",
        {"newsa._domainkey": _target("newsa"), "newsa._domainkey.news.example": ()},
        {"newsa._domainkey": (), "newsa._domainkey.news.example": _target("newsa")},
    ),
    Happening(
        f"a new identity pends in {SECOND}",
        lambda world: world.put(SECOND, "identities", "fresh.example", verification={"status": "PENDING"}),
        lambda world: world.put(SECOND, "identities", "fresh.example"),
    ),
    Happening(
        f"an identity that failed in {QUIET} is deleted",
        lambda world: world.put(QUIET, "identities", "gone.example", verification={"status": "FAILED"}),
        lambda world: world.drop(QUIET, "identities", "gone.example"),
    ),
    Happening(
        f"6 % of the mail bounces in {HOME}",
        lambda world: world.metrics(HOME, bounce_rate=0.06),
        lambda world: world.metrics(HOME, bounce_rate=0.004),
    ),
)


def turns(chance: random.Random, steps: int) -> dict[int, list[Turn]]:
    """Draw when each happening begins and ends; what is about the same thing never overlaps."""
    by_step: dict[int, list[Turn]] = {}
    free: dict[str, int] = {}
    order = list(HAPPENINGS)
    chance.shuffle(order)
    for happening in order:
        about = _ABOUT.get(happening.what, happening.what)
        first = max(1, free.get(about, 1))
        for _ in range(2):
            if first >= steps - 3:
                break
            begin = chance.randrange(first, max(first + 1, min(steps - 3, first + steps // 3)))
            end = begin + chance.randint(2, max(3, steps // 5))
            by_step.setdefault(begin, []).append(Turn(f"{happening.what}", happening.begin))
            if end < steps:
                by_step.setdefault(end, []).append(Turn(f"over: {happening.what}", happening.end))
            first = free[about] = end + 2
            if chance.random() < 0.5:
                break
    return by_step


_ABOUT = {
    f"a review in {QUIET}": "enforcement",
    f"a shutdown in {QUIET}": "enforcement",
    f"86 % of the quota in {HOME}": "quota",
    f"the quota used up in {HOME}": "quota",
}
