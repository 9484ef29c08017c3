"""What holds for every history of findings, whatever was seen, not seen, muted or missed."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.check import Diagnosis, Finding, Step
from ses_monitor.core.engine import ALL, Evaluation
from ses_monitor.core.model import Severity
from ses_monitor.core.settle import Rules, settle
from ses_monitor.core.stored import Phase, Stored
from tests.build import HEALTHY, THROTTLED
from tests.core.lifecycle import CHECKS, DIAGNOSES, LONGEST_STREAK, ONE, TWO, Key, Life, blind, found, retold, saw

SUBJECTS = ("p", "q")


@st.composite
def findings(draw: st.DrawFn, subject: str) -> Finding:
    diagnosis = draw(st.sampled_from(list(DIAGNOSES.values())))
    return found(
        diagnosis,
        subject,
        severity=draw(st.sampled_from(diagnosis.severities)),
        holds_only=draw(st.booleans()),
        percent=draw(st.integers(0, 3)),
    )


@st.composite
def evaluations(draw: st.DrawFn, check: str, subject: str) -> Evaluation:
    if draw(st.integers(0, 3)) == 0:
        return blind(check, subject)
    seen = draw(st.lists(findings(subject), max_size=4))
    undecided = draw(st.sets(st.sampled_from(sorted(DIAGNOSES)), max_size=2))
    return Evaluation(
        check,
        subject,
        tuple(finding for finding in seen if finding.tag not in undecided),
        undecided=dict.fromkeys(sorted(undecided), THROTTLED),
    )


@st.composite
def audits(draw: st.DrawFn) -> tuple[frozenset[str], list[Evaluation]]:
    """Which checks ran, and what they said of the subjects there are; a listing may have failed."""
    ran = draw(st.sets(st.sampled_from(sorted(CHECKS)), min_size=1))
    said: list[Evaluation] = []
    for check in sorted(ran):
        if draw(st.integers(0, 5)) == 0:
            said.append(blind(check, ALL))
        else:
            subjects = draw(st.sets(st.sampled_from(SUBJECTS)))
            said += [draw(evaluations(check, subject)) for subject in sorted(subjects)]
    return frozenset(ran), said


AFTER = st.sampled_from([timedelta(minutes=5), timedelta(hours=1), timedelta(days=3), -timedelta(days=1), timedelta(0)])
HISTORIES = st.lists(st.tuples(AFTER, audits()), max_size=12)

History = list[tuple[timedelta, tuple[frozenset[str], list[Evaluation]]]]


def lived(history: History) -> Life:
    life = Life()
    for after, (ran, said) in history:
        life.audit(*said, after=after, ran=ran)
    return life


def everything_healthy() -> list[Evaluation]:
    return [saw(check=check, subject=subject) for check in sorted(CHECKS) for subject in SUBJECTS]


@given(HISTORIES)
def test_whoever_hears_every_change_knows_what_is_open(history: History) -> None:
    life = lived(history)
    assert retold(life.told) == life.open


@given(HISTORIES, audits())
def test_what_was_not_looked_at_is_not_touched(
    history: History, audit: tuple[frozenset[str], list[Evaluation]]
) -> None:
    life = lived(history)
    before = dict(life.table)
    ran, said = audit
    life.audit(*said, ran=ran)
    unknown = {(one.check_id, one.subject) for one in said if one.unknown}
    undecided = {(one.check_id, one.subject, tag) for one in said for tag in one.undecided}
    blind_checks = {one.check_id for one in said if one.unknown and one.subject == ALL}
    evaluated = {(one.check_id, one.subject) for one in said}

    def not_looked_at(key: Key) -> bool:
        check, subject, _ = key
        return (
            check not in ran
            or (check, subject) in unknown
            or key in undecided
            or (check in blind_checks and (check, subject) not in evaluated)
        )

    for key in before.keys() | life.table.keys():
        if not_looked_at(key):
            assert before.get(key) == life.table.get(key)


@given(HISTORIES, audits())
def test_the_same_report_again_soon_changes_nothing_any_more(
    history: History, audit: tuple[frozenset[str], list[Evaluation]]
) -> None:
    life = lived(history)
    ran, said = audit
    for _ in range(LONGEST_STREAK):
        life.audit(*said, after=timedelta(minutes=5), ran=ran)
    before = dict(life.table)
    assert life.audit(*said, after=timedelta(minutes=5), ran=ran) == []
    assert life.table == before


@given(HISTORIES)
def test_when_the_world_heals_every_finding_is_closed_and_told_so(history: History) -> None:
    life = lived(history)
    for _ in range(LONGEST_STREAK):
        life.audit(*everything_healthy())
    assert life.open == set()
    assert retold(life.told) == set()
    assert {stored.phase for stored in life.table.values()} <= {Phase.RESOLVED}


@given(HISTORIES)
def test_when_the_subjects_are_deleted_every_finding_is_closed(history: History) -> None:
    life = lived(history)
    life.audit()
    assert life.open == set()
    assert {stored.phase for stored in life.table.values()} <= {Phase.RESOLVED}


@given(HISTORIES)
def test_a_change_has_a_name_of_its_own_and_begins_no_later_than_it_happens(history: History) -> None:
    told = lived([(abs(after), audit) for after, audit in history]).told
    assert len({change.change_id for change in told}) == len(told)
    assert all(change.since <= change.at for change in told)


@given(HISTORIES, audits())
def test_settling_writes_no_state_that_is_already_stored(
    history: History, audit: tuple[frozenset[str], list[Evaluation]]
) -> None:
    life = lived(history)
    ran, said = audit
    settlement = settle(HEALTHY, tuple(life.table.values()), said, Rules(ran, DIAGNOSES))
    for write in settlement.quiet:
        assert write.before is None or content(write.before) != content(write.after)


def content(stored: Stored) -> tuple[object, ...]:
    return (stored.phase, stored.seen, stored.absent, stored.text, stored.severity)


# One tag alone, against the rule as one would tell it: open after N bad ones in a row, over after M good ones.

GOOD, FAULTY, UNSEEN = "good", "faulty", "unseen"


def expected_phases(observed: Sequence[str], open_after: int, resolve_after: int) -> list[bool]:
    is_open, streak, phases = False, 0, []
    for each in observed:
        if each != UNSEEN:
            towards_change = each == (GOOD if is_open else FAULTY)
            streak = streak + 1 if towards_change else 0
            if streak >= (resolve_after if is_open else open_after):
                is_open, streak = not is_open, 0
        phases.append(is_open)
    return phases


@given(st.lists(st.sampled_from([GOOD, FAULTY, UNSEEN]), max_size=30), st.integers(1, 4), st.integers(1, 4))
def test_one_tag_opens_after_n_bad_and_resolves_after_m_good_in_a_row(
    observed: list[str], open_after: int, resolve_after: int
) -> None:
    tag = Diagnosis(
        "TAG", (Severity.ERROR,), "m", "c", (Step("s"),), open_after=open_after, resolve_after=resolve_after
    )
    rules = Rules(frozenset({ONE, TWO}), {"TAG": tag})
    said = {GOOD: saw(), FAULTY: saw(tag.on(HEALTHY, "s")), UNSEEN: blind()}
    life, phases = Life(), []
    for each in observed:
        life.store(settle(HEALTHY, tuple(life.table.values()), [said[each]], rules))
        phases.append(life.phase(tag) is Phase.OPEN)
    assert phases == expected_phases(observed, open_after, resolve_after)
