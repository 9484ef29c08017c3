"""The report as one HTML page that needs nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ses_monitor.alerts.words import counted, duration, line, moment, safe_url, shown_command, tag_in_words
from ses_monitor.core.check import Step
from ses_monitor.core.identity_memory import SETTLED, IdentityState
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.verdict import Verdict
from ses_monitor_cli.identities import is_in_order
from ses_monitor_cli.listing import what_it_silences
from ses_monitor_cli.matrix import ORDER
from ses_monitor_cli.report.look import POLICY, SCRIPT, STYLE
from ses_monitor_cli.report.markup import Content, Markup, element, joined, text, verbatim, words
from ses_monitor_cli.report.model import Course, Open, Point, Report, Row
from ses_monitor_cli.report.plots import Limit, Plot, drawn, shown
from ses_monitor_cli.view import RegionView

MARK = "<!doctype html>\n<!-- ses-monitor report -->\n"
"""How each report begins: what begins otherwise is not overwritten."""

# https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html: above 5 % of bounces or 0.1 % of
# complaints an account is put under review, above 10 % or 0.5 % its sending may be paused.
BOUNCE_LIMITS = (Limit(0.05, "SES: review"), Limit(0.10, "SES: may pause"))
COMPLAINT_LIMITS = (Limit(0.001, "SES: review"), Limit(0.005, "SES: may pause"))
QUOTA_LIMITS = (Limit(1.0, "quota"),)

_VERDICTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.BLOCKED: ("bad", "✖"),
    Verdict.SANDBOX: ("bad", "✖"),
    Verdict.AT_RISK: ("warn", "▲"),
    Verdict.UNKNOWN: ("dark", "?"),
    Verdict.DELIVERS: ("good", "✔"),
    Verdict.IDLE: ("soft", "-"),
}
_SEVERITIES: Mapping[Severity, str] = {
    Severity.CRITICAL: "bad",
    Severity.ERROR: "bad",
    Severity.WARNING: "warn",
    Severity.NOTICE: "info",
    Severity.INFO: "info",
}
_STATUS: Mapping[str, tuple[str, str]] = {
    "SUCCESS": ("ok", "good"),
    "PENDING": ("pending", "warn"),
    "FAILED": ("failed", "bad"),
    "TEMPORARY_FAILURE": ("failing", "bad"),
    "NOT_STARTED": ("not set up", "soft"),
}


def rendered(report: Report) -> str:
    """Return the page."""
    about = f"Amazon SES{f', account {line(report.account, 20)}' if report.account else ''}"
    sections = (
        ("regions", "Regions", _regions(report)),
        ("identities", "Identities by region", _identities(report)),
        ("findings", "Open findings", _findings(report)),
        ("courses", "Rates over time", _courses(report)),
        ("unseen", "What could not be seen", _unseen(report)),
        ("mutes", "Mutes in force", _mutes(report)),
        ("audits", "Audits", _audits(report)),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        words("title", f"{about}: report of {moment(report.at)}"),
        verbatim("style", STYLE),
    )
    links = (element("li", words("a", title, href=f"#{name}")) for name, title, _ in sections)
    header = element(
        "header",
        words("h1", about),
        words("p", f"{line(report.named, 300)} · {moment(report.at)}", class_="soft"),
        words("p", f"Only {', '.join(report.chosen)}.", class_="soft") if report.chosen else None,
        words("p", report.sentence, class_="answer"),
        words("p", report.late, class_="late") if report.late else None,
        element("nav", element("ul", *links), aria_label="Sections"),
    )
    main = element(
        "main",
        *(
            element("section", words("h2", title, id=name), content, aria_labelledby=name)
            for name, title, content in sections
        ),
    )
    foot = element("footer", words("p", "Made by ses-monitor report. Recipients are never in it.", class_="soft"))
    body = element("body", header, main, foot, verbatim("script", SCRIPT))
    return MARK + element("html", head, body, lang="en") + "\n"


def _regions(report: Report) -> Markup:
    view = report.view
    if not view.regions:
        return words("p", "No region has been audited yet.")
    verdicts = view.regions_verdicts
    counts = [
        element(
            "li",
            _verdict(verdict),
            text(f": {line(', '.join(each.region for each in view.regions if each.verdict is verdict), 2000)}"),
        )
        for verdict in ORDER
        if verdict in verdicts
    ]
    rows = [
        _region(region, report.at)
        for region in sorted(view.regions, key=lambda each: (ORDER.index(each.verdict), each.region))
    ]
    heads = ("Region", "Answer", "For", "Access", "Quota used", "AWS says", "Why")
    skipped = (
        words("p", f"Skipped, not enabled: {line(', '.join(view.skipped), 2000)}.", class_="soft")
        if view.skipped
        else None
    )
    return joined(element("ul", *counts), _table("Each region as the last audit left it", heads, rows), skipped)


def _verdict(verdict: Verdict) -> Markup:
    style, mark = _VERDICTS[verdict]
    return words("strong", f"{mark} {verdict.value}", class_=style)


def _region(region: RegionView, at: datetime) -> Markup:
    account = None if region.verdict is Verdict.UNKNOWN else region.account
    causes = [
        line(f"{tag_in_words(cause.tag)}: {cause.text}" if cause.tag else cause.text, 400)
        for cause in region.causes[:3]
    ]
    if len(region.causes) > 3:
        causes.append(f"and {len(region.causes) - 3} more")
    return element(
        "tr",
        words("th", line(region.region, 40), scope="row"),
        element("td", _verdict(region.verdict)),
        words("td", "" if region.since is None else duration(at - region.since), class_="short"),
        words("td", _access(account)),
        words("td", _quota(account)),
        words("td", line(account.enforcement or "not known", 40) if account else "not known"),
        element("td", *(words("p", each) for each in causes), class_="wide"),
    )


def _access(account: AccountFacts | None) -> str:
    if account is None or account.production_access is None:
        return "not known"
    return "production" if account.production_access else "sandbox"


def _quota(account: AccountFacts | None) -> str:
    if account is None or account.max_24_hours is None or account.sent_last_24_hours is None:
        return "not known"
    if account.max_24_hours < 0:
        return f"{account.sent_last_24_hours:,.0f}, no limit"
    used = account.sent_last_24_hours / account.max_24_hours if account.max_24_hours else 1.0
    share = shown(used, is_share=True)
    return f"{share} ({account.sent_last_24_hours:,.0f} of {account.max_24_hours:,.0f})"


def _identities(report: Report) -> Markup:
    if not report.rows:
        return words("p", "No identity is known yet: the audit of identities runs every hour.")
    legend = (
        "In order: verified, DKIM and MAIL FROM well or not set up, and nothing missing in the DNS. "
        "What is not in order comes first; “not here”: no identity in that region."
    )
    rows = [_identity(row, report) for row in report.rows]
    heads = ("Identity", *report.columns)
    more = (
        _more(f"And {counted(report.more_rows, 'more identity', 'more identities')}:", "ses-monitor identity NAME")
        if report.more_rows
        else None
    )
    return joined(words("p", legend, class_="soft"), _table("Each identity in each region", heads, rows), more)


def _identity(row: Row, report: Report) -> Markup:
    cells = (_cell(row.cells.get(region), report.at) for region in report.columns)
    return element("tr", words("th", line(row.name, 320), scope="row"), *cells)


def _cell(state: IdentityState | None, at: datetime) -> Markup:
    if state is None:
        return words("td", "not here", class_="soft")
    told, style = _feedback(state)
    if is_in_order(state):
        return element(
            "td",
            words("span", "✔ in order", class_="good"),
            element("br"),
            words("span", f"feedback {told}", class_=style),
        )
    memory = state.memory
    facts = [
        _fact("verified", state.verification_status, memory.verification_since, at),
        _fact("DKIM", state.dkim_status, memory.dkim_since, at),
        _fact("MAIL FROM", state.mail_from_status, memory.mail_from_since, at),
    ]
    if memory.unproven_since is not None:
        facts.append(words("li", f"DNS: ✖ unproven {duration(at - memory.unproven_since)}", class_="bad"))
    facts.append(words("li", f"feedback {told}", class_=style))
    return element("td", element("ul", *facts))


def _fact(name: str, status: str, since: datetime | None, at: datetime) -> Markup:
    word, style = _STATUS.get(status, (line(status, 30).lower() or "not set up", "warn" if status else "soft"))
    mark = {"good": "✔ ", "bad": "✖ ", "warn": "▲ "}.get(style, "")
    lasted = f" {duration(at - since)}" if since is not None and status not in SETTLED and style != "soft" else ""
    return words("li", f"{name}: {mark}{word}{lasted}", class_=style)


def _feedback(state: IdentityState) -> tuple[str, str]:
    topics = bool(state.bounce_topic) + bool(state.complaint_topic)
    if topics == 2:
        return "to a topic", "good"
    if topics:
        return "in part to a topic", "warn"
    if state.forwarding is None:
        return "not known", "soft"
    return ("by mail only", "soft") if state.forwarding else ("to nobody", "bad")


def _findings(report: Report) -> Markup:
    if not report.findings:
        return words("p", "Nothing is open." if report.runs else "Nothing is known yet.")
    label = element(
        "p",
        words("label", "Show only those with ", for_="filter"),
        element("input", id="filter", type="search", autocomplete="off"),
        hidden="",
    )
    more = (
        _more(f"And {counted(report.more_findings, 'more finding')}:", "ses-monitor findings")
        if report.more_findings
        else None
    )
    return joined(label, *(_finding(each, report.at) for each in report.findings), more)


def _finding(each: Open, at: datetime) -> Markup:
    finding = each.finding
    where = line(finding.region, 40)
    if finding.subject != ACCOUNT:
        where = f"{line(finding.subject, 320)} in {where}"
    lasted = (
        "" if finding.since is None else f"Open for {duration(at - finding.since)}, since {moment(finding.since)}. "
    )
    named = f"{lasted}Finding {line(finding.finding_id, 20)}, check {line(finding.check_id, 100)}."
    mute = each.mute
    style = _SEVERITIES[finding.severity]
    return element(
        "article",
        element(
            "h3",
            words("span", finding.severity.name, class_=style),
            text(f" {tag_in_words(finding.tag)}: {where}"),
        ),
        words("p", line(finding.text)),
        element("p", words("strong", "Why: "), text(line(finding.cause))) if finding.cause else None,
        element("ol", *map(_step, finding.steps)) if finding.steps else None,
        words("p", f"Muted until {moment(mute.expires_at)} by {line(mute.owner, 120)}.", class_="dark")
        if mute
        else None,
        words("p", named, class_="soft"),
        class_=style,
        data_filtered="",
    )


def _step(step: Step) -> Markup:
    command, url = shown_command(step.command), safe_url(step.url)
    return element(
        "li",
        text(line(step.text)),
        words("pre", command) if command else None,
        words("p", "(the command is too long to show; see --json)") if step.command and not command else None,
        element("p", words("a", url, href=url, rel="noreferrer")) if url else None,
    )


def _courses(report: Report) -> Markup:
    period = "hour" if report.by_the_hour else "day"
    note = (
        f"The last {counted(report.days, 'day')} by the {period} (UTC), as counted from what SES told. "
        "A gap: it is not known how much was sent. SES reckons its rates over more mail than one "
        f"{period}'s: a point above a line is no verdict of SES."
    )
    drawn_ = (_course(course, number, report) for number, course in enumerate(report.courses))
    quiet = (
        words("p", f"Nothing to plot in {line(', '.join(report.quiet), 2000)}.", class_="soft")
        if report.quiet
        else None
    )
    return joined(words("p", note, class_="soft"), *drawn_, quiet)


def _course(course: Course, number: int, report: Report) -> Markup:
    region = line(course.region, 40)
    starts = tuple(_start(point, by_the_hour=report.by_the_hour) for point in course.points)
    measures: tuple[tuple[str, Sequence[float | None], tuple[Limit, ...], bool, bool], ...] = (
        ("Bounce rate", [each.bounce_rate for each in course.points], BOUNCE_LIMITS, True, False),
        ("Complaint rate", [each.complaint_rate for each in course.points], COMPLAINT_LIMITS, True, False),
        ("Sends", [each.sent for each in course.points], (), False, True),
        ("Refused sends", [each.refused for each in course.points], (), False, True),
        ("Quota used", [each.quota_used for each in course.points], QUOTA_LIMITS, True, False),
    )
    figures: list[Markup] = []
    for place, (title, values, limits, is_share, bars) in enumerate(measures):
        known = [each for each in values if each is not None]
        said = f"highest {shown(max(known), is_share=is_share)}" if known else "not known"
        plot = Plot(
            f"plot-{number}-{place}",
            f"{title} in {region}",
            f"{said}, from {starts[0]} to {starts[-1]}",
            starts,
            tuple(values),
            is_share,
            bars,
            limits,
        )
        caption = element("figcaption", text(f"{title} "), words("span", said))
        figures.append(element("figure", caption, drawn(plot)))
    heads = ("From", "Sent", "Hard bounces", "Rate", "Complaints", "Rate", "Refused", "Quota used")
    rows = [_numbers(point, start) for point, start in zip(course.points, starts, strict=True)]
    table = element("details", words("summary", f"The numbers of {region}"), _table(f"{region}, UTC", heads, rows))
    return element("div", words("h3", region), element("div", *figures, class_="plots"), table, class_="course-of")


def _start(point: Point, *, by_the_hour: bool) -> str:
    day = f"{point.start.day} {moment(point.start).split()[1]}"
    return f"{day}, {point.start:%H:%M}" if by_the_hour else day


def _numbers(point: Point, start: str) -> Markup:
    cells = (
        shown(point.sent, is_share=False),
        f"{point.hard_bounces:,}",
        shown(point.bounce_rate, is_share=True),
        f"{point.complaints:,}",
        shown(point.complaint_rate, is_share=True),
        f"{point.refused:,}",
        shown(point.quota_used, is_share=True),
    )
    return element("tr", words("th", start, scope="row"), *(words("td", each, class_="number") for each in cells))


def _unseen(report: Report) -> Markup:
    if not report.runs:
        return words("p", "No audit has run yet.")
    if not report.unseen:
        return words("p", "The last audit of accounts saw everything it looked for.")
    rows = [
        element(
            "tr",
            words("th", line(each.region, 40) or "everywhere", scope="row"),
            words("td", line(each.check_id, 100), class_="name"),
            words("td", "account" if each.subject == ACCOUNT else line(each.subject, 320), class_="name"),
            words("td", line(each.reason, 400), class_="wide"),
        )
        for each in report.unseen
    ]
    more = _more(f"And {report.more_unseen} more:", "ses-monitor status --json") if report.more_unseen else None
    return joined(_table("Undecided in the last audit", ("Region", "Check", "Subject", "Why"), rows), more)


def _mutes(report: Report) -> Markup:
    if not report.mutes:
        return words("p", "None.")
    rows = [
        element(
            "tr",
            words("th", line(mute.mute_id, 40), scope="row"),
            words("td", f"{what_it_silences(mute)}: {counted(number, 'open finding')}", class_="wide"),
            words("td", f"{duration(mute.expires_at - report.at)}, {moment(mute.expires_at)}", class_="name"),
            words("td", line(mute.owner, 120), class_="name"),
            words("td", line(mute.reason, 500), class_="wide"),
        )
        for mute, number in report.mutes
    ]
    more = _more(f"And {report.more_mutes} more:", "ses-monitor mute --list") if report.more_mutes else None
    heads = ("Mute", "Silences", "Ends in", "Owner", "Reason")
    return joined(_table("They silence chat, not the table", heads, rows), more)


def _audits(report: Report) -> Markup:
    if not report.runs:
        return words("p", "No audit has run yet. Look at audit_accounts' log and its schedule.")
    rows = [
        element(
            "tr",
            words("th", moment(run.started_at), scope="row"),
            words("td", duration(report.at - run.started_at)),
            words("td", f"{run.duration_ms / 1000:.1f} s"),
            words("td", str(len(run.regions))),
            words("td", str(len({each.region for each in run.unseen}))),
            words("td", "yes" if run.complete else "no, cut off or blind"),
        )
        for run in report.runs
    ]
    heads = ("Began", "Ago", "Took", "Regions", "Not seen whole", "Every account read")
    return _table("The last audits of accounts", heads, rows)


def _table(caption: str, heads: Iterable[str], rows: Iterable[Markup]) -> Markup:
    head = element("tr", *(words("th", line(each, 60), scope="col") for each in heads))
    table = element("table", words("caption", caption), element("thead", head), element("tbody", *rows))
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _more(said: str, command: str) -> Content:
    return joined(words("p", said), words("pre", command))
