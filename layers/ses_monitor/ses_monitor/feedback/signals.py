"""Events are signals: they open findings and worsen them, and leave it to an audit to close them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ses_monitor.core.check import Diagnosis
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.observed import Blindness, Missing
from ses_monitor.core.stored import Phase, Stored

ONLY_AN_AUDIT_CLOSES = Missing(Blindness.NOT_APPLICABLE, "an event cannot tell that it is over; the next audit can")


def only_open(
    stored: Iterable[Stored], evaluations: Iterable[Evaluation], diagnoses: Mapping[str, Diagnosis]
) -> list[Evaluation]:
    """Return `evaluations` so reduced that `core.settle.settle` can only open and worsen with them.

    `stored` are the stored findings, in any phase, of exactly the checks and subjects that were evaluated. What was
    not found stays as it is, and so does what was found less bad than what is open of its kind.
    """
    before: dict[tuple[str, str], list[Stored]] = defaultdict(list)
    for each in stored:
        before[each.check_id, each.subject].append(each)
    return [_reduced(each, before[each.check_id, each.subject], diagnoses) for each in evaluations]


def _reduced(evaluation: Evaluation, before: Iterable[Stored], diagnoses: Mapping[str, Diagnosis]) -> Evaluation:
    if evaluation.unknown is not None:
        return evaluation
    of_tag: dict[str, int] = {}
    of_aspect: dict[str, int] = {}
    for was in before:
        if was.phase is Phase.OPEN:
            of_tag[was.tag] = was.severity
            aspect = diagnoses[was.tag].aspect if was.tag in diagnoses else ""
            of_aspect[aspect] = max(was.severity, of_aspect.get(aspect, 0))
    kept = tuple(
        finding
        for finding in evaluation.findings
        # What only holds an open finding open is said by leaving it undecided.
        if not finding.holds_only
        and finding.severity >= max(of_tag.get(finding.tag, 0), of_aspect.get(finding.diagnosis.aspect, 0))
    )
    tags = {was.tag for was in before} | {finding.tag for finding in evaluation.findings}
    left = tags - {finding.tag for finding in kept} - evaluation.undecided.keys()
    undecided = {**evaluation.undecided, **dict.fromkeys(sorted(left), ONLY_AN_AUDIT_CLOSES)}
    return replace(evaluation, findings=kept, undecided=undecided)
