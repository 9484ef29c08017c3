"""The whole monitor, deployed: simulator, embedded AWS and stack, started and stopped together.

The demo and the end-to-end tests share it, so that what people are shown is what is tested.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import boto3
from botocore.config import Config

from ses_monitor.core.region_state import RunRecord
from ses_monitor.core.stored import Change
from ses_monitor.store import keys
from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.identity_table import IdentityTable
from ses_monitor.store.item import instant
from ses_monitor.store.queries import Queries
from simulator.between import Between
from simulator.chat.receiver import BOT_TOKEN, Message
from simulator.chat.receiver import CHANNEL as SLACK_CHANNEL
from simulator.embedded_aws import EmbeddedAws, SimulatedTime, invoke, sam_build, sam_deploy
from simulator.embedded_aws.process import ACCOUNT_ID, REPOSITORY, ROOT_KEY
from simulator.live import Clock, utc_now
from simulator.logs import subscription_event
from simulator.server import Simulator

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_ssm import SSMClient

HOME_REGION = "eu-west-1"
BOT_TOKEN_PARAMETER = "/ses-monitor/slack-bot-token"  # noqa: S105 - its name
WEBHOOK_PARAMETER = "/ses-monitor/slack-webhook"
BY_BOT = {"SlackBotTokenParameter": BOT_TOKEN_PARAMETER, "SlackChannel": SLACK_CHANNEL}
BY_WEBHOOK = {"SlackWebhookParameter": WEBHOOK_PARAMETER}
CHANNEL = "slack"
BUILD = REPOSITORY / ".aws-sam/embedded"
_POLL_S = 0.1
_REDELIVER_AFTER_S = 0.3

T = TypeVar("T")


class NotInTimeError(AssertionError):
    """Something that had to happen did not; the text says what was waited for."""


class DeployedMonitor:
    """ses-monitor deployed from this repository's template, for as long as the `with` block lasts."""

    def __init__(  # noqa: PLR0913 - all but the world have defaults
        self,
        world: Path | Mapping[str, Any],
        *,
        stack_name: str = "ses-monitor",
        slack: Mapping[str, str] = BY_BOT,
        parameters: Mapping[str, str] | None = None,
        on_step: Callable[[str], None] = lambda _: None,
        simulated_time: bool = False,
        between: bool = False,
    ) -> None:
        """Prepare; `slack` are the parameters that make the stack post to the simulated Slack, `parameters` more.

        With `simulated_time` the functions, the simulator and the readers here see `time`, which can be let pass. With
        `between` the functions reach AWS through `between`, which can be told what goes wrong; queues then give again
        after 0.3 s what a function failed at, as if the visibility timeout had passed.
        """
        self.stack_name = stack_name
        self._time = SimulatedTime() if simulated_time else None
        self._clock: Clock = self._time.now if self._time else utc_now
        self._between: Between | None = None
        if between:
            self._between = Between(
                lambda: self.aws.endpoint_url, lambda: self.aws.process_group, functions_begin=f"{stack_name}-"
            )
        self._versions = 1
        # The simulated SES does not mind being asked often; nobody wants to wait for the pace that a real one needs.
        self._parameters = {
            "SesRequestsPerSecond": "20",
            **slack,
            **(parameters or {}),
        }
        self._on_step = on_step
        self.simulator = Simulator(world, clock=self._clock)
        self.aws = EmbeddedAws({}, region=HOME_REGION)
        self.outputs: dict[str, str] = {}
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Start everything and deploy; what was started is stopped again if any of it fails."""
        with ExitStack() as starting:
            self._on_step("Starting a simulated SES, CloudWatch and Slack on loopback")
            starting.enter_context(self.simulator)
            self._on_step("Starting the embedded AWS, roles enforced")
            self.aws = starting.enter_context(self._embedded_aws(starting))
            self.ssm.put_parameter(Name=BOT_TOKEN_PARAMETER, Value=BOT_TOKEN, Type="SecureString")
            self.ssm.put_parameter(Name=WEBHOOK_PARAMETER, Value=self.simulator.webhook_url, Type="SecureString")
            with alone_with_the_build():
                self._on_step("sam build")
                sam_build(REPOSITORY, BUILD)
                self._on_step("sam deploy")
                self.outputs = sam_deploy(self.aws, BUILD, self.stack_name, self._parameters)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self._running.__exit__(kind, error, trace)

    def _embedded_aws(self, starting: ExitStack) -> EmbeddedAws:
        environment = self.simulator.environment()
        if self._between is None:
            return EmbeddedAws(environment, region=HOME_REGION, time=self._time)
        return EmbeddedAws(
            environment,
            region=HOME_REGION,
            time=self._time,
            functions_endpoint=starting.enter_context(self._between).url,
            redeliver_after_s=_REDELIVER_AFTER_S,
        )

    @property
    def time(self) -> SimulatedTime:
        """The simulated time, of a monitor that has one."""
        if self._time is None:
            raise RuntimeError("this monitor lives in real time: DeployedMonitor(..., simulated_time=True)")
        return self._time

    @property
    def between(self) -> Between:
        """What is between the functions and AWS, of a monitor that has it."""
        if self._between is None:
            raise RuntimeError("nothing is between here: DeployedMonitor(..., between=True)")
        return self._between

    def deploy_new_version(self, change: Callable[[Path], None] | None = None) -> None:
        """Deploy the stack with other code of the layer, as an upgrade does, while it runs.

        `change` is given the folder of the built package `ses_monitor`, a copy, to edit; without it a comment is added.
        Invocations that run finish with the code they began with.
        """
        self._versions += 1
        # Beside the build: its template names the functions' folders from where it lies.
        with TemporaryDirectory(prefix=f"version-{self._versions}-", dir=BUILD.parent) as folder:
            build = Path(folder)
            with alone_with_the_build():
                shutil.copytree(BUILD, build, dirs_exist_ok=True)
            package = build / "SesMonitorLayer/python/ses_monitor"
            if change is None:
                with (package / "__init__.py").open("a", encoding="utf-8") as code:
                    code.write(f"# version {self._versions}\n")
            else:
                change(package)
            self.outputs = sam_deploy(self.aws, build, self.stack_name, self._parameters)

    def deploy(self, **parameters: str) -> None:
        """Deploy the built template, again with changed parameters if wanted."""
        self._parameters |= parameters
        with alone_with_the_build():
            self.outputs = sam_deploy(self.aws, BUILD, self.stack_name, self._parameters)

    def deploy_region(self, region: str) -> dict[str, str]:
        """Deploy the small stack of another region, as `make deploy-region` does, and return its outputs."""
        parameters = {
            "HomeStackName": self.stack_name,
            "HomeRegion": HOME_REGION,
            "HomeQueueArn": self.outputs["FeedbackQueueArn"],
        }
        name = f"{self.stack_name}-regional"
        return sam_deploy(self.aws, REPOSITORY, name, parameters, region, template="regional.yaml")

    def publish_feedback(self, region: str, bodies: Iterable[Mapping[str, Any] | str]) -> int:
        """Publish to the feedback topic of `region` as SES does, one SNS message for each; return how many."""
        topic = f"arn:aws:sns:{region}:{ACCOUNT_ID}:{self.stack_name}-feedback"
        sns: SNSClient = self._client("sns", region)
        count = 0
        for batch in in_tens(bodies):
            entries: list[PublishBatchRequestEntryTypeDef] = [
                {
                    "Id": str(number),
                    "Subject": "Amazon SES Email Event Notification",
                    "Message": body if isinstance(body, str) else json.dumps(body) + "\n",
                }
                for number, body in enumerate(batch)
            ]
            answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
            if answer["Failed"]:
                msg = f"the topic took not all of it: {answer['Failed'][0]}"
                raise RuntimeError(msg)
            count += len(entries)
        return count

    def read_log(self, log_group: str, messages: Sequence[str]) -> dict[str, Any]:
        """Have the function that reads logs read `messages`, as a subscription would, and return what it answers."""
        event = subscription_event(messages, log_group, at=self._clock())
        answer: dict[str, Any] = invoke(self.aws, self.outputs["IngestLogsFunctionName"], event)
        return answer

    def wait_until_ingested(self, seconds: float = 60) -> None:
        """Wait until the feedback queue is empty: every event in it was recorded, or put with the dead letters.

        Raises:
            NotInTimeError: it is not.
        """

        def waiting() -> int:
            names: list[QueueAttributeNameType] = [
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ]
            url = self.outputs["FeedbackQueueUrl"]
            held = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return sum(int(held[name]) for name in names)

        wait_until(lambda: not waiting(), lambda: f"the feedback queue to be worked; {waiting()} are left", seconds)

    @property
    def feedback(self) -> FeedbackReads:
        """What was counted and kept of feedback."""
        return FeedbackReads(self.dynamodb, self.table_name, clock=self._clock)

    @property
    def table_name(self) -> str:
        """The deployed table."""
        return self.outputs["TableName"]

    @property
    def queries(self) -> Queries:
        """The questions people ask of the deployed table."""
        return Queries(self.dynamodb, self.table_name, clock=self._clock)

    def environment(self) -> dict[str, str]:
        """What the command `ses-monitor` needs to work on this AWS and this SES."""
        path = os.environ.get("PATH", "")
        return {"PATH": path, **self.aws.environment(), **self.simulator.environment()}

    def audit(self) -> dict[str, Any]:
        """Run the account audit once, as its schedule does, and return what it answers."""
        answer: dict[str, Any] = invoke(self.aws, self.outputs["AuditAccountsFunctionName"], {"from": "schedule"})
        return answer

    def audit_identities(self, seconds: float = 240) -> list[RunRecord]:
        """Run the identity audit of every region once, as its schedule does, and return what each region's said.

        A region that failed is tried again after a minute, which fits into `seconds`.

        Raises:
            NotInTimeError: not every region was done within `seconds`; it names those.
        """
        identities = IdentityTable(self.dynamodb, self.table_name, history_days=1)

        def at_work() -> list[str]:
            return sorted(region for region, run in identities.identity_runs().items() if not run.ended)

        # A region that is still at work would skip the new run, as it should.
        wait_until(lambda: not at_work(), lambda: f"the runs before to end in {', '.join(at_work())}", seconds)
        began = self._clock()
        planned: int = invoke(self.aws, self.outputs["PlanIdentitiesFunctionName"], {"from": "schedule"})["regions"]

        def done() -> list[RunRecord]:
            return [run for run in self.queries.runs("audit_identities", limit=200) if run.started_at >= began]

        def regions_done() -> set[str]:
            return {region for run in done() for region in run.regions}

        def what() -> str:
            missing = sorted(set(identities.identity_runs()) - regions_done())
            return f"{planned} regions, {len(regions_done())} are done; not {missing}; at work: {at_work()}"

        wait_until(lambda: len(regions_done()) >= planned, what, seconds)
        return done()

    def remind(self) -> dict[str, Any]:
        """Remind of what is still open, as its schedule does every hour, and return what it answers."""
        answer: dict[str, Any] = invoke(self.aws, self.outputs["DigestFunctionName"], {"do": "remind"})
        return answer

    def digest(self) -> dict[str, Any]:
        """Send the digest, as its schedule does every day, and return what it answers."""
        answer: dict[str, Any] = invoke(self.aws, self.outputs["DigestFunctionName"], {"do": "digest"})
        return answer

    def let_pass(self, time: timedelta) -> None:
        """Make it look as if each finding that is open had opened, and was told, so much earlier."""
        for finding in self.queries.open_findings():
            key = keys.finding(finding.region, finding.check_id, finding.subject, finding.tag)
            moments = {
                "first_seen": finding.first_seen,
                "opened_at": finding.opened_at or finding.first_seen,
                "told_at": finding.told_at or finding.first_seen,
            }
            self.dynamodb.update_item(
                TableName=self.table_name,
                Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
                UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in moments),
                ExpressionAttributeValues={f":{name}": {"S": instant(at - time)} for name, at in moments.items()},
            )

    def thread(self, finding_id: str) -> Sequence[Message]:
        """Return the message in the channel that tells of a finding, as it stands now, and what follows in its thread.

        Raises:
            LookupError: there is none.
        """
        told = Deliveries(self.dynamodb, self.table_name, history_days=1, clock=self._clock).told(CHANNEL, [finding_id])
        root = told[finding_id].root
        if root is None:
            msg = f"{finding_id} was told by a webhook, which has no threads"
            raise LookupError(msg)
        return [each for each in self.simulator.chat.messages if root.message in (each.ts, each.thread)]

    @contextmanager
    def gathering_changes(self) -> Iterator[None]:
        """Publish nothing while the block lasts, and then all that changed together.

        The template asks for batches of what changes within ten seconds; the embedded AWS knows no batching window.
        """
        function = self.outputs["PublishAlertsFunctionName"]
        [mapping] = self.lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
        self.lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            self.lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def changes(self) -> list[Change]:
        """Return every change of every region so far, the first first."""
        queries = self.queries
        now = self._clock() + timedelta(days=1)
        regions = [state.region for state in queries.regions()]
        found = [change for region in regions for change in queries.changes(region, now - timedelta(days=400), now)]
        return sorted(found, key=lambda change: change.at)

    def wait_until_told(self, seconds: float = 30) -> None:
        """Wait until the channel was told of every change that the table has.

        Raises:
            NotInTimeError: naming the changes it was not told of.
        """
        deliveries = Deliveries(self.dynamodb, self.table_name, history_days=1, clock=self._clock)

        def untold() -> list[str]:
            newest: dict[str, Change] = {}
            for change in self.changes():
                if not change.muted_by:
                    newest[change.finding_id] = change
            told = deliveries.told_versions(CHANNEL, newest)
            return [
                f"{change.transition} {change.region} {change.tag}"
                for finding_id, change in newest.items()
                if told.get(finding_id, 0) < change.version
            ]

        wait_until(lambda: not untold(), lambda: f"Slack to be told of {', '.join(untold())}", seconds)

    def _client(self, service: str, region: str = HOME_REGION) -> Any:  # noqa: ANN401 - each property gives it its type
        return boto3.client(  # type: ignore[call-overload]  # the service is a variable here
            service,
            endpoint_url=self.aws.endpoint_url,
            region_name=region,
            aws_access_key_id=ROOT_KEY,
            aws_secret_access_key=ROOT_KEY,
            config=Config(proxies={}),
        )

    @property
    def cloudformation(self) -> CloudFormationClient:
        """A client of the embedded AWS, as the account's root."""
        client: CloudFormationClient = self._client("cloudformation")
        return client

    @property
    def dynamodb(self) -> DynamoDBClient:
        """A client of the embedded AWS, as the account's root."""
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @property
    def lambdas(self) -> LambdaClient:
        """A client of the embedded AWS, as the account's root."""
        client: LambdaClient = self._client("lambda")
        return client

    @property
    def sns(self) -> SNSClient:
        """A client of the embedded AWS, as the account's root."""
        client: SNSClient = self._client("sns")
        return client

    @property
    def sqs(self) -> SQSClient:
        """A client of the embedded AWS, as the account's root."""
        client: SQSClient = self._client("sqs")
        return client

    @property
    def ssm(self) -> SSMClient:
        """A client of the embedded AWS, as the account's root."""
        client: SSMClient = self._client("ssm")
        return client


@contextmanager
def alone_with_the_build() -> Iterator[None]:
    """Keep other programs of this repository from building while the block reads the build, and from reading a half."""
    BUILD.parent.mkdir(exist_ok=True)
    with BUILD.with_name(BUILD.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait_until(is_so: Callable[[], bool], what: Callable[[], str], seconds: float) -> None:
    """Poll until `is_so`.

    Raises:
        NotInTimeError: it was not within `seconds`; `what` says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            msg = f"waited {seconds:g} s for {what()}"
            raise NotInTimeError(msg)
        time.sleep(_POLL_S)


def in_tens(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield `items` in lists of ten, the most that SNS and SQS take in one call."""
    iterator = iter(items)
    while batch := list(islice(iterator, 10)):
        yield batch
