"""`identity` and `region` show rows and columns of the deployed monitor's matrix, and what is open on them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor.core.identity import Identity, MailFrom
from ses_monitor.core.observed import Known
from simulator import feedback
from simulator.feedback import Body, Mail
from tests.build import ADDRESS, DOMAIN, HEALTHY, HEALTHY_ADDRESS, HEALTHY_DOMAIN, NOW, SENDER, dkim, sandbox
from tests.cli import stack
from tests.cli.conftest import Run, is_to_paste
from tests.cli.test_recipient import store

Golden = Callable[[str, str], None]

PENDING = replace(HEALTHY_DOMAIN, verification_status="PENDING", dkim=dkim(status="PENDING"), mail_from=Known(None))
REJECTING = replace(
    HEALTHY_DOMAIN, mail_from=Known(MailFrom(f"bounce.{DOMAIN}", "TEMPORARY_FAILURE", "REJECT_MESSAGE"))
)
UNPROVEN = replace(HEALTHY_DOMAIN, name="gifts.example.com")


def audited(region: str, *identities: Identity, minutes_ago: float) -> None:
    at = NOW - timedelta(minutes=minutes_ago)
    unproven = {UNPROVEN.name: NOW - timedelta(hours=5)}
    stack.audit_identities(replace(SENDER, region=region, identities=Known(identities)), at, unproven)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with stack.CloudFormation({"ses-monitor": {"TableName": stack.TABLE}}) as url, mock_aws():
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        stack.make_table()
        yield


@pytest.fixture
def matrix(deployed: None) -> None:  # noqa: ARG001 - the stack has to be there
    """A domain in three regions: healthy, pending, rejecting; an address and another domain in one."""
    others = (HEALTHY_ADDRESS, replace(HEALTHY_DOMAIN, name="news.example.com"), UNPROVEN)
    for minutes_ago in (3 * 24 * 60, 62):
        audited("eu-west-1", HEALTHY_DOMAIN, *others, minutes_ago=minutes_ago)
        audited("us-east-1", HEALTHY_DOMAIN if minutes_ago > 62 else REJECTING, minutes_ago=minutes_ago)
    for minutes_ago in (602, 62):
        audited("eu-central-1", PENDING, minutes_ago=minutes_ago)
    for minutes_ago in (3 * 24 * 60, 2):
        at = NOW - timedelta(minutes=minutes_ago)
        regions = {"eu-west-1": HEALTHY, "eu-central-1": sandbox() if minutes_ago < 60 else HEALTHY}
        stack.audit([replace(each, region=name, taken_at=at) for name, each in regions.items()], at)


@pytest.mark.usefixtures("matrix")
def test_an_identity_in_every_region_looks_like_this(run: Run, golden: Golden) -> None:
    result = run("identity", DOMAIN)
    assert result.exit_code == 1
    assert result.stderr == ""
    golden("identity.txt", result.stdout)


@pytest.mark.usefixtures("matrix")
def test_an_identity_in_order_is_told_of_in_a_few_lines(run: Run, golden: Golden) -> None:
    result = run("identity", ADDRESS)
    assert result.exit_code == 0
    golden("identity_healthy.txt", result.stdout)


@pytest.mark.parametrize("name", ["eu-west-1", "eu-central-1"])
@pytest.mark.usefixtures("matrix")
def test_a_region_looks_like_this(run: Run, golden: Golden, name: str) -> None:
    result = run("region", name)
    assert result.stderr == ""
    golden(f"region_{name}.txt", result.stdout)


def mail(minutes_ago: float, recipient: str, region: str = "eu-west-1") -> Mail:
    sent_at = NOW - timedelta(minutes=minutes_ago)
    return Mail(
        message_id=feedback.make_id(region, sent_at, recipient),
        region=region,
        identity=DOMAIN,
        source=f"orders@{DOMAIN}",
        recipients=(recipient,),
        sent_at=sent_at,
    )


@pytest.fixture
def told(matrix: None) -> None:  # noqa: ARG001 - the table has to be there
    """A day's mail of the domain in one region: 200 sent, and trouble with a few of them."""
    people = [f"person{number}@example.org" for number in range(200)]
    bodies: list[Body] = []
    for number, person in enumerate(people):
        each = mail(30 + number, person)
        bodies.append(feedback.send(each))
        if number > 4:
            bodies.append(feedback.delivery(each, person, each.sent_at + timedelta(seconds=2)))
        elif number > 1:
            bodies.append(feedback.bounce(each, person, each.sent_at + timedelta(seconds=3), feedback.NO_SUCH_USER))
        elif number:
            bodies.append(feedback.bounce(each, person, each.sent_at + timedelta(seconds=4), feedback.MAILBOX_FULL))
        else:
            bodies.append(feedback.delay(each, person, each.sent_at + timedelta(seconds=5), "SpamDetected"))
    sent = mail(60, "grace@example.net")
    bodies.append(feedback.complaint(sent, "grace@example.net", NOW - timedelta(minutes=7)))
    bodies.append(feedback.reject(mail(50, "ada@example.net")))
    bodies.append(
        feedback.bounce(
            mail(3000, "old@example.net"), "old@example.net", NOW - timedelta(hours=49), feedback.NO_SUCH_USER
        )
    )
    store(*bodies)


