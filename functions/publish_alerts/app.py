"""The table's stream to the alert topic: each change of state is told once, grouped with its like."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_monitor import settings, starting
from ses_monitor.alerts.publish import AmazonQTopic, Ceiling, Target, Topic, publish_everywhere
from ses_monitor.alerts.stream import read_batch
from ses_monitor.collect.clients import WRITING
from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.slots import Slots

logger = Logger()

SETTINGS = settings.publish_alerts(os.environ)
SNS, DYNAMODB = boto3.client("sns", config=WRITING), boto3.client("dynamodb", config=WRITING)
TOPIC = Topic(SNS, SETTINGS.alert_topic_arn)
TARGETS: list[Target] = [TOPIC]
if SETTINGS.amazon_q_topic_arn:
    TARGETS.append(AmazonQTopic(SNS, SETTINGS.amazon_q_topic_arn))
DELIVERIES = Deliveries(DYNAMODB, SETTINGS.table_name, SETTINGS.history_days)
CEILING = Ceiling(Slots(DYNAMODB, SETTINGS.table_name), SETTINGS.alerts_per_minute)
starting.done()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Publish what a stream batch tells. It raises when something could not be: the stream sends the batch again."""
    batch = read_batch(event, _now())
    for alert in batch.unreadable:
        logger.error("a change cannot be read", reason=alert.text, alert_id=alert.alert_id)
    for channel, alert in publish_everywhere(batch.alerts(), TARGETS, DELIVERIES, CEILING, _now):
        logger.info(
            "published",
            channel=channel,
            alert_id=alert.alert_id,
            tag=alert.tag,
            transition=alert.transition,
            regions=alert.regions,
            findings=len(alert.entries),
        )
    return {"batchItemFailures": []}


def _now() -> datetime:
    return datetime.now(UTC)
