"""The one place where the command asks for the time or lets it pass, so that a test can answer."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def wait(seconds: float) -> None:
    """Let time pass."""
    time.sleep(seconds)
