"""Every read of identities and configuration sets against every way it fails: unknown, and nothing else with it."""

import string
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.identities import AwsIdentityReader, IdentityReader
from ses_monitor.collect.pacing import Pacer
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from tests.build import HOSTILE
from tests.collect.ses_on_the_wire import (
    BATCHES,
    DKIM,
    IDENTITY,
    NAME,
    PART_OF,
    REGION,
    Answer,
    Ses,
    json_body,
    refusal,
)
from tests.collect.simulated_time import SimulatedTime
from tests.collect.test_failures import ANSWERS, ON_THE_WAY


def breadth_fact(operation: str) -> Callable[[IdentityReader], list[Observed[Any]]]:
    def read(reader: IdentityReader) -> list[Observed[Any]]:
        return [getattr(reader.breadth(REGION, [NAME])[NAME], PART_OF[operation])]

    return read


def options_of_set(reader: IdentityReader) -> list[Observed[Any]]:
    read = reader.configuration_set(REGION, "marketing").get()
    return [read.sending_enabled, read.reputation_metrics]


READS: dict[str, Callable[[IdentityReader], list[Observed[Any]]]] = {
    "ListEmailIdentities": lambda reader: [reader.list_identities(REGION)],
    **{operation: breadth_fact(operation) for operation in BATCHES},
    "GetEmailIdentity": lambda reader: [reader.details(REGION, NAME)],
    "ListConfigurationSets": lambda reader: [reader.list_configuration_sets(REGION)],
    "GetConfigurationSet": options_of_set,
    "GetConfigurationSetEventDestinations": lambda reader: [
        reader.configuration_set(REGION, "marketing").get().destinations
    ],
}
"""Each operation, and the facts that depend on it."""

each_read = pytest.mark.parametrize("operation", READS)


def missing(operation: str, answer: Answer) -> tuple[list[Missing], Ses]:
    """Let one operation be answered so, all others well, and return the facts that depend on it."""
    ses = Ses()
    ses.answers[operation] = answer
    facts = READS[operation](ses.reader())
    found = [fact for fact in facts if isinstance(fact, Missing)]
    assert found == facts
    assert {fact.action for fact in found} == {f"ses:{operation}"}
    return found, ses


def everything(reader: IdentityReader) -> dict[str, Any]:
    """All facts there are, each under the operation that it depends on."""
    return {operation: read(reader) for operation, read in READS.items()}


@each_read
@pytest.mark.parametrize(("code", "status", "why"), ANSWERS, ids=str)
def test_a_refusal_is_unknown_of_its_kind(operation: str, code: str, status: int, why: Blindness) -> None:
    for fact in missing(operation, refusal(operation, code, status))[0]:
        assert fact.why is why
        assert fact.reason.startswith(f"ses:{operation} in {REGION} ")
        assert code in fact.reason


@each_read
@pytest.mark.parametrize(
    ("error", "why"), ON_THE_WAY, ids=lambda value: type(value).__name__ if isinstance(value, Exception) else ""
)
def test_a_failure_on_the_way_is_unknown_of_its_kind(operation: str, error: Exception, why: Blindness) -> None:
    for fact in missing(operation, error)[0]:
        assert fact.why is why
        assert type(error).__name__ in fact.reason


GARBAGE = [
    b"<html><body>Bad gateway</body></html>",
    b"<html><body>Bad gateway</body>",
    b"{}",
    b"",
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"text"',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"EmailIdentities": 5, "ConfigurationSets": 5, "SendingOptions": 5, "DkimAttributes": 5, "EventDestinations": 5}',
    b'{"VerificationInfo": {"LastCheckedTimestamp": "yesterday"}, "ConfigurationSets": [5]}',
    b'{"EmailIdentities": [null], "ConfigurationSets": [null], "Policies": [1], "ReputationOptions": [1]}',
]


@each_read
@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: repr(body[:30]))
def test_a_success_that_cannot_be_read_is_unreadable_and_no_default(operation: str, body: bytes) -> None:
    found, _ = missing(operation, (200, body))
    assert {fact.why for fact in found} <= {Blindness.UNREADABLE, Blindness.NOT_IN_ANSWER}


@each_read
@pytest.mark.parametrize("body", GARBAGE[:10], ids=lambda body: repr(body[:30]))
def test_a_success_that_is_of_another_form_altogether_is_unreadable(operation: str, body: bytes) -> None:
    assert {fact.why for fact in missing(operation, (200, body))[0]} == {Blindness.UNREADABLE}


@each_read
def test_an_error_page_of_a_gateway_is_the_services_failure(operation: str) -> None:
    page = (503, b"<html><body>Service Unavailable</body></html>")
    assert {fact.why for fact in missing(operation, page)[0]} == {Blindness.SERVICE_ERROR}


