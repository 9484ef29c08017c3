"""`recipient` tells what happened to mail for one person, mail by mail, with what it means and what to do."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor.core.kept import Kept
from ses_monitor.core.mailbox import HashedRecipients, PlainRecipients, RecipientNames
from ses_monitor.feedback.classify import outcomes
from ses_monitor.feedback.parse import parse
from ses_monitor.store.feedback_ledger import FeedbackLedger
from ses_monitor_cli.timeline import answer, stories
from simulator import feedback
from simulator.feedback import Body, Mail
from tests.build import HOSTILE, NOW
from tests.cli import stack
from tests.cli.answering import Answering
from tests.cli.conftest import Run, is_to_paste
from tests.cli.test_docs import check

Golden = Callable[[str, str], None]
ADA = "ada@example.org"
SECRET = "0123456789abcdef0123456789abcdef"
PARAMETER = "/ses-monitor/recipient-key"
FIELDS = ["schema", "recipient", "mails", "answer"]
MAIL_FIELDS = ("message_id", "sent_at", "region", "identity", "configuration_set", "source", "subject", "events")
EVENT_FIELDS = (
    *("kind", "type", "format", "occurred_at", "feedback_id", "bounce_type", "bounce_subtype", "complaint_type"),
    *("complaint_subtype", "delay_type", "tried_until", "reject_reason", "template", "attribute", "error"),
    *(
        "contact_list",
        "unsubscribed_from_all",
        "status",
        "action",
        "diagnostic",
        "counted",
        "unknown",
        "meaning",
        "steps",
    ),
)


def mail(hours_ago: float, subject: str | None = "Your order is on its way", **facts: Any) -> Mail:
    sent_at = NOW - timedelta(hours=hours_ago)
    basis: dict[str, Any] = {
        "message_id": feedback.make_id("eu-west-1", sent_at, subject),
        "region": "eu-west-1",
        "identity": "shop.example.com",
        "source": "Example Shop <orders@shop.example.com>",
        "recipients": (ADA,),
        "sent_at": sent_at,
        "configuration_set": "transactional",
        "subject": subject,
    }
    return Mail(**basis | facts)


def store(*bodies: Body, names: RecipientNames | None = None) -> None:
    client = boto3.client("dynamodb", region_name=stack.HOME)
    ledger = FeedbackLedger(
        client, stack.TABLE, names or PlainRecipients(), event_days=90, history_days=400, clock=lambda: NOW
    )
    told = [each for body in bodies for event in parse(body) for each in outcomes(event)]  # type: ignore[arg-type] # mail only
    assert not ledger.record(told).failed


ORDER = mail(26)
NEWS = mail(3, "Winter sale", region="us-east-1", identity="news.example.com", configuration_set="newsletter")
AGAIN = mail(1, "Your order has arrived")
STORY = (
    feedback.delay(ORDER, ADA, ORDER.sent_at + timedelta(minutes=7), "SpamDetected"),
    feedback.bounce(ORDER, ADA, ORDER.sent_at + timedelta(hours=14), feedback.GENERAL_TRANSIENT),
    feedback.send(NEWS),
    feedback.delivery(NEWS, ADA, NEWS.sent_at + timedelta(seconds=2)),
    feedback.complaint(NEWS, ADA, NEWS.sent_at + timedelta(minutes=41)),
    feedback.bounce(AGAIN, ADA, AGAIN.sent_at + timedelta(seconds=1), feedback.ON_ACCOUNT_LIST),
)


class Ssm(Answering):
    """`GetParameter` on loopback: a value, or an error."""

    def __init__(self, value: str = SECRET, *, refuses: str = "", says: str = "", type: str = "SecureString") -> None:  # noqa: A002 - SSM's word
        answer: Mapping[str, Any] = {"Parameter": {"Name": PARAMETER, "Type": type, "Value": value}}
        status = 200
        if refuses:
            answer, status = {"__type": refuses, "Message": says, "message": says}, 400
        super().__init__(lambda _body, _headers: (status, json.dumps(answer)), "application/x-amz-json-1.1")


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Deploy a stack with an empty table."""
    running: list[stack.CloudFormation] = []

    def deploy(**outputs: str) -> None:
        made = stack.CloudFormation(
            {"ses-monitor": {"TableName": stack.TABLE, **outputs}}, parameters={"EventDays": "90"}
        )
        running.append(made)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", made.__enter__())
        stack.make_table()

    with mock_aws():
        yield deploy
    for each in running:
        each.__exit__()


@pytest.fixture
def plain(deploy: Callable[..., None]) -> None:
    deploy()


@pytest.fixture
def hashed(deploy: Callable[..., None]) -> None:
    deploy(RecipientKeyParameter=PARAMETER)


