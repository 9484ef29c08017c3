"""The regions at a glance: those that matter a line each, the others folded, so that 33 of them fit a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line, tag_in_words
from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.verdict import Verdict
from ses_monitor_cli.view import RegionView, View

ORDER = (Verdict.BLOCKED, Verdict.SANDBOX, Verdict.AT_RISK, Verdict.UNKNOWN, Verdict.DELIVERS, Verdict.IDLE)
"""What needs somebody comes first."""

STYLES: Mapping[Verdict, str] = {
    Verdict.BLOCKED: "bold red",
    Verdict.SANDBOX: "red",
    Verdict.AT_RISK: "yellow",
    Verdict.UNKNOWN: "magenta",
    Verdict.DELIVERS: "green",
    Verdict.IDLE: "dim",
}
MOST_UNKNOWN = 6
"""Regions that could not be seen are folded too when there are more: they have nothing to say for themselves."""

ROOMY = 100
"""From this many columns on, the quota gets a bar and its numbers in full, and AWS's own word a column."""

NARROW = 76
"""Below this many columns every cell may be cut."""

ENFORCEMENT_TAGS = frozenset({"UNDER_REVIEW", "SHUT_DOWN", "ENFORCEMENT_UNRECOGNISED"})
"""What AWS's own word means; beside that word they say nothing new."""

_BLIND = {
    "throttled": "throttled",
    "denied": "denied",
    "credentials": "credentials refused",
    "timed_out": "no answer in time",
    "unreachable": "no connection",
    "service_error": "errors from AWS",
    "unreadable": "unreadable answer",
    "not_in_answer": "left out by SES",
}


def print_matrix(console: Console, view: View, now: datetime) -> None:
    """Print a line for each region that matters, then one for those that do not."""
    shown = [each for each in view.regions if not _is_folded(each, view)]
    if shown:
        console.print(_table(console, shown, view, now))
    folded = {
        verdict: [each.region for each in view.regions if each.verdict is verdict and _is_folded(each, view)]
        for verdict in (Verdict.UNKNOWN, Verdict.IDLE)
    }
    if shown and (any(folded.values()) or view.skipped):
        console.print()
    _print_folded(console, "Could not be read", folded[Verdict.UNKNOWN])
    _print_folded(console, "Idle, SES unused", folded[Verdict.IDLE])
    _print_folded(console, "Skipped, not enabled", view.skipped)


def _is_folded(region: RegionView, view: View) -> bool:
    if region.verdict is Verdict.IDLE:
        return not region.causes
    return region.verdict is Verdict.UNKNOWN and view.regions_verdicts.count(Verdict.UNKNOWN) > MOST_UNKNOWN


def _table(console: Console, regions: Iterable[RegionView], view: View, now: datetime) -> Table:
    stored = any(region.since for region in view.regions)
    roomy = console.width >= ROOMY
    heads = {
        "REGION": True,
        "ANSWER": True,
        "FOR": stored,
        "ACCESS": True,
        "QUOTA USED": True,
        "RATE": roomy or not stored,
        "AWS SAYS": roomy,
    }
    rows: list[list[Text]] = []
    for region in sorted(regions, key=lambda each: (ORDER.index(each.verdict), each.region)):
        account = region.account if region.verdict is not Verdict.UNKNOWN else None
        cells = {
            "REGION": Text(line(region.region, 40)),
            "ANSWER": Text(region.verdict.value, STYLES[region.verdict]),
            "FOR": Text("" if region.since is None else _about(now - region.since)),
            "ACCESS": _access(account),
            "QUOTA USED": _quota(console, account, roomy=roomy),
            "RATE": _rate(account),
            "AWS SAYS": _enforcement(account),
        }
        rows.append([*(cells[head] for head, shown in heads.items() if shown), _why(region, view, roomy=roomy)])

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for place, head in enumerate(head for head, shown in heads.items() if shown):
        # What is cut where room is short is the reason: it is told again below, in full.
        widest = max(len(head), *(row[place].cell_len for row in rows)) if console.width >= NARROW else None
        table.add_column(head, no_wrap=True, min_width=widest, justify="right" if head == "RATE" else "left")
    table.add_column("WHY", no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*row)
    return table


