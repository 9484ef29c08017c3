"""What the tools found, and which of it is accepted: each acceptance has a reason, a place and a number."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ACCEPTED = Path(__file__).with_name("accepted.toml")


class AcceptedError(Exception):
    """`accepted.toml` is wrong; the text says where."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a tool found. `place` is a file, a resource of a template, or a distribution."""

    tool: str
    rule: str
    place: str
    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Why findings of a rule at a place (a pattern; `*` stands for anything) may stay. `count` 0: however many."""

    tool: str
    rule: str
    place: str
    reason: str
    count: int = 0

    def covers(self, finding: Finding) -> bool:
        """Tell whether `finding` is of this rule and place."""
        return (self.tool, self.rule) == (finding.tool, finding.rule) and fnmatchcase(finding.place, self.place)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is accepted, what is new, and which acceptances claim more than there is."""

    accepted: tuple[Finding, ...]
    new: tuple[Finding, ...]
    stale: tuple[str, ...]


def judge(findings: Sequence[Finding], acceptances: Iterable[Acceptance]) -> Verdict:
    """Judge what one tool found by the acceptances for it.

    One finding more than was accepted makes all of that place new: nobody knows which of them was looked at.
    """
    left, accepted, stale = list(findings), [], []
    for acceptance in acceptances:
        covered = [finding for finding in left if acceptance.covers(finding)]
        wanted = acceptance.count or max(1, len(covered))
        if len(covered) < wanted:
            stale.append(f"{acceptance.rule} at {acceptance.place}: {wanted} accepted, {len(covered)} found")
        if len(covered) <= wanted:
            accepted += covered
            left = [finding for finding in left if finding not in covered]
    return Verdict(tuple(accepted), tuple(left), tuple(stale))


def read_accepted(path: Path = ACCEPTED) -> list[Acceptance]:
    """Read the list of what is accepted.

    Raises:
        AcceptedError: an entry lacks something, or gives no reason worth the name.
    """
    found = []
    for tool, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for entry in entries:
            strange = (set(entry) | {"count"}) ^ {"rule", "place", "count", "reason"}
            if strange:
                raise AcceptedError(f"{path.name}: an entry for {tool} lacks or has too much: {sorted(strange)}")
            if len(entry["reason"]) < 40 or not entry["reason"].endswith("."):
                raise AcceptedError(f"{path.name}: {entry['rule']} at {entry['place']} needs a reason, as a sentence")
            found.append(Acceptance(tool, **entry))
    return found
