"""The rejections in a log of any size, in little memory, at the speed of a search. Pure: the caller opens the stream.

Nearly no line of a log is a rejection. So whole blocks are searched for the few words that one of them is in every
rejection of SES; only lines that have one are cut out, decoded and read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ses_monitor.core.rejection import Rejection
from ses_monitor.rejections.reading import find

BLOCK = 1 << 20
LONGEST_LINE = 1 << 16
"""Bytes read of a line; what comes after them is skipped."""
SUCCESSES = frozenset({"AUTHENTICATED", "DELIVERED"})
"""Tags of replies that refuse nothing."""

# Each alternative begins with a plain letter, one that is rare in a log where it can: only then does `re` skip all
# other bytes quickly (ten times as fast). Services other than SES use some of the words too; `find` tells.
# Alternatives that begin with the same letter are one: each costs time at every such letter of the log.
TRIGGERS = re.compile(
    rb"x(?:ceeded|ist|piredToken)"  # quota, rates; does not exist; credentials
    rb"|verified|Verified"
    rb"|jected"  # MessageRejected, Message rejected
    rb"|S(?:ending(?: is)?(?: currently)? ?[Pp]aused|uspended|MTP connections"
    rb"|ervice ?(?:is u|U)navailable|ignature(?:Does|Exc)|ubscriptionRequired)|SES(?![A-Za-z])|RequestExpired"
    rb"|bility to send "
    rb"|T(?:emporary (?:service|auth)|imeout waiting for data|ag (?:name|value)|here are no|he following identities"
    rb"|hrottling|ooManyRequests|oo many requests|ransaction failed)"
    rb"|A(?:uthentication (?:[Rr]equired|[Cc]redentials)|ccessDenied|WS Access Key Id needs)"
    rb"|M(?:essage (?:(?:is )?too|length)|issing final|issingAuthenticationT)"
    rb"|I(?:nvalid ?(?:email|Email|Parameter|ClientTokenId|Signature|MAIL|RCPT|tag)|nternal(?:Failure|ServiceError)"
    rb"|ncompleteSig|nRequired|llegal)"  # OptInRequired
    rb"|known(?:(?<=address unknown)|(?<=of an unknown) error)"
    rb"|Domain contains|Local address"
    rb"|z(?:ed(?: to perform|ClientException)|on(?:ses|aws))"  # the last two: whatever names SES
    rb"|NotFoundException|BadRequestException|ValidationE"
)
_TAKEN = b"status=sent (250 "
"""Postfix's word for mail that was taken: in the log of a relay to SES nearly every line has it, beside SES's host."""
_COLOURS = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True)
class Found:
    """A rejection, and the line of the log that it is in: its number, from 1, and its text without colours."""

    line: int
    text: str
    rejection: Rejection


def scan(stream: BinaryIO, *, block: int = BLOCK) -> Iterator[Found]:
    """Yield each rejection as soon as its line is read, also of a stream that still grows. Successes are left out."""
    for number, line in lines_with_triggers(stream, block=block):
        if _TAKEN in line:
            continue
        text = readable(line)
        rejection = find(text)
        if rejection is not None and rejection.tag not in SUCCESSES:
            yield Found(number, text, rejection)


def readable(line: bytes) -> str:
    """Return a line as text: cut, and without its end, colours and bytes that are no UTF-8."""
    return _COLOURS.sub("", line[:LONGEST_LINE].decode("utf-8", errors="replace")).rstrip("\r\n")


def lines_with_triggers(stream: BinaryIO, *, block: int = BLOCK) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of the lines that may hold a rejection. Only line feeds end lines."""
    # Of a pipe, what is there: whoever follows a log wants to hear of a line when it is written.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    before = 0
    rest = b""
    while chunk := read(block):
        whole = chunk.rfind(b"\n") + 1
        if not whole:
            # Of a line that does not end, as much is kept as is read of it: what follows changes nothing.
            rest = (rest + chunk)[:LONGEST_LINE]
            continue
        lines = rest + chunk[:whole]
        rest = chunk[whole:]
        yield from _in_lines(lines, before)
        before += lines.count(b"\n")
    yield from _in_lines(rest, before)


def _in_lines(lines: bytes, before: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines with a trigger of whole lines; `before` is how many lines came before."""
    counted = at = 0
    number = before + 1
    while hit := TRIGGERS.search(lines, at):
        first = lines.rfind(b"\n", at, hit.start()) + 1 or at
        end = lines.find(b"\n", hit.end())
        end = len(lines) if end < 0 else end
        number += lines.count(b"\n", counted, first)
        counted = first
        if hit.end() - first <= LONGEST_LINE:
            yield number, lines[first : min(end, first + LONGEST_LINE)]
        at = end + 1
