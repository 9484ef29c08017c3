"""Bring one message of the Slack queue to Slack: once, in order, and never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from ses_monitor.alerts import digest, digest_document, document, foreign, slack_blocks, slack_threads, threads, words
from ses_monitor.alerts.alert import Alert, stable_id
from ses_monitor.alerts.slack import Delivered, Refused, RetryLater
from ses_monitor.alerts.slack_api import ApiOutcome
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.alerts.threads import NotTakenError, Threads
from ses_monitor.store.deliveries import Claim, Told

CHANNEL = "slack"
LEASE_SECONDS = 120
"""How long a claim outlives a function that died in mid-post: longer than the function may run."""
FIRST_WAIT = 15
LONGEST_WAIT = 900


class Ledger(Protocol):
    """What delivering needs of `store.deliveries.Deliveries`."""

    def claim(self, alert_id: str, channel: str, now: datetime, lease_seconds: int) -> Claim:
        """Claim an alert for one channel."""

    def delivered(
        self, alert_id: str, channel: str, versions: Mapping[str, int], now: datetime, *, title: str = ""
    ) -> None:
        """Note that the alert is done, and which versions the channel was told, under which title."""

    def note(self, channel: str, versions: Mapping[str, int], now: datetime, *, title: str = "") -> None:
        """Note which versions the channel was told, under which title."""

    def release(self, alert_id: str, channel: str) -> None:
        """Give back a claim."""

    def told(self, channel: str, finding_ids: Iterable[str]) -> dict[str, Told]:
        """Return what the channel was told last of each finding."""


class Result(Enum):
    """What became of a message that needs nothing more."""

    POSTED = "posted"
    REPEATED = "repeated"
    """It had been posted before."""
    OVERTAKEN = "overtaken"
    """Slack knows something newer of everything in it."""


class NotDeliveredError(Exception):
    """The message must be tried again, not before `after_seconds`; the text says why and what mends it."""

    def __init__(self, reason: str, after_seconds: int, *, refused: bool = False, needs_a_person: bool = False) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds
        self.refused = refused
        self.needs_a_person = needs_a_person or refused


@dataclass(frozen=True, slots=True)
class News:
    """A message of the queue, understood: who it is, what it tells, and how it looks without what is told.

    `alert` is there where it is one of ours, which a thread can follow.
    """

    alert_id: str
    versions: Mapping[str, int]
    render: Callable[[Mapping[str, Told]], Message | None]
    title: str = ""
    alert: Alert | None = None


class Delivery:
    """Works the messages of one batch, one after the other.

    Once Slack could not be reached, rate-limited or refused the webhook or the bot, the rest of the batch is put off
    unposted: the same would happen to it, and each attempt may take as long as both timeouts.

    With `threads` alerts of ours are told there; all else is posted as a message of its own.
    """

    def __init__(
        self,
        ledger: Ledger,
        post: Callable[[Message], ApiOutcome],
        now: Callable[[], datetime],
        threads: Threads | None = None,
    ) -> None:
        self._ledger = ledger
        self._post = post
        self._now = now
        self._threads = threads
        self._stopped: RetryLater | None = None
        self._notes: list[str] = []

    def deliver(self, body: str, message_id: str) -> Result:
        """Post one message, unless it was posted or is overtaken.

        Claim, post, note: dying between the last two posts it again, dying anywhere else loses nothing.

        Raises:
            NotDeliveredError: try again later.
        """
        news = understand(body, message_id)
        if self._stopped is not None:
            raise NotDeliveredError(f"not tried: {self._stopped.reason}", self._stopped.after_seconds)
        claim = self._ledger.claim(news.alert_id, CHANNEL, self._now(), LEASE_SECONDS)
        if claim is Claim.ALREADY_DELIVERED:
            return Result.REPEATED
        if claim is Claim.IN_PROGRESS:
            raise NotDeliveredError("another delivery of this alert is under way, or died", LEASE_SECONDS)
        told = False
        try:
            result = self._tell(news)
            told = True
        finally:
            if not told:
                self._release(news.alert_id)
        return result

    def take_notes(self) -> list[str]:
        """Return what was unusual since this was last asked."""
        notes, self._notes = self._notes, []
        return notes

    def _release(self, alert_id: str) -> None:
        try:
            self._ledger.release(alert_id, CHANNEL)
        except Exception as error:  # noqa: BLE001 - the lease ends it anyway, and what went wrong before matters more
            self._notes.append(f"the claim could not be given back ({type(error).__name__})")

    def _tell(self, news: News) -> Result:
        told = self._ledger.told(CHANNEL, news.versions) if news.versions else {}
        ends = news.alert.ends_untold(_versions(told)) if news.alert is not None else []
        if self._threads is not None and news.alert is not None:
            return self._tell_in_threads(self._threads, news, [news.alert.without_told(_versions(told)), *ends], told)
        for end in ends:
            self._post_one(slack_blocks.render(end, threads.follows(end, told)))
            self._ledger.note(CHANNEL, end.versions(), self._now(), title=words.what_and_where(end))
        message = news.render(told)
        if message is None:
            self._ledger.delivered(news.alert_id, CHANNEL, {}, self._now())
            return Result.POSTED if ends else Result.OVERTAKEN
        self._post_one(message)
        self._ledger.delivered(news.alert_id, CHANNEL, news.versions, self._now(), title=news.title)
        return Result.POSTED

    def _post_one(self, message: Message) -> None:
        outcome = self._post(message)
        if not isinstance(outcome, Delivered):
            raise self._not_delivered(outcome if isinstance(outcome, RetryLater) else Refused(outcome.reason))
        self._notes += [outcome.note] if outcome.note else []

    def _tell_in_threads(
        self, threads: Threads, news: News, parts: Sequence[Alert | None], told: Mapping[str, Told]
    ) -> Result:
        left = [part for part in parts if part is not None]
        try:
            for part in left:
                threads.tell(part, told)
        except NotTakenError as error:
            raise self._not_delivered(error.outcome) from error
        finally:
            self._notes += threads.take_notes()
        # The threads have noted what they told.
        self._ledger.delivered(news.alert_id, CHANNEL, {}, self._now())
        return Result.POSTED if left else Result.OVERTAKEN

    def _not_delivered(self, outcome: RetryLater | Refused) -> NotDeliveredError:
        if isinstance(outcome, Refused):
            return NotDeliveredError(outcome.reason, LONGEST_WAIT, refused=True)
        self._stopped = outcome
        return NotDeliveredError(outcome.reason, outcome.after_seconds, needs_a_person=outcome.trouble.needs_a_person)


def wait_before(receives: int, at_least: int) -> int:
    """Return seconds until the next attempt: doubling with each receive, not below `at_least`, at most 15 min."""
    doubled = FIRST_WAIT << min(max(receives - 1, 0), 10)
    return min(max(doubled, at_least), LONGEST_WAIT)


def understand(body: str, message_id: str) -> News:
    """Read a message of the queue, with SNS's envelope or without it; everything is understood as something."""
    subject, sns_id = "", ""
    parsed = foreign.parse_json(body)
    if isinstance(parsed, dict) and parsed.get("Type") == "Notification" and isinstance(parsed.get("Message"), str):
        body, subject, sns_id = parsed["Message"], str(parsed.get("Subject") or ""), str(parsed.get("MessageId") or "")
        parsed = foreign.parse_json(body)
    reason = ""
    if digest_document.is_digest(parsed):
        try:
            alert_id, day = digest_document.read(parsed)
            return News(alert_id, {}, lambda _: digest.render(day))
        except document.DocumentError as error:
            reason = f"This is a digest of ses-monitor that this version cannot read: {error}."
    elif isinstance(parsed, dict) and "schema" in parsed and "alert_id" in parsed:
        try:
            return _alert_news(document.read(parsed))
        except document.DocumentError as error:
            reason = f"This is an alert of ses-monitor that this version cannot read: {error}."
    if (alarm := foreign.read_alarm(parsed)) is not None:
        return _alarm_news(alarm)
    shown = foreign.render_unknown(body, subject, reason)
    return News(stable_id(["message", sns_id or message_id]), {}, lambda _: shown)


def _alert_news(alert: Alert) -> News:
    def render(told: Mapping[str, Told]) -> Message | None:
        left = alert.without_told(_versions(told))
        if left is None:
            return None
        follows = threads.follows(left, told)
        return (
            slack_threads.again(left, follows)
            if slack_threads.is_flapping(left)
            else slack_blocks.render(left, follows)
        )

    title = words.what_and_where(alert)
    return News(alert.alert_id, alert.versions(), render, title, alert)


def _alarm_news(alarm: foreign.Alarm) -> News:
    versions = alarm.versions()

    def render(told: Mapping[str, Told]) -> Message | None:
        known = _versions(told)
        overtaken = any(known.get(key, -1) >= version for key, version in versions.items())
        return None if overtaken else foreign.render_alarm(alarm)

    return News(alarm.alert_id, versions, render)


def _versions(told: Mapping[str, Told]) -> dict[str, int]:
    return {name: last.version for name, last in told.items()}
