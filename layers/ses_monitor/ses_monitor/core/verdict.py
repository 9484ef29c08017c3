"""One word per region: can SES deliver a stranger's mail from here right now, and why not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ses_monitor.core.check import Diagnosis, Impact
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.model import Severity, Snapshot
from ses_monitor.core.observed import Blindness, Missing
from ses_monitor.core.policy import damp
from ses_monitor.core.stored import Phase, Stored


class Verdict(StrEnum):
    """The answer for one region."""

    DELIVERS = "DELIVERS"
    AT_RISK = "AT_RISK"
    """Mail leaves, but something of WARNING or above is open."""
    SANDBOX = "SANDBOX"
    """In use, but only verified recipients get mail."""
    BLOCKED = "BLOCKED"
    IDLE = "IDLE"
    """SES is not used here."""
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for a verdict. `tag` is empty where the reason is that something could not be seen."""

    tag: str
    severity: Severity
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class RegionVerdict:
    """A verdict with its causes, the weightiest first."""

    region: str
    verdict: Verdict
    causes: tuple[Cause, ...]


_WEIGHT = {Impact.REGION_STOPPED: 2, Impact.STRANGERS_REFUSED: 1, Impact.NONE: 0}


def judge(
    snapshot: Snapshot,
    evaluations: Iterable[Evaluation],
    stored: Iterable[Stored] = (),
    diagnoses: Mapping[str, Diagnosis] | None = None,
) -> RegionVerdict:
    """Judge a region from what was found now, and from what is still open where this audit could not look.

    A region whose account could not be read is UNKNOWN, unless something known already stops it.
    """
    before, seen = tuple(stored), tuple(evaluations)
    known = diagnoses or {}
    found: dict[tuple[str, str, str], tuple[Impact, Cause]] = {}
    decided: set[tuple[str, str]] = set()
    undecided: set[tuple[str, str, str]] = set()
    # What is held back says nothing yet, and what is held open still does: the verdict is that of the open findings.
    for evaluation in damp(before, seen, known).confirmed:
        subject = (evaluation.check_id, evaluation.subject)
        if evaluation.unknown is None:
            decided.add(subject)
        undecided |= {(*subject, tag) for tag in evaluation.undecided}
        for finding in evaluation.findings:
            cause = Cause(finding.tag, finding.severity, finding.subject, finding.text)
            found[*subject, finding.tag] = (finding.diagnosis.impact, cause)
    for each in before:
        key = (each.check_id, each.subject, each.tag)
        if each.phase is Phase.OPEN and (key in undecided or key[:2] not in decided):
            impact = known[each.tag].impact if each.tag in known else Impact.NONE
            found.setdefault(key, (impact, Cause(each.tag, each.severity, each.subject, each.text)))

    ordered = sorted(
        found.values(), key=lambda pair: (-_WEIGHT[pair[0]], -pair[1].severity, pair[1].tag, pair[1].subject)
    )
    verdict = _verdict(snapshot, ordered)
    causes = [cause for impact, cause in ordered if cause.severity >= Severity.WARNING or impact is not Impact.NONE]
    if verdict is Verdict.UNKNOWN:
        reasons = dict.fromkeys(missing.reason for missing in [*snapshot.blind_spots(), *_blind(seen)])
        causes += [Cause("", Severity.WARNING, snapshot.region, reason) for reason in reasons]
    return RegionVerdict(snapshot.region, verdict, tuple(causes))


def _blind(evaluations: Iterable[Evaluation]) -> Iterator[Missing]:
    for evaluation in evaluations:
        yield from (missing for missing in evaluation.missing() if missing.why is not Blindness.NOT_APPLICABLE)


def _verdict(snapshot: Snapshot, found: list[tuple[Impact, Cause]]) -> Verdict:
    impacts = {impact for impact, _ in found}
    if Impact.REGION_STOPPED in impacts:
        return Verdict.BLOCKED
    if isinstance(snapshot.account, Missing):
        return Verdict.UNKNOWN
    account = snapshot.account.value
    if Impact.STRANGERS_REFUSED in impacts:
        return Verdict.SANDBOX
    production = account.production_access
    others = (account.sending_enabled, account.enforcement, account.quota)
    # Each of them can stop every mail: "delivers" without one of them would be a guess.
    if isinstance(production, Missing) or any(isinstance(fact, Missing) for fact in others):
        return Verdict.UNKNOWN
    in_use = snapshot.in_use()
    if isinstance(in_use, Missing):
        if not production.value:
            return Verdict.UNKNOWN
    elif not in_use.value:
        return Verdict.IDLE
    if any(cause.severity >= Severity.WARNING for _, cause in found):
        return Verdict.AT_RISK
    return Verdict.DELIVERS
