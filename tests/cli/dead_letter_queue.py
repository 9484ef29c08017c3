"""A stack's dead-letter queues in moto's SQS, with what real ones say of each message, and what goes wrong with them."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.build import NOW
from tests.cli import stack

OUTPUTS = {
    "FeedbackDeadLettersUrl": "feedback-dead",
    "FeedbackQueueUrl": "feedback",
    "IdentityDeadLettersUrl": "identities-dead",
    "IdentityQueueUrl": "identities",
    "SlackDeadLettersUrl": "slack-dead",
    "SlackQueueUrl": "slack",
    "UnpublishedQueueUrl": "unpublished",
}
FUNCTIONS = {
    "IngestFeedbackFunctionName": "ses-monitor-ingest-feedback",
    "AuditIdentitiesFunctionName": "ses-monitor-audit-identities",
    "DeliverSlackFunctionName": "ses-monitor-deliver-slack",
}
Call = Callable[[], Any]
Fault = Callable[[Mapping[str, Any], Call], Any]
"""What is asked, and what does it after all, to what is answered."""


def refusal(code: str, message: str = "no", status: int = 400) -> Fault:
    def refuse(_: Mapping[str, Any], __: Call) -> Any:
        answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "Operation")

    return refuse


def after(number: int, fault: Fault) -> Fault:
    """Let so many requests pass first."""
    passed = [0]

    def maybe(asked: Mapping[str, Any], call: Call) -> Any:
        passed[0] += 1
        return call() if passed[0] <= number else fault(asked, call)

    return maybe


class Queues:
    """The queues of a stack. `calls` are the requests to SQS; `faults` what is answered to an operation instead."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.faults: dict[str, Fault] = {}
        self._told: dict[str, tuple[str, dict[str, str]]] = {}
        self._client = boto3.client("sqs", region_name=stack.HOME)
        self.urls = {name: self._client.create_queue(QueueName=name)["QueueUrl"] for name in OUTPUTS.values()}
        real = BaseClient._make_api_call  # type: ignore[attr-defined] # the one place all requests pass

        def answer(client: Any, operation: str, asked: Mapping[str, Any]) -> Any:
            if client is self._client or client.meta.service_model.service_name != "sqs":
                return real(client, operation, asked)
            self.calls.append((operation, asked))
            fault = self.faults.get(operation)
            answered = fault(asked, lambda: real(client, operation, asked)) if fault else real(client, operation, asked)
            if operation == "ReceiveMessage":
                for each in answered.get("Messages", []):
                    each["MessageId"], more = self._told.get(each["MessageId"], (each["MessageId"], {}))
                    each["Attributes"] |= more
            return answered

        monkeypatch.setattr(BaseClient, "_make_api_call", answer)

    def outputs(self) -> dict[str, str]:
        return {"TableName": stack.TABLE, **FUNCTIONS, **{key: self.urls[name] for key, name in OUTPUTS.items()}}

    def put(self, queue: str, body: Any, *, hours_ago: float = 2, through_queue: bool = True, **more: Any) -> str:
        """Put one message aside; return the name it is known by."""
        text = body if isinstance(body, str) else json.dumps(body)
        id_ = self._client.send_message(QueueUrl=self.urls[queue], MessageBody=text, **more)["MessageId"]
        sent_at: datetime = NOW - timedelta(hours=hours_ago)
        said = {"SentTimestamp": str(int(sent_at.timestamp() * 1000))}
        if through_queue:
            said["DeadLetterQueueSourceArn"] = "arn:aws:sqs:eu-west-1:123456789012:source"
        self._told[id_] = (f"message-{len(self._told) + 1:02}", said)
        return self._told[id_][0]

    def bodies(self, queue: str) -> list[str]:
        """Return what is to be seen on a queue; it stays there."""
        found = []
        while batch := self._client.receive_message(
            QueueUrl=self.urls[queue], MaxNumberOfMessages=10, VisibilityTimeout=5, MessageAttributeNames=["All"]
        ).get("Messages", []):
            found += batch
        for each in found:
            self._client.change_message_visibility(
                QueueUrl=self.urls[queue], ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0
            )
        return sorted(each["Body"] for each in found)

    def messages(self, queue: str) -> list[Any]:
        """Take what is on a queue."""
        answer = self._client.receive_message(
            QueueUrl=self.urls[queue],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def fails_again(self, source: str, dead: str) -> None:
        """Put what is on a queue aside once more, as SQS does: under the same name."""
        for each in self.messages(source):
            self._client.delete_message(QueueUrl=self.urls[source], ReceiptHandle=each["ReceiptHandle"])
            again = self._client.send_message(QueueUrl=self.urls[dead], MessageBody=each["Body"])["MessageId"]
            self._told[again] = (each["MessageId"], {})

    def asked(self, operation: str) -> list[Mapping[str, Any]]:
        return [asked for name, asked in self.calls if name == operation]
