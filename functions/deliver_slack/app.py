"""The Slack queue to Slack: each message posted once, put off while Slack cannot take it, never lost."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_monitor import settings, starting
from ses_monitor.alerts.deliver import CHANNEL, Delivery
from ses_monitor.alerts.slack_parameter import BotParameter, SlackParameter
from ses_monitor.alerts.slack_queue import SlackQueue
from ses_monitor.alerts.threads import Threads
from ses_monitor.collect.clients import WRITING
from ses_monitor.store.deliveries import Deliveries

logger = Logger()

SETTINGS = settings.deliver_slack(os.environ)
DELIVERIES = Deliveries(boto3.client("dynamodb", config=WRITING), SETTINGS.table_name, SETTINGS.history_days)
SSM = boto3.client("ssm", config=WRITING)
BOT = BotParameter(SSM, SETTINGS.slack_bot_token_parameter, SETTINGS.slack_channel, SETTINGS.slack_api_url)
WEBHOOK = SlackParameter(SSM, SETTINGS.slack_webhook_parameter)
SQS = boto3.client("sqs", config=WRITING)
starting.done()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Powertools' type is private
    """Post the messages of a batch; those that must wait are reported one by one and stay on the queue."""
    if SETTINGS.slack_bot_token_parameter:
        threads = Threads(DELIVERIES, BOT, CHANNEL, SETTINGS.slack_channel, _now)
        delivery = Delivery(DELIVERIES, BOT.post, _now, threads)
    else:
        delivery = Delivery(DELIVERIES, WEBHOOK.post, _now)
    queue = SlackQueue(SQS, SETTINGS.slack_queue_url, delivery, logger)

    def work(record: SQSRecord) -> None:
        queue.work(record)

    # A batch that Slack could not take is no error of this function: its messages stay on the queue.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=work, processor=processor, context=context)


def _now() -> datetime:
    return datetime.now(UTC)
