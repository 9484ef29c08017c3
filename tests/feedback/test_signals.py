"""Events open and worsen; nothing they say, or do not say, closes or eases anything."""

from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.check import Diagnosis, Finding
from ses_monitor.core.engine import Evaluation
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Phase, Transition
from ses_monitor.feedback.signals import only_open
from tests.build import THROTTLED
from tests.core.lifecycle import BAD, DIAGNOSES, FIGURE, MILD, ONE, PLAIN, STICKY, TWO, Life, blind, found, saw, words

SUBJECTS = ("p", "q")


def told(life: Life, evaluation: Evaluation) -> list[tuple[str, str]]:
    """What people hear when this comes from events."""
    return words(life.audit(*only_open(life.table.values(), [evaluation], DIAGNOSES)))


def test_what_is_found_opens() -> None:
    assert told(Life(), saw(found(MILD))) == [("opened", "MILD")]


def test_what_is_not_found_stays_open_until_an_audit() -> None:
    life = Life()
    life.audit(saw(found(MILD), found(FIGURE)))
    assert told(life, saw()) == []
    assert told(life, saw(found(FIGURE))) == []
    assert words(life.audit(saw())) == [("resolved", "MILD"), ("resolved", "FIGURE")]


def test_it_worsens_and_does_not_ease() -> None:
    life = Life()
    life.audit(saw(found(MILD)))
    assert told(life, saw(found(MILD, severity=Severity.ERROR))) == [("worsened", "MILD")]
    assert told(life, saw(found(MILD))) == []
    assert life.stored(MILD).severity is Severity.ERROR
    assert words(life.audit(saw(found(MILD)))) == [("eased", "MILD")]


def test_a_milder_tag_of_the_same_kind_does_not_replace_a_worse_one() -> None:
    life = Life()
    life.audit(saw(found(BAD)))
    assert told(life, saw(found(PLAIN))) == []
    assert life.phase(BAD) is Phase.OPEN
    assert life.phase(PLAIN) is None


def test_what_only_holds_neither_opens_nor_closes() -> None:
    life = Life()
    assert told(life, saw(found(MILD, holds_only=True))) == []
    life.audit(saw(found(MILD)))
    assert told(life, saw(found(MILD, severity=Severity.ERROR, holds_only=True))) == []
    assert life.phase(MILD) is Phase.OPEN


def test_what_was_seen_once_is_not_forgotten_because_an_event_does_not_show_it() -> None:
    life = Life()
    life.audit(saw(found(STICKY)))
    assert told(life, saw()) == []
    assert words(life.audit(saw(found(STICKY)))) == [("opened", "STICKY")]


def test_not_knowing_changes_nothing() -> None:
    life = Life()
    life.audit(saw(found(MILD)))
    assert told(life, blind()) == []
    assert told(life, saw(undecided=["MILD"])) == []
    assert life.phase(MILD) is Phase.OPEN


@st.composite
def findings(draw: st.DrawFn, subject: str) -> Finding:
    diagnosis: Diagnosis = draw(st.sampled_from(list(DIAGNOSES.values())))
    return found(
        diagnosis,
        subject,
        severity=draw(st.sampled_from(diagnosis.severities)),
        holds_only=draw(st.booleans()),
        percent=draw(st.integers(0, 3)),
    )


@st.composite
def evaluations(draw: st.DrawFn) -> list[Evaluation]:
    said = []
    for check in (ONE, TWO):
        for subject in SUBJECTS:
            if draw(st.integers(0, 5)) == 0:
                said.append(blind(check, subject))
                continue
            seen = tuple(draw(st.lists(findings(subject), max_size=5)))
            undecided = draw(st.sets(st.sampled_from(sorted(DIAGNOSES)), max_size=2)) - {each.tag for each in seen}
            said.append(Evaluation(check, subject, seen, undecided=dict.fromkeys(sorted(undecided), THROTTLED)))
    return said


HISTORIES = st.lists(st.tuples(st.booleans(), evaluations()), max_size=6)


@given(HISTORIES, evaluations())
def test_whatever_was_open_before_events_only_open_and_worsen(
    history: list[tuple[bool, list[Evaluation]]], now: list[Evaluation]
) -> None:
    life = Life()
    for from_events, said in history:
        life.audit(*(only_open(life.table.values(), said, DIAGNOSES) if from_events else said))
    before = {key: life.table[key].severity for key in life.open}
    watched = {key for key, state in life.table.items() if state.phase is Phase.WATCHED}
    changes = life.audit(*only_open(life.table.values(), now, DIAGNOSES))
    assert {change.transition for change in changes} <= {Transition.OPENED, Transition.WORSENED}
    assert before.keys() <= life.open
    assert all(life.table[key].severity >= severity for key, severity in before.items())
    assert watched <= life.table.keys()


@given(evaluations())
def test_where_nothing_is_open_an_event_finds_what_an_audit_finds(said: list[Evaluation]) -> None:
    by_audit, by_events = Life(), Life()
    by_audit.audit(*said)
    by_events.audit(*only_open((), said, DIAGNOSES))
    assert by_events.table == by_audit.table