@each_read
def test_a_missing_page_of_a_proxy_is_no_deletion(operation: str) -> None:
    found, _ = missing(operation, (404, b"<html>Not Found</html>"))
    assert {fact.why for fact in found} == {Blindness.SERVICE_ERROR}


@each_read
def test_a_hostile_refusal_is_one_bounded_line(operation: str) -> None:
    for fact in missing(operation, refusal(operation, HOSTILE.replace("\x00", ""), 500))[0]:
        assert len(fact.reason) <= 500
        assert "\n" not in fact.reason


@each_read
def test_one_reader_that_fails_spoils_no_other(operation: str) -> None:
    well = everything(Ses().reader())
    ses = Ses()
    ses.answers[operation] = refusal(operation, "AccessDenied", 403)
    reader = ses.reader()
    for other, read in READS.items():
        if other != operation:
            facts = read(reader)
            if other == "ListConfigurationSets":
                # What is read through the list holds the facts of the other two calls too.
                facts, well[other] = facts[:1], well[other][:1]
            assert facts == well[other]


@each_read
@pytest.mark.parametrize("status", [400, 429])
def test_a_throttled_read_is_made_again_by_the_pacer_and_then_answers(operation: str, status: int) -> None:
    code = "Throttling" if status == 400 else "TooManyRequestsException"
    well = READS[operation](Ses().reader())
    ses = Ses()
    good = ses.answers[operation]
    assert not isinstance(good, list)
    busy = refusal(operation, code, status)
    ses.answers[operation] = [busy, busy, good, busy, good]
    assert READS[operation](ses.reader()) == well
    assert ses.pacer.throttled[f"ses:{operation}", REGION] >= 2
    assert ses.pacer.calls_of(f"ses:{operation}") == ses.asked[operation]


@each_read
def test_a_read_throttled_for_good_is_given_up_after_three_tries(operation: str) -> None:
    found, ses = missing(operation, refusal(operation, "Throttling", 400))
    reads = len(found) if operation == "ListConfigurationSets" else 1
    assert ses.asked[operation] == 3 * reads
    assert {fact.why for fact in found} == {Blindness.THROTTLED}


def test_credentials_that_cannot_even_make_a_client_are_a_missing_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    reader = AwsIdentityReader(Clients(boto3.Session()), Pacer())
    one = reader.breadth(REGION, [NAME])[NAME]
    facts = [
        reader.list_identities(REGION),
        one.txt_token,
        one.dkim,
        one.mail_from,
        one.feedback,
        reader.details(REGION, NAME),
        reader.list_configuration_sets(REGION),
        reader.configuration_set(REGION, "marketing"),
    ]
    assert [fact.why if isinstance(fact, Missing) else fact for fact in facts] == [Blindness.CREDENTIALS] * len(facts)


def test_a_connection_really_refused_is_unreachable(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_port}")
    simulated = SimulatedTime()
    reader = AwsIdentityReader(Clients(boto3.Session()), Pacer(clock=simulated.clock, sleep=simulated.sleep))
    one = reader.breadth(REGION, [NAME])[NAME]
    for fact in (one.txt_token, one.dkim, one.mail_from, one.feedback, reader.details(REGION, NAME)):
        assert isinstance(fact, Missing)
        assert fact.why is Blindness.UNREACHABLE


def test_clients_for_paced_reads_do_not_retry_by_themselves_and_are_not_those_that_do() -> None:
    clients = Clients(boto3.Session())
    for paced, retried in (
        (clients.unretried_ses(REGION), clients.ses(REGION)),
        (clients.unretried_sesv2(REGION), clients.sesv2(REGION)),
    ):
        assert paced is not retried
        assert paced.meta.config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]  # set from keywords
        assert retried.meta.config.retries["total_max_attempts"] > 1  # type: ignore[attr-defined]  # set from keywords
    assert clients.unretried_ses(REGION) is clients.unretried_ses(REGION)


def test_our_own_mistake_is_loud_also_from_side_by_side() -> None:
    ses = Ses()
    ses.answers[DKIM] = ZeroDivisionError("our own")
    with pytest.raises(ZeroDivisionError):
        ses.reader().breadth(REGION, [NAME])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(IDENTITY)), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*IDENTITY, "EventDestinations", "SendingOptions"]), json_values, max_size=6))
def test_no_answer_whatsoever_raises(answer: Mapping[str, Any]) -> None:
    ses = Ses()
    for operation in READS:
        ses.answers[operation] = json_body(**answer)
    reader = ses.reader()
    for fact in (reader.details(REGION, NAME), reader.list_identities(REGION), reader.configuration_set(REGION, "a")):
        assert isinstance(fact, (Known, Missing))
