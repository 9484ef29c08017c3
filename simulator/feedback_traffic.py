"""A stream of what SES tells of a sender's mails, mixed, doubled and shuffled, with its true counts beside it.

Whoever counts the stream exactly once must come to `Traffic.counts`. The words of the counts are those that
docs/queries.md names: `sends`, `hard_bounces`, …
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from simulator import feedback
from simulator.feedback import SIMULATOR, Body, BounceKind, Mail, Mechanism

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 20, 9, tzinfo=UTC)

Key = tuple[str, str, str, datetime]
"""Region, what it is counted by (account, identity, configuration_set, template), its name, and the hour (UTC)."""


@dataclass(frozen=True, slots=True)
class From:
    """Who sends: an identity (a domain) of a region, with or without a configuration set."""

    region: str
    identity: str
    configuration_set: str = ""


SENDERS = (
    From("eu-west-1", "shop.example.com", "transactional"),
    From("eu-west-1", "news.example.com", "newsletter"),
    From("eu-west-1", "plain.example.com"),
    From("us-east-1", "shop.example.com", "transactional"),
)
_BOUNCES: tuple[tuple[BounceKind, int, tuple[str, ...]], ...] = (
    # kind, how often beside the others, what it counts as
    (feedback.NO_SUCH_USER, 8, ("hard_bounces",)),
    (feedback.NO_EMAIL, 1, ("hard_bounces",)),
    (feedback.SUPPRESSED_GLOBALLY, 2, ("hard_bounces", "suppressed_globally")),
    (feedback.ON_ACCOUNT_LIST, 3, ("other_bounces",)),
    (feedback.MAILBOX_FULL, 2, ("other_bounces",)),
    (feedback.TOO_LARGE, 1, ("other_bounces",)),
    (feedback.CONTENT_REJECTED, 1, ("other_bounces",)),
    (feedback.UNDETERMINED, 1, ("other_bounces",)),
)
_COMPLAINTS: tuple[tuple[str | None, str | None, str], ...] = (
    ("abuse", None, "complaints"),
    ("abuse", None, "complaints"),
    (None, None, "complaints"),
    ("not-spam", None, "other_complaints"),
    (None, "OnAccountSuppressionList", "other_complaints"),
)
_DELAYS = {
    "TransientCommunicationFailure": "delays_other",
    "MailboxFull": "delays_other",
    "SpamDetected": "delays_spam",
    "IPFailure": "delays_ip",
}


@dataclass(frozen=True, slots=True)
class Published:
    """One message that a topic delivers. Copies of the same number are the same message to SNS."""

    body: Body
    region: str
    at: datetime
    copy: int = 0

    def to_queue(self, topic: str = "ses-monitor-feedback") -> str:
        """Return it as it lies in the queue."""
        return feedback.sns(self.body, feedback.topic_arn(self.region, topic), self.at, copy=self.copy)


@dataclass(slots=True)
class Traffic:
    """A stream, and what it comes to when each event counts once, in whichever order it is told.

    A configuration set counts what event publishing told, also where an identity notification of the same event, which
    names no set, came first.
    """

    stream: list[Published] = field(default_factory=list)
    counts: dict[Key, Counter[str]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    """Distinct outcomes (one per event and recipient) by SES's word for the kind."""

    def totals(self, region: str = "", counted_by: str = "account", name: str = "") -> Mapping[str, int]:
        """Return the sums over all hours; empty arguments take all regions, all names."""
        sums: Counter[str] = Counter()
        for (where, by, named, _), counts in self.counts.items():
            if by == counted_by and region in {"", where} and name in {"", named}:
                sums.update(counts)
        return sums

    def batches(self, size: int = 100) -> Iterator[Body]:
        """Yield the stream as Lambda gets it from a queue."""
        for first in range(0, len(self.stream), size):
            records = [
                feedback.sqs_record(each.to_queue(), first + place, at=each.at)
                for place, each in enumerate(self.stream[first : first + size])
            ]
            yield feedback.lambda_event(records)


