"""What is seen from outside of a deployed monitor after a step: plain data, which the invariants judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ses_monitor.alerts.alert import Alert
from ses_monitor.core.stored import Change

Key = tuple[str, str, str, datetime]
"""Region, what it is counted by, its name, and the hour (UTC); as in simulator.feedback_traffic."""
Counts = Mapping[Key, Mapping[str, int]]


@dataclass(frozen=True, slots=True, order=True)
class Open:
    """A finding that is open."""

    region: str
    check_id: str
    subject: str
    tag: str
    severity: str

    def __str__(self) -> str:
        return f"{self.severity} {self.tag} of {self.subject} in {self.region}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A region's verdict, with its causes as (tag, severity, subject), in any order."""

    verdict: str
    causes: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Root:
    """A message of the bot, and what the table says that it shows: each finding's id, to whether it is over there.

    `as_told`: what stands in the channel is what the table's content looks like. None: it was deleted.
    """

    ts: str
    shows: Mapping[str, bool]
    as_told: bool | None = True


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter: of which queue, its body, and the step after which it was first seen."""

    queue: str
    body: str


@dataclass(frozen=True, slots=True)
class Look:
    """The monitor after a step (UTC). `told` are the alerts that the other subscriber of the topic got, in order.

    `versions` are what Slack was told of each finding; `posts` the messages that no reply is, as (ts, text), `replies`
    the replies as (thread, text), both in order; `roots` are the messages that the table knows of. `heard` are texts people could read.
    """

    step: int
    began: datetime
    ended: datetime
    verdicts: Mapping[str, Judged] = field(default_factory=dict)
    open: frozenset[Open] = frozenset()
    changes: tuple[Change, ...] = ()
    counts: Counts = field(default_factory=dict)
    dead: tuple[Dead, ...] = ()
    told: tuple[Alert, ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict)
    posts: tuple[tuple[str, str], ...] = ()
    replies: tuple[tuple[str, str], ...] = ()
    roots: tuple[Root, ...] = ()
    heard: tuple[str, ...] = ()
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Messages that are still on a queue, by its name."""


@dataclass(frozen=True, slots=True)
class Blind:
    """What nobody could see during a whole step: the checks of these families, of a region and a subject if named."""

    families: tuple[str, ...]
    region: str = ""
    subject: str = ""
    account: bool = False
    """Whether the account of the region is part of it, so that its verdict may become UNKNOWN."""

    def covers(self, region: str, check_id: str, subject: str) -> bool:
        """Tell whether it is about this."""
        return (
            self.region in {"", region}
            and check_id.startswith(self.families)
            and check_id != "region.coverage"
            and (
                not self.subject
                or subject == self.subject
                or subject.endswith(("." + self.subject, "@" + self.subject))
            )
        )


@dataclass(frozen=True, slots=True)
class Excused:
    """What the faults of a run make good for: how many messages were taken whose senders cannot know it, by channel,

    and, of the dead letters, which text of a body is explained by what.
    """

    unsaid: Mapping[str, int] = field(default_factory=dict)
    dead: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By queue and a part of the body (empty: any) the reason."""
