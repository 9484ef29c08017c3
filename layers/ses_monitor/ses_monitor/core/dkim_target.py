"""Where the CNAME of an Easy DKIM token must lead, and what a wrong one looks like. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ses_monitor.core import regions
from ses_monitor.core.check import bounded
from ses_monitor.core.identity import Details, Dkim, Identity
from ses_monitor.core.observed import Known
from ses_monitor.core.records import Record


@dataclass(frozen=True, slots=True)
class Expected:
    """One record as SES expects it.

    `certain` says whether SES or AWS's table told the `zone` of the keys: else every zone of SES will do. `exact`
    compares upper and lower case too.
    """

    token: str
    domain: str
    zone: str
    certain: bool
    exact: bool

    @property
    def name(self) -> str:
        """Where it is published."""
        return f"{self.token}._domainkey.{self.domain}"

    @property
    def record(self) -> Record:
        """The record to publish."""
        return Record(self.name, "CNAME", f"{self.token}.{self.zone}".lower())

    def met_by(self, target: str) -> bool:
        """Tell whether a CNAME to `target` is right.

        Host names have no case (RFC 4343). That SES compares exactly is said of TXT values; tokens and zones are
        lower case, so a provider that lower-cases cannot spoil them. Only where SES itself objects does case count.
        """
        told = target.rstrip(".")
        told = told if self.exact else told.lower()
        if told == self.record.value:
            return True
        token, _, zone = told.partition(".")
        return not self.certain and token == self.token.lower() and regions.is_dkim_zone(zone)

    def doubled_in(self, target: str, ends: Collection[str]) -> bool:
        """Tell whether a provider appended one of `ends` to a target that is right."""
        return target.lower().rstrip(".") in {f"{self.record.value}.{end}" for end in ends}

    def meant_by(self, text: str) -> bool:
        """Tell whether a TXT value was meant to be this record."""
        told = text.lower()
        return "amazonses.com" in told or self.token.lower() in told or told.startswith(("v=dkim1", "k=rsa", "p="))

    def how_wrong(self, target: str, ends: Collection[str], tokens: Collection[str]) -> str:
        """Say in a sentence what is wrong with a target that is SES's, but not this one; `tokens` are all of them."""
        value, right_zone = bounded(target.rstrip("."), 200), self.record.value.partition(".")[2]
        token = target.lower().partition(".")[0]
        if self.doubled_in(target, ends):
            return f"The provider appended the domain to the target: it points to {value}. End the target with a dot."
        if target.lower().rstrip(".") == self.record.value:
            return f"It is written in other letters ({value}), and SES reports INVALID_VALUE: write it in lower case."
        if token == self.token.lower():
            return f"It points into another zone ({value}): SES keeps the key of this identity in {right_zone}."
        if token in {other.lower() for other in tokens}:
            return f"The tokens are mixed up: it points to {value}, the key of another of the records."
        return f"It points to {value}, perhaps the key of an identity that was deleted, or of another region."


def expectations(identity: Identity, dkim: Dkim, region: str) -> tuple[Expected, ...]:
    """Return one record for each token.

    What SES says of the zone goes first; then the table of its regions, of the parent's region for a replica
    (Deterministic Easy DKIM), which has no records of its own.
    """
    details = identity.details.value if isinstance(identity.details, Known) else Details()
    exact = details.error_type == "INVALID_VALUE" and dkim.status != "SUCCESS"
    zone = details.hosted_zone.lower().rstrip(".")
    zone = zone or regions.dkim_zone(regions.parent_region(details.dkim_origin) or region) or ""
    certain = isinstance(identity.details, Known) and bool(zone)
    return tuple(
        Expected(token, identity.domain, zone or regions.COMMON_DKIM_ZONE, certain, exact) for token in dkim.tokens
    )
