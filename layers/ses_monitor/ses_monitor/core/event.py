"""What is told of a mail: one event, its recipients, and the name by which it is known again. Pure.

SES tells of mail that it took; of what it refused somebody else does (`Kind.REJECTION`).

Words are SES's own (`Bounce`, `Permanent`, `DeliveryDelay`); one that is new to us is kept as it came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.traffic import Tally


class Kind(StrEnum):
    """What happened, in the words of event publishing; `OTHER` is an event type this version does not know."""

    SEND = "Send"
    DELIVERY = "Delivery"
    BOUNCE = "Bounce"
    COMPLAINT = "Complaint"
    REJECT = "Reject"
    OPEN = "Open"
    CLICK = "Click"
    RENDERING_FAILURE = "Rendering Failure"
    DELIVERY_DELAY = "DeliveryDelay"
    SUBSCRIPTION = "Subscription"
    REJECTION = "Rejection"
    """SES refused the call or the mail, and took nothing. Not SES's word: it makes no event of that."""
    OTHER = "Other"

    @property
    def only_counts(self) -> bool:
        """Whether it is so frequent, and so little a trouble, that it is counted and not kept."""
        return self in {Kind.SEND, Kind.DELIVERY, Kind.OPEN, Kind.CLICK}

    @property
    def kept_hourly(self) -> bool:
        """Whether each is counted, but one record an hour is kept of those alike: programs repeat a refused send."""
        return self is Kind.REJECTION


class Format(StrEnum):
    """How it was told. The first two are SES's mechanisms, whose bodies are much the same."""

    IDENTITY_NOTIFICATION = "identity_notification"
    """Feedback notifications, set on an identity (`notificationType`)."""
    EVENT_PUBLISHING = "event_publishing"
    """An event destination of a configuration set (`eventType`)."""
    TOLD = "told"
    """Not by SES: a log, CloudTrail or an application (`RefusedSend.told_by`)."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of an event; the texts are empty where the receiving server or SES did not say."""

    address: str
    status: str = ""
    """Enhanced status code, such as 5.1.1 (RFC 3463)."""
    action: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """`bounce`: types and subtypes as SES names them."""

    type: str
    subtype: str
    reporting_mta: str = ""
    remote_mta_ip: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """`complaint`: `type` is abuse, not-spam, …; `subtype` names a suppression list where the complaint is its echo."""

    type: str = ""
    subtype: str = ""
    user_agent: str = ""
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """`delivery`. `seconds` is how long SES took from acceptance to the receiving server's answer."""

    smtp_response: str = ""
    seconds: float | None = None
    reporting_mta: str = ""
    remote_mta_ip: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """`reject`: SES took the mail and then refused it; `reason` is `Bad content` (a virus) so far."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """`failure`: a template that could not be filled in. `attribute` is the one that was missing, where SES says it."""

    template: str
    error: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Delay:
    """`deliveryDelay`; SES tries on until `expires_at`."""

    type: str
    expires_at: datetime | None = None
    reporting_mta: str = ""


@dataclass(frozen=True, slots=True)
class Engagement:
    """`open` or `click`. `bot` is what SES guesses (Likely, Unlikely), empty where it does not."""

    ip_address: str = ""
    user_agent: str = ""
    link: str = ""
    bot: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`subscription`: a recipient changed their preferences for a contact list."""

    contact_list: str = ""
    source: str = ""
    unsubscribed_from_all: bool | None = None


Detail = Bounce | Complaint | Delivery | Reject | Rendering | Delay | Engagement | Subscription | RefusedSend


@dataclass(frozen=True, slots=True)
class Event:
    """One thing SES said of one mail. Times are UTC; empty texts stand for what SES did not say.

    `identity` is the one SES sent with (the last part of `sourceArn`, else the domain of the sender's address).
    `subject` and other texts from the mail are bounded single lines. `unknown` has what this version does not know,
    by its path (`bounce.newField`), as bounded JSON text.
    """

    kind: Kind
    type: str
    """SES's word for the kind, also where it is unknown to us."""
    format: Format
    message_id: str
    occurred_at: datetime
    sent_at: datetime
    region: str
    identity: str
    account_id: str = ""
    feedback_id: str = ""
    configuration_set: str = ""
    source: str = ""
    subject: str = ""
    recipients: tuple[Recipient, ...] = ()
    detail: Detail | None = None
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one event means for one recipient: the unit that is counted and kept exactly once.

    `recipient` is None where an event names nobody (an open, a click). `tallies` are the counters it adds one to;
    `counted` tells whether it counts in our own bounce or complaint rate.
    """

    id: str
    event: Event
    recipient: Recipient | None
    tallies: tuple[Tally, ...]
    counted: bool = False


def event_id(event: Event, recipient: str = "") -> str:
    """Name an outcome in 24 hex digits: the same however often, by whichever mechanism and in which order it is told.

    By feedback id and recipient where SES gives one; else by message, kind and recipient; with the time for what may
    happen to a recipient more than once (delays, opens, clicks, subscriptions, what we do not know). `recipient` is
    the address as `core.mailbox.normal` gives it.
    """
    parts = [event.type.lower().replace(" ", ""), event.feedback_id or event.message_id, recipient]
    if not event.feedback_id and event.kind in _REPEATED:
        parts.append(str(int(event.occurred_at.timestamp() * 1000)))
        if isinstance(event.detail, Engagement):
            parts += [event.detail.ip_address, event.detail.user_agent, event.detail.link]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


_REPEATED = {Kind.DELIVERY_DELAY, Kind.OPEN, Kind.CLICK, Kind.SUBSCRIPTION, Kind.OTHER}
