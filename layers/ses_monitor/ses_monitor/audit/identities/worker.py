"""The queue of regions, worked: what becomes of each message on it, and when one that failed is tried again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_monitor.audit.dns_once import ROUNDS
from ses_monitor.audit.identities.leave import leave_region
from ses_monitor.audit.identities.queue import TRY_AGAIN_AFTER, RegionQueue
from ses_monitor.audit.identities.run import Assignment, Declared, Outcome, Sources, audit_identities
from ses_monitor.audit.identities.store import IdentityStore
from ses_monitor.audit.identities.task import UnreadableTaskError, read_task
from ses_monitor.core.identity_run import Task

DNS_SECONDS = 45.0
"""The longest that one round of questions to the DNS may take; what is not answered then is unknown."""
KEPT_FOR_FINISHING = ROUNDS * DNS_SECONDS + 40.0
"""Seconds of the function's time that are kept, besides one call to SES that is throttled to its end, when the last
read begins: the rounds of questions to the DNS, and the table."""

__all__ = ["DNS_SECONDS", "Sources", "Worker"]


@dataclass(frozen=True, slots=True)
class Worker:
    """Works messages one by one. `longest_call` is how many seconds one call to SES may wait at worst."""

    sources: Sources
    store: IdentityStore
    queue: RegionQueue
    declared: Declared
    longest_call: float
    logger: Logger
    metrics: Metrics
    clock: Callable[[], float] = time.monotonic

    def work(self, record: SQSRecord, context: LambdaContext) -> None:
        """Work one message, or have it shown again soon and raise: after a few times it is a dead letter."""
        again_after, done = TRY_AGAIN_AFTER, False
        self._count("RegionsAudited", 0)
        try:
            self._work(read_task(record.body), context)
            done = True
        except UnreadableTaskError as error:
            again_after = 0
            self.logger.exception("a message is refused", reason=str(error), message_id=record.message_id)
            raise
        finally:
            if not done:
                self.queue.try_again(record.receipt_handle, after=again_after)

    def _work(self, task: Task, context: LambdaContext) -> None:
        account_id = context.invoked_function_arn.split(":")[4]
        now = datetime.now(UTC)
        if task.leave:
            changes = leave_region(self.store, account_id, task.region, now)
            self.logger.info("Left", region=task.region, changes=len(changes))
            return
        kept = self.longest_call + KEPT_FOR_FINISHING
        seconds = max(1.0, context.get_remaining_time_in_millis() / 1000 - kept)
        assignment = Assignment(task, account_id, now, seconds, self.declared, self.clock)
        self._report(task, audit_identities(self.sources, self.store, assignment, self._crashed))

    def _report(self, task: Task, outcome: Outcome) -> None:
        if outcome.run is None:
            self.logger.info("Skipped", region=task.region, run=task.run, reason=outcome.skipped)
            return
        if outcome.crashes:  # a metric costs what it costs from its first figure on, and its alarm needs no zeros
            self._count("ChecksCrashed", outcome.crashes)
        self._count("RegionsAudited", int(outcome.run.complete))
        self.logger.info(
            "Audited" if outcome.goes_on is None else "Goes on through the queue",
            region=task.region,
            run=task.run,
            changes=outcome.run.changes,
            conflicts=outcome.run.conflicts,
            unseen=len(outcome.run.unseen),
            duration_ms=outcome.run.duration_ms,
        )

    def _crashed(self, region: str, error: BaseException) -> None:
        self.logger.error("A reader crashed", region=region, exc_info=error)
        self._count("ChecksCrashed", 1)

    def _count(self, name: str, count: int) -> None:
        self.metrics.add_metric(name, MetricUnit.Count, count)
