"""Which AWS actions the code of each function can ask for, found in its syntax: from the handler on, by name.

The handler's module and all it imports of ours are read. What runs is what is reachable from the handler and from what
the modules do when imported: a function, a method or a class counts as reached when its name is used in anything that
is reached, whoever owns it. That may reach too much (a name that two classes share), never too little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers/ses_monitor"

SERVICES = {
    "account": "account",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ses": "ses",
    "sesv2": "ses",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "sts": "sts",
    "cloudformation": "cloudformation",
    "lambda": "lambda",
    "logs": "logs",
    "events": "events",
    "route53": "route53",
    "s3": "s3",
    "scheduler": "scheduler",
}
"""The services that the code may make clients of, and the prefix of their actions."""
# A transaction is granted by what it consists of.
IN_TRANSACTIONS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
THROUGH_POWERTOOLS = {"SSMProvider": "ssm:GetParameter"}
"""What a class of Powertools asks AWS for."""


@cache
def methods() -> dict[str, frozenset[str]]:
    """The actions that each method of boto3's clients asks for, by the method's name."""
    session = botocore.session.get_session()
    found: dict[str, set[str]] = {}
    for service, prefix in SERVICES.items():
        for operation in session.get_service_model(service).operation_names:
            found.setdefault(xform_name(operation), set()).add(f"{prefix}:{operation}")
    return {name: frozenset(actions) for name, actions in found.items()}


def module_path(name: str) -> Path | None:
    """The file of one of our modules, if `name` is one."""
    base = PACKAGE / name.replace(".", "/")
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def modules_of(handler: Path) -> dict[Path, ast.Module]:
    """The handler's module and all of ours that it imports, directly or not."""
    found: dict[Path, ast.Module] = {}
    pending = [handler]
    while pending:
        path = pending.pop()
        if path not in found:
            found[path] = ast.parse(path.read_text(encoding="utf-8"))
            pending += [each for name in _imported(found[path]) if (each := module_path(name)) is not None]
    return found


def _shallow(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs with `node` itself: not the bodies of what is defined in it."""
    pending = list(ast.iter_child_nodes(node))
    while pending:
        each = pending.pop()
        yield each
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += [*each.decorator_list, *each.args.defaults, *filter(None, each.args.kw_defaults)]
            continue
        pending += ast.iter_child_nodes(each)


def reached(handler: Path, entry: str, only_made: frozenset[str] = frozenset()) -> list[ast.AST]:
    """Everything that can run when `entry` of the handler's module does, its cold start included.

    Of the classes in `only_made` nothing runs but what makes them.
    """
    trees = modules_of(handler)
    defined: dict[str, list[ast.AST]] = {}
    for path, tree in trees.items():
        unused = {
            node
            for made in ast.walk(tree)
            if isinstance(made, ast.ClassDef) and made.name in only_made
            for node in made.body
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node in unused and node.name != "__init__":
                    continue
                # The other entry of the same file is another function of the stack.
                if path == handler and node.name != entry and node.name in {"plan", "audit", "handler"}:
                    continue
                defined.setdefault(node.name, []).append(node)
    # What Python calls by itself, once the class is used; whether it is is not asked.
    special = [node for name, nodes in defined.items() if name.startswith("__") for node in nodes]
    pending: list[ast.AST] = [*trees.values(), *defined[entry], *special]
    done: list[ast.AST] = []
    seen: set[int] = set()
    while pending:
        body = pending.pop()
        if id(body) in seen:
            continue
        seen.add(id(body))
        for node in ast.walk(body) if isinstance(body, ast.FunctionDef | ast.AsyncFunctionDef) else _shallow(body):
            done.append(node)
            if isinstance(node, ast.Name | ast.Attribute):
                pending += defined.get(node.id if isinstance(node, ast.Name) else node.attr, [])
    return done


def clients_of(nodes: list[ast.AST]) -> set[str]:
    """The services that clients are made of: `client("sqs")`, `_client("sesv2", …)`."""
    return {
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else "") in {"client", "_client"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def asked_for(handler: Path, entry: str = "handler", only_made: frozenset[str] = frozenset()) -> set[str]:
    """The actions that `entry` of the handler at `handler` can ask AWS for."""
    nodes = reached(handler, entry, only_made)
    prefixes = {SERVICES[service] for service in clients_of(nodes)}
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        # get_paginator("list_regions"), and methods that are handed on by name.
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in methods():
            names.add(node.value)
    asked = {action for name in names for action in methods().get(name, ()) if action.split(":")[0] in prefixes}
    if "dynamodb:TransactWriteItems" in asked:
        asked.discard("dynamodb:TransactWriteItems")
        keys = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        asked |= {action for key, action in IN_TRANSACTIONS.items() if key in keys}
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    return asked | {action for name, action in THROUGH_POWERTOOLS.items() if name in used}
