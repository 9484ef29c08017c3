"""The queue of regions: tasks are put on it, put back with where to go on, and tried again when they failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ses_monitor.audit.identities.task import write_task
from ses_monitor.core.identity_run import Task

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

TRY_AGAIN_AFTER = 60
"""Seconds before a task that failed is tried again: long enough for a throttled table, much shorter than the queue's
own timeout, which is there for functions that died without a word."""


class RegionQueue:
    """Puts tasks on the queue."""

    def __init__(self, client: SQSClient, url: str) -> None:
        """Use the queue at `url`."""
        self._client = client
        self._url = url

    def put(self, task: Task) -> None:
        """Put one task on the queue."""
        self._client.send_message(QueueUrl=self._url, MessageBody=write_task(task))

    def put_all(self, tasks: Sequence[Task]) -> None:
        """Put all tasks on the queue; planned again after a failure, a region at work is not begun twice."""
        for task in tasks:
            self.put(task)

    def try_again(self, receipt_handle: str, *, after: int = TRY_AGAIN_AFTER) -> None:
        """Show a message again after so many seconds."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=after
        )
