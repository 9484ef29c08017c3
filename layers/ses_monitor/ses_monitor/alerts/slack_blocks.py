"""The alert as a Slack message: Block Kit within Slack's limits, for any input. Pure.

Limits: https://docs.slack.dev/reference/block-kit/blocks. Links are text, not buttons: a button in a webhook's
message shows a warning when pressed, because no application answers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ses_monitor.alerts import mail, words
from ses_monitor.alerts.alert import LONGEST_COMMANDS, Alert, Entry
from ses_monitor.alerts.slack_text import code_block, escaped, length, link, mrkdwn, plain
from ses_monitor.core.check import Step
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.stored import Transition

LONGEST_HEADER = 150
LONGEST_SECTION = 2900
"""Slack takes 3000; the rest is for what it may count differently."""
LONGEST_TEXT = 3500
"""Of the text shown where blocks are not; Slack cuts at 40,000, phones much earlier."""
MOST_LISTED = 20
LONGEST_STEPS = 7000
"""Characters of all steps together: Slack refuses messages whose blocks come to about 13,000."""

MOST_KINDS = 60
"""Lines of a roll-up, in sections of at most MOST_LISTED."""
MOST_OF_A_KIND = 20
LONGEST_KIND = 1000
"""Names in such a line, and its characters."""
OVER, GONE = "\u2705", "\u26aa"

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """One message for a webhook: `blocks`, `text` for notifications, and `plain` in case the blocks are refused."""

    text: str
    blocks: tuple[Json, ...]
    plain: str

    def payload(self) -> Json:
        """Return what is posted."""
        return {"text": self.text, "blocks": list(self.blocks), "unfurl_links": False, "unfurl_media": False}

    def plain_payload(self) -> Json:
        """Return what is posted when Slack does not take the blocks: the same news, without any formatting."""
        return {"text": self.plain, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def render(alert: Alert, follows: Sequence[str] = ()) -> Message:
    """Lay out `alert`: what happened, where and since when, why, what to do, and what to ask for more.

    `follows` says which messages it goes on from, where no thread does.
    """
    if alert.rollup:
        return _rollup(alert, follows)
    title = f"{mark(alert)} {words.headline(alert)}"
    blocks = [header(title), section(_when_and_where(alert)), *_what(alert)]
    reminded = alert.transition is Transition.REMINDED
    if not alert.transition.closes:
        if alert.cause and not reminded:
            blocks.append(section(f"*Why*\n{mrkdwn(alert.cause)}"))
        blocks += steps_blocks(alert.steps)
    if follows:
        blocks.append(context(mrkdwn(each, 400) for each in follows))
    blocks.append(footer(alert))
    notification = f"{title}, {words.since(alert)}. {words.what_it_says(alert)}"
    return message(notification, blocks, "\n".join([f"{mark(alert)} {mail.body(alert)}".rstrip(), *follows]))


def _rollup(alert: Alert, follows: Sequence[str]) -> Message:
    title = f"{mark(alert)} {words.headline(alert)}"
    lines = [f"\u2022 {each}" for each in words.by_kind(alert, MOST_OF_A_KIND)]
    blocks = [header(title), section(mrkdwn(words.introduction(alert)))]
    shown = 0
    for _ in range(MOST_KINDS // MOST_LISTED):
        text, fitted = fitting(lines[shown:], LONGEST_KIND)
        blocks += [section(text)] if text else []
        shown += fitted
    more = [f"and {words.counted(len(lines) - shown, 'more kind')}"] if len(lines) > shown else []
    more += [f"and {words.counted(alert.more, 'more finding')}"] if alert.more else []
    ask = words.look_again(alert)
    blocks.append(section("\n".join([*more, f"This lists all of them: `{ask}`"])))
    blocks.append(context(mrkdwn(each, 400) for each in (*follows, words.named(alert))))
    body = [title, words.introduction(alert), *lines[:shown], *more, f"This lists all of them: {ask}", *follows]
    return message(f"{title}. {lines[0][2:]}", blocks, "\n".join(body))


def tag_and_place(entry: Entry) -> str:
    """Name a finding whole, as in "DKIM failed for example.com in eu-west-1"."""
    who = "" if entry.subject == ACCOUNT else f" for {words.line(entry.subject, 100)}"
    return f"{words.tag_in_words(entry.tag)}{who} in {words.line(entry.region, 40)}"


def message(notification: str, blocks: Iterable[Json], body: str) -> Message:
    """Put a message together; `body` is its plain form and may have several lines."""
    lines: list[str] = []
    room = LONGEST_TEXT - 100
    for each in body.rstrip().splitlines():
        shown = escaped(words.line(each, LONGEST_COMMANDS), LONGEST_TEXT)
        room -= length(shown) + 1
        if room < 0:
            lines.append("(The rest is left out: too long for a message without blocks.)")
            break
        lines.append(shown)
    return Message(escaped(words.line(notification, 300), 600), tuple(blocks), "\n".join(lines) or "(empty)")


def header(text: str) -> Json:
    """Return a header; Slack takes no empty one."""
    shown = plain(text, LONGEST_HEADER) or "(no text)"
    return {"type": "header", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def section(text: str) -> Json:
    """Return a section of text that is safe already and within the limit; Slack takes no empty one."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text.strip() or "(no text)", "verbatim": True}}


