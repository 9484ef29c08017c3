"""Compare what was open with what is confirmed now. Pure, and without memory of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ses_monitor.core.check import Diagnosis, Finding
from ses_monitor.core.engine import ALL, Evaluation
from ses_monitor.core.stored import Phase, Stored, Transition

Subject = tuple[str, str]
"""Check id and subject name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One transition; `finding` is what is now, `was` what was."""

    transition: Transition
    check_id: str
    subject: str
    finding: Finding | None
    was: Stored | None


def diff(
    stored: Iterable[Stored],
    evaluations: Iterable[Evaluation],
    *,
    ran: Collection[str],
    diagnoses: Mapping[str, Diagnosis],
) -> list[Difference]:
    """Return what changed, in the order of the evaluations.

    `ran` names the checks that ran: what other checks found is left alone, because their cadence differs.
    An unknown evaluation changes nothing; one for `ALL` subjects blinds every subject of that check. A subject
    that was evaluated by nobody although its check ran is gone.
    """
    before: dict[Subject, dict[str, Stored]] = defaultdict(dict)
    for each in stored:
        if each.phase is Phase.OPEN and each.check_id in ran:
            before[each.check_id, each.subject][each.tag] = each

    differences: list[Difference] = []
    seen: set[Subject] = set()
    blind: set[str] = set()
    for evaluation in evaluations:
        subject = (evaluation.check_id, evaluation.subject)
        seen.add(subject)
        if evaluation.unknown is not None:
            if evaluation.subject == ALL:
                blind.add(evaluation.check_id)
            continue
        differences += _compare(evaluation, before.get(subject, {}), diagnoses)

    for (check_id, name), tags in before.items():
        if (check_id, name) not in seen and check_id not in blind:
            differences += [Difference(Transition.GONE, check_id, name, None, was) for was in tags.values()]
    return differences


def _compare(
    evaluation: Evaluation, before: Mapping[str, Stored], diagnoses: Mapping[str, Diagnosis]
) -> list[Difference]:
    check_id, subject = evaluation.check_id, evaluation.subject
    now = {finding.tag: finding for finding in evaluation.findings}
    closing: dict[str, list[Stored]] = defaultdict(list)
    for tag, was in before.items():
        if tag not in now and tag not in evaluation.undecided:
            closing[_aspect(tag, diagnoses)].append(was)

    differences: list[Difference] = []
    for tag, finding in now.items():
        if (open_before := before.get(tag)) is not None:
            if finding.severity is not open_before.severity:
                kind = _direction(finding, open_before)
                differences.append(Difference(kind, check_id, subject, finding, open_before))
            continue
        replaced = closing[_aspect(tag, diagnoses)]
        if replaced:
            was = replaced.pop(0)
            differences.append(Difference(_direction(finding, was), check_id, subject, finding, was))
        else:
            differences.append(Difference(Transition.OPENED, check_id, subject, finding, None))
    differences += [
        Difference(Transition.RESOLVED, check_id, subject, None, was) for left in closing.values() for was in left
    ]
    return differences


def _direction(finding: Finding, was: Stored) -> Transition:
    return Transition.EASED if finding.severity < was.severity else Transition.WORSENED


def _aspect(tag: str, diagnoses: Mapping[str, Diagnosis]) -> str:
    known = diagnoses.get(tag)
    return known.aspect if known else ""
