from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ses_monitor.core.settle import Settlement, Write
from ses_monitor.core.stored import Phase, Stored
from ses_monitor.store.identity_table import IdentityTable
from ses_monitor.store.item import UnreadableItemError
from ses_monitor.store.keys import LONGEST_NAME
from tests.store.examples import OPEN, TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REJECTED = replace(OPEN, check_id="feedback.rejects", subject="shop.example.com", tag="MESSAGE_REJECTED_VIRUS")
LONG = "x" * (LONGEST_NAME + 1)


def put(table: IdentityTable, *stored: Stored) -> None:
    table.save(Settlement((), tuple(Write(None, each) for each in stored), ()))


def test_what_one_check_left_of_one_subject_is_found_in_every_phase(table: IdentityTable) -> None:
    mine = [
        replace(REJECTED, tag=phase.name, phase=phase, opened_at=None if phase is Phase.WATCHED else OPEN.opened_at)
        for phase in Phase
    ]
    put(
        table,
        *mine,
        replace(REJECTED, region="eu-west-2"),
        replace(REJECTED, check_id="feedback.rejects_more"),
        replace(REJECTED, check_id="account.rejects"),
        replace(REJECTED, subject="shop.example.co"),
        replace(REJECTED, subject="shop.example.com.au"),
    )
    found = table.findings_about("feedback.rejects", "eu-west-1", "shop.example.com")
    assert sorted(each.phase for each in found) == sorted(Phase)


@pytest.mark.parametrize("subject", ["a#b", "", "ä", "a b", LONG, "…sha256="])
def test_a_subject_is_told_from_those_whose_names_begin_alike(table: IdentityTable, subject: str) -> None:
    put(table, *(replace(REJECTED, subject=name) for name in (subject, f"{subject}#more", f"{subject}x")))
    found = table.findings_about("feedback.rejects", "eu-west-1", subject)
    assert [each.subject for each in found] == [subject]


def test_of_a_subject_nobody_knows_there_is_nothing(table: IdentityTable) -> None:
    assert table.findings_about("feedback.rejects", "eu-west-1", "shop.example.com") == []


def test_a_finding_that_cannot_be_read_is_an_error_and_not_left_out(
    table: IdentityTable, client: DynamoDBClient
) -> None:
    client.put_item(
        TableName=TABLE,
        Item={
            "pk": {"S": "FINDING#feedback"},
            "sk": {"S": "eu-west-1#feedback.rejects#shop.example.com#MESSAGE_REJECTED_VIRUS"},
        },
    )
    with pytest.raises(UnreadableItemError):
        table.findings_about("feedback.rejects", "eu-west-1", "shop.example.com")