def traffic(  # noqa: PLR0913 - all but two by name
    seed: int,
    mails: int,
    *,
    senders: Sequence[From] = SENDERS,
    start: datetime = START,
    hours: float = 24,
    duplicates: float = 0.2,
    slowness: float = 1.0,
) -> Traffic:
    """Return the traffic of so many mails sent in so many hours; `duplicates` is a share of the stream.

    Of a hundred mails 97 arrive; the others bounce in every way, are rejected or cannot be rendered. Some are delayed,
    opened, complained about, some bounce after they were delivered. A duplicate is the same message again, the same
    event by another topic, or (bounces, complaints, deliveries) by the other mechanism, there with one recipient a
    message and the address now and then spelt otherwise. The stream is in no order. What follows a mail comes minutes
    to hours after it; with less `slowness`, sooner by that factor.
    """
    maker = _Maker(random.Random(seed), Traffic(), slowness)  # noqa: S311 - chance that can be repeated, no secret
    for n in range(mails):
        sender = senders[n % len(senders)]
        sent_at = start + timedelta(milliseconds=int(maker.chance.random() * hours * 3_600_000))
        maker.mail(sender, sent_at, n)
    maker.double(duplicates)
    maker.chance.shuffle(maker.made.stream)
    return maker.made


@dataclass(slots=True)
class _Maker:
    chance: random.Random
    made: Traffic
    slowness: float

    def mail(self, sender: From, sent_at: datetime, n: int) -> None:
        recipients = tuple(f"person{n}{letter}@{self.chance.choice(_DOMAINS)}" for letter in ("", "b"))
        mail = Mail(
            message_id=feedback.make_id(sender.region, sent_at, sender.identity, n),
            region=sender.region,
            identity=sender.identity,
            source=f"Example Shop <orders@{sender.identity}>",
            recipients=recipients if self._happens(0.05) else recipients[:1],
            sent_at=sent_at,
            configuration_set=sender.configuration_set,
            tags={"campaign": ["winter"]} if self._happens(0.3) else {},
            subject=self.chance.choice(("Your order is on its way", "Grüße aus dem Laden ✉", None)),
            has_source_arn=not self._happens(0.02),
            has_headers=not self._happens(0.05),
        )
        fate = self.chance.random()
        for share, lives in _FATES:
            fate -= share
            if fate < 0:
                lives(self, mail)
                return

    def delivered(self, mail: Mail) -> None:
        self._sent(mail)
        if self._happens(0.01):
            self._delayed(mail, mail.recipients, 1)
        at = self._later(mail, 1, 50)
        for recipient in mail.recipients:
            self._tell(feedback.delivery(mail, recipient, at), mail, at, ("deliveries",))
        if self._happens(0.2):
            at = self._later(mail, 100, 4000)
            self._tell(feedback.open(mail, at), mail, at, ("opens",))
        if self._happens(0.05):
            at = self._later(mail, 4001, 9000)
            self._tell(feedback.click(mail, at), mail, at, ("clicks",))
        if self._happens(0.004):
            type_, subtype, counts = self.chance.choice(_COMPLAINTS)
            at = self._later(mail, 5000, 20_000)
            said = feedback.complaint(mail, mail.recipients, at, type_, subtype=subtype)
            self._tell(said, mail, at, (counts,), len(mail.recipients))
        if self._happens(0.003):
            self._bounced(mail, feedback.NO_SUCH_USER, ("hard_bounces",), mail.recipients[:1], after=8000)
        if len(mail.recipients) == 1 and self._happens(0.002):  # SES adds its header only to mail for one
            at = self._later(mail, 5000, 20_000)
            self._tell(feedback.subscription(mail, at), mail, at, ("subscriptions",))

    def bounced(self, mail: Mail) -> None:
        self._sent(mail)
        [(kind, _, counts)] = self.chance.choices(_BOUNCES, [weight for _, weight, _ in _BOUNCES])
        after = 1
        if kind.type == "Transient" and self._happens(0.5):
            self._delayed(mail, mail.recipients, 2)
            after = 20_000
        self._bounced(mail, kind, counts, mail.recipients, after=after)

    def rejected(self, mail: Mail) -> None:
        alone = _to_one(mail)
        self._sent(alone)
        self._tell(feedback.reject(alone), alone, alone.sent_at, ("rejects",))

    def not_rendered(self, mail: Mail) -> None:
        alone = _to_one(mail)
        body = feedback.rendering_failure(alone, "order-confirmation", "name")
        self._tell(body, alone, alone.sent_at, ("rendering_failures",))
        key = (mail.region, "template", "order-confirmation", _hour(mail.sent_at))
        self.made.counts.setdefault(key, Counter())["rendering_failures"] += 1

    def simulated(self, mail: Mail) -> None:
        alone = _to_one(mail, f"bounce@{SIMULATOR}")
        self._tell(feedback.send(alone), alone, alone.sent_at, ("simulated",))
        at = self._later(alone, 1, 9)
        self._tell(feedback.bounce(alone, alone.recipients, at), alone, at, ("simulated",))

    def under_way(self, mail: Mail) -> None:
        self._sent(mail)

    def double(self, share: float) -> None:
        """Add duplicates until they are that share of the stream."""
        once = list(self.made.stream)
        more = int(len(once) * share / (1 - share))
        copies: list[Published] = []
        while once and len(copies) < more:
            copies += self._copies(self.chance.choice(once), len(copies) + 1)
        self.made.stream += copies[:more]

    def _copies(self, told: Published, number: int) -> list[Published]:
        how = self.chance.random()
        kind = told.body[Mechanism.EVENT_PUBLISHING]
        if how < 0.4 and kind in _NOTIFIED:
            return [Published(body, told.region, told.at, number) for body in self._as_notifications(told.body)]
        return [Published(told.body, told.region, told.at, told.copy if how < 0.7 else number)]

    def _as_notifications(self, body: Body) -> Iterator[Body]:
        """Tell an event by the other mechanism, each recipient alone."""
        kind = body[Mechanism.EVENT_PUBLISHING]
        part, listed = _NOTIFIED[kind]
        left_out = ("headers", "headersTruncated", "commonHeaders", "tags")
        mail = {name: value for name, value in body["mail"].items() if name not in left_out}
        for recipient in body[part][listed]:
            told = {
                Mechanism.IDENTITY_NOTIFICATION.value: kind,
                part: {**body[part], listed: [recipient]},
                "mail": {**mail, "sourceIp": "192.0.2.10"},
            }
            if kind != "Delivery" and self._happens(0.3):
                told = feedback.told_otherwise(told, recipient["emailAddress"], "A Person")
            yield json.loads(json.dumps(told))

    def _sent(self, mail: Mail) -> None:
        self._tell(feedback.send(mail), mail, mail.sent_at, ("sends",), len(mail.recipients))

    def _delayed(self, mail: Mail, recipients: Sequence[str], times: int) -> None:
        type_ = self.chance.choice(tuple(_DELAYS))
        for n in range(times):
            at = self._later(mail, 600 + 5000 * n, 5000 + 5000 * n)
            self._tell(feedback.delay(mail, recipients, at, type_), mail, at, (_DELAYS[type_],), len(recipients))

    def _bounced(
        self, mail: Mail, kind: BounceKind, counts: Sequence[str], recipients: Sequence[str], *, after: int
    ) -> None:
        at = self._later(mail, after, after + 3000)
        self._tell(feedback.bounce(mail, recipients, at, kind), mail, at, counts, len(recipients))

    def _tell(self, body: Body, mail: Mail, at: datetime, counts: Sequence[str], times: int = 1) -> None:
        self.made.stream.append(Published(body, mail.region, at + timedelta(milliseconds=40)))
        self.made.events[str(body[Mechanism.EVENT_PUBLISHING])] += times
        senders = [("account", "account"), ("identity", mail.identity)]
        if mail.configuration_set:
            senders.append(("configuration_set", mail.configuration_set))
        for counted_by, name in senders:
            hour = self.made.counts.setdefault((mail.region, counted_by, name, _hour(at)), Counter())
            for tally in counts:
                hour[tally] += times

    def _later(self, mail: Mail, least: int, most: int) -> datetime:
        return mail.sent_at + timedelta(
            milliseconds=int(self.chance.randrange(least * 1000, most * 1000) * self.slowness)
        )

    def _happens(self, share: float) -> bool:
        return self.chance.random() < share


_DOMAINS = ("example.org", "example.net", "mail.example.org", "inbox.example.net")
_NOTIFIED = {
    "Delivery": ("delivery", "recipients"),
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
}
_FATES: tuple[tuple[float, Callable[[_Maker, Mail], None]], ...] = (
    (0.97, _Maker.delivered),
    (0.02, _Maker.bounced),
    (0.002, _Maker.rejected),
    (0.003, _Maker.not_rendered),
    (0.002, _Maker.simulated),
    (1.0, _Maker.under_way),
)


def _to_one(mail: Mail, recipient: str = "") -> Mail:
    return replace(mail, recipients=(recipient or mail.recipients[0],))


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
