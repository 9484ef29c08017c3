"""What holds for the checks of refused sends together: hostile reports, and findings that live for hours."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor import checks
from ses_monitor.checks.rejection import OF_THE_SENDER
from ses_monitor.core.check import Check, Finding, Impact
from ses_monitor.core.engine import run
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Known
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.settle import Rules, settle
from ses_monitor.core.stored import Stored
from ses_monitor.core.traffic import Refusals, RefusedSender, hour_of
from ses_monitor.rejections.catalogue import ENTRIES, entry
from tests.build import HOSTILE, LISTENING, NOW, REGION, hour, refusals, with_refusals
from tests.checks import rules

OURS = checks.of_scopes(Scope.REJECTION)
OF_TAG = {diagnosis.tag: check for check in OURS for diagnosis in check.diagnoses}
SUCCESSES = {"DELIVERED", "AUTHENTICATED"}
NAMES = ("identity", "resource", "user", "action", "elsewhere")

TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        HOSTILE,
        "{subject}",
        "'; rm -rf ~ #",
        "$(id)",
        "x" * 700,
        "\u202e",
        "\ud800",
        "-",
        "--profile x",
        "a\nb",
        "j…@x.y",
    ]
)
REFUSED = st.builds(
    lambda tag, facts: RefusedSend(tag, "account", **facts),
    st.sampled_from(sorted(OF_TAG)) | TEXTS,
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys((*NAMES, "text", "code", "known", "origin", "told_by", "confidence"), TEXTS)
    ),
)
HOURS = st.dictionaries(st.integers(-2, 60).map(hour), st.integers(0, 3) | st.integers(0, 10**9), max_size=4)
WORLDS = st.builds(
    lambda name, lasts, hours: with_refusals(
        *(Refusals(last.tag, hours, last) for last in {each.tag: each for each in lasts}.values()), name=name
    ),
    TEXTS.filter(bool),
    st.lists(REFUSED, max_size=3),
    HOURS,
)


def found(world: Snapshot) -> list[Finding]:
    evaluations = list(run(OURS, world))
    assert not [each.unknown for each in evaluations if rules.crashed(each)]
    return [finding for each in evaluations for finding in each.findings]


@given(WORLDS)
def test_whatever_was_told_no_check_crashes_and_nothing_breaks_out_of_its_place(world: Snapshot) -> None:
    for finding in found(world):
        rules.reads_well(finding, world)
        rules.keeps_bounded_evidence(finding)


@pytest.mark.parametrize("tag", sorted(OF_TAG))
@given(name=st.sampled_from(NAMES), text=TEXTS.filter(lambda text: text.strip().isprintable() and bool(text.strip())))
def test_a_name_is_one_word_of_a_command_or_capitals_stand_for_it(tag: str, name: str, text: str) -> None:
    world = with_refusals(refusals(tag, {0: 100}, **{name: text}), name="account")
    [finding] = found(world)
    for step in finding.steps:
        for word in shlex.split(step.command):
            assert "…" not in word, "half a name, or a masked one, is no argument"
            assert "{" not in word or "{" in text
            assert word != text.strip() or not word.startswith("-"), "a name is no option"


def test_each_trouble_of_the_catalogue_has_a_diagnosis_and_each_diagnosis_an_entry() -> None:
    assert OF_TAG.keys() == {each.tag for each in ENTRIES} - SUCCESSES


def test_a_diagnosis_says_what_the_catalogue_says_and_has_no_say_in_the_verdict() -> None:
    for check in OURS:
        for diagnosis in check.diagnoses:
            assert diagnosis.impact is Impact.NONE
            assert diagnosis.cause.startswith(entry(diagnosis.tag).cause)
            assert diagnosis.steps[:-1] == entry(diagnosis.tag).steps
            assert entry(diagnosis.tag).retry.advice in diagnosis.steps[-1].text
            assert diagnosis.references
            assert diagnosis.aspect == diagnosis.tag, "of one sender, one trouble does not replace another"


def test_what_may_be_repeated_is_no_finding_in_ones_but_what_is_final_is() -> None:
    for tag in OF_TAG:
        [finding] = found(with_refusals(refusals(tag)))
        final = not entry(tag).retry.retryable or tag == "DAILY_QUOTA_EXCEEDED"
        assert finding.holds_only is not final, tag


@pytest.mark.parametrize("tag", ["DELIVERED", "AUTHENTICATED", "SENT", "", HOSTILE])
def test_a_tag_that_is_no_trouble_opens_nothing(tag: str) -> None:
    assert found(with_refusals(refusals(tag, {0: 1_000}))) == []


def test_each_cause_of_one_sender_is_a_finding_of_its_own() -> None:
    tags = ("SENDER_PENDING", "RETURN_PATH_UNVERIFIED", "RECIPIENT_UNVERIFIED_SANDBOX")
    assert {finding.tag for finding in found(with_refusals(*map(refusals, tags)))} == set(tags)


def test_of_two_senders_each_has_its_own() -> None:
    world = replace(
        LISTENING,
        refused=Known(
            (
                RefusedSender("a.example.com", (refusals("SENDER_PENDING", {0: 3}),)),
                RefusedSender("b.example.com", (refusals("SENDER_PENDING", {0: 4}),)),
            )
        ),
    )
    told = {finding.subject: finding.evidence["count"] for finding in found(world)}
    assert told == {"a.example.com": 3, "b.example.com": 4}


def test_recipients_in_the_words_of_ses_are_masked() -> None:
    for tag in OF_TAG.keys() - OF_THE_SENDER:
        told = "failed the check: Jane <jane.doe@example.org>, " * 50
        for finding in found(with_refusals(refusals(tag, {0: 100}, text=told))):
            shown = (
                finding.text,
                finding.cause,
                str(dict(finding.evidence)),
                *(each.plain() for each in finding.steps),
            )
            assert "jane.doe" not in " ".join(shown)
            assert "j…@example.org" in finding.text


def test_the_evidence_is_whole_and_leaves_out_the_names_that_nobody_told() -> None:
    [finding] = found(
        with_refusals(refusals("SENDER_UNVERIFIED", {0: 2, 24: 1}, code="554", known="Not in any region."))
    )
    assert finding.evidence == {
        "count": 3,
        "since": "2026-05-11 10:00 UTC",
        "code": "554",
        "text": "SES's words.",
        "told_by": "log",
        "origin": "/app/mail",
        "known": "Not in any region.",
        "identity": "shop.example.com",
    }


def lived(check: Check[Any], tag: str, counts: Mapping[int, int], until: float) -> list[tuple[float, str]]:
    """What audits every five minutes have to say, and after how many hours; the counters of an hour come with it."""
    rules_of_it = Rules(frozenset({check.id}), checks.diagnoses([check]))
    table: dict[str, Stored] = {}
    told: list[tuple[float, str]] = []
    for step in range(int(until * 12) + 1):
        at = NOW + step * timedelta(minutes=5)
        known = {ago: n for ago, n in counts.items() if hour_of(at) - timedelta(hours=24) <= hour(ago) <= at}
        causes = (refusals(tag, known),) if known else ()
        world = replace(with_refusals(*causes), taken_at=at)
        settlement = settle(world, table.values(), list(run([check], world)), rules_of_it)
        writes = [write for recorded in settlement.changes for write in recorded.writes] + list(settlement.quiet)
        table |= {write.after.finding_id: write.after for write in writes}
        told += [(step / 12, recorded.change.transition.value) for recorded in settlement.changes]
    return told


@pytest.mark.parametrize(
    ("tag", "counts", "life"),
    [
        pytest.param("SENDER_PENDING", {0: 1}, [(0.0, "opened"), (25.0, "resolved")], id="final, once"),
        pytest.param(
            "SENDER_PENDING", {0: 1, -20: 1}, [(0.0, "opened"), (45.0, "resolved")], id="final, again within a day"
        ),
        pytest.param("SEND_RATE_EXCEEDED", {0: 9}, [], id="a few, which were sent again"),
        pytest.param("SEND_RATE_EXCEEDED", {0: 9, -1: 1}, [(1.0, "opened"), (5.0, "resolved")], id="ten in two hours"),
        pytest.param(
            "SEND_RATE_EXCEEDED",
            {0: 10, -2: 1, -4: 10, -6: 1},
            [(0.0, "opened"), (10.0, "resolved")],
            id="a mailing every other hour is one finding",
        ),
        pytest.param("DAILY_QUOTA_EXCEEDED", {0: 1}, [(0.0, "opened"), (4.0, "resolved")], id="the daily quota, once"),
    ],
)
def test_a_finding_lives_so_long(tag: str, counts: Mapping[int, int], life: list[tuple[float, str]]) -> None:
    assert lived(OF_TAG[tag], tag, counts, until=48) == life


def test_one_region_is_named_in_every_command_that_needs_one() -> None:
    for tag in OF_TAG:
        [finding] = found(with_refusals(refusals(tag, {0: 100})))
        assert REGION in finding.text
        assert all("REGION" not in step.plain() for step in finding.steps)
