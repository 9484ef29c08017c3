"""Domains that look like a common mailbox provider's, and are not. Pure."""

from __future__ import annotations

PROVIDERS = (
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.co.jp",
    "hotmail.com",
    "hotmail.co.uk",
    "hotmail.fr",
    "outlook.com",
    "icloud.com",
    "protonmail.com",
    "fastmail.com",
    "yandex.com",
    "t-online.de",
    "freenet.de",
    "orange.fr",
    "wanadoo.fr",
    "libero.it",
    "comcast.net",
    "verizon.net",
    "naver.com",
)
"""Only longer names: one slip away from a short one (gmx.de, qq.com) lie too many domains of others."""

GENUINE = frozenset(
    {
        "mail.com",
        "email.com",
        "ymail.com",
        "cloud.com",
        "never.com",
        "fastmail.fm",
    }
)
"""Domains one slip away from a provider's that are in use themselves."""


def meant(domain: str) -> str:
    """Return the provider's domain that `domain` is one slip away from; empty when it is none."""
    if domain in GENUINE or domain in PROVIDERS:
        return ""
    return next((provider for provider in PROVIDERS if _one_slip(domain, provider)), "")


def _one_slip(written: str, right: str) -> bool:
    """Tell whether one letter was added, left out or mistaken, or two neighbours changed places."""
    if abs(len(written) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(written), len(right)) and written[start] == right[start]:
        start += 1
    rest, right_rest = written[start:], right[start:]
    swapped = len(rest) > 1 and rest[1] + rest[0] + rest[2:] == right_rest
    return rest != right_rest and (
        rest[1:] == right_rest or rest == right_rest[1:] or rest[1:] == right_rest[1:] or swapped
    )
