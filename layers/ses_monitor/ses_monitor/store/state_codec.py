"""What regions, their accounts, audit runs and mutes look like as items."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ses_monitor.core.model import Memory
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, HourlyFacts, RegionState, RunRecord, Unseen
from ses_monitor.core.verdict import Cause, Verdict
from ses_monitor.store import item as items
from ses_monitor.store import keys
from ses_monitor.store.codec import epoch, instant_or_none, known, read_severity, severity_values
from ses_monitor.store.item import Fields, UnstorableError, clip, instant, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

RUN_DAYS = 30
MOST_UNSEEN = 150
"""Kept in a run's record: enough to find the cause, far below DynamoDB's 400 KB."""
MOST_CAUSES = 50
MOST_NAMES = 100
LONGEST_LINE = 500
"""Bytes of one subject, cause or reason in a state or a record."""
LONGEST_NAME = 100
"""Bytes of the name of a region, a check or an AWS status."""
LONGEST_PATTERN = 2048


def region_item(state: RegionState) -> Item:
    """Return the item of a region's state, its causes the weightiest first."""
    values = {
        "region": state.region,
        "verdict": state.verdict.value,
        "verdict_since": instant(state.verdict_since),
        "causes": [cause_values(cause) for cause in state.causes[:MOST_CAUSES]],
        "account": None if state.account is None else account_values(state.account),
        "memory": {
            "production_access_seen": instant_or_none(state.memory.production_access_seen),
            "review_pending_since": instant_or_none(state.memory.review_pending_since),
        },
        "hourly": None if state.hourly is None else _hourly_values(state.hourly),
        "baselined": sorted(state.baselined),
        "identity_causes": [cause_values(cause) for cause in state.identity_causes[:MOST_CAUSES]],
        "revision": state.revision,
    }
    return to_item(keys.region(state.region), values)


def read_region(item: Mapping[str, Any]) -> RegionState:
    """Read a region's state; a verdict this version does not know is UNKNOWN."""
    fields = Fields.of(item)
    account, memory, hourly = fields.inside("account"), fields.inside("memory"), fields.inside("hourly")
    return RegionState(
        region=fields.need("region", items.text),
        verdict=known(Verdict, fields.need("verdict", items.text), Verdict.UNKNOWN),
        verdict_since=fields.need("verdict_since", items.time),
        causes=tuple(_read_cause(row) for row in fields.rows("causes")),
        account=None if account is None else _read_account(account),
        memory=Memory() if memory is None else _read_memory(memory),
        hourly=None if hourly is None else _read_hourly(hourly),
        baselined=frozenset(fields.have("baselined", items.texts, ())),
        identity_causes=tuple(_read_cause(row) for row in fields.rows("identity_causes")),
        revision=fields.need("revision", items.whole),
    )


def cause_values(cause: Cause) -> dict[str, object]:
    """Return one cause of a verdict."""
    return {
        "tag": cause.tag,
        **severity_values(cause.severity),
        "subject": clip(cause.subject, LONGEST_LINE),
        "text": clip(cause.text, LONGEST_LINE),
    }


def _read_cause(row: Fields) -> Cause:
    return Cause(
        tag=row.have("tag", items.text, ""),
        severity=read_severity(row),
        subject=row.need("subject", items.text),
        text=row.need("text", items.text),
    )


def _read_memory(fields: Fields) -> Memory:
    return Memory(
        production_access_seen=fields.have("production_access_seen", items.time, None),
        review_pending_since=fields.have("review_pending_since", items.time, None),
    )


def _hourly_values(hourly: HourlyFacts) -> dict[str, object]:
    return {
        "read_at": instant(hourly.read_at),
        "sent_recently": hourly.sent_recently,
        "has_verified_identity": hourly.has_verified_identity,
        "bounce_rate": _finite(hourly.bounce_rate),
        "complaint_rate": _finite(hourly.complaint_rate),
        "busiest_minute": _finite(hourly.busiest_minute),
        "reputation_read": hourly.reputation_read,
    }


def _read_hourly(fields: Fields) -> HourlyFacts:
    return HourlyFacts(
        read_at=fields.need("read_at", items.time),
        sent_recently=fields.have("sent_recently", items.flag, None),
        has_verified_identity=fields.have("has_verified_identity", items.flag, None),
        bounce_rate=fields.have("bounce_rate", items.number, None),
        complaint_rate=fields.have("complaint_rate", items.number, None),
        busiest_minute=fields.have("busiest_minute", items.number, None),
        reputation_read=fields.have("reputation_read", items.flag, False),
    )


def account_values(account: AccountFacts) -> dict[str, object]:
    """Return the facts of an account; what SES did not say is left out."""
    reasons = account.suppressed_reasons
    return {
        "seen_at": instant(account.seen_at),
        "production_access": account.production_access,
        "sending_enabled": account.sending_enabled,
        "enforcement": _line_or_none(account.enforcement),
        "review_status": _line_or_none(account.review_status),
        "max_24_hours": _finite(account.max_24_hours),
        "max_per_second": _finite(account.max_per_second),
        "sent_last_24_hours": _finite(account.sent_last_24_hours),
        "suppressed_reasons": None if reasons is None else _lines(reasons),
    }


def account_item(region: str, account: AccountFacts, history_days: int) -> Item:
    """Return the item of what an account looked like at one time."""
    expires_at = epoch(account.seen_at + timedelta(days=history_days))
    values = account_values(account) | {"region": region, "expires_at": expires_at}
    return to_item(keys.account(region, account.seen_at), values)


