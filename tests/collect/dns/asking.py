"""What the tests of the DNS reader share: a simulated DNS to ask, and servers that answer whatever bytes a test likes."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import dns.rdatatype

from ses_monitor.collect.dns import DnsSettings, prove_now
from ses_monitor.collect.dns.names import parsed
from ses_monitor.collect.dns.resolving import ResolverView
from ses_monitor.collect.dns.wire import Wire
from ses_monitor.core.dns import Answer, DomainProof, Lookup, Question, Zone
from ses_monitor.core.observed import Known, Observed
from simulator.dns.sockets import bind_on_one_port
from simulator.dns.world import DnsWorld

DOMAIN = "shop.example"


def settings_of(simulated: DnsWorld, **changes: Any) -> DnsSettings:
    """Settings that lead to a simulated DNS."""
    return replace(DnsSettings.from_environment(simulated.environment()), **changes)


def proof_of(simulated: DnsWorld, *questions: tuple[str, str], domain: str = DOMAIN, **changes: Any) -> DomainProof:
    """Prove one domain. Names are relative to it."""
    asked = [Question(in_full(name, domain), type_) for name, type_ in questions]
    return prove_now({domain: asked}, settings_of(simulated, **changes))[domain]


def lookup_of(simulated: DnsWorld, name: str, type_: str, domain: str = DOMAIN, **changes: Any) -> Lookup:
    """Ask one question about a domain. The name is relative to it."""
    proof = proof_of(simulated, (name, type_), domain=domain, **changes)
    return proof.lookup(in_full(name, domain), type_).get()


def in_full(name: str, domain: str) -> str:
    return domain if name == "@" else f"{name}.{domain}"


def zone_of(proof: DomainProof) -> Zone:
    zone: Zone = known(proof.zone)
    return zone


def known(observed: Observed[Any]) -> Any:
    assert isinstance(observed, Known), observed
    return observed.value


def world(records: Mapping[str, Any], **zone: Any) -> dict[str, Any]:
    """A world with one zone."""
    return {"zones": {DOMAIN: {"records": records, **zone}}}


Bytes = Callable[[bytes, bool], Iterable[bytes]]
"""Takes a query and whether it came over TCP; gives what to send back, piece by piece."""


@contextlib.contextmanager
def server(answer: Bytes) -> Iterator[tuple[str, int]]:
    """Answer on 127.0.0.1, UDP and TCP, with raw bytes."""
    (bound,) = bind_on_one_port(["127.0.0.1"]).values()
    with bound[0] as datagrams, bound[1] as streams:
        address: tuple[str, int] = datagrams.getsockname()
        over = threading.Event()
        threads = [threading.Thread(target=serve, args=(each, answer, over)) for each in (datagrams, streams)]
        for thread in threads:
            thread.start()
        try:
            yield address
        finally:
            over.set()
            for thread in threads:
                thread.join()


def serve(bound: socket.socket, answer: Bytes, over: threading.Event) -> None:
    bound.settimeout(0.02)
    while not over.is_set():
        with contextlib.suppress(OSError):  # nobody asked for a moment, or who asked is gone
            if bound.type == socket.SOCK_DGRAM:
                query, client = bound.recvfrom(65535)
                for piece in answer(query, False):
                    bound.sendto(piece, client)
            else:
                connection, _ = bound.accept()
                with connection:
                    connection.settimeout(5)
                    (length,) = struct.unpack("!H", connection.recv(2))
                    for piece in answer(connection.recv(length), True):
                        connection.sendall(piece)


def asked_of(address: tuple[str, int], name: str = "a.shop.example", type_: str = "TXT", **changes: Any) -> Answer:
    """What a resolver at this address says."""
    settings = replace(DnsSettings(resolvers=(address,)), **changes)

    async def ask() -> Answer:
        view = ResolverView(Wire(settings), settings)
        return await view.answer(parsed(name), dns.rdatatype.from_text(type_))

    return asyncio.run(ask())
