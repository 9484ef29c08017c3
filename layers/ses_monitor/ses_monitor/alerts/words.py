"""The words all channels share: who, where, since when, for how long. Plain text, outside text made safe."""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from ses_monitor.alerts.alert import LONGEST_COMMANDS, Alert, Entry
from ses_monitor.core.check import bounded
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.stored import Transition

_UPPER = frozenset(
    "API AWS CNAME DKIM DMARC DNS DNSSEC IP MX NS SES SMTP SNS SPF SQS TXT VDM".split()  # noqa: SIM905 - a list of 16 quoted words is harder to read
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_NOT_IN_COMMANDS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")

MOST_QUERIES = 5
"""Regions that a roll-up gives a query for; the command of ours asks for all of them."""
LONGEST_TEXT = 900
"""Characters shown of a finding's text, a cause or a step: several times what any check writes."""


FIRST_LOOK = (
    "ses-monitor has looked at this account for the first time. "
    "What is CRITICAL comes as a message of its own; the rest is here, the worst first. "
    "ses-monitor audit gives the cause and the steps of each."
)
ROLLED_UP = (
    "More happened at once than is worth a message each. "
    "This one names the rest, the worst first; the table has all of it, with causes and steps."
)
TOO_LONG = "(The command is too long to be shown whole: run ses-monitor audit.)"


def line(text: str, limit: int = LONGEST_TEXT) -> str:
    """Make any text one safe line of at most `limit` characters."""
    return bounded(_SURROGATES.sub("\ufffd", text), limit)


def shown_command(command: str) -> str:
    """Return a command fit to be pasted, without invisible characters.

    It is empty when it is too long to be shown whole: half a command must not be pasted.
    """
    clean = _NOT_IN_COMMANDS.sub(" ", _SURROGATES.sub("\ufffd", command)).strip()
    return clean if len(clean) <= LONGEST_COMMANDS else ""


def safe_url(url: str) -> str:
    """Return an https address that nothing can break out of, or an empty string."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    clean = quote(_SURROGATES.sub("", url), safe="%/:=&?#+!$,;@~-._")
    # `urlsplit` passes over line ends, which `quote` keeps: what it took for a scheme may not be one any more.
    return clean if host and clean.startswith("https://") and len(clean) <= 1000 else ""


def tag_in_words(tag: str) -> str:
    """Turn SENDING_PAUSED into "Sending paused", and leave names like DKIM as they are."""
    words = [word if word in _UPPER else word.lower() for word in line(tag, 100).split("_") if word]
    if not words:
        return "Something"
    said = " ".join(words).replace("mail from", "MAIL FROM")
    return said[:1].upper() + said[1:]


def moment(at: datetime) -> str:
    """Say a moment in UTC, as in "20 Nov 2026, 21:30 UTC"."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"


def duration(span: timedelta) -> str:
    """Say how long in at most two units, as in "2 h 10 min"."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours - days * 24} h" if hours % 24 else f"{days} d"
    if hours:
        return f"{hours} h {minutes - hours * 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min"


def in_words(span: timedelta) -> str:
    """Say how long in one unit, rounded down, as in "2 days"."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes >= 2 * 1440:
        return counted(minutes // 1440, "day")
    return counted(minutes // 60, "hour") if minutes >= 60 else counted(minutes, "minute")


def what_and_where(alert: Alert) -> str:
    """Say what is the matter with whom and where, as in "DKIM failed for example.com in eu-west-1"."""
    if alert.rollup:
        return f"{counted(len(alert.entries) + alert.more, 'finding')} at once {where(alert.regions)}"
    if alert.is_summary:
        return f"First audit: {counted(len(alert.entries) + alert.more, 'finding')} {where(alert.regions)}"
    who = _who(alert)
    return f"{tag_in_words(alert.tag)}{f' for {who}' if who else ''} {where(alert.regions)}"


def where(regions: Sequence[str]) -> str:
    """Say where, naming one or two regions and counting more."""
    named = [line(region, 40) for region in regions]
    return f"in {' and '.join(named)}" if len(named) < 3 else f"in {len(named)} regions"


def headline(alert: Alert) -> str:
    """Say in one line what happened, the news first. Without an emoji."""
    what = what_and_where(alert)
    severity = alert.severity.name
    was = alert.entries[0].was_severity
    if alert.rollup and not alert.transition.closes:
        return f"{severity}: {what}, first of all {tag_in_words(alert.entries[0].tag)}"
    match alert.transition:
        case Transition.REMINDED:
            return f"{severity}, {_still_open(alert)}: {what}"
        case Transition.OPENED if alert.reopened and not alert.is_summary:
            return f"{severity} again: {what}"
        case Transition.RESOLVED:
            return f"Over: {what}"
        case Transition.GONE:
            return f"Gone: {what}"
        case Transition.EASED:
            return f"Better, {severity} now: {what}"
        case Transition.WORSENED:
            before = was.name if was is not None else severity
            return f"Changed, still {severity}: {what}" if before == severity else f"{severity}, was {before}: {what}"
        case _:
            return what if alert.is_summary else f"{severity}: {what}"


def since(alert: Alert) -> str:
    """Say since when, or from when to when and how long it lasted."""
    began = alert.since
    if alert.is_summary:
        return f"seen {moment(alert.at)}"
    if not alert.transition.closes:
        if alert.at - began < timedelta(minutes=1):
            return f"since {moment(began)}"
        return f"since {moment(began)} ({duration(alert.at - began)})"
    spans = [entry.lasted for entry in alert.entries]
    shortest, longest = duration(min(spans)), duration(max(spans))
    lasted = longest if shortest == longest else f"{shortest} to {longest}"
    return f"after {lasted} ({_from_to(began, alert.at)})"


def _still_open(alert: Alert) -> str:
    spans = [in_words(entry.lasted) for entry in alert.entries]
    return f"still open after {spans[0]}" if len(set(spans)) == 1 else "still open"


def again(alert: Alert) -> str:
    """Say how often it has come back; empty where it is new."""
    if not alert.reopened or alert.is_summary:
        return ""
    flaps = max(entry.flaps for entry in alert.entries)
    times = "once" if flaps == 1 else f"{flaps} times"
    return f"It is not new: it has come back {times}, each time within a day of being over."


def reminder(alert: Alert) -> str:
    """Say why it is told again; empty for other transitions."""
    if alert.transition is not Transition.REMINDED or alert.rollup:
        return ""
    return "Nothing changed: this is a reminder of what is still open. ses-monitor mute keeps it quiet."


def introduction(alert: Alert) -> str:
    """Say what a summary is; empty for other alerts."""
    if alert.rollup:
        return ROLLED_UP
    return FIRST_LOOK if alert.is_summary else ""


def what_it_says(alert: Alert) -> str:
    """Say what its findings have in common, as past when it is over; empty when each has its own."""
    return f"It was: {alert.text}" if alert.text and alert.transition.closes else alert.text


def how_it_ended(alert: Alert) -> str:
    """Say what GONE means; it must not be read as mended. Empty for other transitions."""
    if alert.transition is not Transition.GONE:
        return ""
    return "Nobody mended it: what it was about is not there any more, or is not checked any more."


def named(alert: Alert) -> str:
    """Name the check, the tag and the finding, for whoever asks more."""
    if alert.is_summary:
        return f"Alert {line(alert.alert_id, 40)}"
    ids = [line(entry.finding_id, 20) for entry in alert.entries[:3]]
    rest = len(alert.entries) + alert.more - len(ids)
    findings = ", ".join(ids) + (f" and {rest} more" if rest else "")
    noun = "Finding" if len(ids) == 1 and not rest else "Findings"
    return f"{noun} {findings}, check {line(alert.check_id, 80)}, tag {line(alert.tag, 80)}"


def needs_a_list(alert: Alert) -> bool:
    """Tell whether its regions and its text do not say everything about its findings."""
    if alert.rollup:
        return True
    if len(alert.entries) == 1 and not alert.more:
        return False
    return not alert.text or bool(alert.more) or alert.subjects != (ACCOUNT,) or _spans_differ(alert)


def _spans_differ(alert: Alert) -> bool:
    return alert.transition.closes and len({duration(entry.lasted) for entry in alert.entries}) > 1


def in_a_list(entry: Entry, alert: Alert) -> str:
    """Say one finding of several in a line: where, and what where they differ in that."""
    name = f"{entry.severity.name}, {place(entry, alert)}" if alert.is_summary else place(entry, alert)
    if alert.rollup:
        return f"{_happened(entry, alert)}: {tag_in_words(entry.tag)}, {place(entry, alert)}"
    if alert.transition.closes and not alert.is_summary:
        return f"{name}, after {duration(entry.lasted)}"
    if alert.text:
        return name
    return f"{name}: {line(entry.text, 300)}"


def _happened(entry: Entry, alert: Alert) -> str:
    transition = entry.transition or alert.transition
    return _OVER[transition] if transition.closes else f"{entry.severity.name} {_WENT[transition]}".rstrip()


def by_kind(alert: Alert, most: int) -> list[str]:
    """Name the findings of a roll-up, like with like, a line for each kind in a region, at most `most` names in a line.

    As in "ERROR: DKIM failed in eu-west-1: shop1.example.com, shop2.example.com and 98 more".
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for entry in alert.entries:
        kind = f"{_happened(entry, alert)}: {tag_in_words(entry.tag)} {where([entry.region])}"
        kinds[kind] += [] if entry.subject == ACCOUNT else [line(entry.subject, 100)]
    lines = []
    for kind, subjects in kinds.items():
        named = ", ".join(subjects[:most])
        rest = f" and {len(subjects) - most} more" if len(subjects) > most else ""
        lines.append(f"{kind}: {named}{rest}" if named else kind)
    return lines


def queries(alert: Alert) -> list[str]:
    """Give the command lines that list every finding of a roll-up: ours first, then the table's own, for each region.

    `$TABLE` is set as docs/queries.md says.
    """
    regions = [region for region in alert.regions if re.fullmatch(r"[a-z0-9-]{1,40}", region)]
    first, last = min(entry.at for entry in alert.entries), alert.at + timedelta(seconds=1)
    commands = [look_again(alert)]
    for region in regions[:MOST_QUERIES]:
        values = {
            ":region": {"S": f"CHANGE#{region}"},
            ":from": {"S": _sortable(first)},
            ":until": {"S": _sortable(last)},
        }
        condition = shlex.quote("pk = :region AND sk BETWEEN :from AND :until")
        commands.append(
            f'aws dynamodb query --table-name "$TABLE" --key-condition-expression {condition}'
            f" --expression-attribute-values {shlex.quote(json.dumps(values))}"
        )
    return commands


def _sortable(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def changed_from(alert: Alert) -> str:
    """Say what a finding that worsened or eased was before; empty for other transitions."""
    entry = alert.entries[0]
    if entry.was_severity is None or alert.rollup:
        return ""
    before = entry.was_severity.name
    if entry.was_tag and entry.was_tag != entry.tag:
        before += f" ({tag_in_words(entry.was_tag)})"
    return f"It was {before}, it is {alert.severity.name} now."


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Count things: "1 finding", "2 findings"."""
    return f"{number} {noun}" if number == 1 else f"{number} {nouns or noun + 's'}"


def place(entry: Entry, alert: Alert) -> str:
    """Name what tells this finding from the others of its alert."""
    parts = [line(entry.region, 40)] if len(alert.regions) > 1 else []
    if entry.subject != ACCOUNT:
        parts.append(line(entry.subject, 100))
    return " ".join(parts) or line(entry.region, 40)


_FROM_THE_TABLE = ("feedback.", "rejection.")


def look_again(alert: Alert) -> str:
    """Give the command line that asks again, now, about what this alert is about.

    What was counted of events and refused sends is in the table only: AWS cannot be asked for it.
    """
    regions = [region for region in alert.regions if re.fullmatch(r"[a-z0-9-]{1,40}", region)]
    if alert.rollup:
        # What is wrong now, whenever it began, and what is over: as far back as the oldest of it opened.
        days = max((alert.at - alert.since).days + 1, 1)
        chosen = [f" --region {region}" for region in regions] if len(regions) == len(alert.regions) <= 3 else []
        return f"ses-monitor findings --all --since {days}d" + "".join(chosen)
    if alert.check_id.startswith(_FROM_THE_TABLE):
        return f"ses-monitor region {regions[0]}" if regions == list(alert.regions[:1]) else "ses-monitor status"
    if len(regions) == len(alert.regions) <= 3:
        return "ses-monitor audit" + "".join(f" --region {region}" for region in regions)
    return "ses-monitor audit"


def page_name(url: str) -> str:
    """Say what lies behind an address, for the label of a link."""
    host = urlsplit(url).hostname or ""
    if found := re.fullmatch(r"([a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.console\.aws\.amazon\.com", host):
        return f"Open the console in {found[1]}"
    if host.endswith(".console.aws.amazon.com"):
        return f"Open the {line(host.split('.')[0], 40)} console"
    return "Read the AWS documentation" if host == "docs.aws.amazon.com" else f"Open {line(host, 100)}"


def console_page(alert: Alert) -> str:
    """Give the address of the SES console; empty where there are several regions, or a step has it already."""
    region = alert.regions[0]
    if len(alert.regions) > 1 or not re.fullmatch(r"[a-z0-9-]{1,40}", region):
        return ""
    page = f"https://{region}.console.aws.amazon.com/ses/home?region={region}#/account"
    shown = [] if alert.transition.closes else [step.url for step in alert.steps]
    return "" if page in shown else page


def emoji(severity: Severity) -> str:
    """Give the mark of a severity."""
    return _EMOJI[severity]


def _who(alert: Alert) -> str:
    subjects = alert.subjects
    if len(subjects) == 1 and not alert.more:
        return "" if subjects[0] == ACCOUNT else line(subjects[0], 80)
    family = alert.check_id.partition(".")[0]
    return counted(len(subjects) + alert.more, *_NOUNS.get(family, ("subject", "subjects")))


def _from_to(began: datetime, ended: datetime) -> str:
    first, last = moment(began), moment(ended)
    same_day = first[: -len("00:00 UTC")] == last[: -len("00:00 UTC")]
    return f"{first.removesuffix(' UTC')} to {last[-len('00:00 UTC') :]}" if same_day else f"{first} to {last}"


_WENT = {
    Transition.OPENED: "",
    Transition.WORSENED: "now, worse than before",
    Transition.EASED: "now, better than before",
    Transition.REMINDED: "still",
}
_OVER = {Transition.RESOLVED: "Over", Transition.GONE: "Gone"}
_NOUNS = {
    "identity": ("identity", "identities"),
    "dns": ("domain", "domains"),
    "configuration_set": ("configuration set", "configuration sets"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EMOJI = {
    Severity.CRITICAL: "\U0001f6a8",
    Severity.ERROR: "\U0001f534",
    Severity.WARNING: "\U0001f7e0",
    Severity.NOTICE: "\U0001f7e1",
    Severity.INFO: "\U0001f535",
}
