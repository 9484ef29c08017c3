"""Refused sends, told in each of the three ways, through the deployed functions: one text, four accounts, four answers."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_monitor.core.stored import Change, Transition
from simulator.demo.stack import DeployedMonitor, wait_until
from simulator.embedded_aws import invoke
from simulator.embedded_aws.process import ACCOUNT_ID, REPOSITORY
from simulator.logs import subscription_event

pytestmark = pytest.mark.e2e

HOME, REGION, ELSEWHERE = "eu-west-1", "eu-north-1", "ca-central-1"
BRAND, SHOP = "brand.example.com", "shop.example.com"
ORDERS = f"orders@{SHOP}"
TEXT = (
    "An error occurred (MessageRejected) when calling the SendEmail operation: Email address is not verified."
    f" The following identities failed the check in region {REGION.upper()}: {ORDERS}"
)
LOG_GROUP = "/aws/lambda/shop-checkout"
VERIFIED, PENDING = "SUCCESS", "PENDING"


def now() -> datetime:
    return datetime.now(UTC)


def rejections(monitor: DeployedMonitor, region: str = REGION) -> list[Change]:
    return [each for each in monitor.changes() if each.check_id.startswith("rejection.") and each.region == region]


def by_report(sender: str = "") -> Callable[[DeployedMonitor, str], None]:
    def tell(monitor: DeployedMonitor, text: str) -> None:
        monitor.publish_feedback(HOME, [{"rejection": text} | ({"sender": sender} if sender else {})])

    return tell


def by_log(monitor: DeployedMonitor, text: str) -> None:
    monitor.read_log(LOG_GROUP, [text])


def by_cloudtrail(monitor: DeployedMonitor, text: str) -> None:
    """Put what a rule of EventBridge delivers into the queue: the emulator takes no events of aws.ses."""
    detail: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/shop/checkout"},
        "eventTime": f"{now():%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ses.amazonaws.com",
        "eventName": "SendEmail",
        "awsRegion": REGION,
        "requestParameters": {
            "fromEmailAddress": ORDERS,
            "destination": {"toAddresses": ["HIDDEN_DUE_TO_SECURITY_REASONS"]},
        },
        "responseElements": None,
        "errorCode": "MessageRejected",
        "errorMessage": text.partition("operation: ")[2],
        "eventID": f"0ffa308d-1467-4259-8be3-{int(now().timestamp()):012}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "eventCategory": "Data",
    }
    event: dict[str, Any] = {
        "version": "0",
        "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ses",
        "account": ACCOUNT_ID,
        "time": detail["eventTime"],
        "region": REGION,
        "resources": [],
        "detail": detail,
    }
    monitor.sqs.send_message(QueueUrl=monitor.outputs["FeedbackQueueUrl"], MessageBody=json.dumps(event))


def account(monitor: DeployedMonitor, *, sandbox: bool, here: Mapping[str, str], elsewhere: Sequence[str] = ()) -> None:
    """Have the account be so in `REGION`, and audited."""
    identities = [{"name": name, "verification": status} for name, status in here.items()]
    monitor.simulator.change(REGION, account={"production_access": not sandbox}, identities=identities)
    monitor.simulator.change(ELSEWHERE, identities=[{"name": name} for name in elsewhere])
    monitor.audit()
    monitor.audit_identities()


def told(monitor: DeployedMonitor, tag: str) -> Change:
    wait_until(
        lambda: tag in {each.tag for each in rejections(monitor)},
        lambda: f"{tag}; there is {[each.tag for each in rejections(monitor)]}",
        30,
    )
    [found] = [each for each in rejections(monitor) if each.tag == tag]
    return found


def test_the_same_text_has_four_answers_in_four_accounts(monitor: DeployedMonitor) -> None:
    account(monitor, sandbox=True, here={BRAND: VERIFIED})
    by_report()(monitor, TEXT)
    sandbox = told(monitor, "RECIPIENT_UNVERIFIED_SANDBOX")

    account(monitor, sandbox=False, here={BRAND: VERIFIED}, elsewhere=[SHOP])
    by_log(monitor, TEXT)
    other_region = told(monitor, "SENDER_VERIFIED_IN_OTHER_REGION")

    account(monitor, sandbox=False, here={BRAND: VERIFIED, SHOP: PENDING})
    by_cloudtrail(monitor, TEXT)
    pending = told(monitor, "SENDER_PENDING")

    account(monitor, sandbox=False, here={BRAND: VERIFIED})
    by_report(f"Brand <news@{BRAND}>")(monitor, TEXT)
    return_path = told(monitor, "RETURN_PATH_UNVERIFIED")

    assert {each.transition for each in rejections(monitor)} == {Transition.OPENED}
    assert [each.subject for each in (sandbox, other_region, pending, return_path)] == ["account", SHOP, SHOP, BRAND]
    assert len(rejections(monitor)) == 4, "each text has one cause"
    monitor.wait_until_told()
    shown = [message.shown() for message in monitor.simulator.chat.messages]
    for each in (sandbox, other_region, pending, return_path):
        assert [text for text in shown if each.tag in text and REGION in text]
    # In the sandbox it is a customer's address, and only there.
    [sandboxed] = [text for text in shown if "RECIPIENT_UNVERIFIED_SANDBOX" in text]
    assert "orders@" not in sandboxed
    assert [text for text in shown if "SENDER_VERIFIED_IN_OTHER_REGION" in text and ELSEWHERE in text]


def test_a_person_is_given_the_answer_of_the_account_too(monitor: DeployedMonitor) -> None:
    account(monitor, sandbox=False, here={BRAND: VERIFIED}, elsewhere=[SHOP])
    done = subprocess.run(
        [str(REPOSITORY / ".venv/bin/ses-monitor"), "explain", TEXT, "--table", monitor.table_name, "--json"],
        env={**monitor.environment(), "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert answer["tag"] == "SENDER_VERIFIED_IN_OTHER_REGION"
    assert ELSEWHERE in answer["cause"]
    assert ELSEWHERE in json.dumps(answer["remediation"])


def test_a_refusal_told_twice_counts_once_and_a_storm_of_them_makes_one_finding(monitor: DeployedMonitor) -> None:
    region = "ca-central-1"
    text = TEXT.replace(REGION.upper(), region.upper()).replace(SHOP, "storm.example.com")
    event = subscription_event([f"{text} (attempt {n})" for n in range(300)], LOG_GROUP)
    for _ in range(2):
        invoke(monitor.aws, monitor.outputs["IngestLogsFunctionName"], event)
    monitor.wait_until_ingested()
    wait_until(lambda: bool(rejections(monitor, region)), lambda: "the storm to be a change", 30)
    monitor.wait_until_ingested()
    found = monitor.feedback.rejected(region, rejections(monitor, region)[0].subject, now())
    [refusals] = found.refusals
    assert refusals.since(now() - timedelta(hours=2)) == 300
    assert len(rejections(monitor, region)) == 1


def test_what_is_not_of_ses_in_a_log_makes_nothing_of_it(monitor: DeployedMonitor) -> None:
    before = len([each for each in monitor.changes() if each.check_id.startswith("rejection.")])
    lines = [
        "postfix/smtp[811]: 4F2: to=<a@example.org>, relay=mx.example.org[192.0.2.7]:25, dsn=5.1.1, status=bounced"
        " (host mx.example.org[192.0.2.7] said: 550 5.1.1 User unknown (in reply to RCPT TO command))",
        "botocore.exceptions.ClientError: An error occurred (ThrottlingException) when calling the PutItem operation:"
        " Rate exceeded",
        "250 Ok 0102018f-1111-2222",
    ]
    answer = monitor.read_log(LOG_GROUP, lines)
    control = subscription_event(
        ["CWL CONTROL MESSAGE: Checking health of destination Lambda function."], "", type_="CONTROL_MESSAGE"
    )
    invoke(monitor.aws, monitor.outputs["IngestLogsFunctionName"], control)
    monitor.wait_until_ingested()
    assert answer == {"reports": 0, "messages": 0}
    assert len([each for each in monitor.changes() if each.check_id.startswith("rejection.")]) == before
