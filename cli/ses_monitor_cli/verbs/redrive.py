"""`ses-monitor redrive`: what lies among the dead letters and why, and with --apply back to where it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import boto3
import typer
from botocore import exceptions as boto
from rich.text import Text

from ses_monitor.alerts.words import counted, line, moment
from ses_monitor.core.stored import Change
from ses_monitor_cli import aws, clock, document
from ses_monitor_cli.dead_letter_queues import DeadLetterQueues, Place, Seen, places_of
from ses_monitor_cli.dead_letters import Queue
from ses_monitor_cli.deployed import DEFAULT_STACK, ElsewhereRegion, StackName, open_table, reading, where_it_is
from ses_monitor_cli.options import AsJson
from ses_monitor_cli.outcome import CannotLookError, ExitStatus
from ses_monitor_cli.redrive_view import Told, answer_of, document_of, print_told
from ses_monitor_cli.terminal import answer_console, progress, say, write
from ses_monitor_cli.unpublished import untold

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

OPTION = "--stack-region"


def redrive(  # noqa: PLR0917 - each is an option of the command
    queue: Annotated[
        Queue | None,
        typer.Option(
            metavar="NAME", help="This queue only: feedback, identities, slack or unpublished.", case_sensitive=False
        ),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Move them back to where they belong. Without it they are only shown.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="With --apply: also move what would come straight back.")
    ] = False,
    stack_name: StackName = None,
    stack_region: ElsewhereRegion = None,
    as_json: AsJson = False,
) -> None:
    """What lies among the dead letters, since when and why, and what is to be done about it?

    Takes nothing away without --apply, and with it moves each message back to the queue it belongs to; what would come
    straight back stays. Exit status: 0 there is none, or none is left, 1 there are dead letters, 2 bad usage,
    3 something could not be looked at or done.
    """
    if everything and not apply:
        raise typer.BadParameter("it says what to move: give --apply too.", param_hint="--all")
    if apply and queue is Queue.UNPUBLISHED:
        msg = "places in the table's stream cannot be moved back. Without --apply it shows what was in them."
        raise typer.BadParameter(msg, param_hint="--queue")
    session = aws.open_session()
    where = where_it_is(session, stack_region, OPTION)
    aws.check_credentials(session)
    name = stack_name or DEFAULT_STACK
    stack = aws.describe_stack(session, where, name, f"--stack-name NAME, {OPTION} REGION")
    places = _places(stack, name, where, queue)
    queues = DeadLetterQueues(_client(session, where), where)
    seen = _moved(queues, places, everything=everything) if apply else _looked(queues, places)
    changes, unasked = _untold(session, where, name, stack, seen)
    told = Told(
        seen=seen,
        untold=changes,
        outputs=stack.outputs,
        region=where,
        stack=_as_given(stack_name, stack_region),
        now=clock.utc_now(),
        applied=apply,
        unasked=unasked,
    )
    if as_json:
        write(document.to_text(document_of(told)))
    else:
        _print(told, f"stack {name} in {where}")
    if queues.hidden:
        say(f"ses-monitor: {counted(queues.hidden, 'message')} could not be put back at once; they are in two minutes.")
    raise typer.Exit(_status(told))


def _places(stack: aws.Stack, name: str, where: str, queue: Queue | None) -> tuple[Place, ...]:
    places = places_of(stack.outputs)
    if not any(place.queue is Queue.FEEDBACK for place in places):
        msg = (
            f"the stack {name} in {where} has no output FeedbackDeadLettersUrl: it is no ses-monitor, or older than"
            " this command. Deploy it anew: make deploy"
        )
        raise CannotLookError(msg)
    chosen = tuple(place for place in places if queue in {None, place.queue})
    if not chosen:
        there = ", ".join(place.queue.value for place in places)
        msg = f"the stack {name} in {where} has no such queue; it has {there}."
        raise typer.BadParameter(msg, param_hint="--queue")
    return chosen


def _client(session: boto3.Session, where: str) -> SQSClient:
    try:
        return session.client("sqs", region_name=where, config=aws.ASKING)
    except (boto.BotoCoreError, ValueError) as error:
        raise CannotLookError(aws.sentence(error)) from error


def _looked(queues: DeadLetterQueues, places: Sequence[Place]) -> list[Seen]:
    found = []
    with progress("Looking") as shown:
        shown.expect("Looking", [place.queue.value for place in places])
        for place in places:
            found.append(queues.look(place))
            shown.done(place.queue.value)
    return found


def _moved(queues: DeadLetterQueues, places: Sequence[Place], *, everything: bool) -> list[Seen]:
    found: list[Seen] = []
    gone = 0

    def moved(number: int) -> None:
        nonlocal gone
        gone = sum(each.moved for each in found) + number

    with progress("Moving") as shown:
        shown.expect("Moving", [place.queue.value for place in places])
        try:
            for place in places:
                found.append(queues.move(place, moved, everything=everything) if place.source else queues.look(place))
                shown.done(place.queue.value)
        except KeyboardInterrupt:
            say(f"ses-monitor: {counted(gone, 'message')} moved back; nothing is lost. Run it again to go on.")
            raise
    return found


def _untold(
    session: boto3.Session, where: str, name: str, stack: aws.Stack, seen: Sequence[Seen]
) -> tuple[tuple[Change, ...] | None, str]:
    """Return what nobody was told of, if positions of the stream were found; else why it could not be found out."""
    letters = [each for one in seen if one.place.queue is Queue.UNPUBLISHED for each in one.letters]
    if not any(each.first for each in letters):
        return None, ""
    table = stack.outputs.get("TableName", "")
    try:
        deployed = open_table(session, table, where, f"stack {name} in {where}", stack, OPTION)
        with reading(deployed):
            return untold(deployed.queries, letters), ""
    except CannotLookError as error:
        return None, str(error)


def _as_given(stack_name: str | None, stack_region: str | None) -> tuple[str, ...]:
    return (
        *(("--stack-name", stack_name) if stack_name else ()),
        *((OPTION, stack_region) if stack_region else ()),
    )


def _print(told: Told, stack: str) -> None:
    console = answer_console()
    with console.capture() as printed:
        console.print(Text.assemble(("Dead letters", "bold"), f" · {line(stack, 200)} · {moment(told.now)}"))
        print_told(console, told)
        console.print()
        console.print(Text(answer_of(told), "bold"))
    write(printed.get())


def _status(told: Told) -> ExitStatus:
    if told.unasked or any(each.reason for each in told.seen):
        return ExitStatus.COULD_NOT_LOOK
    there = any(each.left or each.in_flight for each in told.seen)
    return ExitStatus.FINDINGS if there else ExitStatus.NOTHING_WRONG