@pytest.mark.usefixtures("plain")
def test_what_happened_to_a_persons_mail_looks_like_this(run: Run, golden: Golden) -> None:
    store(*STORY)
    result = run("recipient", ADA)
    assert result.stderr == ""
    assert result.exit_code == 0
    golden("recipient.txt", result.stdout)


@pytest.mark.usefixtures("plain")
def test_a_person_without_trouble_is_told_of_in_a_few_lines(run: Run, golden: Golden) -> None:
    store(feedback.send(NEWS), feedback.delivery(NEWS, ADA, NOW))
    result = run("recipient", ADA)
    assert result.exit_code == 0
    golden("recipient_nothing.txt", result.stdout)


@pytest.mark.usefixtures("plain")
def test_the_document_has_exactly_the_fields_that_were_promised(run: Run) -> None:
    store(*STORY)
    result = run("recipient", ADA, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found) == FIELDS
    assert {tuple(each) for each in found["mails"]} == {MAIL_FIELDS}
    assert {tuple(event) for each in found["mails"] for event in each["events"]} == {EVENT_FIELDS}
    assert [each["subject"] for each in found["mails"]] == ["Your order has arrived", "Winter sale", ORDER.subject]
    assert [each["region"] for each in found["mails"]] == ["eu-west-1", "us-east-1", "eu-west-1"]
    (_, _, order) = found["mails"]
    assert [each["kind"] for each in order["events"]] == ["DeliveryDelay", "Bounce"]
    bounced = order["events"][1]
    assert (bounced["bounce_type"], bounced["bounce_subtype"], bounced["counted"]) == ("Transient", "General", False)
    assert bounced["occurred_at"] == "2026-05-11T22:00:00Z"


@pytest.mark.usefixtures("plain")
def test_the_examples_of_recipient_are_real(run: Run) -> None:
    store(*STORY[4:])
    check(run, "recipient")


@pytest.mark.usefixtures("plain")
def test_the_step_that_takes_an_address_off_the_list_names_region_and_address(run: Run) -> None:
    store(*STORY)
    command = "aws sesv2 delete-suppressed-destination --region eu-west-1 --email-address ada@example.org"
    assert f"       {command}\n" in run("recipient", ADA).stdout
    steps = json.loads(run("recipient", ADA, "--json").stdout)["mails"][0]["events"][0]["steps"]
    assert any(step.endswith(command) for step in steps)


