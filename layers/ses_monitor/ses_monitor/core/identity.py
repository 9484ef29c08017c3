"""An identity and a configuration set, as far as SES and the DNS could be asked about them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ses_monitor.core.dns import DomainProof
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

NOT_DUE = Missing(Blindness.NOT_APPLICABLE, "not due in this audit")


class IdentityKind(StrEnum):
    """What an identity is, in SES's words."""

    DOMAIN = "DOMAIN"
    EMAIL_ADDRESS = "EMAIL_ADDRESS"


@dataclass(frozen=True, slots=True)
class Dkim:
    """DKIM as the batch reads give it. `status` is in the words of the current API, also where it came from v1."""

    status: str
    signing_enabled: bool
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailFrom:
    """A custom MAIL FROM domain; `on_mx_failure` is USE_DEFAULT_VALUE or REJECT_MESSAGE."""

    domain: str
    status: str
    on_mx_failure: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """Where an identity's own notifications go; empty strings where no topic is set."""

    bounce_topic: str
    complaint_topic: str
    forwarding: bool


@dataclass(frozen=True, slots=True)
class Details:
    """What only `GetEmailIdentity` tells.

    `dkim_origin` is AWS_SES (Easy DKIM), EXTERNAL (BYODKIM) or AWS_SES_<REGION> (Deterministic Easy DKIM).
    `hosted_zone` is the zone that DKIM CNAMEs point into; empty where SES did not say.
    """

    error_type: str = ""
    last_checked: datetime | None = None
    last_success: datetime | None = None
    dkim_origin: str = ""
    hosted_zone: str = ""
    key_length: str = ""
    configuration_set: str = ""
    policies: Observed[Mapping[str, str]] = field(default_factory=lambda: Known({}))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same identity in another region, as the last audit there left it."""

    region: str
    verification_status: str
    production_access: bool | None = None
    in_use: bool | None = None


@dataclass(frozen=True, slots=True)
class IdentityMemory:
    """What earlier audits saw: since when each status stands, and when the DNS first failed to prove the identity."""

    first_seen: datetime | None = None
    verification_since: datetime | None = None
    dkim_since: datetime | None = None
    mail_from_since: datetime | None = None
    unproven_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A domain or an address in one region."""

    name: str
    kind: IdentityKind
    verification_status: str
    txt_token: Observed[str] = NOT_DUE
    dkim: Observed[Dkim] = NOT_DUE
    mail_from: Observed[MailFrom | None] = NOT_DUE
    feedback: Observed[Feedback] = NOT_DUE
    details: Observed[Details] = NOT_DUE
    proof: Observed[DomainProof] = NOT_DUE
    elsewhere: Observed[tuple[Elsewhere, ...]] = NOT_DUE
    memory: IdentityMemory = field(default_factory=IdentityMemory)

    @property
    def domain(self) -> str:
        """The domain itself, or that of an address; lower case."""
        return self.name.rpartition("@")[2].lower().rstrip(".")


@dataclass(frozen=True, slots=True)
class EventDestination:
    """Where a configuration set publishes, and which events (BOUNCE, COMPLAINT, …)."""

    name: str
    enabled: bool
    event_types: frozenset[str]
    target: str


@dataclass(frozen=True, slots=True)
class ConfigurationSet:
    """A configuration set. `default_of` names identities that use it without being told to."""

    name: str
    sending_enabled: Observed[bool]
    reputation_metrics: Observed[bool]
    destinations: Observed[tuple[EventDestination, ...]]
    default_of: tuple[str, ...] = ()
