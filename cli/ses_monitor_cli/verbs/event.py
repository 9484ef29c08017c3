"""`ses-monitor event`: what a message of SES says, in whatever it is wrapped, and what it means; asks nobody."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ses_monitor.alerts.words import line
from ses_monitor.feedback.parse import LARGEST_FILE, Where, parse_file
from ses_monitor_cli import document
from ses_monitor_cli.events import UNTOLD, document_of, print_found
from ses_monitor_cli.options import AsJson
from ses_monitor_cli.outcome import ExitStatus
from ses_monitor_cli.terminal import answer_console, say, write

MOST_SAID = 10
"""Of what cannot be read, so many reasons are told; --json has all."""


def event(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A file with the message. Default: standard input.", show_default=False),
    ] = "-",
    as_json: AsJson = False,
) -> None:
    """What does this message of SES say, and what does it mean?

    Reads a bounce, a complaint, a delivery and all else that SES tells of a mail, as SES writes it or as SNS, SQS,
    EventBridge, Firehose or Lambda wrap it. Exit status: 0 all of it was read, 2 something in
    it cannot be.
    """
    shown = "standard input" if file == "-" else line(file, 200)
    try:
        content = _read(file)
    except OSError as error:
        say(f"ses-monitor: {shown} cannot be read: {error.strerror or error}.")
        raise typer.Exit(ExitStatus.BAD_USAGE) from error
    found, unreadable = parse_file(content, Where(untold=UNTOLD))
    if found and as_json:
        write(document.to_text(document_of(found, unreadable)))
    elif found:
        console = answer_console()
        with console.capture() as printed:
            print_found(console, found)
        write(printed.get())
    for reason in unreadable[:MOST_SAID]:
        say(f"ses-monitor: {shown} is no message of SES: {reason}.")
    if len(unreadable) > MOST_SAID:
        say(f"ses-monitor: and {len(unreadable) - MOST_SAID} more are none.")
    raise typer.Exit(ExitStatus.BAD_USAGE if unreadable else ExitStatus.NOTHING_WRONG)


def _read(file: str) -> bytes:
    """Read as much as there may be, and a byte more where there is too much."""
    if file != "-":
        with Path(file).open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    if sys.stdin.isatty():
        say("Reading standard input; paste the message, then press Ctrl-D.")
    return sys.stdin.buffer.read(LARGEST_FILE + 1)
