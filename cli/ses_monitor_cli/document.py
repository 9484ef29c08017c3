"""The JSON documents of `--json`: a contract with programs, described in docs/cli.md."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ses_monitor.audit.once_identities import Coverage
from ses_monitor.core.check import Evidence
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.kept import Kept
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RunRecord, Unseen
from ses_monitor.core.stored import Change, Phase
from ses_monitor_cli import timeline
from ses_monitor_cli.evolution import Story
from ses_monitor_cli.feedback import Day, day_document, event_document
from ses_monitor_cli.listing import Listed
from ses_monitor_cli.timeline import MailStory
from ses_monitor_cli.view import FindingView, ProofView, RegionView, View, of_stored

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
        "looked_at": [_coverage(each) for each in view.coverage],
    }


def of_dns(view: ProofView) -> Document:
    """Return the document of `dns`."""
    return {
        "schema": SCHEMA,
        "findings": [_finding(finding) for finding in view.findings],
        "unknown": _unknown(view.unseen),
    }


def of_status(view: View, runs: Mapping[str, RunRecord | None], now: datetime) -> Document:
    """Return the document of `status`; `runs` holds each function's last run, None where there was none."""
    return {
        "schema": SCHEMA,
        "verdicts": [_verdict(region) | {"since": _instant(region.since)} for region in view.regions],
        "findings": [_stored(finding) for finding in view.findings],
        "runs": {function: None if run is None else _run(run, now) for function, run in runs.items()},
    }


def of_identity(
    name: str, states: Iterable[IdentityState], findings: Iterable[FindingView], days: Mapping[str, Day]
) -> Document:
    """Return the document of `identity`; `days` has what was counted in each region."""
    return {
        "schema": SCHEMA,
        "identity": name,
        "regions": [
            {
                "region": state.region,
                **_identity(state),
                "feedback": day_document(days[state.region], _instant),
            }
            for state in states
        ],
        "findings": [_stored(finding) for finding in findings],
    }


def of_region(
    view: View, identities: Iterable[IdentityState], changes: Iterable[Change], day: Day, recent: Iterable[Kept]
) -> Document:
    """Return the document of `region`; `view` holds that region alone."""
    (region,) = view.regions
    return {
        "schema": SCHEMA,
        **_verdict(region),
        "since": _instant(region.since),
        "account": None if region.account is None else _account(region.account),
        "identities": [{"identity": state.name, **_identity(state)} for state in identities],
        "findings": [_stored(finding) for finding in view.findings],
        "changes": [_change(change) for change in changes],
        "feedback": day_document(day, _instant),
        "recent": [event_document(kept, _instant) for kept in recent],
    }


def of_findings(listed: Iterable[Listed], chosen: int, mutes: Iterable[Mute]) -> Document:
    """Return the document of `findings`; `chosen` counts also those that --limit leaves out."""
    return {
        "schema": SCHEMA,
        "findings": [_listed(each) for each in listed],
        "count": chosen,
        "mutes": [_mute(mute) for mute in mutes],
    }


def of_history(story: Story) -> Document:
    """Return the document of `history`."""
    present = story.present
    return {
        "schema": SCHEMA,
        "finding_id": story.finding_id,
        "finding": None if present is None else _listed(present),
        "changes": [_told_change(change, story) for change in story.changes],
        "told": [
            {
                "channel": told.channel,
                "at": _instant(told.at),
                "version": told.version,
                "is_up_to_date": not story.changes or told.version >= story.changes[-1].version,
            }
            for told in story.told
        ],
    }


def of_mute(mute: Mute, silenced: Iterable[Listed], passed: Iterable[Listed]) -> Document:
    """Return the document of `mute`; `passed` is what is CRITICAL, and told although it would match."""
    return {
        "schema": SCHEMA,
        "mute": _mute(mute),
        "silences": [_listed(each) for each in silenced],
        "does_not_silence": [_listed(each) for each in passed],
    }


