"""What it costs to find the rejections in a log: a core's lines a second, beside grep and a loop over its lines.

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
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from bench.measuring import Goal, Line, Result, in_turns, median, show
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
ORDINARY = "ordinary log"
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


def measure() -> Result:
    """Search one log in turns, then take deliveries.

    Raises:
        RuntimeError: somebody did not find all of them, and the measurement would be of something else.
    """
    log = make_log(LINES)
    expected = LINES // ONE_OF
    with tempfile.NamedTemporaryFile() as file:  # grep is faster with a file than with a pipe
        file.write(log)
        file.flush()
        ways = contenders(log, file.name)
        seconds = in_turns({name: _timed(way, expected) for name, way in ways.items()}, ROUNDS)
    per_second = {name: median([LINES / one for one in each]) for name, each in seconds.items()}
    deliveries = {name: _measured(lines) for name, lines in make_deliveries().items()}
    ours = per_second[SCAN]
    what = f"log of {LINES:,} lines, one of {ONE_OF:,} a refusal of SES, searched on one core"
    beside = {
        GREP: Line(what, "lines/s", ours, per_second.get(GREP), GREP, Goal(at_least=GOAL, of_ours=True)),
        LOOP: Line(what, "lines/s", ours, per_second[LOOP], LOOP),
    }
    lines = [*beside.values(), *(_line(name, each) for name, each in deliveries.items())]
    details = {
        "lines": LINES,
        "bytes": len(log),
        "rejections": expected,
        "rounds": ROUNDS,
        "lines_per_s": per_second,
        "deliveries": deliveries,
    }
    return Result("rejections", "what SES refused, found in logs", lines, details)


def contenders(log: bytes, file: str) -> dict[str, Callable[[], int]]:
    """Return who searches the log, which also lies in `file`; each tells how many it found. There may be no grep."""
    pattern = TRIGGERS.pattern
    compiled = re.compile(pattern)
    found: dict[str, Callable[[], int]] = {
        SCAN: lambda: sum(1 for _ in scan(io.BytesIO(log))),
        LOOP: lambda: _by_line(compiled, log),
    }
    if grep := shutil.which("grep"):
        command = [grep, "-a", "-c", "-E", _for_grep(pattern.decode()), file]
        found[GREP] = lambda: _grep(command)
    return found


def _line(name: str, delivery: dict[str, Any]) -> Line:
    what = f"{name}: {delivery['lines']:,} lines delivered to ingest_logs, in the share of a core of 256 MB"
    read, bare = (round(delivery["core_s"][way] / SHARE, 3) for way in (READ, BARE))
    return Line(what, "s", read, bare, BARE, Goal(at_most=1, of_ours=True), shown=name == ORDINARY)


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
        ORDINARY: make_log(50_000).decode().splitlines(),
        "refusals": alike,
        "refusals, all unlike": unlike,
    }


def _measured(lines: list[str]) -> dict[str, Any]:
    """Return what a delivery of these lines costs, in seconds of a whole core."""
    events = [
        {"id": f"{number:056}", "timestamp": 1_795_226_400_000 + number, "message": line}
        for number, line in enumerate(lines)
    ]
    content = {"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/shop", "logEvents": events}
    packed = gzip.compress(json.dumps(content, separators=(",", ":")).encode())
    event = {"awslogs": {"data": base64.b64encode(packed).decode()}}
    reports = len(reports_of_logs(event, "eu-west-1"))
    expected = sum(1 for _ in scan(io.BytesIO("\n".join(lines).encode())))
    if reports != expected:
        msg = f"{reports} reports of {expected} refusals"
        raise RuntimeError(msg)
    seconds = in_turns(
        {READ: lambda: _spent(lambda: reports_of_logs(event, "eu-west-1")), BARE: lambda: _spent(lambda: _bare(event))},
        ROUNDS,
    )
    return {
        "lines": len(lines),
        "packed_bytes": len(event["awslogs"]["data"]),
        "reports": reports,
        "core_s": {way: median(each) for way, each in seconds.items()},
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


def _grep(command: list[str]) -> int:
    # With bytes for characters grep is at its fastest.
    ran = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ | {"LC_ALL": "C"}, check=True)
    return int(ran.stdout)


def _core_seconds() -> float:
    """Return what this process and those that it waited for have used so far."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _timed(way: Callable[[], int], expected: int) -> Callable[[], float]:
    def timed() -> float:
        started = _core_seconds()
        found = way()
        seconds = _core_seconds() - started
        if found != expected:
            msg = f"{found} found instead of {expected}"
            raise RuntimeError(msg)
        return seconds

    return timed


if __name__ == "__main__":
    sys.exit(show(measure()))
