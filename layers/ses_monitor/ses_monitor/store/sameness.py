"""When two looks at a region are the same to whoever reads the table: what changes at every look is not news. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ses_monitor.core.region_state import AccountFacts, RegionState
from ses_monitor.core.verdict import Cause
from ses_monitor.store.state_codec import MOST_CAUSES, cause_values

CONFIRM_AFTER = timedelta(hours=1)
"""How old "last seen" and the figures in the causes' texts may get in the table."""
SENT_STEP = 0.05
"""Fraction of the daily quota (of the larger figure, where there is no daily limit) that counts as a difference."""


def same_account(new: AccountFacts, old: AccountFacts) -> bool:
    """Tell whether both say the same of an account, but for when it was seen and small steps of what was sent."""
    aligned = replace(new, seen_at=old.seen_at, sent_last_24_hours=old.sent_last_24_hours)
    return aligned == old and not _steps_apart(new, old)


def same_to_people(new: RegionState, old: RegionState) -> bool:
    """Tell whether `new` shows people, and the next audit, nothing that `old` does not."""
    aligned = replace(
        new,
        causes=old.causes,
        identity_causes=old.identity_causes,
        account=old.account,
        revision=old.revision,
    )
    same_causes = _seen(new.causes) == _seen(old.causes) and _seen(new.identity_causes) == _seen(old.identity_causes)
    return aligned == old and same_causes and _same_look(new.account, old.account)


def _same_look(new: AccountFacts | None, old: AccountFacts | None) -> bool:
    if new is None or old is None:
        return new is old
    return same_account(new, old) and new.seen_at - old.seen_at < CONFIRM_AFTER


def _steps_apart(new: AccountFacts, old: AccountFacts) -> bool:
    if new.sent_last_24_hours is None or old.sent_last_24_hours is None:
        return new.sent_last_24_hours is not old.sent_last_24_hours
    limit = new.max_24_hours
    if limit is None or limit <= 0:
        limit = max(new.sent_last_24_hours, old.sent_last_24_hours)
    apart = abs(new.sent_last_24_hours - old.sent_last_24_hours)
    return apart > 0 and apart >= SENT_STEP * limit


def _seen(causes: tuple[Cause, ...]) -> list[dict[str, object]]:
    """Return causes as they are stored, without the texts that carry figures; one of blindness is its text."""
    stored = [cause_values(cause) for cause in causes[:MOST_CAUSES]]
    return [{name: value for name, value in each.items() if name != "text" or not each["tag"]} for each in stored]
