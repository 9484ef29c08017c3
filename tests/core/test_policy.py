"""Mutes silence and never hide; a first baseline is one summary."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute, belongs_to_baseline, damp, muted_by
from ses_monitor.core.stored import Transition
from tests.build import NOW
from tests.core.lifecycle import AUDIT, BAD, MILD, Life, blind, found, saw, words

MUTE = Mute("m1", owner="ops", reason="planned", expires_at=NOW + timedelta(days=7))
WHAT: dict[str, Any] = {
    "tag": "DKIM_FAILED",
    "check_id": "identity.dkim",
    "region": "eu-west-1",
    "subject": "shop.example.com",
}


@pytest.mark.parametrize(
    ("narrowed", "covers"),
    [
        pytest.param({}, True, id="empty fields match everything"),
        pytest.param({"tag": "DKIM_FAILED"}, True, id="its tag"),
        pytest.param({"tag": "DKIM_PENDING"}, False, id="another tag"),
        pytest.param({"check_id": "identity.dkim"}, True, id="its check"),
        pytest.param({"check_id": "identity.policy"}, False, id="another check"),
        pytest.param({"check_id": "identity"}, True, id="its family"),
        pytest.param({"check_id": "ident"}, False, id="half a family"),
        pytest.param({"check_id": "dns"}, False, id="another family"),
        pytest.param({"region": "eu-west-1"}, True, id="its region"),
        pytest.param({"region": "us-east-1"}, False, id="another region"),
        pytest.param({"subject": "shop.example.com"}, True, id="its subject"),
        pytest.param({"subject": "*.example.com"}, True, id="a pattern"),
        pytest.param({"subject": "SHOP.example.com"}, False, id="letters count"),
        pytest.param({"subject": "*.example.org"}, False, id="another pattern"),
        pytest.param({"tag": "DKIM_FAILED", "region": "us-east-1"}, False, id="all fields must match"),
        pytest.param({"expires_at": NOW}, False, id="expired this very moment"),
        pytest.param({"expires_at": NOW + timedelta(microseconds=1)}, True, id="not yet expired"),
    ],
)
def test_a_mute_covers_what_all_its_fields_match_until_it_expires(narrowed: dict[str, Any], covers: bool) -> None:
    assert replace(MUTE, **narrowed).covers(**WHAT, at=NOW) is covers


@pytest.mark.parametrize(
    ("chosen", "silences"),
    [
        pytest.param({}, False, id="everything"),
        pytest.param({"region": "eu-west-1"}, False, id="a region"),
        pytest.param({"subject": "*.example.com"}, False, id="a subject"),
        pytest.param({"check_id": "identity"}, False, id="a family"),
        pytest.param({"region": "eu-west-1", "subject": "shop.example.com"}, False, id="a subject in a region"),
        pytest.param({"tag": "DKIM_FAILED"}, True, id="its tag"),
        pytest.param({"check_id": "identity.dkim"}, True, id="its check"),
        pytest.param({"tag": "DKIM_FAILED", "region": "us-east-1"}, False, id="its tag elsewhere"),
    ],
)
def test_what_is_critical_is_silenced_only_by_who_names_it(chosen: dict[str, Any], silences: bool) -> None:
    mute = replace(MUTE, **chosen)
    assert mute.covers(**WHAT, at=NOW, severity=Severity.CRITICAL) is silences
    assert bool(muted_by([mute], **WHAT, at=NOW, severity=Severity.CRITICAL)) is silences
    elsewhere = "region" in chosen and chosen["region"] != WHAT["region"]
    assert mute.covers(**WHAT, at=NOW, severity=Severity.ERROR) is not elsewhere


def test_the_first_mute_that_covers_is_named() -> None:
    mutes = [replace(MUTE, mute_id="no", tag="OTHER"), replace(MUTE, mute_id="yes"), replace(MUTE, mute_id="late")]
    assert muted_by(mutes, **WHAT, at=NOW) == "yes"
    assert muted_by(mutes[:1], **WHAT, at=NOW) == ""


def test_a_muted_change_is_recorded_like_all_others_and_says_which_mute() -> None:
    life = Life()
    [opened] = life.audit(saw(found(MILD)), mutes=(replace(MUTE, tag="MILD"),))
    assert (opened.muted_by, opened.transition.value) == ("m1", "opened")
    [worsened] = life.audit(saw(found(BAD)), mutes=(replace(MUTE, tag="MILD"),))
    assert worsened.muted_by == "", "the mute was for the lighter tag"


def test_when_a_mute_expires_the_next_change_is_told() -> None:
    life = Life()
    mute = replace(MUTE, expires_at=NOW + AUDIT + timedelta(seconds=1))
    assert [change.muted_by for change in life.audit(saw(found(MILD)), mutes=(mute,))] == ["m1"]
    assert words(life.audit(saw(), mutes=(mute,))) == [("resolved", "MILD")]
    assert life.told[-1].muted_by == ""


@pytest.mark.parametrize("severity", Severity)
def test_critical_never_waits_in_a_summary(severity: Severity) -> None:
    assert belongs_to_baseline(severity, first_audit=True) is (severity is not Severity.CRITICAL)
    assert not belongs_to_baseline(severity, first_audit=False)


def test_damping_passes_unknown_on_as_it_is() -> None:
    assert damp([], [blind()], {}).confirmed == (blind(),)


@pytest.mark.parametrize("transition", Transition)
def test_nothing_is_wrong_any_more_after_resolved_and_gone(transition: Transition) -> None:
    assert transition.closes is (transition in {Transition.RESOLVED, Transition.GONE})
