"""Read SES's own rates from CloudWatch. Each metric asked for costs money, so ask seldom and only where mail goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ses_monitor.collect.faults import ask
from ses_monitor.core.model import Reputation
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

GET_METRIC_DATA = "cloudwatch:GetMetricData"
NAMESPACE = "AWS/SES"

LOOK_BACK = timedelta(hours=24)
"""The rates are republished as mail is sent; a region that sent today has a point today."""
BUSIEST_WITHIN = timedelta(hours=1)


def read_reputation(client: CloudWatchClient, region: str, now: datetime) -> Observed[Reputation]:
    """Ask for the bounce rate, the complaint rate (fractions, latest point) and the mails of the busiest minute."""
    queries = [
        _query("bounce", "Reputation.BounceRate", "Average", 300),
        _query("complaint", "Reputation.ComplaintRate", "Average", 300),
        _query("sent", "Send", "Sum", 60),
    ]
    answer = ask(
        GET_METRIC_DATA,
        region,
        lambda: client.get_metric_data(
            MetricDataQueries=queries, StartTime=now - LOOK_BACK, EndTime=now, ScanBy="TimestampDescending"
        ),
    )
    if isinstance(answer, Missing):
        return answer
    series = {each.get("Id"): _points(each) for each in answer.value.get("MetricDataResults", [])}
    sent = series.get("sent", [])
    recent = [value for at, value in sent if at >= now - BUSIEST_WITHIN]
    return Known(
        Reputation(
            bounce_rate=_latest(series.get("bounce", ()), "Reputation.BounceRate", region),
            complaint_rate=_latest(series.get("complaint", ()), "Reputation.ComplaintRate", region),
            busiest_minute=Known(max(recent, default=0.0)) if sent else _no_data("Send", region),
        )
    )


def _query(name: str, metric: str, statistic: str, period: int) -> MetricDataQueryTypeDef:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": NAMESPACE, "MetricName": metric},
            "Period": period,
            "Stat": statistic,
        },
    }


def _points(result: Mapping[str, Any]) -> list[tuple[datetime, float]]:
    pairs = zip(result.get("Timestamps", []), result.get("Values", []), strict=False)
    return sorted((at.astimezone(UTC), float(value)) for at, value in pairs)


def _latest(points: Sequence[tuple[datetime, float]], metric: str, region: str) -> Observed[float]:
    return Known(points[-1][1]) if points else _no_data(metric, region)


def _no_data(metric: str, region: str) -> Missing:
    return Missing(Blindness.NO_DATA, f"CloudWatch has no {metric} of SES in {region}", GET_METRIC_DATA)
