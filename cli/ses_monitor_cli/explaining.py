"""What a rejection means, for programs and for people."""

from __future__ import annotations

import json
from datetime import timedelta

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, duration, line
from ses_monitor.core.rejection import Explanation, RetryPlan
from ses_monitor.rejections.catalogue import entry
from ses_monitor_cli.document import SCHEMA, Document
from ses_monitor_cli.prose import print_paragraph, print_step

RESOLVE = (
    "The text alone does not decide it. With --stack-name NAME it is held against what the deployed monitor knows of"
    " your account."
)
MOST_SHOWN = 10
"""Identities printed; --json has all."""
SUCCESSES = frozenset({"AUTHENTICATED", "DELIVERED"})


def document_of(explanation: Explanation) -> Document:
    """Return the document of `explain`."""
    rejection, retry = explanation.rejection, explanation.retry
    return {
        "schema": SCHEMA,
        "tag": explanation.tag,
        "code": rejection.code or None,
        "enhanced_code": rejection.enhanced_code or None,
        "cause": explanation.cause or None,
        "remediation": list(explanation.steps),
        "retry": {
            "retryable": retry.retryable,
            "after_seconds": list(retry.after_seconds),
            "advice": retry.advice or None,
        },
        "region": explanation.region or rejection.region or None,
        "identities": list(rejection.identities),
        "truncated": rejection.truncated,
        "confidence": rejection.confidence.value,
        "candidates": list(explanation.candidates),
        "needs": list(explanation.needs),
        "text": rejection.text or None,
        "evidence": [*explanation.evidence, *explanation.known],
    }


def json_line(number: int, explanation: Explanation) -> str:
    """Write the document of a line of a log, in one line; `json` escapes outside text to ASCII."""
    return json.dumps({"line": number, **document_of(explanation)}, allow_nan=False)


def print_explanation(console: Console, explanation: Explanation, *, resolved: bool = False) -> None:
    """Print what was refused and why, what shows it, the steps, and whether to send again.

    `resolved`: it was held against what the audits know.
    """
    style = "bold" if explanation.tag == "UNRECOGNISED" else "bold red"
    style = "bold green" if explanation.tag in SUCCESSES else style
    title = line(_title(explanation.tag, explanation.rejection.code), 200)
    print_paragraph(console, Text.assemble((line(explanation.tag, 60), style), f"  {title}"), 0, hanging=2)
    if explanation.cause:
        print_paragraph(console, Text(line(explanation.cause)), 2)
    for name, value in _facts(explanation):
        print_paragraph(console, Text.assemble((f"{name}: ", "dim"), value), 2, hanging=2)
    for each in (*explanation.evidence, *explanation.known):
        print_paragraph(console, Text(line(each), "dim"), 2, hanging=2)
    _print_steps(console, explanation)
    _print_doubts(console, explanation)
    if explanation.candidates and not resolved:
        console.print()
        print_paragraph(console, Text(RESOLVE), 2)


def _print_steps(console: Console, explanation: Explanation) -> None:
    if explanation.steps:
        console.print()
        console.print(Text("What to do", "bold"))
    for number, step in enumerate(explanation.steps, 1):
        _print_step(console, number, step)
    if explanation.tag not in SUCCESSES:
        console.print()
        console.print(Text("Send it again?", "bold"))
        print_paragraph(console, Text(_whether_again(explanation.retry)), 2)


def _print_doubts(console: Console, explanation: Explanation) -> None:
    if explanation.candidates:
        console.print()
        console.print(Text("It may be, the likeliest first", "bold"))
        for tag in explanation.candidates:
            print_paragraph(console, Text(f"{line(tag, 60)}: {line(_title(tag), 200)}"), 2, hanging=2)
    if explanation.needs:
        console.print()
        console.print(Text("What would tell", "bold"))
        for number, each in enumerate(explanation.needs, 1):
            _print_step(console, number, each)


def _print_step(console: Console, number: int, step: str) -> None:
    """Print a step; the page to open at its end stays whole, as commands do."""
    words, space, url = step.rpartition(" ")
    if not space or not url.startswith("https://"):
        print_step(console, number, step, 2)
        return
    print_step(console, number, words, 2)
    console.print(Text(f"     {line(url)}", "cyan"), soft_wrap=True)


def row(number: int, explanation: Explanation, width: int) -> str:
    """Say in one line of at most `width` characters what is the matter in a line of a log."""
    cause, _, _ = line(explanation.cause or _title(explanation.tag, explanation.rejection.code)).partition(". ")
    return line(f"{number}: {explanation.tag}  {cause.rstrip('.')}", width)


def _title(tag: str, code: str = "") -> str:
    return entry(tag, code).title


def _facts(explanation: Explanation) -> list[tuple[str, str]]:
    rejection = explanation.rejection
    code = " ".join(line(each, 100) for each in (rejection.code, rejection.enhanced_code) if each)
    identities = ", ".join(line(each, 320) for each in rejection.identities[:MOST_SHOWN])
    if len(rejection.identities) > MOST_SHOWN:
        more = counted(len(rejection.identities) - MOST_SHOWN, "more", "more")
        identities += f" and {more} (--json has them)"
    if rejection.truncated:
        identities += " and others: SES cut the list"
    named = [
        ("code", code),
        ("region", line(explanation.region or rejection.region, 40)),
        ("not verified", identities),
        ("resource", line(rejection.resource, 300)),
        ("caller", line(rejection.user, 300)),
        ("action", line(rejection.action, 100)),
        ("message", line(rejection.message_id, 200)),
    ]
    return [(name, value) for name, value in named if value]


def _whether_again(retry: RetryPlan) -> str:
    if not retry.retryable:
        return f"No. {line(retry.advice)}".strip()
    return f"Yes. {line(retry.advice) or _when(retry.after_seconds)}".strip()


def _when(after_seconds: tuple[int, ...]) -> str:
    spans = [duration(timedelta(seconds=each)) for each in after_seconds]
    if len(spans) < 2:
        return f"Wait {spans[0]} first." if spans else ""
    return f"Wait {', '.join(spans[:-1])}, then {spans[-1]} each time."
