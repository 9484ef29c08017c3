"""CloudWatch, for the metrics SES publishes of its own accord: namespace AWS/SES, no dimensions."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from simulator.aws_api.errors import bad_request
from simulator.aws_api.operations.question import Operation, Question
from simulator.sending import POINT_MINUTES, Counts, last_send, minute_of, moment_of, sent
from simulator.world import Region

LARGEST_BATCH = 500  # queries in one GetMetricData

_REPUTATION = {"Reputation.BounceRate", "Reputation.ComplaintRate"}
_COUNTED = {"Send", "Delivery", "Bounce", "Complaint", "Reject"}


def get_metric_data(question: Question) -> Mapping[str, Any]:
    """Values for each query, newest first unless asked otherwise; no data is an empty list, never zero."""
    params = question.params
    start, end = _moment(params["StartTime"]), _moment(params["EndTime"])
    queries: Sequence[Mapping[str, Any]] = params["MetricDataQueries"]
    if start >= end:
        raise bad_request("cloudwatch", "The parameter StartTime must be less than the parameter EndTime.")
    if len(queries) > LARGEST_BATCH:
        raise bad_request("cloudwatch", f"MetricDataQueries can have at most {LARGEST_BATCH} members")
    if len({query["Id"] for query in queries}) < len(queries):
        raise bad_request("cloudwatch", "The values for parameter id in MetricDataQueries are not unique.")
    ascending = params.get("ScanBy") == "TimestampAscending"
    results = []
    for query in queries:
        points = list(_points(question, query, start, end))
        if not ascending:
            points.reverse()
        if len(points) > params.get("MaxDatapoints", len(points)):
            raise bad_request("cloudwatch", "the simulator does not page through datapoints: ask for fewer")
        metric = query["MetricStat"]["Metric"]["MetricName"]
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label", metric),
                "Timestamps": [moment for moment, _ in points],
                "Values": [value for _, value in points],
                "StatusCode": "Complete",
            }
        )
    return {"MetricDataResults": results, "Messages": []}


def _moment(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _points(
    question: Question, query: Mapping[str, Any], start: datetime, end: datetime
) -> Iterator[tuple[datetime, float]]:
    """One value for each period that has data. Periods count from StartTime, rounded down to the minute."""
    stat = query.get("MetricStat")
    if stat is None:
        raise bad_request("cloudwatch", "the simulator has metrics only, no expressions")
    seconds: int = stat["Period"]
    if seconds < 60 or seconds % 60:
        raise bad_request("cloudwatch", "Period must be a multiple of 60")
    metric = stat["Metric"]
    if metric.get("Namespace") != "AWS/SES" or metric.get("Dimensions"):
        return
    period = seconds // 60
    last = min(minute_of(end), minute_of(question.now))
    for minute in range(minute_of(start), last, period):
        value = _value(question, metric.get("MetricName", ""), stat["Stat"], (minute, min(minute + period, last)))
        if value is not None:
            yield moment_of(minute), value


def _value(question: Question, metric: str, stat: str, span: tuple[int, int]) -> float | None:
    if metric in _REPUTATION:
        return _reputation(question.region, question.now, metric, stat, span)
    if metric in _COUNTED:
        return _count(question, metric, stat, span)
    return None


def _reputation(region: Region, now: datetime, metric: str, stat: str, span: tuple[int, int]) -> float | None:
    """SES publishes the rates while it sends: here every 15 minutes, up to the last send."""
    metrics = region.metrics
    rate = metrics.bounce_rate if metric == "Reputation.BounceRate" else metrics.complaint_rate
    last = last_send(region.send_statistics, now)
    if rate is None or last is None:
        return None
    begin, end = span[0], min(span[1], minute_of(last) + 1)
    samples = len(range(begin + -begin % POINT_MINUTES, end, POINT_MINUTES))
    if not samples:
        return None
    return _statistic(stat, samples=samples, total=rate * samples, largest=rate, smallest=rate)


def _count(question: Question, metric: str, stat: str, span: tuple[int, int]) -> float | None:
    """Each message is a sample of 1, so that only Sum and SampleCount count: no maximum tells the busiest minute."""
    counts: Counts = sent(question.region.send_statistics, question.now, *span)
    number = {
        "Send": counts.attempts,
        "Delivery": counts.attempts - counts.bounces - counts.rejects,
        "Bounce": counts.bounces,
        "Complaint": counts.complaints,
        "Reject": counts.rejects,
    }[metric]
    if not number:
        return None
    return _statistic(stat, samples=number, total=float(number), largest=1.0, smallest=1.0)


def _statistic(stat: str, *, samples: int, total: float, largest: float, smallest: float) -> float:
    values = {
        "Average": total / samples,
        "Sum": total,
        "Maximum": largest,
        "Minimum": smallest,
        "SampleCount": float(samples),
    }
    if stat not in values:
        raise bad_request("cloudwatch", f"the simulator has no statistic {stat}")
    return values[stat]


OPERATIONS: Mapping[str, Operation] = {"GetMetricData": get_metric_data}
