"""Secrets lie in SSM and in the function's memory, and nowhere else: no environment, log line, metric, error or repr."""

from __future__ import annotations

import copy
import importlib
import io
import json
import logging
import pickle
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor import settings
from ses_monitor.alerts.slack import Webhook, WebhookError
from ses_monitor.collect.secret import RecipientKeyError, recipient_names
from ses_monitor.core.mailbox import HashedRecipients
from ses_monitor.settings import SettingsError
from simulator.chat.receiver import Chat, Scripted
from simulator.embedded_aws.process import free_port
from simulator.loopback import LoopbackServer
from tests.security.log_watch import CANARY, leaks
from tests.test_template import FUNCTIONS, TEMPLATE

ROOT = Path(__file__).parents[2]
TOKEN = f"{CANARY}token"
WEBHOOK_PATH = f"/services/T0CANARY/B0CANARY/{TOKEN}"
KEY = f"{CANARY}key of the recipients"

# --- The template -----------------------------------------------------------------------------------------------------

EVERYWHERE = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
LITERALS = re.compile(r"[a-z_-]{1,40}|INFO|[0-9]{1,6}")
"""What may stand in the template as it is: the name of a service, a level, a number."""
NAMES_A_SECRET = re.compile(r"secret|token|password|passphrase|webhook|key|credential", re.IGNORECASE)
IS_A_NAME = r"^$|^(/[A-Za-z0-9_.-]+)+$"


