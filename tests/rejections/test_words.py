"""Cause and steps read well whatever is known: no placeholder is left, no capitals stand in prose, commands are quoted."""

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.rejections.catalogue import CREDENTIALS, ENTRIES, Entry, entry
from ses_monitor.rejections.words import cause, steps

NAMES = ("region", "identity", "resource", "user", "action", "message_id", "elsewhere", "mail_from_domain")
PLACEHOLDER = re.compile(r"\{\w*\}|\b(?:REGION|IDENTITY|RESOURCE|USER|ACTION|MESSAGE_ID|ELSEWHERE|ENDPOINT)\b")
ALL = (*ENTRIES, CREDENTIALS)
ANYTHING = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, st.text(max_size=60)))
KNOWN = {
    "region": "eu-west-1",
    "identity": "orders@shop.example",
    "resource": "marketing",
    "user": "arn:aws:iam::111122223333:user/mailer",
    "action": "ses:SendRawEmail",
    "message_id": "0102-1",
    "elsewhere": "us-east-1, sa-east-1",
}


@pytest.mark.parametrize("about", ALL, ids=lambda each: each.title)
def test_what_is_unknown_is_told_in_words(about: Entry) -> None:
    said = [cause(about, {}), *(step.text for step in steps(about, {})), *(step.url for step in steps(about, {}))]
    for each in said:
        assert not PLACEHOLDER.search(each)
        assert "  " not in each
        assert not each or each[0].isupper() or each.startswith("https://")


@pytest.mark.parametrize("about", ALL, ids=lambda each: each.title)
def test_what_is_known_stands_in_full(about: Entry) -> None:
    for template, said in [
        (about.cause, cause(about, KNOWN)),
        *zip((each.text for each in about.steps), (each.text for each in steps(about, KNOWN)), strict=True),
        *zip((each.command for each in about.steps), (each.command for each in steps(about, KNOWN)), strict=True),
    ]:
        assert "{" not in said
        for name, value in KNOWN.items():
            assert f"{{{name}}}" not in template or value in said


@pytest.mark.parametrize("about", ALL, ids=lambda each: each.title)
@given(values=ANYTHING, identities=st.lists(st.text(max_size=40), max_size=7))
def test_any_value_is_one_word_of_a_command(about: Entry, values: dict[str, str], identities: list[str]) -> None:
    usual = {len(shlex.split(re.sub(r"\{\w+\}", "X", each.command))) for each in about.steps}
    assert cause(about, values)
    for step in steps(about, values, identities):
        assert len(shlex.split(step.command)) in usual
        assert not re.search(r"\s", step.url)


def test_masked_and_cut_names_are_never_pasted() -> None:
    about = entry("RECIPIENT_UNVERIFIED_SANDBOX")
    masked = {"region": "eu-west-1", "identity": "b…@client.example"}
    assert "b…@client.example is not one of them" in cause(about, masked)
    assert steps(about, masked)[-1].command.endswith("--email-identity IDENTITY")


def test_the_endpoint_of_each_region_is_named() -> None:
    about = entry("SENDER_VERIFIED_IN_OTHER_REGION")
    first = steps(about, {"region": "eu-west-1", "identity": "shop.example", "elsewhere": "us-east-1, sa-east-1"})[
        0
    ].text
    assert 'email-smtp.us-east-1.amazonaws.com for SMTP, region_name="us-east-1" in an SDK' in first
    assert "email-smtp.sa-east-1.amazonaws.com" in first
    assert "the endpoint of the region in which it is verified" in steps(about, {})[0].text


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    assert "the configuration set {region}" in cause(entry("CONFIGURATION_SET_MISSING"), {"resource": "{region}"})


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken"])
def test_credentials_that_aws_does_not_accept_are_told_apart_from_policies(code: str) -> None:
    assert entry("ACCESS_DENIED", code) is CREDENTIALS
    assert entry("ACCESS_DENIED", "AccessDenied") is entry("ACCESS_DENIED") is not CREDENTIALS
