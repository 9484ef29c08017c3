"""What the table keeps of feedback, as it is read back, and what came of recording it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ses_monitor.core.event import Event, Recipient


@dataclass(frozen=True, slots=True)
class Kept:
    """The record of one outcome: an event that names one recipient at most, in `event.recipients` too.

    Where recipients are kept as keyed hashes, addresses are empty, and texts have them masked. `recipient_key` is what
    the recipient's records are found by, empty where nobody was named. `counted`: in our own bounce or complaint rate.
    """

    id: str
    event: Event
    recipient: Recipient | None
    recipient_key: str
    counted: bool


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A message that could not be read: why, and how it begins, addresses masked. The whole is in the dead letters."""

    message_id: str
    received_at: datetime
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of each outcome that was to be recorded, by id; each is in exactly one of the three.

    What failed was not counted, or nobody knows (an answer was lost): told again, it is counted once all the same.
    """

    new: frozenset[str]
    duplicates: frozenset[str]
    failed: Mapping[str, Exception] = field(default_factory=dict)
