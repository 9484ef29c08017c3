"""`explain` says why SES refused a mail, from one text or from a whole log, and asks nobody."""

import io
import json
import re
import subprocess
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.rejection import Facts, KnownIdentity
from ses_monitor.rejections import scan as scanning
from ses_monitor.store.rejection_facts import RejectionFacts
from ses_monitor_cli.main import app
from tests.build import NOW, sandbox
from tests.cli import stack, test_docs
from tests.cli.conftest import Run, is_to_paste
from tests.cli.test_process import COMMAND

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
Ask = Callable[..., Result]
FIELDS = [
    "schema", "tag", "code", "enhanced_code", "cause", "remediation", "retry", "region", "identities", "truncated",
    "confidence", "candidates", "needs", "text", "evidence",
]  # fmt: skip
UNVERIFIED = (
    "554 Message rejected: Email address is not verified. The following identities failed the check in region"
    " EU-WEST-1: orders@shop.example, Ada <ada@example.org>"
)
TOO_FAST = "454 Throttling failure: Maximum sending rate exceeded."
LOG = f"Nov 21 mail: started\r\n{UNVERIFIED}\r\nGET / 200\n\x1b[31m{TOO_FAST}\x1b[0m\n250 Ok 0102019a\nlast"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, nowhere: str) -> Ask:
    """Ask in plain text, without credentials and with an AWS that nobody could reach."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)

    def ask(*arguments: str, given: str | bytes | None = None, columns: int = 80) -> Result:
        monkeypatch.setenv("COLUMNS", str(columns))
        return CliRunner().invoke(app, ["explain", *arguments], input=given, prog_name="ses-monitor")

    return ask


@pytest.fixture
def find(ask: Ask) -> Callable[..., dict[str, Any]]:
    """Return the document."""

    def find(*arguments: str, given: str | bytes | None = None) -> dict[str, Any]:
        result = ask(*arguments, "--json", given=given)
        assert (result.exit_code, result.stderr) == (0, "")
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    return find


@pytest.mark.parametrize("text", [UNVERIFIED, TOO_FAST, "250 Ok 0102019a9f3c7e10-1-000000", "hello", "550 go away"])
def test_the_document_has_exactly_the_fields_that_were_promised(find: Callable[..., Any], text: str) -> None:
    found = find(text)
    assert list(found) == FIELDS
    assert list(found["retry"]) == ["retryable", "after_seconds", "advice"]
    assert found["schema"] == 1


def test_an_unverified_identity_is_told_whole(find: Callable[..., Any]) -> None:
    found = find(UNVERIFIED)
    assert found["tag"] == "IDENTITY_UNVERIFIED"
    assert found["code"] == "554"
    assert found["region"] == "eu-west-1"
    assert found["identities"] == ["orders@shop.example", "ada@example.org"]
    assert found["truncated"] is False
    assert found["retry"]["retryable"] is False
    assert found["remediation"]
    assert found["candidates"]
    assert found["needs"]


def test_of_a_rate_it_says_when_to_try_again(find: Callable[..., Any], ask: Ask) -> None:
    found = find(TOO_FAST)
    assert found["tag"] == "SEND_RATE_EXCEEDED"
    assert found["retry"]["retryable"] is True
    assert found["retry"]["after_seconds"]
    assert found["enhanced_code"] is None
    assert found["region"] is None
    assert "Send it again?\n  Yes. Try again after 5, 10 and 30" in ask(TOO_FAST).stdout
    assert "Send it again?\n  No. " in ask(UNVERIFIED).stdout


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_standard_input_is_one_text(find: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    assert find(*arguments, given=f"Traceback:\n  File x\n{UNVERIFIED}\n")["tag"] == "IDENTITY_UNVERIFIED"
    assert find(*arguments, given=b"\xef\xbb\xbf" + TOO_FAST.encode())["tag"] == "SEND_RATE_EXCEEDED"


def test_what_is_not_known_is_an_answer_too(find: Callable[..., Any], ask: Ask) -> None:
    found = find("hello")
    assert found["tag"] == "UNRECOGNISED"
    assert found["cause"]
    assert "UNRECOGNISED" in ask("hello").stdout


def test_a_region_can_be_said_where_the_text_names_none(find: Callable[..., Any], ask: Ask) -> None:
    assert find(TOO_FAST, "--region", "us-east-1")["region"] == "us-east-1"
    assert find(UNVERIFIED, "--region", "us-east-1")["region"] == "eu-west-1"
    result = ask(TOO_FAST, "--region", "moon-1")
    assert result.exit_code == 2
    assert "not a region with SES" in " ".join(re.sub("[│╭╰─╯╮]", "", result.stderr).split())


@pytest.mark.parametrize("given", ["", " \n\t\r\n"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_nothing_is_no_text(ask: Ask, given: str, form: tuple[str, ...]) -> None:
    for result in (ask(*form, given=given), ask(given, *form)):
        assert (result.exit_code, result.stdout) == (2, "")
        assert "the text is empty" in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_log_is_no_text_and_the_sentence_says_what_to_do(ask: Ask) -> None:
    result = ask(given="x" * ((1 << 20) + 1))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Read a log with --scan" in result.stderr


@pytest.mark.parametrize("arguments", [("--scan",), ("--scan", "-"), ("--scan", "FILE"), ("FILE", "--scan")])
def test_a_log_gives_one_object_a_line(ask: Ask, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "log").write_bytes(LOG.encode())
    named = [str(tmp_path / "log") if each == "FILE" else each for each in arguments]
    result = ask(*named, "--json", given=LOG)
    assert (result.exit_code, result.stderr) == (0, "")
    found = [json.loads(row) for row in result.stdout.splitlines()]
    assert [(each["line"], each["tag"]) for each in found] == [(2, "IDENTITY_UNVERIFIED"), (4, "SEND_RATE_EXCEEDED")]
    assert all(list(each) == ["line", *FIELDS] for each in found)


def test_of_a_log_people_get_a_short_line_for_each_and_a_count(ask: Ask) -> None:
    result = ask("--scan", given=LOG)
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first.startswith("2: IDENTITY_UNVERIFIED  ")
    assert second.startswith("4: SEND_RATE_EXCEEDED  ")
    assert max(map(len, (first, second))) <= 80
    assert "standard input: 2 rejections (1 IDENTITY_UNVERIFIED, 1 SEND_RATE_EXCEEDED)" in result.stderr


@pytest.mark.parametrize("given", ["", "GET / 200\n250 Ok 0102019a\n"])
def test_a_log_without_a_rejection_is_no_trouble(ask: Ask, given: str) -> None:
    result = ask("--scan", given=given)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no rejection of SES in it" in result.stderr
    assert ask("--scan", "--json", given=given).output == ""


@pytest.mark.parametrize(
    ("name", "says"), [("missing.log", "No such file"), (".", "Is a directory"), ("a\x1b[2J\u202eb", "No such file")]
)
def test_a_log_that_cannot_be_opened_is_named(ask: Ask, tmp_path: Path, name: str, says: str) -> None:
    result = ask("--scan", str(tmp_path / name))
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert not CONTROL.search(result.stderr)


def test_a_log_that_stops_being_readable_is_not_called_read(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read1(size)

    monkeypatch.setattr(Path, "open", lambda *_: Broken(f"{UNVERIFIED}\nmore".encode()))
    result = ask("--scan", str(tmp_path / "log"))
    assert result.exit_code == 2
    assert result.stdout.startswith("1: IDENTITY_UNVERIFIED")
    assert "cannot be read: Input/output error" in result.stderr
    assert "1 rejection" not in result.stderr


def test_a_reader_that_goes_away_ends_the_scan_of_a_log_that_does_not_end() -> None:
    with subprocess.Popen(
        [COMMAND, "explain", "--scan"],
        env={"PATH": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(f"{UNVERIFIED}\n".encode())
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"1: IDENTITY_UNVERIFIED"), "it waits for the end of the log"
        process.stdout.close()
        process.stdin.write(f"{UNVERIFIED}\n".encode())
        process.stdin.flush()
        assert process.wait(timeout=60) == 0, "it waits for more, with nobody to tell"
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("explain_unverified.txt", UNVERIFIED),
        ("explain_rate.txt", TOO_FAST),
        ("explain_delivered.txt", "250 Ok 0102019a9f3c7e10-5b7d2c4e-8f61-4a0b-9c3d-2e1f0a9b8c7d-000000"),
        ("explain_unrecognised.txt", "554 5.7.9 no thanks"),
        (
            "explain_denied.txt",
            "An error occurred (AccessDenied) when calling the SendRawEmail operation: User"
            " `arn:aws:iam::111122223333:user/mailer' is not authorized to perform `ses:SendRawEmail' on resource"
            " `arn:aws:ses:eu-west-1:111122223333:identity/shop.example'",
        ),
    ],
)
def test_an_answer_looks_like_this(ask: Ask, golden: Callable[[str, str], None], name: str, text: str) -> None:
    golden(name, ask(text).stdout)


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("text", [UNVERIFIED, TOO_FAST, "hello"])
def test_prose_is_never_wider_than_the_terminal(ask: Ask, columns: int, text: str) -> None:
    for form in ((text,), ("--scan",)):
        for row in ask(*form, given=text, columns=columns).stdout.splitlines():
            assert is_to_paste(row) or "https://" in row or len(row) <= columns


HOSTILE = "[bold red]X[/] \x1b]0;owned\x07\x1b[2J :boom: \u202eevil \ud800\rFAKE  LINE "


@pytest.mark.parametrize(
    "text",
    [
        f"{UNVERIFIED}, {HOSTILE} <a@example.org>, '; rm -rf ~; '@example.org",
        f"{HOSTILE} {TOO_FAST} {HOSTILE}\nFAKE\n" + "A" * 5000,
        f"Configuration set <{HOSTILE}$(reboot)> does not exist.",
        HOSTILE,
    ],
)
def test_hostile_text_does_nothing_to_the_terminal(ask: Ask, text: str) -> None:
    given = text.encode("utf-8", errors="surrogatepass")
    for form in ((), ("--json",), ("--scan",), ("--scan", "--json")):
        result = ask(*form, given=given)
        assert result.exit_code == 0
        assert not CONTROL.search(result.output)
        assert not re.search(r"^FAKE", result.output, re.MULTILINE)
        assert "A" * 1000 not in result.output.replace("\n", "").replace(" ", "")


def test_a_text_longer_than_a_line_of_a_log_is_still_one_text(find: Callable[..., Any]) -> None:
    given = "at example.Mail.send(Mail.java:1)\n" * 3000 + UNVERIFIED
    assert len(given) > scanning.LONGEST_LINE
    assert find(given=given)["schema"] == 1


def test_the_examples_of_explain_are_real(run: Run) -> None:
    test_docs.check(run, "explain")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stack whose audits saw the sandbox in eu-west-1, and shop.example pending there and verified in us-east-1."""
    outputs = {"ses-monitor": {"TableName": stack.TABLE}, "unready": {}}
    with stack.CloudFormation(outputs) as url, mock_aws():
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        stack.make_table()
        stack.audit([sandbox()], NOW)
        yield


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """Answer for the table; return what was asked of it."""
    asked: list[tuple[str, tuple[str, ...]]] = []

    def facts(_: RejectionFacts, region: str, names: Collection[str]) -> Facts:
        asked.append((region, tuple(names)))
        return Facts(
            account=AccountFacts(NOW, production_access=False),
            asked=frozenset(names),
            identities=(
                KnownIdentity("shop.example", "eu-west-1", "PENDING"),
                KnownIdentity("shop.example", "us-east-1", "SUCCESS"),
            ),
            listed=frozenset({"eu-west-1", "us-east-1"}),
        )

    monkeypatch.setattr(RejectionFacts, "facts", facts)
    return asked


