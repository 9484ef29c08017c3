"""What a day comes to: verdicts, what opened and closed, what is open, what runs out, where nobody could look. Pure.

A digest is small: lists are bounded, and what is left out is counted. Nobody looking is never a quiet day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from ses_monitor.core.check import bounded
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute, muted_by
from ses_monitor.core.region_state import RegionState, RunRecord
from ses_monitor.core.stored import Change, Stored
from ses_monitor.core.traffic import Counts, Tally
from ses_monitor.core.verdict import Verdict

DAY = timedelta(hours=24)
SOON = timedelta(days=3)
"""How far ahead clocks are told of: as far as SES's longest, 72 hours."""
MUTES_SOON = timedelta(days=2)
ACCOUNTS_STALE = timedelta(minutes=90)
"""An account that audits did not read for so long was not seen. The table confirms once an hour that it was."""
IDENTITIES_STALE = timedelta(hours=3)
"""Identities that no audit has gone on with for so long were not seen: two or three plans went by."""
GAP = timedelta(hours=1)
"""Between two audits, this is no longer one that was late."""

MOST_LISTED = 10
MOST_NOT_READ = 5
MOST_REGIONS = 34
"""As many as SES has, and room for more."""
LONGEST_NAME = 120
LONGEST_WHY = 200

AUDITS = "the audits"
"""What `Day.not_read` calls the record of audits."""

