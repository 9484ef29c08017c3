"""Read SES's own rates from CloudWatch. Each metric asked for costs money, so ask seldom and only where mail goes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ses_monitor.collect.faults import ask
from ses_monitor.core.check import bounded
from ses_monitor.core.model import Reputation
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

GET_METRIC_DATA = "cloudwatch:GetMetricData"
NAMESPACE = "AWS/SES"

RATES_WITHIN = timedelta(hours=24)
"""The rates are republished as mail is sent; a region that sent today has a point today."""
BUSIEST_WITHIN = timedelta(hours=1)

_READ = frozenset({"Complete", "PartialData"})
"""The newest points come first, so a part of the data has what is asked for."""


def read_reputation(client: CloudWatchClient, region: str, now: datetime) -> Observed[Reputation]:
    """Ask for the bounce rate, the complaint rate (fractions, latest point) and the mails of the busiest minute.

    Two requests, because a request has one time span: minutes of a whole day would be 1,440 points for nothing.
    """
    rates = _series(
        client,
        region,
        [
            _query("bounce", "Reputation.BounceRate", "Average", 300),
            _query("complaint", "Reputation.ComplaintRate", "Average", 300),
        ],
        (now - RATES_WITHIN, now),
    )
    if isinstance(rates, Missing):
        return rates
    sends = _series(client, region, [_query("sent", "Send", "Sum", 60)], (now - BUSIEST_WITHIN, now))
    bounces, complaints = rates.value.get("bounce", []), rates.value.get("complaint", [])
    return Known(
        Reputation(
            bounce_rate=_latest(bounces, "Reputation.BounceRate", region),
            complaint_rate=_latest(complaints, "Reputation.ComplaintRate", region),
            busiest_minute=_busiest(sends, region, has_rates=bool(bounces or complaints)),
        )
    )


def _series(
    client: CloudWatchClient,
    region: str,
    queries: Sequence[MetricDataQueryTypeDef],
    span: tuple[datetime, datetime],
) -> Observed[dict[str, list[tuple[datetime, float]]]]:
    start, end = span
    answer = ask(
        GET_METRIC_DATA,
        region,
        lambda: client.get_metric_data(
            MetricDataQueries=queries, StartTime=start, EndTime=end, ScanBy="TimestampDescending"
        ),
    )
    if isinstance(answer, Missing):
        return answer
    results = answer.value.get("MetricDataResults")
    if not results:
        # Every metric asked for has its result, also one without data.
        reason = f"{GET_METRIC_DATA} in {region} was answered with no results"
        return Missing(Blindness.UNREADABLE, reason, GET_METRIC_DATA)
    for each in results:
        # One metric may fail inside an answer that is a success: that is not the same as a metric without data.
        if (status := each.get("StatusCode", "Complete")) not in _READ:
            why = Blindness.DENIED if status == "Forbidden" else Blindness.SERVICE_ERROR
            reason = bounded(f"{GET_METRIC_DATA} in {region} gave no {each.get('Label') or each.get('Id')} ({status})")
            return Missing(why, reason, GET_METRIC_DATA)
    return Known({each.get("Id", ""): _points(each) for each in results})


def _busiest(
    sends: Observed[Mapping[str, Sequence[tuple[datetime, float]]]], region: str, *, has_rates: bool
) -> Observed[float]:
    if isinstance(sends, Missing):
        return sends
    minutes = [value for _, value in sends.value.get("sent", [])]
    if minutes:
        return Known(max(minutes))
    # Where CloudWatch has SES's rates it has its sends too: none in this hour then means that there were none.
    return Known(0.0) if has_rates else _no_data("Send", region)


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
    return sorted((at.astimezone(UTC), float(value)) for at, value in pairs if math.isfinite(value))


def _latest(points: Sequence[tuple[datetime, float]], metric: str, region: str) -> Observed[float]:
    return Known(points[-1][1]) if points else _no_data(metric, region)


def _no_data(metric: str, region: str) -> Missing:
    return Missing(Blindness.NO_DATA, f"CloudWatch has no {metric} of SES in {region}", GET_METRIC_DATA)