@pytest.mark.usefixtures("table", "known")
@pytest.mark.parametrize("option", [("--stack-name", "ses-monitor"), ("--table", stack.TABLE)])
def test_a_stack_s_table_decides_what_the_text_leaves_open(run: Run, option: tuple[str, str]) -> None:
    found = json.loads(run("explain", UNVERIFIED, *option, "--json").stdout)
    assert list(found) == FIELDS
    assert found["tag"] == "SENDER_PENDING"
    assert found["candidates"] == found["needs"] == []
    assert any("verified in us-east-1" in each for each in found["evidence"])
    shown = " ".join(run("explain", UNVERIFIED, *option).stdout.split())
    assert shown.startswith("SENDER_PENDING")
    assert "--stack-name NAME" not in shown


@pytest.mark.usefixtures("table")
def test_a_log_is_held_against_the_table_and_each_thing_is_asked_once(
    run: Run, tmp_path: Path, known: list[tuple[str, tuple[str, ...]]]
) -> None:
    log = tmp_path / "mail.log"
    log.write_text(f"{UNVERIFIED}\n" * 3 + f"{TOO_FAST}\n", encoding="utf-8")
    result = run("explain", "--scan", str(log), "--stack-name", "ses-monitor")
    assert [row.split()[1] for row in result.stdout.splitlines()] == ["SENDER_PENDING"] * 3 + ["SEND_RATE_EXCEEDED"]
    assert known == [("eu-west-1", ("orders@shop.example", "shop.example", "ada@example.org", "example.org"))]


