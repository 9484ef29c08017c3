"""A small threaded HTTP/1.1 server on the loopback, with the ways a server can misbehave: answer late, never, or
hang up. Both halves of the simulator (the AWS API and the chat) are served by it."""

import select
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import unquote, urlsplit

from typing_extensions import override

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came over the wire; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The decoded path, without the query string."""
        return unquote(urlsplit(self.target).path)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, sent after `delay_s` seconds."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer: hold the connection until one side closes it."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Drop the connection with a TCP reset, `delay_s` seconds after the request was read."""

    delay_s: float = 0.0


Answer = Reply | Hang | Reset
App = Callable[[HttpRequest], Answer]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def handle_any(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            self._send(Reply(411, b"a Content-Length is needed\n"), close=True)
            return
        if int(length) > LARGEST_BODY:
            self._send(Reply(413, b"too large\n"), close=True)
            return
        request = HttpRequest(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        self._give(self.server.app(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - http.server finds methods by these names

    def _give(self, answer: Answer) -> None:
        match answer:
            case Reply():
                self._pause(answer.delay_s)
                self._send(answer)
            case Hang():
                while not self._gone():
                    pass
                self._drop()
            case Reset():
                self._pause(answer.delay_s)
                self._drop()

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self.server.closing.wait(seconds)

    def _gone(self) -> bool:
        """Wait a moment; true once the client has hung up or the server is closing."""
        if self.server.closing.is_set():
            return True
        readable, _, _ = select.select([self.connection], [], [], 0.1)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _drop(self) -> None:
        self.close_connection = True
        self.server.reset_on_close(self.connection)

    def _send(self, reply: Reply, *, close: bool = False) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(reply.body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the call log is what callers read."""


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = False  # so that closing waits for every connection's thread
    block_on_close = True
    request_queue_size = 256

    def __init__(self, app: App, port: int) -> None:
        self.app = app
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._reset: set[socket.socket] = set()
        super().__init__((LOOPBACK, port), _Handler)

    @override
    def server_bind(self) -> None:
        """Bind without HTTPServer's reverse look-up of the host name: the simulator asks no DNS."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def reset_on_close(self, connection: socket.socket) -> None:
        with self._lock:
            self._reset.add(connection)

    @override
    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
            reset = request in self._reset
            self._reset.discard(request)
        if reset:
            # Linger of 0 s: close() sends RST instead of FIN.
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_request(request)
        else:
            super().shutdown_request(request)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is its own business; `App` reports its own errors."""

    def hang_up(self) -> None:
        """Wake every thread that waits for a keep-alive client, a delay or a hang."""
        self.closing.set()
        with self._lock:
            connections = tuple(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster


class LoopbackServer:
    """Serves `app` on 127.0.0.1 in threads of this process until `close`, which leaves no thread behind."""

    def __init__(self, app: App, *, port: int = 0, name: str = "loopback") -> None:
        self._server = _Server(app, port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name=name)
        self._thread.start()

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def close(self) -> None:
        """Stop accepting, hang up on everybody, wait for the threads. A second call does nothing."""
        if self._server.closing.is_set():
            return
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
