"""A channel, with a webhook and an app in it: takes messages as Slack does, and fails as Slack does when told to."""

import json
import re
import textwrap
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs

from simulator.aws_api.throttle import TokenBuckets
from simulator.chat.limits import API_KEYS, RefusedError, check_api_message, check_message
from simulator.chat.rendering import render
from simulator.live import Clock, utc_now
from simulator.loopback import Answer, Hang, HttpRequest, Reply, Reset

# Not a working one: Slack's are longer.
WEBHOOK_PATH = "/services/T0000000/B0000000/simulated"
_WEBHOOK = re.compile(r"/services/T[A-Z0-9]+/B[A-Z0-9]+/\w+")

# Of the app. Not a working one either.
BOT_TOKEN = "xoxb-0-simulated"  # noqa: S105 - nobody's secret
CHANNEL = "C0SIMULATED"
API_PATH = "/api"
UPDATES_PER_SECOND, UPDATE_BURST = 50 / 60, 10.0  # tier 3: https://docs.slack.dev/apis/web-api/rate-limits

AnyAnswer = TypeVar("AnyAnswer", bound=Answer)

ChannelState = Literal["open", "revoked", "archived", "prohibited", "outage", "uninvited", "unscoped", "inactive"]

# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, "Handling errors"
_STATE_ANSWERS: Mapping[ChannelState, Reply] = {
    "revoked": Reply(404, b"no_service"),
    "archived": Reply(410, b"channel_is_archived"),
    "prohibited": Reply(403, b"action_prohibited"),
    "outage": Reply(503, b"service_unavailable"),
    "uninvited": Reply(403, b"action_prohibited"),
    "unscoped": Reply(403, b"action_prohibited"),
    "inactive": Reply(404, b"no_service"),
}

# https://docs.slack.dev/reference/methods/chat.postMessage, "Errors"
_STATE_WORDS: Mapping[ChannelState, str] = {
    "revoked": "token_revoked",
    "archived": "is_archived",
    "prohibited": "restricted_action",
    "uninvited": "not_in_channel",
    "unscoped": "missing_scope",
    "inactive": "account_inactive",
}


