"""botocore has no paginator for most SES lists; a list read only to its first page is a region half seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class EndlessListError(Exception):
    """A list came back to a page it had given already; read on, it would never end."""


def pages(call: Callable[..., Mapping[str, Any]], **request: object) -> Iterator[Mapping[str, Any]]:
    """Yield each page of a list until `NextToken` ends.

    Raises:
        EndlessListError: the service returned a token it had given before, which would go on for ever.
    """
    token: str | None = None
    given: set[str] = set()
    while True:
        answer = call(**request) if token is None else call(**request, NextToken=token)
        yield answer
        following = answer.get("NextToken")
        if not following:
            return
        if following in given:
            msg = "the list returned the same NextToken twice"
            raise EndlessListError(msg)
        given.add(following)
        token = following
