"""What cannot be looked at is said, in a sentence, and is never taken for an answer."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ses_monitor.audit import deadlines
from ses_monitor.core.observed import Blindness
from ses_monitor_cli import aws
from simulator.server import Simulator
from tests.cli.conftest import Run

ACCOUNT = {
    "ProductionAccessEnabled": True,
    "SendingEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 30.0},
    "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
}
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture
def stub() -> Iterator[str]:
    """An endpoint that knows `GetAccount` of SES v2 and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/v2/email/account"
            body = json.dumps(ACCOUNT if known else {"message": "no such thing"}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def sentence(stderr: str) -> str:
    """The one thing that was said."""
    assert stderr.startswith("ses-monitor: ")
    assert stderr.count("\n") == 1, "more than one line"
    assert "Traceback" not in stderr
    return stderr


def test_an_endpoint_for_ses_alone_is_enough(
    run: Run, monkeypatch: pytest.MonkeyPatch, stub: str, nowhere: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", stub)
    result = run("audit", "--json", "--no-dns")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert len(found["verdicts"]) == 33
    assert {each["verdict"] for each in found["verdicts"]} == {"DELIVERS"}
    assert found["findings"] == []
    unknown = {(each["region"], each["check"]) for each in found["unknown"]}
    assert {("eu-west-1", "account.reputation"), ("eu-west-1", "account.quota")} <= unknown
    assert ("eu-west-1", "region.coverage") in unknown, "nobody said that the regions could not be listed"


@pytest.mark.parametrize("missing", ["AWS_ENDPOINT_URL_SES", "AWS_ENDPOINT_URL_CLOUDWATCH", "AWS_ENDPOINT_URL_ACCOUNT"])
def test_a_missing_endpoint_blinds_what_needs_it_and_nothing_else(
    run: Run, monkeypatch: pytest.MonkeyPatch, healthy: Simulator, missing: str
) -> None:
    monkeypatch.delenv(missing)
    healthy.change("eu-west-1", account={"quota": {"max_24_hour": 10_000}})
    result = run("audit", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    verdicts = {each["region"]: each["verdict"] for each in found["verdicts"]}
    assert verdicts["eu-west-1"] == "DELIVERS"
    assert {each["region"] for each in found["unknown"]} >= {"eu-west-1"}


def test_endpoints_that_never_answer_cost_their_own_facts_only(
    run: Run, monkeypatch: pytest.MonkeyPatch, healthy: Simulator
) -> None:
    monkeypatch.setattr(deadlines, "DETAIL_SECONDS", 0.3)
    monkeypatch.setattr(deadlines, "LISTING_SECONDS", 0.3)
    healthy.change("eu-west-1", account={"quota": {"max_24_hour": 10_000}})
    for operation in ("ListRegions", "GetSendStatistics", "GetMetricData"):
        healthy.fault("*", operation, kind="hang")
    found = json.loads(run("audit", "--json").stdout)
    verdicts = {each["region"]: each["verdict"] for each in found["verdicts"]}
    assert verdicts["eu-west-1"] == "DELIVERS"
    assert len(verdicts) == 17, "opt-in regions that refuse the credentials are skipped"
    told = " ".join(each["reason"] for each in found["unknown"] if each["region"] == "eu-west-1")
    for action in ("account:ListRegions", "ses:GetSendStatistics", "cloudwatch:GetMetricData"):
        assert action in told


def test_a_region_that_hangs_is_unknown(run: Run, monkeypatch: pytest.MonkeyPatch, healthy: Simulator) -> None:
    monkeypatch.setattr(deadlines, "ACCOUNT_SECONDS", 0.3)
    healthy.fault("eu-west-1", "GetAccount", kind="hang")
    result = run("audit", "--region", "eu-west-1")
    assert result.exit_code == 3
    assert "no answer came in time" in sentence(result.stderr)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "expired"}, ("did not accept these credentials", "Sign in again")),
        ({"kind": "deny"}, ("may not look", "Allow ses:GetAccount to them", "service control policy")),
        ({"kind": "throttle"}, ("throttled",)),
        ({"kind": "error", "status": 503}, ("every answer was an error",)),
        ({"kind": "garbage"}, ("could not be read", "proxy")),
        ({"kind": "reset"}, ("no connection",)),
    ],
)
def test_where_nothing_can_be_read_one_sentence_says_why(
    run: Run, healthy: Simulator, fault: dict[str, Any], says: tuple[str, ...]
) -> None:
    healthy.fault("eu-west-1", **fault)
    result = run("audit", "--region", "eu-west-1")
    assert result.exit_code == 3
    assert result.stdout == ""
    for words in says:
        assert words in sentence(result.stderr)


