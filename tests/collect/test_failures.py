"""Every reader against every way AWS, the network or the credentials fail: each is unknown, and says why."""

from typing import Any

import boto3
import pytest
from botocore import exceptions as boto
from botocore.stub import Stubber

from ses_monitor.collect.accounts import AwsAccountReader
from ses_monitor.collect.clients import Clients
from ses_monitor.collect.faults import ask, kind_of
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.build import HOSTILE
from tests.collect.wire import NOW, READERS, Reader, answering, client_of, failing, stubbed

each_reader = pytest.mark.parametrize("reader", READERS, ids=str)

SCP = (
    "User: arn:aws:sts::111122223333:assumed-role/ses-monitor/audit is not authorized to perform: ses:GetAccount"
    " with an explicit deny in a service control policy"
)

ANSWERS = [
    ("Throttling", 400, Blindness.THROTTLED),
    ("ThrottlingException", 400, Blindness.THROTTLED),
    ("TooManyRequestsException", 429, Blindness.THROTTLED),
    ("SomethingNew", 429, Blindness.THROTTLED),
    ("AccessDenied", 403, Blindness.DENIED),
    ("AccessDeniedException", 403, Blindness.DENIED),
    ("SomethingNew", 403, Blindness.DENIED),
    ("SomethingNew", 401, Blindness.DENIED),
    ("ExpiredToken", 403, Blindness.CREDENTIALS),
    ("ExpiredTokenException", 400, Blindness.CREDENTIALS),
    ("InvalidClientTokenId", 403, Blindness.CREDENTIALS),
    ("UnrecognizedClientException", 403, Blindness.CREDENTIALS),
    ("SignatureDoesNotMatch", 403, Blindness.CREDENTIALS),
    ("OptInRequired", 403, Blindness.CREDENTIALS),
    ("InternalFailure", 500, Blindness.SERVICE_ERROR),
    ("ServiceUnavailable", 503, Blindness.SERVICE_ERROR),
    ("502", 502, Blindness.SERVICE_ERROR),
    ("BadRequestException", 400, Blindness.SERVICE_ERROR),
]

URL = "https://email.eu-west-1.amazonaws.com/"
ON_THE_WAY = [
    (boto.ConnectTimeoutError(endpoint_url=URL), Blindness.TIMED_OUT),
    (boto.ReadTimeoutError(endpoint_url=URL), Blindness.TIMED_OUT),
    (boto.EndpointConnectionError(endpoint_url=URL), Blindness.UNREACHABLE),
    (boto.ConnectionClosedError(endpoint_url=URL), Blindness.UNREACHABLE),
    (boto.SSLError(endpoint_url=URL, error=OSError("certificate")), Blindness.UNREACHABLE),
    (boto.ProxyConnectionError(proxy_url="http://127.0.0.1"), Blindness.UNREACHABLE),
    (boto.HTTPClientError(error="reset"), Blindness.UNREACHABLE),
    (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), Blindness.UNREADABLE),
    (boto.NoCredentialsError(), Blindness.CREDENTIALS),
    (boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), Blindness.CREDENTIALS),
    (boto.CredentialRetrievalError(provider="container-role", error_msg="refused"), Blindness.CREDENTIALS),
    (boto.UnauthorizedSSOTokenError(), Blindness.CREDENTIALS),
    (boto.TokenRetrievalError(provider="sso", error_msg="expired"), Blindness.CREDENTIALS),
    (boto.LoginRefreshRequired(), Blindness.CREDENTIALS),
]


def is_missing(fact: Any, why: Blindness, reader: Reader) -> Missing:
    assert isinstance(fact, Missing)
    assert (fact.why, fact.action) == (why, reader.action)
    assert fact.reason.startswith(f"{reader.action} in eu-west-1 ")
    return fact


@each_reader
@pytest.mark.parametrize(("code", "status", "why"), ANSWERS, ids=str)
def test_a_refusal_is_unknown_of_its_kind(reader: Reader, code: str, status: int, why: Blindness) -> None:
    client, stub = stubbed(reader.service)
    stub.add_client_error(reader.operation, code, "said AWS", http_status_code=status)
    with stub:
        assert code in is_missing(reader.read(client), why, reader).reason
    stub.assert_no_pending_responses()


