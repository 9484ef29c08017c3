"""The findings in words, with steps to paste, and what could not be seen. Like findings are told together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line, safe_url, shown_command
from ses_monitor.core.check import Step
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.region_state import Unseen
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
    regions = list(dict.fromkeys(each.region for each in alike))
    lasted = "" if first.since is None or len(alike) > 1 else f"  for {duration(now - first.since)}"
    headline = (
        (first.severity.name, STYLES[first.severity]),
        "  ",
        (line(first.tag, 100), "bold"),
        f"  {_named(regions)}",
    )
    console.print(Text.assemble(*headline, (lasted, "dim")))
    for each in alike:
        _paragraph(console, _what(each, now, alone=len(alike) == 1), 2)
    for cause in dict.fromkeys(line(each.cause) for each in alike):
        _paragraph(console, Text.assemble(("Why: ", "dim"), cause), 2)
    for number, steps in enumerate(zip(*(each.steps for each in alike), strict=True), 1):
        _print_step(console, f"{number}.", steps)


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


def _print_step(console: Console, number: str, steps: Sequence[Step]) -> None:
    """Print one step of one or more like findings: each sentence once, then what to paste, each on its own line."""
    told: set[str] = set()
    for step in steps:
        sentence = line(step.text)
        if sentence not in told:
            start = number if not told else " " * len(number)
            _paragraph(console, Text(f"{start} {sentence}"), 2, hanging=len(number) + 1)
            told.add(sentence)
        command, url = shown_command(step.command), safe_url(step.url)
        if step.command and not command:
            _paragraph(console, Text("(the command is too long to show; see --json)", "dim"), 5)
        for row in filter(None, (*command.splitlines(), url)):
            console.print(Text(f"     {row}", "cyan"), soft_wrap=True)


def print_unseen(console: Console, unseen: Sequence[Unseen]) -> None:
    """Print what could not be seen: the same reason in many regions once, with the checks it left undecided."""
    by_reason: dict[str, list[Unseen]] = {}
    for each in unseen:
        by_reason.setdefault(each.reason.replace(each.region, "REGION"), []).append(each)
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
        _paragraph(console, Text(_named(regions)), 2)
        for reason in reasons:
            _paragraph(console, Text(line(reason, 400)), 4)
        _paragraph(console, Text(f"Undecided: {_families(checks)}", "dim"), 4)


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


def _paragraph(console: Console, text: Text, indent: int, *, hanging: int = 0) -> None:
    """Print wrapped text; `hanging` is how much further its second line and those after it are indented."""
    for place, row in enumerate(text.wrap(console, console.width - indent - hanging)):
        row.rstrip()
        console.print(Text(" " * (indent + (hanging if place else 0))), row, sep="", soft_wrap=True)


def summary(findings: Iterable[FindingView]) -> str:
    """Count findings by severity, as in "1 CRITICAL, 3 ERROR"."""
    counts: dict[Severity, int] = {}
    for each in findings:
        counts[each.severity] = counts.get(each.severity, 0) + 1
    return ", ".join(f"{number} {severity.name}" for severity, number in sorted(counts.items(), reverse=True))
