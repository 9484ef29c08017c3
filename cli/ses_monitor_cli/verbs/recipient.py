"""`ses-monitor recipient`: what happened to mail for one person, as the deployed monitor's table has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Annotated

import typer
from botocore import exceptions as boto
from rich.text import Text

from ses_monitor.alerts.words import counted, line, moment
from ses_monitor.collect.faults import kind_of
from ses_monitor.collect.secret import RecipientKeyError, recipient_names
from ses_monitor.core.kept import Kept
from ses_monitor.core.mailbox import PlainRecipients, normal
from ses_monitor.core.observed import Blindness
from ses_monitor.store.feedback_reads import FeedbackReads
from ses_monitor_cli import aws, clock, document, names
from ses_monitor_cli.deployed import Deployed, StackName, StackRegion, TableName, find_table, reading
from ses_monitor_cli.options import AsJson
from ses_monitor_cli.outcome import CannotLookError, ExitStatus
from ses_monitor_cli.terminal import answer_console, write
from ses_monitor_cli.timeline import MailStory, answer, print_stories, stories

LIMIT = 1000
"""Events read."""
NOT_KEPT = "Deliveries are counted, not kept: mail that met no trouble is not listed here."
KeyParameter = Annotated[
    str | None,
    typer.Option(
        "--recipient-key-parameter",
        metavar="NAME",
        help="The SSM parameter with the key of hashed recipients. Default: the stack's.",
    ),
]


def recipient(  # noqa: PLR0917 - each is an option of the command
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The mail address of the person.")],
    stack_name: StackName = None,
    table: TableName = None,
    region: StackRegion = None,
    key_parameter: KeyParameter = None,
    as_json: AsJson = False,
) -> None:
    """What happened to mail for this person, what does it mean, and what can be done?

    Reads the deployed monitor's table. Exit status: 0 whether or not there was trouble, 2 bad usage, 3 could not look:
    the table, or the key that recipients are hashed with, cannot be read.
    """
    wanted = _address(address)
    deployed = find_table(stack_name, table, region)
    keys = _keys(deployed, wanted, key_parameter)
    now = clock.utc_now()
    told = stories(_read(deployed, keys), wanted)
    said = answer(told, now, _kept_for(deployed))
    if not told and deployed.stack is None and key_parameter is None:
        said += " If this table keeps recipients hashed, it takes --recipient-key-parameter to find them."
    if as_json:
        write(document.to_text(document.of_recipient(wanted, told, said)))
    else:
        _print(wanted, deployed, told, said, now)
    raise typer.Exit(ExitStatus.NOTHING_WRONG)


def _address(given: str) -> str:
    """Return the address as records are found by: bare, in lower case, its domain in ASCII.

    Raises:
        typer.BadParameter: it is none; it says why.
    """
    local, _, domain = normal(given).rpartition("@")
    try:
        if len(given) > names.LONGEST_ADDRESS:
            why = f"is no mail address of at most {names.LONGEST_ADDRESS} characters"
        elif not _LOCAL.fullmatch(local) or not local.isprintable():
            why = "is no mail address; give one such as person@example.com"
        else:
            return f"{local}@{names.domain_name(domain)}"
    except names.NotANameError as error:
        why = str(error)
    msg = f"{given[:80]!r} {why}"
    raise typer.BadParameter(msg, param_hint="ADDRESS")


_LOCAL = re.compile(r'"[^"]*"|[^\s"<>()\[\],;:\\]+')
"""What may stand before the @, with or without quotes (RFC 5321, 4.1.2)."""


def _keys(deployed: Deployed, address: str, key_parameter: str | None) -> tuple[str, ...]:
    """Return what the person's records may be found by: hashed, and plain for those from before they were hashed."""
    plain = PlainRecipients().key(address)
    parameter = key_parameter
    if parameter is None and deployed.stack is not None:
        parameter = deployed.stack.outputs.get("RecipientKeyParameter")
    return (_hashed(deployed, parameter, address), plain) if parameter else (plain,)


def _hashed(deployed: Deployed, parameter: str, address: str) -> str:
    """Return the keyed hash of the address, by the key that the stack has.

    Raises:
        CannotLookError: the key cannot be read, or is no such key.
    """
    try:
        client = deployed.session.client("ssm", region_name=deployed.region, config=aws.ASKING)
        return recipient_names(client, parameter).key(address)
    except RecipientKeyError as error:
        msg = (
            f"recipients are kept hashed, and {line(str(error), 500)} in {deployed.region}. {_advice(error.__cause__)}"
        )
        raise CannotLookError(msg.strip()) from error
    except (boto.BotoCoreError, ValueError) as error:
        raise CannotLookError(aws.sentence(error)) from error


def _advice(cause: BaseException | None) -> str:
    if isinstance(cause, boto.BotoCoreError):
        return aws.sentence(cause)
    if not isinstance(cause, boto.ClientError):
        return ""
    code = cause.response.get("Error", {}).get("Code", "")
    if code.startswith("ParameterNotFound"):
        return "Say where the key is: --recipient-key-parameter NAME, --region REGION."
    if kind_of(cause) is Blindness.DENIED:
        told = line(str(cause.response.get("Error", {}).get("Message", "")), 400)
        return (
            "Allow these credentials ssm:GetParameter on it, and kms:Decrypt where its KMS key is one of yours"
            f" ({told.rstrip('.')})."
        )
    return aws.sentence(cause)


def _read(deployed: Deployed, keys: Sequence[str]) -> list[Kept]:
    reads = FeedbackReads(deployed.client, deployed.table, clock=clock.utc_now)
    with reading(deployed):
        return list(chain.from_iterable(reads.of_recipient(key, LIMIT) for key in keys))


def _kept_for(deployed: Deployed) -> str:
    """Say how long events are kept: the stack knows, its table does not."""
    days = deployed.stack.parameters.get("EventDays", "") if deployed.stack is not None else ""
    return counted(int(days), "day") if days.isdecimal() and days.isascii() else "days that events are kept for"


def _print(address: str, deployed: Deployed, told: Sequence[MailStory], said: str, now: datetime) -> None:
    console = answer_console()
    with console.capture() as printed:
        console.print(Text.assemble((line(address, 320), "bold"), f" · {deployed.named} · {moment(now)}"))
        console.print()
        console.print(Text(said, "bold"))
        console.print(Text(NOT_KEPT, "dim"))
        print_stories(console, told)
    write(printed.get())
