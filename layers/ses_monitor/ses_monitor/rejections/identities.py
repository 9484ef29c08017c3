"""The identities that SES lists in a refusal: bare, with display names, several, cut. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from ses_monitor.core.check import bounded
from ses_monitor.core.mailbox import normal

MOST = 100
"""A mail has at most 50 recipients, and a few addresses of its own."""

_LABELS = r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}"
_LOCAL = r"""(?:"[^"\n]{1,64}"|[^\s<>"@,;:()\[\]\\]{1,320})"""
_WHOLE = re.compile(rf"(?:{_LOCAL}@)?{_LABELS}|{_LOCAL}@[\w-]{{1,63}}")
"""The address of a program may have a host without dots: root@localhost."""
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

_MACHINE_USER = frozenset(
    {"root", "www-data", "apache", "nginx", "httpd", "nobody", "daemon", "cron", "ubuntu", "ec2-user", "centos"}
)
_PRIVATE_HOST = re.compile(
    r"localhost|[^.]+|ip-\d{1,3}(?:-\d{1,3}){3}(?:\..*)?|(?:.*\.)?(?:localhost|localdomain|local|internal|lan|home|invalid)"
    r"|.*\.compute(?:-1)?\.amazonaws\.com"
)


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
    if len(bare) > 330 or not _WHOLE.fullmatch(bare) or bounded(bare) != bare:
        return ""
    local, at, domain = bare.rpartition("@")
    return f"{local}{at}{domain.lower()}"


def is_machines(name: str) -> bool:
    """Tell whether a program on a host made this address up: root@HOST, or a host that only a private network knows."""
    return is_private(name) or normal(name).rpartition("@")[0] in _MACHINE_USER


def is_private(name: str) -> bool:
    """Tell whether only a private network knows the host of this address."""
    return bool(_PRIVATE_HOST.fullmatch(normal(name).rpartition("@")[2]))