_MOMENT = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d)\b")
_HOUR = re.compile(r"used up at (\d\d):(\d\d) UTC")
_WHAT_ENDS = {
    "VERIFICATION_PENDING": "SES stops looking, or the link expires",
    "VERIFICATION_REVOCATION_PENDING": "SES revokes it, and refuses its mail",
    "DKIM_PENDING": "SES stops looking for the DKIM records",
    "DKIM_REVOCATION_PENDING": "SES stops signing with DKIM",
    "QUOTA_WILL_RUN_OUT": "the daily quota is used up",
    "QUOTA_NEARLY_EXHAUSTED": "the daily quota is used up",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A region in use: its verdict, since when, and the weightiest cause (a tag, or words where it has none).

    `old` says that it is the answer of an audit long ago: the last ones could not look.
    """

    region: str
    verdict: str
    since: datetime
    tag: str
    text: str
    old: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in a line. `since` is when it opened; `at` when it closed, or else was seen."""

    finding_id: str
    region: str
    subject: str
    tag: str
    severity: Severity
    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Some:
    """The first of so many findings, and how many are left out."""

    first: tuple[Told, ...] = ()
    more: int = 0

    @property
    def count(self) -> int:
        """How many there are in all."""
        return len(self.first) + self.more


@dataclass(frozen=True, slots=True)
class Running:
    """A time that runs out at `ends`, and what happens then."""

    region: str
    subject: str
    ends: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Figures:
    """A region that sends, in figures. `None`: not known now, or, of the quota, without a limit.

    The rates are SES's own fractions. `counted` says whether feedback's counters could be read; they are of the last
    24 clock hours, in recipients; `refused` is of sends that SES refused.
    """

    region: str
    quota_used: float | None
    bounce_rate: float | None
    complaint_rate: float | None
    counted: bool
    sends: int = 0
    bounces: int = 0
    complaints: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """A mute in force: what it silences, who asked, why, and until when."""

    mute_id: str
    owner: str
    reason: str
    ends: datetime
    what: str
    soon: bool
    """Whether it ends within two days."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One day of one account, at `at` (UTC). `unseen` says, in sentences, where nobody could look: it comes first.

    `suppressed` counts open findings that mutes silence; they are in none of the lists.
    """

    account_id: str
    at: datetime
    unseen: tuple[str, ...]
    answers: tuple[Answer, ...]
    idle: int
    audits: int
    regions_audited: int
    regions_unseen: int
    opened: Some
    closed: Some
    open: Some
    by_severity: tuple[int, ...]
    """How many are open, the worst severity first."""
    running: tuple[Running, ...]
    running_more: int
    figures: tuple[Figures, ...]
    mutes: tuple[Silence, ...]
    mutes_more: int
    suppressed: int

    @property
    def worst(self) -> Severity | None:
        """The worst that is open and not muted; None where nothing is."""
        found = [s for s, count in zip(_worst_first(), self.by_severity, strict=False) if count]
        return found[0] if found else None

    @property
    def weight(self) -> Severity:
        """What to filter by: the worst that is open, and ERROR at least where nobody could look."""
        least = Severity.ERROR if self.unseen else Severity.INFO
        return max(self.worst or Severity.INFO, least)


@dataclass(frozen=True, slots=True)
class Day:
    """What the table knows of a day. `None` in `counted` is a region whose counters could not be read.

    `not_read` names, in words, the parts of the table that could not be read at all.
    """

    account_id: str
    at: datetime
    regions: Sequence[RegionState] = ()
    runs: Sequence[RunRecord] = ()
    overdue: bool = False
    identity_runs: Sequence[IdentityRun] = ()
    open: Sequence[Stored] = ()
    changes: Sequence[Change] = ()
    mutes: Sequence[Mute] = ()
    counted: Mapping[str, Counts | None] | None = None
    not_read: Sequence[str] = ()


def digest_of(day: Day) -> Digest:
    """Sum up a day."""
    heard = [each for each in day.open if not _muted(each, day)]
    stale = _stale(day)
    by_severity = Counter(each.severity for each in heard)
    opened, closed = _news(day)
    running = sorted(filter(None, (_running(each, day.at) for each in day.open)), key=lambda each: each.ends)
    in_use = sorted((each for each in day.regions if each.verdict is not Verdict.IDLE), key=_worst_answer)
    mutes = sorted((each for each in day.mutes if day.at < each.expires_at), key=lambda each: each.expires_at)
    seen = {region for run in day.runs if day.at - run.started_at <= DAY for region in run.regions}
    return Digest(
        account_id=bounded(day.account_id, 40),
        at=day.at,
        unseen=_unseen(day, stale),
        answers=tuple(_answer(each, old=each.region in stale) for each in in_use[:MOST_REGIONS]),
        idle=sum(each.verdict is Verdict.IDLE for each in day.regions),
        audits=sum(day.at - run.started_at <= DAY for run in day.runs),
        regions_audited=len(seen),
        regions_unseen=len(stale),
        opened=_some(sorted(opened, key=_worst_first_told)),
        closed=_some(sorted(closed, key=_worst_first_told)),
        open=_some(sorted((_of_stored(each, day.at) for each in heard), key=_worst_first_told)),
        by_severity=tuple(by_severity[severity] for severity in _worst_first()),
        running=tuple(running[:MOST_LISTED]),
        running_more=max(len(running) - MOST_LISTED, 0),
        figures=tuple(_figures(each, day, stale) for each in _sending(day))[:MOST_REGIONS],
        mutes=tuple(_silence(each, day.at) for each in mutes[:MOST_LISTED]),
        mutes_more=max(len(mutes) - MOST_LISTED, 0),
        suppressed=len(day.open) - len(heard),
    )


def _unseen(day: Day, stale: Sequence[str]) -> tuple[str, ...]:
    """Say where nobody could look, the gravest first. Each is a sentence."""
    parts = [bounded(part, 100) for part in day.not_read]
    said = [f"The table could not be asked for {part}: that is missing below." for part in parts[:MOST_NOT_READ]]
    if len(parts) > MOST_NOT_READ:
        said.append(f"Nor could it be asked for {len(parts) - MOST_NOT_READ} other things.")
    last = max((run.started_at for run in day.runs), default=None)
    if AUDITS in day.not_read:
        pass  # it was said already
    elif last is None:
        said.append("No audit of the accounts is on record: what follows is what was known before.")
    elif day.overdue:
        said.append(f"No audit of the accounts since {_clock(last)}: what follows is how it was then.")
    said += [f"No audit ran from {_clock(first)} to {_clock(then)}." for first, then in _gaps(day.runs, day.at)]
    if stale and (last is None or day.overdue) and len(stale) == len(day.regions):
        pass  # it was said of all of them
    elif stale:
        said.append(
            f"Could not be seen: {_names(stale)}. What follows of {'it' if len(stale) == 1 else 'them'} is old."
        )
    unknown = [each.region for each in day.regions if each.verdict is Verdict.UNKNOWN and each.region not in stale]
    if unknown:
        said.append(f"Not enough could be read for an answer in {_names(sorted(unknown))}.")
    if not unknown and not stale and (names := _not_read_last(day)):
        said.append(f"The last audit could not read the account of {_names(names)}.")
    known = {each.region for each in day.regions}
    late = [
        each.region
        for each in day.identity_runs
        if each.region in known and day.at - each.went_on_at > IDENTITIES_STALE
    ]
    if late:
        said.append(f"For more than 3 hours nobody has looked at the identities of {_names(sorted(late))}.")
    return tuple(said)


def _stale(day: Day) -> list[str]:
    """Name the regions whose account the last audits could not read; all of them where there was none for hours."""
    last = max((run.started_at for run in day.runs), default=day.at)
    if day.overdue and day.at - last > GAP:
        last = day.at
    return sorted(s.region for s in day.regions if s.account is None or last - s.account.seen_at > ACCOUNTS_STALE)


def _not_read_last(day: Day) -> list[str]:
    last = max(day.runs, key=lambda run: run.started_at, default=None)
    if last is None or last.complete:
        return []
    return sorted({each.region for each in last.unseen if each.check_id.startswith("account.")})


def _gaps(runs: Iterable[RunRecord], now: datetime) -> list[tuple[datetime, datetime]]:
    """Return the longest three times of the last day in which no audit ran."""
    starts = sorted(run.started_at for run in runs)
    between = list(pairwise(starts))
    # Some have the accounts audited less often than every five minutes.
    usual = timedelta(seconds=median((b - a).total_seconds() for a, b in between)) if between else GAP
    found = [(a, b) for a, b in between if b - a > max(GAP, 3 * usual) and now - b < DAY]
    return sorted(sorted(found, key=lambda gap: gap[0] - gap[1])[:3])


def _names(regions: Sequence[str]) -> str:
    shown = ", ".join(bounded(region, 40) for region in regions[:5])
    return f"{shown} and {len(regions) - 5} more" if len(regions) > 5 else shown


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _worst_first() -> list[Severity]:
    return sorted(Severity, reverse=True)


_ORDER = (Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.SANDBOX, Verdict.AT_RISK, Verdict.DELIVERS, Verdict.IDLE)


def _worst_answer(state: RegionState) -> tuple[int, str]:
    return _ORDER.index(state.verdict), state.region


def _answer(state: RegionState, *, old: bool) -> Answer:
    cause = state.causes[0] if state.causes else None
    return Answer(
        region=bounded(state.region, 40),
        verdict=state.verdict.value,
        since=state.verdict_since,
        tag=bounded(cause.tag, LONGEST_NAME) if cause and cause.tag else "",
        text=bounded(cause.text, LONGEST_WHY) if cause and not cause.tag else "",
        old=old,
    )


def _muted(each: Stored, day: Day) -> bool:
    return bool(
        muted_by(
            day.mutes,
            tag=each.tag,
            check_id=each.check_id,
            region=each.region,
            subject=each.subject,
            at=day.at,
            severity=each.severity,
        )
    )


def _news(day: Day) -> tuple[list[Told], list[Told]]:
    """Return what opened within the day and is open still, and what closed, by the last change of each finding.

    A finding that took another's place (a worse tag of the same check) opened no new trouble and closed none.
    """
    last: dict[str, Change] = {}
    opening: set[str] = set()
    for change in sorted(day.changes, key=lambda each: (each.at, each.version)):
        if not change.muted_by and day.at - DAY <= change.at <= day.at:
            last[change.finding_id] = change
            if not change.transition.closes and day.at - DAY <= change.since:
                opening.add(change.finding_id)
    still = {each.finding_id for each in day.open}
    opened = [_of_change(c) for name, c in last.items() if name in opening & still and not c.transition.closes]
    closed = [_of_change(c) for c in last.values() if c.transition.closes]
    return opened, closed


def _of_change(each: Change) -> Told:
    return _told(each, each.since, each.at)


def _of_stored(each: Stored, now: datetime) -> Told:
    return _told(each, each.opened_at or each.first_seen, now)


def _told(each: Change | Stored, since: datetime, at: datetime) -> Told:
    names = bounded(each.region, 40), bounded(each.subject, LONGEST_NAME), bounded(each.tag, LONGEST_NAME)
    return Told(each.finding_id, *names, each.severity, since, at)


def _worst_first_told(each: Told) -> tuple[int, datetime, str]:
    return -each.severity, each.since, each.finding_id


def _some(told: Sequence[Told]) -> Some:
    return Some(tuple(told[:MOST_LISTED]), max(len(told) - MOST_LISTED, 0))


def _running(each: Stored, now: datetime) -> Running | None:
    """Return the time that runs out in the next days, as the check that raised the finding worked it out."""
    what = _WHAT_ENDS.get(each.tag)
    ends = _ends(each)
    if ends is None or not now <= ends <= now + SOON:
        return None
    said = what or ("SES gives up on it" if each.check_id.startswith("identity.") else "its time is up")
    return Running(bounded(each.region, 40), bounded(each.subject, LONGEST_NAME), ends, said)


def _ends(each: Stored) -> datetime | None:
    """Read the end from the evidence: "until 2026-11-20 21:30 UTC at the latest", "used up at 21:30 UTC"."""
    given = each.evidence.get("at") if each.tag == "QUOTA_WILL_RUN_OUT" else each.evidence.get("until")
    if isinstance(given, str) and (found := _MOMENT.search(given)):
        try:
            return datetime.strptime(found[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        except ValueError:
            return None
    forecast = each.evidence.get("forecast")
    if isinstance(forecast, str) and (hour := _HOUR.search(forecast)) and int(hour[1]) < 24 and int(hour[2]) < 60:
        written = each.written_at.astimezone(UTC)
        ends = written.replace(hour=int(hour[1]), minute=int(hour[2]), second=0, microsecond=0)
        return ends if ends >= written else ends + DAY
    return None


def _sending(day: Day) -> list[RegionState]:
    """Return the regions in use that send, have counted anything, or whose counters could not be read; by name."""
    counted = day.counted or {}
    in_use = [each for each in day.regions if each.verdict is not Verdict.IDLE]
    found = [s for s in in_use if _sends(s) or counted.get(s.region, {}) is None or _any(counted, s)]
    return sorted(found, key=lambda each: each.region)


def _sends(state: RegionState) -> bool:
    return state.account is not None and bool(state.account.sent_last_24_hours)


def _any(counted: Mapping[str, Counts | None], state: RegionState) -> bool:
    return any((counted.get(state.region) or {}).values())


def _figures(state: RegionState, day: Day, stale: Collection[str]) -> Figures:
    """Return the figures of a region. What was not read lately is left out: an old figure looks like a new one."""
    account, hourly = state.account, state.hourly
    used = None
    if account is not None and state.region not in stale:
        sent, limit = account.sent_last_24_hours, account.max_24_hours
        used = sent / limit if sent is not None and limit is not None and limit > 0 else None
    fresh = hourly is not None and day.at - hourly.read_at <= IDENTITIES_STALE
    counts = (day.counted or {}).get(state.region)
    found = counts or {}
    return Figures(
        region=bounded(state.region, 40),
        quota_used=used,
        bounce_rate=hourly.bounce_rate if hourly is not None and fresh else None,
        complaint_rate=hourly.complaint_rate if hourly is not None and fresh else None,
        counted=counts is not None,
        sends=found.get(Tally.SENDS, 0),
        bounces=found.get(Tally.HARD_BOUNCES, 0) + found.get(Tally.OTHER_BOUNCES, 0),
        complaints=found.get(Tally.COMPLAINTS, 0),
        refused=found.get(Tally.REJECTIONS, 0) + found.get(Tally.REJECTS, 0),
    )


def _silence(mute: Mute, now: datetime) -> Silence:
    meant = (("tag", mute.tag), ("check", mute.check_id), ("region", mute.region), ("subject", mute.subject))
    what = ", ".join(f"{name} {value}" for name, value in meant if value) or "everything but what is CRITICAL"
    return Silence(
        bounded(mute.mute_id, 40),
        bounded(mute.owner, 60),
        bounded(mute.reason, LONGEST_NAME),
        mute.expires_at,
        bounded(what, LONGEST_WHY),
        mute.expires_at - now <= MUTES_SOON,
    )
