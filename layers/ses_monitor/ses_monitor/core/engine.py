"""Run every check on every subject. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ses_monitor.core.check import Check, Finding, Undecided, bounded
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Blindness, Missing, NotObservedError

ALL = "*"
"""The subject of an evaluation whose subjects could not be listed."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One check on one subject.

    `unknown` set: no verdict at all, change nothing. `undecided` maps single tags to why they could not be
    decided: those neither open nor resolve, the check's other tags do.
    """

    check_id: str
    subject: str
    findings: tuple[Finding, ...] = ()
    unknown: Missing | None = None
    undecided: Mapping[str, Missing] = field(default_factory=dict)

    def missing(self) -> Iterator[Missing]:
        """Yield each distinct reason why something here could not be decided."""
        whole = () if self.unknown is None else (self.unknown,)
        yield from dict.fromkeys((*whole, *self.undecided.values()))


def run(checks: Iterable[Check[Any]], snapshot: Snapshot) -> Iterator[Evaluation]:
    """Evaluate `checks`. A check that raises is unknown for that subject and costs the others nothing."""
    for check in checks:
        subjects = snapshot.subjects(check.scope)
        if isinstance(subjects, Missing):
            yield Evaluation(check.id, ALL, unknown=subjects)
            continue
        for subject in subjects.value:
            yield _evaluate(check, subject, snapshot)


def _evaluate(check: Check[Any], subject: Any, snapshot: Snapshot) -> Evaluation:  # noqa: ANN401 - each scope has its own subject type
    findings: list[Finding] = []
    undecided: dict[str, Missing] = {}
    try:
        for conclusion in check.evaluate(subject, snapshot):
            if isinstance(conclusion, Undecided):
                undecided.update(dict.fromkeys(conclusion.tags, conclusion.missing))
            else:
                findings.append(_about(subject.name, conclusion))
    except NotObservedError as blind:
        return Evaluation(check.id, subject.name, unknown=blind.missing)
    except Exception as bug:  # noqa: BLE001 - one broken check must not silence the others; it is counted and alarmed
        crashed = Missing(Blindness.CHECK_CRASHED, bounded(f"check {check.id} crashed: {bug!r}"))
        return Evaluation(check.id, subject.name, unknown=crashed)
    return Evaluation(check.id, subject.name, tuple(findings), undecided=undecided)


def _about(subject: str, finding: Finding) -> Finding:
    if finding.subject != subject:
        # Under another name its streak would never be found again, so it would never open and never close.
        msg = f"{finding.tag} is about {bounded(finding.subject)!r}, but {bounded(subject)!r} was looked at"
        raise ValueError(msg)
    return finding
