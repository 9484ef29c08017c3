"""What findings and their changes look like as items: readable in the console, and read back strictly.

Values this version does not know (an older version may read what a newer one wrote) become the nearest it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from ses_monitor.core.check import Evidence, Step
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Baseline, Change, Phase, Stored, Transition, finding_id
from ses_monitor.store import item as items
from ses_monitor.store import keys
from ses_monitor.store.item import Fields, UnstorableError, clip, instant, to_item, whole_or_nothing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

E = TypeVar("E", bound=StrEnum)

WATCHED_DAYS = 7
"""How long a streak that nobody counts any further is kept: longer than any audit's pause."""


ROOM_FOR_CHANGES = 350 * 1024
"""Bytes of a first audit's summary; DynamoDB's limit is 400 KB an item."""


class Longest:
    """Bytes, and numbers of things, kept of each part of an item. Together they stay under DynamoDB's 400 KB."""

    SUBJECT = 64 * 1024
    TEXT = 4096
    NAME = 256
    STEPS = 12
    STEP_TEXT = 2048
    COMMAND = 8192
    URL = 2048
    EVIDENCE = 40
    EVIDENCE_NAME = 128
    EVIDENCE_TEXT = 2048


def epoch(at: datetime) -> int:
    """Return whole seconds since 1970, as TTL wants them."""
    return int(at.timestamp())


