"""One region's audit after the reading is done: checks, changes, verdict, and what to remember. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ses_monitor import checks
from ses_monitor.core.baseline import open_after
from ses_monitor.core.check import Check
from ses_monitor.core.engine import Evaluation, run
from ses_monitor.core.memory import remember
from ses_monitor.core.model import Account, Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, HourlyFacts, RegionState, Unseen
from ses_monitor.core.settle import Rules, Settlement, settle
from ses_monitor.core.stored import Stored
from ses_monitor.core.verdict import Cause, RegionVerdict, Verdict, judge

FAMILIES = ("account", "region")
"""The first parts of the ids of the checks that this audit runs."""
BASELINE = "accounts"


@dataclass(frozen=True, slots=True)
class RegionAudit:
    """What one region's audit came to. `first`: nothing was told of this region by this audit before."""

    snapshot: Snapshot
    evaluations: tuple[Evaluation, ...]
    settlement: Settlement
    verdict: RegionVerdict
    state: RegionState
    first: bool
    open_after: tuple[Stored, ...]

    @property
    def unseen(self) -> tuple[Unseen, ...]:
        """What could not be decided although somebody asked."""
        return unseen(self.snapshot.region, self.evaluations)


def account_checks() -> tuple[Check[Any], ...]:
    """Return the checks of this audit."""
    return checks.of_scopes(Scope.ACCOUNT, Scope.REGION)


def audit_region(
    snapshot: Snapshot,
    stored: Iterable[Stored],
    before: RegionState | None,
    hourly: HourlyFacts | None,
    mutes: Sequence[Mute] = (),
) -> RegionAudit:
    """Audit what was collected against what is stored. `before` is None for a region never audited."""
    running = account_checks()
    known = tuple(stored)
    evaluations = tuple(run(running, snapshot))
    diagnoses = checks.diagnoses(running)
    # A region that cannot be read has no baseline yet: that it cannot is told like anything else.
    first = isinstance(snapshot.account, Known) and (before is None or BASELINE not in before.baselined)
    rules = Rules(
        # What a retired check left open belongs to this audit too, or nobody would ever close it.
        ran=frozenset(check.id for check in running) | {each.check_id for each in known},
        diagnoses=diagnoses,
        mutes=mutes,
        first_audit=first,
    )
    settlement = settle(snapshot, known, evaluations, rules)
    verdict = judge(snapshot, evaluations, known, diagnoses)
    return RegionAudit(
        snapshot=snapshot,
        evaluations=evaluations,
        settlement=settlement,
        verdict=verdict,
        state=_state(snapshot, verdict, before, hourly),
        first=first,
        open_after=tuple(open_after(known, settlement)),
    )


def close_region(
    account_id: str, region: str, now: datetime, stored: Iterable[Stored], mutes: Sequence[Mute]
) -> Settlement:
    """Close what is open in a region that is audited no more: nothing is mended, there is nothing to look at."""
    known = tuple(stored)
    rules = Rules(frozenset(each.check_id for each in known), checks.diagnoses(account_checks()), mutes)
    return settle(Snapshot(account_id, region, now), known, (), rules)


def unseen(region: str, evaluations: Iterable[Evaluation]) -> tuple[Unseen, ...]:
    """List what could not be decided, except what was not asked because it does not apply."""
    return tuple(
        Unseen(evaluation.check_id, region, evaluation.subject, missing.why.value, missing.reason)
        for evaluation in evaluations
        for missing in evaluation.missing()
        if missing.why is not Blindness.NOT_APPLICABLE
    )


def _state(
    snapshot: Snapshot, verdict: RegionVerdict, before: RegionState | None, hourly: HourlyFacts | None
) -> RegionState:
    now = snapshot.taken_at
    state = before or RegionState(snapshot.region, verdict.verdict, now)
    seen = isinstance(snapshot.account, Known)
    verdict = _and_identities(verdict, state.identity_causes)
    return replace(
        state,
        verdict=verdict.verdict,
        verdict_since=state.verdict_since if state.verdict is verdict.verdict else now,
        causes=verdict.causes,
        account=facts_of(snapshot.account.value, snapshot) if isinstance(snapshot.account, Known) else state.account,
        memory=remember(snapshot),
        hourly=hourly,
        baselined=state.baselined | {BASELINE} if seen else state.baselined,
    )


def with_identities(state: RegionState, were: Iterable[Cause], now: datetime) -> RegionState:
    """Return `state` with a verdict that its `identity_causes` are part of, in the place of those that `were`."""
    old = frozenset(were)
    own = tuple(cause for cause in state.causes if cause not in old)
    at_risk = state.verdict is Verdict.AT_RISK and not any(cause.severity >= Severity.WARNING for cause in own)
    verdict = Verdict.DELIVERS if at_risk else state.verdict
    judged = _and_identities(RegionVerdict(state.region, verdict, own), state.identity_causes)
    since = state.verdict_since if judged.verdict is state.verdict else now
    return replace(state, verdict=judged.verdict, verdict_since=since, causes=judged.causes)


def _and_identities(verdict: RegionVerdict, causes: tuple[Cause, ...]) -> RegionVerdict:
    """An identity that cannot send puts its region at risk. It stops no other identity, so it does no more."""
    if not causes:
        return verdict
    if verdict.verdict not in {Verdict.DELIVERS, Verdict.AT_RISK}:
        return replace(verdict, causes=(*verdict.causes, *causes))
    together = sorted((*verdict.causes, *causes), key=lambda cause: -cause.severity)
    return replace(verdict, verdict=Verdict.AT_RISK, causes=tuple(together))


def facts_of(account: Account, snapshot: Snapshot) -> AccountFacts:
    """Flatten what was read of an account for people; what SES did not say is None."""
    quota = account.quota.value if isinstance(account.quota, Known) else None
    review = account.review.value if isinstance(account.review, Known) else None
    reasons = account.suppressed_reasons
    return AccountFacts(
        seen_at=snapshot.taken_at,
        production_access=_flag(account.production_access),
        sending_enabled=_flag(account.sending_enabled),
        enforcement=account.enforcement.value if isinstance(account.enforcement, Known) else None,
        review_status=review.status if review else None,
        max_24_hours=quota.max_24_hours if quota else None,
        max_per_second=quota.max_per_second if quota else None,
        sent_last_24_hours=quota.sent_last_24_hours if quota else None,
        suppressed_reasons=tuple(sorted(reasons.value)) if isinstance(reasons, Known) else None,
    )


def _flag(fact: Observed[bool]) -> bool | None:
    return None if isinstance(fact, Missing) else fact.value
