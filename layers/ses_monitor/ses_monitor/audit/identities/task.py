"""The messages of the queue of regions, written and read; one that says something else is refused with its place."""

from __future__ import annotations

import json
import re

from ses_monitor.core.check import bounded
from ses_monitor.core.identity_run import Stage, Task

LONGEST_NAME = 320
"""Characters of an identity's name: the longest address (RFC 3696, erratum 1690)."""

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")
_RUN = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


class UnreadableTaskError(ValueError):
    """A message is no task; the text says where it is wrong. It never will be one: no retry helps."""


def write_task(task: Task) -> str:
    """Return the body of the message for `task`."""
    body = {"region": task.region, "run": task.run, "stage": task.stage.value, "after": task.after}
    return json.dumps(body | {"leave": True} if task.leave else body)


def read_task(body: str) -> Task:
    """Read the body of a message. `region` and `run` must be there, the rest has its defaults.

    Raises:
        UnreadableTaskError: it says something else.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableTaskError(bounded(f"the body is no JSON ({error}): {body[:80]!r}", 300)) from error
    if not isinstance(said, dict):
        raise UnreadableTaskError(f"the body is no JSON object but {type(said).__name__}")
    region, run = _text(said, "region", _REGION, "an AWS region"), _text(said, "run", _RUN, "the name of a run")
    stage, after, leave = said.get("stage", Stage.IDENTITIES.value), said.get("after"), said.get("leave", False)
    if not isinstance(stage, str) or stage not in set(Stage):
        raise _wrong("stage", stage, f"one of {', '.join(Stage)}")
    if after is not None and not (isinstance(after, str) and 0 < len(after) <= LONGEST_NAME):
        raise _wrong("after", after, "the name of an identity, or null")
    if not isinstance(leave, bool):
        raise _wrong("leave", leave, "true or false")
    return Task(region, run, Stage(stage), after, leave)


def _text(said: dict[str, object], key: str, pattern: re.Pattern[str], accepted: str) -> str:
    value = said.get(key)
    if not (isinstance(value, str) and pattern.fullmatch(value)):
        raise _wrong(key, value, accepted)
    return value


def _wrong(key: str, value: object, accepted: str) -> UnreadableTaskError:
    return UnreadableTaskError(f"{key} is {bounded(repr(value), 100)}; it must be {accepted}")
