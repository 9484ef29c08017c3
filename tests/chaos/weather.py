"""The faults: what each does to a deployed monitor while a step lasts, and what nobody can see because of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

from simulator.chat.receiver import Scripted
from tests.chaos.observed import Blind
from tests.chaos.world import REGIONS, ZONES

if TYPE_CHECKING:
    from tests.chaos.side import Side

OF_RECORDS = ("dns.dkim_records", "dns.dmarc", "dns.mail_from_records", "dns.mailbox", "dns.verification_txt")
"""Checks of what stands in a zone. That none of its servers answers for it is what dns.name_servers is there to see."""
OF_AUDITS = ("account.", "region.", "identity.", "configuration_set.", "dns.")
"""Checks whose facts SES itself is asked for; feedback and refusals come by themselves."""


@dataclass
class Laid:
    """What a fault did: what is blind, what to do when the step is over, and what the step has to do for it."""

    blind: tuple[Blind, ...] = ()
    lift: Callable[[], None] = lambda: None
    needs: frozenset[str] = field(default_factory=frozenset)
    """Of: `second audit` (two at once), `old feedback` (told again), `no words` (unreadable feedback), `jump`,
    `new version`, `dead letters` (wait until there are some)."""
    happened: Callable[[], bool] = lambda: True
    """Whether the fault met anybody. One that did not is laid again at the next step."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. `once`: it is dear, and no seed needs it twice."""

    name: str
    lay: Callable[[Side, random.Random], Laid]
    once: bool = False


def _ses(kind: str, **more: int) -> Callable[[Side, random.Random], Laid]:
    def lay(side: Side, chance: random.Random) -> Laid:
        region = chance.choice(REGIONS)
        side.simulator.fault(region, "*", kind=kind, **more)
        blind = () if "times" in more else (Blind(OF_AUDITS, region, account=True),)
        side.note(region)
        return Laid(blind, lambda: side.simulator.heal(region))

    return lay


def _slow(side: Side, chance: random.Random) -> Laid:
    region = chance.choice(REGIONS)
    side.simulator.fault(region, delay_ms=chance.choice([150, 400]))
    side.note(region)
    return Laid(lift=lambda: side.simulator.heal(region))


def _silent(side: Side, chance: random.Random) -> Laid:
    region = chance.choice(REGIONS)
    side.simulator.fault(region, "GetAccount", kind="hang", times=1)
    side.note(region)
    return Laid(lift=lambda: side.simulator.heal(region))


def _listing(side: Side, chance: random.Random) -> Laid:
    """One operation fails: the listing of identities, so that nothing of any identity is known."""
    region = chance.choice(REGIONS)
    side.simulator.fault(region, "ListEmailIdentities", kind="deny")
    side.note(region)
    return Laid((Blind(("identity.",), region),), lambda: side.simulator.heal(region))


def _dns(kind: str, **more: int) -> Callable[[Side, random.Random], Laid]:
    def lay(side: Side, chance: random.Random) -> Laid:
        zone = chance.choice(ZONES)
        side.simulator.dns.fault(zone, kind=kind, **more)
        side.simulator.dns.fault(zone, kind=kind, server="resolver", **more)
        side.note(zone)
        return Laid((Blind(OF_RECORDS, subject=zone),), lambda: side.simulator.dns.heal(zone))

    return lay


def _dns_one_server(side: Side, chance: random.Random) -> Laid:
    zone = chance.choice(ZONES)
    side.simulator.dns.fault(
        zone, kind=chance.choice(["timeout", "refused", "garbage", "lame"]), server="ns1.dns.example"
    )
    side.note(zone)
    return Laid(lift=lambda: side.simulator.dns.heal(zone))


def _dns_dead(side: Side, _: random.Random) -> Laid:
    """A name server of all domains goes away; the other one answers."""
    side.simulator.dns.change({"servers": {"ns2.dns.example": {"state": "down"}}})
    return Laid(lift=lambda: side.simulator.dns.change({"servers": {"ns2.dns.example": {"state": "up"}}}))


