"""The rules every check obeys, applied to a check and its table of cases. None of them has a list of exceptions."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore import xform_name

from ses_monitor.core.check import LONGEST_EVIDENCE, Check, Diagnosis, Finding, bounded
from ses_monitor.core.engine import ALL, Evaluation, run
from ses_monitor.core.identity import ConfigurationSet, Identity
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.build import ACCOUNT_ID, NOW, REGION, Case

LONGEST_TEXT = 300
PLACEHOLDER = re.compile(r"\{[^}]*\}")
SCOPES = {
    "dns": {Scope.IDENTITY},
    "feedback": {Scope.TRAFFIC, Scope.SENDER, Scope.TEMPLATE, Scope.NOTICE},
}
"""The scopes of a folder of checks, where it is not called like its only one."""


GLOBAL_SERVICES = {"iam", "sts"}
"""What they tell is the same in every region."""


def evaluated(check: Check[Any], snapshot: Snapshot, subject: str = "") -> Evaluation:
    """The check's evaluation of that subject, or of the first one; the only one where they could not be listed."""
    evaluations = list(run([check], snapshot))
    found = [each for each in evaluations if not subject or each.subject in {subject, ALL}]
    assert found, f"{subject!r} is not among {[each.subject for each in evaluations]}"
    return found[0]


def crashed(evaluation: Evaluation) -> bool:
    return any(missing.why is Blindness.CHECK_CRASHED for missing in evaluation.missing())


def findings(check: Check[Any], cases: Iterable[Case]) -> Iterator[Finding]:
    for case in cases:
        yield from evaluated(check, case.snapshot, case.subject).findings


def agrees(check: Check[Any], case: Case) -> None:
    evaluation = evaluated(check, case.snapshot, case.subject)
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
        with_it = evaluated(check, case.snapshot, case.subject)
        for name, without in deprived(case.snapshot):
            evaluation = evaluated(check, without, case.subject)
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


GONE: Any = Missing(Blindness.NOT_IN_ANSWER, "left out")


def deprived(snapshot: Snapshot) -> Iterator[tuple[str, Snapshot]]:
    """Yield the snapshot without each of its known facts in turn."""
    for name in known_facts(snapshot):
        yield name, replace(snapshot, **{name: GONE})
    yield from deprived_of_account(snapshot)
    for listing in ("identities", "configuration_sets"):
        listed = getattr(snapshot, listing)
        if isinstance(listed, Known):
            for n, subject in enumerate(listed.value):
                for name, without in deprived_of_one(subject):
                    some: Any = Known((*listed.value[:n], without, *listed.value[n + 1 :]))
                    yield f"{listing}[{n}].{name}", replace(snapshot, **{listing: some})


def deprived_of_one(subject: Identity | ConfigurationSet) -> Iterator[tuple[str, Identity | ConfigurationSet]]:
    for name in known_facts(subject):
        yield name, replace(subject, **{name: GONE})
    if isinstance(subject, Identity) and isinstance(subject.proof, Known):
        proof = subject.proof.value
        yield "proof.zone", replace(subject, proof=Known(replace(proof, zone=GONE)))


def deprived_of_account(snapshot: Snapshot) -> Iterator[tuple[str, Snapshot]]:
    if isinstance(snapshot.account, Known):
        account = snapshot.account.value
        for name in known_facts(account):
            yield f"account.{name}", replace(snapshot, account=Known(replace(account, **{name: GONE})))
    if isinstance(snapshot.reputation, Known):
        reputation = snapshot.reputation.value
        for name in known_facts(reputation):
            yield f"reputation.{name}", replace(snapshot, reputation=Known(replace(reputation, **{name: GONE})))


def known_facts(facts: Any) -> list[str]:
    return [each.name for each in fields(facts) if isinstance(getattr(facts, each.name), Known)]


def is_declared_whole(check: Check[Any]) -> None:
    folder = check.id.split(".")[0]
    assert check.scope in SCOPES.get(folder, {folder})
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
    outside = [finding.subject, *(str(value) for value in finding.evidence.values())]
    hostile = any("{" in value for value in outside)
    for text in (finding.text, finding.cause, *(part for step in finding.steps for part in (step.text, step.url))):
        assert len(text) <= LONGEST_TEXT + 2 * LONGEST_EVIDENCE, "more than a hostile name and one other hostile text"
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
    assert words[0] in {"aws", "dig"}
    if words[0] == "aws" and "--region {region}" in template:
        assert words[words.index("--region") + 1] == region
    elif words[0] == "aws" and words[1] not in GLOBAL_SERVICES:
        assert re.search(r"--region \{\w+_region\}", template), "a command says which region it is for"
    if words[0] == "aws":
        is_known_to_aws(words)


def is_known_to_aws(words: Sequence[str]) -> None:
    """Hold a command against AWS's own model of the service: its operation, its options, and those it must have."""
    options = {word.removeprefix("--").removeprefix("no-") for word in words[3:] if word.startswith("--")}
    known, required = options_of(words[1], words[2])
    options -= {"region", "query", "output"}  # of every command
    assert options <= known, f"{words[1]} {words[2]} has no {options - known}"
    assert required <= options, f"{words[1]} {words[2]} lacks {required - options}"


@cache
def options_of(service: str, command: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return all options of a command of the AWS CLI, and those that it must be given."""
    model = botocore.session.get_session().get_service_model(service)
    [operation] = [name for name in model.operation_names if xform_name(name, "-") == command]
    shape = model.operation_model(operation).input_shape
    if shape is None:
        return frozenset(), frozenset()
    known = frozenset(xform_name(name, "-") for name in shape.members)
    return known, frozenset(xform_name(name, "-") for name in shape.required_members)


def keeps_bounded_evidence(finding: Finding) -> None:
    for value in finding.evidence.values():
        assert isinstance(value, (str, float, int, bool))
        assert not isinstance(value, str) or value == bounded(value)
