"""The queue before Slack: what becomes of each message on it, and when it is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from ses_monitor.alerts.deliver import Delivery, NotDeliveredError, wait_before

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SlackQueue:
    """Works the records of one batch."""

    def __init__(self, client: SQSClient, url: str, delivery: Delivery, logger: Logger) -> None:
        self._client = client
        self._url = url
        self._delivery = delivery
        self._logger = logger

    def work(self, record: SQSRecord) -> None:
        """Deliver one message, or hide it until the next attempt makes sense and raise, so that it is kept."""
        at_least = 0
        delivered = False
        try:
            result = self._delivery.deliver(record.body, record.message_id)
            delivered = True
        except NotDeliveredError as error:
            at_least = error.after_seconds
            self._report(error, record.message_id)
            raise
        finally:
            if not delivered:
                self._put_off(record, at_least)
        self._logger.info(result.value, message_id=record.message_id, notes=self._delivery.take_notes())

    def _report(self, error: NotDeliveredError, message_id: str) -> None:
        log = self._logger.error if error.needs_a_person else self._logger.warning
        log("not delivered", reason=str(error), message_id=message_id, notes=self._delivery.take_notes())

    def _put_off(self, record: SQSRecord, at_least: int) -> None:
        receives = record.attributes.approximate_receive_count
        wait = wait_before(int(receives) if receives.isdecimal() else 1, at_least)
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=wait
            )
        except (ClientError, BotoCoreError) as error:
            # It comes back all the same, when the queue's own visibility timeout is over.
            self._logger.warning(
                "the queue's own timeout decides the next attempt",
                error=type(error).__name__,
                message_id=record.message_id,
            )
