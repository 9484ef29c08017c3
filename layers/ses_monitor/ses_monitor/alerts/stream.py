"""Read a batch of the table's stream: what changed, and an alert for each record that cannot be read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.group import group, summary, unreadable
from ses_monitor.core.stored import Baseline, Change
from ses_monitor.store import codec, keys
from ses_monitor.store.item import UnreadableItemError

Decode = Callable[[Mapping[str, Any]], Change | Baseline]

CHANGES = "CHANGE#"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch holds, in its order. `unreadable` are alerts already: they stand for the records themselves."""

    changes: tuple[Change, ...]
    baselines: tuple[Baseline, ...]
    unreadable: tuple[Alert, ...]

    def alerts(self) -> list[Alert]:
        """Return everything there is to tell."""
        first = [alert for alert in map(summary, self.baselines) if alert is not None]
        return [*self.unreadable, *group(self.changes), *first]


def decode_item(item: Mapping[str, Any]) -> Change | Baseline:
    """Read what a record under CHANGE# holds."""
    return codec.read_baseline(item) if codec.is_baseline(item) else codec.read_change(item)


def read_batch(event: Mapping[str, Any], now: datetime, decode: Decode = decode_item) -> Batch:
    """Read the newly written changes of a stream event; everything else in it is not for telling.

    A record that cannot be decoded would fail again in every attempt: raising would hold its shard for a day
    where the stream does not give up, and park only its position, not its content, where it does. So it becomes
    an alert that names the record, and what follows it is told.
    """
    read: list[Change | Baseline] = []
    alerts: list[Alert] = []
    for record in _new_changes(event):
        try:
            read.append(decode(record["dynamodb"]["NewImage"]))
        except UnreadableItemError as error:
            alerts.append(_unreadable(record, str(error), now))
        except Exception as error:  # noqa: BLE001 - whatever a damaged record does to the decoder, see above
            alerts.append(_unreadable(record, f"its content is not understood ({type(error).__name__})", now))
    return Batch(
        tuple(each for each in read if isinstance(each, Change)),
        tuple(each for each in read if isinstance(each, Baseline)),
        tuple(alerts),
    )


def _new_changes(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for record in event.get("Records", ()):
        if record.get("eventName") == "INSERT" and _key(record, "pk").startswith(CHANGES):
            yield record


def _key(record: Mapping[str, Any], name: str) -> str:
    return str(record.get("dynamodb", {}).get("Keys", {}).get(name, {}).get("S", ""))


def _unreadable(record: Mapping[str, Any], reason: str, now: datetime) -> Alert:
    pk, sk = _key(record, "pk"), _key(record, "sk")
    _, _, _, home, account_id, resource = [*str(record.get("eventSourceARN", "")).split(":", 5), *[""] * 6][:6]
    table = resource.removeprefix("table/").partition("/")[0]
    key = json.dumps({"pk": {"S": pk}, "sk": {"S": sk}})
    return unreadable(
        f"{pk} / {sk}",
        account_id=account_id or "unknown",
        region=(home if pk == keys.BASELINES else pk.removeprefix(CHANGES)) or "unknown",
        at=_written(record, now),
        reason=reason,
        command=shlex.join(["aws", "dynamodb", "get-item", "--region", home, "--table-name", table, "--key", key]),
    )


def _written(record: Mapping[str, Any], now: datetime) -> datetime:
    seconds = record.get("dynamodb", {}).get("ApproximateCreationDateTime")
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 < seconds < 10**11:
        return datetime.fromtimestamp(seconds, UTC)
    return now
