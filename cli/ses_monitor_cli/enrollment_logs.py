"""Hand a log group's lines over to the deployed monitor: look, put a subscription filter where there is room, show.

What a log group has stays: a filter of ours is put only where none has its name, which is looked at right before.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore import exceptions as boto
from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import line, shown_command
from ses_monitor.collect.clients import READING
from ses_monitor.collect.faults import ask, kind_of
from ses_monitor.collect.pages import listed
from ses_monitor.core.check import bounded
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.feedback.logs import FILTER_NAME, FILTER_PATTERN
from ses_monitor_cli import aws
from ses_monitor_cli.document import SCHEMA, Document
from ses_monitor_cli.enrollment import State
from ses_monitor_cli.enrollment_view import STYLES, WORDS
from ses_monitor_cli.outcome import CannotLookError, ExitStatus
from ses_monitor_cli.prose import print_paragraph

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

T = TypeVar("T")

MOST_FILTERS = 2
"""Subscription filters of one log group, the most CloudWatch Logs allows ("CloudWatch Logs quotas")."""
LOOK = "logs:DescribeSubscriptionFilters"
PUT = "logs:PutSubscriptionFilter"
OUTPUT = "IngestLogsFunctionArn"

_NAME = re.compile(r"[A-Za-z0-9_./#-]{1,512}")
_ARN = re.compile(r"arn:aws[a-z-]*:logs:(?P<region>[a-z0-9-]+):\d{12}:log-group:(?P<name>[^:*]{1,512})(?::\*)?")
_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,140}")
_PERHAPS_DONE = frozenset(
    {Blindness.TIMED_OUT, Blindness.UNREACHABLE, Blindness.SERVICE_ERROR, Blindness.UNREADABLE, Blindness.NOT_IN_ANSWER}
)
_OTHERWISE = "Or let the application report its refusals itself (docs/refused-sends.md)."


@dataclass(frozen=True, slots=True)
class LogGroupStep:
    """A log group and what it needs, or what became of it. `unread`: it could not be looked at."""

    name: str
    state: State
    reason: str = ""
    command: str = ""
    unread: bool = False


@dataclass(frozen=True, slots=True)
class _Filter:
    name: str
    destination: str
    pattern: str


def names_of(given: Sequence[str], region: str) -> tuple[str, ...]:
    """Return the names of log groups given by name or by ARN, each once; `region` is the stack's.

    Raises:
        ValueError: one is neither, or is in another region; the message says so.
    """
    found: dict[str, None] = {}
    for each in given:
        arn = _ARN.fullmatch(each)
        if arn and arn["region"] != region:
            msg = (
                f"{bounded(each, 200)} is in {arn['region']}, the stack in {region}: CloudWatch Logs hands lines over"
                " only within a region. There, let the application report its refusals itself (docs/refused-sends.md)"
            )
            raise ValueError(msg)
        name = arn["name"] if arn else each
        if not _NAME.fullmatch(name):
            msg = f"{bounded(each, 80)!r} is no name of a log group (letters, digits and . - _ / # only)"
            raise ValueError(msg)
        found[name] = None
    return tuple(found)


def find_function(session: boto3.Session, region: str, stack_name: str) -> str:
    """Return the ARN of the function that takes log lines.

    Raises:
        CannotLookError: there is no such stack, it has no such function, or it cannot be asked.
    """
    arn = aws.describe_stack(session, region, stack_name, "--stack-name NAME, --stack-region REGION").outputs.get(
        OUTPUT, ""
    )
    if not _FUNCTION.fullmatch(arn):
        msg = (
            f"the stack {stack_name} in {region} has no output {OUTPUT}: it is no ses-monitor, or older than this"
            " command. Deploy it anew: make deploy"
        )
        raise CannotLookError(msg)
    return arn


class LogGroups:
    """The log groups of the stack's region."""

    def __init__(self, session: boto3.Session, region: str, function: str) -> None:
        """Hand lines over to `function` (an ARN).

        Raises:
            CannotLookError: an endpoint of the environment is none.
        """
        try:
            self._client: CloudWatchLogsClient = session.client("logs", region_name=region, config=READING)
        except (ValueError, boto.BotoCoreError) as error:
            raise CannotLookError(aws.sentence(error)) from error
        self._region = region
        self._function = function

    def look(self, name: str) -> LogGroupStep:
        """Say what a log group needs."""
        filters = self._filters(name)
        if isinstance(filters, Missing):
            hint = f" Allow {LOOK} to these credentials." if filters.why is Blindness.DENIED else ""
            return LogGroupStep(name, State.FAILED, f"Could not look: {filters.reason}.{hint}", unread=True)
        if filters.value is None:
            reason = f"There is no log group of this name in {self._region}. Log groups of other regions cannot be"
            reason += " enrolled: CloudWatch Logs hands lines over only within a region."
            return LogGroupStep(name, State.FAILED, reason)
        return self._needed(name, filters.value)

    def put(self, step: LogGroupStep) -> LogGroupStep:
        """Put the filter of a planned step, and say what became of it."""
        now = self.look(step.name)
        if now.state is not State.PLANNED:
            return now
        failed = ask(PUT, self._region, lambda: _unless_refused(lambda: self._put(step.name)))
        if isinstance(failed, Known):
            if not failed.value:
                return replace(step, state=State.DONE)
            return replace(step, state=State.FAILED, reason=failed.value)
        if failed.why in _PERHAPS_DONE and self.look(step.name).state is State.DONE:
            return replace(step, state=State.DONE)
        hint = f" Allow {PUT} to these credentials." if failed.why is Blindness.DENIED else ""
        return replace(step, state=State.FAILED, reason=f"{failed.reason}.{hint}")

    def _put(self, name: str) -> None:
        self._client.put_subscription_filter(
            logGroupName=name,
            filterName=FILTER_NAME,
            filterPattern=FILTER_PATTERN,
            destinationArn=self._function,
        )

    def _needed(self, name: str, filters: Sequence[_Filter]) -> LogGroupStep:
        ours = next((each for each in filters if each.destination == self._function), None)
        if ours is not None and ours.pattern in {FILTER_PATTERN, ""}:
            return LogGroupStep(name, State.DONE, "It is enrolled already.")
        if ours is not None:
            reason = f"It is enrolled, but its filter {bounded(ours.name, 80)} has another pattern than this version's."
            return LogGroupStep(name, State.KEPT, reason, self._command(name, ours.name))
        if len(filters) >= MOST_FILTERS:
            named = ", ".join(bounded(each.name, 80) for each in filters)
            reason = f"It has {len(filters)} subscription filters already ({named}): CloudWatch Logs allows"
            return LogGroupStep(name, State.KEPT, f"{reason} {MOST_FILTERS}. Delete one by hand. {_OTHERWISE}")
        if other := next((each for each in filters if each.name == FILTER_NAME), None):
            reason = f"Its filter {FILTER_NAME} hands over to something else ({bounded(other.destination, 200)})."
            return LogGroupStep(name, State.KEPT, reason, self._command(name, f"{FILTER_NAME}-2"))
        return LogGroupStep(name, State.PLANNED, command=self._command(name, FILTER_NAME))

    def _filters(self, name: str) -> Observed[tuple[_Filter, ...] | None]:
        """Read a log group's filters; None if there is no such log group."""

        def read() -> tuple[_Filter, ...] | None:
            try:
                answer = self._client.describe_subscription_filters(logGroupName=name)
            except boto.ClientError as error:
                if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                    return None
                raise
            return tuple(
                _Filter(*(str(each.get(key, "")) for key in ("filterName", "destinationArn", "filterPattern")))
                for each in listed(answer, "subscriptionFilters")
            )

        return ask(LOOK, self._region, read)

    def _command(self, name: str, filter_name: str) -> str:
        options = {
            "log-group-name": name,
            "filter-name": filter_name,
            "filter-pattern": FILTER_PATTERN,
            "destination-arn": self._function,
        }
        given = " ".join(f"--{key} {shlex.quote(bounded(value, 1200))}" for key, value in options.items())
        return f"aws logs put-subscription-filter --region {shlex.quote(self._region)} {given}"


