from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from ses_monitor.core.settle import Write
from ses_monitor.store.item import UnreadableItemError
from ses_monitor.store.table import ATTEMPTS, Saved, Table
from tests.store.examples import (
    HISTORY_DAYS,
    MUTE,
    NOW,
    OPEN,
    TABLE,
    WATCHED,
    Clock,
    Fault,
    FaultyClient,
    connect,
    opening,
    raw,
    refused,
    replacing,
    settlement,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OTHER = replace(OPEN, check_id="account.quota", tag="QUOTA_EXHAUSTED")
CANCELLED = "TransactionCanceledException"
TIMED_OUT = ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")
UNREACHABLE = EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")

Faulty = Callable[..., tuple[Table, FaultyClient]]


@pytest.fixture
def faulty(client: DynamoDBClient, clock: Clock, naps: list[float]) -> Faulty:
    def make(**faults: list[Fault | None]) -> tuple[Table, FaultyClient]:
        wrapped = FaultyClient(client, **faults)
        return Table(wrapped, TABLE, HISTORY_DAYS, clock=clock, sleep=naps.append), wrapped  # type: ignore[arg-type] # stands in for the client

    return make


@pytest.mark.parametrize(
    "reasons",
    [
        ("ConditionalCheckFailed", None),
        (None, "ConditionalCheckFailed"),
        ("TransactionConflict", "ConditionalCheckFailed"),
        ("ConditionalCheckFailed", "ThrottlingError"),
    ],
)
def test_a_transaction_refused_by_a_guard_is_a_conflict_and_is_not_tried_again(
    faulty: Faulty, client: DynamoDBClient, reasons: tuple[str | None, ...]
) -> None:
    table, wrapped = faulty(transact_write_items=[Fault(refused(CANCELLED, *reasons))])
    saved = table.save(settlement(opening(OPEN), opening(OTHER)))
    assert [change.tag for change in saved.recorded] == ["QUOTA_EXHAUSTED"]
    assert saved.conflicts == 1
    assert wrapped.calls == ["transact_write_items"] * 2
    assert len(raw(client, "CHANGE#")) == 1


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_met_another_is_tried_again(faulty: Faulty, naps: list[float], reason: str) -> None:
    table, wrapped = faulty(transact_write_items=[Fault(refused(CANCELLED, reason, None))] * 2)
    assert len(table.save(settlement(opening(OPEN))).recorded) == 1
    assert wrapped.calls == ["transact_write_items"] * 3
    assert len(naps) == 2


def test_a_transaction_that_lost_to_another_is_a_conflict_once_that_is_over(faulty: Faulty) -> None:
    table, _ = faulty(
        transact_write_items=[
            Fault(refused(CANCELLED, "TransactionConflict", None)),
            Fault(refused(CANCELLED, "ConditionalCheckFailed", None)),
        ]
    )
    assert table.save(settlement(opening(OPEN))) == Saved((), 1)


def test_a_transaction_that_meets_others_for_ever_is_raised_as_it_is(faulty: Faulty) -> None:
    error = refused(CANCELLED, "TransactionConflict", None)
    table, wrapped = faulty(transact_write_items=[Fault(error)] * 10)
    with pytest.raises(ClientError) as caught:
        table.save(settlement(opening(OPEN)))
    assert caught.value is error
    assert len(wrapped.calls) == ATTEMPTS


@pytest.mark.parametrize(
    "error",
    [
        refused(CANCELLED, "ValidationError", None),
        refused(CANCELLED, "ValidationError", "TransactionConflict"),
        refused(CANCELLED),
        refused("ThrottlingException"),
        refused("ProvisionedThroughputExceededException"),
        refused("InternalServerError"),
        refused("AccessDeniedException"),
        refused("ResourceNotFoundException"),
        TIMED_OUT,
        UNREACHABLE,
    ],
    ids=str,
)
def test_what_is_no_refusal_is_raised_as_it_is_and_not_tried_blindly(
    faulty: Faulty, client: DynamoDBClient, error: Exception
) -> None:
    table, wrapped = faulty(transact_write_items=[Fault(error)])
    with pytest.raises(type(error)) as caught:
        table.save(settlement(opening(OPEN)))
    assert caught.value is error
    assert wrapped.calls == ["transact_write_items"]
    assert raw(client) == []


def test_a_failure_between_two_writes_keeps_the_first_and_the_next_audit_records_the_rest(
    faulty: Faulty, table: Table, client: DynamoDBClient
) -> None:
    both = settlement(opening(OPEN), opening(OTHER), quiet=(Write(None, replace(WATCHED, tag="THIRD")),))
    broken, _ = faulty(transact_write_items=[None, Fault(UNREACHABLE)])
    with pytest.raises(EndpointConnectionError):
        broken.save(both)
    assert [each.tag for each in table.findings("account")] == ["SENDING_PAUSED"]
    saved = table.save(both)
    assert [change.tag for change in saved.recorded] == ["QUOTA_EXHAUSTED"]
    assert saved.conflicts == 1
    assert len(raw(client, "CHANGE#")) == 2


def test_a_change_whose_answer_was_lost_is_not_recorded_twice(
    faulty: Faulty, table: Table, client: DynamoDBClient
) -> None:
    broken, _ = faulty(transact_write_items=[Fault(TIMED_OUT, after=True)])
    with pytest.raises(ReadTimeoutError):
        broken.save(settlement(opening(OPEN)))
    assert table.save(settlement(opening(OPEN))) == Saved((), 1)
    assert len(raw(client, "CHANGE#")) == 1


def test_quiet_writes_and_deletions_follow_the_same_rules(faulty: Faulty, naps: list[float]) -> None:
    conflict = Fault(refused("TransactionConflictException"))
    gone = Fault(refused("ConditionalCheckFailedException"))
    table, wrapped = faulty(put_item=[conflict, gone], delete_item=[conflict, gone])
    assert table.save(settlement(quiet=(Write(None, WATCHED),), forget=(WATCHED,))) == Saved((), 2)
    assert wrapped.calls == ["put_item"] * 2 + ["delete_item"] * 2
    assert len(naps) == 2


def test_a_transaction_stays_far_from_its_limits_and_names_no_item_twice(client: DynamoDBClient, table: Table) -> None:
    sent: list[dict[str, Any]] = []
    client.meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems", lambda params, **_: sent.append(params)
    )
    huge = replace(OPEN, text="💣" * 10**6, evidence={str(number): "💣" * 10**5 for number in range(100)})
    table.save(settlement(opening(huge)))
    at = NOW + timedelta(minutes=5)
    table.save(settlement(replacing(huge, replace(huge, tag="SHUT_DOWN", version=huge.version + 1, written_at=at))))
    for request in sent:
        items = [each["Put"]["Item"] for each in request["TransactItems"]]
        assert len({(item["pk"]["S"], item["sk"]["S"]) for item in items}) == len(items) <= 4
        assert all("ConditionExpression" in each["Put"] for each in request["TransactItems"])
        assert len(json.dumps(request, ensure_ascii=False).encode()) < 4 * 1024 * 1024


