"""The facts of identities and configuration sets as they stand in YAML under a region.

`{name: shop.example}` is a verified domain with DKIM, MAIL FROM and feedback set up; every field departs from that.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Status = Literal["PENDING", "SUCCESS", "FAILED", "TEMPORARY_FAILURE", "NOT_STARTED"]
ErrorType = Literal[
    "SERVICE_ERROR",
    "DNS_SERVER_ERROR",
    "HOST_NOT_FOUND",
    "TYPE_NOT_FOUND",
    "INVALID_VALUE",
    "REPLICATION_ACCESS_DENIED",
    "REPLICATION_PRIMARY_NOT_FOUND",
    "REPLICATION_PRIMARY_BYO_DKIM_NOT_SUPPORTED",
    "REPLICATION_REPLICA_AS_PRIMARY_NOT_SUPPORTED",
    "REPLICATION_PRIMARY_INVALID_REGION",
]
EventType = Literal[
    "SEND",
    "REJECT",
    "BOUNCE",
    "COMPLAINT",
    "DELIVERY",
    "OPEN",
    "CLICK",
    "RENDERING_FAILURE",
    "DELIVERY_DELAY",
    "SUBSCRIPTION",
]
KeyLength = Literal["RSA_1024_BIT", "RSA_2048_BIT"]

# https://docs.aws.amazon.com/general/latest/gr/ses.html, "DKIM domains": all other regions use dkim.amazonses.com.
REGIONAL_DKIM = frozenset(
    {
        *("af-south-1", "ap-south-2", "ap-southeast-3", "ap-southeast-5", "ca-west-1", "ap-northeast-3"),
        *("eu-south-1", "eu-central-2", "il-central-1", "me-central-1"),
    }
)


def dkim_zone(region: str) -> str:
    """Where SES keeps the keys of a region's Easy DKIM."""
    return f"dkim.{region}.amazonses.com" if region in REGIONAL_DKIM else "dkim.amazonses.com"


