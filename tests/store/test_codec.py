from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given

from ses_monitor.core.check import Step
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RegionState, RunRecord, Unseen
from ses_monitor.core.stored import Baseline, Change, Phase, Stored, Transition
from ses_monitor.core.verdict import Cause, Verdict
from ses_monitor.store import codec, state_codec
from ses_monitor.store.item import UnreadableItemError, UnstorableError, clip
from tests.store import strategies
from tests.store.examples import ACCOUNT, MUTE, NOW, OPEN, RESOLVED, RUN, STATE, WATCHED, change_of

DAYS = 400
FULL = 400 * 1024


def size(item: Mapping[str, Any]) -> int:
    """More than DynamoDB counts: our JSON has the types and the quotes too."""
    return len(json.dumps(item, ensure_ascii=False).encode())


@given(strategies.stored_findings)
def test_a_finding_comes_back_as_it_was(stored: Stored) -> None:
    assert codec.read_finding(codec.finding_item(stored, DAYS)) == stored


@given(strategies.stored_findings, strategies.changes)
def test_items_from_before_flaps_were_kept_are_read(stored: Stored, change: Change) -> None:
    added = ("flaps", "told_at", "unheard", "heard_before")
    old = [
        {name: value for name, value in item.items() if name not in added}
        for item in (codec.finding_item(stored, DAYS), codec.change_items(change, DAYS)[0])
    ]
    assert codec.read_finding(old[0]) == replace(stored, flaps=0, told_at=None, unheard=False, heard_before=False)
    assert codec.read_change(old[1]) == replace(change, flaps=0)


@given(strategies.changes)
def test_a_change_comes_back_as_it_was(change: Change) -> None:
    for item in codec.change_items(change, DAYS):
        assert codec.read_change(item) == change


@given(strategies.changes)
def test_a_change_comes_back_from_a_stream_record_that_powertools_unwrapped(change: Change) -> None:
    item, *_ = codec.change_items(change, DAYS)
    unwrapped = {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
    assert isinstance(unwrapped["version"], Decimal)
    assert codec.read_change(unwrapped) == change


@given(strategies.changes, strategies.changes)
def test_the_summary_of_a_first_audit_comes_back_as_it_was(one: Change, two: Change) -> None:
    baseline = Baseline("1", NOW, (one, two), more=3)
    item = codec.baseline_item(baseline, DAYS)
    assert codec.read_baseline(item) == baseline
    assert codec.is_baseline(item)
    assert not any(codec.is_baseline(other) for other in codec.change_items(one, DAYS))


def test_a_summary_too_large_for_an_item_counts_what_it_leaves_out() -> None:
    change = change_of(replace(OPEN, text="x" * 3_000))
    item = codec.baseline_item(Baseline("1", NOW, (change,) * 150), DAYS)
    read = codec.read_baseline(item)
    assert 0 < len(read.changes) < 150
    assert len(read.changes) + read.more == 150
    assert size(item) < FULL


@given(strategies.region_states)
def test_a_region_comes_back_as_it_was(state: RegionState) -> None:
    assert state_codec.read_region(state_codec.region_item(state)) == state


@given(strategies.accounts)
def test_an_account_comes_back_as_it_was(account: AccountFacts) -> None:
    assert state_codec.read_account(state_codec.account_item("eu-west-1", account, DAYS)) == account


@given(strategies.mutes)
def test_a_mute_comes_back_as_it_was(mute: Mute) -> None:
    assert state_codec.read_mute(state_codec.mute_item(mute)) == mute


@given(strategies.runs)
def test_a_run_comes_back_as_it_was(run: RunRecord) -> None:
    assert state_codec.read_run(state_codec.run_item(run)) == run


def test_only_an_open_finding_is_in_the_indexes_and_only_it_never_expires() -> None:
    indexes = {"gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"}
    assert indexes <= codec.finding_item(OPEN, DAYS).keys()
    assert "expires_at" not in codec.finding_item(OPEN, DAYS)
    for at_rest, days in ((WATCHED, 7), (RESOLVED, DAYS)):
        item = codec.finding_item(at_rest, DAYS)
        assert not indexes & item.keys()
        assert item["expires_at"] == {"N": str(int((NOW + timedelta(days=days)).timestamp()))}


def test_an_item_reads_well_in_the_console() -> None:
    item = codec.finding_item(OPEN, DAYS)
    assert item["pk"] == {"S": "FINDING#account"}
    assert item["sk"] == {"S": "eu-west-1#account.sending_enabled#account#SENDING_PAUSED"}
    assert item["severity"] == {"S": "CRITICAL"}
    assert item["opened_at"] == {"S": "2026-11-18T09:05:00Z"}
    assert item["steps"] == {
        "L": [
            {
                "M": {
                    "text": {"S": "Find out who paused it"},
                    "command": {"S": "aws sesv2 get-account --region eu-west-1"},
                    "url": {"S": "https://example.com/a"},
                }
            },
            {"M": {"text": {"S": "Then switch sending on again."}}},
        ]
    }
    assert item["evidence"]["M"]["rate"] == {"N": "0.05"}


@pytest.mark.parametrize(
    "name", ["region", "check", "subject", "tag", "severity", "phase", "version", "text", "written_at"]
)
def test_a_missing_attribute_is_an_error_that_names_the_item_and_the_attribute(name: str) -> None:
    item = dict(codec.finding_item(OPEN, DAYS))
    del item[name]
    with pytest.raises(UnreadableItemError) as caught:
        codec.read_finding(item)
    assert f"FINDING#account / eu-west-1#account.sending_enabled#account#SENDING_PAUSED has no {name}" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", {"S": "12"}),
        ("version", {"N": "1.5"}),
        ("version", {"BOOL": True}),
        ("text", {"N": "1"}),
        ("written_at", {"S": "yesterday"}),
        ("written_at", {"S": "2026-11-18T09:05:00"}),
        ("steps", {"S": "none"}),
        ("steps", {"L": [{"S": "restart it"}]}),
        ("steps", {"L": [{"M": {"command": {"S": "ls"}}}]}),
        ("evidence", {"L": []}),
        ("evidence", {"M": {"a": {"L": []}}}),
    ],
)
def test_an_attribute_of_another_kind_is_an_error_that_names_it(name: str, value: Any) -> None:
    item: dict[str, Any] = dict(codec.finding_item(OPEN, DAYS)) | {name: value}
    with pytest.raises(UnreadableItemError, match=name):
        codec.read_finding(item)


