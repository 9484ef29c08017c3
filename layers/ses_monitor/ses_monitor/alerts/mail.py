"""The alert as mail: a subject SNS takes, and plain text for a phone. Pure."""

from __future__ import annotations

from ses_monitor.alerts import words
from ses_monitor.alerts.alert import Alert
from ses_monitor.core.check import Step

LONGEST_SUBJECT = 99
"""SNS: ASCII, no line breaks or control characters, less than 100 characters, and it may not begin with a space.
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

LONGEST_BODY = 12_000
"""Characters; leaves the JSON document its share of the SNS message."""

MOST_LISTED = 25
MOST_KINDS = 40
MOST_OF_A_KIND = 25
"""Lines of a roll-up, and subjects in each."""


def subject(alert: Alert) -> str:
    """Return the subject line."""
    return ascii_line(words.headline(alert))


def ascii_line(text: str) -> str:
    """Make any text a line that SNS takes as a subject: nothing in it can end the header."""
    ascii_only = words.line(text, LONGEST_SUBJECT * 2).encode("ascii", "replace").decode().strip() or "(no subject)"
    return (ascii_only[: LONGEST_SUBJECT - 3] + "...") if len(ascii_only) > LONGEST_SUBJECT else ascii_only


def body(alert: Alert) -> str:
    """Return the whole text: what happened, why, what to do, and how to ask more."""
    parts = [f"{words.headline(alert)}, {words.since(alert)}.\nAccount {words.line(alert.account_id, 40)}."]
    parts += _rolled_up(alert) if alert.rollup else _what(alert)
    if not alert.transition.closes:
        parts += _why(alert)
        parts += _steps(alert.steps)
    footer = _footer(alert)
    text = "\n\n".join(parts)
    if len(text) > LONGEST_BODY:
        text = text[:LONGEST_BODY].rpartition("\n\n")[0] + "\n\n(The rest is left out: too long for a mail.)"
    return f"{text}\n\n{footer}\n"


def _rolled_up(alert: Alert) -> list[str]:
    lines = words.by_kind(alert, MOST_OF_A_KIND)
    shown = [f"- {each}" for each in lines[:MOST_KINDS]]
    if rest := len(lines) - len(shown):
        shown.append(f"- and {words.counted(rest, 'more kind')}")
    if alert.more:
        shown.append(f"- and {words.counted(alert.more, 'more finding')}")
    return [words.introduction(alert), "\n".join(shown), "ALL OF IT", *words.queries(alert)]


def _what(alert: Alert) -> list[str]:
    first = [words.reminder(alert), words.again(alert), words.changed_from(alert), words.how_it_ended(alert)]
    parts = [sentence for sentence in (*first, words.introduction(alert)) if sentence]
    entries = alert.entries
    if said := words.what_it_says(alert):
        parts.append(words.line(said))
    if not words.needs_a_list(alert):
        return parts
    lines = [f"- {words.in_a_list(entry, alert)}" for entry in entries[:MOST_LISTED]]
    if rest := len(entries) + alert.more - len(lines):
        lines.append(f"- and {rest} more; this lists them: {words.look_again(alert)}")
    return [*parts, "\n".join(lines)]


def _why(alert: Alert) -> list[str]:
    return [f"WHY\n{words.line(alert.cause)}"] if alert.cause else []


def _steps(steps: tuple[Step, ...]) -> list[str]:
    parts = ["WHAT TO DO"] if steps else []
    for number, step in enumerate(steps, 1):
        parts.append(f"{number}. {words.line(step.text)}")
        if step.command:
            parts.append(words.shown_command(step.command) or words.TOO_LONG)
        if url := words.safe_url(step.url):
            parts.append(url)
    return parts


def _footer(alert: Alert) -> str:
    lines = ["--", f"SES console: {words.console_page(alert)}" if words.console_page(alert) else ""]
    lines.append(words.named(alert))
    if not alert.transition.closes and not alert.rollup:
        lines.append(f"Look again now: {words.look_again(alert)}")
    return "\n".join(each for each in lines if each)
