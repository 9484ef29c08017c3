"""Which zone a name lies in: its own, one above, one below, or none that can be found."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ses_monitor.collect.dns import prove_now
from ses_monitor.core.dns import Outcome, Question
from ses_monitor.core.observed import Blindness, Missing
from simulator.dns.world import DnsWorld
from tests.collect.dns.asking import DOMAIN, known, lookup_of, proof_of, settings_of, world, zone_of

StartDns = Callable[[Mapping[str, Any]], DnsWorld]
QUICKLY: dict[str, Any] = {"timeout_s": 0.6, "resolver_timeout_s": 1.2}


def cut(below: str, records: Mapping[str, Any], **zone: Any) -> dict[str, Any]:
    """A world whose zone delegates a part of itself to other servers."""
    facts = world({"_dmarc": {"TXT": "v=DMARC1; p=none"}})
    facts["zones"][f"{below}.{DOMAIN}"] = {"records": records, "servers": ["ns9.other.example"], **zone}
    return facts


def test_a_subdomain_without_a_zone_of_its_own_lies_in_the_one_above(start_dns: StartDns) -> None:
    dns = start_dns(world({"mail": {"A": "192.0.2.7"}, "_dmarc.deep.mail": {"TXT": "v=DMARC1; p=none"}}))

    for domain in (f"mail.{DOMAIN}", f"deep.mail.{DOMAIN}", f"nothing.here.{DOMAIN}"):
        assert zone_of(proof_of(dns, domain=domain)).name == DOMAIN
    assert known(lookup_of(dns, "_dmarc", "TXT", domain=f"deep.mail.{DOMAIN}").told()).values == ("v=DMARC1; p=none",)


@pytest.mark.parametrize("below", ["_domainkey", "mail"])
def test_a_zone_cut_inside_the_domain_is_followed(start_dns: StartDns, below: str) -> None:
    dns = start_dns(cut(below, {"k": {"TXT": "below the cut"}}))

    proof = proof_of(dns, (f"k.{below}", "TXT"), (f"no.{below}", "TXT"), (below, "SOA"), ("_dmarc", "TXT"))

    assert zone_of(proof).name == DOMAIN
    found, absent, apex, above = proof.lookups.values()
    assert [(each.server, each.answer.values) for each in found.authoritative] == [
        ("ns9.other.example", ("below the cut",))
    ]
    assert known(absent.told()).outcome is Outcome.NO_SUCH_NAME
    assert known(apex.told()).outcome is Outcome.FOUND
    assert [each.server for each in above.authoritative] == ["ns1.dns.example", "ns2.dns.example"]


def test_several_cuts_on_the_way_are_followed(start_dns: StartDns) -> None:
    facts = cut("a", {})
    facts["zones"][f"b.a.{DOMAIN}"] = {"records": {"k": {"TXT": "deep"}}, "servers": ["ns8.other.example"]}

    lookup = lookup_of(start_dns(facts), "k.b.a", "TXT")

    assert [(each.server, each.answer.values) for each in lookup.authoritative] == [("ns8.other.example", ("deep",))]


def test_a_cut_to_servers_that_do_not_answer_leaves_unknown_what_lies_below(start_dns: StartDns) -> None:
    dns = start_dns(cut("_domainkey", {"k": {"TXT": "here"}}, faults=[{"kind": "timeout"}]))

    lookup = lookup_of(dns, "k._domainkey", "TXT", **QUICKLY)

    assert [(each.server, each.answer.outcome) for each in lookup.authoritative] == [
        ("ns9.other.example", Outcome.TIMED_OUT)
    ]
    assert isinstance(lookup.told(), Missing)


def test_a_name_outside_the_domains_zone_is_asked_in_its_own(start_dns: StartDns) -> None:
    facts = world({})
    facts["zones"]["other.example"] = {"records": {"k": {"TXT": "elsewhere"}}, "servers": ["ns7.other.example"]}
    question = Question("k.other.example", "TXT")

    proof = prove_now({DOMAIN: [question]}, settings_of(start_dns(facts)))[DOMAIN]

    assert [each.server for each in proof.lookups[question].authoritative] == ["ns7.other.example"]


def test_a_domain_that_is_an_alias_lies_in_the_zone_of_the_alias_and_not_of_its_target(start_dns: StartDns) -> None:
    facts = world({"www": {"CNAME": "other.example"}})
    facts["zones"]["other.example"] = {"records": {}, "servers": ["ns7.other.example"]}

    proof = proof_of(start_dns(facts), domain=f"www.{DOMAIN}")

    assert zone_of(proof).name == DOMAIN
    assert proof.at_resolver.aliases == ("other.example",)


def test_a_domain_that_nobody_registered_lies_in_the_registrys_zone(start_dns: StartDns) -> None:
    proof = proof_of(start_dns(world({})), ("_dmarc", "TXT"), domain="unregistered.example")

    assert proof.at_resolver.outcome is Outcome.NO_SUCH_NAME
    assert zone_of(proof).name == "example"
    assert known(proof.lookup("_dmarc.unregistered.example", "TXT").get().told()).outcome is Outcome.NO_SUCH_NAME


def test_without_a_resolver_no_zone_is_found_and_nothing_is_missing(unused_port: int) -> None:
    from ses_monitor.collect.dns import DnsSettings

    for resolvers, why in (((), Blindness.UNREACHABLE), ((("127.0.0.1", unused_port),), Blindness.UNREACHABLE)):
        proof = prove_now({DOMAIN: [Question(f"_dmarc.{DOMAIN}", "TXT")]}, DnsSettings(resolvers=resolvers))[DOMAIN]
        assert isinstance(proof.zone, Missing)
        assert proof.zone.why is why
        lookup = known(proof.lookup(f"_dmarc.{DOMAIN}", "TXT"))
        assert lookup.authoritative == ()
        assert isinstance(lookup.told(), Missing)
        assert isinstance(lookup.seen(), Missing)


def test_the_second_resolver_is_asked_when_the_first_fails(start_dns: StartDns, unused_port: int) -> None:
    dns = start_dns(world({"_dmarc": {"TXT": "v=DMARC1; p=none"}}))
    settings = settings_of(dns, resolvers=(("127.0.0.1", unused_port), (dns.resolver, dns.port)))

    proof = prove_now({DOMAIN: [Question(f"_dmarc.{DOMAIN}", "TXT")]}, settings)[DOMAIN]

    assert known(known(proof.lookup(f"_dmarc.{DOMAIN}", "TXT")).seen()).values == ("v=DMARC1; p=none",)
    assert zone_of(proof).name == DOMAIN


def test_a_server_that_only_refers_elsewhere_is_no_resolver(start_dns: StartDns) -> None:
    dns = start_dns(world({}))
    settings = settings_of(dns, resolvers=((dns.address("ns.registry.example"), dns.port),))

    proof = prove_now({DOMAIN: [Question(f"_dmarc.{DOMAIN}", "TXT")]}, settings)[DOMAIN]

    assert known(proof.lookup(f"_dmarc.{DOMAIN}", "TXT")).resolver.outcome is Outcome.BROKEN
