"""Checks of what was counted from SES's events. Events open findings, an audit closes them; here is what they share.

All figures are our own. AWS computes its rates over other volumes, and says them itself (`account.reputation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ses_monitor.core.check import Conclusion, Diagnosis, Undecided
from ses_monitor.core.model import Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.traffic import HOUR, Sender, Tally, Window, hour_of

LONGEST_NAME = 150
"""Characters shown of a name beside other names, so that one of them cannot crowd out the rest."""

READS = frozenset({"dynamodb:Query"})
"""What was counted is in the table; SES is not asked."""

HOLDS = 0.8
"""An open finding holds down to this share of each of the figures that opened it."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a rate begins to be a finding of this severity: enough was sent, enough happened, and the rate is reached.

    The window reaches back `hours` full hours before the present one. For a finding that is open it reaches back
    `holds_hours`, so that a mailing every other hour is one finding, and not a new one each time.
    """

    severity: Severity
    hours: int
    holds_hours: int
    sends: int
    events: int
    rate: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted in one window. With `at_most`, no more than `sends` were sent, perhaps fewer."""

    start: datetime
    events: int
    sends: int
    at_most: bool

    def in_words(self, what: str, decimals: int) -> str:
        """Say how many of how many since when, and what share that is."""
        since = moment(self.start)
        share = f"{100 * self.events / self.sends:.{decimals}f} %"
        if self.at_most:
            return f"{self.events:,} {what} since {since}, of at most {self.sends:,} mails: at least {share}"
        return f"{self.events:,} {what} of {self.sends:,} mails since {since}: {share}"


@dataclass(frozen=True, slots=True)
class Spike:
    """A share of the sends that is too high. The diagnosis's text has {figures}; `lines` go from the highest down.

    `what` is the word for what is counted, `decimals` how exactly its rate is told in percent.
    """

    diagnosis: Diagnosis
    tally: Tally
    what: str
    decimals: int
    lines: Sequence[Line]

    def of(self, sender: Sender, snapshot: Snapshot) -> Iterator[Conclusion]:
        """Conclude where it reaches one of the lines.

        Undecided where so many would be a finding if little was sent, and how much was is not known.
        """
        unknown: list[tuple[Severity, Missing]] = []
        for line in self.lines:
            reached = self._reached(line, sender, snapshot)
            held = reached or self._reached(line, sender, snapshot, holding=True)
            if isinstance(held, Missing):
                unknown.append((line.severity, held))
            elif held is not None and reached is not None:
                # Whether it is worse than this may not be known: what is open as worse stays so.
                worse = {severity for severity, _ in unknown if severity > line.severity}
                for severity in worse:
                    yield self._on(held, severity, sender, snapshot, holds_only=True)
                yield self._on(held, line.severity, sender, snapshot, holds_only=False)
                return
            elif held is not None:
                yield self._on(held, line.severity, sender, snapshot, holds_only=True)
        if unknown:
            yield Undecided(frozenset({self.diagnosis.tag}), unknown[0][1])

    def _on(
        self, figures: Figures, severity: Severity, sender: Sender, snapshot: Snapshot, *, holds_only: bool
    ) -> Conclusion:
        return self.diagnosis.on(
            snapshot,
            sender.name,
            severity=severity,
            holds_only=holds_only,
            figures=figures.in_words(self.what, self.decimals),
            events=figures.events,
            sends=figures.sends,
        )

    def _reached(
        self, line: Line, sender: Sender, snapshot: Snapshot, *, holding: bool = False
    ) -> Figures | Missing | None:
        share = HOLDS if holding else 1.0
        hours = line.holds_hours if holding else line.hours
        window = sender.window(hour_of(snapshot.taken_at) - hours * HOUR)
        events = window[self.tally]
        if events < line.events * share:
            return None
        sends = sends_of(window)
        if sends is not None:
            reached = sends >= line.sends * share and is_share(events, sends, line.rate * share)
            return Figures(window.start, events, sends, at_most=False) if reached else None
        bound = sent_by_all(snapshot)
        if isinstance(bound, Missing):
            return Missing(bound.why, f"{SENDS_UNKNOWN}; {bound.reason}", bound.action)
        # SES's own figure comes a little later than its events.
        most = max(bound.value, events)
        if most >= line.sends * share and is_share(events, most, line.rate * share):
            return Figures(window.start, events, most, at_most=True)
        return Missing(Blindness.NO_DATA, SENDS_UNKNOWN)


SENDS_UNKNOWN = (
    "how much it sent is not known, so there is no rate:"
    " have its configuration set publish Send events to the feedback topic (ses-monitor enroll)"
)


def sends_of(window: Window) -> int | None:
    """Return how many recipients were sent to, as far as events tell; None where they do not.

    Often no Send events are published; then what was delivered and what bounced is what was sent. Where there are
    fewer sends than consequences of them, only a part of the mail has them published.
    """
    sends, delivered, bounced = window[Tally.SENDS], window[Tally.DELIVERIES], window[Tally.HARD_BOUNCES]
    if sends >= max(delivered, bounced, window[Tally.COMPLAINTS]):
        return sends
    return delivered + bounced if delivered >= window[Tally.COMPLAINTS] and delivered else None


def sent_by_all(snapshot: Snapshot) -> Observed[int]:
    """Return what the whole region sent in 24 hours: one identity of it cannot have sent more."""
    if isinstance(snapshot.account, Missing):
        return snapshot.account
    quota = snapshot.account.value.quota
    return quota if isinstance(quota, Missing) else Known(int(quota.value.sent_last_24_hours))


def is_share(events: int, sends: int, rate: float) -> bool:
    """Tell whether `events` are at least `rate` of `sends`; 0.05 x 0.8 is a little more than 0.04 to a computer."""
    return sends == 0 or events / sends >= rate - 1e-12


def moment(at: datetime) -> str:
    """Write a time of day as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
