"""In which counters each outcome goes, and which of them count in a rate."""

from collections.abc import Sequence
from dataclasses import replace
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
    Outcome,
    Recipient,
    Reject,
    Rendering,
    Subscription,
    event_id,
)
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.traffic import Tally
from ses_monitor.feedback.classify import counts_toward_bounce_rate, domains_to_know, outcomes

SENT = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
ANNA, BEN = "anna@example.org", "ben@example.net"
SIMULATED = "bounce@simulator.amazonses.com"
HARD, GLOBAL = (Tally.HARD_BOUNCES,), (Tally.HARD_BOUNCES, Tally.SUPPRESSED_GLOBALLY)
OTHER_BOUNCE, COMPLAINT, OTHER_COMPLAINT = (Tally.OTHER_BOUNCES,), (Tally.COMPLAINTS,), (Tally.OTHER_COMPLAINTS,)


def event(kind: Kind, detail: Any = None, *addresses: str, **facts: Any) -> Event:
    plain = {
        "type": kind.value,
        "format": Format.EVENT_PUBLISHING,
        "message_id": "0102018f-aaaa-000000",
        "occurred_at": SENT + timedelta(seconds=5),
        "sent_at": SENT,
        "region": "eu-west-1",
        "identity": "shop.example.com",
        "recipients": tuple(Recipient(each) for each in addresses),
    }
    return Event(kind=kind, detail=detail, **{**plain, **facts})


def bounce(kind: str, subtype: str, *addresses: str) -> Event:
    return event(Kind.BOUNCE, Bounce(kind, subtype), *(addresses or (ANNA,)), feedback_id="0102018f-bbbb")


def complaint(kind: str = "abuse", subtype: str = "", *addresses: str) -> Event:
    return event(Kind.COMPLAINT, Complaint(kind, subtype), *(addresses or (ANNA,)), feedback_id="0102018f-cccc")


def tallied(found: Sequence[Outcome]) -> list[tuple[tuple[Tally, ...], bool]]:
    return [(each.tallies, each.counted) for each in found]


@pytest.mark.parametrize(
    ("told", "tallies", "counted"),
    [
        (event(Kind.SEND, None, ANNA), (Tally.SENDS,), False),
        (event(Kind.DELIVERY, None, ANNA), (Tally.DELIVERIES,), False),
        (bounce("Permanent", "General"), HARD, True),
        (bounce("Permanent", "NoEmail"), HARD, True),
        (bounce("Permanent", "Suppressed"), GLOBAL, True),
        (bounce("Permanent", "SomethingNew"), HARD, True),
        (bounce("Permanent", ""), HARD, True),
        (bounce("Permanent", "OnAccountSuppressionList"), OTHER_BOUNCE, False),
        (bounce("Permanent", "OnTenantSuppressionList"), OTHER_BOUNCE, False),
        (bounce("Permanent", "EmailValidationSuppressed"), OTHER_BOUNCE, False),
        (bounce("Permanent", "UnsubscribedRecipient"), OTHER_BOUNCE, False),
        (bounce("Transient", "General"), OTHER_BOUNCE, False),
        (bounce("Transient", "MailboxFull"), OTHER_BOUNCE, False),
        (bounce("Transient", "Suppressed"), OTHER_BOUNCE, False),
        (bounce("Undetermined", "Undetermined"), OTHER_BOUNCE, False),
        (bounce("SomethingNew", "General"), OTHER_BOUNCE, False),
        (bounce("", ""), OTHER_BOUNCE, False),
        (event(Kind.BOUNCE, None, ANNA), OTHER_BOUNCE, False),
        (complaint(), COMPLAINT, True),
        (complaint(""), COMPLAINT, True),
        (complaint("auth-failure"), COMPLAINT, True),
        (complaint("SomethingNew", "SomethingElse"), COMPLAINT, True),
        (complaint("not-spam"), OTHER_COMPLAINT, False),
        (complaint("", "OnAccountSuppressionList"), OTHER_COMPLAINT, False),
        (complaint("abuse", "OnTenantSuppressionList"), OTHER_COMPLAINT, False),
        (event(Kind.COMPLAINT, None, ANNA), COMPLAINT, True),
        (event(Kind.REJECT, Reject("Bad content"), ANNA), (Tally.REJECTS,), False),
        (event(Kind.RENDERING_FAILURE, Rendering("t", "e"), ANNA), (Tally.RENDERING_FAILURES,), False),
        (event(Kind.SUBSCRIPTION, Subscription(), ANNA), (Tally.SUBSCRIPTIONS,), False),
        (event(Kind.OTHER, None, ANNA), (Tally.OTHERS,), False),
        (event(Kind.DELIVERY_DELAY, Delay("SpamDetected"), ANNA), (Tally.DELAYS_SPAM,), False),
        (event(Kind.DELIVERY_DELAY, Delay("IPFailure"), ANNA), (Tally.DELAYS_IP,), False),
        (event(Kind.DELIVERY_DELAY, Delay("MailboxFull"), ANNA), (Tally.DELAYS_OTHER,), False),
        (event(Kind.DELIVERY_DELAY, None, ANNA), (Tally.DELAYS_OTHER,), False),
    ],
    ids=lambda value: f"{value.kind} {value.detail}" if isinstance(value, Event) else None,
)
def test_an_outcome_goes_into_its_counters(told: Event, tallies: tuple[Tally, ...], counted: bool) -> None:
    assert tallied(outcomes(told)) == [(tallies, counted)]
    [alone] = outcomes(replace(told, recipients=()))
    assert (alone.tallies, alone.counted, alone.recipient) == (tallies, counted, None)
    assert counts_toward_bounce_rate(told) is (counted and told.kind is Kind.BOUNCE)


