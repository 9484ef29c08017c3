"""A month of simulated time, from the audits to what three channels were told."""

from __future__ import annotations

import heapq
import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.deliver import CHANNEL as SLACK
from ses_monitor.alerts.deliver import Delivery, NotDeliveredError
from ses_monitor.alerts.publish import Ceiling, PublishError, Topic, publish_everywhere
from ses_monitor.alerts.slack import Webhook
from ses_monitor.alerts.slack_api import Bot
from ses_monitor.alerts.slack_queue import SlackQueue
from ses_monitor.alerts.stream import read_batch
from ses_monitor.alerts.threads import BusyThreadError, Threads
from ses_monitor.audit.reminders import remind_all
from ses_monitor.core.baseline import baseline_of, open_after
from ses_monitor.core.model import Snapshot
from ses_monitor.core.policy import Mute
from ses_monitor.core.reminders import INTERVALS
from ses_monitor.core.settle import Rules, settle
from ses_monitor.core.stored import Change, Stored
from ses_monitor.store.deliveries import Deliveries, TableBusyError
from ses_monitor.store.queries import Queries
from ses_monitor.store.slots import Slots
from ses_monitor.store.table import Table
from simulator.chat.receiver import API_PATH, BOT_TOKEN, CHANNEL, WEBHOOK_PATH, Chat
from simulator.loopback import LoopbackServer
from tests.month.channels import Clock, DiedError, Line, Queue, Renderings, Sns, SpokenBot, Telling, Weather
from tests.month.memory_table import MemoryTable, Streamed
from tests.month.shaky_table import ShakyTable
from tests.month.world import ACCOUNT_ID, DIAGNOSES, LADDERS, REGIONS, STORM_REGIONS, Trouble, World

START = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
TABLE = "ses-monitor"
HISTORY_DAYS = 400
PER_MINUTE = 6
STREAM_ARN = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT_ID}:table/{TABLE}/stream/2026-11-01T00:00:00.000"
SHARDS, MOST_OF_A_BATCH, MOST_OF_A_QUEUE = 4, 500, 5
"""As in the template."""
MOST_EVENTS = 400_000
SHORTEST_WITH_STORM = 3
"""Days."""


@dataclass
class SlackChannel:
    """A channel of Slack with its queue: a function of ours works it, through the webhook or as a bot."""

    name: str
    queue: Queue
    ledger: _Mortal
    chat: Chat
    line: Line
    table: ShakyTable
    delivery: Callable[[], Delivery]
    looked_at: datetime | None = None
    """When its queue is looked at next."""