def of_mutes(mutes: Iterable[tuple[Mute, int]]) -> Document:
    """Return the document of `mute --list`: each mute with the number of open findings that it silences."""
    return {"schema": SCHEMA, "mutes": [_mute(mute) | {"silences": silenced} for mute, silenced in mutes]}


def of_unmute(mute: Mute, heard: Iterable[Listed]) -> Document:
    """Return the document of `unmute`; `heard` is what it silenced, and nothing else does."""
    return {"schema": SCHEMA, "unmuted": _mute(mute), "findings": [_listed(each) for each in heard]}


def of_recipient(address: str, told: Iterable[MailStory], answer: str) -> Document:
    """Return the document of `recipient`."""
    return {
        "schema": SCHEMA,
        "recipient": address,
        "mails": [timeline.to_document(story, _instant) for story in told],
        "answer": answer,
    }


def to_text(document: Document) -> str:
    """Write a document. Outside text in it is escaped to ASCII: nothing in it acts on a terminal."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def to_line(document: Document) -> str:
    """Write a document as one line, for whoever reads one after the other."""
    return json.dumps(document, allow_nan=False) + "\n"


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


def _stored(finding: FindingView) -> Document:
    return _finding(finding) | {"finding_id": finding.finding_id, "since": _instant(finding.since)}


def _listed(each: Listed) -> Document:
    stored = each.stored
    return _stored(of_stored(stored)) | {
        "id": stored.finding_id,
        "phase": stored.phase.value,
        "opened_at": _instant(stored.opened_at),
        "over_at": _instant(stored.written_at) if stored.phase is Phase.RESOLVED else None,
        "muted_by": None if each.mute is None else each.mute.mute_id,
    }


def _mute(mute: Mute) -> Document:
    return {
        "id": mute.mute_id,
        "owner": mute.owner,
        "reason": mute.reason,
        "created_at": _instant(mute.created_at),
        "until": _instant(mute.expires_at),
        "tag": mute.tag or None,
        "check": mute.check_id or None,
        "region": mute.region or None,
        "subject": mute.subject or None,
        "silences_critical": mute.silences_critical,
    }


def _told_change(change: Change, story: Story) -> Document:
    return _change(change) | {
        "region": change.region,
        "lasted_seconds": max(0, int(story.lasted(change).total_seconds())),
        "muted_by": change.muted_by or None,
        "in_first_audit": change.baseline,
        "told_to": list(story.told_of(change)),
    }


def _identity(state: IdentityState) -> Document:
    memory = state.memory
    return {
        "kind": state.kind.value,
        "verification": state.verification_status,
        "verification_since": _instant(memory.verification_since),
        "dkim": state.dkim_status or None,
        "dkim_since": _instant(memory.dkim_since),
        "dkim_signing": state.dkim_signing,
        "mail_from_domain": state.mail_from_domain or None,
        "mail_from": state.mail_from_status or None,
        "mail_from_since": _instant(memory.mail_from_since),
        "unproven_since": _instant(memory.unproven_since),
        "looked_at_in_depth": state.looked_at,
        "configuration_set": state.configuration_set or None,
        "first_seen": _instant(memory.first_seen),
    }


def _account(account: AccountFacts) -> Document:
    facts = asdict(account)
    return facts | {
        "seen_at": _instant(account.seen_at),
        "suppressed_reasons": None if account.suppressed_reasons is None else list(account.suppressed_reasons),
    }


def _change(change: Change) -> Document:
    return {
        "at": _instant(change.at),
        "transition": change.transition.value,
        "check": change.check_id,
        "tag": change.tag,
        "severity": change.severity.name,
        "subject": change.subject,
        "text": change.text,
        "finding_id": change.finding_id,
        "since": _instant(change.since),
        "was_tag": change.was_tag or None,
        "was_severity": None if change.was_severity is None else change.was_severity.name,
    }


def _coverage(coverage: Coverage) -> Document:
    return {
        "region": coverage.region,
        "identities": coverage.identities,
        "identities_in_depth": coverage.in_depth,
        "identities_in_dns": coverage.proven,
        "configuration_sets": coverage.configuration_sets,
        "configuration_sets_read": coverage.sets_read,
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
