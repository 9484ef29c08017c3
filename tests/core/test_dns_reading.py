"""The small readers that the DNS checks are made of: names, SPF, keys, misspellings, records, and who said what."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core import dkim_key, dmarc, spf
from ses_monitor.core.dns import Answer, DomainProof, Lookup, NameServer, Outcome, Question, ServerAnswer, Zone
from ses_monitor.core.domains import parents, possible, registrable
from ses_monitor.core.inquiry import LONGEST_TESTIMONY, Inquiry
from ses_monitor.core.misspelling import GENUINE, PROVIDERS, meant
from ses_monitor.core.observed import Blindness, Known, Missing, NotObservedError, Observed
from ses_monitor.core.records import Record, to_publish


@pytest.mark.parametrize(
    ("domain", "registered"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("a.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("a.example.de", "example.de"),
        ("com", "com"),
        ("", ""),
    ],
)
def test_a_registered_name_is_guessed_from_its_labels(domain: str, registered: str) -> None:
    assert registrable(domain) == registered


def test_the_parents_end_with_the_registered_name() -> None:
    assert list(parents("a.b.example.co.uk")) == ["b.example.co.uk", "example.co.uk"]
    assert list(parents("example.com")) == []


@pytest.mark.parametrize("name", ["", "a..b", ".a", "a.", "a" * 64, ".".join(["a" * 60] * 5)])
def test_some_names_cannot_be(name: str) -> None:
    assert not possible(name)


@given(st.text(max_size=300))
def test_guessing_never_raises_and_stays_within_the_name(domain: str) -> None:
    assert domain.endswith(registrable(domain))
    assert all(domain.endswith(parent) for parent in parents(domain))
    possible(domain)


def nothing(_: str) -> Observed[tuple[str, ...]]:
    return Known(())


@given(st.text(max_size=200))
def test_any_text_can_be_read_as_spf_dkim_or_dmarc(text: str) -> None:
    spf.names(f"v=spf1 {text}", "amazonses.com", nothing)
    spf.records_in([text])
    dkim_key.fault_of([text])
    dkim_key.is_meant_as_key(text)
    dmarc.meant([text])
    if dmarc.counting([f"v=DMARC1; {text}"]) and not dmarc.fault_of(f"v=DMARC1; {text}"):
        dmarc.policy_of("example.com", f"v=DMARC1; {text}")


def test_no_more_includes_are_followed_than_receivers_follow() -> None:
    asked: list[str] = []

    def endless(name: str) -> Observed[tuple[str, ...]]:
        asked.append(name)
        return Known((f"v=spf1 include:{len(asked)}.example.net -all",))

    assert isinstance(spf.names("v=spf1 include:0.example.net -all", "amazonses.com", endless), Missing)
    assert len(asked) == spf.MOST_LOOKUPS


@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_can_stand_in_place_of_a_key(data: bytes) -> None:
    dkim_key.fault_of([f"p={base64.b64encode(data).decode()}"])


def test_a_dmarc_record_is_amended_and_otherwise_left_alone() -> None:
    record = "v=DMARC1; p=none; sp=none; aspf=s; rua=mailto:p=x@example.com"
    policy = dmarc.policy_of("example.com", record)
    assert policy.amended("sp", "reject") == record.replace("sp=none", "sp=reject")
    assert policy.amended("a(?:dkim|spf)", "r") == record.replace("aspf=s", "aspf=r")


def test_no_provider_is_taken_for_a_slip_of_another() -> None:
    assert [name for name in (*PROVIDERS, *GENUINE) if meant(name)] == []
    assert not set(GENUINE) & set(PROVIDERS)


@given(st.sampled_from(PROVIDERS), st.data())
def test_one_slip_away_from_a_provider_is_noticed(provider: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(provider) - 1))
    for slip in (provider[:at] + provider[at + 1 :], provider[:at] + "#" + provider[at:]):
        assert meant(slip) or slip in PROVIDERS or slip in GENUINE


@given(st.text(max_size=30))
def test_a_slip_is_never_longer_or_shorter_by_more_than_one(domain: str) -> None:
    right = meant(domain)
    assert not right or abs(len(right) - len(domain)) <= 1


def test_a_record_is_written_whole_and_relative_to_its_zone() -> None:
    record = Record("a.b.example.com", "CNAME", "x.dkim.amazonses.com")
    assert record.full() == "a.b.example.com. CNAME x.dkim.amazonses.com."
    assert record.relative("example.com") == "a.b"
    assert record.relative("example.net") == "a.b.example.com"
    assert Record("example.com", "TXT", "hello").full() == 'example.com. TXT "hello"'
    assert Record("example.com", "TXT", "hello").relative("example.com") == "@"


def test_more_records_than_fit_in_a_sentence_are_counted() -> None:
    records = [Record(f"{n:03d}{'a' * 60}.example.com", "CNAME", "b" * 60) for n in range(9)]
    published = to_publish(records, "example.com")
    assert published.records.endswith("more")
    assert len(published.records) <= 500
    assert published.whole[8] == records[8].full()


def proof(answer: Answer, resolver: Answer, *servers: str) -> DomainProof:
    question = Question("example.com", "TXT")
    told = tuple(ServerAnswer(server, "192.0.2.1", answer) for server in servers or ("ns1.example.net",))
    zone = Zone("example.com", tuple(NameServer(server, ("192.0.2.1",)) for server in servers))
    return DomainProof("example.com", resolver, Known(zone), {question: Lookup(question, told, resolver)})


FOUND, NO = Answer(Outcome.FOUND, ("hello",)), Answer(Outcome.NO_SUCH_NAME)


def test_what_was_not_asked_yet_is_noted_while_asking() -> None:
    inquiry = Inquiry(Missing(Blindness.NOT_APPLICABLE, "not due"), asking=True)
    assert isinstance(inquiry.told("Example.com", "MX"), Missing)
    assert list(inquiry.wanted) == [Question("example.com", "MX")]


def test_without_any_proof_nothing_is_concluded() -> None:
    with pytest.raises(NotObservedError):
        Inquiry(Missing(Blindness.TIMED_OUT, "no resolver answered")).told("example.com", "MX")


def test_the_authority_goes_before_the_resolver() -> None:
    assert Inquiry(Known(proof(NO, FOUND))).told("example.com", "TXT") == Known(NO)


def test_the_resolver_speaks_where_no_authority_answers() -> None:
    assert Inquiry(Known(proof(Answer(Outcome.REFUSED), FOUND))).told("example.com", "TXT") == Known(FOUND)


def test_an_alias_out_of_the_zone_is_followed_by_the_resolver() -> None:
    alias = Answer(Outcome.FOUND, aliases=("x.example.net",))
    assert Inquiry(Known(proof(alias, FOUND))).told("example.com", "TXT") == Known(FOUND)


def test_testimony_names_a_few_servers_and_stays_short() -> None:
    servers = [f"ns{n}.{'x' * 70}.example.net" for n in range(20)]
    told = Inquiry(Known(proof(Answer(Outcome.FOUND, ("y" * 4000,) * 50), NO, *servers))).testimony(
        ("example.com", "TXT")
    )
    assert "17 more" in told
    assert len(told) <= LONGEST_TESTIMONY
