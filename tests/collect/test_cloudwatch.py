"""SES's own rates from CloudWatch: the latest points, and no data told apart from zero and from failure."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY

from ses_monitor.collect.cloudwatch import read_reputation
from ses_monitor.core.model import Reputation
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from tests.collect.wire import NOW, stubbed

MINUTE = timedelta(minutes=1)


def points(*pairs: tuple[datetime, float]) -> dict[str, Any]:
    return {"Timestamps": [at for at, _ in pairs], "Values": [value for _, value in pairs], "StatusCode": "Complete"}


RATES = {"bounce": points((NOW, 0.004)), "complaint": points((NOW, 0.0001))}
SENDS = {"sent": points((NOW, 60.0))}


def results(series: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"MetricDataResults": [{"Id": name, "Label": name, **each} for name, each in series.items()]}


def reading(**series: dict[str, Any]) -> Observed[Reputation]:
    """Read with these series in place of the usual ones."""
    client, stub = stubbed("cloudwatch")
    for usual in (RATES, SENDS):
        stub.add_response("get_metric_data", results({name: series.get(name, each) for name, each in usual.items()}))
    with stub:
        return read_reputation(client, "eu-west-1", NOW)


def no_data(metric: str) -> Missing:
    return Missing(Blindness.NO_DATA, f"CloudWatch has no {metric} of SES in eu-west-1", "cloudwatch:GetMetricData")


def test_each_metric_is_asked_for_once_over_no_longer_than_it_is_needed() -> None:
    client, stub = stubbed("cloudwatch")
    for hours, series in ((24, RATES), (1, SENDS)):
        expected = {
            "MetricDataQueries": ANY,
            "StartTime": NOW - timedelta(hours=hours),
            "EndTime": NOW,
            "ScanBy": "TimestampDescending",
        }
        stub.add_response("get_metric_data", results(series), expected)
    asked: list[Any] = []
    client.meta.events.register(
        "provide-client-params.cloudwatch.GetMetricData", lambda params, **_: asked.append(params)
    )
    with stub:
        read_reputation(client, "eu-west-1", NOW)
    stub.assert_no_pending_responses()
    metrics = [query["MetricStat"]["Metric"] for request in asked for query in request["MetricDataQueries"]]
    assert [(each["Namespace"], each["MetricName"]) for each in metrics] == [
        ("AWS/SES", "Reputation.BounceRate"),
        ("AWS/SES", "Reputation.ComplaintRate"),
        ("AWS/SES", "Send"),
    ]


def test_the_latest_points_count_in_whatever_order_they_come() -> None:
    old, new = NOW - timedelta(hours=5), NOW - 5 * MINUTE
    reputation = reading(bounce=points((new, 0.05), (old, 0.01)), complaint=points((old, 0.002), (new, 0.001))).get()
    assert (reputation.bounce_rate, reputation.complaint_rate) == (Known(0.05), Known(0.001))


def test_the_busiest_minute_of_the_last_hour_counts() -> None:
    sent = points((NOW - 59 * MINUTE, 70.0), (NOW - 30 * MINUTE, 900.0), (NOW - MINUTE, 60.0))
    assert reading(sent=sent).get().busiest_minute == Known(900.0)


def test_nothing_sent_in_the_last_hour_is_a_busiest_minute_of_zero() -> None:
    assert reading(sent=points()).get().busiest_minute == Known(0.0)


def test_sends_that_cannot_be_read_leave_the_rates() -> None:
    client, stub = stubbed("cloudwatch")
    stub.add_response("get_metric_data", results(RATES))
    stub.add_client_error("get_metric_data", "Throttling", http_status_code=400)
    with stub:
        reputation = read_reputation(client, "eu-west-1", NOW).get()
    assert reputation.bounce_rate == Known(0.004)
    assert isinstance(reputation.busiest_minute, Missing)
    assert reputation.busiest_minute.why is Blindness.THROTTLED


def test_no_data_is_never_zero() -> None:
    reputation = reading(bounce=points(), complaint=points(), sent=points()).get()
    assert reputation == Reputation(
        no_data("Reputation.BounceRate"), no_data("Reputation.ComplaintRate"), no_data("Send")
    )


def test_one_metric_without_data_leaves_the_others() -> None:
    reputation = reading(complaint=points()).get()
    assert (reputation.bounce_rate, reputation.complaint_rate) == (Known(0.004), no_data("Reputation.ComplaintRate"))


def test_a_value_that_is_no_number_is_no_value() -> None:
    reputation = reading(
        bounce=points((NOW - MINUTE, 0.03), (NOW, float("nan"))), complaint=points((NOW, float("nan")))
    ).get()
    assert (reputation.bounce_rate, reputation.complaint_rate) == (Known(0.03), no_data("Reputation.ComplaintRate"))


def test_a_rate_of_zero_is_a_rate() -> None:
    assert reading(bounce=points((NOW, 0.0))).get().bounce_rate == Known(0.0)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("InternalError", Blindness.SERVICE_ERROR),
        ("Forbidden", Blindness.DENIED),
        ("SomethingNew", Blindness.SERVICE_ERROR),
    ],
)
def test_a_metric_that_failed_inside_a_good_answer_is_a_failure_and_not_no_data(status: str, why: Blindness) -> None:
    fact = reading(complaint={"Timestamps": [], "Values": [], "StatusCode": status})
    assert isinstance(fact, Missing)
    assert (fact.why, fact.action) == (why, "cloudwatch:GetMetricData")
    assert status in fact.reason


def test_a_part_of_the_data_has_the_newest_points() -> None:
    partial = {**points((NOW, 0.06)), "StatusCode": "PartialData"}
    assert reading(bounce=partial).get().bounce_rate == Known(0.06)


def test_timestamps_without_values_are_no_data() -> None:
    assert reading(bounce={"Timestamps": [NOW], "Values": []}, complaint={}).get().bounce_rate == no_data(
        "Reputation.BounceRate"
    )
