"""What the benchmark of cold starts reads from the template, and that its yardstick makes the clients it must."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.cold_start import __main__ as cold_start
from bench.cold_start.code import RECORDER, unpacked, yardstick
from bench.cold_start.emulator import environment_of
from bench.cold_start.functions import Function, functions_of

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    # Without credentials a client looks for them in the network as soon as it is made.
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
CLIENTS: list[dict[str, Any]] = [
    {"service": "dynamodb", "region": None, "config": {"connect_timeout": 3, "retries": {"mode": "standard"}}},
    {"service": "sesv2", "region": "eu-west-3", "config": {}},
]


def template(folder: Path, **variables: Any) -> Path:
    own = {
        "CodeUri": "../functions/one",
        "MemorySize": 256,
        "Timeout": 60,
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": {"Ref": "Logs"}},
        "Environment": {"Variables": {"POWERTOOLS_SERVICE_NAME": "one", **variables}},
    }
    document = {
        "Globals": {"Function": {"Handler": "app.handler", "Environment": {"Variables": {"LEVEL": "INFO"}}}},
        "Parameters": {"Days": {"Type": "Number", "Default": 400}, "Secret": {"Type": "String", "Default": ""}},
        "Resources": {
            "Table": {"Type": "AWS::DynamoDB::Table"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Role": {"Type": "AWS::IAM::Role"},
            "One": {"Type": "AWS::Serverless::Function", "Properties": own},
        },
    }
    file = folder / "template.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def recorded(module: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-P", str(RECORDER), module],
        env={**ENVIRONMENT, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("plain", "plain"),
        ({"Ref": "Days"}, "400"),
        ({"Ref": "Secret"}, "/given"),
        ({"Ref": "Table"}, "ses-monitor-Table"),
        ({"Ref": "Queue"}, "https://sqs.eu-west-1.amazonaws.com/123456789012/ses-monitor-Queue"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-west-1:123456789012:ses-monitor-Topic"),
    ],
)
def test_a_variable_has_the_value_that_it_has_when_deployed(tmp_path: Path, written: object, value: str) -> None:
    [function] = functions_of(template(tmp_path, IT=written), {"Secret": "/given"})
    assert function.variables == {"LEVEL": "INFO", "POWERTOOLS_SERVICE_NAME": "one", "IT": value}
    assert (function.name, function.handler, function.memory_mb) == ("one", "app.handler", 256)
    assert function.code == (tmp_path / "../functions/one").resolve()


@pytest.mark.parametrize("written", [{"Ref": "Role"}, {"Ref": "Nothing"}, {"Fn::GetAtt": ["Table", "Arn"]}, 5])
def test_a_variable_of_another_form_is_named_rather_than_guessed(tmp_path: Path, written: object) -> None:
    with pytest.raises(ValueError, match="a variable is"):
        functions_of(template(tmp_path, IT=written), {})


def test_a_function_finds_its_own_variables_and_its_code_first(tmp_path: Path) -> None:
    [function] = functions_of(template(tmp_path), {})
    environment = environment_of(function, Path("/code"), [Path("/layer/python")], tmp_path)
    assert environment["PYTHONPATH"] == "/code:/layer/python"
    assert environment["POWERTOOLS_SERVICE_NAME"] == "one"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"


def test_the_yardstick_makes_exactly_the_clients_that_were_seen(tmp_path: Path) -> None:
    function = Function("one", "app.handler", tmp_path, 256, 60, "JSON", {})
    assert recorded("app", yardstick(function, CLIENTS, tmp_path / "bare")) == {"clients": CLIENTS, "reached_for": []}


def test_a_client_that_boto3_makes_is_seen_with_what_differs_from_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import boto3\nfrom botocore.config import Config\nboto3.client('sqs', config=Config(read_timeout=5))\n"
    )
    assert recorded("app", tmp_path)["clients"] == [{"service": "sqs", "region": None, "config": {"read_timeout": 5}}]


def test_a_module_that_calls_somebody_while_it_is_imported_is_seen(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import socket\nsocket.socket().connect_ex(('127.0.0.1', 9))\n")
    assert "127.0.0.1" in recorded("app", tmp_path)["reached_for"][0]


def test_a_layer_without_bytecode_is_measured_without(tmp_path: Path) -> None:
    (tmp_path / "built" / "python").mkdir(parents=True)
    (tmp_path / "built" / "python" / "one.py").write_text("")
    layer, bytecode = unpacked(tmp_path / "built", tmp_path / "layer")
    assert bytecode == "none in the layer: it was built without"
    assert not list(layer.rglob("*.pyc"))


def test_where_there_is_no_emulator_it_says_so_and_has_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_start, "binary", lambda: None)
    result = cold_start.measure()
    assert result.lines == ()
    assert "nothing was measured" in result.details["skipped"]
