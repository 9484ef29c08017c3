"""An explanation has one tag, a cause, steps that can be pasted, and a plan for trying again; it never fails."""

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs import generate
from ses_monitor.rejections.catalogue import ENTRIES, entry
from ses_monitor.rejections.explanation import CANDIDATES, explain

FAILED = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "


def test_an_unverified_identity_gets_candidates_and_what_would_tell_them_apart() -> None:
    answer = explain(f"{FAILED}ann@shop.example, bob@client.example")
    assert answer.tag == "IDENTITY_UNVERIFIED"
    assert answer.candidates == CANDIDATES
    needs = " ".join(answer.needs)
    assert "aws sesv2 get-account --region eu-west-1" in needs
    for name in ("ann@shop.example", "bob@client.example"):
        assert f"aws sesv2 get-email-identity --region eu-west-1 --email-identity {name}" in needs
        assert any(f"--email-identity {name}" in step for step in answer.steps)


def test_names_are_quoted_in_commands_and_unknown_ones_stand_in_capitals() -> None:
    answer = explain(f"{FAILED}$(touch)`x`@shop.example")
    assert "--email-identity '$(touch" in " ".join(answer.steps) or "IDENTITY" in " ".join(answer.steps)
    assert "--region REGION" in " ".join(explain("Configuration set does not exist").steps)
    assert "--region eu-west-1" in " ".join(explain("Configuration set does not exist", region="EU-WEST-1").steps)
    assert "$(x)" not in " ".join(explain("Configuration set does not exist", region="$(x)").steps)


@pytest.mark.parametrize(
    ("text", "retryable", "after"),
    [
        ("451 Temporary service failure", True, (5, 10, 30, 1200)),
        ("454 Throttling failure: Maximum sending rate exceeded", True, (5, 10, 30, 1200)),
        ("Maximum sending rate exceeded.", True, (1, 2, 4, 8, 16, 32, 60, 600)),
        ("454 Throttling failure: Daily message quota exceeded", True, (1200,)),
        ("454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded", False, ()),
        ("535 Authentication Credentials Invalid", False, ()),
        ("250 Ok 0102018f3c2a7b11-0a1b2c3d-1111-2222-3333-444455556666-000000", False, ()),
        ("499 never heard", True, (5, 10, 30, 1200)),
        ("599 never heard", False, ()),
        ("never heard", False, ()),
    ],
)
def test_the_plan_for_trying_again_fits_the_answer(text: str, retryable: bool, after: tuple[int, ...]) -> None:
    plan = explain(text).retry
    assert (plan.retryable, plan.after_seconds) == (retryable, after)
    assert plan.advice


@pytest.mark.parametrize(
    ("text", "rule"), [("450 4.2.1 busy", "temporary"), ("550 5.1.1 no", "final"), ("250 ok", "success")]
)
def test_an_unknown_text_says_so_and_gives_the_rule_of_its_class(text: str, rule: str) -> None:
    answer = explain(text)
    assert answer.tag == "UNRECOGNISED"
    assert "not among" in answer.cause
    assert rule in answer.cause


def test_a_pause_known_by_its_code_alone_leaves_open_whose_it_is() -> None:
    answer = explain("An error occurred (SendingPausedException) when calling the SendEmail operation: None")
    assert "ACCOUNT_PAUSED_BY_AWS" in answer.candidates
    assert answer.needs


@given(st.text(), st.text())
def test_no_text_raises(text: str, region: str) -> None:
    assert explain(text, region).cause
    assert explain(FAILED + text, region).steps


def test_tags_are_unique_and_commands_can_be_parsed() -> None:
    assert len({each.tag for each in ENTRIES}) == len(ENTRIES)
    for each in ENTRIES:
        assert each.retry.retryable == bool(each.retry.after_seconds)
        for step in each.steps:
            assert shlex.split(re.sub(r"\{\w+\}", "X", step.command)) or not step.command
    assert entry("no such").tag == "UNRECOGNISED"


def test_the_page_has_each_text_in_full() -> None:
    page = generate.rejections_page(ENTRIES)
    for each in ENTRIES:
        assert f"## {each.tag}\n" in page
        assert all(saying.text in page for saying in each.says)
    assert not re.search(r"\{\w+\}", page)