class _Mortal:
    """What the channels were told; a function that died gives nothing back."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._deliveries, name)

    def release(self, alert_id: str, channel: str) -> None:
        if not self.dead:
            self._deliveries.release(alert_id, channel)


@dataclass
class _Shard:
    waiting: list[dict[str, Any]] = field(default_factory=list)
    batch: list[dict[str, Any]] = field(default_factory=list)
    busy: bool = False


@dataclass(frozen=True, slots=True)
class _KnownTopic:
    """The real topic; what it publishes is known whole to the double behind it."""

    topic: Topic
    sns: Sns
    channel: str = "sns"

    def publish(self, alert: Alert) -> None:
        self.sns.expect(alert)
        self.topic.publish(alert)


class Month:
    """Plays the month. `changes` is what was recorded, in order; `truth` the states in the table at the end."""

    def __init__(
        self, seed: int, days: int, urls: tuple[str, str], chats: tuple[Chat, Chat], clock: Clock, client: Any
    ) -> None:
        self.seed, self.days = seed, days
        self.chance = random.Random(seed)  # noqa: S311 - to be the same again, not to be unforeseen
        self.clock = clock
        self.weather = Weather(self.chance, self.clock, days)
        self.world = World(self.chance)
        self.renderings = Renderings()
        self.changes: list[Change] = []
        self.batches: list[datetime] = []
        self.storms: list[datetime] = []
        self.deleted: set[str] = set()
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._number = count()
        self._shards = [_Shard() for _ in range(SHARDS)]
        self._audited: set[str] = set()
        self._logger = Logger(service="month", stream=io.StringIO(), level="CRITICAL")
        self.client = client
        streamed: Any = Streamed(client, self._written)
        self.table = Table(streamed, TABLE, HISTORY_DAYS, clock=clock, sleep=clock.pass_)
        self.queries = Queries(client, TABLE, clock=clock)
        self.channels = self._channels(urls, chats)
        self.sns = Sns(clock, self.weather, [each.queue for each in self.channels])
        self._shaky = ShakyTable(client, clock, self.weather)
        shaky: Any = self._shaky
        self._memory = Deliveries(shaky, TABLE, HISTORY_DAYS, clock=clock, sleep=clock.pass_)
        self._ceiling = Ceiling(Slots(shaky, TABLE, sleep=clock.pass_), PER_MINUTE)

    def _channels(self, urls: tuple[str, str], chats: tuple[Chat, Chat]) -> list[SlackChannel]:
        """Two stacks would have two tables: each channel notes what it was told in one of its own."""
        channels = []
        for name, url, chat in zip(("webhook", "bot"), urls, chats, strict=True):
            queue = Queue(name, self.clock, self.weather)
            table = ShakyTable(MemoryTable(), self.clock, self.weather)
            client: Any = table
            ledger = _Mortal(Deliveries(client, TABLE, HISTORY_DAYS, clock=self.clock, sleep=self.clock.pass_))
            if name == "webhook":
                webhook = Webhook(url + WEBHOOK_PATH, clock=self.clock)
                line = Line(name, webhook._http, chat, self.clock, self.weather)
                webhook._http = line  # type: ignore[assignment]
                delivery = self._webhook_delivery(webhook, line, ledger)
            else:
                bot = Bot(BOT_TOKEN, CHANNEL, api_url=url + API_PATH, clock=self.clock)
                line = Line(name, bot._http, chat, self.clock, self.weather)
                delivery = self._bot_delivery(SpokenBot(bot, line, self.renderings), ledger)
            channels.append(SlackChannel(name, queue, ledger, chat, line, table, delivery))
        return channels

    def _webhook_delivery(self, webhook: Webhook, line: Line, ledger: Any) -> Callable[[], Delivery]:
        def post(message: Any) -> Any:
            line.saying = (message, self.renderings.of(message))
            return webhook.post(message)

        return lambda: Delivery(ledger, post, self.clock)

    def _bot_delivery(self, bot: SpokenBot, ledger: Any) -> Callable[[], Delivery]:
        return lambda: Delivery(ledger, bot.post, self.clock, Threads(ledger, bot, SLACK, CHANNEL, self.clock))

    # --- time -------------------------------------------------------------------------------------------------------

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._number), what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self.at(self.clock.now + timedelta(seconds=seconds), what)

    def play(self) -> None:
        """Play the month; then the faults stop, and all that waits is worked off."""
        self._plan()
        end = START + timedelta(days=self.days)
        self.at(end, self._calm_down)
        with self.renderings.recorded():
            for _ in range(MOST_EVENTS):
                if not self._events:
                    return
                at, _, what = heapq.heappop(self._events)
                self.clock.reach(at)
                what()
        msg = f"seed {self.seed}: still busy after {MOST_EVENTS} events"
        raise AssertionError(msg)

    def _plan(self) -> None:
        chance, end = self.chance, START + timedelta(days=self.days)
        self.world.begins()
        self.at(START, lambda: self._audit(*REGIONS))
        for at, (trouble, rung) in self.world.moves(START + timedelta(minutes=30), self.days):
            self.at(at, partial(self._move, trouble, rung))
        for hour in range(1, 24 * self.days, 6):
            self.at(START + timedelta(hours=hour, minutes=7), self._remind)
        for day in range(1, self.days):
            self.at(START + timedelta(days=day), lambda: self._audit(*REGIONS))
        if self.days >= SHORTEST_WITH_STORM:
            storm = START + timedelta(days=self.days * chance.uniform(0.2, 0.8))
            self.at(storm, lambda: self._storm(over=False))
            self.at(storm + timedelta(hours=chance.uniform(1, 30)), lambda: self._storm(over=True))
        for _ in range(max(1, self.days // 3)):
            self.at(START + timedelta(days=chance.uniform(0, max(1, self.days - 1))), self._mute)
        for _ in range(self.days):
            self.at(START + timedelta(days=chance.uniform(0, self.days)), self._mute_in_mid_move)
        for channel in self.channels:
            revoked = START + timedelta(days=chance.uniform(0, max(1, self.days - 1)))
            self.at(revoked, partial(channel.chat.set_state, "revoked"))
            self.at(revoked + timedelta(hours=12), partial(channel.chat.set_state, "open"))
        for _ in range(max(1, self.days // 5)):
            self.at(START + timedelta(days=chance.uniform(0, self.days)), self._somebody_deletes)
        # Whatever is in two minds at the end has been seen often enough by then.
        for minutes in (5, 10, 15):
            self.at(end + timedelta(minutes=minutes), lambda: self._audit(*REGIONS))

    def _calm_down(self) -> None:
        self.weather.calm = True
        for channel in self.channels:
            channel.chat.set_state("open")

    # --- what happens, and who notices ------------------------------------------------------------------------------

    def _move(self, trouble: Trouble, rung: int | None) -> None:
        trouble.rung = rung
        self.after(self.chance.uniform(0, 300), lambda: self._audit(trouble.region))
        if LADDERS[trouble.check_id][0][0].open_after > 1:
            self.after(self.chance.uniform(310, 900), lambda: self._audit(trouble.region))

    def _storm(self, *, over: bool) -> None:
        self.world.storm(over=over)
        self.storms.append(self.clock.now)
        self._audit(*STORM_REGIONS)

    def _audit(self, *regions: str) -> None:
        now = self.clock.now
        mutes = self.table.mutes(now)
        found: list[Stored] = []
        for region in regions:
            snapshot = Snapshot(ACCOUNT_ID, region, now)
            known = [each for family in ("account", "identity", "dns") for each in self.table.findings(family, region)]
            rules = Rules(frozenset(LADDERS), DIAGNOSES, mutes, first_audit=region not in self._audited)
            settlement = settle(snapshot, known, self.world.evaluations(snapshot), rules)
            self.changes += self.table.save(settlement).recorded
            if region not in self._audited:
                found += open_after(known, settlement)
        self._audited.update(regions)
        baseline = baseline_of(ACCOUNT_ID, found, mutes)
        if baseline is not None:
            self.table.save_baseline(baseline)

    def _remind(self) -> None:
        self.changes += remind_all(ACCOUNT_ID, self.queries, self.table, INTERVALS, self.clock.now).changes

    def _mute(self) -> None:
        chance = self.chance
        trouble = chance.choice(self.world.troubles)
        lasts = timedelta(hours=chance.choice([1, 8, 48, 120]))
        about: dict[str, Any] = chance.choice(
            [
                {"subject": trouble.subject, "region": trouble.region},
                {"check_id": trouble.check_id},
                {"tag": chance.choice(list(DIAGNOSES))},
                {"region": trouble.region},
            ]
        )
        number = next(self._number)
        self.table.save_mute(Mute(f"mute-{number}", "ana", "migration", self.clock.now + lasts, **about))

    def _mute_in_mid_move(self) -> None:
        """A trouble opens, somebody mutes it or what it is about to become, and it moves on: all in one stream batch."""
        chance = self.chance
        trouble = chance.choice([each for each in self.world.troubles if len(LADDERS[each.check_id]) > 1])
        ladder = LADDERS[trouble.check_id]
        first, then = chance.sample(range(1, len(ladder) + 1), 2)
        self._move_and_look(trouble, chance.choice([0, first]))
        self._move_and_look(trouble, first)
        about: dict[str, Any] = chance.choice([{"tag": ladder[then - 1][0].tag}, {"check_id": trouble.check_id}])
        until = self.clock.now + timedelta(hours=chance.choice([1, 8, 48]))
        self.table.save_mute(
            Mute(f"mute-{next(self._number)}", "ana", "known", until, subject=trouble.subject, **about)
        )
        self._move_and_look(trouble, then)
        # It may end or go on under the mute, or after it; the world moves it too.
        self.after(chance.uniform(600, 60 * 3600), lambda: self._move_and_look(trouble, chance.choice([0, first])))

    def _move_and_look(self, trouble: Trouble, rung: int) -> None:
        trouble.rung = rung
        for _ in range(LADDERS[trouble.check_id][0][0].open_after):
            self.clock.pass_(0.4)
            self._audit(trouble.region)

    def _somebody_deletes(self) -> None:
        chat = self.channels[1].chat
        roots = [each.ts for each in chat.messages if not each.thread]
        if roots:
            ts = self.chance.choice(roots[-12:])
            self.deleted.add(ts)
            chat.delete(ts)

    # --- the stream -------------------------------------------------------------------------------------------------

    def _written(self, item: Any) -> None:
        record = {
            "eventName": "INSERT",
            "eventSourceARN": STREAM_ARN,
            "dynamodb": {
                "Keys": {"pk": item["pk"], "sk": item["sk"]},
                "NewImage": item,
                "ApproximateCreationDateTime": self.clock.now.timestamp(),
            },
        }
        number = sum(item["pk"]["S"].encode()) % SHARDS
        self._shards[number].waiting.append(record)
        self._wake(self._shards[number], self.chance.uniform(0.1, 10))

    def _wake(self, shard: _Shard, seconds: float) -> None:
        if not shard.busy:
            shard.busy = True
            self.after(seconds, lambda: self._poll(shard))

    def _poll(self, shard: _Shard) -> None:
        shard.busy = False
        if not shard.batch:
            size = self.chance.choice([1, 3, 20, MOST_OF_A_BATCH, MOST_OF_A_BATCH])
            shard.batch, shard.waiting = shard.waiting[:size], shard.waiting[size:]
        if self._publish(shard.batch):
            again = not self.weather.calm and self.chance.random() < 0.05
            shard.batch = shard.batch if again else []
            wait = 0.2
        else:
            if self.chance.random() < 0.2 and len(shard.batch) > 1:
                half = len(shard.batch) // 2
                shard.batch, shard.waiting = shard.batch[:half], shard.batch[half:] + shard.waiting
            wait = self.chance.choice([1, 5, 30, 60])
        if shard.batch or shard.waiting:
            self._wake(shard, wait)

    def _publish(self, records: list[dict[str, Any]]) -> bool:
        self.batches.append(self.clock.now)
        self._shaky.forgets = partial(_unsaid, self.sns.told, len(self.sns.told))
        topic = _KnownTopic(Topic(cast("Any", self.sns), "arn"), self.sns)
        try:
            publish_everywhere(
                read_batch({"Records": records}, self.clock.now).alerts(),
                [topic],
                self._memory,
                self._ceiling,
                self.clock,
            )
        except PublishError:
            return False
        finally:
            for channel in self.channels:
                self._look_at(channel, self.clock.now + timedelta(seconds=self.chance.uniform(0.05, 2)))
        return True

    # --- the queues -------------------------------------------------------------------------------------------------

    def _look_at(self, channel: SlackChannel, at: datetime) -> None:
        if channel.looked_at is None or at < channel.looked_at:
            channel.looked_at = at
            self.at(at, lambda: self._receive(channel, at))

    def _receive(self, channel: SlackChannel, at: datetime) -> None:
        if channel.looked_at != at:
            return
        channel.looked_at = None
        batch = channel.queue.receive(self.chance.randint(1, MOST_OF_A_QUEUE))
        if batch:
            self._work(channel, batch)
        following = channel.queue.next_at()
        if following is not None:
            self._look_at(channel, max(following, self.clock.now + timedelta(seconds=0.1)))

    def _work(self, channel: SlackChannel, batch: list[Any]) -> None:
        """One invocation; it may die, and then none of its messages is done."""
        queue = channel.queue
        works = SlackQueue(cast("Any", queue), "url", channel.delivery(), self._logger)
        done = []
        channel.line.dies = lambda: self._dies(channel, dead=True)
        try:
            for each in batch:
                record = SQSRecord(
                    {
                        "body": each.body,
                        "messageId": each.message_id,
                        "receiptHandle": each.message_id,
                        "attributes": {"ApproximateReceiveCount": str(each.receives)},
                    }
                )
                channel.table.forgets = partial(_unsaid, channel.line.told, len(channel.line.told))
                try:
                    works.work(record)
                except (NotDeliveredError, ClientError, BotoCoreError, TableBusyError, BusyThreadError):
                    continue
                done.append(each)
        except DiedError:
            done = []
            self._dies(channel, dead=False)
        for each in done:
            queue.delete(each)

    def _dies(self, channel: SlackChannel, *, dead: bool) -> None:
        channel.ledger.dead = channel.queue.dying = dead


def _unsaid(told: list[Telling], before: int) -> None:
    """Note that nobody remembers the last message, if there is one since `before` of them were told."""
    if len(told) > before:
        told[-1] = replace(told[-1], unsaid=True)


@contextmanager
def played(seed: int, days: int, client: Any = None) -> Iterator[Month]:
    """Play a month against two chats on the loopback; they are there until the end of the block."""
    clock = Clock(START)
    chats = (Chat(clock=clock), Chat(clock=clock))
    servers = [LoopbackServer(chat, name="chat") for chat in chats]
    try:
        month = Month(seed, days, (servers[0].url, servers[1].url), chats, clock, client or MemoryTable())
        month.play()
        yield month
    finally:
        for server in servers:
            server.close()
