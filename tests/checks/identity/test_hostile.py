"""Whatever SES may say of an identity or a configuration set, no check crashes, and nothing breaks out of its place."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor import checks
from ses_monitor.checks.identity import Clock
from ses_monitor.core.check import Check, bounded
from ses_monitor.core.engine import run
from ses_monitor.core.identity import Details, Dkim, Elsewhere, EventDestination, Feedback, MailFrom
from ses_monitor.core.model import Scope
from ses_monitor.core.observed import Known
from tests.build import (
    ACCOUNT_ID,
    HEALTHY_ADDRESS,
    HEALTHY_DOMAIN,
    HEALTHY_SET,
    NOW,
    SENDER,
    details,
    since,
    with_identity,
)
from tests.checks import rules

OURS = [check for check in checks.registered() if check.id.split(".")[0] in {"identity", "configuration_set"}]
[POLICY] = [check for check in OURS if check.id == "identity.policy"]

WORDS = st.sampled_from(
    ["SUCCESS", "PENDING", "FAILED", "TEMPORARY_FAILURE", "NOT_STARTED", "REJECT_MESSAGE", "USE_DEFAULT_VALUE"]
)
TEXTS = (
    WORDS | st.text(max_size=40) | st.sampled_from(["{subject}", "'; rm -rf ~ #", "x" * 3000, "\u202e", "\ud800", "-"])
)
NAMES = TEXTS.filter(bounded)
"""SES lists nothing without a name."""
MOMENTS = st.none() | st.integers(-400, 400).map(lambda hours: NOW - timedelta(hours=hours))
DETAILS = st.builds(
    Details,
    error_type=TEXTS,
    last_success=MOMENTS,
    dkim_origin=TEXTS | st.sampled_from(["AWS_SES", "EXTERNAL", "AWS_SES_EU_WEST_1", "AWS_SES_" + "A" * 3000]),
    hosted_zone=TEXTS,
    key_length=TEXTS | st.just("RSA_1024_BIT"),
    configuration_set=TEXTS | st.just(HEALTHY_SET.name),
    policies=st.dictionaries(TEXTS, TEXTS, max_size=3).map(Known),
)
FACTS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "verification_status": TEXTS,
        "dkim": st.builds(Dkim, TEXTS, st.booleans(), st.lists(TEXTS, max_size=5).map(tuple)).map(Known),
        "mail_from": (st.none() | st.builds(MailFrom, TEXTS, TEXTS, TEXTS)).map(Known),
        "feedback": st.builds(Feedback, TEXTS, TEXTS, st.booleans()).map(Known),
        "details": DETAILS.map(Known),
        "elsewhere": st.lists(st.builds(Elsewhere, TEXTS, TEXTS), max_size=8).map(tuple).map(Known),
    }
)
SETS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "sending_enabled": st.booleans().map(Known),
        "reputation_metrics": st.booleans().map(Known),
        "destinations": st.lists(
            st.builds(EventDestination, TEXTS, st.booleans(), st.frozensets(TEXTS, max_size=3), TEXTS), max_size=3
        )
        .map(tuple)
        .map(Known),
        "default_of": st.lists(TEXTS, max_size=8).map(tuple),
    }
)


@pytest.mark.parametrize("check", OURS, ids=lambda check: check.id)
@given(one=FACTS, other=FACTS, each_set=SETS, production=st.booleans())
def test_no_text_from_ses_crashes_a_check_or_breaks_out(
    check: Check[Any], one: Any, other: Any, each_set: Any, production: bool
) -> None:
    world = replace(
        SENDER,
        account=Known(replace(SENDER.account.get(), production_access=Known(production))),
        production_elsewhere=Known(("us-east-1",)),
        identities=Known((replace(HEALTHY_DOMAIN, **one), replace(HEALTHY_ADDRESS, **other))),
        configuration_sets=Known((replace(HEALTHY_SET, **each_set),)),
    )
    for evaluation in run([check], world):
        assert not rules.crashed(evaluation), evaluation.unknown
        for finding in evaluation.findings:
            rules.reads_well(finding, world)
            rules.keeps_bounded_evidence(finding)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["*", "Allow", "Deny", ACCOUNT_ID, "999988887777", "o-a1b2c3d4e5", "10.0.0.0/8", "x", ""])
)
KEYS = st.sampled_from(
    [
        "Statement",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Condition",
        "AWS",
        "*",
        "StringEquals",
        "IpAddress",
        "aws:SourceIp",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
    ]
)
ALMOST = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=25
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={"Principal": ALMOST | st.just("*"), "NotPrincipal": ALMOST, "Condition": ALMOST},
)


@given(text=(ALMOST | st.lists(STATEMENTS, max_size=3).map(lambda all_: {"Statement": all_})).map(json.dumps))
def test_what_almost_is_a_policy_never_crashes(text: str) -> None:
    evaluation = rules.evaluated(POLICY, with_identity(details=details(policies={"almost": text})))
    assert evaluation.unknown is None


def test_a_clock_counts_down_and_never_up() -> None:
    left = [Clock(timedelta(hours=72), NOW, NOW + timedelta(hours=hours)) for hours in range(100)]
    assert [clock.is_over for clock in left] == [hours >= 72 for hours in range(100)]
    assert [clock.in_last_quarter for clock in left] == [hours >= 54 for hours in range(100)]
    assert len({clock.ends for clock in left}) == 1


def test_a_status_that_gets_worse_is_told_as_one_change() -> None:
    """Tags that exclude each other share an aspect, so that one replaces the other."""
    for check in OURS:
        if check.id in {"identity.verification", "identity.mail_from", "identity.region_parity"}:
            assert {diagnosis.aspect for diagnosis in check.diagnoses} == {""}
    [dkim] = [check for check in OURS if check.id == "identity.dkim"]
    assert {each.tag for each in dkim.diagnoses if each.aspect} == {"DKIM_KEY_SHORT"}


def test_texts_with_hours_left_are_refreshed() -> None:
    worlds = [with_identity(verification_status="PENDING", memory=since(hours)) for hours in (1, 2)]
    [check] = [each for each in OURS if each.id == "identity.verification"]
    first, second = (rules.evaluated(check, world).findings[0] for world in worlds)
    assert first.text != second.text
    assert first.diagnosis.measures


def test_every_check_here_looks_at_its_own_scope() -> None:
    assert {check.scope for check in OURS} == {Scope.IDENTITY, Scope.CONFIGURATION_SET}
