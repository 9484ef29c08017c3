"""What a check is, and what it may conclude: one fact, its cause, and the step that fixes it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from ses_monitor.core.dns import Question
from ses_monitor.core.model import ACCOUNT, Scope, Severity, Snapshot
from ses_monitor.core.observed import Missing

S_contra = TypeVar("S_contra", contravariant=True)

Evidence = Mapping[str, str | float | bool]

LONGEST_EVIDENCE = 500
"""Characters kept of any outside text: enough for an AWS error, too little to flood a chat."""

# Controls, what changes direction, what has no width, and lone surrogates (which no UTF-8 store or terminal takes).
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]+"
)


class Impact(StrEnum):
    """What a diagnosis does to the answer "can this region deliver a stranger's mail"."""

    NONE = "none"
    STRANGERS_REFUSED = "strangers_refused"
    REGION_STOPPED = "region_stopped"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a sentence, a shell line to paste, a page to open. Placeholders are allowed in each."""

    text: str
    command: str = ""
    url: str = ""

    def plain(self) -> str:
        """Return the step as one piece of text, for mail, JSON and terminals."""
        return " ".join(part for part in (self.text, self.command, self.url) if part)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One conclusion a check may reach.

    `message`, `cause` and the steps are templates over {subject}, {region}, {account_id} and the evidence.
    `severities` is the usual severity first, then others that evidence may choose. `open_after` and
    `resolve_after` count observations in a row. Tags of one `aspect` replace each other (worsened, eased);
    tags of different aspects open and close on their own. A diagnosis that `measures` has figures in its text
    that are worth refreshing while it stays open.
    """

    tag: str
    severities: tuple[Severity, ...]
    message: str
    cause: str
    steps: tuple[Step, ...]
    impact: Impact = Impact.NONE
    open_after: int = 1
    resolve_after: int = 1
    aspect: str = ""
    measures: bool = False
    references: tuple[str, ...] = ()

    def on(
        self,
        snapshot: Snapshot,
        subject: str = ACCOUNT,
        *,
        severity: Severity | None = None,
        holds_only: bool = False,
        **evidence: str | float | bool,
    ) -> Finding:
        """Conclude this of `subject`, every placeholder filled in; a missing one raises KeyError here.

        With `holds_only` the finding keeps an open one open (hysteresis) but does not open a new one.
        Outside text is made one bounded line; in commands every value is shell-quoted.
        """
        chosen = self.severities[0] if severity is None else severity
        if chosen not in self.severities:
            msg = f"{self.tag} is not declared with severity {chosen.name}"
            raise ValueError(msg)
        clean = {key: bounded(value) if isinstance(value, str) else value for key, value in evidence.items()}
        shown = {
            "subject": bounded(subject),
            "region": snapshot.region,
            "account_id": snapshot.account_id,
            **clean,
        }
        quoted = {key: shlex.quote(str(value)) for key, value in shown.items()}
        return Finding(
            diagnosis=self,
            subject=subject,
            severity=chosen,
            text=self.message.format(**shown),
            cause=self.cause.format(**shown),
            steps=tuple(
                Step(s.text.format(**shown), s.command.format(**quoted), s.url.format(**shown)) for s in self.steps
            ),
            evidence=clean,
            holds_only=holds_only,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis of one subject, in words."""

    diagnosis: Diagnosis
    subject: str
    severity: Severity
    text: str
    cause: str
    steps: tuple[Step, ...]
    evidence: Evidence
    holds_only: bool = False

    @property
    def tag(self) -> str:
        """The diagnosis's tag."""
        return self.diagnosis.tag


@dataclass(frozen=True, slots=True)
class Undecided:
    """Yielded by a check that can decide some of its tags but not these, for want of a fact."""

    tags: frozenset[str]
    missing: Missing


Conclusion = Finding | Undecided


@dataclass(frozen=True, slots=True)
class Check(Generic[S_contra]):
    """A pure function over a Snapshot: no I/O, no clock, no environment.

    `needs` names the IAM actions behind the facts it reads; a test holds the template against them. `questions`
    says what to ask the DNS for a subject, given what `proof` knows so far; it is called again after each round of
    answers, until it asks nothing new.
    """

    id: str
    scope: Scope
    title: str
    needs: frozenset[str]
    diagnoses: tuple[Diagnosis, ...]
    evaluate: Callable[[S_contra, Snapshot], Iterable[Conclusion]]
    questions: Callable[[S_contra, Snapshot], Iterable[Question]] | None = None


def bounded(text: str, limit: int = LONGEST_EVIDENCE) -> str:
    """Make outside text safe to keep: one line, no control or invisible characters, at most `limit` (>= 1)."""
    line = _UNSAFE.sub(" ", text[: limit * 2]).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
