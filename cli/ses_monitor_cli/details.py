"""The findings in words, with steps to paste, and what could not be seen. Like findings are told together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line, safe_url, shown_command
from ses_monitor.core.check import Evidence, Step
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.region_state import Unseen
from ses_monitor_cli.prose import print_paragraph
from ses_monitor_cli.view import FindingView

STYLES: Mapping[Severity, str] = {
    Severity.CRITICAL: "bold white on red",
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTICE: "bold cyan",
    Severity.INFO: "bold blue",
}
NAMED = 4
"""Regions named in a headline; more are counted."""
SHOWN = 8
"""Like findings told with their texts and steps; of more of them the subjects are named."""
NAMED_MORE = 20
"""Subjects of such further findings that are named."""
_RECORD = re.compile(r"\S+ (CNAME|TXT|MX) \S.*")
MOST_RECORDS = 6
"""Records that a finding's evidence has whole."""
MOST_REASONS = 8
"""Reasons told of what could not be seen in the same places; more are counted."""


def print_findings(console: Console, findings: Sequence[FindingView], now: datetime) -> None:
    """Print the findings, the worst first; one tag in several regions is one block."""
    groups: dict[tuple[Severity, str, str, int], list[FindingView]] = {}
    for finding in findings:
        key = (finding.severity, finding.check_id, finding.tag, len(finding.steps))
        groups.setdefault(key, []).append(finding)
    for alike in groups.values():
        console.print()
        _print_group(console, alike, now)


def _print_group(console: Console, alike: Sequence[FindingView], now: datetime) -> None:
    first = alike[0]
    places = list(dict.fromkeys(each.region or each.subject for each in alike))
    lasted = "" if first.since is None or len(alike) > 1 else f"  for {duration(now - first.since)}"
    headline = (
        (first.severity.name, STYLES[first.severity]),
        "  ",
        (line(first.tag, 100), "bold"),
        f"  {_named(places)}",
    )
    console.print(Text.assemble(*headline, (lasted, "dim")))
    shown = alike[:SHOWN]
    for each in shown:
        print_paragraph(console, _what(each, now, alone=len(alike) == 1), 2)
    if more := alike[SHOWN:]:
        print_paragraph(console, Text(f"And {counted(len(more), 'more', 'more')}: {_listed(more)}"), 2)
    for cause in dict.fromkeys(line(each.cause) for each in shown):
        print_paragraph(console, Text.assemble(("Why: ", "dim"), cause), 2)
    for number, steps in enumerate(zip(*(map(partial(_Shown.of, each), each.steps) for each in shown), strict=True), 1):
        _print_step(console, f"{number}.", steps)
    if more:
        print_paragraph(console, Text("(--json has the steps of all of them.)", "dim"), 2)


def _listed(findings: Sequence[FindingView]) -> str:
    named = [
        line(each.region if each.subject == ACCOUNT else f"{each.subject} {each.region}", 120)
        for each in findings[:NAMED_MORE]
    ]
    return ", ".join(named) + (", …" if len(findings) > NAMED_MORE else ".")


def _what(finding: FindingView, now: datetime, *, alone: bool) -> Text:
    text = Text()
    if not alone and finding.region not in finding.text:
        text.append(f"{line(finding.region, 40)}: ")
    if finding.subject != ACCOUNT and finding.subject not in finding.text:
        text.append(f"{line(finding.subject, 200)}: ")
    text.append(line(finding.text))
    if finding.since is not None and not alone:
        text.append(f" (for {duration(now - finding.since)})", "dim")
    return text


@dataclass(frozen=True, slots=True)
class _Shown:
    """A step, the DNS records in its sentence taken out of it: wrapped, they could not be pasted."""

    text: str
    records: tuple[str, ...]
    command: str
    url: str

    @classmethod
    def of(cls, finding: FindingView, step: Step) -> _Shown:
        """Show a step of `finding`, whose evidence has each record whole."""
        listed = finding.evidence.get("records")
        if not isinstance(listed, str) or not listed or listed not in step.text:
            return cls(step.text, (), step.command, step.url)
        lead, records = _records(listed, finding.evidence)
        if not records:
            return cls(step.text, (), step.command, step.url)
        before, _, after = step.text.partition(listed)
        return cls(f"{before}{lead}{after}".strip(), records, step.command, step.url)


