"""Runs bandit, pip-audit and checkov, each as a program, and reads its JSON. Nothing here judges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from security.findings import Finding

ROOT = Path(__file__).parents[1]
CODE = ("layers", "functions", "cli", "deploy", "simulator", "security")
TEMPLATES = ("template.yaml", "regional.yaml")
REQUIREMENTS = (*sorted(path.relative_to(ROOT) for path in ROOT.glob("requirements/*.txt")),)
SHIPPED = Path("layers/ses_monitor/requirements.txt")

KNOWN_TO_BE_BAD = "urllib3==1.24.1"
"""Has had known vulnerabilities since 2019 (CVE-2019-11324): who finds none in it has not looked."""
LONGEST = 600
"""Seconds for one run of a tool."""

Run = Callable[[Sequence[str], Mapping[str, str]], "subprocess.CompletedProcess[str]"]


class CouldNotLookError(Exception):
    """The tool did not run to its end, or could not reach what it needs; the text says why."""


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one of the tools of this Python's environment, with nobody's settings and nobody's AWS credentials."""
    program = Path(sys.executable).with_name(arguments[0])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BC_", "CKV_"))}
    try:
        return subprocess.run(
            [str(program), *arguments[1:]],
            cwd=ROOT,
            env={**kept, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CouldNotLookError(f"{arguments[0]} did not run: {error}") from error


def bandit(run: Run = run) -> list[Finding]:
    """Ask bandit about all that ships or starts programs: every severity, every confidence."""
    # Comments that silence it are not heard: `accepted.toml` is the one place.
    arguments = ["bandit", "--quiet", "--recursive", "--ignore-nosec", "--format", "json", *CODE]
    answer = _json(run(arguments, {}), {0, 1})
    if answer["errors"]:
        raise CouldNotLookError(f"bandit could not read {answer['errors']}")
    return [
        Finding(
            "bandit",
            each["test_id"],
            each["filename"].removeprefix("./"),
            f"{each['issue_text']} ({each['issue_severity'].lower()})",
            each["line_number"],
        )
        for each in answer["results"]
    ]


def checkov(run: Run = run) -> list[Finding]:
    """Ask checkov about both templates, with all its own checks."""
    files = [argument for name in TEMPLATES for argument in ("--file", name)]
    # Without the last it asks Prisma Cloud for guidelines. Its settings lie in the home directory.
    arguments = ["checkov", *files, "--framework", "cloudformation", "--output", "json", "--quiet", "--skip-download"]
    with tempfile.TemporaryDirectory() as home:
        reports = _json(run(arguments, {"HOME": home}), {0, 1})
    found = []
    for report in reports if isinstance(reports, list) else [reports]:
        # Of no resource at all it gives figures only.
        if not report.get("summary", report).get("passed") or report["summary"]["parsing_errors"]:
            raise CouldNotLookError(f"checkov could not read the templates: {report.get('summary', report)}")
        if report["results"].get("skipped_checks"):
            raise CouldNotLookError("a comment or metadata of a template silences checkov: use security/accepted.toml")
        found += [
            Finding(
                "checkov",
                each["check_id"],
                f"{each['file_path'].lstrip('/')}:{each['resource'].split('.', 1)[-1]}",
                each["check_name"],
                each["file_line_range"][0],
            )
            for each in report["results"]["failed_checks"]
        ]
    return found


def pip_audit(run: Run = run) -> list[Finding]:
    """Ask pip-audit about every pinned distribution: what Lambda gets, and what developers and CI run.

    Raises:
        CouldNotLookError: the data cannot be reached. pip-audit itself then often says that nothing is known of any.
    """
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "known-to-be-bad.txt"
        probe.write_text(KNOWN_TO_BE_BAD + "\n", encoding="utf-8")
        if not any(each.get("vulns") for each in _audited(probe, run)):
            raise CouldNotLookError(
                f"the vulnerability data of https://pypi.org are out of reach: of {KNOWN_TO_BE_BAD} they tell nothing"
            )
    found: list[Finding] = []
    for path in (SHIPPED, *REQUIREMENTS):
        audited = _audited(path, run)
        unseen = sorted(each["name"] for each in audited if "skip_reason" in each)
        if unseen:
            raise CouldNotLookError(f"of {len(unseen)} distributions of {path} nothing is known: {', '.join(unseen)}")
        found += [
            Finding(
                "pip-audit",
                vulnerability["id"],
                f"{path}:{each['name']}=={each['version']}",
                f"mended in {', '.join(vulnerability['fix_versions']) or 'no version'}",
            )
            for each in audited
            for vulnerability in each["vulns"]
        ]
    return found


def _audited(requirements: Path, run: Run) -> list[dict[str, Any]]:
    arguments = ["pip-audit", "--disable-pip", "--no-deps", "--progress-spinner", "off", "--timeout", "15"]
    answer = _json(run([*arguments, "--format", "json", "--requirement", str(requirements)], {}), {0, 1})
    dependencies: list[dict[str, Any]] = answer["dependencies"]
    return dependencies


def _json(done: subprocess.CompletedProcess[str], expected: set[int]) -> Any:  # noqa: ANN401 - any JSON
    name = Path(done.args[0]).name if isinstance(done.args, list) else "the tool"
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = None
    if answer is None or done.returncode not in expected:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CouldNotLookError(f"{name} ended with status {done.returncode}: {' '.join(last)[:300]}")
    return answer
