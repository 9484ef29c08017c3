"""AWS in this process, below the SDK: SES by the simulator, the table in a dictionary, queues and topics that only
count. What the answers take of the processor is known, so that it can be left out of what the functions take."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.handlers
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.handlers import REGISTER_FIRST

from bench.cost.table import PricedTable
from simulator.aws_api.app import AwsApi
from simulator.live import LiveWorld
from simulator.loopback import HttpRequest, Reply

SES = frozenset({"ses", "sesv2", "cloudwatch", "account"})
"""What the simulator answers."""
PUBLISHED = (
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>{}</MessageId>'
    "</PublishResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishResponse>"
)


class Aws:
    """Answers every request that any client of this process makes from now on, and counts."""

    def __init__(self, world: LiveWorld, wait: Callable[[], None]) -> None:
        """Answer out of `world`; `wait` passes the time that SES takes for an answer."""
        self.table = PricedTable()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.by_region: Counter[str] = Counter()
        self.queued: list[str] = []
        self.metrics_read = 0
        self.wait = wait
        self._api = AwsApi(world)
        self._spent = 0.0
        self._lock = threading.Lock()
        botocore.handlers.BUILTIN_HANDLERS.append(("before-send", self._answer, REGISTER_FIRST))

    @property
    def spent(self) -> float:
        """Seconds of the processor that the answers took."""
        return self._spent

    def count(self, service: str) -> int:
        """Return how many requests a service got."""
        return sum(number for (name, _), number in self.calls.items() if name == service)

    def _answer(self, event_name: str, request: Any, **_told: object) -> AWSResponse:  # noqa: ANN401 - botocore's own
        began = time.thread_time()
        service, operation = event_name.split(".")[1:]
        with self._lock:
            self.calls[service, operation] += 1
        if service in SES:
            answer = self._ses(request, operation)
        else:
            with self._lock:
                answer = getattr(self, f"_{service}")(operation, request)
        status, headers, body = answer
        given = HTTPHeaders()
        for name, value in headers.items():
            given[name] = value
        response = AWSResponse(request.url, status, given, _Raw(body))
        with self._lock:
            self._spent += time.thread_time() - began
        if service in SES:
            self.wait()
        return response

    def _ses(self, request: Any, operation: str) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401 - botocore's own
        split = urlsplit(request.url)
        headers = {
            name.lower(): value if isinstance(value, str) else value.decode() for name, value in request.headers.items()
        }
        body = request.body or b""
        asked = HttpRequest(
            request.method,
            split.path + (f"?{split.query}" if split.query else ""),
            headers,
            body.encode() if isinstance(body, str) else body,
        )
        reply = self._api(asked)
        if not isinstance(reply, Reply) or self._api.failures:
            raise RuntimeError(self._api.failures or reply)
        with self._lock:
            self.by_region[split.netloc] += 1
            self.metrics_read += 2 if operation == "GetMetricData" else 0
        return reply.status, dict(reply.headers), reply.body

    def _dynamodb(self, operation: str, request: Any) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401 - botocore's own
        try:
            answer, status = self.table.ask(operation, json.loads(request.body)), 200
        except ClientError as error:
            code = error.response["Error"]["Code"]
            reasons = error.response.get("CancellationReasons", [])
            answer = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "CancellationReasons": reasons}
            status = 400
        return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()

    def _sqs(self, operation: str, request: Any) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401 - botocore's own
        answer: dict[str, Any] = {}
        if operation == "SendMessage":
            body = json.loads(request.body)["MessageBody"]
            self.queued.append(body)
            answer = {
                "MessageId": "m",
                "MD5OfMessageBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            }
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()

    def _sns(self, _operation: str, _request: Any) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401 - botocore's own
        return 200, {"Content-Type": "text/xml"}, PUBLISHED.format(self.calls.total()).encode()


class _Raw:
    """What botocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._body
