"""The dead-letter queues of a deployed stack: looked at without taking anything away, and moved back.

SQS has a task for that (StartMessageMoveTask), but it takes only what SQS itself put aside, while SNS, EventBridge and
Lambda put feedback aside here too; and it moves all of a queue, also what would come straight back:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
So messages are sent to the queue they belong to, and deleted here when it has them. Dying in between, or a delete that
fails, brings a message twice, which is harmless: everything that works these queues knows again what it has done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from ses_monitor.collect.faults import ask
from ses_monitor.core.check import bounded
from ses_monitor.core.observed import Missing
from ses_monitor_cli import aws
from ses_monitor_cli.dead_letters import Letter, Queue, read_letter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

T = TypeVar("T")

SAMPLE = 50
"""Messages of a queue that are looked at; while that lasts, nobody else sees them."""
LOOKING = 30
"""Seconds until a message that was looked at is there again, should it not be put back."""
MOVING = 120
"""The same while messages are moved: ten at a time, three requests of at most three tries each."""
PUT_BACK = 2000
"""Messages that are put back at once; more would take longer than waiting until they are there again."""
BATCH = 10
"""Messages that SQS gives, takes, hides or deletes at once."""
LARGEST_BATCH = 200_000
"""Bytes sent at once, unless one message has more; SQS took 262,144 before it took a mebibyte."""


@dataclass(frozen=True, slots=True)
class Place:
    """One dead-letter queue. `source`: the queue its messages belong to; empty: there is none to move them to."""

    queue: Queue
    url: str
    source: str = ""


@dataclass(slots=True)
class Seen:
    """What became known of one queue, and what became of its messages.

    `messages` and `in_flight` (hidden, because somebody works on them) are as SQS counted them at first, None where
    nobody could look. `letters` is a sample, the oldest first; of a queue that was moved, of what stays. `reason` says
    in a sentence what could not be looked at or done.
    """

    place: Place
    messages: int | None = None
    in_flight: int = 0
    letters: tuple[Letter, ...] = ()
    moved: int = 0
    reason: str = ""

    @property
    def left(self) -> int:
        """How many are still there, as far as this command knows."""
        return max(0, (self.messages or 0) - self.moved)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest message of the sample was sent."""
        return min((each.sent_at for each in self.letters if each.sent_at is not None), default=None)


def places_of(outputs: Mapping[str, str]) -> tuple[Place, ...]:
    """Return the dead-letter queues that a stack names in its outputs."""
    found = (
        Place(queue, outputs.get(dead, ""), outputs.get(source, "") if source else "")
        for queue, (dead, source) in _OUTPUTS.items()
    )
    return tuple(place for place in found if place.url)


_OUTPUTS: Mapping[Queue, tuple[str, str]] = {
    Queue.FEEDBACK: ("FeedbackDeadLettersUrl", "FeedbackQueueUrl"),
    Queue.IDENTITIES: ("IdentityDeadLettersUrl", "IdentityQueueUrl"),
    Queue.SLACK: ("SlackDeadLettersUrl", "SlackQueueUrl"),
    Queue.UNPUBLISHED: ("UnpublishedQueueUrl", ""),
}


class _StoppedError(Exception):
    """A request failed; the text is a sentence that says what to do."""


