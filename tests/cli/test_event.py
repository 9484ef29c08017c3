"""`event` reads a message of SES in whatever it is wrapped, explains it, and asks nobody."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ses_monitor_cli.main import app
from tests.cli import test_docs
from tests.cli.conftest import Run, is_to_paste

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
PAYLOADS = ROOT / "tests" / "feedback" / "payloads"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
Ask = Callable[..., Result]

FIELDS = [
    "kind", "type", "format", "message_id", "feedback_id", "region", "account_id", "identity", "configuration_set",
    "source", "subject", "recipients", "bounce_type", "bounce_subtype", "counts_toward_bounce_rate", "occurred_at",
    "sent_at",
]  # fmt: skip
LAST_FIELDS = ["outcomes", "tags", "unknown"]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, nowhere: str) -> Ask:
    """Ask in plain text, without credentials and with an AWS that nobody could reach."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)

    def ask(*arguments: str, given: str | bytes | None = None, columns: int = 80) -> Result:
        monkeypatch.setenv("COLUMNS", str(columns))
        return CliRunner().invoke(app, ["event", *arguments], input=given, prog_name="ses-monitor")

    return ask


@pytest.fixture
def find(ask: Ask) -> Callable[..., dict[str, Any]]:
    """Return the document."""

    def find(*arguments: str, given: str | bytes | None = None) -> dict[str, Any]:
        result = ask(*arguments, "--json", given=given)
        assert result.exit_code == 0, result.stderr
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    return find


def payload(name: str) -> str:
    return str(PAYLOADS / f"{name}.json")


def bounce(**changes: Any) -> str:
    body = json.loads((PAYLOADS / "event_bounce.json").read_text(encoding="utf-8"))
    body["bounce"] |= changes
    return json.dumps(body)


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_every_payload_can_be_asked_about(ask: Ask, path: Path, form: tuple[str, ...]) -> None:
    result = ask(str(path), *form)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("event_bounce", ["reporting_mta", "remote_mta_ip"]),
        ("event_complaint", ["complaint_type", "complaint_subtype", "user_agent", "arrived_at"]),
        ("event_delivery", ["smtp_response", "seconds", "reporting_mta", "remote_mta_ip"]),
        ("event_send", []),
        ("event_reject", ["reject_reason"]),
        ("event_rendering_failure", ["template", "error", "attribute"]),
        ("event_delivery_delay", ["delay_type", "tried_until", "reporting_mta"]),
        ("event_open", ["ip_address", "user_agent", "link", "bot"]),
        ("event_click", ["ip_address", "user_agent", "link", "bot"]),
        ("event_subscription", ["contact_list", "preference_source", "unsubscribed_from_all"]),
        ("event_of_new_type", []),
    ],
)
def test_the_document_has_exactly_the_fields_that_were_promised(
    find: Callable[..., Any], name: str, own: list[str]
) -> None:
    found = find(payload(name))
    assert list(found) == ["schema", "events", "skipped", "unreadable"]
    assert found["schema"] == 1
    [event] = found["events"]
    assert list(event) == [*FIELDS, *own, *LAST_FIELDS] or set(event) == {*FIELDS, *own, *LAST_FIELDS}
    assert found["skipped"] == []
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").partition("\n## event\n")[2].partition("\n## ")[0]
    for field in own:
        assert f"`{field}`" in page


def test_a_bounce_is_told_whole(find: Callable[..., Any]) -> None:
    [event] = find(payload("sns_to_lambda"))["events"]
    assert event["kind"] == "Bounce"
    assert event["format"] == "event_publishing"
    assert event["recipients"] == ["ada@example.org"]
    assert (event["bounce_type"], event["bounce_subtype"], event["counts_toward_bounce_rate"]) == (
        "Permanent",
        "General",
        True,
    )
    assert (event["region"], event["identity"], event["configuration_set"]) == (
        "eu-west-1",
        "shop.example.com",
        "transactional",
    )
    assert (event["occurred_at"], event["sent_at"]) == ("2026-11-20T21:14:07.402Z", "2026-11-20T21:14:05.118Z")
    assert event["outcomes"] == [
        {
            "recipient": "ada@example.org",
            "status": "5.1.1",
            "action": "failed",
            "diagnostic": "smtp; 550 5.1.1 ada@example.org: no such mailbox here",
        }
    ]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("event_bounce", True),
        ("event_bounce_suppressed_globally", True),
        ("event_bounce_suppressed_by_account", False),
        ("event_bounce_mailbox_full", False),
        ("event_complaint", False),
        ("event_send", False),
    ],
)
def test_whether_it_counts_in_the_bounce_rate_is_said(
    find: Callable[..., Any], ask: Ask, name: str, counts: bool
) -> None:
    [event] = find(payload(name))["events"]
    assert event["counts_toward_bounce_rate"] is counts
    shown = " ".join(ask(payload(name)).stdout.split())
    assert ("It counts in the bounce rate" in shown) is counts


