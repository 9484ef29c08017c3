"""What Slack accepts in a message. A payload that Slack would refuse is refused here, with Slack's word for it.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (errors),
https://docs.slack.dev/reference/block-kit/blocks and …/block-elements and …/composition-objects (limits).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

LONGEST_TEXT = 40_000  # Slack cuts longer text; a message that relies on that is refused here
MOST_BLOCKS = 50
MOST_ATTACHMENTS = 100
LONGEST_BLOCK_ID = 255
LONGEST_SECTION = 3000
MOST_FIELDS, LONGEST_FIELD = 10, 2000
LONGEST_HEADER = 150
MOST_CONTEXT = 10
MOST_ACTIONS = 25
LONGEST_BUTTON = 75
LONGEST_URL = 3000
LONGEST_ACTION_ID = 255
LONGEST_VALUE = 2000
LONGEST_ALT_TEXT, LONGEST_IMAGE_TITLE = 2000, 2000
LONGEST_MARKDOWN = 12_000  # all markdown blocks of a message together

# What an incoming webhook takes; anything else in a payload is a slip of ours (Slack ignores it in silence).
KNOWN_KEYS = frozenset(
    {
        *("text", "blocks", "attachments", "thread_ts", "mrkdwn", "unfurl_links", "unfurl_media", "metadata"),
        *("response_type", "replace_original", "delete_original", "username", "icon_emoji", "icon_url", "channel"),
        *("link_names", "parse"),
    }
)

# What chat.postMessage and chat.update take beyond that: https://docs.slack.dev/reference/methods/chat.postMessage
API_KEYS = {
    "chat.postMessage": frozenset({"channel", "thread_ts", "reply_broadcast"}),
    "chat.update": frozenset({"channel", "ts"}),
}

Block = Mapping[str, Any]


class RefusedError(Exception):
    """Slack would not take the message: its word (`invalid_blocks` …), and for us the place and the reason."""

    def __init__(self, word: str, place: str, reason: str) -> None:
        super().__init__(f"{word}: {place} {reason}")
        self.word = word
        self.place = place


def _bad_block(place: str, reason: str) -> RefusedError:
    return RefusedError("invalid_blocks", place, reason)


def check_message(payload: object) -> Mapping[str, Any]:
    """The payload, found acceptable. Raises RefusedError."""
    if not isinstance(payload, Mapping):
        raise RefusedError("invalid_payload", "payload", "is not a JSON object")
    unknown = set(payload) - KNOWN_KEYS
    if unknown:
        raise RefusedError(
            "invalid_payload", "payload", f"has keys a webhook does not know: {', '.join(sorted(unknown))}"
        )
    text = payload.get("text")
    blocks = payload.get("blocks")
    attachments = payload.get("attachments")
    if not text and not blocks and not attachments:
        raise RefusedError("no_text", "payload", "has neither text nor blocks nor attachments")
    if text is not None and not isinstance(text, str):
        raise RefusedError("invalid_payload", "text", "is not a string")
    if text is not None and len(text) > LONGEST_TEXT:
        raise RefusedError("msg_too_long", "text", f"is longer than {LONGEST_TEXT} characters")
    if blocks is not None:
        check_blocks(blocks)
    _check_attachments(attachments)
    return payload


def check_api_message(method: str, payload: object) -> Mapping[str, Any]:
    """What a method of the Web API is called with, found acceptable. Raises RefusedError."""
    if not isinstance(payload, Mapping):
        raise RefusedError("json_not_object", "payload", "is not a JSON object")
    for key in API_KEYS[method] - {"reply_broadcast"}:
        if key in payload and not isinstance(payload[key], str):
            raise RefusedError("invalid_arguments", key, "is not a string")
    if payload.get("reply_broadcast") and not payload.get("thread_ts"):
        raise RefusedError("invalid_arguments", "reply_broadcast", "is given without thread_ts")
    try:
        check_message({key: value for key, value in payload.items() if key not in API_KEYS[method]})
    except RefusedError as refused:
        if refused.word != "invalid_payload":
            raise
        raise RefusedError("invalid_arguments", refused.place, str(refused)) from refused
    return payload


def _check_attachments(attachments: object) -> None:
    if attachments is None:
        return
    if not isinstance(attachments, list):
        raise RefusedError("invalid_attachments", "attachments", "is not a list")
    if len(attachments) > MOST_ATTACHMENTS:
        raise RefusedError("too_many_attachments", "attachments", f"are more than {MOST_ATTACHMENTS}")
    for number, attachment in enumerate(attachments):
        if not isinstance(attachment, Mapping):
            raise RefusedError("invalid_attachments", f"attachments[{number}]", "is not an object")
        if "blocks" in attachment:
            check_blocks(attachment["blocks"], f"attachments[{number}].blocks")


def check_blocks(blocks: object, place: str = "blocks") -> None:
    """Check a list of blocks. Raises RefusedError."""
    if not isinstance(blocks, list):
        raise RefusedError("invalid_blocks_format", place, "is not a list")
    if len(blocks) > MOST_BLOCKS:
        raise _bad_block(place, f"are more than {MOST_BLOCKS}")
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        at = f"{place}[{number}]"
        if not isinstance(block, Mapping):
            raise _bad_block(at, "is not an object")
        kind = block.get("type")
        if not isinstance(kind, str) or kind not in _BLOCKS:
            raise _bad_block(at, f"has type {kind!r}")
        block_id = block.get("block_id")
        if block_id is not None:
            _string(block_id, f"{at}.block_id", LONGEST_BLOCK_ID)
            if block_id in seen:
                raise _bad_block(f"{at}.block_id", "is used twice")
            seen.add(block_id)
        _BLOCKS[kind](block, at)
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > LONGEST_MARKDOWN:
        raise _bad_block(place, f"hold more than {LONGEST_MARKDOWN} characters of markdown")


def _string(value: object, place: str, longest: int) -> None:
    if not isinstance(value, str):
        raise _bad_block(place, "is not a string")
    if not value:
        raise _bad_block(place, "is empty")
    if len(value) > longest:
        raise _bad_block(place, f"is longer than {longest} characters")


def _text(value: object, place: str, longest: int, kinds: Sequence[str] = ("plain_text", "mrkdwn")) -> None:
    if not isinstance(value, Mapping):
        raise _bad_block(place, "is not a text object")
    if value.get("type") not in kinds:
        raise _bad_block(place, f"has type {value.get('type')!r}, not {' or '.join(kinds)}")
    extra = set(value) - {"type", "text", "emoji" if value["type"] == "plain_text" else "verbatim"}
    if extra:
        raise _bad_block(place, f"has unknown keys: {', '.join(sorted(extra))}")
    _string(value.get("text"), f"{place}.text", longest)


def _keys(block: Block, place: str, *known: str) -> None:
    extra = set(block) - {"type", "block_id", *known}
    if extra:
        raise _bad_block(place, f"has unknown keys: {', '.join(sorted(extra))}")


def _items(block: Block, name: str, place: str, most: int) -> Sequence[Any]:
    items = block.get(name)
    if not isinstance(items, list) or not items:
        raise _bad_block(f"{place}.{name}", "is not a list with something in it")
    if len(items) > most:
        raise _bad_block(f"{place}.{name}", f"are more than {most}")
    return items


def _section(block: Block, place: str) -> None:
    _keys(block, place, "text", "fields", "accessory", "expand")
    if "text" not in block and "fields" not in block:
        raise _bad_block(place, "has neither text nor fields")
    if "text" in block:
        _text(block["text"], f"{place}.text", LONGEST_SECTION)
    if "fields" in block:
        for number, item in enumerate(_items(block, "fields", place, MOST_FIELDS)):
            _text(item, f"{place}.fields[{number}]", LONGEST_FIELD)
    if "accessory" in block:
        _element(block["accessory"], f"{place}.accessory", {"button", "image"})


def _header(block: Block, place: str) -> None:
    _keys(block, place, "text")
    _text(block.get("text"), f"{place}.text", LONGEST_HEADER, ("plain_text",))


def _context(block: Block, place: str) -> None:
    _keys(block, place, "elements")
    for number, element in enumerate(_items(block, "elements", place, MOST_CONTEXT)):
        at = f"{place}.elements[{number}]"
        if isinstance(element, Mapping) and element.get("type") == "image":
            _image_element(element, at)
        else:
            _text(element, at, LONGEST_SECTION)


def _actions(block: Block, place: str) -> None:
    _keys(block, place, "elements")
    action_ids: list[str] = []
    for number, element in enumerate(_items(block, "elements", place, MOST_ACTIONS)):
        _element(element, f"{place}.elements[{number}]", {"button"})
        action_ids.extend([element["action_id"]] if "action_id" in element else [])
    if len(set(action_ids)) < len(action_ids):
        raise _bad_block(f"{place}.elements", "share an action_id")


def _divider(block: Block, place: str) -> None:
    _keys(block, place)


def _image(block: Block, place: str) -> None:
    _keys(block, place, "image_url", "slack_file", "alt_text", "title")
    _image_element({key: value for key, value in block.items() if key not in {"block_id", "title"}}, place)
    if "title" in block:
        _text(block["title"], f"{place}.title", LONGEST_IMAGE_TITLE, ("plain_text",))


def _markdown(block: Block, place: str) -> None:
    _keys(block, place, "text")
    _string(block.get("text"), f"{place}.text", LONGEST_MARKDOWN)


def _rich_text(block: Block, place: str) -> None:
    _keys(block, place, "elements")
    _items(block, "elements", place, MOST_BLOCKS)


def _element(element: object, place: str, kinds: set[str]) -> None:
    if not isinstance(element, Mapping) or element.get("type") not in kinds:
        raise _bad_block(place, f"is not one of {', '.join(sorted(kinds))}")
    (_button if element["type"] == "button" else _image_element)(element, place)


def _button(element: Block, place: str) -> None:
    known = {"type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"}
    extra = set(element) - known
    if extra:
        raise _bad_block(place, f"has unknown keys: {', '.join(sorted(extra))}")
    _text(element.get("text"), f"{place}.text", LONGEST_BUTTON, ("plain_text",))
    if "url" in element:
        _url(element["url"], f"{place}.url")
    if "action_id" in element:
        _string(element["action_id"], f"{place}.action_id", LONGEST_ACTION_ID)
    if "value" in element:
        _string(element["value"], f"{place}.value", LONGEST_VALUE)
    if element.get("style", "primary") not in {"primary", "danger"}:
        raise _bad_block(f"{place}.style", "is neither primary nor danger")


def _image_element(element: Block, place: str) -> None:
    _url(element.get("image_url"), f"{place}.image_url")
    _string(element.get("alt_text"), f"{place}.alt_text", LONGEST_ALT_TEXT)


def _url(value: object, place: str) -> None:
    _string(value, place, LONGEST_URL)
    if not str(value).startswith(("https://", "http://", "mailto:")):
        raise _bad_block(place, "is no URL")


_BLOCKS: Mapping[str, Callable[[Block, str], None]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "section": _section,
}