@pytest.mark.parametrize("value", [{}, None, "S", {"X": "y"}, 7, []])
def test_what_is_no_item_at_all_is_an_error_that_names_it(value: Any) -> None:
    item: dict[str, Any] = dict(codec.finding_item(OPEN, DAYS)) | {"text": value}
    with pytest.raises(UnreadableItemError, match="FINDING#account"):
        codec.read_finding(item)


def test_the_error_shows_a_hostile_key_on_one_bounded_line() -> None:
    item: dict[str, Any] = {"pk": {"S": "FINDING#account"}, "sk": {"S": "a\n\x1b[31m" + "b" * 3000}}
    with pytest.raises(UnreadableItemError) as caught:
        codec.read_finding(item)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_attributes_of_a_newer_version_are_ignored() -> None:
    item: dict[str, Any] = dict(codec.finding_item(OPEN, DAYS)) | {"acknowledged_by": {"SS": ["ana"]}}
    assert codec.read_finding(item) == OPEN


@pytest.mark.parametrize(("level", "expected"), [(45, Severity.ERROR), (60, Severity.CRITICAL), (5, Severity.INFO)])
def test_a_severity_of_a_newer_version_becomes_the_worst_known_that_is_no_worse(level: int, expected: Severity) -> None:
    item: dict[str, Any] = dict(codec.finding_item(OPEN, DAYS))
    item |= {"severity": {"S": "DIRE"}, "severity_level": {"N": str(level)}}
    assert codec.read_finding(item).severity is expected


def test_a_phase_of_a_newer_version_is_open_where_the_open_index_has_it() -> None:
    unknown = {"phase": {"S": "acknowledged"}}
    assert codec.read_finding(codec.finding_item(OPEN, DAYS) | unknown).phase is Phase.OPEN
    assert codec.read_finding(codec.finding_item(WATCHED, DAYS) | unknown).phase is Phase.RESOLVED


@pytest.mark.parametrize(
    ("written", "expected"), [(Transition.GONE, Transition.RESOLVED), (Transition.WORSENED, Transition.OPENED)]
)
def test_a_transition_of_a_newer_version_is_told_as_what_it_comes_to(written: Transition, expected: Transition) -> None:
    item: dict[str, Any] = dict(codec.change_items(change_of(OPEN, written), DAYS)[0]) | {
        "transition": {"S": "reopened"}
    }
    assert codec.read_change(item).transition is expected


def test_a_verdict_of_a_newer_version_is_unknown() -> None:
    item: dict[str, Any] = dict(state_codec.region_item(STATE)) | {"verdict": {"S": "DEGRADED"}}
    assert state_codec.read_region(item).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, 1e-200, 10**60])
