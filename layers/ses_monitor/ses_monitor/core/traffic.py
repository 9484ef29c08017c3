"""What was counted of a sender, hour by hour, and the windows that checks look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ses_monitor.core.refusal import RefusedSend

HOUR = timedelta(hours=1)


class Tally(StrEnum):
    """The counters of an hour; the value is the attribute's name in the table. Each counts recipients, not mails.

    Mail to SES's mailbox simulator is in none of them but `SIMULATED`.
    """

    SENDS = "sends"
    DELIVERIES = "deliveries"
    HARD_BOUNCES = "hard_bounces"
    """Permanent bounces that count in our own rate; includes those of the global suppression list, as SES does."""
    SUPPRESSED_GLOBALLY = "suppressed_globally"
    """Of the hard bounces: those because the address is on SES's global suppression list."""
    OTHER_BOUNCES = "other_bounces"
    """Transient and undetermined ones, and permanent ones that do not count."""
    COMPLAINTS = "complaints"
    OTHER_COMPLAINTS = "other_complaints"
    """Echoes of the suppression lists, and `not-spam`."""
    REJECTS = "rejects"
    RENDERING_FAILURES = "rendering_failures"
    DELAYS_SPAM = "delays_spam"
    DELAYS_IP = "delays_ip"
    DELAYS_OTHER = "delays_other"
    OPENS = "opens"
    CLICKS = "clicks"
    SUBSCRIPTIONS = "subscriptions"
    REJECTIONS = "rejections"
    """Sends that SES refused, as often as somebody told so; these are mails or calls, not recipients."""
    SIMULATED = "simulated"
    OTHERS = "others"


Counts = Mapping[Tally, int]


class CountedBy(StrEnum):
    """What counters are kept for."""

    ACCOUNT = "account"
    """Everything of a region."""
    IDENTITY = "identity"
    CONFIGURATION_SET = "configuration_set"
    TEMPLATE = "template"
    """Rendering failures alone."""
    REJECTION = "rejection"
    """Refused sends alone, of an identity or `account`, each cause for itself."""


def hour_of(at: datetime) -> datetime:
    """Return the beginning of the clock hour (UTC) that `at` is in."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted from `start` (UTC, a full hour) until now."""

    start: datetime
    counts: Counts

    def __getitem__(self, tally: Tally) -> int:
        return self.counts.get(tally, 0)


@dataclass(frozen=True, slots=True)
class Sender:
    """An identity, by what was counted of its mail in the hours a check may ask for; those without any are left out.

    `name` is the identity, or `account` for all mail of the region.
    """

    name: str
    hours: Mapping[datetime, Counts]

    def last_hour(self, now: datetime) -> Window:
        """Return the clock hour that `now` is in and the one before: one to two hours."""
        return self.window(hour_of(now) - HOUR)

    def last_day(self, now: datetime) -> Window:
        """Return the clock hour that `now` is in and the 24 before it."""
        return self.window(hour_of(now) - 24 * HOUR)

    def window(self, start: datetime) -> Window:
        """Return the sums of the hours from `start` on."""
        sums: dict[Tally, int] = {}
        for hour, counts in self.hours.items():
            if hour >= start:
                for tally, count in counts.items():
                    sums[tally] = sums.get(tally, 0) + count
        return Window(start, sums)


@dataclass(frozen=True, slots=True)
class FailingTemplate:
    """A template whose mails could not be rendered; the details are those of the last failure."""

    name: str
    hours: Mapping[datetime, int]
    error: str = ""
    attribute: str = ""
    identity: str = ""
    configuration_set: str = ""

    def failures_since(self, start: datetime) -> int:
        """Return how many mails failed from `start` (UTC) on."""
        return sum(count for hour, count in self.hours.items() if hour >= start)


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was refused of a sender for one cause (a tag), hour by hour; `last` is the last one told."""

    tag: str
    hours: Mapping[datetime, int]
    last: RefusedSend

    def since(self, start: datetime) -> int:
        """Return how many were refused from `start` (UTC) on."""
        return sum(count for hour, count in self.hours.items() if hour >= start)

    @property
    def latest(self) -> datetime:
        """The last hour (UTC) in which one was refused."""
        return max(self.hours)


@dataclass(frozen=True, slots=True)
class RefusedSender:
    """An identity, or `account`, with what SES refused of it in the last 25 hours; causes without any are left out."""

    name: str
    refusals: tuple[Refusals, ...]


class NoticeKind(StrEnum):
    """Who in AWS said it, through EventBridge."""

    ADVISOR = "advisor"
    """Virtual Deliverability Manager: a recommendation opened or resolved."""
    SENDING_STATUS = "sending_status"
    """A tenant's sending was enabled or disabled."""
    HEALTH = "health"
    """AWS Health."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What AWS said of a resource last. `name` is the subject: an identity, `tenant/NAME`, or a Health event's code.

    `holds` is whether it is still so; None where the notice does not say (Health events that merely inform).
    """

    name: str
    kind: NoticeKind
    topic: str
    """What it is about, so that two of one resource stay apart: BOUNCE, SPF, sending, a Health event's code."""
    holds: bool | None
    at: datetime
    region: str
    text: str
    impact: str = ""
    id: str = ""
    resource: str = ""
    url: str = ""
    origin: str = ""
    """Who disabled a tenant: CUSTOMER_MANAGED, AWS_MANAGED; empty where the notice does not say."""
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Noticed:
    """A subject with everything AWS said of it last."""

    name: str
    notices: tuple[Notice, ...]
