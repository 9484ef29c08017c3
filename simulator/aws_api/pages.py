"""Pages of a listing: an opaque token that only the same question may present again."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class BadTokenError(Exception):
    """The token is not one that this listing gave out for this question."""


def page(
    items: Sequence[T], size: int, token: str | None, question: Mapping[str, Any]
) -> tuple[Sequence[T], str | None]:
    """The page a token stands for, and the token of the next. Raises BadTokenError."""
    digest = hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()[:16]
    begin = 0 if token is None else _offset(token, digest)
    end = begin + size
    following = base64.urlsafe_b64encode(f"{digest}:{end}".encode()).decode() if end < len(items) else None
    return items[begin:end], following


def _offset(token: str, digest: str) -> int:
    try:
        given, offset = base64.urlsafe_b64decode(token.encode()).decode().split(":")
        number = int(offset)
    except ValueError as error:
        raise BadTokenError from error
    if given != digest or number < 1:
        raise BadTokenError
    return number