def test_a_number_dynamodb_does_not_take_is_kept_as_text(value: float) -> None:
    item = codec.finding_item(replace(OPEN, evidence={"value": value}), DAYS)
    assert codec.read_finding(item).evidence == {"value": str(value)}


def test_what_utf8_cannot_say_does_not_stop_the_audit() -> None:
    item = codec.finding_item(replace(OPEN, text="a\ud800b"), DAYS)
    assert codec.read_finding(item).text == "a?b"


HUGE = "\U0001f4a3" * 300_000


def test_no_finding_or_change_exceeds_an_item() -> None:
    stored = replace(
        OPEN,
        subject="ü" * (32 * 1024),
        text=HUGE,
        cause=HUGE,
        steps=tuple(Step(HUGE, "x" * 8192, "y" * 2048) for _ in range(50)),
        evidence={f"{number}{HUGE}": HUGE for number in range(100)},
    )
    change = change_of(stored, Transition.WORSENED, was_tag="OTHER", muted_by=HUGE, account_id=HUGE)
    for item in (codec.finding_item(stored, DAYS), *codec.change_items(change, DAYS)):
        assert size(item) < FULL
    read = codec.read_finding(codec.finding_item(stored, DAYS))
    assert read.subject == stored.subject
    assert read.text.endswith("…")


def test_a_command_or_address_too_long_is_left_out_rather_than_cut() -> None:
    stored = replace(OPEN, steps=(Step("Do it", "rm " + "x" * 9000, "https://example.com/" + "x" * 3000),))
    assert codec.read_finding(codec.finding_item(stored, DAYS)).steps == (Step("Do it"),)


def test_a_subject_no_ses_ever_had_is_refused_rather_than_confused_with_another() -> None:
    with pytest.raises(UnstorableError):
        codec.finding_item(replace(OPEN, subject="x" * 70_000), DAYS)


def test_no_state_run_or_mute_exceeds_an_item() -> None:
    unseen = tuple(Unseen(HUGE, HUGE, HUGE, HUGE, HUGE) for _ in range(200))
    run = replace(RUN, regions=(HUGE,) * 200, skipped=(HUGE,) * 200, unseen=unseen)
    causes = tuple(Cause("TAG", Severity.ERROR, HUGE, HUGE) for _ in range(200))
    account = replace(ACCOUNT, enforcement=HUGE, review_status=HUGE, suppressed_reasons=(HUGE,) * 200)
    assert size(state_codec.run_item(run)) < FULL
    assert size(state_codec.region_item(replace(STATE, causes=causes, account=account))) < FULL
    assert size(state_codec.mute_item(replace(MUTE, owner=HUGE, reason=HUGE))) < FULL


@pytest.mark.parametrize(
    "mute",
    [
        replace(MUTE, mute_id="x" * 3000),
        replace(MUTE, tag="x" * 3000),
        replace(MUTE, check_id="x" * 3000),
        replace(MUTE, region="x" * 3000),
        replace(MUTE, subject="x" * 3000),
    ],
    ids=["id", "tag", "check", "region", "subject"],
)
def test_a_mute_is_never_cut_into_one_that_matches_more(mute: Mute) -> None:
    with pytest.raises(UnstorableError):
        state_codec.mute_item(mute)


def test_a_run_that_was_blind_everywhere_keeps_every_region_and_says_how_much_it_left_out() -> None:
    unseen = tuple(
        Unseen("account.quota", f"region-{region}", f"subject-{number}", "denied", "no")
        for region in range(33)
        for number in range(100)
    )
    read = state_codec.read_run(state_codec.run_item(replace(RUN, unseen=unseen)))
    assert len(read.unseen) == 150
    assert {each.region for each in read.unseen[:-1]} == {f"region-{number}" for number in range(33)}
    assert read.unseen[-1].why == "left_out"
    assert read.unseen[-1].reason == "3151 more are not kept in this record"


@pytest.mark.parametrize(
    ("text", "limit", "expected"), [("abc", 3, "abc"), ("abcd", 4, "abcd"), ("abcde", 4, "a…"), ("üüü", 5, "ü…")]
)
def test_text_is_cut_between_characters(text: str, limit: int, expected: str) -> None:
    assert clip(text, limit) == expected


def test_an_item_is_over_the_second_after_its_time() -> None:
    item = codec.finding_item(WATCHED, DAYS)
    end = NOW + timedelta(days=7)
    assert not codec.is_expired(item, end)
    assert codec.is_expired(item, end + timedelta(seconds=1))
