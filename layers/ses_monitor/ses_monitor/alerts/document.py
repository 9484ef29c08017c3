"""The alert as machines get it: one JSON document, written within SNS's size and read back strictly."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from ses_monitor.alerts import words
from ses_monitor.alerts.alert import Alert, Entry
from ses_monitor.core.check import Evidence, Step
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Transition

SCHEMA = 1
"""Raised when a reader of the last schema could misread a document; new keys alone do not raise it."""

MOST_BYTES = 240_000
"""A document's size inside the SNS message, quotes escaped. SNS takes 262,144 bytes with the mail text and the
attributes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

T = TypeVar("T")
D = TypeVar("D")
Json = dict[str, object]


class DocumentError(ValueError):
    """This is not an alert document that this version reads; the message says why, and shows nothing of it."""


def encode(alert: Alert) -> str:
    """Write `alert` as JSON of at most MOST_BYTES, as counted inside another JSON string.

    When it does not fit, findings first lose their cause, steps and evidence, then are left out and counted as
    `more`, in both cases from the last on. Every part is bounded, so that the first always fits.
    """
    short = [_entry(entry, alert, whole=False) for entry in alert.entries]
    room = MOST_BYTES - _size(_frame(alert, [], alert.more + len(short)))
    # A roll-up is there to name as much as it can; the table has causes and steps.
    for_short_ones = room if alert.rollup else room // 2
    kept = 0
    while kept < len(short) and (for_short_ones >= _size(short[kept]) or kept == 0):
        for_short_ones -= _size(short[kept])
        room -= _size(short[kept])
        kept += 1
    findings = short[:kept]
    for i in range(kept):
        whole = _entry(alert.entries[i], alert, whole=True)
        room -= _size(whole) - _size(short[i])
        if room < 0:
            break
        findings[i] = whole
    return _dumps(_frame(alert, findings, alert.more + len(short) - kept))


def embedded_size(text: str) -> int:
    """Count the bytes `text` takes as a string inside JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))


def decode(text: str) -> Alert:
    """Read a document back. Keys that are not known are ignored: a newer version may have added them.

    Raises:
        DocumentError: it is no JSON object, of another schema, or a key is missing or of the wrong kind.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = "it is not JSON"
        raise DocumentError(msg) from error
    return read(document)


def read(document: object) -> Alert:
    """Read a document that is parsed JSON already; see `decode`."""
    fields = _Fields.of(document, "the document")
    schema = fields.need("schema", _whole)
    if schema != SCHEMA:
        msg = f"its schema is {schema}, this version reads {SCHEMA}"
        raise DocumentError(msg)
    rollup = fields.have("rollup", _flag, False)
    entries = tuple(_read_entry(each, own_transition=rollup) for each in fields.rows("findings"))
    if not entries:
        msg = "the document has no findings"
        raise DocumentError(msg)
    return Alert(
        alert_id=fields.need("alert_id", _text),
        account_id=fields.need("account_id", _text),
        transition=fields.need("transition", _transition),
        entries=entries,
        baseline=fields.need("baseline", _flag),
        more=max(fields.need("more", _whole), 0),
        rollup=rollup,
    )


def _size(value: Json) -> int:
    return embedded_size(_dumps(value)) + 1


def _frame(alert: Alert, findings: list[Json], more: int) -> Json:
    return {
        "schema": SCHEMA,
        "alert_id": _name(alert.alert_id),
        "account_id": _name(alert.account_id),
        "transition": alert.transition.value,
        "tag": _name(alert.tag),
        "check": _name(alert.check_id),
        "severity": alert.severity.name,
        "regions": [_name(region) for region in alert.regions[:100]],
        "title": words.what_and_where(alert),
        "cause": words.line(alert.cause),
        "steps": _steps(alert.steps),
        "at": _instant(alert.at),
        "since": _instant(alert.since),
        "baseline": alert.baseline,
        "rollup": alert.rollup,
        "queries": [words.shown_command(command) for command in words.queries(alert)] if alert.rollup else [],
        "findings": findings,
        "more": more,
    }