def context(parts: Iterable[str]) -> Json:
    """Return the small print, of parts that are safe already."""
    text = " · ".join(part for part in parts if part.strip()) or "(no text)"
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def mark(alert: Alert) -> str:
    """Give the mark of what happened."""
    match alert.transition:
        case Transition.RESOLVED:
            return OVER
        case Transition.GONE:
            return GONE
        case _:
            return words.emoji(alert.severity)


def _when_and_where(alert: Alert) -> str:
    regions = ", ".join(alert.regions[:40]) + (f" and {len(alert.regions) - 40} more" if alert.regions[40:] else "")
    label, _, when = words.since(alert).partition(" ")
    return "\n".join(
        [
            f"*{_LABELS.get(label, 'Since')}* {mrkdwn(when)}",
            f"*Where* {mrkdwn(regions)}, account {mrkdwn(alert.account_id, 100)}",
        ]
    )


_LABELS = {"after": "Lasted", "since": "Since", "seen": "Seen"}


def _what(alert: Alert) -> list[Json]:
    said = [words.reminder(alert), words.again(alert), words.changed_from(alert), words.how_it_ended(alert)]
    said += [words.introduction(alert), words.what_it_says(alert)]
    blocks = [section(mrkdwn(sentence)) for sentence in said if sentence]
    if words.needs_a_list(alert):
        blocks.append(section(_list(alert)))
    return blocks


def _list(alert: Alert) -> str:
    return list_of([f"\u2022 {words.in_a_list(entry, alert)}" for entry in alert.entries], alert)


def list_of(lines: Sequence[str], alert: Alert) -> str:
    """Return as many lines as fit, and the command that lists the rest."""
    text, shown = fitting(lines)
    if rest := len(lines) + alert.more - shown:
        text += f"\n\u2022 and {rest} more; this lists them: `{words.look_again(alert)}`"
    return text.strip()


def fitting(lines: Sequence[str], longest: int = 400) -> tuple[str, int]:
    """Return the lines that fit a section, made safe, and how many they are."""
    shown: list[str] = []
    room = LONGEST_SECTION - 200
    for each in lines[:MOST_LISTED]:
        safe = mrkdwn(each, longest)
        if length(safe) + 1 > room:
            break
        shown.append(safe)
        room -= length(safe) + 1
    return "\n".join(shown), len(shown)


def steps_blocks(steps: tuple[Step, ...]) -> list[Json]:
    """Return what to do, as far as it fits."""
    blocks: list[Json] = []
    room = LONGEST_STEPS
    for number, step in enumerate(steps, 1):
        heading = "*What to do*\n" if number == 1 else ""
        numbered = f"{number}. " if len(steps) > 1 else ""
        parts = [f"{heading}{numbered}{mrkdwn(step.text, 1000)}"]
        if step.command:
            room_here = LONGEST_SECTION - length(parts[0]) - 400
            command = words.shown_command(step.command)
            parts.append(code_block(command, room_here) or mrkdwn(words.TOO_LONG))
        page = link(step.url, words.page_name(words.safe_url(step.url)))
        if page and sum(length(part) + 1 for part in parts) + length(page) <= LONGEST_SECTION:
            parts.append(page)
        text = "\n".join(parts)
        room -= length(text)
        if room < 0:
            blocks.append(section("There is more to do than a message holds: `ses-monitor audit` shows all steps."))
            break
        blocks.append(section(text))
    return blocks


def footer(alert: Alert) -> Json:
    """Return the small print: what to ask by, and with what."""
    console = link(words.console_page(alert), "SES console")
    again = "" if alert.transition.closes else f"look again: `{words.look_again(alert)}`"
    return context([mrkdwn(words.named(alert), 600), again, console])
