"""Whatever is written for a name is either one, in one form, or told what is wrong with it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ses_monitor_cli.names import NotANameError, dkim_token, domain_name, identity_name, txt_token


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Shop.Example.COM.", "shop.example.com"),
        (" shop.example.com\n", "shop.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("Bücher。example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_dmarc.shop.example.com", "_dmarc.shop.example.com"),
        (".".join(["x" * 61] * 4) + ".abcd", ".".join(["x" * 61] * 4) + ".abcd"),
    ],
)
def test_a_domain_is_known_however_it_is_written(written: str, name: str) -> None:
    assert domain_name(written) == name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Ada+news@Shop.Example.com.", "Ada+news@shop.example.com"),
        ('"a b@c"@shop.example.com', '"a b@c"@shop.example.com'),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("Shop.Example.com", "shop.example.com"),
    ],
)
def test_of_an_address_the_local_part_is_left_alone(written: str, name: str) -> None:
    assert identity_name(written) == name


@given(st.text())
@example("\ud800.example")
@example("." * 300)
@example("ß" * 5000)
def test_any_text_is_a_name_or_refused(text: str) -> None:
    for parse in (domain_name, identity_name, dkim_token, txt_token):
        try:
            name = parse(text)
        except NotANameError:
            continue
        assert parse(name) == name, "a name stays itself"
    try:
        assert domain_name(text).isascii()
    except NotANameError:
        return