@dataclass(frozen=True, slots=True)
class Scripted:
    """What the channel does with the next message instead of its usual: `Scripted(429, retry_after=2)`.

    `ok` takes the message as usual, `reset` and `hang` treat the connection badly; a number answers with that status.
    With `accept` the message is taken first, so that the sender cannot know (a lost answer).
    """

    does: int | Literal["ok", "reset", "hang"] = "ok"
    retry_after: int | None = None  # s
    delay_s: float = 0.0
    accept: bool = False
    word: str = ""
    """What an app is refused with: `Scripted(word="edit_window_closed")`."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message the channel took, as it stands now.

    `ts` is Slack's name for it; `thread` is that of the message it replies to. `edits` counts its changes.
    """

    at: datetime
    payload: Mapping[str, Any]
    ts: str = ""
    thread: str = ""
    broadcast: bool = False
    by_app: bool = False
    edits: int = 0
    deleted: bool = False

    def shown(self) -> str:
        """As a person sees it."""
        if self.deleted:
            return f"{self.at:%H:%M:%S}\n  This message was deleted.\n"
        return render(self.payload, self.at)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message the channel did not take, and why (Slack itself gives only the first word)."""

    at: datetime
    status: int
    reason: str


class Chat:
    """A channel. Every method may be called from any thread.

    `per_second` turns Slack's rate limit on (about 1 message a second, with short bursts); None leaves it off.
    """

    def __init__(
        self,
        *,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        per_second: float | None = None,
        burst: int = 4,
    ) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._messages: list[Message] = []
        self._refusals: list[Refusal] = []
        self._script: deque[Scripted] = deque()
        self._number = 0
        self._taken = 0
        self._state: ChannelState = "open"
        self._bucket = (
            None if per_second is None else TokenBuckets(monotonic, per_second=per_second, burst=float(burst))
        )
        self._update_bucket = (
            None if per_second is None else TokenBuckets(monotonic, per_second=UPDATES_PER_SECOND, burst=UPDATE_BURST)
        )

    @property
    def messages(self) -> Sequence[Message]:
        """What was taken and is still there, in order, as it stands now."""
        with self._changed:
            return tuple(message for message in self._messages if not message.deleted)

    @property
    def taken(self) -> int:
        """How many messages and changes of messages were taken so far, those whose sender does not know it included."""
        with self._changed:
            return self._taken

    @property
    def refusals(self) -> Sequence[Refusal]:
        """What was not taken, in order."""
        with self._changed:
            return tuple(self._refusals)

    @property
    def state(self) -> ChannelState:
        """How the channel stands."""
        with self._changed:
            return self._state

    def set_state(self, state: ChannelState) -> None:
        """Revoke the webhook, archive the channel, take Slack down, or open it again."""
        with self._changed:
            self._state = state

    def script(self, *answers: Scripted) -> None:
        """Say what the next requests get, one each; afterwards all is as usual."""
        with self._changed:
            self._script.extend(answers)

    def clear(self) -> None:
        """Forget messages, refusals and the script, and open the channel."""
        with self._changed:
            self._messages.clear()
            self._refusals.clear()
            self._script.clear()
            self._state = "open"

    def delete(self, ts: str) -> None:
        """Delete a message, as somebody in the channel might. Raises KeyError if there is none."""
        with self._changed:
            place = self._place(ts)
            if place is None:
                raise KeyError(ts)
            self._messages[place] = replace(self._messages[place], deleted=True)

    def wait_for(self, number: int, timeout_s: float) -> Sequence[Message]:
        """The messages once there are at least `number`, or what there is when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._messages) >= number, timeout_s)
            return tuple(message for message in self._messages if not message.deleted)

    def wait_for_taken(self, number: int, timeout_s: float) -> bool:
        """Wait until so many were taken; tell whether they were."""
        with self._changed:
            return self._changed.wait_for(lambda: self._taken >= number, timeout_s)

    def transcript(self) -> str:
        """The channel as a person sees it: replies under the message of their thread, and once more if broadcast."""
        with self._changed:
            everything = tuple(self._messages)
        shown: list[str] = []
        for message in everything:
            replies = [reply for reply in everything if reply.thread == message.ts and reply.ts and not reply.deleted]
            if message.thread:
                if message.broadcast and not message.deleted:
                    shown.append(
                        "\n".join([*message.shown().splitlines()[:2], "  (a reply, shown in the channel too)\n"])
                    )
            elif not message.deleted or replies:
                shown.append(message.shown() + "".join(_indented(reply) for reply in replies))
        return "\n".join(shown)

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer one HTTP request."""
        method = request.path.removeprefix(f"{API_PATH}/")
        if request.path.startswith(f"{API_PATH}/"):
            if method not in API_KEYS:
                return self._error("unknown_method", method)
        elif not _WEBHOOK.fullmatch(request.path):
            return self._refuse(Reply(404, b"no_service"), f"no webhook at {request.path}")
        else:
            method = ""
        if request.method != "POST":
            return self._refuse(Reply(405, b"method_not_allowed"), request.method)
        with self._changed:
            state = self._state
            scripted = self._script.popleft() if self._script else Scripted()
        if state != "open":
            if method and state in _STATE_WORDS:
                return self._error(_STATE_WORDS[state], state)
            return self._refuse(_STATE_ANSWERS[state], state)
        if method and scripted.word:
            return self._error(scripted.word, "scripted")
        answer = self._scripted(scripted)
        if answer is not None and not scripted.accept:
            return self._refuse(answer, f"scripted {scripted.does}")
        taken = self._take_from_app(method, request) if method else self._take(request)
        return replace(taken, delay_s=scripted.delay_s) if answer is None else answer

    def _take_from_app(self, method: str, request: HttpRequest) -> Reply:
        if (word := _unauthorised(request)) is not None:
            return self._error(word, "authorization")
        posting = method == "chat.postMessage"
        bucket = self._bucket if posting else self._update_bucket
        wait = 0.0 if bucket is None else bucket.wait_needed("channel")
        if wait:
            return self._error("ratelimited", "too fast", 429, {"Retry-After": str(max(1, round(wait + 0.5)))})
        try:
            payload = _in_this_channel(check_api_message(method, _json(request)))
            with self._changed:
                message = self._posted(payload) if posting else self._changed_to(payload)
                self._changed.notify_all()
        except RefusedError as refused:
            return self._error(refused.word, str(refused))
        return _ok({"ok": True, "channel": CHANNEL, "ts": message.ts, "message": {"text": payload.get("text", "")}})

    def _posted(self, payload: Mapping[str, Any]) -> Message:
        thread = payload.get("thread_ts", "")
        if thread:
            place = self._place(thread)
            if place is None or self._messages[place].thread:
                raise RefusedError("thread_not_found", "thread_ts", "is no message that can be replied to")
        what = {key: value for key, value in payload.items() if key not in API_KEYS["chat.postMessage"]}
        return self._add(what, thread=thread, broadcast=bool(payload.get("reply_broadcast")), by_app=True)

    def _changed_to(self, payload: Mapping[str, Any]) -> Message:
        place = self._place(payload.get("ts", ""))
        if place is None:
            raise RefusedError("message_not_found", "ts", "is no message")
        before = self._messages[place]
        if not before.by_app:
            raise RefusedError("cant_update_message", "ts", "is somebody else's message")
        what = {key: value for key, value in payload.items() if key not in API_KEYS["chat.update"]}
        after = replace(before, payload=what, edits=before.edits + 1)
        self._messages[place] = after
        self._taken += 1
        return after

    def _place(self, ts: str) -> int | None:
        return next((i for i, each in enumerate(self._messages) if each.ts == ts and not each.deleted), None)

    def _add(
        self, payload: Mapping[str, Any], *, thread: str = "", broadcast: bool = False, by_app: bool = False
    ) -> Message:
        """Append a message; hold the lock."""
        at = self._clock()
        self._number += 1
        self._taken += 1
        message = Message(at, payload, f"{int(at.timestamp())}.{self._number:06d}", thread, broadcast, by_app)
        self._messages.append(message)
        return message

    def _error(self, word: str, reason: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        answer = Reply(status, _dumps({"ok": False, "error": word}), {**_JSON, **(headers or {})})
        return self._refuse(answer, f"{word}: {reason}")

    def _take(self, request: HttpRequest) -> Reply:
        wait = 0.0 if self._bucket is None else self._bucket.wait_needed("channel")
        if wait:
            seconds = str(max(1, round(wait + 0.5)))
            return self._refuse(Reply(429, b"rate_limited", {"Retry-After": seconds}), "too fast")
        try:
            payload = check_message(_payload(request))
        except RefusedError as refused:
            return self._refuse(Reply(400, refused.word.encode()), str(refused))
        with self._changed:
            self._add(payload)
            self._changed.notify_all()
        return Reply(200, b"ok", {"Content-Type": "text/html"})

    def _scripted(self, scripted: Scripted) -> Answer | None:
        match scripted.does:
            case "ok":
                return None
            case "hang":
                return Hang()
            case "reset":
                return Reset(scripted.delay_s)
            case 429:
                headers = {"Retry-After": str(scripted.retry_after or 1)}
                return Reply(429, b"rate_limited", headers, scripted.delay_s)
            case status:
                headers = {} if scripted.retry_after is None else {"Retry-After": str(scripted.retry_after)}
                return Reply(status, b"rollup_error", headers, scripted.delay_s)

    def _refuse(self, answer: AnyAnswer, reason: str) -> AnyAnswer:
        status = answer.status if isinstance(answer, Reply) else 0
        with self._changed:
            self._refusals.append(Refusal(self._clock(), status, reason))
        return answer


_JSON = {"Content-Type": "application/json; charset=utf-8"}


def _dumps(content: object) -> bytes:
    return json.dumps(content).encode()


def _ok(content: object) -> Reply:
    return Reply(200, _dumps(content), _JSON)


def _indented(reply: Message) -> str:
    return textwrap.indent(f"\n{reply.shown()}", "  \u2502 ", lambda _: True).replace("\u2502 \n", "\u2502\n")


def _in_this_channel(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    if payload.get("channel") != CHANNEL:
        raise RefusedError("channel_not_found", "channel", "is not this one")
    return payload


def _unauthorised(request: HttpRequest) -> str | None:
    """Slack's word for what is wrong with the token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        return "not_authed"
    return None if token == BOT_TOKEN else "invalid_auth"


def _json(request: HttpRequest) -> object:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise RefusedError("invalid_post_type", "content-type", "is not application/json")
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise RefusedError("invalid_json", "payload", "is not JSON") from error


def _payload(request: HttpRequest) -> object:
    """JSON, or a form with the JSON in `payload`: Slack takes both."""
    body = request.body
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(request.body.decode("utf-8", "replace")).get("payload", [""])[0].encode()
    try:
        return json.loads(body)
    except ValueError as error:
        raise RefusedError("invalid_payload", "payload", "is not JSON") from error
