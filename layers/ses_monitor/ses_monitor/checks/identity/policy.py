"""A sending authorization policy lends the identity to others; one that lends it to everybody is spam to come."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from ses_monitor.checks.identity import CONSOLE, LONGEST_NAME, console_name, named
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.identity import Identity
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Missing

LONGEST_POLICY = 64 * 1024
"""Characters of a policy that are read; SES allows 4 KB."""

_NARROWED = Missing(Blindness.NOT_APPLICABLE, "a policy lets in everybody but some; who is left is not worked out")
_SHOW = Step(
    "Read its policies:",
    command="aws sesv2 get-email-identity-policies --region {region} --email-identity {subject}",
)
_DELETE = (
    "aws sesv2 delete-email-identity-policy --region {region} --email-identity {subject} --policy-name {policy_name}"
)
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policies.html"

POLICY_OPEN = Diagnosis(
    tag="POLICY_OPEN",
    severities=(Severity.ERROR,),
    message="Anybody with an AWS account may use {subject} in {region}: its policy {policies} lets everybody in.",
    cause='A statement allows the principal "*" (or everybody but a few), and no condition says who that may be.'
    " What others send counts for your reputation.",
    steps=(
        _SHOW,
        Step("If nobody outside needs it, delete the policy:", command=_DELETE),
        Step("Otherwise name the accounts in Principal, or set a condition on aws:PrincipalOrgID:", url=CONSOLE),
    ),
    aspect="open",
    references=(_REFERENCE,),
)
POLICY_FOREIGN_ACCOUNT = Diagnosis(
    tag="POLICY_FOREIGN_ACCOUNT",
    severities=(Severity.NOTICE,),
    message="{subject} in {region} may be used from outside this account: by {others}.",
    cause="The policy {policies} allows it. What they send counts for your reputation.",
    steps=(
        _SHOW,
        Step("If you do not know them, or they need it no more, delete the policy:", command=_DELETE),
        Step("If it is meant to be so, name them in the stack's TrustedAccounts parameter, and this is over."),
    ),
    aspect="foreign",
    references=(_REFERENCE,),
)

_EVERYBODY = "*"
_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:(?:iam|sts)::)?([0-9]{12})(?::.{1,2000})?", re.DOTALL)
_ACCOUNT_OF_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):.*", re.DOTALL)
_ORGANISATION = re.compile(r"(o-[a-z0-9]{10,32})(?:/.*)?", re.DOTALL)

_BY_ACCOUNT = frozenset({"aws:principalaccount", "aws:sourceaccount"})
_BY_ARN = frozenset({"aws:principalarn", "aws:sourcearn"})
_BY_ORGANISATION = frozenset({"aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths"})
_BY_NETWORK = frozenset({"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"})
_WHO_OR_WHERE = _BY_ACCOUNT | _BY_ARN | _BY_ORGANISATION | _BY_NETWORK
# Those that let pass what lacks the key (…IfExists, ForAllValues:) keep nobody out.
_POSITIVE = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"})


class _UnreadableError(Exception):
    """A policy that is not what IAM policies look like."""


@dataclass(frozen=True, slots=True)
class _Lent:
    """What one policy allows to whom; `narrowed` by statements that deny, to an extent not worked out here."""

    to_all: bool
    others: frozenset[str]
    narrowed: bool


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude whether everybody, or other accounts, are let in. What cannot be read leaves both undecided."""
    lent: dict[str, _Lent] = {}
    unread: list[str] = []
    for name, text in sorted(identity.details.get().policies.get().items()):
        try:
            lent[name] = _lent(text, snapshot.account_id)
        except _UnreadableError:
            unread.append(name)

    undecided: dict[str, Missing] = {}
    if unread:
        reason = f"the policy {bounded(unread[0], LONGEST_NAME)} is none that this monitor can read"
        undecided = dict.fromkeys((POLICY_OPEN.tag, POLICY_FOREIGN_ACCOUNT.tag), Missing(Blindness.UNREADABLE, reason))
    if to_all := [name for name, each in lent.items() if each.to_all]:
        if any(each.narrowed for each in lent.values()):
            undecided[POLICY_OPEN.tag] = _NARROWED
        else:
            undecided.pop(POLICY_OPEN.tag, None)
            yield _on(POLICY_OPEN, identity, snapshot, to_all)
    strangers = {name: each.others - snapshot.trusted_accounts for name, each in lent.items()}
    if foreign := [name for name, others in strangers.items() if others]:
        undecided.pop(POLICY_FOREIGN_ACCOUNT.tag, None)
        others = sorted(frozenset().union(*(strangers[name] for name in foreign)))
        yield _on(POLICY_FOREIGN_ACCOUNT, identity, snapshot, foreign, named(others))
    for tag, missing in undecided.items():
        yield Undecided(frozenset({tag}), missing)


