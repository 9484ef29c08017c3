"""Name servers that disagree, fail, or are none: each is told apart, and none of it means that a record is missing."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ses_monitor.core.dns import Outcome
from ses_monitor.core.observed import Blindness, Known, Missing
from simulator.dns.world import DnsWorld
from tests.collect.dns.asking import lookup_of, proof_of, world, zone_of

StartDns = Callable[[Mapping[str, Any]], DnsWorld]
RECORDS = {"_dmarc": {"TXT": "v=DMARC1; p=none"}}
QUICKLY: dict[str, Any] = {"timeout_s": 0.6, "resolver_timeout_s": 1.2}

FAULTS = (
    ("servfail", Outcome.SERVFAIL, Blindness.SERVICE_ERROR),
    ("refused", Outcome.REFUSED, Blindness.SERVICE_ERROR),
    ("formerr", Outcome.BROKEN, Blindness.SERVICE_ERROR),
    ("timeout", Outcome.TIMED_OUT, Blindness.TIMED_OUT),
    ("garbage", Outcome.BROKEN, Blindness.SERVICE_ERROR),
    ("lame", Outcome.BROKEN, Blindness.SERVICE_ERROR),
)
each_fault = pytest.mark.parametrize(("kind", "outcome", "why"), FAULTS, ids=[each[0] for each in FAULTS])


@each_fault
def test_a_fault_at_every_server_leaves_the_record_unknown(
    start_dns: StartDns, kind: str, outcome: Outcome, why: Blindness
) -> None:
    dns = start_dns(world(RECORDS, faults=[{"kind": kind, "name": "_dmarc"}]))

    lookup = lookup_of(dns, "_dmarc", "TXT", **QUICKLY)

    assert [each.answer.outcome for each in lookup.authoritative] == [outcome, outcome]
    told = lookup.told()
    assert isinstance(told, Missing)
    assert told.why is why


@each_fault
def test_a_fault_at_one_server_leaves_the_word_to_the_others(
    start_dns: StartDns, kind: str, outcome: Outcome, why: Blindness
) -> None:
    del why
    dns = start_dns(world(RECORDS, faults=[{"kind": kind, "server": "ns1.dns.example"}]))

    lookup = lookup_of(dns, "_dmarc", "TXT", **QUICKLY)

    assert [(each.server, each.answer.outcome) for each in lookup.authoritative] == [
        ("ns1.dns.example", outcome),
        ("ns2.dns.example", Outcome.FOUND),
    ]
    assert lookup.told() == Known(lookup.authoritative[1].answer)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("servfail", Outcome.SERVFAIL),
        ("refused", Outcome.REFUSED),
        ("timeout", Outcome.TIMED_OUT),
        ("garbage", Outcome.BROKEN),
    ],
)
def test_a_resolver_that_fails_leaves_unknown_what_it_sees_and_not_what_is_published(
    start_dns: StartDns, kind: str, outcome: Outcome
) -> None:
    dns = start_dns(world(RECORDS, faults=[{"kind": kind, "server": "resolver", "name": "_dmarc"}]))

    lookup = lookup_of(dns, "_dmarc", "TXT", **QUICKLY)

    assert lookup.resolver.outcome is outcome
    assert isinstance(lookup.seen(), Missing)
    assert isinstance(lookup.told(), Known)


@pytest.mark.parametrize("kind", ["trunc", "slow"])
def test_an_answer_over_tcp_or_late_is_an_answer(start_dns: StartDns, kind: str) -> None:
    fault = {"kind": kind, "delay_ms": 100} if kind == "slow" else {"kind": kind}
    dns = start_dns(world(RECORDS, faults=[fault]))

    assert isinstance(lookup_of(dns, "_dmarc", "TXT").told(), Known)


def test_a_packet_that_is_lost_is_sent_again(start_dns: StartDns) -> None:
    dns = start_dns(world(RECORDS, faults=[{"kind": "timeout", "name": "_dmarc", "times": 1}]))

    assert len(lookup_of(dns, "_dmarc", "TXT", timeout_s=1.5).answered) == 2


def test_servers_that_say_different_things_disagree(start_dns: StartDns) -> None:
    late = {"server": "ns2.dns.example", "name": "_dmarc", "type": "TXT", "values": []}
    lookup = lookup_of(start_dns(world(RECORDS, says=[late])), "_dmarc", "TXT")

    assert lookup.disagree
    assert [each.answer.outcome for each in lookup.authoritative] == [Outcome.FOUND, Outcome.NO_SUCH_NAME]
    assert isinstance(lookup.told(), Missing)


def test_the_same_records_in_another_order_and_case_are_no_disagreement(start_dns: StartDns) -> None:
    records = {"m": {"MX": ["10 one.example", "20 two.example"]}}
    other = {"server": "ns2.dns.example", "name": "m", "type": "MX", "values": ["20 TWO.example", "10 one.example"]}

    assert not lookup_of(start_dns(world(records, says=[other])), "m", "MX").disagree


def test_each_server_answers_for_the_apex(start_dns: StartDns) -> None:
    dns = start_dns(world(RECORDS, faults=[{"kind": "lame", "server": "ns2.dns.example"}]))

    zone = zone_of(proof_of(dns))

    assert [(each.server, each.answer.outcome) for each in zone.apex_answers] == [
        ("ns1.dns.example", Outcome.FOUND),
        ("ns2.dns.example", Outcome.BROKEN),
    ]
    assert [each.addresses for each in zone.servers] == [
        (dns.address("ns1.dns.example"),),
        (dns.address("ns2.dns.example"),),
    ]


def test_a_domain_whose_servers_all_refuse_it_is_found_past_the_resolver(start_dns: StartDns) -> None:
    proof = proof_of(start_dns(world(RECORDS, faults=[{"kind": "refused"}])), ("_dmarc", "TXT"))

    assert proof.at_resolver.outcome is Outcome.SERVFAIL
    assert zone_of(proof).name == "shop.example"
    assert [each.answer.outcome for each in zone_of(proof).apex_answers] == [Outcome.REFUSED, Outcome.REFUSED]


def test_a_subdomain_fails_with_the_zone_above_it(start_dns: StartDns) -> None:
    proof = proof_of(start_dns(world(RECORDS, faults=[{"kind": "refused"}])), domain="deep.mail.shop.example")

    assert proof.at_resolver.outcome is Outcome.SERVFAIL
    assert zone_of(proof).name == "shop.example"


def test_a_name_at_which_only_the_resolver_fails_lies_in_the_zone_that_denies_a_delegation(start_dns: StartDns) -> None:
    faults = [{"kind": "servfail", "server": "resolver", "name": name} for name in ("mail", "_dmarc.mail")]
    dns = start_dns(world({"_dmarc.mail": {"TXT": "v=DMARC1; p=none"}}, faults=faults))

    proof = proof_of(dns, ("_dmarc", "TXT"), domain="mail.shop.example")

    assert proof.at_resolver.outcome is Outcome.SERVFAIL
    assert zone_of(proof).name == "shop.example"
    assert isinstance(proof.lookup("_dmarc.mail.shop.example", "TXT").get().told(), Known)


def test_a_name_server_without_an_address_or_behind_a_closed_port_is_unreachable(start_dns: StartDns) -> None:
    facts = world(RECORDS, servers=["ns1.lost.example", "ns2.down.example", "ns3.dns.example"])
    facts["servers"] = {"ns1.lost.example": {"state": "no_address"}, "ns2.down.example": {"state": "down"}}

    proof = proof_of(start_dns(facts), ("_dmarc", "TXT"), **QUICKLY)
    lookup = proof.lookup("_dmarc.shop.example", "TXT").get()

    assert [(each.server, each.answer.outcome) for each in lookup.authoritative] == [
        ("ns1.lost.example", Outcome.UNREACHABLE),
        ("ns2.down.example", Outcome.UNREACHABLE),
        ("ns3.dns.example", Outcome.FOUND),
    ]
    assert zone_of(proof).servers[0].addresses == ()
    assert lookup.authoritative[0].answer.detail == "this name server has no address"


def test_a_domain_none_of_whose_servers_has_an_address_stays_unknown(start_dns: StartDns) -> None:
    facts = world(RECORDS, servers=["ns1.lost.example"])
    facts["servers"] = {"ns1.lost.example": {"state": "no_address"}}

    lookup = lookup_of(start_dns(facts), "_dmarc", "TXT", **QUICKLY)

    assert isinstance(lookup.told(), Missing)
