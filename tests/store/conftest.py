from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.identity_table import IdentityTable
from ses_monitor.store.queries import Queries
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
def clock() -> Clock:
    return Clock()


@pytest.fixture
def naps() -> list[float]:
    """Every pause that was asked for; none is taken."""
    return []


@pytest.fixture
def table(client: DynamoDBClient, clock: Clock, naps: list[float]) -> IdentityTable:
    return IdentityTable(client, TABLE, HISTORY_DAYS, clock=clock, sleep=naps.append)


@pytest.fixture
def queries(client: DynamoDBClient, clock: Clock) -> Queries:
    return Queries(client, TABLE, clock=clock)


@pytest.fixture
def deliveries(client: DynamoDBClient, clock: Clock, naps: list[float]) -> Deliveries:
    return Deliveries(client, TABLE, HISTORY_DAYS, clock=clock, sleep=naps.append)