@dataclass(slots=True)
class DeadLetterQueues:
    """Looks at dead-letter queues, and moves what is in them. `hidden` counts what could not be put back at once."""

    client: SQSClient
    region: str
    hidden: int = field(default=0, init=False)

    def look(self, place: Place, most: int = SAMPLE) -> Seen:
        """Count a queue's messages and look at some of them, which are put back whatever happens."""
        seen = Seen(place)
        held: dict[str, str] = {}
        letters: dict[str, Letter] = {}
        try:
            self._count(seen)
            while len(letters) < min(most, seen.messages or 0):
                batch = self._receive(place, LOOKING, held, most - len(letters))
                fresh = [each for each in batch if each["MessageId"] not in letters]
                letters |= {each["MessageId"]: read_letter(place.queue, each, self.region) for each in fresh}
                if not fresh:
                    break
        except _StoppedError as error:
            seen.reason = str(error)
        finally:
            self._put_back(place, held)
        seen.letters = _in_order(letters.values())
        return seen

    def move(self, place: Place, moved: Callable[[int], None], *, everything: bool, most: int = SAMPLE) -> Seen:
        """Move messages to the queue they belong to; without `everything` what would come straight back stays.

        No more than there were at first: what was moved and has failed again meanwhile, or has come since, stays.
        `moved` hears how many have gone so far.
        """
        seen = Seen(place)
        held: dict[str, str] = {}
        staying: set[str] = set()
        sent: set[str] = set()
        letters: dict[str, Letter] = {}
        try:
            self._count(seen)
            while seen.moved + len(staying) < (seen.messages or 0):
                batch = self._receive(place, MOVING, held, BATCH)
                fresh = [each for each in batch if each["MessageId"] not in staying | sent]
                if not fresh:
                    break
                going = []
                for each in fresh:
                    letter = read_letter(place.queue, each, self.region)
                    if everything or not letter.comes_back:
                        going.append(each)
                        continue
                    staying.add(each["MessageId"])
                    if len(letters) < most:
                        letters[letter.message_id] = letter
                for some in _batches(going):
                    self._send(place, some, held, sent, seen)
                    moved(seen.moved)
        except _StoppedError as error:
            seen.reason = str(error)
        finally:
            self._put_back(place, held)
        seen.letters = _in_order(letters.values())
        return seen

    def _count(self, seen: Seen) -> None:
        answer = self._ask(
            "sqs:GetQueueAttributes",
            lambda: self.client.get_queue_attributes(QueueUrl=seen.place.url, AttributeNames=["All"]),
        )
        told = answer.get("Attributes", {})
        visible = told.get("ApproximateNumberOfMessages", "")
        in_flight = told.get("ApproximateNumberOfMessagesNotVisible", "")
        if not visible.isdecimal() or not in_flight.isdecimal():
            raise _StoppedError(aws.explained("", "sqs:GetQueueAttributes told no number of messages"))
        seen.messages, seen.in_flight = int(visible), int(in_flight)

    def _receive(self, place: Place, seconds: int, held: dict[str, str], most: int) -> Sequence[Mapping[str, Any]]:
        """Receive some messages, each of which is `held` from then on, by its receipt."""
        answer = self._ask(
            "sqs:ReceiveMessage",
            lambda: self.client.receive_message(
                QueueUrl=place.url,
                MaxNumberOfMessages=max(1, min(BATCH, most)),
                VisibilityTimeout=seconds,
                # Without a wait SQS asks a part of its servers only, and may find nothing where there is something.
                WaitTimeSeconds=1,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ),
        )
        messages = answer.get("Messages", [])
        held.update({each["MessageId"]: each["ReceiptHandle"] for each in messages})
        return messages

    def _send(
        self, place: Place, messages: Sequence[Mapping[str, Any]], held: dict[str, str], sent: set[str], seen: Seen
    ) -> None:
        """Send messages, and delete those that the other queue has taken."""
        entries = [_entry(str(number), each, place.source) for number, each in enumerate(messages)]
        answer = self._ask(
            "sqs:SendMessage", lambda: self.client.send_message_batch(QueueUrl=place.source, Entries=entries)
        )
        gone = [messages[int(each["Id"])] for each in answer.get("Successful", [])]
        sent |= {each["MessageId"] for each in answer.get("Successful", [])}
        self._delete(place, gone, held, seen)
        if failed := answer.get("Failed", []):
            raise _StoppedError(self._sentence("sqs:SendMessage", failed))

    def _delete(self, place: Place, messages: Sequence[Mapping[str, Any]], held: dict[str, str], seen: Seen) -> None:
        if not messages:
            return
        entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
        try:
            answer = self._ask(
                "sqs:DeleteMessage",
                lambda: self.client.delete_message_batch(QueueUrl=place.url, Entries=entries),  # type: ignore[arg-type]
            )
        except _StoppedError as error:
            raise _StoppedError(f"{len(messages)} {_SENT_ONLY} {error}") from error
        for each in answer.get("Successful", []):
            held.pop(messages[int(each["Id"])]["MessageId"], None)
            seen.moved += 1
        if failed := answer.get("Failed", []):
            raise _StoppedError(f"{len(failed)} {_SENT_ONLY} {self._sentence('sqs:DeleteMessage', failed)}")

    def _put_back(self, place: Place, held: Mapping[str, str]) -> None:
        """Show again at once what was not taken. What fails here is shown again a little later."""
        receipts = iter(list(held.values())[:PUT_BACK])
        self.hidden += max(0, len(held) - PUT_BACK)
        while some := list(islice(receipts, BATCH)):
            entries = [{"Id": str(n), "ReceiptHandle": each, "VisibilityTimeout": 0} for n, each in enumerate(some)]
            try:
                answer = self._ask(
                    "sqs:ChangeMessageVisibility",
                    lambda entries=entries: self.client.change_message_visibility_batch(  # type: ignore[misc]
                        QueueUrl=place.url, Entries=entries
                    ),
                )
            except _StoppedError:
                self.hidden += len(some) + len(list(receipts))
                return
            self.hidden += len(answer.get("Failed", []))

    def _ask(self, action: str, call: Callable[[], T]) -> T:
        answer = ask(action, self.region, call)
        if isinstance(answer, Missing):
            raise _StoppedError(aws.explained(answer.why, answer.reason))
        return answer.get()

    @staticmethod
    def _sentence(action: str, failed: Sequence[Mapping[str, Any]]) -> str:
        """Say why some of a batch failed: each has an answer of its own, and the first is as good as any."""
        first = failed[0]
        refused: Any = {
            "Error": {"Code": str(first.get("Code", "?")), "Message": bounded(str(first.get("Message", "")))},
            "ResponseMetadata": {"HTTPStatusCode": 400 if first.get("SenderFault") else 500},
        }
        return aws.sentence(ClientError(refused, action))