@each_reader
def test_a_denial_by_a_service_control_policy_is_told_in_its_words(reader: Reader) -> None:
    client, stub = stubbed(reader.service)
    stub.add_client_error(reader.operation, "AccessDeniedException", SCP, http_status_code=403)
    with stub:
        assert "service control policy" in is_missing(reader.read(client), Blindness.DENIED, reader).reason


@each_reader
def test_a_hostile_refusal_is_one_bounded_line(reader: Reader) -> None:
    client, stub = stubbed(reader.service)
    stub.add_client_error(reader.operation, HOSTILE, HOSTILE, http_status_code=500)
    with stub:
        reason = is_missing(reader.read(client), Blindness.SERVICE_ERROR, reader).reason
    assert len(reason) <= 500
    assert "\n" not in reason


@each_reader
@pytest.mark.parametrize(
    ("error", "why"), ON_THE_WAY, ids=lambda value: type(value).__name__ if isinstance(value, Exception) else ""
)
def test_a_failure_on_the_way_is_unknown_of_its_kind(reader: Reader, error: Exception, why: Blindness) -> None:
    client = failing(client_of(reader.service), error)
    assert type(error).__name__ in is_missing(reader.read(client), why, reader).reason


@each_reader
@pytest.mark.parametrize(
    "body", [b"<html><body>Bad gateway</body></html", b"", b"{"], ids=["html", "nothing", "cut off"]
)
def test_a_success_that_says_nothing_is_unreadable_and_no_default(reader: Reader, body: bytes) -> None:
    client = answering(client_of(reader.service), 200, body)
    fact = reader.read(client)
    assert isinstance(fact, Missing)
    assert (fact.why, fact.action) == (Blindness.UNREADABLE, reader.action)


@each_reader
def test_an_error_page_of_a_gateway_is_the_services_failure(reader: Reader) -> None:
    client = answering(client_of(reader.service), 503, b"<html><body>Service Unavailable</body></html>")
    is_missing(reader.read(client), Blindness.SERVICE_ERROR, reader)


@each_reader
def test_no_credentials_at_all_is_told_as_that(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    client = client_of(reader.service, boto3.Session())
    assert "NoCredentialsError" in is_missing(reader.read(client), Blindness.CREDENTIALS, reader).reason


def test_a_connection_really_refused_is_unreachable(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{unused_port}")
    is_missing(READERS[0].read(client_of("sesv2")), Blindness.UNREACHABLE, READERS[0])


@pytest.mark.parametrize(
    "mistake",
    [
        boto.ParamValidationError(report="Missing required parameter"),
        boto.ClientError({"Error": {"Code": "Odd"}, "ResponseMetadata": {"HTTPStatusCode": 200}}, "GetAccount"),  # type: ignore[typeddict-item]  # no more than is looked at
        ZeroDivisionError("our own"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_our_own_mistake_is_loud(mistake: Exception) -> None:
    assert kind_of(mistake) is None

    def call() -> None:
        raise mistake

    with pytest.raises(type(mistake)):
        ask("ses:GetAccount", "eu-west-1", call)


def test_an_error_without_code_or_message_is_still_told() -> None:
    def call() -> None:
        raise boto.ClientError({"ResponseMetadata": {"HTTPStatusCode": 500}}, "GetAccount")  # type: ignore[typeddict-item]  # no more than is looked at

    fact = ask("ses:GetAccount", "eu-west-1", call)
    assert isinstance(fact, Missing)
    assert "(?: )" in fact.reason


def test_what_succeeds_is_known() -> None:
    assert ask("ses:GetAccount", "eu-west-1", lambda: 5) == Known(5)


def test_credentials_that_cannot_even_make_a_client_are_a_missing_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    reader = AwsAccountReader(Clients(boto3.Session()))
    facts = [
        reader.account("eu-west-1"),
        reader.statistics("eu-west-1"),
        reader.has_verified_identity("eu-west-1"),
        reader.reputation("eu-west-1", NOW),
    ]
    assert [fact.why if isinstance(fact, Missing) else fact for fact in facts] == [Blindness.CREDENTIALS] * 4


def test_a_stub_that_is_asked_something_else_says_so() -> None:
    client, stub = stubbed("sesv2")
    stub.add_response("list_email_identities", {"EmailIdentities": []}, {"PageSize": 1})
    assert isinstance(stub, Stubber)
    with stub, pytest.raises(boto.StubResponseError):
        READERS[2].read(client)
