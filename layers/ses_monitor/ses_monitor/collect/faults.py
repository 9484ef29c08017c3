"""Turn a failed AWS call of a known kind into a `Missing`; anything else propagates, because a bug must be loud."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from ses_monitor.collect.pages import BrokenListError
from ses_monitor.core.check import bounded
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

T = TypeVar("T")

_CODES: dict[Blindness, frozenset[str]] = {
    # v1 says Throttling, v2 TooManyRequestsException; the others come from the front ends before them.
    Blindness.THROTTLED: frozenset(
        {
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "TooManyRequestsException",
            "TooManyRequests",
            "RequestLimitExceeded",
            "RequestThrottled",
            "SlowDown",
        }
    ),
    Blindness.DENIED: frozenset(
        {"AccessDenied", "AccessDeniedException", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation"}
    ),
    # A region that is not enabled answers with these too: its IAM does not know the account.
    Blindness.CREDENTIALS: frozenset(
        {
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "OptInRequired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        }
    ),
}

# `aws login` came late in 2025: the SDK that Lambda brings along may be older.
_LOGIN_ERRORS: tuple[type[Exception], ...] = tuple(
    getattr(boto, name) for name in ("LoginError",) if hasattr(boto, name)
)

_KINDS: tuple[tuple[Blindness, tuple[type[Exception], ...]], ...] = (
    (Blindness.TIMED_OUT, (boto.ConnectTimeoutError, boto.ReadTimeoutError)),
    (
        Blindness.CREDENTIALS,
        (
            boto.CredentialRetrievalError,
            boto.MetadataRetrievalError,
            boto.NoAuthTokenError,
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.ProfileNotFound,
            boto.SSOError,
            boto.TokenRetrievalError,
            *_LOGIN_ERRORS,
        ),
    ),
    (Blindness.UNREACHABLE, (boto.ConnectionError, boto.HTTPClientError, boto.ConnectionClosedError)),
    (Blindness.UNREADABLE, (boto.IncompleteReadError, boto.EventStreamError)),
)

_PARSING_ERRORS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)

_IN_WORDS = {
    Blindness.THROTTLED: "was throttled",
    Blindness.DENIED: "is denied",
    Blindness.CREDENTIALS: "was not accepted with these credentials",
    Blindness.TIMED_OUT: "was not answered in time",
    Blindness.UNREACHABLE: "could not be sent",
    Blindness.SERVICE_ERROR: "failed on the side of AWS",
    Blindness.UNREADABLE: "was answered with something unreadable",
}


def ask(action: str, region: str, call: Callable[[], T]) -> Observed[T]:
    """Make one read. `action` is its IAM action (`ses:GetAccount`), which the reason names.

    Raises:
        Exception: whatever is not a failure of AWS, the network or the credentials.
    """
    try:
        return Known(call())
    except (boto.ClientError, boto.BotoCoreError, ResponseParserError, BrokenListError) as error:
        why = kind_of(error)
        if why is None:
            raise
        return _missing(why, action, region, error)
    except _PARSING_ERRORS as error:
        # botocore's parsers stumble over an answer of another form (HTML, a list, a date that is none) in many ways.
        if not _raised_in_parser(error):
            raise
        return _missing(Blindness.UNREADABLE, action, region, error)


def kind_of(error: Exception) -> Blindness | None:
    """Classify a failed call, or return None for one that is our own mistake."""
    if isinstance(error, boto.ClientError):
        return _kind_of_answer(error)
    if isinstance(error, (ResponseParserError, BrokenListError)):
        return Blindness.UNREADABLE
    return next((why for why, types in _KINDS if isinstance(error, types)), None)


def is_passing(error: Exception) -> bool:
    """Tell whether a failed call may succeed when made again: it timed out, broke off, or AWS had a failure (5xx)."""
    if isinstance(error, boto.ClientError):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return kind_of(error) in {Blindness.TIMED_OUT, Blindness.UNREACHABLE}


def _missing(why: Blindness, action: str, region: str, error: Exception) -> Missing:
    return Missing(why, bounded(f"{action} in {region} {_IN_WORDS[why]} ({_said(error)})"), action)


def _raised_in_parser(error: Exception) -> bool:
    return any(
        frame.f_globals.get("__name__") == ResponseParserError.__module__
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )


def _kind_of_answer(error: boto.ClientError) -> Blindness | None:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    for why, codes in _CODES.items():
        if code in codes:
            return why
    if status == 429:
        return Blindness.THROTTLED
    if status in {401, 403}:
        return Blindness.DENIED
    # A 400 for a request without parameters is not a mistake in the request: SES refuses for a reason of its own.
    return Blindness.SERVICE_ERROR if status >= 400 else None


def _said(error: Exception) -> str:
    if isinstance(error, boto.ClientError):
        said = error.response.get("Error", {})
        return f"{said.get('Code', '?')}: {said.get('Message', '')}"
    return f"{type(error).__name__}: {error}"
