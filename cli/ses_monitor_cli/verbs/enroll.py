"""`ses-monitor enroll`: what identities and configuration sets still need to tell the deployed monitor of feedback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import replace
from functools import partial
from typing import Annotated, TypeVar

import boto3
import typer
from rich.text import Text

from ses_monitor.alerts.words import line, moment
from ses_monitor.audit.deadlines import Deadlines, begin, find_regions_soon
from ses_monitor.collect.pacing import RATE, Pacer
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor_cli import aws, clock, document, enrollment_logs
from ses_monitor_cli.deployed import DEFAULT_STACK, StackName
from ses_monitor_cli.enrollment import Plan, Publisher, Sender, State, Step, plan
from ses_monitor_cli.enrollment_reading import EnrollmentReader, TopicReader, begin_asking, begin_reading, find_ours
from ses_monitor_cli.enrollment_view import answer_of, document_of, print_plans, print_without_sends
from ses_monitor_cli.options import AsJson, check_regions
from ses_monitor_cli.outcome import CannotLookError, ExitStatus
from ses_monitor_cli.ses_writer import SesWriter
from ses_monitor_cli.terminal import ProgressLine, answer_console, progress, write

T = TypeVar("T")

_Read = tuple[Observed[tuple[Sender, ...]], Observed[tuple[Publisher, ...]]]


def enroll(  # noqa: PLR0913, PLR0917 - each is an option of the command
    region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGION", help="Only this region; repeat for more. Default: all where an identity is verified."
        ),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Make the changes. Without it they are only shown.")] = False,
    deliveries: Annotated[
        bool,
        typer.Option("--deliveries", help="Have identities tell of each delivery as well."),
    ] = False,
    without_sends: Annotated[
        bool,
        typer.Option(
            "--without-sends",
            help="Do not have SES tell of each mail that it took or delivered (SEND, DELIVERY): cheaper where much is"
            " sent, and rates become less exact.",
        ),
    ] = False,
    log_group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Have the monitor read what SES refuses in this log group of the stack's region, and nothing else;"
            " repeat for more.",
        ),
    ] = None,
    stack_name: StackName = None,
    stack_region: Annotated[
        str | None,
        typer.Option(metavar="REGION", help="Where the stack is. Default: the region of your AWS configuration."),
    ] = None,
    pace: Annotated[
        float,
        typer.Option(
            metavar="RATE",
            min=0.05,
            max=1000,
            help=f"Requests a second of each operation in each region; SES allows 1. Default: {RATE}.",
            show_default=False,
        ),
    ] = RATE,
    as_json: AsJson = False,
) -> None:
    """What do identities and configuration sets still need so that bounces, complaints and the rest reach the monitor?

    Changes nothing without --apply, and with it only adds: what is set to something else stays as it is. Exit status:
    0 all is enrolled, 1 something is missing, 2 bad usage, 3 something could not be looked at or done.
    """
    if deliveries and without_sends:
        msg = "--deliveries asks for what this leaves out. Give one of them"
        raise typer.BadParameter(msg, param_hint="--without-sends")
    session = aws.open_session()
    known = aws.known_regions(session, "sesv2")
    wanted = check_regions(region or (), known, "--region")
    where = _stack_region(session, stack_region)
    log_groups = _log_groups(log_group or (), where, wanted)
    aws.check_credentials(session)
    stack = stack_name or DEFAULT_STACK
    if log_group:
        raise typer.Exit(_enroll_log_groups(session, where, stack, log_groups, apply=apply, as_json=as_json))
    ours = find_ours(session, where, stack)
    clients = aws.make_clients(session, next(iter(wanted), ours.home))
    pacer = Pacer(pace)
    reader = EnrollmentReader(clients, pacer)
    deadlines = Deadlines()
    try:
        with progress() as shown:
            regions = find_regions_soon(clients, ours.home, wanted, deadlines)
            read = _gathered(begin_reading(reader, regions.audited, wanted), shown, "Reading SES")
            kept = {
                name: each
                for name, each in read.items()
                if name in wanted or not (_is_empty(each) or (regions.probably_disabled(name) and _is_refused(each)))
            }
            topics = TopicReader(session, kept)
            facts = _gathered(begin_asking(topics, ours, kept), shown, "Asking SNS")
            plans = [
                plan(facts[name], ours, deliveries=deliveries, without_sends=without_sends) for name in sorted(facts)
            ]
            if apply:
                writer = SesWriter(clients, pacer, reader)
                plans = _applied(plans, writer, shown)
    finally:
        deadlines.give_up()
    _raise_if_blind(kept)
    if as_json:
        write(document.to_text(document_of(plans)))
    else:
        _print(plans, f"stack {stack} in {where}", applied=apply, without_sends=without_sends)
    raise typer.Exit(_status(plans))


def _log_groups(given: Sequence[str], where: str, wanted: Sequence[str]) -> tuple[str, ...]:
    if given and any(each != where for each in wanted):
        msg = f"log groups are enrolled in the stack's own region only, which is {where}. Leave --region away"
        raise typer.BadParameter(msg, param_hint="--region")
    try:
        return enrollment_logs.names_of(given, where)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--log-group") from error


def _enroll_log_groups(
    session: boto3.Session, where: str, stack: str, names: Sequence[str], *, apply: bool, as_json: bool
) -> ExitStatus:
    function = enrollment_logs.find_function(session, where, stack)
    groups = enrollment_logs.LogGroups(session, where, function)
    steps = [groups.look(name) for name in names]
    if apply:
        steps = [groups.put(step) if step.state is State.PLANNED else step for step in steps]
    if as_json:
        write(document.to_text(enrollment_logs.document_of(steps, where, function)))
    else:
        console = answer_console()
        with console.capture() as printed:
            console.print(_headline("Refused sends to ses-monitor", f"stack {stack} in {where}"))
            enrollment_logs.print_steps(console, steps, applied=apply)
        write(printed.get())
    return enrollment_logs.status_of(steps)


def _headline(what: str, stack: str) -> Text:
    return Text.assemble((what, "bold"), f" · {line(stack, 200)} · {moment(clock.utc_now())}")


def _applied(plans: Sequence[Plan], writer: SesWriter, shown: ProgressLine) -> list[Plan]:
    """Do what is planned, the regions side by side, the steps of each in turn. One that fails stops no other."""

    def done(step: Step, each: Plan) -> Step:
        if step.state is not State.PLANNED:
            return step
        became = writer.do(step, each.region, each.topic)
        shown.done(_named(step, each))
        return replace(step, state=became.state, reason=became.reason)

    def work(each: Plan) -> Plan:
        return replace(each, steps=tuple(done(step, each) for step in each.steps))

    ready = [each for each in plans if each.ready]
    shown.expect("Enrolling", (_named(s, each) for each in ready for s in each.steps if s.state is State.PLANNED))
    doing = {each.region: begin(partial(work, each)) for each in ready}
    return [doing[each.region].result() if each.ready else each for each in plans]


def _named(step: Step, each: Plan) -> str:
    return f"{step.subject} in {each.region} ({step.action})"


def _gathered(futures: Mapping[str, Future[T]], shown: ProgressLine, doing: str) -> dict[str, T]:
    """Wait for all of them. What one of them raises is a bug, and raised here."""
    shown.expect(doing, futures)
    names = {future: name for name, future in futures.items()}
    found: dict[str, T] = {}
    for future in as_completed(names):
        found[names[future]] = future.result()
        shown.done(names[future])
    return {name: found[name] for name in futures}


def _is_empty(read: _Read) -> bool:
    return read[0] == Known(())


def _is_refused(read: _Read) -> bool:
    return isinstance(read[0], Missing) and read[0].why is Blindness.CREDENTIALS


def _raise_if_blind(read: Mapping[str, _Read]) -> None:
    """Say in one sentence why, where nothing at all could be read.

    Raises:
        CannotLookError: there are regions, and not one of them could be read.
    """
    missing = [each for both in read.values() for each in both if isinstance(each, Missing)]
    if missing and len(missing) == 2 * len(read):
        first = missing[0]
        raise CannotLookError(aws.explained(first.why, first.reason))


def _print(plans: Sequence[Plan], stack: str, *, applied: bool, without_sends: bool) -> None:
    console = answer_console()
    with console.capture() as printed:
        console.print(_headline("Feedback to ses-monitor", stack))
        print_plans(console, plans)
        if without_sends:
            print_without_sends(console)
        console.print()
        console.print(Text(answer_of(plans, applied=applied), "bold"))
    write(printed.get())


def _status(plans: Iterable[Plan]) -> ExitStatus:
    states = {step.state for each in plans for step in each.steps}
    if State.FAILED in states or any(each.unread for each in plans):
        return ExitStatus.COULD_NOT_LOOK
    return ExitStatus.FINDINGS if states - {State.DONE} else ExitStatus.NOTHING_WRONG


def _stack_region(session: boto3.Session, given: str | None) -> str:
    known = aws.known_regions(session, "cloudformation")
    if given is not None and given not in known:
        msg = f"{given[:60]!r} is not a region. Regions: {', '.join(known)}"
        raise typer.BadParameter(msg, param_hint="--stack-region")
    where = given or session.region_name
    if not where:
        msg = "your AWS configuration names no region. Say where the stack is: --stack-region REGION"
        raise typer.BadParameter(msg, param_hint="--stack-region")
    return where
