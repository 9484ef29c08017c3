"""Decides as IAM does whether a resource's policy lets somebody in: of IAM what the two templates use, and no more.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

ACCOUNT, REGION, PARTITION = "111122223333", "eu-west-1", "aws"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": PARTITION,
    "AWS::StackName": "ses-monitor",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an AWS service on behalf of `source`, an account's principal (an ARN), or nobody known (empty)."""

    service: str = ""
    principal: str = ""
    source_arn: str = ""
    source_account: str = ""

    def keys(self) -> dict[str, str]:
        """The condition keys that AWS fills in, by their names in lower case."""
        known = {"aws:sourcearn": self.source_arn, "aws:sourceaccount": self.source_account}
        return {name: value for name, value in known.items() if value}


def arn_of(kind: str, name: str) -> str:
    """The ARN that a resource of the template would have."""
    service = {"AWS::SNS::Topic": "sns", "AWS::SQS::Queue": "sqs", "AWS::Lambda::Function": "lambda"}.get(kind, "other")
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{name}"


def resolve(value: Any, resources: Mapping[str, Mapping[str, Any]]) -> Any:
    """Put strings in place of CloudFormation's functions. Conditions take their first branch: the widest here."""
    if isinstance(value, list):
        return [resolve(each, resources) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((function, argument),) = value.items()
        match function:
            case "Ref" if argument in PSEUDO:
                return PSEUDO[argument]
            case "Ref":
                return arn_of(resources[argument]["Type"], argument) if argument in resources else argument
            case "GetAtt":
                return arn_of(resources[argument[0]]["Type"], argument[0])
            case "Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda found: PSEUDO.get(found[1], found[1]), argument)
            case "If":
                return resolve(argument[1], resources)
            case _:
                pass
    return {key: resolve(each, resources) for key, each in value.items()}


def admits(statements: list[dict[str, Any]], caller: Caller, action: str, resource: str) -> bool:
    """Tell whether one of the (resolved) statements allows it and none denies it."""
    applying = [each["Effect"] for each in statements if _applies(each, caller, action, resource)]
    return "Allow" in applying and "Deny" not in applying


def _applies(statement: dict[str, Any], caller: Caller, action: str, resource: str) -> bool:
    assert set(statement) <= {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}, "not understood here"
    return (
        _is(statement["Principal"], caller)
        and any(fnmatchcase(action.lower(), each.lower()) for each in _list(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in _list(statement["Resource"]))
        and _holds(statement.get("Condition", {}), caller.keys())
    )


def _is(principal: Any, caller: Caller) -> bool:
    if principal == "*":
        return True
    if not set(principal) <= {"Service", "AWS"}:
        raise AssertionError(f"a principal of a kind that is not understood here: {principal}")
    accounts = _list(principal.get("AWS", []))
    mine = caller.principal.split(":")[4] if caller.principal else ""
    return (
        (bool(caller.service) and caller.service in _list(principal.get("Service", [])))
        or "*" in accounts
        or (bool(mine) and any(each in {caller.principal, mine, f"arn:aws:iam::{mine}:root"} for each in accounts))
    )


def _holds(condition: dict[str, Any], keys: dict[str, str]) -> bool:
    for operator, tests in condition.items():
        compare = {
            "StringEquals": lambda value, wanted: value == wanted,
            "ArnEquals": fnmatchcase,
            "ArnLike": fnmatchcase,
        }[operator]
        for key, wanted in tests.items():
            value = keys.get(key.lower())
            if value is None or not any(compare(value, each) for each in _list(wanted)):
                return False
    return True


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
