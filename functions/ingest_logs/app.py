"""Log lines of whoever sends, out of CloudWatch Logs: what SES refused goes to the feedback queue. It keeps nothing.

Whatever fails is raised: Lambda tries it twice more, then keeps the event among the feedback's dead letters.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_monitor import settings, starting
from ses_monitor.collect.clients import WRITING
from ses_monitor.feedback.logs import reports_of_logs
from ses_monitor.feedback.parsed import UnreadableEventError
from ses_monitor.feedback.reports import bodies_of

SETTINGS = settings.ingest_logs(os.environ)
SQS = boto3.client("sqs", config=WRITING)
logger = Logger()
starting.done()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda passes it
    """Hand over what SES refused in one delivery of a log group."""
    try:
        reports = reports_of_logs(event, SETTINGS.home_region)
    except UnreadableEventError as error:
        # It never becomes readable. But among the dead letters it is kept, and their alarm tells of it.
        logger.error("Log lines cannot be read", reason=error.reason)  # noqa: TRY400 - the place is told, not a trace
        raise
    sent = 0
    for body in bodies_of(reports):
        # One by one: a batch of these is an action of its own to some who check permissions, and none to AWS.
        SQS.send_message(QueueUrl=SETTINGS.queue_url, MessageBody=body)
        sent += 1
    summary = {"reports": len(reports), "messages": sent}
    logger.info("Handed over", log_group=reports[0].origin if reports else "", extra=summary)
    return summary
