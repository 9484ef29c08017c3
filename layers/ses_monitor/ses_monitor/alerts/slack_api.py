"""Post and update messages as a Slack app, and say what came of it in terms of what to do next.

Methods and their errors: https://docs.slack.dev/reference/methods/chat.postMessage and …/chat.update. What is wrong is
said in the body (`ok`, `error`) of an answer of status 200; a rate limit is a 429:
https://docs.slack.dev/apis/web-api/rate-limits. The token is a secret: it is in no log line, no exception and no
representation. Slack knows no key to recognise a repetition by: what is posted again, because its answer was lost, is
there twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout, parse_url

from ses_monitor.alerts.slack import (
    BROKEN_WEBHOOK_WAIT,
    CONNECT_SECONDS,
    OUTAGE_WAIT,
    RATE_LIMIT_WAIT,
    READ_SECONDS,
    Delivered,
    Outcome,
    Refused,
    RetryLater,
    Trouble,
    seconds_to_wait,
    utc_now,
    what_failed,
)
from ses_monitor.alerts.slack_blocks import Json, Message
from ses_monitor.core.check import bounded

API_URL = "https://slack.com/api"
LONGEST_ANSWER = 200_000
"""Bytes. Slack repeats the message in its answer: some 20 kB of ours."""

_TOKEN = re.compile(r"xox[a-z]?[.-][\x21-\x7e]{1,500}|xoxe\.[\x21-\x7e]{1,500}")


@dataclass(frozen=True, slots=True)
class Deleted:
    """Slack knows no such message (any more): nothing can be changed or follow there."""

    reason: str


@dataclass(frozen=True, slots=True)
class Locked:
    """The message is there, and may not be changed; its thread goes on."""

    reason: str


ApiOutcome = Outcome | Deleted | Locked


class TokenError(Exception):
    """The token or the address of the API cannot be used; the message says why, and not what it is."""


class Bot:
    """A Slack app in one channel."""

    def __init__(
        self, token: str, channel: str, *, api_url: str = API_URL, clock: Callable[[], datetime] | None = None
    ) -> None:
        """Accept a bot token (xoxb-…), and an https address, or http on the loopback.

        Raises:
            TokenError: it is no such token or address.
        """
        if not _TOKEN.fullmatch(token.strip()):
            msg = "it does not hold a bot token, which begins with xoxb-"
            raise TokenError(msg)
        self._token = token.strip()
        self._channel = channel
        self._api_url = _checked(api_url)
        self._clock = clock or utc_now
        self._http = urllib3.PoolManager(
            num_pools=1, retries=False, timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        )

    def __repr__(self) -> str:
        """Name it without its token."""
        return f"Bot(…, {self._channel!r})"

    def post(self, message: Message, *, thread: str = "", broadcast: bool = False) -> ApiOutcome:
        """Post `message`, into the thread of the message `thread` if given; plain if Slack refuses its blocks.

        With `broadcast` the reply is shown in the channel too.
        """
        where: Json = {"channel": self._channel}
        if thread:
            where |= {"thread_ts": thread} | ({"reply_broadcast": True} if broadcast else {})
        return self._either("chat.postMessage", where | message.payload(), where | message.plain_payload())

    def update(self, channel: str, ts: str, message: Message) -> ApiOutcome:
        """Show `message` in place of what is there. Doing it twice changes nothing.

        `channel` is an id: this method takes no name.
        """
        where: Json = {"channel": channel, "ts": ts}
        # An empty list, or Slack might keep the old blocks beside the new text.
        plain = {"text": message.plain, "blocks": []}
        return self._either(
            "chat.update", where | {"text": message.text, "blocks": list(message.blocks)}, where | plain
        )

    def _either(self, method: str, payload: Json, plain: Json) -> ApiOutcome:
        outcome = self._call(method, payload)
        if not isinstance(outcome, Refused):
            return outcome
        second = self._call(method, plain)
        match second:
            case Delivered():
                return Delivered(f"as plain text, because {outcome.reason}", second.channel, second.ts)
            case Refused():
                return Refused(f"{outcome.reason}; as plain text, {second.reason}")
            case _:
                return second

    def _call(self, method: str, payload: Json) -> ApiOutcome:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "ses-monitor",
        }
        try:
            response = self._http.request(
                "POST",
                f"{self._api_url}/{method}",
                body=json.dumps(payload).encode(),
                headers=headers,
                redirect=False,
                preload_content=False,
            )
        except HTTPError as error:
            return RetryLater(OUTAGE_WAIT, what_failed(error), Trouble.UNREACHABLE)
        try:
            said = response.read(LONGEST_ANSWER)
        except HTTPError as error:
            return RetryLater(OUTAGE_WAIT, what_failed(error), Trouble.UNREACHABLE)
        finally:
            response.close()
        return self._judge(method, response.status, said, response.headers.get("Retry-After"))

    def _judge(self, method: str, status: int, said: bytes, retry_after: str | None) -> ApiOutcome:
        answer = _parsed(said)
        word = bounded(_text(answer.get("error")), 80)
        reason = f"Slack answered {method} with {status}" + (f" ({word})" if word else "")
        if status == 429 or word in _TOO_FAST:
            wait = seconds_to_wait(retry_after, self._clock()) or RATE_LIMIT_WAIT
            return RetryLater(wait, reason, Trouble.RATE_LIMITED)
        if status >= 500 or status == 408 or word in _FAILING:
            wait = seconds_to_wait(retry_after, self._clock()) or OUTAGE_WAIT
            return RetryLater(wait, reason, Trouble.FAILING)
        if 200 <= status < 300 and answer.get("ok") is True:
            return Delivered("", _text(answer.get("channel")), _text(answer.get("ts")))
        if word in _DELETED:
            return Deleted(reason)
        if word in _LOCKED:
            return Locked(reason)
        if word in _FIXES:
            scope = f" (needed: {bounded(_text(answer.get('needed')), 80)})" if answer.get("needed") else ""
            return RetryLater(BROKEN_WEBHOOK_WAIT, f"{reason}: {_FIXES[word]}{scope}", Trouble.BOT)
        if word or status in {400, 413, 422}:
            return Refused(reason)
        return RetryLater(BROKEN_WEBHOOK_WAIT, f"{reason}, which is no answer of Slack's API", Trouble.BOT)


def _parsed(said: bytes) -> dict[str, object]:
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _checked(url: str) -> str:
    try:
        parts = parse_url(url.strip())
    except HTTPError:
        parts = None
    if parts is None or not parts.host or parts.auth is not None:
        msg = "the address of Slack's API is none"
        raise TokenError(msg)
    loopback = parts.host in {"localhost", "127.0.0.1", "[::1]"}
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        msg = "the address of Slack's API does not begin with https://"
        raise TokenError(msg)
    return url.strip().rstrip("/")


_TOO_FAST = {"ratelimited", "rate_limited", "message_limit_exceeded"}
_FAILING = {
    *("internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"),
    *("org_login_required", "accesslimited"),
}
_DELETED = {"message_not_found", "thread_not_found", "cannot_reply_to_message"}
_LOCKED = {"cant_update_message", "edit_window_closed", "is_inactive", "update_failed"}
_TOKEN_ANEW = "install the Slack app again and put its bot token into the parameter"  # noqa: S105 - a sentence
_ALLOW = "allow the app to post in the channel, or choose another (parameter SlackChannel)"
_FIXES = {
    "not_authed": f"the parameter holds no token; {_TOKEN_ANEW}",
    "invalid_auth": f"the token is wrong or revoked; {_TOKEN_ANEW}",
    "token_revoked": f"the token was revoked, or the app was removed; {_TOKEN_ANEW}",
    "token_expired": f"the token has expired; switch token rotation off, {_TOKEN_ANEW}",
    "account_inactive": f"the app was removed or the workspace is gone; {_TOKEN_ANEW}",
    "not_allowed_token_type": "it is no bot token; put the app's bot token (xoxb-…) into the parameter",
    "missing_scope": "give the Slack app the scope chat:write and install it again",
    "no_permission": "give the Slack app the scope chat:write, install it again and invite it to the channel",
    "channel_not_found": (
        "SlackChannel is no channel that the app can see; check the channel's id, and invite the app: /invite @its-name"
    ),
    "not_in_channel": "invite the app to the channel: /invite @its-name",
    "is_archived": "the channel is archived; unarchive it, or choose another (parameter SlackChannel)",
    "access_denied": _ALLOW,
    "ekm_access_denied": f"administrators suspended posting; {_ALLOW}",
    "restricted_action": f"an administrator restricts posting; {_ALLOW}",
    "restricted_action_read_only_channel": f"the channel is read-only; {_ALLOW}",
    "restricted_action_thread_only_channel": f"the channel takes replies only; {_ALLOW}",
    "restricted_action_non_threadable_channel": f"the channel takes no replies; {_ALLOW}",
    "team_access_not_granted": f"the app may not post in this workspace; {_ALLOW}",
}
