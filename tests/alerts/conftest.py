from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator.chat.receiver import WEBHOOK_PATH, Chat
from simulator.loopback import LoopbackServer
from tests.alerts.examples import FakeLedger

GOLDEN = Path(__file__).parents[1] / "golden" / "alerts"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare text with a golden file; `UPDATE_GOLDEN=1` writes the file instead, for `git diff` to show."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {name}: run again with UPDATE_GOLDEN=1 and look at it"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs: UPDATE_GOLDEN=1 writes what is made now"

    return compare


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def webhook_url(chat: Chat) -> Iterator[str]:
    server = LoopbackServer(chat, name="chat")
    yield server.url + WEBHOOK_PATH
    server.close()
