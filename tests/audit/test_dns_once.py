"""The DNS proof in rounds: each domain once, only what is not known yet, and nothing claimed where nobody answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from ses_monitor import checks
from ses_monitor.audit.dns_once import ROUNDS, Claim, prove, prove_claim
from ses_monitor.core.check import Check
from ses_monitor.core.dns import Answer, DomainProof, Lookup, NameServer, Outcome, Question, ServerAnswer, Zone
from ses_monitor.core.identity import Identity, IdentityKind
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.build import HEALTHY, HEALTHY_ADDRESS, HEALTHY_DOMAIN, NOW, TOKENS

NOBODY = Answer(Outcome.TIMED_OUT, detail="no answer within 2 s")
NOT_THERE = Answer(Outcome.NO_SUCH_NAME, ttl=300)


@dataclass
class Dns:
    """A zone with these records, at one name server; without records nobody answers."""

    records: Mapping[Question, tuple[str, ...]] = field(default_factory=dict)
    silent: bool = False
    asked: list[dict[str, tuple[Question, ...]]] = field(default_factory=list)

    def __call__(
        self, asking: Mapping[str, Sequence[Question]], known: Mapping[str, DomainProof]
    ) -> Mapping[str, DomainProof]:
        self.asked.append({domain: tuple(questions) for domain, questions in asking.items()})
        return {domain: self._proof(domain, questions, known.get(domain)) for domain, questions in asking.items()}

    def _proof(self, domain: str, questions: Sequence[Question], known: DomainProof | None) -> DomainProof:
        if known is None:
            soa = NOBODY if self.silent else Answer(Outcome.FOUND, ("ns1.example.net",), ttl=300)
            zone = Zone(domain, (NameServer("ns1.example.net", ("192.0.2.1",)),), (self._by_server(soa),))
            blind = Missing(Blindness.TIMED_OUT, f"the zone of {domain} was not found out")
            known = DomainProof(domain, soa, blind if self.silent else Known(zone))
        lookups = {each: self._lookup(each) for each in questions}
        return replace(known, lookups={**known.lookups, **lookups})

    def _lookup(self, question: Question) -> Lookup:
        values = self.records.get(question)
        answer = NOBODY if self.silent else Answer(Outcome.FOUND, values, ttl=300) if values else NOT_THERE
        return Lookup(question, () if self.silent else (self._by_server(answer),), answer)

    @staticmethod
    def _by_server(answer: Answer) -> ServerAnswer:
        return ServerAnswer("ns1.example.net", "192.0.2.1", answer)


def tags(claim: Claim, dns: Dns) -> set[str]:
    return {each.finding.tag for each in prove_claim(claim, NOW, dns).findings}


def test_a_claim_is_judged_by_what_the_dns_answers() -> None:
    claim = Claim("shop.example.com", dkim_tokens=TOKENS, dkim_zone="dkim.amazonses.com", region="eu-west-1")
    assert "DKIM_RECORD_MISSING" in tags(claim, Dns())
    published = {
        Question(f"{token}._domainkey.shop.example.com", "CNAME"): (f"{token}.dkim.amazonses.com",) for token in TOKENS
    }
    keys = {Question(f"{token}._domainkey.shop.example.com", "TXT"): ("p=MIGf",) for token in TOKENS}
    assert "DKIM_RECORD_MISSING" not in tags(claim, Dns({**published, **keys}))


def test_what_is_not_claimed_is_neither_found_nor_unknown() -> None:
    proven = prove_claim(Claim("shop.example.com"), NOW, Dns())
    touched = {each.check_id for each in proven.findings} | {each.check_id for each in proven.unseen}
    assert not touched & {"dns.dkim_records", "dns.mail_from_records", "dns.verification_txt"}


def test_where_nobody_answers_nothing_is_found_and_everything_is_unknown() -> None:
    claim = Claim("shop.example.com", dkim_tokens=TOKENS, mail_from="bounce.shop.example.com")
    proven = prove_claim(claim, NOW, Dns(silent=True))
    assert proven.findings == ()
    assert not proven.saw_anything
    assert "dns.dkim_records" in {each.check_id for each in proven.unseen}


def test_an_answer_that_says_no_is_an_answer() -> None:
    assert prove_claim(Claim("shop.example.com"), NOW, Dns()).saw_anything


def test_a_dns_that_cannot_be_asked_at_all_is_no_proof() -> None:
    proven = prove_claim(Claim("shop.example.com"), NOW, lambda _asking, _known: {})
    assert proven.proof is None
    assert not proven.saw_anything


def question(name: str) -> Question:
    return Question(name, "TXT")


def curious(subject: Identity, _: Snapshot) -> list[Question]:
    """Ask for the next name as long as there is an answer to go on from."""
    known = subject.proof.value.lookups if isinstance(subject.proof, Known) else {}
    return [question(f"{n}.{subject.domain}") for n in range(len(known) + 1)]


@pytest.fixture
def only_curious(monkeypatch: pytest.MonkeyPatch) -> None:
    check: Check[Identity] = Check(
        id="dns.curious",
        scope=Scope.IDENTITY,
        title="Asks",
        needs=frozenset(),
        diagnoses=(),
        evaluate=lambda _subject, _snapshot: (),
        questions=curious,
    )
    monkeypatch.setattr(checks, "of_scopes", lambda *_: (check,))


def in_region(region: str, *identities: Identity) -> Snapshot:
    return replace(HEALTHY, region=region, identities=Known(identities))


@pytest.mark.usefixtures("only_curious")
def test_each_round_asks_only_what_is_not_known_and_the_rounds_end() -> None:
    dns = Dns()
    prove([in_region("eu-west-1", HEALTHY_DOMAIN)], lambda *_: True, dns)
    names = [[each.name for questions in one.values() for each in questions] for one in dns.asked]
    assert names == [[f"{n}.shop.example.com"] for n in range(ROUNDS)]


@pytest.mark.usefixtures("only_curious")
def test_a_domain_is_asked_about_once_for_all_who_share_it() -> None:
    dns = Dns()
    shared = (HEALTHY_DOMAIN, HEALTHY_ADDRESS, replace(HEALTHY_ADDRESS, name="ada@SHOP.example.com"))
    snapshots = [in_region("eu-west-1", *shared), in_region("us-east-1", HEALTHY_DOMAIN)]
    proven = prove(snapshots, lambda *_: True, dns)
    assert [list(one) for one in dns.asked] == [["shop.example.com"]] * ROUNDS
    assert all(isinstance(each.proof, Known) for one in proven for each in one.identities.get())


@pytest.mark.usefixtures("only_curious")
def test_only_what_is_due_is_asked_and_proven() -> None:
    dns = Dns()
    other = replace(HEALTHY_DOMAIN, name="other.example.com")
    snapshot = in_region("eu-west-1", HEALTHY_DOMAIN, other)
    (proven,) = prove([snapshot], lambda _, identity: identity.name == "other.example.com", dns)
    assert [isinstance(each.proof, Known) for each in proven.identities.get()] == [False, True]
    assert {domain for one in dns.asked for domain in one} == {"other.example.com"}


def test_regions_whose_identities_are_unknown_stay_so() -> None:
    blind = replace(HEALTHY, identities=Missing(Blindness.DENIED, "denied"))
    dns = Dns()
    assert prove([blind], lambda *_: True, dns) == (blind,)
    assert dns.asked == []


def test_an_address_nobody_has_a_question_about_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "of_scopes", lambda *_: ())
    dns = Dns()
    address = Identity("ada@mail.example", IdentityKind.EMAIL_ADDRESS, "SUCCESS")
    prove([in_region("eu-west-1", address, HEALTHY_DOMAIN)], lambda *_: True, dns)
    assert [list(one) for one in dns.asked] == [["shop.example.com"]]
