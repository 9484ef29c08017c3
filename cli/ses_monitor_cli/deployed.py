"""The table of a deployed monitor: how it is named, found and read, and each way that can fail as a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import boto3
import typer
from botocore import exceptions as boto

from ses_monitor.alerts.words import line
from ses_monitor.store.item import UnreadableItemError
from ses_monitor.store.queries import Queries
from ses_monitor_cli import aws, clock
from ses_monitor_cli.outcome import CannotLookError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DEFAULT_STACK = "ses-monitor"

StackName = Annotated[
    str | None, typer.Option("--stack-name", metavar="NAME", help=f"The stack to read. Default: {DEFAULT_STACK}.")
]
TableName = Annotated[
    str | None, typer.Option("--table", metavar="NAME", help="The table to read, instead of a stack's.")
]
StackRegion = Annotated[
    str | None,
    typer.Option(
        "--region", metavar="REGION", help="Where the stack is. Default: the region of your AWS configuration."
    ),
]
ElsewhereRegion = Annotated[
    str | None,
    typer.Option(
        "--stack-region", metavar="REGION", help="Where the stack is. Default: the region of your AWS configuration."
    ),
]
"""For verbs whose --region chooses among what the table has."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A table to read; `named` says which it is, for people. `stack` is None where only the table was named."""

    queries: Queries
    client: DynamoDBClient
    table: str
    region: str
    named: str
    session: boto3.Session
    stack: aws.Stack | None = None
    option: str = "--region"
    """What says where the stack is."""


def find_table(stack_name: str | None, table: str | None, region: str | None, *, option: str = "--region") -> Deployed:
    """Find the table that the options name; `option` is that of `region`.

    Raises:
        typer.BadParameter: the options contradict each other, or name no region.
        CannotLookError: there are no credentials, no such stack, or AWS cannot be asked.
    """
    if stack_name and table:
        msg = "give one of them: a stack has its table."
        raise typer.BadParameter(msg, param_hint="--stack-name / --table")
    session = aws.open_session()
    where = where_it_is(session, region, option)
    aws.check_credentials(session)
    stack = None if table else _stack_with_table(session, where, stack_name or DEFAULT_STACK, option)
    name = stack.outputs["TableName"] if stack else table or ""
    named = f"table {table}" if table else f"stack {stack_name or DEFAULT_STACK}"
    return open_table(session, name, where, f"{named} in {where}", stack, option)


def open_table(  # noqa: PLR0917 - what a deployed table is
    session: boto3.Session, table: str, region: str, named: str, stack: aws.Stack | None, option: str
) -> Deployed:
    """Return a table to read, which is found already.

    Raises:
        CannotLookError: an endpoint of the environment is not one.
    """
    try:
        client = session.client("dynamodb", region_name=region, config=aws.ASKING)
    except (boto.BotoCoreError, ValueError) as error:
        raise CannotLookError(aws.sentence(error)) from error
    queries = Queries(client, table, clock=clock.utc_now)
    return Deployed(queries, client, table, region, named, session, stack, option)


def _stack_with_table(session: boto3.Session, region: str, name: str, option: str) -> aws.Stack:
    stack = aws.describe_stack(session, region, name, f"--stack-name NAME, {option} REGION, or --table NAME")
    if not stack.outputs.get("TableName"):
        msg = f"the stack {name} in {region} has no output TableName: it is no ses-monitor, or not ready yet."
        raise CannotLookError(msg)
    return stack


@contextmanager
def reading(deployed: Deployed) -> Iterator[None]:
    """Read the table within it.

    Raises:
        CannotLookError: the table is not there, cannot be read, or holds what this version does not know.
    """
    try:
        yield
    except boto.ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            msg = (
                f"there is no table {line(deployed.table, 100)} in {deployed.region}. Say which: --table NAME,"
                f" {deployed.option} REGION."
            )
            raise CannotLookError(msg) from error
        raise CannotLookError(aws.sentence(error)) from error
    except (boto.BotoCoreError, ValueError) as error:
        raise CannotLookError(aws.sentence(error)) from error
    except UnreadableItemError as error:
        msg = f"the table holds something this version cannot read ({error}). Is the command older than the stack?"
        raise CannotLookError(msg) from error


def where_it_is(session: boto3.Session, region: str | None, option: str) -> str:
    """Return the region of the stack, as `option` or else the AWS configuration names it.

    Raises:
        typer.BadParameter: it is no region, or neither names one.
    """
    known = aws.known_regions(session, "dynamodb")
    if region is not None and region not in known:
        msg = f"{region[:60]!r} is not a region. Regions: {', '.join(known)}"
        raise typer.BadParameter(msg, param_hint=option)
    where = region or session.region_name
    if not where:
        msg = f"your AWS configuration names no region. Say where the stack is: {option} REGION"
        raise typer.BadParameter(msg, param_hint=option)
    return where
