"""What it costs to ingest feedback: events a second beside a loop that only reads and writes, table writes, memory.

AWS is answered in the process, below the SDK: what is measured is the handler, the SDK's own work included, on both
sides. The answers are those of a table that keeps what is written to it.

With `--deployed`, the whole path instead: the stack on the embedded AWS, from the topics of two regions to counters
that must be exactly right. With `--profile`, where the handler's time goes.
"""

from __future__ import annotations

import cProfile
import gc
import importlib
import io
import json
import math
import os
import pstats
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from rich.console import Console
from rich.table import Table as Shown

from ses_monitor.core.event import Kind
from ses_monitor.core.traffic import CountedBy
from ses_monitor.store.feedback_reads import FeedbackReads
from simulator.demo.stack import DeployedMonitor
from simulator.feedback import Body, lambda_event, sqs_record
from simulator.feedback_traffic import SENDERS, From, Published, Traffic, traffic
from simulator.world import WORLDS

TABLE = "ses-monitor"
EVENTS_PER_SECOND = 10.0
"""Of a sender of about 400,000 mails a day. A batch of 100 then spans ten seconds."""
EVENTS_PER_MAIL = 2.3
HANDLER = "the handler"
ONE_WRITE = "A: read the three layers of JSON, one BatchWriteItem"
"""Of as many small items as the handler writes."""
ITEM_EACH = "B: read them, an item an event, 25 a BatchWriteItem"
BATCH = 100
ROUNDS = 9
BATCHES_A_ROUND = 6
SIZES = (1, 10, 100, 1000)
GOAL = 0.5
MOST_ITEMS = 25
"""Of one BatchWriteItem."""
WRITES_GOAL = 0.1
"""Writes an event of the kinds that only count, in batches of 100."""
ONLY_COUNT = frozenset(kind.value for kind in Kind if kind.only_counts)
DEPLOYED_MAILS = 3550
"""Some 10,000 messages."""
DEPLOYED_DUPLICATES = 0.2
PUBLISHERS = 4
MEMORY_AT = (10_000, 50_000, 100_000)
DUPLICATES = 0.05
SLOWNESS = 0.01
"""So that a stream has as many opens and bounces soon after its beginning as a real one has all the time."""
UNIT = 1024
"""Bytes of a write unit; a write within a transaction takes two."""
CONTEXT = SimpleNamespace(
    function_name="ingest-feedback",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:ingest-feedback",
    aws_request_id="00000000-0000-4000-8000-000000000000",
    get_remaining_time_in_millis=lambda: 60_000,
)
Item = dict[str, Any]