LATE = feedback.delay(mail(1), ADA, NOW, expires=NOW + timedelta(hours=13))
WAS_LATE = feedback.delay(mail(20), ADA, NOW - timedelta(hours=19), expires=NOW - timedelta(hours=6))
MINUTES = timedelta(minutes=3)
M = mail(1)
ENDS: Mapping[str, tuple[Sequence[Body], str]] = {
    "no such user": ((feedback.bounce(M, ADA, NOW),), "did not arrive: the mailbox does not exist (5.1.1)."),
    "no email": (
        (feedback.bounce(M, ADA, NOW, feedback.NO_EMAIL),),
        "did not arrive: the mailbox does not exist (5.1.1).",
    ),
    "global list": (
        (feedback.bounce(M, ADA, NOW, feedback.SUPPRESSED_GLOBALLY),),
        "was not sent: the address is on SES's global suppression list.",
    ),
    "own list": (
        (feedback.bounce(M, ADA, NOW, feedback.ON_ACCOUNT_LIST),),
        "was not sent: the address is on the account's suppression list in eu-west-1.",
    ),
    "full": ((feedback.bounce(M, ADA, NOW, feedback.MAILBOX_FULL),), "did not arrive: the mailbox is full (5.2.2)."),
    "undetermined": (
        (feedback.bounce(M, ADA, NOW, feedback.UNDETERMINED),),
        "did not arrive: SES could not make out why.",
    ),
    "a new subtype": (
        (feedback.bounce(M, ADA, NOW, feedback.BounceKind("Permanent", "Moved", "5.1.6")),),
        "did not arrive: SES calls it Permanent, Moved (5.1.6).",
    ),
    "complaint": ((feedback.complaint(M, ADA, NOW),), "arrived, and the person or their provider called it spam."),
    "fraud": (
        (feedback.complaint(M, ADA, NOW, "fraud"),),
        "arrived, and the person or their provider called it fraud.",
    ),
    "not spam": (
        (feedback.complaint(M, ADA, NOW, "not-spam"),),
        "arrived; the person took it out of the spam folder.",
    ),
    "echo": (
        (feedback.complaint(M, ADA, NOW, None, subtype="OnAccountSuppressionList"),),
        "was not sent: an earlier complaint put the address on a suppression list.",
    ),
    "reject": ((feedback.reject(M),), "was not sent: SES refused it (Bad content)."),
    "rendering": (
        (feedback.rendering_failure(M, "order"),),
        "was not sent: SES could not fill in the template order.",
    ),
    "late": ((LATE,), "is late: SES tries until 12 May 2026, 23:00 UTC."),
    "was late": ((WAS_LATE,), "was late. No bounce is recorded."),
    "late, then bounced": (
        (feedback.delay(M, ADA, NOW + MINUTES), feedback.bounce(M, ADA, NOW, feedback.MAILBOX_FULL)),
        "did not arrive: the mailbox is full (5.2.2).",
    ),
    "unsubscribed": (
        (feedback.subscription(M, NOW),),
        "arrived, and the person unsubscribed from everything.",
    ),
    "new": (
        ({**feedback.reject(M), "eventType": "Quarantine"},),
        "met something this version does not know: Quarantine.",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_answer_says_what_became_of_the_last_mail(case: str) -> None:
    bodies, says = ENDS[case]
    kept = [
        Kept(each.id, each.event, each.recipient, ADA, each.counted)
        for body in (*STORY[:2], *bodies)
        for event in parse(body)
        for each in outcomes(event)  # type: ignore[arg-type] # mail only
    ]
    said = answer(stories(kept, ADA), NOW, "90 days")
    assert re.fullmatch(r"The last mail that anything is recorded of, sent [^:]*:\d\d UTC, .*", said)
    assert said.endswith(says)


@pytest.mark.parametrize(
    "spelling", ["ADA@Example.ORG", " ada@example.org ", "Ada Lovelace <ada@example.org>", "ada@example.org."]
)
@pytest.mark.usefixtures("plain")
def test_a_person_is_found_however_the_address_is_spelt(run: Run, spelling: str) -> None:
    store(feedback.bounce(M, f"Ada <{ADA.upper()}>", NOW))
    found = json.loads(run("recipient", spelling, "--json").stdout)
    assert found["recipient"] == ADA
    assert len(found["mails"]) == 1


@pytest.mark.usefixtures("plain")
def test_others_of_the_same_mail_are_not_told_of(run: Run) -> None:
    both = mail(1, recipients=(ADA, "bob@example.net"))
    store(feedback.bounce(both, both.recipients, NOW))
    assert "bob" not in run("recipient", ADA).stdout
    assert len(json.loads(run("recipient", "bob@example.net", "--json").stdout)["mails"]) == 1


@pytest.mark.usefixtures("hashed")
def test_a_person_whose_address_is_kept_hashed_is_found_by_the_stacks_key(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(*STORY[4:], names=HashedRecipients(SECRET.encode()))
    store(STORY[1])  # from before the key was set
    with Ssm(f"{SECRET}\n") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        result = run("recipient", ADA)
        found = json.loads(run("recipient", ADA, "--json").stdout)
    assert result.exit_code == 0
    assert len(found["mails"]) == 3
    assert "--email-address ada@example.org" in result.stdout, "the address is known to who asks"


@pytest.mark.usefixtures("hashed")
def test_the_key_may_be_named_where_no_stack_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store(STORY[4], names=HashedRecipients(SECRET.encode()))
    where = ("--table", stack.TABLE, "--region", stack.HOME)
    without = run("recipient", ADA, *where)
    assert "--recipient-key-parameter" in without.stdout, "that nothing was found may be for want of the key"
    with Ssm() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        result = run("recipient", ADA, *where, "--recipient-key-parameter", PARAMETER)
    assert "called it spam" in result.stdout


@pytest.mark.usefixtures("hashed")
@pytest.mark.parametrize(
    ("ssm", "says"),
    [
        (
            Ssm(
                refuses="AccessDeniedException",
                says="User: arn:aws:iam::111122223333:user/a is not authorized to perform: ssm:GetParameter",
            ),
            ("recipients are kept hashed", PARAMETER, "ssm:GetParameter", "kms:Decrypt"),
        ),
        (Ssm(refuses="ParameterNotFound"), (PARAMETER, "--recipient-key-parameter NAME")),
        (Ssm(refuses="ThrottlingException", says="Rate exceeded"), (PARAMETER, "throttled")),
        (Ssm("short"), (PARAMETER, "at least 16")),
        (Ssm(type="String"), (PARAMETER, "SecureString")),
    ],
    ids=["denied", "not there", "throttled", "short", "no secret"],
)
def test_without_the_key_nothing_is_claimed(
    run: Run, monkeypatch: pytest.MonkeyPatch, ssm: Ssm, says: tuple[str, ...]
) -> None:
    store(STORY[4], names=HashedRecipients(SECRET.encode()))
    with ssm as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        result = run("recipient", ADA)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for words in says:
        assert words in result.stderr


@pytest.mark.usefixtures("hashed")
def test_without_a_way_to_the_key_nothing_is_claimed(run: Run, monkeypatch: pytest.MonkeyPatch, nowhere: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", nowhere)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = run("recipient", ADA)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "no connection could be made" in result.stderr


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--table", "other"), "no table other"),
        (("--stack-name", "other"), "no stack other"),
    ],
)
def test_what_is_not_there_is_named(run: Run, arguments: Sequence[str], says: str) -> None:
    result = run("recipient", ADA, *arguments)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert says in result.stderr


@pytest.mark.usefixtures("plain")
def test_a_record_that_cannot_be_read_is_no_record_less(run: Run) -> None:
    store(*STORY)
    boto3.client("dynamodb", region_name=stack.HOME).put_item(
        TableName=stack.TABLE, Item={"pk": {"S": f"RECIPIENT#{ADA}"}, "sk": {"S": "2026"}, "kind": {"N": "7"}}
    )
    result = run("recipient", ADA)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "cannot read" in result.stderr


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ada", "no mail address"),
        ("example.org", "no mail address"),
        ("@example.org", "no mail address"),
        ("ada lovelace@example.org", "no mail address"),
        ("ada@example", "single label"),
        ("ada@", "is empty"),
        ("ada@exa mple.org", "mple.org"),
        ("a" * 320 + "@example.org", "320"),
        ("", "no mail address"),
        ("ada\x1b[31m@example.org", "no mail address"),
    ],
)
def test_what_is_no_address_is_bad_usage(run: Run, address: str, says: str) -> None:
    result = run("recipient", address)
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.replace("│", " ").split())
    assert "\x1b" not in result.stderr


