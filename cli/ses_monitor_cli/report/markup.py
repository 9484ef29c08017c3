"""HTML that cannot be broken out of: every text and every attribute is escaped, and only names of ours are names."""

from __future__ import annotations

from html import escape
from typing import NewType

Markup = NewType("Markup", str)
"""Text that is HTML already. Made here only."""

Content = Markup | None
_VOID = frozenset({"meta", "br", "input", "line", "rect", "circle", "path", "polyline"})


def text(words: str) -> Markup:
    """Escape a text."""
    return Markup(escape(words, quote=True))


def element(name: str, /, *children: Content, **attributes: str | float | None) -> Markup:
    """Make an element. Underscores at an attribute's end are dropped, others are hyphens; None leaves it out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID and not children:
        return Markup(f"<{name}{written}>" if name in {"meta", "br", "input"} else f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{''.join(child for child in children if child is not None)}</{name}>")


def words(name: str, said: str, /, **attributes: str | float | None) -> Markup:
    """Make an element that holds a text."""
    return element(name, text(said), **attributes)


def verbatim(name: str, code: str) -> Markup:
    """Make a style or script of our own code, in which nothing from outside may be."""
    return Markup(f"<{name}>{code}</{name}>")


def joined(*parts: Content) -> Markup:
    """Put one after the other."""
    return Markup("".join(part for part in parts if part is not None))
