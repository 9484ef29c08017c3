"""UDP and TCP on loopback addresses that share one port, served by one thread."""

import asyncio
import contextlib
import errno
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from typing_extensions import override

FIRST_ADDRESS = "127.0.1.1"
TRIES = 40
IDLE_S = 30.0  # a TCP client that asks nothing is hung up on after this


class DnsAddressError(OSError):
    """The machine does not have the loopback addresses that the simulated name servers need."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes back, after a while. No bytes: nothing ever does."""

    wire: bytes | None
    delay_s: float = 0.0


Answer = Callable[[str, bytes, bool], Delivery]
"""Takes the address that was asked, the query and whether it came over TCP."""


def _bind(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    bound = socket.socket(socket.AF_INET, kind)
    try:
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            # A benchmark has many questions in flight; what does not fit is lost, as in life.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        bound.bind((address, port))
        if kind is socket.SOCK_STREAM:
            bound.listen(256)
        bound.setblocking(False)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise DnsAddressError(error.errno, _advice(address)) from error
        raise
    return bound


def _advice(address: str) -> str:
    return (
        f"{address} is not an address of this machine, and the simulated name servers need one each: 127.0.1.1 and "
        "the following. Linux has all of 127.0.0.0/8; on macOS add them until the next restart: "
        "for i in $(seq 1 30); do sudo ifconfig lo0 alias 127.0.1.$i; done"
    )


Pair = tuple[socket.socket, socket.socket]


def _bind_all(addresses: Iterable[str], port: int) -> dict[str, Pair]:
    pairs: dict[str, Pair] = {}
    with contextlib.ExitStack() as undo:
        for address in addresses:
            datagrams = _bind(address, port, socket.SOCK_DGRAM)
            undo.callback(datagrams.close)
            streams = _bind(address, port or datagrams.getsockname()[1], socket.SOCK_STREAM)
            undo.callback(streams.close)
            pairs[address] = (datagrams, streams)
            port = port or datagrams.getsockname()[1]
        undo.pop_all()
    return pairs


def bind_on_one_port(addresses: Iterable[str], port: int = 0) -> dict[str, Pair]:
    """Bind every address on one port, a free one if it is 0.

    Raises DnsAddressError where the machine lacks an address, OSError where no port is free.
    """
    wanted = tuple(addresses)
    for left in reversed(range(1 if port else TRIES)):
        try:
            return _bind_all(wanted, port)
        except OSError as error:
            # Another process may have the port at one of the addresses: then another port is tried.
            if isinstance(error, DnsAddressError) or error.errno != errno.EADDRINUSE or not left:
                raise
    raise AssertionError("unreachable")


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, address: str, answer: Answer) -> None:
        self._address = address
        self._answer = answer

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # What asyncio gives here is one by behaviour, and by its class only from Python 3.12 on.
        self._transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        delivery = self._answer(self._address, data, False)
        if delivery.wire is None:
            return
        if delivery.delay_s:
            asyncio.get_running_loop().call_later(delivery.delay_s, self._transport.sendto, delivery.wire, addr)
        else:
            self._transport.sendto(delivery.wire, addr)

    @override
    def error_received(self, exc: Exception) -> None:
        """A client that is gone is its own business."""


class DnsSockets:
    """Serves `answer` at addresses on one port until `close`, which leaves no thread and no socket behind."""

    def __init__(self, addresses: Iterable[str], answer: Answer, *, port: int = 0) -> None:
        self._answer = answer
        pairs = bind_on_one_port(addresses, port)
        self.port: int = next(iter(pairs.values()))[0].getsockname()[1]
        self._addresses: set[str] = set()
        self._open: list[Callable[[], None]] = []
        self._clients: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="simulated-dns")
        self._thread.start()
        self._serve(pairs)

    def listen(self, addresses: Iterable[str]) -> None:
        """Serve more addresses."""
        more = [address for address in addresses if address not in self._addresses]
        if more:
            self._serve(bind_on_one_port(more, self.port))

    def close(self) -> None:
        """Hang up and end. A second call does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    def _serve(self, pairs: Mapping[str, Pair]) -> None:
        self._addresses.update(pairs)
        asyncio.run_coroutine_threadsafe(self._start(pairs), self._loop).result()

    async def _start(self, pairs: Mapping[str, Pair]) -> None:
        for address, (datagrams, streams) in pairs.items():
            transport, _ = await self._loop.create_datagram_endpoint(
                lambda address=address: _Datagrams(address, self._answer),  # type: ignore[misc] # mypy cannot infer it
                sock=datagrams,
            )
            server = await asyncio.start_server(self._stream(address), sock=streams)
            self._open.extend((transport.close, server.close))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._until_closed())
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    async def _until_closed(self) -> None:
        await self._closing.wait()
        for close in self._open:
            close()
        # What was just accepted becomes a client in the loop's next rounds, and transports close their sockets then.
        for _ in range(3):
            await asyncio.sleep(0)
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await asyncio.sleep(0)

    def _stream(self, address: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = self._loop.create_task(self._converse(address, reader, writer))
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)

        return connected

    async def _converse(self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    query = await reader.readexactly(length)
                delivery = self._answer(address, query, True)
                await asyncio.sleep(delivery.delay_s)
                if delivery.wire is not None:
                    writer.write(struct.pack("!H", len(delivery.wire)) + delivery.wire)
                    await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return  # hung up, or idle too long (TimeoutError is an OSError)
        finally:
            writer.close()
            with contextlib.suppress(OSError):  # the client hung up first
                await writer.wait_closed()
