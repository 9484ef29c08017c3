"""What is said of a change, and when: damping, hysteresis, mutes, and the silent first baseline. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase

from ses_monitor.core.check import Diagnosis, Finding
from ses_monitor.core.engine import ALL, Evaluation
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Blindness, Missing
from ses_monitor.core.stored import Phase, Stored

HELD = Missing(Blindness.NOT_APPLICABLE, "held open until it has been absent often enough in a row")


@dataclass(frozen=True, slots=True)
class Count:
    """One streak to note silently: `before` is what is stored, `finding` what it is now if it is still there."""

    before: Stored | None
    check_id: str
    subject: str
    finding: Finding | None
    phase: Phase
    seen: int
    absent: int


@dataclass(frozen=True, slots=True)
class Damped:
    """Evaluations reduced to what may be told, the streaks to note, and the streaks to forget."""

    confirmed: tuple[Evaluation, ...]
    counts: tuple[Count, ...]
    forget: tuple[Stored, ...]


def damp(stored: Iterable[Stored], evaluations: Iterable[Evaluation], diagnoses: Mapping[str, Diagnosis]) -> Damped:
    """Hold back what was not observed often enough in a row, and hold open what was not absent often enough.

    `stored` is of the checks that ran, or were retired: the streak of a subject nobody evaluated is forgotten.

    A finding that `holds_only` counts while the same tag is open at that severity or above (hysteresis), and
    not at all otherwise. While a tag is being counted up, the tag it would replace stays open: people read one
    "worsened" instead of "resolved" and "opened". Unknown evaluations count nothing in either direction.
    """
    by_subject: dict[tuple[str, str], dict[str, Stored]] = defaultdict(dict)
    for each in stored:
        by_subject[each.check_id, each.subject][each.tag] = each

    confirmed: list[Evaluation] = []
    counts: list[Count] = []
    forget: list[Stored] = []
    evaluated: set[tuple[str, str]] = set()
    blind: set[str] = set()
    for evaluation in evaluations:
        evaluated.add((evaluation.check_id, evaluation.subject))
        if evaluation.unknown is not None:
            if evaluation.subject == ALL:
                blind.add(evaluation.check_id)
            confirmed.append(evaluation)
            continue
        before = by_subject.get((evaluation.check_id, evaluation.subject), {})
        one = _damp_one(evaluation, before, diagnoses)
        confirmed += one.confirmed
        counts += one.counts
        forget += one.forget

    forget += [
        each
        for subject, tags in by_subject.items()
        if subject not in evaluated and subject[0] not in blind
        for each in tags.values()
        if each.phase is Phase.WATCHED
    ]
    return Damped(tuple(confirmed), tuple(counts), tuple(forget))


def _damp_one(evaluation: Evaluation, before: Mapping[str, Stored], diagnoses: Mapping[str, Diagnosis]) -> Damped:
    now = _strongest(evaluation.findings, before)
    told, up, watched_aspects = _count_up(evaluation, now, before)
    absent = [was for tag, was in before.items() if tag not in now and tag not in evaluation.undecided]
    held, down = _count_down(evaluation, absent, watched_aspects, diagnoses)
    kept = replace(evaluation, findings=told, undecided={**evaluation.undecided, **held})
    return Damped((kept,), (*up, *down), tuple(was for was in absent if was.phase is Phase.WATCHED))


def _count_up(
    evaluation: Evaluation, now: Mapping[str, Finding], before: Mapping[str, Stored]
) -> tuple[tuple[Finding, ...], list[Count], set[str]]:
    told: list[Finding] = []
    counts: list[Count] = []
    watched_aspects: set[str] = set()
    for tag, finding in now.items():
        was = before.get(tag)
        if was is not None and was.phase is Phase.OPEN:
            told.append(finding)
            if was.absent:
                counts.append(Count(was, was.check_id, was.subject, finding, Phase.OPEN, was.seen, absent=0))
            continue
        seen = 1 + (was.seen if was is not None and was.phase is Phase.WATCHED else 0)
        if seen >= finding.diagnosis.open_after:
            told.append(finding)
        else:
            watched_aspects.add(finding.diagnosis.aspect)
            counts.append(Count(was, evaluation.check_id, evaluation.subject, finding, Phase.WATCHED, seen, absent=0))
    return tuple(told), counts, watched_aspects


def _count_down(
    evaluation: Evaluation, absent: Iterable[Stored], watched_aspects: set[str], diagnoses: Mapping[str, Diagnosis]
) -> tuple[dict[str, Missing], list[Count]]:
    held: dict[str, Missing] = {}
    counts: list[Count] = []
    for was in absent:
        if was.phase is not Phase.OPEN:
            continue
        known = diagnoses.get(was.tag)
        needed = known.resolve_after if known else 1
        aspect = known.aspect if known else ""
        times = min(was.absent + 1, needed)
        if times < needed or aspect in watched_aspects:
            held[was.tag] = HELD
            if times != was.absent:
                counts.append(
                    Count(was, evaluation.check_id, evaluation.subject, None, Phase.OPEN, was.seen, absent=times)
                )
    return held, counts


def _strongest(findings: Iterable[Finding], before: Mapping[str, Stored]) -> dict[str, Finding]:
    chosen: dict[str, Finding] = {}
    for finding in findings:
        if finding.holds_only:
            was = before.get(finding.tag)
            if was is None or was.phase is not Phase.OPEN or was.severity < finding.severity:
                continue
        rival = chosen.get(finding.tag)
        if rival is None or finding.severity > rival.severity:
            chosen[finding.tag] = finding
    # What holds stands for the weaker ones of its aspect: they would be opened beside it, not instead of it.
    holding = {each.diagnosis.aspect: each.severity for each in chosen.values() if each.holds_only}
    return {
        tag: each
        for tag, each in chosen.items()
        if each.holds_only or each.severity >= holding.get(each.diagnosis.aspect, each.severity)
    }


@dataclass(frozen=True, slots=True)
class Mute:
    """Silence in the channels, by choice: who, why, and until when. Empty fields match everything.

    `check_id` is a check or a family of them, `subject` a shell pattern. The table records muted changes like all
    others. What is CRITICAL stops mail: only a mute that says what it means, by its tag or its check, silences it.
    """

    mute_id: str
    owner: str
    reason: str
    expires_at: datetime
    tag: str = ""
    check_id: str = ""
    region: str = ""
    subject: str = ""
    created_at: datetime | None = None

    @property
    def silences_critical(self) -> bool:
        """Whether it names a tag or a whole check, so that somebody has decided on that very trouble."""
        return bool(self.tag) or "." in self.check_id

    def covers(
        self,
        *,
        tag: str,
        check_id: str,
        region: str,
        subject: str,
        at: datetime,
        severity: Severity = Severity.INFO,
    ) -> bool:
        """Tell whether this mute is in force at `at` (UTC) and meant for such a finding."""
        return (
            at < self.expires_at
            and (severity < Severity.CRITICAL or self.silences_critical)
            and self.tag in {"", tag}
            and (self.check_id in {"", check_id} or check_id.startswith(f"{self.check_id}."))
            and self.region in {"", region}
            and (not self.subject or fnmatchcase(subject, self.subject))
        )


def muted_by(  # noqa: PLR0913 - as `Mute.covers`
    mutes: Iterable[Mute],
    *,
    tag: str,
    check_id: str,
    region: str,
    subject: str,
    at: datetime,
    severity: Severity = Severity.INFO,
) -> str:
    """Return the id of the mute that covers such a finding, or an empty string."""
    for mute in mutes:
        if mute.covers(tag=tag, check_id=check_id, region=region, subject=subject, at=at, severity=severity):
            return mute.mute_id
    return ""


def belongs_to_baseline(severity: Severity, *, first_audit: bool) -> bool:
    """Tell whether a finding goes into the one summary of a first audit. CRITICAL never waits in a summary."""
    return first_audit and severity < Severity.CRITICAL