@pytest.mark.usefixtures("table")
def test_what_the_audits_have_not_read_stays_open_also_with_a_table(run: Run) -> None:
    found = json.loads(run("explain", UNVERIFIED, "--stack-name", "ses-monitor", "--json").stdout)
    assert found["tag"] == "IDENTITY_UNVERIFIED"
    assert found["needs"]
    paused = "An error occurred (SendingPausedException) when calling the SendEmail operation: None"
    found = json.loads(run("explain", paused, "--region", "eu-west-1", "--table", stack.TABLE, "--json").stdout)
    assert found["tag"] == "CONFIGURATION_SET_PAUSED"


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--stack-name", "other"), 3, "--stack-region REGION"),
        (("--stack-name", "unready"), 3, "no output TableName"),
        (("--table", "other"), 3, "--stack-region REGION"),
        (("--stack-name", "a", "--table", "b"), 2, "give one of them"),
        (("--stack-region", "eu-west-1"), 2, "say which"),
        (("--table", "b", "--stack-region", "moon-1"), 2, "is not a region"),
    ],
)
def test_a_table_that_cannot_be_read_is_no_answer(run: Run, arguments: tuple[str, ...], status: int, says: str) -> None:
    result = run("explain", UNVERIFIED, *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert says in " ".join(re.sub("[│╭╰─╯╮]", "", result.stderr).split())


def test_without_a_table_people_hear_how_to_have_it_decided(ask: Ask) -> None:
    hint = "With --stack-name NAME"
    assert hint in " ".join(ask(UNVERIFIED).stdout.split())
    assert hint in ask("--scan", given=LOG).stderr
    assert hint not in ask(TOO_FAST).stdout
    assert hint not in ask("--scan", "--json", given=LOG).output
