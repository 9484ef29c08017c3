"""One question to one server: over UDP, over TCP where the answer does not fit, within bounds, and without raising."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from ses_monitor.collect.dns.settings import Address, DnsSettings
from ses_monitor.core.dns import Outcome

PAYLOAD = 1232
"""Octets offered by EDNS: what passes everywhere without fragments (DNS Flag Day 2020)."""

COOL_OFF_S = 15.0
"""How long a server that was silent several times in a row is not asked again."""

_HEADER = 12
_OPT = 11  # octets of an OPT record without options (RFC 6891)
_EDNS_REFUSALS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS})


@dataclass(frozen=True, slots=True)
class Query:
    """A question in wire format. Its id is set anew each time it is sent."""

    wire: bytes

    @property
    def question(self) -> bytes:
        """The question section, lower case: names differ by case only where somebody plays with it."""
        return self.wire[_HEADER:-_OPT].lower()

    @property
    def without_edns(self) -> bytes:
        """The same without the OPT record at its end, which the last of the header's counters counts."""
        return self.wire[: _HEADER - 2] + b"\x00\x00" + self.wire[_HEADER:-_OPT]


def query_for(name: dns.name.Name, rdtype: dns.rdatatype.RdataType, flags: int) -> Query:
    """Write a query with these header flags (RD, CD)."""
    return Query(dns.message.make_query(name, rdtype, flags=flags, use_edns=0, payload=PAYLOAD).to_wire())


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a readable message that fits the question, or how asking failed."""

    message: dns.message.QueryMessage | None
    failure: Outcome = Outcome.TIMED_OUT
    detail: str = ""

    @property
    def is_silence(self) -> bool:
        """Whether nobody is there, so that another address of the same server may be tried."""
        return self.message is None and self.failure in {Outcome.TIMED_OUT, Outcome.UNREACHABLE}


class Wire:
    """Asks servers, at most `concurrency` questions at once, until its lifetime is over.

    A server silent to `patience` questions in a row is left alone for a while: the questions meant for it count as
    unanswered too. A thousand domains on one dead server must not use up the time of all the others.
    """

    def __init__(self, settings: DnsSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + settings.lifetime_s
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._silences: defaultdict[Address, int] = defaultdict(int)
        self._left_alone: dict[Address, tuple[float, Outcome]] = {}
        self.sent = 0
        """Queries sent so far, repetitions included."""

    async def ask(self, address: Address, query: Query, timeout_s: float, patience: int) -> Reply:
        """Put one question to one server. Never raises."""
        async with self._slots:
            until, failure = self._left_alone.get(address, (0.0, Outcome.TIMED_OUT))
            if self._clock() < until:
                return Reply(None, failure, "it has not answered the questions before this one")
            left_s = self._ends - self._clock()
            if left_s <= 0:
                return Reply(None, Outcome.TIMED_OUT, "the time for this audit's DNS questions was over")
            timeout_s = min(timeout_s, left_s)
            reply = await self._udp_then_tcp(address, query.wire, query.question, timeout_s)
            if reply.message is not None and reply.message.rcode() in _EDNS_REFUSALS:
                # A server from before 1999 (RFC 2671), or a firewall that thinks it is.
                reply = await self._udp_then_tcp(address, query.without_edns, query.question, timeout_s)
        self._remember(address, reply, patience)
        return reply

    async def _udp_then_tcp(self, address: Address, wire: bytes, question: bytes, timeout_s: float) -> Reply:
        wire = secrets.token_bytes(2) + wire[2:]
        answer = await self._over_udp(address, wire, question, timeout_s)
        if isinstance(answer, Reply):
            if answer.failure is not Outcome.BROKEN:
                return answer
            second = await self._over_tcp(address, wire, question, timeout_s)
            return answer if isinstance(second, Reply) else _read(second)
        if not answer[2] & 0x02:  # TC: there is more than fits
            return _read(answer)
        whole = await self._over_tcp(address, wire, question, timeout_s)
        if isinstance(whole, Reply):
            return Reply(None, whole.failure, f"its answer is too long for UDP, and over TCP: {whole.detail}")
        return _read(whole)

    async def _over_udp(self, address: Address, wire: bytes, question: bytes, timeout_s: float) -> bytes | Reply:
        def exchange() -> _Exchange:
            return _Exchange(wire, question, timeout_s, self._count)

        try:
            transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                exchange, remote_addr=address
            )
        except OSError as error:  # no route: an IPv6 address on a machine without IPv6
            return Reply(None, Outcome.UNREACHABLE, _in_words(error))
        try:
            answer = await protocol.answer
        except OSError as error:  # told by ICMP that nobody listens there
            return Reply(None, Outcome.UNREACHABLE, _in_words(error))
        finally:
            protocol.stop()
            transport.close()
        if answer is not None:
            return answer
        if protocol.odd:
            return Reply(None, Outcome.BROKEN, "what it sends does not answer the question")
        return Reply(None, Outcome.TIMED_OUT, f"no answer within {timeout_s:g} s")

    async def _over_tcp(self, address: Address, wire: bytes, question: bytes, timeout_s: float) -> bytes | Reply:
        self._count()
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(len(wire).to_bytes(2, "big") + wire)
                size = int.from_bytes(await reader.readexactly(2), "big")
                answer = await reader.readexactly(size)
        except TimeoutError:
            return Reply(None, Outcome.TIMED_OUT, f"no answer within {timeout_s:g} s")
        except asyncio.IncompleteReadError:
            return Reply(None, Outcome.BROKEN, "it hung up in the middle")
        except OSError as error:
            return Reply(None, Outcome.UNREACHABLE, _in_words(error))
        finally:
            if writer is not None:
                writer.transport.abort()
        if not _fits(answer, wire[:2], question):
            return Reply(None, Outcome.BROKEN, "what it sends does not answer the question")
        return answer

    def _count(self) -> None:
        self.sent += 1

    def _remember(self, address: Address, reply: Reply, patience: int) -> None:
        if not reply.is_silence:
            self._silences.pop(address, None)
            self._left_alone.pop(address, None)
            return
        self._silences[address] += 1
        if self._silences[address] >= patience:
            self._left_alone[address] = (self._clock() + COOL_OFF_S, reply.failure)


class _Exchange(asyncio.DatagramProtocol):
    """One query and the datagrams that come back to its port: what does not fit is not the answer, and waited past.

    The socket is this query's own, connected (so the system drops what other hosts send, and tells when nobody
    listens) and its port is random, as is the id. dnspython's asynchronous sockets give only a choice between
    stopping at the first odd datagram and not hearing of it.
    """

    def __init__(self, wire: bytes, question: bytes, timeout_s: float, count: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[bytes | None] = loop.create_future()
        self.odd = False
        self._wire = wire
        self._question = question
        self._count = count
        self._transport: asyncio.DatagramTransport | None = None
        # UDP loses packets: ask again well before giving up.
        self._timers = (
            loop.call_later(timeout_s / 3, self._send),
            loop.call_later(timeout_s, self._settle, None),
        )

    def stop(self) -> None:
        """Forget the timers."""
        for timer in self._timers:
            timer.cancel()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # what a datagram endpoint hands over; typeshed knows only the base class
        self._transport = transport
        self._send()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio gives it
        if _fits(data, self._wire[:2], self._question):
            self._settle(data)
        else:
            self.odd = True

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        self.stop()
        self._settle(None)

    def _send(self) -> None:
        if self._transport is not None and not self.answer.done():
            self._count()
            self._transport.sendto(self._wire)

    def _settle(self, answer: bytes | None) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


def _fits(data: bytes, identity: bytes, question: bytes) -> bool:
    """Whether these bytes answer this question: the id, the QR bit and the question as asked.

    A server that could not read the question sends only a header back.
    """
    if len(data) < _HEADER or data[:2] != identity or not data[2] & 0x80:
        return False
    if data[4:6] == b"\x00\x00":
        return data[3] & 0x0F != dns.rcode.NOERROR
    return data[_HEADER : _HEADER + len(question)].lower() == question


def _read(data: bytes) -> Reply:
    try:
        message = dns.message.from_wire(data)
    except Exception as error:  # noqa: BLE001 - bytes from strangers; whatever parsing trips over is their doing
        return Reply(None, Outcome.BROKEN, f"its answer cannot be read ({type(error).__name__})")
    if not isinstance(message, dns.message.QueryMessage):
        return Reply(None, Outcome.BROKEN, "what it sends is no answer to a query")
    return Reply(message)


def _in_words(error: OSError) -> str:
    return error.strerror or type(error).__name__