def _dns_old(side: Side, chance: random.Random) -> Laid:
    """A server, or the resolver, still has the answer from before the record was published: nothing."""
    zone = chance.choice(ZONES)
    server = chance.choice(["ns1.dns.example", "ns2.dns.example", "resolver"])
    label = {"shop.example": "shopa", "news.example": "newsb", "gifts.example": "giftsc"}[zone]
    says = {"server": server, "name": f"{label}._domainkey", "type": "CNAME"}
    side.simulator.dns.change({"zones": {zone: {"says": [says]}}})
    side.note(f"{server} of {zone}")
    return Laid(lift=lambda: side.simulator.dns.change({"zones": {zone: {"says": []}}}))


def _slack_state(state: str) -> Callable[[Side, random.Random], Laid]:
    def lay(side: Side, _: random.Random) -> Laid:
        side.simulator.chat.set_state(state)  # type: ignore[arg-type]  # a Literal
        return Laid(lift=lambda: side.simulator.chat.set_state("open"))

    return lay


def _slack_stumbles(side: Side, chance: random.Random) -> Laid:
    answers = (Scripted(429, retry_after=1), Scripted(500), Scripted("reset"), Scripted(503))
    side.simulator.chat.script(*chance.sample(answers, 2))
    return Laid()


def _slack_takes_unsaid(side: Side, chance: random.Random) -> Laid:
    side.simulator.chat.script(chance.choice([Scripted("reset", accept=True), Scripted(500, accept=True)]))
    side.unsaid["slack"] += 1
    return Laid()


def _between(
    service: str,
    operation: str,
    function: str,
    kind: str,
    *,
    times: int | None = 1,
    after: Sequence[int] = (0,),
    delay_ms: int = 0,
    blind: tuple[Blind, ...] = (),
    needs: frozenset[str] = frozenset(),
) -> Callable[[Side, random.Random], Laid]:
    """Have something go wrong between a function and AWS, once so many requests have passed as is drawn of `after`."""

    def lay(side: Side, chance: random.Random) -> Laid:
        between = side.monitor.between
        passed = chance.choice(list(after))

        def met() -> int:
            return sum(
                count
                for (who, of, what, how), count in between.met.items()
                if how == kind and of == service and fnmatchcase(who, function) and fnmatchcase(what, operation)
            )

        before = met()
        between.fault(
            service,
            operation,
            function=function,
            kind=cast("Any", kind),
            times=times,
            after=passed,
            delay_ms=delay_ms,
        )
        return Laid(blind, between.heal, needs, lambda: met() > before)

    return lay


def _asks(what: str) -> Callable[[Side, random.Random], Laid]:
    return lambda _side, _chance: Laid(needs=frozenset({what}))


