"""Looking again and again until somebody has seen enough: redrawn on a terminal, one after the other in a pipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ses_monitor.alerts.words import duration, line, moment
from ses_monitor_cli import clock
from ses_monitor_cli.outcome import CannotLookError, ExitStatus
from ses_monitor_cli.terminal import say, write

EVERY = 10
"""Seconds from one look to the next, unless told otherwise."""
SHORTEST, LONGEST = 2, 3600


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: what is printed of it, in a sentence too, and the exit status it would have had."""

    text: str
    sentence: str
    status: ExitStatus
    at: datetime


class Screen(Protocol):
    """Where looks are shown."""

    def show(self, seen: Seen, failure: str) -> bool:
        """Show a look; `failure` says why it is not a new one, or is empty. Tell whether anybody watches still."""
        ...


def watch(look: Callable[[], Seen], screen: Screen, every: float) -> ExitStatus:
    """Look, show, wait, until interrupted or nobody reads any more; return the exit status of the last look.

    A look that fails leaves the last one standing. The first must not fail.

    Raises:
        CannotLookError: the first look failed.
    """
    seen, failure = look(), ""
    try:
        while screen.show(seen, failure):
            clock.wait(every)
            try:
                seen, failure = look(), ""
            except CannotLookError as error:
                failure = str(error)
    except KeyboardInterrupt:
        pass  # How watching ends; the last look says how.
    if failure and seen.status is ExitStatus.NOTHING_WRONG:
        return ExitStatus.COULD_NOT_LOOK
    return seen.status


def watch_on(console: Console, look: Callable[[], Seen], every: float) -> ExitStatus:
    """Watch on a terminal, or in a pipe: redrawn where that can be seen. What was seen last stays on the terminal."""
    if not console.is_terminal or console.is_dumb_terminal:
        return watch(look, Piped(), every)
    last: list[Seen] = []

    def keep() -> Seen:
        seen = look()
        last[:] = [seen]
        return seen

    with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        status = watch(keep, Redrawn(lambda text: live.update(text, refresh=True), console, every), every)
    if last:
        write(last[0].text)
    return status


class Piped:
    """Shows each look once, an empty line after it; a failed one is said on standard error."""

    def show(self, seen: Seen, failure: str) -> bool:
        """Print the look, or why there is none."""
        if failure:
            say(f"ses-monitor: {stale(seen)}: {failure}")
            return True
        return write(f"{seen.text}\n")


class Lines:
    """Shows each look as one line: a JSON document."""

    def show(self, seen: Seen, failure: str) -> bool:
        """Print the document, or say why there is none."""
        if failure:
            say(f"ses-monitor: {stale(seen)}: {failure}")
            return True
        return write(seen.text)


class Redrawn:
    """Shows each look in the place of the last one."""

    def __init__(self, draw: Callable[[Text], None], console: Console, every: float) -> None:
        self._draw = draw
        self._console = console
        self._every = every

    def show(self, seen: Seen, failure: str) -> bool:
        """Draw the look; what the window has no room for is counted."""
        head = Text(f"Every {self._every:g} s; Ctrl-C ends. {line(seen.sentence, 400)}", "dim", no_wrap=True)
        rows = [head]
        if failure:
            rows.append(Text(line(f"{stale(seen)}: {failure}", 400), "bold yellow", no_wrap=True))
        body = [Text.from_ansi(row, no_wrap=True) for row in seen.text.splitlines()]
        room = max(1, self._console.height - len(rows) - 1)
        if len(body) > room:
            body = [*body[: room - 1], Text(f"({len(body) - room + 1} more lines: ses-monitor status)", "dim")]
        rows += body
        for row in rows:
            row.truncate(self._console.width, overflow="ellipsis")
        self._draw(Text("\n").join(rows))
        return True


def stale(seen: Seen) -> str:
    """Say since when nothing new was learned."""
    return f"Stale for {duration(clock.utc_now() - seen.at)}, since {moment(seen.at)}"
