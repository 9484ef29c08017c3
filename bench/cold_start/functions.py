"""What the built template says of its functions, as far as starting one needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simulator.embedded_aws.process import ACCOUNT_ID

REGION = "eu-west-1"
_REFERRED: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "ses-monitor-{name}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:ses-monitor-{{name}}",
    "AWS::SQS::Queue": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/ses-monitor-{{name}}",
}
"""What CloudFormation's Ref gives for a resource of each type."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what its service name calls it, its handler, its code, and what the template makes its settings."""

    name: str
    handler: str
    code: Path
    memory_mb: int
    timeout_s: int
    log_format: str
    variables: Mapping[str, str]

    @property
    def module(self) -> str:
        """The module that has the handler."""
        return self.handler.rpartition(".")[0]


def functions_of(template: Path, parameters: Mapping[str, str]) -> list[Function]:
    """Return the functions of a template that `sam build` made, deployed with `parameters`.

    Raises:
        ValueError: a variable's value is of a form that is not understood here.
    """
    document = yaml.safe_load(template.read_text(encoding="utf-8"))
    shared = document["Globals"]["Function"]
    found = []
    for resource in document["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        own = resource["Properties"]
        written = {**shared["Environment"]["Variables"], **own["Environment"]["Variables"]}
        variables = {key: _value(value, document, parameters) for key, value in written.items()}
        found.append(
            Function(
                name=variables["POWERTOOLS_SERVICE_NAME"],
                handler=own.get("Handler", shared["Handler"]),
                code=(template.parent / own["CodeUri"]).resolve(),
                memory_mb=own["MemorySize"],
                timeout_s=own["Timeout"],
                log_format=own["LoggingConfig"]["LogFormat"],
                variables=variables,
            )
        )
    return found


def layer_of(template: Path) -> Path:
    """Return the folder of the one layer, as it was built."""
    resources = yaml.safe_load(template.read_text(encoding="utf-8"))["Resources"].values()
    [layer] = [each for each in resources if each["Type"] == "AWS::Serverless::LayerVersion"]
    return (template.parent / str(layer["Properties"]["ContentUri"])).resolve()


def _value(written: Any, document: Mapping[str, Any], parameters: Mapping[str, str]) -> str:  # noqa: ANN401 - of YAML
    """Resolve the value of a variable; a parameter that is not given has its default."""
    if isinstance(written, str):
        return written
    name = str(written.get("Ref")) if isinstance(written, dict) else ""
    if name in document["Parameters"]:
        return str(parameters.get(name, document["Parameters"][name].get("Default", "")))
    kind = document["Resources"].get(name, {}).get("Type", "")
    if kind not in _REFERRED:
        msg = f"a variable is {written!r}: bench/cold_start/functions.py must learn what that is when it is deployed"
        raise ValueError(msg)
    return _REFERRED[kind].format(name=name)
