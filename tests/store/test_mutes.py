"""Mutes are data: one that cannot be read silences nothing, and stops nobody from reading the others."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ses_monitor.store.item import UnstorableError
from ses_monitor.store.mutes import Mutes
from ses_monitor.store.table import Table
from tests.store.examples import MUTE, NOW, TABLE, Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def mutes(client: "DynamoDBClient", clock: Clock) -> Mutes:
    return Mutes(client, TABLE, clock=clock)


def test_what_people_write_is_what_audits_read(mutes: Mutes, table: Table) -> None:
    made = replace(MUTE, created_at=NOW)
    mutes.save(made)
    assert table.mutes(NOW) == mutes.in_force(NOW) == [made]
    assert mutes.delete(made.mute_id)
    assert not mutes.delete(made.mute_id)
    assert table.mutes(NOW) == []


def test_a_mute_of_an_older_version_does_not_say_when_it_was_made(mutes: Mutes) -> None:
    mutes.save(MUTE)
    assert [each.created_at for each in mutes.in_force(NOW)] == [None]


def test_one_that_cannot_be_read_is_left_out_and_logged(
    mutes: Mutes, client: "DynamoDBClient", caplog: pytest.LogCaptureFixture
) -> None:
    mutes.save(MUTE)
    client.put_item(TableName=TABLE, Item={"pk": {"S": "MUTE"}, "sk": {"S": "a"}, "mute_id": {"S": "a"}})
    with caplog.at_level(logging.WARNING):
        assert mutes.in_force(NOW) == [MUTE]
    assert "a mute is ignored" in caplog.text


def test_those_that_ended_are_left_out(mutes: Mutes) -> None:
    for number in (1, 2, 3):
        mutes.save(replace(MUTE, mute_id=f"m-{number}", expires_at=NOW + timedelta(hours=number)))
    assert [each.mute_id for each in mutes.in_force(NOW + timedelta(hours=2))] == ["m-3"]


def test_a_pattern_that_does_not_fit_is_refused(mutes: Mutes) -> None:
    with pytest.raises(UnstorableError):
        mutes.save(replace(MUTE, subject="x" * 3000))
