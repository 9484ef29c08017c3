import time
from collections.abc import Callable, Iterator
from typing import Any

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from simulator.dns.world import DnsWorld
from tests.simulator.dns_asking import RESOLVER, response, told

ZONE: dict[str, Any] = {"records": {"@": {"A": "192.0.2.1"}, "www": {"A": "192.0.2.2", "TXT": "www"}}}
ONE, TWO = "ns1.dns.example", "ns2.dns.example"


@pytest.fixture
def start() -> Iterator[Callable[..., DnsWorld]]:
    """A zone with what is given laid over it."""
    running: list[DnsWorld] = []

    def begin(**zone: Any) -> DnsWorld:
        running.append(DnsWorld({"zones": {"shop.example": {**ZONE, **zone}}}).__enter__())
        return running[-1]

    yield begin
    for each in running:
        each.close()
        assert each.failures == ()


@pytest.fixture
def world(start: Callable[..., DnsWorld]) -> DnsWorld:
    return start()


@pytest.mark.parametrize("kind", ["servfail", "refused", "formerr"])
@pytest.mark.parametrize("tcp", [False, True])
def test_a_server_that_refuses_is_passed_over_by_the_resolver(world: DnsWorld, kind: str, tcp: bool) -> None:
    world.fault("shop.example", kind=kind, server=ONE)
    assert told(world, "shop.example", "A", ONE, tcp=tcp) == kind.upper()
    assert told(world, "shop.example", "A", TWO, tcp=tcp) == ["192.0.2.1"]
    assert told(world, "shop.example", "A", tcp=tcp) == ["192.0.2.1"]


@pytest.mark.parametrize("kind", ["servfail", "refused", "formerr", "timeout", "badid", "garbage", "lame"])
def test_if_every_server_fails_the_resolver_fails(world: DnsWorld, kind: str) -> None:
    world.fault("shop.example", kind=kind)
    assert told(world, "shop.example", "A") == "SERVFAIL"
    world.heal("shop.example")
    assert told(world, "shop.example", "A") == ["192.0.2.1"]


@pytest.mark.parametrize("tcp", [False, True])
def test_a_silent_server_never_answers(world: DnsWorld, tcp: bool) -> None:
    world.fault("shop.example", kind="timeout", server=ONE)
    with pytest.raises(dns.exception.Timeout):
        response(world, "shop.example", "A", ONE, tcp=tcp, timeout=0.2)
    assert told(world, "shop.example", "A", TWO, tcp=tcp) == ["192.0.2.1"]


def test_a_slow_server_answers_rightly_and_late(world: DnsWorld) -> None:
    world.fault("shop.example", kind="slow", delay_ms=120, server=ONE)
    for tcp in (False, True):
        began = time.monotonic()
        assert told(world, "shop.example", "A", ONE, tcp=tcp) == ["192.0.2.1"]
        assert time.monotonic() - began >= 0.12


def test_a_truncating_server_is_whole_over_tcp(world: DnsWorld) -> None:
    world.fault("shop.example", kind="trunc")
    short = response(world, "shop.example", "A", ONE)
    assert short.flags & dns.flags.TC
    assert not short.answer
    assert told(world, "shop.example", "A", ONE, tcp=True) == ["192.0.2.1"]
    assert told(world, "shop.example", "A") == ["192.0.2.1"]


def test_an_answer_with_another_id_is_not_taken_for_one(world: DnsWorld) -> None:
    world.fault("shop.example", kind="badid")
    with pytest.raises((dns.query.BadResponse, dns.exception.Timeout)):
        response(world, "shop.example", "A", ONE, timeout=0.3)


def test_garbage_is_no_message(world: DnsWorld) -> None:
    world.fault("shop.example", kind="garbage")
    with pytest.raises((dns.exception.DNSException, ValueError)):
        response(world, "shop.example", "A", ONE, timeout=0.3)


def test_a_lame_server_has_neither_authority_nor_an_answer(world: DnsWorld) -> None:
    world.fault("shop.example", kind="lame", server=ONE)
    answer = response(world, "shop.example", "A", ONE)
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.flags & dns.flags.AA
    assert not answer.answer
    assert not answer.authority