def read_account(item: Mapping[str, Any]) -> AccountFacts:
    """Read what an account looked like at one time."""
    return _read_account(Fields.of(item))


def _read_account(fields: Fields) -> AccountFacts:
    return AccountFacts(
        seen_at=fields.need("seen_at", items.time),
        production_access=fields.have("production_access", items.flag, None),
        sending_enabled=fields.have("sending_enabled", items.flag, None),
        enforcement=fields.have("enforcement", items.text, None),
        review_status=fields.have("review_status", items.text, None),
        max_24_hours=fields.have("max_24_hours", items.number, None),
        max_per_second=fields.have("max_per_second", items.number, None),
        sent_last_24_hours=fields.have("sent_last_24_hours", items.number, None),
        suppressed_reasons=fields.have("suppressed_reasons", items.texts, None),
    )


def mute_item(mute: Mute) -> Item:
    """Return the item of a mute; TTL takes it away some time after it ended.

    Raises UnstorableError where a field is too long: cut short it would match other findings.
    """
    matching = (mute.mute_id, mute.tag, mute.check_id, mute.region, mute.subject)
    if any(len(each.encode(errors="replace")) > LONGEST_PATTERN for each in matching):
        msg = f"a field of a mute is longer than {LONGEST_PATTERN} bytes"
        raise UnstorableError(msg)
    values = {
        "mute_id": mute.mute_id,
        "owner": clip(mute.owner, LONGEST_LINE),
        "reason": clip(mute.reason, LONGEST_LINE),
        "until": instant(mute.expires_at),
        "tag": mute.tag or None,
        "check": mute.check_id or None,
        "region": mute.region or None,
        "subject": mute.subject or None,
        "created_at": instant_or_none(mute.created_at),
        "expires_at": math.ceil(mute.expires_at.timestamp()),
    }
    return to_item(keys.mute(mute.mute_id), values)


def read_mute(item: Mapping[str, Any]) -> Mute:
    """Read a mute."""
    fields = Fields.of(item)
    return Mute(
        mute_id=fields.need("mute_id", items.text),
        owner=fields.need("owner", items.text),
        reason=fields.need("reason", items.text),
        expires_at=fields.need("until", items.time),
        tag=fields.have("tag", items.text, ""),
        check_id=fields.have("check", items.text, ""),
        region=fields.have("region", items.text, ""),
        subject=fields.have("subject", items.text, ""),
        created_at=fields.have("created_at", items.time, None),
    )


def run_item(run: RunRecord) -> Item:
    """Return the item of a run. What does not fit of `unseen` is counted in its last row."""
    values = {
        "function": run.function,
        "started_at": instant(run.started_at),
        "duration_ms": run.duration_ms,
        "regions": _lines(run.regions),
        "skipped": _lines(run.skipped),
        "unseen": [_unseen_values(each) for each in most_telling(run.unseen, MOST_UNSEEN)],
        "unseen_count": len(run.unseen),
        "changes": run.changes,
        "conflicts": run.conflicts,
        "complete": run.complete,
        "expires_at": epoch(run.started_at + timedelta(days=RUN_DAYS)),
    }
    return to_item(keys.run(run.function, run.started_at, run.regions), values)


def read_run(item: Mapping[str, Any]) -> RunRecord:
    """Read a run's record."""
    fields = Fields.of(item)
    return RunRecord(
        function=fields.need("function", items.text),
        started_at=fields.need("started_at", items.time),
        duration_ms=fields.need("duration_ms", items.whole),
        regions=fields.have("regions", items.texts, ()),
        skipped=fields.have("skipped", items.texts, ()),
        unseen=tuple(_read_unseen(row) for row in fields.rows("unseen")),
        changes=fields.have("changes", items.whole, 0),
        conflicts=fields.have("conflicts", items.whole, 0),
        complete=fields.need("complete", items.flag),
    )


def most_telling(unseen: Sequence[Unseen], most: int) -> list[Unseen]:
    """Return at most `most`, each region in turn so that none hides the others, and a last row for the rest."""
    if len(unseen) <= most:
        return list(unseen)
    queues: dict[str, deque[Unseen]] = {}
    for each in unseen:
        queues.setdefault(each.region, deque()).append(each)
    kept: list[Unseen] = []
    while len(kept) < most - 1:
        for queue in queues.values():
            if queue and len(kept) < most - 1:
                kept.append(queue.popleft())
    left_out = len(unseen) - len(kept)
    return [*kept, Unseen("*", "*", "*", "left_out", f"{left_out} more are not kept in this record")]


def _unseen_values(unseen: Unseen) -> dict[str, object]:
    return {
        "check": clip(unseen.check_id, LONGEST_NAME),
        "region": clip(unseen.region, LONGEST_NAME),
        "subject": clip(unseen.subject, LONGEST_LINE),
        "why": clip(unseen.why, LONGEST_NAME),
        "reason": clip(unseen.reason, LONGEST_LINE),
    }


def _read_unseen(row: Fields) -> Unseen:
    return Unseen(
        check_id=row.need("check", items.text),
        region=row.need("region", items.text),
        subject=row.need("subject", items.text),
        why=row.need("why", items.text),
        reason=row.need("reason", items.text),
    )


def _lines(names: Sequence[str]) -> list[str]:
    return [clip(each, LONGEST_NAME) for each in names[:MOST_NAMES]]


def _line_or_none(text: str | None) -> str | None:
    return None if text is None else clip(text, LONGEST_NAME)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
