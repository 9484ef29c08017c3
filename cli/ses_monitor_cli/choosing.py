"""Which findings are meant: by region, severity, tag, check, subject and age. A name nobody knows is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase

import typer

from ses_monitor import checks
from ses_monitor.alerts.group import UNREADABLE, UNREADABLE_CHECK
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.stored import Phase, Stored


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to show. What is empty chooses nothing: everything passes it."""

    regions: tuple[str, ...] = ()
    at_least: Severity = Severity.INFO
    tag: str = ""
    check: str = ""
    subject: str = ""
    since: datetime | None = None

    def has(self, finding: Stored) -> bool:
        """Tell whether this finding is meant. `since` is when it opened, or when it was over."""
        return (
            (not self.regions or finding.region in self.regions)
            and finding.severity >= self.at_least
            and self.tag in {"", finding.tag}
            and (self.check in {"", finding.check_id} or finding.check_id.startswith(f"{self.check}."))
            and (not self.subject or self.subject == finding.subject or fnmatchcase(finding.subject, self.subject))
            and (self.since is None or _last_turn(finding) >= self.since)
        )


def _last_turn(finding: Stored) -> datetime:
    if finding.phase is Phase.RESOLVED:
        return finding.written_at
    return finding.opened_at or finding.first_seen


def known_tag(given: str | None, stored: Iterable[Stored] = ()) -> str:
    """Return a tag as checks write it, empty where none was given.

    Raises:
        typer.BadParameter: neither a check of this version nor the table knows it; it names the nearest.
    """
    tags = {diagnosis.tag for check in checks.registered() for diagnosis in check.diagnoses}
    tags |= {UNREADABLE, *(each.tag for each in stored)}
    return _known((given or "").strip().upper(), tags, "tag", "--tag")


def known_check(given: str | None, stored: Iterable[Stored] = ()) -> str:
    """Return the id of a check, or a family of them; empty where none was given.

    Raises:
        typer.BadParameter: neither this version nor the table knows it; it names the nearest.
    """
    ids = {check.id for check in checks.registered()} | {UNREADABLE_CHECK, *(each.check_id for each in stored)}
    return _known((given or "").strip().lower(), ids | {each.partition(".")[0] for each in ids}, "check", "--check")


def _known(given: str, names: Collection[str], what: str, option: str) -> str:
    if not given or given in names:
        return given
    near = get_close_matches(given, sorted(names), n=3, cutoff=0.5)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    msg = f"{given[:60]!r} is no {what} that is known (docs/checks.md lists them).{hint}"
    raise typer.BadParameter(msg, param_hint=option)


def muting(mutes: Sequence[Mute], finding: Stored, now: datetime) -> Mute | None:
    """Return the mute that silences a finding now, if any does."""
    return next((mute for mute in mutes if silences(mute, finding, now)), None)


def silences(mute: Mute, finding: Stored, now: datetime) -> bool:
    """Tell whether a mute silences a finding now."""
    return mute.covers(
        tag=finding.tag,
        check_id=finding.check_id,
        region=finding.region,
        subject=finding.subject,
        severity=finding.severity,
        at=now,
    )
