"""The shape of every key of the table and its two indexes, in one place: docs/queries.md shows them to people."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ses_monitor.core.model import Severity

OPEN_INDEX = "gsi1"
"""Only open findings are in it, the worst first."""
ENTITY_INDEX = "gsi2"
"""Open findings by subject; changes by finding; identities by region."""

OPEN = "OPEN"
REGIONS = "REGION"
MUTES = "MUTE"
BASELINES = "CHANGE#baseline"
IDENTITY_RUNS = "IDENTITY_RUN"
UNPARSED = "UNPARSED"
NOBODY = "-"
"""Where the key of a recipient would be, of what SES told without naming one."""

LONGEST_SORT_KEY = 1024
"""Bytes. DynamoDB: 1024 for a sort key, 2048 for a partition key."""
LONGEST_NAME = 700
"""Bytes of one outside name in a key; leaves the rest of a sort key to a region, a check id and a tag."""
LONGEST_TOPIC = 200
"""Bytes of the second outside name of a sort key."""

_SHORTENED = "…sha256="


@dataclass(frozen=True, slots=True)
class Key:
    """Where an item is."""

    pk: str
    sk: str


def moment(at: datetime) -> str:
    """Return an instant for a key: UTC and of fixed width, so that the order of strings is the order of time."""
    if at.tzinfo is None:
        msg = f"{at.isoformat()} has no time zone"
        raise ValueError(msg)
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def name(text: str) -> str:
    """Return an outside name for a key; one too long is cut and told apart by its digest.

    The name itself is an attribute of the item, whole: nothing is ever read back from a key. What UTF-8 cannot say
    (a lone surrogate) becomes "?".
    """
    raw = text.encode(errors="replace")
    if len(raw) <= LONGEST_NAME and _SHORTENED not in text:
        return raw.decode()
    return _shortened(text)


def _shortened(text: str) -> str:
    start = text[:80].encode(errors="replace").decode()
    return start + _SHORTENED + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def family_of(check_id: str) -> str:
    """Return the family a check belongs to: its id up to the first dot."""
    return check_id.partition(".")[0]


def findings(family: str) -> str:
    """Return the partition of a family's findings."""
    return f"FINDING#{family}"


def finding(region: str, check_id: str, subject: str, tag: str) -> Key:
    """Return the key of a finding, the same each time it opens."""
    return _checked(Key(findings(family_of(check_id)), f"{region}#{check_id}#{name(subject)}#{tag}"))


def rank(severity: Severity) -> str:
    """Return two digits that sort the worst first, with room for levels between today's."""
    return f"{100 - severity:02d}"


def in_order_of_urgency(severity: Severity, opened_at: datetime, finding_id: str) -> str:
    """Return the place of an open finding among all that are open."""
    return f"{rank(severity)}#{moment(opened_at)}#{finding_id}"


def just_below(severity: Severity) -> str:
    """Return what every finding at or above `severity` sorts before."""
    return f"{101 - severity:02d}"


def subject(text: str) -> str:
    """Return the partition, in the entity index, of what is open on a subject in any region."""
    return f"SUBJECT#{name(text)}"


def on_subject(region: str, check_id: str, tag: str) -> str:
    """Return the place of an open finding among those of its subject."""
    return f"{region}#{check_id}#{tag}"


def changes(region: str) -> str:
    """Return the partition of a region's changes. The stream's filter is on this prefix: keep it to changes."""
    return f"CHANGE#{region}"


def change(region: str, at: datetime, change_id: str) -> Key:
    """Return the key of a change."""
    return Key(changes(region), f"{moment(at)}#{change_id}")


def baseline(baseline_id: str) -> Key:
    """Return the key of the summary of a first audit; under the prefix of changes, so that the stream tells it."""
    return Key(BASELINES, baseline_id)


def replacement(was_finding_id: str, at: datetime, change_id: str) -> Key:
    """Return the key of the copy of a change that ends the history of the finding it replaced."""
    return Key(f"REPLACED#{was_finding_id}", f"{moment(at)}#{change_id}")


def history(finding_id: str) -> str:
    """Return the partition, in the entity index, of a finding's changes."""
    return f"HISTORY#{finding_id}"


def region(region_name: str) -> Key:
    """Return the key of a region's state."""
    return Key(REGIONS, region_name)


def identity_regions(identity: str) -> str:
    """Return the partition of an identity's states, one for each region it is in."""
    return f"IDENTITY#{name(identity)}"


def identity(identity_name: str, region_name: str) -> Key:
    """Return the key of an identity's state in one region."""
    return Key(identity_regions(identity_name), region_name)


def identities(region_name: str) -> str:
    """Return the partition, in the entity index, of a region's identities."""
    return f"IDENTITIES#{region_name}"


def identity_run(region_name: str) -> Key:
    """Return the key of how far the audit of a region's identities has come."""
    return Key(IDENTITY_RUNS, region_name)


