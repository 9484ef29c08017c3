"""Domain names as far as text alone tells: where a registered name probably begins, and what can be a name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST_NAME = 253
"""Characters of a name without its final dot (RFC 1035: 255 octets on the wire)."""
LONGEST_LABEL = 63

_SECOND_LEVEL = frozenset(
    {"ac", "adm", "asso", "biz", "co", "com", "coop", "edu", "firm", "gen", "go", "gob", "gouv", "gov", "gv", "id"}
    | {"ind", "info", "int", "ltd", "me", "mil", "mod", "ne", "net", "nhs", "nic", "nom", "or", "org", "plc"}
    | {"police", "pro", "sch", "school", "sld", "tm", "web"}
)
"""Under a country's domain these are, nearly everywhere, not somebody's name but a place to register one."""


def possible(name: str) -> bool:
    """Tell whether the DNS could hold such a name."""
    labels = name.split(".")
    return len(name) <= LONGEST_NAME and all(0 < len(label) <= LONGEST_LABEL for label in labels)


def registrable(domain: str) -> str:
    """Guess the part of `domain` that somebody registered: example.com, example.co.uk.

    A guess, because a list of all public suffixes would be out of date the day it ships. Nothing but the choice of
    words, and of what else to ask, may hang on it.
    """
    labels = domain.split(".")
    public = 2 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 1
    return ".".join(labels[-(public + 1) :])


def parents(domain: str) -> Iterator[str]:
    """Yield the domains above `domain`, the nearest first, down to the one that was probably registered."""
    last = registrable(domain)
    while domain != last:
        domain = domain.partition(".")[2]
        yield domain


def depth(name: str) -> int:
    """Count the labels of a name; the root has none."""
    return len([label for label in name.split(".") if label])