def test_where_nothing_can_be_read_the_document_still_says_what_is_unknown(run: Run, healthy: Simulator) -> None:
    healthy.fault("eu-west-1", kind="deny")
    result = run("audit", "--region", "eu-west-1", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 3
    assert [each["verdict"] for each in found["verdicts"]] == ["UNKNOWN"]
    assert found["verdicts"][0]["causes"][0]["tag"] == ""
    assert found["findings"] == []
    assert {each["check"] for each in found["unknown"]} >= {"account.enforcement", "account.quota"}


def test_regions_that_fail_for_different_reasons_are_all_listed(run: Run, healthy: Simulator) -> None:
    healthy.fault("eu-west-1", kind="deny")
    healthy.fault("us-east-1", kind="error")
    result = run("audit", "--region", "eu-west-1", "--region", "us-east-1")
    assert result.exit_code == 3
    assert "denied" in result.stdout
    assert "failed on the side of AWS" in result.stdout


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_without_credentials_nothing_is_answered(
    run: Run, monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = run("audit", *form)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "aws sso login" in sentence(result.stderr)


@pytest.mark.parametrize(
    ("environment", "config", "says"),
    [
        ({"AWS_PROFILE": "nobody"}, "", "nobody"),
        ({"AWS_PROFILE": "half"}, "[profile half]\naws_access_key_id = AKID\n", "incomplete"),
        (
            {"AWS_PROFILE": "work"},
            "[profile work]\nsso_session = work\nsso_account_id = 111122223333\nsso_role_name = r\n"
            "[sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://example.com/start\n",
            "aws sso login",
        ),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "", "AWS_ENDPOINT_URL"),
    ],
)
def test_a_wrong_configuration_is_named(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment: dict[str, str],
    config: str,
    says: str,
) -> None:
    file = tmp_path / "config"
    file.write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    if "AWS_PROFILE" in environment:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = run("audit", "--region", "eu-west-1")
    assert result.exit_code == 3
    assert says in sentence(result.stderr)


def test_hostile_words_from_aws_do_nothing_to_the_terminal(run: Run, healthy: Simulator) -> None:
    hostile = "[bold red]X[/] \x1b]0;owned\x07\x1b[2J :boom: \u202eevil\r\nFAKE  LINE " + "A" * 5000
    healthy.change("eu-west-1", account={"enforcement": hostile})
    healthy.fault("us-east-1", kind="deny", message=hostile)
    result = run("audit", "--region", "eu-west-1", "--region", "us-east-1")
    assert "ENFORCEMENT_UNRECOGNISED" in result.stdout
    assert "[bold red]X[/]" in result.stdout
    assert ":boom:" in result.stdout
    for printed in (result.stdout, result.stderr):
        assert not CONTROL.search(printed)
    assert "A" * 1000 not in result.stdout.replace("\n", "").replace(" ", "")
    assert not re.search(r"^\s*FAKE  LINE", result.stdout, re.MULTILINE)

    document = run("audit", "--json", "--region", "eu-west-1").stdout
    assert not CONTROL.search(document)
    assert document.isascii()


@pytest.mark.parametrize(
    ("told", "allow"),
    [
        ("User: arn:aws:iam::1:user/jo is not authorized to perform: dynamodb:Query on resource: x", "dynamodb:Query"),
        ("ses:GetAccount in eu-west-1 is denied (AccessDenied: no)", "ses:GetAccount"),
        ("DescribeStacks: AccessDenied: no", "that action"),
        ("not authorized to perform: $(id) {action}", "that action"),
    ],
)
def test_the_action_that_was_denied_is_named(told: str, allow: str) -> None:
    assert aws.explained(Blindness.DENIED, told) == (
        f"these credentials may not look ({told}). Allow {allow} to them; docs/cli.md lists what each verb needs."
    )


@pytest.mark.usefixtures("healthy")
def test_a_bug_is_no_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("ses_monitor_cli.verbs.audit.answer", broken)
    result = run("audit", "--region", "eu-west-1")
    assert result.exit_code == 3
    assert "ZeroDivisionError" in result.stderr
    assert "bug" in result.stderr
