"""An account's month out of an hour of it: every function runs in this process, and all that it uses is counted.

`python -m bench.cost.month NAME` prints it as JSON; `python -m bench.cost` runs one for each account, each in a process
of its own: functions read their settings once.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from bench.cost import stack
from bench.cost.accounts import ACCOUNTS, HOURS, PUBLISHED, Account
from bench.cost.aws import Aws
from bench.cost.table import PricedTable
from bench.simulated_time import SimulatedTime
from bench.simulator_process import simulator_of
from ses_monitor.alerts.slack import Delivered
from ses_monitor_cli.enrollment import EACH_MAIL
from simulator.embedded_aws.process import REPOSITORY
from simulator.feedback import Body, lambda_event, sqs_record
from simulator.feedback_traffic import Published, traffic
from simulator.live import LiveWorld
from simulator.world import WorldFacts

BETWEEN_REGIONS_S = 0.2
"""How long SES takes to answer from another region."""
IN_REGION_S = 0.01
"""How long the table, a queue or a topic of the same region takes."""
DNS_S = 0.05
"""How long a name server takes; a proof asks some `DNS_IN_A_ROW` after one another."""
DNS_IN_A_ROW = 6
SLACK_S = 0.5
SHARE = 1 / 1769
"""Of a core for each MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html."""
POLL_S = 20
"""A long poll: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html."""
RECEIVED = 10
"""Messages of one request, at most."""
PLATFORM_LINES_BYTES = 1000
"""What Lambda itself logs of an invocation, about: start, report and their wrapping."""
LINE_BYTES = 26
"""What CloudWatch Logs counts for a line besides its text: PutLogEvents, API reference."""
ENVIRONMENTS_A_DAY = 12
"""How often Lambda replaces the environment of a function that runs all the time: every two hours, about."""
ALERTS = {"idle": 2.0, "usual": 10.0, "large": 100.0}
"""Messages of the alert topic a day, the digest besides. Each goes to Slack and to one address."""
EVENTS_KEPT_DAYS = 90
TRAFFIC_S = {"usual": 3600.0, "large": 60.0}
"""How much traffic is ingested, in seconds of the account's."""
BAD_NEWS = tuple(each for each in PUBLISHED if each not in EACH_MAIL)
"""What `ses-monitor enroll --without-sends` has SES publish."""
BAD_NEWS_FACTOR = 10
"""It is so rare that so many times as long a stretch is needed."""
BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
IDENTITIES = "AuditIdentitiesFunction"


class MonthTime(SimulatedTime):
    """What the functions take for the time: stands still but for what they wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGAN
        self.paced = False

    def wait_for_ses(self) -> None:
        """Wait for an answer of SES; where nothing paces the requests they all go out at once."""
        if self.paced:
            self.clock()
            self.sleep(BETWEEN_REGIONS_S)


@dataclass
class Used:
    """What invocations of one function used. `seconds` are billed ones."""

    invocations: float = 0
    seconds: float = 0.0
    gb_s: float = 0.0
    write_units: float = 0.0
    read_units: float = 0.0
    log_bytes: float = 0.0
    metrics_read: float = 0.0
    sqs: float = 0.0
    sns: float = 0.0
    cpu_s: float = 0.0

    def times(self, factor: float) -> Used:
        """Return it so many times."""
        return Used(**{name: value * factor for name, value in vars(self).items()})

    def plus(self, other: Used) -> Used:
        """Return both together."""
        return Used(**{name: value + getattr(other, name) for name, value in vars(self).items()})


class Said(io.StringIO):
    """Standard output: what functions log, and the metrics among it."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.metrics: set[str] = set()
        self.last: deque[str] = deque(maxlen=5)

    def write(self, text: str) -> int:
        """Count what would reach CloudWatch Logs."""
        self.last.append(text)
        self.bytes += len(text.encode()) + LINE_BYTES * text.count("\n")
        if '"_aws"' in text:
            for each in json.loads(text)["_aws"]["CloudWatchMetrics"]:
                self.metrics |= {metric["Name"] for metric in each["Metrics"]}
        return len(text)


