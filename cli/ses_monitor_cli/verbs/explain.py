"""`ses-monitor explain`: why SES refused a mail, from the text of the error or from a log.

It asks nobody, unless a stack or its table is named: then it reads what the audits left there.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ses_monitor.alerts.words import counted, line
from ses_monitor.core import regions
from ses_monitor.core.rejection import Explanation, Facts, Told
from ses_monitor.rejections.explanation import explained, read
from ses_monitor.rejections.resolution import names_to_know, supplemented
from ses_monitor.rejections.scan import scan
from ses_monitor.store.deliveries import TableBusyError
from ses_monitor.store.rejection_facts import RejectionFacts
from ses_monitor_cli import clock, document
from ses_monitor_cli.deployed import Deployed, StackName, TableName, find_table, reading
from ses_monitor_cli.explaining import RESOLVE, document_of, json_line, print_explanation, row
from ses_monitor_cli.options import AsJson, check_regions
from ses_monitor_cli.outcome import CannotLookError, ExitStatus
from ses_monitor_cli.terminal import answer_console, say, write

LONGEST_TEXT = 1 << 20
"""Bytes of one text. What is longer is a log."""
MOST_KEPT = 2000
"""Facts kept of a log: the same senders fail again and again."""

Explain = Callable[[str], Explanation]
STACK_REGION = "--stack-region"


def explain(  # noqa: PLR0913, PLR0917 - each is an option of the command
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
    region: Annotated[
        str,
        typer.Option(metavar="REGION", help="The region that the mail was sent through, where the text names none."),
    ] = "",
    stack_name: StackName = None,
    table: TableName = None,
    stack_region: Annotated[
        str | None,
        typer.Option(
            STACK_REGION, metavar="REGION", help="Where the stack is. Default: the region of your AWS configuration."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Why did SES refuse this mail, what is to be done, and does it help to send it again?

    Takes the error of an SDK, an SMTP reply, a line of a mail server's log or a CloudTrail record. Asks nobody; with
    --stack-name or --table it reads what the deployed monitor knows of the account, and tells which reason it was. Exit
    status: 0 an answer was given, also when the text is not recognised, 2 nothing was given, or it cannot be read, 3
    could not look: the table cannot be read.
    """
    region = region.strip().lower()
    if region:
        check_regions((region,), regions.KNOWN, "--region")
    if stack_region is not None and not (stack_name or table):
        msg = "it says where a stack is; say which: --stack-name NAME or --table NAME."
        raise typer.BadParameter(msg, param_hint=STACK_REGION)
    given = "" if scan_log else _given() if text == "-" else text
    if not scan_log and not given.strip():
        say("ses-monitor: there is nothing to explain: the text is empty. Give the error, or pipe it in.")
        raise typer.Exit(ExitStatus.BAD_USAGE)
    deployed = find_table(stack_name, table, stack_region, option=STACK_REGION) if stack_name or table else None
    answer = _explainer(region, deployed)
    if scan_log:
        _scan(text, answer, as_json=as_json, resolved=deployed is not None)
    else:
        _explain(given, answer, as_json=as_json, resolved=deployed is not None)
    raise typer.Exit(ExitStatus.NOTHING_WRONG)


def _explainer(region: str, deployed: Deployed | None) -> Explain:
    """Return what explains a text: alone, or held against what the table has."""
    if deployed is None:
        return lambda text: explained(read(text), supplemented(Told(region=region), text))
    table = RejectionFacts(deployed.client, deployed.table, clock=clock.utc_now)
    kept: dict[tuple[str, tuple[str, ...]], Facts] = {}

    def explain_here(text: str) -> Explanation:
        rejection, told = read(text), supplemented(Told(region=region), text)
        where, names = rejection.region or region, names_to_know(rejection, told)
        if not where or rejection.tag == "UNRECOGNISED":
            return explained(rejection, told)
        if (where, names) not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            try:
                with reading(deployed):
                    kept[where, names] = table.facts(where, names)
            except TableBusyError as error:
                msg = f"the {deployed.named} is too busy to be read. Try again."
                raise CannotLookError(msg) from error
        return explained(rejection, told, kept[where, names])

    return explain_here


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


def _explain(text: str, answer: Explain, *, as_json: bool, resolved: bool) -> None:
    explanation = answer(text)
    if as_json:
        write(document.to_text(document_of(explanation)))
        return
    console = answer_console()
    with console.capture() as printed:
        print_explanation(console, explanation, resolved=resolved)
    write(printed.get())


def _scan(file: str, answer: Explain, *, as_json: bool, resolved: bool) -> None:
    shown = "standard input" if file == "-" else line(file, 200)
    if file == "-" and sys.stdin.isatty():
        say("Reading standard input; paste the log, then press Ctrl-D.")
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as log:
            tags = _print_found(log, answer, as_json=as_json)
    except OSError as error:
        say(f"ses-monitor: {shown} cannot be read: {error.strerror or error}.")
        raise typer.Exit(ExitStatus.BAD_USAGE) from error
    if not as_json and tags is not None:
        say(_summary(shown, tags))
        if tags["IDENTITY_UNVERIFIED"] and not resolved:
            say(
                RESOLVE.replace(
                    "The text alone does not decide it.", "IDENTITY_UNVERIFIED is open: the text alone does not decide."
                )
            )


def _print_found(log: BinaryIO, answer: Explain, *, as_json: bool) -> Counter[str] | None:
    """Print each rejection when it is found; return how often each tag was. None when the reader has gone."""
    width = answer_console().width
    tags: Counter[str] = Counter()
    for found in scan(log):
        explanation = answer(found.text)
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
