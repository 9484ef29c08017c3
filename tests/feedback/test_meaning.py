"""Each thing SES tells is explained, with what to do; what is new to us says so and gives the general rule."""

import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.event import (
    Bounce,
    Complaint,
    Delay,
    Engagement,
    Event,
    Format,
    Kind,
    Recipient,
    Reject,
    Rendering,
    Subscription,
)
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.feedback.meaning import meaning_of
from tests.checks.rules import is_known_to_aws

SENT = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
ANNA = "Anna@example.org"


def event(kind: Kind, detail: Any = None, **facts: Any) -> Event:
    plain = {
        "type": kind.value,
        "format": Format.EVENT_PUBLISHING,
        "message_id": "0102018f-aaaa-000000",
        "occurred_at": SENT + timedelta(seconds=5),
        "sent_at": SENT,
        "region": "eu-west-1",
        "identity": "shop.example.com",
        "recipients": (Recipient(ANNA),),
    }
    return Event(kind=kind, detail=detail, **{**plain, **facts})


def bounce(kind: str, subtype: str = "General", status: str = "", diagnostic: str = "", **facts: Any) -> Event:
    told = (Recipient(ANNA, status, "failed", diagnostic),)
    return event(Kind.BOUNCE, Bounce(kind, subtype), **{"recipients": told, **facts})


def complaint(kind: str = "", subtype: str = "") -> Event:
    return event(Kind.COMPLAINT, Complaint(kind, subtype))


def delay(kind: str, status: str = "", expires_at: datetime | None = None) -> Event:
    return event(Kind.DELIVERY_DELAY, Delay(kind, expires_at), recipients=(Recipient(ANNA, status),))


