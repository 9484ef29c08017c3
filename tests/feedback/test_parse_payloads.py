"""Every shape that SES's feedback comes in, and what it is read as. The golden file has each with all of its fields.

The payloads are our own examples of the shapes AWS documents and of what real messages leave out.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ses_monitor.core.event import Event
from ses_monitor.core.rejection import Report
from ses_monitor.core.traffic import Notice
from ses_monitor.feedback.parse import Parsed, Skipped, Where, parse

PAYLOADS = Path(__file__).parent / "payloads"
EVENTS = Path(__file__).parents[2] / "events"
QUEUE = Where("eu-central-1", "999988887777", datetime(2026, 11, 20, 21, 55, tzinfo=UTC))
"""What the home queue adds, in a region that is none of the payloads'."""

ADA, BOB = "ada@example.org", "bob@example.net"
SHOP = "shop.example.com"
BOUNCE = ("Bounce", "Permanent General", SHOP, "eu-west-1", ADA)
DELIVERY = ("Delivery", "", SHOP, "eu-west-1", ADA)
INBOUND = ("skipped", "Received")
SENT = ("skipped", "SendEmail")

TABLE: dict[str, list[tuple[str, ...]]] = {
    # Identity notifications: kind, types, identity, region, recipients
    "identity_bounce_with_dsn": [BOUNCE],
    "identity_bounce_without_dsn": [(*BOUNCE[:4], ADA, f"Bob <{BOB}>")],
    "identity_bounce_with_headers": [(*BOUNCE, BOB)],
    "identity_bounce_bare": [("Bounce", "Permanent General", "", "eu-central-1", ADA)],
    "identity_complaint_with_report": [("Complaint", "abuse", SHOP, "eu-west-1", ADA)],
    "identity_complaint_without_report": [("Complaint", "", SHOP, "eu-west-1", ADA, "bob@example.org")],
    "identity_complaint_bare": [("Complaint", "not-spam", "", "eu-central-1", ADA)],
    "identity_delivery": [DELIVERY],
    "identity_delivery_bare": [("Delivery", "", "", "eu-central-1", ADA)],
    "identity_received_stored": [INBOUND],
    "identity_received_bare": [INBOUND],
    "identity_subscribed_message": [("skipped", "AmazonSnsSubscriptionSucceeded")],
    "identity_subscribed_content": [("skipped", "AmazonSnsSubscriptionSucceeded")],
    # Event publishing
    "event_send": [("Send", "", SHOP, "eu-west-1", ADA)],
    "event_send_of_template": [("Send", "", SHOP, "eu-central-1", ADA)],
    "event_send_encoded_sender": [("Send", "", "buch.example.com", "eu-central-1", ADA, f"Bob B. <{BOB}>")],
    "event_delivery": [DELIVERY],
    "event_bounce": [BOUNCE],
    "event_bounce_suppressed_globally": [("Bounce", "Permanent Suppressed", SHOP, "eu-west-1", ADA)],
    "event_bounce_suppressed_by_account": [("Bounce", "Permanent OnAccountSuppressionList", SHOP, "eu-west-1", ADA)],
    "event_bounce_mailbox_full": [("Bounce", "Transient MailboxFull", SHOP, "eu-west-1", ADA)],
    "event_bounce_undetermined": [("Bounce", "Undetermined Undetermined", SHOP, "eu-west-1", ADA)],
    "event_bounce_without_recipient": [("Bounce", "Permanent NoEmail", SHOP, "eu-west-1")],
    "event_bounce_of_tomorrow": [("Bounce", "Postponed QuotaOfTheDay", SHOP, "eu-west-1", ADA)],
    "event_complaint": [("Complaint", "abuse", SHOP, "eu-west-1", ADA)],
    "event_complaint_echo": [("Complaint", "OnAccountSuppressionList", SHOP, "eu-west-1", ADA)],
    "event_reject": [("Reject", "", SHOP, "eu-west-1", ADA)],
    "event_open": [("Open", "", SHOP, "eu-central-1")],
    "event_open_by_bot": [("Open", "", SHOP, "eu-west-1")],
    "event_click": [("Click", "", SHOP, "eu-west-1")],
    "event_click_without_tags": [("Click", "", SHOP, "eu-west-1")],
    "event_rendering_failure": [("Rendering Failure", "", SHOP, "eu-west-1", ADA)],
    "event_rendering_failure_other": [("Rendering Failure", "", SHOP, "eu-west-1", ADA)],
    "event_delivery_delay": [("DeliveryDelay", "SpamDetected", SHOP, "eu-west-1", ADA)],
    "event_subscription": [("Subscription", "", SHOP, "eu-west-1", ADA)],
    "event_of_new_type": [("Mailbox Provider Verdict", "", SHOP, "eu-west-1", ADA)],
    # Envelopes
    "sns_body": [BOUNCE],
    "sns_body_subject_null": [("Bounce", "Permanent General", "", "eu-west-1", ADA)],
    "sns_body_without_subject": [BOUNCE],
    "sns_to_lambda": [BOUNCE],
    "sns_one_record": [("Bounce", "Permanent General", "", "eu-west-1", ADA)],
    "sns_to_sqs": [BOUNCE, ("Complaint", "abuse", SHOP, "eu-west-1", ADA)],
    "sns_to_sqs_raw": [("Bounce", "Permanent General", "", "eu-central-1", ADA)],
    "sqs_one_record": [DELIVERY],
    "sqs_redriven": [BOUNCE],
    "sqs_received_by_hand": [BOUNCE],
    "eventbridge_bounce": [BOUNCE],
    "eventbridge_bounce_in_sqs": [("Bounce", "Permanent General", "", "eu-west-1", ADA)],
    "eventbridge_in_sns": [BOUNCE],
    "eventbridge_rendering_failed": [("Rendering Failure", "", SHOP, "eu-west-1", ADA)],
    "list_of_events": [BOUNCE, DELIVERY],
    # Control messages, and what is about something else
    "sns_subscription_confirmation": [("skipped", "SubscriptionConfirmation")],
    "sns_unsubscribe_confirmation": [("skipped", "UnsubscribeConfirmation")],
    "sns_validation": [("skipped", "validation")],
    "lambda_of_inbound_mail": [INBOUND],
    "eventbridge_of_another_source": [("skipped", "Object Created")],
    "eventbridge_of_new_type": [("skipped", "Mail Manager Archive Exported")],
    "eventbridge_cloudtrail": [SENT],
    "cloudtrail_record": [SENT],
    "health_of_another_service": [("skipped", "AWS Health Event")],
    # Notices: kind, topic, name, region, whether it holds
    "advisor_open_identity": [("advisor", "DKIM", SHOP, "eu-west-1", "True")],
    "advisor_resolved_identity": [("advisor", "DKIM", SHOP, "eu-west-1", "False")],
    "advisor_closed_tenant": [("advisor", "COMPLAINT", "tenant/acme", "eu-west-1", "False")],
    "advisor_open_tenant": [
        ("advisor", "BOUNCE", "tenant/acme", "eu-west-1", "True"),
        ("advisor", "BOUNCE", "tenant/globex", "eu-west-1", "True"),
    ],
    "advisor_open_object": [("advisor", "IP_LISTING", SHOP, "eu-west-1", "True")],
    "sending_disabled_tenant": [("sending_status", "sending", "tenant/acme", "eu-west-1", "True")],
    "sending_disabled_in_words": [("sending_status", "sending", "tenant/acme", "eu-west-1", "True")],
    "sending_enabled_tenant": [("sending_status", "sending", "tenant/acme", "eu-west-1", "False")],
    "sending_reinstated_tenant": [("sending_status", "sending", "tenant/acme", "eu-west-1", "False")],
    "health_notification": [("health", *["AWS_SES_CMF_PENDING_TO_SUCCESS"] * 2, "eu-west-1", "None")],
    "health_issue_open": [("health", *["AWS_SES_OPERATIONAL_ISSUE"] * 2, "eu-west-1", "True")],
    "health_issue_over": [("health", *["AWS_SES_OPERATIONAL_ISSUE"] * 2, "eu-west-1", "False")],
}


