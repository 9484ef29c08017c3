"""The rules every check obeys, applied to a check and its table of cases. None of them has a list of exceptions."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any
from urllib.parse import urlsplit

from ses_monitor.core.check import LONGEST_EVIDENCE, Check, Diagnosis, Finding, bounded
from ses_monitor.core.engine import Evaluation, run
from ses_monitor.core.model import Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.build import ACCOUNT_ID, NOW, REGION, Case

LONGEST_TEXT = 300
PLACEHOLDER = re.compile(r"\{[^}]*\}")


def evaluated(check: Check[Any], snapshot: Snapshot) -> Evaluation:
    [evaluation] = run([check], snapshot)
    return evaluation


def crashed(evaluation: Evaluation) -> bool:
    return any(missing.why is Blindness.CHECK_CRASHED for missing in evaluation.missing())


def findings(check: Check[Any], cases: Iterable[Case]) -> Iterator[Finding]:
    for case in cases:
        yield from evaluated(check, case.snapshot).findings


def agrees(check: Check[Any], case: Case) -> None:
    evaluation = evaluated(check, case.snapshot)
    assert not crashed(evaluation), evaluation.unknown
    assert (evaluation.unknown is not None) is case.unknown, evaluation.unknown
    certain = [finding for finding in evaluation.findings if not finding.holds_only]
    holding = [finding for finding in evaluation.findings if finding.holds_only]
    assert sorted(finding.tag for finding in certain) == sorted(case.tags)
    assert sorted(finding.tag for finding in holding) == sorted(case.holding)
    assert set(evaluation.undecided) == set(case.undecided)
    assert {finding.diagnosis for finding in evaluation.findings} <= set(check.diagnoses)
    for finding in certain or holding:
        assert finding.severity is case.severities.get(finding.tag, finding.diagnosis.severities[0])
    said = " ".join(
        " ".join((finding.text, finding.cause, *(step.plain() for step in finding.steps)))
        for finding in evaluation.findings
    )
    assert [words for words in case.says if words not in said] == []


def has_cases_for_every_tag_and_severity(check: Check[Any], cases: Sequence[Case]) -> None:
    raised = {(finding.tag, finding.severity) for finding in findings(check, cases) if not finding.holds_only}
    assert raised == {(diagnosis.tag, severity) for diagnosis in check.diagnoses for severity in diagnosis.severities}


def has_a_healthy_and_a_blind_case(check: Check[Any], cases: Sequence[Case]) -> None:
    assert [case for case in cases if not (case.tags or case.unknown or case.undecided or case.holding)]
    assert [case for case in cases if any(case.snapshot.blind_spots())]
    assert len({case.name for case in cases}) == len(cases), f"two cases of {check.id} share a name"


def never_takes_blindness_for_health(check: Check[Any], cases: Sequence[Case]) -> None:
    """Neither when nothing at all could be read, nor when one fact of a case is taken away."""
    for why in Blindness:
        if why.is_failure:
            evaluation = evaluated(check, nothing_but(Missing(why, "no answer", "ses:GetAccount")))
            assert evaluation.unknown or evaluation.undecided or evaluation.findings, f"{why} passes as healthy"
    for case in cases:
        with_it = evaluated(check, case.snapshot)
        for name, without in deprived(case.snapshot):
            evaluation = evaluated(check, without)
            assert not crashed(evaluation), (case.name, name, evaluation.unknown)
            tags = {finding.tag for finding in evaluation.findings}
            before = {finding.tag for finding in with_it.findings}
            assert tags <= before, f"{case.name}: without {name} it finds more"
            if evaluation.unknown is None:
                assert before <= tags | set(evaluation.undecided), f"{case.name}: without {name} it looks mended"


def nothing_but(missing: Missing) -> Snapshot:
    facts: dict[str, Any] = dict.fromkeys(FACTS, missing)
    return Snapshot(ACCOUNT_ID, REGION, NOW, **facts)


FACTS = [each.name for each in fields(Snapshot) if isinstance(each.default, Missing)]


def deprived(snapshot: Snapshot) -> Iterator[tuple[str, Snapshot]]:
    """Yield the snapshot without each of its known facts in turn."""
    gone: Any = Missing(Blindness.NOT_IN_ANSWER, "left out")
    for name in known_facts(snapshot):
        yield name, replace(snapshot, **{name: gone})
    if isinstance(snapshot.account, Known):
        account = snapshot.account.value
        for name in known_facts(account):
            yield f"account.{name}", replace(snapshot, account=Known(replace(account, **{name: gone})))
    if isinstance(snapshot.reputation, Known):
        reputation = snapshot.reputation.value
        for name in known_facts(reputation):
            yield f"reputation.{name}", replace(snapshot, reputation=Known(replace(reputation, **{name: gone})))


def known_facts(facts: Any) -> list[str]:
    return [each.name for each in fields(facts) if isinstance(getattr(facts, each.name), Known)]


def is_declared_whole(check: Check[Any]) -> None:
    assert check.id.split(".")[0] == check.scope.value
    assert check.title
    assert not check.title.endswith(".")
    assert check.needs
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Z][A-Za-z]+", action) for action in check.needs)
    assert check.diagnoses
    for diagnosis in check.diagnoses:
        assert re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", diagnosis.tag)
        assert diagnosis.severities
        assert len(set(diagnosis.severities)) == len(diagnosis.severities)
        assert all(isinstance(severity, Severity) for severity in diagnosis.severities)
        assert diagnosis.open_after >= 1
        assert diagnosis.resolve_after >= 1


def can_be_acted_on(diagnosis: Diagnosis) -> None:
    for text in (diagnosis.message, diagnosis.cause, *(step.text for step in diagnosis.steps)):
        assert text.strip() == text != ""
        assert len(text) <= LONGEST_TEXT
        assert "  " not in text, "two strings were joined with a space too many"
    assert diagnosis.steps
    for url in (*diagnosis.references, *(step.url for step in diagnosis.steps if step.url)):
        is_of_aws(PLACEHOLDER.sub(REGION, url))


def is_of_aws(url: str) -> None:
    parts = urlsplit(url)
    assert parts.scheme == "https"
    assert (parts.hostname or "").endswith(".aws.amazon.com")
    assert " " not in url


def reads_well(finding: Finding, snapshot: Snapshot) -> None:
    """Rendered: nothing is left to fill in, nothing from outside breaks out of its place or floods it."""
    outside = [str(value) for value in finding.evidence.values()]
    hostile = any("{" in value for value in outside)
    for text in (finding.text, finding.cause, *(part for step in finding.steps for part in (step.text, step.url))):
        assert len(text) <= LONGEST_TEXT + LONGEST_EVIDENCE
        assert text == bounded(text, len(text) + 1), "outside text was not made one safe line"
        assert hostile or "{" not in text
    for step, template in zip(finding.steps, finding.diagnosis.steps, strict=True):
        if step.url:
            is_of_aws(step.url)
        if step.command:
            is_a_command_line(step.command, template.command, snapshot.region)


def is_a_command_line(command: str, template: str, region: str) -> None:
    words = shlex.split(command)
    assert len(words) == len(shlex.split(PLACEHOLDER.sub("x", template))), "outside text added words to a command"
    assert words[0] == "aws"
    assert words[words.index("--region") + 1] == region


def keeps_bounded_evidence(finding: Finding) -> None:
    for value in finding.evidence.values():
        assert isinstance(value, (str, float, int, bool))
        assert not isinstance(value, str) or value == bounded(value)