@pytest.mark.usefixtures("told")
def test_what_ses_told_of_a_days_mail_looks_like_this(run: Run, golden: Golden) -> None:
    golden("region_feedback.txt", run("region", "eu-west-1").stdout)
    golden("identity_feedback.txt", run("identity", DOMAIN).stdout.partition("\n\nCRITICAL")[0] + "\n")


@pytest.mark.usefixtures("told")
def test_a_days_feedback_is_counted_and_shows_nobody(run: Run) -> None:
    result = run("region", "eu-west-1", "--json")
    found = json.loads(result.stdout)
    assert found["feedback"] == {
        "since": "2026-05-11T10:00:00Z",
        "sends": 200,
        "deliveries": 195,
        "hard_bounces": 3,
        "hard_bounce_rate": 0.015,
        "other_bounces": 1,
        "complaints": 1,
        "complaint_rate": 0.005,
        "rejects": 1,
        "rendering_failures": 0,
        "delays": 1,
        "rejections": 0,
        "simulated": 0,
    }
    assert [each["kind"] for each in found["recent"]] == [
        "Complaint",
        "DeliveryDelay",
        "Bounce",
        "Bounce",
        "Bounce",
        "Bounce",
        "Reject",
    ]
    fields = ("occurred_at", "kind", "type", "specifics", "recipient", "identity", "configuration_set")
    assert {tuple(each) for each in found["recent"]} == {(*fields, "message_id", "counted")}
    assert found["recent"][0]["recipient"] == "g…@example.net"
    for shown in (result.stdout, run("region", "eu-west-1").stdout):
        assert "grace" not in shown
        assert "person" not in shown
    identity = json.loads(run("identity", DOMAIN, "--json").stdout)
    assert {each["region"]: each["feedback"] for each in identity["regions"]} == {
        "eu-central-1": None,
        "eu-west-1": found["feedback"],
        "us-east-1": None,
    }


@pytest.mark.usefixtures("matrix")
def test_where_ses_told_nothing_it_is_said_what_to_do(run: Run) -> None:
    found = json.loads(run("region", "eu-central-1", "--json").stdout)
    assert (found["feedback"], found["recent"]) == (None, [])
    shown = run("region", "eu-central-1").stdout
    assert "No feedback in 24 h. Mail was sent? ses-monitor enroll --region eu-central-1\n" in shown


@pytest.mark.usefixtures("matrix")
def test_without_sends_there_is_no_rate(run: Run) -> None:
    sent = mail(60, "ada@example.org")
    store(feedback.bounce(sent, "ada@example.org", NOW - timedelta(minutes=59), feedback.NO_SUCH_USER))
    found = json.loads(run("region", "eu-west-1", "--json").stdout)["feedback"]
    assert (found["sends"], found["hard_bounces"], found["hard_bounce_rate"]) == (None, 1, None)
    assert "sends not known, 1 hard bounce, 0 complaints." in run("region", "eu-west-1").stdout


