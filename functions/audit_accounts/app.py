"""Every five minutes: audit the SES account of every region. Wiring only."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_monitor import settings, starting
from ses_monitor.audit.accounts import Plan, audit_accounts
from ses_monitor.audit.feedback import Seen, audit_feedback
from ses_monitor.audit.figures import report
from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import WRITING, Clients
from ses_monitor.collect.regions import find_regions
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor.store.table import Table

SETTINGS = settings.audit_accounts(os.environ)
KEPT_FOR_WRITING = 10.0  # seconds of the function's time that reading leaves for the table

logger, metrics, clients = Logger(), Metrics(service="ses-monitor"), Clients()
dynamodb, name = boto3.client("dynamodb", config=WRITING), SETTINGS.table_name
table, feedback = Table(dynamodb, name, SETTINGS.history_days), FeedbackReads(dynamodb, name)
starting.done()


def _crashed(region: str, error: BaseException) -> None:
    logger.error("A reader crashed", extra={"region": region}, exc_info=error)
    metrics.add_metric("ChecksCrashed", "Count", 1)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Audit all regions once, then what events opened. The schedule's event carries nothing that is needed."""

    def seconds() -> float:
        return max(1.0, context.get_remaining_time_in_millis() / 1000 - KEPT_FOR_WRITING)

    metrics.add_metric("AuditsCompleted", "Count", 0)
    account, now = context.invoked_function_arn.split(":")[4], datetime.now(UTC)
    regions = find_regions(clients, SETTINGS.home_region, SETTINGS.regions)
    plan = Plan(account, SETTINGS.home_region, regions, SETTINGS.sending_regions, now, seconds())
    outcome = audit_accounts(AwsAccountReader(clients), table, plan, _crashed)
    summary = report(outcome, logger, metrics)
    # The accounts' audit is stored by now: whatever this raises undoes nothing of it, and is an error.
    told = audit_feedback(feedback, table, Seen(account, regions, now, outcome.seen), seconds=seconds())
    if told.crashes:
        metrics.add_metric("ChecksCrashed", "Count", told.crashes)
    # The last word: without it an alarm says that no audit ran to its end.
    metrics.add_metric("AuditsCompleted", "Count", 1)
    summary |= {"feedback_subjects": told.subjects, "feedback_left": told.left, "feedback_changes": len(told.changes)}
    summary["feedback_refused"] = told.refused
    logger.info("Audited feedback", extra=summary)
    return summary
