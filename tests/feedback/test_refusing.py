"""A report becomes an event: its cause, whose it is, and nobody's address in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.check import bounded
from ses_monitor.core.event import Event, Format, Kind, Recipient
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.rejection import Facts, KnownIdentity, Report, Source, Told
from ses_monitor.feedback.parsed import Skipped
from ses_monitor.feedback.refusing import MOST_SENDERS, OF_THE_ACCOUNT, Senders, event_of
from ses_monitor.feedback.remembered import FactsOfABatch
from ses_monitor.rejections.catalogue import ENTRIES

NOW = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
REGION = "eu-west-1"
SHOP = "shop.example.com"
ORDERS = f"orders@{SHOP}"
ANA = "ana.lopez@example.org"


def unverified(*names: str) -> str:
    failed = ", ".join(names)
    return (
        "554 Message rejected: Email address is not verified. The following identities failed the check in region"
        f" EU-WEST-1: {failed}"
    )


def report(text: str, sender: str = ORDERS, *recipients: str, source: Source = Source.REPORT, **other: str) -> Report:
    return Report("r1", source, text, NOW, Told(sender, recipients, nearby=REGION), "111122223333", **other)


class Audits:
    """What the audits know, and how often somebody asked."""

    def __init__(self, *identities: tuple[str, str, str], sandbox: bool | None = False, enforcement: str = "") -> None:
        self.identities = tuple(KnownIdentity(*each) for each in identities)
        self.account = AccountFacts(
            NOW, production_access=None if sandbox is None else not sandbox, enforcement=enforcement or None
        )
        self.asked: list[tuple[str, frozenset[str]]] = []

    def facts(self, region: str, names: Collection[str]) -> Facts:
        self.asked.append((region, frozenset(names)))
        found = tuple(each for each in self.identities if each.name in names)
        return Facts(self.account, frozenset(names), found, frozenset({REGION, "us-east-1"}))


def event(told: Report, audits: Audits, senders: Senders | None = None) -> Event:
    found = event_of(told, audits.facts, senders or Senders(), NOW)
    assert isinstance(found, Event)
    return found


def refused(told: Report, audits: Audits) -> RefusedSend:
    detail = event(told, audits).detail
    assert isinstance(detail, RefusedSend)
    return detail


HERE, PENDING, ELSEWHERE = (SHOP, REGION, "SUCCESS"), (SHOP, REGION, "PENDING"), (SHOP, "us-east-1", "SUCCESS")


@pytest.mark.parametrize(
    ("audits", "failed", "tag", "identity"),
    [
        (Audits(HERE, sandbox=True), ANA, "RECIPIENT_UNVERIFIED_SANDBOX", "a…@example.org"),
        (Audits(ELSEWHERE), ORDERS, "SENDER_VERIFIED_IN_OTHER_REGION", ORDERS),
        (Audits(PENDING), ORDERS, "SENDER_PENDING", ORDERS),
        (Audits(HERE), "root@web-1.internal", "RETURN_PATH_UNVERIFIED", "root@web-1.internal"),
        (Audits(), ORDERS, "SENDER_UNVERIFIED", ORDERS),
    ],
)
def test_one_text_has_another_answer_in_each_account(audits: Audits, failed: str, tag: str, identity: str) -> None:
    found = refused(report(unverified(failed)), audits)
    assert (found.tag, found.identity, found.subject) == (tag, identity, SHOP)
    assert found.known


def test_what_the_audits_do_not_know_is_not_guessed() -> None:
    found = event_of(report(unverified(ANA), ""), lambda _region, _names: Facts(), Senders(), NOW)
    assert isinstance(found, Event)
    assert isinstance(found.detail, RefusedSend)
    assert (found.detail.tag, found.detail.subject, found.detail.identity) == (
        "IDENTITY_UNVERIFIED",
        "account",
        "a…@example.org",
    )


def test_what_cannot_be_read_is_raised_and_no_verdict() -> None:
    def broken(_region: str, _names: Collection[str]) -> Facts:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        event_of(report(unverified(ORDERS)), broken, Senders(), NOW)


def test_an_event_has_all_that_was_told() -> None:
    found = event(report(unverified(ORDERS), f"Shop <{ORDERS}>", ANA, f"Ana <{ANA.upper()}>"), Audits(PENDING))
    assert (found.kind, found.format, found.type, found.message_id) == (Kind.REJECTION, Format.TOLD, "Rejection", "r1")
    assert (found.region, found.identity, found.account_id) == (REGION, SHOP, "111122223333")
    assert found.source == f"Shop <{ORDERS}>"
    assert found.recipients == (Recipient(ANA),)
    assert (found.occurred_at, found.sent_at) == (NOW, NOW)


@pytest.mark.parametrize("late", [timedelta(days=2), timedelta(days=-9000)])
def test_a_time_that_cannot_be_is_now(late: timedelta) -> None:
    assert event(replace(report(unverified(ORDERS)), at=NOW + late), Audits()).occurred_at == NOW


@pytest.mark.parametrize("entry", [each for each in ENTRIES if each.tag in OF_THE_ACCOUNT], ids=lambda each: each.tag)
def test_what_is_the_accounts_is_told_of_the_account(entry: object) -> None:
    for saying in getattr(entry, "says", ()):
        found = event_of(report(saying.whole), Audits().facts, Senders(), NOW)
        if isinstance(found, Event) and isinstance(found.detail, RefusedSend) and found.detail.tag in OF_THE_ACCOUNT:
            assert found.detail.subject == "account"
            assert found.identity == SHOP


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (unverified(ORDERS), [frozenset({ORDERS, SHOP, "example.com"})]),
        ("454 Throttling failure: Daily message quota exceeded.", [frozenset()]),
        ("SendingPausedException", [frozenset()]),
        ("554 Message rejected: Sending paused for this account.", []),
        ("535 Authentication Credentials Invalid", []),
        ("nobody knows this", []),
    ],
)
def test_the_audits_are_asked_only_where_the_answer_hangs_on_them(text: str, asked: list[frozenset[str]]) -> None:
    audits = Audits(HERE)
    event(report(text), audits)
    assert [names for _, names in audits.asked] == asked


@pytest.mark.parametrize(
    ("source", "text", "told"),
    [
        (Source.LOG, "550 5.1.1 user unknown", Skipped),
        (Source.REPORT, "550 5.1.1 user unknown", Event),
        (Source.CLOUDTRAIL, "NewError: never seen", Event),
        (Source.REPORT, "250 Ok 0102019a9f3c7e10-5b7d2c4e-8f61-4a0b-9c3d-2e1f0a9b8c7d-000000", Skipped),
        (Source.LOG, "250 Ok 0102019a9f3c7e10-5b7d2c4e-8f61-4a0b-9c3d-2e1f0a9b8c7d-000000", Skipped),
    ],
)
def test_a_log_is_not_taken_at_its_word_and_successes_are_passed_over(source: Source, text: str, told: type) -> None:
    found = event_of(report(text, source=source), Audits().facts, Senders(), NOW)
    assert isinstance(found, told)
    if isinstance(found, Event) and isinstance(found.detail, RefusedSend):
        assert (found.detail.tag, found.detail.subject) == ("UNRECOGNISED", "account")


@pytest.mark.parametrize(
    "sender", ["", "nobody", "root@localhost", "www-data@ip-10-0-0-1.ec2.internal", "x@" + "a" * 70 + ".com", "ü@ü.de"]
)
def test_what_is_no_identity_is_no_subject(sender: str) -> None:
    found = event(report("552 Message is too long.", sender), Audits())
    assert isinstance(found.detail, RefusedSend)
    assert (found.detail.subject, found.identity) == ("account", "")


def test_so_many_unknown_senders_of_a_message_are_taken_at_their_word() -> None:
    senders, audits = Senders(), Audits(HERE)
    subjects = set()
    for number in range(100):
        found = event(report(unverified(f"a@d{number}.example"), f"a@d{number}.example"), audits, senders)
        assert isinstance(found.detail, RefusedSend)
        subjects.add(found.detail.subject)
    assert len(subjects) == MOST_SENDERS + 1
    assert "account" in subjects
    assert event(report(unverified(ORDERS)), audits, senders).identity == SHOP, "known ones have room always"


def test_what_is_alike_in_a_batch_is_asked_once_and_a_failure_again() -> None:
    audits = Audits(HERE)
    kept = FactsOfABatch(audits.facts, most=2)
    assert kept(REGION, ["a", "b"]) is kept(REGION, ("b", "a"))
    assert len(audits.asked) == 1
    for name in "cdef":
        kept(REGION, [name])
    assert len(kept._kept) <= 2

    asked: list[str] = []

    def unreadable(region: str, _names: Collection[str]) -> Facts:
        asked.append(region)
        raise TimeoutError

    broken = FactsOfABatch(unreadable)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            broken(REGION, [])
    assert len(asked) == 2


@pytest.mark.parametrize(
    "other", ["my-orders@shop.example.com", "orders@shop.example.com.evil.org", "x.orders@shop.example.com"]
)
def test_an_address_in_which_the_senders_stands_is_not_the_senders(other: str) -> None:
    found = refused(report(unverified(other)), Audits(HERE, sandbox=True))
    assert other not in repr(found) or found.tag == "RETURN_PATH_UNVERIFIED"


PEOPLE = st.from_regex(r"[a-z]{3,8}\.[a-z]{2,8}@(example\.org|gmx\.example|mail\.example\.net)", fullmatch=True)


@given(
    st.lists(PEOPLE, min_size=1, max_size=4, unique=True),
    st.sampled_from([True, None]),
    st.sampled_from([ORDERS, ""]),
    st.sampled_from(list(Source)),
    st.sampled_from(["{}", "to=<{}>, relay=email-smtp.eu-west-1.amazonaws.com: {}", "Traceback\n {} for {}"]),
)
def test_no_recipients_address_is_kept_in_what_is_told(
    people: list[str], sandbox: bool | None, sender: str, source: Source, around: str
) -> None:
    text = f"{unverified(*people)}\n" + around.replace("{}", people[0])
    told = replace(report(text, sender, *people, source=source), origin=f"arn:aws:sts::1:assumed-role/x/{people[0]}")
    found = event_of(told, Audits(HERE, sandbox=sandbox).facts, Senders(), NOW)
    assert isinstance(found, Event)
    assert isinstance(found.detail, RefusedSend)
    for person in people:
        assert not any(person in text for text in astuple(found.detail))
    assert all(text == bounded(text, 600) for text in astuple(found.detail))


@given(st.text(max_size=200), st.text(max_size=60), st.sampled_from(Source))
def test_whatever_is_told_becomes_an_event_or_is_passed_over(text: str, sender: str, source: Source) -> None:
    found = event_of(report(text, sender, sender, source=source), Audits(HERE).facts, Senders(), NOW)
    assert isinstance(found, Event | Skipped)
    if isinstance(found, Event):
        assert found.detail is not None
        assert all(part == bounded(part, 600) for part in astuple(found.detail))
