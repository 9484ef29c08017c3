"""`make demo`: deploy the real stack to the embedded AWS, let things happen to SES, show what people would see."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import FrameType

from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ses_monitor.core.traffic import Tally
from simulator.chat.receiver import Message
from simulator.chat.rendering import message_lines, render
from simulator.demo.stack import DeployedMonitor, NotInTimeError, wait_until
from simulator.demo.story import CHAPTERS, CUSTOMER, FOLLOWED, REFUSED, SECOND_REGION, SENDERS, Chapter
from simulator.embedded_aws import DeployError, FunctionError, StartError
from simulator.embedded_aws.process import REPOSITORY
from simulator.feedback_traffic import From
from simulator.world import WORLDS

COMMAND = REPOSITORY / ".venv/bin/ses-monitor"
WIDTH = 100
CHANNEL_NAME = "ses-alerts"
REPORT = REPOSITORY / ".aws-sam/demo-report.html"

console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)


def main() -> int:
    """Run the demo and return its exit status."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    began = time.monotonic()
    step = _Steps(began)
    console.print("[bold]ses-monitor[/]: can SES deliver a stranger's mail right now, in every region?")
    console.print(
        "Everything below runs on this machine: the real template and functions, a simulated SES and Slack.\n"
    )
    try:
        with DeployedMonitor(WORLDS / "demo.yaml", on_step=step) as monitor:
            step("Deployed\n")
            for chapter in CHAPTERS:
                _tell(monitor, chapter)
            _show_counters(monitor)
            _show(monitor, "What happened to one customer's mail", ["recipient", CUSTOMER])
            _show(monitor, "What an error means, in this account", ["explain", REFUSED])
            _show(monitor, "What the table says now", ["status"])
            _show_query(monitor)
            _show_digest(monitor)
            _show_thread(monitor)
            _show(monitor, "All of it on one page", ["report", "--html", str(REPORT)])
            console.print(f"Open it in a browser, any time: {REPORT.as_uri()}", soft_wrap=True)
    except (DeployError, FunctionError, NotInTimeError, StartError) as error:
        console.print(f"\nThe demo could not go on: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")
        return 130
    console.print(f"\nDone in {time.monotonic() - began:.0f} s; nothing is left running.")
    console.print("With your own account, read-only and without deploying: .venv/bin/ses-monitor audit")
    console.print("Deploying it: make deploy (README.md)")
    return 0


class _Steps:
    """Prints each step with the seconds so far."""

    def __init__(self, began: float) -> None:
        self._began = began

    def __call__(self, what: str) -> None:
        console.print(f"[dim]{time.monotonic() - self._began:5.1f} s[/]  {what}")


def _tell(monitor: DeployedMonitor, chapter: Chapter) -> None:
    console.print(Rule(f"[bold]{chapter.title}[/]", align="left"))
    console.print(chapter.what)
    before = {message.ts: message.edits for message in monitor.simulator.chat.messages}
    chapter.happen(monitor)
    for _ in range(chapter.audits):
        answer = monitor.audit()
        console.print(
            f"[dim]audit: {answer['regions']} regions in {answer['duration_ms']} ms,"
            f" {answer['unseen']} checks undecided, {answer['changes']} changes[/]"
        )
    for _ in range(chapter.identity_audits):
        runs = monitor.audit_identities()
        console.print(f"[dim]identity audit: {len(runs)} regions, {sum(run.changes for run in runs)} changes[/]")
    if chapter.reminds:
        answer = monitor.remind()
        console.print(f"[dim]reminders: {answer['open']} findings are open, {answer['reminded']} are told again[/]")
    monitor.wait_until_told()
    _show_channel(monitor.simulator.chat.messages, before)


def _show_channel(messages: Sequence[Message], before: Mapping[str, int]) -> None:
    """Show what was posted since `before` (edits by message), and what became of older messages."""
    by_ts = {message.ts: message for message in messages}
    news = [message for message in messages if message.edits != before.get(message.ts)]
    if not news:
        console.print("[dim]No message in the channel.[/]")
    for message in news:
        if message.ts in before:
            console.print(Text(f"  ✎ An older message now says: {_headline(message)}"))
        elif message.thread:
            _show_message(message, f"#{CHANNEL_NAME}, in the thread of: {_headline(by_ts[message.thread])}")
        else:
            _show_message(message, f"#{CHANNEL_NAME}")
    console.print()