@pytest.mark.parametrize("kind", [each for each in Kind if each is not Kind.REJECTION])
def test_mail_to_the_simulator_counts_as_nothing_else(kind: Kind) -> None:
    details = {
        Kind.BOUNCE: Bounce("Permanent", "General"),
        Kind.COMPLAINT: Complaint("abuse"),
        Kind.OPEN: Engagement(),
        Kind.CLICK: Engagement(),
    }
    for address in (SIMULATED, "Simulator <Success+1@SIMULATOR.amazonses.com>"):
        told = event(kind, details.get(kind), address)
        assert tallied(outcomes(told)) == [((Tally.SIMULATED,), False)]
        assert not counts_toward_bounce_rate(told)
        assert domains_to_know(told) == set()


@pytest.mark.parametrize("addresses", [(), (ANNA,), (ANNA, BEN), (SIMULATED,)], ids=len)
def test_a_refused_send_counts_once_and_is_somebodys_where_one_recipient_was_told(addresses: tuple[str, ...]) -> None:
    told = event(Kind.REJECTION, RefusedSend("SENDER_UNVERIFIED", "shop.example.com"), *addresses)
    [outcome] = outcomes(told)
    assert outcome.recipient == (Recipient(*addresses) if len(addresses) == 1 else None)
    assert (outcome.tallies, outcome.counted) == ((Tally.REJECTIONS,), False), "also of mail to the simulator"
    assert outcome.id == event_id(told)
    assert domains_to_know(told) == set()


def test_of_several_recipients_only_the_simulated_ones_are_left_out() -> None:
    told = bounce("Permanent", "General", SIMULATED, ANNA)
    assert tallied(outcomes(told)) == [((Tally.SIMULATED,), False), (HARD, True)]
    assert counts_toward_bounce_rate(told)


@pytest.mark.parametrize("kind", [Kind.OPEN, Kind.CLICK])
def test_an_open_or_click_counts_once_and_is_nobodys(kind: Kind) -> None:
    told = event(kind, Engagement(), ANNA, BEN, SIMULATED)
    [outcome] = outcomes(told)
    assert outcome.recipient is None
    assert outcome.tallies == (Tally.OPENS if kind is Kind.OPEN else Tally.CLICKS,)
    assert outcome.id == event_id(told)


def test_each_recipient_is_an_outcome_of_its_own_and_counts_once_however_it_is_written() -> None:
    told = bounce("Permanent", "General", ANNA, BEN, "Anna <ANNA@example.org>", f" {BEN} ")
    found = outcomes(told)
    assert [each.recipient for each in found] == [Recipient(ANNA), Recipient(BEN)]
    assert [each.id for each in found] == [event_id(told, ANNA), event_id(told, BEN)]


def test_the_same_bounce_told_by_both_mechanisms_has_one_name() -> None:
    told = bounce("Permanent", "General", "Anna <Anna@Example.org>")
    again = replace(bounce("Permanent", "General", ANNA), format=Format.IDENTITY_NOTIFICATION)
    assert [each.id for each in outcomes(told)] == [each.id for each in outcomes(again)]


