"""Builds the real template with SAM and deploys it to the embedded AWS, unmodified."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from simulator.embedded_aws.process import REPOSITORY, ROOT_KEY, EmbeddedAws, tail, without_aws

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient  # stubs: not there at run time

_BUILD_TIMEOUT_S = 600
_DEPLOY_TIMEOUT_S = 300
_MAKE_VARIABLES = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")


class DeployError(RuntimeError):
    """SAM failed; the text has the end of its output and, for a stack, the events that failed."""


def sam_build(repo: Path, build_dir: Path) -> Path:
    """Build `repo`/template.yaml into `build_dir`, reusing what is unchanged; returns the built template."""
    _sam(
        [
            "build",
            "--template-file",
            str(repo / "template.yaml"),
            "--build-dir",
            str(build_dir),
            "--cached",
            "--cache-dir",
            str(build_dir.with_name(build_dir.name + "-cache")),
            "--parallel",
        ],
        _environment(build_dir.with_name(build_dir.name + "-state"), {"AWS_DEFAULT_REGION": "eu-west-1"}),
        cwd=repo,
        timeout_s=_BUILD_TIMEOUT_S,
    )
    return build_dir / "template.yaml"


def sam_deploy(
    aws: EmbeddedAws,
    build_dir: Path,
    stack_name: str,
    parameters: Mapping[str, str],
    region: str | None = None,
    *,
    template: str = "template.yaml",
) -> dict[str, str]:
    """Deploy what `sam_build` built, in `region` or the default one; returns the stack's outputs.

    A `template` without functions needs no building: its directory may be the repository's own.
    """
    region = region or aws.region
    command = ["deploy", "--template-file", str(build_dir / template), "--stack-name", stack_name]
    command += ["--region", region, "--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-progressbar"]
    command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset"]
    if parameters:
        command += ["--parameter-overrides", *(override(name, value) for name, value in parameters.items())]
    # The home directory has no samconfig.toml: the one for real accounts does not apply here.
    environment = _environment(aws.home, {**aws.environment(), "SAM_CLI_POLL_DELAY": "0.5"})
    try:
        _sam(command, environment, cwd=aws.home, timeout_s=_DEPLOY_TIMEOUT_S)
    except DeployError as error:
        raise DeployError(f"{error}\n{failed_events(aws, stack_name, region)}") from error
    (stack,) = _cloudformation(aws, region).describe_stacks(StackName=stack_name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def override(name: str, value: str) -> str:
    """Write one parameter so that SAM reads back the same value, blanks, commas and quotes included.

    SAM takes the backslash off an escaped quote and leaves every other backslash as it is.
    """
    escaped = value.replace('"', '\\"')
    return f'{name}="{escaped}"'


def failed_events(aws: EmbeddedAws, stack_name: str, region: str) -> str:
    """What CloudFormation says went wrong, one line a resource; empty when it never got that far."""
    try:
        events = _cloudformation(aws, region).describe_stack_events(StackName=stack_name)["StackEvents"]
    except ClientError:  # no such stack
        return ""
    return "\n".join(
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in events
        if event.get("ResourceStatus", "").endswith("_FAILED")
    )


def _cloudformation(aws: EmbeddedAws, region: str) -> "CloudFormationClient":
    return boto3.client(
        "cloudformation",
        endpoint_url=aws.endpoint_url,
        region_name=region,
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
    )


def _environment(state: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """SAM's environment: nothing of the user's AWS, no telemetry, no look at PyPI for a newer SAM."""
    settings = state / "sam-cli"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time()}), encoding="utf-8")
    kept = {name: value for name, value in without_aws(os.environ).items() if name not in _MAKE_VARIABLES}
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(settings),
        "LAYER_PYTHON": str(REPOSITORY / ".venvs/sam/bin/python"),
        "NO_PROXY": "127.0.0.1,localhost",
        **variables,
    }


def _sam(arguments: Sequence[str], environment: Mapping[str, str], *, cwd: Path, timeout_s: float) -> None:
    sam = REPOSITORY / ".venvs/sam/bin/sam"
    if not sam.exists():
        raise DeployError(f"{sam} is missing: run `make venvs`")
    try:
        done = subprocess.run(
            [str(sam), *arguments],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeployError(f"sam {arguments[0]} took longer than {timeout_s:g} s") from error
    if done.returncode != 0:
        raise DeployError(f"sam {arguments[0]} failed:\n{tail(done.stdout, 40)}")
