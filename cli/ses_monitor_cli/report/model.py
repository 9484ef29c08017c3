"""What the report shows, worked out from what the table holds. Pure; bounded, so that every page can be opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ses_monitor.audit.overdue import is_overdue
from ses_monitor.checks.feedback import sends_of
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RegionState, RunRecord, Unseen
from ses_monitor.core.stored import Stored
from ses_monitor.core.traffic import HOUR, Sender, Tally, Window, hour_of
from ses_monitor_cli.answer import answer
from ses_monitor_cli.choosing import muting, silences
from ses_monitor_cli.details import summary
from ses_monitor_cli.identities import is_in_order
from ses_monitor_cli.lateness import how_late
from ses_monitor_cli.view import FindingView, View, by_urgency, of_stored, of_table

MOST_IDENTITIES = 200
"""Rows of the matrix."""
MOST_FINDINGS = 100
"""Findings told with their steps."""
MOST_UNSEEN = 100
MOST_MUTES = 100
BY_THE_HOUR = 2
"""Days up to which a point of a plot is an hour; beyond that it is a day."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Read:
    """What the table held, of the chosen regions."""

    account: str
    named: str
    at: datetime
    days: int
    chosen: tuple[str, ...]
    states: tuple[RegionState, ...]
    runs: tuple[RunRecord, ...]
    stored: tuple[Stored, ...]
    mutes: tuple[Mute, ...]
    identities: Mapping[str, Sequence[IdentityState]]
    traffic: Mapping[str, Sender]
    accounts: Mapping[str, Sequence[AccountFacts]]


@dataclass(frozen=True, slots=True)
class Row:
    """One identity of the matrix: its state in each region it is in."""

    name: str
    cells: Mapping[str, IdentityState]

    @property
    def is_in_order(self) -> bool:
        """Whether it is in order wherever it is."""
        return all(map(is_in_order, self.cells.values()))


@dataclass(frozen=True, slots=True)
class Open:
    """An open finding, and the mute that silences it."""

    finding: FindingView
    mute: Mute | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """What was counted from `start` (UTC) on: an hour or a day. Nothing counted is not the same as a rate of zero.

    `quota_used` is the highest share of the day's quota in that time, None where no look at the account tells.
    """

    start: datetime
    sent: int | None
    hard_bounces: int
    complaints: int
    refused: int
    quota_used: float | None = None

    @property
    def bounce_rate(self) -> float | None:
        """The share of hard bounces; None where it is not known how much was sent."""
        return self.hard_bounces / self.sent if self.sent else None

    @property
    def complaint_rate(self) -> float | None:
        """The share of complaints; None where it is not known how much was sent."""
        return self.complaints / self.sent if self.sent else None