KINDS: tuple[Kind, ...] = (
    Kind("SES throttles", _ses("throttle")),
    Kind("SES throttles a little", _ses("throttle", times=3)),
    Kind("SES answers 503", _ses("error", status=503)),
    Kind("SES is slow", _slow),
    Kind("SES is silent", _silent),
    Kind("SES hangs up", _ses("reset", times=2)),
    Kind("SES answers garbage", _ses("garbage")),
    Kind("credentials for SES expired", _ses("expired")),
    Kind("SES denies", _ses("deny")),
    Kind("identities cannot be listed", _listing),
    Kind("DNS: SERVFAIL", _dns("servfail")),
    Kind("DNS: a server is of no use", _dns_one_server),
    Kind("DNS: a server is dead", _dns_dead),
    Kind("DNS: old answers", _dns_old),
    Kind("Slack is down", _slack_state("outage")),
    Kind("Slack's token is revoked", _slack_state("revoked")),
    Kind("Slack stumbles", _slack_stumbles),
    Kind("Slack takes and does not say so", _slack_takes_unsaid),
    Kind("two audits at once", _asks("second audit")),
    Kind("old feedback once more", _asks("old feedback")),
    Kind("feedback that cannot be read", _asks("no words")),
    Kind("the clock jumps", _asks("jump")),
    Kind("a new version is deployed", _asks("new version"), once=True),
    Kind(
        "an audit is killed between two writes",
        _between("dynamodb", "PutItem", "audit-accounts", "kill_before", after=(0, 1, 2)),
    ),
    Kind("an audit is killed after a transaction", _between("dynamodb", "Transact*", "audit-*", "kill_after")),
    Kind(
        "an identity audit is killed",
        _between("dynamodb", "*", "audit-identities", "kill_before", after=(1, 2, 4, 8)),
    ),
    Kind(
        "ingestion is killed in the middle of a batch",
        _between("dynamodb", "*", "ingest-feedback", "kill_before", after=(1, 2, 3)),
    ),
    Kind(
        "ingestion is killed after a write",
        _between("dynamodb", "Transact*", "ingest-feedback", "kill_after", after=(0, 1)),
    ),
    Kind("the publisher is killed after a message", _between("sns", "Publish", "publish-alerts", "kill_after")),
    Kind(
        "the function for Slack is killed before it can note",
        _between("dynamodb", "PutItem", "deliver-slack", "kill_before", after=(1, 2)),
    ),
    Kind("the table throttles audits", _between("dynamodb", "*", "audit-*", "throttle", times=3)),
    Kind("the table throttles ingestion", _between("dynamodb", "*", "ingest-feedback", "throttle", times=3)),
    Kind("the table throttles the publisher", _between("dynamodb", "*", "publish-alerts", "throttle", times=2)),
    Kind("the table answers 503", _between("dynamodb", "*", "*-*", "error", times=2)),
    Kind("the table hangs up", _between("dynamodb", "*", "audit-*", "reset", times=2)),
    Kind("the table is slow", _between("dynamodb", "*", "*", "slow", times=None, delay_ms=40)),
    Kind("the table is silent", _between("dynamodb", "*", "ingest-feedback", "hang"), once=True),
    Kind("answers of the table are lost", _between("dynamodb", "Transact*", "*", "lost", times=2)),
    Kind(
        "answers of the table are lost to Slack", _between("dynamodb", "PutItem", "deliver-slack", "lost", after=(0, 1))
    ),
    Kind(
        "credentials for the table expired",
        _between(
            "dynamodb",
            "*",
            "audit-accounts",
            "expired",
            times=None,
            blind=(Blind(("account.", "region.")),),
        ),
    ),
    Kind(
        "ingestion may not use the table for hours",
        _between("dynamodb", "*", "ingest-feedback", "deny", times=None, needs=frozenset({"dead letters"})),
        once=True,
    ),
    Kind("SNS is down", _between("sns", "*", "publish-alerts", "error", times=None)),
    Kind("SNS throttles", _between("sns", "*", "publish-alerts", "throttle", times=2)),
    Kind("an answer of SNS is lost", _between("sns", "Publish", "publish-alerts", "lost")),
    Kind("SQS throttles", _between("sqs", "SendMessage", "plan-identities", "throttle", times=2)),
    Kind("an answer of SQS is lost", _between("sqs", "SendMessage", "plan-identities", "lost")),
)


def drawn(chance: random.Random, stormy: Sequence[int], kinds: Sequence[Kind]) -> dict[int, list[Kind]]:
    """Give each stormy step its weather: every kind at least once, no step more than three kinds."""
    by_step: dict[int, list[Kind]] = {step: [] for step in stormy}
    places = list(stormy)
    chance.shuffle(places)
    for number, kind in enumerate(chance.sample(list(kinds), len(kinds))):
        by_step[places[number % len(places)]].append(kind)
    again = [kind for kind in kinds if not kind.once]
    for step in stormy:
        while len(by_step[step]) < 3 and chance.random() < 0.3:
            kind = chance.choice(again)
            if kind not in by_step[step]:
                by_step[step].append(kind)
    return by_step