def said(told: Event) -> str:
    meaning = meaning_of(told)
    return " ".join((meaning.text, *meaning.steps))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (event(Kind.SEND), "SES took the mail"),
        (event(Kind.DELIVERY), "mail server took the mail"),
        (bounce("Permanent"), "refused the mail for good"),
        (bounce("Permanent", "NoEmail"), "does not tell for which address"),
        (bounce("Permanent", "Suppressed", "5.1.1"), "global suppression list"),
        (bounce("Permanent", "Suppressed"), "put-account-suppression-attributes --region eu-west-1"),
        (bounce("Permanent", "OnAccountSuppressionList", "5.1.1"), "suppression list of your account"),
        (bounce("Permanent", "OnTenantSuppressionList"), "suppression list of the tenant"),
        (bounce("Permanent", "EmailValidationSuppressed"), "address validation"),
        (bounce("Permanent", "UnsubscribedRecipient"), "the person unsubscribed"),
        (bounce("Permanent", "SomethingNew"), '"SomethingNew" is new to this monitor'),
        (bounce("Permanent", "SomethingNew", "5.1.1"), "there is no such mailbox"),
        (bounce("Transient"), "out of office"),
        (bounce("Transient", "MailboxFull"), "mailbox is full"),
        (bounce("Transient", "MessageTooLarge"), "larger than the receiving server takes"),
        (bounce("Transient", "CustomTimeoutExceeded"), "MaxDeliverySeconds"),
        (bounce("Transient", "ContentRejected"), "refused what is in the mail"),
        (bounce("Transient", "AttachmentRejected"), "refuses such an attachment"),
        (bounce("Transient", "SomethingNew"), '"SomethingNew" is new to this monitor'),
        (bounce("Undetermined", "Undetermined"), "could not make out why"),
        (bounce("SomethingNew", "SomethingElse"), '"SomethingNew" ("SomethingElse"), which this monitor does not know'),
        (event(Kind.BOUNCE), "SES did not say why"),
        (complaint(), "is spam"),
        (complaint("abuse"), "is spam"),
        (complaint("fraud"), "phishing"),
        (complaint("virus"), "found a virus"),
        (complaint("other"), "without one of the usual reasons"),
        (complaint("auth-failure"), "failed authentication"),
        (complaint("not-spam"), "Good news"),
        (complaint("SomethingNew"), '"SomethingNew", which this monitor does not know'),
        (complaint("", "OnAccountSuppressionList"), "Nobody complained now: the address is on the account's"),
        (complaint("abuse", "OnTenantSuppressionList"), "Nobody complained now: the address is on the tenant's"),
        (event(Kind.COMPLAINT), "was spam"),
        (delay("InternalFailure"), "a fault inside SES"),
        (delay("General"), "something went wrong"),
        (delay("MailboxFull"), "mailbox is full"),
        (delay("SpamDetected"), "early sign of a bad reputation"),
        (delay("RecipientServerError"), "the receiving server has a fault"),
        (delay("IPFailure"), "blocks or slows the address that SES sends from"),
        (delay("TransientCommunicationFailure"), "connection to the receiving server failed"),
        (delay("BYOIPHostNameLookupUnavailable"), "BYOIP"),
        (delay("Undetermined"), "could not make out why"),
        (delay("SendingDeferral"), "put the mail off"),
        (delay("SomethingNew"), '"SomethingNew" is new to this monitor'),
        (delay("General", expires_at=SENT + timedelta(hours=14)), "SES tries until 2026-05-12 22:00 UTC."),
        (delay("General", "4.4.1"), "answer 4.4.1 means: the receiving server did not answer."),
        (event(Kind.DELIVERY_DELAY), "The mail is late"),
        (event(Kind.REJECT, Reject("Bad content")), "found a virus"),
        (event(Kind.REJECT, Reject("SomethingNew")), '"SomethingNew" is new to this monitor'),
        (event(Kind.REJECT), "did not say why"),
        (event(Kind.RENDERING_FAILURE, Rendering("order", "no name", "name")), "template order: the data has no name."),
        (event(Kind.RENDERING_FAILURE, Rendering("", "")), "--template-name TEMPLATE"),
        (event(Kind.RENDERING_FAILURE), "nothing was sent"),
        (event(Kind.SUBSCRIPTION, Subscription("news", "UnsubscribeHeader", True)), "unsubscribed from everything"),
        (event(Kind.SUBSCRIPTION, Subscription("news")), "changed which topics of the contact list news"),
        (event(Kind.SUBSCRIPTION), "changed what they are subscribed to"),
        (event(Kind.OPEN, Engagement(bot="Likely")), "likely by a machine"),
        (event(Kind.OPEN, Engagement()), "The mail was opened: the person"),
        (event(Kind.CLICK, Engagement(bot="Unlikely")), "A link in the mail was followed: the person"),
        (event(Kind.CLICK), "A link in the mail was followed."),
        (event(Kind.OTHER, type="Teleported"), "SES tells of Teleported, which this monitor does not know"),
    ],
    ids=lambda value: f"{value.type} {value.detail}" if isinstance(value, Event) else value,
)
def test_it_is_explained(told: Event, words: str) -> None:
    assert words in said(told)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.1.1", "there is no such mailbox"),
        ("5.1.2", "the domain does not exist"),
        ("5.1.10", "null MX"),
        ("5.2.1", "switched off"),
        ("5.2.2", "the mailbox is full"),
        ("5.3.4", "larger than the receiving server takes"),
        ("5.4.1", "did not answer"),
        ("5.4.4", "no usable MX"),
        ("5.4.7", "could not be delivered in time"),
        ("5.7.1", "does not allow this sender"),
        ("5.7.26", "passes neither SPF nor DKIM"),
        ("5.7.999", "5.7.999 is no code this monitor knows. It is about a rule or the security"),
        ("5.9.1", "5.9.1 is no code this monitor knows."),
        ("", "refused the mail for good. Take the address off your lists"),
        ("5.0.0", "refused the mail for good. Take the address off your lists"),
        ("no code", "refused the mail for good. Take the address off your lists"),
    ],
)
def test_the_receiving_servers_code_says_more(status: str, words: str) -> None:
    assert words in said(bounce("Permanent", status=status))


@pytest.mark.parametrize(
    ("status", "diagnostic", "code"),
    [
        ("", "smtp; 550 5.7.26 This mail is unauthenticated", "5.7.26"),
        ("5.0.0", "smtp; 550 5.1.1 <anna@example.org>: no such user.", "5.1.1"),
        ("5.2.2", "smtp; 550 5.1.1 no such user", "5.2.2"),
        ("", "smtp; 554 see 5.1.1.1 or 192.5.2.2", ""),
        ("", "smtp; 550 refused (5.7.1).", "5.7.1"),
        ("", "smtp; 550 refused: 5.7.1.", "5.7.1"),
    ],
)
def test_a_code_is_found_in_the_answer_where_the_status_says_nothing_special(
    status: str, diagnostic: str, code: str
) -> None:
    text = meaning_of(bounce("Permanent", "General", status, diagnostic)).text
    assert (f"answer {code} means" in text) if code else "answer" not in text


def test_a_code_is_milder_in_a_failure_that_may_pass() -> None:
    assert "greylisting" in said(bounce("Transient", "General", "4.7.1"))
    assert "greylisting" not in said(bounce("Permanent", "General", "5.7.1"))


