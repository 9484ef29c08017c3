"""The deployed function in this process, and the yardsticks: what else could be done with the same batch."""

from __future__ import annotations

import importlib
import json
import os
from contextlib import redirect_stdout, suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSResponse

from bench.feedback.table import Answering, Item
from simulator.feedback import Body

TABLE = "ses-monitor"
MOST_ITEMS = 25
"""Of one BatchWriteItem."""
RECIPIENTS = ("recipients", "bouncedRecipients", "complainedRecipients", "delayedRecipients")
CONTEXT = SimpleNamespace(
    function_name="ingest-feedback",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:ingest-feedback",
    aws_request_id="00000000-0000-4000-8000-000000000000",
    get_remaining_time_in_millis=lambda: 60_000,
)


class Function:
    """The deployed function in this process, and the table that answers it."""

    def __init__(self) -> None:
        os.environ |= {
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
            "POWERTOOLS_SERVICE_NAME": "ingest_feedback",
            "TABLE_NAME": TABLE,
            "EVENT_DAYS": "90",
            "HISTORY_DAYS": "400",
        }
        self._said = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
        with redirect_stdout(self._said):  # its log lines are written all the same
            self.app: ModuleType = importlib.import_module("functions.ingest_feedback.app")
        self.client = self.app.DYNAMODB
        self.table = Answering()
        self.client.meta.events.register("before-send.dynamodb", self._answer)

    def _answer(self, **told: Any) -> AWSResponse:  # noqa: ANN401 - as botocore hands it over
        return self.table(**told)

    def ingest(self, event: Body) -> None:
        """Run the handler on a batch.

        Raises:
            RuntimeError: it reports failures, and the measurement would be of something else.
        """
        with redirect_stdout(self._said):
            answer = self.app.handler(event, CONTEXT)
        if answer["batchItemFailures"]:
            raise RuntimeError(answer)

    def put_each(self, event: Body) -> None:
        """Record each event by a put that an earlier one of the same event refuses; nothing is counted."""
        for item in read_bare(event):
            with suppress(self.client.exceptions.ConditionalCheckFailedException):  # a duplicate
                self.client.put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(pk)")

    def put_together(self, event: Body, items: int) -> None:
        """Write so many small items, unconditionally, as many at once as one request takes."""
        read = read_bare(event)
        wanted = [read[n % len(read)] | {"sk": {"S": str(n)}} for n in range(items)]
        for first in range(0, items, MOST_ITEMS):
            writes = [{"PutRequest": {"Item": item}} for item in wanted[first : first + MOST_ITEMS]]
            self.client.batch_write_item(RequestItems={TABLE: writes})


def read_bare(event: Body) -> list[Item]:
    """Read the three layers of JSON of each message and return an item for it, by what the event is of."""
    read: list[Item] = []
    for record in event["Records"]:
        told = json.loads(json.loads(record["body"])["Message"])
        kind = told.get("eventType") or told["notificationType"]
        mail = told["mail"]
        about = told.get(kind[0].lower() + kind[1:], {})
        at = about.get("timestamp", mail["timestamp"])
        # SES tells of each recipient apart, perhaps of the same moment.
        listed = next((about[name] for name in RECIPIENTS if name in about), ())
        to = ",".join(each if isinstance(each, str) else each["emailAddress"] for each in listed)
        read.append(
            {
                "pk": {"S": f"BARE#{mail['messageId']}"},
                "sk": {"S": f"{kind}#{at}#{to}"},
                "kind": {"S": kind},
                "sent_at": {"S": mail["timestamp"]},
                "recipient": {"S": mail["destination"][0]},
            }
        )
    return read
