"""botocore has no paginator for most SES lists; a list read only to its first page is a region half seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class BrokenListError(Exception):
    """A list cannot be read to its end: it has no members at all, or comes back to a page it gave already."""


def pages(call: Callable[..., Mapping[str, Any]], **request: object) -> Iterator[Mapping[str, Any]]:
    """Yield each page of a list until `NextToken` ends.

    Raises:
        BrokenListError: the service returned a token it had given before, which would go on for ever.
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
            raise BrokenListError(msg)
        given.add(following)
        token = following


def listed(page: Mapping[str, Any], member: str) -> list[Any]:
    """Return the entries of one page. AWS answers an empty list with an empty list, never with nothing.

    Raises:
        BrokenListError: `member` is not in the answer, or no list.
    """
    entries = page.get(member)
    if not isinstance(entries, list):
        msg = f"the answer has no {member}"
        raise BrokenListError(msg)
    return entries