def environments(template: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each variable with its value, of every function."""
    yield from template["Globals"]["Function"]["Environment"]["Variables"].items()
    for resource in template["Resources"].values():
        yield from resource.get("Properties", {}).get("Environment", {}).get("Variables", {}).items()


def exposed(template: dict[str, Any]) -> list[str]:
    """Return the variables that hold a secret, or could: each is a name, a number, or refers to what is none."""
    found = []
    for variable, value in environments(template):
        if isinstance(value, dict):
            ((function, target),) = value.items()
            if function == "If":
                continue
            parameter = template["Parameters"].get(target) if isinstance(target, str) else None
            secret = NAMES_A_SECRET.search(f"{variable} {target}") is not None
            fine = function in {"Ref", "GetAtt"} and (
                not secret or (parameter is not None and parameter.get("AllowedPattern") == IS_A_NAME)
            )
        else:
            fine = LITERALS.fullmatch(str(value)) is not None and NAMES_A_SECRET.search(variable) is None
        if not fine or leaks(json.dumps(value)):
            found.append(variable)
    return found


def test_the_environment_holds_names_and_numbers() -> None:
    assert len(list(environments(TEMPLATE))) > 20
    assert exposed(TEMPLATE) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLACK_WEBHOOK", f"https://hooks.slack.com/services/T0/B0/{TOKEN}"),
        ("ENDPOINT", f"https://hooks.slack.com/services/T0/B0/{TOKEN}"),
        ("SLACK_BOT_TOKEN", "xoxb-1234-5678"),
        ("RECIPIENT_KEY", {"Ref": "TableName"}),
        ("PARAMETER", {"Ref": "SlackToken"}),
        ("SERVICE", {"Sub": "{{resolve:ssm-secure:/ses-monitor/slack-webhook}}"}),
        ("SERVICE", "{{resolve:secretsmanager:ses-monitor}}"),
        ("NOTE", KEY),
    ],
)
def test_a_secret_in_the_environment_would_be_seen(variable: str, value: Any) -> None:
    leaking = copy.deepcopy(TEMPLATE)
    leaking["Parameters"]["SlackToken"] = {"Type": "String", "NoEcho": True, "AllowedPattern": ".*"}
    function = next(iter(name for name in FUNCTIONS))
    leaking["Resources"][function]["Properties"]["Environment"]["Variables"][variable] = value
    assert exposed(leaking) == [variable]


def test_no_parameter_of_the_stack_takes_a_secret() -> None:
    for name, parameter in TEMPLATE["Parameters"].items():
        assert "NoEcho" not in parameter, "what must not be shown is a secret, and belongs into SSM"
        if NAMES_A_SECRET.search(name):
            assert parameter["AllowedPattern"] == IS_A_NAME
            assert parameter["Type"] == "String"


@pytest.mark.parametrize("path", ["template.yaml", "regional.yaml", "samconfig.toml"])
def test_no_secret_and_no_address_stands_in_what_is_deployed(path: str) -> None:
    text = (ROOT / path).read_text()
    assert leaks(text) == []
    assert not re.search(r"{{resolve:|AKIA[0-9A-Z]{16}|-----BEGIN", text)


# --- The webhook ------------------------------------------------------------------------------------------------------

APP = "functions.deliver_slack.app"
PARAMETER = "/ses-monitor/slack-webhook"
CONTEXT = SimpleNamespace(
    function_name="deliver-slack",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-central-1:111122223333:function:deliver-slack",
    aws_request_id="request-1",
)


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def url(chat: Chat) -> Iterator[str]:
    server = LoopbackServer(chat, name="chat")
    yield server.url + WEBHOOK_PATH
    server.close()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[ModuleType]:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
        "POWERTOOLS_SERVICE_NAME": "deliver_slack",
        # The most that an operator can have it say.
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "TABLE_NAME": "ses-monitor",
        "SLACK_WEBHOOK_PARAMETER": PARAMETER,
        "SLACK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/slack",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="ses-monitor",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        put(url)
        sys.modules.pop(APP, None)
        yield importlib.import_module(APP)
        sys.modules.pop(APP, None)


def put(value: str) -> None:
    boto3.client("ssm").put_parameter(Name=PARAMETER, Value=value, Type="SecureString", Overwrite=True)


def alert() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "events/sqs-alert-opened.json").read_text())
    return loaded


TROUBLES: dict[str, Any] = {
    "accepted": Scripted(),
    "rate limited": Scripted(429, retry_after=5),
    "down": Scripted(500),
    "revoked": Scripted(404),
    "forbidden": Scripted(403),
    "archived": Scripted(410),
    "refused": Scripted(400),
    "cut off": Scripted("reset"),
    "no scheme": f"hooks.slack.com/services/T0/B0/{TOKEN}",
    "no TLS": f"http://hooks.slack.com/services/T0/B0/{TOKEN}",
    "user and password": f"https://{TOKEN}:{TOKEN}@hooks.slack.com/services/",
    "no port": f"https://127.0.0.1:notaport/services/T0/B0/{TOKEN}",
    "nobody there": "http://127.0.0.1:{port}" + WEBHOOK_PATH,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_goes_wrong_with_slack_the_webhook_is_told_nowhere(
    app: ModuleType, chat: Chat, trouble: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    kind = TROUBLES[trouble]
    if isinstance(kind, Scripted):
        chat.script(kind, kind)
    else:
        put(kind.replace("{port}", str(free_port())))
    stream = io.StringIO()
    before = app.logger.registered_handler.setStream(stream)
    answer = app.handler(alert(), CONTEXT)
    app.logger.registered_handler.setStream(before)
    told = capsys.readouterr()
    said = stream.getvalue() + told.out + told.err + json.dumps(answer)
    assert stream.getvalue()
    # What other libraries log at DEBUG is the tests' own doing: the function's root logger is at WARNING.
    ours = [each for each in caplog.records if each.name.startswith(("ses_monitor", "botocore", "urllib3", "deliver"))]
    said += "".join(each.getMessage() for each in ours) + json.dumps([str(vars(each)) for each in ours])
    assert TOKEN not in said
    for item in boto3.client("dynamodb").scan(TableName="ses-monitor")["Items"]:
        assert TOKEN not in str(item)


@pytest.mark.parametrize("trouble", ["no scheme", "no TLS", "user and password", "no port"])
def test_a_webhook_that_cannot_be_used_is_not_in_the_error_or_its_causes(trouble: str) -> None:
    with pytest.raises(WebhookError) as refused:
        Webhook(TROUBLES[trouble])
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


def test_a_webhook_does_not_show_itself(url: str) -> None:
    webhook = Webhook(url)
    assert TOKEN not in f"{webhook!r} {webhook}"


def test_whoever_puts_the_webhook_itself_into_the_environment_does_not_find_it_in_the_error() -> None:
    secret = f"https://hooks.slack.com/services/T0/B0/{TOKEN}"
    names = {"TABLE_NAME": "table", "SLACK_QUEUE_URL": "https://sqs.example/q", "AWS_REGION": "eu-west-1"}
    for read, variable in (
        (settings.deliver_slack, "SLACK_WEBHOOK_PARAMETER"),
        (settings.ingest_feedback, "RECIPIENT_KEY_PARAMETER"),
    ):
        with pytest.raises(SettingsError, match=variable) as refused:
            read({**names, variable: secret})
        assert TOKEN not in "".join(traceback.format_exception(refused.value))


# --- The recipients' key ----------------------------------------------------------------------------------------------


class Ssm:
    """Holds one parameter."""

    def __init__(self, value: str, kind: str = "SecureString") -> None:
        self._parameter = {"Value": value, "Type": kind}

    def get_parameter(self, **_: Any) -> dict[str, Any]:
        return {"Parameter": self._parameter}


@pytest.mark.parametrize(("value", "kind"), [(KEY, "String"), (f"{CANARY}x", "SecureString")])
def test_a_key_that_is_no_use_is_not_in_the_error_or_its_causes(value: str, kind: str) -> None:
    client: Any = Ssm(value, kind)
    with pytest.raises(RecipientKeyError, match="/key") as refused:
        recipient_names(client, "/key")
    assert CANARY not in "".join(traceback.format_exception(refused.value))


def test_the_key_is_in_no_representation_and_no_hash_tells_it() -> None:
    names = HashedRecipients(KEY.encode())
    assert CANARY not in repr(names) + str(names)
    assert CANARY not in names.key("ada@example.org") + names.shown("ada@example.org")
    assert "ada" not in names.text("550 no such user <ada@example.org>")
    assert CANARY.encode() in pickle.dumps(names), "an object that is sent anywhere takes its key along: none is"
