"""The alert as a custom notification of Amazon Q Developer in chat, which takes no other message of ours. Pure.

The form, and what is required of it: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

from __future__ import annotations

import json
import re

from ses_monitor.alerts import words
from ses_monitor.alerts.alert import Alert, stable_id
from ses_monitor.alerts.slack_text import mrkdwn
from ses_monitor.core.model import ACCOUNT

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 2500
LONGEST_STEP = 1000
MOST_STEPS = 8
MOST_LISTED = 20
"""Bounds of our own: what a chat message shows at ease on a phone."""

_MENTION = re.compile(r"(?<![\w.+-])@(?=\w)")
_LINK = re.compile(r"\](?=\()")


def render(alert: Alert) -> str:
    """Return the message for the topic: what happened, where, since when, and what to do.

    Updates of one finding, and of the findings of one kind in the same place, share a thread.
    """
    mark = "\u2705" if alert.transition.closes else words.emoji(alert.severity)
    notification = {
        "version": "1.0",
        "source": "custom",
        "id": words.line(alert.alert_id, 100),
        "content": {
            "textType": "client-markdown",
            "title": f"{mark} {_safe(words.headline(alert), LONGEST_TITLE)}",
            "description": _cut(_description(alert)),
            "nextSteps": _steps(alert),
            "keywords": [_safe(each, 100) for each in (alert.severity.name, alert.tag, *alert.regions[:3])],
        },
        "metadata": {
            "threadId": _thread(alert),
            "summary": _safe(words.headline(alert), LONGEST_TITLE),
            "eventType": f"ses-monitor {alert.transition.value}",
            "relatedResources": [words.line(each, 200) for each in alert.subjects[:MOST_LISTED] if each != ACCOUNT],
            "additionalContext": {
                "account": words.line(alert.account_id, 40),
                "check": words.line(alert.check_id, 100),
                "tag": words.line(alert.tag, 100),
                "severity": alert.severity.name,
                "reopened": "true" if alert.reopened else "false",
            },
        },
    }
    return json.dumps(notification, ensure_ascii=False)


def _description(alert: Alert) -> list[str]:
    said = [f"{words.since(alert)}, account {words.line(alert.account_id, 40)}."]
    said += [words.reminder(alert), words.again(alert), words.changed_from(alert), words.how_it_ended(alert)]
    said += [words.introduction(alert), words.what_it_says(alert)]
    lines = [_safe(each) for each in said if each]
    if alert.rollup:
        lines += [f"- {_safe(each)}" for each in words.by_kind(alert, 5)[:MOST_LISTED]]
    elif words.needs_a_list(alert):
        lines += [f"- {_safe(words.in_a_list(entry, alert))}" for entry in alert.entries[:MOST_LISTED]]
        if (rest := len(alert.entries) + alert.more - MOST_LISTED) > 0:
            lines.append(f"- and {rest} more")
    if alert.cause and not alert.transition.closes:
        lines.append(f"Why: {_safe(alert.cause)}")
    return [each for each in lines if each]


def _cut(lines: list[str]) -> str:
    kept: list[str] = []
    room = LONGEST_DESCRIPTION
    for each in lines:
        room -= len(each) + 1
        if room < 0 and kept:
            kept.append("(The rest is left out.)")
            break
        kept.append(each)
    return "\n".join(kept)


def _steps(alert: Alert) -> list[str]:
    if alert.transition.closes:
        return []
    steps = [
        " ".join(part for part in (_safe(step.text), _command(step.command), words.safe_url(step.url)) if part)
        for step in alert.steps
    ]
    shown = [step for step in steps if len(step) <= LONGEST_STEP][:MOST_STEPS]
    return shown or [f"Look again now: {_command(words.look_again(alert))}"]


def _command(command: str) -> str:
    """Show a command as code, where nothing is a mention or a link; one that would not stay code is left out."""
    one = words.shown_command(command)
    if not one or "`" in one or "\n" in one:
        return "(ses-monitor audit shows the command.)" if command else ""
    return f"`{_escaped(one)}`"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _safe(text: str, limit: int = 900) -> str:
    """Make outside text one line without mentions, links or formatting, whichever chat shows it."""
    return mrkdwn(_LINK.sub("] ", _MENTION.sub("@\u200b", words.line(text, limit))), limit + 300)


def _thread(alert: Alert) -> str:
    if len(alert.entries) == 1 and not alert.rollup:
        entry = alert.entries[0]
        return stable_id([alert.account_id, entry.region, entry.check_id, entry.subject])
    return stable_id([alert.account_id, alert.check_id, alert.tag, *alert.regions])
