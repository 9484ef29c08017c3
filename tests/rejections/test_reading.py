"""A rejection is found in whatever shape it comes, and nothing else is taken for one."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.rejection import Confidence, Rejection
from ses_monitor.rejections.catalogue import ENTRIES, Entry
from ses_monitor.rejections.reading import find, find_all

FAILED = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1: ann@shop.example"
)
PAUSED = (
    "Sending paused for this account. For more information, please check the inbox of the email address associated with"
    " your AWS account."
)
HOST = "email-smtp.eu-west-1.amazonaws.com"
POSTFIX = f"Nov  3 09:12:44 mx1 postfix/smtp[811]: 4F2A1: to=<bob@client.example>, relay={HOST}[192.0.2.7]:587, delay=1.2, dsn=5.0.0, status=bounced (host {HOST}[192.0.2.7] said: %s (in reply to end of DATA command))"
ELSEWHERE = "Nov  3 09:12:44 mx1 postfix/smtp[811]: 4F2A1: to=<bob@client.example>, relay=mx.client.example[192.0.2.9]:25, status=bounced (host mx.client.example[192.0.2.9] said: %s (in reply to RCPT TO command))"
USER, THING = "arn:aws:iam::123456789012:user/mailer", "arn:aws:ses:eu-west-1:123456789012:identity/shop.example"
DENIED = f"User `{USER}' is not authorized to perform `ses:SendEmail' on resource `{THING}'"
MESSAGE_ID = "0102018f3c2a7b11-0a1b2c3d-1111-2222-3333-444455556666-000000"
BOTO = "botocore.exceptions.ClientError: An error occurred (%s) when calling the %s operation: %s"

TEXTS = [
    ("IDENTITY_UNVERIFIED", FAILED),
    ("IDENTITY_UNVERIFIED", f"554 Message rejected: {FAILED}"),
    ("IDENTITY_UNVERIFIED", f"554 5.7.1 Message rejected: {FAILED}"),
    ("IDENTITY_UNVERIFIED", f"554 Message rejected: {FAILED}".lower()),
    ("IDENTITY_UNVERIFIED", "Email address is not verified."),
    ("IDENTITY_UNVERIFIED", "554 Message rejected: Email address is not verified."),
    ("IDENTITY_UNVERIFIED", BOTO % ("MessageRejected", "SendEmail", FAILED)),
    ("IDENTITY_UNVERIFIED", f"Traceback (most recent call last):\n  File \"/var/task/app.py\", line 9, in send\n    ses.send_email()\n{BOTO % ('MessageRejected', 'SendRawEmail', FAILED)}\nEND RequestId: 1"),
    ("IDENTITY_UNVERIFIED", f"com.amazonaws.services.simpleemail.model.MessageRejectedException: {FAILED} (Service: AmazonSimpleEmailService; Status Code: 400; Error Code: MessageRejected; Request ID: 1f2e)"),
    ("IDENTITY_UNVERIFIED", f"software.amazon.awssdk.services.sesv2.model.MessageRejectedException: {FAILED} (Service: SesV2, Status Code: 400, Request ID: 1f2e)"),
    ("IDENTITY_UNVERIFIED", f"MessageRejected: {FAILED}\n    at throwDefaultError (/var/task/node_modules/@aws-sdk/smithy-client/dist-cjs/index.js:8:22)"),
    ("IDENTITY_UNVERIFIED", f'Error executing "SendEmail" on "https://email.eu-west-1.amazonaws.com"; AWS HTTP error: Client error: 400 MessageRejected (client): {FAILED} - <ErrorResponse>'),
    ("IDENTITY_UNVERIFIED", f"operation error SESv2: SendEmail, https response error StatusCode: 400, RequestID: 1f2e, MessageRejected: {FAILED}"),
    ("IDENTITY_UNVERIFIED", f"MessageRejected: {FAILED}\n\tstatus code: 400, request id: 1f2e"),
    ("IDENTITY_UNVERIFIED", f"Aws::SES::Errors::MessageRejected: {FAILED}"),
    ("IDENTITY_UNVERIFIED", f"Amazon.SimpleEmail.Model.MessageRejectedException: {FAILED}\n   at Amazon.Runtime.Internal"),
    ("IDENTITY_UNVERIFIED", json.dumps({"__type": "MessageRejected", "message": FAILED})),
    ("IDENTITY_UNVERIFIED", json.dumps({"log": json.dumps({"error": f"boom\n{FAILED}"})})),
    ("IDENTITY_UNVERIFIED", f"<ErrorResponse><Error><Type>Sender</Type>\n<Code>MessageRejected</Code>\n<Message>{FAILED}</Message></Error></ErrorResponse>"),
    ("IDENTITY_UNVERIFIED", "<Error>\n<Code>MessageRejected</Code>\n<Message>Email address is not verified.</Message>\n</Error>"),
    ("IDENTITY_UNVERIFIED", POSTFIX % f"554 Message rejected: {FAILED}"),
    ("IDENTITY_UNVERIFIED", f"2026-11-03 09:12:44 1aBcDe-0001 ** bob@client.example R=smart T=smtp H={HOST} [192.0.2.7]: SMTP error from remote mail server after end of data: 554 Message rejected: {FAILED}"),
    ("IDENTITY_UNVERIFIED", f"sm-mta[99]: x: to=<bob@client.example>, relay={HOST}. [192.0.2.7], dsn=5.0.0, stat=Service unavailable\nDSN: 554 Message rejected: {FAILED}"),
    ("IDENTITY_UNVERIFIED", f"smtplib.SMTPDataError: (554, b'Message rejected: {FAILED}')"),
    ("IDENTITY_UNVERIFIED", f'Expected response code "250" but got code "554", with message "554 Message rejected: {FAILED}".'),
    ("IDENTITY_UNVERIFIED", f"Remote Server returned '554 Message rejected: {FAILED}'"),
    ("IDENTITY_UNVERIFIED", f"\x1b[31mERROR\x1b[0m 554 Message rejected: \x1b[1m{FAILED}\x1b[0m"),
    ("IDENTITY_UNVERIFIED", f"sendRawEmail(): Sender - MessageRejected: {FAILED} Request Id: 1f2e"),
    ("IDENTITY_UNVERIFIED", "NotFoundException: Identity shop.example is not verified or does not exist."),
    ("ACCOUNT_PAUSED_BY_AWS", PAUSED),
    ("ACCOUNT_PAUSED_BY_AWS", f"554 Message rejected: {PAUSED}"),
    ("ACCOUNT_PAUSED_BY_AWS", BOTO % ("SendingPausedException", "SendEmail", PAUSED)),
    ("ACCOUNT_PAUSED_BY_OWNER", "AccountSendingPausedException"),
    ("ACCOUNT_PAUSED_BY_OWNER", BOTO % ("SendingPausedException", "SendEmail", "None")),
    ("ACCOUNT_SUSPENDED", BOTO % ("AccountSuspendedException", "SendEmail", "no")),
    ("CONFIGURATION_SET_PAUSED", BOTO % ("ConfigurationSetSendingPausedException", "SendEmail", "Sending is paused for configuration set orders")),
    ("CONFIGURATION_SET_MISSING", BOTO % ("ConfigurationSetDoesNotExist", "SendEmail", "Configuration set <orders> does not exist.")),
    ("CONFIGURATION_SET_MISSING", "554 Message rejected: Configuration set orders does not exist."),
    ("CONFIGURATION_SET_MISSING", "Configuration set does not exist"),
    ("CONFIGURATION_SET_MISSING", "<Code>ConfigurationSetDoesNotExist</Code><Message>Configuration set &lt;orders&gt; does not exist.</Message>"),
    ("MAIL_FROM_UNVERIFIED", BOTO % ("MailFromDomainNotVerifiedException", "SendEmail", "Mail FROM domain is not verified.")),
    ("TEMPLATE_MISSING", BOTO % ("TemplateDoesNotExist", "SendTemplatedEmail", "Template welcome does not exist.")),
    ("DAILY_QUOTA_EXCEEDED", "Daily message quota exceeded."),
    ("DAILY_QUOTA_EXCEEDED", "454 Throttling failure: Daily message quota exceeded"),
    ("DAILY_QUOTA_EXCEEDED", BOTO % ("LimitExceededException", "SendEmail", "Daily message quota exceeded.")),
    ("SEND_RATE_EXCEEDED", "454 Throttling failure: Maximum sending rate exceeded."),
    ("SEND_RATE_EXCEEDED", BOTO % ("Throttling", "SendRawEmail", "Maximum sending rate exceeded.")),
    ("SEND_RATE_EXCEEDED", POSTFIX % "454 Throttling failure: Maximum sending rate exceeded."),
    ("SMTP_CREDENTIALS_OLD", "454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded"),
    ("API_RATE_EXCEEDED", BOTO % ("Throttling", "SendEmail", "Rate exceeded")),
    ("API_RATE_EXCEEDED", BOTO % ("TooManyRequestsException", "GetEmailIdentity", "Rate exceeded")),
    ("API_RATE_EXCEEDED", "operation error SESv2: SendEmail, exceeded maximum number of attempts, TooManyRequestsException: Too many requests"),
    ("TOO_MANY_CONNECTIONS", "421 Too many concurrent SMTP connections"),
    ("SES_TEMPORARY_FAILURE", "451 Temporary service failure"),
    ("SES_TEMPORARY_FAILURE", "454 Temporary service failure"),
    ("SES_TEMPORARY_FAILURE", BOTO % ("ServiceUnavailable", "SendEmail", "Service is unavailable")),
    ("CLIENT_TIMEOUT", "451 Timeout waiting for data from client."),
    ("AUTHENTICATION_TEMPORARY_FAILURE", "454 Temporary authentication failure"),
    ("SMTP_AUTHENTICATION_REQUIRED", "530 Authentication required"),
    ("SMTP_AUTHENTICATION_REQUIRED", POSTFIX % "530 Authentication required"),
    ("SMTP_CREDENTIALS_INVALID", "535 Authentication Credentials Invalid"),
    ("SMTP_CREDENTIALS_INVALID", "Error: Invalid login: 535 Authentication Credentials Invalid\n    at SMTPConnection._formatError (nodemailer/lib/smtp-connection/index.js:790:19)"),
    ("SMTP_CREDENTIALS_INVALID", "smtplib.SMTPAuthenticationError: (535, b'Authentication Credentials Invalid')"),
    ("NOT_SUBSCRIBED", "535 Account not subscribed to SES"),
    ("ACCESS_DENIED", f"554 Access denied: User {USER} is not authorized to perform ses:SendRawEmail on resource {THING}"),
    ("ACCESS_DENIED", BOTO % ("AccessDenied", "SendEmail", DENIED)),
    ("MESSAGE_TOO_LONG", "552 Message is too long."),
    ("ADDRESS_INVALID", "553 <ann@@shop.example> Invalid email address"),
    ("ADDRESS_INVALID", BOTO % ("InvalidParameterValue", "SendEmail", "Missing final '@domain'")),
    ("ADDRESS_INVALID", "501 Invalid MAIL FROM address provided"),
    ("ADDRESS_UNKNOWN", "553 <ann@shop.example> address unknown"),
    ("NO_RECIPIENTS", BOTO % ("InvalidParameterValue", "SendEmail", "There are no recipients specified")),
    ("INVALID_PARAMETER", BOTO % ("InvalidParameterValue", "SendEmail", "Tag name cannot exceed 255 characters.")),
    ("INVALID_PARAMETER", BOTO % ("BadRequestException", "SendEmail", "something new")),
    ("DELIVERED", f"250 Ok {MESSAGE_ID}"),
    ("DELIVERED", f"postfix/smtp[1]: A1: relay={HOST}[192.0.2.7]:587, status=sent (250 Ok {MESSAGE_ID})"),
    ("AUTHENTICATED", "235 Authentication successful."),
    ("UNRECOGNISED", POSTFIX % "554 Something quite new"),
    ("IDENTITY_UNVERIFIED", f"235 Authentication successful.\nMAIL FROM:<a@shop.example>\n250 Ok\nDATA\n354 End data\n554-Message rejected: {FAILED[:30]}\n554 {FAILED[31:]}"),
]  # fmt: skip

NOT_SES = [
    "",
    "hello",
    ELSEWHERE % "550 5.1.1 <bob@client.example>: Recipient address rejected: User unknown",
    ELSEWHERE % "454 4.7.0 Temporary authentication failure: generic failure",
    ELSEWHERE % "530 Authentication required",
    ELSEWHERE % "421 Too many concurrent SMTP connections from this IP address",
    ELSEWHERE % "552 Message is too long.",
    ELSEWHERE % "554 5.7.1 Message rejected: looks like spam",
    "530 5.7.0 Authentication Required. For more information, go to https://mail.example/help",
    "535 5.7.8 Username and Password not accepted",
    "535 5.7.3 Authentication unsuccessful",
    "235 2.7.0 Authentication successful",
    "250 2.0.0 Ok: queued as 4F2A1",
    "421 4.7.0 Too many concurrent SMTP connections from 192.0.2.1",
    "550 5.1.1 user unknown",
    BOTO % ("ThrottlingException", "DescribeInstances", "Rate exceeded"),
    BOTO % ("TooManyRequestsException", "Invoke", "Rate exceeded"),
    BOTO % ("AccessDenied", "PutObject", "Access Denied"),
    BOTO % ("LimitExceededException", "CreateStream", "too many"),
    f"User: {USER} is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::bucket",
    "operation error DynamoDB: PutItem, ThrottlingException: Rate exceeded",
    "com.amazonaws.services.kinesis.model.LimitExceededException: Rate exceeded (Service: AmazonKinesis; Status Code: 400)",
    "Your email address is not verified. Please follow the link we sent you to go on.",
    "NOQUEUE: reject: RCPT from a8-70.smtp-out.amazonses.com[192.0.2.1]: 450 4.7.1 Client host rejected",
    '{"diagnosticCode": "smtp; 550 5.1.1 user unknown", "reportingMTA": "dns; a8-70.smtp-out.amazonses.com"}',
    "ServiceUnavailable: try later",
    "smtp.mail.example answered 530 Authentication required",
    "{ host: 'mail.client.example', response: '454 Temporary authentication failure' }",
]


@pytest.mark.parametrize(("tag", "text"), TEXTS)
def test_a_rejection_is_found_whatever_its_shape(tag: str, text: str) -> None:
    found = find(text)
    assert found is not None
    assert found.tag == tag


@pytest.mark.parametrize("text", NOT_SES)
def test_what_others_say_is_not_taken_for_ses(text: str) -> None:
    assert find(text) is None


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.tag)
def test_each_text_of_the_catalogue_is_recognised(entry: Entry) -> None:
    unverified = {each.tag for each in ENTRIES if each.tag.startswith(("RECIPIENT_", "SENDER_", "RETURN_"))}
    for saying in entry.says:
        text = saying.text.replace("<MESSAGE ID>", MESSAGE_ID).replace("<ARN>", THING).replace("ARN", THING)
        text = text.replace("LENGTH", "10485761")
        found = find(BOTO % (saying.code, "SendEmail", text) if saying.code else text)
        assert found is not None, text
        assert found.tag == ("IDENTITY_UNVERIFIED" if entry.tag in unverified else entry.tag), text


def listing(names: str) -> Rejection:
    found = find(f"554 Message rejected: {FAILED.removesuffix('ann@shop.example')}{names}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("names", "identities", "truncated"),
    [
        ("ann@shop.example", ("ann@shop.example",), False),
        ("ann@shop.example, shop.example", ("ann@shop.example", "shop.example"), False),
        ("Ann Doe <ann@shop.example>, ann@shop.example", ("ann@shop.example",), False),
        ('"Doe, Ann" <ann@shop.example>, bob@client.example', ("ann@shop.example", "bob@client.example"), False),
        ("Doe, Ann <ann@shop.example>, bob@client.example", ("ann@shop.example", "bob@client.example"), False),
        ('"Doe \\"A, B\\" Ann" <ann@shop.example>', ("ann@shop.example",), False),
        ("=?UTF-8?Q?J=C3=B6?= <jo@shop.example>", ("jo@shop.example",), False),
        ("„Ann, Doe“ <ann@shop.example>", ("ann@shop.example",), False),
        ("a@x.example, b@x.example, ...", ("a@x.example", "b@x.example"), True),
        ("a@x.example, b@x.example...", ("a@x.example", "b@x.example"), True),
        ("o'hara@x.example'", ("o'hara@x.example",), False),
        ("a@X.Example.", ("a@x.example",), False),
        ("arn:aws:ses:eu-west-1:1:identity/x", (), False),
        ("a@x.example (in reply to end of DATA command)", ("a@x.example",), False),
        ("a@x.example (Service: Ses, Status Code: 400)", ("a@x.example",), False),
        ("a@x.example</Message>", ("a@x.example",), False),
        ('a@x.example"}', ("a@x.example",), False),
        ("a@x.example,\n b@x.example\n at line 1, c@x.example", ("a@x.example", "b@x.example"), False),
        ("Ann \\u003ca@x.example\\u003e\\n\\tstatus code: 400", ("a@x.example",), False),
    ],
)
def test_identities_are_taken_out_of_ses_list(names: str, identities: tuple[str, ...], truncated: bool) -> None:
    found = listing(names)
    assert (found.identities, found.truncated) == (identities, truncated)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"554 5.7.1 Message rejected: {FAILED}", {"reply": 554, "code": "554", "enhanced_code": "5.7.1", "region": "eu-west-1"}),
        (BOTO % ("MessageRejected", "SendEmail", FAILED), {"reply": 0, "code": "MessageRejected", "region": "eu-west-1"}),
        (f"smtplib.SMTPDataError: (554, b'Message rejected: {FAILED}')", {"reply": 554}),
        (FAILED.replace("EU-WEST-1", "Us-Gov-West-1"), {"region": "us-gov-west-1"}),
        (POSTFIX % "454 Throttling failure: Maximum sending rate exceeded.", {"region": "eu-west-1", "reply": 454}),
        (f"554 {DENIED}", {"user": USER, "action": "ses:SendEmail", "resource": THING, "region": "eu-west-1"}),
        ("Configuration set <orders> does not exist.", {"resource": "orders"}),
        ("Configuration set orders-2 does not exist.", {"resource": "orders-2"}),
        ("Sending is paused for configuration set orders", {"resource": "orders"}),
        (BOTO % ("TemplateDoesNotExist", "SendEmail", "Template welcome does not exist."), {"resource": "welcome"}),
        (f"250 Ok {MESSAGE_ID}", {"message_id": MESSAGE_ID, "reply": 250}),
        ("553 <ann@shop.example> address unknown", {"identities": ("ann@shop.example",), "reply": 553}),
        ("530 Authentication required", {"confidence": Confidence.MEDIUM}),
    ],
)  # fmt: skip
def test_what_the_text_tells_is_taken_out(text: str, expected: dict[str, object]) -> None:
    found = find(text)
    assert found is not None
    assert {name: getattr(found, name) for name in expected} == expected


def test_several_are_found_in_their_order_and_the_same_once() -> None:
    text = f"535 Authentication Credentials Invalid\n{FAILED}\n{FAILED}\nDaily message quota exceeded."
    assert [each.tag for each in find_all(text)] == [
        "SMTP_CREDENTIALS_INVALID",
        "IDENTITY_UNVERIFIED",
        "DAILY_QUOTA_EXCEEDED",
    ]


@given(st.text() | st.lists(st.sampled_from([text for _, text in TEXTS] + ["\\", '"', "<", ",", "..."])).map("".join))
def test_no_text_raises_and_what_is_found_is_bounded(text: str) -> None:
    for found in find_all(text):
        assert len(found.text) <= 500
        assert "\n" not in found.text


@pytest.mark.parametrize(
    "part",
    ["a", " ", '"', "<", ",", "\\", "a,", "<a", '"a" ', "250-", "554-x\n", FAILED, f"{FAILED}, ", "Rate exceeded ", "Message rejected: ",
     "MessageRejected ", "Throttling ", "Configuration set ", "relay=", "User arn:aws:", "\x1b[", "&lt;", "Template <", "SendEmail ", "530 Authentication required "],
)  # fmt: skip
@pytest.mark.parametrize("head", ["", FAILED + ", "])
def test_a_long_text_is_read_quickly(head: str, part: str) -> None:
    text = head + part * (1_000_000 // len(part))
    started = time.perf_counter()
    find(text)
    assert time.perf_counter() - started < 1
