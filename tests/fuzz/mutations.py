"""Changes to inputs: to the JSON in them, also where it is text within JSON, and to their bytes. Pure.

A change is three numbers and a kind, so that Hypothesis can make it smaller and atheris can make it from a seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, NamedTuple


class Change(NamedTuple):
    """One change: `kind` and `by` choose from lists, `at` the place."""

    kind: int
    at: int
    by: int


HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 1.5, 10**30, -(10**30), 1e308, "", " ", [], {}, [[]], {"": ""}, "x" * 3000, "\u200b\n",
    "\ud800", "ada@example.org", '"jane doe"@example.org', "2026-11-20T21:14:05Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "2026-11-20", "Wed, 27 Jan 2027 09:01:22 GMT", "-1", "1e999", "NaN", "Infinity",
    "arn:aws:ses:eu-west-1:111122223333:identity/x@example.org", "<!channel>", "{}", "[]", "\u202edcba", "\uff20",
    {"S": ""}, {"N": "NaN"}, {"N": "1E125"}, {"N": "-0"}, {"L": [{"S": "x"}]}, {"M": {}}, {"NULL": True}, {"SS": ["x"]},
    {"B": "eA=="}, {"BOOL": False}, {"S": "9999-12-31T23:59:59-23:59"}, "MessageRejected: Email address is not verified.",
)  # fmt: skip
TOKENS = (
    b"", b"\x00", b"\n", b"\r\n", b" ", b'"', b"\\", b"\\u0000", b"\\ud800", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"@",
    b"@example.org", b"%40", b"<", b">", b"</", b"...", b"\xe2\x80\xa6", b"\xe2\x80\xae", b"{", b"}", b"[" * 200, b"]", b",",
    b":", b";", b"=", b"9" * 30, b"9" * 5000, b"\xd9\xa3", b"\xc2\xb2", b"A" * 400, b"\xc0\x0c", b"\xc0\x00", b"null", b"554 ",
    b"Message rejected: ", b"554-", b"MessageRejected", b"amazonaws.com", b"email-smtp.eu-west-1.amazonaws.com", b"p=",
    b"v=DMARC1;", b"include:", b"redirect=", b"|", b"`", b"```", b"*", b"_", b"~", b":smile:", b"&", b"\x1b[31m",
)  # fmt: skip
_DEEPEST = 40


def changed(data: bytes, changes: Iterable[Change], most: int = 1 << 16) -> bytes:
    """Return `data` after some changes, at most `most` bytes."""
    for change in changes:
        data = (_of_json(data, change) if change.kind % 3 else None) or _of_bytes(data, change)
    return data[:most]


def at_random(random: Random) -> list[Change]:
    """Return a few changes."""
    count = random.choice((1, 1, 1, 2, 2, 3, 5, 8))
    return [
        Change(random.randrange(1 << 8), random.randrange(1 << 16), random.randrange(1 << 16)) for _ in range(count)
    ]


def _of_bytes(data: bytes, change: Change) -> bytes:
    at = change.at % (len(data) + 1)
    token = TOKENS[change.by % len(TOKENS)]
    size = change.by % 37
    match (change.kind // 3) % 7:
        case 0:
            return data[:at]
        case 1:
            return data[:at] + token + data[at:]
        case 2:
            return data[:at] + bytes([change.by % 256]) + data[at + 1 :]
        case 3:
            return data[:at] + data[at + 1 + size :]
        case 4:
            return data[:at] + data[max(0, at - size) : at] * (1 + change.by % 9) + data[at:]
        case 5:
            return data[:at] + token + data[at + len(token) :]
        case _:
            return data[:at] + data


def _of_json(data: bytes, change: Change) -> bytes | None:
    # Some inputs have a byte of their own before their JSON.
    head = data[:1] if data[:1] not in {b"{", b"["} else b""
    try:
        value = json.loads(data[len(head) :])
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list):
        return None
    try:
        return head + json.dumps(_in(value, change)).encode()
    except (ValueError, RecursionError):
        return None


def _in(value: Any, change: Change) -> Any:
    places = _places(value)
    path = places[change.at % len(places)]
    inside = _at(value, path)
    if isinstance(inside, str) and inside[:1] in {"{", "["} and change.by % 4:
        # JSON as text, as envelopes carry it: change what it says.
        try:
            new = json.dumps(_in(json.loads(inside), change._replace(at=change.at // len(places))))
        except (ValueError, RecursionError):
            new = inside[: change.by % (len(inside) + 1)]
        return _with(value, path, new)
    return _with(value, path, _instead(inside, value, places, change))


def _instead(inside: Any, whole: Any, places: Sequence[tuple[Any, ...]], change: Change) -> Any:
    other = HOSTILE[change.by % len(HOSTILE)]
    match (change.kind // 3) % 8:
        case 0:
            return _DROPPED
        case 1:
            return [inside, inside]
        case 2:
            return {"Message": inside, "Type": "Notification"}
        case 3:
            # What stands elsewhere.
            return _at(whole, places[change.by % len(places)])
        case 4 | 5 if isinstance(inside, str):
            at = change.by % (len(inside) + 1)
            return inside[:at] + (str(other)[:3000] + inside[at:] if change.kind % 2 else "")
        case 6 if isinstance(inside, list):
            return inside * (2 + change.by % 5)
        case 6 if isinstance(inside, int | float):
            return [0, -inside, inside * 1000, str(inside), inside + 0.5][change.by % 5]
        case _:
            return other


_DROPPED = object()


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if len(path) > _DEEPEST:
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, at in inner for each in _places(at, (*path, key)))]


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return {} if new is _DROPPED else new
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = _with(value[key], tuple(rest), new)
    elif new is _DROPPED:
        del copy[key]
    else:
        copy[key] = new
    return copy