class Wire:
    """Stands where HTTP would be: two answers that went wrong, then one that is right."""

    def __init__(self, status: int, code: str) -> None:
        wrong = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "made up"})
        self._answers = iter([(status, wrong), (status, wrong), (200, "{}")])
        self.requests: list[dict[str, Any]] = []

    def send(self, request: Any) -> AWSResponse:
        self.requests.append(json.loads(request.body))
        status, body = next(self._answers)
        raw_body = type("Body", (), {"stream": lambda *_, **__: [body.encode()]})()
        return AWSResponse(request.url, status, {}, raw_body)  # type: ignore[arg-type] # all that is used of a response body


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
        (400, "ThrottlingException"),
        (400, "ProvisionedThroughputExceededException"),
    ],
)
def test_standard_retries_of_the_client_cover_throttling_and_server_errors(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    config = Config(retries={"mode": "standard", "total_max_attempts": 3})
    client = connect(config)
    wire = Wire(status, code)
    monkeypatch.setattr(client._endpoint, "http_session", wire)  # type: ignore[attr-defined] # where HTTP begins
    assert len(Table(client, TABLE, HISTORY_DAYS).save(settlement(opening(OPEN))).recorded) == 1
    assert len(wire.requests) == 3
    tokens = {request["ClientRequestToken"] for request in wire.requests}
    assert len(tokens) == 1, "one token for all attempts: what was done although its answer was lost is not done twice"


def test_an_item_that_cannot_be_read_stops_the_audit_rather_than_pass_for_resolved(
    client: DynamoDBClient, table: Table
) -> None:
    table.save(settlement(opening(OPEN)))
    client.update_item(
        TableName=TABLE,
        Key={name: raw(client, "FINDING#")[0][name] for name in ("pk", "sk")},
        UpdateExpression="REMOVE tag",
    )
    with pytest.raises(UnreadableItemError, match="has no tag"):
        table.findings("account")


def test_a_mute_that_cannot_be_read_is_ignored_and_said_so(
    table: Table, client: DynamoDBClient, caplog: pytest.LogCaptureFixture
) -> None:
    table.save_mute(MUTE)
    item = {"pk": {"S": "MUTE"}, "sk": {"S": "by-hand"}, "expires_at": {"N": "9999999999"}}
    client.put_item(TableName=TABLE, Item=item)
    assert table.mutes(NOW) == [MUTE]
    assert "by-hand" in caplog.text
