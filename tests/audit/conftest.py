"""The table that the tests of whole runs share, in moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from ses_monitor.store.table import Table
from tests.store.examples import HISTORY_DAYS, TABLE, Clock, connect, create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = connect()
        create_table(client)
        yield client


@pytest.fixture
def table(client: DynamoDBClient) -> Table:
    return Table(client, TABLE, HISTORY_DAYS, clock=Clock())
