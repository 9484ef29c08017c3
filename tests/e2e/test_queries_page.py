"""docs/queries.md on the embedded AWS: each query of the page, and each statement in PartiQL, answers what it shows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import jmespath  # type: ignore[import-untyped] # it ships no types
import pytest

from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.identity_table import IdentityTable
from simulator.embedded_aws.process import EmbeddedAws
from tests.store.examples import HISTORY_DAYS, TABLE, Clock, create_table
from tests.store.test_queries_page import Asked, audit_and_tell, commands, feed_back, parameters

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def client() -> Iterator["DynamoDBClient"]:
    """A table that holds what the page's answers show."""
    with EmbeddedAws() as aws:
        environment = aws.environment()
        client = boto3.client(
            "dynamodb",
            endpoint_url=aws.endpoint_url,
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        create_table(client)
        clock = Clock()
        audit_and_tell(
            IdentityTable(client, TABLE, HISTORY_DAYS, clock=clock),
            Deliveries(client, TABLE, HISTORY_DAYS, clock=clock),
        )
        feed_back(client)
        yield client


def rows(expression: str, answer: object) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in jmespath.search(expression, answer)]


@pytest.mark.parametrize("asked", commands(), ids=lambda asked: asked.question)
def test_both_ways_of_asking_get_the_answer_of_the_page(client: "DynamoDBClient", asked: Asked) -> None:
    request, expression = parameters(asked.words)
    assert rows(expression, client.query(**request)) == asked.rows
    statement = asked.partiql[asked.partiql.index("--statement") + 1].replace("$TABLE", TABLE)
    answer = rows(expression, client.execute_statement(Statement=statement))
    # The embedded AWS knows no Limit of a statement, and leaves an index in its own order.
    assert sorted(answer) == sorted(asked.rows) or ("Limit" in request and all(row in answer for row in asked.rows))
