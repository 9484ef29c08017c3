"""Feedback through SNS, SQS and the deployed function, from two regions: counted once, told, explained, closed."""

import json
import os
import subprocess
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_monitor.core.stored import Transition
from ses_monitor.core.traffic import CountedBy
from simulator import feedback
from simulator.demo.stack import DeployedMonitor, wait_until
from simulator.embedded_aws.process import ACCOUNT_ID, REPOSITORY
from simulator.feedback_traffic import From, traffic

pytestmark = pytest.mark.e2e

HOME, OTHER = "eu-west-1", "us-east-1"
SENDERS = (
    From(HOME, "books.example.com", "transactional"),
    From(HOME, "news.example.net", "newsletter"),
    From(OTHER, "books.example.com", "transactional"),
)


@pytest.fixture(scope="module")
def fed(monitor: DeployedMonitor) -> DeployedMonitor:
    """The monitor with the small stack of a second region."""
    outputs = monitor.deploy_region(OTHER)
    assert outputs["FeedbackTopicArn"] == f"arn:aws:sns:{OTHER}:{ACCOUNT_ID}:{monitor.stack_name}-feedback"
    return monitor


def now() -> datetime:
    return datetime.now(UTC)


def mail(identity: str, *recipients: str, region: str = HOME, n: int = 0) -> feedback.Mail:
    sent_at = now() - timedelta(minutes=5)
    return feedback.Mail(
        message_id=feedback.make_id(region, sent_at, identity, n),
        region=region,
        identity=identity,
        source=f"orders@{identity}",
        recipients=recipients,
        sent_at=sent_at,
        configuration_set="transactional",
        account=ACCOUNT_ID,
    )


def changes(monitor: DeployedMonitor, subject: str) -> list[tuple[Transition, str]]:
    return [(change.transition, change.tag) for change in monitor.changes() if change.subject == subject]


def dead_letters(monitor: DeployedMonitor) -> list[str]:
    answer = monitor.sqs.receive_message(
        QueueUrl=monitor.outputs["FeedbackDeadLettersUrl"], MaxNumberOfMessages=10, VisibilityTimeout=1
    )
    return [message["Body"] for message in answer.get("Messages", [])]


