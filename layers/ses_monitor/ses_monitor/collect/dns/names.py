"""Names as people and SES write them, made into names that can be asked for."""

from __future__ import annotations

import re
import unicodedata

import dns.exception
import dns.name

LONGEST_NAME = 253
"""Characters of a name without the final dot (RFC 1035: 255 octets on the wire)."""

_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # IDNA counts three more characters as dots (RFC 3490, 3.1)
_ASKABLE = re.compile(r"[!-~]{1,63}")
_JOINERS = "\u200c\u200d"  # without width, and letters of some scripts need them (RFC 5892, appendix A)


_INVISIBLE = "the name has a space, a control character or an invisible character in it"


class NameRefusedError(ValueError):
    """Such a name cannot exist in the DNS; the message says why."""


def parsed(text: str) -> dns.name.Name:
    """Make a name out of text, with or without the final dot; what is not ASCII goes through IDNA.

    Not dnspython's own parser: to it a backslash escapes, and "@" is the root.

    Raises:
        NameRefusedError: there can be no such name.
    """
    if len(text) > 4 * LONGEST_NAME:
        msg = f"the name has {len(text)} characters; a DNS name has at most {LONGEST_NAME}"
        raise NameRefusedError(msg)
    labels = _DOTS.split(text.removesuffix("."))
    encoded = [_label(each) for each in labels]
    try:
        return dns.name.Name([*encoded, b""])
    except dns.exception.DNSException as error:
        msg = f"the name is longer than {LONGEST_NAME} characters"
        raise NameRefusedError(msg) from error


def text_of(name: dns.name.Name) -> str:
    """Write a name without the final dot; bytes that are no text come escaped, as in zone files."""
    return name.to_text(omit_final_dot=True)


def _label(text: str) -> bytes:
    # What IDNA 2008 registers is what lower case and NFKC leave as it is. IDNA 2003 (the codec that Python brings)
    # would ask for strasse.de instead of straße.de: another domain.
    label = text if text.isascii() else _punycode(text)
    if not label:
        msg = "the name has an empty part: two dots in a row, or one at its start"
        raise NameRefusedError(msg)
    if len(label) > 63:
        msg = f"a part of the name has {len(label)} characters; at most 63 are possible"
        raise NameRefusedError(msg)
    if not _ASKABLE.fullmatch(label):
        raise NameRefusedError(_INVISIBLE)
    return label.encode("ascii")


def _punycode(text: str) -> str:
    normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    if normal.isascii():
        return normal
    # Such a character comes along when a name is copied; no registry has names with one.
    if any(unicodedata.category(each)[0] in "CZ" and each not in _JOINERS for each in normal):
        raise NameRefusedError(_INVISIBLE)
    return "xn--" + normal.encode("punycode").decode("ascii")