def _entry(entry: Entry, alert: Alert, *, whole: bool) -> Json:
    told: Json = {
        "finding_id": _name(entry.finding_id),
        "region": _name(entry.region),
        "check": _name(entry.check_id),
        "subject": words.line(entry.subject),
        "tag": _name(entry.tag),
        "severity": entry.severity.name,
        "version": entry.version,
        "transition": (entry.transition or alert.transition).value,
        "flaps": entry.flaps,
        "text": words.line(entry.text),
        "since": _instant(entry.since),
        "at": _instant(entry.at),
        "lasted_seconds": int(entry.lasted.total_seconds()),
        "was_tag": _name(entry.was_tag),
        "was_severity": entry.was_severity.name if entry.was_severity is not None else None,
        "supersedes": [_name(each) for each in entry.supersedes[:20]],
    }
    if whole:
        told["cause"] = words.line(entry.cause)
        told["steps"] = _steps(entry.steps)
        told["evidence"] = {
            _name(key): words.line(value) if isinstance(value, str) else _finite(value)
            for key, value in list(entry.evidence.items())[:40]
        }
    return told


def _steps(steps: tuple[Step, ...]) -> list[Json]:
    return [
        {"text": words.line(s.text), "command": words.shown_command(s.command), "url": words.safe_url(s.url)}
        for s in steps[:8]
    ]


def _name(name: str) -> str:
    return words.line(name, 200)


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _read_entry(fields: _Fields, *, own_transition: bool) -> Entry:
    return Entry(
        finding_id=fields.need("finding_id", _text),
        region=fields.need("region", _text),
        check_id=fields.need("check", _text),
        subject=fields.need("subject", _text),
        tag=fields.need("tag", _text),
        severity=fields.need("severity", _severity),
        version=fields.need("version", _whole),
        text=fields.need("text", _text),
        cause=fields.have("cause", _text, ""),
        steps=tuple(
            Step(step.need("text", _text), step.have("command", _text, ""), step.have("url", _text, ""))
            for step in fields.rows("steps")
        ),
        since=fields.need("since", _time),
        at=fields.need("at", _time),
        evidence=fields.have("evidence", _evidence, {}),
        was_tag=fields.have("was_tag", _text, ""),
        was_severity=fields.have("was_severity", _severity, None),
        supersedes=fields.have("supersedes", _texts, ()),
        flaps=max(fields.have("flaps", _whole, 0), 0),
        transition=fields.have("transition", _transition, None) if own_transition else None,
    )


class _Fields:
    """The keys of one JSON object, each read as what it must be or refused by name."""

    def __init__(self, values: Mapping[str, object], where: str) -> None:
        self._values = values
        self._where = where

    @classmethod
    def of(cls, value: object, where: str) -> _Fields:
        if not isinstance(value, dict):
            msg = f"{where} is not a JSON object"
            raise DocumentError(msg)
        return cls(value, where)

    def need(self, key: str, parse: Callable[[object], T]) -> T:
        if self._values.get(key) is None:
            msg = f"{self._where} has no {key}"
            raise DocumentError(msg)
        try:
            return parse(self._values[key])
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            msg = f"{key} in {self._where} is not what it should be"
            raise DocumentError(msg) from error

    def have(self, key: str, parse: Callable[[object], T], default: D) -> T | D:
        return self.need(key, parse) if self._values.get(key) is not None else default

    def rows(self, key: str) -> list[_Fields]:
        rows = self.have(key, _list, [])
        return [_Fields.of(row, f"{key} in {self._where}") for row in rows]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise TypeError
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(each) for each in _list(value))


def _transition(value: object) -> Transition:
    return Transition(_text(value))


def _severity(value: object) -> Severity:
    return Severity[_text(value)]


def _time(value: object) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)


def _evidence(value: object) -> Evidence:
    if not isinstance(value, dict):
        raise TypeError
    return {str(key): each for key, each in value.items() if isinstance(each, (str, bool, int, float))}
