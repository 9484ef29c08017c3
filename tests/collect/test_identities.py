"""What SES says of identities, as facts; what it leaves out is missing and never "not set"."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
from botocore import exceptions as boto
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.collect.identities import BATCH, LONGEST_POLICY, MOST_POLICIES, Breadth, Listed, parse_details
from ses_monitor.core.identity import Details, Dkim, Feedback, IdentityKind, MailFrom
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from tests.build import HOSTILE
from tests.collect.ses_on_the_wire import (
    BATCHES,
    DKIM,
    ENTRIES,
    IDENTITY,
    MAIL_FROM,
    NAME,
    NOTIFICATIONS,
    PART_OF,
    REGION,
    VERIFICATION,
    Answer,
    Ses,
    batch_body,
    json_body,
    listed_identity,
    refusal,
)

ODD_NAMES = [
    "UPPER.Example.COM",
    "bücher.example",
    "xn--bcher-kva.example",
    "例え.テスト",
    "_dmarc.under_score.example.com",
    "trailing.dot.example.",
    '"quoted @ local"@example.com',
    "plus+tag&more=x;y@example.com",
    "o'brien%2F../?x#y@example.com",
    "<script>@example.com",
    "a" * 64 + "@" + ".".join(["b" * 63] * 4),
    "n" * 320,
    "emoji😀@example.com",
]


# --- The listing ------------------------------------------------------------------------------------------------


def listing(*pages: dict[str, Any]) -> tuple[Observed[tuple[Listed, ...]], Ses]:
    ses = Ses()
    ses.answers["ListEmailIdentities"] = [json_body(**page) for page in pages]
    return ses.reader().list_identities(REGION), ses


def test_identities_are_listed_to_the_last_page_a_thousand_a_page_and_sorted() -> None:
    found, ses = listing(
        {
            "EmailIdentities": [
                listed_identity("b.example"),
                listed_identity("me@a.example", "EMAIL_ADDRESS", "PENDING"),
            ],
            "NextToken": "2",
        },
        {"EmailIdentities": [], "NextToken": "3"},
        {"EmailIdentities": [listed_identity("a.example", "MANAGED_DOMAIN", "TEMPORARY_FAILURE")]},
    )
    assert found == Known(
        (
            Listed("a.example", IdentityKind.DOMAIN, "TEMPORARY_FAILURE"),
            Listed("b.example", IdentityKind.DOMAIN, "SUCCESS"),
            Listed("me@a.example", IdentityKind.EMAIL_ADDRESS, "PENDING"),
        )
    )
    assert [json.loads(body) for body in ses.bodies] == [
        {"PageSize": 1000},
        {"PageSize": 1000, "NextToken": "2"},
        {"PageSize": 1000, "NextToken": "3"},
    ]


def test_no_identities_at_all_are_an_answer() -> None:
    assert listing({"EmailIdentities": []})[0] == Known(())


def test_an_identity_on_two_pages_is_one() -> None:
    found, _ = listing(
        {"EmailIdentities": [listed_identity("a.example", status="PENDING")], "NextToken": "2"},
        {"EmailIdentities": [listed_identity("a.example")]},
    )
    assert found == Known((Listed("a.example", IdentityKind.DOMAIN, "SUCCESS"),))


@pytest.mark.parametrize("status", ["LIMBO", "Success"])
def test_a_status_nobody_knows_is_kept(status: str) -> None:
    assert (
        listing({"EmailIdentities": [listed_identity("a.example", status=status)]})[0].get()[0].verification_status
        == status
    )


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("a.example", "SOMETHING_NEW", IdentityKind.DOMAIN),
        ("me@a.example", "SOMETHING_NEW", IdentityKind.EMAIL_ADDRESS),
        ("me@a.example", None, IdentityKind.EMAIL_ADDRESS),
        ("a.example", "MANAGED_DOMAIN", IdentityKind.DOMAIN),
    ],
)
def test_a_kind_nobody_knows_is_told_by_the_name(name: str, kind: Any, expected: IdentityKind) -> None:
    assert listing({"EmailIdentities": [listed_identity(name, kind)]})[0].get()[0].kind is expected


@pytest.mark.parametrize(
    "spoilt",
    [
        None,
        {},
        listed_identity(None),
        listed_identity(""),
        listed_identity(5),
        listed_identity("a.example", status=None),
        "a.example",
        [],
    ],
    ids=repr,
)
def test_an_entry_that_names_no_identity_spoils_the_list_because_it_may_be_any(spoilt: Any) -> None:
    found, _ = listing({"EmailIdentities": [listed_identity("b.example"), spoilt]})
    assert isinstance(found, Missing)
    assert found.why is Blindness.UNREADABLE


@pytest.mark.parametrize(
    "second",
    [refusal("ListEmailIdentities", "AccessDeniedException", 403), (200, b"{}"), (200, b"<html/>")],
    ids=["denied", "nothing", "html"],
)
def test_a_list_that_fails_on_its_second_page_is_not_half_an_answer(second: Answer) -> None:
    ses = Ses()
    ses.answers["ListEmailIdentities"] = [
        json_body(EmailIdentities=[listed_identity("a.example")], NextToken="2"),
        second,
    ]
    assert isinstance(ses.reader().list_identities(REGION), Missing)


def test_a_list_that_goes_in_circles_is_unreadable() -> None:
    page = {"EmailIdentities": [], "NextToken": "2"}
    found, _ = listing(page, page)
    assert isinstance(found, Missing)
    assert found.why is Blindness.UNREADABLE


def test_odd_names_are_listed_as_they_are() -> None:
    found, _ = listing({"EmailIdentities": [listed_identity(name) for name in ODD_NAMES]})
    assert [one.name for one in found.get()] == sorted(ODD_NAMES)


# --- Breadth ----------------------------------------------------------------------------------------------------


def test_breadth_is_read_into_facts_in_the_words_of_the_current_api() -> None:
    ses = Ses()
    assert ses.reader().breadth(REGION, [NAME]) == {
        NAME: Breadth(
            txt_token=Known("dG9rZW4="),
            dkim=Known(Dkim("SUCCESS", signing_enabled=True, tokens=("a", "b", "c"))),
            mail_from=Known(MailFrom(f"bounce.{NAME}", "TEMPORARY_FAILURE", "REJECT_MESSAGE")),
            feedback=Known(
                Feedback(
                    "arn:aws:sns:eu-west-1:111122223333:bounces",
                    "arn:aws:sns:eu-west-1:111122223333:complaints",
                    forwarding=False,
                )
            ),
        )
    }
    assert ses.asked == dict.fromkeys(BATCHES, 1)


def with_entries(operation: str, entries: dict[str, dict[str, Any]], *names: str) -> dict[str, Observed[Any]]:
    ses = Ses()
    ses.answers[operation] = batch_body(operation, BATCHES[operation], entries)
    read = ses.reader().breadth(REGION, names or (NAME,))
    return {name: getattr(one, PART_OF[operation]) for name, one in read.items()}


def changed(operation: str, **changes: Any) -> Observed[Any]:
    said = {key: value for key, value in {**ENTRIES[operation], **changes}.items() if value is not None}
    return with_entries(operation, {NAME: said})[NAME]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Pending", "PENDING"),
        ("Success", "SUCCESS"),
        ("Failed", "FAILED"),
        ("TemporaryFailure", "TEMPORARY_FAILURE"),
        ("NotStarted", "NOT_STARTED"),
        ("SUCCESS", "SUCCESS"),
        ("InLimbo", "InLimbo"),
    ],
)
def test_status_words_are_those_of_the_current_api_and_unknown_ones_are_kept(word: str, expected: str) -> None:
    assert changed(DKIM, DkimVerificationStatus=word).get().status == expected
    assert changed(MAIL_FROM, MailFromDomainStatus=word).get().status == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [("UseDefaultValue", "USE_DEFAULT_VALUE"), ("RejectMessage", "REJECT_MESSAGE"), ("Ponder", "Ponder")],
)
def test_what_happens_on_mx_failure_is_told_in_the_words_of_the_current_api(word: str, expected: str) -> None:
    assert changed(MAIL_FROM, BehaviorOnMXFailure=word).get().on_mx_failure == expected


def test_what_is_not_set_is_known_as_that() -> None:
    assert changed(VERIFICATION, VerificationToken=None) == Known("")
    assert changed(MAIL_FROM, MailFromDomain=None, MailFromDomainStatus=None) == Known(None)
    assert changed(MAIL_FROM, MailFromDomain="", MailFromDomainStatus="NotStarted") == Known(None)
    assert changed(NOTIFICATIONS, BounceTopic=None, ComplaintTopic=None) == Known(Feedback("", "", forwarding=False))
    assert changed(DKIM, DkimTokens=None) == Known(Dkim("SUCCESS", signing_enabled=True, tokens=()))
    assert changed(DKIM, DkimTokens=[]) == Known(Dkim("SUCCESS", signing_enabled=True, tokens=()))
    assert changed(DKIM, DkimTokens=list("abcde")).get().tokens == tuple("abcde")


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        (VERIFICATION, "VerificationStatus"),
        (DKIM, "DkimEnabled"),
        (DKIM, "DkimVerificationStatus"),
        (MAIL_FROM, "MailFromDomainStatus"),
        (MAIL_FROM, "BehaviorOnMXFailure"),
        (NOTIFICATIONS, "ForwardingEnabled"),
    ],
)
def test_a_part_left_out_makes_the_fact_missing(operation: str, part: str) -> None:
    fact = changed(operation, **{part: None})
    assert fact == Missing(Blindness.NOT_IN_ANSWER, f"SES in {REGION} did not say {part} of {NAME}", f"ses:{operation}")


@pytest.mark.parametrize("operation", BATCHES)
def test_an_identity_left_out_of_an_answer_is_missing_and_spoils_no_other(operation: str) -> None:
    facts = with_entries(operation, {NAME: ENTRIES[operation]}, "gone.example", NAME)
    assert isinstance(facts[NAME], Known)
    gone = facts["gone.example"]
    assert isinstance(gone, Missing)
    assert (gone.why, gone.action) == (Blindness.NOT_IN_ANSWER, f"ses:{operation}")
    assert "gone.example" in gone.reason


@pytest.mark.parametrize("operation", BATCHES)
def test_an_answer_that_names_nobody_is_nobody_said_and_not_nothing_set(operation: str) -> None:
    assert isinstance(with_entries(operation, {})[NAME], Missing)
    assert isinstance(with_entries(operation, {NAME: {}})[NAME], Missing)


@pytest.mark.parametrize("operation", BATCHES)
def test_an_answer_without_its_map_is_unreadable(operation: str) -> None:
    ses = Ses()
    ses.answers[operation] = (200, f"<{operation}Response><{operation}Result/></{operation}Response>".encode())
    fact = getattr(ses.reader().breadth(REGION, [NAME])[NAME], PART_OF[operation])
    assert isinstance(fact, Missing)
    assert (fact.why, fact.action) == (Blindness.UNREADABLE, f"ses:{operation}")


@pytest.mark.parametrize("operation", BATCHES)
def test_identities_nobody_asked_for_are_passed_over(operation: str) -> None:
    facts = with_entries(operation, {NAME: ENTRIES[operation], "else.example": ENTRIES[operation]})
    assert list(facts) == [NAME]


@pytest.mark.parametrize("operation", BATCHES)
def test_a_batch_call_that_fails_makes_only_its_own_facts_missing_but_for_all(operation: str) -> None:
    names = [f"{count}.example" for count in range(BATCH)]
    ses = Ses()
    for each, member in BATCHES.items():
        ses.answers[each] = batch_body(each, member, dict.fromkeys(names, ENTRIES[each]))
    ses.answers[operation] = boto.ReadTimeoutError(endpoint_url="https://ses")
    read = ses.reader().breadth(REGION, names)
    assert list(read) == names
    for one in read.values():
        for each, part in PART_OF.items():
            fact = getattr(one, part)
            assert isinstance(fact, Missing) == (each == operation)


@pytest.mark.parametrize("operation", BATCHES)
def test_odd_names_are_asked_and_answered_as_they_are(operation: str) -> None:
    ses = Ses()
    for each, member in BATCHES.items():
        ses.answers[each] = batch_body(each, member, dict.fromkeys(ODD_NAMES, ENTRIES[each]))
    read = ses.reader().breadth(REGION, ODD_NAMES)
    assert all(isinstance(getattr(read[name], PART_OF[operation]), Known) for name in ODD_NAMES)
    asked = [parse_qs(body.decode()) for body in ses.bodies]
    request = next(query for query in asked if query["Action"] == [operation])
    assert [request[f"Identities.member.{count}"] for count in range(1, len(ODD_NAMES) + 1)] == [
        [name] for name in ODD_NAMES
    ]


def test_nobody_to_ask_about_asks_nobody() -> None:
    ses = Ses()
    assert ses.reader().breadth(REGION, []) == {}
    assert not ses.asked


def test_more_than_ses_takes_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="100 identities a call, not 101"):
        Ses().reader().breadth(REGION, ["a.example"] * 101)


# --- Depth ------------------------------------------------------------------------------------------------------


def details(**changes: Any) -> Observed[Details]:
    said = {key: value for key, value in {**IDENTITY, **changes}.items() if value is not LEFT_OUT}
    ses = Ses()
    ses.answers["GetEmailIdentity"] = json_body(**said)
    return ses.reader().details(REGION, NAME)


LEFT_OUT = object()


def test_details_are_read_into_facts() -> None:
    assert details() == Known(
        Details(
            error_type="HOST_NOT_FOUND",
            last_checked=datetime(2026, 5, 12, 10, 0, tzinfo=UTC),
            last_success=datetime(2026, 5, 11, 10, 0, 0, 500_000, tzinfo=UTC),
            dkim_origin="AWS_SES_EU_CENTRAL_1",
            hosted_zone="dkim.eu-west-1.amazonses.com",
            key_length="RSA_1024_BIT",
            configuration_set="marketing",
            policies=Known({"partner": '{"Version":"2012-10-17"}'}),
        )
    )


def test_what_ses_has_nothing_to_say_of_is_empty() -> None:
    nothing = details(VerificationInfo=LEFT_OUT, DkimAttributes=LEFT_OUT, ConfigurationSetName=LEFT_OUT, Policies={})
    assert nothing == Known(Details())


def test_values_nobody_knows_are_kept() -> None:
    found = details(
        VerificationInfo={"ErrorType": "MOON_PHASE"},
        DkimAttributes={"SigningAttributesOrigin": "AWS_SES_MARS_NORTH_1", "CurrentSigningKeyLength": "ED25519"},
    ).get()
    assert (found.error_type, found.dkim_origin, found.key_length) == ("MOON_PHASE", "AWS_SES_MARS_NORTH_1", "ED25519")


@pytest.mark.parametrize("policies", [LEFT_OUT, None, {"a": None}, {"a": 5}], ids=["left out", "null", "null in", "5"])
def test_policies_that_are_not_said_are_not_taken_for_none(policies: Any) -> None:
    fact = details(Policies=policies).get().policies
    assert isinstance(fact, Missing)
    assert fact.why is Blindness.NOT_IN_ANSWER


def test_policies_are_bounded() -> None:
    found = details(Policies={"long": "x" * 1_000_000, HOSTILE: "{}"}).get().policies.get()
    assert len(found["long"]) == LONGEST_POLICY
    assert all(len(name) <= 500 and "\n" not in name for name in found)


def test_policies_without_end_are_not_believed_rather_than_cut() -> None:
    fact = details(Policies={str(count): "{}" for count in range(MOST_POLICIES + 1)}).get().policies
    assert isinstance(fact, Missing)
    assert fact.why is Blindness.UNREADABLE


@pytest.mark.parametrize("moment", ["yesterday", 1e300, -1e300, [], {}], ids=repr)
def test_a_moment_that_is_none_is_unreadable(moment: Any) -> None:
    fact = details(VerificationInfo={"LastCheckedTimestamp": moment})
    assert isinstance(fact, Missing)
    assert fact.why is Blindness.UNREADABLE


def test_an_identity_deleted_meanwhile_is_no_failure() -> None:
    ses = Ses()
    ses.answers["GetEmailIdentity"] = refusal("GetEmailIdentity", "NotFoundException", 404)
    fact = ses.reader().details(REGION, NAME)
    assert fact == Missing(
        Blindness.NOT_APPLICABLE, f"{NAME} was deleted meanwhile in {REGION}", "ses:GetEmailIdentity"
    )
    assert ses.asked["GetEmailIdentity"] == 1


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: name[:20])
def test_an_odd_name_is_asked_for_as_it_is(name: str) -> None:
    ses = Ses()
    assert isinstance(ses.reader().details(REGION, name), Known)
    assert unquote(ses.urls[0].partition("/v2/email/identities/")[2]) == name


@given(st.dictionaries(st.sampled_from(sorted(IDENTITY)), st.none() | st.just({}) | st.text(max_size=5), max_size=6))
def test_an_answer_that_botocore_let_through_never_raises(answer: Mapping[str, Any]) -> None:
    shaped = {key: value for key, value in answer.items() if key not in {"VerificationInfo", "DkimAttributes"}}
    assert isinstance(parse_details(shaped, REGION, NAME), (Known, Missing))