def _on(diagnosis: Diagnosis, identity: Identity, snapshot: Snapshot, names: list[str], others: str = "") -> Conclusion:
    return diagnosis.on(
        snapshot,
        identity.name,
        policies=named(names),
        policy_name=names[0],
        others=others,
        page=console_name(identity.name),
    )


def _lent(text: str, account_id: str) -> _Lent:
    to_all, narrowed = False, False
    others: set[str] = set()
    for statement in _statements(text):
        match statement.get("Effect"):
            case "Allow":
                who = _principals(statement)
                if _EVERYBODY in who:
                    # A condition on who it is stands in for the principal; any other leaves it to everybody.
                    limits = _limits(statement.get("Condition"), account_id)
                    to_all = to_all or limits is None
                    who = limits or frozenset()
                others |= who - {account_id}
            case "Deny":
                narrowed = narrowed or "NotPrincipal" in statement or _mentions_who(statement.get("Condition"))
            case _:
                raise _UnreadableError
    return _Lent(to_all, frozenset(others), narrowed)


def _statements(text: str) -> Iterator[Mapping[str, Any]]:
    if len(text) > LONGEST_POLICY:
        raise _UnreadableError
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as no_json:  # deep nesting ends as a RecursionError
        raise _UnreadableError from no_json
    found = policy.get("Statement") if isinstance(policy, dict) else None
    for statement in found if isinstance(found, list) else [found]:
        if not isinstance(statement, dict):
            raise _UnreadableError
        yield statement


def _principals(statement: Mapping[str, Any]) -> frozenset[str]:
    """Return the accounts that a statement lets in, or "*". AWS services and signed-in web users are none."""
    if "NotPrincipal" in statement:
        return frozenset({_EVERYBODY})
    principal = statement.get("Principal")
    if principal == _EVERYBODY:
        return frozenset({_EVERYBODY})
    if not isinstance(principal, dict):
        raise _UnreadableError
    found: set[str] = set()
    for kind, some in principal.items():
        if kind not in {"AWS", _EVERYBODY}:
            continue
        for each in _texts(some):
            if each == _EVERYBODY:
                found.add(_EVERYBODY)
            elif account := _ACCOUNT.fullmatch(each):
                found.add(account[1])
    return frozenset(found)


def _limits(condition: object, account_id: str) -> frozenset[str] | None:
    """Return whom a condition lets in, as accounts, organisations or networks; None when that is everybody."""
    limits: list[frozenset[str]] = []
    for operator, key, values in _tests(condition):
        if operator.removeprefix("foranyvalue:") in _POSITIVE and key in _WHO_OR_WHERE:
            whose = [_whose(key, value) for value in values]
            if whose and all(whose):
                limits.append(frozenset(whose))
    # All of them must hold, so each alone is a bound: the closest to this account says most.
    return min(limits, key=lambda limit: len(limit - {account_id}), default=None)


def _mentions_who(condition: object) -> bool:
    return any(key in _WHO_OR_WHERE for _, key, _ in _tests(condition))


def _tests(condition: object) -> Iterator[tuple[str, str, list[str]]]:
    """Yield operator and key, in lower case, with the values of each test."""
    operators = {} if condition is None else condition
    if not isinstance(operators, dict):
        raise _UnreadableError
    for operator, tests in operators.items():
        if not isinstance(tests, dict):
            raise _UnreadableError
        for key, expected in tests.items():
            yield operator.lower(), key.lower(), _texts(expected)


def _whose(key: str, value: str) -> str:
    """Return the account, organisation or network that a value stands for; empty when it stands for any."""
    if key in _BY_NETWORK:
        return bounded(value, 64) if _is_a_network(value) else ""
    pattern = _ORGANISATION if key in _BY_ORGANISATION else _ACCOUNT_OF_ARN if key in _BY_ARN else _ACCOUNT
    found = pattern.fullmatch(value)
    return found[1] if found else ""


def _is_a_network(value: str) -> bool:
    if value.startswith(("vpc-", "vpce-")):
        return not set(value) & {"*", "?"}
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return False
    # Wider than a whole provider's block is the internet in pieces.
    return network.prefixlen >= (8 if network.version == 4 else 16)


def _texts(value: object) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(each, (list, dict)) for each in texts):
        raise _UnreadableError
    return [str(each) for each in texts]  # a condition may compare with true, or with a number


CHECK = Check(
    id="identity.policy",
    scope=Scope.IDENTITY,
    title="Only those who should may send as the identity",
    needs=frozenset({"ses:GetEmailIdentity"}),
    diagnoses=(POLICY_OPEN, POLICY_FOREIGN_ACCOUNT),
    evaluate=evaluate,
)
