"""Words on a console: paragraphs that wrap where they are indented, and steps whose commands stay whole."""

from __future__ import annotations

import re

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import line, shown_command

_COMMAND = re.compile(r"^(?P<words>.*?):? (?P<command>(?:aws|ses-monitor) [a-z0-9-]+ .*)$", re.DOTALL)


def print_paragraph(console: Console, text: Text, indent: int, *, hanging: int = 0) -> None:
    """Print wrapped text; `hanging` is how much further its second line and those after it are indented."""
    for place, row in enumerate(text.wrap(console, console.width - indent - hanging)):
        row.rstrip()
        console.print(Text(" " * (indent + (hanging if place else 0))), row, sep="", soft_wrap=True)


def print_step(console: Console, number: int, step: str, indent: int) -> None:
    """Print a step that ends with the command to paste, if it has one: that stays whole, on a line of its own."""
    found = _COMMAND.match(step)
    words = f"{found['words']}:" if found else step
    print_paragraph(console, Text(f"{number}. {line(words)}"), indent, hanging=3)
    command = shown_command(found["command"]) if found else ""
    if command:
        console.print(Text(f"{' ' * (indent + 3)}{command}", "cyan"), soft_wrap=True)
