from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.chat.receiver import WEBHOOK_PATH, Chat
from simulator.loopback import LoopbackServer
from tests.alerts.examples import FakeLedger


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
