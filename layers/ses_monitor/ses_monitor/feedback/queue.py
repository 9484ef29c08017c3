"""The feedback queue: what a function is given of it, and when a message that failed is shown again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ses_monitor.feedback.ingest import Failure, Ingested, Message, Step
from ses_monitor.feedback.parse import Where

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics
    from mypy_boto3_sqs import SQSClient

DIRECT = "direct"
"""The id of what came past the queue: an SNS event to the function itself, an EventBridge event, SES's JSON."""
FIRST_WAIT = 60
LONGEST_WAIT = 3600
"""Seconds. With the queue's 8 receives, a table that takes nothing is tried for three hours."""
SHOWN = 10
"""Messages that are named in the log of those that failed alike."""


class NotIngestedError(Exception):
    """What came past the queue could not be recorded. Raised, so that whoever invoked the function tries it again."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        """Say at what it failed, and why."""
        super().__init__("; ".join(f"{failure.step.value}: {failure.reason}" for failure in failures))


def report(ingested: Ingested, logger: Logger, metrics: Metrics) -> dict[str, int]:
    """Log what a batch came to: figures, ids of messages and reasons. Return the figures. Crashes are counted too."""
    alike: dict[tuple[str, str], list[Message]] = {}
    for failure in ingested.failures:
        alike.setdefault((failure.step.value, failure.reason), []).append(failure.message)
    for (step, reason), messages in alike.items():
        # What failed before was an error then; that it still does is told by the alarm on the oldest message.
        log = logger.error if any(message.receives <= 1 for message in messages) else logger.warning
        named = [message.id for message in messages[:SHOWN]]
        log("Messages failed", step=step, reason=reason, count=len(messages), message_ids=named)
    for reason, count in ingested.skipped.items():
        logger.info("Passed over", reason=reason, count=count)
    for change in ingested.changes:
        logger.info("Told", transition=change.transition.value, tag=change.tag, region=change.region)
    summary = {
        "counted": ingested.counted,
        "repeated": ingested.repeated,
        "notices": ingested.notices,
        "skipped": sum(ingested.skipped.values()),
        "unparsed": ingested.unparsed,
        "failed": len(ingested.failures),
        "changes": len(ingested.changes),
    }
    if ingested.crashes:
        # Written at once: a function that writes metrics at its end says each time that there were none.
        metrics.add_metric("ChecksCrashed", "Count", ingested.crashes)
        metrics.flush_metrics()
    logger.info("Ingested", extra=summary)
    return summary


def is_batch(event: Mapping[str, Any]) -> bool:
    """Tell whether a function was given messages of a queue."""
    records = event.get("Records")
    return (
        isinstance(records, list)
        and bool(records)
        and all(isinstance(record, Mapping) and record.get("eventSource") == "aws:sqs" for record in records)
    )


def messages_of(event: Mapping[str, Any], where: Where) -> list[Message]:
    """Return the messages of a queue's batch, or the whole event as one; `where` is what is known of all of them."""
    if not is_batch(event):
        return [Message(DIRECT, event, where)]
    return [_message(record, where) for record in event["Records"]]


def _message(record: Mapping[str, Any], where: Where) -> Message:
    attributes = record.get("attributes") or {}
    receives = str(attributes.get("ApproximateReceiveCount", ""))
    received_at = _sent_at(attributes.get("SentTimestamp")) or where.received_at
    return Message(
        id=record["messageId"],
        body=record.get("body") or "",
        where=Where(where.region, where.account_id, received_at, where.untold, where.brief, record["messageId"]),
        receives=int(receives) if receives.isdecimal() else 1,
        receipt=record.get("receiptHandle") or "",
    )


def _sent_at(milliseconds: object) -> datetime | None:
    text = str(milliseconds)
    # 15 digits reach beyond the year 9999, which no datetime does.
    return datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() and len(text) < 15 else None


def wait_before(failure: Failure) -> int:
    """Return after how many seconds a message is shown again.

    One that cannot be read will never be: at once, so that it is soon where people look, among the dead letters.
    """
    if failure.step is Step.READ:
        return 0
    return min(LONGEST_WAIT, FIRST_WAIT << min(failure.message.receives - 1, 10))


class FeedbackQueue:
    """The queue that failed messages go back to."""

    def __init__(self, client: SQSClient, url: str) -> None:
        """Use the queue at `url`; without one, the queue's own timeout decides."""
        self._client = client
        self._url = url

    def try_again(self, failures: Iterable[Failure]) -> None:
        """Have each message shown again when that makes sense. Raises what the client raises.

        What is not reached then comes back too, when the queue's own timeout is over.
        """
        for failure in failures:
            # One by one: a batch of these is an action of its own to some who check permissions, and none to AWS.
            if failure.message.receipt and self._url:
                self._client.change_message_visibility(
                    QueueUrl=self._url,
                    ReceiptHandle=failure.message.receipt,
                    VisibilityTimeout=wait_before(failure),
                )
