"""Calls a deployed function and tells its failure from its answer."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from simulator.embedded_aws.process import ROOT_KEY, EmbeddedAws


class FunctionError(RuntimeError):
    """The function raised; the text has its error and the end of its log, `payload` what it answered."""

    def __init__(self, function_name: str, payload: object, log: str) -> None:
        super().__init__(f"{function_name} failed: {json.dumps(payload, indent=2)}\n{log}")
        self.payload = payload
        self.log = log


def invoke(aws: EmbeddedAws, function_name: str, event: Mapping[str, Any], region: str | None = None) -> Any:  # noqa: ANN401  a handler answers any JSON
    """Run the function once, in `region` or the default one, and return its parsed answer.

    Raises FunctionError when the function does. Never retries: one call is one invocation.
    """
    client = boto3.client(
        "lambda",
        endpoint_url=aws.endpoint_url,
        region_name=region or aws.region,
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120, proxies={}),
    )
    answer = client.invoke(FunctionName=function_name, Payload=json.dumps(event).encode(), LogType="Tail")
    text = answer["Payload"].read()
    payload = json.loads(text) if text else None
    if answer.get("FunctionError"):
        log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
        raise FunctionError(function_name, payload, log)
    return payload
