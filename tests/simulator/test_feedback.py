"""SES's events as the factory makes them have the shape of real ones, and traffic has the counts it says."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator import feedback
from simulator.feedback import BOUNCES, Mail, Mechanism, bounce, complaint, delivery, make_id, sns, wire
from simulator.feedback_traffic import SENDERS, Traffic, traffic

AT = datetime(2026, 11, 20, 9, 30, 15, 250_000, tzinfo=UTC)
LATER = AT + timedelta(minutes=3)
ID = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-000000")
MAIL = Mail(
    message_id=make_id("eu-west-1", AT, 1),
    region="eu-west-1",
    identity="shop.example.com",
    source="Example Shop <orders@shop.example.com>",
    recipients=("ada@example.org", "bob@example.net"),
    sent_at=AT,
    configuration_set="transactional",
    tags={"campaign": ["winter"]},
)
TOPIC = feedback.topic_arn("eu-west-1")
PUBLISHED = {
    "Send": ("send", feedback.send(MAIL)),
    "Delivery": ("delivery", delivery(MAIL, "ada@example.org", LATER)),
    "Bounce": ("bounce", bounce(MAIL, MAIL.recipients, LATER)),
    "Complaint": ("complaint", complaint(MAIL, "ada@example.org", LATER)),
    "Reject": ("reject", feedback.reject(MAIL)),
    "Rendering Failure": ("failure", feedback.rendering_failure(MAIL, "order-confirmation")),
    "DeliveryDelay": ("deliveryDelay", feedback.delay(MAIL, "ada@example.org", LATER)),
    "Open": ("open", feedback.open(MAIL, LATER)),
    "Click": ("click", feedback.click(MAIL, LATER)),
    "Subscription": ("subscription", feedback.subscription(MAIL, LATER)),
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_event_publishing_names_the_kind_and_has_its_part_and_the_mail_with_tags(kind: str) -> None:
    part, body = PUBLISHED[kind]
    assert set(body) == {"eventType", "mail", part}
    assert body["eventType"] == kind
    mail = body["mail"]
    assert mail["timestamp"] == "2026-11-20T09:30:15.250Z"
    assert mail["sourceArn"] == "arn:aws:ses:eu-west-1:111122223333:identity/shop.example.com"
    assert mail["tags"]["ses:configuration-set"] == ["transactional"]
    assert mail["tags"]["campaign"] == ["winter"]
    assert mail["commonHeaders"]["messageId"] == mail["messageId"]
    assert [each["name"] for each in mail["headers"]][:3] == ["From", "To", "Subject"]


@pytest.mark.parametrize(
    "body",
    [
        delivery(MAIL, "ada@example.org", LATER, by=Mechanism.IDENTITY_NOTIFICATION),
        bounce(MAIL, "ada@example.org", LATER, by=Mechanism.IDENTITY_NOTIFICATION),
        complaint(MAIL, "ada@example.org", LATER, by=Mechanism.IDENTITY_NOTIFICATION),
    ],
)
def test_an_identity_notification_knows_neither_tags_nor_headers(body: dict[str, Any]) -> None:
    assert "notificationType" in body
    assert "eventType" not in body
    assert not {"tags", "headers"} & set(body["mail"])
    assert body["mail"]["sourceIp"]


def test_the_same_bounce_has_the_same_feedback_id_by_both_mechanisms() -> None:
    told = [bounce(MAIL, "ada@example.org", LATER, by=each)["bounce"] for each in Mechanism]
    assert told[0]["feedbackId"] == told[1]["feedbackId"]
    assert told[0]["timestamp"] == told[1]["timestamp"]


def test_ids_have_the_form_of_sess_and_say_when() -> None:
    for made in (MAIL.message_id, bounce(MAIL, "ada@example.org", LATER)["bounce"]["feedbackId"]):
        assert ID.fullmatch(made)
    assert MAIL.message_id.startswith("0102")
    assert int(MAIL.message_id[4:16], 16) == int(AT.timestamp() * 1000)
    assert make_id("eu-west-1", AT, 1) != make_id("eu-west-1", AT, 2)


@pytest.mark.parametrize("kind", BOUNCES, ids=lambda kind: kind.subtype)
def test_a_bounce_leaves_out_what_nobody_said(kind: feedback.BounceKind) -> None:
    told = bounce(MAIL, "ada@example.org", LATER, kind)["bounce"]
    (recipient,) = told["bouncedRecipients"]
    assert (told["bounceType"], told["bounceSubType"]) == (kind.type, kind.subtype)
    assert ("diagnosticCode" in recipient) == bool(kind.diagnostic)
    assert ("remoteMtaIp" in told) == (bool(kind.diagnostic) and not kind.by_ses)


def test_headers_are_cut_where_ses_cuts_them() -> None:
    long = Mail(
        **{
            **{name: getattr(MAIL, name) for name in Mail.__dataclass_fields__},
            "more_headers": (("X-Long", "x" * 11_000),),
        }
    )
    mail = feedback.send(long)["mail"]
    assert mail["headersTruncated"] is True
    assert len(json.dumps(mail["headers"])) < 11_000


def test_event_publishing_ends_with_a_line_and_a_subject_and_notifications_with_neither() -> None:
    published = bounce(MAIL, "ada@example.org", LATER)
    notified = bounce(MAIL, "ada@example.org", LATER, by=Mechanism.IDENTITY_NOTIFICATION)
    assert wire(published).endswith("}\n")
    assert wire(notified).endswith("}")
    assert json.loads(sns(published, TOPIC, LATER))["Subject"] == "Amazon SES Email Event Notification"
    assert "Subject" not in json.loads(sns(notified, TOPIC, LATER))


def test_three_layers_come_apart_into_the_body_that_went_in() -> None:
    body = bounce(MAIL, MAIL.recipients, LATER)
    event = feedback.lambda_event([feedback.sqs_record(sns(body, TOPIC, LATER), 0)])
    (record,) = json.loads(json.dumps(event))["Records"]
    assert json.loads(json.loads(record["body"])["Message"]) == body


def test_topics_name_their_addresses_otherwise_to_functions() -> None:
    (record,) = feedback.sns_lambda_event(sns(feedback.send(MAIL), TOPIC, LATER))["Records"]
    assert record["EventSource"] == "aws:sns"
    assert {"SigningCertUrl", "UnsubscribeUrl"} <= set(record["Sns"])
    assert json.loads(record["Sns"]["Message"])["eventType"] == "Send"


@pytest.mark.parametrize("kind", PUBLISHED)
def test_eventbridge_has_a_word_of_its_own_for_each_kind(kind: str) -> None:
    event = feedback.eventbridge(PUBLISHED[kind][1], "eu-west-1")
    assert event["detail-type"].startswith("Email ")
    assert event["source"] == "aws.ses"
    assert event["detail"]["eventType"] == kind


def told_by(made: Traffic) -> Counter[str]:
    """Count the outcomes of a stream by kind, each once, as far as ids and addresses alone tell."""
    parts = {"Bounce": ("bounce", "bouncedRecipients"), "Complaint": ("complaint", "complainedRecipients")}
    seen = set()
    for each in made.stream:
        body = each.body
        kind = body.get("eventType") or body["notificationType"]
        mail = body["mail"]
        if kind in parts:
            part, listed = parts[kind]
            for one in body[part][listed]:
                address = re.sub(r".*<|>", "", one["emailAddress"]).lower()
                seen.add((kind, body[part]["feedbackId"], address))
        elif kind in {"Delivery", "DeliveryDelay"}:
            part, listed = ("delivery", "recipients") if kind == "Delivery" else ("deliveryDelay", "delayedRecipients")
            at = body[part]["timestamp"] if kind == "DeliveryDelay" else ""
            for one in body[part][listed]:
                seen.add((kind, mail["messageId"], f"{one if isinstance(one, str) else one['emailAddress']}{at}"))
        elif kind == "Send":
            seen |= {(kind, mail["messageId"], each) for each in mail["destination"]}
        else:
            seen.add((kind, mail["messageId"], ""))
    return Counter(kind for kind, _, _ in seen)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_stream_has_exactly_the_events_it_says_however_often_it_tells_them(seed: int) -> None:
    made = traffic(seed, 800)
    assert told_by(made) == made.events
    doubled = len(made.stream) - len(traffic(seed, 800, duplicates=0).stream)
    assert doubled / len(made.stream) == pytest.approx(0.2, abs=0.01)


def test_the_same_seed_gives_the_same_stream_and_another_gives_another() -> None:
    assert traffic(7, 50) == traffic(7, 50)
    assert traffic(7, 50).stream != traffic(8, 50).stream


def test_a_stream_has_everything_that_happens_to_mail() -> None:
    made = traffic(1, 4000)
    assert set(made.events) == set(PUBLISHED)
    totals = made.totals()
    assert totals["deliveries"] / totals["sends"] > 0.95
    assert 0.01 < (totals["hard_bounces"] + totals["other_bounces"]) / totals["sends"] < 0.04
    assert totals["suppressed_globally"]
    assert totals["delays_spam"]
    assert totals["delays_ip"]
    assert totals["simulated"]
    mechanisms = Counter("notificationType" in each.body for each in made.stream)
    assert mechanisms[True] > 100
    assert made.totals(counted_by="template") == {"rendering_failures": totals["rendering_failures"]}


def test_the_identities_of_a_region_add_up_to_its_account() -> None:
    made = traffic(4, 500)
    for region in {sender.region for sender in SENDERS}:
        assert made.totals(region, "identity") == made.totals(region)


def test_batches_have_the_size_of_the_queues() -> None:
    made = traffic(4, 200)
    sizes = [len(batch["Records"]) for batch in made.batches(100)]
    assert sum(sizes) == len(made.stream)
    assert set(sizes[:-1]) == {100}
