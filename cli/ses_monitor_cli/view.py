"""What there is to show, whether it was just looked at or is stored: the same for the terminal and for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ses_monitor.audit.dns_once import Found, Proven
from ses_monitor.audit.once import Report
from ses_monitor.audit.once_identities import Coverage
from ses_monitor.core.check import Evidence, Step
from ses_monitor.core.model import Severity
from ses_monitor.core.region_state import AccountFacts, RegionState, Unseen
from ses_monitor.core.stored import Stored
from ses_monitor.core.verdict import Cause, Verdict


@dataclass(frozen=True, slots=True)
class RegionView:
    """One region. `since` is None where nobody knows since when, as after a single look."""

    region: str
    verdict: Verdict
    causes: tuple[Cause, ...]
    account: AccountFacts | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding. `finding_id` and `since` are there where it is stored."""

    check_id: str
    tag: str
    severity: Severity
    region: str
    subject: str
    text: str
    cause: str
    steps: tuple[Step, ...]
    evidence: Evidence
    finding_id: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Everything, in an order that stays the same from one run to the next."""

    regions: tuple[RegionView, ...]
    findings: tuple[FindingView, ...]
    unseen: tuple[Unseen, ...]
    skipped: tuple[str, ...]
    coverage: tuple[Coverage, ...] = ()

    @property
    def regions_verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts alone."""
        return tuple(region.verdict for region in self.regions)


@dataclass(frozen=True, slots=True)
class ProofView:
    """What the DNS proof of one domain found, and what it could not decide."""

    findings: tuple[FindingView, ...]
    unseen: tuple[Unseen, ...]


def of_proof(proven: Proven) -> ProofView:
    """Show the DNS proof of one domain."""
    view = _ordered((), _found(proven.findings, proven.claim.region), proven.unseen, ())
    return ProofView(view.findings, view.unseen)


def of_reports(reports: Iterable[Report], skipped: Iterable[str]) -> View:
    """Show what was just looked at."""
    known = tuple(reports)
    findings = (each for report in known for each in _found(report.findings, report.region))
    regions = (RegionView(each.region, each.verdict.verdict, each.verdict.causes, each.account) for each in known)
    view = _ordered(regions, findings, (one for each in known for one in each.unseen), skipped)
    return replace(view, coverage=tuple(sorted((each.coverage for each in known), key=lambda each: each.region)))


def of_table(
    states: Iterable[RegionState], stored: Iterable[Stored], unseen: Iterable[Unseen], skipped: Iterable[str]
) -> View:
    """Show what the table holds."""
    return _ordered(map(of_state, states), map(of_stored, stored), unseen, skipped)


def of_state(state: RegionState) -> RegionView:
    """Show a region as the table holds it."""
    return RegionView(state.region, state.verdict, state.causes, state.account, state.verdict_since)


def of_stored(stored: Stored) -> FindingView:
    """Show a finding as the table holds it."""
    return FindingView(
        check_id=stored.check_id,
        tag=stored.tag,
        severity=stored.severity,
        region=stored.region,
        subject=stored.subject,
        text=stored.text,
        cause=stored.cause,
        steps=stored.steps,
        evidence=stored.evidence,
        finding_id=stored.finding_id,
        since=stored.opened_at or stored.first_seen,
    )


def by_urgency(findings: Iterable[FindingView]) -> tuple[FindingView, ...]:
    """Return findings in the order in which they are told: the worst first."""
    return tuple(
        sorted(findings, key=lambda each: (-each.severity, each.region, each.check_id, each.tag, each.subject))
    )


def _found(findings: Iterable[Found], region: str) -> Iterator[FindingView]:
    for each in findings:
        yield FindingView(
            check_id=each.check_id,
            tag=each.finding.tag,
            severity=each.finding.severity,
            region=region,
            subject=each.finding.subject,
            text=each.finding.text,
            cause=each.finding.cause,
            steps=each.finding.steps,
            evidence=each.finding.evidence,
        )


def _ordered(
    regions: Iterable[RegionView],
    findings: Iterable[FindingView],
    unseen: Iterable[Unseen],
    skipped: Iterable[str],
) -> View:
    return View(
        regions=tuple(sorted(regions, key=lambda each: each.region)),
        findings=by_urgency(findings),
        unseen=tuple(sorted(unseen, key=lambda each: (each.region, each.check_id, each.subject, each.reason))),
        skipped=tuple(sorted(skipped)),
    )
