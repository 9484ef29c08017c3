"""`make security`: a line for each tool, then what is new. docs/security.md explains what is accepted.

Exit status: 0 nothing new; 1 something new, or an acceptance of what is no longer there; 3 a tool could not look and
the others found nothing new. With --offline pip-audit may be unable to look.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from security.findings import Acceptance, Finding, judge, read_accepted
from security.tools import CouldNotLookError, bandit, checkov, pip_audit

TOOLS: Mapping[str, Callable[[], list[Finding]]] = {"bandit": bandit, "pip-audit": pip_audit, "checkov": checkov}
NEEDS_THE_NETWORK = "pip-audit"


def look(
    tools: Mapping[str, Callable[[], list[Finding]]], accepted: Sequence[Acceptance]
) -> tuple[list[str], set[str], bool]:
    """Ask each tool. Return the lines to print, which tools could not look, and whether something is new."""
    table, details, blind, bad = [f"{'tool':<12}{'findings':>10}{'accepted':>10}{'new':>6}"], [], set(), False
    for name, ask in tools.items():
        try:
            findings = ask()
        except CouldNotLookError as error:
            blind.add(name)
            table.append(f"{name:<12}  could not look")
            details.append(f"{name} could not look: {error}")
            continue
        verdict = judge(findings, [each for each in accepted if each.tool == name])
        table.append(f"{name:<12}{len(findings):>10}{len(verdict.accepted):>10}{len(verdict.new):>6}")
        details += [f"new: {each.rule} {each.place}:{each.line} {each.text}" for each in verdict.new]
        details += [f"accepted, but no longer there: {each}" for each in verdict.stale]
        bad = bad or bool(verdict.new or verdict.stale)
    return [*table, "", *details] if details else table, blind, bad


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make security", description=__doc__)
    parser.add_argument("--offline", action="store_true", help="pip-audit may be unable to look")
    given = parser.parse_args(arguments)
    lines, blind, bad = look(TOOLS, read_accepted())
    print("\n".join(lines))
    if bad:
        print("\nMend what is new, or accept it with a reason in security/accepted.toml. (Exit status 1.)")
        return 1
    if blind - ({NEEDS_THE_NETWORK} if given.offline else set()):
        print("\nWhat could not look has found nothing bad and nothing good. (Exit status 3.)")
        if blind == {NEEDS_THE_NETWORK}:
            print("Without the network: make security SECURITY_ARGS=--offline")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
