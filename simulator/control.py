"""A small HTTP interface under /control/ on the API's address, for other processes to see and change the world."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from simulator.aws_api.app import AwsApi
from simulator.chat.receiver import ChannelState, Chat, Message
from simulator.dns.world import DnsWorld
from simulator.live import LiveWorld
from simulator.loopback import Answer, App, HttpRequest, Reply
from simulator.strict_yaml import WorldError, parse

PREFIX = "/control/"


@dataclasses.dataclass(frozen=True, slots=True)
class _ChatChange:
    state: ChannelState


class Control:
    """Answers /control/… and hands everything else to `api`.

    GET world, PATCH regions/NAME and PATCH dns (facts as in YAML), GET dns/ZONE (its records), GET calls,
    DELETE calls, GET chat, GET chat/transcript, PATCH chat ({"state": …}), DELETE chat, DELETE chat/TS (one message).
    """

    def __init__(self, world: LiveWorld, api: AwsApi, chat: Chat, dns: DnsWorld) -> None:
        self._world = world
        self._dns = dns
        self._api = api
        self._chat = chat

    def over(self, app: App) -> App:
        """`app` with the control interface in front of it."""
        return lambda request: self.answer(request) if request.path.startswith(PREFIX) else app(request)

    def answer(self, request: HttpRequest) -> Answer:
        """Answer one control request; what is wrong with it is said in `error`."""
        if "origin" in request.headers:
            return _json(403, {"error": "not for web pages"})
        what = request.path.removeprefix(PREFIX).strip("/")
        try:
            match request.method, what.split("/"):
                case "GET", ["world"]:
                    return _json(200, self._world.facts.facts)
                case "PATCH", ["regions", name]:
                    self._world.change(name, **_object(request))
                    return _json(200, self._world.facts.region_facts(name))
                case _, ["dns", *rest]:
                    return self._dns_answer(request, rest)
                case (("GET" | "DELETE"), ["calls"]):
                    return self._calls(clear=request.method == "DELETE")
                case _, ["chat", *rest]:
                    return self._chat_answer(request, rest)
        except (WorldError, ValueError) as error:
            return _json(400, {"error": str(error)})
        return _unknown(request)

    def _calls(self, *, clear: bool) -> Reply:
        rows = [
            {**dataclasses.asdict(call), "count": number}
            for call, number in sorted(self._api.calls.counts().items(), key=lambda item: dataclasses.astuple(item[0]))
        ]
        if clear:
            self._api.calls.clear()
        return _json(200, {"calls": rows, "failures": self._api.failures})

    def _dns_answer(self, request: HttpRequest, rest: list[str]) -> Reply:
        match request.method, rest:
            case "PATCH", []:
                self._dns.change(_object(request))
                return _json(200, self._world.facts.facts["dns"])
            case "GET", [zone] if self._dns.has(zone):
                return _json(200, self._dns.records(zone))
        return _unknown(request)

    def _chat_answer(self, request: HttpRequest, rest: list[str]) -> Reply:
        match request.method, rest:
            case "GET", []:
                return _json(200, self._chat_facts())
            case "GET", ["transcript"]:
                return Reply(200, self._chat.transcript().encode(), {"Content-Type": "text/plain; charset=utf-8"})
            case "PATCH", []:
                change = _object(request)
                self._chat.set_state(parse(_ChatChange, change, "chat").state)
                return _json(200, self._chat_facts())
            case "DELETE", []:
                self._chat.clear()
                return _json(200, self._chat_facts())
            case "DELETE", [ts] if any(message.ts == ts for message in self._chat.messages):
                self._chat.delete(ts)
                return _json(200, self._chat_facts())
        return _unknown(request)

    def _chat_facts(self) -> Mapping[str, Any]:
        return {
            "state": self._chat.state,
            "messages": [_message(message) for message in self._chat.messages],
            "refusals": [{"at": r.at.isoformat(), "status": r.status, "reason": r.reason} for r in self._chat.refusals],
        }


def _message(message: Message) -> Mapping[str, Any]:
    facts: dict[str, Any] = {"at": message.at.isoformat(), "ts": message.ts, "payload": message.payload}
    if message.thread:
        facts |= {"thread_ts": message.thread, "broadcast": message.broadcast}
    return {**facts, "edits": message.edits} if message.edits else facts


def _unknown(request: HttpRequest) -> Reply:
    return _json(404, {"error": f"there is no {request.method} {request.path}"})


def _object(request: HttpRequest) -> dict[str, Any]:
    content = json.loads(request.body)
    if not isinstance(content, dict):
        raise ValueError("a JSON object is needed")  # noqa: TRY004 - it becomes a 400, like JSON that cannot be read
    return content


def _json(status: int, content: object) -> Reply:
    return Reply(status, (json.dumps(content, indent=2) + "\n").encode(), {"Content-Type": "application/json"})
