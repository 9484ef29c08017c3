"""HTTP to operations and back, in the protocols AWS's models declare: moto's parsers and serialisers do the work
(CBOR, which moto lacks, is done by cbor2), botocore judges what goes in and what comes out."""

import functools
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import cbor2
from botocore.model import Shape
from botocore.validate import ParamValidator
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from simulator.aws_api.errors import AwsError, bad_request, unknown_operation
from simulator.loopback import HttpRequest, Reply

Protocol = Literal["rest-json", "query", "json", "cbor"]
Service = Literal["sesv2", "ses", "cloudwatch", "account"]

SIGNING_NAME: Mapping[Service, str] = {
    "sesv2": "ses",
    "ses": "ses",
    "cloudwatch": "monitoring",
    "account": "account",
}

# botocore before 1.43.105 listed identities with a GET whose parameters were in the query string.
OLD_LISTING = ("GET", "/v2/email/identities")


# What the models require and SES leaves out all the same: a MAIL FROM domain and topics that are not set.
_LEFT_OUT = re.compile(
    r'Missing required parameter in \S+: "(MailFromDomain|MailFromDomainStatus|(Bounce|Complaint|Delivery)Topic)"$'
)


class WrongFixtureError(Exception):
    """The simulator was about to answer what AWS's own model does not allow."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Which service a request is for, and in which protocol it speaks."""

    service: Service
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request understood."""

    endpoint: Endpoint
    operation: str
    params: Mapping[str, Any]


def prepare() -> None:
    """Load AWS's models and build the routes once, so that the first clients do not all do it at the same time."""
    for service in SIGNING_NAME:
        get_service_router(service)


def recognise(request: HttpRequest) -> Endpoint:
    """Tell service and protocol by path and headers, as every service at its own host would not need to."""
    kind = request.headers.get("content-type", "")
    if request.path.startswith("/v2/"):
        return Endpoint("sesv2", "rest-json")
    if request.path.startswith("/service/GraniteServiceVersion20100801/") or "cbor" in kind:
        return Endpoint("cloudwatch", "cbor")
    if request.headers.get("x-amz-target", "").startswith("GraniteServiceVersion20100801."):
        return Endpoint("cloudwatch", "json")
    if kind.startswith("application/x-www-form-urlencoded"):
        version = dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("Version")
        return Endpoint("cloudwatch" if version == "2010-08-01" else "ses", "query")
    return Endpoint("account", "rest-json")


def understand(endpoint: Endpoint, request: HttpRequest) -> Incoming:
    """Find the operation and its parameters. Raises AwsError for what is none, or is wrong."""
    if endpoint.protocol == "cbor":
        operation, params = _understand_cbor(request)
    elif (request.method, request.path) == OLD_LISTING:
        operation, params = "ListEmailIdentities", _old_listing(request)
    else:
        operation, params = _understand_with_moto(endpoint, request)
    shape = _operation_model(endpoint.service, operation).input_shape
    problems = _problems(params, shape)
    if problems:
        raise bad_request(endpoint.service, problems)
    return Incoming(endpoint, operation, params)


def _understand_with_moto(endpoint: Endpoint, request: HttpRequest) -> tuple[str, dict[str, Any]]:
    moto_request = MotoRequest.from_primitives(
        request.method, f"http://simulator{request.target}", request.headers, request.body
    )
    if request.body and endpoint.protocol in {"rest-json", "json"}:
        # moto's parser, like botocore's, makes a message of what is not JSON.
        try:
            json.loads(request.body)
        except ValueError as error:
            raise AwsError(400, "SerializationException", "is not JSON") from error
    try:
        model, labels = get_service_router(endpoint.service).match(moto_request)
        values = moto_request.values
        parsed = PROTOCOL_PARSERS[endpoint.protocol](model).parse(
            {
                "method": request.method,
                "values": values,
                "headers": moto_request.headers,
                "body": request.body,
                "url_path": moto_request.path,
                "url_params": labels,
            }
        )
    except NotFound as error:
        raise unknown_operation(_named(endpoint, request)) from error
    except (NotImplementedError, RequestParserError, ValueError, AttributeError, TypeError) as error:
        # moto's parsers take a well-formed request for granted and stumble over another in these ways.
        raise AwsError(400, "SerializationException", f"cannot be read: {type(error).__name__}") from error
    return model.name, parsed


