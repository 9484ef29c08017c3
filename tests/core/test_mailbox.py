"""One person has one address, however SES spells it; it is shown masked, and kept plain or as a keyed hash."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.core.mailbox import (
    HashedRecipients,
    PlainRecipients,
    domain_of,
    is_simulated,
    masked,
    normal,
    without_addresses,
)

KEY = b"0123456789abcdef0123456789abcdef"
ADDRESS = "ada.lovelace@example.org"
SPELLINGS = (
    ADDRESS,
    "Ada.Lovelace@Example.ORG",
    f"<{ADDRESS}>",
    f"Ada Lovelace <{ADDRESS}>",
    f'"Lovelace, Ada" <{ADDRESS.upper()}>',
    f"=?UTF-8?Q?Ad=C3=A1?= <{ADDRESS}>",
    f'"a@b" <{ADDRESS}>',
    f'"<bob@example.net>" <{ADDRESS}>',
    f"{'x' * 2000} <{ADDRESS}>",
    f"  {ADDRESS}\n",
)
each_spelling = pytest.mark.parametrize("spelling", SPELLINGS)


@each_spelling
def test_every_spelling_of_an_address_is_the_same_address(spelling: str) -> None:
    assert normal(spelling) == ADDRESS
    assert PlainRecipients().key(spelling) == ADDRESS
    assert HashedRecipients(KEY).key(spelling) == HashedRecipients(KEY).key(ADDRESS)
    assert domain_of(spelling) == "example.org"


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("ada@example.org.", "example.org"),
        ('"a@b"@example.org', "example.org"),
        ("ada@bücher.example", "bücher.example"),
        ("postmaster", "postmaster"),
        ("ada@", ""),
        ("", ""),
    ],
)
def test_the_domain_is_what_stands_behind_the_last_at(text: str, domain: str) -> None:
    assert domain_of(text) == domain


@pytest.mark.parametrize(
    ("address", "simulated"),
    [
        ("bounce@simulator.amazonses.com", True),
        ("Complaint+label@Simulator.AmazonSES.com", True),
        ("SES <success@simulator.amazonses.com>", True),
        ("ada@example.org", False),
        ("ada@simulator.amazonses.com.example.org", False),
        ("simulator.amazonses.com@example.org", False),
    ],
)
def test_mail_to_the_mailbox_simulator_is_known(address: str, simulated: bool) -> None:
    assert is_simulated(address) is simulated


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (ADDRESS, "a…@example.org"),
        (f"Ada Lovelace <{ADDRESS}>", "a…@example.org"),
        ("x@example.org", "x…@example.org"),
        ('"jane doe"@example.org', "j…@example.org"),
        ('Jane <"jane doe"@example.org>', "j…@example.org"),
        ("@example.org", "…@example.org"),
        ("nobody", "…"),
        ("", "…"),
    ],
)
def test_an_address_is_masked_to_its_first_letter_and_domain(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_the_addresses_in_a_text_are_masked_and_the_rest_is_left() -> None:
    said = "smtp; 550 5.1.1 <ada.lovelace@example.org>... bob+shop@example.net is unknown"
    assert without_addresses(said) == "smtp; 550 5.1.1 <a…@example.org>... b…@example.net is unknown"
    assert without_addresses("no address @ all") == "no address @ all"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("jürgen.groß@example.org is unknown", "j…@example.org is unknown"),
        ("<jane@übung.example>", "<j…@übung.example>"),
        ("用户@例子.example", "用…@例子.example"),
        ('550 <"jane doe"@example.org>: no', "550 <j…@example.org>: no"),
        (r'"jane \"jd\" doe"@example.org', "j…@example.org"),
        (r'"jane doe\\"@example.org', "j…@example.org"),
        ('"jane@home"@example.org', "j…@example.org"),
        ('jane."van doe".x@example.org', "j…@example.org"),
        ('said "hi" to "jane@example.org", "bob@example.net"', 'said "hi" to "j…@example.org", "b…@example.net"'),
        ('doe"@example.org', "d…@example.org"),
        ("jane@[192.0.2.1]", "j…@[192.0.2.1]"),
        ("jane@example.com@relay.example", "j…@e…@relay.example"),
        ("jane+example.org@relay.example jane%40example.org", "j…@relay.example j…%40example.org"),
        ("jane\uff20example.org", "j…\uff20example.org"),
        ("rfc822;jane@example.org mailto:bob@example.org", "rfc822;j…@example.org mailto:b…@example.org"),
        ("cut at the end: jane@", "cut at the end: j…@"),
        (f"{'x' * 500}@example.org", "x…@example.org"),
        ("at 5 @ 6, 100%, 40%", "at 5 @ 6, 100%, 40%"),
    ],
)
def test_an_address_of_any_form_is_masked_whole(said: str, shown: str) -> None:
    assert without_addresses(said) == shown


LOCAL = st.text("ABCDÄÖßλж用🙂.+_-!#$'", min_size=2, max_size=80)
QUOTED = st.text("ABCDÄÖß <>()@,;:.[]", min_size=2, max_size=80).map(lambda text: f'"{text}"')
DOMAIN = st.sampled_from(["example.org", "bücher.example", "[192.0.2.1]", "xn--bcher-kva.example"])
AROUND = st.text("xyz <>,;:()'. ", max_size=40)


@given(AROUND, st.one_of(LOCAL, QUOTED), DOMAIN, AROUND)
def test_no_local_part_survives_in_any_alphabet_or_between_quotes(
    before: str, local: str, domain: str, after: str
) -> None:
    shown = without_addresses(f"{before} {local}@{domain} {after}")
    assert shown == f"{before} {local.strip(chr(34))[:1]}…@{domain} {after}"


@given(st.text('ab@"\\.<>%40 ', max_size=200))
def test_nothing_that_an_at_follows_is_left_longer_than_a_letter(text: str) -> None:
    for word in re.findall(r"[^\s<>(),;:\[\]\"@]+(?=@)", without_addresses(text)):
        assert word.rpartition("…")[1] == "…" or len(word) <= 1


@pytest.mark.parametrize(
    "hostile", ["@", '"@', '\\"@', '"\\"@', "a@", '."@', '".', "%40", "a%40", "a", '"', "\\", '<"', '"@x>']
)
def test_masking_a_long_text_takes_time_in_proportion_to_its_length(hostile: str) -> None:
    text = hostile * (1_000_000 // len(hostile))
    began = process_time()
    for each in (text, f"{text}@example.org", f'"{text}"@example.org', f'<"{text}"@example.org>'):
        without_addresses(each)
        normal(each)
    assert process_time() - began < 20, "a square of a million steps would take hours"


def test_quotes_in_brackets_keep_their_blanks() -> None:
    assert normal('N <"jane doe"@example.org>') == '"jane doe"@example.org'
    assert normal('N <"jane <doe>"@Example.org> ') == '"jane <doe>"@example.org'
    assert normal('"<"bob doe"@example.net>" <ada@example.org>') == "ada@example.org"
    assert domain_of('N <"jane doe"@example.org>') == "example.org"


def test_a_hashed_recipient_leaves_no_trace_of_the_address() -> None:
    names = HashedRecipients(KEY)
    assert re.fullmatch(r"hmac-[0-9a-f]{40}", names.key(ADDRESS))
    assert names.shown(ADDRESS) == ""
    assert ADDRESS not in names.text(f"<{ADDRESS}> unknown")


def test_a_hash_is_found_only_by_who_knows_address_and_key() -> None:
    names = HashedRecipients(KEY)
    assert names.key(ADDRESS) != names.key("ada.lovelace@example.com")
    assert names.key(ADDRESS) != HashedRecipients(KEY[::-1]).key(ADDRESS)


@pytest.mark.parametrize("length", [0, 1, 15])
def test_a_key_that_could_be_guessed_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} bytes"):
        HashedRecipients(b"x" * length)
    HashedRecipients(b"x" * 16)


def test_a_plain_recipient_is_kept_as_it_came() -> None:
    names = PlainRecipients()
    assert names.shown("Ada@Example.org") == "Ada@Example.org"
    assert names.text(f"<{ADDRESS}> unknown") == f"<{ADDRESS}> unknown"


@given(st.text(max_size=2000))
def test_any_text_is_bounded(text: str) -> None:
    assert len(normal(text)) <= 320
    assert len(PlainRecipients().shown(text)) <= 320
    assert len(masked(text)) <= 325
    for names in (PlainRecipients(), HashedRecipients(KEY)):
        names.key(text)
        names.text(text)


@given(st.from_regex(r"[a-z0-9.+_-]{2,30}@[a-z0-9]{1,20}\.example", fullmatch=True), st.text(max_size=50))
def test_no_masked_text_shows_a_whole_local_part(address: str, before: str) -> None:
    assert address not in without_addresses(f"{before} <{address}>")
    assert address not in masked(address)