@dataclass(frozen=True, slots=True)
class Course:
    """How one region went, point after point, without gaps."""

    region: str
    points: tuple[Point, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was sent, bounced, complained of or refused, and no quota was used."""
        return not any(
            each.sent or each.hard_bounces or each.complaints or each.refused or each.quota_used for each in self.points
        )


@dataclass(frozen=True, slots=True)
class Report:
    """All that is shown. The numbers beside a list count those that are left out of it."""

    account: str
    named: str
    at: datetime
    days: int
    by_the_hour: bool
    chosen: tuple[str, ...]
    sentence: str
    late: str
    view: View
    runs: tuple[RunRecord, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    more_rows: int
    findings: tuple[Open, ...]
    more_findings: int
    unseen: tuple[Unseen, ...]
    more_unseen: int
    mutes: tuple[tuple[Mute, int], ...]
    more_mutes: int
    courses: tuple[Course, ...]
    quiet: tuple[str, ...]
    """Regions without anything to plot."""


def build(read: Read) -> Report:
    """Work out the report."""
    last = read.runs[0] if read.runs else None
    regions = {state.region for state in read.states} | set(read.chosen)
    unseen = [each for each in last.unseen if not read.chosen or each.region in regions] if last else []
    skipped = [each for each in last.skipped if not read.chosen or each in regions] if last else []
    view = of_table(read.states, read.stored, unseen, skipped)
    found = _found(read)
    rows = _rows(read.identities)
    shown = rows[:MOST_IDENTITIES]
    columns = tuple(sorted({region for row in shown for region in row.cells}))
    courses = [_course(region, read) for region in sorted({state.region for state in read.states} | set(read.traffic))]
    late = how_late(read.runs, read.at) if is_overdue(read.runs, read.at) else ""
    return Report(
        account=read.account,
        named=read.named,
        at=read.at,
        days=read.days,
        by_the_hour=read.days <= BY_THE_HOUR,
        chosen=read.chosen,
        sentence=_sentence(view, read.runs),
        late=late[:1].upper() + late[1:],
        view=view,
        runs=read.runs,
        columns=columns,
        rows=shown,
        more_rows=len(rows) - len(shown),
        findings=found[:MOST_FINDINGS],
        more_findings=max(len(found) - MOST_FINDINGS, 0),
        unseen=view.unseen[:MOST_UNSEEN],
        more_unseen=max(len(view.unseen) - MOST_UNSEEN, 0),
        mutes=tuple(
            (mute, sum(silences(mute, each, read.at) for each in read.stored)) for mute in read.mutes[:MOST_MUTES]
        ),
        more_mutes=max(len(read.mutes) - MOST_MUTES, 0),
        courses=tuple(each for each in courses if not each.is_empty),
        quiet=tuple(each.region for each in courses if each.is_empty),
    )


def _sentence(view: View, runs: Sequence[RunRecord]) -> str:
    if not view.regions and not runs:
        return "Nothing is known yet: no audit has run."
    found = summary(view.findings)
    return f"{answer(view)} {f'Open: {found}.' if found else 'Nothing is open.'}"


def _found(read: Read) -> tuple[Open, ...]:
    mutes = {of_stored(each).finding_id: muting(read.mutes, each, read.at) for each in read.stored}
    return tuple(Open(each, mutes.get(each.finding_id)) for each in by_urgency(map(of_stored, read.stored)))


def _rows(identities: Mapping[str, Sequence[IdentityState]]) -> tuple[Row, ...]:
    """Return the matrix: what is not in order first, then by name."""
    cells: dict[str, dict[str, IdentityState]] = {}
    for region, states in identities.items():
        for state in states:
            cells.setdefault(state.name, {})[region] = state
    rows = (Row(name, found) for name, found in cells.items())
    return tuple(sorted(rows, key=lambda row: (row.is_in_order, row.name)))


def _course(region: str, read: Read) -> Course:
    sender = read.traffic.get(region) or Sender("account", {})
    step = HOUR if read.days <= BY_THE_HOUR else DAY
    first = start_of(read.at, read.days)
    points: list[Point] = []
    while first + len(points) * step <= read.at:
        start = first + len(points) * step
        points.append(_point(sender, start, start + step))
    quota = _quota(read.accounts.get(region, ()), first, step)
    return Course(region, tuple(replace(each, quota_used=quota.get(number)) for number, each in enumerate(points)))


def start_of(at: datetime, days: int) -> datetime:
    """Return where plots begin: at midnight (UTC), so that days are days; for a day or two at the full hour."""
    hour = hour_of(at)
    return hour - days * DAY if days <= BY_THE_HOUR else hour.replace(hour=0) - (days - 1) * DAY


def _point(sender: Sender, start: datetime, end: datetime) -> Point:
    inside = Sender(sender.name, {hour: counts for hour, counts in sender.hours.items() if start <= hour < end})
    window: Window = inside.window(start)
    return Point(
        start,
        sends_of(window) or None,
        window[Tally.HARD_BOUNCES],
        window[Tally.COMPLAINTS],
        window[Tally.REJECTIONS],
    )


def _quota(looks: Iterable[AccountFacts], first: datetime, step: timedelta) -> dict[int, float]:
    used: dict[int, float] = {}
    for look in looks:
        if look.seen_at < first or look.sent_last_24_hours is None or not look.max_24_hours or look.max_24_hours < 0:
            continue
        number = int((look.seen_at - first) / step)
        used[number] = max(used.get(number, 0.0), look.sent_last_24_hours / look.max_24_hours)
    return used