def test_broken_dnssec_fails_until_validation_is_switched_off(world: DnsWorld) -> None:
    world.fault("shop.example", kind="bogus")
    answer = response(world, "shop.example", "A")
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert [option.code for option in answer.options if isinstance(option, dns.edns.EDEOption)] == [6]
    unchecked = dns.message.make_query("shop.example", "A", use_edns=0)
    unchecked.flags |= dns.flags.CD
    assert dns.query.udp(unchecked, world.resolver, timeout=2, port=world.port).answer
    assert told(world, "shop.example", "A", ONE) == ["192.0.2.1"]


def test_the_resolver_alone_can_fail(world: DnsWorld) -> None:
    world.fault("shop.example", kind="refused", server=RESOLVER)
    assert told(world, "shop.example", "A") == "REFUSED"
    assert told(world, "shop.example", "A", ONE) == ["192.0.2.1"]
    assert told(world, "example", "SOA") != "REFUSED"


@pytest.mark.parametrize(
    ("fault", "spoilt"),
    [
        ({}, {"shop.example A", "www.shop.example A", "www.shop.example TXT"}),
        ({"name": "@"}, {"shop.example A"}),
        ({"name": "www"}, {"www.shop.example A", "www.shop.example TXT"}),
        ({"name": "WWW.shop.example.", "type": "txt"}, {"www.shop.example TXT"}),
        ({"type": "A"}, {"shop.example A", "www.shop.example A"}),
    ],
)
def test_a_fault_concerns_the_names_and_types_it_names(
    world: DnsWorld, fault: dict[str, Any], spoilt: set[str]
) -> None:
    world.fault("shop.example", kind="servfail", **fault)
    questions = [("shop.example", "A"), ("www.shop.example", "A"), ("www.shop.example", "TXT")]
    assert {f"{name} {kind}" for name, kind in questions if told(world, name, kind, ONE) == "SERVFAIL"} == spoilt


def test_a_fault_heals_after_its_times(world: DnsWorld) -> None:
    world.fault("shop.example", kind="servfail", times=2)
    assert [told(world, "shop.example", "A", ONE) for _ in range(3)] == ["SERVFAIL", "SERVFAIL", ["192.0.2.1"]]


def test_faults_of_the_world_are_there_from_the_start_and_can_be_changed(start: Callable[..., DnsWorld]) -> None:
    world = start(faults=[{"kind": "servfail", "server": ONE}])
    assert told(world, "shop.example", "A", ONE) == "SERVFAIL"
    world.add_record("shop.example", "new", "A", "192.0.2.3")
    assert told(world, "new.shop.example", "A", ONE) == "SERVFAIL"
    world.change({"zones": {"shop.example": {"faults": []}}})
    assert told(world, "new.shop.example", "A", ONE) == ["192.0.2.3"]


def test_a_late_server_says_something_else(start: Callable[..., DnsWorld]) -> None:
    world = start(
        says=[{"server": TWO, "name": "www", "type": "TXT", "values": "old"}, {"server": TWO, "name": "@", "type": "A"}]
    )
    assert told(world, "www.shop.example", "TXT", ONE) == ["www"]
    assert told(world, "www.shop.example", "TXT", TWO) == ["old"]
    assert told(world, "shop.example", "A", TWO) == "NODATA"
    assert told(world, "www.shop.example", "TXT") == ["www"]


def test_the_resolver_can_still_have_the_old_answer(start: Callable[..., DnsWorld]) -> None:
    world = start(says=[
        {"server": RESOLVER, "name": "www", "type": "TXT", "values": "old", "ttl": 77},
        {"server": RESOLVER, "name": "late", "type": "A", "ttl": 1200},
    ], records={**ZONE["records"], "late": {"A": "192.0.2.9"}})  # fmt: skip
    assert told(world, "late.shop.example", "A", ONE) == ["192.0.2.9"]
    old = response(world, "www.shop.example", "TXT")
    assert (old.answer[0].ttl, old.answer[0][0].to_text()) == (77, '"old"')
    nothing = response(world, "late.shop.example", "A")
    assert nothing.rcode() == dns.rcode.NXDOMAIN
    assert nothing.authority[0].ttl == 1200


def test_what_is_wrong_with_the_simulator_itself_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with DnsWorld({"zones": {"shop.example": ZONE}}) as world:
        monkeypatch.setattr(world._answers, "_deliver", lambda *_: 1 / 0)
        assert told(world, "shop.example", "A") == "SERVFAIL"
        assert "division by zero" in world.failures[0]
