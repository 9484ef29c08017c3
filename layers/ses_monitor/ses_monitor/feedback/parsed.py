"""What comes out of reading a message, and the pieces that every reader of one needs. Pure.

Readers name the place of what they could not use: `bounce.bouncedRecipients[3].emailAddress is a number`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ses_monitor.core.check import bounded
from ses_monitor.core.event import Event
from ses_monitor.core.mailbox import without_addresses
from ses_monitor.core.rejection import Report
from ses_monitor.core.traffic import Notice

Json = dict[str, Any]

LONGEST_NAME = 256
"""Characters kept of names and ids; SES's own are at most 64 (configuration sets) or about 60 (message ids)."""
MOST_UNKNOWN = 20
LONGEST_UNKNOWN = 500
_LONGEST_REASON = 300


class UnreadableEventError(Exception):
    """A message that SES does not send, or a damaged one; `reason` says where and how in a clause, addresses masked."""

    def __init__(self, reason: str) -> None:
        self.reason = without_addresses(bounded(reason, _LONGEST_REASON))
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A message that belongs here and tells of no mail. `type` is the sender's word for it."""

    reason: str
    type: str


class Where(NamedTuple):
    """What the way a message came tells, for what its body leaves out.

    `untold` stands for a time that nothing tells; without it such a message is unreadable. `brief` is for who only
    records: what is said of mail that was just sent, delivered, opened or clicked is left out where nothing counts it.
    `message_id` is SNS's name for the message, else the queue's, and `published` when SNS took it, as SNS writes that:
    both are the same in each copy. `topic` is its ARN.
    """

    region: str = ""
    account_id: str = ""
    received_at: datetime | None = None
    untold: datetime | None = None
    brief: bool = False
    message_id: str = ""
    topic: str = ""
    published: str = ""


Parsed = Event | Notice | Skipped | Report

NOWHERE = Where()


def kind_of(value: object) -> str:
    """Say what a JSON value is: "a number"."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"


def wrong(place: str, value: object) -> UnreadableEventError:
    """Return the error for a value that is missing, or is none of the kind it has to be."""
    return UnreadableEventError(f"{place} is {kind_of(value)}")


def clean(text: str, limit: int = LONGEST_NAME) -> str:
    """Make outside text one safe line, as `bounded` does; the usual case is told in a fraction of its time."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text.strip()
    return bounded(text, limit)


def text_of(holder: Json, key: str, place: str, unknown: dict[str, str], limit: int = LONGEST_NAME) -> str:
    """Return an optional text, empty where there is none; what is no text is kept as unknown, by `place` and key."""
    value = holder.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value, limit)
    note(unknown, place + key, value)
    return ""


def note(unknown: dict[str, str], path: str, value: object) -> None:
    """Keep what this version does not know, or cannot use, by its path."""
    if len(unknown) < MOST_UNKNOWN:
        try:
            text = json.dumps(value, default=str)
        except ValueError:
            text = kind_of(value)
        unknown[bounded(path)] = bounded(text, LONGEST_UNKNOWN)


def note_beyond(unknown: dict[str, str], holder: Json, known: frozenset[str], place: str = "") -> None:
    """Keep all keys of `holder` that are not `known`."""
    if not holder.keys() <= known:
        note_keys(unknown, holder, holder.keys() - known, place)


def note_keys(unknown: dict[str, str], holder: Json, keys: Iterable[str], place: str) -> None:
    """Keep these keys of `holder`, in the order of their names."""
    for key in sorted(keys):
        note(unknown, place + key, holder[key])
