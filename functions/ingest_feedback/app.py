"""The feedback queue to the table: what is told of mail, counted exactly once, and what it makes of senders.

A batch is recorded together, at a hundredth of the writes; Powertools' BatchProcessor would work record by record.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ses_monitor import settings, starting
from ses_monitor.collect.clients import WRITING
from ses_monitor.collect.secret import recipient_names
from ses_monitor.feedback.ingest import Sources, ingest
from ses_monitor.feedback.parse import Where
from ses_monitor.feedback.queue import FeedbackQueue, NotIngestedError, is_batch, messages_of, report
from ses_monitor.store.feedback_ledger import FeedbackLedger
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.rejection_facts import RejectionFacts
from ses_monitor.store.table import Table

SETTINGS = settings.ingest_feedback(os.environ)
NAMES = recipient_names(boto3.client("ssm", config=WRITING), SETTINGS.recipient_key_parameter)
# `store` makes what is written: to check it against the service's model, or to name the SDK at length, costs more.
DYNAMODB = boto3.client("dynamodb", config=WRITING.merge(Config(parameter_validation=False, user_agent="boto3")))
logger, metrics = Logger(), Metrics(service="ses-monitor")
table = Table(DYNAMODB, SETTINGS.table_name, SETTINGS.history_days)
ledger = FeedbackLedger(
    DYNAMODB, SETTINGS.table_name, NAMES, event_days=SETTINGS.event_days, history_days=SETTINGS.history_days
)
reads, facts = FeedbackReads(DYNAMODB, SETTINGS.table_name), RejectionFacts(DYNAMODB, SETTINGS.table_name)
sources = Sources(ledger, reads, table, facts)
queue = FeedbackQueue(boto3.client("sqs", config=WRITING), SETTINGS.queue_url)
starting.done()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Ingest a batch of the queue, or one event that came past it; that one raises when it must be tried again."""
    where = Where(SETTINGS.home_region, context.invoked_function_arn.split(":")[4], datetime.now(UTC), brief=True)
    ingested = ingest(messages_of(event, where), sources)
    summary = report(ingested, logger, metrics)
    if not is_batch(event):
        if ingested.failures:
            raise NotIngestedError(ingested.failures)
        return summary
    try:
        queue.try_again(ingested.failures)
    except (ClientError, BotoCoreError) as error:
        logger.warning("The queue's own timeout decides the next attempt", error=type(error).__name__)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in ingested.failed]}
