"""What is told by the clock: every hour, reminders of what is still open; once a day, the digest. Wiring only."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_monitor import settings, starting
from ses_monitor.alerts.digest_topic import DigestTopic
from ses_monitor.audit.digest import Sources, ends_at, report, tell_day
from ses_monitor.audit.reminders import remind_all
from ses_monitor.collect.clients import WRITING
from ses_monitor.core.reminders import intervals_of
from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.queries import Queries
from ses_monitor.store.table import Table

SETTINGS = settings.digest(os.environ)
INTERVALS = intervals_of(SETTINGS.reminder_hours)

logger = Logger()
dynamodb = boto3.client("dynamodb", config=WRITING)
table = Table(dynamodb, SETTINGS.table_name, history_days=SETTINGS.history_days)
queries = Queries(dynamodb, SETTINGS.table_name)
SOURCES = Sources(queries, table, FeedbackReads(dynamodb, SETTINGS.table_name))
LEDGER = Deliveries(dynamodb, SETTINGS.table_name, SETTINGS.history_days)
topic = DigestTopic(boto3.client("sns", config=WRITING), SETTINGS.alert_topic_arn, LEDGER)
starting.done()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do what the schedule asks for by name: `{"do": "remind"}` or `{"do": "digest", "scheduled": "<its time>"}`."""
    now, account = datetime.now(UTC), context.invoked_function_arn.split(":")[4]
    if event.get("do") == "remind":
        return _remind(account, now)
    if event.get("do") == "digest":
        return _digest(account, now, ends_at(event.get("scheduled"), now))
    msg = 'nothing to do: the event must be {"do": "remind"} or {"do": "digest"}'
    raise ValueError(msg)


def _remind(account: str, now: datetime) -> dict[str, Any]:
    reminded = remind_all(account, queries, table, INTERVALS, now)
    summary = {"open": reminded.open, "reminded": len(reminded.changes), "conflicts": reminded.conflicts}
    summary["left"] = reminded.left
    logger.info("Reminded", extra=summary | reminded.figures)
    return summary


def _digest(account: str, now: datetime, ends: datetime) -> dict[str, Any]:
    return report(tell_day(account, SOURCES, topic, now, ends), logger)
