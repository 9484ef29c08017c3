"""Where words go: answers to standard output, everything else to standard error, colour only where it is seen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from ses_monitor.alerts.words import line

WIDEST = 110
"""Columns used of a wide terminal; longer lines are hard to read."""


def answer_console() -> Console:
    """Return a console for standard output. Nothing printed to it is read as markup or emoji codes."""
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=False)
    console.width = min(console.width, WIDEST)
    return console


def write(text: str) -> bool:
    """Write an answer, without blanks at the ends of its lines; tell whether anybody still reads.

    A reader that has gone (`| head`) is no error, and changes no exit status.
    """
    text = "".join(f"{row.rstrip()}\n" for row in text.splitlines())
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            encoding = sys.stdout.encoding or "ascii"
            sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would raise once more when Python closes the stream at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def say(text: str) -> None:
    """Say something beside the answer, on standard error, as one line."""
    Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True).print(Text(line(text, 1500)))


class ProgressLine:
    """The line that `progress` shows."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._waiting: set[str] = set()

    def expect(self, doing: str, names: Iterable[str]) -> None:
        """Say what is waited for now."""
        self._waiting = set(names)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=doing, total=len(self._waiting) or None, completed=0)

    def done(self, name: str) -> None:
        """Say that one of them is there; the last few are named, so that one sees who is slow."""
        self._waiting.discard(name)
        if self._bar is not None:
            slow = f"Waiting for {', '.join(sorted(self._waiting))}" if 0 < len(self._waiting) <= 3 else None
            self._bar.update(self._bar.task_ids[0], advance=1, description=slow)


@contextmanager
def progress(first: str = "Finding the regions") -> Iterator[ProgressLine]:
    """Show how far the work has come, while it works, if somebody watches standard error. `first` is done first."""
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        yield ProgressLine(None)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(20), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        bar.add_task(first, total=None)
        yield ProgressLine(bar)
