"""Servers that send what no server should: nothing raises, nothing is believed, nothing is unbounded."""

from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.collect.dns.answers import (
    LONGEST_ANSWER,
    MOST_VALUES,
    Said,
    apex_in,
    authority_said,
    glue_in,
    name_servers_in,
    resolver_said,
)
from ses_monitor.collect.dns.wire import Query, _read, query_for
from ses_monitor.core.dns import Answer, Outcome
from tests.collect.dns.asking import Bytes, asked_of, server

QUICKLY: dict[str, Any] = {"timeout_s": 0.5, "resolver_timeout_s": 0.5}
ZONE = dns.name.from_text("shop.example")


def response(query: bytes, *records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> dns.message.Message:
    message = dns.message.make_response(dns.message.from_wire(query), recursion_available=True)
    message.set_rcode(rcode)
    for record in records:
        owner, ttl, _, rdtype, value = record.split(" ", 4)
        message.answer.append(dns.rrset.from_text(owner, int(ttl), "IN", rdtype, value))
    return message


def right(query: bytes) -> bytes:
    name = dns.message.from_wire(query).question[0].name
    return response(query, f"{name} 60 IN TXT right").to_wire()


def length(wire: bytes) -> bytes:
    return len(wire).to_bytes(2, "big")


def forged(query: bytes) -> bytes:
    name = dns.message.from_wire(query).question[0].name
    wire = response(query, f"{name} 60 IN TXT forged").to_wire()
    return bytes((wire[0] ^ 1, wire[1])) + wire[2:]


def to_another_question(query: bytes) -> bytes:
    wire = response(dns.message.make_query("evil.example", "TXT").to_wire(), "evil.example. 60 IN TXT forged").to_wire()
    return query[:2] + wire[2:]


def framed(reply: bytes, *, tcp: bool) -> bytes:
    return length(reply) + reply if tcp else reply


MISBEHAVIOUR: tuple[tuple[str, Bytes, Outcome], ...] = (
    ("says nothing", lambda _, _tcp: (), Outcome.TIMED_OUT),
    ("sends an empty datagram", lambda _, _tcp: (b"",), Outcome.BROKEN),
    ("sends noise", lambda _, _tcp: (b"\xff" * 40,), Outcome.BROKEN),
    ("sends noise under the right id", lambda query, tcp: (framed(query[:2] + b"\xff" * 40, tcp=tcp),), Outcome.BROKEN),
    ("sends the question back", lambda query, tcp: (framed(query, tcp=tcp),), Outcome.BROKEN),
    ("answers under a wrong id", lambda query, tcp: (framed(forged(query), tcp=tcp),), Outcome.BROKEN),
    ("answers another question", lambda query, tcp: (framed(to_another_question(query), tcp=tcp),), Outcome.BROKEN),
    ("sends a header that promises more", lambda query, tcp: (framed(query[:2] + b"\x81\x80" + query[4:6] + b"\xff\xff" * 3 + query[12:], tcp=tcp),), Outcome.BROKEN),
    ("is cut short over TCP", lambda query, tcp: (length(right(query)) + right(query)[:20],) if tcp else (query[:2] + b"\x83\x80" + query[4:],), Outcome.BROKEN),
    ("announces 64 KB over TCP and hangs up", lambda query, tcp: (b"\xff\xff",) if tcp else (query[:2] + b"\x83\x80" + query[4:],), Outcome.BROKEN),
    ("answers with an error nobody knows", lambda query, tcp: (framed(response(query, rcode=dns.rcode.Rcode(11)).to_wire(), tcp=tcp),), Outcome.BROKEN),
    ("answers that it cannot read even the plain question", lambda query, tcp: (framed(query[:2] + b"\x80\x01" + b"\x00" * 8, tcp=tcp),), Outcome.BROKEN),
)  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "outcome"), [each[1:] for each in MISBEHAVIOUR], ids=[each[0] for each in MISBEHAVIOUR]
)
def test_no_answer_is_made_of_what_comes_from_a_server_that(answer: Bytes, outcome: Outcome) -> None:
    with server(answer) as address:
        found = asked_of(address, **QUICKLY)

    assert found.outcome is outcome
    assert found.values == ()
    assert found.detail


def test_the_right_answer_is_taken_from_among_forged_ones() -> None:
    def answer(query: bytes, tcp: bool) -> list[bytes]:
        del tcp
        return [forged(query), to_another_question(query), b"\x00" * 12, right(query)]

    with server(answer) as address:
        assert asked_of(address).values == ("right",)


def test_what_is_odd_over_udp_may_be_right_over_tcp() -> None:
    def answer(query: bytes, tcp: bool) -> list[bytes]:
        return [framed(right(query), tcp=True) if tcp else b"mangled on the way"]

    with server(answer) as address:
        assert asked_of(address, **QUICKLY).values == ("right",)


