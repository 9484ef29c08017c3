"""Who says that a text is SES's is believed, unless the text names others; what stands beside a refusal is used."""

import pytest

from ses_monitor.core.rejection import Confidence, Told
from ses_monitor.rejections.explanation import explained, read
from ses_monitor.rejections.reading import find, told_in
from ses_monitor.rejections.resolution import supplemented

FAILED = "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: "


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Rate exceeded", "API_RATE_EXCEEDED"),
        ("Throttling: Rate exceeded", "API_RATE_EXCEEDED"),
        ("our mailer says: Rate exceeded (attempt 3)", "API_RATE_EXCEEDED"),
        ("ThrottlingException: slow down", "API_RATE_EXCEEDED"),
        ("535 Authentication Credentials Invalid", "SMTP_CREDENTIALS_INVALID"),
        ("ServiceUnavailable", "SES_TEMPORARY_FAILURE"),
        ("mailer: Temporary service failure, giving up", "SES_TEMPORARY_FAILURE"),
        ("AccessDeniedException: no", "ACCESS_DENIED"),
        ("order 17: Email address is not verified. (see below)", "IDENTITY_UNVERIFIED"),
        ("InvalidClientTokenId: The security token included in the request is invalid.", "ACCESS_DENIED"),
        ("SubscriptionRequiredException: The AWS Access Key Id needs a subscription for the service", "NOT_SUBSCRIBED"),
    ],
)
def test_words_that_others_use_too_count_where_somebody_says_they_are_ses_s(text: str, tag: str) -> None:
    found = find(text, of_ses=True)
    assert found is not None
    assert found.tag == tag
    assert found.confidence in {Confidence.MEDIUM, Confidence.HIGH}


@pytest.mark.parametrize(
    "text",
    [
        "An error occurred (ThrottlingException) when calling the Invoke operation: Rate exceeded",
        "dynamodb: ServiceUnavailable",
        "relay=mx.example.org[192.0.2.1]:25, said: 451 Temporary service failure",
        "hello",
        "",
    ],
)
def test_what_names_others_is_not_ses_s_even_so(text: str) -> None:
    assert find(text, of_ses=True) is None
    assert read(text, of_ses=True).tag == "UNRECOGNISED"


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        *((each, "ACCESS_DENIED") for each in ("InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken")),
        *((each, "ACCESS_DENIED") for each in ("SignatureDoesNotMatch", "InvalidSignatureException")),
        *((each, "ACCESS_DENIED") for each in ("ExpiredTokenException", "IncompleteSignature")),
        ("OptInRequired", "NOT_SUBSCRIBED"),
    ],
)
def test_what_every_service_answers_to_credentials_is_ses_s_where_ses_was_called(code: str, tag: str) -> None:
    found = find(f"An error occurred ({code}) when calling the SendEmail operation: no")
    assert found is not None
    assert (found.tag, found.code) == (tag, code)
    assert find(f"An error occurred ({code}) when calling the GetItem operation: no") is None
    if tag == "ACCESS_DENIED":
        answer = explained(found)
        assert "does not accept the credentials" in answer.cause
        assert "simulate-principal-policy" not in " ".join(answer.steps)


DIALOGUE = (
    f"-> MAIL FROM:<orders@shop.example>\n<- 250 Ok\n-> RCPT TO:<bob@client.example>\n-> RCPT TO:<Cy@client.example>\n"
    f"<- {FAILED}bob@client.example"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (DIALOGUE, Told("orders@shop.example", ("bob@client.example", "Cy@client.example"))),
        (
            "postfix/qmgr[1]: A1: from=<orders@shop.example>, size=1\npostfix/smtp[2]: A1: to=<bob@client.example>,"
            f" relay=email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587, said: {FAILED}bob@client.example (in reply)",
            Told("orders@shop.example", ("bob@client.example",)),
        ),
        (f"to=<bob@client.example>, said: {FAILED}bob@client.example, cy@client.example", Told()),
        (f"to=<bob@client.example>, said: {FAILED}bob@client.example, ...", Told()),
        ("A1: from=<root@ip-10-0-0-1.ec2.internal>, size=1", Told()),
        ("A1: from=<a@shop.example>\nA2: from=<b@shop.example>", Told()),
        ("A1: from=<>, size=1", Told()),
        (f"{FAILED}bob@client.example", Told()),
        ("", Told()),
    ],
)
def test_a_dialogue_or_log_tells_sender_and_recipients(text: str, told: Told) -> None:
    assert told_in(text) == told


def test_what_was_told_counts_before_what_stands_in_the_text() -> None:
    told = Told("a@shop.example", (), "eu-west-1", "us-east-1")
    assert supplemented(told, DIALOGUE) == Told(
        "a@shop.example", ("bob@client.example", "Cy@client.example"), "eu-west-1", "us-east-1"
    )
    whole = Told("a@shop.example", ("b@client.example",))
    assert supplemented(whole, DIALOGUE) is whole
