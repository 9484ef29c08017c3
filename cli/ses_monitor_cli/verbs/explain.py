"""`ses-monitor explain`: why SES refused a mail, from the text of the error or from a log; asks nobody."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ses_monitor.alerts.words import counted, line
from ses_monitor.core import regions
from ses_monitor.rejections.explanation import explain as explanation_of
from ses_monitor.rejections.scan import scan
from ses_monitor_cli import document
from ses_monitor_cli.explaining import document_of, json_line, print_explanation, row
from ses_monitor_cli.options import AsJson, check_regions
from ses_monitor_cli.outcome import ExitStatus
from ses_monitor_cli.terminal import answer_console, say, write

LONGEST_TEXT = 1 << 20
"""Bytes of one text. What is longer is a log."""


def explain(
    text: Annotated[
        str,
        typer.Argument(
            metavar="[TEXT]",
            help="The error, SMTP reply or log line; with --scan, the log's file. Default: standard input.",
            show_default=False,
        ),
    ] = "-",
    scan_log: Annotated[
        bool, typer.Option("--scan", help="Read a log of any size, and tell of each rejection in it.")
    ] = False,
    region: Annotated[str, typer.Option(metavar="REGION", help="The region, where the text names none.")] = "",
    as_json: AsJson = False,
) -> None:
    """Why did SES refuse this mail, what is to be done, and does it help to send it again?

    Takes the error of an SDK, an SMTP reply, a line of a mail server's log or a CloudTrail record; asks nobody. Exit
    status: 0 an answer was given, also when the text is not recognised, 2 nothing was given, or it cannot be read.
    """
    region = region.strip().lower()
    if region:
        check_regions((region,), regions.KNOWN, "--region")
    if scan_log:
        _scan(text, region, as_json=as_json)
    else:
        _explain(_given() if text == "-" else text, region, as_json=as_json)
    raise typer.Exit(ExitStatus.NOTHING_WRONG)


def _given() -> str:
    """Read one text.

    Raises:
        typer.Exit: there is too much of it.
    """
    if sys.stdin.isatty():
        say("Reading standard input; paste the error, then press Ctrl-D.")
    content = sys.stdin.buffer.read(LONGEST_TEXT + 1)
    if len(content) > LONGEST_TEXT:
        say("ses-monitor: standard input is longer than 1 MB, too long for one error. Read a log with --scan.")
        raise typer.Exit(ExitStatus.BAD_USAGE)
    return content.decode("utf-8-sig", errors="replace")


def _explain(text: str, region: str, *, as_json: bool) -> None:
    if not text.strip():
        say("ses-monitor: there is nothing to explain: the text is empty. Give the error, or pipe it in.")
        raise typer.Exit(ExitStatus.BAD_USAGE)
    explanation = explanation_of(text, region)
    if as_json:
        write(document.to_text(document_of(explanation)))
        return
    console = answer_console()
    with console.capture() as printed:
        print_explanation(console, explanation)
    write(printed.get())


def _scan(file: str, region: str, *, as_json: bool) -> None:
    shown = "standard input" if file == "-" else line(file, 200)
    if file == "-" and sys.stdin.isatty():
        say("Reading standard input; paste the log, then press Ctrl-D.")
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as log:
            tags = _print_found(log, region, as_json=as_json)
    except OSError as error:
        say(f"ses-monitor: {shown} cannot be read: {error.strerror or error}.")
        raise typer.Exit(ExitStatus.BAD_USAGE) from error
    if not as_json and tags is not None:
        say(_summary(shown, tags))


def _print_found(log: BinaryIO, region: str, *, as_json: bool) -> Counter[str] | None:
    """Print each rejection when it is found; return how often each tag was. None when the reader has gone."""
    width = answer_console().width
    tags: Counter[str] = Counter()
    for found in scan(log):
        explanation = explanation_of(found.text, region)
        tags[explanation.tag] += 1
        said = json_line(found.line, explanation) if as_json else row(found.line, explanation, width)
        if not write(said):
            return None
    return tags


def _summary(shown: str, tags: Counter[str]) -> str:
    if not tags:
        return f"{shown}: no rejection of SES in it."
    each = ", ".join(f"{number} {line(tag, 60)}" for tag, number in tags.most_common())
    return f"{shown}: {counted(tags.total(), 'rejection')} ({each}). Explain one: ses-monitor explain 'ITS LINE'"
