"""`ses-monitor mute` and `unmute`: silence in the channels for a while, with a name and a reason to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer
from botocore import exceptions as boto
from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, line, moment
from ses_monitor.collect.faults import kind_of
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Blindness
from ses_monitor.core.policy import Mute
from ses_monitor.core.regions import KNOWN
from ses_monitor.core.stored import Stored
from ses_monitor.store.mutes import Mutes
from ses_monitor.store.state_codec import LONGEST_PATTERN
from ses_monitor_cli import aws, clock, document, spans
from ses_monitor_cli.choosing import known_check, known_tag, muting, silences
from ses_monitor_cli.deployed import Deployed, ElsewhereRegion, StackName, StackRegion, TableName, find_table, reading
from ses_monitor_cli.details import summary
from ses_monitor_cli.listing import Listed, print_list, print_mute
from ses_monitor_cli.options import AsJson, CheckName, Subject, Tag, check_regions
from ses_monitor_cli.outcome import CannotLookError, ExitStatus
from ses_monitor_cli.prose import print_paragraph
from ses_monitor_cli.terminal import answer_console, write
from ses_monitor_cli.verbs.findings import READ, span_or_refused
from ses_monitor_cli.view import of_stored

USUAL = timedelta(hours=24)
LONGEST = timedelta(days=90)
LONGEST_REASON = 500
LONGEST_OWNER = 200
SHOWN = 20


def mute(  # noqa: PLR0913, PLR0917 - each is an option of the command
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why: people will read it.")] = None,
    tag: Tag = None,
    check: CheckName = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="Of this region. (Not where the stack is.)")
    ] = None,
    subject: Subject = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Everything, except what is CRITICAL; instead of the options above.")
    ] = False,
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="For so long: 30m, 8h, 7d. Default: 24h. At most 90d.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Until then, in UTC: 2026-11-20, 2026-11-20T09:00.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="NAME", help="Who answers for it. Default: whose credentials.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show the mutes in force, and make none.")] = False,
    stack_name: StackName = None,
    table: TableName = None,
    stack_region: ElsewhereRegion = None,
    as_json: AsJson = False,
) -> None:
    """Tell nobody of some findings for a while. The table records them all the same.

    What is CRITICAL is silenced only by a mute that names its --tag or its --check. Exit status: 0 done, 2 bad usage,
    3 could not: the table cannot be read or written.
    """
    now = clock.utc_now().replace(microsecond=0)
    if show:
        _refuse_beside_list(reason, tag, check, region, subject, lasting, until, owner, everything=everything)
        _list(find_table(stack_name, table, stack_region), now, as_json=as_json)
        raise typer.Exit(ExitStatus.NOTHING_WRONG)
    why = _text(reason, LONGEST_REASON, "--reason", needed="say why: people will ask, and you may be away")
    if everything == bool(tag or check or region or subject):
        msg = (
            "say what to mute: --tag, --check, --region or --subject; or everything: --all"
            if not everything
            else "it means everything: leave out --tag, --check, --region and --subject, or leave out --all"
        )
        raise typer.BadParameter(msg, param_hint="--all")
    if len((subject or "").encode(errors="replace")) > LONGEST_PATTERN:
        msg = f"at most {LONGEST_PATTERN} bytes"
        raise typer.BadParameter(msg, param_hint="--subject")
    ends = _end(lasting, until, now)
    who = _text(owner, LONGEST_OWNER, "--owner", needed="an empty name is none") if owner is not None else ""
    deployed = find_table(stack_name, table, stack_region)
    with reading(deployed):
        stored = deployed.queries.open_findings(limit=READ)
    named = check_regions((region,) if region else (), {*KNOWN, *(each.region for each in stored)}, "--region")
    new = Mute(
        mute_id="",
        owner=who or _caller(deployed),
        reason=why,
        expires_at=ends,
        tag=known_tag(tag, stored),
        check_id=known_check(check, stored),
        region=next(iter(named), ""),
        subject=(subject or "").strip(),
        created_at=now,
    )
    new = _with_id(new)
    with _writing(deployed, "dynamodb:PutItem"):
        Mutes(deployed.client, deployed.table, clock=clock.utc_now).save(new)
    silenced = [Listed(each, new) for each in stored if silences(new, each, now)]
    passed = [Listed(each) for each in stored if _would_silence(new, each, now)]
    if as_json:
        write(document.to_text(document.of_mute(new, silenced, passed)))
    else:
        _print_made(new, silenced, passed, now)
    raise typer.Exit(ExitStatus.NOTHING_WRONG)


def unmute(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `mute --list` shows it; its beginning is enough.")],
    stack_name: StackName = None,
    table: TableName = None,
    region: StackRegion = None,
    as_json: AsJson = False,
) -> None:
    """End a mute now.

    Exit status: 0 done, 2 bad usage, 3 could not: the table cannot be read or written, or has no such mute.
    """
    wanted = name.strip()
    if not wanted:
        msg = "give the id of a mute, or its beginning"
        raise typer.BadParameter(msg, param_hint="ID")
    deployed = find_table(stack_name, table, region)
    now = clock.utc_now()
    mutes = Mutes(deployed.client, deployed.table, clock=clock.utc_now)
    with reading(deployed):
        known = mutes.in_force(now)
        stored = deployed.queries.open_findings(limit=READ)
    ended = _one(known, wanted, deployed)
    with _writing(deployed, "dynamodb:DeleteItem"):
        mutes.delete(ended.mute_id)
    others = [each for each in known if each is not ended]
    heard = [Listed(each) for each in stored if silences(ended, each, now) and muting(others, each, now) is None]
    if as_json:
        write(document.to_text(document.of_unmute(ended, heard)))
    else:
        _print_ended(ended, heard, now)
    raise typer.Exit(ExitStatus.NOTHING_WRONG)


def _refuse_beside_list(*given: str | None, everything: bool) -> None:
    if everything or any(each is not None for each in given):
        msg = "it shows the mutes and makes none: leave out the other options, or leave out --list"
        raise typer.BadParameter(msg, param_hint="--list")


def _text(given: str | None, limit: int, option: str, *, needed: str) -> str:
    text = line((given or "").strip(), limit + 1)
    if not text:
        raise typer.BadParameter(needed, param_hint=option)
    if len(text) > limit:
        msg = f"at most {limit} characters"
        raise typer.BadParameter(msg, param_hint=option)
    return text


def _end(lasting: str | None, until: str | None, now: datetime) -> datetime:
    """Return when a mute ends, in whole seconds.

    Raises:
        typer.BadParameter: it is past, too far off, or said twice.
    """
    if lasting is not None and until is not None:
        msg = "give one of them"
        raise typer.BadParameter(msg, param_hint="--for / --until")
    option = "--until" if until is not None else "--for"
    if until is None:
        ends = now + (USUAL if lasting is None else span_or_refused(lasting, "--for"))
    else:
        try:
            ends = spans.moment(until)
        except spans.NotATimeError as error:
            msg = f"{until[:60]!r} {error}"
            raise typer.BadParameter(msg, param_hint="--until") from error
    if ends <= now:
        msg = f"{moment(ends)} is past"
        raise typer.BadParameter(msg, param_hint=option)
    if ends > now + LONGEST:
        msg = f"a mute ends after {LONGEST.days} days at the latest, by {moment(now + LONGEST)}; make it anew then"
        raise typer.BadParameter(msg, param_hint=option)
    return ends.replace(microsecond=0)


def _with_id(new: Mute) -> Mute:
    """Name a mute by what it is: sent again, it replaces itself."""
    parts = (new.owner, new.reason, new.tag, new.check_id, new.region, new.subject, str(new.created_at))
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return Mute(
        mute_id=digest[:8],
        owner=new.owner,
        reason=new.reason,
        expires_at=new.expires_at,
        tag=new.tag,
        check_id=new.check_id,
        region=new.region,
        subject=new.subject,
        created_at=new.created_at,
    )


def _caller(deployed: Deployed) -> str:
    """Return whose credentials these are, as people call them.

    Raises:
        CannotLookError: AWS does not say.
    """
    try:
        client = deployed.session.client("sts", region_name=deployed.region, config=aws.ASKING)
        arn = client.get_caller_identity().get("Arn", "")
    except (boto.BotoCoreError, boto.ClientError, ValueError) as error:
        msg = f"whose credentials these are is not known: {aws.sentence(error)} Or say who answers for it: --owner NAME"
        raise CannotLookError(msg) from error
    kind, _, name = arn.rpartition(":")[2].partition("/")
    role, _, session = name.partition("/")
    if kind == "assumed-role" and session:
        return line(f"{session} ({role})", LONGEST_OWNER)
    return line(name.rpartition("/")[2] or kind or "unknown", LONGEST_OWNER)


@contextmanager
def _writing(deployed: Deployed, action: str) -> Iterator[None]:
    """Write to the table within it.

    Raises:
        CannotLookError: it cannot be written.
    """
    with reading(deployed):
        try:
            yield
        except boto.ClientError as error:
            if kind_of(error) is not Blindness.DENIED:
                raise
            told = line(str(error.response.get("Error", {}).get("Message", "")), 400).rstrip(".")
            msg = (
                f"these credentials may not write the table ({told}). Allow {action} on {line(deployed.table, 200)}"
                " to them; nothing was changed."
            )
            raise CannotLookError(msg) from error


def _would_silence(mute: Mute, each: Stored, now: datetime) -> bool:
    """Tell whether it is only for being CRITICAL that this mute does not silence it."""
    return (
        each.severity >= Severity.CRITICAL
        and not silences(mute, each, now)
        and mute.covers(tag=each.tag, check_id=each.check_id, region=each.region, subject=each.subject, at=now)
    )


def _one(known: Sequence[Mute], wanted: str, deployed: Deployed) -> Mute:
    """Return the mute of that id, or the only one whose id begins so.

    Raises:
        CannotLookError: there is none.
        typer.BadParameter: there are several.
    """
    found = [each for each in known if each.mute_id == wanted] or [
        each for each in known if each.mute_id.startswith(wanted)
    ]
    if not found:
        ids = ", ".join(line(each.mute_id, 40) for each in known[:SHOWN]) or "none"
        msg = f"{deployed.named} has no mute {line(wanted, 60)} in force. In force: {ids}."
        raise CannotLookError(msg)
    if len(found) > 1:
        named = ", ".join(f"{line(each.mute_id, 40)} ({line(each.reason, 60)})" for each in found[:SHOWN])
        msg = f"{wanted[:60]!r} is the beginning of {len(found)}: {named}"
        raise typer.BadParameter(msg, param_hint="ID")
    return found[0]


def _list(deployed: Deployed, now: datetime, *, as_json: bool) -> None:
    with reading(deployed):
        known = Mutes(deployed.client, deployed.table, clock=clock.utc_now).in_force(now)
        stored = deployed.queries.open_findings(limit=READ) if known else []
    known = sorted(known, key=lambda each: (each.expires_at, each.mute_id))
    counts = [(each, sum(silences(each, found, now) for found in stored)) for each in known]
    if as_json:
        write(document.to_text(document.of_mutes(counts)))
        return
    console = answer_console()
    with console.capture() as printed:
        console.print(Text.assemble(("Mutes", "bold"), f" · {line(deployed.named, 200)} · {moment(now)}"))
        for each, silenced in counts:
            console.print()
            print_mute(console, each, now, silenced)
        console.print()
        number = counted(len(known), "mute") if known else "Nothing is muted"
        console.print(Text(f"{number}{' in force' if known else ''}.", "bold"))
    write(printed.get())


def _print_made(new: Mute, silenced: Sequence[Listed], passed: Sequence[Listed], now: datetime) -> None:
    console = answer_console()
    with console.capture() as printed:
        console.print(Text("Muted.", "bold"))
        print_mute(console, new, now)
        _print_some(console, "SILENCED, of what is open now", [Listed(each.stored) for each in silenced], now)
        _print_some(console, "TOLD ALL THE SAME: name the --tag or --check of what is CRITICAL", passed, now)
        console.print()
        said = f"Silenced now: {summary(of_stored(each.stored) for each in silenced)}." if silenced else ""
        console.print(Text(said or "Nothing that is open now matches it.", "bold"))
        print_paragraph(console, Text(f"To end it before: ses-monitor unmute {new.mute_id}", "dim"), 0)
    write(printed.get())


def _print_ended(ended: Mute, heard: Sequence[Listed], now: datetime) -> None:
    console = answer_console()
    with console.capture() as printed:
        console.print(Text(f"No longer muted: {line(ended.mute_id, 40)}, by {line(ended.owner, 120)}.", "bold"))
        print_paragraph(console, Text(f"because: {line(ended.reason, 500)}", "dim"), 2)
        _print_some(console, "HEARD AGAIN, of what is open now", heard, now)
    write(printed.get())


def _print_some(console: Console, title: str, listed: Sequence[Listed], now: datetime) -> None:
    if not listed:
        return
    console.print()
    print_paragraph(console, Text(title, "bold"), 0)
    print_list(console, listed[:SHOWN], now)
    if (more := len(listed) - SHOWN) > 0:
        console.print(Text(f"and {counted(more, 'more', 'more')} (--json has them all)", "dim"))