def test_what_a_message_does_not_tell_is_null(find: Callable[..., Any]) -> None:
    [event] = find(payload("identity_bounce_bare"))["events"]
    for field in (
        "feedback_id",
        "region",
        "identity",
        "configuration_set",
        "occurred_at",
        "sent_at",
        "source",
        "subject",
    ):
        assert event[field] is None
    assert event["outcomes"] == [{"recipient": "ada@example.org", "status": None, "action": None, "diagnostic": None}]


def test_what_aws_itself_says_stands_among_the_events(find: Callable[..., Any]) -> None:
    found = find(str(EVENTS / "sqs-feedback-eventbridge.json"))["events"]
    assert [(each["kind"], each["identity"], each.get("name"), each.get("holds")) for each in found] == [
        ("Bounce", "shop.example.com", None, None),
        ("Advisor Recommendation", "shop.example.com", "shop.example.com", True),
        ("Sending Status", None, "tenant/acme", True),
        ("AWS Health", None, "AWS_SES_CMF_PENDING_TO_SUCCESS", None),
    ]
    common = set(FIELDS) - {"account_id", "source", "subject", "sent_at"}
    assert [common - each.keys() for each in found] == [set()] * 4


def test_what_is_skipped_has_a_list_of_its_own(find: Callable[..., Any]) -> None:
    skipped = find(str(EVENTS / "sqs-feedback-control-messages.json"))["skipped"]
    assert [each["type"] for each in skipped] == [
        "validation",
        "AmazonSnsSubscriptionSucceeded",
        "SubscriptionConfirmation",
        "Received",
    ]
    assert all(tuple(each) == ("reason", "type") and each["reason"] for each in skipped)


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_standard_input_is_read_where_no_file_is_named(find: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    assert len(find(*arguments, given=f"{bounce()}\n{bounce()}\n")["events"]) == 2
    assert len(find(*arguments, given=b"\xef\xbb\xbf" + bounce().encode())["events"]) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "standard input is no message of SES: it is empty."),
        ("hello", "it is no JSON: Expecting value (line 1, column 1)."),
        (b"\xff\xfe\x00", "it is not UTF-8 text."),
        ("{}", "it has neither eventType nor notificationType."),
        ("[" * 100_000, "it is nested too deeply."),
        (bounce(bouncedRecipients=[{"emailAddress": "a@example.org"}, {"emailAddress": 4}]), "bounce.bouncedRecipients[1].emailAddress is a number."),
        (json.dumps({"Records": [{"body": "x"}]}), "it is no JSON"),
        (bounce(timestamp="\x1b[2J\u202e eve@example.org"), "e…@example.org"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_cannot_be_read_is_one_sentence_that_names_the_place(
    ask: Ask, given: str | bytes, says: str, form: tuple[str, ...]
) -> None:
    result = ask(*form, given=given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not CONTROL.search(result.stderr)


def test_of_several_messages_the_readable_ones_are_shown_and_the_others_named(ask: Ask) -> None:
    given = f"{bounce()}\n{bounce(timestamp='yesterday')}\n{bounce()}"
    for form in ((), ("--json",)):
        result = ask(*form, given=given)
        assert result.exit_code == 2
        assert result.stderr == (
            "ses-monitor: standard input is no message of SES: line 2: bounce.timestamp is 'yesterday', which is no time.\n"
        )
        assert result.stdout.count("message") >= 2
    found = json.loads(ask("--json", given=given).stdout)
    assert len(found["events"]) == 2
    assert found["unreadable"] == [{"reason": "line 2: bounce.timestamp is 'yesterday', which is no time"}]
    batch = ask(str(EVENTS / "sqs-feedback-unreadable.json"))
    assert batch.exit_code == 2
    assert "Records[0]: it is no JSON" in batch.stderr
    assert "Records[1]: bounce.bouncedRecipients[0].emailAddress is a number" in batch.stderr
    assert "Bounce Permanent General" in batch.stdout
    assert "and 20 more are none" in ask(given='{"eventType": 1}\n' * 30).stderr


@pytest.mark.parametrize(
    ("name", "says"), [("missing.json", "No such file"), (".", "Is a directory"), ("a\x1b[2J\u202eb", "No such file")]
)
def test_a_file_that_cannot_be_opened_is_named(ask: Ask, tmp_path: Path, name: str, says: str) -> None:
    result = ask(str(tmp_path / name))
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert not CONTROL.search(result.stderr)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("event_bounce.txt", (str(EVENTS / "sqs-feedback-bounce.json"),)),
        ("event_told_twice.txt", (str(EVENTS / "sqs-feedback-bounce-told-twice.json"),)),
        ("event_mixed.txt", (str(EVENTS / "sqs-feedback-mixed.json"),)),
        ("event_notices.txt", (str(EVENTS / "sqs-feedback-eventbridge.json"),)),
        ("event_of_tomorrow.txt", (payload("event_bounce_of_tomorrow"),)),
        ("event_bare.txt", (payload("identity_bounce_bare"),)),
    ],
)
def test_an_answer_looks_like_this(
    ask: Ask, golden: Callable[[str, str], None], name: str, arguments: tuple[str, ...]
) -> None:
    golden(name, ask(*arguments).stdout)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_prose_is_never_wider_than_the_terminal(ask: Ask, columns: int) -> None:
    for row in ask(str(EVENTS / "sqs-feedback-mixed.json"), columns=columns).stdout.splitlines():
        assert is_to_paste(row) or row.startswith("  message ") or len(row) <= columns


