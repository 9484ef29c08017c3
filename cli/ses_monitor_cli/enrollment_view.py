"""Show what is to be enrolled, or what became of it: as tables with commands to paste, or as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ses_monitor.alerts.words import counted, line, shown_command
from ses_monitor.checks.identity import named
from ses_monitor_cli.document import SCHEMA, Document
from ses_monitor_cli.enrollment import Action, Kind, Plan, State, Step
from ses_monitor_cli.prose import print_paragraph

MOST_ROWS = 25
"""Steps shown of one region; more are counted."""

STYLES: Mapping[State, str] = {
    State.PLANNED: "yellow",
    State.DONE: "green",
    State.FAILED: "bold red",
    State.KEPT: "cyan",
}
WORDS: Mapping[State, str] = {
    State.PLANNED: "to do",
    State.DONE: "done",
    State.FAILED: "FAILED",
    State.KEPT: "left as it is",
}
_ACTIONS: Mapping[Action, str] = {
    Action.SET_BOUNCE_TOPIC: "bounces to our topic",
    Action.SET_COMPLAINT_TOPIC: "complaints to our topic",
    Action.SET_DELIVERY_TOPIC: "deliveries to our topic",
    Action.CREATE_DESTINATION: "event destination to our topic",
    Action.UPDATE_DESTINATION: "complete its event destination",
    Action.STOP_EACH_MAIL: "tells of each mail",
    Action.SUBSCRIBE_QUEUE: "our queue does not hear it",
    Action.DEPLOY_TOPIC: "deploy our topic",
}


WITHOUT_SENDS = (
    "Without sends and deliveries every bounce, complaint, reject, rendering failure and delay is still told. But how"
    " much each identity sent is not known then: its rates are told as at least so much, of at most what SES says the"
    " whole region sent. One bad sender among many is seen later, or only in the rates of AWS. That feedback stopped"
    " (FEEDBACK_STOPPED) is seen only where bad news came on each of seven days, and ten a day on average."
)
"""What `--without-sends` costs, of checks.feedback: `Spike`, `delays` and `arrival`."""


def document_of(plans: Sequence[Plan]) -> Document:
    """Return the document of `enroll`."""
    return {
        "schema": SCHEMA,
        "regions": [
            {
                "region": plan.region,
                "topic": plan.topic,
                "ready": plan.ready,
                "identities": plan.identities,
                "configuration_sets": plan.configuration_sets,
                "steps": [_step(step) for step in plan.steps],
            }
            for plan in plans
        ],
        "unknown": [
            {"region": each.region, "subject": each.subject, "reason": each.reason}
            for plan in plans
            for each in plan.unread
        ],
    }


def _step(step: Step) -> Document:
    return {
        "kind": step.kind.value,
        "subject": step.subject,
        "action": step.action.value,
        "command": step.command,
        "state": step.state.value,
        "reason": step.reason,
    }


def print_plans(console: Console, plans: Sequence[Plan]) -> None:
    """Print each region that has something to tell."""
    for plan in plans:
        if plan.steps or plan.unread:
            console.print()
            _print_plan(console, plan)


def print_without_sends(console: Console) -> None:
    """Say what one does without."""
    console.print()
    print_paragraph(console, Text(WITHOUT_SENDS), 0)


def answer_of(plans: Sequence[Plan], *, applied: bool) -> str:
    """Say in a sentence or two how it stands."""
    steps = [step for plan in plans for step in plan.steps]
    counts = {state: sum(step.state is state for step in steps) for state in State}
    blind = sum(len(plan.unread) for plan in plans)
    words = [
        f"{counted(counts[State.DONE], 'step')} done." if counts[State.DONE] else "",
        f"{counts[State.FAILED]} failed." if counts[State.FAILED] else "",
        _to_do(plans, applied=applied) if counts[State.PLANNED] else "",
        f"{counts[State.KEPT]} left as it is: that is for you to decide." if counts[State.KEPT] else "",
        f"{counted(blind, 'thing')} could not be looked at." if blind else "",
    ]
    told = " ".join(word for word in words if word)
    if told:
        return told
    enrolled = sum(plan.identities + plan.configuration_sets for plan in plans)
    return "Nothing to do: all feedback reaches the monitor." if enrolled else "Nothing to do: nothing sends here."


def _to_do(plans: Sequence[Plan], *, applied: bool) -> str:
    ready = sum(step.state is State.PLANNED for plan in plans if plan.ready for step in plan.steps)
    waiting = [plan.region for plan in plans if not plan.ready and any(s.state is State.PLANNED for s in plan.steps)]
    words = [f"{counted(ready, 'step')} to do: run it again with --apply."] if ready and not applied else []
    if waiting:
        words.append(f"Our topic has to be there first in {named(waiting)}.")
    return " ".join(words)


def _print_plan(console: Console, plan: Plan) -> None:
    sizes = f"{_many(plan.identities, 'verified identity', 'verified identities')}, "
    sizes += _many(plan.configuration_sets, "configuration set", "configuration sets")
    console.print(Text.assemble((line(plan.region, 40), "bold"), f"  {sizes}"))
    for each in plan.unread[:MOST_ROWS]:
        subject = "" if each.subject == "*" else f"{line(each.subject, 100)}: "
        text = Text.assemble(("could not look  ", "bold magenta"), f"{subject}{line(each.reason, 400)}")
        print_paragraph(console, text, 2, hanging=2)
    _print_more(console, len(plan.unread) - MOST_ROWS)
    shown = plan.steps[:MOST_ROWS]
    if shown:
        console.print(Padding(_table(shown), (0, 0, 0, 2)))
    _print_more(console, len(plan.steps) - MOST_ROWS)
    for step in shown:
        if step.reason:
            text = Text.assemble((f"{_subject(step)}: ", "bold"), line(step.reason, 600))
            print_paragraph(console, text, 2, hanging=2)
    commands = [each.command for each in shown if each.state is not State.DONE and each.command]
    if commands:
        print_paragraph(console, Text("The same by hand:", "dim"), 2, hanging=2)
    for command in dict.fromkeys(commands):
        console.print(Text(f"    {shown_command(command) or '(too long to show; see --json)'}", "cyan"), soft_wrap=True)


def _table(steps: Sequence[Step]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column()
    for step in steps:
        action = _ACTIONS[step.action]
        if step.kind is Kind.CONFIGURATION_SET and step.action is Action.SUBSCRIBE_QUEUE:
            action = "no room for our event destination"
        table.add_row(
            Text(WORDS[step.state], STYLES[step.state]),
            Text(_subject(step)),
            Text(action),
        )
    return table


def _subject(step: Step) -> str:
    match step.kind:
        case Kind.TOPIC:
            return f"topic {line(step.subject.rpartition(':')[2], 120)}"
        case Kind.CONFIGURATION_SET:
            return f"configuration set {line(step.subject, 120)}"
        case _:
            return line(step.subject, 120)


def _print_more(console: Console, number: int) -> None:
    if number > 0:
        print_paragraph(console, Text(f"and {number} more (--json has all of them)", "dim"), 2, hanging=2)


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
