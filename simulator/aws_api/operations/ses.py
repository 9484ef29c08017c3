"""SES v1, the part that v2 never replaced: send statistics, and the account's quota and switch as v1 tells them."""

from collections.abc import Mapping
from typing import Any

from simulator.aws_api.operations.question import Operation, Question
from simulator.sending import quota_figures, statistics


def get_send_statistics(question: Question) -> Mapping[str, Any]:
    """15-minute points of the last two weeks, in no order: SES does not sort them, so callers must not rely on it."""
    points = [
        {
            "Timestamp": moment,
            "DeliveryAttempts": counts.attempts,
            "Bounces": counts.bounces,
            "Complaints": counts.complaints,
            "Rejects": counts.rejects,
        }
        for moment, counts in statistics(question.region.send_statistics, question.now)
    ]
    return {"SendDataPoints": [*points[1::2], *points[::2]]}


def get_send_quota(question: Question) -> Mapping[str, Any]:
    """The sending quota."""
    quota = quota_figures(question.region, question.now)
    return {
        "Max24HourSend": quota.max_24_hour,
        "MaxSendRate": quota.max_rate,
        "SentLast24Hours": quota.sent_last_24_hours,
    }


def get_account_sending_enabled(question: Question) -> Mapping[str, Any]:
    """The account's own switch."""
    return {"Enabled": question.region.account.sending_enabled}


OPERATIONS: Mapping[str, Operation] = {
    "GetAccountSendingEnabled": get_account_sending_enabled,
    "GetSendQuota": get_send_quota,
    "GetSendStatistics": get_send_statistics,
}
