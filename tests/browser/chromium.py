"""A headless Chromium driven through its debugging pipe, with the standard library alone; always stopped.

The DevTools protocol: https://chromedevtools.github.io/devtools-protocol/. With --remote-debugging-pipe the browser
reads messages from descriptor 3 and writes them to 4, each ended by a zero byte.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60
"""Seconds for one answer; a browser that starts on a busy machine takes some."""
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# Puts the two ends of the pipes where the browser looks for them, then becomes the browser.
BECOME = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)


def found() -> str | None:
    """Return the browser: the one that CHROMIUM names, or the first on PATH."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page of a browser."""

    def __init__(self, to_it: int, from_it: int) -> None:
        self._to_it, self._from_it = to_it, from_it
        self._unread = b""
        self._last = 0
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", {"url": "about:blank"}, in_page=False)["targetId"]
        attach = {"targetId": target, "flatten": True}
        self._session = self.ask("Target.attachToTarget", attach, in_page=False)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, parameters: dict[str, Any] | None = None, *, in_page: bool = True) -> dict[str, Any]:
        """Ask, and return the answer; what happens meanwhile is kept in `events`."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters or {}}
        if in_page:
            message["sessionId"] = self._session
        os.write(self._to_it, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._last:
            self.events.append(answer)
        assert "error" not in answer, answer
        return dict(answer["result"])

    def open(self, page: Path, *, width: int, dark: bool, script: bool = True) -> None:
        """Open a file as a window of this width shows it, and wait until it is loaded."""
        self.events.clear()
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.ask("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.ask("Emulation.setScriptExecutionDisabled", {"value": not script})
        self.ask("Page.navigate", {"url": page.as_uri()})
        while not any(each.get("method") == "Page.loadEventFired" for each in self.events):
            self.events.append(self._next())

    def value(self, expression: str) -> Any:
        """Return what an expression comes to in the page."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self.ask("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self) -> list[dict[str, Any]]:
        """Return what the console was told, exceptions, and what the policy refused."""
        wanted = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        return [each for each in self.events if each.get("method") in wanted]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for."""
        return [
            each["params"]["request"]["url"]
            for each in self.events
            if each.get("method") == "Network.requestWillBeSent"
        ]

    def picture(self, path: Path) -> None:
        """Save the whole page as PNG."""
        answer = self.ask("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(answer["data"]))

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from_it], [], [], max(until - time.monotonic(), 0))
            assert ready, "the browser does not answer"
            read = os.read(self._from_it, 1 << 16)
            assert read, "the browser has ended"
            self._unread += read
        message, _, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browser(program: str) -> Iterator[Browser]:
    """Start a browser with a profile of its own, and stop it with all its processes, whatever happens."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Above 3 and 4, so that putting one in its place does not close the other.
    high = [fcntl.fcntl(each, fcntl.F_DUPFD, 20) for each in (theirs_in, theirs_out)]
    for each in (theirs_in, theirs_out):
        os.close(each)
    with tempfile.TemporaryDirectory(prefix="ses-monitor-browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [sys.executable, "-c", BECOME, *map(str, high), program, *OPTIONS, f"--user-data-dir={profile}"],
            pass_fds=high,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for each in high:
            os.close(each)
        try:
            yield Browser(ours_out, ours_in)
        finally:
            # Its own session, so its own group: the helpers of the browser end with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(ours_out)
            os.close(ours_in)
