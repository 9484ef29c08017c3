"""Every five minutes: audit the SES account of every region. Wiring only."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_monitor import settings
from ses_monitor.audit.accounts import Plan, audit_accounts
from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import WRITING, Clients
from ses_monitor.collect.regions import find_regions
from ses_monitor.store.table import Table

SETTINGS = settings.audit_accounts(os.environ)
KEPT_FOR_WRITING = 10.0
"""Seconds of the function's time that reading leaves for the table."""

logger = Logger()
metrics = Metrics()
clients = Clients()
table = Table(boto3.client("dynamodb", config=WRITING), SETTINGS.table_name, history_days=SETTINGS.history_days)


def _crashed(region: str, error: BaseException) -> None:
    logger.error("A reader crashed", extra={"region": region}, exc_info=error)
    metrics.add_metric("ReadersCrashed", MetricUnit.Count, 1)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Audit all regions once. The schedule's event carries nothing that is needed."""
    plan = Plan(
        account_id=context.invoked_function_arn.split(":")[4],
        home_region=SETTINGS.home_region,
        regions=find_regions(clients, SETTINGS.home_region, SETTINGS.regions),
        sending_regions=SETTINGS.sending_regions,
        now=datetime.now(UTC),
        seconds=max(1.0, context.get_remaining_time_in_millis() / 1000 - KEPT_FOR_WRITING),
    )
    outcome = audit_accounts(AwsAccountReader(clients), table, plan, _crashed)
    metrics.add_metric("AuditsCompleted", MetricUnit.Count, 1)
    metrics.add_metric("ChecksCrashed", MetricUnit.Count, outcome.crashes)
    summary = {
        "regions": len(outcome.run.regions),
        "skipped": len(outcome.run.skipped),
        "unseen": len(outcome.run.unseen),
        "changes": outcome.run.changes,
        "conflicts": outcome.run.conflicts,
        "duration_ms": outcome.run.duration_ms,
    }
    logger.info("Audited", extra=summary)
    return summary