@pytest.mark.usefixtures("matrix")
def test_a_first_try_with_the_mailbox_simulator_is_told_of_as_one(run: Run) -> None:
    person = "bounce@simulator.amazonses.com"
    store(feedback.bounce(mail(60, person), person, NOW - timedelta(minutes=59), feedback.NO_SUCH_USER))
    found = json.loads(run("region", "eu-west-1", "--json").stdout)["feedback"]
    assert (found["simulated"], found["hard_bounces"]) == (1, 0)
    shown = run("region", "eu-west-1").stdout
    assert "  only mail to SES's mailbox simulator, which counts in no rate.\n" in shown
    assert "b…@simulator.amazonses.com" in shown


@pytest.mark.usefixtures("matrix")
def test_only_the_last_bad_events_are_told(run: Run) -> None:
    sent = mail(600, "ada@example.org")
    store(*(feedback.delay(sent, "ada@example.org", NOW - timedelta(minutes=each), "General") for each in range(1, 15)))
    found = json.loads(run("region", "eu-west-1", "--json").stdout)["recent"]
    assert [each["occurred_at"][11:16] for each in found] == [f"09:{minute}" for minute in range(59, 49, -1)]


@pytest.mark.parametrize("verb", [("region", "eu-west-1"), ("identity", DOMAIN)])
@pytest.mark.usefixtures("told")
def test_counters_that_cannot_be_read_are_never_none(run: Run, verb: tuple[str, str]) -> None:
    client = boto3.client("dynamodb", region_name=stack.HOME)
    for item in client.scan(TableName=stack.TABLE)["Items"]:
        if item["pk"]["S"].startswith("COUNTS#"):
            client.put_item(TableName=stack.TABLE, Item={**item, "sends": {"S": "many"}})
    result = run(*verb)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "cannot read" in result.stderr


@pytest.mark.parametrize("spelling", [DOMAIN, "Shop.EXAMPLE.com.", f"  {DOMAIN} "])
@pytest.mark.usefixtures("matrix")
def test_an_identity_is_found_however_its_name_is_spelt(run: Run, spelling: str) -> None:
    found = json.loads(run("identity", spelling, "--json").stdout)
    assert found["identity"] == DOMAIN
    assert [each["region"] for each in found["regions"]] == ["eu-central-1", "eu-west-1", "us-east-1"]


@pytest.mark.usefixtures("deployed")
def test_an_identity_stored_in_capitals_is_found_as_it_was_given(run: Run) -> None:
    audited("eu-west-1", replace(HEALTHY_DOMAIN, name="Capital.Example"), minutes_ago=5)
    assert run("identity", "Capital.Example").exit_code == 0


@pytest.mark.usefixtures("matrix")
def test_the_document_of_an_identity_has_exactly_the_fields_that_were_promised(run: Run) -> None:
    found = json.loads(run("identity", DOMAIN, "--json").stdout)
    assert list(found) == ["schema", "identity", "regions", "findings"]
    fields = ("region", "kind", "verification", "verification_since", "dkim", "dkim_since", "dkim_signing")
    mail_from = ("mail_from_domain", "mail_from", "mail_from_since")
    rest = ("unproven_since", "looked_at_in_depth", "configuration_set", "first_seen")
    assert {tuple(each) for each in found["regions"]} == {(*fields, *mail_from, *rest, "feedback")}
    finding = ("check", "tag", "severity", "region", "subject", "text", "cause", "remediation", "evidence")
    assert {tuple(each) for each in found["findings"]} == {(*finding, "finding_id", "since")}
    assert {each["tag"] for each in found["findings"]} >= {"MAIL_FROM_REJECTING", "VERIFICATION_PENDING"}
    rejecting = next(each for each in found["regions"] if each["region"] == "us-east-1")
    assert (rejecting["mail_from"], rejecting["mail_from_since"]) == ("TEMPORARY_FAILURE", "2026-05-12T08:58:00Z")


