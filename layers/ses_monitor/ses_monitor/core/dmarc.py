"""As much of DMARC (RFC 7489) as it takes to tell whether a record counts, and what it asks of mail. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

POLICIES = frozenset({"none", "quarantine", "reject"})
_COUNTS = re.compile(r"v\s*=\s*DMARC1\s*(?:;|$)")
_MEANT = re.compile(r"[\s\"']*v\s*[=:]?\s*dmarc", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Policy:
    """A record in force. `subdomains` is what holds for names below the one it is published for."""

    domain: str
    text: str
    policy: str
    subdomains: str
    strict_spf: bool
    strict_dkim: bool

    def amended(self, tag: str, value: str) -> str:
        """Return the record with another value for `tag` (a pattern); what else it says is left as it is."""
        return re.sub(rf"(?<![a-z])({tag})\s*=\s*[^;\s]*", rf"\1={value}", self.text, flags=re.IGNORECASE)


def counting(values: Iterable[str]) -> list[str]:
    """Return the TXT values that receivers take for DMARC records: `v=DMARC1` first, in these letters."""
    return [value for value in values if _COUNTS.match(value)]


def meant(values: Iterable[str]) -> list[str]:
    """Return the TXT values that were meant as DMARC records, and are none."""
    return [value for value in values if _MEANT.match(value) and not _COUNTS.match(value)]


def fault_of(record: str) -> str:
    """Say in a clause what makes a record that counts invalid; empty when nothing does."""
    tags = _tags(record)
    if "p" not in tags:
        return "it has no p=, so that it asks for nothing"
    for name in ("p", "sp"):
        if name in tags and tags[name].lower() not in POLICIES:
            return f"its {name}= is {tags[name][:40] or 'empty'!r}, which is none of none, quarantine and reject"
    for name in ("adkim", "aspf"):
        if name in tags and tags[name].lower() not in {"r", "s"}:
            return f"its {name}= is {tags[name][:40]!r}, which is neither r nor s"
    return ""


def policy_of(domain: str, record: str) -> Policy:
    """Read a record that has no fault, published for `domain`."""
    tags = _tags(record)
    policy = tags["p"].lower()
    return Policy(
        domain=domain,
        text=record,
        policy=policy,
        subdomains=tags.get("sp", policy).lower(),
        strict_spf=tags.get("aspf", "r").lower() == "s",
        strict_dkim=tags.get("adkim", "r").lower() == "s",
    )


def _tags(record: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in reversed(list(pairs)) if name.strip()}
