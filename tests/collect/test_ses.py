"""What SES says of an account, as facts; what it leaves out, or says in another form, is missing and no default."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ses_monitor.collect.pages import BrokenListError, pages
from ses_monitor.collect.ses import parse_account, read_account, read_has_verified_identity, read_statistics
from ses_monitor.core.model import Account, Quota, Review, SendPoint
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.collect.wire import stubbed

ANSWER: dict[str, Any] = {
    "DedicatedIpAutoWarmupEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": True,
    "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 9_600.0},
    "SendingEnabled": True,
    "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
    "Details": {
        "MailType": "TRANSACTIONAL",
        "WebsiteURL": "https://shop.example.com/",
        "ReviewDetails": {"Status": "GRANTED", "CaseId": "1720"},
    },
    "VdmAttributes": {"VdmEnabled": "DISABLED"},
}


def parsed(**changes: Any) -> Account:
    answer = {key: value for key, value in {**ANSWER, **changes}.items() if value is not LEFT_OUT}
    return parse_account(answer, "eu-west-1")


LEFT_OUT = object()


def not_said(what: str) -> Missing:
    return Missing(Blindness.NOT_IN_ANSWER, f"SES in eu-west-1 did not say {what}", "ses:GetAccount")


def test_an_account_is_read_into_facts() -> None:
    client, stub = stubbed("sesv2")
    stub.add_response("get_account", ANSWER, {})
    with stub:
        account = read_account(client, "eu-west-1").get()
    stub.assert_no_pending_responses()
    assert account == Account(
        production_access=Known(value=True),
        sending_enabled=Known(value=True),
        enforcement=Known("HEALTHY"),
        quota=Known(Quota(50_000, 14, 9_600)),
        suppressed_reasons=Known(frozenset({"BOUNCE", "COMPLAINT"})),
        review=Known(Review("GRANTED", "1720")),
        mail_type="TRANSACTIONAL",
        website_url="https://shop.example.com/",
    )


def test_false_and_nothing_suppressed_are_facts() -> None:
    account = parsed(
        ProductionAccessEnabled=False, SendingEnabled=False, SuppressionAttributes={"SuppressedReasons": []}
    )
    assert account.production_access == account.sending_enabled == Known(value=False)
    assert account.suppressed_reasons == Known(frozenset())


def test_values_nobody_knows_are_kept_as_they_are() -> None:
    account = parsed(
        EnforcementStatus="LIMBO",
        SuppressionAttributes={"SuppressedReasons": ["WHIM"]},
        Details={"ReviewDetails": {"Status": "PONDERED"}, "MailType": "OTHER"},
    )
    assert account.enforcement == Known("LIMBO")
    assert account.suppressed_reasons == Known(frozenset({"WHIM"}))
    assert account.review == Known(Review("PONDERED", ""))
    assert account.mail_type == "OTHER"


@pytest.mark.parametrize(
    ("key", "wrong", "part", "what"),
    [
        ("ProductionAccessEnabled", LEFT_OUT, "production_access", "ProductionAccessEnabled"),
        ("ProductionAccessEnabled", None, "production_access", "ProductionAccessEnabled"),
        ("ProductionAccessEnabled", "false", "production_access", "ProductionAccessEnabled"),
        ("ProductionAccessEnabled", 0, "production_access", "ProductionAccessEnabled"),
        ("SendingEnabled", LEFT_OUT, "sending_enabled", "SendingEnabled"),
        ("SendingEnabled", "true", "sending_enabled", "SendingEnabled"),
        ("EnforcementStatus", LEFT_OUT, "enforcement", "EnforcementStatus"),
        ("EnforcementStatus", 5, "enforcement", "EnforcementStatus"),
        ("SendQuota", LEFT_OUT, "quota", "SendQuota"),
        ("SendQuota", {}, "quota", "SendQuota"),
        ("SendQuota", {"Max24HourSend": 200.0, "MaxSendRate": 1.0}, "quota", "SendQuota"),
        ("SendQuota", {"Max24HourSend": "200", "MaxSendRate": 1.0, "SentLast24Hours": 0.0}, "quota", "SendQuota"),
        (
            "SendQuota",
            {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": float("nan")},
            "quota",
            "SendQuota",
        ),
        ("SuppressionAttributes", LEFT_OUT, "suppressed_reasons", "SuppressedReasons"),
        ("SuppressionAttributes", {}, "suppressed_reasons", "SuppressedReasons"),
        ("SuppressionAttributes", {"SuppressedReasons": "BOUNCE"}, "suppressed_reasons", "SuppressedReasons"),
    ],
)
def test_a_part_left_out_or_of_another_type_is_missing_and_spoils_no_other(
    key: str, wrong: Any, part: str, what: str
) -> None:
    account = parsed(**{key: wrong})
    assert getattr(account, part) == not_said(what)
    others = [
        getattr(account, name)
        for name in ("production_access", "sending_enabled", "enforcement", "quota", "suppressed_reasons", "review")
        if name != part
    ]
    assert all(isinstance(fact, Known) for fact in others)


@pytest.mark.parametrize("details", [LEFT_OUT, None, {}, {"ReviewDetails": {}}, {"ReviewDetails": {"CaseId": "1"}}])
def test_an_account_without_a_review_has_none(details: Any) -> None:
    account = parsed(Details=details)
    assert account.review == Known(None)
    assert account.mail_type == account.website_url == ""


def test_send_statistics_come_sorted_and_in_utc() -> None:
    client, stub = stubbed("ses")
    later, earlier = (
        datetime(2026, 5, 12, 9, 45, tzinfo=UTC),
        datetime(2026, 5, 12, 11, 0, tzinfo=timezone(timedelta(hours=2))),
    )
    stub.add_response(
        "get_send_statistics",
        {
            "SendDataPoints": [
                {"Timestamp": later, "DeliveryAttempts": 5, "Bounces": 1, "Complaints": 0, "Rejects": 0},
                {"Timestamp": earlier, "DeliveryAttempts": 3},
                {"Timestamp": earlier - timedelta(minutes=15)},
                {"DeliveryAttempts": 9},
            ]
        },
        {},
    )
    with stub:
        points = read_statistics(client, "eu-west-1").get()
    assert points == (
        SendPoint(datetime(2026, 5, 12, 8, 45, tzinfo=UTC), 0),
        SendPoint(datetime(2026, 5, 12, 9, 0, tzinfo=UTC), 3),
        SendPoint(later, 5),
    )
    assert {point.start.tzinfo for point in points} == {UTC}


@pytest.mark.parametrize("answer", [{}, {"SendDataPoints": []}])
def test_no_send_statistics_are_no_points(answer: dict[str, Any]) -> None:
    client, stub = stubbed("ses")
    stub.add_response("get_send_statistics", answer, {})
    with stub:
        assert read_statistics(client, "eu-west-1") == Known(())


def identity(status: str) -> dict[str, Any]:
    return {
        "IdentityType": "DOMAIN",
        "IdentityName": "example.com",
        "SendingEnabled": True,
        "VerificationStatus": status,
    }


def test_identities_are_listed_page_by_page_only_until_one_is_verified() -> None:
    client, stub = stubbed("sesv2")
    stub.add_response(
        "list_email_identities", {"EmailIdentities": [identity("FAILED")], "NextToken": "2"}, {"PageSize": 1000}
    )
    stub.add_response(
        "list_email_identities",
        {"EmailIdentities": [identity("SUCCESS")], "NextToken": "3"},
        {"PageSize": 1000, "NextToken": "2"},
    )
    with stub:
        assert read_has_verified_identity(client, "eu-west-1") == Known(value=True)
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("status", ["PENDING", "FAILED", "TEMPORARY_FAILURE", "NOT_STARTED", "SOMETHING_NEW"])
def test_only_a_verified_identity_is_a_sign_of_use(status: str) -> None:
    client, stub = stubbed("sesv2")
    stub.add_response(
        "list_email_identities", {"EmailIdentities": [identity(status), {"IdentityName": "x"}]}, {"PageSize": 1000}
    )
    with stub:
        assert read_has_verified_identity(client, "eu-west-1") == Known(value=False)


def test_no_identities_at_all_are_an_answer() -> None:
    client, stub = stubbed("sesv2")
    stub.add_response("list_email_identities", {"EmailIdentities": []}, {"PageSize": 1000})
    with stub:
        assert read_has_verified_identity(client, "eu-west-1") == Known(value=False)


def test_a_list_that_fails_on_its_second_page_is_not_half_an_answer() -> None:
    client, stub = stubbed("sesv2")
    stub.add_response(
        "list_email_identities", {"EmailIdentities": [identity("FAILED")], "NextToken": "2"}, {"PageSize": 1000}
    )
    stub.add_client_error("list_email_identities", "TooManyRequestsException", http_status_code=429)
    with stub:
        fact = read_has_verified_identity(client, "eu-west-1")
    assert isinstance(fact, Missing)
    assert fact.why is Blindness.THROTTLED


def test_a_list_that_goes_in_circles_is_unreadable() -> None:
    client, stub = stubbed("sesv2")
    stub.add_response("list_email_identities", {"EmailIdentities": [], "NextToken": "2"}, {"PageSize": 1000})
    stub.add_response(
        "list_email_identities", {"EmailIdentities": [], "NextToken": "2"}, {"PageSize": 1000, "NextToken": "2"}
    )
    with stub:
        fact = read_has_verified_identity(client, "eu-west-1")
    assert isinstance(fact, Missing)
    assert (fact.why, fact.action) == (Blindness.UNREADABLE, "ses:ListEmailIdentities")


def test_pages_are_read_to_the_end_each_with_the_token_of_the_one_before() -> None:
    asked: list[dict[str, Any]] = []
    answers = iter(
        [{"Items": [1], "NextToken": "a"}, {"Items": [2], "NextToken": "b"}, {"Items": [3], "NextToken": ""}]
    )

    def call(**request: Any) -> dict[str, Any]:
        asked.append(request)
        return next(answers)

    assert [page["Items"] for page in pages(call, PageSize=1)] == [[1], [2], [3]]
    assert asked == [{"PageSize": 1}, {"PageSize": 1, "NextToken": "a"}, {"PageSize": 1, "NextToken": "b"}]


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
def test_a_token_given_before_ends_the_reading(tokens: list[str]) -> None:
    answers = iter([{"NextToken": token} for token in tokens])

    def call(**_: Any) -> dict[str, Any]:
        return next(answers)

    with pytest.raises(BrokenListError, match="same NextToken twice"):
        list(pages(call))
