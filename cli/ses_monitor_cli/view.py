"""What there is to show, whether it was just looked at or is stored: the same for the terminal and for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ses_monitor.audit.once import Report
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

    @property
    def regions_verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts alone."""
        return tuple(region.verdict for region in self.regions)


def of_reports(reports: Iterable[Report], skipped: Iterable[str]) -> View:
    """Show what was just looked at."""
    known = tuple(reports)
    findings = (
        FindingView(
            check_id=each.check_id,
            tag=each.finding.tag,
            severity=each.finding.severity,
            region=report.region,
            subject=each.finding.subject,
            text=each.finding.text,
            cause=each.finding.cause,
            steps=each.finding.steps,
            evidence=each.finding.evidence,
        )
        for report in known
        for each in report.findings
    )
    regions = (RegionView(each.region, each.verdict.verdict, each.verdict.causes, each.account) for each in known)
    return _ordered(regions, findings, (one for each in known for one in each.unseen), skipped)


def of_table(
    states: Iterable[RegionState], stored: Iterable[Stored], unseen: Iterable[Unseen], skipped: Iterable[str]
) -> View:
    """Show what the table holds."""
    findings = (
        FindingView(
            check_id=each.check_id,
            tag=each.tag,
            severity=each.severity,
            region=each.region,
            subject=each.subject,
            text=each.text,
            cause=each.cause,
            steps=each.steps,
            evidence=each.evidence,
            finding_id=each.finding_id,
            since=each.opened_at or each.first_seen,
        )
        for each in stored
    )
    regions = (
        RegionView(state.region, state.verdict, state.causes, state.account, state.verdict_since) for state in states
    )
    return _ordered(regions, findings, unseen, skipped)


def _ordered(
    regions: Iterable[RegionView],
    findings: Iterable[FindingView],
    unseen: Iterable[Unseen],
    skipped: Iterable[str],
) -> View:
    return View(
        regions=tuple(sorted(regions, key=lambda each: each.region)),
        findings=tuple(
            sorted(findings, key=lambda each: (-each.severity, each.region, each.check_id, each.tag, each.subject))
        ),
        unseen=tuple(sorted(unseen, key=lambda each: (each.region, each.check_id, each.subject, each.reason))),
        skipped=tuple(sorted(skipped)),
    )
