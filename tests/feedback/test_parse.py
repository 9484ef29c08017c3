"""What reading makes of what is missing, new or wrong, and of times."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ses_monitor.core.event import Delivery, Event, Format, Kind, Rendering, event_id
from ses_monitor.core.traffic import Notice
from ses_monitor.feedback.parse import Skipped, UnreadableEventError, Where, parse, parse_file

RECEIVED = datetime(2026, 11, 20, 21, 55, tzinfo=UTC)
WHERE = Where("eu-central-1", "999988887777", RECEIVED)
ABSENT = object()


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    both = base | {
        key: merged(base[key], each) if isinstance(each, dict) and isinstance(base.get(key), dict) and each else each
        for key, each in changes.items()
    }
    return {key: each for key, each in both.items() if each is not ABSENT}


def bounce(**changes: Any) -> dict[str, Any]:
    """An event of each required part and little else, changed."""
    return merged(
        {
            "eventType": "Bounce",
            "mail": {
                "timestamp": "2026-11-20T21:14:05.118Z",
                "messageId": "0102-example-000000",
                "source": "orders@shop.example.com",
                "destination": ["ada@example.org"],
            },
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": "ada@example.org"}],
                "timestamp": "2026-11-20T21:14:07.402Z",
                "feedbackId": "0102-feedback-000000",
            },
        },
        changes,
    )


def one(body: Any, where: Where = WHERE) -> Event:
    [event] = parse(body if isinstance(body, str | bytes) else json.dumps(body), where)
    assert isinstance(event, Event)
    return event


def reason(body: Any, where: Where = WHERE) -> str:
    with pytest.raises(UnreadableEventError) as raised:
        parse(body if isinstance(body, str | bytes | dict) else json.dumps(body), where)
    return raised.value.reason


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"eventType": 7}, "eventType is a number"),
        ({"eventType": " "}, "eventType is empty"),
        ({"eventType": None}, "notificationType is missing"),
        ({"mail": ABSENT}, "mail is missing"),
        ({"mail": ["x"]}, "mail is a list"),
        ({"mail": {"messageId": ABSENT}}, "mail.messageId is missing"),
        ({"mail": {"messageId": 12}}, "mail.messageId is a number"),
        ({"mail": {"messageId": "\u200b \n"}}, "mail.messageId is empty"),
        ({"mail": {"messageId": "x" * 5000}}, "mail.messageId has 5000 characters"),
        ({"bounce": ABSENT}, "bounce is missing"),
        ({"bounce": True}, "bounce is true or false"),
        ({"bounce": {"feedbackId": {}}}, "bounce.feedbackId is an object"),
        ({"bounce": {"bouncedRecipients": ABSENT}}, "bounce.bouncedRecipients is missing"),
        ({"bounce": {"bouncedRecipients": {"emailAddress": "ada@example.org"}}}, "bounce.bouncedRecipients is an object"),
        ({"bounce": {"bouncedRecipients": [{"emailAddress": "a@example.org"}] * 3 + [{"emailAddress": 7}]}}, "bounce.bouncedRecipients[3].emailAddress is a number"),
        ({"bounce": {"bouncedRecipients": [{"status": "5.1.1"}]}}, "bounce.bouncedRecipients[0].emailAddress is missing"),
        ({"bounce": {"bouncedRecipients": [{"emailAddress": ""}]}}, "bounce.bouncedRecipients[0].emailAddress is empty"),
        ({"bounce": {"bouncedRecipients": [{"emailAddress": "a" * 2000 + "@example.org"}]}}, "bounce.bouncedRecipients[0].emailAddress has 2012 characters"),
        ({"bounce": {"bouncedRecipients": ["ada@example.org"]}}, "bounce.bouncedRecipients[0] is a text"),
        ({"bounce": {"bouncedRecipients": [{"emailAddress": f"{n}@example.org"} for n in range(1001)]}}, "bounce.bouncedRecipients names 1001 recipients"),
        ({"eventType": "Send", "bounce": ABSENT, "mail": {"destination": "ada@example.org"}}, "mail.destination is a text"),
        ({"eventType": "Reject", "bounce": ABSENT, "reject": {}, "mail": {"destination": ["ada@example.org", None]}}, "mail.destination[1] is missing"),
        ({"eventType": "Delivery", "delivery": {}, "mail": {"destination": ["a@example.org", "b@example.org"]}}, "delivery.recipients is missing, and mail.destination names 2"),
        ({"eventType": "Delivery", "delivery": {"recipients": [4]}}, "delivery.recipients[0] is a number"),
        ({"eventType": "Delivery"}, "delivery is missing"),
        ({"eventType": "Complaint", "complaint": {}}, "complaint.complainedRecipients is missing"),
        ({"eventType": "DeliveryDelay", "deliveryDelay": {}}, "deliveryDelay.delayedRecipients is missing"),
        ({"eventType": "Open", "open": "yes"}, "open is a text"),
        ({"mail": {"timestamp": 1795209245}}, "mail.timestamp is a number, not a time"),
        ({"mail": {"timestamp": "yesterday"}}, "mail.timestamp is 'yesterday', which is no time"),
        ({"mail": {"timestamp": ""}}, "mail.timestamp is '', which is no time"),
        ({"mail": {"timestamp": "-2026-11-20T21:14:05Z"}}, "which is no time"),
        ({"mail": {"timestamp": "2010-12-31T23:59:59Z"}}, "mail.timestamp is 2010-12-31T23:59:59Z, before there was an SES"),
        ({"bounce": {"timestamp": "1969-12-31T23:59:59Z"}}, "bounce.timestamp is 1969-12-31T23:59:59Z, before"),
        ({"bounce": {"timestamp": "2026-11-22T21:55:01Z"}}, "bounce.timestamp is 2026-11-22T21:55:01Z, more than a day after"),
        ({"bounce": {"timestamp": "0001-01-01T00:00:00+23:59"}}, "which is no time"),
    ],
)  # fmt: skip
def test_what_counting_cannot_do_without_is_named_by_its_place(changes: dict[str, Any], says: str) -> None:
    assert says in reason(bounce(**changes))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "no JSON: Expecting value (line 1, column 1)"),
        ("hello", "no JSON"),
        ('{"eventType": "Bounce", ', "no JSON"),
        ('{"eventType": NaN}', "NaN is no number of JSON"),
        ('{"eventType": -Infinity}', "-Infinity is no number of JSON"),
        (f'{{"eventType": {"9" * 5000}}}', "no JSON"),
        (b'\xff\xfe{"eventType"', "not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "nested too deeply"),
        (" " * 1024 * 1024 + "{}", "at most 1048576"),
        ("null", "it is null"),
        ("7", "it is a number"),
        ("[]", "empty list"),
        ("[[]]", "empty list"),
        ("{}", "neither eventType nor notificationType"),
        ('{"Records": []}', "Records is an empty list"),
        ('{"Records": {}}', "Records is an object"),
        ('{"Records": [1]}', "it is a number"),
        ('{"Message": 5}', "Message is a number"),
        ('{"Message": "{}", "TopicArn": 4, "Timestamp": {}}', "neither eventType nor notificationType"),
        ('{"body": null}', "body is missing"),
        ('{"Sns": []}', "Sns is a list"),
        ('{"detail-type": 4}', "detail-type is a number"),
        ('{"detail-type": "Email Bounced"}', "source is missing"),
        ('{"detail-type": "Email Bounced", "source": "aws.ses", "detail": "x"}', "detail is a text"),
        ('{"detail-type": "Email Bounced", "source": "aws.ses", "detail": {}}', "notificationType is missing"),
        ('{"detail-type": "AWS Health Event", "source": "aws.health", "detail": {}}', "detail.service is missing"),
        ('{"detail-type": "AWS Health Event", "source": "aws.health", "detail": {"service": "SES"}}', "detail.eventTypeCode is missing"),
        ('{"detail-type": "Advisor Recommendation Status Open", "source": "aws.ses", "detail": {}}', "resources is missing"),
        ('{"detail-type": "Advisor Recommendation Status Open", "source": "aws.ses", "detail": {}, "resources": []}', "resources names nothing"),
        ('{"detail-type": "Sending Status Disabled", "source": "aws.ses", "detail": {}, "resources": ["x"]}', "resources[0] is no ARN"),
        ('{"detail-type": "Sending Status Disabled", "source": "aws.ses", "detail": {}, "resources": [["x"]]}', "resources[0] is a list"),
    ],
)  # fmt: skip
def test_what_is_no_feedback_is_said_to_be_none(body: str | bytes, says: str) -> None:
    assert says in reason(body)


def test_of_several_records_the_damaged_one_is_named() -> None:
    records = [{"body": json.dumps(bounce())}, {"body": json.dumps(bounce(mail=ABSENT))}]
    assert reason({"Records": records}) == "Records[1]: mail is missing"


def test_a_reason_is_short_and_names_no_address() -> None:
    told = reason(bounce(mail={"timestamp": "ada.lovelace@example.org " + "x" * 9000}))
    assert "ada.lovelace" not in told
    assert "…@example.org" in told
    assert len(told) <= 300


def test_without_any_time_it_is_when_the_message_came_or_unreadable() -> None:
    timeless = bounce(mail={"timestamp": ABSENT}, bounce={"timestamp": ABSENT})
    assert (one(timeless).occurred_at, one(timeless).sent_at) == (RECEIVED, RECEIVED)
    assert "mail.timestamp is missing" in reason(timeless, Where())
    told = one({"Message": json.dumps(timeless), "Timestamp": "2026-11-20T21:20:00.000Z"}, Where())
    assert told.occurred_at == datetime(2026, 11, 20, 21, 20, tzinfo=UTC)
    assert one(timeless, Where(untold=RECEIVED)).sent_at == RECEIVED


def test_a_time_that_one_part_lacks_is_the_other_parts() -> None:
    assert one(bounce(mail={"timestamp": ABSENT})).sent_at == datetime(2026, 11, 20, 21, 14, 7, 402000, UTC)
    assert one(bounce(bounce={"timestamp": None})).occurred_at == datetime(2026, 11, 20, 21, 14, 5, 118000, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T21:14:07.402Z",
        "2026-11-20T21:14:07.402000000Z",
        "2026-11-20T22:14:07.402+01:00",
        "2026-11-20T13:14:07.402 -0800",
        "2026-11-20T21:14:07.402 +0000",
        "2026-11-20 21:14:07.402",
        "20261120T211407.402Z",
    ],
)
def test_a_time_is_understood_however_it_is_written(text: str) -> None:
    at = one(bounce(bounce={"timestamp": text})).occurred_at
    assert at == datetime(2026, 11, 20, 21, 14, 7, 402000, UTC)
    assert at.utcoffset() == datetime.now(UTC).utcoffset()


def test_what_is_new_is_kept_by_its_path_and_shown_bounded() -> None:
    event = one(
        bounce(
            schema="2.0",
            mail={"priority": {"level": 1}},
            bounce={
                "hint": "x" * 5000,
                "bouncedRecipients": [{"emailAddress": "ada@example.org", "lang\n\u202ex": None}],
            },
        )
    )
    assert event.unknown["schema"] == '"2.0"'
    assert event.unknown["mail.priority"] == '{"level": 1}'
    assert event.unknown["bounce.bouncedRecipients[0].lang x"] == "null"
    assert len(event.unknown["bounce.hint"]) == 500
    assert len(one(bounce(**{f"new{n}": n for n in range(500)})).unknown) == 20


def test_what_is_optional_and_of_another_type_is_kept_as_unknown() -> None:
    event = one(
        bounce(
            mail={"source": 1, "sourceArn": "shop.example.com", "sendingAccountId": "12", "tags": ["a"], "commonHeaders": "x"},
            bounce={"bounceType": 5, "reportingMTA": [], "bouncedRecipients": [{"emailAddress": "ada@example.org", "status": 5.1}]},
        )
    )  # fmt: skip
    assert sorted(event.unknown) == [
        "bounce.bounceType",
        "bounce.bouncedRecipients[0].status",
        "bounce.reportingMTA",
        "mail.commonHeaders",
        "mail.sendingAccountId",
        "mail.source",
        "mail.sourceArn",
        "mail.tags",
    ]
    assert (event.identity, event.region, event.account_id, event.tags) == ("", "eu-central-1", "999988887777", {})


@pytest.mark.parametrize("value", [-1, 1e400, True, "fast", 10**30])
def test_a_delivery_that_took_an_impossible_time_is_a_delivery(value: object) -> None:
    delivery = {"recipients": ["ada@example.org"], "processingTimeMillis": value}
    event = one(json.dumps(bounce(eventType="Delivery", bounce=ABSENT, delivery=delivery)).replace("Infinity", "1e400"))
    assert isinstance(event.detail, Delivery)
    assert event.detail.seconds is None
    assert "delivery.processingTimeMillis" in event.unknown


@pytest.mark.parametrize(
    ("mail", "identity", "region", "account"),
    [
        ({"sourceArn": "arn:aws:ses:eu-west-1:111122223333:identity/shop.example.com"}, "shop.example.com", "eu-west-1", "111122223333"),
        ({"sourceArn": "arn:aws-cn:ses:cn-north-1:111122223333:identity/a:b/c@shop.example.com"}, "a:b/c@shop.example.com", "cn-north-1", "111122223333"),
        ({"sourceArn": "arn:aws:ses:eu-west-1:111122223333:identity/x.example", "sendingAccountId": "444455556666"}, "x.example", "eu-west-1", "444455556666"),
        ({"sourceArn": "arn:aws:ses:../x:evil:identity/x.example"}, "x.example", "eu-central-1", "999988887777"),
        ({"tags": {"ses:from-domain": ["news.example.com"]}}, "news.example.com", "eu-central-1", "999988887777"),
        ({"source": "Example Shop <orders@Shop.Example.com>"}, "shop.example.com", "eu-central-1", "999988887777"),
        ({"source": '"a <b@evil.example>" <orders@shop.example.com>'}, "shop.example.com", "eu-central-1", "999988887777"),
        ({"source": "=?UTF-8?Q?B=C3=BCcher?= <lager@buch.example.com>"}, "buch.example.com", "eu-central-1", "999988887777"),
        ({"source": "nobody"}, "", "eu-central-1", "999988887777"),
        ({"source": ABSENT}, "", "eu-central-1", "999988887777"),
    ],
)  # fmt: skip
def test_identity_region_and_account_are_found_where_they_are(
    mail: dict[str, Any], identity: str, region: str, account: str
) -> None:
    event = one(bounce(mail=mail))
    assert (event.identity, event.region, event.account_id) == (identity, region, account)


def test_the_region_of_the_topic_is_nearer_than_the_queues() -> None:
    body = {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:ap-south-1:111122223333:topic",
        "Message": json.dumps(bounce()),
    }
    assert (one(body).region, one(body).account_id) == ("ap-south-1", "111122223333")
    bridged = {
        "detail-type": "Email Bounced",
        "source": "aws.ses",
        "region": "sa-east-1",
        "account": "111122223333",
        "detail": bounce(),
    }
    assert one(bridged).region == "sa-east-1"


def test_recipients_are_those_of_the_event_and_not_of_the_mail() -> None:
    many = [f"r{n}@example.org" for n in range(50)]
    event = one(
        bounce(
            mail={"destination": many},
            bounce={"bouncedRecipients": [{"emailAddress": each} for each in [*many, many[0]]]},
        )
    )
    assert [each.address for each in event.recipients] == many
    assert [each.address for each in one(bounce(mail={"destination": many})).recipients] == ["ada@example.org"]
    assert one(bounce(eventType="Open", open={}, mail={"destination": many})).recipients == ()
    delivered = one(bounce(eventType="Delivery", delivery={}, bounce=ABSENT))
    assert [each.address for each in delivered.recipients] == ["ada@example.org"]


def test_a_send_without_its_empty_object_is_a_send() -> None:
    assert one(bounce(eventType="Send", bounce=ABSENT)).kind is Kind.SEND
    assert one(bounce(eventType="Send", bounce=ABSENT, send=[1])).unknown == {"send": "[1]"}


@pytest.mark.parametrize("written", ["Rendering Failure", "RenderingFailure", "rendering failure"])
def test_a_type_is_known_with_and_without_its_space(written: str) -> None:
    failure = {"templateName": "t", "errorMessage": "Attribute 'name' is not present in the rendering data."}
    event = one(bounce(eventType=written, bounce=ABSENT, failure=failure))
    assert (event.kind, event.type, event.detail) == (
        Kind.RENDERING_FAILURE,
        written,
        Rendering("t", failure["errorMessage"], "name"),
    )
    assert event_id(event) == event_id(one(bounce(eventType="Rendering Failure", bounce=ABSENT, failure=failure)))


@pytest.mark.parametrize(
    ("error", "attribute"),
    [
        ("Attribute 'first_name' is not present in the rendering data.", "first_name"),
        ("Attribute 'it's' is not present in the rendering data.", "it's"),
        ("Attribute 'half", ""),
        ("The partial 'footer' was not found", ""),
        ("", ""),
    ],
)
def test_the_missing_attribute_is_named_where_ses_names_it(error: str, attribute: str) -> None:
    event = one(bounce(eventType="Rendering Failure", bounce=ABSENT, failure={"errorMessage": error}))
    assert isinstance(event.detail, Rendering)
    assert event.detail.attribute == attribute


def test_a_type_that_is_new_is_counted_as_other_with_all_it_says() -> None:
    event = one(bounce(eventType="Inbox Placed", inboxPlaced={"timestamp": "2026-11-20T21:30:00Z", "folder": "inbox"}))
    assert (event.kind, event.type) == (Kind.OTHER, "Inbox Placed")
    assert event.occurred_at == datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
    assert [each.address for each in event.recipients] == ["ada@example.org"]
    assert json.loads(event.unknown["inboxPlaced"])["folder"] == "inbox"
    assert "bounce" in event.unknown


def test_hostile_text_is_made_one_bounded_line() -> None:
    text = "\x1b]0;owned\x07\r\nFAKE \u202eevil \ud800 <!channel> " + "A" * 9000
    event = one(bounce(mail={"source": text, "commonHeaders": {"subject": text}, "tags": {text: [text]}}, bounce={"bouncedRecipients": [{"emailAddress": "ada@example.org", "diagnosticCode": text}]}))  # fmt: skip
    kept = [event.source, event.subject, event.recipients[0].diagnostic, *event.tags, *(each for values in event.tags.values() for each in values)]  # fmt: skip
    for each in kept:
        assert len(each) <= 1300
        assert each.isprintable()
        each.encode()


@pytest.mark.parametrize("form", ["{}", "\ufeff{}", " {}\r\n", '"{}"'])
def test_what_surrounds_the_json_does_not_matter(form: str) -> None:
    text = json.dumps(bounce())
    quoted = json.dumps(text) if form == '"{}"' else form.replace("{}", text)
    assert one(quoted.encode()).message_id == "0102-example-000000"


def test_the_last_of_two_equal_keys_holds() -> None:
    assert one(json.dumps(bounce())[:-1] + ', "eventType": "Send"}').kind is Kind.SEND


def test_event_publishing_is_told_from_identity_notifications() -> None:
    assert one(bounce()).format is Format.EVENT_PUBLISHING
    assert one(bounce(eventType=ABSENT, notificationType="Bounce")).format is Format.IDENTITY_NOTIFICATION
    assert one(bounce(notificationType="Bounce")).format is Format.EVENT_PUBLISHING


@pytest.mark.parametrize("end", ["", "\n", " It ends otherwise one day."])
def test_the_plain_text_with_which_ses_tries_a_topic_is_no_error(end: str) -> None:
    text = f"Successfully validated SNS topic for Amazon SES event publishing.{end}"
    for body in (text, text.encode(), json.dumps(text), {"Message": text}):
        [skipped] = parse(body)
        assert isinstance(skipped, Skipped)
    assert parse_file(text) == (parse(text), [])


def test_more_layers_than_anybody_sends_are_refused() -> None:
    body: Any = bounce()
    for _ in range(4):
        body = {"Message": json.dumps(body)}
    assert one(body).kind is Kind.BOUNCE
    for _ in range(10):
        body = {"Message": body}
    assert "wrapped more than 12 times" in reason(body)


def notice(**changes: Any) -> Notice:
    body = {
        "detail-type": "Advisor Recommendation Status Open",
        "source": "aws.ses",
        "time": "2026-11-20T21:14:09Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:ses:eu-west-1:111122223333:identity/shop.example.com"],
        "detail": {"data": "SPF record was not found."},
    }
    [found] = parse(merged(body, changes), WHERE)
    assert isinstance(found, Notice)
    return found


@pytest.mark.parametrize(
    ("sentence", "topic"),
    [
        ("SPF record was not found.", "SPF"),
        ("DMARC configuration was not found; DKIM is fine.", "DMARC"),
        ("The MAIL FROM record is not aligned.", "SPF"),
        ("BIMI record is missing.", "BIMI"),
        ("The bounce rate exceeded 5%.", "BOUNCE"),
        ("An address is on a blocklist.", "IP_LISTING"),
        ("Something nobody has heard of.", "recommendation"),
        ("", "recommendation"),
    ],
)
def test_the_topic_of_a_recommendation_is_taken_from_its_sentence(sentence: str, topic: str) -> None:
    assert notice(detail={"data": sentence}).topic == topic


@pytest.mark.parametrize(("word", "holds"), [("Open", True), ("Resolved", False), ("Closed", False), ("Snoozed", None)])
def test_a_recommendation_holds_while_it_is_open(word: str, holds: bool | None) -> None:
    found = notice(**{"detail-type": f"Advisor Recommendation Status {word}"})
    assert found.holds is holds
    assert ("detail-type" in found.unknown) is (holds is None)


@pytest.mark.parametrize(
    ("detail_type", "data", "holds"),
    [
        ("Disabled", {"record": {"status": "DISABLED"}}, True),
        ("Enabled", {"record": {"status": "REINSTATED"}}, False),
        ("Disabled", {"record": {"status": "FROZEN"}}, True),
        ("Disabled", '{"origin": "AWS_MANAGED", "record": {"status": "DISABLED"}}', True),
        ("Disabled", "{not json", True),
        ("Enabled", None, False),
        ("Disabled", [1], True),
        ("Frozen", {}, None),
    ],
)
def test_whether_sending_is_disabled_is_taken_from_the_record_or_the_type(detail_type: str, data: object, holds: bool | None) -> None:  # fmt: skip
    found = notice(**{"detail-type": f"Sending Status {detail_type}"}, detail={"data": data})
    assert (found.topic, found.holds) == ("sending", holds)
    assert found.text


@pytest.mark.parametrize(
    ("parts", "at"),
    [
        ([2026, 11, 20, 21, 14, 8, 995000000], datetime(2026, 11, 20, 21, 14, 8, 995000, UTC)),
        ([2026, 11, 20, 21, 14], datetime(2026, 11, 20, 21, 14, tzinfo=UTC)),
        ("2026-11-20T21:14:08Z", datetime(2026, 11, 20, 21, 14, 8, tzinfo=UTC)),
        ([2026, 13, 20], None),
        ([2026, 11, 20, 21, 14, 8, 10**30], None),
        ([10**30, 1, 1], None),
        ([True, 1, 1], None),
        ([1999, 1, 1, 1], None),
        ([2036, 1, 1, 1], None),
        ([], None),
        (5, None),
    ],
)
def test_a_time_in_parts_is_read_and_one_that_cannot_be_is_unknown(parts: object, at: datetime | None) -> None:
    record = {"status": "DISABLED", "lastUpdatedTimestamp": parts}
    found = notice(**{"detail-type": "Sending Status Disabled"}, detail={"data": {"record": record}})
    assert found.at == at or (at is None and found.at == datetime(2026, 11, 20, 21, 14, 9, tzinfo=UTC))
    assert ("detail.data.record.lastUpdatedTimestamp" in found.unknown) is (at is None)


def test_a_notice_without_a_time_is_as_old_as_the_message() -> None:
    assert notice(time=ABSENT).at == RECEIVED


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("arn:aws:ses:eu-west-1:111122223333:identity/ada@shop.example.com", "ada@shop.example.com"),
        ("arn:aws:ses:eu-west-1:111122223333:tenant/acme/tn-1", "tenant/acme"),
        ("arn:aws:ses:eu-west-1:111122223333:configuration-set/transactional", "configuration-set/transactional"),
    ],
)
def test_a_notice_is_about_what_its_arn_names(resource: str, name: str) -> None:
    assert notice(resources=[resource]).name == name


def test_a_file_may_hold_several_events() -> None:
    lines = "\n".join(json.dumps(bounce(mail={"messageId": each})) for each in "abc") + "\n"
    for text in (lines, lines.replace("\n", ""), lines.encode(), "\ufeff".encode() + lines.encode()):
        found, unreadable = parse_file(text)
        assert [each.message_id for each in found if isinstance(each, Event)] == ["a", "b", "c"]
        assert unreadable == []


@pytest.mark.parametrize(
    ("text", "read", "says"),
    [
        ("", 0, ["it is empty"]),
        (" \n", 0, ["it is empty"]),
        ("nothing", 0, ["it is no JSON: Expecting value (line 1, column 1)"]),
        (json.dumps(bounce()) + "\n\n" + json.dumps(bounce(mail=ABSENT)), 1, ["line 3: mail is missing"]),
        (json.dumps(bounce(mail=ABSENT)), 0, ["mail is missing"]),
        (json.dumps([bounce(mail=ABSENT)]), 0, ["mail is missing"]),
        (json.dumps([bounce(mail=ABSENT), bounce(), 5]), 1, ["[0]: mail is missing", "[2]: it is a number, and no SES event"]),
        (json.dumps({"Records": [{"body": "["}, {"body": "{}"}]}), 0, ["Records[0]: it is no JSON: Expecting value (line 1, column 2)", "Records[1]: it is no SES event: it has neither eventType nor notificationType"]),
        (json.dumps({"Records": []}), 0, ["Records is an empty list"]),
        (json.dumps(bounce()) + "\nthe rest", 1, ["it is no JSON: Expecting value (line 2, column 1)"]),
        (json.dumps(bounce()) + json.dumps({"Message": "[" * 100_000}), 1, ["line 1: it is nested too deeply"]),
        (b"\xff", 0, ["it is not UTF-8 text"]),
        ("[" * 100_000, 0, ["it is nested too deeply"]),
    ],
)  # fmt: skip
def test_in_a_file_the_place_of_what_is_unreadable_is_named(text: str | bytes, read: int, says: list[str]) -> None:
    found, unreadable = parse_file(text)
    assert (len(found), unreadable) == (read, says)
