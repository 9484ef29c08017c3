"""A DKIM key as it stands in the DNS: what forms and copying do to it can be seen without knowing the key. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

_RSA = bytes.fromhex("06092a864886f70d010101")
"""The object identifier rsaEncryption, in DER (RFC 8017)."""
_TELLING = 40
"""Characters of base64 among which some are in upper case, or the whole was turned into lower case."""
_HAS_P = re.compile(r"(?:^|[;\s\"\\])p\s*=", re.IGNORECASE)


def is_meant_as_key(value: str) -> bool:
    """Tell whether a TXT value is, or once was, a DKIM key."""
    return _HAS_P.search(value) is not None and not value.lower().lstrip().startswith(("v=dmarc", "v=spf"))


def fault_of(values: Sequence[str]) -> str:
    """Say in a clause what is wrong with the key among these TXT values; empty when it is well formed.

    Whether it is the right key cannot be seen from it: SES does not give the public key back.
    """
    if len(values) > 1:
        return f"there are {len(values)} keys at one name, and each receiver takes another"
    value = values[0]
    if '"' in value or "\\" in value:
        return "quotation marks or backslashes are inside it: it was split or escaped by hand"
    tags = dict(_tags(value))
    if tags.get("v", "DKIM1") != "DKIM1":
        return "its v= is not DKIM1"
    if tags.get("k", "rsa").lower() != "rsa":
        return "its k= is not rsa, and SES signs with RSA only"
    if "p" not in tags:
        return "its p= is not a part of its own: a semicolon is missing or was altered"
    return _fault_of_base64(re.sub(r"\s+", "", tags["p"]))


def _tags(value: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in value.split(";"))
    return [(name.strip(), rest.strip()) for name, _, rest in pairs if name.strip()]


def _fault_of_base64(key: str) -> str:
    if not key:
        return "its p= is empty, which means that the key is revoked"
    if len(key) >= _TELLING and key == key.lower():
        return "it was turned into lower case, and its letters count with their case"
    try:
        der = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return "it is not whole base64: it was cut, split or altered"
    return _fault_of_der(der)


def _fault_of_der(der: bytes) -> str:
    length, start = _length(der)
    if not der.startswith(b"\x30") or length is None:
        return "it does not hold a public key: it was altered, or is not in the form SES asks for"
    if len(der) < start + length:
        return f"it was cut: {len(der)} of its {start + length} bytes are there"
    if len(der) > start + length:
        return "something was added behind its end"
    if _RSA not in der[:40]:
        return "it is no RSA key in the form SES asks for (SubjectPublicKeyInfo)"
    return ""


def _length(der: bytes) -> tuple[int | None, int]:
    """Read the length of the outermost DER element, and where its content starts."""
    if len(der) < 4:
        return None, 0
    first = der[1]
    if first < 0x80:
        return first, 2
    count = first & 0x7F
    if count not in {1, 2} or len(der) < 2 + count:
        return None, 0
    return int.from_bytes(der[2 : 2 + count], "big"), 2 + count
