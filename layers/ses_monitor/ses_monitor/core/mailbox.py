"""Mail addresses as this monitor compares, masks and keeps them. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Protocol

_LONGEST = 320
"""RFC 3696 erratum 1690: 64 octets, an @, 255 octets."""
# Text is read backwards, from each @ to the left: what precedes an address is anybody's, and may have lone quotes.
# Each quote is looked for once: one that is not opened is the first of the whole text.
_QUOTE = '"'
_ESCAPED = r"(?:\\\\)*+\\"
_QUOTED = rf'"(?!{_ESCAPED})(?>[^"]++|"(?={_ESCAPED}))*+"'
_PLAIN = r'[^\s<>(),;:\[\]"@\uff20\ufe6b]++'
_BEFORE_AT = re.compile(
    rf'(?P<at>[@\uff20\ufe6b]|(?<=\w)04%)(?P<local>(?>{_QUOTED}|"*+{_PLAIN})(?>(?<=\.){_QUOTED}|(?<="){_PLAIN})*+)'
)
"""An at sign (also of full width, or as in URLs) and the local part before it (RFC 5321, 4.1.2; RFC 6531), reversed."""
_QUOTED_IN_BRACKETS = re.compile(rf'\s*>(?P<address>[^\s<>"@]+@{_QUOTED})<')
"""The end of a text, reversed: only between quotes may an address have blanks and brackets."""
SIMULATOR = "simulator.amazonses.com"
"""SES's mailbox simulator; mail to it counts in no rate and no quota of reputation."""


def normal(text: str) -> str:
    """Return the bare address in lower case: SES tells the same recipient now with a display name, now without."""
    return _bare(text[-_LONGEST * 4 :]).strip().strip("<>").lower()[:_LONGEST]


def _bare(text: str) -> str:
    """Return what stands in the last brackets: a display name, which is anybody's text, comes first (RFC 5322, 3.4)."""
    quoted = _QUOTED_IN_BRACKETS.match(text[::-1]) if '"@' in text else None
    if quoted:
        return quoted["address"][::-1]
    if "<" not in text:
        return text
    for part in reversed(text.split("<")[1:]):
        address, closed, _ = part.partition(">")
        if closed and "@" in address and not any(map(str.isspace, address)):
            return address
    return text


def domain_of(address: str) -> str:
    """Return the domain of an address, lower case and without a final dot; the text itself where it has no @."""
    return normal(address).rpartition("@")[2].rstrip(".")


def is_simulated(address: str) -> bool:
    """Tell whether mail to `address` goes to SES's mailbox simulator."""
    return domain_of(address) == SIMULATOR


def masked(address: str) -> str:
    """Return an address for chats and logs: j…@example.com."""
    local, at, domain = normal(address).rpartition("@")
    first = local.lstrip(_QUOTE)[:1]
    return f"{first}…{at}{domain}" if at else "…"


def without_addresses(text: str) -> str:
    """Return `text` with each mail address in it masked; rather too much than too little. Linear in its length."""
    return _BEFORE_AT.sub(_mask, text[::-1])[::-1]


def _mask(found: re.Match[str]) -> str:
    first = found["local"].rstrip(_QUOTE)[-1:]
    return f"{found['at']}…{first}"


class RecipientNames(Protocol):
    """How recipients are kept in the table."""

    def key(self, address: str) -> str:
        """Return what a recipient's events are found by."""

    def shown(self, address: str) -> str:
        """Return the address as it may be stored; empty: not at all."""

    def text(self, text: str) -> str:
        """Return a text of a mail or a server as it may be stored."""


class PlainRecipients:
    """Recipients are kept as they are."""

    def key(self, address: str) -> str:
        """Return the address, normalised."""
        return normal(address)

    def shown(self, address: str) -> str:
        """Return the address, as it came."""
        return address[:_LONGEST]

    def text(self, text: str) -> str:
        """Return the text."""
        return text


class HashedRecipients:
    """Recipients are kept as HMAC-SHA-256 with a secret key: found by who knows address and key, readable by nobody."""

    def __init__(self, key: bytes) -> None:
        """Take the secret; at least 16 bytes, or an address could be found by trying keys.

        Raises:
            ValueError: the key is shorter.
        """
        if len(key) < 16:
            msg = f"a key of {len(key)} bytes; at least 16 are needed"
            raise ValueError(msg)
        self._key = key

    def key(self, address: str) -> str:
        """Return the keyed hash of the normalised address."""
        digest = hmac.new(self._key, normal(address).encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"hmac-{digest.hexdigest()[:40]}"

    def shown(self, address: str) -> str:
        """Return nothing."""
        del address
        return ""

    def text(self, text: str) -> str:
        """Return the text with the addresses in it masked."""
        return without_addresses(text)