def read(name: str) -> list[Parsed]:
    return parse((PAYLOADS / f"{name}.json").read_bytes(), QUEUE)


def told(parsed: Parsed) -> tuple[str, ...]:
    match parsed:
        case Event():
            types = (getattr(parsed.detail, name, "") for name in ("type", "subtype"))
            recipients = (each.address for each in parsed.recipients)
            return parsed.type, " ".join(filter(None, types)), parsed.identity, parsed.region, *recipients
        case Notice():
            return parsed.kind, parsed.topic, parsed.name, parsed.region, str(parsed.holds)
        case Report():
            return parsed.source, parsed.text
        case Skipped():
            return "skipped", parsed.type


def plain(value: object) -> Any:
    """Turn what was read into JSON, without the fields that are empty."""
    if is_dataclass(value) and not isinstance(value, type):
        return {type(value).__name__: plain(asdict(value))}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if each not in ("", None, (), {})}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def test_the_table_lists_every_payload() -> None:
    assert sorted(TABLE) == sorted(path.stem for path in PAYLOADS.iterdir())


@pytest.mark.parametrize("name", TABLE)
def test_each_payload_is_read_as_what_it_is(name: str) -> None:
    assert [told(each) for each in read(name)] == TABLE[name]


def test_each_payload_is_read_with_all_that_it_says(golden: Callable[[str, str], None]) -> None:
    read_as = {name: [plain(each) for each in read(name)] for name in TABLE}
    golden("payloads.json", json.dumps(read_as, indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize(
    "name",
    [
        "sns_body",
        "sns_to_lambda",
        "sns_to_sqs",
        "sqs_redriven",
        "eventbridge_bounce",
        "eventbridge_in_sns",
        "list_of_events",
    ],
)
def test_an_event_is_the_same_in_every_envelope(name: str) -> None:
    [alone] = read("event_bounce")
    assert isinstance(alone, Event)
    wrapped = read(name)[0]
    assert isinstance(wrapped, Event)
    assert (wrapped.message_id, wrapped.feedback_id, wrapped.occurred_at) == (
        alone.message_id,
        alone.feedback_id,
        alone.occurred_at,
    )
    assert (wrapped.tags, wrapped.recipients, wrapped.unknown) == (alone.tags, alone.recipients, {})


@pytest.mark.parametrize(
    "path", sorted([*EVENTS.glob("*-feedback-*.json"), *EVENTS.glob("eventbridge-*.json")]), ids=lambda path: path.stem
)
def test_each_event_for_the_function_is_readable_but_the_one_that_shall_not_be(path: Path) -> None:
    for record in json.loads(path.read_text(encoding="utf-8")).get("Records", [path.read_text(encoding="utf-8")]):
        if path.stem != "sqs-feedback-unreadable":
            assert parse(record)
