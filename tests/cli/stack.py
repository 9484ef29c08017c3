"""A stack, and its table in moto's AWS, filled by real audits of worlds that are made up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import boto3

from ses_monitor import checks
from ses_monitor.audit.accounts import FUNCTION
from ses_monitor.audit.region import audit_region
from ses_monitor.core.engine import run
from ses_monitor.core.identity_memory import recall, remember
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.region_state import RunRecord, Unseen
from ses_monitor.core.settle import Rules, settle
from ses_monitor.store.identity_table import IdentityTable
from ses_monitor.store.table import Table
from tests.build import BLIND
from tests.cli.answering import Answering
from tests.store.examples import create_table

HOME = "eu-west-1"
STACK = "ses-monitor"
TABLE = "ses-monitor-Table"


THROTTLED = Missing(Blindness.THROTTLED, "ses:GetAccount in sa-east-1 was throttled (TooManyRequestsException: slow)")
UNREADABLE = replace(BLIND, region="sa-east-1", account=THROTTLED)
"""A region whose account could not be read."""


class CloudFormation(Answering):
    """`DescribeStacks` on loopback."""

    def __init__(
        self,
        outputs: Mapping[str, Mapping[str, str]],
        region: str = HOME,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        def answer(body: str, headers: Mapping[str, str]) -> tuple[int, str]:
            name = parse_qs(body)["StackName"][0]
            if name in outputs and f"/{region}/cloudformation/" in headers.get("Authorization", ""):
                return 200, _described(name, outputs[name], parameters or {})
            return 400, _no_such_stack(name)

        super().__init__(answer, "text/xml")


def _described(name: str, outputs: Mapping[str, str], parameters: Mapping[str, str]) -> str:
    given = "".join(
        f"<member><ParameterKey>{escape(key)}</ParameterKey><ParameterValue>{escape(value)}</ParameterValue></member>"
        for key, value in parameters.items()
    )
    members = "".join(
        f"<member><OutputKey>{escape(key)}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
        for key, value in outputs.items()
    )
    return (
        '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>'
        f"<Stacks><member><StackName>{escape(name)}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
        "<CreationTime>2026-05-01T00:00:00Z</CreationTime>"
        f"<Parameters>{given}</Parameters><Outputs>{members}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )


def _no_such_stack(name: str) -> str:
    return (
        '<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>'
        f"<Code>ValidationError</Code><Message>Stack with id {escape(name)} does not exist</Message></Error>"
        "</ErrorResponse>"
    )


def make_table() -> None:
    """Make the table as the template does."""
    create_table(boto3.client("dynamodb", region_name=HOME), TABLE)


def audit(snapshots: Iterable[Snapshot], at: datetime, *, skipped: Sequence[str] = (), complete: bool = True) -> None:
    """Store what one audit of these regions comes to."""
    table = Table(boto3.client("dynamodb", region_name=HOME), TABLE, history_days=30, clock=lambda: at)
    states = table.region_states()
    regions: list[str] = []
    unseen: list[Unseen] = []
    for snapshot in snapshots:
        before = states.get(snapshot.region)
        stored = table.findings("account", snapshot.region) + table.findings("region", snapshot.region)
        done = audit_region(snapshot, stored, before, None)
        table.save(done.settlement)
        table.save_region_state(done.state, before)
        regions.append(snapshot.region)
        unseen += done.unseen
    record = RunRecord(
        function=FUNCTION,
        started_at=at,
        duration_ms=1840,
        regions=tuple(regions),
        skipped=tuple(skipped),
        unseen=tuple(unseen),
        changes=0,
        conflicts=0,
        complete=complete,
    )
    table.save_run(record)


def runs_only(at: datetime, *, every: timedelta, number: int) -> None:
    """Store the records of `number` runs that saw one healthy region each, the last at `at`."""
    table = Table(boto3.client("dynamodb", region_name=HOME), TABLE, history_days=30, clock=lambda: at)
    for each in range(number):
        table.save_run(RunRecord(FUNCTION, at - each * every, 900, (HOME,), (), (), 0, 0, complete=True))


def audit_identities(snapshot: Snapshot, at: datetime, unproven: Mapping[str, datetime]) -> None:
    """Store what one audit of a region's identities comes to; the DNS does not prove some of them since then."""
    table = IdentityTable(boto3.client("dynamodb", region_name=HOME), TABLE, history_days=30, clock=lambda: at)
    before = {state.name: state for state in table.identity_states(snapshot.region)}
    identities = tuple(recall(each, before.get(each.name), at) for each in snapshot.identities.get())
    snapshot = replace(snapshot, taken_at=at, identities=Known(identities))
    running = checks.of_scopes(Scope.IDENTITY)
    stored = table.findings("identity", snapshot.region)
    evaluations = tuple(run(running, snapshot))
    rules = Rules(frozenset(check.id for check in running), checks.diagnoses(running))
    table.save(settle(snapshot, stored, evaluations, rules))
    for each in identities:
        own = [evaluation for evaluation in evaluations if evaluation.subject == each.name]
        state = remember(snapshot.region, each, own, before.get(each.name), at)
        state = replace(state, memory=replace(state.memory, unproven_since=unproven.get(each.name)))
        assert table.save_identity_state(state, before.get(each.name))
