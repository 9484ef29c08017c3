"""Names as people write them, and as the DNS and SES know them: each wrong one is told what is wrong with it."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable

from ses_monitor.collect.dns.names import NameRefusedError, parsed, text_of

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,63}")
_DOTS = "\u3002\uff0e\uff61"
"""What IDNA counts as dots besides the dot (RFC 3490, 3.1)."""
LONGEST_DOMAIN = 253
LONGEST_ADDRESS = 320
"""SES takes identities of at most 320 characters."""


class NotANameError(ValueError):
    """The text is no such name. The message says why, and starts in the middle of a sentence."""


def domain_name(text: str) -> str:
    """Return a domain in lower case and ASCII (IDNA), without the final dot.

    Raises:
        NotANameError: it is none, or something else such as an address.
    """
    given = text.strip()
    for is_it, what in _SOMETHING_ELSE:
        if is_it(given):
            raise NotANameError(what)
    name = _to_ascii(given.removesuffix("."))
    if len(name) > LONGEST_DOMAIN:
        raise NotANameError(f"has {len(name)} characters; a domain has at most {LONGEST_DOMAIN}")
    labels = name.split(".")
    if len(labels) < 2:
        raise NotANameError("is a single label; give a whole domain such as example.com")
    for label in labels:
        _check_label(label)
    return name


def identity_name(text: str) -> str:
    """Return the name of an identity as SES has it: a domain, or an address with its local part left alone.

    Raises:
        NotANameError: it can be neither.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at:
        return domain_name(text)
    if not local or len(text) > LONGEST_ADDRESS or not local.isprintable():
        raise NotANameError(f"is no mail address of at most {LONGEST_ADDRESS} characters")
    return f"{local}@{domain_name(domain)}"


def dkim_token(text: str) -> str:
    """Return a DKIM token; of a whole record name or target its first label.

    Raises:
        NotANameError: it is none.
    """
    first, _, rest = text.strip().partition(".")
    if rest and "_domainkey" not in rest.lower() and not rest.lower().rstrip(".").endswith("amazonses.com"):
        raise NotANameError("is no DKIM token, but a name; give the token alone")
    if not _TOKEN.fullmatch(first):
        raise NotANameError("is no DKIM token: 1 to 63 letters, digits, - and _, as SES gives them")
    return first


def txt_token(text: str) -> str:
    """Return a verification token, without the prefix that some write before it. Its case is left alone.

    Raises:
        NotANameError: it is none.
    """
    token = text.strip().strip('"').removeprefix("amazonses:")
    if not token or len(token) > 255 or not token.isprintable() or not token.isascii() or " " in token:
        raise NotANameError("is no verification token: up to 255 visible ASCII characters, such as 44 of base64")
    return token


def _to_ascii(name: str) -> str:
    if name.isascii():
        return name.lower()
    if any(not (each.isascii() or each in _DOTS or unicodedata.category(each)[0] in "LMN") for each in name):
        raise NotANameError("has characters that no domain may have")
    try:
        return text_of(parsed(name)).lower()
    except NameRefusedError as error:
        raise NotANameError(f"cannot be a domain: {error}") from error


def _check_label(label: str) -> None:
    if not label:
        raise NotANameError("has an empty label: two dots in a row, or one at its beginning")
    if len(label) > 63:
        raise NotANameError(f"has a label of {len(label)} characters; a label has at most 63")
    if not _LABEL.fullmatch(label):
        raise NotANameError(f"has the label {label!r}; a label has letters, digits, - and _, no - at its ends")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


_SOMETHING_ELSE: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda text: not text, "is empty; give a domain such as example.com"),
    (lambda text: "/" in text, "is a web address or a path; give the domain alone, such as example.com"),
    (lambda text: "@" in text, "is a mail address; give what stands behind its @"),
    (_is_address, "is an IP address; give a domain such as example.com"),
)
