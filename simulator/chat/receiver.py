"""The channel behind an incoming webhook: takes messages as Slack does, and fails as Slack does when told to."""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs

from simulator.aws_api.throttle import TokenBuckets
from simulator.chat.limits import RefusedError, check_message
from simulator.chat.rendering import render
from simulator.live import Clock, utc_now
from simulator.loopback import Answer, Hang, HttpRequest, Reply, Reset

# Not a working one: Slack's are longer.
WEBHOOK_PATH = "/services/T0000000/B0000000/simulated"
_WEBHOOK = re.compile(r"/services/T[A-Z0-9]+/B[A-Z0-9]+/\w+")

AnyAnswer = TypeVar("AnyAnswer", bound=Answer)

ChannelState = Literal["open", "revoked", "archived", "prohibited", "outage"]

# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, "Handling errors"
_STATE_ANSWERS: Mapping[ChannelState, Reply] = {
    "revoked": Reply(404, b"no_service"),
    "archived": Reply(410, b"channel_is_archived"),
    "prohibited": Reply(403, b"action_prohibited"),
    "outage": Reply(503, b"service_unavailable"),
}


@dataclass(frozen=True, slots=True)
class Scripted:
    """What the webhook does with the next message instead of its usual: `Scripted(429, retry_after=2)`.

    `ok` takes the message as usual, `reset` and `hang` treat the connection badly; a number answers with that status.
    With `accept` the message is taken first, so that the sender cannot know (a lost answer).
    """

    does: int | Literal["ok", "reset", "hang"] = "ok"
    retry_after: int | None = None  # s
    delay_s: float = 0.0
    accept: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message the channel took."""

    at: datetime
    payload: Mapping[str, Any]

    def shown(self) -> str:
        """As a person sees it."""
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
        self._state: ChannelState = "open"
        self._bucket = (
            None if per_second is None else TokenBuckets(monotonic, per_second=per_second, burst=float(burst))
        )

    @property
    def messages(self) -> Sequence[Message]:
        """What was taken, in order."""
        with self._changed:
            return tuple(self._messages)

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

    def wait_for(self, number: int, timeout_s: float) -> Sequence[Message]:
        """The messages once there are at least `number`, or what there is when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._messages) >= number, timeout_s)
            return tuple(self._messages)

    def transcript(self) -> str:
        """The channel as a person sees it."""
        return "\n".join(message.shown() for message in self.messages)

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer one HTTP request."""
        if not _WEBHOOK.fullmatch(request.path):
            return self._refuse(Reply(404, b"no_service"), f"no webhook at {request.path}")
        if request.method != "POST":
            return self._refuse(Reply(405, b"method_not_allowed"), request.method)
        with self._changed:
            state = self._state
            scripted = self._script.popleft() if self._script else Scripted()
        if state != "open":
            return self._refuse(_STATE_ANSWERS[state], state)
        answer = self._scripted(scripted)
        if answer is not None and not scripted.accept:
            return self._refuse(answer, f"scripted {scripted.does}")
        taken = self._take(request)
        return replace(taken, delay_s=scripted.delay_s) if answer is None else answer

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
            self._messages.append(Message(self._clock(), payload))
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


def _payload(request: HttpRequest) -> object:
    """JSON, or a form with the JSON in `payload`: Slack takes both."""
    body = request.body
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(request.body.decode("utf-8", "replace")).get("payload", [""])[0].encode()
    try:
        return json.loads(body)
    except ValueError as error:
        raise RefusedError("invalid_payload", "payload", "is not JSON") from error
