"""Realistic traffic, cut into batches as Lambda hands them to the function."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from ses_monitor.core.event import Kind
from simulator.feedback import Body, lambda_event, sqs_record
from simulator.feedback_traffic import SENDERS, From, Published, traffic

EVENTS_PER_SECOND = 10.0
"""Of a sender of about 400,000 mails a day. A batch of 100 then spans ten seconds."""
EVENTS_PER_MAIL = 2.3
DUPLICATES = 0.05
SLOWNESS = 0.01
"""So that a stream has as many opens and bounces soon after its beginning as a real one has all the time."""
ONLY_COUNT = frozenset(kind.value for kind in Kind if kind.only_counts)


class Stream:
    """Traffic in the order of time, cut into batches of texts as Lambda hands them over; each is used once."""

    def __init__(
        self,
        seed: int,
        *,
        spread: bool = False,
        senders: Sequence[From] = SENDERS,
        kinds: frozenset[str] = frozenset(Kind),
    ) -> None:
        self._seed = seed
        self._kinds = kinds
        self._spread = spread
        self._senders = senders
        self._ready: list[Published] = []
        self._told = 0

    def batch(self, size: int) -> Body:
        """Return the next batch."""
        while len(self._ready) < size:
            self._ready += self._more()
        taken, self._ready = self._ready[:size], self._ready[size:]
        records = [sqs_record(each.to_queue(), self._told + n, at=each.at) for n, each in enumerate(taken)]
        self._told += size
        return lambda_event(records)

    def _more(self) -> list[Published]:
        self._seed += 1
        mails = 4000
        hours = 24.0 if self._spread else mails * EVENTS_PER_MAIL / EVENTS_PER_SECOND / 3600
        start = datetime.fromtimestamp(time.time() // 3600 * 3600 - 26 * 3600, UTC)
        made = traffic(
            self._seed,
            mails,
            senders=self._senders,
            start=start,
            hours=hours,
            duplicates=DUPLICATES,
            slowness=1.0 if self._spread else SLOWNESS,
        )
        told = [each for each in made.stream if _kind(each) in self._kinds]
        return told if self._spread else sorted(told, key=lambda each: each.at)


def _kind(told: Published) -> str:
    return str(told.body.get("eventType") or told.body["notificationType"])
