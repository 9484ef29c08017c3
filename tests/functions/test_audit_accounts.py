from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor.audit.feedback import FeedbackAuditError
from ses_monitor.collect.regions import Regions
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Known
from ses_monitor.core.settle import Settlement, Write
from ses_monitor.core.stored import Phase
from ses_monitor.settings import SettingsError
from tests.audit.world import World
from tests.store.examples import OPEN, create_table, refused

APP = "functions.audit_accounts.app"
REGIONS = Regions(("eu-west-1", "us-east-1"), (), Known(frozenset({"eu-west-1", "us-east-1"})))
DAY_AGO = datetime.now(UTC) - timedelta(days=1)
REJECTED = replace(
    OPEN,
    check_id="feedback.rejects",
    subject="shop.example.com",
    tag="MESSAGE_REJECTED_VIRUS",
    severity=Severity.ERROR,
    first_seen=DAY_AGO,
    opened_at=DAY_AGO,
    written_at=DAY_AGO,
    version=1,
)
CONTEXT = SimpleNamespace(
    function_name="audit-accounts",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:111122223333:function:audit-accounts",
    aws_request_id="request-1",
    get_remaining_time_in_millis=lambda: 60_000,
)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
        "POWERTOOLS_SERVICE_NAME": "audit_accounts",
        "TABLE_NAME": "ses-monitor",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def app(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:  # noqa: ARG001 - read when the module is imported
    with mock_aws():
        create_table(boto3.client("dynamodb"), "ses-monitor")
        sys.modules.pop(APP, None)
        made = importlib.import_module(APP)
        monkeypatch.setattr(made, "find_regions", lambda *_: REGIONS)
        monkeypatch.setattr(made, "AwsAccountReader", lambda _: World())
        yield made
        sys.modules.pop(APP, None)


@pytest.fixture
def log(app: ModuleType) -> Iterator[io.StringIO]:
    """Everything the function writes to its log."""
    handler = app.logger.registered_handler
    before = handler.setStream(stream := io.StringIO())
    yield stream
    handler.setStream(before)


def put(app: ModuleType, *stored: Any) -> None:
    app.table.save(Settlement((), tuple(Write(None, each) for each in stored), ()))


def test_all_regions_are_audited_and_the_run_is_stored(app: ModuleType) -> None:
    summary = app.handler({"from": "schedule"}, CONTEXT)
    assert (summary["regions"], summary["skipped"], summary["changes"]) == (2, 0, 0)
    assert set(app.table.region_states()) == {"eu-west-1", "us-east-1"}
    [run] = app.table.runs("audit_accounts", 5)
    assert run.complete


def test_what_events_opened_is_closed_when_it_is_over(app: ModuleType, log: io.StringIO) -> None:
    put(app, REJECTED)
    summary = app.handler({}, CONTEXT)
    assert (summary["feedback_subjects"], summary["feedback_changes"], summary["feedback_left"]) == (3, 1, 0)
    [finding] = [each for each in app.table.findings("feedback") if each.tag == REJECTED.tag]
    assert finding.phase is Phase.RESOLVED
    assert '"message":"Audited feedback"' in log.getvalue()


def test_an_audit_of_feedback_that_fails_undoes_nothing_and_is_an_error(
    app: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(app, REJECTED)

    def throttled(*_: Any, **__: Any) -> Any:
        raise refused("ThrottlingException")

    monkeypatch.setattr(app.feedback, "sender", throttled)
    with pytest.raises(FeedbackAuditError, match="ThrottlingException"):
        app.handler({}, CONTEXT)
    assert '"AuditsCompleted":[0.0]' in capsys.readouterr().out, "an alarm would not tell of it"
    assert len(app.table.runs("audit_accounts", 5)) == 1
    assert [each.phase for each in app.table.findings("feedback") if each.tag == REJECTED.tag] == [Phase.OPEN]


def test_a_region_is_audited_for_its_feedback_with_the_account_that_was_just_read(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[Any] = []

    def audit(*arguments: Any, **more: Any) -> Any:
        handed.append((arguments[2], more["seconds"]))
        return SimpleNamespace(crashes=0, subjects=0, left=0, changes=(), refused=0)

    monkeypatch.setattr(app, "audit_feedback", audit)
    app.handler({}, CONTEXT)
    [(seen, seconds)] = handed
    assert {snapshot.region for snapshot in seen.snapshots} == {"eu-west-1", "us-east-1"}
    assert all(isinstance(snapshot.account, Known) for snapshot in seen.snapshots)
    assert {snapshot.taken_at for snapshot in seen.snapshots} == {seen.now}
    assert seconds == pytest.approx(50)


def test_its_role_grants_what_it_asks_of_the_table_and_no_more(app: ModuleType) -> None:
    from tests.test_template import actions, statements

    asked: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        asked.add({"TransactWriteItems": "dynamodb:PutItem"}.get(model.name, f"dynamodb:{model.name}"))

    app.dynamodb.meta.events.register("before-call.dynamodb.*", note)
    put(app, REJECTED)
    app.handler({}, CONTEXT)
    granted = {action for each in statements("AuditAccountsRole") for action in actions(each)}
    deletes = {"dynamodb:DeleteItem"}
    assert asked | deletes == {action for action in granted if action.startswith("dynamodb:")}


@pytest.mark.usefixtures("environment")
def test_a_missing_variable_fails_the_cold_start_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME")
    sys.modules.pop(APP, None)
    with pytest.raises(SettingsError, match="TABLE_NAME"):
        importlib.import_module(APP)