def command(monitor: DeployedMonitor, *arguments: str) -> Any:
    done = subprocess.run(
        [str(REPOSITORY / ".venv/bin/ses-monitor"), *arguments, "--table", monitor.table_name, "--json"],
        env={**monitor.environment(), "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_every_event_of_two_regions_is_counted_once_however_often_it_is_told(fed: DeployedMonitor) -> None:
    began = now()
    made = traffic(7, 300, senders=SENDERS, start=began - timedelta(hours=3), hours=2.5, duplicates=0.3)
    assert len(made.stream) > 1.2 * sum(made.events.values()) * 0.9
    for region in (HOME, OTHER):
        fed.publish_feedback(region, [each.body for each in made.stream if each.region == region])
    fed.wait_until_ingested(120)
    for (region, counted_by, name, hour), expected in made.counts.items():
        if counted_by == "account":
            continue  # other tests send too
        kept = dict(fed.feedback.counters(region, CountedBy(counted_by), name, hour, hour + timedelta(hours=1)))
        found = {tally.value: count for tally, count in kept.get(hour, {}).items() if count}
        assert found == dict(expected), (region, counted_by, name, hour)


def test_a_spike_is_told_with_its_step_while_it_happens_and_closed_when_it_is_over(fed: DeployedMonitor) -> None:
    sender = "spike.example.com"
    mails = [mail(sender, f"nobody{n}@example.org", region=OTHER, n=n) for n in range(80)]
    fed.publish_feedback(OTHER, [feedback.send(each) for each in mails])
    fed.wait_until_ingested()
    assert changes(fed, sender) == []
    fed.publish_feedback(OTHER, [feedback.bounce(each, each.recipients, now()) for each in mails[:20]])
    fed.wait_until_ingested()
    wait_until(lambda: bool(changes(fed, sender)), lambda: "the spike to be a change", 30)
    fed.wait_until_told()
    assert (Transition.OPENED, "BOUNCE_SPIKE") in changes(fed, sender)
    told = [text for text in (message.shown() for message in fed.simulator.chat.messages) if sender in text]
    assert [text for text in told if "BOUNCE_SPIKE" in text]
    assert not [text for text in told if "nobody" in text], "a recipient's address in the channel"
    fed.audit()
    assert (Transition.RESOLVED, "BOUNCE_SPIKE") not in changes(fed, sender), "the audit reads the same counters"


def test_a_template_that_cannot_be_filled_in_is_told_with_its_attribute(fed: DeployedMonitor) -> None:
    each = mail("books.example.com", "ann@example.org", n=1)
    fed.publish_feedback(HOME, [feedback.rendering_failure(each, "OrderShipped", "tracking_url")])
    wait_until(lambda: bool(changes(fed, "OrderShipped")), lambda: "the failure to be a change", 30)
    assert changes(fed, "OrderShipped") == [(Transition.OPENED, "RENDERING_FAILURE")]
    [found] = [each for each in fed.queries.findings_of("OrderShipped") if each.tag == "RENDERING_FAILURE"]
    assert "tracking_url" in found.text + found.cause


def test_what_happened_to_one_person_s_mail_can_be_asked(fed: DeployedMonitor) -> None:
    each = mail("books.example.com", "Jane.Doe@example.org", n=2)
    delayed = feedback.delay(each, each.recipients, now() - timedelta(minutes=2), "MailboxFull")
    bounced = feedback.bounce(each, each.recipients, now(), feedback.NO_SUCH_USER)
    by_identity = feedback.bounce(
        each,
        each.recipients,
        now(),
        feedback.NO_SUCH_USER,
        feedback_id=bounced["bounce"]["feedbackId"],
        by=feedback.Mechanism.IDENTITY_NOTIFICATION,
    )
    fed.publish_feedback(HOME, [bounced, delayed, by_identity, bounced])
    fed.wait_until_ingested()

    def events() -> Sequence[Any]:
        [found] = command(fed, "recipient", "jane.doe@example.org")["mails"] or [{"events": []}]
        told: Sequence[Any] = found["events"]
        return told

    wait_until(lambda: len(events()) >= 2, lambda: "two events of the mail", 30)
    assert [event["kind"] for event in events()] == ["DeliveryDelay", "Bounce"]
    assert events()[1]["bounce_subtype"] == "General"


def test_what_is_no_feedback_ends_whole_with_the_dead_letters_and_the_rest_goes_on(fed: DeployedMonitor) -> None:
    bad = json.dumps({"eventType": "Bounce", "mail": {"messageId": 17}, "bounce": {}, "note": "no feedback of ours"})
    worse = "not even JSON <!channel>"
    good = mail("rest.example.com", "bob@example.org", n=3)
    fed.publish_feedback(HOME, [bad, feedback.bounce(good, good.recipients, now()), worse])

    def counted() -> bool:
        hours = fed.feedback.counters(
            HOME, CountedBy.IDENTITY, "rest.example.com", now() - timedelta(hours=2), now() + timedelta(hours=1)
        )
        return bool(hours)

    wait_until(counted, lambda: "the good one to be counted", 30)
    # Each is shown again until the queue has had enough of it.
    kept: set[str] = set()

    def put_aside() -> bool:
        kept.update(dead_letters(fed))
        return len(kept) >= 2

    wait_until(put_aside, lambda: f"two dead letters; {len(kept)} came", 120)
    assert sorted(json.loads(body)["Message"] for body in kept) == sorted([bad, worse])
    reasons = {each.reason for each in fed.feedback.unparsed(10)}
    assert len(reasons) == 2
    assert [reason for reason in reasons if reason.startswith("it is no JSON")]
    assert [reason for reason in reasons if "bounce.bouncedRecipients" in reason or "messageId" in reason], reasons


def test_feedback_of_a_region_without_a_stack_is_not_missed_silently(fed: DeployedMonitor) -> None:
    done = subprocess.run(
        [
            *(str(REPOSITORY / ".venv/bin/ses-monitor"), "enroll", "--region", "eu-central-1", "--json"),
            *("--stack-name", fed.stack_name, "--stack-region", HOME),
        ],
        env={**fed.environment(), "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )
    [region] = json.loads(done.stdout)["regions"]
    assert not region["ready"]
    assert "make deploy-region REGION=eu-central-1" in json.dumps(region["steps"])
    assert done.returncode == 1


def test_two_batches_at_once_count_each_event_once(fed: DeployedMonitor) -> None:
    mails = [mail("twice.example.com", f"person{n}@example.org", n=n) for n in range(60)]
    bodies = [feedback.send(each) for each in mails]
    threads = [threading.Thread(target=fed.publish_feedback, args=(HOME, bodies)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fed.wait_until_ingested()
    hours = fed.feedback.counters(
        HOME, CountedBy.IDENTITY, "twice.example.com", now() - timedelta(hours=2), now() + timedelta(hours=1)
    )
    assert sum(count for _, counts in hours for tally, count in counts.items() if tally.value == "sends") == 60