@pytest.mark.parametrize(
    ("address", "own", "counts"),
    [
        ("anna@shop.example.com", {"shop.example.com"}, False),
        ("Anna <ANNA@Shop.Example.COM.>", {"shop.example.com"}, False),
        ("anna@mail.shop.example.com", {"shop.example.com"}, False),
        ("anna@example.com", {"shop.example.com"}, True),
        ("anna@myshop.example.com", {"shop.example.com"}, True),
        ("anna@shop.example.com", set(), True),
        ("anna@shop.example.com", {"com"}, True),
        ("no address at all", {"shop.example.com"}, True),
        ("", {""}, True),
    ],
)
def test_a_recipient_at_a_domain_of_ones_own_counts_in_no_rate(address: str, own: set[str], counts: bool) -> None:
    assert tallied(outcomes(bounce("Permanent", "Suppressed", address), own)) == [
        (GLOBAL, True) if counts else (OTHER_BOUNCE, False)
    ]
    assert tallied(outcomes(complaint("abuse", "", address), own)) == [
        (COMPLAINT, True) if counts else (OTHER_COMPLAINT, False)
    ]
    assert tallied(outcomes(event(Kind.SEND, None, address), own)) == [((Tally.SENDS,), False)]


@pytest.mark.parametrize(
    ("told", "domains"),
    [
        (
            bounce("Permanent", "General", "a@mail.shop.example.com"),
            {"mail.shop.example.com", "shop.example.com", "example.com"},
        ),
        (bounce("Permanent", "General", ANNA, BEN), {"example.org", "example.net"}),
        (complaint("abuse", "", ANNA), {"example.org"}),
        (complaint("not-spam", "", ANNA), set()),
        (bounce("Permanent", "OnAccountSuppressionList", ANNA), set()),
        (bounce("Transient", "General", ANNA), set()),
        (event(Kind.SEND, None, ANNA), set()),
        (event(Kind.BOUNCE, Bounce("Permanent", "General")), set()),
        (bounce("Permanent", "General", "a@localhost", "nobody", "", "a@..", f"a@{'x' * 70}.example.org"), set()),
    ],
    ids=lambda value: ",".join(sorted(value)) if isinstance(value, set) else f"{value.kind} {value.detail}",
)
def test_only_what_could_change_the_count_is_looked_up(told: Event, domains: set[str]) -> None:
    assert domains_to_know(told) == domains


def test_a_long_name_does_not_make_many_lookups() -> None:
    told = bounce("Permanent", "General", f"a@{'x.' * 120}example.org")
    assert len(domains_to_know(told)) <= 10
    assert "example.org" in domains_to_know(told)


ADDRESSES = st.lists(st.text(max_size=30) | st.sampled_from([ANNA, BEN, SIMULATED, "ANNA@example.org"]), max_size=6)
WORDS = st.text(max_size=12) | st.sampled_from(
    ["Permanent", "Transient", "General", "Suppressed", "OnAccountSuppressionList"]
)
EVENTS = st.builds(
    lambda kind, detail, addresses, feedback_id: event(kind, detail, *addresses, feedback_id=feedback_id),
    st.sampled_from(Kind),
    st.none()
    | st.builds(Bounce, WORDS, WORDS)
    | st.builds(Complaint, WORDS, WORDS)
    | st.builds(Delay, WORDS)
    | st.builds(Engagement, WORDS, WORDS),
    ADDRESSES,
    st.sampled_from(["", "0102018f-dddd"]),
)


@given(EVENTS, st.sets(st.sampled_from(["example.org", "example.net", "example.com"])))
def test_whatever_comes_is_counted_once_for_each_recipient(told: Event, own: set[str]) -> None:
    found = outcomes(told, own)
    assert found
    assert len({each.id for each in found}) == len(found)
    assert all(each.tallies and each.event is told for each in found)
    rates = {Tally.HARD_BOUNCES, Tally.COMPLAINTS}
    assert all(each.counted is bool(rates & set(each.tallies)) for each in found)
    known = outcomes(told, own & domains_to_know(told))
    assert tallied(known) == tallied(found), "what was not to be looked up made a difference"
    if any(Tally.HARD_BOUNCES in each.tallies for each in found):
        assert counts_toward_bounce_rate(told)
