"""The JSON documents of `--json`: a contract with programs, described in docs/cli.md."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ses_monitor.core.check import Evidence
from ses_monitor.core.region_state import RunRecord, Unseen
from ses_monitor_cli.view import FindingView, RegionView, View

SCHEMA = 1

Document = dict[str, Any]


def of_audit(view: View) -> Document:
    """Return the document of `audit`."""
    return {
        "schema": SCHEMA,
        "verdicts": [_verdict(region) for region in view.regions],
        "findings": [_finding(finding) for finding in view.findings],
        "unknown": _unknown(view.unseen),
        "skipped": list(view.skipped),
    }


def of_status(view: View, runs: Mapping[str, RunRecord | None], now: datetime) -> Document:
    """Return the document of `status`; `runs` holds each function's last run, None where there was none."""
    return {
        "schema": SCHEMA,
        "verdicts": [_verdict(region) | {"since": _instant(region.since)} for region in view.regions],
        "findings": [
            _finding(finding) | {"finding_id": finding.finding_id, "since": _instant(finding.since)}
            for finding in view.findings
        ],
        "runs": {function: None if run is None else _run(run, now) for function, run in runs.items()},
    }


def to_text(document: Document) -> str:
    """Write a document. Outside text in it is escaped to ASCII: nothing in it acts on a terminal."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _verdict(region: RegionView) -> Document:
    return {
        "region": region.region,
        "verdict": region.verdict.value,
        "causes": [
            {"tag": cause.tag, "severity": cause.severity.name, "subject": cause.subject, "text": cause.text}
            for cause in region.causes
        ],
    }


def _finding(finding: FindingView) -> Document:
    return {
        "check": finding.check_id,
        "tag": finding.tag,
        "severity": finding.severity.name,
        "region": finding.region,
        "subject": finding.subject,
        "text": finding.text,
        "cause": finding.cause,
        "remediation": [step.plain() for step in finding.steps],
        "evidence": _evidence(finding.evidence),
    }


def _evidence(evidence: Evidence) -> Document:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in sorted(evidence.items())
    }


def _unknown(unseen: Iterable[Unseen]) -> list[Document]:
    return [
        {"check": each.check_id, "region": each.region, "subject": each.subject, "reason": each.reason}
        for each in unseen
    ]


def _run(run: RunRecord, now: datetime) -> Document:
    return {
        "started_at": _instant(run.started_at),
        "age_seconds": max(0, int((now - run.started_at).total_seconds())),
        "regions": sorted(run.regions),
        "skipped": sorted(run.skipped),
        "unseen": _unknown(run.unseen),
        "complete": run.complete,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
