"""Post to a Slack incoming webhook, and say what came of it in terms of what to do next.

The webhook's address is a secret: it is in no log line, no exception and no representation.
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.util import Timeout, parse_url

from ses_monitor.alerts.slack_blocks import Json, Message
from ses_monitor.core.check import bounded

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
LONGEST_WAIT = 900
"""Seconds. A message can be hidden for hours, but what waits longer than this is asked about too rarely."""
RATE_LIMIT_WAIT = 30
"""Seconds, where a 429 does not say."""
OUTAGE_WAIT = 15
BROKEN_WEBHOOK_WAIT = 300
"""Seconds. Somebody has to mend it; each attempt costs one request and one read of the parameter."""


class Trouble(Enum):
    """Why a message could not be delivered now."""

    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    FAILING = "failing"
    WEBHOOK = "webhook"
    """The webhook is missing, malformed or revoked, or its channel is archived: a person must mend it."""
    BOT = "bot"
    """The bot's token or channel is missing, wrong or revoked: a person must mend it."""

    @property
    def needs_a_person(self) -> bool:
        """Whether it does not pass by itself."""
        return self in {Trouble.WEBHOOK, Trouble.BOT}


@dataclass(frozen=True, slots=True)
class Delivered:
    """Slack took the message; `note` says so where it took it in an unusual way.

    `channel` and `ts` are where it is, for a bot; a webhook does not learn that.
    """

    note: str = ""
    channel: str = ""
    ts: str = ""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Slack did not take it now. Wait at least so long."""

    after_seconds: int
    reason: str
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Refused:
    """Slack does not take this message in any form; trying it again changes nothing."""

    reason: str


Outcome = Delivered | RetryLater | Refused


class WebhookError(Exception):
    """The webhook's address cannot be used; the message says what is wrong with it, and not what it is."""


class Webhook:
    """One incoming webhook."""

    def __init__(self, url: str, *, clock: Callable[[], datetime] | None = None) -> None:
        """Accept an https address, or http on the loopback.

        Raises:
            WebhookError: it is no such address.
        """
        self._url = _checked(url.strip())
        self._clock = clock or utc_now
        self._http = urllib3.PoolManager(
            num_pools=1, retries=False, timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        )
        # At DEBUG urllib3 writes the path of each request, which is the secret.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    def __repr__(self) -> str:
        """Name it without its address."""
        return "Webhook(…)"

    def post(self, message: Message) -> Outcome:
        """Post `message`; if Slack does not take its blocks, the same news as plain text."""
        outcome = self._post(message.payload())
        if not isinstance(outcome, Refused):
            return outcome
        second = self._post(message.plain_payload())
        match second:
            case Delivered():
                return Delivered(f"as plain text, because {outcome.reason}")
            case Refused():
                return Refused(f"{outcome.reason}; as plain text, {second.reason}")
            case _:
                return second

    def _post(self, payload: Json) -> Outcome:
        body = json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "ses-monitor"}
        try:
            response = self._http.request(
                "POST", self._url, body=body, headers=headers, redirect=False, preload_content=False
            )
        except HTTPError as error:
            return RetryLater(OUTAGE_WAIT, what_failed(error), Trouble.UNREACHABLE)
        try:
            said = response.read(500).decode("utf-8", "replace")
        except HTTPError:
            said = ""  # the status alone decides; a broken answer to an accepted message must not repeat it
        finally:
            response.close()
        return self._judge(response.status, bounded(said, 80), response.headers.get("Retry-After"))

    def _judge(self, status: int, said: str, retry_after: str | None) -> Outcome:
        answer = f"Slack answered {status}" + (f" ({said})" if said else "")
        if 200 <= status < 300:
            return Delivered("" if said == "ok" else f"{answer}, not the usual ok")
        if status == 429:
            wait = seconds_to_wait(retry_after, self._clock()) or RATE_LIMIT_WAIT
            return RetryLater(wait, answer, Trouble.RATE_LIMITED)
        if status >= 500 or status == 408:
            wait = seconds_to_wait(retry_after, self._clock()) or OUTAGE_WAIT
            return RetryLater(wait, answer, Trouble.FAILING)
        if status in {400, 413, 422}:
            return Refused(answer)
        fix = _FIXES.get(said) or _FIXES_BY_STATUS.get(
            status, "check that the parameter holds an incoming webhook's address"
        )
        return RetryLater(BROKEN_WEBHOOK_WAIT, f"{answer}: {fix}", Trouble.WEBHOOK)


_NEW = "make a new incoming webhook and put its address into the parameter"
_FIXES = {
    "no_service": f"the webhook was removed or disabled; {_NEW}",
    "no_active_hooks": f"the webhook was disabled; {_NEW}",
    "no_team": f"the workspace is gone; {_NEW}",
    "team_disabled": f"the workspace is disabled; {_NEW}",
    "invalid_token": f"the webhook's address is wrong or revoked; {_NEW}",
    "channel_not_found": f"the channel was deleted; {_NEW}",
    "channel_is_archived": "unarchive the channel, or " + _NEW,
    "action_prohibited": "an administrator restricts posting; allow this app to post in the channel, or " + _NEW,
    "posting_to_general_channel_denied": "posting to #general is restricted; choose another channel and " + _NEW,
}
_FIXES_BY_STATUS = {
    403: f"the webhook is revoked or may not post there; {_NEW}",
    404: f"there is no such webhook any more; {_NEW}",
    410: "the channel is archived; unarchive it, or " + _NEW,
}


def _checked(url: str) -> str:
    try:
        parts = parse_url(url)
    except HTTPError:
        parts = None
    if parts is None or not parts.host or parts.auth is not None:
        msg = "the webhook parameter does not hold an address such as https://hooks.slack.com/services/…"
        raise WebhookError(msg)
    loopback = parts.host in {"localhost", "127.0.0.1", "[::1]"}
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        msg = "the webhook's address does not begin with https://"
        raise WebhookError(msg)
    return url


def what_failed(error: HTTPError) -> str:
    """Name the failure without the exception's text, which may hold the address."""
    # By name: urllib3 1.26, which a Lambda runtime may bring, does not have this class.
    if type(error).__name__ == "NameResolutionError":
        return "Slack's name could not be resolved"
    if isinstance(error, NewConnectionError):
        return "no connection to Slack could be made"
    if isinstance(error, Urllib3TimeoutError):
        return f"Slack did not answer within {CONNECT_SECONDS:g} s to connect and {READ_SECONDS:g} s to read"
    return f"the connection to Slack broke ({type(error).__name__})"


def seconds_to_wait(retry_after: str | None, now: datetime) -> int | None:
    """Read Retry-After, in seconds or as a date; never more than LONGEST_WAIT. None when it says nothing."""
    text = (retry_after or "").strip()[:100]
    if text.isascii() and text.isdigit():
        return max(1, min(int(text), LONGEST_WAIT))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return max(1, min(int(seconds) + 1, LONGEST_WAIT))


def utc_now() -> datetime:
    """Return the time (UTC)."""
    return datetime.now(UTC)
