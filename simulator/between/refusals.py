"""Which service and operation a request of an SDK is for, and how that service refuses it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from simulator.loopback import HttpRequest, Reply

REQUEST_ID = "5b0c1c4e-0000-4000-8000-000000000000"

_SCOPE = re.compile(r"Credential=[^/\s]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_THROTTLES = {
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "sns": (429, "Throttled"),
    "sqs": (400, "RequestThrottled"),
}
"""Status and error of each service's model in botocore; the others say ThrottlingException."""
_NAMESPACES = {"dynamodb": "com.amazonaws.dynamodb.v20120810#", "sqs": "com.amazonaws.sqs#"}
_SAID = {
    "throttle": "Rate exceeded",
    "error": "Service is unavailable",
    "deny": "User is not authorized to perform this action",
    "expired": "The security token included in the request is expired",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the service that it is for sees it."""

    function: str
    service: str
    """Its name in signatures; empty for what is not signed."""
    operation: str
    """`PutItem`; of services with REST paths `POST /path`."""
    actions: int = 0
    """How many items a transaction of DynamoDB writes."""
    json: bool = False
    """Whether it is spoken to in AWS's JSON protocol; else in its older query protocol, or REST."""

    @classmethod
    def of(cls, request: HttpRequest, function: str) -> Call:
        """Read it off a request; nothing in it is believed but by this."""
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        service = scope["service"] if scope else ""
        if target := request.headers.get("x-amz-target", ""):
            operation = target.rpartition(".")[2]
            actions = _actions(request.body) if operation == "TransactWriteItems" else 0
            return cls(function, service, operation, actions, json=True)
        if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
            asked = parse_qs(request.body.decode("utf-8", "replace"))
            return cls(function, service, asked.get("Action", ["?"])[0])
        return cls(function, service, f"{request.method} {request.path}")


def refusal(kind: str, call: Call, code: str = "") -> Reply:
    """The service's answer of a `throttle`, `error`, `deny` or `expired`; `code` is another error for a throttle.

    Shapes: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-api-responses.html,
    https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
    """
    said = _SAID[kind]
    if kind == "throttle" and call.operation == "TransactWriteItems" and code in {"", "TransactionCanceledException"}:
        return _cancelled(call)
    status, error = _error(kind, call)
    if code:
        error = code
    if not call.json:
        return Reply(status, _xml(error, said, sender=status < 500), {"Content-Type": "text/xml"})
    body = json.dumps({"__type": _NAMESPACES.get(call.service, "") + error, "message": said})
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": REQUEST_ID}
    if call.service == "sqs":
        headers["x-amzn-query-error"] = f"{error};{'Sender' if status < 500 else 'Receiver'}"
    return Reply(status, body.encode(), headers)


def _error(kind: str, call: Call) -> tuple[int, str]:
    match kind:
        case "throttle":
            return _THROTTLES.get(call.service, (400, "ThrottlingException"))
        case "error":
            return 503, "ServiceUnavailable"
        case "deny" if call.service == "sns":
            return 403, "AuthorizationError"
        case "deny":
            return 400, "AccessDeniedException"
        case _:
            return (400 if call.json else 403), "ExpiredTokenException"


def _cancelled(call: Call) -> Reply:
    """How DynamoDB throttles a transaction: it cancels it, for a reason of one of its actions."""
    codes = ["ThrottlingError", *["None"] * (max(1, call.actions) - 1)]
    reasons = [{"Code": each} | ({"Message": _SAID["throttle"]} if each != "None" else {}) for each in codes]
    body: dict[str, Any] = {
        "__type": _NAMESPACES["dynamodb"] + "TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons "
        f"[{', '.join(codes)}]",
        "CancellationReasons": reasons,
    }
    return Reply(400, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.0"})


def _actions(body: bytes) -> int:
    try:
        items = json.loads(body)["TransactItems"]
    except (ValueError, KeyError, TypeError):
        return 0
    return len(items) if isinstance(items, list) else 0


def _xml(code: str, message: str, *, sender: bool) -> bytes:
    return (
        f"<ErrorResponse><Error><Type>{'Sender' if sender else 'Receiver'}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    ).encode()
