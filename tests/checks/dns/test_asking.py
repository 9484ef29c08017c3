"""What the DNS checks ask, in how few rounds, and what becomes of their findings when one answer fails."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_monitor import checks
from ses_monitor.core.check import Check
from ses_monitor.core.dns import Answer, DomainProof, Lookup, Outcome, Question
from ses_monitor.core.identity import Identity, IdentityKind
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.build import (
    HEALTHY_ADDRESS,
    HEALTHY_DOMAIN,
    HOSTILE,
    SENDER,
    TOKENS,
    Case,
    details,
    dkim,
    with_identity,
)
from tests.checks import rules
from tests.dns_build import ROUNDS, Dns, healthy_dns, said, with_dns

DNS_CHECKS = [check for check in checks.of_scopes(Scope.IDENTITY) if check.id.startswith("dns.")]
STAND_INS = {
    "DKIM_RECORD_MISSING": {"DKIM_NAME_DOUBLED", "DKIM_UNDERSCORE_LOST", "DKIM_WRONG_TYPE", "DKIM_WRONG_TARGET"},
    "DKIM_KEY_CHANGED": {"DKIM_NAME_DOUBLED", "DKIM_UNDERSCORE_LOST"},
    "DKIM_WRONG_TARGET": {"DKIM_NAME_DOUBLED", "DKIM_UNDERSCORE_LOST"},
    "DKIM_WRONG_TYPE": {"DKIM_NAME_DOUBLED", "DKIM_UNDERSCORE_LOST"},
    "TXT_TOKEN_MISSING": {"TXT_NAME_DOUBLED"},
    "TXT_TOKEN_ALTERED": {"TXT_NAME_DOUBLED"},
}
"""A record that is not at its name is not there: also when nobody answers where it may have gone instead."""

each_check = pytest.mark.parametrize("check", DNS_CHECKS, ids=lambda check: check.id)


def cases_of(check: Check[Any]) -> list[Case]:
    found: list[Case] = import_module(f"tests.checks.{check.id}").CASES
    return found


def asked(identity: Identity, proof: DomainProof | None = None) -> set[Question]:
    given_proof = Missing(Blindness.NOT_APPLICABLE, "not due") if proof is None else Known(proof)
    subject = replace(identity, proof=given_proof)
    return {question for check in DNS_CHECKS for question in (check.questions or no_questions)(subject, SENDER)}


def no_questions(_: Any, __: Any) -> tuple[Question, ...]:
    return ()


def rounds(identity: Identity, dns: Dns) -> list[set[Question]]:
    """What each round asks, until nothing new is asked."""
    found: list[set[Question]] = []
    known: set[Question] = set()
    new = asked(identity)
    while new:
        found.append(new)
        known |= new
        new = asked(identity, dns.prove(identity.domain, known)) - known
    return found


def test_a_healthy_domain_is_proven_by_one_round_of_ten_questions() -> None:
    [only] = rounds(HEALTHY_DOMAIN, healthy_dns(HEALTHY_DOMAIN))
    names = [f"{token}._domainkey.shop.example.com" for token in TOKENS]
    assert only == {
        Question("shop.example.com", "NS"),
        *(Question(name, type_) for name in names for type_ in ("CNAME", "TXT")),
        Question("bounce.shop.example.com", "MX"),
        Question("bounce.shop.example.com", "TXT"),
        Question("_dmarc.shop.example.com", "TXT"),
    }


def test_nothing_is_asked_about_a_verified_address() -> None:
    assert asked(HEALTHY_ADDRESS) == set()


def test_only_its_mail_is_asked_about_an_address_that_waits() -> None:
    waiting = replace(HEALTHY_ADDRESS, verification_status="PENDING")
    assert asked(waiting) == {Question("shop.example.com", "MX")}


def test_a_key_of_ones_own_is_asked_for_as_text() -> None:
    own = replace(HEALTHY_DOMAIN, dkim=dkim(tokens=("shop1",)), details=details(dkim_origin="EXTERNAL"))
    assert {each for each in asked(own) if "_domainkey" in each.name} == {
        Question("shop1._domainkey.shop.example.com", "TXT")
    }


def test_a_domain_that_does_not_exist_is_asked_about_once() -> None:
    nobody = Dns({("com", "SOA"): ("x",)}, zone="com")
    assert len(rounds(HEALTHY_DOMAIN, nobody)) == 1


def test_names_are_asked_in_lower_case_without_the_final_dot_and_never_longer_than_can_be() -> None:
    odd = replace(HEALTHY_DOMAIN, name="Shop.Example.COM.", dkim=dkim(tokens=("A" * 40, HOSTILE, "")))
    for questions in (asked(odd), asked(replace(odd, name="x" * 400)), asked(replace(odd, name=""))):
        for question in questions:
            assert question.name == question.name.lower()
            assert not question.name.endswith(".")
            assert 0 < len(question.name) <= 253


@each_check
def test_three_rounds_are_enough_for_every_case(check: Check[Any]) -> None:
    for case in cases_of(check):
        if isinstance(case.snapshot.identities, Missing) or "three rounds" in case.name:
            continue
        for identity in case.snapshot.identities.value:
            if isinstance(identity.proof, Missing) or not case.tags:
                continue
            left = set((check.questions or no_questions)(identity, case.snapshot))
            assert left <= identity.proof.value.lookups.keys(), case.name


def with_one_answer_failing(snapshot: Snapshot) -> Iterator[tuple[Question, Snapshot]]:
    [identity] = snapshot.identities.get()
    if isinstance(identity.proof, Missing):
        return
    proof = identity.proof.value
    for question, lookup in proof.lookups.items():
        failed = Answer(Outcome.SERVFAIL)
        servers = tuple(replace(each, answer=failed) for each in lookup.authoritative)
        lookups = {**proof.lookups, question: Lookup(question, servers, failed)}
        without = replace(identity, proof=Known(replace(proof, lookups=lookups)))
        yield question, with_identity(without, base=snapshot)


@each_check
def test_an_answer_that_fails_neither_mends_nor_breaks_anything(check: Check[Any]) -> None:
    for case in cases_of(check):
        if case.unknown:
            continue
        before = set(case.tags)
        for question, snapshot in with_one_answer_failing(case.snapshot):
            evaluation = rules.evaluated(check, snapshot)
            now = {finding.tag for finding in evaluation.findings}
            stood_for = {tag for tag in now - before if STAND_INS.get(tag, set()) & before}
            broken = {Outcome.SERVFAIL, Outcome.REFUSED}
            allowed = before | stood_for | ({"DKIM_TARGET_BROKEN"} if broken and question.type == "TXT" else set())
            assert now <= allowed, f"{case.name}: {question} makes it find more"
            if evaluation.unknown is None:
                assert before <= now | set(evaluation.undecided), f"{case.name}: {question} makes it look mended"


VALUES = st.sampled_from(
    [
        "",
        ".",
        "0 .",
        "10 feedback-smtp.eu-west-1.amazonses.com",
        "v=spf1 include:shop.example.com redirect=_dmarc.shop.example.com",
        "v=DMARC1; p=none; aspf=s; adkim=s",
        "p=",
        'p=MIGf\\; "',
        f"{TOKENS[0]}.dkim.amazonses.com",
        f"{TOKENS[1]}.dkim.amazonses.com.example.com",
        "{subject}{0}%s",
        "\x00\x1b[2J\u202e",
        "x" * 4096,
        HOSTILE,
    ]
)
ANSWERS = st.one_of(
    st.builds(said, VALUES, VALUES),
    st.builds(said, VALUES),
    st.builds(lambda alias: said(aliases=(alias,)), VALUES),
    st.builds(Answer, st.sampled_from([each for each in Outcome if each is not Outcome.FOUND])),
)
KINDS = st.sampled_from(
    [
        HEALTHY_DOMAIN,
        replace(HEALTHY_DOMAIN, dkim=dkim(tokens=("shop1",)), details=details(dkim_origin="EXTERNAL")),
        replace(HEALTHY_DOMAIN, txt_token=Known("token"), dkim=dkim(status="NOT_STARTED")),
        replace(HEALTHY_DOMAIN, name="x.y.Example.co.uk.", dkim=dkim(status="PENDING")),
        replace(HEALTHY_ADDRESS, verification_status="PENDING"),
        replace(HEALTHY_ADDRESS, verification_status="PENDING", name="@"),
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(KINDS, st.data())
def test_whatever_the_dns_says_the_checks_conclude_in_bounded_words(identity: Identity, data: st.DataObject) -> None:
    class Anything(Dns):
        def authority(self, server: str, question: Question) -> Answer:
            return data.draw(ANSWERS, label=f"{server} {question}")

        def seen(self, question: Question) -> Answer:
            return data.draw(ANSWERS, label=f"resolver {question}")

    known: set[Question] = set()
    proof = Anything({}).prove(identity.domain)
    for _ in range(ROUNDS):
        known |= asked(identity, proof)
        proof = Anything({}).prove(identity.domain, known)
    snapshot = with_identity(replace(identity, proof=Known(proof)))
    for check in DNS_CHECKS:
        evaluation = rules.evaluated(check, snapshot)
        assert not rules.crashed(evaluation), evaluation.unknown
        for finding in evaluation.findings:
            rules.reads_well(finding, snapshot)
            rules.keeps_bounded_evidence(finding)


@each_check
def test_what_the_dns_shows_is_seen_twice_before_it_is_told(check: Check[Any]) -> None:
    once = {diagnosis.tag for diagnosis in check.diagnoses if diagnosis.open_after == 1}
    assert once <= {"NOT_YET_VISIBLE"}
    assert all(diagnosis.open_after <= 2 and diagnosis.resolve_after == 1 for diagnosis in check.diagnoses)


def test_an_identity_that_is_no_domain_is_no_concern_of_the_domain_checks() -> None:
    snapshot = with_dns(like=replace(HEALTHY_ADDRESS, verification_status="SUCCESS"))
    [identity] = snapshot.identities.get()
    assert identity.kind is IdentityKind.EMAIL_ADDRESS
    assert all(not rules.evaluated(check, snapshot).findings for check in DNS_CHECKS)
