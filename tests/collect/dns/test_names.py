"""Names as they come: any case, any script, too long, no names at all. None of it raises."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.collect.dns import DnsSettings, prove_now
from ses_monitor.collect.dns.names import NameRefusedError, parsed, text_of
from ses_monitor.core.dns import DomainProof, Outcome, Question
from ses_monitor.core.observed import Blindness, Missing
from simulator.dns.world import DnsWorld
from tests.collect.dns.asking import known, proof_of, settings_of, world, zone_of

StartDns = Callable[[Mapping[str, Any]], DnsWorld]
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])

ASKED_AS = (
    ("example.com", "example.com"),
    ("example.com.", "example.com"),
    ("EXAMPLE.com", "EXAMPLE.com"),
    ("_dmarc.__x.example.com", "_dmarc.__x.example.com"),
    ("*.example.com", r"*.example.com"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("BÜCHER.example", "xn--bcher-kva.example"),
    ("bu\u0308cher.example", "xn--bcher-kva.example"),
    ("straße.example", "xn--strae-oqa.example"),
    ("bücher\u3002example\uff0ecom", "xn--bcher-kva.example.com"),
    ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example", "xn--mgba3gch31f060k.example"),
    ("日本語.example", "xn--wgv71a119e.example"),
    ("\uff21\uff22\uff23.example", "abc.example"),
    (r"a\b.example", r"a\\b.example"),
    ("a@b.example", r"a\@b.example"),
    (LONGEST, LONGEST),
)
REFUSED = (
    ("", "empty part"),
    (".", "empty part"),
    ("a..example", "empty part"),
    (".example", "empty part"),
    ("a" * 64 + ".example", "64 characters"),
    ("ü" * 63 + ".example", "at most 63"),
    (LONGEST + "x", "longer than 253"),
    ("a." * 5000 + "example", "at most 253"),
    ("a b.example", "space"),
    ("a\x00b.example", "control"),
    ("a\n.example", "control"),
    ("a\udc80.example", "invisible"),
    ("exa\u200bmple.example", "invisible"),
    ("ü\u00a0.example", "space"),
)


@pytest.mark.parametrize(("text", "asked"), ASKED_AS)
def test_a_name_is_asked_for_as(text: str, asked: str) -> None:
    assert text_of(parsed(text)) == asked


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[each[1] for each in REFUSED])
def test_a_name_that_cannot_exist_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NameRefusedError, match=reason):
        parsed(text)


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    with suppress(NameRefusedError):
        assert len(parsed(text).to_wire() or b"") in range(2, 256)


@pytest.mark.parametrize("domain", [each[0] for each in REFUSED], ids=[each[1] for each in REFUSED])
def test_the_proof_of_a_domain_that_cannot_exist_says_why(domain: str) -> None:
    proof = prove_now({domain: [Question("x." + domain, "TXT")]}, DnsSettings())[domain]

    assert isinstance(proof, DomainProof)
    assert proof.at_resolver.outcome is Outcome.BROKEN
    assert isinstance(proof.zone, Missing)
    assert proof.zone.why is Blindness.NOT_APPLICABLE
    assert proof.zone.reason == proof.at_resolver.detail
    (lookup,) = proof.lookups.values()
    assert isinstance(lookup.told(), Missing)
    assert isinstance(lookup.seen(), Missing)


def test_a_malformed_question_about_a_good_domain_spoils_nothing_else(start_dns: StartDns) -> None:
    dns = start_dns(world({"k": {"TXT": "here"}}))

    proof = proof_of(dns, ("k", "TXT"), ("a" * 64, "TXT"), ("k", "NONSENSE"), ("k", "ANY"), ("k", "AXFR"))

    good, *bad = proof.lookups.values()
    assert known(good.told()).values == ("here",)
    assert {each.resolver.outcome for each in bad} == {Outcome.BROKEN}
    assert all(each.resolver.detail for each in bad)


def test_case_and_a_final_dot_do_not_matter(start_dns: StartDns) -> None:
    dns = start_dns(world({"k": {"TXT": "here"}}))

    proof = prove_now({"Shop.EXAMPLE.": [Question("K.Shop.Example.", "TXT")]}, settings_of(dns))["Shop.EXAMPLE."]

    assert zone_of(proof).name == "shop.example"
    assert known(known(proof.lookup("K.SHOP.EXAMPLE.", "TXT")).told()).values == ("here",)


def test_a_name_in_another_script_is_asked_in_ascii(start_dns: StartDns) -> None:
    dns = start_dns({"zones": {"xn--bcher-kva.example": {"records": {"k": {"TXT": "here"}}}}})

    proof = prove_now({"bücher.example": [Question("k.bücher.example", "TXT")]}, settings_of(dns))["bücher.example"]

    assert known(known(proof.lookup("k.bücher.example", "TXT")).told()).values == ("here",)


def test_the_longest_name_possible_can_be_asked(start_dns: StartDns) -> None:
    zone = LONGEST.split(".", 1)[1]
    dns = start_dns({"zones": {zone: {"records": {"a" * 63: {"TXT": "here"}}}}})

    proof = prove_now({zone: [Question(LONGEST, "TXT")]}, settings_of(dns))[zone]

    assert known(known(proof.lookup(LONGEST, "TXT")).told()).values == ("here",)