def test_a_server_that_knows_no_edns_is_asked_without() -> None:
    def answer(query: bytes, tcp: bool) -> list[bytes]:
        del tcp
        if dns.message.from_wire(query).edns >= 0:
            return [query[:2] + b"\x81\x81" + b"\x00" * 8]
        return [right(query)]

    with server(answer) as address:
        assert asked_of(address).values == ("right",)


def test_an_answer_in_pieces_over_tcp_is_put_together() -> None:
    def answer(query: bytes, tcp: bool) -> list[bytes]:
        if not tcp:
            return [query[:2] + b"\x83\x80" + query[4:]]
        wire = framed(right(query), tcp=True)
        return [wire[at : at + 7] for at in range(0, len(wire), 7)]

    with server(answer) as address:
        assert asked_of(address).values == ("right",)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([f"a.shop.example. 60 IN TXT {number}" for number in range(MOST_VALUES + 1)], "too many"),
        (["a.shop.example. 60 IN TXT " + " ".join(["x" * 255] * (LONGEST_ANSWER // 255 + 1))], "too long"),
    ],
)  # fmt: skip
def test_an_answer_too_large_to_judge_is_not_judged_by_its_beginning(records: list[str], reason: str) -> None:
    def answer(query: bytes, tcp: bool) -> list[bytes]:
        message = response(query)
        if not tcp:
            message.flags |= dns.flags.TC
            return [message.to_wire()]
        values = [record.split(" ", 4)[4] for record in records]
        message.answer.append(dns.rrset.from_text("a.shop.example.", 60, "IN", "TXT", *values))
        return [framed(message.to_wire(max_size=65535), tcp=True)]

    with server(answer) as address:
        found = asked_of(address)

    assert (found.outcome, found.values) == (Outcome.BROKEN, ())
    assert reason in found.detail


ANSWERS_THAT_CONTRADICT_THEMSELVES = (
    (["a.shop.example. 60 IN TXT here"], dns.rcode.NXDOMAIN, Outcome.BROKEN),
    (["a.shop.example. 60 IN CNAME a.shop.example."], dns.rcode.NOERROR, Outcome.BROKEN),
    (["other.example. 60 IN TXT forged"], dns.rcode.NOERROR, Outcome.NO_SUCH_TYPE),
)  # fmt: skip


@pytest.mark.parametrize(("records", "rcode", "outcome"), ANSWERS_THAT_CONTRADICT_THEMSELVES)
def test_of_an_answer_only_what_was_asked_counts(records: list[str], rcode: dns.rcode.Rcode, outcome: Outcome) -> None:
    with server(lambda query, _tcp: [response(query, *records, rcode=rcode).to_wire()]) as address:
        assert asked_of(address).outcome is outcome


def test_an_alias_without_an_end_does_not_keep_us_for_ever() -> None:
    def answer(query: bytes, tcp: bool) -> list[bytes]:
        del tcp
        name = dns.message.from_wire(query).question[0].name
        return [
            response(
                query, f"{name} 60 IN CNAME x{len(name.labels[0])}.{'a' * (len(name.labels[0]) + 1)}.example."
            ).to_wire()
        ]

    def longer(query: bytes, tcp: bool) -> list[bytes]:
        del tcp
        name = dns.message.from_wire(query).question[0].name
        return [response(query, f"{name} 60 IN CNAME x{name.labels[0].decode()[:40]}.shop.example.").to_wire()]

    for endless in (answer, longer):
        with server(endless) as address:
            assert asked_of(address).outcome is Outcome.BROKEN


QUERY = query_for(dns.name.from_text("a.shop.example"), dns.rdatatype.TXT, 0)


@given(st.binary(max_size=600))
def test_bytes_of_any_kind_are_read_or_refused(noise: bytes) -> None:
    held(noise)
    held(QUERY.wire[:2] + b"\x84\x00" + noise)


@given(st.data())
def test_a_good_answer_with_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    wire = bytearray(
        response(
            Query(QUERY.wire).wire,
            "a.shop.example. 60 IN CNAME b.shop.example.",
            "b.shop.example. 60 IN TXT here",
            "shop.example. 60 IN MX 10 m.shop.example.",
        ).to_wire()
    )
    for _ in range(data.draw(st.integers(1, 6))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    held(bytes(wire))


def held(wire: bytes) -> None:
    """Put bytes through all that reads an answer."""
    reply = _read(wire)
    if reply.message is None:
        assert reply.failure is Outcome.BROKEN
        return
    for said in (resolver_said(reply.message), authority_said(reply.message, ZONE)):
        if isinstance(said, Said):
            assert isinstance(said.answer, Answer)
    apex_in(reply.message, ZONE)
    name_servers_in(reply.message, ZONE)
    glue_in(reply.message)
