"""The monitor with something between it and AWS, in a time that is let pass: what tests/chaos relies on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from ses_monitor.core.stored import Change
from ses_monitor.core.traffic import CountedBy, Tally
from simulator import feedback
from simulator.demo.stack import BY_WEBHOOK, DeployedMonitor
from simulator.embedded_aws import FunctionError
from simulator.embedded_aws.process import ACCOUNT_ID

pytestmark = pytest.mark.e2e

HOME = "eu-west-1"
TROUBLED = ("eu-west-1", "us-east-1", "us-west-2")
WORLD = {
    "regions": {region: {"identities": [{"name": "shop.example"}]} for region in TROUBLED},
    "default_region": {"identities": [], "send_statistics": []},
}
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def monitor() -> Iterator[DeployedMonitor]:
    with DeployedMonitor(
        WORLD, stack_name="ses-monitor-between", slack=BY_WEBHOOK, simulated_time=True, between=True
    ) as deployed:
        deployed.audit()
        deployed.wait_until_told()
        yield deployed
        deployed.between.heal()


def opened(monitor: DeployedMonitor, tag: str) -> list[Change]:
    return [change for change in monitor.changes() if change.tag == tag]


def newest_audit(monitor: DeployedMonitor) -> datetime:
    """When the newest audit began, as the function that did it saw the time."""
    return max(run.started_at for run in monitor.queries.runs("audit_accounts", limit=50))


def test_a_deployed_function_sees_the_time_that_was_let_pass(monitor: DeployedMonitor) -> None:
    monitor.time.pass_(timedelta(days=9))
    monitor.audit()
    assert abs(newest_audit(monitor) - monitor.time.now()) < MINUTE
    monitor.time.pass_(timedelta(days=-12))
    monitor.audit()
    behind = [run.started_at for run in monitor.queries.runs("audit_accounts", limit=50)]
    assert abs(min(behind) - monitor.time.now()) < MINUTE
    monitor.time.pass_(timedelta(days=13))


def test_a_function_killed_between_two_writes_leaves_one_and_the_next_run_the_other(monitor: DeployedMonitor) -> None:
    for region in TROUBLED[:2]:
        monitor.simulator.change(region, account={"enforcement": "SHUTDOWN"})
    monitor.between.fault(
        "dynamodb", "TransactWriteItems", function="audit-accounts", kind="kill_before", after=1, times=1
    )
    with pytest.raises(FunctionError, match="Runtime exited"):
        monitor.audit()
    killed = ("audit-accounts", "dynamodb", "TransactWriteItems", "kill_before")
    assert monitor.between.met[killed] == 1
    assert len(opened(monitor, "SHUT_DOWN")) == 1
    assert monitor.audit()["changes"] == 1
    assert sorted(change.region for change in opened(monitor, "SHUT_DOWN")) == sorted(TROUBLED[:2])
    monitor.wait_until_told()


def test_a_batch_whose_function_was_killed_is_given_again_and_counts_once(monitor: DeployedMonitor) -> None:
    sent_at = monitor.time.now() - 5 * MINUTE
    mail = feedback.Mail(
        message_id=feedback.make_id(HOME, sent_at, "shop.example", 1),
        region=HOME,
        identity="shop.example",
        source="orders@shop.example",
        recipients=("jane@example.org",),
        sent_at=sent_at,
        configuration_set="transactional",
        account=ACCOUNT_ID,
    )
    monitor.between.fault("dynamodb", "TransactWriteItems", function="ingest-feedback", kind="kill_after", times=1)
    monitor.publish_feedback(HOME, [feedback.bounce(mail, mail.recipients, monitor.time.now())])
    monitor.wait_until_ingested(30)
    assert monitor.between.met[("ingest-feedback", "dynamodb", "TransactWriteItems", "kill_after")] == 1
    hours = monitor.feedback.counters(
        HOME, CountedBy.IDENTITY, "shop.example", sent_at - 60 * MINUTE, sent_at + 60 * MINUTE
    )
    assert sum(tallies.get(Tally.HARD_BOUNCES, 0) for _, tallies in hours) == 1


def test_a_new_version_is_deployed_while_functions_run_and_none_is_cut_off(monitor: DeployedMonitor) -> None:
    def layer() -> str:
        """Which version of the layer the audit runs with."""
        name = monitor.outputs["AuditAccountsFunctionName"]
        return monitor.lambdas.get_function_configuration(FunctionName=name)["Layers"][0]["Arn"]

    old = layer()
    with ThreadPoolExecutor(1) as pool:
        deploying = pool.submit(monitor.deploy_new_version)
        while not deploying.done():
            assert monitor.audit()["unseen"] == 0
        deploying.result()
    assert layer() != old
    assert monitor.audit()["unseen"] == 0