@dataclass
class Answering:
    """DynamoDB below the SDK: operations over dictionaries, as far as the functions use them."""

    items: dict[str, dict[str, Item]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    written: list[tuple[int, Item]] = field(default_factory=list)

    @property
    def units(self) -> int:
        """Write units so far; reckoned here, so that it is in nobody's time."""
        return sum(factor * math.ceil(max(1, len(str(item))) / UNIT) for factor, item in self.written)

    def __call__(self, request: Any, **_: object) -> AWSResponse:  # noqa: ANN401 - botocore's prepared request
        """Answer a request instead of the network."""
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        self.calls[operation] += 1
        status, answer = getattr(self, f"_{operation}")(json.loads(request.body))
        body = json.dumps(answer).encode()
        headers = HTTPHeaders()
        headers["Content-Type"] = "application/x-amz-json-1.0"
        return AWSResponse(request.url, status, headers, _Raw(body))

    def _TransactWriteItems(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        refused = [not self._holds(action) for action in request["TransactItems"]]
        if any(refused):
            reasons = [{"Code": "ConditionalCheckFailed" if each else "None"} for each in refused]
            kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
            return 400, {"__type": kind, "Message": "Transaction cancelled", "CancellationReasons": reasons}
        for action in request["TransactItems"]:
            self._write(action, factor=2)
        return 200, {}

    def _PutItem(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        if not self._holds({"Put": request}):
            return 400, {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": ""}
        self._write({"Put": request}, factor=1)
        return 200, {}

    def _BatchWriteItem(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        for writes in request["RequestItems"].values():
            for each in writes:
                self._write({"Put": each["PutRequest"]}, factor=1)
        return 200, {"UnprocessedItems": {}}

    def _Query(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        if "IndexName" in request:
            return 200, {"Items": [], "Count": 0}  # nothing that the handler asks an index for is there
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        low, high = values.get(":a", ""), values.get(":b", "￿")
        condition = request["KeyConditionExpression"]
        partition = self.items.get(values[":pk"], {})
        if "begins_with" in condition:
            high = low + "￿"
        found = [item for sk, item in sorted(partition.items()) if low <= sk <= high]
        return 200, {"Items": found, "Count": len(found)}

    def _GetItem(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        item = self.items.get(request["Key"]["pk"]["S"], {}).get(request["Key"]["sk"]["S"])
        return 200, {} if item is None else {"Item": item}

    def _BatchGetItem(self, request: Item) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        [(table, wanted)] = request["RequestItems"].items()
        found = [self.items.get(key["pk"]["S"], {}).get(key["sk"]["S"]) for key in wanted["Keys"]]
        return 200, {"Responses": {table: [each for each in found if each]}, "UnprocessedKeys": {}}

    def _holds(self, action: Item) -> bool:
        [(kind, parts)] = action.items()
        condition = parts.get("ConditionExpression", "")
        key = parts["Item"] if kind == "Put" else parts["Key"]
        there = self.items.get(key["pk"]["S"], {}).get(key["sk"]["S"])
        if "revision = :revision" in condition:
            return there is not None and there["revision"] == parts["ExpressionAttributeValues"][":revision"]
        return there is None or condition != "attribute_not_exists(pk)"

    def _write(self, action: Item, *, factor: int) -> None:
        [(kind, parts)] = action.items()
        key = parts.get("Item") or parts.get("Key", {})
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        self.writes[pk.partition("#")[0]] += 1
        if kind == "Update":
            item = self.items.setdefault(pk, {}).setdefault(sk, {**parts["Key"]})
            self._update(item, parts)
        elif kind == "Put":
            item = self.items.setdefault(pk, {})[sk] = parts["Item"]
        else:
            item = {}
        self.written.append((factor, item))

    @staticmethod
    def _update(item: Item, parts: Item) -> None:
        names, values = parts.get("ExpressionAttributeNames", {}), parts["ExpressionAttributeValues"]
        added, _, rest = parts["UpdateExpression"].partition(" SET ")
        for each in added.removeprefix("ADD ").split(", "):
            name, value = each.split(" ")
            before = int(item.get(names[name], {"N": "0"})["N"])
            item[names[name]] = {"N": str(before + int(values[value]["N"]))}
        for each in rest.split(", "):
            name, _, value = each.partition(" = ")
            item[names[name]] = values[value]


class _Raw:
    """What botocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._body


class Function:
    """The deployed function in this process, and the table that answers it."""

    def __init__(self) -> None:
        os.environ |= {
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
            "POWERTOOLS_SERVICE_NAME": "ingest_feedback",
            "TABLE_NAME": TABLE,
            "EVENT_DAYS": "90",
            "HISTORY_DAYS": "400",
        }
        self._said = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
        with redirect_stdout(self._said):  # its log lines are written all the same
            self.app: ModuleType = importlib.import_module("functions.ingest_feedback.app")
        self.client = self.app.DYNAMODB
        self.table = Answering()
        self.client.meta.events.register("before-send.dynamodb", self._answer)

    def _answer(self, **told: Any) -> AWSResponse:  # noqa: ANN401 - as botocore hands it over
        return self.table(**told)

    def ingest(self, event: Body) -> None:
        """Run the handler on a batch.

        Raises:
            RuntimeError: it reports failures, and the measurement would be of something else.
        """
        with redirect_stdout(self._said):
            answer = self.app.handler(event, CONTEXT)
        if answer["batchItemFailures"]:
            raise RuntimeError(answer)

    def yardstick(self, event: Body, items: int) -> None:
        """Read the three layers of each message, and write so many small items."""
        read: list[Item] = []
        for record in event["Records"]:
            told = json.loads(json.loads(record["body"])["Message"])
            kind = told.get("eventType") or told["notificationType"]
            mail = told["mail"]
            read.append(
                {
                    "pk": {"S": f"BARE#{mail['messageId']}"},
                    "sk": {"S": record["messageId"]},
                    "kind": {"S": kind},
                    "sent_at": {"S": mail["timestamp"]},
                    "recipient": {"S": mail["destination"][0]},
                }
            )
        wanted = [read[n % len(read)] | {"sk": {"S": str(n)}} for n in range(items)]
        for first in range(0, items, MOST_ITEMS):
            writes = [{"PutRequest": {"Item": item}} for item in wanted[first : first + MOST_ITEMS]]
            self.client.batch_write_item(RequestItems={TABLE: writes})


class Stream:
    """Traffic in the order of time, cut into batches of texts as Lambda hands them over; each is used once."""

    def __init__(
        self,
        seed: int,
        *,
        spread: bool = False,
        senders: Sequence[From] = SENDERS,
        kinds: frozenset[str] = frozenset(Kind),
    ) -> None:
        self._seed = seed
        self._kinds = kinds
        self._spread = spread
        self._senders = senders
        self._ready: list[Published] = []
        self._told = 0

    def batch(self, size: int) -> Body:
        """Return the next batch."""
        while len(self._ready) < size:
            self._ready += self._more()
        taken, self._ready = self._ready[:size], self._ready[size:]
        records = [sqs_record(each.to_queue(), self._told + n, at=each.at) for n, each in enumerate(taken)]
        self._told += size
        return lambda_event(records)

    def _more(self) -> list[Published]:
        self._seed += 1
        mails = 4000
        hours = 24.0 if self._spread else mails * EVENTS_PER_MAIL / EVENTS_PER_SECOND / 3600
        start = datetime.fromtimestamp(time.time() // 3600 * 3600 - 26 * 3600, UTC)
        made = traffic(
            self._seed,
            mails,
            senders=self._senders,
            start=start,
            hours=hours,
            duplicates=DUPLICATES,
            slowness=1.0 if self._spread else SLOWNESS,
        )
        told = [each for each in made.stream if _kind(each) in self._kinds]
        return told if self._spread else sorted(told, key=lambda each: each.at)


def _kind(told: Published) -> str:
    return str(told.body.get("eventType") or told.body["notificationType"])


def main(arguments: Sequence[str]) -> int:
    """Measure, and print tables and one JSON document. Status 1: the deployed monitor counted wrong."""
    console = Console(stderr=True, width=120)
    if "--deployed" in arguments:
        return _deployed(console)
    function = Function()
    if "--profile" in arguments:
        sys.stderr.write(_profile(function))
        return 0
    memory = _memory(function)
    speed = _speed(function)
    sizes = {str(size): _writes(function, size) for size in SIZES}
    sizes[f"{BATCH}, one sender"] = _writes(function, BATCH, senders=SENDERS[:1])
    sizes[f"{BATCH}, of 24 hours"] = _writes(function, BATCH, spread=True)
    frequent = {
        "one sender": _writes(function, BATCH, senders=SENDERS[:1], kinds=ONLY_COUNT),
        "four senders in two regions": _writes(function, BATCH, kinds=ONLY_COUNT),
    }
    _show_speed(console, speed)
    _show_writes(console, sizes | {f"{BATCH} that only count, {name}": each for name, each in frequent.items()})
    for name, each in frequent.items():
        verdict = "reached" if each["writes"] < WRITES_GOAL else "MISSED"
        console.print(f"Send, Delivery, Open and Click of {name}: {each['writes']:.3f} writes an event", end=" ")
        console.print(f"(goal < {WRITES_GOAL}: {verdict})")
    console.print("memory (MB) after " + ", ".join(f"{at}: {mb:.0f}" for at, mb in memory.items()))
    document = {"schema": 2, "speed": speed, "an_event": sizes, "only_count": frequent, "memory_mb": memory}
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 0


def _show_speed(console: Console, speed: dict[str, Any]) -> None:
    shown = Shown(title=f"ingest_feedback, batches of {BATCH}, medians of {ROUNDS} rounds", title_justify="left")
    for column in ("what", "events/s", "ms a batch", "handler : this"):
        shown.add_column(column)
    for name, each in speed["medians"].items():
        shown.add_row(name, f"{each['per_second']:.0f}", f"{each['ms']:.1f}", f"{speed['ratios'][name]:.2f}")
    console.print(shown)
    ratio = speed["ratios"][ONE_WRITE]
    verdict = "reached" if ratio >= GOAL else "MISSED"
    console.print(f"beside A the handler has {ratio:.2f} of the speed (goal {GOAL}: {verdict})")


def _show_writes(console: Console, sizes: dict[str, dict[str, float]]) -> None:
    shown = Shown(title="table, an event (one conditional put an event: 1 write, 1 or 2 units)", title_justify="left")
    for column in ("batch", "writes", "of them packs", "records", "counters", "units", "reads", "events/s"):
        shown.add_column(column)
    for name, each in sizes.items():
        figures = (each[key] for key in ("writes", "packs", "records", "counters", "units", "reads"))
        shown.add_row(name, *(f"{figure:.3f}" for figure in figures), f"{each['per_second']:.0f}")
    console.print(shown)


def _deployed(console: Console) -> int:
    """Publish to the topics of two regions of the deployed monitor, and hold every counter against the truth."""
    start = datetime.now(UTC) - timedelta(hours=15)
    made = traffic(4, DEPLOYED_MAILS, start=start, hours=8, duplicates=DEPLOYED_DUPLICATES)
    with DeployedMonitor(WORLDS / "demo.yaml", stack_name="ses-monitor-bench") as monitor:
        monitor.deploy_region("us-east-1")
        shares = [
            (region, [each.body for each in made.stream if each.region == region][first::PUBLISHERS])
            for region in sorted({each.region for each in made.stream})
            for first in range(PUBLISHERS)
        ]
        began = time.perf_counter()
        with ThreadPoolExecutor(PUBLISHERS) as publishers:
            list(publishers.map(lambda share: monitor.publish_feedback(*share), shares))
        published = time.perf_counter() - began
        monitor.wait_until_ingested(600)
        seconds = time.perf_counter() - began
        wrong = _differences(made, monitor.feedback)
    console.print(
        f"published {len(made.stream)} messages of {sum(made.events.values())} outcomes in {published:.1f} s;"
    )
    console.print(f"all ingested after {seconds:.1f} s: {len(made.stream) / seconds:.0f} events/s")
    console.print("every counter is exactly right" if not wrong else "WRONG:\n" + "\n".join(wrong))
    document = {
        "schema": 2,
        "messages": len(made.stream),
        "outcomes": sum(made.events.values()),
        "seconds": round(seconds, 2),
        "per_second": round(len(made.stream) / seconds),
        "differences": wrong,
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 1 if wrong else 0


def _differences(made: Traffic, reads: FeedbackReads) -> list[str]:
    """Return each counter that is not what it should be, those included that should not be there."""
    expected: dict[tuple[str, str, str], dict[datetime, dict[str, int]]] = {}
    for (region, counted_by, name, hour), counts in made.counts.items():
        hours = expected.setdefault((region, counted_by, name), {})
        hours[hour] = {tally: count for tally, count in counts.items() if count}
    wrong: list[str] = []
    for (region, counted_by, name), hours in expected.items():
        around = (min(hours) - timedelta(days=2), max(hours) + timedelta(days=2))
        kept = reads.counters(region, CountedBy(counted_by), name, *around)
        found = {hour: {tally.value: count for tally, count in counts.items() if count} for hour, counts in kept}
        wrong += [
            f"{region} {counted_by} {name} {hour:%Y-%m-%dT%H}: {found.get(hour)} instead of {hours.get(hour)}"
            for hour in sorted({*hours, *found})
            if found.get(hour) != hours.get(hour)
        ]
    return wrong


def _speed(function: Function) -> dict[str, Any]:
    """Compare in alternating rounds. Each side begins with the text of the event, as Lambda has it."""
    stream = Stream(100)
    items = _items_a_batch(function, stream)
    ways: dict[str, Callable[[Body], None]] = {
        HANDLER: function.ingest,
        ONE_WRITE: lambda event: function.yardstick(event, items),
        ITEM_EACH: lambda event: function.yardstick(event, BATCH),
    }
    rounds: list[dict[str, float]] = []
    for number in range(ROUNDS):
        texts = [json.dumps(stream.batch(BATCH)) for _ in range(BATCHES_A_ROUND)]
        order = list(ways) if number % 2 == 0 else list(reversed(ways))
        done: dict[str, float] = {}
        for name in order:
            gc.collect()
            started = time.perf_counter()
            for text in texts:
                ways[name](json.loads(text))
            done[name] = time.perf_counter() - started
        rounds.append(done)
    medians = {name: statistics.median(each[name] for each in rounds) for name in ways}
    return {
        "medians": {name: _rate(seconds) for name, seconds in medians.items()},
        "ratios": {name: round(seconds / medians[HANDLER], 3) for name, seconds in medians.items()},
        "items_a_batch": items,
    }


def _items_a_batch(function: Function, stream: Stream) -> int:
    """Return how many items the handler writes for a batch, as far as one write takes them; it is warm afterwards."""
    batches = 10
    before = function.table.writes.total()
    for _ in range(batches):
        function.ingest(stream.batch(BATCH))
    return min(MOST_ITEMS, round((function.table.writes.total() - before) / batches))


def _rate(seconds: float) -> dict[str, float]:
    events = BATCHES_A_ROUND * BATCH
    return {"per_second": round(events / seconds), "ms": round(seconds / BATCHES_A_ROUND * 1000, 2)}


def _writes(
    function: Function,
    size: int,
    *,
    spread: bool = False,
    senders: Sequence[From] = SENDERS,
    kinds: frozenset[str] = frozenset(Kind),
) -> dict[str, float]:
    """Count what batches of this size write and read, an event."""
    stream = Stream(1000 + size, spread=spread, senders=senders, kinds=kinds)
    function.table = Answering()
    batches = max(3, min(300, 6000 // size))
    events = [stream.batch(size) for _ in range(batches)]
    gc.collect()
    gc.freeze()  # else the collector walks over all that was prepared, again and again
    started = time.perf_counter()
    for event in events:
        function.ingest(event)
    seconds = time.perf_counter() - started
    gc.unfreeze()
    table, told = function.table, batches * size
    reads = sum(table.calls[name] for name in ("Query", "GetItem", "BatchGetItem"))
    figures = {
        "writes": table.writes.total(),
        "packs": table.writes["SEEN"],
        "records": table.writes["RECIPIENT"],
        "counters": table.writes["COUNTS"],
        "units": table.units,
        "reads": reads,
    }
    return {**{name: round(figure / told, 4) for name, figure in figures.items()}, "per_second": round(told / seconds)}


def _memory(function: Function) -> dict[str, float]:
    """Return the process's resident megabytes after so many events; the table forgets, as it is not measured."""
    stream = Stream(5000)
    done = 0
    resident: dict[str, float] = {}
    for wanted in MEMORY_AT:
        while done < wanted:
            function.ingest(stream.batch(BATCH))
            done += BATCH
            if done % 2000 == 0:
                function.table = Answering()
        gc.collect()
        resident[str(wanted)] = round(_resident_mb(), 1)
    return resident


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _profile(function: Function) -> str:
    stream = Stream(100)
    _items_a_batch(function, stream)
    texts = [json.dumps(stream.batch(BATCH)) for _ in range(40)]
    profile = cProfile.Profile()
    for text in texts:
        with profile:
            function.ingest(json.loads(text))
    out = io.StringIO()
    shown = pstats.Stats(profile, stream=out).strip_dirs()
    shown.sort_stats("cumulative").print_stats(60)
    shown.sort_stats("tottime").print_stats(45)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
