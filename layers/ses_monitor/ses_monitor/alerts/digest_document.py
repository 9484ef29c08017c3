"""The digest as machines get it: one JSON document on the alert topic, told from alerts by `kind`, and read back."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ses_monitor.alerts import words
from ses_monitor.alerts.alert import stable_id
from ses_monitor.alerts.document import SCHEMA, DocumentError
from ses_monitor.core.digest import Digest
from ses_monitor.core.model import Severity

KIND = "digest"
LONGEST_STRING = 500
MOST_ITEMS = 100
"""Of one list, when it is read: a digest of ours has at most 34."""


def digest_id(digest: Digest) -> str:
    """Name a day of an account: the same however often it is summed up, so that it is told once."""
    return stable_id([KIND, digest.account_id, f"{digest.at.astimezone(UTC):%Y-%m-%d}"])


def encode(digest: Digest, title: str) -> str:
    """Write it as JSON. Every part of a digest is bounded: it comes to some 60 KB at most.

    `findings` is there, and empty, for whoever takes every message of this schema for an alert.
    """
    head = {"schema": SCHEMA, "kind": KIND, "alert_id": digest_id(digest), "severity": digest.weight.name}
    values = {**head, "title": words.line(title, LONGEST_STRING), **_written(digest), "findings": []}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def is_digest(document: object) -> bool:
    """Tell whether parsed JSON says that it is a digest."""
    return isinstance(document, dict) and document.get("kind") == KIND and "alert_id" in document


def read(document: object) -> tuple[str, Digest]:
    """Return a digest and its id from parsed JSON. Keys that are not known are ignored.

    Raises:
        DocumentError: it is of another schema, or a part is missing or not what it should be.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        msg = f"its schema is not {SCHEMA}"
        raise DocumentError(msg)
    alert_id = document.get("alert_id")
    if not isinstance(alert_id, str) or not alert_id:
        msg = "it has no alert_id"
        raise DocumentError(msg)
    try:
        digest = _read(Digest, document)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        msg = f"a part of the digest is not what it should be ({type(error).__name__})"
        raise DocumentError(msg) from error
    return alert_id, digest


def _written(value: Any) -> Any:  # noqa: ANN401 - whatever a digest is made of
    if dataclasses.is_dataclass(value):
        return {each.name: _written(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    if isinstance(value, Severity):
        return value.name
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"
    if isinstance(value, str):
        return words.line(value, LONGEST_STRING)
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401 - whatever a digest is made of
    """Read a part by its annotation; a TypeError where it is something else."""
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise TypeError
        hints = get_type_hints(kind)
        return kind(**{each.name: _read(hints[each.name], value[each.name]) for each in dataclasses.fields(kind)})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise TypeError
        return tuple(_read(get_args(kind)[0], each) for each in value)
    if get_origin(kind) in {Union, UnionType}:
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        return None if value is None else _read(inner, value)
    return _read_plain(kind, value)


def _read_plain(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if kind is Severity:
        return Severity[value]
    if kind is datetime:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    given = float(value) if kind is float and type(value) is int else value
    if type(given) is not kind or (kind is int and abs(given) >= 2**53):
        raise TypeError
    return given
