"""Watches what would reach CloudWatch Logs during the whole test run: log lines, metrics, and what handlers raise.

A test during which a recipient or a secret is in any of them fails, whatever it is about. An address is looked for by
its shape, not in a list: nothing that ships has a reason to log one. The deployed functions' own logs are read by
tests/e2e. Also a plugin of its own: `pytest -p tests.security.log_watch`.
"""

from __future__ import annotations

import functools
import logging
import re
import traceback
from collections.abc import Callable, Generator
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from simulator.chat.receiver import WEBHOOK_PATH

SECRETS = {
    WEBHOOK_PATH: "a webhook",
    "sixteen bytes at least": "the recipients' key",
}
"""What stands for secrets in tests. `canary_` begins those that tests/security makes up."""
CANARY = "canary_"

# A masked address (a…@example.org) has no letter before its @. An @ escaped in a URL or in JSON is one too, and so is
# one of full width. Before it may be a quote.
_ADDRESS = re.compile(
    r"[\w.+-]*[\w\"](?:[@\uff20\ufe6b]|%40|\\u0040)[A-Za-z0-9](?:[\w-]*\.)+[A-Za-z]{2,}", re.IGNORECASE
)
_WEBHOOK = re.compile(
    r"https?://hooks\.slack\.com/(?:services|workflows|triggers)/\w|xox[a-z]-[\w-]{4,}", re.IGNORECASE
)


def leaks(text: str) -> list[str]:
    """Return what of `text` nobody may read in a log: each address, webhook, token and marked secret."""
    found = [f"the address {each}" for each in _ADDRESS.findall(text)]
    found += [f"the secret {each}" for each in _WEBHOOK.findall(text)]
    found += [what for marker, what in SECRETS.items() if marker in text]
    return found + ([f"a secret that begins with {CANARY}"] if CANARY in text else [])


class LogWatch:
    """Looks at each line as it is formatted, at each blob of metrics, and at what escapes a handler."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._undo: list[Callable[[], None]] = []
        self._wrap(LambdaPowertoolsFormatter, "format", str)
        self._wrap(logging.Formatter, "format", str)
        self._wrap(AmazonCloudWatchEMFProvider, "serialize_metric_set", repr)
        self._wrap_handlers()

    def look(self, kind: str, text: str) -> None:
        """Note what `text` leaks."""
        self.seen += [f"{leak} in {kind}: {text[:500]}" for leak in leaks(text)]

    def close(self) -> None:
        """Leave the libraries as they were."""
        while self._undo:
            self._undo.pop()()

    def _wrap(self, owner: type, name: str, text_of: Callable[[Any], str]) -> None:
        plain = getattr(owner, name)

        @functools.wraps(plain)
        def watched(*arguments: Any, **named: Any) -> Any:
            made = plain(*arguments, **named)
            self.look("a log line" if name == "format" else "metrics", text_of(made))
            return made

        setattr(owner, name, watched)
        self._undo.append(lambda: setattr(owner, name, plain))

    def _wrap_handlers(self) -> None:
        """Lambda's runtime logs what a handler raises, with its causes: it is a log line too."""
        plain = Logger.inject_lambda_context

        @functools.wraps(plain)
        def inject(logger: Logger, handler: Any = None, **options: Any) -> Any:
            if handler is None:
                return functools.partial(inject, logger, **options)
            inner = plain(logger, handler, **options)

            @functools.wraps(inner)
            def watched(*arguments: Any, **named: Any) -> Any:
                try:
                    return inner(*arguments, **named)
                except Exception as error:
                    self.look("an error of a handler", "".join(traceback.format_exception(error)))
                    raise

            return watched

        setattr(Logger, plain.__name__, inject)
        self._undo.append(lambda: setattr(Logger, "inject_lambda_context", plain))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """What the last test leaked is told; this one begins with nothing."""
        self.seen.clear()
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Fail the test that leaked, its fixtures included."""
        result = yield
        if self.seen:
            pytest.fail("what Lambda would log has\n  " + "\n  ".join(dict.fromkeys(self.seen)), pytrace=False)
        return result

    def pytest_unconfigure(self) -> None:
        """Leave the libraries as they were."""
        self.close()


def pytest_configure(config: pytest.Config) -> None:
    """Watch a run that names this module as its plugin."""
    config.pluginmanager.register(LogWatch(), "log-watch")