@dataclass
class Stack:
    """The functions in this process."""

    account: Account
    time: MonthTime
    aws: Aws
    said: Said
    apps: dict[str, Any] = field(default_factory=dict)
    dns_asked: Counter[str] = field(default_factory=Counter)

    def run(self, function: str, event: Body, *, cold: bool = False) -> Used:
        """Invoke a function and return what it used."""
        memory = stack.memory(function)
        app = self.app_of(function)
        aws, table, began = self.aws, self.aws.table, self.time.clock()
        before = (table.write_units, table.read_units, self.said.bytes, aws.metrics_read)
        requests = {name: aws.count(name) for name in ("sqs", "sns", "dynamodb", "account")}
        proofs = self.dns_asked["proofs"]
        aws.by_region.clear()
        self.time.paced = function == IDENTITIES
        context = SimpleNamespace(
            function_name=function,
            memory_limit_in_mb=memory,
            invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:any",
            aws_request_id="00000000-0000-4000-8000-000000000000",
            get_remaining_time_in_millis=lambda: int((stack.timeout(function) - self.time.clock() + began) * 1000),
        )
        cpu = time.process_time() - aws.spent
        answer = getattr(app, stack.entry(function))(event, context)
        cpu = time.process_time() - aws.spent - cpu
        if isinstance(answer, Mapping) and answer.get("batchItemFailures"):
            raise RuntimeError("".join(self.said.last))
        made = {name: aws.count(name) - number for name, number in requests.items()}
        waited = self.time.clock() - began
        if not self.time.paced:  # regions are asked side by side, each one thing after the other
            waited += max(aws.by_region.values(), default=0) * BETWEEN_REGIONS_S
        waited += (made["sqs"] + made["sns"] + made["dynamodb"]) * IN_REGION_S
        waited += (self.dns_asked["proofs"] - proofs) * DNS_S * DNS_IN_A_ROW
        cpu += stack.import_s(function) if cold else 0.0
        seconds = waited + cpu / (memory * SHARE)
        return Used(
            invocations=1,
            seconds=seconds,
            gb_s=seconds * memory / 1024,
            write_units=table.write_units - before[0],
            read_units=table.read_units - before[1],
            log_bytes=self.said.bytes - before[2] + PLATFORM_LINES_BYTES,
            metrics_read=aws.metrics_read - before[3],
            sqs=made["sqs"],
            sns=made["sns"],
            cpu_s=cpu,
        )

    def app_of(self, function: str) -> Any:  # noqa: ANN401 - a module, to be changed
        """Return a function's module, imported at its first use."""
        folder = stack.folder(function)
        if folder not in self.apps:
            self.apps[folder] = importlib.import_module(f"functions.{folder}.app")
            keep_time(self.time)
            if folder == stack.folder(IDENTITIES):  # that of the function which plans, too
                self._pace(self.apps[folder])
        return self.apps[folder]

    def _pace(self, app: Any) -> None:  # noqa: ANN401 - a module, to be changed
        pacer = app.Pacer(app.SETTINGS.requests_per_second, clock=self.time.clock, sleep=self.time.sleep)
        ask = app.sources.prover

        def prove(domains: Mapping[str, Any], known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as it is
            self.dns_asked["proofs"] += bool(domains)
            self.dns_asked["domains"] += len(domains)
            return ask(domains, known)

        reader = app.AwsIdentityReader(app.clients, pacer)
        sources = replace(app.sources, identities=reader, prover=prove)
        app.worker = replace(app.worker, sources=sources, clock=self.time.clock)


def keep_time(simulated: MonthTime) -> None:
    """Have every module of ours ask the simulated time what time it is."""

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

    class Simulated(datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # a plain one, as all others are
            return simulated.now.astimezone(tz)

    for name, module in list(sys.modules.items()):
        if name.startswith(("ses_monitor.", "functions.")) and getattr(module, "datetime", None) is datetime:
            module.datetime = Simulated  # type: ignore[attr-defined] # that is what is asked here


def month_of(account: Account) -> dict[str, Any]:
    """Return what the account uses in a month (the names of prices.toml), and how that was made up."""
    with _environment(account):
        simulated = MonthTime()
        aws = Aws(LiveWorld(WorldFacts(account.world()), lambda: simulated.now), simulated.wait_for_ses)
        said = Said()
        with patch.object(sys, "stdout", said):
            counted = _counted(Stack(account, simulated, aws, said))
    functions = counted["functions"]
    polls, at_worst = (stack.pollers(at_best=best) * HOURS * 3600 / POLL_S for best in (True, False))
    alerts = (ALERTS[account.name] + 1) * HOURS / 24
    audited_gb = aws.table.bytes_kept / 1e9 * account.factor

    def used(feedback: Mapping[str, Any]) -> dict[str, float]:
        total = feedback["used"]
        for each in functions.values():
            total = total.plus(each)
        kept = audited_gb + feedback["kept_gb"]
        return {
            "lambda_requests": total.invocations,
            "lambda_gb_s": total.gb_s,
            "dynamodb_write_units": total.write_units,
            "dynamodb_read_units": total.read_units,
            "dynamodb_gb": kept,
            "dynamodb_backup_gb": kept,
            "kms_requests": counted["keys"],
            "sqs_requests": polls + total.sqs + counted["sqs"] + feedback["sqs"],
            "sns_publishes": feedback["events"] + total.sns,
            "sns_mails": alerts,
            "alarms": stack.alarms(),
            "metrics": len(said.metrics),
            "dashboards": stack.dashboards(),
            "metrics_read": total.metrics_read,
            "logs_gb": total.log_bytes / 1e9,
            "schedules": counted["schedules"],
        }

    return {
        "account": account.name,
        "used": used(counted["feedback"]["all"]),
        "used_for_bad_news": used(counted["feedback"]["bad news"]),
        "functions": {name: vars(each) for name, each in functions.items()},
        "feedback": {name: {**each, "used": vars(each["used"])} for name, each in counted["feedback"].items()},
        "metrics": sorted(said.metrics),
        "idle_polls": polls,
        "idle_polls_at_worst": at_worst,
        "dns_domains_asked": counted["dns"],
    }


def _counted(here: Stack) -> dict[str, Any]:
    account, queued = here.account, here.aws.queued
    per_hour = 3600 / stack.audit_seconds()
    bad_news = _ingested(here, BAD_NEWS)
    here.aws.table = PricedTable()
    ingest = _ingested(here, PUBLISHED)
    extra = "ses_monitor.audit.identities.run.MOST_EXTRA"
    here.run("AuditAccountsFunction", {})
    for _ in range(2):  # what is new is looked at in the first hours
        here.time.now += timedelta(hours=1)
        here.run("AuditAccountsFunction", {})
        _audited(here) if not here.account.simulated else _with(extra, 10**6, lambda: _audited(here))
    here.dns_asked.clear()
    here.aws.table.told.clear()
    here.time.now += timedelta(hours=1)
    accounts = Used()
    for _ in range(round(per_hour)):
        accounts = accounts.plus(here.run("AuditAccountsFunction", {}))
        here.time.now += timedelta(seconds=stack.audit_seconds())
    plan, identities, messages = _audited(here)
    remind = here.run("DigestFunction", {"do": "remind"}, cold=True)
    digest = here.run("DigestFunction", {"do": "digest"}, cold=True)
    told = json.loads((REPOSITORY / "events/stream-change-opened.json").read_text(encoding="utf-8"))
    publish = here.run("PublishAlertsFunction", told, cold=True)
    slack = _slack(here)
    days, alerts = HOURS / 24, ALERTS[account.name] * HOURS / 24
    starts = stack.import_s("AuditAccountsFunction") / (stack.memory("AuditAccountsFunction") * SHARE)
    cold = Used(gb_s=starts * stack.memory("AuditAccountsFunction") / 1024).times(ENVIRONMENTS_A_DAY * days)
    functions = {
        "audit_accounts": accounts.times(HOURS).plus(cold),
        "plan_identities": plan.times(HOURS),
        "audit_identities": identities.times(HOURS),
        "digest": remind.times(HOURS).plus(digest.times(days)),
        "publish_alerts": publish.times(alerts),
        "deliver_slack": slack.times(alerts + days),
    }
    del queued[:]
    return {
        "functions": functions,
        "feedback": {"all": ingest, "bad news": bad_news},
        # Each message of the queue of regions and of that before Slack is received and deleted.
        "sqs": messages * HOURS * 2 + (alerts + days) * 3,
        # The table's key is kept for five minutes by whoever uses it.
        "keys": HOURS * per_hour + 4 * HOURS + (HOURS * 12 if account.mails else 0),
        "schedules": HOURS * per_hour + 2 * HOURS + days,
        "dns": here.dns_asked["domains"],
    }


def _with(name: str, value: object, work: Callable[[], object]) -> None:
    with patch(name, value):
        work()


def _audited(here: Stack) -> tuple[Used, Used, float]:
    """Run an hour's audits of identities. Return what planning used, what the audits did, and how many messages."""
    queued = here.aws.queued
    del queued[:]
    plan = here.run("PlanIdentitiesFunction", {}, cold=True)
    identities, messages = Used(), 0.0
    cold = 5  # so many environments start anew each hour
    while queued:
        body = queued.pop(0)
        region = json.loads(body)["region"]
        many = here.account.factor if region in here.account.watched else 1.0
        if here.account.simulated and region in here.account.regions and region not in here.account.watched:
            many = 0.0  # it is counted as one of the watched
        event = lambda_event([sqs_record(body, 1, at=here.time.now)])
        used = here.run(IDENTITIES, event, cold=cold > 0)
        cold -= 1
        identities = identities.plus(used.times(many))
        messages += many
    return plan, identities, messages


def _slack(here: Stack) -> Used:
    """Deliver one alert to Slack, by a webhook that takes it."""
    app = here.app_of("DeliverSlackFunction")
    app.WEBHOOK = SimpleNamespace(post=lambda _message: Delivered())
    event = json.loads((REPOSITORY / "events/sqs-alert-opened.json").read_text(encoding="utf-8"))
    used = here.run("DeliverSlackFunction", event, cold=True)
    memory = stack.memory("DeliverSlackFunction")
    return used.plus(Used(seconds=SLACK_S, gb_s=SLACK_S * memory / 1024))


def _ingested(here: Stack, published: Sequence[str]) -> dict[str, Any]:
    """Ingest traffic at the account's rate, in batches as they come together, and return what a month of it uses."""
    account = here.account
    if not account.mails:
        return {"batches": 0, "used": Used(), "events": 0.0, "sqs": 0.0, "batch": 0.0, "kept_gb": 0.0}
    seconds = TRAFFIC_S[account.name] * (BAD_NEWS_FACTOR if published is BAD_NEWS else 1)
    mails = round(account.events_per_second * seconds)
    start = here.time.now - timedelta(seconds=seconds)
    made = traffic(
        7, mails, senders=account.senders(), start=start, hours=seconds / 3600, duplicates=0.01, slowness=0.01
    )
    kinds = {each.title().replace("_", " ") for each in published} | {"DeliveryDelay"}
    stream = sorted((each for each in made.stream if _kind(each) in kinds), key=lambda each: each.at)
    rate = len(stream) / seconds
    window, most = stack.window(), stack.batch_size()
    size = min(float(most), 1 + rate * window / stack.POLLERS)
    batches, used, position = 0, Used(), 0.0
    warm = len(stream) / size // 10
    while position < len(stream):
        chosen = stream[round(position) : round(position + size)]
        position += size
        if not chosen:
            continue
        event = lambda_event([sqs_record(each.to_queue(), n, at=each.at) for n, each in enumerate(chosen)])
        once = here.run("IngestFeedbackFunction", event)
        if batches >= warm:
            used = used.plus(once)
        batches += 1
    events = len(stream) / mails * account.mails
    times = events / size
    kept = here.aws.table.bytes_kept / len(stream) * events / HOURS * 24 * EVENTS_KEPT_DAYS / 1e9
    # Sent by SNS, received one by one where few come at once and up to ten by ten, deleted ten by ten.
    received = min(1.0, max(1 / RECEIVED, 1 / max(1.0, rate * BETWEEN_REGIONS_S)))
    deletes = -(-size // RECEIVED) / size
    return {
        "batches": batches,
        "used": used.times(times / (batches - warm)),
        "events": events,
        "sqs": events * (1 + received + deletes),
        "batch": size,
        "kept_gb": kept,
    }


def _kind(told: Published) -> str:
    return str(told.body.get("eventType") or told.body["notificationType"])


@contextmanager
def _environment(account: Account) -> Iterator[None]:
    """Set what the functions read, and run the simulator's DNS in a process of its own."""
    with simulator_of(account.world()) as variables:
        of_dns = {name: value for name, value in variables.items() if name.startswith("SES_MONITOR_")}
        os.environ |= of_dns | stack.environment()
        yield


def main(arguments: list[str]) -> int:
    """Print one account's month; `peak_mb` is this process's."""
    [account] = [each for each in ACCOUNTS if each.name == arguments[0]]
    month = month_of(account) | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
    sys.stdout.write(json.dumps(month) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
