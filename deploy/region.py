"""Deploys regional.yaml to one more region, with what the home stack says of itself: make deploy-region REGION=..."""  # noqa: INP001 - a program of its own

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

ROOT = Path(__file__).resolve().parents[1]
SAM = ROOT / ".venvs/sam/bin/sam"
REGION = re.compile(r"^[a-z]{2,4}(-[a-z]+)+-\d+$")
STACK = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,118}$")
"""128 characters with `-regional` behind."""
NEEDED = "FeedbackQueueArn"
CLOUDTRAIL = "CloudTrailRejections"
"""An output of the home stack, and a parameter of the other; older home stacks do not have it."""


class CannotDeployError(Exception):
    """What is in the way, and what to do about it."""


def main(arguments: Sequence[str]) -> int:
    """Deploy, and return SAM's exit status; 1 where it does not come to that, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="make deploy-region", description=__doc__)
    parser.add_argument("--region", default="")
    parser.add_argument("--stack", default="")
    parser.add_argument("--home", default="", help="region of the home stack")
    asked = parser.parse_args(arguments)
    stack = asked.stack or "ses-monitor"
    try:
        check_names(asked.region, stack, asked.home)
        home = home_region(asked.home, asked.region, ROOT / "samconfig.toml")
        outputs = home_outputs(stack, home)
    except CannotDeployError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    command = sam_command(stack, home, outputs[NEEDED], asked.region, cloudtrail=outputs.get(CLOUDTRAIL) == "on")
    status = subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - our own SAM, a list of arguments that were checked
    if status == 0:
        sys.stdout.write(f"\nNext, let SES publish there: .venv/bin/ses-monitor enroll --region {asked.region}\n")
    return status


def check_names(region: str, stack: str, home: str) -> None:
    """Refuse what can be no region and no stack, before anybody is asked."""
    if not REGION.match(region):
        raise CannotDeployError(f"{region!r} is no AWS region. Like so: make deploy-region REGION=eu-central-1")
    if home and not REGION.match(home):
        raise CannotDeployError(f"{home!r} is no AWS region. Like so: HOME_REGION=eu-west-1")
    if not STACK.match(stack):
        raise CannotDeployError(f"{stack!r} is no name of a stack (letters, digits, hyphens; 119 at most)")


def home_region(named: str, added: str, samconfig: Path) -> str:
    """Return where the home stack is: as named, as `make deploy` noted it, or the default of the credentials."""
    try:
        noted = tomllib.loads(samconfig.read_text(encoding="utf-8"))["default"]["deploy"]["parameters"]["region"]
    except (OSError, KeyError, TypeError, ValueError):
        noted = ""
    try:
        home = named or str(noted) or boto3.Session().region_name
    except BotoCoreError as error:
        raise CannotDeployError(str(error)) from error
    if not home:
        raise CannotDeployError("Where is the stack itself? Name its region too: HOME_REGION=eu-west-1")
    if home == added:
        raise CannotDeployError(
            f"{home} is the home region: its topic is there already. Name another one; or, if the stack itself is"
            " elsewhere, say where: HOME_REGION=eu-west-1"
        )
    return home


def home_outputs(stack: str, home: str) -> Mapping[str, str]:
    """Return the outputs of the home stack; the feedback queue's ARN is among them."""
    try:
        client: CloudFormationClient = boto3.client("cloudformation", region_name=home)
        found = client.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        said = error.response.get("Error", {})
        if said.get("Code") == "ValidationError":
            raise CannotDeployError(
                f"There is no stack {stack} in {home}. Deploy it first (make deploy), or say where it is:"
                " make deploy-region REGION=... STACK=name HOME_REGION=eu-west-1"
            ) from error
        raise CannotDeployError(f"CloudFormation in {home}: {said.get('Code')}: {said.get('Message')}") from error
    except BotoCoreError as error:
        raise CannotDeployError(
            f"{error}. Sign in (aws configure, aws sso login), or: AWS_PROFILE=name make deploy-region REGION=..."
        ) from error
    outputs = {each.get("OutputKey", ""): each.get("OutputValue", "") for each in found[0].get("Outputs", [])}
    if not outputs.get(NEEDED):
        raise CannotDeployError(
            f"The stack {stack} in {home} has no output {NEEDED}: it is older than this, or none of ses-monitor."
            " Bring it up to date first: make deploy"
        )
    return outputs


def sam_command(stack: str, home: str, queue: str, region: str, *, cloudtrail: bool = False) -> list[str]:
    """Return the command that deploys the stack of one more region; it asks nothing."""
    return [
        *(str(SAM), "deploy", "--template-file", str(ROOT / "regional.yaml"), "--config-env", "regional"),
        *("--stack-name", f"{stack}-regional", "--region", region, "--capabilities", "CAPABILITY_IAM"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        *("--parameter-overrides", f"HomeStackName={stack}", f"HomeRegion={home}", f"HomeQueueArn={queue}"),
        f"{CLOUDTRAIL}={'on' if cloudtrail else 'off'}",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