def _understand_cbor(request: HttpRequest) -> tuple[str, dict[str, Any]]:
    operation = request.path.rpartition("/operation/")[2]
    if operation not in get_service_model("cloudwatch").operation_names:
        raise unknown_operation(f"cloudwatch {operation or request.path}")
    try:
        params = cbor2.loads(request.body) if request.body else {}
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise AwsError(400, "SerializationException", "is not CBOR") from error
    if not isinstance(params, dict):
        raise AwsError(400, "SerializationException", "is not a map")
    return operation, params


def _old_listing(request: HttpRequest) -> dict[str, Any]:
    query = dict(parse_qsl(urlsplit(request.target).query))
    size = query.pop("PageSize", None)
    if size is None:
        return dict(query)
    if not size.isdigit():
        raise bad_request("sesv2", "PageSize must be a number")
    return {**query, "PageSize": int(size)}


def _named(endpoint: Endpoint, request: HttpRequest) -> str:
    if endpoint.protocol == "query":
        action = dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("Action", "")
        return f"{endpoint.service} {action or '(no Action)'}"
    target = request.headers.get("x-amz-target")
    return f"{endpoint.service} {target or f'{request.method} {request.path}'}"


@functools.cache
def _operation_model(service: str, operation: str) -> OperationModel:
    model: OperationModel = get_service_model(service).operation_model(operation)
    return model


def _problems(value: Mapping[str, Any], shape: Shape | None) -> str:
    if shape is None:
        return ""
    report = ParamValidator().validate(value, shape)
    return str(report.generate_report()) if report.has_errors() else ""


def answer(incoming: Incoming, result: Mapping[str, Any]) -> Reply:
    """A 200 with the result. Raises WrongFixtureError when botocore's output shape does not allow it."""
    endpoint = incoming.endpoint
    model = _operation_model(endpoint.service, incoming.operation)
    problems = "\n".join(
        line
        for line in _problems(result, model.output_shape).splitlines()
        if not (endpoint.service in {"ses", "sesv2"} and _LEFT_OUT.match(line))
    )
    if problems:
        raise WrongFixtureError(f"{endpoint.service} {incoming.operation}: {problems}")
    request_id = str(uuid.uuid4())
    if endpoint.protocol == "cbor":
        body = cbor2.dumps(_with_epochs(result))
        return Reply(200, body, {**_CBOR_HEADERS, "x-amzn-RequestId": request_id})
    serializer = get_serializer_class(endpoint.service, endpoint.protocol)
    serialized = serializer(model, SerializationContext(request_id)).serialize(dict(result))
    headers = {
        **serialized["headers"],
        "Content-Type": _CONTENT_TYPE[endpoint.protocol],
        "x-amzn-RequestId": request_id,
    }
    content = serialized["body"]
    return Reply(200, content.encode() if isinstance(content, str) else content, headers)


_CONTENT_TYPE: Mapping[Protocol, str] = {
    "rest-json": "application/json",
    "json": "application/x-amz-json-1.0",
    "query": "text/xml",
}
_CBOR_HEADERS = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def _with_epochs(value: object) -> object:
    """Timestamps as CBOR tag 1 with seconds since 1970, which is what the protocol wants."""
    if isinstance(value, datetime):
        return cbor2.CBORTag(1, value.timestamp())
    if isinstance(value, Mapping):
        return {key: _with_epochs(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_epochs(item) for item in value]
    return value


def refusal(endpoint: Endpoint, error: AwsError) -> Reply:
    """An error answer in the words and form of the service's protocol."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    if endpoint.protocol == "rest-json":
        body = json.dumps({"message": error.message}).encode()
        return Reply(
            error.status, body, {**headers, "Content-Type": "application/json", "x-amzn-ErrorType": error.code}
        )
    status, code = error.for_query()
    sender = "Sender" if status < 500 else "Receiver"
    if endpoint.protocol == "query":
        text = (
            "<ErrorResponse><Error>"
            f"<Type>{sender}</Type><Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>"
            f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Reply(status, text.encode(), {**headers, "Content-Type": "text/xml"})
    content = {"__type": code, "message": error.message}
    headers["x-amzn-query-error"] = f"{code};{sender}"
    if endpoint.protocol == "cbor":
        return Reply(status, cbor2.dumps(content), {**headers, **_CBOR_HEADERS})
    return Reply(status, json.dumps(content).encode(), {**headers, "Content-Type": _CONTENT_TYPE["json"]})