@pytest.mark.usefixtures("matrix")
def test_the_document_of_a_region_has_exactly_the_fields_that_were_promised(run: Run) -> None:
    result = run("region", "eu-central-1", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    head = ["schema", "region", "verdict", "causes", "since"]
    assert list(found) == [*head, "account", "identities", "findings", "changes", "feedback", "recent"]
    assert (found["region"], found["verdict"]) == ("eu-central-1", "SANDBOX")
    assert found["account"]["production_access"] is False
    assert [each["identity"] for each in found["identities"]] == [DOMAIN]
    change = ("at", "transition", "check", "tag", "severity", "subject", "text", "finding_id", "since")
    assert {tuple(each) for each in found["changes"]} == {(*change, "was_tag", "was_severity")}
    assert [each["at"] for each in found["changes"]] == sorted((each["at"] for each in found["changes"]), reverse=True)


@pytest.mark.usefixtures("deployed")
def test_only_the_changes_of_seven_days_are_told(run: Run) -> None:
    for days, snapshot in ((9, sandbox()), (8, HEALTHY), (1, sandbox())):
        at = NOW - timedelta(days=days)
        stack.audit([replace(snapshot, region="eu-west-1", taken_at=at)], at)
    found = json.loads(run("region", "eu-west-1", "--json").stdout)
    assert [(each["transition"], each["tag"]) for each in found["changes"]] == [("opened", "SANDBOX")]


@pytest.mark.usefixtures("matrix")
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("identity", ADDRESS), 0),
        (("identity", DOMAIN, "--fail-on", "critical"), 1),
        (("identity", DOMAIN, "--table", stack.TABLE, "--region", stack.HOME), 1),
        (("region", "eu-west-1"), 0),
        (("region", "eu-central-1", "--fail-on", "critical"), 0),
        (("region", "eu-central-1"), 1),
    ],
)
def test_the_exit_status_says_whether_something_is_bad_enough(run: Run, arguments: Any, status: int) -> None:
    assert run(*arguments).exit_code == status


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("identity", "other.example.com"), ("knows no identity other.example.com", "ses-monitor in eu-west-1")),
        (("identity", DOMAIN, "--stack-name", "other"), ("no stack other",)),
        (("identity", DOMAIN, "--table", "other"), ("no table other",)),
        (("region", "us-west-2"), ("has not audited us-west-2", "eu-central-1, eu-west-1")),
    ],
)
@pytest.mark.usefixtures("matrix")
def test_what_is_not_there_is_named(run: Run, arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for words in says:
        assert words in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("identity", "example"), "single label"),
        (("identity", "@example.com"), "no mail address"),
        (("identity", "a" * 320 + "@example.com"), "320"),
        (("identity", DOMAIN, "--stack-name", "a", "--table", "b"), "--table"),
        (("region", "mars"), "eu-west-1"),
        (("region", "eu-west-1", "--fail-on", "fatal"), "critical"),
    ],
)
def test_bad_usage_is_named(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize("columns", [30, 40, 60, 80])
@pytest.mark.usefixtures("matrix")
def test_long_names_are_cut_before_they_widen_a_table(run: Run, columns: int) -> None:
    name = f"{'a-very-long-label-of-a-domain-' * 2}x.{'b' * 60}.example.com"
    long = replace(PENDING, name=name, mail_from=Known(MailFrom(f"m.{name}", "TEMPORARY_FAILURE", "REJECT_MESSAGE")))
    audited("ap-southeast-2", long, minutes_ago=500 * 24 * 60)
    for minutes_ago in (500 * 24 * 60, 2):
        at = NOW - timedelta(minutes=minutes_ago)
        stack.audit([replace(HEALTHY, region="ap-southeast-2", taken_at=at)], at)
    for arguments in (("identity", name), ("region", "ap-southeast-2")):
        result = run(*arguments, columns=columns)
        assert result.exit_code in {0, 1}, result.stderr
        for row in result.stdout.splitlines():
            assert is_to_paste(row) or len(row) <= columns, row
        assert "\x1b" not in result.stdout


@pytest.mark.parametrize("columns", [60, 80, 110])
@pytest.mark.parametrize("arguments", [("identity", DOMAIN), ("region", "eu-west-1"), ("region", "eu-central-1")])
@pytest.mark.usefixtures("told")
def test_no_line_of_prose_is_wider_than_the_terminal(run: Run, arguments: tuple[str, ...], columns: int) -> None:
    for row in run(*arguments, columns=columns).stdout.splitlines():
        assert is_to_paste(row) or len(row) <= columns
