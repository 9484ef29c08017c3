"""What is published, and what is not, as the zone's servers and the resolver tell it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ses_monitor.core.dns import Answer, Lookup, Outcome
from ses_monitor.core.observed import Blindness, Known, Missing
from simulator.dns.world import DnsWorld
from tests.collect.dns.asking import DOMAIN, known, lookup_of, proof_of, world

StartDns = Callable[[Mapping[str, Any]], DnsWorld]
TOKEN = "abc123._domainkey"
KEY = "p=" + "A" * 392


def both(lookup: Lookup) -> Answer:
    """The answer on which the servers and the resolver agree; how long it may be kept is another matter."""
    told, seen = known(lookup.told()), known(lookup.seen())
    assert (told.outcome, sorted(told.values), told.aliases) == (seen.outcome, sorted(seen.values), seen.aliases)
    assert len(lookup.answered) == 2
    found: Answer = told
    return found


FOUND = (
    ("a MAIL FROM MX", {"m": {"MX": "10 Feedback-SMTP.eu-west-1.amazonses.com."}}, "m", "MX", ["10 Feedback-SMTP.eu-west-1.amazonses.com"]),
    ("a null MX", {"m": {"MX": "0 ."}}, "m", "MX", ["0 ."]),
    ("a DKIM CNAME", {TOKEN: {"CNAME": "abc123.dkim.amazonses.com"}}, TOKEN, "CNAME", ["abc123.dkim.amazonses.com"]),
    ("an address", {"h": {"A": "192.0.2.7"}}, "h", "A", ["192.0.2.7"]),
    ("an IPv6 address", {"h": {"AAAA": "2001:db8::7"}}, "h", "AAAA", ["2001:db8::7"]),
    ("a text", {"_dmarc": {"TXT": "v=DMARC1; p=none"}}, "_dmarc", "TXT", ["v=DMARC1; p=none"]),
    ("a text in many strings", {"k": {"TXT": '"v=DKIM1; " "p=" "AB" "CD"'}}, "k", "TXT", ["v=DKIM1; p=ABCD"]),
    ("an empty text", {"k": {"TXT": '""'}}, "k", "TXT", [""]),
    ("a text of 4 KB, which needs TCP", {"k": {"TXT": "x" * 4096}}, "k", "TXT", ["x" * 4096]),
    ("a text with bytes that are no ASCII", {"k": {"TXT": r'"\228\000\255\\"'}}, "k", "TXT", ["\xe4\x00\xff\\"]),
    ("several texts at one name", {"k": {"TXT": ["one", "two", "three"]}}, "k", "TXT", ["one", "three", "two"]),
    ("what a wildcard gives", {"*": {"TXT": "any"}}, "what.ever", "TXT", ["any"]),
    ("a name with underscores", {"_a_.__b": {"TXT": "here"}}, "_a_.__b", "TXT", ["here"]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("records", "name", "type_", "values"), [each[1:] for each in FOUND], ids=[each[0] for each in FOUND]
)
def test_what_is_published_is_found(
    start_dns: StartDns, records: Any, name: str, type_: str, values: list[str]
) -> None:
    answer = both(lookup_of(start_dns(world(records)), name, type_))

    assert answer.outcome is Outcome.FOUND
    assert sorted(answer.values) == values
    assert answer.ttl == 300


@pytest.mark.parametrize(
    ("name", "type_", "outcome"),
    [
        ("nowhere", "TXT", Outcome.NO_SUCH_NAME),
        ("h", "TXT", Outcome.NO_SUCH_TYPE),
        ("between", "TXT", Outcome.NO_SUCH_TYPE),
        ("h", "CNAME", Outcome.NO_SUCH_TYPE),
        ("nowhere", "CNAME", Outcome.NO_SUCH_NAME),
    ],
)
def test_a_name_and_a_type_that_are_missing_are_two_different_things(
    start_dns: StartDns, name: str, type_: str, outcome: Outcome
) -> None:
    records = {"h": {"A": "192.0.2.7"}, "below.between": {"A": "192.0.2.8"}}
    answer = both(lookup_of(start_dns(world(records, negative_ttl=77)), name, type_))

    assert answer == Answer(outcome, ttl=77)


def test_a_text_question_follows_an_alias_into_another_zone_as_receivers_do(start_dns: StartDns) -> None:
    facts = world({TOKEN: {"CNAME": "abc123.keys.example"}}, ttl=60)
    facts["zones"]["keys.example"] = {"records": {"abc123": {"TXT": KEY}}}

    answer = both(lookup_of(start_dns(facts), TOKEN, "TXT"))

    assert answer == Answer(Outcome.FOUND, (KEY,), ("abc123.keys.example",), 60)


def test_a_chain_of_aliases_is_followed_to_its_end(start_dns: StartDns) -> None:
    records: dict[str, Any] = {f"a{number}": {"CNAME": f"a{number + 1}.{DOMAIN}."} for number in range(6)}

    answer = both(lookup_of(start_dns(world({**records, "a6": {"TXT": "end"}})), "a0", "TXT"))

    assert answer.values == ("end",)
    assert answer.aliases == tuple(f"a{number}.{DOMAIN}" for number in range(1, 7))


def test_an_alias_to_a_name_that_does_not_exist_is_no_such_name(start_dns: StartDns) -> None:
    facts = world({TOKEN: {"CNAME": "gone.keys.example"}})
    facts["zones"]["keys.example"] = {"records": {}}

    answer = both(lookup_of(start_dns(facts), TOKEN, "TXT"))

    assert (answer.outcome, answer.aliases) == (Outcome.NO_SUCH_NAME, ("gone.keys.example",))


def test_an_alias_that_cannot_be_followed_is_neither_missing_nor_the_fault_of_the_server_that_gave_it(
    start_dns: StartDns,
) -> None:
    facts = world({TOKEN: {"CNAME": "abc123.keys.example"}})
    facts["zones"]["keys.example"] = {"records": {"abc123": {"TXT": KEY}}, "faults": [{"kind": "servfail"}]}

    lookup = lookup_of(start_dns(facts), TOKEN, "TXT")

    assert isinstance(lookup.told(), Missing)
    assert lookup.resolver.outcome is Outcome.SERVFAIL
    assert {each.answer.outcome for each in lookup.authoritative} == {Outcome.UNREACHABLE}
    assert {each.answer.aliases for each in lookup.authoritative} == {("abc123.keys.example",)}


LOOPS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("onto itself", {"a": {"CNAME": f"a.{DOMAIN}."}}),
    ("of two", {"a": {"CNAME": f"b.{DOMAIN}."}, "b": {"CNAME": f"a.{DOMAIN}."}}),
    ("through another zone", {"a": {"CNAME": "back.other.example."}}),
)


@pytest.mark.parametrize("records", [each[1] for each in LOOPS], ids=[each[0] for each in LOOPS])
def test_a_loop_of_aliases_is_no_answer(start_dns: StartDns, records: Mapping[str, Any]) -> None:
    facts = world(records)
    facts["zones"]["other.example"] = {"records": {"back": {"CNAME": f"a.{DOMAIN}."}}}

    lookup = lookup_of(start_dns(facts), "a", "TXT")

    assert isinstance(lookup.told(), Missing)
    assert isinstance(lookup.seen(), Missing)


def test_what_the_servers_have_and_the_resolver_not_yet_are_both_told(start_dns: StartDns) -> None:
    late = {"server": "resolver", "name": "_dmarc", "type": "TXT", "values": [], "ttl": 210}

    lookup = lookup_of(start_dns(world({"_dmarc": {"TXT": "v=DMARC1; p=none"}}, says=[late])), "_dmarc", "TXT")

    assert known(lookup.told()).values == ("v=DMARC1; p=none",)
    assert lookup.resolver == Answer(Outcome.NO_SUCH_NAME, ttl=210)


def test_a_domain_whose_dnssec_is_broken_is_bogus_at_the_resolver_and_told_by_its_servers(start_dns: StartDns) -> None:
    proof = proof_of(start_dns(world({"k": {"TXT": "here"}}, faults=[{"kind": "bogus"}])), ("k", "TXT"))
    lookup = known(proof.lookup(f"k.{DOMAIN}", "TXT"))

    assert proof.at_resolver.outcome is Outcome.BOGUS
    assert lookup.resolver.outcome is Outcome.BOGUS
    assert lookup.seen().why is Blindness.SERVICE_ERROR
    assert lookup.told() == Known(Answer(Outcome.FOUND, ("here",), ttl=300))


def test_the_resolver_is_asked_about_the_domain_itself(start_dns: StartDns) -> None:
    dns = start_dns(world({"h": {"A": "192.0.2.7"}}))

    assert proof_of(dns).at_resolver.outcome is Outcome.FOUND
    assert proof_of(dns, domain=f"h.{DOMAIN}").at_resolver.outcome is Outcome.NO_SUCH_TYPE
    assert proof_of(dns, domain="unregistered.example").at_resolver.outcome is Outcome.NO_SUCH_NAME
