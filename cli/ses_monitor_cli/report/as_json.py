"""The report as a document, for programs (docs/cli.md)."""

from __future__ import annotations

from datetime import UTC, datetime

from ses_monitor.audit.accounts import FUNCTION
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor_cli import document
from ses_monitor_cli.document import Document
from ses_monitor_cli.report.model import Point, Report


def of_report(report: Report) -> Document:
    """Return the document: that of `status`, and what the page has beyond it."""
    runs = {FUNCTION: report.runs[0] if report.runs else None}
    return document.of_status(report.view, runs, report.at) | {
        "account": report.account or None,
        "at": _instant(report.at),
        "days": report.days,
        "answer": report.sentence,
        "identities": [
            {"identity": row.name, "regions": {region: _cell(cell) for region, cell in row.cells.items()}}
            for row in report.rows
        ],
        "more_identities": report.more_rows,
        "courses": [
            {"region": course.region, "points": [_point(point) for point in course.points]} for course in report.courses
        ],
        "mutes": document.of_mutes(report.mutes)["mutes"],
    }


def _cell(state: IdentityState) -> Document:
    return {
        "verification": state.verification_status,
        "dkim": state.dkim_status or None,
        "mail_from": state.mail_from_status or None,
        "unproven_since": _instant(state.memory.unproven_since),
        "bounce_topic": state.bounce_topic or None,
        "complaint_topic": state.complaint_topic or None,
        "forwarding": state.forwarding,
    }


def _point(point: Point) -> Document:
    return {
        "from": _instant(point.start),
        "sends": point.sent,
        "hard_bounces": point.hard_bounces,
        "hard_bounce_rate": _rounded(point.bounce_rate),
        "complaints": point.complaints,
        "complaint_rate": _rounded(point.complaint_rate),
        "rejections": point.refused,
        "quota_used": _rounded(point.quota_used),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