def test_hostile_text_does_nothing_to_the_terminal(ask: Ask) -> None:
    hostile = "[bold red]X[/] \x1b]0;owned\x07\x1b[2J :boom: \u202eevil \ud800\r\nFAKE  LINE " + "A" * 2000
    body = json.loads(bounce(bouncedRecipients=[{"emailAddress": hostile[:200], "diagnosticCode": hostile, "status": hostile}], bounceType=hostile, **{hostile: hostile}))  # fmt: skip
    body["mail"] |= {
        "source": hostile,
        "commonHeaders": {"subject": hostile},
        "messageId": hostile[:200],
        "tags": {hostile: [hostile]},
    }
    for form in ((), ("--json",)):
        result = ask(*form, given=json.dumps(body))
        assert result.exit_code == 0
        assert not CONTROL.search(result.stdout)
        assert not re.search(r"^FAKE", result.stdout, re.MULTILINE)
        assert "[bold red]X" in " ".join(result.stdout.split())
        assert "A" * 1300 not in result.stdout.replace("\n", "").replace(" ", "")


def test_of_very_many_events_and_recipients_some_are_shown_and_the_rest_counted(
    ask: Ask, find: Callable[..., Any]
) -> None:
    many = bounce(bouncedRecipients=[{"emailAddress": f"r{n}@example.org"} for n in range(50)])
    assert "and 40 more (--json has them)" in ask(given=many).stdout
    assert len(find(given=many)["events"][0]["recipients"]) == 50
    lines = "\n".join([bounce()] * 120)
    assert "and 70 more (--json has them)" in ask(given=lines).stdout
    assert len(find(given=lines)["events"]) == 120


def test_what_to_do_is_said_once_where_events_mean_the_same(ask: Ask) -> None:
    shown = ask(given=f"{bounce()}\n{bounce()}").stdout
    assert shown.count("1. Take the address off your lists") == 1
    assert shown.count("What to do: as above.") == 1


def test_the_examples_of_event_are_real(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    test_docs.check(run, "event")