def is_expired(item: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether an item is over although TTL has not deleted it yet; deletion may take days."""
    expires_at = Fields.of(item).have("expires_at", items.whole, None)
    return expires_at is not None and expires_at < epoch(now)


def finding_item(stored: Stored, history_days: int) -> Item:
    """Return the item of a finding. Only an open one is in the indexes, and only an open one never expires."""
    key = keys.finding(stored.region, stored.check_id, stored.subject, stored.tag)
    values = _about(stored) | {
        "phase": stored.phase.value,
        "seen": stored.seen,
        "absent": stored.absent,
        "first_seen": instant(stored.first_seen),
        "opened_at": instant_or_none(stored.opened_at),
        "written_at": instant(stored.written_at),
        "flaps": stored.flaps or None,
        "told_at": instant_or_none(stored.told_at),
        "unheard": stored.unheard or None,
        "heard_before": stored.heard_before or None,
    }
    if stored.phase is Phase.OPEN:
        began = stored.opened_at or stored.first_seen
        values |= {
            "gsi1pk": keys.OPEN,
            "gsi1sk": keys.in_order_of_urgency(stored.severity, began, stored.finding_id),
            "gsi2pk": keys.subject(stored.subject),
            "gsi2sk": keys.on_subject(stored.region, stored.check_id, stored.tag),
        }
    else:
        days = WATCHED_DAYS if stored.phase is Phase.WATCHED else history_days
        values["expires_at"] = epoch(stored.written_at + timedelta(days=days))
    return to_item(key, values)


def read_finding(item: Mapping[str, Any]) -> Stored:
    """Read a finding. In a phase this version does not know it counts as open where the open index has it."""
    fields = Fields.of(item)
    at_rest = Phase.OPEN if "gsi1pk" in fields else Phase.RESOLVED
    return Stored(
        region=fields.need("region", items.text),
        check_id=fields.need("check", items.text),
        subject=fields.need("subject", items.text),
        tag=fields.need("tag", items.text),
        severity=read_severity(fields),
        phase=known(Phase, fields.need("phase", items.text), at_rest),
        version=fields.need("version", items.whole),
        seen=fields.have("seen", items.whole, 0),
        absent=fields.have("absent", items.whole, 0),
        first_seen=fields.need("first_seen", items.time),
        opened_at=fields.have("opened_at", items.time, None),
        written_at=fields.need("written_at", items.time),
        text=fields.need("text", items.text),
        cause=fields.have("cause", items.text, ""),
        steps=_read_steps(fields),
        evidence=_read_evidence(fields),
        flaps=fields.have("flaps", items.whole, 0),
        told_at=fields.have("told_at", items.time, None),
        unheard=fields.have("unheard", items.flag, False),
        heard_before=fields.have("heard_before", items.flag, False),
    )


def change_items(change: Change, history_days: int) -> tuple[Item, ...]:
    """Return the item of a change, and a copy that ends the history of another finding which it replaced.

    A change belongs to the finding that is there now. Whoever asks for the history of the one it replaced would
    see it open and never end: nothing leads from an old tag to the new one. The copy lies outside CHANGE#, so
    that the stream does not tell it twice.
    """
    at = keys.moment(change.at)
    values = _change_values(change) | {
        "gsi2pk": keys.history(change.finding_id),
        "gsi2sk": at,
        "expires_at": epoch(change.at + timedelta(days=history_days)),
    }
    item = to_item(keys.change(change.region, change.at, change.change_id), values)
    if not change.was_tag or change.was_tag == change.tag:
        return (item,)
    was = finding_id(change.region, change.check_id, change.subject, change.was_tag)
    copy = values | {"gsi2pk": keys.history(was)}
    return (item, to_item(keys.replacement(was, change.at, change.change_id), copy))


def _change_values(change: Change) -> dict[str, object]:
    return _about(change) | {
        "change_id": change.change_id,
        "account_id": clip(change.account_id, Longest.NAME),
        "transition": change.transition.value,
        "closes": change.transition.closes,
        "at": instant(change.at),
        "since": instant(change.since),
        "was_tag": change.was_tag or None,
        **(severity_values(change.was_severity, "was_severity") if change.was_severity is not None else {}),
        "baseline": change.baseline,
        "muted_by": clip(change.muted_by, Longest.NAME) or None,
        "flaps": change.flaps or None,
    }


def baseline_item(baseline: Baseline, history_days: int) -> Item:
    """Return the item of a first audit's summary: as many of its changes as an item holds, the rest counted."""
    rows: list[dict[str, object]] = []
    room = ROOM_FOR_CHANGES
    for change in baseline.changes:
        row = _change_values(change)
        room -= sum(len(name) + 8 + len(str(value).encode("utf-8", "replace")) for name, value in row.items())
        if room < 0:
            break
        rows.append(row)
    values = {
        "account_id": clip(baseline.account_id, Longest.NAME),
        "at": instant(baseline.at),
        "changes": rows,
        "more": baseline.more + len(baseline.changes) - len(rows),
        "expires_at": epoch(baseline.at + timedelta(days=history_days)),
    }
    return to_item(keys.baseline(baseline.baseline_id), values)


def is_baseline(item: Mapping[str, Any]) -> bool:
    """Tell whether an item of the stream is a first audit's summary."""
    return Fields.of(item).have("pk", items.text, "") == keys.BASELINES


def read_baseline(item: Mapping[str, Any]) -> Baseline:
    """Read the summary of a first audit, from the table or from its stream."""
    fields = Fields.of(item)
    return Baseline(
        account_id=fields.need("account_id", items.text),
        at=fields.need("at", items.time),
        changes=tuple(_read_change(row) for row in fields.rows("changes")),
        more=fields.have("more", items.whole, 0),
    )


def read_change(item: Mapping[str, Any]) -> Change:
    """Read a change, from the table or from its stream.

    A transition this version does not know counts as RESOLVED where it closes its finding, else as OPENED.
    """
    return _read_change(Fields.of(item))


def _read_change(fields: Fields) -> Change:
    closes = fields.have("closes", items.flag, False)
    unknown = Transition.RESOLVED if closes else Transition.OPENED
    return Change(
        account_id=fields.need("account_id", items.text),
        region=fields.need("region", items.text),
        check_id=fields.need("check", items.text),
        subject=fields.need("subject", items.text),
        tag=fields.need("tag", items.text),
        severity=read_severity(fields),
        transition=known(Transition, fields.need("transition", items.text), unknown),
        version=fields.need("version", items.whole),
        at=fields.need("at", items.time),
        since=fields.need("since", items.time),
        text=fields.need("text", items.text),
        cause=fields.have("cause", items.text, ""),
        steps=_read_steps(fields),
        evidence=_read_evidence(fields),
        was_tag=fields.have("was_tag", items.text, ""),
        was_severity=read_severity(fields, "was_severity") if "was_severity" in fields else None,
        baseline=fields.have("baseline", items.flag, False),
        muted_by=fields.have("muted_by", items.text, ""),
        flaps=fields.have("flaps", items.whole, 0),
    )


def severity_values(severity: Severity, name: str = "severity") -> dict[str, object]:
    """Return a severity by name, for people, and by level, for versions that do not know the name."""
    return {name: severity.name, f"{name}_level": severity.value}


def read_severity(fields: Fields, name: str = "severity") -> Severity:
    """Read a severity; one this version does not know becomes the worst known one that is no worse."""
    called = fields.need(name, items.text)
    if called in Severity.__members__:
        return Severity[called]
    level = fields.need(f"{name}_level", items.number)
    return max((each for each in Severity if each <= level), default=Severity.INFO)


def known(kind: type[E], value: str, otherwise: E) -> E:
    """Return the member that `value` stands for, or `otherwise` where this version has none."""
    return kind(value) if value in set(kind) else otherwise


def _about(finding: Stored | Change) -> dict[str, object]:
    if len(finding.subject.encode()) > Longest.SUBJECT:
        msg = f"a subject of {len(finding.subject)} characters for {finding.check_id}"
        raise UnstorableError(msg)
    return {
        "finding_id": finding.finding_id,
        "region": finding.region,
        "check": finding.check_id,
        "subject": finding.subject,
        "tag": finding.tag,
        **severity_values(finding.severity),
        "version": finding.version,
        "text": clip(finding.text, Longest.TEXT),
        "cause": clip(finding.cause, Longest.TEXT),
        "steps": [_step(step) for step in finding.steps[: Longest.STEPS]],
        "evidence": _evidence(finding.evidence),
    }


def _step(step: Step) -> dict[str, object]:
    return {
        "text": clip(step.text, Longest.STEP_TEXT),
        "command": whole_or_nothing(step.command, Longest.COMMAND) or None,
        "url": whole_or_nothing(step.url, Longest.URL) or None,
    }


def _evidence(evidence: Evidence) -> dict[str, object]:
    return {
        clip(name, Longest.EVIDENCE_NAME): clip(value, Longest.EVIDENCE_TEXT) if isinstance(value, str) else value
        for name, value in list(evidence.items())[: Longest.EVIDENCE]
    }


def _read_steps(fields: Fields) -> tuple[Step, ...]:
    return tuple(
        Step(
            row.need("text", items.text),
            row.have("command", items.text, ""),
            row.have("url", items.text, ""),
        )
        for row in fields.rows("steps")
    )


def _read_evidence(fields: Fields) -> Evidence:
    return fields.have(
        "evidence", lambda value: {name: items.scalar(each) for name, each in items.mapping(value).items()}, {}
    )


def instant_or_none(at: datetime | None) -> str | None:
    """Return an instant for people, where there is one."""
    return None if at is None else instant(at)
