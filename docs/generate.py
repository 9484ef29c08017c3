"""Writes docs/checks.md from the checks, docs/rejections.md from the catalogue and the README's table of measurements.

`python -m docs.generate` writes the pages; with `--check` it only tells whether they are current (exit status 1).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bench.measuring import cells
from ses_monitor import checks
from ses_monitor.core.check import Check, Diagnosis, Impact, Step
from ses_monitor.core.model import Severity
from ses_monitor.core.rejection import RetryPlan
from ses_monitor.rejections.catalogue import CREDENTIALS, ENTRIES, Entry

PAGE = Path(__file__).parent / "checks.md"
REJECTIONS = Path(__file__).parent / "rejections.md"
README = Path(__file__).parents[1] / "README.md"
MEASURED = Path(__file__).parents[1] / "bench" / "measured.json"
FROM, TO = "<!-- measured -->", "<!-- /measured -->"
"""Between them the README's table stands; whatever else is in the README is written by hand."""

_HEAD = """\
<!-- Written by `make docs` from the checks. Do not edit: change the check, then run it again. -->

# The checks

Each check looks at one kind of thing and raises one of its *tags*. A tag is one fact with its own severity
([what the levels mean](severity.md)), its cause, and the steps that mend it. In alerts, in the table and in
`--json` the names in «these marks» are filled in.

What a check could not look at is *unknown*: that opens nothing and resolves nothing.
"""
_REJECTIONS_HEAD = """\
<!-- Written by `make docs` from rejections/catalogue.py. Do not edit: change the catalogue, then run it again. -->

# SES's errors and replies

Every error of SES's API for a send, and every reply of its SMTP endpoint: what it says, what that means, what to do,
and whether to try again. `ses-monitor explain 'TEXT'` finds them in a log line, an exception or an SMTP dialogue and
fills in the names that stand in «these marks».

General rule for SMTP: a reply that begins with 4 is temporary, try again after 5, 10 and 30 seconds, then every 20
minutes; one that begins with 5 is final, do not repeat the mail unchanged.
"""
_FOLDERS = {
    "account": "The account in one region",
    "configuration_set": "Configuration sets",
    "dns": "What the DNS says of a domain",
    "feedback": "What SES's events tell",
    "identity": "Identities",
    "region": "The monitor's own sight of a region",
    "rejection": "Sends that SES refused, as a log, CloudTrail or an application tells",
}
_CADENCE = {
    "account": "every 5 minutes, once per region",
    "configuration_set": "every hour, once per configuration set",
    "dns": "every hour for an identity that is pending or not healthy, otherwise at least once a day",
    "feedback": "whenever events arrive that it concerns, which only opens and worsens; every 5 minutes for what is"
    " open, which closes",
    "feedback.arrival": "every 5 minutes, once per region",
    "identity": "every hour, once per identity; what only `GetEmailIdentity` tells is read anew when something"
    " changed or is not healthy, otherwise once a day",
    "region": "every 5 minutes, once per region",
    "rejection": "whenever a refused send is told that it concerns, which only opens; every 5 minutes for what is open,"
    " which closes. It has no say in the region's verdict: the audits ask SES itself",
}
_PLACEHOLDER = re.compile(r"\{(\w+)(?:![rsa])?(?::[^}]*)?\}")
_IMPACT = {
    Impact.NONE: "",
    Impact.STRANGERS_REFUSED: "The region's verdict becomes `SANDBOX`.",
    Impact.REGION_STOPPED: "The region's verdict becomes `BLOCKED`.",
}


def page(every: Iterable[Check[Any]]) -> str:
    """Return the whole page for these checks."""
    ordered = sorted(every, key=lambda check: check.id)
    parts = [_HEAD, _overview(ordered)]
    folder = ""
    for check in ordered:
        if (now := check.id.split(".")[0]) != folder:
            folder = now
            parts.append(f"## {_FOLDERS.get(folder, folder)}\n")
        parts.append(_check(check))
    return "\n".join(parts)


def _overview(ordered: Sequence[Check[Any]]) -> str:
    rows = []
    before: Counter[str] = Counter()
    for check in ordered:
        for diagnosis in check.diagnoses:
            anchor = diagnosis.tag.lower()
            # Two families may have a tag in common: the second heading of a name is numbered by who shows the page.
            link = f"{anchor}-{before[anchor]}" if before[anchor] else anchor
            before[anchor] += 1
            rows.append(f"| [{diagnosis.tag}](#{link}) | {_severities(diagnosis)} | `{check.id}` |")
    return "\n".join(["| tag | severity | check |", "|---|---|---|", *rows, ""])


def _check(check: Check[Any]) -> str:
    doc = (sys.modules[check.evaluate.__module__].__doc__ or "").strip()
    lines = [
        f"### {check.id}",
        "",
        f"**{check.title}.** {doc}",
        "",
        f"- runs {_CADENCE.get(check.id) or _CADENCE[check.id.split('.')[0]]}",
        f"- needs {', '.join(f'`{action}`' for action in sorted(check.needs))}",
        "",
    ]
    for diagnosis in check.diagnoses:
        lines += _diagnosis(diagnosis)
    return "\n".join(lines)


