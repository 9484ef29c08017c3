"""The simulator as one thing to start, change and stop: the AWS API, the DNS and the chat, in threads here."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulator.aws_api.app import AwsApi
from simulator.aws_api.calls import CallLog
from simulator.chat.receiver import API_PATH, WEBHOOK_PATH, Chat
from simulator.control import Control
from simulator.dns.world import DnsWorld
from simulator.live import EVERY_REGION, Clock, LiveWorld, utc_now
from simulator.loopback import LoopbackServer
from simulator.world import WorldFacts

# Clients look these up themselves: the product needs no other setting to talk to the simulator.
ENDPOINT_VARIABLES = (
    "AWS_ENDPOINT_URL_SESV2",
    "AWS_ENDPOINT_URL_SES",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_ENDPOINT_URL_ACCOUNT",
)


class SimulatorError(Exception):
    """The simulator itself was wrong while it ran: a fixture AWS's models do not allow, or a crash."""


class Simulator:
    """Runs a world while the `with` block does.

    `world` is a file, plain data as in such a file (`{"regions": {"eu-west-1": {}}}`), or nothing: all regions unused.
    `clock` is the world's time; `monotonic` (s) runs the rate limits; `chat_per_second` turns Slack's limit on.
    Leaving the block raises SimulatorError if the simulator was wrong, so that a test with a bad fixture fails.
    """

    def __init__(
        self,
        world: Path | Mapping[str, Any] | None = None,
        *,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        chat_per_second: float | None = None,
        ports: tuple[int, int] = (0, 0),
    ) -> None:
        facts = WorldFacts.load(world) if isinstance(world, Path) else WorldFacts(world or {})
        self.world = LiveWorld(facts, clock)
        self.chat = Chat(clock=clock, monotonic=monotonic, per_second=chat_per_second)
        self.dns = DnsWorld(self.world)
        self._api = AwsApi(self.world, monotonic=monotonic)
        self._ports = ports
        self._running = ExitStack()
        self._api_url = self._chat_url = ""

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.dns)
            control = Control(self.world, self._api, self.chat, self.dns)
            api = LoopbackServer(control.over(self._api), port=self._ports[0], name="simulated-aws")
            starting.callback(api.close)
            chat = LoopbackServer(self.chat, port=self._ports[1], name="simulated-chat")
            starting.callback(chat.close)
            self._running = starting.pop_all()
        self._api_url, self._chat_url = api.url, chat.url
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._running.close()
        if kind is None and self.failures:
            raise SimulatorError("\n".join(self.failures))

    @property
    def api_url(self) -> str:
        """The address of the AWS API, for every service and region; /control/ is under it too."""
        return self._api_url

    @property
    def webhook_url(self) -> str:
        """The Slack incoming webhook."""
        return self._chat_url + WEBHOOK_PATH

    @property
    def slack_api_url(self) -> str:
        """The base address of Slack's Web API, for an app with `chat.receiver.BOT_TOKEN` in `chat.receiver.CHANNEL`."""
        return self._chat_url + API_PATH

    @property
    def calls(self) -> CallLog:
        """What the AWS API was asked."""
        return self._api.calls

    @property
    def failures(self) -> Sequence[str]:
        """What was wrong with the simulator itself, so far."""
        return (*self._api.failures, *self.dns.failures)

    def environment(self) -> dict[str, str]:
        """Variables that send SES, CloudWatch and account clients here, a Slack app, and questions to the DNS.

        Credentials are the caller's affair.
        """
        endpoints = dict.fromkeys(ENDPOINT_VARIABLES, self.api_url)
        return {**endpoints, "SLACK_API_URL": self.slack_api_url, **self.dns.environment()}

    def change(self, region: str, **facts: object) -> None:
        """Lay facts over a region's, as they would stand in YAML. Raises WorldError. See LiveWorld.change."""
        self.world.change(region, **facts)

    def add_record(self, zone: str, name: str, kind: str, *values: str) -> None:
        """Publish: `add_record("shop.example", "_dmarc", "TXT", "v=DMARC1; p=none")`. See DnsWorld."""
        self.dns.add_record(zone, name, kind, *values)

    def remove_record(self, zone: str, name: str, kind: str) -> None:
        """Take every record of a type from a name, also those that an identity has by itself."""
        self.dns.remove_record(zone, name, kind)

    def fault(self, region: str, operation: str = "*", **fault: object) -> None:
        """Add a fault: `fault("eu-west-1", "GetAccount", kind="throttle", times=2)`. See `world.Fault`."""
        self.world.fault(region, operation, **fault)

    def heal(self, region: str = EVERY_REGION, operation: str | None = None) -> None:
        """Remove faults, all or those of one operation."""
        self.world.heal(region, operation)
