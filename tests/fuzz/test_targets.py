"""Every reader of outside bytes, with mutations of our own events, and with what fuzzing found and was kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import corpus
from tests.fuzz.mutations import Change, changed
from tests.fuzz.targets import TARGETS

KEPT = [(target, name) for target in TARGETS for name in corpus.kept(target)]
CHANGES = st.lists(
    st.builds(Change, st.integers(0, 255), st.integers(0, 65_535), st.integers(0, 65_535)), min_size=1, max_size=5
)


@pytest.mark.parametrize(("target", "name"), KEPT, ids=[f"{target}-{name}" for target, name in KEPT])
def test_what_fuzzing_found_stays_mended(target: str, name: str) -> None:
    TARGETS[target].run(corpus.kept(target)[name])


@pytest.mark.parametrize("target", TARGETS)
def test_our_own_samples_hold(target: str) -> None:
    for sample in corpus.beginnings(target):
        TARGETS[target].run(sample)


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_is_changed_in_them_the_same_holds(target: str) -> None:
    samples = corpus.beginnings(target)

    @settings(max_examples=200, derandomize=True, database=None)
    @given(st.integers(0, len(samples) - 1), CHANGES)
    def holds(sample: int, changes: list[Change]) -> None:
        TARGETS[target].run(changed(samples[sample], changes))

    holds()


@pytest.mark.parametrize("target", TARGETS)
def test_any_bytes_hold(target: str) -> None:
    @settings(max_examples=50, derandomize=True, database=None)
    @given(
        st.one_of(
            st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
        )
    )
    def holds(data: bytes) -> None:
        TARGETS[target].run(data)

    holds()


def test_there_is_a_corpus_for_no_other_target() -> None:
    assert {each.name for each in corpus.KEPT.iterdir() if each.is_dir()} <= TARGETS.keys()
