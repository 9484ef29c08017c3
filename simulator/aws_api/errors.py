"""The errors AWS answers with, in AWS's words. The old query protocol has names and statuses of its own."""

from dataclasses import dataclass

from simulator.world import Fault

# The action a policy would have to allow begins with this.
IAM_PREFIX = {"sesv2": "ses", "ses": "ses", "cloudwatch": "cloudwatch", "account": "account"}


@dataclass(frozen=True, slots=True)
class AwsError(Exception):
    """An error answer. `query_code` and `query_status` are what SES v1 and CloudWatch say instead."""

    status: int
    code: str
    message: str
    query_code: str | None = None
    query_status: int | None = None

    def for_query(self) -> tuple[int, str]:
        """Status and code in the query protocol and its heirs."""
        return self.query_status or self.status, self.query_code or self.code.removesuffix("Exception")


def throttled(message: str | None = None) -> AwsError:
    """Too many requests: 429 in SES v2, 400 Throttling in v1."""
    return AwsError(429, "TooManyRequestsException", message or "Rate exceeded", "Throttling", 400)


def denied(caller: str, action: str, message: str | None = None) -> AwsError:
    """What an explicit deny in an organisation's service control policy looks like."""
    text = (
        f"User: {caller} is not authorized to perform: {action} on resource: * "
        "with an explicit deny in a service control policy"
    )
    return AwsError(403, "AccessDeniedException", message or text)


def expired(message: str | None = None) -> AwsError:
    """The caller's session has ended."""
    return AwsError(403, "ExpiredTokenException", message or "The security token included in the request is expired")


def unrecognized_client(message: str | None = None) -> AwsError:
    """What a region that does not know the account answers: opt-in and not enabled."""
    text = message or "The security token included in the request is invalid."
    return AwsError(403, "UnrecognizedClientException", text, "InvalidClientTokenId")


def server_error(status: int, message: str | None = None) -> AwsError:
    """A failure on AWS's side."""
    if status == 503:
        return AwsError(503, "ServiceUnavailableException", message or "Service is unavailable", "ServiceUnavailable")
    return AwsError(status, "InternalFailure", message or "An internal failure occurred")


def bad_request(service: str, message: str) -> AwsError:
    """A request the service understands but refuses."""
    code = {"sesv2": "BadRequestException", "ses": "InvalidParameterValue", "cloudwatch": "ValidationError"}
    return AwsError(400, code.get(service, "ValidationException"), message)


def not_found(message: str) -> AwsError:
    """What is asked for does not exist; only SES v2 has such an answer here."""
    return AwsError(404, "NotFoundException", message)


def unknown_operation(what: str) -> AwsError:
    """Not an operation, or none that the simulator has."""
    return AwsError(404, "UnknownOperationException", f"The simulator has no {what}", "UnknownOperationException")


def of_fault(fault: Fault, caller: str, action: str) -> AwsError | None:
    """The error a fault answers with; None if it is of another nature."""
    match fault.kind:
        case "throttle":
            return throttled(fault.message)
        case "deny":
            return denied(caller, action, fault.message)
        case "expired":
            return expired(fault.message)
        case "unrecognized_client":
            return unrecognized_client(fault.message)
        case "error":
            return server_error(fault.status, fault.message)
        case _:
            return None
