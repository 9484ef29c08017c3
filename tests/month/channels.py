"""The ways to people, each of which fails at random and knows what it took without saying so."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from urllib3.exceptions import NameResolutionError
from urllib3.util import Timeout

from ses_monitor.alerts import document, slack_blocks, slack_threads
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.slack_api import ApiOutcome, Bot
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.alerts.slack_threads import Shown
from simulator.chat.receiver import Chat, Scripted

MOST_OF_SNS = 262_144
HANGS_SECONDS = 0.03
"""How long a client of these tests waits where the server never answers; where it does, PATIENCE is for slow machines."""
PATIENCE = 30.0


class Clock:
    """A clock that moves when told to, and never back."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def reach(self, at: datetime) -> None:
        self.now = max(self.now, at)


class Weather:
    """How often things fail now: seldom, but most of the time in spells of some hours. `calm` ends all of it."""

    def __init__(self, chance: random.Random, clock: Clock, days: int) -> None:
        self.chance = chance
        self._clock = clock
        self._bad = [
            (at, at + timedelta(hours=chance.uniform(0.3, 9)))
            for at in (clock.now + timedelta(days=chance.uniform(0, days)) for _ in range(max(1, days // 4)))
        ]
        self.calm = False
        self.faults: dict[str, int] = {}

    def strikes(self, *kinds: str) -> str:
        """Return what goes wrong with the next request, or an empty string."""
        bad = any(begin <= self._clock.now < end for begin, end in self._bad)
        if self.calm or self.chance.random() > (0.6 if bad else 0.04):
            return ""
        return self.happened(self.chance.choice(kinds))

    def happened(self, kind: str) -> str:
        self.faults[kind] = self.faults.get(kind, 0) + 1
        return kind


class DiedError(BaseException):
    """The function was killed here: nothing of it runs any more, whatever it says in a `finally`."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A message that a channel took. `unsaid`: its sender was not told that it did."""

    channel: str
    at: datetime
    alert: Alert
    unsaid: bool
    ts: str = ""
    reply: bool = False


class Sns:
    """The alert topic: checks what SNS would, fails, and hands on what it took, now and then twice."""

    def __init__(self, clock: Clock, weather: Weather, subscribers: Sequence[Queue]) -> None:
        self._clock = clock
        self._weather = weather
        self._subscribers = subscribers
        self._known: dict[str, Alert] = {}
        self.told: list[Telling] = []

    def expect(self, alert: Alert) -> None:
        """Know an alert whole: its document may have left out some of its findings."""
        self._known[alert.alert_id] = alert

    def publish(self, **request: Any) -> dict[str, str]:
        self._clock.pass_(0.05)
        fault = self._weather.strikes("sns throttles", "sns 500", "sns unreachable", "sns answer lost")
        if fault in {"sns throttles", "sns 500"}:
            code = "Throttling" if fault == "sns throttles" else "InternalError"
            raise ClientError({"Error": {"Code": code, "Message": "made up"}}, "Publish")
        if fault == "sns unreachable":
            raise ConnectTimeoutError(endpoint_url="https://sns.eu-west-1.amazonaws.com/")
        self._accept(request, unsaid=bool(fault))
        if fault:
            raise ReadTimeoutError(endpoint_url="https://sns.eu-west-1.amazonaws.com/")
        return {"MessageId": str(len(self.told))}

    def _accept(self, request: Mapping[str, Any], *, unsaid: bool) -> None:
        subject, message = request["Subject"], request["Message"]
        assert 0 < len(subject) < 100
        assert subject.isascii()
        assert subject.isprintable()
        assert not subject.startswith(" ")
        assert len(message.encode()) + len(json.dumps(request["MessageAttributes"])) <= MOST_OF_SNS
        body = json.loads(message)["default"]
        self.told.append(Telling("sns", self._clock.now, self._known[document.decode(body).alert_id], unsaid))
        name = f"sns-{len(self.told)}"
        envelope = json.dumps({"Type": "Notification", "MessageId": name, "Subject": subject, "Message": body})
        for queue in self._subscribers:
            for _ in range(2 if self._weather.chance.random() < 0.02 else 1):
                queue.send(envelope)


@dataclass
class _Queued:
    body: str
    message_id: str
    sent_at: datetime
    visible_at: datetime
    receives: int = 0
    deleted: bool = False


@dataclass
class Queue:
    """A queue: at least once, in any order, hidden while somebody works on it, given up after so many receives."""

    name: str
    clock: Clock
    weather: Weather
    visibility: timedelta = timedelta(seconds=600)
    most_receives: int = 300
    dead: list[str] = field(default_factory=list)
    messages: list[_Queued] = field(default_factory=list)
    sent: int = 0
    dying: bool = False

    def send(self, body: str) -> None:
        self.sent += 1
        now = self.clock.now
        self.messages.append(_Queued(body, f"{self.name}-{self.sent}", now, now))

    def next_at(self) -> datetime | None:
        return min((each.visible_at for each in self.messages), default=None)

    def receive(self, most: int) -> list[_Queued]:
        now = self.clock.now
        there = [each for each in self.messages if each.visible_at <= now]
        batch = self.weather.chance.sample(there, min(most, len(there)))
        for each in batch:
            each.receives += 1
            each.visible_at = now + self.visibility
        for each in [each for each in batch if each.receives > self.most_receives]:
            batch.remove(each)
            self.messages.remove(each)
            self.dead.append(each.body)
        return batch

    def delete(self, message: _Queued) -> None:
        """Forget a message; now and then a copy of it stays."""
        if self.weather.calm or self.weather.chance.random() > 0.03:
            self.messages.remove(message)

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803, ARG002 - boto3's names
        if self.dying:
            return
        for each in self.messages:
            if each.message_id == ReceiptHandle:
                each.visible_at = self.clock.now + timedelta(seconds=VisibilityTimeout)


class Renderings:
    """Remembers what each rendered message says, so that what Slack took can be read without reading Slack's blocks."""

    def __init__(self) -> None:
        self._said: dict[int, tuple[Message, Alert | Shown]] = {}

    def of(self, message: Message) -> Alert | Shown:
        return self._said[id(message)][1]

    @contextmanager
    def recorded(self) -> Iterator[None]:
        seams: list[tuple[Any, str]] = [
            (slack_blocks, "render"),
            (slack_threads, "root"),
            (slack_threads, "reply"),
            (slack_threads, "again"),
        ]
        real = [getattr(module, name) for module, name in seams]
        for (module, name), render in zip(seams, real, strict=True):
            setattr(module, name, self._recording(render))
        try:
            yield
        finally:
            for (module, name), render in zip(seams, real, strict=True):
                setattr(module, name, render)

    def _recording(self, render: Callable[..., Message]) -> Callable[..., Message]:
        def rendered(what: Alert | Shown, *more: Any) -> Message:
            message = render(what, *more)
            self._said[id(message)] = (message, what)
            return message

        return rendered


_SLACK_FAULTS = (
    "429",
    "500",
    "hang",
    "hang, taken",
    "reset",
    "reset, taken",
    "500, taken",
    "no such name",
    "died",
    "died, taken",
)


class Line:
    """The connection to one channel: in the place of a client's urllib3, whose requests it spoils and reads."""

    def __init__(self, name: str, http: Any, chat: Chat, clock: Clock, weather: Weather) -> None:
        self._name = name
        self._http = http
        self._chat = chat
        self._clock = clock
        self._weather = weather
        self.told: list[Telling] = []
        self.shown: dict[str, tuple[Message, Shown]] = {}
        self.saying: tuple[Message, Alert | Shown] | None = None
        self.requests = 0
        self.dies: Callable[[], None] = lambda: None

    def request(self, method: str, url: str, **request: Any) -> Any:
        self._clock.pass_(0.25)
        self.requests += 1
        fault = self._weather.strikes(*_SLACK_FAULTS)
        if fault == "no such name":
            self._clock.pass_(2)
            raise NameResolutionError("slack.com", self._http, socket.gaierror(socket.EAI_NONAME, "made up"))
        if fault == "died":
            self.dies()
            raise DiedError
        updating = url.endswith("chat.update")
        script = _script(fault, self._weather.chance, updating=updating)
        if script is not None:
            self._chat.script(script)
        hangs = script is not None and script.does == "hang"
        before = self._chat.taken
        answer = None
        try:
            answer = self._http.request(
                method, url, **request, timeout=Timeout(connect=PATIENCE, read=HANGS_SECONDS if hangs else PATIENCE)
            )
        finally:
            if hangs:
                self._clock.pass_(5)
                if script is not None and script.accept and self._chat.state == "open":
                    self._chat.wait_for_taken(before + 1, PATIENCE)
            if self._chat.taken > before:
                self._note(request, unsaid=fault not in {"", "429"}, updating=updating)
        if fault == "died, taken":
            self.dies()
            raise DiedError
        return answer

    def _note(self, request: Mapping[str, Any], *, unsaid: bool, updating: bool) -> None:
        assert self.saying is not None
        message, said = self.saying
        payload = json.loads(request["body"])
        if updating:
            assert isinstance(said, Shown)
            self.shown[payload["ts"]] = (message, said)
            return
        assert isinstance(said, Alert)
        at = self._chat.messages[-1]
        self.told.append(
            Telling(self._name, self._clock.now, said, unsaid, at.ts, reply=bool(payload.get("thread_ts")))
        )


def _script(fault: str, chance: random.Random, *, updating: bool) -> Scripted | None:
    match fault:
        case "429":
            return Scripted(429, retry_after=chance.choice([1, 7, 60, 3600]))
        case "500":
            return Scripted(chance.choice([500, 502, 503]))
        case "500, taken":
            return Scripted(500, accept=True)
        case "hang":
            return Scripted("hang")
        case "hang, taken" if not updating:
            return Scripted("hang", accept=True)
        case "hang, taken" | "reset, taken":
            return Scripted("reset", accept=True)
        case "reset":
            return Scripted("reset")
        case _:
            return None


class SpokenBot:
    """The bot, whose line knows what it is about to say."""

    def __init__(self, bot: Bot, line: Line, renderings: Renderings) -> None:
        bot._http = line  # type: ignore[assignment]
        self._bot = bot
        self._line = line
        self._renderings = renderings

    def post(self, message: Message, *, thread: str = "", broadcast: bool = False) -> ApiOutcome:
        self._line.saying = (message, self._renderings.of(message))
        return self._bot.post(message, thread=thread, broadcast=broadcast)

    def update(self, channel: str, ts: str, message: Message) -> ApiOutcome:
        self._line.saying = (message, self._renderings.of(message))
        return self._bot.update(channel, ts, message)
