"""Puts a report where it is wanted: whole or not at all, and never over a file that is none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ses_monitor.alerts.words import line
from ses_monitor_cli.outcome import CannotLookError
from ses_monitor_cli.report.page import MARK


def may_write(path: Path) -> bool:
    """Tell whether nothing is lost there: no file, an empty one, or a report of ours.

    Raises:
        CannotLookError: it cannot be read.
    """
    try:
        if not path.exists():
            return True
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(len(MARK))
    except OSError as error:
        raise CannotLookError(_sentence(path, error)) from error
    return start in {b"", MARK.encode()}


def write_page(path: Path, page: str) -> None:
    """Write the page beside the place, then move it there: whoever opens it sees the old one or the new one.

    Raises:
        CannotLookError: it cannot be written.
    """
    target = path.resolve()
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".ses-monitor-report-", dir=target.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
        Path(temporary).replace(target)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise CannotLookError(_sentence(path, error)) from error


def _sentence(path: Path, error: OSError) -> str:
    return f"{line(str(path), 200)} cannot be written: {line(error.strerror or str(error), 200)}."