def _about(span: timedelta) -> str:
    """Say how long in one unit: "3 h"."""
    return " ".join(duration(span).split()[:2])


def _access(account: AccountFacts | None) -> Text:
    if account is None or account.production_access is None:
        return _nothing()
    return Text("prod") if account.production_access else Text("sandbox", "yellow")


def _quota(console: Console, account: AccountFacts | None, *, roomy: bool) -> Text:
    if account is None or account.max_24_hours is None or account.sent_last_24_hours is None:
        return _nothing()
    sent, most = account.sent_last_24_hours, account.max_24_hours
    if most < 0:
        no_limit = "no limit" if console.options.ascii_only else "∞"
        return Text(f"{sent:,.0f} / {no_limit}" if roomy else f"{_short(sent):>4} of {no_limit}")
    used = sent / most if most else 1.0
    style = "bold red" if used >= 0.95 else "yellow" if used >= 0.8 else ""
    if not roomy:
        return Text(f"{_percent(used):>4} of {_short(most)}", style)
    return Text.assemble((_bar(console, used), style or "green"), f" {sent:,.0f} / {most:,.0f}")


def _percent(used: float) -> str:
    if 0 < used < 0.005:
        return "<1%"
    # 99.7 % is not used up yet.
    percent = round(used * 100) if used >= 1 else min(round(used * 100), 99)
    return f"{percent}%" if percent <= 999 else ">999%"


def _bar(console: Console, used: float, cells: int = 8) -> str:
    full, empty = ("#", ".") if console.options.ascii_only else ("█", "░")
    filled = max(round(min(used, 1.0) * cells), 1 if used > 0 else 0)
    return full * filled + empty * (cells - filled)


def _short(number: float) -> str:
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return f"{number:.0f}"


def _rate(account: AccountFacts | None) -> Text:
    if account is None or account.max_per_second is None:
        return _nothing()
    return Text(f"{account.max_per_second:,g}/s")


def _enforcement(account: AccountFacts | None) -> Text:
    if account is None or account.enforcement is None:
        return _nothing()
    word = line(account.enforcement, 12)
    return Text("healthy") if word == "HEALTHY" else Text(word, "bold red")


def _why(region: RegionView, view: View, *, roomy: bool) -> Text:
    if region.verdict is Verdict.UNKNOWN and not any(cause.tag for cause in region.causes):
        return Text(_blindness(region, view))
    tags = [cause.tag for cause in region.causes if cause.tag]
    if not tags and region.verdict not in {Verdict.DELIVERS, Verdict.IDLE}:
        tags = [each.tag for each in view.findings if each.region == region.region]
    words = [tag_in_words(tag) for tag in tags]
    enforcement = region.account.enforcement if region.account else None
    if not roomy and enforcement not in {None, "HEALTHY"}:
        words = [line(str(enforcement), 12), *(tag_in_words(tag) for tag in tags if tag not in ENFORCEMENT_TAGS)]
    if not words:
        return Text("" if roomy or enforcement is None else "healthy", "dim")
    return Text(words[0] + (f" +{len(words) - 1}" if len(words) > 1 else ""))


def _blindness(region: RegionView, view: View) -> str:
    why = next((each.why for each in view.unseen if each.region == region.region), "")
    if why:
        return _BLIND.get(why, line(why, 40).replace("_", " "))
    return line(region.causes[0].text) if region.causes else ""


def _nothing() -> Text:
    return Text("-", "dim")


def _print_folded(console: Console, what: str, names: Iterable[str]) -> None:
    listed = [line(name, 40) for name in names]
    if not listed:
        return
    start = f"{what}: {counted(len(listed), 'region')} ("
    room = console.width - len(start) - 1
    whole = ", ".join(listed)
    if len(whole) > room:
        kept: list[str] = []
        for name in listed:
            if len(", ".join([*kept, name])) + 3 > room:
                break
            kept.append(name)
        whole = ", ".join([*kept, "…"])
    console.print(Text(f"{start}{whole})", "dim"), no_wrap=True)
