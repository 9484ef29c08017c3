"""An audit of the accounts in figures: the log lines that the dashboard is drawn from. They name regions and tags only.

Lines instead of metrics: an own metric costs $0.30 a month, and each of these would be one for every region.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from ses_monitor.audit.accounts import Outcome
from ses_monitor.core.region_state import AccountFacts, RegionState
from ses_monitor.core.verdict import Verdict

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics

NOT_SEEN = "could not look"
"""What stands for a cause without a tag."""


def report(outcome: Outcome, logger: Logger, metrics: Metrics) -> dict[str, int]:
    """Log and count what an audit came to: a line for each region in use, and one for the run. Return the latter.

    An idle region has a line only when it has become one: most regions of most accounts are idle all the time.
    """
    if outcome.crashes:  # a metric costs what it costs from its first figure on, and its alarm needs no zeros
        metrics.add_metric("ChecksCrashed", "Count", outcome.crashes)
    run = outcome.run
    unseen = Counter(each.region for each in run.unseen)
    for state in outcome.states:
        if state.verdict is not Verdict.IDLE or state.verdict_since == run.started_at:
            logger.info("Region", extra=figures_of(state, run.started_at) | {"unseen": unseen[state.region]})
    summary = {each: len(getattr(run, each)) for each in ("regions", "skipped", "unseen")}
    summary |= {each: getattr(run, each) for each in ("changes", "conflicts", "duration_ms")}
    verdicts = Counter(state.verdict for state in outcome.states)
    summary |= {verdict.lower(): verdicts[verdict] for verdict in Verdict}
    logger.info("Audited", extra=summary)
    return summary


def figures_of(state: RegionState, now: datetime) -> dict[str, str | int | float]:
    """Return one region flat. What is not known now is left out: an old figure would look like a new one."""
    figures: dict[str, str | int | float] = {
        "region": state.region,
        "verdict": state.verdict.value,
        "since": state.verdict_since.strftime("%Y-%m-%d %H:%M"),
        "causes": len(state.causes),
        "why": (state.causes[0].tag or NOT_SEEN) if state.causes else "",
    }
    account, hourly = state.account, state.hourly
    if account is not None and account.seen_at == now and (used := quota_percent(account)) is not None:
        figures["quota_percent"] = used
    if hourly is not None and hourly.bounce_rate is not None:
        figures["bounce_percent"] = round(100 * hourly.bounce_rate, 3)
    if hourly is not None and hourly.complaint_rate is not None:
        figures["complaint_percent"] = round(100 * hourly.complaint_rate, 4)
    return figures


def quota_percent(account: AccountFacts) -> float | None:
    """Return how much of the daily quota is used; None where SES did not say, or there is no limit (-1)."""
    sent, limit = account.sent_last_24_hours, account.max_24_hours
    if sent is None or limit is None or limit <= 0:
        return None
    return round(100 * sent / limit, 1)
