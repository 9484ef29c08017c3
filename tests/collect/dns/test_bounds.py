"""The reader asks what is needed, once, of whom it may ask, and comes to an end."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ses_monitor.collect.dns import prove_now
from ses_monitor.collect.dns.proof import Run
from ses_monitor.core.dns import DomainProof, Outcome, Question
from ses_monitor.core.observed import Blindness, Missing
from simulator.dns.world import DnsWorld
from tests.collect.dns.asking import DOMAIN, known, proof_of, server, settings_of, world, zone_of

StartDns = Callable[[Mapping[str, Any]], DnsWorld]
DMARC = {"_dmarc": {"TXT": "v=DMARC1; p=none"}}


def many(number: int, **zone: Any) -> dict[str, Any]:
    return {"zones": {f"shop{each}.example": {"records": DMARC, **zone} for each in range(number)}}


def test_each_question_is_asked_once_however_many_domains_share_it(start_dns: StartDns) -> None:
    dns = start_dns(many(20))
    shared = Question("_dmarc.shop0.example", "TXT")

    proofs = prove_now({f"shop{each}.example": [shared, shared] for each in range(20)}, settings_of(dns))

    assert {known(known(proof.lookup(*_parts(shared))).told()).values for proof in proofs.values()} == {
        ("v=DMARC1; p=none",)
    }
    times = Counter({who: count for who, count in dns.asked().items() if who[1:] == _parts(shared)})
    assert times == {(who, *_parts(shared)): 1 for who in ("resolver", "ns1.dns.example", "ns2.dns.example")}


def test_what_is_known_is_not_asked_again(start_dns: StartDns) -> None:
    dns = start_dns(world({**DMARC, "k": {"TXT": "here"}}))
    first = {DOMAIN: proof_of(dns, ("_dmarc", "TXT"))}
    dns.forget()

    again = prove_now({DOMAIN: [Question(f"_dmarc.{DOMAIN}", "TXT")]}, settings_of(dns), known=first)
    assert again == first
    assert dns.asked() == {}

    more = prove_now({DOMAIN: [Question(f"k.{DOMAIN}", "TXT")]}, settings_of(dns), known=first)
    assert set(more[DOMAIN].lookups) == {Question(f"_dmarc.{DOMAIN}", "TXT"), Question(f"k.{DOMAIN}", "TXT")}
    assert {name for _, name, _ in dns.asked()} == {f"k.{DOMAIN}"}


def test_what_is_known_of_other_domains_is_handed_back_too(start_dns: StartDns) -> None:
    dns = start_dns(many(2))
    first = {"shop0.example": proof_of(dns, domain="shop0.example")}

    assert set(prove_now({"shop1.example": []}, settings_of(dns), known=first)) == {"shop0.example", "shop1.example"}


def test_no_more_servers_of_a_zone_are_asked_than_allowed(start_dns: StartDns) -> None:
    proof = proof_of(
        start_dns(world(DMARC, servers=[f"ns{each}.dns.example" for each in range(12)])), ("_dmarc", "TXT")
    )

    assert len(zone_of(proof).servers) == 8
    assert len(known(proof.lookup(f"_dmarc.{DOMAIN}", "TXT")).authoritative) == 8


def test_a_delegation_to_addresses_inside_is_not_followed(start_dns: StartDns) -> None:
    dns = start_dns(world(DMARC))

    proof = proof_of(dns, ("_dmarc", "TXT"), private_servers=False)

    assert {each.answer.outcome for each in zone_of(proof).apex_answers} == {Outcome.UNREACHABLE}
    assert {each.answer.detail for each in zone_of(proof).apex_answers} == {"none of its addresses is public"}
    assert not [who for who in dns.asked() if who[0] != "resolver"]


def test_a_server_that_stays_silent_is_left_alone_after_a_few_questions(start_dns: StartDns) -> None:
    dns = start_dns(many(40, faults=[{"kind": "timeout", "server": "ns1.dns.example"}]))
    settings = settings_of(dns, timeout_s=0.6, concurrency=4)

    proofs = prove_now({name: [Question(f"_dmarc.{name}", "TXT")] for name in many(40)["zones"]}, settings)

    lookups = [lookup for proof in proofs.values() for lookup in proof.lookups.values()]
    assert {
        each.answer.outcome for lookup in lookups for each in lookup.authoritative if each.server == "ns1.dns.example"
    } == {Outcome.TIMED_OUT}
    assert all(lookup.told() for lookup in lookups)
    assert sum(len(lookup.answered) for lookup in lookups) == 40
    assert len({who for who in dns.asked() if who[0] == "ns1.dns.example"}) < 20


def test_when_the_time_is_over_the_rest_counts_as_timed_out(start_dns: StartDns) -> None:
    dns = start_dns(many(3))

    proofs = prove_now({"shop0.example": [Question("_dmarc.shop0.example", "TXT")]}, settings_of(dns, lifetime_s=0))

    proof = proofs["shop0.example"]
    assert proof.at_resolver.outcome is Outcome.TIMED_OUT
    assert isinstance(proof.zone, Missing)
    assert proof.zone.why is Blindness.TIMED_OUT
    assert known(proof.lookup("_dmarc.shop0.example", "TXT")).seen().why is Blindness.TIMED_OUT
    assert dns.asked() == {}


def test_a_silent_resolver_does_not_hold_the_audit_beyond_its_time() -> None:
    def silent(_: bytes, tcp: bool) -> tuple[bytes, ...]:
        del tcp
        return ()

    with server(silent) as address:
        from ses_monitor.collect.dns import DnsSettings

        settings = DnsSettings(resolvers=(address,), resolver_timeout_s=60, lifetime_s=0.5)
        started = time.monotonic()
        proofs = prove_now({f"shop{each}.example": [] for each in range(200)}, settings)
        took = time.monotonic() - started

    assert len(proofs) == 200
    assert {proof.at_resolver.outcome for proof in proofs.values()} == {Outcome.TIMED_OUT}
    assert took < 30, "one question alone was to wait for a minute"


def test_a_bug_met_on_one_domain_costs_no_other_its_proof(start_dns: StartDns, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = Run._begun

    async def stumbling(self: Run, domain: str) -> DomainProof:
        if domain == "shop1.example":
            raise ZeroDivisionError
        return await begun(self, domain)

    monkeypatch.setattr(Run, "_begun", stumbling)

    proofs = prove_now({name: [] for name in many(3)["zones"]}, settings_of(start_dns(many(3))))

    assert [proof.at_resolver.outcome for proof in proofs.values()].count(Outcome.FOUND) == 2
    assert isinstance(proofs["shop1.example"].zone, Missing)
    assert proofs["shop1.example"].zone.why is Blindness.CHECK_CRASHED


def test_nothing_to_prove_is_proved_without_a_question() -> None:
    from ses_monitor.collect.dns import DnsSettings

    assert prove_now({}, DnsSettings()) == {}


def _parts(question: Question) -> tuple[str, str]:
    return question.name, question.type
