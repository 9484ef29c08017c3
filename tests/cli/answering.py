"""One operation of an AWS service on loopback, where moto has none or needs packages that nothing else here needs."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[str, Mapping[str, str]], tuple[int, str]]
"""Body and headers of a request to status and body of the answer."""


class Answering:
    """Answers each POST as told, for as long as the `with` block lasts, which gives its URL."""

    def __init__(self, answer: Answer, content_type: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                status, text = answer(self.rfile.read(length).decode(), dict(self.headers))
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: the tests' output is for failures."""

        self._handler = Handler
        self._running = ExitStack()

    def __enter__(self) -> str:
        server = self._running.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), self._handler))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self._running.callback(thread.join)
        self._running.callback(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._running.close()