@pytest.mark.usefixtures("plain")
def test_hostile_text_reaches_neither_terminal_nor_shell(run: Run) -> None:
    kind = feedback.BounceKind("Permanent", f"On{HOSTILE}", "5.1.1", f"smtp; {HOSTILE}")
    bad = mail(1, HOSTILE, source=f"{HOSTILE} <orders@shop.example.com>", configuration_set=HOSTILE)
    store(feedback.bounce(bad, ADA, NOW, kind), feedback.bounce(bad, ADA, NOW, feedback.ON_ACCOUNT_LIST))
    result = run("recipient", ADA)
    assert result.exit_code == 0, result.stderr
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", result.stdout)
    for row in result.stdout.splitlines():
        if row.strip().startswith("aws "):
            shlex.split(row)


@pytest.mark.parametrize("address", ["o'brien@example.org", "a$id@example.org", "`id`@example.org", "a&b@example.org"])
@pytest.mark.usefixtures("plain")
def test_an_address_is_one_word_of_the_command(run: Run, address: str) -> None:
    store(feedback.bounce(mail(1, recipients=(address,)), address, NOW, feedback.ON_ACCOUNT_LIST))
    rows = [row for row in run("recipient", address).stdout.splitlines() if "delete-suppressed-destination" in row]
    assert shlex.split(rows[0])[-1] == address


@pytest.mark.parametrize("columns", [60, 80, 110])
@pytest.mark.usefixtures("plain")
def test_no_line_of_prose_is_wider_than_the_terminal(run: Run, columns: int) -> None:
    store(*STORY, feedback.bounce(mail(2, "long " * 60), ADA, NOW, feedback.NO_SUCH_USER))
    for row in run("recipient", ADA, columns=columns).stdout.splitlines():
        assert is_to_paste(row) or row.startswith("  message ") or len(row) <= columns


@pytest.mark.usefixtures("plain")
def test_of_many_mails_the_last_are_shown_and_steps_are_said_once(run: Run) -> None:
    store(*(feedback.bounce(mail(hours, f"No. {hours}"), ADA, NOW) for hours in range(1, 31)))
    shown = run("recipient", ADA).stdout
    assert '"No. 1"' in shown
    assert '"No. 20"' in shown
    assert '"No. 21"' not in shown
    assert "and 10 earlier mails (--json has them)" in shown
    assert shown.count("Take the address off your lists") == 1
    assert len(json.loads(run("recipient", ADA, "--json").stdout)["mails"]) == 30


@pytest.mark.usefixtures("plain")
def test_what_has_expired_is_not_told_of(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store(*STORY)
    later: datetime = NOW + timedelta(days=91)
    monkeypatch.setattr("ses_monitor_cli.clock.utc_now", lambda: later)
    assert "No trouble is recorded for this address in the last 90 days." in " ".join(
        run("recipient", ADA).stdout.split()
    )