def arn(service: str, region: str, account: str, what: str) -> str:
    """An ARN, unless `what` is one."""
    return what if what.startswith("arn:") else f"arn:aws:{service}:{region}:{account}:{what}"


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether SES has verified the identity, and what it saw when it last looked. A status may stand for itself."""

    SHORT: ClassVar[str] = "status"

    status: Status = "SUCCESS"
    error_type: ErrorType | None = None
    last_checked_hours_ago: float | None = 0.5
    last_success_hours_ago: float | None = None  # None: when it last checked if that was a success, else never


@dataclass(frozen=True, slots=True)
class Dkim:
    """DKIM. A status may stand for itself. What is left open is as verification has it; addresses have no DKIM."""

    SHORT: ClassVar[str] = "status"

    status: Status | None = None
    signing_enabled: bool | None = None
    tokens: tuple[str, ...] | None = None  # the selector, where the key is one's own
    origin: str = "AWS_SES"  # EXTERNAL: BYODKIM; AWS_SES_EU_WEST_1: a replica of that region's (DEED)
    hosted_zone: str | None = None  # None: the region's; empty: SES does not say
    key_length: KeyLength | None = "RSA_2048_BIT"

    @property
    def parent_region(self) -> str | None:
        """Whose DKIM a Deterministic Easy DKIM replica uses."""
        prefix = "AWS_SES_"
        return self.origin.removeprefix(prefix).lower().replace("_", "-") if self.origin.startswith(prefix) else None


@dataclass(frozen=True, slots=True)
class MailFrom:
    """The custom MAIL FROM domain, or its name alone. None: bounce-REGION.NAME for a domain, none for an address."""

    SHORT: ClassVar[str] = "domain"

    domain: str | None = None
    status: Literal["PENDING", "SUCCESS", "FAILED", "TEMPORARY_FAILURE"] = "SUCCESS"
    on_mx_failure: Literal["USE_DEFAULT_VALUE", "REJECT_MESSAGE"] = "USE_DEFAULT_VALUE"


@dataclass(frozen=True, slots=True)
class Feedback:
    """Where bounces and complaints are told: names or ARNs of SNS topics, None for none, and forwarding by mail."""

    bounce_topic: str | None = "ses-feedback"
    complaint_topic: str | None = "ses-feedback"
    delivery_topic: str | None = None
    forwarding: bool = True
    headers: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """An email identity. `policies` are policy documents by name, as mappings or as the text SES holds."""

    name: str
    type: Literal["EMAIL_ADDRESS", "DOMAIN", "MANAGED_DOMAIN"] | None = None  # None: an address has an at sign
    verification: Verification = Verification()
    sending_enabled: bool | None = None  # None: as verification allows
    dkim: Dkim = Dkim()
    mail_from: MailFrom | None = MailFrom()
    feedback: Feedback = Feedback()
    policies: Mapping[str, Any] | None = None
    configuration_set: str | None = None  # the default one
    txt_token: str | None = None  # of a legacy verification by TXT record
    tags: Mapping[str, str] | None = None
    # For tests and readers; the simulator ignores them.
    expect: tuple[str, ...] | None = None  # the tags an audit gives for it, and no others
    note: str = ""

    @property
    def kind(self) -> Literal["EMAIL_ADDRESS", "DOMAIN", "MANAGED_DOMAIN"]:
        """What it is, in SES's words."""
        return self.type or ("EMAIL_ADDRESS" if "@" in self.name else "DOMAIN")

    @property
    def domain(self) -> str:
        """The domain itself, or that of an address; lower case, without a final dot."""
        return self.name.rpartition("@")[2].lower().removesuffix(".")

    @property
    def verified(self) -> bool:
        """Whether mail can be sent from it; while SES looks again for a lost record it still can."""
        return self.verification.status in {"SUCCESS", "TEMPORARY_FAILURE"}

    @property
    def may_send(self) -> bool:
        """What SES calls verified for sending."""
        return self.verified if self.sending_enabled is None else self.sending_enabled

    @property
    def dkim_status(self) -> Status:
        """DKIM's status, where the world leaves it open the verification's: of a domain they are one and the same."""
        if self.dkim.status is not None:
            return self.dkim.status
        return "NOT_STARTED" if self.kind == "EMAIL_ADDRESS" else self.verification.status

    @property
    def signing(self) -> bool:
        """Whether SES signs, or would once it has seen the records."""
        wanted = self.dkim.signing_enabled
        return self.dkim_status != "NOT_STARTED" if wanted is None else wanted

    def dkim_tokens(self, region: str) -> tuple[str, ...]:
        """The tokens SES made: three that depend on the name and the region, or a replica's parent's."""
        if self.dkim.tokens is not None:
            return self.dkim.tokens
        if self.dkim_status == "NOT_STARTED":
            return ()
        if self.dkim.origin == "EXTERNAL":
            return ("mail2026",)
        home = self.dkim.parent_region or region
        return tuple(_token(f"{home}/{self.domain}/{number}") for number in range(3))

    def dkim_hosted_zone(self, region: str) -> str:
        """The zone that its CNAMEs point into; empty if SES does not say."""
        if self.dkim.hosted_zone is not None:
            return self.dkim.hosted_zone
        return "" if self.dkim.origin == "EXTERNAL" else dkim_zone(self.dkim.parent_region or region)

    def mail_from_domain(self, region: str) -> str | None:
        """The custom MAIL FROM domain, if it has one."""
        if self.mail_from is None:
            return None
        if self.mail_from.domain is None and self.kind == "DOMAIN":
            return f"bounce-{region}.{self.domain}"
        return self.mail_from.domain


def _token(seed: str) -> str:
    """32 lower-case letters and digits, as SES makes them."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(alphabet[number >> 5 * place & 31] for place in range(32))


@dataclass(frozen=True, slots=True)
class EventDestination:
    """Where a configuration set publishes events; `target` is a name or an ARN where the kind needs one."""

    name: str = "events"
    kind: Literal["sns", "eventbridge", "cloudwatch", "firehose", "pinpoint"] = "sns"
    enabled: bool = True
    events: tuple[EventType, ...] = ("REJECT", "BOUNCE", "COMPLAINT", "RENDERING_FAILURE", "DELIVERY_DELAY")
    target: str = "ses-events"


@dataclass(frozen=True, slots=True)
class ConfigurationSet:
    """A configuration set; `{name: letters}` sends, measures its reputation and publishes what goes wrong."""

    name: str
    sending_enabled: bool = True
    reputation_metrics: bool = True
    destinations: tuple[EventDestination, ...] = (EventDestination(),)
    suppressed_reasons: tuple[Literal["BOUNCE", "COMPLAINT"], ...] | None = None
    tls: Literal["REQUIRE", "OPTIONAL"] = "OPTIONAL"
    pool: str | None = None
    redirect_domain: str | None = None
    # For tests and readers; the simulator ignores them.
    expect: tuple[str, ...] | None = None  # the tags an audit gives for it, and no others
    note: str = ""