_SENT_ONLY = "reached the other queue, but could not be deleted here: moving them once more is harmless."


def _entry(name: str, message: Mapping[str, Any], source: str) -> SendMessageBatchRequestEntryTypeDef:
    """Write a message as it came, for a queue that need not know that it was ever put aside."""
    entry: dict[str, Any] = {"Id": name, "MessageBody": message["Body"]}
    attributes = message.get("Attributes") or {}
    if own := message.get("MessageAttributes"):
        kept = ("DataType", "StringValue", "BinaryValue")
        entry["MessageAttributes"] = {
            key: {part: value[part] for part in kept if part in value} for key, value in own.items()
        }
    if trace := attributes.get("AWSTraceHeader"):
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    if group := attributes.get("MessageGroupId"):
        entry["MessageGroupId"] = group
    if source.endswith(".fifo"):
        # Not the old one: for five minutes the queue would take the message for the one it once had, and drop it.
        old = f"{attributes.get('MessageDeduplicationId', '')}\x1f{message['MessageId']}"
        entry["MessageDeduplicationId"] = hashlib.sha256(old.encode()).hexdigest()
    return entry  # type: ignore[return-value]


def _batches(messages: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Put together what fits into one request."""
    some: list[Mapping[str, Any]] = []
    size = 0
    for each in messages:
        own = len(each["Body"].encode("utf-8", "surrogatepass")) + len(str(each.get("MessageAttributes") or ""))
        if some and (len(some) == BATCH or size + own > LARGEST_BATCH):
            yield some
            some, size = [], 0
        some.append(each)
        size += own
    if some:
        yield some


def _in_order(letters: Iterable[Letter]) -> tuple[Letter, ...]:
    return tuple(sorted(letters, key=lambda each: (each.sent_at.timestamp() if each.sent_at else inf, each.message_id)))
