"""The daily quota counts recipients over a rolling 24 hours; over it, SES drops mail and keeps none of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ses_monitor.core.bands import Band, bands_of
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Impact, Step, Undecided
from ses_monitor.core.model import Quota, Scope, SendPoint, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Missing

POINT = timedelta(minutes=15)
"""The width of one point of GetSendStatistics."""
WINDOW = timedelta(hours=24)
RECENT = timedelta(hours=1)
"""The present rate is that of the last complete hour: shorter is noise, longer hides a mailing that just began."""

# A sender at its limit takes every recipient that the window frees: a hundredth below it, it is still at its limit.
USED_UP = (Band(opens=1.0, closes=0.99, label=Severity.CRITICAL),)
NEARLY = (
    Band(opens=0.95, closes=0.92, label=Severity.ERROR),
    Band(opens=0.80, closes=0.75, label=Severity.WARNING),
)

_RAISE = Step(
    "Ask for a higher quota in this region (Service Quotas, Amazon SES, sending quota):",
    url="https://{region}.console.aws.amazon.com/servicequotas/home/services/ses/quotas?region={region}",
)
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html"

QUOTA_EXHAUSTED = Diagnosis(
    tag="QUOTA_EXHAUSTED",
    severities=(Severity.CRITICAL,),
    message="The daily quota of SES in {region} is used up: {sent:,.0f} of {quota:,.0f} recipients in 24 h."
    " Further sends are refused.",
    cause="More was sent in the last 24 hours than the quota allows. The window rolls: room returns as"
    " yesterday's sends fall out of it. What was refused is not sent later by SES.",
    steps=(
        Step("Hold back what can wait, and queue refused mail for a retry."),
        _RAISE,
    ),
    impact=Impact.REGION_STOPPED,
    measures=True,
    references=(_REFERENCE,),
)
QUOTA_NEARLY_EXHAUSTED = Diagnosis(
    tag="QUOTA_NEARLY_EXHAUSTED",
    severities=(Severity.WARNING, Severity.ERROR),
    message="{percent:.0f} % of the daily quota of SES in {region} is used: {sent:,.0f} of {quota:,.0f} recipients"
    " in 24 h. {forecast}",
    cause="Sending has grown towards the quota of this region. Suppressed recipients count too.",
    steps=(
        Step("Spread or postpone bulk mail so that transactional mail keeps room."),
        _RAISE,
    ),
    measures=True,
    references=(_REFERENCE,),
)
QUOTA_WILL_RUN_OUT = Diagnosis(
    tag="QUOTA_WILL_RUN_OUT",
    severities=(Severity.WARNING,),
    message="At the present rate the daily quota of SES in {region} is used up at {at} UTC"
    " ({sent:,.0f} of {quota:,.0f} recipients used, {rate:,.0f} an hour).",
    cause="More is sent per hour now than falls out of the 24-hour window.",
    steps=(
        Step("Slow the present mailing down, or postpone the rest of it."),
        _RAISE,
    ),
    measures=True,
    references=(_REFERENCE,),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude the weightiest of the three that holds."""
    quota = snapshot.account.get().quota.get()
    if quota.unlimited:
        return
    sent, limit = quota.sent_last_24_hours, quota.max_24_hours
    for severity, holds_only in bands_of(quota.used, USED_UP):
        yield QUOTA_EXHAUSTED.on(snapshot, severity=severity, holds_only=holds_only, sent=sent, quota=limit)
        if not holds_only:
            return

    certain = False
    runs_out = _forecast(snapshot, quota)
    for severity, holds_only in bands_of(quota.used, NEARLY):
        certain = certain or not holds_only
        yield QUOTA_NEARLY_EXHAUSTED.on(
            snapshot,
            severity=severity,
            holds_only=holds_only,
            percent=quota.used * 100,
            sent=sent,
            quota=limit,
            forecast=_in_words(runs_out),
        )
    if certain:
        return
    if isinstance(runs_out, Missing):
        yield Undecided(frozenset({QUOTA_WILL_RUN_OUT.tag}), runs_out)
    elif runs_out is not None:
        at, rate = runs_out
        yield QUOTA_WILL_RUN_OUT.on(snapshot, at=f"{at:%Y-%m-%d %H:%M}", sent=sent, quota=limit, rate=rate)


def _forecast(snapshot: Snapshot, quota: Quota) -> tuple[datetime, float] | Missing | None:
    if not quota.worth_forecasting:
        return None
    if isinstance(snapshot.statistics, Missing):
        return snapshot.statistics
    now, points = snapshot.taken_at, snapshot.statistics.value
    if not any(point.attempts for point in points if now - WINDOW <= point.start < now):
        return Missing(
            Blindness.NO_DATA,
            f"SES counts sends of the last 24 h in {snapshot.region}, but its statistics show none yet",
            "ses:GetSendStatistics",
        )
    return runs_out_at(points, quota, now)


def runs_out_at(points: Sequence[SendPoint], quota: Quota, now: datetime) -> tuple[datetime, float] | None:
    """Return when the quota is used up at the present rate, with that rate (recipients an hour), or None.

    Walks the next 24 hours in 15-minute steps: each adds the present rate and frees what was sent 24 hours
    before it. The statistics count mails and lag a little; they are scaled to what SES counts against the quota.
    """
    window = [point for point in points if now - WINDOW <= point.start < now]
    counted = sum(point.attempts for point in window)
    if counted == 0:
        return None
    scale = quota.sent_last_24_hours / counted
    per_hour = sum(point.attempts for point in window if point.start >= now - RECENT) * scale
    if per_hour == 0:
        return None

    used = quota.sent_last_24_hours
    ahead = sorted(window, key=lambda point: point.start)
    freed = 0
    for step in range(1, WINDOW // POINT + 1):
        moment = now + step * POINT
        used += per_hour * (POINT / RECENT)
        while freed < len(ahead) and ahead[freed].start + POINT + WINDOW <= moment:
            used -= ahead[freed].attempts * scale
            freed += 1
        if used >= quota.max_24_hours:
            return moment, per_hour
    return None


def _in_words(runs_out: tuple[datetime, float] | Missing | None) -> str:
    if isinstance(runs_out, Missing):
        return "When it runs out could not be worked out."
    if runs_out is None:
        return "At the present rate it lasts for the next 24 hours."
    return f"At the present rate it is used up at {runs_out[0]:%H:%M} UTC."


CHECK = Check(
    id="account.quota",
    scope=Scope.ACCOUNT,
    title="The daily quota has room",
    needs=frozenset({"ses:GetAccount", "ses:GetSendStatistics"}),
    diagnoses=(QUOTA_EXHAUSTED, QUOTA_NEARLY_EXHAUSTED, QUOTA_WILL_RUN_OUT),
    evaluate=evaluate,
)
