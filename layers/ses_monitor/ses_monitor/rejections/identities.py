"""The identities that SES lists in a refusal: bare, with display names, several, cut. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

MOST = 100
"""A mail has at most 50 recipients, and a few addresses of its own."""

_LABELS = r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}"
_WHOLE = re.compile(rf"""(?:(?:"[^"\n]{{1,64}}"|[^\s<>"@,;:()\[\]\\]{{1,320}})@)?{_LABELS}""")
_NAMED = re.compile(
    r"""[ \t]{0,8}(?:"(?:[^"\\\n]|\\.){0,300}"|[^<>",;\n]{0,300})[ \t]{0,8}<([^<>\s/][^<>\n]{0,330})>"""
)
_QUOTED_ANYHOW = re.compile(r'[ \t]{0,8}"[^<>@\n]{0,300}<([^<>\s/][^<>\n]{0,330})>')
"""Quotes within quotes, whose escapes were undone."""
_QUOTED_LOCAL = re.compile(r'[ \t]{0,8}("[^"\n]{1,64}"@[\w.-]{1,253})')
_BARE = re.compile(r"""[ \t]{0,8}([^\s<>",;(){}\[\]\\]{1,330})""")
_PART_OF_A_NAME = re.compile(r"[^<>@,;\n]{1,100}(?=,[^<>,;\n]{0,200}<)")
_NEXT = re.compile(r"\s{0,8},\s{0,8}")
_CUT = re.compile(r"[\s,]{0,8}(?:\.\.\.|…)")


class Listed(NamedTuple):
    """Identities in SES's order, each once; `end` is where the list ends in the text."""

    identities: tuple[str, ...]
    truncated: bool
    end: int


def listed(text: str, start: int) -> Listed:
    """Read the list that begins at `start`."""
    found: dict[str, None] = {}
    at = start
    cut = False
    for _ in range(MOST):
        name, stop = _one(text, at)
        if stop == at:
            break
        at = stop
        if name.endswith(("...", "…")):
            cut = True
        if bare := identity(name):
            found[bare] = None
        if cut:
            break
        if dots := _CUT.match(text, at):
            cut, at = True, dots.end()
            break
        comma = _NEXT.match(text, at)
        if comma is None:
            break
        at = comma.end()
    return Listed(tuple(found), cut, at)


def _one(text: str, at: int) -> tuple[str, int]:
    for pattern in (_NAMED, _QUOTED_LOCAL, _QUOTED_ANYHOW):
        if (found := pattern.match(text, at)) and identity(found[1]):
            return found[1], found.end()
    if part := _PART_OF_A_NAME.match(text, at):
        return "", part.end()
    if found := _BARE.match(text, at):
        return found[1], found.end()
    return "", at


def identity(text: str) -> str:
    """Return the bare address or domain that `text` is, its domain in lower case; empty where it is neither."""
    bare = text.strip().strip("<>`").rstrip(".…:!?").strip("'")
    if len(bare) > 330 or not _WHOLE.fullmatch(bare):
        return ""
    local, at, domain = bare.rpartition("@")
    return f"{local}{at}{domain.lower()}"
