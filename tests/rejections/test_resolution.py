"""The same text has another reason in another account; what the audits know decides, and what they do not is left open."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.rejection import Confidence, Explanation, Facts, KnownIdentity, Rejection, Told
from ses_monitor.rejections.explanation import explained, read
from ses_monitor.rejections.identities import is_machines
from ses_monitor.rejections.resolution import (
    GRAVEST,
    LIKELIEST,
    MOST_NAMES,
    covers,
    names_to_know,
    supplemented,
    whose_pause,
)

HERE, THERE = "eu-west-1", "us-east-1"
AT = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
FAILED = "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: "
BARE = "An error occurred (MessageRejected) when calling the SendEmail operation: Email address is not verified."
ORDERS = "orders@shop.example"
BOB = "bob@client.example"
ROOT = "root@ip-10-0-0-1.ec2.internal"
RECIPIENT, UNVERIFIED, OTHER, PENDING, RETURN = LIKELIEST
OPEN = "IDENTITY_UNVERIFIED"

Has = tuple[str, str, str]
HAVE = ("shop.example", HERE, "SUCCESS")
HAVE_THERE = ("shop.example", THERE, "SUCCESS")
IS_PENDING = ("shop.example", HERE, "PENDING")


def account(**facts: Any) -> AccountFacts:
    return AccountFacts(AT, **facts)


def facts_for(
    rejection: Rejection,
    told: Told,
    *has: Has,
    sandbox: bool | None = None,
    listed: Sequence[str] = (HERE, THERE),
    **more: Any,
) -> Facts:
    """Everything that `rejection` asks was asked, and the account has `has`."""
    return Facts(
        account=account(production_access=None if sandbox is None else not sandbox, **more),
        asked=frozenset(name.lower() for name in names_to_know(rejection, told)),
        identities=tuple(KnownIdentity(*each) for each in has),
        listed=frozenset(listed),
    )


def answer(
    text: str,
    *has: Has,
    sandbox: bool | None = None,
    sender: str = "",
    recipients: tuple[str, ...] = (),
    region: str = "",
    **more: Any,
) -> Explanation:
    rejection, told = read(text), Told(sender=sender, recipients=recipients, region=region)
    return explained(rejection, told, facts_for(rejection, told, *has, sandbox=sandbox, **more))


@pytest.mark.parametrize(
    ("tag", "has", "sandbox"),
    [
        (RECIPIENT, (HAVE,), True),
        (RETURN, (HAVE,), False),
    ],
)
def test_another_address_is_a_recipient_in_the_sandbox_and_a_return_path_in_production(
    tag: str, has: tuple[Has, ...], sandbox: bool
) -> None:
    found = answer(f"{FAILED}{BOB}", *has, sandbox=sandbox, sender=ORDERS)
    assert (found.tag, found.culprit, found.sender) == (tag, BOB, "shop.example")
    assert found.may_be_recipient is (tag == RECIPIENT)
    assert found.rejection.confidence is Confidence.HIGH
    assert found.candidates == found.needs == ()


def test_one_text_has_four_answers_in_four_accounts() -> None:
    text = f"{FAILED}{ORDERS}"
    assert answer(text, sandbox=True).tag == RECIPIENT
    elsewhere = answer(text, HAVE_THERE, sandbox=False)
    assert (elsewhere.tag, elsewhere.elsewhere) == (OTHER, (THERE,))
    assert "us-east-1" in elsewhere.cause
    assert "email-smtp.us-east-1.amazonaws.com" in " ".join(elsewhere.steps)
    assert "--email-identity shop.example" in " ".join(elsewhere.steps)
    pending = answer(text, IS_PENDING, sandbox=False)
    assert pending.tag == PENDING
    assert "shop.example" in pending.cause
    assert answer(text, HAVE, sandbox=False, sender="ann@other.example").tag == RETURN


CASES: list[tuple[str, str, str, tuple[str, ...], tuple[Has, ...], bool | None]] = [
    # tag, failed, sender, recipients, identities, sandbox
    (PENDING, ORDERS, ORDERS, (), (IS_PENDING,), None),
    (PENDING, ORDERS, ORDERS, (), (("shop.example", HERE, "FAILED"), HAVE_THERE), True),
    (PENDING, ORDERS, "", (), (IS_PENDING,), None),
    (PENDING, ORDERS, "", (), ((ORDERS, HERE, "PENDING"),), True),
    (PENDING, "a@news.shop.example", "", (), (IS_PENDING,), False),
    (OTHER, ORDERS, ORDERS, (), (HAVE_THERE,), None),
    (OTHER, ORDERS, "", (), (("shop.example", THERE, "TEMPORARY_FAILURE"),), True),
    (UNVERIFIED, ORDERS, ORDERS, (), (), None),
    (UNVERIFIED, ORDERS, "", (), (), False),
    (UNVERIFIED, ORDERS, "", (), (("shop.example", THERE, "PENDING"),), False),
    (UNVERIFIED, ORDERS, "sales@shop.example", (), (), True),
    (UNVERIFIED, "shop.example", ORDERS, (), (), False),
    (UNVERIFIED, ORDERS, ORDERS, (ORDERS,), (), True),
    (UNVERIFIED, ORDERS, ORDERS, (), (HAVE,), False),
    (RETURN, BOB, ORDERS, (), (), False),
    (RETURN, BOB, ORDERS, ("cy@client.example",), (HAVE,), True),
    (RETURN, BOB, ORDERS, ("cy@client.example",), (HAVE,), None),
    (RETURN, ROOT, ORDERS, (), (HAVE,), True),
    (RETURN, ROOT, "", (), (), False),
    (RETURN, ROOT, "", (), (), True),
    (RETURN, "www-data@client.example", "", (), (), False),
    (RETURN, "root@localhost", "", (), (), False),
    (RECIPIENT, BOB, ORDERS, (BOB,), (HAVE,), True),
    (RECIPIENT, BOB, ORDERS, (), (HAVE,), True),
    (RECIPIENT, BOB, "", (), (), True),
    (RECIPIENT, ROOT, "", (ROOT,), (), True),
    (RECIPIENT, "cy@shop.example", ORDERS, ("cy@shop.example",), ((ORDERS, HERE, "SUCCESS"),), True),
    (RECIPIENT, "root@client.example", "", (), (), True),
    (UNVERIFIED, BOB, "", ("cy@client.example",), (), True),
    (OPEN, BOB, ORDERS, (), (HAVE,), None),
    (OPEN, BOB, ORDERS, (BOB,), (HAVE,), None),
    (OPEN, BOB, ORDERS, (), (HAVE, ("client.example", HERE, "PENDING")), True),
    (OPEN, BOB, "", (), (), None),
]


@pytest.mark.parametrize(("tag", "failed", "sender", "recipients", "has", "sandbox"), CASES)
def test_roles_and_facts_decide(
    tag: str, failed: str, sender: str, recipients: tuple[str, ...], has: tuple[Has, ...], sandbox: bool | None
) -> None:
    found = answer(f"{FAILED}{failed}", *has, sandbox=sandbox, sender=sender, recipients=recipients)
    assert found.tag == tag
    assert found.culprit == failed
    assert bool(found.candidates) is bool(found.needs) is (tag == OPEN)
    assert found.sender or not sender


@pytest.mark.parametrize(
    ("sender", "recipients", "sandbox", "candidates"),
    [
        (ORDERS, (), None, (RECIPIENT, RETURN)),
        (ORDERS, (BOB,), None, (RECIPIENT, RETURN)),
        ("", (), None, (RECIPIENT, UNVERIFIED)),
    ],
)
def test_only_what_is_still_possible_is_a_candidate(
    sender: str, recipients: tuple[str, ...], sandbox: bool | None, candidates: tuple[str, ...]
) -> None:
    found = answer(f"{FAILED}{BOB}", HAVE, sandbox=sandbox, sender=sender, recipients=recipients)
    assert (found.tag, found.candidates) == (OPEN, candidates)
    assert "get-account" in found.needs[0]
    assert not any("get-email-identity" in each for each in found.needs)


def test_of_several_identities_the_sender_s_trouble_is_told_and_the_others_are_evidence() -> None:
    found = answer(f"{FAILED}{BOB}, {ORDERS}, {ROOT}", IS_PENDING, sandbox=True, sender=ORDERS, recipients=(BOB,))
    assert (found.tag, found.culprit, found.sender) == (PENDING, ORDERS, "shop.example")
    assert f"{BOB} failed too: {RECIPIENT}." in found.known
    assert f"{ROOT} failed too: {RETURN}." in found.known


def test_all_identities_of_the_reason_have_their_commands() -> None:
    found = answer(f"{FAILED}{BOB}, cy@client.example", HAVE, sandbox=True, sender=ORDERS)
    assert found.tag == RECIPIENT
    for name in (BOB, "cy@client.example"):
        assert name in found.cause
        assert any(f"create-email-identity --region eu-west-1 --email-identity {name}" in step for step in found.steps)


def test_a_sender_that_was_cut_off_the_list_is_found_by_the_facts() -> None:
    cut = f"{FAILED}{BOB}, ..."
    assert answer(cut, IS_PENDING, sandbox=True, sender=ORDERS, recipients=(BOB,)).culprit == ORDERS
    assert answer(cut, HAVE, sandbox=True, sender=ORDERS, recipients=(BOB,)).tag == RECIPIENT


@pytest.mark.parametrize(
    ("tag", "has", "sandbox"),
    [(PENDING, (IS_PENDING,), None), (UNVERIFIED, (), None), (RETURN, (HAVE,), False), (OPEN, (HAVE,), True)],
)
def test_without_a_list_the_sender_that_was_told_is_held_against_the_facts(
    tag: str, has: tuple[Has, ...], sandbox: bool | None
) -> None:
    assert answer(BARE, *has, sandbox=sandbox, sender=ORDERS, region=HERE).tag == tag
    assert answer(BARE, *has, sandbox=sandbox, region=HERE).tag == OPEN


def test_what_was_verified_meanwhile_may_be_sent_again() -> None:
    found = answer(f"{FAILED}{ORDERS}", HAVE, sandbox=False, sender=ORDERS)
    assert found.tag == UNVERIFIED
    assert "at the last audit it was" in found.cause
    assert found.retry.retryable
    assert found.steps[-1] == "If it is, send the mail again."
    assert "--email-identity shop.example" in found.steps[0]


def test_a_role_that_nobody_told_is_said_to_be_inferred() -> None:
    assert any("inferred" in each for each in answer(f"{FAILED}{BOB}", sandbox=True).evidence)
    assert not any("inferred" in each for each in answer(f"{FAILED}{BOB}", HAVE, sandbox=True, sender=ORDERS).evidence)


@pytest.mark.parametrize(
    ("told", "region", "assumed"),
    [
        (Told(region="US-EAST-1", nearby="sa-east-1"), "us-east-1", False),
        (Told(nearby="sa-east-1"), "sa-east-1", True),
        (Told(region="$(x)"), "", False),
        (Told(), "", False),
    ],
)
def test_a_text_without_a_region_takes_the_one_told_or_nearby(told: Told, region: str, assumed: bool) -> None:
    found = explained(read(BARE), told)
    assert found.region == region
    assert any("is assumed" in each for each in found.evidence) is assumed
    assert explained(read(f"{FAILED}{BOB}"), told).region == HERE


@pytest.mark.parametrize(
    "facts",
    [
        None,
        Facts(),
        Facts(account(production_access=True)),
        Facts(account(production_access=False), frozenset(covers(ORDERS)), listed=frozenset({THERE})),
        Facts(account(production_access=True), frozenset({ORDERS}), listed=frozenset({HERE})),
        Facts(account(production_access=True), identities=(KnownIdentity(*IS_PENDING),), listed=frozenset({HERE})),
    ],
)
@pytest.mark.parametrize("told", [Told(), Told(ORDERS), Told(BOB), Told(BOB, (ORDERS,)), Told(BOB, (ROOT,))])
def test_what_nobody_has_read_yet_is_left_open(facts: Facts | None, told: Told) -> None:
    found = explained(read(f"{FAILED}{ORDERS}"), told, facts)
    assert found.tag == OPEN
    assert len(found.candidates) > 1
    assert found.needs


TEXTS = st.lists(st.sampled_from([ORDERS, BOB, ROOT, "shop.example", "a@news.shop.example", "..."]), max_size=4)
TOLD = st.builds(
    Told,
    sender=st.sampled_from(["", ORDERS, BOB, "Shop <orders@shop.example>", "no address", "@", "$(x)@y z"]),
    recipients=st.lists(st.sampled_from([ORDERS, BOB, ROOT, "?"]), max_size=3).map(tuple),
    region=st.sampled_from(["", HERE, THERE, "moon"]),
)
IDENTITIES = st.lists(
    st.builds(
        KnownIdentity,
        name=st.sampled_from([ORDERS, "shop.example", "client.example", "news.shop.example", BOB]),
        region=st.sampled_from([HERE, THERE, "sa-east-1"]),
        verification_status=st.sampled_from(["SUCCESS", "PENDING", "FAILED", "TEMPORARY_FAILURE", "NOT_STARTED", "?"]),
    ),
    max_size=6,
    unique_by=lambda each: (each.name, each.region),
)
ACCOUNTS = st.one_of(st.none(), st.builds(account, production_access=st.sampled_from([None, True, False])))


@given(TEXTS, TOLD, IDENTITIES, ACCOUNTS, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(
    names: list[str], told: Told, has: list[KnownIdentity], known: AccountFacts | None, chance: random.Random
) -> None:
    rejection = read(FAILED + ", ".join(names))
    asked = frozenset(names_to_know(rejection, told))
    first = explained(rejection, told, Facts(known, asked, tuple(has), frozenset({HERE, THERE})))
    chance.shuffle(has)
    assert first == explained(rejection, told, Facts(known, asked, tuple(has), frozenset({HERE, THERE})))
    assert first.tag in {*GRAVEST, OPEN}
    assert bool(first.candidates) is (first.tag == OPEN)
    if first.may_be_recipient:
        assert first.tag in {RECIPIENT, OPEN}


@given(TEXTS, TOLD, IDENTITIES, ACCOUNTS, st.sets(st.sampled_from([THERE, "sa-east-1"])))
def test_without_the_region_s_list_no_reason_is_given(
    names: list[str], told: Told, has: list[KnownIdentity], known: AccountFacts | None, listed: set[str]
) -> None:
    rejection = read(FAILED + ", ".join(names))
    asked = frozenset(names_to_know(rejection, told))
    assert explained(rejection, told, Facts(known, asked, tuple(has), frozenset(listed))).tag == OPEN
    assert explained(rejection, told, Facts(known, frozenset(), tuple(has), frozenset({HERE}))).tag == OPEN


@given(st.text(), st.builds(Told, st.text(), st.lists(st.text()).map(tuple), st.text(), st.text()))
def test_nothing_that_is_told_raises(text: str, told: Told) -> None:
    for each in (text, FAILED + text, BARE):
        for of_ses in (False, True):
            rejection, more = read(each, of_ses=of_ses), supplemented(told, each)
            names = names_to_know(rejection, more)
            assert len(names) <= MOST_NAMES
            assert explained(rejection, more, Facts(asked=frozenset(names), listed=frozenset({HERE}))).cause


def test_names_are_those_that_would_cover_sender_and_failed_ones() -> None:
    rejection = read(f"{FAILED}a@mail.News.Shop.Example, {BOB}")
    assert names_to_know(rejection, Told(sender="Shop <Orders@shop.example>")) == (
        "orders@shop.example",
        "shop.example",
        "a@mail.news.shop.example",
        "mail.news.shop.example",
        "news.shop.example",
        BOB,
        "client.example",
    )
    assert names_to_know(rejection, Told(sender="Ann@shop.example"))[:2] == ("Ann@shop.example", "ann@shop.example")
    many = read(FAILED + ", ".join(f"a{n}@d{n}.example" for n in range(90)))
    names = names_to_know(many, Told(ORDERS))
    assert names[:2] == (ORDERS, "shop.example")
    assert len(names) == MOST_NAMES


@pytest.mark.parametrize(
    ("tag", "facts"),
    [
        ("ACCOUNT_PAUSED_BY_AWS", {"enforcement": "SHUTDOWN", "sending_enabled": False}),
        ("ACCOUNT_PAUSED_BY_OWNER", {"enforcement": "HEALTHY", "sending_enabled": False}),
        ("ACCOUNT_PAUSED_BY_OWNER", {"enforcement": "PROBATION", "sending_enabled": False}),
        ("CONFIGURATION_SET_PAUSED", {"enforcement": "HEALTHY", "sending_enabled": True}),
        ("", {"enforcement": "HEALTHY"}),
        ("", {"sending_enabled": False}),
        ("", {}),
    ],
)
def test_the_account_tells_whose_pause_it_is(tag: str, facts: dict[str, Any]) -> None:
    text = "An error occurred (SendingPausedException) when calling the SendEmail operation: None"
    assert whose_pause(account(**facts)) == tag
    found = answer(text, region=HERE, **facts)
    assert found.tag == (tag or "ACCOUNT_PAUSED_BY_OWNER")
    assert bool(found.candidates) is bool(found.needs) is (not tag)
    assert whose_pause(None) == ""
    assert explained(read(text)).candidates


def test_a_quota_is_shown_as_the_last_audit_saw_it() -> None:
    found = answer(
        "454 Throttling failure: Daily message quota exceeded",
        sandbox=True,
        region=HERE,
        max_24_hours=200.0,
        sent_last_24_hours=200.0,
        max_per_second=1.0,
    )
    assert found.known == (
        "The audit of 2026-05-12 10:00 UTC found in eu-west-1: 200 mails sent in 24 hours, 200 allowed;"
        " 1 mails a second allowed; the sandbox.",
    )


@pytest.mark.parametrize(
    "text", ["Mail FROM domain is not verified.", "Mail FROM domain <out.shop.example> is not verified."]
)
def test_a_mail_from_domain_is_named_with_its_status(text: str) -> None:
    told = Told(sender=ORDERS, region=HERE)
    identity = KnownIdentity("shop.example", HERE, "SUCCESS", "out.shop.example", "FAILED")
    found = explained(read(f"MailFromDomainNotVerifiedException: {text}"), told, Facts(identities=(identity,)))
    assert found.tag == "MAIL_FROM_UNVERIFIED"
    assert (found.culprit, found.may_be_recipient) == ("shop.example", False)
    assert "out.shop.example: FAILED" in found.known[0]
    assert "--email-identity shop.example --mail-from-domain out.shop.example" in " ".join(found.steps)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (ROOT, True),
        ("root@shop.example", True),
        ("www-data@web1", True),
        ("x@localhost.localdomain", True),
        ("x@printer.local", True),
        ("x@ec2-1-2-3-4.eu-west-1.compute.amazonaws.com", True),
        (ORDERS, False),
        ("admin@shop.example", False),
        ("internal.example", False),
        ("x@local.example", False),
    ],
)
def test_addresses_that_a_host_made_up_are_known(name: str, expected: bool) -> None:
    assert is_machines(name) is expected


def test_a_configuration_set_that_was_told_is_named_where_the_text_has_none() -> None:
    found = explained(read("Configuration set does not exist"), Told(region=HERE, configuration_set="marketing"))
    assert "the configuration set marketing" in found.cause
    assert "--configuration-set-name marketing" in " ".join(found.steps)
