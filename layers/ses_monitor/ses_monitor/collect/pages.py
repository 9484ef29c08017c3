"""botocore has no paginator for most SES lists; a list read only to its first page is a region half seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def pages(call: Callable[..., Mapping[str, Any]], **request: object) -> Iterator[Mapping[str, Any]]:
    """Yield each page of a list until `NextToken` ends.

    Raises:
        RuntimeError: the service returned the token it was asked with, which would go on for ever.
    """
    token: str | None = None
    while True:
        answer = call(**request) if token is None else call(**request, NextToken=token)
        yield answer
        following = answer.get("NextToken")
        if not following:
            return
        if following == token:
            msg = "a list returned the same NextToken twice"
            raise RuntimeError(msg)
        token = following
