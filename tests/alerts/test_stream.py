from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ses_monitor.alerts.stream import read_batch
from ses_monitor.core.stored import Baseline, Change
from ses_monitor.store import codec
from ses_monitor.store.item import UnreadableItemError
from tests.alerts.examples import NOW, paused, reviewed, suppression

STREAM = "arn:aws:dynamodb:eu-central-1:111122223333:table/ses-monitor/stream/2026-11-20T00:00:00.000"


def record(change: Change, **changed: Any) -> dict[str, Any]:
    item: Any = codec.change_items(change, 400)[0]
    return {
        "eventID": "1",
        "eventName": "INSERT",
        "eventSourceARN": STREAM,
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795210200,
            "Keys": {"pk": item["pk"], "sk": item["sk"]},
            "NewImage": item,
            "SequenceNumber": "1",
        },
    } | changed


def damaged(change: Change, **attributes: Any) -> dict[str, Any]:
    broken = record(change)
    broken["dynamodb"]["NewImage"] = broken["dynamodb"]["NewImage"] | attributes
    return broken


def test_changes_come_out_in_order() -> None:
    batch = read_batch({"Records": [record(paused()), record(reviewed())]}, NOW)
    assert batch.changes == (paused(), reviewed())
    assert batch.unreadable == ()


@pytest.mark.parametrize(
    "other",
    [
        record(paused(), eventName="REMOVE"),
        record(paused(), eventName="MODIFY"),
        record(paused(), dynamodb={"Keys": {"pk": {"S": "FINDING#account"}, "sk": {"S": "x"}}, "NewImage": {}}),
        record(paused(), dynamodb={}),
        {},
    ],
)
def test_what_is_no_new_change_is_passed_over(other: dict[str, Any]) -> None:
    batch = read_batch({"Records": [other]}, NOW)
    assert (batch.changes, batch.unreadable) == ((), ())


@pytest.mark.parametrize(
    "broken",
    [
        damaged(paused(), severity={"N": "7"}, severity_level={"S": "?"}, version={"S": "x"}),
        damaged(paused(), at={"S": "yesterday"}),
        damaged(paused(), tag={"NULL": True}),
        record(paused(), dynamodb={"Keys": record(paused())["dynamodb"]["Keys"]}),
    ],
)
def test_a_record_that_cannot_be_read_becomes_an_alert_that_names_it_and_the_rest_is_told(
    broken: dict[str, Any],
) -> None:
    event = {"Records": [broken, record(reviewed())]}
    batch = read_batch(event, NOW)
    assert batch.changes == (reviewed(),)
    (alert,) = batch.unreadable
    key = broken["dynamodb"]["Keys"]
    assert alert.tag == "CHANGE_UNREADABLE"
    assert alert.account_id == "111122223333"
    assert key["sk"]["S"] in alert.text
    command = alert.steps[0].command
    assert command.startswith("aws dynamodb get-item --region eu-central-1 --table-name ses-monitor --key '{")
    assert key["sk"]["S"] in command
    assert read_batch(event, NOW).unreadable == (alert,)


@pytest.mark.parametrize("error", [UnreadableItemError("no tag"), KeyError("x"), RecursionError()])
def test_whatever_a_damaged_record_does_to_the_decoder_the_batch_goes_on(error: Exception) -> None:
    def decode(_: object) -> Change:
        raise error

    assert len(read_batch({"Records": [record(paused())] * 2}, NOW, decode).unreadable) == 2


def test_a_first_audit_is_told_by_its_summary_alone() -> None:
    changes = tuple(
        replace(change, baseline=True, cause="", steps=(), evidence={}) for change in (reviewed(), suppression())
    )
    summary: Any = codec.baseline_item(Baseline("111122223333", NOW, changes, 3), 400)
    summed_up = record(paused(), dynamodb={"Keys": {"pk": summary["pk"], "sk": summary["sk"]}, "NewImage": summary})
    batch = read_batch({"Records": [*map(record, changes), record(paused()), summed_up]}, NOW)
    critical, first = batch.alerts()
    assert critical.tag == "SENDING_PAUSED"
    assert (first.tag, first.baseline, len(first.entries), first.more) == ("FIRST_AUDIT", True, 2, 3)


def test_a_summary_that_cannot_be_read_is_named_too() -> None:
    broken = record(
        paused(),
        dynamodb={
            "Keys": {"pk": {"S": "CHANGE#baseline"}, "sk": {"S": "x"}},
            "NewImage": {"pk": {"S": "CHANGE#baseline"}},
        },
    )
    (alert,) = read_batch({"Records": [broken]}, NOW).alerts()
    assert (alert.tag, alert.regions) == ("CHANGE_UNREADABLE", ("eu-central-1",))


def test_two_unreadable_records_are_two_alerts() -> None:
    event = {"Records": [damaged(paused(), tag={"NULL": True}), damaged(reviewed(), tag={"NULL": True})]}
    ids = {alert.alert_id for alert in read_batch(event, NOW).unreadable}
    assert len(ids) == 2
