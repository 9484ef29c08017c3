"""Messages as a person sees them in the channel, in plain text. The demo shows this."""

import html
import re
import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

WIDTH = 100

# Slack's own names for what monitors like to use; others stay as they are written.
_EMOJI = {
    "rotating_light": "🚨",
    "red_circle": "🔴",
    "large_orange_circle": "🟠",
    "large_yellow_circle": "🟡",
    "large_green_circle": "🟢",
    "large_blue_circle": "🔵",
    "white_circle": "⚪",
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "warning": "⚠️",
    "information_source": "\N{INFORMATION SOURCE}",
    "no_entry": "⛔",
    "x": "❌",
    "bell": "🔔",
    "mute": "🔇",
    "eyes": "👀",
    "arrow_up": "⬆️",
    "arrow_down": "⬇️",
    "wrench": "🔧",
    "link": "🔗",
    "clock3": "🕒",
}

_LINK = re.compile(r"<((?:https?|mailto):[^|>\s]+)(?:\|([^>]*))?>")
_MENTION = re.compile(r"<(!|@|#)([^|>]+)(?:\|([^>]*))?>")
_DATE = re.compile(r"<!date\^(\d+)\^[^|>]*\|([^>]*)>")
_BOLD = re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])")
_ITALIC = re.compile(r"(?<![\w_])_(\S(?:[^_\n]*\S)?)_(?![\w_])")
_NAMED = re.compile(r":([a-z0-9_+-]+):")
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)


def plain(text: str, *, mrkdwn: bool = True) -> str:
    """Text as Slack shows it: formatting marks gone, emoji and links shown, entities decoded. Code is left alone."""
    if not mrkdwn:
        return html.unescape(_NAMED.sub(_emoji, text))
    parts = _CODE.split(text)
    return "".join(_code(part) if number % 2 else _prose(part) for number, part in enumerate(parts))


def _code(part: str) -> str:
    if part.startswith("```"):
        return html.unescape(textwrap.indent(part.strip("`").strip("\n"), "    "))
    return html.unescape(part)


def _prose(text: str) -> str:
    shown = _DATE.sub(r"\2", text)
    shown = _LINK.sub(lambda match: f"{match[2]} ({match[1]})" if match[2] else match[1], shown)
    shown = _MENTION.sub(lambda match: match[3] or f"{'#' if match[1] == '#' else '@'}{match[2]}", shown)
    shown = _ITALIC.sub(r"\1", _BOLD.sub(r"\1", shown))
    return html.unescape(_NAMED.sub(_emoji, shown))


def _emoji(match: re.Match[str]) -> str:
    return _EMOJI.get(match[1], match[0])


def _text_object(value: Mapping[str, Any]) -> str:
    return plain(value["text"], mrkdwn=value["type"] == "mrkdwn")


def message_lines(message: Mapping[str, Any]) -> Iterator[str]:
    """The lines a reader sees. With blocks, `text` is only the notification, as in Slack."""
    blocks = message.get("blocks") or []
    if blocks:
        for block in blocks:
            yield from _block_lines(block)
    elif message.get("text"):
        yield from plain(message["text"], mrkdwn=message.get("mrkdwn", True)).splitlines()
    for attachment in message.get("attachments") or []:
        lines = list(message_lines(attachment)) or str(attachment.get("fallback", "")).splitlines()
        yield from (f"│ {line}".rstrip() for line in lines)


def _block_lines(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "header":
            yield _text_object(block["text"])
        case "section":
            yield from _section_lines(block)
        case "context":
            yield " · ".join(_element(element) for element in block["elements"])
        case "actions":
            yield "  ".join(_element(element) for element in block["elements"])
        case "divider":
            yield "─" * 40
        case "image":
            yield f"[image: {block['alt_text']}]"
        case "markdown":
            yield from str(block["text"]).splitlines()
        case _:
            yield f"[{block['type']}]"


def _section_lines(block: Mapping[str, Any]) -> Iterator[str]:
    if "text" in block:
        yield from _text_object(block["text"]).splitlines()
    for item in block.get("fields", ()):
        yield from _field_lines(_text_object(item))
    if "accessory" in block:
        yield _element(block["accessory"])


def _field_lines(text: str) -> Iterator[str]:
    """A field is a title over a value in Slack's two columns; here both share a line."""
    title, _, value = text.partition("\n")
    if value and "\n" not in value:
        yield f"{title.rstrip(':')}: {value}"
    else:
        yield from text.splitlines()


def _element(element: Mapping[str, Any]) -> str:
    match element["type"]:
        case "button":
            label = _text_object(element["text"])
            return f"[ {label} ] {element['url']}" if "url" in element else f"[ {label} ]"
        case "image":
            return f"[{element['alt_text']}]"
        case _:
            return _text_object(element)


def render(message: Mapping[str, Any], at: datetime, *, width: int = WIDTH) -> str:
    """One message with its time, wrapped to `width`; lines of code and links are not broken."""
    lines: list[str] = []
    for line in message_lines(message):
        if line.startswith("    ") or "://" in line or len(line) <= width - 2:
            lines.append(line)
        else:
            lines.extend(textwrap.wrap(line, width - 2, break_long_words=False, break_on_hyphens=False))
    body = "\n".join(f"  {line}".rstrip() for line in lines)
    return f"{at:%H:%M:%S}\n{body}\n"
