"""The directions of imports, and what each part of the house may know of the world."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "layers" / "ses_monitor" / "ses_monitor"
FUNCTIONS = ROOT / "functions"

# Which part of the package may import which. What is not here does not exist.
MAY_IMPORT = {
    "core": {"core"},
    "checks": {"core", "rejections", "checks"},
    "collect": {"core", "collect"},
    "store": {"core", "store"},
    "alerts": {"core", "store", "alerts"},
    "rejections": {"core", "rejections"},
    "feedback": {"core", "checks", "rejections", "feedback"},
    "audit": {"core", "checks", "collect", "feedback", "audit"},
    "settings": {"settings"},
    "starting": {"starting"},
}
# Beyond the standard library. Whoever is not here needs nothing beyond it. (urllib3 comes with botocore.)
MAY_USE = {
    "collect": {"boto3", "botocore", "dns"},
    "store": {"boto3", "botocore"},
    "alerts": {"boto3", "botocore", "aws_lambda_powertools", "urllib3"},
    "audit": {"aws_lambda_powertools"},
}
# What a pure function has no business with: a clock, the environment, the disk, the network, chance.
IMPURE = {
    "time",
    "os",
    "pathlib",
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "random",
    "secrets",
    "subprocess",
    "threading",
    "asyncio",
    "logging",
    "io",
}
CLOCKS = {"now", "utcnow", "today"}
NEVER_SHIPPED = {
    "simulator",
    "tests",
    "docs",
    "ses_monitor_cli",
    "moto",
    "pytest",
    "hypothesis",
    "slack_sdk",
    "ministack",
    "rich",
    "typer",
    "yaml",
}

MODULES = sorted(PACKAGE.rglob("*.py"))
HANDLERS = sorted(FUNCTIONS.glob("*/app.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


each_module = pytest.mark.parametrize("path", MODULES, ids=name_of)
each_handler = pytest.mark.parametrize("path", HANDLERS, ids=name_of)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """Yield each imported name, dotted; what is only for type checkers does not count."""
    pending: list[ast.AST] = [tree_of(path)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending += ast.iter_child_nodes(node)


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def top(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def is_foreign(name: str) -> bool:
    return top(name) not in sys.stdlib_module_names and top(name) != "ses_monitor"


def is_ours(node: ast.ImportFrom) -> bool:
    return top(node.module or "") == "ses_monitor"


def part_imported(name: str) -> str:
    return name.split(".")[1]


def test_there_is_something_to_look_at() -> None:
    assert {part_of(path) for path in MODULES} - {"__init__"} == set(MAY_IMPORT)
    assert {path.parent.name for path in HANDLERS} >= {"audit_accounts", "publish_alerts", "deliver_slack"}


@each_module
def test_a_part_imports_only_what_lies_in_its_direction(path: Path) -> None:
    part = part_of(path)
    ours = {part_imported(name) for name in imports(path) if top(name) == "ses_monitor"}
    assert ours <= MAY_IMPORT.get(part, set())


@each_module
def test_a_part_uses_only_the_libraries_that_are_its_business(path: Path) -> None:
    used = {top(name) for name in imports(path) if is_foreign(name)}
    assert used <= MAY_USE.get(part_of(path), set())


@pytest.mark.parametrize(
    "path", [path for path in MODULES if part_of(path) in {"core", "checks", "rejections"}], ids=name_of
)
def test_core_and_checks_are_pure(path: Path) -> None:
    used = set(imports(path))
    assert not {top(name) for name in used} & {"boto3", "botocore", "dns"}
    assert not {name for name in used if {name, top(name), name.rpartition(".")[0]} & IMPURE}
    asked = {node.attr for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)}
    assert not asked & CLOCKS, "the snapshot says when it is"


@pytest.mark.parametrize("path", [*MODULES, *HANDLERS], ids=name_of)
def test_nothing_that_ships_imports_what_does_not(path: Path) -> None:
    assert not {top(name) for name in imports(path)} & NEVER_SHIPPED


@each_handler
def test_a_handler_is_short_wiring_over_the_layer(path: Path) -> None:
    used = {top(name) for name in imports(path) if is_foreign(name)}
    assert used <= {"aws_lambda_powertools", "boto3", "botocore"}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
    entries = {"plan", "audit"} if path.parent.name == "audit_identities" else {"handler"}
    assert entries <= {node.name for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}


@each_handler
def test_a_function_imports_starting_first_of_ours_and_says_when_all_is_there(path: Path) -> None:
    ours = [node for node in tree_of(path).body if isinstance(node, ast.ImportFrom) and is_ours(node)]
    assert ast.unparse(ours[0]) == "from ses_monitor import settings, starting", "garbage is looked for while it starts"
    body = [ast.unparse(node) for node in tree_of(path).body if not isinstance(node, ast.FunctionDef)]
    assert body[-1] == "starting.done()", "garbage is never looked for again"


def test_functions_are_no_packages() -> None:
    assert not list(FUNCTIONS.rglob("__init__.py")), "files called app.py live side by side only without it"


@pytest.mark.parametrize("path", [*MODULES, *HANDLERS], ids=name_of)
def test_what_runs_in_lambda_neither_prints_nor_swallows(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        assert not (isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "breakpoint", "eval", "exec"})
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, "a bare except"
            assert not all(isinstance(each, ast.Pass) for each in node.body), "an error that nobody hears of"


@pytest.mark.parametrize("path", sorted((ROOT / "simulator").rglob("*.py")), ids=name_of)
def test_the_simulator_knows_the_world_and_not_the_monitor(path: Path) -> None:
    if "demo" not in path.relative_to(ROOT).as_posix():
        assert "ses_monitor" not in {top(name) for name in imports(path)}