def _diagnosis(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"#### {diagnosis.tag}"
    yield ""
    yield f"{_severities(diagnosis)} · {_readable(diagnosis.message)}"
    yield ""
    yield f"*Why:* {_readable(diagnosis.cause)}"
    yield ""
    for number, step in enumerate(diagnosis.steps, start=1):
        yield from _step(number, step)
    yield ""
    if notes := " ".join(_notes(diagnosis)):
        yield notes
        yield ""
    if diagnosis.references:
        yield "Read: " + ", ".join(f"<{url}>" for url in diagnosis.references)
        yield ""


def _step(number: int, step: Step) -> Iterator[str]:
    yield f"{number}. {_readable(step.text)}{_address(step.url)}"
    if step.command:
        yield ""
        yield "   ```sh"
        yield f"   {_readable(step.command)}"
        yield "   ```"
        yield ""


def _address(url: str) -> str:
    if not url:
        return ""
    # One with a name to fill in leads nowhere as it stands: it is shown, not linked.
    return f" `{_readable(url)}`" if _PLACEHOLDER.search(url) else f" <{url}>"


def _notes(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.open_after > 1:
        yield f"Told after {diagnosis.open_after} observations in a row."
    if diagnosis.resolve_after > 1:
        yield f"Over after {diagnosis.resolve_after} observations in a row without it."
    if impact := _IMPACT[diagnosis.impact]:
        yield impact


def _severities(diagnosis: Diagnosis) -> str:
    return " or ".join(severity.name for severity in sorted(set(diagnosis.severities), key=_weight))


def _weight(severity: Severity) -> int:
    return int(severity)


def _readable(template: str) -> str:
    return _PLACEHOLDER.sub(r"«\1»", template)


def rejections_page(every: Iterable[Entry]) -> str:
    """Return the whole page for these entries of the catalogue."""
    entries = list(every)
    parts = [_REJECTIONS_HEAD, "| SES says | over | tag |", "|---|---|---|"]
    tags: dict[str, list[str]] = {}
    interfaces: dict[str, list[str]] = {}
    for entry in (*entries, CREDENTIALS):
        for saying in entry.says:
            tags.setdefault(saying.whole, []).append(f"[{entry.tag}](#{entry.tag.lower()})")
            interfaces.setdefault(saying.whole, []).append(saying.interface)
    parts += [f"| `{_in_table(text)}` | {_once(interfaces[text])} | {_once(links)} |" for text, links in tags.items()]
    parts.append("")
    for entry in entries:
        parts += _entry(entry)
        if entry.tag == CREDENTIALS.tag:
            parts += [f"### {entry.tag}: the credentials", "", *list(_entry(CREDENTIALS))[2:]]
    return "\n".join(parts)


def _once(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _in_table(text: str) -> str:
    # A backtick would end the code, a bar the cell.
    return text.replace("`", "'").replace("|", "\\|")


def _entry(entry: Entry) -> Iterator[str]:
    yield f"## {entry.tag}"
    yield ""
    yield f"**{entry.title}.** {_readable(entry.cause)}"
    yield ""
    if entry.says:
        yield "```text"
        for saying in entry.says:
            yield f"{saying.interface}: {saying.whole}"
        yield "```"
        yield ""
    for number, step in enumerate(entry.steps, start=1):
        yield from _step(number, step)
    if entry.steps:
        yield ""
    yield f"*Try again:* {_retry(entry.retry)}"
    yield ""
    if entry.smtp_retry:
        yield f"*Over SMTP:* {_retry(entry.smtp_retry)}"
        yield ""
    if entry.references:
        yield "Read: " + ", ".join(f"<{url}>" for url in entry.references)
        yield ""


def _retry(plan: RetryPlan) -> str:
    return f"{'yes' if plan.retryable else 'no'}. {plan.advice}"


def measured_table(measured: Mapping[str, Any]) -> str:
    """Return the table of what `python -m bench --keep` kept, without the lines that are not for the README."""
    machine = measured["machine"]
    on = date.fromisoformat(machine["on"])
    rows = [_measured_row(line) for document in measured["benchmarks"] for line in document["lines"] if line["shown"]]
    return "\n".join(
        [
            f"Measured on {machine['is']}, {on.day} {on:%B %Y}:",
            "",
            "| | ours | beside, in the same run | ratio | goal |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def _measured_row(line: Mapping[str, Any]) -> str:
    what, ours, yardstick, beside, ratio, goal = (_in_cell(cell) for cell in cells(line))
    return f"| {what} | {ours} | {': '.join(filter(None, (beside, yardstick)))} | {ratio} | {goal} |"


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def with_table(readme: str, table: str) -> str:
    """Return the README with this table between the marks.

    Raises:
        ValueError: the marks are not there, once each and in this order.
    """
    before, opened, rest = readme.partition(FROM)
    _, closed, after = rest.partition(TO)
    if not opened or not closed or FROM in rest or TO in after:
        msg = f"README.md needs one line {FROM} and after it one line {TO}: the table is written between them"
        raise ValueError(msg)
    return f"{before}{FROM}\n{table}\n{TO}{after}"


def _readme() -> str:
    if not MEASURED.exists():
        msg = f"{_name(MEASURED)} is not there: make it with `make bench BENCH_ARGS=--keep`"
        raise ValueError(msg)
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    return with_table(README.read_text(encoding="utf-8"), measured_table(measured))


def _name(path: Path) -> str:
    return path.name if path == README else f"{path.parent.name}/{path.name}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with `--check` compare them; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is not current")
    only_check = parser.parse_args(arguments).check
    pages: dict[Path, Callable[[], str]] = {
        PAGE: lambda: page(checks.registered()),
        REJECTIONS: lambda: rejections_page(ENTRIES),
        README: _readme,
    }
    stale = 0
    for path, make in pages.items():
        name = _name(path)
        try:
            current = make()
        except ValueError as error:
            stale = 1
            print(error, file=sys.stderr)
            continue
        if path.exists() and path.read_text(encoding="utf-8") == current:
            continue
        if only_check:
            stale = 1
            print(f"{name} is not current: run `make docs`", file=sys.stderr)
        else:
            path.write_text(current, encoding="utf-8")
            print(f"wrote {name}")
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
