"""What it costs to find the rejections in a log: lines a second, beside grep and beside a loop over its lines.

One line of a thousand matters; the others are what mail servers, applications and web servers write. All three search
for the same words. Only `scan` also reads what it finds.

And what a delivery of CloudWatch Logs costs the function that takes it, in seconds of one whole core, beside unpacking
it and reading its JSON: a megabyte of packed log, one of nothing but refusals, and one whose lines are all unlike.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from ses_monitor.feedback.logs import reports_of_logs
from ses_monitor.rejections.scan import LONGEST_LINE, TRIGGERS, scan

LINES = 1_000_000
ONE_OF = 1000
ROUNDS = 7
GOAL = 1_000_000
"""Lines a second."""
SCAN = "rejections.scan"
GREP = "grep -E"
READ, BARE = "reports_of_logs", "gunzip and json.loads"
SHARE = 256 / 1769
"""Of a core that Lambda gives to a function of 256 MB: it gives a whole one to 1,769 MB."""
LOOP = "a compiled regex, line by line"

HEADS = {
    "mail": "Nov 21 02:11:{second:02} mail postfix/smtp[{number}]: 4A3F2{number:06X}: to=<r{number}@example.org>,"
    " relay=email-smtp.eu-west-1.amazonaws.com[192.0.2.7]:587, delay=0.4, dsn=5.0.0, status=bounced (host"
    " email-smtp.eu-west-1.amazonaws.com[192.0.2.7] said: ",
    "application": "2026-11-21T02:11:{second:02}.123Z ERROR [worker-{second}] shop.orders - ",
    "json": '{{"level":"error","ts":"2026-11-21T02:11:{second:02}Z","order":{number},"msg":"',
}
TAILS = {"mail": " (in reply to end of DATA command))", "application": "", "json": '"}'}
TEXTS = {
    "mail": (
        "554 Message rejected: Email address is not verified. The following identities failed the check in region"
        " EU-WEST-1: orders@shop.example",
        "454 Throttling failure: Maximum sending rate exceeded.",
        "454 Throttling failure: Daily message quota exceeded.",
        "535 Authentication Credentials Invalid",
    ),
    "application": (
        "botocore.errorfactory.MessageRejected: An error occurred (MessageRejected) when calling the SendEmail"
        " operation: Email address is not verified. The following identities failed the check in region EU-WEST-1:"
        " Shop <orders@shop.example>",
        "An error occurred (Throttling) when calling the SendRawEmail operation: Daily message quota exceeded.",
    ),
    "json": (
        "MessageRejected: Sending paused for this account. For more information, please check the inbox of the email"
        " address associated with your AWS account.",
    ),
}
OTHERS = (
    "Nov 21 02:11:{second:02} mail postfix/smtpd[{number}]: connect from host{second}.example.org[192.0.2.{second}]",
    "Nov 21 02:11:{second:02} mail postfix/cleanup[{number}]: 4A3F2{number:06X}: message-id=<{number}@shop.example>",
    "2026-11-21T02:11:{second:02}.123Z INFO  [worker-{second}] shop.orders - order {number} paid, mail queued",
    '{{"level":"info","ts":"2026-11-21T02:11:{second:02}Z","msg":"cache miss","key":"basket:{number}","latency_ms":4}}',
    '192.0.2.{second} - - [21/Nov/2026:02:11:{second:02} +0000] "GET /p/{number} HTTP/1.1" 200 5123 "-" "Mozilla/5.0"',
    "   at example.shop.mail.Sender.send(Sender.java:{second})",
)


def main() -> int:
    """Measure in turns, and print a table and one JSON document. Status 1: not all of them were found."""
    log = make_log(LINES)
    pattern = TRIGGERS.pattern
    grep = shutil.which("grep")
    contenders: dict[str, Callable[[], int]] = {
        SCAN: lambda: sum(1 for _ in scan(io.BytesIO(log))),
        LOOP: lambda: _by_line(re.compile(pattern), log),
    }
    if grep:
        command = [grep, "-a", "-c", "-E", _for_grep(pattern.decode())]
        contenders[GREP] = lambda: _grep(command, log)
    rounds = [{name: _timed(contender) for name, contender in contenders.items()} for _ in range(ROUNDS)]
    found = {name: rounds[0][name][0] for name in contenders}
    seconds = {name: [each[name][1] for each in rounds] for name in contenders}
    result: dict[str, Any] = {
        "lines": LINES,
        "bytes": len(log),
        "rejections": LINES // ONE_OF,
        "found": found,
        "lines_per_s": {name: round(LINES / statistics.median(each)) for name, each in seconds.items()},
        "scan_faster_than": {
            name: round(statistics.median(b / a for a, b in zip(seconds[SCAN], each, strict=True)), 2)
            for name, each in seconds.items()
        },
    }
    deliveries = {name: _measured(lines) for name, lines in make_deliveries().items()}
    _show(result)
    _show_deliveries(deliveries)
    sys.stdout.write(json.dumps({"schema": 1, "rejections": result, "deliveries": deliveries}, indent=2) + "\n")
    complete = all(each["reports"] == each["expected"] for each in deliveries.values())
    return 0 if set(found.values()) == {LINES // ONE_OF} and complete else 1


def make_log(lines: int, seed: int = 1) -> bytes:
    """Return a log in which every thousandth line is a rejection."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    made = []
    for number in range(lines):
        second = number % 60
        if number % ONE_OF:
            made.append(chosen.choice(OTHERS).format(number=number, second=second))
        else:
            kind = chosen.choice(tuple(HEADS))
            head = HEADS[kind].format(number=number, second=second)
            made.append(head + chosen.choice(TEXTS[kind]) + TAILS[kind])
    return ("\n".join(made) + "\n").encode()


