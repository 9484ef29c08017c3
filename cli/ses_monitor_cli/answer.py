"""The answer in one sentence: in how many regions mail is delivered, and what stops it in the others."""

from __future__ import annotations

from collections.abc import Sequence

from ses_monitor.alerts.words import counted, line, tag_in_words
from ses_monitor.core.verdict import Verdict
from ses_monitor_cli.view import RegionView, View

NAMED = 3
"""Regions named for each kind of trouble; more are counted."""


def answer(view: View) -> str:
    """Say whether strangers' mail can be delivered."""
    by_verdict = {verdict: [each for each in view.regions if each.verdict is verdict] for verdict in Verdict}
    delivering = [*by_verdict[Verdict.DELIVERS], *by_verdict[Verdict.AT_RISK]]
    in_use = [*delivering, *by_verdict[Verdict.SANDBOX], *by_verdict[Verdict.BLOCKED]]
    parts = [_how_many(len(delivering), len(in_use), len(view.regions))]
    parts += _trouble(by_verdict[Verdict.BLOCKED], "is blocked", "are blocked")
    parts += _trouble(by_verdict[Verdict.SANDBOX], "is in the sandbox", "are in the sandbox")
    parts += _trouble(by_verdict[Verdict.AT_RISK], "is at risk", "are at risk")
    if unknown := by_verdict[Verdict.UNKNOWN]:
        parts.append(f"{_names(unknown)} could not be judged")
    return "; ".join(parts) + "."


def _how_many(delivering: int, in_use: int, regions: int) -> str:
    if not in_use:
        return "SES is not known to be in use here" if regions == 1 else f"SES is in use in none of {regions} regions"
    if delivering == in_use:
        return {1: "The region in use delivers", 2: "Both regions in use deliver"}.get(
            in_use, f"All {in_use} regions in use deliver"
        )
    if not delivering:
        return {1: "The region in use does not deliver", 2: "Neither of the 2 regions in use delivers"}.get(
            in_use, f"None of the {in_use} regions in use delivers"
        )
    return f"{delivering} of {in_use} regions in use {'delivers' if delivering == 1 else 'deliver'}"


def _trouble(regions: Sequence[RegionView], one: str, many: str) -> list[str]:
    if not regions:
        return []
    if len(regions) > NAMED:
        return [f"{counted(len(regions), 'region')} {many}"]
    if len(regions) == 1:
        cause = _cause(regions[0])
        return [f"{_names(regions)} {one}{f': {cause}' if cause else ''}"]
    causes = [_cause(region) for region in regions]
    named = [f"{line(each.region, 40)}{f' ({why})' if why else ''}" for each, why in zip(regions, causes, strict=True)]
    return [f"{', '.join(named[:-1])} and {named[-1]} {many}"]


def _cause(region: RegionView) -> str:
    tag = next((cause.tag for cause in region.causes if cause.tag), "")
    if not tag or tag == region.verdict.value:
        return ""
    words = tag_in_words(tag)
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _names(regions: Sequence[RegionView]) -> str:
    names = [line(region.region, 40) for region in regions]
    if len(names) > NAMED:
        return counted(len(names), "region")
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
