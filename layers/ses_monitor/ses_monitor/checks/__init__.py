"""One file per check. Dropping a module with a `CHECK` into a folder here is all it takes to register it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from ses_monitor.core.check import Check, Diagnosis
from ses_monitor.core.model import Scope


class CheckDefinitionError(Exception):
    """A check file breaks a rule that everything else relies on."""


def load(paths: Iterable[str] = __path__, package: str = __name__) -> tuple[Check[Any], ...]:
    """Import every check below `paths`, in the order of their ids.

    Raises:
        CheckDefinitionError: a module has no `CHECK`, its id is not its path, or two of one family (the first part of
            their ids) have the same tag.
    """
    found: list[Check[Any]] = []
    owner: dict[tuple[str, str], str] = {}
    for module in sorted(walk_packages(paths, f"{package}."), key=lambda each: each.name):
        if module.ispkg:
            continue
        check = getattr(import_module(module.name), "CHECK", None)
        if not isinstance(check, Check):
            raise CheckDefinitionError(f"{module.name} has no CHECK")
        expected = module.name.removeprefix(f"{package}.")
        if check.id != expected:
            raise CheckDefinitionError(f"{module.name}: the id must be {expected!r}, not {check.id!r}")
        for diagnosis in check.diagnoses:
            if other := owner.get((family(check), diagnosis.tag)):
                raise CheckDefinitionError(f"{check.id}: the tag {diagnosis.tag} belongs to {other}")
            owner[family(check), diagnosis.tag] = check.id
        found.append(check)
    return tuple(found)


@cache
def registered() -> tuple[Check[Any], ...]:
    """Return this package's checks, imported once."""
    return load()


def of_scopes(*scopes: Scope) -> tuple[Check[Any], ...]:
    """Return the registered checks that look at any of `scopes`."""
    return tuple(check for check in registered() if check.scope in scopes)


def family(check: Check[Any]) -> str:
    """Return the first part of a check's id. No two checks of a family have a tag in common."""
    return check.id.partition(".")[0]


def diagnoses(checks: Iterable[Check[Any]]) -> dict[str, Diagnosis]:
    """Map each tag of `checks` to its diagnosis.

    Raises:
        CheckDefinitionError: two of them, of different families, have the same tag, so that it alone tells nothing.
    """
    found: dict[str, Diagnosis] = {}
    owner: dict[str, str] = {}
    for check in checks:
        for diagnosis in check.diagnoses:
            if owner.setdefault(diagnosis.tag, check.id) != check.id:
                raise CheckDefinitionError(f"{check.id} and {owner[diagnosis.tag]} both have the tag {diagnosis.tag}")
            found[diagnosis.tag] = diagnosis
    return found