def _records(listed: str, evidence: Evidence) -> tuple[str, tuple[str, ...]]:
    """Split what evidence has under `records` into the words before the records, if any, and each record."""
    numbered = (evidence.get(f"record_{number}") for number in range(1, MOST_RECORDS + 1))
    whole = tuple(each for each in numbered if isinstance(each, str))
    if whole:
        more = listed.rpartition("; and ")[2] if listed.endswith(" more") else ""
        return "", (*whole, f"and {more}") if more else whole
    if _RECORD.fullmatch(listed):
        return "", (listed,)
    lead, colon, rest = listed.partition(": ")
    parts = tuple(rest.split("; "))
    return (lead + colon, parts) if all(map(_RECORD.fullmatch, parts)) else ("", ())


def _print_step(console: Console, number: str, steps: Sequence[_Shown]) -> None:
    """Print one step of one or more like findings: each sentence once, then what to paste, each on its own line."""
    told: set[str] = set()
    pasted: set[str] = set()
    for step in steps:
        sentence = line(step.text)
        if sentence not in told:
            start = number if not told else " " * len(number)
            print_paragraph(console, Text(f"{start} {sentence}"), 2, hanging=len(number) + 1)
            told.add(sentence)
        command, url = shown_command(step.command), safe_url(step.url)
        if step.command and not command:
            print_paragraph(console, Text("(the command is too long to show; see --json)", "dim"), 5)
        for row in filter(None, (*(line(each) for each in step.records), *command.splitlines(), url)):
            if row not in pasted:
                console.print(Text(f"     {row}", "cyan"), soft_wrap=True)
                pasted.add(row)


def print_unseen(console: Console, unseen: Sequence[Unseen]) -> None:
    """Print what could not be seen: the same reason in many regions once, with the checks it left undecided."""
    by_reason: dict[str, list[Unseen]] = {}
    for each in unseen:
        reason = each.reason.replace(each.region, "REGION") if each.region else each.reason
        by_reason.setdefault(reason, []).append(each)
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for alike in by_reason.values():
        regions = tuple(dict.fromkeys(each.region for each in alike))
        checks = tuple(dict.fromkeys(each.check_id for each in alike))
        groups.setdefault((regions, checks), []).append(alike[0].reason)
    if not groups:
        return
    console.print()
    console.print(Text("COULD NOT SEE", "bold magenta"))
    for (regions, checks), reasons in groups.items():
        if any(regions):
            print_paragraph(console, Text(_named(regions)), 2)
        for reason in reasons[:MOST_REASONS]:
            print_paragraph(console, Text(line(reason, 400)), 4)
        if (more := len(reasons) - MOST_REASONS) > 0:
            print_paragraph(console, Text(f"and {counted(more, 'more reason')} (--json has them all)"), 4)
        print_paragraph(console, Text(f"Undecided: {_families(checks)}", "dim"), 4)


def _families(checks: Sequence[str]) -> str:
    families: dict[str, list[str]] = {}
    for check in checks:
        family, _, name = check.partition(".")
        families.setdefault(family, []).append(name)
    return line("; ".join(f"{family} ({', '.join(names)})" for family, names in families.items()))


def _named(regions: Sequence[str]) -> str:
    named = [line(region, 40) for region in regions]
    if len(named) <= NAMED:
        return ", ".join(named)
    return f"{', '.join(named[: NAMED - 1])} and {counted(len(named) - NAMED + 1, 'more region')}"


def summary(findings: Iterable[FindingView]) -> str:
    """Count findings by severity, as in "1 CRITICAL, 3 ERROR"."""
    counts: dict[Severity, int] = {}
    for each in findings:
        counts[each.severity] = counts.get(each.severity, 0) + 1
    return ", ".join(f"{number} {severity.name}" for severity, number in sorted(counts.items(), reverse=True))
