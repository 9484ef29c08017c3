from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.server import Simulator

Connect = Callable[..., Any]
Run = Callable[..., Simulator]


def query(name: str, metric: str, stat: str, period: int, **more: Any) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": "AWS/SES", "MetricName": metric, **more},
            "Period": period,
            "Stat": stat,
        },
    }


def ask_metrics(client: Any, clock: Any, *queries: dict[str, Any], hours: float = 2, **params: Any) -> dict[str, Any]:
    answer = client.get_metric_data(
        StartTime=clock.date - timedelta(hours=hours), EndTime=clock.date, MetricDataQueries=queries, **params
    )
    return {result["Id"]: result for result in answer["MetricDataResults"]}


def test_metrics_have_a_value_for_each_period_newest_first(simulator: Simulator, connect: Connect, clock: Any) -> None:
    results = ask_metrics(
        connect(simulator, "cloudwatch"),
        clock,
        query("rate", "Reputation.BounceRate", "Average", 3600),
        query("top", "Reputation.ComplaintRate", "Maximum", 3600),
        query("sent", "Send", "Sum", 3600),
        query("single", "Send", "Maximum", 3600),
    )
    hours = [datetime(2026, 3, 12, 8, 7, tzinfo=UTC), datetime(2026, 3, 12, 7, 7, tzinfo=UTC)]
    assert results["rate"]["Timestamps"] == hours
    assert results["rate"]["Values"] == [0.004, 0.004]
    assert results["top"]["Values"] == [0.0001, 0.0001]
    assert results["sent"]["Values"] == [120.0, 120.0]
    assert results["single"]["Values"] == [1.0, 1.0]  # each mail is a sample of one


def test_metrics_can_be_asked_oldest_first(simulator: Simulator, connect: Connect, clock: Any) -> None:
    client = connect(simulator, "cloudwatch")
    results = ask_metrics(client, clock, query("sent", "Send", "Sum", 3600), ScanBy="TimestampAscending")
    assert results["sent"]["Timestamps"] == sorted(results["sent"]["Timestamps"])


def test_the_busiest_minute_is_in_the_metrics(run: Run, connect: Connect, clock: Any) -> None:
    bursts = [{"per_hour": 60}, {"per_hour": 45000, "from_hours_ago": 0.35, "to_hours_ago": 0.333}]
    client = connect(run({"regions": {"eu-west-1": {"send_statistics": bursts}}}), "cloudwatch")
    values = ask_metrics(client, clock, query("sent", "Send", "Sum", 60), hours=1)["sent"]["Values"]
    assert len(values) == 60
    assert (max(values), sorted(values)[-2]) == (751.0, 1.0)


@pytest.mark.parametrize(
    ("region", "asked"),
    [
        ({"metrics": {"bounce_rate": None}}, query("q", "Reputation.BounceRate", "Average", 300)),
        ({"send_statistics": []}, query("q", "Reputation.BounceRate", "Average", 300)),
        ({"send_statistics": []}, query("q", "Send", "Sum", 300)),
        ({"send_statistics": [{"per_hour": 9, "to_hours_ago": 5}]}, query("q", "Send", "Sum", 300)),
        ({}, query("q", "Reputation.Colour", "Sum", 300)),
        ({}, query("q", "Send", "Sum", 300, Namespace="AWS/SQS")),
        ({}, query("q", "Send", "Sum", 300, Dimensions=[{"Name": "ses:configuration-set", "Value": "x"}])),
    ],
)
def test_no_data_is_an_empty_list(
    run: Run, connect: Connect, clock: Any, region: dict[str, Any], asked: dict[str, Any]
) -> None:
    client = connect(run({"regions": {"eu-west-1": region}}), "cloudwatch")
    result = ask_metrics(client, clock, asked)["q"]
    assert (result["Values"], result["Timestamps"], result["StatusCode"]) == ([], [], "Complete")


@pytest.mark.parametrize(
    ("queries", "params"),
    [
        ([query("q", "Send", "Sum", 90)], {}),
        ([query("q", "Send", "p99", 60)], {}),
        ([query("q", "Send", "Sum", 60)], {"MaxDatapoints": 3}),
        ([query("q", "Send", "Sum", 60), query("q", "Bounce", "Sum", 60)], {}),
        ([{"Id": "q", "Expression": "1 + 1"}], {}),
        ([query("q", "Send", "Sum", 60)], {"hours": -1}),
    ],
)
def test_metrics_asked_wrongly_or_not_simulated_are_refused(
    simulator: Simulator, connect: Connect, clock: Any, queries: list[dict[str, Any]], params: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as refused:
        ask_metrics(connect(simulator, "cloudwatch"), clock, *queries, **params)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
