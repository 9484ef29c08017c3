"""Every hour: `plan` queues one message per region; `audit` audits the identities of one. Wiring only."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_monitor import settings, starting
from ses_monitor.audit.identities.plan import plan_identities
from ses_monitor.audit.identities.queue import RegionQueue
from ses_monitor.audit.identities.run import Declared
from ses_monitor.audit.identities.worker import DNS_SECONDS, Sources, Worker
from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import WRITING, Clients
from ses_monitor.collect.dns import DnsSettings, prove_now
from ses_monitor.collect.identities import AwsIdentityReader
from ses_monitor.collect.pacing import Pacer
from ses_monitor.collect.regions import find_regions
from ses_monitor.store.identity_table import IdentityTable

SETTINGS = settings.audit_identities(os.environ)
DNS = replace(DnsSettings.from_environment(os.environ), lifetime_s=DNS_SECONDS)

logger, metrics, clients = Logger(), Metrics(service="ses-monitor"), Clients()
table = IdentityTable(boto3.client("dynamodb", config=WRITING), SETTINGS.table_name, history_days=SETTINGS.history_days)
queue = RegionQueue(boto3.client("sqs", config=WRITING), SETTINGS.queue_url)
pacer = Pacer(SETTINGS.requests_per_second)
reader = AwsIdentityReader(clients, pacer)
sources = Sources(reader, AwsAccountReader(clients), lambda ask, known: prove_now(ask, DNS, known=known), queue.put)
declared = Declared(SETTINGS.sending_regions, SETTINGS.trusted_accounts)
worker = Worker(sources, table, queue, declared, pacer.longest_wait, logger, metrics)
starting.done()


@logger.inject_lambda_context
def plan(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Queue what is to be audited this hour. The schedule's event carries nothing that is needed."""
    regions = find_regions(clients, SETTINGS.home_region, SETTINGS.regions)
    tasks = plan_identities(regions, table.region_states(), table.identity_runs(), datetime.now(UTC))
    queue.put_all(tasks)
    summary = {"regions": sum(not task.leave for task in tasks), "left": sum(task.leave for task in tasks)}
    logger.info("Planned", extra=summary)
    return summary


@logger.inject_lambda_context
@metrics.log_metrics
def audit(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Powertools' type is private
    """Audit the regions of a batch; one that fails is reported by itself and tried again."""
    work = partial(worker.work, context=context)
    return process_partial_response(event, work, BatchProcessor(event_type=EventType.SQS), context)
