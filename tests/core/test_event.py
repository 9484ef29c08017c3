"""An outcome has one name, by whichever mechanism, in which order and however often it is told; another has another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

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
    Rendering,
    event_id,
)
from ses_monitor.core.mailbox import normal

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ADDRESS = "ada@example.org"
FEEDBACK_ID = "0102018f00000000-4c1c0d7e-0000-4000-8000-000000000001-000000"


def event(kind: Kind, **facts: object) -> Event:
    basis = Event(
        kind=kind,
        type=kind.value,
        format=Format.EVENT_PUBLISHING,
        message_id="0102018e00000000-9d2e5f10-0000-4000-8000-000000000001-000000",
        occurred_at=AT,
        sent_at=AT - timedelta(minutes=1),
        region="eu-west-1",
        identity="shop.example.com",
        configuration_set="transactional",
        recipients=(Recipient(ADDRESS),),
    )
    return replace(basis, **facts)  # type: ignore[arg-type] # the facts of a case


BOUNCE = event(Kind.BOUNCE, feedback_id=FEEDBACK_ID, detail=Bounce("Permanent", "General", "dsn; mx.example.org"))
COMPLAINT = event(Kind.COMPLAINT, feedback_id=FEEDBACK_ID, detail=Complaint("abuse"))
DELAY = event(Kind.DELIVERY_DELAY, detail=Delay("SpamDetected"))
OPEN = event(Kind.OPEN, detail=Engagement("192.0.2.1", "Mozilla/5.0"))
CLICK = event(Kind.CLICK, detail=Engagement("192.0.2.1", "Mozilla/5.0", "https://shop.example.com/"))
REJECT = event(Kind.REJECT)
RENDERING = event(Kind.RENDERING_FAILURE, detail=Rendering("order", "…", "name"))
OTHER = event(Kind.OTHER, type="Quarantine")

NOTIFIED = replace(
    BOUNCE,
    format=Format.IDENTITY_NOTIFICATION,
    configuration_set="",
    detail=Bounce("Permanent", "General", "dns; mx.example.org", "192.0.2.25"),
    tags={},
)
SAME = {
    "by the other mechanism": (BOUNCE, NOTIFIED),
    "by a server that told it a second later": (BOUNCE, replace(BOUNCE, occurred_at=AT + timedelta(seconds=1))),
    "with one recipient of two": (BOUNCE, replace(BOUNCE, recipients=(Recipient(ADDRESS), Recipient("b@example.org")))),
    "a delivery told later": (event(Kind.DELIVERY), event(Kind.DELIVERY, occurred_at=AT + timedelta(seconds=9))),
    "a reject told later": (REJECT, replace(REJECT, occurred_at=AT + timedelta(seconds=9))),
    "the same delay": (DELAY, replace(DELAY, configuration_set="", tags={"a": ("b",)})),
    "an open told in another offset": (OPEN, replace(OPEN, occurred_at=AT.astimezone(timezone(timedelta(hours=-7))))),
}
OTHERS = {
    "another feedback id": (BOUNCE, replace(BOUNCE, feedback_id=FEEDBACK_ID.replace("0102", "0100"))),
    "a complaint with the id of a bounce": (BOUNCE, COMPLAINT),
    "a delay at another time": (DELAY, replace(DELAY, occurred_at=AT + timedelta(milliseconds=1))),
    "an open at another time": (OPEN, replace(OPEN, occurred_at=AT + timedelta(milliseconds=1))),
    "an open by another reader": (OPEN, replace(OPEN, detail=Engagement("192.0.2.2", "Mozilla/5.0"))),
    "a click of the same moment": (OPEN, replace(CLICK, detail=OPEN.detail)),
    "another link": (CLICK, replace(CLICK, detail=Engagement("192.0.2.1", "Mozilla/5.0", "https://example.com/"))),
    "another mail": (REJECT, replace(REJECT, message_id="0102018e00000000-other-000000")),
    "a send and its delivery": (event(Kind.SEND), event(Kind.DELIVERY)),
    "a reject and a rendering failure": (REJECT, RENDERING),
    "what we do not know, of another type": (OTHER, replace(OTHER, type="Release")),
    "what we do not know, again": (OTHER, replace(OTHER, occurred_at=AT + timedelta(seconds=1))),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same_outcome_has_the_same_name(case: str) -> None:
    one, other = SAME[case]
    assert event_id(one, ADDRESS) == event_id(other, ADDRESS)


@pytest.mark.parametrize("case", OTHERS)
def test_another_outcome_has_another_name(case: str) -> None:
    one, other = OTHERS[case]
    assert event_id(one, ADDRESS) != event_id(other, ADDRESS)


@pytest.mark.parametrize("spelling", [ADDRESS, "ADA@Example.org", f"Ada <{ADDRESS}>", f'"Ada" <{ADDRESS.upper()}>'])
def test_a_recipient_spelt_otherwise_is_the_same(spelling: str) -> None:
    assert event_id(BOUNCE, normal(spelling)) == event_id(BOUNCE, ADDRESS)


def test_each_recipient_of_an_event_has_a_name_of_its_own() -> None:
    names = {event_id(BOUNCE, f"person{n}@example.org") for n in range(50)}
    assert len(names) == 50


def test_a_kind_with_a_space_is_the_same_as_eventbridges_without() -> None:
    assert event_id(RENDERING, ADDRESS) == event_id(replace(RENDERING, type="RenderingFailure"), ADDRESS)


@given(st.text(max_size=100), st.text(max_size=100), st.text(max_size=100), st.sampled_from(Kind))
def test_any_text_gives_24_hex_digits(message_id: str, feedback_id: str, recipient: str, kind: Kind) -> None:
    made = event_id(event(kind, message_id=message_id, feedback_id=feedback_id), recipient)
    assert len(made) == 24
    assert int(made, 16) >= 0


def test_what_is_told_of_almost_every_mail_is_only_counted() -> None:
    assert {kind for kind in Kind if kind.only_counts} == {Kind.SEND, Kind.DELIVERY, Kind.OPEN, Kind.CLICK}