def _unless_refused(call: Callable[[], None]) -> str:
    """Make a call; return in a sentence why CloudWatch Logs refused it, empty if it did not."""
    try:
        call()
    except boto.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if kind_of(error) is Blindness.SERVICE_ERROR and status < 500:
            said = error.response.get("Error", {})
            message = str(said.get("Message", "")).rstrip(".")
            return bounded(f"CloudWatch Logs refused it ({said.get('Code', '?')}: {message})") + "."
        raise
    return ""


def document_of(steps: Sequence[LogGroupStep], region: str, function: str) -> Document:
    """Return the document of `enroll --log-group`."""
    return {
        "schema": SCHEMA,
        "region": region,
        "function": function,
        "filter_pattern": FILTER_PATTERN,
        "log_groups": [
            {"log_group": each.name, "state": each.state.value, "reason": each.reason, "command": each.command}
            for each in steps
        ],
    }


def print_steps(console: Console, steps: Sequence[LogGroupStep], *, applied: bool) -> None:
    """Print each log group, with commands to paste, and how it stands."""
    for each in steps:
        console.print()
        console.print(Text.assemble((WORDS[each.state], STYLES[each.state]), f"  log group {line(each.name, 512)}"))
        if each.reason:
            print_paragraph(console, Text(line(each.reason, 600)), 2)
        if each.command and each.state is not State.DONE:
            print_paragraph(console, Text("The same by hand:", "dim"), 2, hanging=2)
            console.print(
                Text(f"    {shown_command(each.command) or '(too long to show; see --json)'}", "cyan"), soft_wrap=True
            )
    counts = {state: sum(each.state is state for each in steps) for state in State}
    words = [
        f"{counts[State.DONE]} enrolled." if counts[State.DONE] else "",
        f"{counts[State.FAILED]} failed." if counts[State.FAILED] else "",
        f"{counts[State.PLANNED]} to do: run it again with --apply." if counts[State.PLANNED] and not applied else "",
        f"{counts[State.KEPT]} left as it is: that is for you to decide." if counts[State.KEPT] else "",
    ]
    console.print()
    console.print(Text(" ".join(word for word in words if word), "bold"))


def status_of(steps: Sequence[LogGroupStep]) -> ExitStatus:
    """Return 0 if all are enrolled, 3 if one could not be looked at or done, else 1."""
    states = {each.state for each in steps}
    if State.FAILED in states:
        return ExitStatus.COULD_NOT_LOOK
    return ExitStatus.FINDINGS if states - {State.DONE} else ExitStatus.NOTHING_WRONG