def test_one_of_several_recipients_can_be_asked_for() -> None:
    gone, full = Recipient("a@example.org", "5.1.1"), Recipient("b@example.org", "5.2.2")
    told = event(Kind.BOUNCE, Bounce("Permanent", "General"), recipients=(gone, full))
    assert "no such mailbox" in meaning_of(told).text
    assert "mailbox is full" in meaning_of(told, full).text


def commands(told: Event) -> list[list[str]]:
    return [shlex.split(step[step.index("aws ") :]) for step in meaning_of(told).steps if "aws " in step]


@pytest.mark.parametrize(
    "told",
    [
        bounce("Permanent", "Suppressed"),
        bounce("Permanent", "OnAccountSuppressionList"),
        bounce("Permanent", "OnTenantSuppressionList", tags={"ses:tenant-name": ("acme",)}),
        bounce("Permanent", "OnTenantSuppressionList"),
        complaint("", "OnAccountSuppressionList"),
        event(Kind.RENDERING_FAILURE, Rendering("order", "no name", "name")),
    ],
    ids=lambda told: f"{told.detail}",
)
def test_commands_can_be_pasted(told: Event) -> None:
    found = commands(told)
    assert found
    for words in found:
        assert words[words.index("--region") + 1] == "eu-west-1"
        is_known_to_aws(words)


def test_the_list_is_asked_for_the_address_exactly_as_it_was_written() -> None:
    see, take_off = commands(bounce("Permanent", "OnAccountSuppressionList"))
    assert see[2:] == ["get-suppressed-destination", "--region", "eu-west-1", "--email-address", ANNA]
    assert take_off[2:] == ["delete-suppressed-destination", "--region", "eu-west-1", "--email-address", ANNA]


def test_an_address_that_was_not_kept_is_to_be_filled_in() -> None:
    told = bounce("Permanent", "OnAccountSuppressionList", recipients=(Recipient(""),))
    assert [words[-1] for words in commands(told)] == ["ADDRESS", "ADDRESS"]
    nobody = bounce("Permanent", "OnAccountSuppressionList", recipients=())
    assert [words[-1] for words in commands(nobody)] == ["ADDRESS", "ADDRESS"]


TEXTS = (
    st.text(max_size=30)
    | st.sampled_from(["Permanent", "Transient", "General", "OnAccountSuppressionList", "On", "5.1.1", "Likely"])
    | st.sampled_from(["'; rm -rf ~ #", "{subject}", "x" * 5000, "\u202e\n", "\ud800"])
)
DETAILS = (
    st.none()
    | st.builds(Bounce, TEXTS, TEXTS)
    | st.builds(Complaint, TEXTS, TEXTS)
    | st.builds(Delay, TEXTS)
    | st.builds(Reject, TEXTS)
    | st.builds(Rendering, TEXTS, TEXTS, TEXTS)
    | st.builds(Subscription, TEXTS, TEXTS, st.none() | st.booleans())
    | st.builds(Engagement, TEXTS, TEXTS, TEXTS, TEXTS)
)
RECIPIENTS = st.lists(st.builds(Recipient, TEXTS, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple)


@given(st.sampled_from(Kind), DETAILS, RECIPIENTS, TEXTS, TEXTS)
def test_whatever_is_told_the_explanation_is_bounded_lines_and_safe_commands(
    kind: Kind, detail: Any, recipients: tuple[Recipient, ...], word: str, tenant: str
) -> None:
    told = event(kind, detail, recipients=recipients, type=word, tags={"ses:tenant-name": (tenant,)})
    meaning = meaning_of(told)
    for line in (meaning.text, *meaning.steps):
        assert line
        assert len(line) < 2500
        assert "\n" not in line
        assert "\u202e" not in line
    for words in commands(told):
        assert words[0] == "aws"
        assert "rm" not in words


def test_a_refused_send_is_explained_in_the_words_of_its_cause() -> None:
    refused = RefusedSend(
        "SENDER_VERIFIED_IN_OTHER_REGION", "shop.example.com", elsewhere="us-east-1", known="So it was."
    )
    meaning = meaning_of(event(Kind.REJECTION, refused))
    assert meaning.text.startswith("The sender is verified in another region than the one that sends. shop.example.com")
    assert "us-east-1" in meaning.text
    assert meaning.text.endswith("So it was.")
    assert any("create-email-identity" in step for step in meaning.steps)
    masked = RefusedSend("RECIPIENT_UNVERIFIED_SANDBOX", "account", identity="a…@example.org")
    assert not any("…" in step for step in meaning_of(event(Kind.REJECTION, masked)).steps if "aws " in step)
