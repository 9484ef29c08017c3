"""The key that recipients are kept by: read whole or not at all, and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from moto import mock_aws

from ses_monitor.collect.secret import RecipientKeyError, recipient_names
from ses_monitor.core.mailbox import HashedRecipients, PlainRecipients

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

NAME = "/ses-monitor/recipient-key"
KEY = "a secret of more than 16 bytes"


@pytest.fixture
def ssm() -> Iterator[SSMClient]:
    with mock_aws():
        yield boto3.client("ssm")


def test_without_a_parameter_recipients_are_kept_plain_and_nobody_is_asked(ssm: SSMClient) -> None:
    ssm.meta.events.register("before-call.ssm.*", lambda **_: pytest.fail("SSM was asked"))
    assert isinstance(recipient_names(ssm, ""), PlainRecipients)


@pytest.mark.parametrize("value", [KEY, f"  {KEY}\n"], ids=["bare", "with the line end that an editor left"])
def test_with_a_key_recipients_are_hashed_with_it(ssm: SSMClient, value: str) -> None:
    ssm.put_parameter(Name=NAME, Value=value, Type="SecureString")
    names = recipient_names(ssm, NAME)
    assert names.key("Ana <ANA@example.org>") == HashedRecipients(KEY.encode()).key("ana@example.org")
    assert names.shown("ana@example.org") == ""


@pytest.mark.parametrize(
    ("value", "type_", "wrong"),
    [
        ("short", "SecureString", "a key of 5 bytes; at least 16"),
        (" " * 20 + "x", "SecureString", "a key of 1 bytes"),
        (KEY, "String", "no SecureString"),
    ],
)
def test_a_key_that_is_no_use_is_refused_without_being_shown(
    ssm: SSMClient, value: str, type_: str, wrong: str
) -> None:
    ssm.put_parameter(Name=NAME, Value=value, Type=type_)  # type: ignore[arg-type] # a literal of the stubs
    with pytest.raises(RecipientKeyError, match=wrong) as caught:
        recipient_names(ssm, NAME)
    assert NAME in str(caught.value)
    assert value.strip() not in str(caught.value)


def test_a_parameter_that_is_not_there_is_named(ssm: SSMClient) -> None:
    with pytest.raises(RecipientKeyError, match=rf"{NAME} cannot be read \(ParameterNotFound\)"):
        recipient_names(ssm, NAME)


def test_a_key_that_nobody_answers_for_is_an_error_and_not_plain(
    ssm: SSMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(**_: object) -> None:
        raise ConnectTimeoutError(endpoint_url="https://ssm.example")

    monkeypatch.setattr(ssm, "get_parameter", hang)
    with pytest.raises(RecipientKeyError, match="ConnectTimeoutError"):
        recipient_names(ssm, NAME)
