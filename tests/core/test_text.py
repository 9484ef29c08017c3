"""Outside text made safe, thresholds with hysteresis, and what a diagnosis makes of its evidence."""

import re
import shlex
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.bands import Band, bands_of
from ses_monitor.core.check import LONGEST_EVIDENCE, Diagnosis, Step, bounded
from ses_monitor.core.model import Severity
from tests.build import HEALTHY, HOSTILE

ANY_TEXT = st.text(st.characters(codec=None)) | st.text(st.sampled_from("a \n\u202e\u200b\ud800\x00…"))
LIMITS = st.integers(1, 60)


@given(ANY_TEXT, LIMITS)
def test_bounded_text_is_one_short_line_that_any_store_takes(text: str, limit: int) -> None:
    line = bounded(text, limit)
    assert len(line) <= limit
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u200b-\u200f\u2066-\u2069\ufeff]", line)
    assert "Cs" not in {unicodedata.category(character) for character in line}
    line.encode()


@given(ANY_TEXT, LIMITS)
def test_bounding_twice_is_bounding_once(text: str, limit: int) -> None:
    assert bounded(bounded(text, limit), limit) == bounded(text, limit)


@given(st.text("abc äß-:/.", max_size=40))
def test_harmless_text_is_only_trimmed(text: str) -> None:
    assert bounded(text) == text.strip()


def test_a_cut_text_says_so() -> None:
    assert bounded("x" * 501) == "x" * 499 + "…"
    assert len(bounded(HOSTILE)) == LONGEST_EVIDENCE


@given(st.text())
def test_evidence_is_one_word_of_a_command_whatever_it_is(value: str) -> None:
    step = Step("Do it:", command="aws ses do --region {region} --url {url}")
    diagnosis = Diagnosis("T", (Severity.ERROR,), "m", "c", (step,))
    [rendered] = diagnosis.on(HEALTHY, url=value).steps
    assert shlex.split(rendered.command) == ["aws", "ses", "do", "--region", "eu-west-1", "--url", bounded(value)]


@given(st.text())
def test_evidence_is_never_read_as_a_template(value: str) -> None:
    diagnosis = Diagnosis("T", (Severity.ERROR,), "{said}", "{said}", (Step("{said}"),))
    finding = diagnosis.on(HEALTHY, said=value)
    assert {finding.text, finding.cause, finding.steps[0].text} == {bounded(value)}


def test_a_placeholder_nobody_fills_in_fails_where_it_is_made() -> None:
    with pytest.raises(KeyError, match="missing"):
        Diagnosis("T", (Severity.ERROR,), "{missing}", "c", ()).on(HEALTHY)


def test_a_severity_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="T is not declared with severity CRITICAL"):
        Diagnosis("T", (Severity.ERROR,), "m", "c", ()).on(HEALTHY, severity=Severity.CRITICAL)


def test_a_finding_knows_subject_region_account_and_its_usual_severity() -> None:
    finding = Diagnosis("T", (Severity.NOTICE, Severity.ERROR), "{subject} {region} {account_id}", "c", ()).on(
        HEALTHY, "example.com"
    )
    assert (finding.text, finding.severity, finding.tag) == ("example.com eu-west-1 111122223333", Severity.NOTICE, "T")


def test_a_step_in_plain_text_leaves_out_what_it_has_not() -> None:
    assert Step("Look:", url="https://x").plain() == "Look: https://x"
    assert Step("Do:", "aws x", "https://x").plain() == "Do: aws x https://x"


BANDS = (Band(0.95, 0.92, "error"), Band(0.80, 0.75, "warning"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.00, [("error", False)]),
        (0.95, [("error", False)]),
        (0.9499, [("error", True), ("warning", False)]),
        (0.92, [("error", True), ("warning", False)]),
        (0.9199, [("warning", False)]),
        (0.80, [("warning", False)]),
        (0.7999, [("warning", True)]),
        (0.75, [("warning", True)]),
        (0.7499, []),
        (0.0, []),
    ],
)
def test_a_value_opens_the_highest_band_it_reaches_and_holds_those_it_has_not_left(
    value: float, expected: list[tuple[str, bool]]
) -> None:
    assert list(bands_of(value, BANDS)) == expected


@given(st.floats(0, 2))
def test_at_most_one_band_is_certain_and_none_lies_below_it(value: float) -> None:
    found = list(bands_of(value, BANDS))
    assert sum(not holds_only for _, holds_only in found) <= 1
    assert all(holds_only for _, holds_only in found[:-1])


def test_a_value_that_swings_around_a_line_opens_once() -> None:
    open_now, opened = False, 0
    for value in (0.79, 0.81, 0.79, 0.81, 0.76, 0.80, 0.74, 0.79, 0.80):
        found = list(bands_of(value, BANDS))
        was_open, open_now = open_now, any(not holds or open_now for _, holds in found)
        opened += open_now and not was_open
    assert opened == 2
