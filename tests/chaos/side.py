"""One deployed monitor that lives through a script: in its weather, or as the twin that has none."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_monitor.alerts import document, slack_threads, threads
from ses_monitor.alerts.alert import Alert
from ses_monitor.core.stored import Change
from ses_monitor.core.traffic import CountedBy
from ses_monitor.store.deliveries import Deliveries, RootId
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.queries import Queries
from simulator.chat.receiver import CHANNEL as SLACK_CHANNEL
from simulator.demo.stack import CHANNEL, HOME_REGION, DeployedMonitor, NotInTimeError, wait_until
from simulator.embedded_aws import FunctionError, invoke
from simulator.embedded_aws.process import REPOSITORY
from simulator.logs import subscription_event
from simulator.server import Simulator
from tests.chaos.observed import Blind, Dead, Excused, Judged, Look, Open, Root
from tests.chaos.script import HOURS, STEP, Step
from tests.chaos.weather import Kind, Laid
from tests.chaos.world import BEGINNING, LOG_GROUP, QUIET, REFUSED, REGIONS, SECOND, World

AUDITS_WHEN_CALM = 6
"""`FEEDBACK_STOPPED` waits for as many; nothing waits for more."""
IDENTITY_AUDITS_WHEN_CALM = 3
LATER = timedelta(hours=HOURS + 2.5)
"""Into a step all that follows its mails has happened."""
REFUSALS = 3
"""Lines in the log, each told twice."""
MOST_CHANGES = 100_000
STORMY_SECONDS = 1.5
"""How long a step with faults waits for what may not come to rest while they stand."""
PATIENCE_SECONDS = 60.0
"""How long others do; it is for slow machines."""


class Side:
    """A monitor, its world, and what was published to it and may be excused."""

    def __init__(self, name: str, seed: int, on_step: Callable[[str], None] = lambda _: None) -> None:
        self.chance = random.Random(f"{seed} {name}")  # noqa: S311 - chance that can be repeated, no secret
        self.monitor = DeployedMonitor(
            BEGINNING,
            stack_name=f"ses-monitor-{name}",
            parameters={"Regions": ",".join(REGIONS)},
            simulated_time=True,
            between=True,
            on_step=on_step,
        )
        self.simulator: Simulator = self.monitor.simulator
        self.world = World(self.simulator)
        self.published: dict[Any, Counter[str]] = {}
        self.unsaid: Counter[str] = Counter()
        self.explained: dict[tuple[str, str], str] = {}
        self.met: Counter[str] = Counter()
        """How often each kind of fault met somebody."""
        self.errors: Counter[str] = Counter()
        """What invocations ended with."""
        self.told: list[Alert] = []
        self.dead: list[Dead] = []
        self.redriven = 0
        self.wrong: list[str] = []
        """What did not hold and no look can show."""
        self.notes: list[str] = []
        self._heard: list[str] = []
        self._old: list[tuple[str, Any]] = []
        self._listener = ""
        self._urls: dict[str, str] = {}
        self._dead_urls: dict[str, str] = {}
        self._poison = 0
        self._late: list[Kind] = []
        self._laid: dict[Kind, Laid] = {}

    # --- before it begins -------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Add the second region and another subscriber of the alert topic.

        The schedules go by real time: now and then they audit once more, which changes nothing.
        """
        self.monitor.deploy_region(SECOND)
        # To make a client takes longer than what it is asked here.
        self._sqs, dynamodb = self.monitor.sqs, self.monitor.dynamodb
        now = self.monitor.time.now
        self._queries = Queries(dynamodb, self.monitor.table_name, clock=now)
        self._feedback = FeedbackReads(dynamodb, self.monitor.table_name, clock=now)
        self._ledger = Deliveries(dynamodb, self.monitor.table_name, history_days=1, clock=now)
        self._listener = self._subscribe()
        outputs = self.monitor.outputs
        answer = self.monitor.cloudformation.describe_stack_resources(StackName=self.monitor.stack_name)
        physical = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in answer["StackResources"]}
        self._urls = {
            "feedback": outputs["FeedbackQueueUrl"],
            "identity": outputs["IdentityQueueUrl"],
            "Slack": physical["SlackQueue"],
        }
        self._dead_urls = {
            "feedback": outputs["FeedbackDeadLettersUrl"],
            "identity": outputs["IdentityDeadLettersUrl"],
            "Slack": outputs["SlackDeadLettersUrl"],
            "unpublished": physical["UnpublishedQueue"],
        }

    def _subscribe(self) -> str:
        sqs, topic = self._sqs, self.monitor.outputs["AlertTopicArn"]
        queue = sqs.create_queue(QueueName=f"{self.monitor.stack_name}-listener")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**allowed, "Resource": arn}]}
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
        self.monitor.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return queue

    @property
    def late(self) -> tuple[Kind, ...]:
        """Faults that met nobody yet, and are laid again."""
        return tuple(self._late)

    # --- a step -----------------------------------------------------------------------------------------------------

    def note(self, what: str) -> None:
        """Remember what a fault of this step is about, for its line."""
        self.notes.append(what)

    def go_to(self, at: datetime) -> None:
        """Let time pass until `at`."""
        time = self.monitor.time
        time.pass_(at - time.now())

    def begin(self, step: Step) -> None:
        """Come to a step, with what happens in the world then, once no audit of the last one is under way."""
        self.notes.clear()
        self._until_audited(PATIENCE_SECONDS)
        self.go_to(step.at)
        for turn in step.turns:
            turn.do(self.world)

    def live(self, step: Step, *, stormy: bool) -> tuple[Blind, ...]:
        """Live through a step; return what nobody could see in all of it. Its faults stand until `lift`."""
        laid = self._lay([*self._late, *step.weather]) if stormy and not step.calm else {}
        needs = {need for each in laid.values() for need in each.needs}
        upgrade = threading.Thread(target=self.monitor.deploy_new_version)
        if "new version" in needs:
            upgrade.start()
        self._audits(twice="second audit" in needs)
        if "jump" in needs:
            self._jump()
        self.go_to(step.at + LATER)
        self._publish(step, needs)
        self._audits(twice=False)
        self._audit_identities(patient=not laid)
        self._invoke("DigestFunctionName", {"do": "remind"})
        if upgrade.ident is not None:
            upgrade.join()
        if "dead letters" in needs:
            self._until_dead()
        if step.calm:
            self.come_to_rest()
        else:
            self._rest(STORMY_SECONDS if laid else PATIENCE_SECONDS)
        self._laid = laid
        return tuple(blind for each in laid.values() for blind in each.blind)

    def lift(self, step: Step) -> None:
        """End the faults of a step, and note which of them met somebody."""
        laid, self._laid = self._laid, {}
        for each in laid.values():
            each.lift()
        happened = {kind: each.happened() for kind, each in laid.items()}
        self.met.update(kind.name for kind, met in happened.items() if met)
        if not step.calm:
            self._late = [kind for kind, met in happened.items() if not met]

    def come_to_rest(self) -> None:
        """With no fault left: work the queues, bring the dead letters back, and audit until nothing is damped."""
        self._rest(PATIENCE_SECONDS)
        self.redrive()
        self.explained.pop(("feedback", ""), None)
        self._rest(PATIENCE_SECONDS)
        for _ in range(AUDITS_WHEN_CALM):
            self._audits(twice=False)
        for _ in range(IDENTITY_AUDITS_WHEN_CALM):
            self._audit_identities(patient=True)
        self._rest(PATIENCE_SECONDS)

    def _lay(self, kinds: Iterable[Kind]) -> dict[Kind, Laid]:
        return {kind: kind.lay(self, self.chance) for kind in kinds}

    def _jump(self) -> None:
        """Audit with a clock that is wrong by hours, and once more when it has been put right."""
        wrong = timedelta(hours=self.chance.choice([-3, -1, 2, 5]))
        self.note(f"by {wrong.total_seconds() / 3600:+.0f} h")
        self.monitor.time.pass_(wrong)
        self._audits(twice=False)
        self.monitor.time.pass_(-wrong)
        self._audits(twice=False)

    def _until_dead(self) -> None:
        """Wait until all that cannot be ingested is a dead letter."""
        self.explained["feedback", ""] = "the table could not be used for hours"
        wait_until(lambda: not self._waits("feedback"), lambda: "the feedback to be dead letters", PATIENCE_SECONDS)

    def _audits(self, *, twice: bool) -> None:
        others = [threading.Thread(target=self._invoke, args=("AuditAccountsFunctionName",))] if twice else []
        for each in others:
            each.start()
        self._invoke("AuditAccountsFunctionName")
        for each in others:
            each.join()

    def _audit_identities(self, *, patient: bool) -> None:
        self._invoke("PlanIdentitiesFunctionName")
        self._until_audited(PATIENCE_SECONDS if patient else 8)

    def _until_audited(self, seconds: float) -> None:
        with suppress(NotInTimeError):
            wait_until(lambda: not self._waits("identity"), lambda: "the regions", seconds)

    def _invoke(self, output: str, event: Mapping[str, Any] | None = None) -> None:
        """Run a function as its schedule does; where it fails, the next run is to make it good."""
        try:
            invoke(self.monitor.aws, self.monitor.outputs[output], event or {"from": "schedule"})
        except (FunctionError, ClientError, BotoCoreError) as error:
            self.errors[f"{output.removesuffix('FunctionName')} {type(error).__name__}"] += 1

    def _publish(self, step: Step, needs: Iterable[str]) -> None:
        told = [(each.region, each.body) for each in step.traffic.stream]
        for key, counts in step.traffic.counts.items():
            self.published.setdefault(key, Counter()).update(counts)
        if "old feedback" in needs and self._old:
            told += self.chance.sample(self._old, min(60, len(self._old)))
            self.chance.shuffle(told)
        self._old = (self._old + [(each.region, each.body) for each in step.traffic.stream])[-600:]
        for region in (HOME_REGION, SECOND):
            self.monitor.publish_feedback(region, [body for where, body in told if where == region])
        if "no words" in needs:
            self._poison += 1
            token = f"no words {self._poison}"
            self.explained["feedback", token] = "it is no feedback"
            self.monitor.publish_feedback(HOME_REGION, [token])
        if step.refused:
            self._refuse(step.at)

    def _refuse(self, at: datetime) -> None:
        event = subscription_event([f"{REFUSED} (attempt {n})" for n in range(REFUSALS)], LOG_GROUP, at=at)
        for _ in range(2):
            self._invoke("IngestLogsFunctionName", event)
        hour = at.replace(minute=0, second=0, microsecond=0)
        self.published.setdefault((QUIET, "account", "account", hour), Counter())["rejections"] += REFUSALS

    def _rest(self, seconds: float) -> None:
        """Wait until the queues are worked and all is told, but no longer than `seconds`."""
        with suppress(NotInTimeError):
            wait_until(lambda: not any(map(self._waits, self._urls)), lambda: "the queues", seconds)
            wait_until(self._all_told, lambda: "the channels", seconds)

    def _waits(self, queue: str) -> int:
        return self._held(self._urls[queue])

    def _held(self, url: str) -> int:
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        held = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(held[name]) for name in names)

    def _all_told(self) -> bool:
        self._listen()
        changes = self._changes()
        newest = {each.finding_id: each.version for each in sorted(changes, key=lambda each: each.version)}
        by_topic: dict[str, int] = {}
        for alert in self.told:
            for name, version in alert.versions().items():
                by_topic[name] = max(version, by_topic.get(name, 0))
        by_slack = self._ledger.told_versions(CHANNEL, newest)
        baseline = {each.finding_id for each in changes if each.baseline}
        return all(
            by_topic.get(name, 0) >= version and by_slack.get(name, 0) >= version
            for name, version in newest.items()
            if name not in baseline
        )

    # --- dead letters -----------------------------------------------------------------------------------------------

    def redrive(self) -> int:
        """Bring back what became a dead letter and can be read, as a person would; return how many."""
        self._bury()
        back = [dead for dead in self.dead if dead.queue in self._urls and not self._unreadable(dead)]
        for dead in back:
            self._sqs.send_message(QueueUrl=self._dead_urls[dead.queue], MessageBody=dead.body)
        if back:
            moved = self._moved_by_command()
            if moved != len(back):
                self.wrong.append(f"ses-monitor redrive moved {moved} of {len(back)} dead letters")
        self.dead = [dead for dead in self.dead if dead not in back]
        self.redriven += len(back)
        return len(back)

    def _moved_by_command(self) -> int:
        stack = ("--stack-name", self.monitor.stack_name, "--stack-region", HOME_REGION)
        # The command lives in real time, where feedback of the days to come cannot be: without --all it stays.
        done = subprocess.run(
            [str(REPOSITORY / ".venv/bin/ses-monitor"), "redrive", "--apply", "--all", "--json", *stack],
            env=self.monitor.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, 1}:
            self.wrong.append(f"ses-monitor redrive ended with {done.returncode}: {done.stderr[-500:]}")
            return 0
        return sum(int(queue["moved"]) for queue in json.loads(done.stdout)["queues"])

    def _unreadable(self, dead: Dead) -> bool:
        return any(part and part in dead.body for queue, part in self.explained if queue == dead.queue)

    def _bury(self) -> None:
        for queue, url in self._dead_urls.items():
            self.dead += [Dead(queue, body) for body in self._taken(url)]

    def _taken(self, url: str) -> list[str]:
        """Take all that is on a queue."""
        bodies: list[str] = []
        sqs = self._sqs
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            bodies += [message["Body"] for message in messages]
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return bodies

    # --- looking ----------------------------------------------------------------------------------------------------

    @property
    def excused(self) -> Excused:
        """What may be, for all that was done to this monitor so far."""
        unsaid = Counter(self.unsaid)
        for (function, service, _, kind), count in self.monitor.between.met.items():
            if (function, service) == ("publish-alerts", "sns") and kind in {"lost", "kill_after"}:
                unsaid["sns"] += count
            if function == "deliver-slack" and kind.startswith("kill"):
                unsaid["slack"] += count
        return Excused(dict(unsaid), dict(self.explained))

    def look(self, step: Step, *, deep: bool) -> Look:
        """See how the monitor stands after a step; `deep`: also what its messages in the channel show."""
        self._listen()
        self._bury()
        changes = self._changes()
        found = frozenset(
            Open(each.region, each.check_id, each.subject, each.tag, each.severity.name)
            for each in self._queries.open_findings()
        )
        verdicts = {
            state.region: Judged(
                state.verdict.value,
                frozenset((cause.tag, cause.severity.name, cause.subject) for cause in state.causes if cause.tag),
            )
            for state in self._queries.regions()
        }
        look = Look(
            step.number,
            step.at,
            step.at + STEP,
            verdicts,
            found,
            changes,
            self._counts(),
            tuple(self.dead),
            tuple(self.told),
            heard=(*self._heard, *(message.shown() for message in self.simulator.chat.messages)),
        )
        self._heard.clear()
        return replace(look, **self._deeper(changes)) if deep else look

    def _deeper(self, changes: Sequence[Change]) -> dict[str, Any]:
        messages = self.simulator.chat.messages
        posts = tuple((each.ts, each.shown().partition("\n")[2]) for each in messages if not each.thread)
        roots = []
        ledger = self._ledger
        by_ts = {message.ts: message for message in messages}
        for ts, _ in posts:
            root = ledger.root(CHANNEL, RootId(SLACK_CHANNEL, ts))
            if root is None:
                continue
            shown = threads.decode(root.content)
            over = {each.finding_id: (each.transition or shown.alert.transition).closes for each in shown.alert.entries}
            as_told = None
            if by_ts[ts].edits:
                as_told = list(by_ts[ts].payload["blocks"]) == list(slack_threads.root(shown).blocks)
            roots.append(Root(ts, over, as_told))
        return {
            "versions": ledger.told_versions(CHANNEL, {change.finding_id for change in changes}),
            "posts": posts,
            "replies": tuple(
                (message.thread, json.dumps(message.payload, sort_keys=True)) for message in messages if message.thread
            ),
            "roots": tuple(roots),
            "waiting": {queue: self._waits(queue) for queue in self._urls},
        }

    def _changes(self) -> tuple[Change, ...]:
        end = self.monitor.time.now() + timedelta(days=1)
        return tuple(
            change
            for region in REGIONS
            for change in self._queries.changes(region, end - timedelta(days=400), end, limit=MOST_CHANGES)
        )

    def _listen(self) -> None:
        for body in self._taken(self._listener):
            said = json.loads(body)["Message"]
            self._heard.append(said)
            with suppress(document.DocumentError):
                self.told.append(document.decode(said))

    def _counts(self) -> dict[Any, dict[str, int]]:
        counts: dict[Any, dict[str, int]] = {}
        hours = [key[3] for key in self.published]
        if not hours:
            return counts
        around = (min(hours) - timedelta(days=1), max(hours) + timedelta(days=1))
        for region, counted_by, name in {key[:3] for key in self.published}:
            for hour, found in self._feedback.counters(region, CountedBy(counted_by), name, *around):
                counts[region, counted_by, name, hour] = {tally.value: n for tally, n in found.items() if n}
        return counts
