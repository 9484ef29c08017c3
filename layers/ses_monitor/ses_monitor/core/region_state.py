"""What the table keeps of a region between audits: its verdict, what it remembers, and what is dear to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ses_monitor.core.model import Memory
from ses_monitor.core.verdict import Cause, Verdict

READ_AGAIN_AFTER = timedelta(hours=1)
"""CloudWatch charges per metric asked for, and SES allows one list request a second: hourly is often enough."""


@dataclass(frozen=True, slots=True)
class HourlyFacts:
    """Facts read at most once an hour. `None` means: not applicable here, or no data. Rates are fractions."""

    read_at: datetime
    sent_recently: bool | None = None
    has_verified_identity: bool | None = None
    bounce_rate: float | None = None
    complaint_rate: float | None = None
    busiest_minute: float | None = None
    reputation_read: bool = False

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether these may still be used at `now` (UTC)."""
        return timedelta(0) <= now - self.read_at < READ_AGAIN_AFTER


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The last account facts that could be read, flat, for people. `None` means SES did not say."""

    seen_at: datetime
    production_access: bool | None = None
    sending_enabled: bool | None = None
    enforcement: str | None = None
    review_status: str | None = None
    max_24_hours: float | None = None
    max_per_second: float | None = None
    sent_last_24_hours: float | None = None
    suppressed_reasons: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RegionState:
    """One region as the last audit left it.

    `verdict_since` is when this verdict was first given in a row. `baselined` names the audits whose first run
    in this region is done. `identity_causes` are the worst of what the audit of identities found, which `causes` and
    `verdict` include. `revision` guards writes; it is 0 for a state that was never stored.
    """

    region: str
    verdict: Verdict
    verdict_since: datetime
    causes: tuple[Cause, ...] = ()
    account: AccountFacts | None = None
    memory: Memory = field(default_factory=Memory)
    hourly: HourlyFacts | None = None
    baselined: frozenset[str] = frozenset()
    identity_causes: tuple[Cause, ...] = ()
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something an audit could not decide, and why."""

    check_id: str
    region: str
    subject: str
    why: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of an audit: what it covered, what it could not see, and what came of it. Duration in ms.

    `complete` says that every region's account could be read.
    """

    function: str
    started_at: datetime
    duration_ms: int
    regions: tuple[str, ...]
    skipped: tuple[str, ...]
    unseen: tuple[Unseen, ...]
    changes: int
    conflicts: int
    complete: bool