def mute(mute_id: str) -> Key:
    """Return the key of a mute."""
    return _checked(Key(MUTES, name(mute_id)))


def runs(function: str) -> str:
    """Return the partition of a function's runs."""
    return f"RUN#{function}"


def run(function: str, started_at: datetime, regions: Sequence[str] = ()) -> Key:
    """Return the key of a run. One of a single region has it in its key: many of them may start at once."""
    at = moment(started_at)
    return _checked(Key(runs(function), f"{at}#{name(regions[0])}" if len(regions) == 1 else at))


def accounts(region_name: str) -> str:
    """Return the partition of what a region's account looked like over time."""
    return f"ACCOUNT#{region_name}"


def account(region_name: str, seen_at: datetime) -> Key:
    """Return the key of one such look."""
    return Key(accounts(region_name), moment(seen_at))


def told(channel: str, finding_id: str) -> Key:
    """Return the key of the version of a finding that a channel was told last."""
    return _checked(Key(f"TOLD#{name(channel)}", f"FINDING#{name(finding_id)}"))


def thread(channel: str, conversation: str, root: str) -> Key:
    """Return the key of a message that others follow in its thread, and of what it shows."""
    return _checked(Key(f"THREAD#{name(channel)}#{name(conversation)}", name(root)))


def alert(alert_id: str, channel: str) -> Key:
    """Return the key of the delivery of an alert to a channel."""
    return _checked(Key(f"ALERT#{name(alert_id)}", name(channel)))


def slots(channel: str) -> Key:
    """Return the key of what a channel was told within the last minute."""
    return _checked(Key(f"SLOTS#{name(channel)}", "RECENT"))


def bucket(at: datetime) -> str:
    """Return the half minute that `at` is in; the marks of what happened in it lie together."""
    utc = at.astimezone(UTC)
    day = f"{utc.year:04d}-{utc.month:02d}-{utc.day:02d}"
    return f"{day}T{utc.hour:02d}:{utc.minute:02d}:{utc.second // 30 * 30:02d}Z"


def seen(bucket_name: str) -> str:
    """Return the partition of a bucket's packs of marks."""
    return f"SEEN#{bucket_name}"


def pack(bucket_name: str, number: int) -> Key:
    """Return the key of one pack of a bucket's chain."""
    return Key(seen(bucket_name), f"{number:04d}")


def recipient(recipient_key: str) -> str:
    """Return the partition of what happened to a recipient's mail; by `RecipientNames.key`, empty for nobody."""
    return f"RECIPIENT#{name(recipient_key) or NOBODY}"


def outcome(recipient_key: str, sent_at: datetime, outcome_id: str) -> Key:
    """Return the key of one outcome for a recipient: the same however often it is told."""
    return Key(recipient(recipient_key), f"{moment(sent_at)}#{outcome_id}")


def events(region_name: str) -> str:
    """Return the partition, in the entity index, of a region's outcomes."""
    return f"EVENTS#{name(region_name)}"


def hour(at: datetime) -> str:
    """Return the clock hour that `at` is in."""
    utc = at.astimezone(UTC)
    return f"{utc.year:04d}-{utc.month:02d}-{utc.day:02d}T{utc.hour:02d}:00Z"


def counts(region_name: str, counted_by: str, counted_name: str) -> str:
    """Return the partition of somebody's counters, one item an hour."""
    return f"COUNTS#{name(region_name)}#{counted_by}#{name(counted_name)}"


def hour_of_cause(hour_name: str, cause: str) -> str:
    """Return the place of what one cause did in an hour, among the counters of all causes."""
    return f"{hour_name}#{name(cause)}"


def through(hour_name: str) -> str:
    """Return what sorts after everything of an hour, each cause's counters too, and before the next hour."""
    return f"{hour_name}~"


def notices(region_name: str) -> str:
    """Return the partition of what AWS said in a region."""
    return f"NOTICE#{name(region_name)}"


def notices_of(notice_name: str) -> str:
    """Return what the sort keys of a resource's notices begin with."""
    return f"{name(notice_name)}#"


def notice(region_name: str, notice_name: str, kind: str, topic: str) -> Key:
    """Return the key of what AWS said last of a resource, on one topic."""
    short = topic if len(topic.encode(errors="replace")) <= LONGEST_TOPIC else _shortened(topic)
    return _checked(Key(notices(region_name), f"{notices_of(notice_name)}{kind}#{name(short)}"))


def unparsed(received_at: datetime, message_id: str) -> Key:
    """Return the key of a message that could not be read."""
    return Key(UNPARSED, f"{moment(received_at)}#{name(message_id)}")


def _checked(key: Key) -> Key:
    if len(key.sk.encode()) > LONGEST_SORT_KEY:
        msg = f"a sort key of {len(key.sk.encode())} bytes; DynamoDB takes {LONGEST_SORT_KEY}"
        raise ValueError(msg)
    return key