def make_deliveries(seed: int = 1) -> dict[str, list[str]]:
    """Return the log lines of deliveries: of one a megabyte packed, of the others a megabyte as JSON."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    alike, unlike = [], []
    for number in range(3000):
        kind = chosen.choice(tuple(HEADS))
        line = HEADS[kind].format(number=number, second=number % 60) + chosen.choice(TEXTS[kind]) + TAILS[kind]
        alike.append(line)
        words = ("".join(chosen.choices("ghijklmnopqrstuvwxyz", k=9)) for _ in range(2))
        unlike.append(f"{' '.join(words)} {line}")
    return {
        "ordinary log": make_log(50_000).decode().splitlines(),
        "refusals": alike,
        "refusals, all unlike": unlike,
    }


def _measured(lines: list[str]) -> dict[str, Any]:
    events = [
        {"id": f"{number:056}", "timestamp": 1_795_226_400_000 + number, "message": line}
        for number, line in enumerate(lines)
    ]
    content = {"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/shop", "logEvents": events}
    packed = gzip.compress(json.dumps(content, separators=(",", ":")).encode())
    event = {"awslogs": {"data": base64.b64encode(packed).decode()}}
    rounds = [
        (_spent(lambda: reports_of_logs(event, "eu-west-1")), _spent(lambda: _bare(event))) for _ in range(ROUNDS)
    ]
    read, bare = (statistics.median(each) for each in zip(*rounds, strict=True))
    return {
        "lines": len(lines),
        "packed_bytes": len(event["awslogs"]["data"]),
        "reports": len(reports_of_logs(event, "eu-west-1")),
        "expected": sum(1 for _ in scan(io.BytesIO("\n".join(lines).encode()))),
        "core_s": {READ: round(read, 4), BARE: round(bare, 4)},
        "seconds_at_256_mb": round(read / SHARE, 2),
    }


def _bare(event: dict[str, Any]) -> object:
    return json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))


def _spent(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _for_grep(pattern: str) -> str:
    """Write the pattern without what `grep -E` does not have.

    Raises:
        RuntimeError: something is left, and the measurement would be of other words.
    """
    for ours, theirs in (
        ("known(?:(?<=address unknown)|(?<=of an unknown) error)", "address unknown|of an unknown error"),
        ("SES(?![A-Za-z])", "SES([^A-Za-z]|$)"),
        ("(?:", "("),
    ):
        pattern = pattern.replace(ours, theirs)
    if "(?" in pattern:
        raise RuntimeError(pattern)
    return pattern


def _by_line(pattern: re.Pattern[bytes], log: bytes) -> int:
    return sum(1 for line in io.BytesIO(log) if pattern.search(line[:LONGEST_LINE]))


def _grep(command: list[str], log: bytes) -> int:
    # With bytes for characters grep is at its fastest.
    ran = subprocess.run(command, input=log, stdout=subprocess.PIPE, env=os.environ | {"LC_ALL": "C"}, check=True)
    return int(ran.stdout)


def _timed(contender: Callable[[], int]) -> tuple[int, float]:
    started = time.perf_counter()
    found = contender()
    return found, time.perf_counter() - started


def _show(result: dict[str, Any]) -> None:
    title = (
        f"{LINES:,} lines, {result['bytes'] / 1e6:.0f} MB, {LINES // ONE_OF:,} rejections, medians of {ROUNDS} rounds"
    )
    table = Table(title=title, title_justify="left")
    for column in ("", "found", "lines/s", "scan is faster"):
        table.add_column(column, justify="left" if not column else "right")
    for name, per_second in result["lines_per_s"].items():
        ratio = f"{result['scan_faster_than'][name]:.2f} times" if name != SCAN else ""
        table.add_row(name, f"{result['found'][name]:,}", f"{per_second:,}", ratio)
    console = Console(stderr=True, width=120)
    console.print(table)
    verdict = "reached" if result["lines_per_s"][SCAN] >= GOAL else "MISSED"
    console.print(f"goal {GOAL:,} lines/s: {verdict}")


def _show_deliveries(deliveries: dict[str, Any]) -> None:
    table = Table(title="one delivery of CloudWatch Logs, medians", title_justify="left")
    for column in ("", "lines", "packed KB", "reports", READ, BARE, "s at 256 MB"):
        table.add_column(column, justify="left" if not column else "right")
    for name, each in deliveries.items():
        milliseconds = [f"{each['core_s'][way] * 1000:.0f} ms" for way in (READ, BARE)]
        packed = f"{each['packed_bytes'] / 1000:.0f}"
        figures = (f"{each['lines']:,}", packed, f"{each['reports']:,}", *milliseconds)
        table.add_row(name, *figures, f"{each['seconds_at_256_mb']:.2f}")
    console = Console(stderr=True, width=120)
    console.print(table)
    reached = all(each["seconds_at_256_mb"] < 1 for each in deliveries.values())
    console.print(f"goal, each in under a second at 256 MB: {'reached' if reached else 'MISSED'}")


if __name__ == "__main__":
    sys.exit(main())
