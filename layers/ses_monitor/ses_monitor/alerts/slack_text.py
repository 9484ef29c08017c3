"""Text from outside, made harmless for Slack: it can neither mention, link, format nor break out of a code block.

Slack's rules: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ses_monitor.alerts import words

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_PLAIN = str.maketrans({"&": "\uff06", "<": "\u2039", ">": "\u203a"})
_LOOKALIKES = {"*": "\u2217", "_": "\u02cd", "~": "\u223c"}
_CLOSES_FORMATTING = re.compile(r"(?<=\S)([*_~])(?![^\W_])")
_EMOJI_NAME = re.compile(r"(?<!\w):(?=[a-z0-9_+'-]+:)")
_FENCE = re.compile(r"`(?=``)|(?<=``)`")


def length(text: str) -> int:
    """Count as Slack's clients do, in UTF-16 units: never less than by any other count of characters."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def escaped(text: str, limit: int) -> str:
    """Escape `text`, keeping at most `limit` characters of the result and no half of an escape."""
    return _fitting((_ENTITIES.get(char, char) for char in text), limit)


def _fitting(pieces: Iterable[str], limit: int) -> str:
    kept: list[str] = []
    room = limit
    for piece in pieces:
        room -= length(piece)
        kept.append(piece)
        if room < 0:
            while kept and room < 1:
                room += length(kept.pop())
            return "".join(kept) + ("…" if room > 0 else "")
    return "".join(kept)


def mrkdwn(text: str, limit: int = 1200) -> str:
    """Make outside text one line of mrkdwn that shows as it is.

    Formatting takes a mark at each end: only marks that could be the second are replaced by lookalikes, so that
    names such as _dmarc.example.com and *.example.com can still be copied. Use it with `verbatim`.
    """
    one = words.line(text).replace("`", "'")
    one = _CLOSES_FORMATTING.sub(lambda match: _LOOKALIKES[match[1]], one)
    return escaped(_EMOJI_NAME.sub(":\u200b", one), limit)


def plain(text: str, limit: int) -> str:
    """Make outside text fit a plain_text object, where entities are not decoded by every client."""
    return _fitting(words.line(text, limit).translate(_PLAIN), limit)


def code_block(command: str, limit: int) -> str:
    """Return a command in a code block; empty when it does not fit whole in `limit` characters."""
    inside = "".join(_ENTITIES.get(char, char) for char in _FENCE.sub("`\u200b", command))
    block = f"```\n{inside}\n```"
    return block if inside and length(block) <= limit else ""


def link(url: str, label: str) -> str:
    """Return a link with a label of ours; empty when the address is not a plain https one."""
    clean = words.safe_url(url)
    return f"<{escaped(clean.replace('|', '%7C'), 2000)}|{mrkdwn(label)}>" if clean else ""