def _show_message(message: Message, title: str) -> None:
    shown = render(message.payload, message.at, width=WIDTH - 6).rstrip()
    if message.broadcast:
        shown += "\n  (shown in the channel too)"
    console.print(Panel(Text(shown), title=Text(title[: WIDTH - 6]), title_align="left", width=WIDTH))


def _headline(message: Message) -> str:
    return next(message_lines(message.payload), "")


def _show_digest(monitor: DeployedMonitor) -> None:
    console.print(Rule("[bold]Every morning, the day in one message[/]", align="left"))
    before = {message.ts: message.edits for message in monitor.simulator.chat.messages}
    monitor.digest()
    wait_until(lambda: len(monitor.simulator.chat.messages) > len(before), lambda: "the digest in the channel", 30)
    _show_channel(monitor.simulator.chat.messages, before)


def _show_thread(monitor: DeployedMonitor) -> None:
    [finding_id] = {each.finding_id for each in monitor.changes() if (each.region, each.tag) == FOLLOWED}
    root, *replies = monitor.thread(finding_id)
    console.print(Rule(Text(f"The thread of {finding_id}, from opened to resolved", style="bold"), align="left"))
    _show_message(root, f"#{CHANNEL_NAME}, opened {root.at:%H:%M:%S}, changed {root.edits} times since")
    for reply in replies:
        _show_message(reply, "reply")
    console.print()


def _show(monitor: DeployedMonitor, title: str, arguments: list[str]) -> None:
    arguments = [*arguments, "--table", monitor.table_name]
    console.print(Rule(f"[bold]{title}[/]", align="left"))
    console.print(f"$ ses-monitor {shlex.join(arguments)}", style="dim", markup=False)
    console.file.flush()
    # The status of `status` is 1 while something is wrong, which here something is.
    subprocess.run([str(COMMAND), *arguments], env={**monitor.environment(), "COLUMNS": str(WIDTH)}, check=False)
    console.print()


def _show_counters(monitor: DeployedMonitor) -> None:
    console.print(Rule("[bold]What was counted, each event once[/]", align="left"))
    table = Table(box=None, pad_edge=False)
    for name in ("region", "identity"):
        table.add_column(name)
    shown = (Tally.SENDS, Tally.DELIVERIES, Tally.HARD_BOUNCES, Tally.OTHER_BOUNCES, Tally.COMPLAINTS, Tally.OPENS)
    for tally in shown:
        table.add_column(tally.value.replace("_", " "), justify="right")
    now = datetime.now(UTC)
    for sender in (*SENDERS, From(SECOND_REGION, "harbour-audio.example")):
        counted = monitor.feedback.sender(sender.region, sender.identity, now).last_day(now)
        table.add_row(sender.region, sender.identity, *(str(counted[tally]) for tally in shown))
    console.print(table)
    console.print()


def _show_query(monitor: DeployedMonitor) -> None:
    console.print(Rule("[bold]The same, asked with the AWS CLI[/]", align="left"))
    query = (
        f"aws dynamodb query --table-name {monitor.table_name} --index-name gsi1"
        ' --key-condition-expression \'gsi1pk = :open\' --expression-attribute-values \'{":open": {"S": "OPEN"}}\''
    )
    console.print(f"$ {query}", style="dim", markup=False)
    answer = monitor.dynamodb.query(
        TableName=monitor.table_name,
        IndexName="gsi1",
        KeyConditionExpression="gsi1pk = :open",
        ExpressionAttributeValues={":open": {"S": "OPEN"}},
    )
    table = Table(box=None, pad_edge=False)
    for name in ("severity", "region", "tag", "opened_at"):
        table.add_column(name)
    for item in answer["Items"]:
        table.add_row(*(Text(item[name]["S"]) for name in ("severity", "region", "tag", "opened_at")))
    console.print(table)


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
